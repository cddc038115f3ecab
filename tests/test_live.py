"""`grader.check` in a notebook: the public checks of one exercise, in the words of the report."""

import random
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import grader
from grader.errors import BadInput
from grader.live import OBSERVED, check_here

HW2 = Path(__file__).resolve().parents[1] / "assignments" / "hw2"


class MLP(nn.Module):
    """What many write first: the layers in a Python list."""

    def __init__(self, sizes, activation=nn.ReLU):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        self.activation = activation() if isinstance(activation, type) else activation

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


def test_a_misconception_is_named_as_in_the_report() -> None:
    shown = check_here("mlp", {"MLP": MLP}, HW2)
    assert "A Python list hides its layers from the module tree" in shown.text
    assert "number of parameters" in shown.text
    assert "A Python list hides its layers" in shown._repr_html_()
    assert "<script" not in shown.html


def test_what_is_not_defined_yet_is_told() -> None:
    assert "your notebook does not define" in check_here("mlp", {}, HW2).text


def test_the_notebooks_random_streams_are_left_where_they_were() -> None:
    before = (random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state())
    check_here("mlp", {"MLP": MLP}, HW2)
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert torch.equal(torch.get_rng_state(), before[2])


def test_an_unknown_exercise_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="there is no exercise 'mpl' here; there are: chain, mlp,"):
        check_here("mpl", {}, HW2)


def test_while_the_notebook_is_graded_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OBSERVED, "1")
    assert repr(grader.check("mlp")) == "mlp: checked when the notebook has run"


def test_an_exercise_whose_package_is_missing_is_skipped_with_the_reason(tmp_path: Path) -> None:
    home = shutil.copytree(HW2, tmp_path / "hw2")
    settings = home / "assignment.toml"
    settings.write_text(settings.read_text().replace('id = "mlp"\n', 'id = "mlp"\nneeds = ["no_such_weights"]\n'))
    shown = check_here("mlp", {"MLP": MLP}, home)
    assert "skipped" in shown.text.splitlines()[0]
    assert "no_such_weights" in shown.text and "no_such_weights" in shown.html
