"""A course with one small fair assignment, of which each test spoils one thing."""

from collections.abc import Callable
from pathlib import Path

import pytest

SETTINGS = """
title = "Toy"
[limits]
check_seconds = 2
[[exercise]]
id = "double"
title = "Double"
points = 3
[[exercise]]
id = "halve"
title = "Halve"
points = 2
"""
SOLUTION = '''# %% [markdown]
# # Toy

# %%
import torch


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION


# %%
def halve(x):
    """Half of x."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION
'''
CHECKS = '''
from grader.authoring import check


@check(exercise="double", points=1)
def doubled(work, rng):
    """It is doubled."""
    return {"twice": work.double(rng.normal(40))}


@check(exercise="double", points=2, visibility="hidden")
def doubled_matrix(work, rng):
    """Matrices are doubled."""
    return {"twice": work.double(rng.normal(6, 7).requires_grad_()), "of zero": work.double(rng.normal(1) * 0)}


@check(exercise="halve", points=1)
def halved(work, rng):
    """It is halved."""
    return {"half": work.halve(rng.normal(40))}


@check(exercise="halve", points=1, visibility="hidden")
def halved_matrix(work, rng):
    """Matrices are halved."""
    return {"half": work.halve(rng.normal(6, 7).requires_grad_())}
'''
MISCONCEPTIONS = '''
from grader.authoring import misconception


@misconception(exercise="double")
def adds_two(work):
    """Adding two doubles the number 2 only."""
    return {"double": lambda x: x + 2}


@misconception(exercise="halve")
def subtracts(work):
    """Half of a number is not one less."""
    return {"halve": lambda x: x - 1}
'''
ALTERNATIVES = '''
from grader.authoring import alternative


@alternative(exercise="double")
def times_two(work):
    """A product."""
    return {"double": lambda x: 2 * x}


@alternative(exercise="halve")
def times_a_half(work):
    """Multiplied."""
    return {"halve": lambda x: 0.5 * x}
'''
FILES = {
    "assignment.toml": SETTINGS,
    "solution.py": SOLUTION,
    "checks.py": CHECKS,
    "misconceptions.py": MISCONCEPTIONS,
    "alternatives.py": ALTERNATIVES,
}

MakeCourse = Callable[..., Path]


@pytest.fixture
def course(tmp_path: Path) -> MakeCourse:
    """Writes the course, with some texts replaced: ``course({"checks.py": ("old", "new")})``."""

    def make(changes: dict[str, tuple[str, str]] | None = None, **added: str) -> Path:
        home = tmp_path / "reference" / "toy"
        home.mkdir(parents=True)
        for name, text in FILES.items():
            old, new = (changes or {}).get(name, ("", ""))
            assert old in text
            (home / name).write_text(text.replace(old, new) if old else text + new)
        for name, text in added.items():
            (home / f"{name}.toml").write_text(text)
        return tmp_path

    return make
