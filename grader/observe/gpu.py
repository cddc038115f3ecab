"""What the driver says of the GPUs, asked from outside with its own library (NVML), which starts no CUDA.

Structures and constants are those of nvml.h; a number that the driver does not know is all ones.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterable
from typing import Protocol

_SUCCESS, _TOO_SMALL = 0, 7
_UNKNOWN = 2**64 - 1
_LETTERS = 96
_MOST_PROCESSES = 4096


class GpuMemory(Protocol):
    """Says how much of the GPUs processes hold."""

    def held_bytes(self, pids: Iterable[int]) -> int | None:
        """GPU memory that some processes hold together; None where the driver does not tell."""


class _Process(ctypes.Structure):
    """nvmlProcessInfo_t, as of version 2."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used_bytes", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The driver's library; `open_nvml` makes one.

    Args:
        library: The library, loaded and initialised.
        handles: Its handle of each GPU, in the order of their places on the bus.
    """

    def __init__(self, library: ctypes.CDLL, handles: tuple[ctypes.c_void_p, ...]) -> None:
        self._library = library
        self._handles = handles

    @property
    def count(self) -> int:
        """How many GPUs the machine has, visible to CUDA or not."""
        return len(self._handles)

    @property
    def driver(self) -> str:
        """The driver's version."""
        return _text(lambda buffer: self._library.nvmlSystemGetDriverVersion(buffer, _LETTERS))

    def name(self, index: int) -> str:
        """What a GPU is called, such as "NVIDIA H100 80GB HBM3"."""
        return _text(lambda buffer: self._library.nvmlDeviceGetName(self._handles[index], buffer, _LETTERS))

    def used_bytes(self, index: int) -> int:
        """What all processes together hold of a GPU, and the driver itself; 0 where it does not tell."""
        memory = _Memory()
        known = self._library.nvmlDeviceGetMemoryInfo(self._handles[index], ctypes.byref(memory)) == _SUCCESS
        return int(memory.used) if known else 0

    def held_bytes(self, pids: Iterable[int]) -> int | None:
        """GPU memory that some processes hold together.

        Args:
            pids: Their ids as this process sees them.

        Returns:
            Bytes, on all GPUs; None where the driver names none of them, or not what it holds (in some containers, on
            a part of a GPU, on Windows).
        """
        wanted, held = frozenset(pids), [self._processes(handle) for handle in self._handles]
        own = [used for found in held for pid, used in found if pid in wanted]
        return None if not own or _UNKNOWN in own else sum(own)

    def _processes(self, handle: ctypes.c_void_p) -> list[tuple[int, int]]:
        room = 64
        while room <= _MOST_PROCESSES:
            count, found = ctypes.c_uint(room), (_Process * room)()
            said = self._library.nvmlDeviceGetComputeRunningProcesses_v3(handle, ctypes.byref(count), found)
            if said == _SUCCESS:
                return [(found[i].pid, found[i].used_bytes) for i in range(count.value)]
            if said != _TOO_SMALL:
                return []
            room *= 4
        return []


def open_nvml() -> Nvml | None:
    """The driver's library; None where there is no driver, or one that is too old."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libnvidia-ml.so.1")
        count = ctypes.c_uint()
        if library.nvmlInit_v2() == _SUCCESS and library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == _SUCCESS:
            handles = []
            for index in range(count.value):
                handle = ctypes.c_void_p()
                if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == _SUCCESS:
                    handles.append(handle)
            # Looked up here, so that an older driver is told now.
            library.nvmlDeviceGetComputeRunningProcesses_v3  # noqa: B018
            return Nvml(library, tuple(handles))
    return None


def gpus(nvml: Nvml | None) -> tuple[str, ...]:
    """The GPUs that CUDA may use here, each as CUDA_VISIBLE_DEVICES names it.

    Args:
        nvml: The driver's library; None where there is none.

    Returns:
        Such as ``("0", "1")``; what CUDA_VISIBLE_DEVICES says already where it says anything.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(name.strip() for name in named.split(",") if name.strip() and name.strip() != "-1")
    return tuple(str(index) for index in range(nvml.count if nvml else 0))


def _text(ask: Callable[[ctypes.Array[ctypes.c_char]], int]) -> str:
    buffer = ctypes.create_string_buffer(_LETTERS)
    return buffer.value.decode(errors="replace") if ask(buffer) == _SUCCESS else ""
