"""Books of both kinds: an SQLite file, and a PostgreSQL server of the run's own on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from grader.gradebook import Gradebook

SERVER_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin")


def program(name: str) -> str | None:
    """A program of PostgreSQL's server: Debian keeps them off the PATH."""
    places = [shutil.which(name), *(str(path) for at in SERVER_PROGRAMS for path in Path("/").glob(f"{at[1:]}/{name}"))]
    return next((os.path.realpath(place) for place in places if place and Path(place).is_file()), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of a running server's socket; it refuses to run as root, so that it runs as nobody there."""
    initdb = program("initdb")
    if initdb is None:
        pytest.skip("NO POSTGRESQL: initdb was not found; install Debian's package postgresql to run these tests")
    pg_ctl = str(Path(initdb).with_name("pg_ctl"))
    account = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    base = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path holds 107 bytes: tmp_path may be longer
    if account:
        shutil.chown(base, account)
    data = base / "data"

    def call(*command: str) -> None:
        done = subprocess.run(
            command, user=account, cwd=base, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")

    call(initdb, "-D", str(data), "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
    settings = f"-k {base} -c listen_addresses='' -c fsync=off -c max_connections=20 -c shared_buffers=16MB"
    try:
        call(pg_ctl, "-D", str(data), "-o", settings, "-l", str(base / "log"), "-w", "start")
        yield str(base)
    finally:
        subprocess.run(
            [pg_ctl, "-D", str(data), "-m", "immediate", "stop"], user=account, cwd=base, capture_output=True
        )
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty gradebook may be made: a path, or the URL of a new database."""
    if request.param == "sqlite":
        return str(tmp_path / "book" / "gradebook.sqlite")
    socket = request.getfixturevalue("postgres")
    import psycopg

    name = f"book_{os.urandom(6).hex()}"
    with psycopg.connect(host=socket, user="grader", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"postgresql://grader@/{name}?host={quote(socket)}"


@pytest.fixture
def book(place: str) -> Iterator[Gradebook]:
    opened = Gradebook(place)
    yield opened
    opened.close()
