"""What the reference observes, kept in a folder: all processes that grade a class with one seed observe it once."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from grader.authoring.spec import CheckSpec
from grader.files import write_atomically
from grader.grading.recording import ReferenceOutcomes
from grader.grading.reference import ReferenceSource
from grader.grading.submission import environment
from grader.wire.body import read_body
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome, Stopped

T = TypeVar("T")
_VALUES = 1_000_000

Outcomes = dict[str, Outcome]


class KeptReference:
    """A reference whose outcomes are looked up in a folder first, and put there when somebody has observed them.

    One process observes while the others that want the same wait for it; one that is killed meanwhile lets go. What
    cannot be read, or written, is observed as if there were no folder. An outcome that had to be stopped is not kept:
    it may pass on a machine that is less busy.

    Args:
        source: Where outcomes come from that are not there yet.
        folder: Where they are kept: another one for each assignment, seed, device and version of the grader.
    """

    def __init__(self, source: ReferenceSource, folder: Path) -> None:
        self._source = source
        self._folder = folder / _computed_by()
        self._ready = False

    def prepare(self) -> None:
        """Nothing to do: the solution notebook runs where something has to be observed."""

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        """What the reference observes in some checks, by check."""
        kind, names = dict[str, ReferenceOutcomes], [check.name for check in checks]
        return self._once("observe", names, kind, partial(self._source.observe, checks), _of_references)

    def rehearsed(self, checks: Sequence[CheckSpec]) -> Outcomes:
        """What it observes on the simulated device, by check."""
        names = [check.name for check in checks]
        return self._once("rehearsed", names, Outcomes, lambda: self._source.rehearsed(checks) or {}, _of_checks)

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, Outcomes]:
        """What each misconception of an exercise seems to observe in its checks, by name and check."""
        names = [exercise, *(check.name for check in checks)]
        kind = dict[str, Outcomes]
        return self._once("variants", names, kind, partial(self._source.variants, exercise, checks), _of_variants)

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> Outcomes:
        """What one misconception observes in some checks, by check."""
        names = [name, *(check.name for check in checks)]
        return self._once("variant", names, Outcomes, partial(self._source.variant, name, checks), _of_checks)

    def close(self) -> None:
        """Let go of whatever runs."""
        self._source.close()

    def _once(
        self,
        what: str,
        names: Sequence[str],
        kind: type[T],
        ask: Callable[[], T],
        outcomes: Callable[[T], Iterable[Outcome]],
    ) -> T:
        place = self._folder / f"{what}-{_digest(names)}.bin"
        with contextlib.suppress(OSError, WireError):
            return read_body(place.read_bytes(), kind, _VALUES)
        with _alone(place):
            with contextlib.suppress(OSError, WireError):
                return read_body(place.read_bytes(), kind, _VALUES)
            if not self._ready:
                self._source.prepare()
                self._ready = True
            found = ask()
            if not any(isinstance(outcome, Stopped) for outcome in outcomes(found)):
                with contextlib.suppress(OSError):
                    write_atomically(place, msgspec.msgpack.encode(found))
            return found


def _computed_by() -> str:
    """A digest of what besides its input decides an observation: Python, torch and the kind of processor."""
    facts = [f"{name} {value}" for name, value in sorted(environment().items())]
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        # As kinds of processors are called there by different ones (proc(5)).
        facts += [line for line in lines if line.partition("\t")[0] in ("model name", "CPU part")][:1]
    return _digest(facts)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def _of_checks(found: Outcomes) -> Iterable[Outcome]:
    return found.values()


def _of_variants(found: dict[str, Outcomes]) -> Iterable[Outcome]:
    return (outcome for each in found.values() for outcome in each.values())


def _of_references(found: dict[str, ReferenceOutcomes]) -> Iterable[Outcome]:
    return (o for each in found.values() for o in (each.float32, each.float64) if o is not None)


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep other processes from the same place meanwhile, where the file system can (flock(2))."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if sys.platform != "win32":
                import fcntl

                lock = held.enter_context(place.with_suffix(".lock").open("wb"))
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
