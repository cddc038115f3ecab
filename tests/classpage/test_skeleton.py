"""What a student wrote becomes a misconception that only lacks its name and hint."""

from pathlib import Path

import msgspec
import pytest
from support.grades import grade

from grader.assignment.folder import Assignment
from grader.assignment.model import Exercise, Settings
from grader.authoring.declare import Misconception, definitions_of
from grader.authoring.load import load_module, members
from grader.authoring.work import Work
from grader.classpage.skeleton import skeleton
from grader.errors import BadInput
from grader.grading.model import ExerciseGrade, grade_json

IMPORTS = "from grader.authoring import misconception\nimport math\n"


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    exercises = (
        Exercise(id="double", title="Twice", points=4, names=("double", "Twice")),
        Exercise(id="half", title="Half", points=4, names=("half",)),
    )
    (tmp_path / "misconceptions.py").write_text(IMPORTS)
    return Assignment("hw2", Settings(title="T", exercise=exercises), tmp_path, tmp_path, None)


def attempt(folder: Path, code: str, exercise: str = "double") -> Path:
    made = ExerciseGrade(id=exercise, title="Twice", score=0, max_score=4, code=code)
    (folder / "grade.json").write_bytes(grade_json(grade(exercises=(made,))))
    return folder


def read(text: str) -> Misconception:
    (found,) = members(load_module(IMPORTS + text, "misconceptions.py"), Misconception)
    return found


def test_it_is_a_misconception_that_defines_what_the_student_did(assignment: Assignment, tmp_path: Path) -> None:
    text = skeleton(assignment, attempt(tmp_path, "def double(x):\n    return x * x"), "double")
    made = read(text)
    assert made.exercise == "double"
    assert definitions_of(made.function(Work({})))["double"](3) == 9


def test_several_names_and_those_of_other_exercises_are_taken_from_the_work(
    assignment: Assignment, tmp_path: Path
) -> None:
    code = "def double(x):\n    return x / half(1)\n\nclass Twice:\n    value = double(2)"
    text = skeleton(assignment, attempt(tmp_path, code), "double")
    assert "    half = work.half\n" in text
    defined = definitions_of(read(text).function(Work({"half": lambda x: x / 2})))
    assert defined["Twice"].value == 4
    assert sorted(defined) == ["Twice", "double"]


def test_names_from_elsewhere_in_the_notebook_are_said(assignment: Assignment, tmp_path: Path) -> None:
    code = "def double(x):\n    values = [helper(y) for y in x]\n    return math.fsum(values) + len(values)"
    text = skeleton(assignment, attempt(tmp_path, code), "double")
    assert "# From elsewhere in the notebook, to be imported or written here: helper\n" in text


def test_texts_over_several_lines_keep_their_letters(assignment: Assignment, tmp_path: Path) -> None:
    code = 'def double(x):\n    y = f"""{x}\n  b\n"""\n    return """a\n  b\n""" + y'
    made = read(skeleton(assignment, attempt(tmp_path, code), "double"))
    assert definitions_of(made.function(Work({})))["double"](1) == "a\n  b\n1\n  b\n"


def test_docstrings_move_with_their_code(assignment: Assignment, tmp_path: Path) -> None:
    code = 'def double(x):\n    """Twice.\n\n    As much.\n    """\n    return x'
    text = skeleton(assignment, attempt(tmp_path, code), "double")
    assert '        """Twice.\n\n        As much.\n        """\n        return x\n' in text


def test_a_long_file_of_misconceptions_is_read_too(assignment: Assignment, tmp_path: Path) -> None:
    (tmp_path / "misconceptions.py").write_text(IMPORTS + "# one more line\n" * 10_000)
    text = skeleton(assignment, attempt(tmp_path, "def double(x): return math.inf"), "double")
    assert "From elsewhere" not in text


def test_what_cannot_be_used_is_said_in_a_sentence(assignment: Assignment, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"hw2 has no exercise 'triple'; there are double, half"):
        skeleton(assignment, tmp_path, "triple")
    with pytest.raises(BadInput, match=r"grade.json cannot be read \(No such file or directory\); --from takes"):
        skeleton(assignment, tmp_path, "double")
    with pytest.raises(BadInput, match="the notebook holds no code for 'half'"):
        skeleton(assignment, attempt(tmp_path, "def double(x): pass"), "half")
    with pytest.raises(BadInput, match="the code for 'double' is no Python; no misconception can be made of it"):
        skeleton(assignment, attempt(tmp_path, "def double(x:"), "double")
    (tmp_path / "grade.json").write_bytes(msgspec.json.encode({"score": 1}))
    with pytest.raises(BadInput, match="is no grade"):
        skeleton(assignment, tmp_path, "double")
    (tmp_path / "misconceptions.py").write_text("import math\ndef f(:")
    with pytest.raises(BadInput, match=r"misconceptions.py: line 2 is not Python: .*; mend it first"):
        skeleton(assignment, attempt(tmp_path, "def double(x): pass"), "double")
