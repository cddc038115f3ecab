"""Read assignment.toml: every mistake is answered with the file, the key and what was expected there."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import msgspec

from grader.assignment.avoid import is_name
from grader.assignment.errors import BadAssignment
from grader.assignment.model import Device, Exercise, Late, Limits, Settings
from grader.assignment.tables import Rule, above_zero, check_table, distinct, percent, read_toml

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def read_settings(path: Path) -> Settings:
    """Read and check an assignment.toml.

    Args:
        path: The file.

    Returns:
        The settings.

    Raises:
        BadAssignment: There is no such file, it is no TOML, or a key is unknown, missing or has an impossible
            value; the message names file and key and says what was expected.
    """
    where = "/".join(path.parts[-3:])
    try:
        raw = read_toml(path, where)
    except FileNotFoundError:
        raise BadAssignment(f"{where}: there is no such file; an assignment needs its assignment.toml") from None
    return _settings(raw, where)


def _settings(raw: dict[str, Any], where: str) -> Settings:
    sections: tuple[tuple[str, type[msgspec.Struct]], ...] = (("late", Late), ("limits", Limits))
    for name, section in sections:
        if isinstance(raw.get(name), dict):
            check_table(raw[name], section, f"{name}.", where, _RULES)
    exercises = raw.get("exercise", [])
    for number, exercise in enumerate(exercises if isinstance(exercises, list) else (), start=1):
        if isinstance(exercise, dict):
            check_table(exercise, Exercise, f"exercise[{number}].", where, _RULES)
    return check_table(raw, Settings, "", where, _RULES)


def _inside(path: str) -> bool:
    """Whether a path or pattern with forward slashes stays below the folder that it is relative to."""
    pure = PurePosixPath(path)
    below = bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts
    return below and "\\" not in path and path.isprintable()


def _folder_name(name: str) -> bool:
    return _inside(name) and "/" not in name and name == name.strip() and not name.startswith(".")


def _is_module(name: str) -> bool:
    """Whether a name can be that of a top-level module; looking for one inside a package would import the package."""
    return name.isidentifier() and not name.startswith("__")


def _distinct_exercises(exercises: tuple[Exercise, ...]) -> bool:
    return bool(exercises) and max(Counter(exercise.id for exercise in exercises).values()) == 1


_SECONDS = Rule("a number above 0", above_zero)
_BYTES = Rule("a whole number above 0", lambda count: 0 < count < 2**63)
_PERCENT = Rule("a number from 0 to 100", percent)
_TITLE = Rule("a text that is not empty", lambda text: bool(text.strip()))
DUE_RULE = Rule(
    "a date and time with its offset, such as 2026-03-01T23:59:00+01:00",
    lambda due: isinstance(due, datetime) and due.tzinfo is not None,
)
LATE_RULES: Mapping[str, Rule] = {
    "late": Rule("a table [late]", lambda _: True),
    "late.grace_minutes": Rule("a number, 0 or more", lambda minutes: 0 <= minutes < math.inf),
    "late.percent_per_day": _PERCENT,
    "late.max_percent": _PERCENT,
    "late.max_days": Rule("a whole number, 0 or more", lambda days: days is not None and 0 <= days < 2**31),
}

_RULES: Mapping[str, Rule] = {
    "title": _TITLE,
    "solution": Rule(
        "the name of a .py or .ipynb file beside assignment.toml",
        lambda name: _folder_name(name) and name.endswith((".py", ".ipynb")),
    ),
    "devices": Rule(
        f"a list of one or more of {', '.join(get_args(Device))}, each once",
        lambda devices: bool(devices) and distinct(devices),
    ),
    "devices_count": Rule('"all", "any" or "cpu"', lambda _: True),
    "feedback": Rule('"verdict", "message" or "nothing"', lambda _: True),
    "due": DUE_RULE,
    "files": Rule(
        'a list of file patterns below the notebook\'s folder, such as ["*.pt"]',
        lambda patterns: all(map(_inside, patterns)),
    ),
    "data": Rule(
        "a list of names of folders beside assignment.toml, each once",
        lambda names: all(map(_folder_name, names)) and distinct(names),
    ),
    **LATE_RULES,
    "limits": Rule("a table [limits]", lambda _: True),
    "limits.notebook_seconds": _SECONDS,
    "limits.cell_seconds": _SECONDS,
    "limits.check_seconds": _SECONDS,
    "limits.memory_bytes": _BYTES,
    "limits.gpu_memory_bytes": _BYTES,
    "limits.output_bytes": _BYTES,
    "limits.scratch_bytes": _BYTES,
    "limits.processes": Rule("a whole number above 1", lambda count: count > 1),
    "limits.programs": Rule("true or false", lambda _: True),
    "exercise": Rule("one or more tables [[exercise]], each with an id of its own", _distinct_exercises),
    "exercise.id": Rule(
        "a name in snake_case, such as scale_hook", lambda name: _SNAKE_CASE.fullmatch(name) is not None
    ),
    "exercise.title": _TITLE,
    "exercise.points": _SECONDS,
    "exercise.names": Rule(
        "a list of Python names, each once",
        lambda names: bool(names) and all(map(str.isidentifier, names)) and distinct(names),
    ),
    "exercise.avoid": Rule(
        'a list of Python names such as "torch.softmax", or "softmax" for whatever goes by that name, each once',
        lambda names: all(map(is_name, names)) and distinct(names),
    ),
    "exercise.needs": Rule(
        "a list of names of modules without dots, each once",
        lambda names: all(map(_is_module, names)) and distinct(names),
    ),
}
