"""What the class page shows, in the words and numbers that its template writes down."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from grader.classpage.figures import Bin, Counts, ExerciseFigures
from grader.classpage.mistakes import Mistake
from grader.classpage.similar import Pair
from grader.classpage.troubles import DeviceFigures, Slow, Stop
from grader.classpage.unnamed import Cluster

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One student.

    Attributes:
        name: What the student is called.
        link: The report's address relative to the page; "" where there is none to show.
        status: What became of the attempt that counts; "missing" without one.
        reason: Why it could not be graded.
        points: The points that count; None for an excused student.
        max_points: Points to earn.
        attempt: The attempt's number; 0 without one.
        handed_in: When, ISO 8601, or "unknown".
        changes: What people and rules made of the points that the checks gave; "" where they are the same.
        late: Whether that was late.
        looks: How many things are worth a person's look.
        shares: Share of the points of each exercise, from 0 to 1.
    """

    name: str
    link: str = ""
    status: str
    reason: str = ""
    points: float | None
    max_points: float
    attempt: int = 0
    handed_in: str = ""
    changes: str = ""
    late: bool = False
    looks: int = 0
    shares: tuple[float, ...] = ()

    @property
    def solved(self) -> int:
        """How many exercises have all of their points."""
        return sum(share >= 1 for share in self.shares)


class Sample(msgspec.Struct, frozen=True):
    """One student's code, and whose it is."""

    member: int
    code: str


class MistakeShown(msgspec.Struct, frozen=True):
    """A misconception with one student's code."""

    mistake: Mistake
    sample: Sample


class ClusterShown(msgspec.Struct, frozen=True):
    """A cluster with one student's code, and the command that makes a misconception of it; "" for none."""

    cluster: Cluster
    sample: Sample
    command: str = ""


class PairShown(msgspec.Struct, frozen=True):
    """A pair with the code of both for the exercise in which they are most alike."""

    pair: Pair
    title: str
    first: Sample
    second: Sample


class First(msgspec.Struct, Generic[T], frozen=True):
    """The first entries of a list, and how many more there are that the page does not show."""

    shown: tuple[T, ...] = ()
    more: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page; lists name students by their places in `rows`.

    Attributes:
        seeds: With how many seeds the class was graded.
        unseen: Of how many students there is a grade and no file with what their work observed.
    """

    assignment: str
    title: str
    anonymous: bool
    seeds: int
    unseen: int = 0
    max_points: float
    counts: Counts
    points: tuple[float, ...]
    bins: tuple[Bin, ...]
    exercises: tuple[ExerciseFigures, ...]
    mistakes: First[MistakeShown]
    clusters: First[ClusterShown]
    pairs: First[PairShown]
    stops: First[Stop]
    slowest: tuple[Slow, ...]
    devices: tuple[DeviceFigures, ...]
    rows: tuple[Row, ...]
