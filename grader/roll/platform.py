"""What each way of handing submissions over has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from grader.roll.model import Kind, Listing, Sorted


class Platform(ABC):
    """One way in which submissions are handed over.

    Attributes:
        kind: Its name for `--kind`.
        title: What people call what it hands over.
        looks: How its files are named, for messages.
    """

    kind: ClassVar[Kind]
    title: ClassVar[str]
    looks: ClassVar[str]

    @abstractmethod
    def fits(self, listing: Listing, assignment: str) -> str:
        """Tell whether a listing is of this kind.

        Args:
            listing: The files, by names alone.
            assignment: The assignment's name.

        Returns:
            Why it is, as a part of a sentence; "" where it is not.
        """

    @abstractmethod
    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort a listing by whose is what.

        Args:
            listing: The files; they are of this kind, or an instructor says so.
            assignment: The assignment's name.

        Returns:
            What was found, perhaps nothing.

        Raises:
            BadSubmissions: What the platform itself writes is missing or broken.
        """
