"""A gradebook is made or brought up to date when it is opened, is private, and refuses in words."""

import builtins
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import grader.gradebook
from grader.gradebook import Gradebook, GradebookError
from grader.gradebook.database import HEAD, open_database, url_of
from grader.gradebook.tables import Base

MIGRATIONS = Path(grader.gradebook.__file__).parent / "migrations"
BEFORE_MIGRATIONS = Path(__file__).parent / "data" / "before_migrations.sql"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def old_book(tmp_path: Path) -> Path:
    """A book written by the grader before it had migrations."""
    path = tmp_path / "gradebook.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(BEFORE_MIGRATIONS.read_text())
    connection.close()
    path.chmod(0o644)
    return path


def test_a_book_from_before_migrations_is_taken_over_without_loss(old_book: Path) -> None:
    before = sqlite3.connect(old_book).execute("SELECT * FROM attempts ORDER BY id").fetchall()
    book = Gradebook(old_book)
    assert [(row.student, row.number, row.score) for row in book.attempts()] == [
        ("alice", 1, 17.5),
        ("alice", 2, 20.0),
        ("Zoë O'Neil", 1, 0.0),
    ]
    assert [marks.exercises[0].score for marks in book.marks("hw2", "alice")] == [9.5, 12.0]
    assert book.next_number("hw2", "alice") == 3
    assert book.events() == []
    book.close()
    assert sqlite3.connect(old_book).execute("SELECT * FROM attempts ORDER BY id").fetchall() == before
    assert mode(old_book) == 0o600


def test_a_book_that_was_taken_over_has_the_same_schema_as_a_new_one(old_book: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite"
    for path in (old_book, new):
        Gradebook(path).close()
    schemas = [
        sqlite3.connect(path).execute("SELECT type, name FROM sqlite_schema ORDER BY name").fetchall()
        for path in (old_book, new)
    ]
    assert schemas[0] == schemas[1]


def test_the_migrations_make_what_the_code_expects(place: str) -> None:
    engine = open_database(place)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_opening_an_up_to_date_book_does_not_load_alembic(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(place).dispose()
    loaded = builtins.__import__

    def refuse(name: str, *rest: object, **named: object) -> object:
        assert not name.startswith("alembic")
        return loaded(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    open_database(place).dispose()


def test_a_book_of_a_newer_grader_is_refused(place: str) -> None:
    engine = open_database(place)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(GradebookError, match=r"written by a newer grader \(its schema is 9999\); update grader"):
        open_database(place)


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_a_new_book_and_its_folder_are_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "reports" / "gradebook.sqlite"
    before = os.umask(0)
    try:
        book = Gradebook(path)
        book.next_number("hw2", "alice")
        assert mode(path.parent) == 0o700
        assert {mode(file) for file in path.parent.iterdir()} == {0o600}
        book.close()
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_what_somebody_has_set_on_purpose_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.sqlite"
    tmp_path.chmod(0o755)
    Gradebook(path).close()
    path.chmod(0o660)
    Gradebook(path).close()
    assert (mode(path), mode(tmp_path)) == (0o660, 0o755)


def test_sqlite_lets_readers_and_a_writer_work_side_by_side(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "gradebook.sqlite")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("book.sqlite", "sqlite:///book.sqlite"),
        (Path("/srv/book.sqlite"), "sqlite:////srv/book.sqlite"),
        ("sqlite:///x", "sqlite:///x"),
        ("postgres://a@b/c", "postgresql+psycopg://a@b/c"),
        ("postgresql+asyncpg://a@b/c", "postgresql+asyncpg://a@b/c"),
    ],
)
def test_a_path_or_a_url_says_where_the_book_is(written: str | Path, url: str) -> None:
    assert url_of(written).render_as_string() == url


def test_any_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20é.sqlite"
    Gradebook(path).close()
    assert path.is_file()


@pytest.mark.parametrize("written", ["nosuch://x", "://", "sqlite3://x"])
def test_a_url_that_is_none_is_refused_in_words(written: str) -> None:
    with pytest.raises(
        GradebookError, match=r"is no database URL; write one such as sqlite:///gradebook\.sqlite, or a"
    ):
        Gradebook(written)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "book.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(GradebookError, match=r"cannot be opened: .*file is not a database"):
        Gradebook.at(tmp_path / "book.sqlite")


def test_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(GradebookError, match=r"cannot be opened: .*unable to open database file"):
        Gradebook.at(tmp_path)


def test_no_message_holds_a_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(GradebookError) as refused:
        Gradebook(f"postgresql://ta:hunter2@/course?host={tmp_path}")
    assert "cannot be opened" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = builtins.__import__

    def missing(name: str, *rest: object, **named: object) -> object:
        if name == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return loaded(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(GradebookError, match=r"psycopg is missing; for PostgreSQL .* grader\[postgres\]"):
        Gradebook("postgresql://db/course")
