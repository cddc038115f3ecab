"""The notebook and the files of a hand-in that is an archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from grader.intake.archive import listed, taken
from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits
from grader.intake.model import Extra, Opened
from grader.intake.patterns import matches

_NAMED = 5


def notebook_in(archive: bytes, archive_name: str, prefer: Callable[[str], bool], limits: IntakeLimits) -> Opened:
    """Unpack the one notebook of an archive: a .ipynb file, or where there is none a .py file.

    Args:
        archive: The archive.
        archive_name: Its name for notices.
        prefer: Tells by its file name whether a notebook is the one that is meant, where there are several.
        limits: What the archive may hold.

    Returns:
        The notebook, and the names of all other files.

    Raises:
        BadHandIn: The archive cannot be opened, or holds no notebook, or several and none is preferred.
    """
    files = listed(archive, limits)
    notebooks = [n for n in files if n.lower().endswith(".ipynb")] or [n for n in files if n.lower().endswith(".py")]
    if not notebooks:
        holds = some(list(files)) or "nothing at all"
        raise BadHandIn(f"it holds no notebook (.ipynb) but {holds}: put the notebook into it and upload it again")
    meant = notebooks if len(notebooks) == 1 else [n for n in notebooks if prefer(n.rpartition("/")[2])]
    if len(meant) != 1:
        raise BadHandIn(f"it holds several notebooks, {some(notebooks)}: leave only the one to be graded in it")
    chosen = meant[0]
    notices: tuple[str, ...] = ()
    if len(notebooks) > 1:
        others = [n for n in notebooks if n != chosen]
        notices = (f"{archive_name} holds {len(notebooks)} notebooks: {chosen} was graded, not {some(others)}",)
    data = taken(archive, {chosen}, limits)[chosen]
    return Opened(chosen, data, tuple(n for n in files if n != chosen), notices)


def files_in(
    archive: bytes, opened: Opened, patterns: Sequence[str], own: Collection[str], limits: IntakeLimits
) -> Extra:
    """Unpack the files of an archive that the assignment takes along; see `grader.intake.handin.extra_files`."""
    folder, slash, _ = opened.name.rpartition("/")
    start = folder + slash
    reserved = {name.casefold() for name in own}
    wanted: dict[str, str] = {}
    left: list[str] = []
    replaced: list[str] = []
    for name in opened.others:
        relative = name.removeprefix(start)
        if not name.startswith(start) or not matches(relative, patterns):
            left.append(name)
        elif relative.split("/")[0].casefold() in reserved:
            replaced.append(name)
        else:
            wanted[name] = relative
    contents = taken(archive, wanted, limits) if wanted else {}
    allows = f"allows {', '.join(patterns)} beside the notebook" if patterns else "allows the notebook alone"
    notices = [f"not taken along: {some(left)}; assignment.toml {allows}"] if left else []
    notices += [f"not taken along: {some(replaced)}; the assignment brings its own"] if replaced else []
    return Extra({wanted[name]: data for name, data in contents.items()}, tuple(notices))


def some(names: Sequence[str]) -> str:
    """Names for a sentence, not too many of them.

    Example:
        >>> some(["a", "b"]), some(list("abcdefgh"))
        ('a, b', 'a, b, c, d, e and 3 more')
    """
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
