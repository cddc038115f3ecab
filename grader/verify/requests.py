"""What verification asks of its trusted worker, and what comes back; imports no torch."""

from __future__ import annotations

import msgspec

from grader.authoring.spec import CheckSpec
from grader.grading.recording import ReferenceOutcomes
from grader.wire.outcome import Outcome


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Read checks.py, for the labels that only the judge may hold."""

    checks: str


class Weigh(msgspec.Struct, frozen=True, tag="weigh"):
    """Judge outcomes of one check, each against the reference's outcome for the same seed.

    Attributes:
        check: The check.
        seeds: The check's seeds.
        outcomes: A work's outcome for each seed.
        references: The reference's for each seed.
        measured: Whether distances are wanted too.
    """

    check: CheckSpec
    seeds: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    references: tuple[ReferenceOutcomes, ...]
    measured: bool = False


class Weighed(msgspec.Struct, frozen=True, tag="weighed"):
    """For each outcome its verdict; where distances were wanted the distance of each leaf that has an allowance.

    Attributes:
        verdicts: The verdicts.
        messages: What was said.
        leaves: The distances by path (see `grader.judge.distance`); empty where none were wanted.
        otherwise: Whether the outcome differs in more than those leaves.
    """

    verdicts: tuple[str, ...]
    messages: tuple[str, ...]
    leaves: tuple[dict[str, float], ...] = ()
    otherwise: tuple[bool, ...] = ()


class Name(msgspec.Struct, frozen=True, tag="name"):
    """Say which misconception explains each of several works of an exercise, as a report would.

    Attributes:
        checks: The exercise's checks.
        references: The reference's outcomes by check, for one seed.
        variants: The misconceptions' outcomes by name and check.
        works: The works' outcomes by name and check.
        seeds: The checks' seeds by check.
        shares: Whether it is wanted, too, how much of each work each misconception explains.
    """

    checks: tuple[CheckSpec, ...]
    references: dict[str, ReferenceOutcomes]
    variants: dict[str, dict[str, Outcome]]
    works: dict[str, dict[str, Outcome]]
    seeds: dict[str, str]
    shares: bool = False


class Named(msgspec.Struct, frozen=True, tag="named"):
    """The name found for each work.

    Attributes:
        names: The misconception that explains it; "" for none.
        shares: Where wanted, by work and misconception: the share of the checks that the work fails in which the
            misconception observes the same.
    """

    names: dict[str, str]
    shares: dict[str, dict[str, float]] = {}


class Spread(msgspec.Struct, frozen=True, tag="spread"):
    """Say how much of what the reference observes in a check depends on the seed."""

    outcomes: tuple[Outcome, ...]


class Spreads(msgspec.Struct, frozen=True, tag="spreads"):
    """A lower bound on how many bits somebody would have to guess who does not know the inputs."""

    bits: float


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """What was asked for could not be done, and why."""

    message: str


Request = Load | Weigh | Name | Spread
Answer = Weighed | Named | Spreads | Failed
