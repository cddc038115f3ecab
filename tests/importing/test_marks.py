"""Marks of other graders, brought into one form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.importing import marks
from grader.importing.errors import BadImport
from grader.release.stub import CODE_PLACE, stub

LINES = st.lists(
    st.sampled_from(
        ["a", "", "  b"]
        + [f"{indent}# {word} {kind} !" for indent in ("", "    ") for word in ("BEGIN", "END") for kind in
           (marks.SOLUTION, marks.HIDDEN, marks.SCHEME)]
    ),
    max_size=10,
)  # fmt: skip


@settings(deadline=None)
@given(LINES)
def test_tidy_marks_can_be_released_and_stay_as_they_are(lines):
    try:
        source = marks.tidy("\n".join(lines), "cell 7")
    except BadImport as error:
        assert str(error).startswith("cell 7, line ")
        return
    assert marks.tidy(source, "") == source
    students = stub(source, CODE_PLACE, "")
    assert not marks.solution_lines(students)
    assert marks.without_marks(students) == students


def test_a_test_without_marks_is_all_of_it():
    source = marks.tidy("a\n# BEGIN HIDDEN TESTS\nb\n# END HIDDEN TESTS", "")
    assert marks.holds(source, marks.HIDDEN)
    assert marks.without_marks(source) == "a\nb"


@pytest.mark.parametrize("source", ["a", "### BEGIN SOLUTION"])
def test_a_whole_cell_is_a_solution(source):
    assert marks.solution_lines(marks.wrapped("a\nb")) == {1, 2, 3, 4}
