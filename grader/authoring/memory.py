"""Which tensors share memory, and what a call kept alive for the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch


def shares_storage(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Tell whether two tensors are views of the same memory.

    Example:
        >>> x = torch.zeros(2, 3)
        >>> shares_storage(x, x.T), shares_storage(x, x.clone())
        (True, False)
    """
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def aliases(tensors: Mapping[str, Any]) -> list[list[str]]:
    """Group named tensors by the memory they view.

    Args:
        tensors: Tensors by the names a student will read; anything else is left out.

    Returns:
        The groups of two or more names, each sorted.

    Example:
        >>> x = torch.zeros(2)
        >>> aliases({"input": x, "output": x.view(2, 1), "copy": x.clone()})
        [['input', 'output']]
    """
    groups: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, torch.Tensor) and tensor.numel():
            groups.setdefault(tensor.untyped_storage().data_ptr(), []).append(name)
    return sorted(sorted(names) for names in groups.values() if len(names) > 1)


@dataclass
class SavedTensors:
    """What autograd kept for the backward pass inside a `saved_tensors` block."""

    count: int = 0
    bytes: int = 0


@contextmanager
def saved_tensors() -> Iterator[SavedTensors]:
    """Count the tensors that autograd saves for the backward pass: none under ``no_grad``.

    It measures on a CPU what GPU memory would show (``torch.autograd.graph.saved_tensors_hooks``).

    Yields:
        A tally that is complete when the block ends.

    Example:
        >>> w = torch.ones(2, requires_grad=True)
        >>> with saved_tensors() as saved, torch.no_grad():
        ...     y = w * w
        >>> saved.count
        0
    """
    tally = SavedTensors()

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        tally.count += 1
        tally.bytes += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield tally
