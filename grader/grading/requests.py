"""What the grader asks of its trusted worker, and what comes back; imports no torch."""

from __future__ import annotations

import msgspec

from grader.authoring.spec import CheckSpec, Forgeable, VariantSpec
from grader.grading.recording import ReferenceOutcomes
from grader.judge.verdict import Verdict
from grader.wire.outcome import Outcome


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Read an assignment's check files and say what they define."""

    checks: str
    misconceptions: str = ""
    alternatives: str = ""


class Described(msgspec.Struct, frozen=True, tag="described"):
    """What an assignment's check files define, and the verdicts that checks compute where they could be forged."""

    checks: tuple[CheckSpec, ...]
    misconceptions: tuple[VariantSpec, ...]
    alternatives: tuple[VariantSpec, ...]
    forgeable: tuple[Forgeable, ...] = ()


class Judge(msgspec.Struct, frozen=True, tag="judge"):
    """Judge one outcome; `seed` is the check's, from which secret labels are made.

    `home` is what the reference observed on the CPU, where the outcome is of another device.
    """

    check: CheckSpec
    seed: str
    outcome: Outcome
    reference: ReferenceOutcomes
    home: ReferenceOutcomes | None = None


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """The judge's verdict."""

    verdict: Verdict


class Diagnose(msgspec.Struct, frozen=True, tag="diagnose"):
    """Find the misconception that explains an exercise's failed checks."""

    checks: tuple[CheckSpec, ...]
    outcomes: dict[str, Outcome]
    verdicts: dict[str, Verdict]
    references: dict[str, ReferenceOutcomes]
    variants: dict[str, dict[str, Outcome]]


class Diagnosed(msgspec.Struct, frozen=True, tag="diagnosed"):
    """The misconceptions found.

    Attributes:
        exercise: The one that explains the exercise, None where none does.
        checks: The one that each failed check matches, by check.
        leaves: In checks that none matches as a whole, the one that leaves match, by check and path.
    """

    exercise: str | None
    checks: dict[str, str]
    leaves: dict[str, dict[str, str]] = {}


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """What was asked for could not be done, and why."""

    message: str


Request = Describe | Judge | Diagnose
Answer = Described | Judged | Diagnosed | Failed
