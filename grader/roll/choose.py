"""Which file of a bundle is the notebook to grade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from grader.intake.handin import SUFFIXES
from grader.intake.packed import some
from grader.roll.model import Bundle
from grader.roll.words import first_copy, names_assignment, stem, without_copy

# An archive is looked into only where no notebook lies beside it, a .py file is one only where nothing else is.
_SUFFIXES = ((".ipynb",), SUFFIXES, (".py",))


@dataclass(frozen=True)
class Chosen:
    """The notebook of a bundle.

    Attributes:
        file: Its name in the bundle.
        older: Names of earlier attempts of the same file.
        notices: Sentences about others that might have been meant.
    """

    file: str
    older: tuple[str, ...] = ()
    notices: tuple[str, ...] = field(default=())


def choose(bundle: Bundle, assignment: str) -> Chosen | str:
    """Choose the notebook: the one that is named like the assignment, and of several attempts the last.

    Args:
        bundle: What was handed in together.
        assignment: The assignment's name.

    Returns:
        The notebook; or why there is none, in a sentence.
    """
    files = list(bundle.files)
    notebooks = next(filter(None, ([f for f in files if f.lower().endswith(ends)] for ends in _SUFFIXES)), [])
    if not notebooks:
        return f"there is no notebook (.ipynb) but {some(files) or 'nothing at all'}"
    named = {file: names_assignment(bundle.originals.get(file, file), assignment) for file in notebooks}
    clearest = [file for file in notebooks if named[file] == max(named.values())]
    taken, why = _last(bundle, clearest)
    base = _base(bundle, taken)
    older = tuple(file for file in clearest if file != taken and _base(bundle, file) == base)
    others = [file for file in notebooks if file != taken and file not in older]
    if not others:
        return Chosen(taken, older)
    if len(clearest) - len(older) == 1:
        why = "its name is the assignment's"
    return Chosen(taken, older, (f"of {len(notebooks)} notebooks {taken} was taken ({why}), not {some(others)}",))


def _last(bundle: Bundle, files: list[str]) -> tuple[str, str]:
    """The one of several files that is taken, and why."""
    ways: tuple[tuple[str, Callable[[str], tuple[float, ...]]], ...] = (
        ("it was handed in last", lambda file: tuple(bundle.ranks.get(file, ()))),
        ("it is in the outermost folder", lambda file: (-file.count("/"),)),
        ("it was changed last", lambda file: (bundle.files[file].changed,)),
        ("it has the highest number", lambda file: (without_copy(stem(file))[1],)),
    )
    for why, rank in ways:
        highest = max(map(rank, files))
        files = [file for file in files if rank(file) == highest]
        if len(files) == 1:
            return files[0], why
    return min(files), "it comes first by name"


def _base(bundle: Bundle, file: str) -> str:
    return first_copy(bundle.originals.get(file, file)).casefold()
