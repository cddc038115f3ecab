"""The gradebook keeps every attempt and every decision, and overwrites none, in SQLite and in PostgreSQL alike."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError
from support.grades import exercises, grade

from grader.gradebook import Gradebook, GradebookError
from grader.gradebook.database import open_database
from grader.gradebook.events import Arrived, Event, Excuse, Extension, Override, Regrade

AT = datetime(2026, 11, 25, 9, 30, tzinfo=timezone(timedelta(hours=1)))
WHO = {"assignment": "hw2", "student": "alice", "by": "ta", "at": AT, "reason": "spoke to her"}
EVENTS: list[Event] = [
    Override(**WHO, exercise="scale_hook", points=2.5),
    Override(**WHO, points=None),
    Excuse(**WHO),
    Excuse(**WHO, excused=False),
    Extension(**WHO, until=AT + timedelta(days=2)),
    Extension(**WHO, until=None),
    Arrived(**WHO, attempt=1, arrival="timed", handed_in=AT),
    Arrived(**WHO, attempt=2, arrival="late"),
    Regrade.of(grade(score=19.0), version="f" * 64, by="ta", at=AT, reason="a bug in a check"),
]
WRITER = """
import sys
from pathlib import Path
from support.grades import grade
from grader.gradebook import Gradebook
book = Gradebook(sys.argv[1])
for number in range(1, 51):
    assert book.next_number("hw2", sys.argv[2]) == number
    book.add(grade(sys.argv[2], number), Path("somewhere"))
book.close()
"""


def test_attempts_are_numbered_a_student_and_assignment(book: Gradebook) -> None:
    assert book.next_number("hw2", "alice") == 1
    book.add(grade(), Path("reports"))
    assert book.next_number("hw2", "alice") == 2
    assert book.next_number("hw2", "bob") == 1
    assert book.next_number("hw3", "alice") == 1


def test_a_grade_comes_back_whole(book: Gradebook) -> None:
    book.add(grade(reason="because \0 and é", score=3.25), Path("reports"))
    (row,) = book.attempts("hw2", "alice")
    assert row.grade() == grade(reason="because \0 and é", score=3.25)
    assert (row.status, row.score, row.folder) == ("graded", 3.25, "reports")
    assert row.reason == "because \N{REPLACEMENT CHARACTER} and é"
    assert row.submitted_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert row.submitted_at.utcoffset() == timedelta(0)


def test_the_points_of_an_attempt_come_without_the_rest(book: Gradebook) -> None:
    book.add(grade(exercises=exercises(scale_hook=(9.5, 12), mlp=(8, 8))), Path("reports"))
    (marks,) = book.marks("hw2")
    assert (marks.student, marks.attempt, marks.score, marks.max_score) == ("alice", 1, 17.5, 20)
    assert [(each.id, each.score, each.max_score) for each in marks.exercises] == [
        ("scale_hook", 9.5, 12),
        ("mlp", 8, 8),
    ]
    assert marks.handed_in == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_the_same_attempt_is_never_written_twice(book: Gradebook) -> None:
    book.add(grade(), Path("reports"))
    with pytest.raises(GradebookError, match=r"(?i)the gradebook could not be used: .*unique"):
        book.add(grade(score=20.0), Path("reports"))
    assert [row.score for row in book.attempts()] == [17.5]


def test_events_come_back_as_they_were_in_their_order(book: Gradebook) -> None:
    book.append(*EVENTS)
    assert book.events("hw2", "alice") == EVENTS
    assert book.events("hw3") == []


def test_a_regrade_holds_the_whole_new_grade_beside_the_old_one(book: Gradebook) -> None:
    book.add(grade(), Path("reports"))
    book.append(EVENTS[-1])
    (event,) = book.events()
    assert isinstance(event, Regrade)
    assert event.grade() == grade(score=19.0)
    assert [row.grade() for row in book.attempts()] == [grade()]


def test_events_are_added_all_or_none(book: Gradebook) -> None:
    broken = msgspec.structs.replace(EVENTS[0], by=None)
    with pytest.raises(GradebookError, match="the gradebook could not be used"):
        book.append(EVENTS[2], broken)
    assert book.events() == []


def test_everybody_in_the_book_is_listed_once(book: Gradebook) -> None:
    book.add(grade("bob"), Path("reports"))
    book.add(grade("bob", 2), Path("reports"))
    book.append(*EVENTS)
    assert book.students() == ["alice", "bob"]


@pytest.mark.parametrize("change", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["attempts", "events", "overrides", "excuses", "extensions", "regrades", "arrivals"])
def test_the_database_itself_refuses_to_change_or_delete_a_row(book: Gradebook, place: str, table: str, change: str):
    book.add(grade(), Path("reports"))
    book.append(*EVENTS)
    engine = open_database(place)
    with pytest.raises(SQLAlchemyError, match="the gradebook only grows"), engine.begin() as connection:
        connection.execute(text(change.format(table)))
    engine.dispose()


def test_another_opening_sees_what_was_added(book: Gradebook, place: str) -> None:
    book.add(grade(), Path("reports"))
    again = Gradebook(place)
    assert len(again.attempts("hw2")) == 1
    again.close()


def test_several_processes_may_write_at_once(place: str) -> None:
    # None of them finds a book: they also make it at once.
    commands = [[sys.executable, "-c", WRITER, place, f"student{number}"] for number in range(4)]
    started = [
        subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said
    book = Gradebook(place)
    written = {(row.student, row.number) for row in book.attempts("hw2")}
    book.close()
    assert written == {(f"student{n}", number) for n in range(4) for number in range(1, 51)}


def test_a_full_disk_is_said_with_what_to_do_and_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    book = Gradebook(path)
    book.add(grade(), Path("reports"))
    with book._session() as session:  # SQLite itself then says that there is no room
        pages = session.execute(text("PRAGMA page_count")).scalar()
    book.close()
    event.listen(book._engine, "connect", lambda made, _: made.execute(f"PRAGMA max_page_count = {pages}"))
    large = msgspec.structs.replace(grade(), attempt=2, output="x" * 100_000)
    with pytest.raises(GradebookError) as raised:
        book.add(large, Path("reports"))
    assert str(raised.value) == (
        "the gradebook could not be used: its disk is full ((sqlite3.OperationalError) database or disk is full); all "
        f"that is in {path} is kept: make room there and give the same command again"
    )
    assert [attempt.number for attempt in book.attempts()] == [1]
    book.close()
