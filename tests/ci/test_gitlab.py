"""GitLab's code-quality report is of the form that GitLab documents."""

import json
import re
from dataclasses import replace

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from grader.ci.gitlab import code_quality
from grader.ci.model import Finding

# GitLab's documentation of "Code Quality report format", in a schema's words.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
ONE = Finding("error", "major", "work/hw.ipynb", 7, "cell 2, Twice: doubles", "shape (3,) …", "hw.double.doubles")


def report(*findings: Finding) -> list[dict[str, object]]:
    made = json.loads(code_quality(findings))
    jsonschema.validate(made, SCHEMA)
    return made


def test_a_finding_is_an_entry() -> None:
    (entry,) = report(ONE)
    assert entry["location"] == {"path": "work/hw.ipynb", "lines": {"begin": 7}}
    assert entry["severity"] == "major"
    assert entry["description"] == "cell 2, Twice: doubles: shape (3,) …"


def test_nothing_found_is_an_empty_list() -> None:
    assert report() == []


def test_a_finding_that_moved_or_reads_otherwise_is_the_same_one() -> None:
    (before,), (after,) = report(ONE), report(replace(ONE, line=70, message="other numbers", title="cell 3"))
    assert before["fingerprint"] == after["fingerprint"]


def test_findings_of_one_check_are_told_apart() -> None:
    prints = [entry["fingerprint"] for entry in report(ONE, ONE, replace(ONE, path="b.ipynb"), replace(ONE, check="c"))]
    assert len(set(prints)) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", str(each)) for each in prints)


@given(st.text(), st.text(min_size=1))
def test_any_text_keeps_to_the_form(path: str, text: str) -> None:
    report(replace(ONE, path=f"a{path}", message=text))
