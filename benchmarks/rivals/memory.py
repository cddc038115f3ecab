"""How much memory a command and the processes that it starts hold, sampled while it runs."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.observe.processes import children

_SECONDS = 0.2


@dataclass(frozen=True)
class Memory:
    """What was held at most, in bytes of resident memory.

    Attributes:
        own_bytes: By the command's own process, as the kernel kept its peak.
        slot_bytes: By the largest process that it started itself.
        first_bytes: By its own process, in the median of the run's first tenth.
        last_bytes: The same of the last tenth.
    """

    own_bytes: int
    slot_bytes: int
    first_bytes: int
    last_bytes: int


def watch_memory(process: subprocess.Popen[bytes]) -> Memory:
    """Wait for a process, and look at its memory five times a second."""
    held: list[int] = []
    peak = slot = 0
    while process.poll() is None:
        resident, most = _status(process.pid)
        if resident:
            held.append(resident)
        peak = max(peak, most)
        slot = max([slot, *(_status(pid)[1] for pid in children(process.pid))])
        time.sleep(_SECONDS)
    tenth = max(1, len(held) // 10)
    return Memory(peak, slot, *(sorted(part)[len(part) // 2] if part else 0 for part in (held[:tenth], held[-tenth:])))


def _status(pid: int) -> tuple[int, int]:
    """What a process holds and the most that it held (proc(5), VmRSS and VmHWM); zeros where it has gone."""
    found = {"VmRSS": 0, "VmHWM": 0}
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0]) * 1024
    return found["VmRSS"], found["VmHWM"]
