"""The assignment in docs/authoring.md is whole: it can be released, it grades fairly, and wrong work gets its hint."""

import re
from pathlib import Path

import msgspec
import pytest
from support.course import grade_of, released
from support.fair import assert_fair

from grader import authoring
from grader.assignment.folder import load
from grader.assignment.model import Exercise, Late, Limits, Settings

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "authoring.md"
TEXT = GUIDE.read_text()
BLOCK = re.compile(r"^```(?:toml|python)\n# reference/hw7/(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(BLOCK.findall(TEXT))
WRONG = {
    "return w @ x / len(x)": ("divided_by_the_number_of_rows", 0),
    "return w @ x / w.sum()": ("weights_of_zero_accepted", 4),
}


@pytest.fixture
def course(tmp_path):
    home = tmp_path / "reference" / "hw7"
    home.mkdir(parents=True)
    for name, text in FILES.items():
        (home / name).write_text(text)
    return tmp_path


def test_the_guide_holds_every_file_of_an_assignment():
    assert sorted(FILES) == ["alternatives.py", "assignment.toml", "checks.py", "misconceptions.py", "solution.py"]


def test_its_assignment_is_fair(course, engine):
    assert_fair(course, "hw7", engine)


@pytest.mark.parametrize("line", WRONG)
def test_wrong_work_gets_the_hint_of_its_misconception(course, engine, line):
    (course / "work.py").write_text(f"# %%\ndef weighted_mean(x, w):\n    {line}\n")
    (exercise,) = grade_of(course, "hw7", course / "work.py", engine).exercises
    name, points = WRONG[line]
    assert exercise.score == points
    assert exercise.misconception is not None and exercise.misconception.name == name


def test_a_released_copy_holds_nothing_hidden(course, engine):
    text = "".join(path.read_text(errors="replace") for path in released(course, "hw7", engine).iterdir())
    for secret in ("rows_without_weight", "weights_get_gradients", "w @ x", "sum_not_divided_by", "shares_first"):
        assert secret not in text
    assert 'grader.check(\\"weighted_mean\\")' in text


def test_the_guide_names_every_key_with_its_default(course):
    tables = {"": Settings, "late.": Late, "limits.": Limits, "exercise.": Exercise}
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", TEXT, re.MULTILINE))
    keys = {prefix + field.name: field for prefix, table in tables.items() for field in msgspec.structs.fields(table)}
    assert set(rows) == set(keys) - {"late", "limits", "exercise"}
    for key, shown in rows.items():
        if isinstance(keys[key].default, int | float) and not isinstance(keys[key].default, bool):
            assert float(shown) == keys[key].default, key
        assert (shown == "needed") == keys[key].required, key


def test_the_guide_names_only_what_check_files_can_import():
    listed = re.search(r"\*\*Helpers\*\*.*?(?=`devices)", TEXT, re.DOTALL)
    assert listed is not None
    named = set(re.findall(r"`(\w+)`", listed[0]))
    assert named <= set(authoring.__all__)
    assert {"close", "exact", "same_set", "at_least", "at_most", "accuracy"} <= set(re.findall(r"\b\w+\b", TEXT))


def test_the_solution_of_the_guide_avoids_what_it_asks_to_avoid(course):
    (exercise,) = load(course, "hw7").settings.exercise
    assert exercise.avoid == ("numpy.average",)
