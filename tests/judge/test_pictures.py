"""Pictures of a difference: real PNGs of the sample that differs, curves short enough to draw."""

import base64
import io
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from grader.judge.pictures import picture
from grader.judge.verdict import Picture


def opened(uri: str) -> Image.Image:
    head, data = uri.split(",", 1)
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    image.load()
    assert image.format == "PNG"
    return image


def images(made: Picture | None) -> tuple[Image.Image, Image.Image, Image.Image]:
    assert made is not None
    assert made.kind == "images"
    return opened(made.expected), opened(made.got), opened(made.difference)


@pytest.mark.parametrize(
    ("shape", "size", "mode"),
    [
        ((20, 28), (28, 20), "L"),
        ((1, 20, 28), (28, 20), "L"),
        ((3, 20, 28), (28, 20), "RGB"),
        ((5, 20, 28), (28, 20), "L"),
        ((5, 1, 20, 28), (28, 20), "L"),
        ((5, 3, 20, 28), (28, 20), "RGB"),
        ((512, 1024), (256, 128), "L"),
    ],
)
def test_what_looks_like_images_is_shown_as_images(shape: tuple[int, ...], size: tuple[int, int], mode: str) -> None:
    expected, got, difference = images(picture(torch.rand(shape), torch.rand(shape)))
    assert expected.size == got.size == difference.size == size
    assert (expected.mode, got.mode, difference.mode) == (mode, mode, "RGB")


def test_the_first_sample_that_visibly_differs_is_shown() -> None:
    expected = torch.zeros(4, 1, 8, 8)
    expected[:, :, 0, 0] = torch.tensor([0.25, 0.5, 0.75, 1.0])[:, None]
    got = expected + 1e-7  # rounding, everywhere
    got[2, 0, 5, 5] += 0.5
    got[3] += 0.5
    shown, _, difference = images(picture(got, expected))
    assert shown.getpixel((0, 0)) == 255
    assert difference.getpixel((5, 5)) == (217, 102, 13)
    assert difference.getpixel((1, 1)) == (255, 255, 255)


def test_too_little_is_blue_and_swapped_channels_are_seen() -> None:
    expected = torch.zeros(3, 8, 8)
    expected[0] = 1.0
    _, _, difference = images(picture(expected.flip(0), expected))
    assert difference.getpixel((3, 3)) != (255, 255, 255)
    _, _, less = images(picture(torch.zeros(8, 8), torch.ones(8, 8)))
    assert less.getpixel((3, 3)) == (33, 97, 173)


def test_curves_keep_their_values_and_at_most_200_points() -> None:
    made = picture(torch.arange(1000.0), torch.arange(4.0))
    assert made is not None
    assert made.kind == "curve"
    assert made.expected_values == (0.0, 1.0, 2.0, 3.0)
    assert len(made.got_values) == 200
    assert made.got_values[:3] == (0.0, 5.0, 10.0)
    assert made.expected == made.got == made.difference == ""


@pytest.mark.parametrize("length", [3, 199, 200, 201, 399, 401, 10_000])
def test_no_curve_has_more_than_200_points(length: int) -> None:
    made = picture(torch.rand(length), torch.rand(length))
    assert made is not None
    assert 3 <= len(made.got_values) <= 200


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (torch.rand(7, 7), torch.rand(7, 7)),
        (torch.rand(2), torch.rand(2)),
        (torch.tensor(1.0), torch.tensor(2.0)),
        (torch.zeros(0, 8, 8), torch.zeros(0, 8, 8)),
        (torch.zeros(0), torch.zeros(5)),
        (torch.rand(8, 8).cfloat(), torch.rand(8, 8).cfloat()),
        (torch.rand(8, 8), torch.rand(9, 9)),
        (torch.rand(2, 5, 8, 8), torch.rand(2, 5, 8, 8)),
        (torch.rand(20_000), torch.rand(20_000)),
        (torch.rand(8, 5000), torch.rand(8, 5000)),
        (torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64)),
        (torch.tensor([1.0, math.nan, 2.0]), torch.rand(3)),
    ],
)
def test_nothing_is_shown_of_what_is_tiny_complex_huge_or_no_picture(got: torch.Tensor, expected: torch.Tensor) -> None:
    assert picture(got, expected) is None


@given(
    st.lists(st.sampled_from([0.0, 1.0, -3.0, 1e300, -1e300, 1e-300, math.nan, math.inf, -math.inf]), min_size=2),
    st.integers(0, 100),
)
def test_any_values_give_readable_pictures(values: list[float], seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    palette = torch.tensor(values, dtype=torch.float64)
    got, expected = (palette[torch.randint(len(values), (8, 9), generator=source)] for _ in range(2))
    for image in images(picture(got, expected)):
        assert image.size == (9, 8)


def test_nan_is_shown_as_a_difference() -> None:
    got = torch.zeros(8, 8)
    got[2, 3] = math.nan
    _, _, difference = images(picture(got, torch.zeros(8, 8)))
    assert difference.getpixel((3, 2)) != (255, 255, 255)
    assert difference.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16])
def test_masks_and_small_dtypes_are_shown_too(dtype: torch.dtype) -> None:
    images(picture(torch.ones(8, 8).to(dtype), torch.eye(8).to(dtype)))
