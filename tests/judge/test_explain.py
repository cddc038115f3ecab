"""Explaining a difference: each pattern has its sentence, and none is claimed that is not there."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.explain import apart, close, explain, explain_exactly, number

Tensor = torch.Tensor


def values(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def allowed(expected: Tensor) -> Tensor:
    return 1e-5 + 1.3e-6 * expected.abs()


def explained(got: Tensor, expected: Tensor) -> str:
    return explain(got, expected, allowed(expected))


def wrong_from(x: Tensor, row: int) -> Tensor:
    y = x.clone()
    y[row:] = values(*x.shape, seed=9)[row:]
    return y


X = values(4, 6)
PATTERNS: list[tuple[str, Callable[[Tensor], Tensor], Tensor]] = [
    ("all zeros", torch.zeros_like, X),
    ("the sign is flipped", lambda x: -x, X),
    ("off by a constant factor 1/4 (dimension 0 has 4 elements)", lambda x: x / 4, X),
    ("off by a constant factor 6 (dimension 1 has 6 elements)", lambda x: x * 6, X),
    ("off by a constant factor 1/24 (the tensor has 24 elements)", lambda x: x / 24, X),
    ("off by a constant factor 2.5", lambda x: x * 2.5, X),
    ("off by a constant factor -3", lambda x: x * -3, X),
    ("off by a constant 0.5", lambda x: x + 0.5, X),
    ("transposed", lambda x: x.mT, values(5, 5)),
    ("transposed: dimensions 1 and 2 are swapped", lambda x: x.mT, values(3, 5, 5)),
    ("shifted by one place along dimension 0", lambda x: x.roll(1, 0), X),
    ("shifted by one place along dimension 1", lambda x: x.roll(-1, 1), X),
    ("reversed along dimension 1", lambda x: x.flip(1), X),
    ("same values in another order along dimension 0", lambda x: x[[2, 0, 1, 3]], X),
    ("same values in another order along dimension 1", lambda x: x[:, [1, 0, 3, 2, 4, 5]], X),
    ("same values in another order", lambda x: x.flatten()[torch.randperm(24)].view(4, 6), X),
    ("cut off below 0", lambda x: x.clamp(min=0), X),
    ("cut off above 0.5", lambda x: x.clamp(max=0.5), X),
    ("cut off below -0.5 and above 0.5", lambda x: x.clamp(-0.5, 0.5), X),
    ("the first 2 rows are right, the last 2 are not", lambda x: wrong_from(x, 2), X),
    ("the first 3 rows are right, the last one is not", lambda x: wrong_from(x, 3), X),
    ("the first 20 values are right, the last 4 are not", lambda x: wrong_from(x, 20), X.flatten()),
    ("only the first of the 4 rows is wrong", lambda x: torch.cat([x[:1].exp(), x[1:]]), X),
]


@pytest.mark.parametrize(("said", "mistake", "expected"), PATTERNS, ids=[said for said, _, _ in PATTERNS])
def test_a_pattern_is_named_before_the_facts(said: str, mistake: Callable[[Tensor], Tensor], expected: Tensor) -> None:
    torch.manual_seed(1)
    message = explained(mistake(expected), expected)
    assert message.startswith(f"{said}: ")
    assert "values differ" in message


@pytest.mark.parametrize(("said", "mistake", "expected"), PATTERNS, ids=[said for said, _, _ in PATTERNS])
def test_rounding_does_not_hide_a_pattern(said: str, mistake: Callable[[Tensor], Tensor], expected: Tensor) -> None:
    torch.manual_seed(1)
    if said == "all zeros":
        return
    noise = 1e-6 * values(*expected.shape, seed=5)
    assert explained(mistake(expected) + noise, expected).startswith(said.split(" below")[0].split(" above")[0])


@given(st.integers(0, 10**6), st.lists(st.integers(2, 5), min_size=1, max_size=3).filter(lambda s: math.prod(s) > 2))
def test_unrelated_values_get_only_the_facts(seed: int, shape: list[int]) -> None:
    message = explained(values(*shape, seed=seed), values(*shape, seed=seed + 1))
    assert re.match(r"\d+ of \d+ values differ \(", message), message


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_a_wide_allowance_does_not_make_a_pattern(seed: int, wide: float) -> None:
    got, expected = values(12, seed=seed), values(12, seed=seed + 1)
    slack = torch.full((12,), wide, dtype=torch.float64)
    if not bool(close(got, expected, slack).all()):
        message = explain(got, expected, slack)
        claims = ("sign", "factor", "constant", "transposed", "shifted", "reversed", "order", "cut off")
        assert not any(claim in message for claim in claims), message


def guess(said: str, x: Tensor) -> Tensor | None:
    """What a sentence claims, done to the expected values."""
    if said.startswith("all zeros"):
        return torch.zeros_like(x)
    if said.startswith("the sign"):
        return -x
    if found := re.match(r"shifted by one place along dimension (\d)", said):
        return x.roll(1, int(found[1]))
    if found := re.match(r"reversed along dimension (\d)", said):
        return x.flip(int(found[1]))
    return x.mT if re.match("transposed:", said) else None


@given(
    st.integers(2, 4).flatmap(
        lambda n: st.tuples(*[st.lists(st.integers(-2, 2), min_size=n * n, max_size=n * n)] * 2, st.just(n))
    )
)
def test_a_pattern_that_is_claimed_turns_the_expected_values_into_what_was_got(
    drawn: tuple[list[int], list[int], int],
) -> None:
    got, expected = (torch.tensor(part, dtype=torch.float64).view(drawn[2], drawn[2]) for part in drawn[:2])
    if torch.equal(got, expected):
        return
    message = explained(got, expected)
    claimed = guess(message, expected)
    if message.startswith("shifted"):
        dimension = int(re.findall(r"dimension (\d)", message)[0])
        assert any(torch.equal(got, expected.roll(step, dimension)) for step in (1, -1))
    elif claimed is not None:
        assert torch.equal(got, claimed)
    elif found := re.match(r"off by a constant factor (?:1/)?([-\d.e]+)", message):
        factor = 1 / float(found[1]) if "1/" in message.split(":")[0] else float(found[1])
        assert torch.allclose(got, factor * expected, rtol=1e-3, atol=1e-4)
    elif found := re.match(r"off by a constant ([-\d.e]+):", message):
        assert torch.allclose(got, expected + float(found[1]), rtol=1e-3, atol=1e-4)
    elif message.startswith("same values"):
        assert torch.equal(got.flatten().sort().values, expected.flatten().sort().values)


def test_as_many_labels_of_each_class_are_no_pattern() -> None:
    expected = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1], dtype=torch.float64)
    got = torch.tensor([1, 0, 0, 2, 2, 1, 1, 0], dtype=torch.float64)
    assert "order" not in explained(got, expected)


def test_small_values_are_not_reordered_within_the_allowance_of_large_ones() -> None:
    expected = torch.tensor([1e-3, 2e-3, 3e-3, 1e6, 2e6], dtype=torch.float64)
    got = torch.tensor([9e-3, 8e-3, 7e-3, 2e6, 1e6], dtype=torch.float64)
    assert "order" not in explained(got, expected)


def test_the_facts_give_count_share_place_values_and_allowance() -> None:
    expected = torch.zeros(3, 5, dtype=torch.float64)
    got = expected.clone()
    got[2, 1], got[0, 1] = 0.71, 0.25
    assert explained(got, expected) == (
        "2 of 15 values differ (13 %), largest difference 0.71 at [2, 1]: got 0.71, expected 0, allowed 1e-05"
    )
    one, two = torch.tensor(2.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)
    assert explain(one, two, torch.zeros(())) == "largest difference 1: got 2, expected 1"


def test_shares_are_never_rounded_to_none_or_all() -> None:
    expected = torch.zeros(1000, dtype=torch.float64)
    few, most = expected.clone(), torch.ones(1000, dtype=torch.float64)
    few[500], most[0], most[7] = 1.0, 0.0, 2.0
    assert "1 of 1000 values differ (under 1 %)" in explained(few, expected)
    assert "999 of 1000 values differ (over 99 %)" in explained(most, expected)


def test_values_that_are_not_finite_are_named_first_and_with_their_place() -> None:
    expected = torch.ones(2, 3, dtype=torch.float64)
    got = expected.clone()
    got[1, 0] = math.nan
    assert explained(got, expected) == (
        "NaN at [1, 0] where none is expected: 1 of 6 values differ (17 %), got nan, expected 1 at [1, 0]"
    )
    got[1, 1:] = math.nan
    assert explained(got, expected).startswith("NaN at [1, 0] and 2 more where none is expected: 3 of 6")
    assert explained(expected, got).startswith("no NaN at [1, 0] and 2 more where one is expected")
    infinite = torch.full((2, 3), math.inf, dtype=torch.float64)
    assert explained(infinite, expected).startswith("infinity at [0, 0] and 5 more where none is expected")
    assert "got -inf, expected inf" in explained(-infinite, infinite)


def test_complex_values_get_the_facts() -> None:
    expected = torch.tensor([1 + 1j, 2.0], dtype=torch.complex128)
    assert explained(-expected, expected).startswith("2 of 2 values differ (100 %), largest difference 4 at [1]")


def test_exact_values_are_written_as_they_are() -> None:
    assert explain_exactly(torch.tensor(2**53 + 1), torch.tensor(2**53)) == (
        "got 9007199254740993, expected 9007199254740992"
    )


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_two_numbers_that_differ_are_written_differently(a: float, b: float) -> None:
    ours, theirs = apart(a, b)
    assert (ours == theirs) == (a == b and math.copysign(1, a) == math.copysign(1, b))
    assert math.isclose(float(ours), a, rel_tol=1e-3, abs_tol=0.0)


def test_numbers_are_short() -> None:
    assert [number(x) for x in (0.1 + 0.2, 1e-05, 3, True, 1 / 3 + 2j, 123456.0)] == [
        "0.3", "1e-05", "3", "True", "0.3333+2j", "1.235e+05",
    ]  # fmt: skip
