"""The measured tolerance: right answers in another formulation pass, wrong ones that come close do not."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.compare import compare
from grader.judge.tolerance import expectation, floor, measured
from grader.wire.tree import TensorLeaf

Tensor = torch.Tensor
Function = Callable[..., Tensor]
ROUNDS = 50
DOUBLE = torch.float64


def passes(reference: Function, work: Function, *shapes: tuple[int, ...], scale: float = 1.0) -> int:
    """How many of 50 random inputs a work passes on."""
    passed = 0
    for seed in range(ROUNDS):
        source = torch.Generator().manual_seed(seed)
        inputs = [scale * torch.randn(*shape, generator=source) for shape in shapes]
        single, double = reference(*inputs), reference(*(x.double() for x in inputs))
        passed += not compare(leaf(work(*inputs)), leaf(single), leaf(double))
    return passed


def leaf(values: Tensor) -> TensorLeaf:
    return TensorLeaf(values, "tensor", "cpu", False)


def conv(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.conv2d(x, w, b, padding=1)


def conv_by_unfold(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    columns = w.flatten(1) @ F.unfold(x, 3, padding=1)
    return columns.reshape(len(x), len(w), *x.shape[2:]) + b[None, :, None, None]


def conv_by_shifts(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    height, width = x.shape[2:]
    padded = F.pad(x, (1, 1, 1, 1))
    total = b[None, :, None, None].expand(len(x), -1, height, width)
    for i in range(3):
        for j in range(3):
            total = total + torch.einsum("nchw,oc->nohw", padded[:, :, i : i + height, j : j + width], w[:, :, i, j])
    return total


def product(a: Tensor, b: Tensor) -> Tensor:
    return a @ b


def in_blocks(a: Tensor, b: Tensor) -> Tensor:
    total = torch.zeros(len(a), b.shape[1])
    for k in range(0, a.shape[1], 64):
        total = total + a[:, k : k + 64] @ b[k : k + 64]
    return total


def term_by_term(a: Tensor, b: Tensor) -> Tensor:
    total = torch.zeros(len(a), b.shape[1])
    for k in range(a.shape[1]):
        total = total + a[:, k : k + 1] * b[k : k + 1]
    return total


def backwards(a: Tensor, b: Tensor) -> Tensor:
    return a.flip(1) @ b.flip(0)


def all_at_once(a: Tensor, b: Tensor) -> Tensor:
    return (a[:, :, None] * b[None]).sum(1)


def variance(x: Tensor) -> Tensor:
    return x.var(-1, correction=0)


def layer_norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-5)


def layer_norm_by_hand(x: Tensor, eps: float = 1e-5) -> Tensor:
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt()


def layer_norm_eps_outside(x: Tensor) -> Tensor:
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True).sqrt() + 1e-5)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v)


def attention_by_hand(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


def in_precision(function: Function, dtype: torch.dtype) -> Function:
    return lambda *inputs: function(*(x.to(dtype) for x in inputs)).float()


CONV = ((2, 64, 8, 8), (16, 64, 3, 3), (16,))
MATRICES = ((24, 1024), (1024, 16))


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("work", [conv_by_unfold, conv_by_shifts])
def test_a_convolution_of_64_channels_may_be_summed_in_any_order(work: Function, scale: float) -> None:
    assert passes(conv, work, *CONV, scale=scale) == ROUNDS


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("work", [in_blocks, backwards, all_at_once])
def test_a_matrix_product_over_1024_terms_may_be_summed_in_any_order(work: Function, scale: float) -> None:
    assert passes(product, work, *MATRICES, scale=scale) == ROUNDS


def test_a_matrix_product_may_be_summed_term_by_term() -> None:
    assert passes(product, term_by_term, (8, 256), (256, 8)) == ROUNDS


RIGHT: dict[str, tuple[Function, Function, tuple[int, ...]]] = {
    "softmax": (
        lambda x: x.softmax(-1),
        lambda x: x.exp() / x.exp().sum(-1, keepdim=True),
        (32, 50),
    ),
    "softmax by logsumexp": (
        lambda x: x.softmax(-1),
        lambda x: (x - x.logsumexp(-1, keepdim=True)).exp(),
        (32, 50),
    ),
    "log_softmax": (
        lambda x: x.log_softmax(-1),
        lambda x: x - x.exp().sum(-1, keepdim=True).log(),
        (32, 50),
    ),
    "logsumexp": (lambda x: x.logsumexp(-1), lambda x: x.exp().sum(-1).log(), (32, 50)),
    "variance as mean of squares": (variance, lambda x: (x * x).mean(-1) - x.mean(-1) ** 2, (32, 64)),
    "variance in two passes": (variance, lambda x: ((x - x.mean(-1, keepdim=True)) ** 2).mean(-1), (32, 64)),
    "layer norm": (layer_norm, layer_norm_by_hand, (16, 64)),
    "GELU": (F.gelu, lambda x: x / 2 * (1 + torch.erf(x / math.sqrt(2))), (32, 64)),
    "a mean of 10,000": (lambda x: x.mean(), lambda x: x.mean(1).mean(), (100, 100)),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_a_right_answer_in_another_formulation_passes(name: str, scale: float) -> None:
    reference, work, shape = RIGHT[name]
    assert passes(reference, work, shape, scale=scale) == ROUNDS


def test_attention_by_hand_passes() -> None:
    assert passes(attention, attention_by_hand, *[(2, 2, 32, 32)] * 3) == ROUNDS


WRONG: dict[str, tuple[Function, Function, tuple[int, ...]]] = {
    "an unbiased variance": (variance, lambda x: x.var(-1), (32, 64)),
    "an unbiased variance of many": (variance, lambda x: x.var(-1), (8, 1024)),
    "an eps outside the root": (layer_norm, layer_norm_eps_outside, (32, 64)),
    "no eps": (layer_norm, lambda x: layer_norm_by_hand(x, 0.0), (32, 64)),
    "a tanh GELU": (F.gelu, lambda x: F.gelu(x, approximate="tanh"), (32, 64)),
    "a softmax along the other dimension": (lambda x: x.softmax(-1), lambda x: x.softmax(0), (32, 50)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_that_comes_close_is_refused(name: str) -> None:
    reference, work, shape = WRONG[name]
    assert passes(reference, work, shape) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_computation_in_half_precision_is_refused(dtype: torch.dtype) -> None:
    assert passes(conv, in_precision(conv, dtype), *CONV) == 0
    assert passes(product, in_precision(product, dtype), *MATRICES) == 0
    assert passes(layer_norm, in_precision(layer_norm, dtype), (16, 64)) == 0
    assert passes(attention, in_precision(attention, dtype), *[(2, 2, 32, 32)] * 3) == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_result_rounded_to_half_precision_is_refused(dtype: torch.dtype) -> None:
    assert passes(product, lambda a, b: (a @ b).to(dtype).float(), *MATRICES) == 0


def test_small_values_of_an_exponential_do_not_get_the_allowance_of_large_ones() -> None:
    x = torch.linspace(-10, 10, 1000)
    single, double = x.exp().double(), x.double().exp()
    allowed = measured(single, double, torch.float32)
    assert float(allowed[0]) < 1.1e-5
    assert bool((allowed <= 1.1e-5 + 2e-5 * double).all())
    wrong = torch.where(x < -5, 1.01 * x.exp(), x.exp())
    assert compare(leaf(wrong), leaf(x.exp()), leaf(double))


def test_a_small_value_left_by_cancellation_gets_the_rounding_of_its_terms() -> None:
    double = torch.tensor([1e-6, 500.0, -700.0, 300.0], dtype=DOUBLE)
    single = double + torch.tensor([0.0, 4e-4, -4e-4, 4e-4], dtype=DOUBLE)
    noisy = single + torch.tensor([5e-4, 0, 0, 0], dtype=DOUBLE)
    assert float(measured(noisy, double, torch.float32)[0]) >= 5e-4


def test_a_noisy_reference_does_not_widen_the_allowance_beyond_a_thousandth() -> None:
    double = torch.linspace(-5, 5, 100, dtype=DOUBLE)
    allowed = measured(double + 0.5, double, torch.float32)
    assert float(allowed.max()) <= 1e-3 * 5 + 1e-12


def test_the_allowance_is_never_below_the_floor_of_the_dtype() -> None:
    double = torch.linspace(-5, 5, 100, dtype=DOUBLE)
    assert torch.equal(measured(double, double, torch.float32), floor(double, torch.float32))
    assert float(floor(torch.ones(1, dtype=DOUBLE), torch.bfloat16)) == pytest.approx(1.6e-2 + 1e-5)


def test_what_is_not_finite_in_the_reference_takes_no_part() -> None:
    double = torch.tensor([math.nan, math.inf, -math.inf, 0.0, 1.0], dtype=DOUBLE)
    single = torch.tensor([math.nan, math.inf, 2.0, 0.0, 1.0 + 1e-7], dtype=DOUBLE)
    allowed = measured(single, double, torch.float32)
    assert allowed[3:].tolist() == pytest.approx([1e-5, 1.13e-5])
    nothing = torch.full((3,), math.nan, dtype=DOUBLE)
    assert measured(nothing, nothing, torch.float32).shape == (3,)


def test_where_float32_overflows_the_float32_value_is_expected() -> None:
    x = torch.tensor([1.0, 100.0])
    expected, _ = expectation(x.exp().double(), x.double().exp(), torch.float32)
    assert expected.tolist() == [pytest.approx(math.e), math.inf]
    assert not compare(leaf(x.exp()), leaf(x.exp().clone()), leaf(x.double().exp()))


def test_where_a_comparison_falls_on_the_other_side_the_float32_value_is_expected() -> None:
    single, double = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([0.0, 1.0, 0.0], dtype=DOUBLE)
    assert not compare(leaf(single + 1e-7), leaf(single), leaf(double))
    assert compare(leaf(double.float()), leaf(single), leaf(double))


@given(
    st.lists(st.tuples(st.floats(width=32), st.floats()), min_size=1, max_size=8),
)
def test_an_answer_equal_to_the_references_is_right_whatever_its_float64_run_says(
    pairs: list[tuple[float, float]],
) -> None:
    single = torch.tensor([s for s, _ in pairs], dtype=torch.float32)
    double = torch.tensor([d for _, d in pairs], dtype=DOUBLE)
    _, allowed = expectation(single.double(), double, torch.float32)
    assert not bool((allowed < 0).any())
    assert not bool(torch.isnan(allowed[torch.isfinite(single) & torch.isfinite(double)]).any())
    # An odd bit elsewhere keeps the comparison from ending at "equal".
    got = torch.cat([single, torch.tensor([1.0 + 1e-7])])
    expected = torch.cat([single, torch.tensor([1.0])])
    assert not compare(leaf(got), leaf(expected), leaf(torch.cat([double, torch.ones(1, dtype=DOUBLE)])))
