"""What the reference observes is observed once, however many processes grade with it, and never believed blindly."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.authoring.spec import CheckSpec
from grader.grading import kept
from grader.grading.kept import KeptReference
from grader.grading.recording import ReferenceOutcomes
from grader.wire.outcome import Outcome, Returned, Stopped

CHECKS = tuple(
    CheckSpec(name=name, exercise="double", points=1.0, visibility="hidden", description="It is doubled.", compare={})
    for name in ("small", "large")
)
SEEN = Returned(b"seen")


class Counting:
    """A reference that counts what it is asked."""

    def __init__(self, outcome: Outcome = SEEN) -> None:
        self.asked: list[str] = []
        self.closed = False
        self._outcome = outcome

    def prepare(self) -> None:
        self.asked.append("prepare")

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        self.asked.append("observe")
        return {check.name: ReferenceOutcomes(self._outcome, SEEN) for check in checks}

    def rehearsed(self, checks: Sequence[CheckSpec]) -> dict[str, Outcome] | None:
        self.asked.append("rehearsed")
        return None

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        self.asked.append(f"variants of {exercise}")
        return {"adds_two": {check.name: self._outcome for check in checks}}

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        self.asked.append(name)
        return {check.name: self._outcome for check in checks}

    def close(self) -> None:
        self.closed = True


def everything(reference: KeptReference) -> list[object]:
    reference.prepare()
    return [
        reference.observe(CHECKS),
        reference.rehearsed(CHECKS),
        reference.variants("double", CHECKS),
        reference.variant("adds_two", CHECKS),
        reference.variant("adds_three", CHECKS[:1]),
    ]


ALL = ["prepare", "observe", "rehearsed", "variants of double", "adds_two", "adds_three"]


def test_a_second_process_looks_up_what_the_first_has_observed(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    found = everything(KeptReference(first, tmp_path))
    assert first.asked == ALL
    assert everything(KeptReference(second, tmp_path)) == found
    assert second.asked == []  # not even the solution notebook runs


def test_processes_that_ask_at_once_observe_once(tmp_path: Path) -> None:
    sources = [Counting() for _ in range(6)]
    together = threading.Barrier(len(sources))

    def ask(source: Counting) -> object:
        reference = KeptReference(source, tmp_path)
        together.wait()
        return reference.observe(CHECKS)

    with ThreadPoolExecutor(len(sources)) as processes:
        (found, *others) = processes.map(ask, sources)
    assert all(other == found for other in others)
    assert sum(source.asked.count("observe") for source in sources) == 1


def test_other_checks_are_observed_for_themselves(tmp_path: Path) -> None:
    source = Counting()
    reference = KeptReference(source, tmp_path)
    assert set(reference.observe(CHECKS[:1])) == {"small"}
    assert set(reference.observe(CHECKS[1:])) == {"large"}
    assert source.asked == ["prepare", "observe", "observe"]


def test_what_another_processor_or_version_of_torch_has_observed_is_not_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(KeptReference(Counting(), tmp_path))
    monkeypatch.setattr(kept, "environment", lambda: {"torch": "9.0"})
    source = Counting()
    everything(KeptReference(source, tmp_path))
    assert source.asked == ALL


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x81\xa1a\x01", b"\xdf\xff\xff\xff\xff"])
def test_a_damaged_file_is_observed_anew(tmp_path: Path, damage: bytes) -> None:
    found = everything(KeptReference(Counting(), tmp_path))
    for path in tmp_path.rglob("*.bin"):
        path.write_bytes(damage)
    source = Counting()
    assert everything(KeptReference(source, tmp_path)) == found
    assert source.asked == ALL


def test_what_had_to_be_stopped_is_not_kept(tmp_path: Path) -> None:
    slow = Counting(Stopped("timeout", "no answer within 5 s"))
    everything(KeptReference(slow, tmp_path))
    source = Counting()
    everything(KeptReference(source, tmp_path))
    assert source.asked == ["prepare", "observe", "variants of double", "adds_two", "adds_three"]


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    source = Counting()
    reference = KeptReference(source, tmp_path / "taken")
    assert everything(reference) == everything(reference)
    assert source.asked == [*ALL, *ALL[1:]]


def test_it_ends_with_its_source(tmp_path: Path) -> None:
    source = Counting()
    KeptReference(source, tmp_path).close()
    assert source.closed
