"""Pictures of a difference made fit for a page: PNG data that is really PNG, and two curves as lines to draw."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct

import msgspec

_PNG_URI = re.compile(r"data:image/png;base64,([A-Za-z0-9+/]+={0,2})")
_LARGEST_URI = 4_000_000
_LARGEST_SIDE = 8_192
_MOST_POINTS = 600


class Image(msgspec.Struct, frozen=True):
    """A PNG that a page may show.

    Attributes:
        uri: The data URI.
        width: Pixels.
        height: Pixels.
    """

    uri: str
    width: int
    height: int

    @property
    def small(self) -> bool:
        """Whether its pixels should be shown as squares when it is enlarged."""
        return max(self.width, self.height) <= 160


class Tick(msgspec.Struct, frozen=True):
    """A labelled place on an axis: `at` in percent from the left or from the top."""

    at: float
    label: str


class Plot(msgspec.Struct, frozen=True):
    """Two curves in a box of 1000 by 1000.

    Attributes:
        expected: SVG path data of the expected values.
        got: SVG path data of the values that came.
        x_ticks: Steps, from the left.
        y_ticks: Values, from the top.
        summary: What the curves say, for who cannot see them.
    """

    expected: str
    got: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    summary: str


def image(uri: str) -> Image | None:
    """Read a data URI as a PNG to show; None for anything else, so that no page ever holds another address.

    Args:
        uri: "data:image/png;base64,…".

    Returns:
        The image with its size in pixels, or None for what is no PNG, is over 4 MB or over 8,192 pixels a side.
    """
    if len(uri) > _LARGEST_URI:
        return None
    match = _PNG_URI.fullmatch(uri)
    if match is None:
        return None
    try:
        head = base64.b64decode(match[1][:32], validate=True)
    except binascii.Error:
        return None
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        return None
    return Image(uri, width, height)


def plot(expected: tuple[float, ...], got: tuple[float, ...]) -> Plot:
    """Draw two curves over the same steps.

    Args:
        expected: The reference's values, one a step.
        got: The submission's; NaN and infinities leave a gap.

    Returns:
        Paths and ticks; both curves share the axes, so that they can be compared.

    Example:
        >>> plot((0.0, 1.0), (0.0, 0.5)).expected
        'M0 954.5L1000 45.45'
    """
    finite = [value for value in (*expected, *got) if math.isfinite(value)]
    ticks = _nice_ticks(min(finite, default=0.0), max(finite, default=1.0))
    low, high = _padded(min(finite, default=0.0), max(finite, default=1.0))
    steps = max(len(expected), len(got), 2) - 1
    return Plot(
        expected=_path(expected, steps, low, high),
        got=_path(got, steps, low, high),
        x_ticks=tuple(Tick(round(100 * step / steps, 2), str(step)) for step in sorted({0, steps // 2, steps})),
        y_ticks=tuple(Tick(round(100 * (high - tick) / (high - low), 2), _label(tick, ticks)) for tick in ticks),
        summary=f"Expected: {_in_words(expected)}. Got: {_in_words(got)}.",
    )


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _path(values: tuple[float, ...], steps: int, low: float, high: float) -> str:
    stride = max(1, math.ceil(len(values) / _MOST_POINTS))
    kept = sorted({*range(0, len(values), stride), *([len(values) - 1] if values else [])})
    path, pen = [], "M"
    for step in kept:
        if not math.isfinite(values[step]):
            pen = "M"
            continue
        x, y = 1000 * step / steps, 1000 * (high - values[step]) / (high - low)
        path.append(f"{pen}{x:.6g} {y:.4g}")
        pen = "L"
    return "".join(path)


def _nice_ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that span the values."""
    span = high - low
    if not math.isfinite(span) or span <= abs(high) * 1e-9:
        return [low] if low == high else [low, high]
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= span / 5)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * index for index in range(first, last + 1)]


def _label(value: float, ticks: list[float]) -> str:
    largest = max(abs(tick) for tick in ticks)
    return f"{0.0 if abs(value) < largest * 1e-9 else value:.4g}"


def _in_words(values: tuple[float, ...]) -> str:
    if not values:
        return "no values"
    return f"{len(values)} values from {values[0]:.4g} to {values[-1]:.4g}"
