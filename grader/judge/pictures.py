"""Pictures where they say more than words: expected | got | difference, and curves."""

from __future__ import annotations

import base64
import io

import torch
from PIL import Image

from grader.judge.verdict import Picture

_SMALL = 1e-12
_LEAST_SIDE, _MOST_SIDE = 8, 256
_LARGEST_SIDE = 2048
_LEAST_POINTS, _MOST_POINTS = 3, 200


def picture(got: torch.Tensor, expected: torch.Tensor) -> Picture | None:
    """Show two tensors' difference, where they look like images or like curves.

    Args:
        got: The student's values.
        expected: The reference's; images need the same shape.

    Returns:
        The pictures; None where there is nothing to see.
    """
    if got.is_complex() or expected.is_complex() or not expected.numel():
        return None
    if got.ndim == expected.ndim == 1:
        return _curves(got, expected)
    if got.shape != expected.shape:
        return None
    ours, theirs = _sample(got.double(), expected.double())
    return None if ours is None or theirs is None else _images(ours, theirs)


def _curves(got: torch.Tensor, expected: torch.Tensor) -> Picture | None:
    floating = got.is_floating_point() and expected.is_floating_point()
    if not floating or not _LEAST_POINTS <= len(expected) <= 10_000 or not _LEAST_POINTS <= len(got) <= 10_000:
        return None
    if not bool(torch.isfinite(got).all() and torch.isfinite(expected).all()):
        return None
    return Picture("curve", expected_values=_points(expected), got_values=_points(got))


def _points(values: torch.Tensor) -> tuple[float, ...]:
    step = -(-len(values) // _MOST_POINTS)
    return tuple(float(f"{value:.6g}") for value in values[::step].tolist())


def _sample(got: torch.Tensor, expected: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The first image that differs, as (channels, height, width)."""
    shape = expected.shape
    if len(shape) == 2:
        got, expected = got[None, None], expected[None, None]
    elif len(shape) == 3:
        # (1|3, H, W) is one image, any other first dimension a batch of grey ones.
        got, expected = (got[None], expected[None]) if shape[0] in (1, 3) else (got[:, None], expected[:, None])
    elif len(shape) != 4 or shape[1] not in (1, 3):
        return None, None
    if min(shape[-2:]) < _LEAST_SIDE or max(shape[-2:]) > _LARGEST_SIDE:
        return None, None
    # Rounding differs everywhere; a hundredth of the worst difference is where something is to be seen.
    off = (got - expected).abs().masked_fill(got == expected, 0).nan_to_num(nan=torch.inf, posinf=torch.inf)
    worst = off.flatten(1).amax(1)
    first = int((worst >= worst.max() / 100).int().argmax())
    return got[first], expected[first]


def _images(got: torch.Tensor, expected: torch.Tensor) -> Picture:
    low, high = _range(expected)
    if high <= low:
        low, high = _range(got)
    off = torch.where(got == expected, 0.0, got - expected)
    _, most = _range(off.abs())
    # The channel that is off most: a mean would hide channels that are swapped.
    off = off.nan_to_num(nan=most or 1.0, posinf=most or 1.0, neginf=-most or -1.0)
    off = off.gather(0, off.abs().argmax(0, keepdim=True))[0]
    return Picture(
        "images",
        expected=_png(_scaled(expected, low, high)),
        got=_png(_scaled(got, low, high)),
        difference=_png(_diverging(off / max(most, float(off.abs().max()), _SMALL))),
    )


def _range(values: torch.Tensor) -> tuple[float, float]:
    """The least and the largest finite value; 0 and 0 where there is none."""
    finite = values[torch.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)


def _scaled(values: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Values as shades from 0 to 1; NaN is the darkest, infinities the darkest and the lightest."""
    span = max(high / 2 - low / 2, _SMALL)  # halves: the range of very large values may be no float64
    return ((values / 2 - low / 2) / span).nan_to_num(nan=0.0, posinf=1.0, neginf=0.0)


def _diverging(values: torch.Tensor) -> torch.Tensor:
    """Blue for too little, white for right, orange for too much; values -1 to 1, shape (H, W)."""
    less, more = (-values).clamp(0, 1), values.clamp(0, 1)
    white = torch.ones_like(values)
    blue = torch.tensor([0.13, 0.38, 0.68], dtype=values.dtype)
    orange = torch.tensor([0.85, 0.40, 0.05], dtype=values.dtype)
    channels = [white - less * (1 - blue[i]) - more * (1 - orange[i]) for i in range(3)]
    return torch.stack(channels)


def _png(image: torch.Tensor) -> str:
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    array = pixels[0].numpy() if pixels.shape[0] == 1 else pixels.permute(1, 2, 0).contiguous().numpy()
    made = Image.fromarray(array)
    longest = max(made.size)
    if longest > _MOST_SIDE:
        share = _MOST_SIDE / longest
        made = made.resize((max(1, round(made.width * share)), max(1, round(made.height * share))))
    data = io.BytesIO()
    made.save(data, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
