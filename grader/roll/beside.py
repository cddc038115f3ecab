"""The files of a hand-in that its assignment takes along, from what a platform handed over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.intake.errors import BadHandIn
from grader.intake.handin import HandedIn, extra_files
from grader.intake.limits import LIMITS, IntakeLimits
from grader.intake.model import Extra, Opened
from grader.intake.names import unsafe
from grader.intake.packed import some
from grader.intake.patterns import matches
from grader.roll.model import Handed, Stored


def files_of(
    handed: Handed,
    handed_in: HandedIn,
    opened: Opened,
    patterns: Sequence[str],
    own: Collection[str] = (),
    limits: IntakeLimits = LIMITS,
) -> Extra:
    """Take along what the assignment allows: `grader.intake.handin.extra_files` for what a platform handed over.

    Args:
        handed: The submission.
        handed_in: Its file, as `Handed.receive` read it.
        opened: Its notebook.
        patterns: Which files are taken along (see `grader.intake.patterns`).
        own: Files and folders that the assignment itself puts beside the notebook; a student's do not replace them.
        limits: How many files and bytes are taken.

    Returns:
        The files of the archive that was handed in, or those handed in beside a plain notebook, and what to tell about
        the others.

    Raises:
        BadHandIn: One of them cannot be read, or they are too many or too large.
    """
    if handed_in.is_archive:
        return extra_files(handed_in, opened, patterns, own)
    wanted, notices = _wanted(handed, patterns, {name.casefold() for name in own}, limits)
    if len(wanted) > limits.entries:
        raise BadHandIn(f"{handed.file}: more than {limits.entries:,} files beside it fit {', '.join(patterns)}")
    files: dict[str, bytes] = {}
    left_bytes = limits.total_bytes
    for name, stored in wanted.items():
        files[name] = stored.read(min(limits.file_bytes, left_bytes))
        left_bytes -= len(files[name])
    return Extra(files, notices)


def _wanted(
    handed: Handed, patterns: Sequence[str], own: set[str], limits: IntakeLimits
) -> tuple[dict[str, Stored], tuple[str, ...]]:
    wanted: dict[str, Stored] = {}
    left, replaced, renamed = [*handed.elsewhere], [], []
    for name, stored in handed.beside.items():
        if name.split("/")[0].casefold() in own:
            replaced.append(name)
            continue
        # A notebook opens "best.pt", whatever number the platform added when that was handed in again.
        names = dict.fromkeys((name, handed.originals.get(name, name)))
        fitting = [one for one in names if matches(one, patterns) and not unsafe(one, limits)]
        if not fitting:
            left.append(name)
        for one in fitting:
            if one == name or not (one in handed.beside or one.split("/")[0].casefold() in own):
                wanted[one] = stored
                renamed += [f"{name} as {one}"] if one != name else []
    notices = [f"not taken along: {some(left)}; assignment.toml {_allows(patterns)}"] if left else []
    notices += [f"not taken along: {some(replaced)}; the assignment brings its own"] if replaced else []
    notices += [f"taken along under the name from before it was handed in again: {some(renamed)}"] if renamed else []
    return wanted, tuple(notices)


def _allows(patterns: Sequence[str]) -> str:
    return f"allows {', '.join(patterns)} beside the notebook" if patterns else "allows the notebook alone"
