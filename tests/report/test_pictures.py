"""Pictures: only real PNG data gets onto a page, and curves keep their shape."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.pictures import image, plot

VALUES = st.lists(st.floats(width=32), max_size=50).map(tuple)


def test_a_png_keeps_its_size(samples) -> None:
    picture = image(samples.png("got", side=20))
    assert picture is not None
    assert (picture.width, picture.height, picture.small) == (20, 20, True)


@pytest.mark.parametrize(
    "uri",
    [
        *("", "https://example.invalid/a.png", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,AAAA"),
        *("data:image/png;base64,AA AA", 'data:image/png;base64,AAAA" onload="x', "data:text/html,<script>"),
    ],
)
def test_anything_but_a_png_is_no_picture(uri: str) -> None:
    assert image(uri) is None


@given(VALUES, VALUES)
def test_any_two_curves_can_be_drawn(expected, got) -> None:
    drawn = plot(expected, got)
    numbers = [float(n) for n in re.findall(r"-?\d[\d.e+-]*", drawn.expected + drawn.got)]
    assert all(-1 <= number <= 1001 for number in numbers)
    assert all(0 <= tick.at <= 100 for tick in (*drawn.x_ticks, *drawn.y_ticks))


def test_values_that_are_not_finite_leave_a_gap() -> None:
    assert plot((0.0, 1.0, math.nan, 1.0, 0.0), ()).expected.count("M") == 2


def test_long_curves_are_thinned_and_keep_their_last_value() -> None:
    drawn = plot(tuple(float(n) for n in range(100_000)), (0.0,))
    assert len(drawn.expected) < 15_000
    assert "L1000 45.45" in drawn.expected


def test_ticks_are_round_numbers() -> None:
    assert [tick.label for tick in plot((0.1, 2.45), (0.2, 2.3)).y_ticks] == ["0.5", "1", "1.5", "2"]
