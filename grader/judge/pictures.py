"""Pictures where they say more than words: expected | got | difference, and curves."""

from __future__ import annotations

import base64
import io

import torch
from PIL import Image

from grader.judge.verdict import Picture

_LEAST_SIDE, _MOST_SIDE = 8, 256
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
    if min(got.shape[2:]) < _LEAST_SIDE or not got.shape[0]:
        return None, None
    wrong = (~(got == expected)).flatten(1).any(1)
    first = int(wrong.int().argmax())
    return got[first], expected[first]


def _images(got: torch.Tensor, expected: torch.Tensor) -> Picture:
    low, high = float(expected.nan_to_num().min()), float(expected.nan_to_num().max())
    if high <= low:
        low, high = float(got.nan_to_num().min()), float(got.nan_to_num().max())
    scale = max(high - low, 1e-12)
    difference = (got - expected).nan_to_num().mean(0)
    most = max(float(difference.abs().max()), 1e-12)
    return Picture(
        "images",
        expected=_png((expected.nan_to_num() - low) / scale),
        got=_png((got.nan_to_num() - low) / scale),
        difference=_png(_diverging(difference / most)),
    )


def _diverging(values: torch.Tensor) -> torch.Tensor:
    """Blue for too little, white for right, orange for too much; values -1 to 1, shape (H, W)."""
    less, more = (-values).clamp(0, 1), values.clamp(0, 1)
    white = torch.ones_like(values)
    blue = torch.tensor([0.13, 0.38, 0.68], dtype=values.dtype)
    orange = torch.tensor([0.85, 0.40, 0.05], dtype=values.dtype)
    channels = [white - less * (1 - blue[i]) - more * (1 - orange[i]) for i in range(3)]
    return torch.stack(channels)


def _png(image: torch.Tensor) -> str:
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)[:, :2048, :2048]
    array = pixels[0].numpy() if pixels.shape[0] == 1 else pixels.permute(1, 2, 0).contiguous().numpy()
    made = Image.fromarray(array)
    longest = max(made.size)
    if longest > _MOST_SIDE:
        share = _MOST_SIDE / longest
        made = made.resize((max(1, round(made.width * share)), max(1, round(made.height * share))))
    data = io.BytesIO()
    made.save(data, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
