"""What IPython adds to Python, taken out of a cell so that the rest can be parsed; nothing moves to another place.

IPython's own transformer tokenizes a cell again for each of its magic lines, so that 250 of them take seconds.
"""

from __future__ import annotations

import re

from grader.notebook.lines import starts

_CELL_MAGIC = re.compile(r"\s*%%(\w+).*(?:\n|\Z)")
# The cell magics that run their body in the notebook's own namespace.
_RUNS_HERE = frozenset({"capture", "prun", "time"})
_PROMPT = re.compile(r"(?:>>>|\.\.\.) ?|In ?\[\d*\]: ?")
_ESCAPES = ("%", "!", "?", ",", ";", "/")  # %magic, !command, ?help, and calls without brackets
_NO_PLAIN_TARGET = frozenset("#'\"(")
_OPERATORS = frozenset("=!<>%&|^@*/+:-")  # before "=" they make it another operator


def without_cell_magic(source: str) -> str:
    r"""The Python that a cell runs in the notebook.

    Args:
        source: A code cell's text.

    Returns:
        The text, with an empty first line in place of ``%%time`` and the like; "" for what another program runs.

    Example:
        >>> without_cell_magic("%%time\nx = 1"), without_cell_magic("%%bash\nls")
        ('\nx = 1', '')
    """
    magic = _CELL_MAGIC.match(source)
    if magic is None:
        return source
    return "\n" + source[magic.end() :] if magic[1] in _RUNS_HERE else ""


def without_prompts(source: str) -> str:
    r"""Take off what pasted code brings along: the prompts of a console, or an indent of the whole cell.

    Example:
        >>> without_prompts(">>> x = 1\n>>> y = 2"), without_prompts("  x = 1\n  y = 2")
        ('x = 1\ny = 2', 'x = 1\ny = 2')
    """
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _PROMPT.match(first):
        found = [_PROMPT.match(line) for line in lines]
        return "\n".join(line[prompt.end() if prompt else 0 :] for line, prompt in zip(lines, found, strict=True))
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return "\n".join(line.removeprefix(indent) for line in lines) if indent else source


def without_magics(source: str) -> str:
    r"""Put a text of the same length in the place of each line that is no Python.

    Args:
        source: A code cell's text.

    Returns:
        Text in which all that is Python stands in the line and column where it stood, counted in bytes of UTF-8.

    Example:
        >>> without_magics("!ls -l\nfiles = !ls\nx = 1")
        "'____'\nfiles = '_'\nx = 1"
    """
    lines = source.split("\n")
    swallowed = False
    for number, start in enumerate(starts(lines, lambda line: _magic_place(line) is not None)):
        line = lines[number]
        if swallowed:
            lines[number] = "#"  # the rest of a command that a backslash continues
        elif start.fresh and (place := _magic_place(line)) is not None:
            lines[number] = line[:place] + _stand_in(line[place:])
        else:
            continue
        swallowed = line.endswith("\\")
    return "\n".join(lines)


def _magic_place(line: str) -> int | None:
    """Where in a line its magic begins, such as ``!ls`` in ``files = !ls``; None where it is Python."""
    text = line.strip(" \t")
    asks = text.endswith("?") and "#" not in text and "'" not in text and '"' not in text
    if text.startswith(_ESCAPES) or asks:
        return len(line) - len(line.lstrip(" \t"))
    target, _, value = line.partition("=")
    command = value.lstrip(" \t")
    plain = target.strip() and target.rstrip()[-1] not in _OPERATORS and not _NO_PLAIN_TARGET.intersection(target)
    return len(line) - len(command) if plain and len(command) > 1 and command[0] in "!%" else None


def _stand_in(text: str) -> str:
    length = len(text.encode("utf-8", "surrogatepass"))
    return "0" if length < 2 else f"'{'_' * (length - 2)}'"
