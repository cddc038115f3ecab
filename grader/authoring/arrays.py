"""Files of ``numpy.save`` and ``numpy.savez``: what a header declares is checked before anything is allocated."""

from __future__ import annotations

import io
import math
from pathlib import PurePath
from tokenize import TokenError
from typing import Any

import numpy as np
import torch

from grader.authoring.badweights import BadWeights
from grader.intake.archive import listed, taken
from grader.intake.limits import IntakeLimits
from grader.intake.names import shown

_DTYPES = frozenset(
    ["bool", "float16", "float32", "float64", "complex64", "complex128"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_MOST_ELEMENTS = 1 << 40
_ENTRIES = 10_000


def read_npy(file: str, data: bytes, _: int) -> dict[str, torch.Tensor]:
    """Read an .npy file; see `grader.authoring.weights.load_weights`.

    Args:
        file: The file's name for messages.
        data: The file's bytes; the values take no more than these.

    Returns:
        The one array by the file's name without its ending.

    Raises:
        BadWeights: It is damaged, or holds anything but numbers.
    """
    return {PurePath(file).stem: _tensor(file, data)}


def read_npz(file: str, data: bytes, max_bytes: int) -> dict[str, torch.Tensor]:
    """Read an .npz file; see `grader.authoring.weights.load_weights`.

    Args:
        file: The file's name for messages.
        data: The file's bytes.
        max_bytes: The most that it may unpack to.

    Returns:
        The arrays by their names.

    Raises:
        BadWeights: One is damaged, or holds anything but numbers.
        BadHandIn: It is no zip archive, damaged or too large.
    """
    limits = IntakeLimits(total_bytes=max_bytes, file_bytes=max_bytes, entries=_ENTRIES)
    names = listed(data, limits)
    for name in names:
        if not name.endswith(".npy"):
            raise BadWeights(f"{file} holds {shown(name)}, which is no array: save the arrays with numpy.savez")
    found = taken(data, names, limits)
    return {name.removesuffix(".npy"): _tensor(f"{file}: {shown(name)}", found.pop(name)) for name in names}


def _tensor(at: str, data: bytes) -> torch.Tensor:
    stream = io.BytesIO(data)
    try:
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except (ValueError, LookupError, TypeError, SyntaxError, TokenError, MemoryError, RecursionError):
        raise BadWeights(f"{at} is no numpy array, or damaged") from None
    _refuse(at, shape, dtype, len(data) - stream.tell())
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
        return torch.from_numpy(np.array(array, dtype=dtype.newbyteorder("="), order="C"))
    except (ValueError, TypeError, OverflowError, MemoryError):
        raise BadWeights(f"{at} is no numpy array, or damaged") from None


def _refuse(at: str, shape: tuple[int, ...], dtype: np.dtype[Any], held_bytes: int) -> None:
    if dtype.hasobject:
        raise BadWeights(f"{at} holds more than weights: Python objects, as a pickle that can run code")
    if dtype.newbyteorder("=").name not in _DTYPES:
        raise BadWeights(f"{at} holds {str(dtype)[:80]}, which are no numbers that torch knows")
    if any(length < 0 for length in shape) or math.prod(length or 1 for length in shape) > _MOST_ELEMENTS:
        raise BadWeights(f"{at} declares an impossible shape")
    declared_bytes = math.prod(shape) * dtype.itemsize
    if declared_bytes != held_bytes:
        raise BadWeights(f"{at} declares {declared_bytes:,} bytes of values but holds {held_bytes:,}")
