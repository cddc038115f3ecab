from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.assignment.errors import BadAssignment
from grader.assignment.settings import read_settings

ONE = '[[exercise]]\nid = "scale_hook"\ntitle = "Scale"\npoints = 3\n'


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "reference" / "hw2"
    folder.mkdir(parents=True)

    def write(text: str, title: str = 'title = "Hooks"\n') -> Path:
        path = folder / "assignment.toml"
        path.write_text(title + text, encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(BadAssignment) as caught:
        read_settings(path)
    return str(caught.value)


def test_everything_but_title_and_exercises_has_a_default(write):
    read = read_settings(write(ONE))

    assert (read.title, read.solution, read.devices, read.feedback) == ("Hooks", "solution.py", ("cpu",), "verdict")
    assert (read.due, read.files, read.data) == (None, (), ())
    assert (read.late.grace_minutes, read.late.percent_per_day, read.late.max_percent) == (0, 0, 100)
    limits = read.limits
    assert (limits.notebook_seconds, limits.cell_seconds, limits.check_seconds) == (120, 30, 10)
    assert (limits.memory_bytes, limits.output_bytes) == (4_000_000_000, 1_000_000)
    assert read.exercise[0].names == ("scale_hook",)


def test_everything_that_is_given_is_read(write):
    read = read_settings(
        write(
            'solution = "solution.ipynb"\ndevices = ["cpu", "cuda"]\nfeedback = "nothing"\n'
            'due = 2026-03-01T23:59:00+01:00\nfiles = ["*.pt", "out/**"]\ndata = ["images"]\n'
            "late = { grace_minutes = 15, percent_per_day = 10, max_percent = 50 }\n"
            "limits = { cell_seconds = 2.5, memory_bytes = 1000 }\n"
            '[[exercise]]\nid = "mlp"\ntitle = "A perceptron"\npoints = 2.5\nnames = ["MLP", "train"]\n'
            'avoid = ["torch.nn.Linear", "linear"]\nneeds = ["big_weights"]\n'
        )
    )

    assert read.due is not None and read.due.utcoffset() == timedelta(hours=1)
    assert read.due == datetime(2026, 3, 1, 22, 59, tzinfo=UTC)
    assert (read.devices, read.feedback, read.files) == (("cpu", "cuda"), "nothing", ("*.pt", "out/**"))
    assert (read.late.max_percent, read.limits.cell_seconds, read.limits.memory_bytes) == (50, 2.5, 1000)
    assert read.exercise[0].names == ("MLP", "train")
    assert read.exercise[0].avoid == ("torch.nn.Linear", "linear")
    assert read.exercise[0].needs == ("big_weights",)


def test_settings_cannot_be_changed(write):
    with pytest.raises(AttributeError):
        read_settings(write(ONE)).title = "other"


def test_a_wrong_value_is_told_with_file_key_and_what_was_expected(write):
    assert refusal(write("limits = { cell_seconds = -3 }\n" + ONE)) == (
        "reference/hw2/assignment.toml: limits.cell_seconds must be a number above 0, got -3"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limits = { cell_seconds = nan }\n" + ONE, "limits.cell_seconds must be a number above 0, got nan"),
        ('limits = { cell_seconds = "10" }\n' + ONE, 'limits.cell_seconds must be a number above 0, got "10"'),
        ("limits = { check_seconds = true }\n" + ONE, "limits.check_seconds must be a number above 0, got true"),
        ("limits = { memory_bytes = 1.5 }\n" + ONE, "limits.memory_bytes must be a whole number above 0, got 1.5"),
        ("limits = 3\n" + ONE, "limits must be a table [limits], got 3"),
        ("late = { percent_per_day = 101 }\n" + ONE, "late.percent_per_day must be a number from 0 to 100, got 101"),
        ("late = { max_days = -1 }\n" + ONE, "late.max_days must be a whole number, 0 or more, got -1"),
        (
            "late = { per_day_percent = 1 }\n" + ONE,
            "late.per_day_percent is no known key; did you mean late.percent_per",
        ),
        ("late = { grace_minutes = -1 }\n" + ONE, "late.grace_minutes must be a number, 0 or more, got -1"),
        (
            'devices = ["tpu"]\n' + ONE,
            'devices must be a list of one or more of cpu, cuda, mps, rehearsal, each once, got ["tpu"]',
        ),
        (
            "devices = []\n" + ONE,
            "devices must be a list of one or more of cpu, cuda, mps, rehearsal, each once, got []",
        ),
        ('feedback = "loud"\n' + ONE, 'feedback must be "verdict", "message" or "nothing", got "loud"'),
        ("due = 2026-03-01T23:59:00\n" + ONE, "due must be a date and time with its offset, such as 2026-03-01T"),
        ("due = 2026-03-01\n" + ONE, 'got "2026-03-01"'),
        ('files = ["../*.pt"]\n' + ONE, "files must be a list of file patterns below the notebook's folder"),
        ('data = ["a/b"]\n' + ONE, "data must be a list of names of folders beside assignment.toml"),
        ('solution = "../hw1/solution.py"\n' + ONE, "solution must be the name of a .py or .ipynb file beside"),
        (ONE + ONE, "exercise must be one or more tables [[exercise]], each with an id of its own, got [{"),
        ("", "exercise is missing; it must be one or more tables [[exercise]]"),
        (
            ONE.replace("scale_hook", "ScaleHook"),
            'exercise[1].id must be a name in snake_case, such as scale_hook, got "S',
        ),
        (ONE.replace("3", "0"), "exercise[1].points must be a number above 0, got 0"),
        (ONE + 'names = ["a b"]\n', 'exercise[1].names must be a list of Python names, each once, got ["a b"]'),
        (
            ONE + 'avoid = ["F.softmax()"]\n',
            'exercise[1].avoid must be a list of Python names such as "torch.softmax", or "softmax" for whatever '
            'goes by that name, each once, got ["F.softmax()"]',
        ),
        (ONE + 'avoid = "softmax"\n', "exercise[1].avoid must be a list of Python names such as"),
        (
            ONE + 'needs = ["torch.nn"]\n',
            'exercise[1].needs must be a list of names of modules without dots, each once, got ["torch.nn"]',
        ),
        (ONE + 'needs = ["__main__"]\n', "exercise[1].needs must be a list of names of modules without dots"),
        (
            ONE + ONE.replace("scale_hook", "b").replace('title = "Scale"\n', ""),
            "exercise[2].title is missing; it must be",
        ),
    ],
)
def test_impossible_values_are_refused(write, text, told):
    assert told in refusal(write(text))


