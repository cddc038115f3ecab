"""Inputs depend on the seed and the order of calls, and on nothing else."""

import hashlib
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from grader.authoring import Rng, random_state

SEEDS = st.text(max_size=20)
SHAPES = st.lists(st.integers(0, 5), max_size=4)


@given(SEEDS, SHAPES)
def test_equal_seeds_give_equal_values(seed: str, shape: list[int]) -> None:
    assert torch.equal(Rng(seed).normal(*shape), Rng(seed).normal(*shape))
    assert torch.equal(Rng(seed).uniform(*shape), Rng(seed).uniform(*shape))


@given(SEEDS, SHAPES)
def test_a_float64_run_gets_the_very_same_values(seed: str, shape: list[int]) -> None:
    single, double = Rng(seed).normal(*shape), Rng(seed, dtype=torch.float64).normal(*shape)
    assert double.dtype == torch.float64
    assert torch.equal(single.double(), double)


@given(SEEDS, st.integers(-50, 50), st.integers(1, 100), SHAPES)
def test_integers_stay_in_their_range(seed: str, low: int, width: int, shape: list[int]) -> None:
    drawn = Rng(seed).integers(low, low + width, *shape)
    assert drawn.shape == torch.Size(shape)
    assert bool(((drawn >= low) & (drawn < low + width)).all())


@given(SEEDS, st.integers(0, 40))
def test_a_permutation_holds_every_number_once(seed: str, n: int) -> None:
    assert sorted(Rng(seed).permutation(n)) == list(range(n))


def test_different_seeds_and_different_calls_give_different_values() -> None:
    rng = Rng("a")
    first, second = rng.normal(8), rng.normal(8)
    assert not torch.equal(first, second)
    assert not torch.equal(first, Rng("b").normal(8))


def test_what_one_call_consumes_does_not_shift_the_next() -> None:
    a, b = Rng("s"), Rng("s")
    a.fill(nn.Linear(3, 2))
    b.fill(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 9)))
    assert torch.equal(a.normal(4), b.normal(4))


def test_global_random_streams_are_neither_read_nor_moved() -> None:
    before = random_state()
    rng = Rng("s")
    drawn = [rng.normal(3), rng.integers(0, 9, 3), rng.uniform(2), rng.generator()]
    rng.fill(nn.Linear(2, 2, bias=False))
    assert len(drawn) == 4
    # Making nn.Linear draws from torch's stream; everything else must not.
    after = random_state()
    assert (after["python"], after["numpy"]) == (before["python"], before["numpy"])
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    one = Rng("s").normal(3)
    random.seed(2), np.random.seed(2), torch.manual_seed(2)
    assert torch.equal(one, Rng("s").normal(3))


def test_normal_values_have_the_mean_and_spread_that_is_asked_for() -> None:
    drawn = Rng("s").normal(20_000, mean=3.0, std=2.0)
    assert float(drawn.mean()) == pytest.approx(3.0, abs=0.06)
    assert float(drawn.std()) == pytest.approx(2.0, abs=0.05)


class Named(nn.Module):
    """Two layers; the order of registration and the names are free."""

    def __init__(self, names: list[str], sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name in names:
            setattr(self, name, nn.Linear(*sizes[name]))


def test_fill_gives_equal_weights_whatever_the_layers_are_called_and_however_they_are_ordered() -> None:
    ours = Rng("s").fill(Named(["fc1", "fc2"], {"fc1": (4, 8), "fc2": (8, 2)}))
    theirs = Rng("s").fill(Named(["out", "hidden"], {"hidden": (4, 8), "out": (8, 2)}))
    assert torch.equal(ours.fc1.weight, theirs.hidden.weight)
    assert torch.equal(ours.fc2.bias, theirs.out.bias)


def test_fill_gives_two_parameters_of_one_shape_different_values() -> None:
    filled = Rng("s").fill(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)))
    assert not torch.equal(filled[0].weight, filled[1].weight)


@settings(max_examples=20)
@given(SEEDS)
def test_fill_keeps_parameters_leaves_that_require_grad(seed: str) -> None:
    layer = Rng(seed).fill(nn.Linear(3, 2))
    assert layer.weight.is_leaf
    assert layer.weight.requires_grad
    assert bool(torch.isfinite(layer.weight).all())


def test_an_empty_range_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="integers need low < high, got low=3, high=3"):
        Rng("s").integers(3, 3, 2)


def test_streams_are_those_of_a_fresh_philox() -> None:
    rng = Rng("a seed")
    for call in range(1, 4):
        key = np.frombuffer(hashlib.sha256(f"a seed/{call}".encode()).digest()[:16], np.uint64)
        expected = (np.random.Philox(key=key).random_raw(7) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        assert rng.uniform(7, dtype=torch.float64).tolist() == expected.astype(np.float32).astype(np.float64).tolist()
