"""How much may cross at once."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True)
class WireLimits:
    """Bounds on an observation or a message, checked before anything is read or allocated.

    Attributes:
        header_bytes: JSON header.
        body_bytes: Body; of an observation, the values of all its tensors and arrays together.
        depth_levels: How many containers may lie inside each other; for a message, levels of its JSON header.
        nodes: Values in one observation, containers and leaves counted alike.
        string_bytes: One text in UTF-8, one dict key, or one bytes value.
        tensors: Tensors and arrays in one observation.
        tensor_dims: Dimensions of one tensor.

    Example:
        >>> WireLimits(body_bytes=1000).depth_levels
        16
    """

    header_bytes: int = _MIB
    body_bytes: int = 64 * _MIB
    depth_levels: int = 16
    nodes: int = 50_000
    string_bytes: int = 64 * 1024
    tensors: int = 512
    tensor_dims: int = 8
