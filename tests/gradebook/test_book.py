"""The gradebook keeps every attempt and overwrites none."""

from pathlib import Path

import msgspec
import pytest

from grader.gradebook import Gradebook, GradebookError
from grader.grading.model import Grade, Timing


def grade(student: str = "alice", attempt: int = 1, **changes: object) -> Grade:
    made = Grade(
        assignment="hw2",
        title="Modules",
        student=student,
        attempt=attempt,
        score=17.5,
        max_score=20.0,
        devices=("cpu",),
        status="graded",
        seed="s",
        submitted_at="2026-11-23T10:00:00+01:00",
        submission="hw2.ipynb",
        digest="0" * 64,
        environment={"torch": "2.15"},
        timing=Timing(start_seconds=1, notebook_seconds=1, checks_seconds=1, total_seconds=3),
    )
    return msgspec.structs.replace(made, **changes)


def test_attempts_are_numbered_a_student_and_assignment(tmp_path: Path) -> None:
    book = Gradebook.at(tmp_path / "book.sqlite")
    assert book.next_number("hw2", "alice") == 1
    book.add(grade(), tmp_path)
    assert book.next_number("hw2", "alice") == 2
    assert book.next_number("hw2", "bob") == 1
    assert book.next_number("hw3", "alice") == 1


def test_a_grade_comes_back_whole(tmp_path: Path) -> None:
    book = Gradebook.at(tmp_path / "book.sqlite")
    book.add(grade(reason="because", score=3.25), tmp_path)
    (row,) = book.attempts("hw2", "alice")
    assert row.grade() == grade(reason="because", score=3.25)
    assert (row.status, row.score, row.folder) == ("graded", 3.25, str(tmp_path))


def test_the_same_attempt_is_never_written_twice(tmp_path: Path) -> None:
    book = Gradebook.at(tmp_path / "book.sqlite")
    book.add(grade(), tmp_path)
    with pytest.raises(GradebookError, match=r"the gradebook could not be used: .*UNIQUE"):
        book.add(grade(score=20.0), tmp_path)
    assert [row.score for row in book.attempts()] == [17.5]


def test_another_process_sees_what_was_added(tmp_path: Path) -> None:
    Gradebook.at(tmp_path / "book.sqlite").add(grade(), tmp_path)
    assert len(Gradebook.at(tmp_path / "book.sqlite").attempts("hw2")) == 1


def test_a_url_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(GradebookError, match="'gradebook' is no database URL; write one such as sqlite:///"):
        Gradebook("gradebook")


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "book.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(GradebookError, match=r"cannot be opened: .*file is not a database"):
        Gradebook.at(tmp_path / "book.sqlite")
