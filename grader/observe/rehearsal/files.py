"""Files of torch.save: what was on the simulated device is saved as such, and comes back there."""

from __future__ import annotations

from typing import Any

import torch

from grader.authoring.spec import REHEARSAL
from grader.observe.rehearsal.labels import Place, copy_label, put_storage, storage_place
from grader.observe.rehearsal.targets import DEVICE

PRIORITY = 5  # torch's own for the CPU has 10, and would take every storage here for its own


def tag(storage: Any) -> str | None:
    """The location that a file gives for a storage; None leaves it to torch."""
    return None if storage_place(_untyped(storage)) is Place.CPU else DEVICE


def restore(storage: Any, location: str) -> Any:
    """Put a storage that was read where the file or map_location says; None leaves it to torch."""
    if not location.startswith(REHEARSAL):
        return None
    put_storage(_untyped(storage), Place.DEVICE)
    return storage


def cloned(storage: torch.UntypedStorage) -> torch.UntypedStorage:
    """UntypedStorage.clone, on which copy.deepcopy is built."""
    copy = type(storage)(storage.nbytes(), device="cpu").copy_(storage, False)
    copy_label(storage, copy)
    return copy


def _untyped(storage: Any) -> torch.UntypedStorage:
    inner: torch.UntypedStorage = getattr(storage, "_untyped_storage", storage)
    return inner
