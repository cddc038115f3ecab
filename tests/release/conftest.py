from pathlib import Path

import pytest

from grader.assignment.folder import Assignment, load

SOLUTION = """# %% [markdown]
# # Hooks

# %% [markdown]
# ## Doubling

# %%
import torch

def double(x):
    "Double x."
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
print(double(2))

# %% [markdown]
# Why?
#
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %%
class Net:
    ### BEGIN SOLUTION
    size = 3
    ### END SOLUTION

def train(net):
    ### BEGIN SOLUTION
    return net
    ### END SOLUTION
"""
SETTINGS = """title = "Hooks"
data = ["images"]
[[exercise]]
id = "double"
title = "Double"
points = 1
[[exercise]]
id = "net"
title = "A net"
points = 2
names = ["Net", "train"]
"""
CHECKS = '''from grader.authoring import check

SECRET = 17

@check(exercise="double", points=1)
def doubles(work, rng):
    """Doubles."""
    return work.double(1)

@check(exercise="net", points=2, visibility="hidden")
def hidden_size(work, rng):
    """Size."""
    return SECRET
'''


@pytest.fixture
def course(tmp_path: Path) -> Path:
    home = tmp_path / "course" / "reference" / "hw2"
    (home / "images" / "deep").mkdir(parents=True)
    (home / "images" / "a.bin").write_bytes(b"\0\1")
    (home / "images" / "deep" / "b.txt").write_text("b")
    (home / "images" / ".ipynb_checkpoints").mkdir()
    (home / "images" / ".ipynb_checkpoints" / "c.txt").write_text("c")
    (home / "assignment.toml").write_text(SETTINGS)
    (home / "checks.py").write_text(CHECKS)
    (home / "solution.py").write_text(SOLUTION)
    return tmp_path / "course"


@pytest.fixture
def assignment(course: Path) -> Assignment:
    return load(course, "hw2")
