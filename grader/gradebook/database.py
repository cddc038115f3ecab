"""Open the gradebook's database: where it is, who may read it, and its schema brought up to date."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from grader.errors import FULL, BadInput

# The newest revision in migrations/versions: a book that is there is opened without loading Alembic.
HEAD = "0003"
_BUSY_MILLISECONDS = 30_000
_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")  # the second: of the file beside it that connections share
_POSTGRESQL_FULL = "53100"
_LOCK = 0x67726164  # any number that only this program uses


class GradebookError(BadInput):
    """The gradebook cannot be opened or written; the message says which and what to do."""


def url_of(place: str | Path) -> URL:
    """The database URL that a person means.

    Args:
        place: A database URL, or the path of an SQLite file.

    Returns:
        The URL; PostgreSQL is spoken to by psycopg.

    Raises:
        ArgumentError: It looks like a URL and is none.

    Example:
        >>> str(url_of("reports/gradebook.sqlite")), str(url_of("postgresql://grader@db/course"))
        ('sqlite:///reports/gradebook.sqlite', 'postgresql+psycopg://grader@db/course')
    """
    if "://" not in str(place):
        return URL.create("sqlite", database=str(place))  # made, not parsed: any letter may stand in a path
    scheme, _, rest = str(place).partition("://")
    return make_url(f"postgresql+psycopg://{rest}" if scheme in ("postgresql", "postgres") else str(place))


def open_database(place: str | Path) -> Engine:
    """Open a database, make it where there is none, and bring its schema up to date.

    Args:
        place: A database URL, or the path of an SQLite file.

    Returns:
        The engine; several processes may read and write at once.

    Raises:
        GradebookError: It cannot be opened; no message holds a password.
    """
    shown = repr(str(place))
    try:
        url = url_of(place)
        shown = repr(url.render_as_string(hide_password=True)) if "://" in str(place) else shown
        new = _make_file(url)
        engine = create_engine(url, connect_args=_connect_arguments(url))
        if url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        _migrate(engine, new)
    except (ArgumentError, NoSuchModuleError) as error:
        raise GradebookError(
            f"--gradebook {shown} is no database URL; write one such as sqlite:///gradebook.sqlite, or a path"
        ) from error
    except ModuleNotFoundError as error:
        raise GradebookError(
            f"the gradebook {shown} cannot be opened: {error.name} is missing; "
            "for PostgreSQL install grader with its extra: grader[postgres]"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise GradebookError(f"the gradebook {shown} cannot be opened: {in_words(error, place)}") from error
    return engine


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def in_words(error: BaseException, place: object) -> str:
    """What an error says, in one line; where there is no room left, also what to do.

    Args:
        error: Of the database, or of the disk.
        place: The database.
    """
    said = first_line(error)
    cause = getattr(error, "orig", None) or error
    full = (
        getattr(cause, "sqlite_errorname", "") in _SQLITE_FULL
        or getattr(cause, "sqlstate", "") == _POSTGRESQL_FULL
        or (isinstance(cause, OSError) and cause.errno in FULL)
    )
    if not full:
        return said
    return f"its disk is full ({said}); all that is in {place} is kept: make room there and give the same command again"


def _connect_arguments(url: URL) -> dict[str, Any]:
    return {"timeout": _BUSY_MILLISECONDS / 1000} if url.get_backend_name() == "sqlite" else {}


def _make_file(url: URL) -> Path | None:
    """Make an SQLite file that nobody else may read, in a folder likewise where that is new too."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    path = Path(url.database)
    if not path.parent.is_dir():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    return path


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # Python's own transactions begin too late: the driver is left in autocommit, and `_begin_sqlite` begins them.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later is refused where another wrote in between: writers wait first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, file: Path | None) -> None:
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise GradebookError(f"the gradebook was written by a newer grader (its schema is {revision}); update grader")
    if file is not None:
        file.chmod(0o600)  # a book from before there were migrations could be read by everybody
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if _revision(connection) != HEAD:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    with as_file(files("grader.gradebook") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
