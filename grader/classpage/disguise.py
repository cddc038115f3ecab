"""Who is who on the page: students by their ids, or by pseudonyms with nothing beside them that names anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.classpage.model import Member
from grader.classpage.pseudonym import pseudonym

_FEWEST_LETTERS = 4
_GONE = "…"


class Disguise:
    """Turns names and texts into what the page shows.

    Args:
        students: The ids of everybody in the class.
        key: The key of the pseudonyms; None to show everything as it is.
    """

    def __init__(self, students: Iterable[str], key: bytes | None = None) -> None:
        self._key = key
        ids = sorted((each for each in students if len(each) >= _FEWEST_LETTERS), key=len, reverse=True)
        self._ids = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ids)) or '(?!)'})(?!\w)", re.IGNORECASE)

    @property
    def anonymous(self) -> bool:
        """Whether students are shown by pseudonyms."""
        return self._key is not None

    def name(self, member: Member) -> str:
        """What a student is called."""
        return member.student if self._key is None else pseudonym(member.student, self._key)

    def text(self, text: str) -> str:
        """A message, without the ids that stand in it."""
        return text if self._key is None else self._ids.sub(_GONE, text)

    def code(self, code: str) -> str:
        """A student's code, without comments and docstrings, in which people write their names."""
        return code if self._key is None else self.text(_without_words(code))


def _without_words(code: str) -> str:
    from pygments.lexers import PythonLexer  # imported here: 50 ms that a page with names need not pay
    from pygments.token import Comment, String

    found = [each for each in PythonLexer(stripnl=False).get_tokens(code) if each[0] not in Comment]
    return "".join('"""…"""' if kind in String.Doc else text for kind, text in found)
