"""Read assignment.toml: every mistake is answered with the file, the key and what was expected there."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_args

import msgspec

from grader.assignment.avoid import is_name
from grader.assignment.errors import BadAssignment
from grader.assignment.model import Device, Exercise, Late, Limits, Settings

T = TypeVar("T", bound=msgspec.Struct)

_FILE_BYTES = 256 * 1024
# tomllib takes time with the square of the number of a key's parts.
_PART = r"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_ENDLESS_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{20}}")
_KEY_LETTERS = 80
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class _Rule:
    """What a key's value must be, for people and as a test of a value that has the right type."""

    expected: str
    holds: Callable[[Any], bool]


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
    text = _text(path, where)
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise BadAssignment(f"{where}: is not TOML that can be read: nested too deeply") from None
    except ValueError as error:
        raise BadAssignment(f"{where}: is not TOML: {str(error)[:200]}") from error
    return _settings(raw, where)


def _text(path: Path, where: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise BadAssignment(f"{where}: there is no such file; an assignment needs its assignment.toml") from None
    except OSError as error:
        raise BadAssignment(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadAssignment(f"{where}: is not TOML: byte {error.start} is not UTF-8") from None
    if len(data) > _FILE_BYTES:
        raise BadAssignment(f"{where}: is larger than {_FILE_BYTES >> 10} KiB; an assignment.toml is a page or two")
    if _ENDLESS_KEY.search(text):
        raise BadAssignment(f"{where}: has a key of more than 20 parts, or a text that looks like one")
    return text


def _settings(raw: dict[str, Any], where: str) -> Settings:
    sections: tuple[tuple[str, type[msgspec.Struct]], ...] = (("late", Late), ("limits", Limits))
    for name, section in sections:
        if isinstance(raw.get(name), dict):
            _check_table(raw[name], section, f"{name}.", where)
    exercises = raw.get("exercise", [])
    for number, exercise in enumerate(exercises if isinstance(exercises, list) else (), start=1):
        if isinstance(exercise, dict):
            _check_table(exercise, Exercise, f"exercise[{number}].", where)
    return _check_table(raw, Settings, "", where)


def _check_table(raw: Mapping[str, Any], struct: type[T], prefix: str, where: str) -> T:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    for key in raw:
        if key not in fields:
            shown = key[:_KEY_LETTERS]
            raise BadAssignment(f"{where}: {prefix}{shown} is no known key{_nearest(shown, prefix, list(fields))}")
    for key, field in fields.items():
        rule = _RULES[re.sub(r"\[\d+\]", "", prefix) + key]
        if key in raw:
            _check_value(raw[key], field.type, rule, f"{where}: {prefix}{key}")
        elif field.required:
            raise BadAssignment(f"{where}: {prefix}{key} is missing; it must be {rule.expected}")
    return msgspec.convert(raw, struct)


def _check_value(value: Any, kind: Any, rule: _Rule, at: str) -> None:
    try:
        fits = rule.holds(msgspec.convert(value, kind))
    except (msgspec.ValidationError, OverflowError):
        fits = False
    if not fits:
        raise BadAssignment(f"{at} must be {rule.expected}, got {_shown(value)}")


def _nearest(key: str, prefix: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {prefix}{close[0]}?" if close else f"; the keys here are {', '.join(known)}"


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "something too large to show"
    return text if len(text) <= 80 else text[:77] + "..."


def _above_zero(value: float) -> bool:
    return 0 < value < math.inf


def _percent(value: float) -> bool:
    return 0 <= value <= 100


def _distinct(values: tuple[Any, ...]) -> bool:
    return len(set(values)) == len(values)


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


_SECONDS = _Rule("a number above 0", _above_zero)
_BYTES = _Rule("a whole number above 0", lambda count: 0 < count < 2**63)
_PERCENT = _Rule("a number from 0 to 100", _percent)
_TITLE = _Rule("a text that is not empty", lambda text: bool(text.strip()))

_RULES: Mapping[str, _Rule] = {
    "title": _TITLE,
    "solution": _Rule(
        "the name of a .py or .ipynb file beside assignment.toml",
        lambda name: _folder_name(name) and name.endswith((".py", ".ipynb")),
    ),
    "devices": _Rule(
        f"a list of one or more of {', '.join(get_args(Device))}, each once",
        lambda devices: bool(devices) and _distinct(devices),
    ),
    "feedback": _Rule('"verdict", "message" or "nothing"', lambda _: True),
    "due": _Rule(
        "a date and time with its offset, such as 2026-03-01T23:59:00+01:00",
        lambda due: isinstance(due, datetime) and due.tzinfo is not None,
    ),
    "files": _Rule(
        'a list of file patterns below the notebook\'s folder, such as ["*.pt"]',
        lambda patterns: all(map(_inside, patterns)),
    ),
    "data": _Rule(
        "a list of names of folders beside assignment.toml, each once",
        lambda names: all(map(_folder_name, names)) and _distinct(names),
    ),
    "late": _Rule("a table [late]", lambda _: True),
    "late.grace_minutes": _Rule("a number, 0 or more", lambda minutes: 0 <= minutes < math.inf),
    "late.percent_per_day": _PERCENT,
    "late.max_percent": _PERCENT,
    "limits": _Rule("a table [limits]", lambda _: True),
    "limits.notebook_seconds": _SECONDS,
    "limits.cell_seconds": _SECONDS,
    "limits.check_seconds": _SECONDS,
    "limits.memory_bytes": _BYTES,
    "limits.output_bytes": _BYTES,
    "limits.scratch_bytes": _BYTES,
    "limits.processes": _Rule("a whole number above 1", lambda count: count > 1),
    "limits.programs": _Rule("true or false", lambda _: True),
    "exercise": _Rule("one or more tables [[exercise]], each with an id of its own", _distinct_exercises),
    "exercise.id": _Rule(
        "a name in snake_case, such as scale_hook", lambda name: _SNAKE_CASE.fullmatch(name) is not None
    ),
    "exercise.title": _TITLE,
    "exercise.points": _SECONDS,
    "exercise.names": _Rule(
        "a list of Python names, each once",
        lambda names: bool(names) and all(map(str.isidentifier, names)) and _distinct(names),
    ),
    "exercise.avoid": _Rule(
        'a list of Python names such as "torch.softmax", or "softmax" for whatever goes by that name, each once',
        lambda names: all(map(is_name, names)) and _distinct(names),
    ),
    "exercise.needs": _Rule(
        "a list of names of modules without dots, each once",
        lambda names: all(map(_is_module, names)) and _distinct(names),
    ),
}
