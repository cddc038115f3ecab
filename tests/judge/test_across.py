"""What a device observes is compared with the CPU's too, within what separates the reference from itself."""

import pytest
import torch

from grader.authoring import exact
from grader.judge.across import across, gaps
from grader.judge.judge import BrokenReference, Reference
from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.outcome import Raised, Returned

generator = torch.Generator().manual_seed(7)
A, B = (torch.randn(16, 256, generator=generator, dtype=torch.float64) for _ in range(2))
TRUTH = A @ B.T


def observed(tree: object, double: object = None) -> Reference:
    return Reference(Returned(encode(tree)), None if double is None else Returned(encode(double)))


def rounded(seed: int, size: float) -> torch.Tensor:
    noise = torch.randn(TRUTH.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (TRUTH + size * noise).float()


HOME = observed({"y": rounded(1, 1e-6)}, {"y": TRUTH})
THERE = observed({"y": rounded(2, 3e-6)}, {"y": TRUTH})


def paths(got: object, home: Reference = HOME, there: Reference = THERE, **how: object) -> list[str]:
    return [difference.path for difference in across(decode(encode(got)), home, there, how)]  # type: ignore[arg-type]


def test_another_rounding_of_the_same_size_is_no_difference() -> None:
    assert paths({"y": rounded(3, 3e-6)}) == []


def test_the_reference_on_the_device_is_itself_no_difference() -> None:
    assert paths({"y": rounded(2, 3e-6)}) == []


def test_what_is_further_off_than_the_reference_itself_is_told_with_its_size() -> None:
    (difference,) = across(decode(encode({"y": rounded(3, 1e-3)})), HOME, THERE)
    assert (difference.path, difference.kind) == ("y", "values")
    assert "values differ" in difference.message


def test_a_device_that_rounds_more_is_allowed_more() -> None:
    coarse = observed({"y": rounded(2, 1e-4)})
    assert paths({"y": rounded(3, 1e-4)}, observed({"y": rounded(1, 1e-6)}), coarse) == []
    assert paths({"y": rounded(3, 1e-4)}, observed({"y": rounded(1, 1e-6)}), observed({"y": rounded(2, 1e-6)})) == ["y"]


def test_random_numbers_that_each_device_makes_for_itself_say_nothing() -> None:
    home, there = observed({"noise": torch.rand(50)}), observed({"noise": torch.rand(50)})
    assert paths({"noise": torch.rand(50)}, home, there) == []
    assert [gap.compared for gap in gaps(home, there)] == [False]


@pytest.mark.parametrize(
    ("home", "there", "got"),
    [
        ({"where": "cpu"}, {"where": "cuda"}, {"where": "cuda"}),
        ({"n": 3}, {"n": 4}, {"n": 4}),
        ({"y": torch.zeros(3)}, {"y": torch.zeros(4)}, {"y": torch.ones(4)}),
        ({"y": torch.zeros(3)}, {"y": torch.zeros(3).double()}, {"y": torch.ones(3).double()}),
        ({"y": torch.zeros(3)}, {"z": torch.zeros(3)}, {"z": torch.ones(3)}),
        ({"y": torch.arange(3)}, {"y": torch.arange(3)}, {"y": torch.arange(3) + 1}),
    ],
    ids=["words", "whole numbers", "another shape", "another dtype", "another name", "integers"],
)
def test_forms_and_exact_values_are_left_to_the_device_itself(home: object, there: object, got: object) -> None:
    assert paths(got, observed(home), observed(there)) == []


def test_a_leaf_that_the_author_wants_exact_is_exact_on_each_device_only() -> None:
    assert paths({"y": rounded(3, 1.0)}, y=exact) == []


def test_numbers_and_curves_are_compared_like_float32() -> None:
    home, there = observed({"loss": [1.0, 0.5], "last": 0.5}), observed({"loss": [1.0, 0.500001], "last": 0.500001})
    assert paths({"loss": [1.0, 0.500002], "last": 0.499999}, home, there) == []
    assert paths({"loss": [1.0, 0.51], "last": 0.51}, home, there) == ["loss", "last"]


def test_a_gap_is_told_in_its_size_and_in_allowances() -> None:
    (gap,) = gaps(observed({"y": torch.tensor([1.0])}), observed({"y": torch.tensor([1.0 + 2**-16])}))
    assert gap.off == 2**-16
    assert gap.allowances == pytest.approx(2**-16 / 1.13e-5, rel=1e-3)
    assert gap.compared


def test_infinities_and_nan_agree_with_themselves() -> None:
    odd = {"y": torch.tensor([float("inf"), float("nan"), 1.0])}
    assert paths(odd, observed(odd), observed(odd)) == []
    assert gaps(observed(odd), observed(odd))[0].off == 0


def test_a_reference_without_an_observation_is_at_fault() -> None:
    with pytest.raises(BrokenReference):
        across({}, HOME, Reference(Raised("RuntimeError", "CUDA error")))
