"""A row holds only what every format can write."""

from datetime import datetime

import pytest
from export.classes import row

from grader.errors import BadInput
from grader.export.model import ExerciseRow


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"points": float("nan")}, "a number of this grade is not finite or 1e12 and more; grade it again"),
        ({"max_points": float("inf")}, "a number of this grade is not finite or 1e12 and more; grade it again"),
        ({"exercises": (ExerciseRow("a", "A", 1e13, 1),)}, "a number of this grade is not finite or 1e12 and more"),
        ({"submitted_at": datetime(2026, 1, 1)}, "the time of submission has no zone; give it one, such as"),  # noqa: DTZ001
        ({"name": "a\udc80"}, "a name holds bytes that are no text; correct it"),
        ({"exercises": (ExerciseRow("a", "\ud800", 1, 1),)}, "a name holds bytes that are no text; correct it"),
    ],
)
def test_what_no_file_can_hold_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        row(**fields)  # type: ignore[arg-type]
    assert str(refused.value).startswith(f"student 'ada': {words}")


def test_a_student_is_called_by_name_and_id_as_far_as_known() -> None:
    assert row(name="Ada Lovelace").label() == "Ada Lovelace (ada)"
    assert row().label() == "ada"
