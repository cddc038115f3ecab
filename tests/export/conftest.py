"""The sample grades of the report's tests, and one with something to hide."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from grader.grading.model import Grade, Hint
from grader.judge.verdict import Difference, Picture
from grader.wire.outcome import Frame

CANARY = "canary-4711"


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    path = Path(__file__).parents[1] / "report" / "samples.py"
    spec = importlib.util.spec_from_file_location("report_samples", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def secretive(samples: ModuleType) -> Grade:
    """A grade with the canary in all that a student must not see: of hidden checks even the name."""
    curve = Picture("curve", expected_values=(4711.0,), got_values=(0.0,))
    hidden = samples.check(
        CANARY,
        "fail",
        visibility="hidden",
        description=CANARY,
        run={
            "message": CANARY,
            "misconception": Hint(CANARY, CANARY),
            "output": CANARY,
            "frames": (Frame(1, 1, CANARY, CANARY),),
            "differences": (Difference(CANARY, "values", CANARY, curve),),
        },
    )
    exercise = samples.exercise(samples.check("a_public_check"), hidden, misconception=Hint(CANARY, CANARY))
    whole: Grade = samples.grade(exercise, seed=CANARY, environment={"torch": "2.13.0", "hostname": CANARY})
    return msgspec.structs.replace(whole, looks=samples.needs_a_look().looks)
