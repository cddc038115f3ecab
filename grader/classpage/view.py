"""What the class page shows, in the words and numbers that its template writes down."""

from __future__ import annotations

import msgspec

from grader.classpage.figures import Bin, Counts, ExerciseFigures
from grader.classpage.mistakes import Mistake
from grader.classpage.similar import Pair
from grader.classpage.troubles import DeviceFigures, Stop
from grader.classpage.unnamed import Cluster


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
        handed_in: When, ISO 8601.
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


class Slow(msgspec.Struct, frozen=True):
    """One of the slowest works: the student's place in the class, and seconds."""

    member: int
    notebook_seconds: float
    checks_seconds: float


class Shortened(msgspec.Struct, frozen=True):
    """How many entries of each list there are that the page does not show."""

    mistakes: int = 0
    clusters: int = 0
    pairs: int = 0
    stops: int = 0


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
    mistakes: tuple[MistakeShown, ...]
    clusters: tuple[ClusterShown, ...]
    pairs: tuple[PairShown, ...]
    stops: tuple[Stop, ...]
    slowest: tuple[Slow, ...]
    devices: tuple[DeviceFigures, ...]
    rows: tuple[Row, ...]
    more: Shortened = Shortened()
