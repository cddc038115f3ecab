"""A sign of a mistake is the same for all inputs, and two mistakes do not share one."""

from collections.abc import Callable

import pytest
import torch

from grader.judge.explain import explain, explain_exactly
from grader.judge.signs import sign_of

MISTAKES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "the sign is flipped": lambda x: -x,
    "off by a constant factor 2": lambda x: 2 * x,
    "off by a constant factor 1/4 (dimension 0 has 4 elements)": lambda x: x / 4,
    "off by a constant 3": lambda x: x + 3,
    "transposed": lambda x: x.T,
    "reversed along dimension 0": lambda x: x.flip(0),
    "all zeros": torch.zeros_like,
}


def message(mistake: Callable[[torch.Tensor], torch.Tensor], seed: int) -> str:
    expected = torch.rand(4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 1
    return explain(mistake(expected), expected, torch.full_like(expected, 1e-9))


@pytest.mark.parametrize("sign", MISTAKES)
def test_a_mistake_has_one_sign_whatever_the_inputs(sign: str) -> None:
    assert message(MISTAKES[sign], 0) != message(MISTAKES[sign], 1)
    assert sign_of(message(MISTAKES[sign], 0)) == sign_of(message(MISTAKES[sign], 1)) == sign


@pytest.mark.parametrize("mistake", [lambda x: x.sin(), lambda x: x[[2, 0, 3, 1]], lambda x: x.roll(1, 0)])
def test_what_says_too_little_is_no_sign(mistake: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert sign_of(message(mistake, 0)) == ""


def test_swapped_truths_and_other_messages() -> None:
    right = torch.tensor([True, False, True])
    assert sign_of(explain_exactly(~right, right)) == "True and False are swapped"
    assert sign_of("shape (5, 2) where (2, 5) is expected: the dimensions are in another order").startswith("shape (5")
    assert sign_of(explain_exactly(torch.tensor([3]), torch.tensor([4]))) == ""
