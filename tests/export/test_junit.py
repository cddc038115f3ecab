"""JUnit XML as its readers want it, whatever a student's text holds."""

import re
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from export.classes import NAMES, row
from hypothesis import given
from hypothesis import strategies as st

from grader.export.junit import junit_of_class, junit_of_grade
from grader.export.model import ExerciseRow
from grader.grading.model import Grade

# The strictest of the schemas in use: what it requires, and what none of them allows beside it.
SUITE = {
    "name",
    "tests",
    "failures",
    "errors",
    "skipped",
    "time",
    "timestamp",
    "hostname",
    "id",
    "package",
}
CHILDREN = ["properties", "testcase", "system-out", "system-err"]
PROBLEMS = {"failure": {"type", "message"}, "error": {"type", "message"}, "skipped": {"message"}}


def suites(data: bytes) -> list[ET.Element]:
    """The suites of a document that keeps to the schema."""
    root = ET.fromstring(data)
    assert (root.tag, root.attrib) == ("testsuites", {})
    for number, suite in enumerate(root):
        assert (suite.tag, set(suite.attrib), suite.attrib["id"]) == ("testsuite", SUITE, str(number))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        order = [CHILDREN.index(child.tag) for child in suite]
        assert order == sorted(order)
        assert all(sum(child.tag == tag for child in suite) == 1 for tag in CHILDREN if tag != "testcase")
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{tag}"))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert float(case.attrib["time"]) >= 0
            assert len(case) <= 1
            assert all(set(problem.attrib) == PROBLEMS[problem.tag] for problem in case)
    return list(root)


def problems(suite: ET.Element) -> dict[str, str]:
    return {case.attrib["name"]: case[0].tag if len(case) else "pass" for case in suite.findall("testcase")}


@pytest.mark.parametrize("name", ["good", "bad", "needs_a_look", "every_verdict", "crashed", "public", "hostile"])
@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_every_grade_keeps_to_the_schema(samples: ModuleType, name: str, edition: str) -> None:
    grade = getattr(samples, name)()
    made = suites(junit_of_grade(grade, edition))  # type: ignore[arg-type]
    assert len(made) == len(grade.exercises) + (grade.status != "graded")


def test_a_suite_is_an_exercise_and_a_case_a_check(samples: ModuleType) -> None:
    hook, _, step, missing = suites(junit_of_grade(samples.bad(), "instructor"))
    assert hook.attrib["name"] == "scale_hook"
    assert problems(hook) == {
        "hook_scales_every_linear": "failure",
        "hooks_are_removed": "pass",
        "works_on_any_depth": "failure",
    }
    assert problems(step) == {
        "step_updates_in_place": "error",
        "step_on_devices": "failure",
        "needs_the_step": "skipped",
    }
    assert problems(missing) == {"mlp_has_two_layers": "failure"}
    assert step.attrib["timestamp"] == "2026-10-12T21:14:05"


def test_every_verdict_but_a_pass_is_a_problem(samples: ModuleType) -> None:
    (suite,) = suites(junit_of_grade(samples.every_verdict(), "instructor"))
    assert [name for name, found in problems(suite).items() if found == "pass"] == ["check_pass"]


def test_what_could_not_be_graded_is_an_error(samples: ModuleType) -> None:
    (suite,) = suites(junit_of_grade(samples.crashed()))
    assert problems(suite) == {"graded": "error"}


def test_nothing_hidden_is_in_the_students_file(secretive: Grade) -> None:
    data = junit_of_grade(secretive)
    assert b"4711" not in data
    assert problems(suites(data)[0]) == {"a_public_check": "pass", "hidden checks": "failure"}


def test_a_class_has_a_suite_a_student_and_a_case_an_exercise() -> None:
    rows = [row("ada"), row("bob", None), row("eve", 3.0, excused=True), row("joe", 20.0, exercises=())]
    ada, bob, eve, joe = suites(junit_of_class(rows, "hw2"))
    assert problems(ada) == {"hook": "failure", "mlp": "pass"}
    assert problems(bob) == problems(eve) == {"hook": "skipped", "mlp": "skipped"}
    assert problems(joe) == {"hw2": "pass"}
    values = {each.attrib["name"]: each.attrib["value"] for each in ada.findall("properties/property")}
    assert values == {"student": "ada", "total": "17.5 of 20 points"}


@given(st.lists(st.tuples(NAMES | st.text(), NAMES | st.text()), max_size=4))
def test_any_text_keeps_to_the_schema_without_its_control_characters(names: list[tuple[str, str]]) -> None:
    rows = [row(student, exercises=(ExerciseRow(title, title, 1, 2),)) for student, title in names]
    made = suites(junit_of_class(rows, "hw2"))
    for suite, (student, _) in zip(made, names, strict=True):
        assert suite.attrib["name"] == re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", student)


def test_a_terminals_codes_in_a_message_are_removed(samples: ModuleType) -> None:
    bad = samples.exercise(samples.check("c", "fail", run={"message": "\x1b[31mred\x00 <b>&"}))
    (suite,) = suites(junit_of_grade(samples.grade(bad)))
    assert suite.find("testcase/failure").attrib["message"] == "cpu: fail: [31mred <b>&"  # type: ignore[union-attr]
