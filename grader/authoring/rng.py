"""Seeded inputs for checks: the same values for student and reference, on any device, in any precision."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

T = TypeVar("T")


class Rng:
    """A source of inputs that depends on its seed and on the order of calls, and on nothing else.

    Every call draws from a stream of its own, so that what one call consumes (a student's model may have more
    layers than expected) never shifts the next. The bits come from Philox (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", SC 2011), whose raw output numpy keeps stable between versions; Python's,
    numpy's and torch's global generators are neither read nor moved.

    Floating-point values are rounded to float32 first, so that a float64 run gets the very same inputs.

    Args:
        seed: Any text; equal seeds give equal values.
        device: Where the tensors are made.
        dtype: Floating-point type of the tensors, unless a call names another.

    Example:
        >>> Rng("a").normal(2, 3).shape
        torch.Size([2, 3])
        >>> torch.equal(Rng("a").uniform(4), Rng("a").uniform(4))
        True
    """

    def __init__(self, seed: str, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self.seed = seed
        self.device = torch.device(device)
        self.dtype = dtype
        self._calls = 0
        self._philox = np.random.Philox(0)

    def normal(
        self, *shape: int, mean: float = 0.0, std: float = 1.0, dtype: torch.dtype | None = None
    ) -> torch.Tensor:
        """Normally distributed values.

        Args:
            *shape: The tensor's shape; none gives a 0-d tensor.
            mean: Their mean.
            std: Their standard deviation.
            dtype: Floating-point type; this generator's where None.

        Returns:
            A tensor of that shape on this generator's device.
        """
        return self._tensor(_normal(self._stream(), shape) * std + mean, dtype)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype | None = None
    ) -> torch.Tensor:
        """Values spread evenly over [low, high); arguments as for `normal`."""
        return self._tensor(_uniform(self._stream(), shape) * (high - low) + low, dtype)

    def integers(self, low: int, high: int, *shape: int, dtype: torch.dtype = torch.int64) -> torch.Tensor:
        """Whole numbers from low up to, not including, high.

        Args:
            low: The smallest value.
            high: One above the largest.
            *shape: The tensor's shape.
            dtype: An integer type (uint8 makes pixels).

        Returns:
            A tensor of that shape on this generator's device.

        Example:
            >>> Rng("a").integers(0, 256, 2, 20, 28, dtype=torch.uint8).dtype
            torch.uint8
        """
        return torch.from_numpy(self._integers(low, high, shape)).to(self.device, dtype)

    def integer(self, low: int, high: int) -> int:
        """One whole number from low up to, not including, high."""
        return int(self._integers(low, high, ()))

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """One Python float from [low, high)."""
        return float(np.float32(_uniform(self._stream(), ()) * (high - low) + low))

    def permutation(self, n: int) -> list[int]:
        """The numbers 0 to n - 1 in random order."""
        return [int(i) for i in np.argsort(_uniform(self._stream(), (n,)), kind="stable")]

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options))]

    def bytes(self, n: int) -> bytes:
        """Random bytes."""
        return self._integers(0, 256, (n,)).astype(np.uint8).tobytes()

    def generator(self, device: str | torch.device = "cpu") -> torch.Generator:
        """A seeded ``torch.Generator`` to hand to the code under check: for a loader's order on the CPU, as a rule.

        Args:
            device: Where the numbers are needed; ``rng.device`` for those that fill tensors there.

        Returns:
            The generator.
        """
        return torch.Generator(device=device).manual_seed(self.integer(0, 2**31))

    def fill(self, module: nn.Module, std: float | None = None) -> nn.Module:
        """Give every parameter seeded values, in place, whatever the layers are called, on this generator's device.

        The k-th parameter of a shape gets the same values in every module, so that student and reference
        compute with equal weights although their names, and the order of layers of other shapes, differ.

        Args:
            module: Any module; tied parameters are filled once, buffers are only moved.
            std: Standard deviation of the values; 1 / sqrt(fan-in) where None (0.5 for one dimension).

        Returns:
            The module.

        Example:
            >>> a, b = nn.Linear(3, 2), nn.Linear(3, 2)
            >>> torch.equal(Rng("s").fill(a).weight, Rng("s").fill(b).weight)
            True
        """
        call, seen = self._next_call(), Counter[tuple[int, ...]]()
        if self.device.type != "cpu":
            module.to(self.device)
        with torch.no_grad():
            for parameter in module.parameters():
                shape = tuple(parameter.shape)
                stream = self._stream(f"{call}/{shape}/{seen[shape]}")
                seen[shape] += 1
                scale = std if std is not None else _fan_in_scale(shape)
                parameter.copy_(torch.from_numpy(_normal(stream, shape).astype(np.float32) * np.float32(scale)))
        return module

    def _tensor(self, values: npt.NDArray[np.float64], dtype: torch.dtype | None) -> torch.Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).to(self.device, dtype or self.dtype)

    def _integers(self, low: int, high: int, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        if high <= low:
            raise ValueError(f"integers need low < high, got low={low}, high={high}")
        return np.asarray(np.floor(_uniform(self._stream(), shape) * (high - low)) + low, np.int64)

    def _next_call(self) -> int:
        self._calls += 1
        return self._calls

    def _stream(self, name: str | None = None) -> np.random.Philox:
        name = name if name is not None else str(self._next_call())
        key = np.frombuffer(hashlib.sha256(f"{self.seed}/{name}".encode()).digest()[:16], np.uint64)
        # As np.random.Philox(key=key), which would ask the system for randomness first and take seven times as long.
        self._philox.state = {
            "bit_generator": "Philox",
            "state": {"counter": np.zeros(4, np.uint64), "key": key},
            "buffer": np.zeros(4, np.uint64),
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._philox


def _uniform(stream: np.random.Philox, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    raw = np.asarray(stream.random_raw(math.prod(shape)), np.uint64).reshape(shape)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _normal(stream: np.random.Philox, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    # Box and Muller, "A note on the generation of random normal deviates" (1958): needs log, sqrt and cos only.
    u = _uniform(stream, (2, math.prod(shape)))
    radius = np.sqrt(-2.0 * np.log1p(-u[0]))
    return np.asarray(radius * np.cos(2.0 * math.pi * u[1])).reshape(shape)


def _fan_in_scale(shape: tuple[int, ...]) -> float:
    return 1.0 / math.sqrt(max(1, math.prod(shape[1:]))) if len(shape) > 1 else 0.5
