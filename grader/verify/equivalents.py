"""Mutants that an author has looked at and found to do the same as the reference: equivalents.toml."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.assignment.errors import BadAssignment
from grader.verify.mutants import Mutant

FILE = "equivalents.toml"

_ID = re.compile(r"[0-9a-f]{10}")
_SHOWN = 80


class Equivalent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the file.

    Attributes:
        id: The mutant's id.
        exercise: The id of the exercise that it is a wrong solution of.
        reason: Why no check can tell it from the reference, in a sentence.
    """

    id: str
    exercise: str
    reason: str


_EXPECTED: Mapping[str, str] = {
    "id": "a mutant's id as verify shows it, 10 of the digits 0-9a-f",
    "exercise": "the id of the mutant's exercise",
    "reason": "one sentence, on one line, that says why no check can tell the mutant from the reference",
}


def read_equivalents(folder: Path) -> tuple[Equivalent, ...]:
    """Read the equivalents.toml of an assignment's reference.

    Args:
        folder: The reference folder, such as ``reference/hw2``.

    Returns:
        The entries in the order of the file; none where there is no such file.

    Raises:
        BadAssignment: It is no TOML, or an entry has an unknown, missing or impossible key or an id that an earlier
            one has; the message says which.
    """
    path = folder / FILE
    where = "/".join(path.parts[-3:])
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BadAssignment(f"{where}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadAssignment(f"{where}: is not TOML: {str(error)[:200]}") from None
    for key in raw:
        if key != "equivalent":
            raise BadAssignment(f"{where}: {key[:_SHOWN]} is no known key; all entries are tables [[equivalent]]")
    entries = raw.get("equivalent", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadAssignment(f"{where}: equivalent must be tables, each under [[equivalent]] with two brackets")
    return _distinct([_entry(entry, f"{where}: equivalent[{n}]") for n, entry in enumerate(entries, start=1)], where)


def _entry(raw: Mapping[str, Any], at: str) -> Equivalent:
    for key in raw:
        if key not in _EXPECTED:
            close = difflib.get_close_matches(key[:_SHOWN], _EXPECTED, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(_EXPECTED)}"
            raise BadAssignment(f"{at}.{key[:_SHOWN]} is no known key; {hint}")
    for key, expected in _EXPECTED.items():
        if key not in raw:
            raise BadAssignment(f"{at}.{key} is missing; it must be {expected}")
        if not _fits(key, raw[key]):
            shown = json.dumps(raw[key], default=str, ensure_ascii=False)[:_SHOWN]
            raise BadAssignment(f"{at}.{key} must be {expected}, got {shown}")
    return Equivalent(id=raw["id"], exercise=raw["exercise"], reason=raw["reason"].strip())


def _fits(key: str, value: Any) -> bool:
    if not isinstance(value, str) or not value.strip():
        return False
    return _ID.fullmatch(value) is not None if key == "id" else "\n" not in value.strip()


def _distinct(entries: Sequence[Equivalent], where: str) -> tuple[Equivalent, ...]:
    numbers: dict[tuple[str, str], int] = {}
    for number, entry in enumerate(entries, start=1):
        first = numbers.setdefault((entry.exercise, entry.id), number)
        if first != number:
            raise BadAssignment(
                f"{where}: equivalent[{number}] has the id {entry.id} of equivalent[{first}]; leave one of them out"
            )
    return tuple(entries)


def stale(entries: Iterable[Equivalent], mutants: Mapping[str, Iterable[Mutant]]) -> tuple[Equivalent, ...]:
    """The entries that no longer match any mutant, since the code that they were about was changed.

    Args:
        entries: What equivalents.toml says.
        mutants: All mutants by the id of their exercise.

    Returns:
        Those entries, in their order; they are to be deleted, or looked at anew.
    """
    known = {(exercise, mutant.id) for exercise, made in mutants.items() for mutant in made}
    return tuple(entry for entry in entries if (entry.exercise, entry.id) not in known)


def unmarked(exercise: str, mutants: Iterable[Mutant], entries: Iterable[Equivalent]) -> tuple[Mutant, ...]:
    """The mutants of an exercise that no entry calls equivalent, in their order."""
    marked = {entry.id for entry in entries if entry.exercise == exercise}
    return tuple(mutant for mutant in mutants if mutant.id not in marked)


def paste(survivors: Mapping[str, Iterable[Mutant]]) -> str:
    r"""Write survivors as entries to paste into equivalents.toml, each with its change as a comment.

    The reason is left empty, which `read_equivalents` refuses: only a person can say that no check could tell.

    Args:
        survivors: Mutants by the id of their exercise.

    Returns:
        TOML; "" for no survivors.

    Example:
        >>> change = {"before": "    return x + 0", "after": "    return x - 0", "source": "..."}
        >>> print(paste({"id": [Mutant(id="00c0ffee00", operator="arithmetic", line=2, **change)]}))
        # id: arithmetic
        # -    return x + 0
        # +    return x - 0
        [[equivalent]]
        id = "00c0ffee00"
        exercise = "id"
        reason = ""
        <BLANKLINE>
    """
    return "\n".join(_pasted(exercise, mutant) for exercise, made in survivors.items() for mutant in made)


def _pasted(exercise: str, mutant: Mutant) -> str:
    comment = [f"{exercise}: {mutant.operator}", *mutant.diff.split("\n")]
    entry = ["[[equivalent]]", f'id = "{mutant.id}"', f'exercise = "{exercise}"', 'reason = ""', ""]
    return "\n".join([*(f"# {_printable(line)}" for line in comment), *entry])


def _printable(line: str) -> str:
    """The line without what TOML allows in no comment."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
