"""Imported assignments, released and graded: the solution gets everything, what students start from nothing."""

import pytest
from importing.notebooks import NBGRADER, OTTER, code, raw, write
from support.course import grade_of, points, released

from grader.grading.judging import BadCheckFile
from grader.importing.load import import_notebook

FORGED = """
class Any:
    def __eq__(self, other): return True
    def __gt__(self, other): return True

def area(r): return Any()
total = Any()
"""


@pytest.fixture
def course(tmp_path, engine):
    for name, cells in (("ps1", NBGRADER), ("small", OTTER)):
        import_notebook(write(tmp_path, *cells, name=f"{name}.ipynb"), tmp_path)
        released(tmp_path, name, engine)
    return tmp_path


def test_solutions_get_full_marks_and_what_students_get_none(course, engine):
    for name, most in (("ps1", {"area": 3.5, "total": 0.5}), ("small", {"q1": 3, "two_halves": 2})):
        solved = grade_of(course, name, course / "reference" / name / "solution.py", engine)
        assert points(solved) == most
        assert not solved.cells
        assert points(grade_of(course, name, course / "assignments" / name / f"{name}.ipynb", engine)) == dict.fromkeys(
            most, 0
        )


def test_students_get_no_hidden_test_and_no_mark_scheme(course):
    for folder in (course / "assignments").iterdir():
        text = "".join(path.read_text(errors="replace") for path in folder.iterdir())
        for secret in ("area(0)", "square(-2)", "halve(5)", "point for style", "math.pi * r", "without spaces"):
            assert secret not in text, (folder.name, secret)


def test_a_test_that_fails_is_told_with_its_line_and_the_next_one_runs_as_if_it_had_not(course, engine):
    half = course / "half.py"
    half.write_text("# %%\nimport math\nclose = math.isclose\ndef area(r): return math.pi * r\ntotal = 20.0\n")
    grade = grade_of(course, "ps1", half, engine)
    messages = {check.name: check.runs[0].message for exercise in grade.exercises for check in exercise.checks}
    assert points(grade) == {"area": 2, "total": 0.5}
    assert "AssertionError: twice the radius, at `assert close(area(2), 4 * math.pi)" in messages["area_hidden"]


def test_such_tests_can_be_forged_and_every_grade_says_so(course, engine):
    forged = course / "forged.py"
    forged.write_text(f"# %%\nimport math\ndef close(a, b): return True\n{FORGED}")
    grade = grade_of(course, "ps1", forged, engine)
    assert grade.score > 0
    assert any("decided beside the submission's own code" in notice for notice in grade.notices)


def test_a_solution_that_fails_its_own_test_is_refused_at_release(tmp_path, engine):
    begin, end = ["# BEGIN QUESTION\nname: q1", "# BEGIN SOLUTION"], ["# END TESTS", "# END QUESTION"]
    cells = [*map(raw, begin), code("a = 1 # SOLUTION"), raw("# END SOLUTION"), raw("# BEGIN TESTS")]
    import_notebook(write(tmp_path, *cells, code("assert a == 2"), *map(raw, end)), tmp_path)
    with pytest.raises(BadCheckFile) as caught:
        released(tmp_path, "ps1", engine)
    assert "does not pass its own check: AssertionError: at `assert a == 2`" in str(caught.value)
