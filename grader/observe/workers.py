"""Loader workers where none can run: without namespaces no socket and no shared memory is safe to give."""

from __future__ import annotations

import inspect
from typing import Any

_FOR_WORKERS_ONLY = ("multiprocessing_context", "prefetch_factor", "persistent_workers", "timeout")


def load_without_workers() -> None:
    """Make every DataLoader of this process load in the process itself, whatever number of workers it is given."""
    from torch.utils.data import DataLoader

    original = DataLoader.__init__
    signature = inspect.signature(original)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs)
        if given.arguments.get("num_workers"):
            given.arguments["num_workers"] = 0
            for name in _FOR_WORKERS_ONLY:
                given.arguments.pop(name, None)
        original(*given.args, **given.kwargs)

    DataLoader.__init__ = init  # type: ignore[method-assign]
