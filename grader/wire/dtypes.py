"""The number types that cross, by the name they cross under."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import torch

DTYPES: Final[Mapping[str, torch.dtype]] = MappingProxyType(
    {
        str(dtype).removeprefix("torch."): dtype
        for dtype in (
            torch.bool,
            torch.uint8,
            torch.uint16,
            torch.uint32,
            torch.uint64,
            torch.int8,
            torch.int16,
            torch.int32,
            torch.int64,
            torch.float16,
            torch.bfloat16,
            torch.float32,
            torch.float64,
            torch.complex64,
            torch.complex128,
        )
    }
)


def stride_elements(shape: Sequence[int]) -> int:
    """Count the elements of a shape, a dimension of 0 counted as 1.

    torch multiplies the dimensions into strides even where one of them is 0 and the tensor is empty, so this
    number, not the count of elements, is what must stay small.

    Args:
        shape: Dimensions.

    Returns:
        Their product.

    Example:
        >>> stride_elements((0, 5)), stride_elements(())
        (5, 1)
    """
    return math.prod(max(size, 1) for size in shape)
