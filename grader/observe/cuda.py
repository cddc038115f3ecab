"""A session's side of CUDA: exact arithmetic, a cap on its memory, and whether the device still answers.

All of it runs beside student code, which can undo it. What must hold is watched from outside (`grader.observe.watch`).
"""

from __future__ import annotations

import gc
import os
import warnings

import torch

_NOT_DETERMINISTIC = ".*does not have a deterministic implementation.*"


def hide() -> None:
    """Let this process see no CUDA device; to be called before it looks for one."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


def start(memory_bytes: int) -> None:
    """Start CUDA in this process, so that its start counts against no cell and no check.

    Args:
        memory_bytes: What torch's allocator may take of the device.

    Raises:
        RuntimeError: There is no device, or it cannot be used.
    """
    # cuBLAS reads it when it starts: without a workspace of fixed size its sums may come out in another order.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, memory_bytes / total), 0)
    exact()
    ones = torch.ones(2, 2, device="cuda")
    if float((ones @ ones).sum()) != 8.0:
        raise RuntimeError("the device multiplies wrongly")


def exact() -> None:
    """Have float32 computed in float32 and in an order that does not change, whatever a notebook has asked for."""
    warnings.filterwarnings("ignore", message=_NOT_DETERMINISTIC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of torch would like another spelling of the same
        torch.set_float32_matmul_precision("highest")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    # What has no deterministic kernel still runs: its noise is part of what is measured on the reference.
    torch.use_deterministic_algorithms(True, warn_only=True)


def tidy() -> None:
    """Give back what earlier checks have left of the device's memory."""
    gc.collect()
    try:
        torch.cuda.empty_cache()
    except RuntimeError:
        return  # the device does not answer any more; `sound` says so


def wait() -> None:
    """Wait for everything that was launched: what a kernel did wrong is raised here, and at no later check's expense.

    Raises:
        RuntimeError: A kernel failed.
    """
    torch.cuda.synchronize()


def sound() -> bool:
    """Whether the device still answers this process; after a failed assert or an illegal access it never does again."""
    try:
        wait()
        return bool(torch.ones(1, device="cuda").item() == 1.0)
    except torch.cuda.OutOfMemoryError:
        return True  # full is not broken
    except RuntimeError:
        return False
