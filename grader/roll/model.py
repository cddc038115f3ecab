"""The values of this package: files not yet read, whose they are, and the roll that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from grader.intake.handin import HandedIn
from grader.intake.limits import LIMITS, IntakeLimits

Kind = Literal["canvas", "moodle", "gradescope", "classroom", "nbgrader", "plain"]
# What a word says about a person: an id of the school, an id of the platform, a login, and so on.
HintKind = Literal["id", "platform", "login", "github", "email", "name", "group"]


@dataclass(frozen=True)
class Stored:
    """One file of what was handed over, not yet read.

    Attributes:
        place: Its name from the top of the archive or folder, with forward slashes; safe on every system.
        size_bytes: The size that it is said to have.
        changed: Grows with the time of its last change, as archive or disk tell it; good for nothing but an order.
        path: Where it lies, where that is a folder and no archive.
        opener: Reads it, and fails where it is larger than so many bytes.
    """

    place: str
    size_bytes: int
    changed: float
    path: Path | None
    opener: Callable[[int], bytes] = field(repr=False, compare=False)

    def read(self, limit_bytes: int = LIMITS.archive_bytes) -> bytes:
        """Read its content.

        Args:
            limit_bytes: The most that is read.

        Returns:
            All of it.

        Raises:
            BadHandIn: It is larger, damaged, or cannot be read.
        """
        return self.opener(limit_bytes)


@dataclass(frozen=True)
class Refused:
    """Something that cannot be graded.

    Attributes:
        place: Where it is, fit for showing.
        reason: Why, in a sentence for the instructor.
        students: Whose it is, as far as that is known: their ids.
    """

    place: str
    reason: str
    students: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """The files of an archive or folder, nothing of them read.

    Attributes:
        name: The file name of the archive or folder.
        files: The files by name, without what systems and tools leave behind.
        refused: What is in there and is not read.
        repositories: The folders that are Git repositories.
    """

    name: str
    files: Mapping[str, Stored]
    refused: tuple[Refused, ...] = ()
    repositories: frozenset[str] = frozenset()


class Hint(NamedTuple):
    """One word that says whose something is."""

    kind: HintKind
    value: str


@dataclass(frozen=True)
class Owner:
    """Whose a bundle is, in the words of the platform.

    Attributes:
        key: What tells this owner from all others of the same archive.
        name: For people.
        hints: What a roster may know them by, the most telling first.
    """

    key: str
    name: str
    hints: tuple[Hint, ...]


@dataclass(frozen=True)
class Bundle:
    """What somebody handed in at one time.

    Attributes:
        owners: Whose it is; several for a group.
        place: Its folder or first file, for messages.
        files: Its files by their names within it.
        submitted_at: When it was handed in.
        late: Whether the platform calls it late; None where it does not say.
        ranks: Which of the files came later, by the platform's own numbers.
        originals: The name that a file had before the platform renamed it.
        number: Its place in the order of this owner's bundles, where the platform numbers them.
    """

    owners: tuple[Owner, ...]
    place: str
    files: Mapping[str, Stored]
    submitted_at: datetime | None = None
    late: bool | None = None
    ranks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    originals: Mapping[str, str] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class Sorted:
    """An archive or folder sorted by whose is what.

    Attributes:
        bundles: What was handed in.
        refused: What cannot be graded.
        others: The places of files that are the platform's own, or those of other assignments.
        notices: Sentences about the whole.
    """

    bundles: tuple[Bundle, ...]
    refused: tuple[Refused, ...] = ()
    others: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """Somebody who gets the grade of a submission.

    Attributes:
        student: Their id in the gradebook: the roster's, or the platform's where there is no roster.
        name: Their name, as well as it is known.
        email: Their address, or "".
        section: Their section, or "".
        known: Whether the roster lists them; None without a roster.
    """

    student: str
    name: str = ""
    email: str = ""
    section: str = ""
    known: bool | None = None


@dataclass(frozen=True)
class Handed:
    """One submission to grade.

    Attributes:
        members: Everybody who gets its grade; several for a group.
        file: The name of its notebook, or of the archive with it.
        stored: That file.
        beside: Other files of the same hand-in, by their names relative to the notebook's folder.
        elsewhere: Names of files of the same hand-in that are not in the notebook's folder or below it.
        originals: The name that a file had before the platform renamed it.
        submitted_at: When it was handed in.
        by_hand: Whether that is from a table of the instructor's, which goes before what the platform says.
        due: When it was due for its members, extensions included.
        late: Whether it was late; None where nothing tells.
        attempt: Which attempt this is, from 1.
        older: The places of attempts before it, which are not graded.
        notices: Sentences about how it was found.
    """

    members: tuple[Member, ...]
    file: str
    stored: Stored
    beside: Mapping[str, Stored] = field(default_factory=dict, repr=False)
    elsewhere: tuple[str, ...] = ()
    originals: Mapping[str, str] = field(default_factory=dict, repr=False)
    submitted_at: datetime | None = None
    by_hand: bool = False
    due: datetime | None = None
    late: bool | None = None
    attempt: int = 1
    older: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it is known when it was handed in; a platform's mark alone does not say when."""
        return self.submitted_at is not None

    @property
    def student(self) -> str:
        """The id that the submission is recorded under first."""
        return self.members[0].student

    @property
    def name(self) -> str:
        """The name that goes with `student`."""
        return self.members[0].name

    @property
    def place(self) -> str:
        """Where its file is in what was handed over."""
        return self.stored.place

    def receive(self, limits: IntakeLimits = LIMITS) -> HandedIn:
        """Read the file, for `grader.intake.handin.open_notebook`.

        What lies beside it comes from `grader.roll.beside.files_of`: on the disk that may be other students' files.

        Args:
            limits: How much is read.

        Returns:
            Its name and bytes.

        Raises:
            BadHandIn: It is too large, damaged, or cannot be read.
        """
        return HandedIn(Path(self.file), self.stored.read(limits.archive_bytes), limits)


@dataclass(frozen=True)
class Roll:
    """Everything that was handed over.

    Attributes:
        kind: What the archive or folder was taken for.
        why: Why, in a sentence; and what else it might be.
        handed: The submissions to grade, in the order of their students.
        refused: What cannot be graded.
        missing: Who of the roster handed nothing in.
        notices: Sentences about the whole.
        has_roster: Whether there was a roster.
    """

    kind: Kind
    why: str
    handed: tuple[Handed, ...]
    refused: tuple[Refused, ...] = ()
    missing: tuple[Member, ...] = ()
    notices: tuple[str, ...] = ()
    has_roster: bool = False
