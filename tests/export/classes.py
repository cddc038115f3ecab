"""A class to export, and strategies for names that try to break out of their field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from grader.export.model import ExerciseRow, Row

WHEN = datetime(2026, 10, 12, 21, 14, 5, tzinfo=UTC)
HOSTILE_NAMES = (
    '=HYPERLINK("http://example.invalid")',
    "O'Neil; Ada",
    'Ada "the first", Countess',
    "Ada\nLovelace",
    "李 小龙",
    "\u202eevil",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
)
NAMES = st.sampled_from(HOSTILE_NAMES) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12
)
POINTS = st.floats(0, 1000, allow_nan=False).map(lambda number: round(number, 3))


def csv_text(rows: Iterable[Iterable[object]], delimiter: str, line_end: str, quote_all: bool = False) -> str:
    """A table as platforms write it: every kind of line end in a field is quoted, which `csv.writer` does for some."""

    def field(value: object) -> str:
        text = str(value)
        needed = quote_all or text != text.strip() or any(c in text for c in (delimiter, '"', "\r", "\n"))
        return '"' + text.replace('"', '""') + '"' if needed else text

    return "".join(delimiter.join(map(field, row)) + line_end for row in rows)


def row(student: str = "ada", points: float | None = 17.5, **fields: Any) -> Row:
    defaults: dict[str, Any] = {
        "max_points": 20.0,
        "submitted_at": WHEN,
        "attempt": 2,
        "exercises": (ExerciseRow("hook", "Scale with a hook", 7.5, 10), ExerciseRow("mlp", "An MLP", 10, 10)),
    }
    return Row(student_id=student, points=points, **{**defaults, **fields})
