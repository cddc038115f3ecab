"""Grades as JUnit XML, which continuous integration shows as test results."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from grader.authoring.spec import REHEARSAL
from grader.export.model import ExerciseRow, Row
from grader.export.words import steps_text
from grader.gradebook.final import Line
from grader.grading.model import CheckGrade, ExerciseGrade, Grade
from grader.report.editions import Edition, Feedback, edition_of
from grader.report.standing import Standing, Step

# What XML 1.0 has no way to write.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES = ("fail", "missing", "invalid")
_SKIPPED = ("blocked", "not run")
_NO_MOMENT = "1970-01-01T00:00:00"


def junit_of_grade(
    grade: Grade, edition: Edition = "student", feedback: Feedback = "nothing", standing: Standing | None = None
) -> bytes:
    """One grade: a test suite an exercise, a test case a check.

    A submission that could not be graded is one suite with one error, so that nobody takes no result for a pass.

    Args:
        grade: The whole grade.
        edition: Who reads it; see `edition_of`.
        feedback: What a student sees of hidden checks.
        standing: What counts after people's decisions and the course's rules, for the properties.

    Returns:
        The file's bytes: XML in UTF-8.
    """
    shown = edition_of(grade, edition, feedback)
    when = _moment(shown.submitted_at)
    told = _standing(standing)
    suites = [_exercise_suite(shown, exercise, when, told) for exercise in shown.exercises]
    if shown.status != "graded":
        case = _case("graded", shown.assignment)
        _problem(case, "error", shown.status, shown.reason)
        suites.append(_suite(shown.assignment, [case], when, shown.student, told))
    return _document(suites)


def junit_of_class(rows: Sequence[Row], assignment: str) -> bytes:
    """A class: a test suite a student, a test case an exercise, which passes with full points.

    Args:
        rows: The class's results; students who are excused or have no points are skipped.
        assignment: The assignment's name.

    Returns:
        The file's bytes: XML in UTF-8.
    """
    return _document([_student_suite(row, assignment) for row in rows])


def _exercise_suite(
    grade: Grade, exercise: ExerciseGrade, when: datetime | None, told: Mapping[str, str]
) -> ET.Element:
    cases = [_check_case(f"{grade.assignment}.{exercise.id}", check) for check in exercise.checks]
    return _suite(exercise.id, cases, when, grade.student, told)


def _check_case(of: str, check: CheckGrade) -> ET.Element:
    case = _case(check.name, of, sum(run.seconds for run in check.runs))
    # A rehearsal costs no points, so it fails nobody's build.
    bad = [run for run in check.runs if run.verdict != "pass" and run.device != REHEARSAL]
    verdicts = {run.verdict for run in bad}
    text = "\n".join(f"{run.device}: {run.verdict}: {run.message}" for run in bad)
    points = f"{check.points:g} of {check.max_points:g} points"
    if verdicts - {*_FAILURES, *_SKIPPED}:
        _problem(case, "error", min(verdicts - {*_FAILURES, *_SKIPPED}), text)
    elif verdicts & {*_FAILURES}:
        _problem(case, "failure", min(verdicts & {*_FAILURES}), text)
    elif verdicts:
        _problem(case, "skipped", min(verdicts), text)
    elif check.points < check.max_points:
        _problem(case, "failure", "points", points)
    return case


def _student_suite(row: Row, assignment: str) -> ET.Element:
    whole = ExerciseRow(assignment, assignment, row.points or 0.0, row.max_points)
    cases = []
    for exercise in row.exercises or (whole,):
        case = _case(exercise.id, f"{assignment}.{row.student_id}")
        if row.excused:
            _problem(case, "skipped", "excused", "excused")
        elif row.points is None:
            _problem(case, "skipped", "none", "no points")
        elif exercise.points < exercise.max_points:
            _problem(case, "failure", "points", f"{exercise.points:g} of {exercise.max_points:g} points")
        cases.append(case)
    return _suite(row.student_id, cases, row.submitted_at, row.label(), _total(row))


def _total(row: Row) -> dict[str, str]:
    total = {} if row.points is None else {"total": f"{row.points:g} of {row.max_points:g} points"}
    return {**total, **_steps(row.steps)}


def _standing(standing: Standing | None) -> dict[str, str]:
    if standing is None:
        return {}
    points = "excused" if standing.points is None else f"{standing.points:g} of {standing.max_points:g} points"
    return {"total": points, **_steps(standing.steps)}


def _steps(steps: Sequence[Step | Line]) -> dict[str, str]:
    """How the total comes about, where there is more to it than the attempt's own points."""
    return {"why": "; ".join(told)} if (told := steps_text(steps)) else {}


def _suite(
    name: str, cases: Sequence[ET.Element], when: datetime | None, student: str, told: Mapping[str, str]
) -> ET.Element:
    found = Counter(problem.tag for case in cases for problem in case)
    suite = ET.Element(
        "testsuite",
        name=_clean(name),
        tests=str(len(cases)),
        failures=str(found["failure"]),
        errors=str(found["error"]),
        skipped=str(found["skipped"]),
        time=f"{sum(float(case.attrib['time']) for case in cases):.3f}",
        timestamp=when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if when else _NO_MOMENT,
        hostname="localhost",
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="student", value=_clean(student))
    for what, text in told.items():
        ET.SubElement(properties, "property", name=what, value=_clean(text))
    suite.extend(cases)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _case(name: str, of: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", name=_clean(name), classname=_clean(of), time=f"{seconds:.3f}")


def _problem(case: ET.Element, tag: str, kind: str, text: str) -> None:
    first = text.strip().partition("\n")[0]
    if tag == "skipped":
        ET.SubElement(case, tag, message=_clean(first))
        return
    ET.SubElement(case, tag, type=_clean(kind), message=_clean(first)).text = _clean(text)


def _document(suites: Iterable[ET.Element]) -> bytes:
    root = ET.Element("testsuites")
    for number, suite in enumerate(suites):
        suite.set("id", str(number))
        suite.set("package", "grader")
        root.append(suite)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _moment(iso: str) -> datetime | None:
    """When something was handed in, None for a text that does not say it."""
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)
