"""What a process needs of the system to use an NVIDIA GPU: device nodes, the driver's libraries and its files."""

from __future__ import annotations

import os
from pathlib import Path

# The driver's parameters, which device numbers it has, and how memory and the machine's nodes are laid out.
_FACTS = ("/proc/driver/nvidia", "/proc/devices", "/proc/sys/vm", "/proc/version", "/sys/bus/pci", "/sys/module/nvidia")
_DRIVER = ("libcuda.so*", "libnvidia-ml.so*")


def devices() -> tuple[str, ...]:
    """The device nodes that CUDA needs, where there are any; nvidia-uvm-tools too, without which new drivers fail."""
    found = [str(path) for path in Path("/dev").glob("nvidia*") if not path.is_dir()]
    found += [str(path) for path in Path("/dev/nvidia-caps").glob("*")]
    return (*sorted(found), *(["/dev/dxg"] if Path("/dev/dxg").exists() else []))


def libraries() -> tuple[str, ...]:
    """The folders outside the system's own that hold the driver's libraries: clouds name them in LD_LIBRARY_PATH."""
    named = [Path(name) for name in os.environ.get("LD_LIBRARY_PATH", "").split(":") if name.startswith("/")]
    return tuple(str(folder) for folder in named if any(next(folder.glob(name), None) for name in _DRIVER))


def read() -> tuple[str, ...]:
    """What the driver's libraries read besides, where a process has no root of its own."""
    return (*_FACTS, *libraries())


def own_process() -> str:
    """Where the driver names this process's threads; Landlock looks a path up once, so it is no /proc/self."""
    return f"/proc/{os.getpid()}"
