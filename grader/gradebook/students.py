"""Students' ids: which a gradebook can hold, and which one is meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection

from grader.errors import BadInput

_ID_LETTERS = 200
_NO_ID = ("Cc", "Cs", "Zl", "Zp")


def checked_id(student: str, option: str = "--student") -> str:
    """Take a student's id as it is, or refuse one that a gradebook cannot hold or a person cannot tell from another.

    Args:
        student: The id.
        option: What messages call it.

    Returns:
        The id.

    Raises:
        BadInput: It is empty, has more than 200 letters, begins or ends with a space, or holds a control character
            or bytes that are no text.
    """
    if not student.strip():
        raise BadInput(f"{option} is empty; name who handed in, or leave the option away")
    if len(student) > _ID_LETTERS:
        raise BadInput(f"{option} has {len(student):,} letters; at most {_ID_LETTERS} are kept")
    if student != student.strip() or any(unicodedata.category(letter) in _NO_ID for letter in student):
        raise BadInput(f"{option} {student!a} begins or ends with a space, or holds a character that cannot be seen")
    return student


def near(name: str, known: Collection[str], most: int = 3) -> list[str]:
    """The known names that are most like one that is not known, case aside.

    Example:
        >>> near("Alcie", ["alice", "bob", "ALICIA"])
        ['alice', 'ALICIA']
    """
    folded = {each.casefold(): each for each in known}
    return [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=most, cutoff=0.5)]
