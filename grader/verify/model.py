"""What verification found out about an assignment, as frozen values."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingKind = Literal[
    "reference",  # the solution fails a check of its own, or does not repeat itself
    "stub",  # the untouched notebook earns points
    "points",  # an exercise without points, or without public or hidden checks
    "alternative",  # a right solution is refused
    "misconception",  # a wrong solution is accepted, or costs points elsewhere
    "naming",  # too many misconceptions are not told apart, or work is named wrongly
    "vacuous",  # nothing known fails the check
    "same",  # a hidden check that is a public one
    "mutants",  # too many small changes go unnoticed, or a survivor is not accounted for
    "tolerance",  # right and wrong answers lie too close together
    "guessable",  # a hidden check's answer can be guessed
]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with an assignment, or may be.

    Attributes:
        kind: What sort of thing.
        exercise: The exercise; "" for the assignment as a whole.
        subject: The check, misconception, alternative or mutant.
        message: What is wrong, and what to do.
        unfair: Whether the assignment must not be given to a class like this; else it is advice.
    """

    kind: FindingKind
    exercise: str
    subject: str
    message: str
    unfair: bool = True

    @property
    def survivor(self) -> bool:
        """Whether it is about one mutant, which is shown with its change elsewhere."""
        return self.kind == "mutants" and bool(self.exercise) and self.unfair


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """A small change of the reference that no check notices.

    Attributes:
        id: The mutant's id, for equivalents.toml.
        operator: The kind of change.
        diff: The change.
        reason: Why it changes nothing, as the author says; "" where nobody has said so.
    """

    id: str
    operator: str
    diff: str
    reason: str = ""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One numeric leaf of a check, measured in what it is allowed: up to 1 passes.

    Attributes:
        check: The check.
        path: The leaf's path.
        noise: The largest distance of the reference's own float32 answer.
        right: The largest distance of an alternative; None where none differs at all.
        wrong: The smallest distance of a misconception that fails by this leaf; None where none does.
        wrong_name: That misconception.
        hidden: The largest distance of a misconception that this leaf sees and lets pass; None where there is none.
        hidden_name: That misconception.
    """

    check: str
    path: str
    noise: float
    right: float | None = None
    wrong: float | None = None
    wrong_name: str = ""
    hidden: float | None = None
    hidden_name: str = ""


class ExerciseProof(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried on one exercise.

    Attributes:
        id: The exercise.
        title: Its title.
        points: What it is worth.
        checks: How many checks it has.
        hidden_checks: How many of them are hidden.
        alternatives: How many right solutions were tried.
        refused: How many of them failed for some seed.
        misconceptions: How many wrong solutions were tried.
        accepted: How many of them passed for some seed.
        named: Of all misconceptions and seeds, how many were called by their name.
        diagnosed: How many there were of these.
        mutants: How many small changes were tried.
        caught: How many of them the checks notice.
        rehearsed: How many of these only on the simulated device.
        misnamed: How many of them are called by the name of a misconception that they are not.
        survivors: Those that no check notices.
        leaves: Its numeric leaves.
    """

    id: str
    title: str
    points: float
    checks: int
    hidden_checks: int
    alternatives: int = 0
    refused: int = 0
    misconceptions: int = 0
    accepted: int = 0
    named: int = 0
    diagnosed: int = 0
    mutants: int = 0
    caught: int = 0
    rehearsed: int = 0
    misnamed: int = 0
    survivors: tuple[Survivor, ...] = ()
    leaves: tuple[Leaf, ...] = ()

    @property
    def unaccounted(self) -> tuple[Survivor, ...]:
        """The survivors that nobody has given a reason for."""
        return tuple(survivor for survivor in self.survivors if not survivor.reason)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an assignment is fair.

    Attributes:
        assignment: Its name.
        title: Its title.
        device: Where the checks were run.
        runs: With how many seeds.
        exercises: What was tried, by exercise.
        findings: What is wrong, or may be.
        slow_checks: Checks that take so long that they were run with every tenth seed only.
        grading_seconds: What grading the reference took, the start of the processes left out.
        seconds: What the verification took.
        torch: The torch version.
        digest: The assignment's digest when it was verified.
        rehearsed: With how many seeds it was rehearsed on the simulated device.
    """

    assignment: str
    title: str
    device: str
    runs: int
    exercises: tuple[ExerciseProof, ...]
    findings: tuple[Finding, ...]
    slow_checks: tuple[str, ...]
    grading_seconds: float
    seconds: float
    torch: str
    digest: str = ""
    rehearsed: int = 0

    @property
    def fair(self) -> bool:
        """Whether nothing speaks against giving it to a class."""
        return not any(finding.unfair for finding in self.findings)
