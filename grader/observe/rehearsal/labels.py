"""Which device a tensor is said to be on: written on its storage, so that all views agree and no label outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import torch

from grader.authoring.spec import REHEARSAL

_LABEL = "_rehearsed_place"


class Place(Enum):
    """Where a storage is said to be."""

    CPU = "cpu"
    DEVICE = f"{REHEARSAL}:0"
    ANYWHERE = "anywhere"  # made by torch's own C++ beside an operand's options, which know no label: it joins the rest


def place_of(tensor: torch.Tensor) -> Place | None:
    """Read a tensor's label.

    Args:
        tensor: Any tensor.

    Returns:
        Its place; None for one that is not on the CPU at all, such as a meta tensor.
    """
    places = [_read(storage) for storage in _storages(tensor)]
    return places[0] if places else None


def put(tensor: torch.Tensor, place: Place) -> None:
    """Label the memory of a tensor, and so every view of it."""
    for storage in _storages(tensor):
        setattr(storage, _LABEL, place)


def copy_label(source: torch.UntypedStorage, copy: torch.UntypedStorage) -> None:
    """Say that a copy of a storage is where its source is."""
    setattr(copy, _LABEL, _read(source))


def storage_place(storage: torch.UntypedStorage) -> Place:
    """Read the label of a storage."""
    return _read(storage)


def put_storage(storage: torch.UntypedStorage, place: Place) -> None:
    """Label a storage."""
    setattr(storage, _LABEL, place)


def _read(storage: torch.UntypedStorage) -> Place:
    place: Place = getattr(storage, _LABEL, Place.CPU)
    return place


def _storages(tensor: torch.Tensor) -> Iterator[torch.UntypedStorage]:
    """The memory of a tensor: one storage, or those of a sparse tensor's parts."""
    with torch._C.DisableTorchFunction():
        plain: Any = tensor
        while torch._C._functorch.is_functorch_wrapped_tensor(plain):
            plain = torch._C._functorch.get_unwrapped(plain)
        if torch._C.TensorBase.device.__get__(plain).type != "cpu":
            return
        if plain.layout is torch.strided:
            yield plain.untyped_storage()
        elif plain.layout is torch.sparse_coo:
            yield plain._values().untyped_storage()
            yield plain._indices().untyped_storage()
        elif plain.layout in (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc):
            yield plain.values().untyped_storage()