def test_an_empty_title_is_refused(write):
    assert 'title must be a text that is not empty, got " "' in refusal(write(ONE, title='title = " "\n'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "limits = { cell_second = 3 }\n" + ONE,
            "limits.cell_second is no known key; did you mean limits.cell_seconds?",
        ),
        ("tittle = 3\n" + ONE, "tittle is no known key; did you mean title?"),
        (ONE + "point = 3\n", "exercise[1].point is no known key; did you mean exercise[1].points?"),
        ("late = { zzz = 3 }\n" + ONE, "late.zzz is no known key; the keys here are grace_minutes, percent_per_day,"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(write, text, told):
    assert told in refusal(write(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "limits = { memory_bytes = 0x" + "f" * 300 + " }\n",
            "limits.memory_bytes must be a whole number above 0, got 17",
        ),
        ("limits = { memory_bytes = 0x" + "f" * 5_000 + " }\n", "above 0, got something too large to show"),
        ("limits = { memory_bytes = 0x8000000000000000 }\n", "must be a whole number above 0, got 9223372036854775808"),
        ("devices = 0x" + "f" * 5_000 + "\n", "each once, got something too large to show"),
        ("late = { grace_minutes = 0x" + "f" * 5_000 + " }\n", "0 or more, got something too large to show"),
        ("limits = { cell_seconds = 0x" + "f" * 300 + " }\n", "limits.cell_seconds must be a number above 0"),
        ("x = " + "9" * 5_000 + "\n", "is not TOML: Exceeds the limit"),
        ("x" + ".x" * 20_000 + " = 1\n", "has a key of more than 20 parts"),
        ("['x'" + ' . "x"' * 20_000 + "]\n", "has a key of more than 20 parts"),
        ("x = {" + "x." * 20_000 + "x = 1}\n", "has a key of more than 20 parts"),
        ("#" * 300_000 + "\n", "is larger than 256 KiB"),
        ("x = " + "[" * 50_000 + "\n", "is not TOML that can be read: nested too deeply"),
        ("k" * 50_000 + " = 1\n", "k" * 80 + " is no known key"),
        ('solution = "a\\u0000.py"\n', "solution must be the name of a .py or .ipynb file beside assignment.toml"),
        ('data = ["a\\u202e"]\n', "data must be a list of names of folders"),
        ('files = ["a\\n"]\n', "files must be a list of file patterns"),
    ],
)
def test_what_the_fuzzer_found_is_refused_quickly_and_in_words(write, text, told):
    message = refusal(write(text + ONE))
    assert told in message
    assert len(message) < 600


def test_texts_with_many_dots_are_no_endless_keys(write):
    patterns = ", ".join(f'"model_{number}.v2.pt"' for number in range(60))
    dots = 'title = "Wait ... and so on ........................"\n'
    assert len(read_settings(write(f"files = [{patterns}]\n{ONE}", dots)).files) == 60


def test_a_file_that_is_not_there_or_no_toml_is_told(write, tmp_path):
    assert "there is no such file" in refusal(tmp_path / "hw9" / "assignment.toml")
    assert "assignment.toml: is not TOML: " in refusal(write("title"))
    path = write("")
    path.write_bytes(b"title = '\xff'")
    assert "is not TOML" in refusal(path)


VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "2.5",
        "nan",
        "-inf",
        "true",
        '"x"',
        '""',
        "[]",
        "[1]",
        '["cpu"]',
        '["cpu","cpu"]',
        '[["a"]]',
        "{}",
        "{a=1}",
        "{cell_seconds=1}",
        "{cell_seconds={}}",
        "[{}]",
        '[{id="a",title="A",points=1}]',
        '[{id="a",title="A",points=[]}]',
        "2026-03-01T00:00:00Z",
        "12:00:00",
    ]
)
KEYS = st.sampled_from(["title", "due", "devices", "limits", "late", "exercise", "data", "files", "solution", "x"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.dictionaries(KEYS, VALUES))
def test_any_toml_is_read_or_refused_in_words(write, raw):
    path = write("".join(f"{key} = {value}\n" for key, value in raw.items()), title="")
    try:
        assert read_settings(path).exercise
    except BadAssignment as error:
        assert str(error).startswith("reference/hw2/assignment.toml: ")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(write, data):
    path = write("")
    path.write_bytes(data)
    with pytest.raises(BadAssignment):
        read_settings(path)
