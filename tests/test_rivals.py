"""The benchmark of a class: the same class each time, no two notebooks alike, and tests that the solution passes."""

from __future__ import annotations

import doctest
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment import folder as course_folder

COURSE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def rivals():
    sys.path.insert(0, str(COURSE / "benchmarks"))
    try:
        import batch
        from rivals import asserts, courses, submissions

        yield SimpleNamespace(batch=batch, asserts=asserts, courses=courses, submissions=submissions)
    finally:
        sys.path.remove(str(COURSE / "benchmarks"))


@pytest.fixture(scope="module")
def hw2():
    return course_folder.load(COURSE, "hw2")


@pytest.fixture(scope="module")
def works(rivals, hw2):
    return list(rivals.submissions.classroom(hw2, 60))


def test_a_class_is_drawn_again_the_same_and_another_one_with_another_seed(rivals, hw2, works):
    assert list(rivals.submissions.classroom(hw2, 5)) == works[:5]
    assert list(rivals.submissions.classroom(hw2, 5, seed=1)) != works[:5]


def test_no_two_notebooks_of_a_class_have_the_same_bytes(rivals, works):
    assert len({rivals.submissions.plain(work) for work in works}) == len(works)


def test_a_class_has_students_of_every_kind(works):
    assert {work.kind for work in works} == {"done", "nearly", "half", "begun"}


def test_who_is_done_has_nothing_left_to_write_and_who_has_begun_has(works):
    unwritten = {kind: [] for kind in ("done", "begun")}
    for work in works:
        if work.kind in unwritten:
            unwritten[work.kind].append(sum("raise NotImplementedError" in cell.source for cell in work.cells))
    assert set(unwritten["done"]) == {0}
    assert min(unwritten["begun"]) > 5


def test_no_mark_of_the_solution_is_handed_in(works):
    assert not any("### BEGIN" in cell.source for work in works for cell in work.cells)


@pytest.fixture(scope="module")
def solved(rivals, hw2):
    names: dict[str, object] = {}
    for cell in rivals.submissions.solution_cells(hw2):
        if cell.kind == "code":
            exec(cell.source, names)
    return names


def test_every_exercise_has_asserts_that_the_solution_passes(rivals, hw2, solved):
    assert list(rivals.asserts.ASSERTS) == [exercise.id for exercise in hw2.settings.exercise]
    for source in rivals.asserts.ASSERTS.values():
        exec(source, dict(solved))


def test_otter_is_given_the_same_asserts_and_the_solution_passes_them_there(rivals, works, solved, tmp_path):
    rivals.courses.otter_jobs(works[:1], tmp_path)
    for path in sorted((tmp_path / "tests").glob("*.py")):
        given: dict[str, dict] = {}
        exec(path.read_text(), given)
        code = given["test"]["suites"][0]["cases"][0]["code"]
        test = doctest.DocTestParser().get_doctest(code, dict(solved), path.stem, None, 0)
        assert doctest.DocTestRunner().run(test).failed == 0, path.stem
        assert code.count("assert ") == rivals.asserts.ASSERTS[path.stem].count("assert ")


def test_nbgrader_is_given_each_test_after_all_that_the_student_wrote_for_it(rivals, hw2, works, tmp_path):
    rivals.courses.nbgrader_jobs(rivals.submissions.solution_cells(hw2), works, tmp_path)
    for path in tmp_path.glob("submitted/*/hw2/hw2.ipynb"):
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        tests = [n for n, cell in enumerate(cells) if cell["id"].startswith("test-")]
        assert len(tests) == len(rivals.asserts.ASSERTS)
        assert not any(cells[n + 1]["id"].endswith("-again") for n in tests[:-1])
        assert max(n for n, cell in enumerate(cells) if "nbgrader" in cell["metadata"]) == tests[-1]


@given(st.integers(1, 5), st.floats(0.01, 5), st.randoms(use_true_random=False))
def test_an_even_pace_is_told_as_even_in_whatever_order_the_grades_are_read(rivals, hundreds, seconds, chance):
    times = [1e6 + seconds * n for n in range(10 * hundreds + 3)]
    chance.shuffle(times)
    assert rivals.batch.pace(times, size=10) == pytest.approx([60 / seconds] * hundreds, rel=1e-3)


def test_a_slower_hundred_is_told_apart(rivals):
    assert rivals.batch.pace([0, 1, 2, 3, 5, 7, 9, 11], size=4) == pytest.approx((60, 30))
