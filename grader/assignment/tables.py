"""TOML files that people write: read with bounds, and checked key by key against a struct and a rule for each key."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from grader.assignment.errors import BadAssignment

T = TypeVar("T", bound=msgspec.Struct)

_FILE_BYTES = 256 * 1024
# tomllib takes time with the square of the number of a key's parts.
_PART = r"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_ENDLESS_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{20}}")
_KEY_LETTERS = 80


@dataclass(frozen=True)
class Rule:
    """What a key's value must be, for people and as a test of a value that has the right type."""

    expected: str
    holds: Callable[[Any], bool]


def read_toml(path: Path, where: str) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: The file.
        where: What messages call it.

    Returns:
        What it says.

    Raises:
        FileNotFoundError: There is none; what to do about it depends on the file.
        BadAssignment: It cannot be read, or is no TOML.
    """
    text = _text(path, where)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadAssignment(f"{where}: is not TOML that can be read: nested too deeply") from None
    except ValueError as error:
        raise BadAssignment(f"{where}: is not TOML: {str(error)[:200]}") from error


def check_table(raw: Mapping[str, Any], struct: type[T], prefix: str, where: str, rules: Mapping[str, Rule]) -> T:
    """Check a table's keys and values, and make it a struct.

    Args:
        raw: The table.
        struct: What it is to become.
        prefix: What stands before its keys in messages and rules, such as "late." or "exercise[2]."; "" at the top.
        where: What messages call the file.
        rules: What each key's value must be, by the key with its prefix, without numbers.

    Returns:
        The table as a value.

    Raises:
        BadAssignment: A key is unknown, missing or has an impossible value; the message says what was expected.
    """
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    for key in raw:
        if key not in fields:
            shown = key[:_KEY_LETTERS]
            raise BadAssignment(f"{where}: {prefix}{shown} is no known key{_nearest(shown, prefix, list(fields))}")
    for key, field in fields.items():
        rule = rules[re.sub(r"\[\d+\]", "", prefix) + key]
        if key in raw:
            check_value(raw[key], field.type, rule, f"{where}: {prefix}{key}")
        elif field.required:
            raise BadAssignment(f"{where}: {prefix}{key} is missing; it must be {rule.expected}")
    return msgspec.convert(raw, struct)


def _text(path: Path, where: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadAssignment(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadAssignment(f"{where}: is not TOML: byte {error.start} is not UTF-8") from None
    if len(data) > _FILE_BYTES:
        raise BadAssignment(f"{where}: is larger than {_FILE_BYTES >> 10} KiB; {path.name} is a page or two")
    if _ENDLESS_KEY.search(text):
        raise BadAssignment(f"{where}: has a key of more than 20 parts, or a text that looks like one")
    return text


def check_value(value: Any, kind: Any, rule: Rule, at: str) -> None:
    """Refuse a value that has the wrong type or breaks its rule.

    Raises:
        BadAssignment: It does; the message begins with `at`.
    """
    try:
        fits = rule.holds(msgspec.convert(value, kind))
    except (msgspec.ValidationError, OverflowError):
        fits = False
    if not fits:
        raise BadAssignment(f"{at} must be {rule.expected}, got {_shown(value)}")


def _nearest(key: str, prefix: str, known: list[str]) -> str:
    # Words in another order are the same words: per_day_percent means percent_per_day.
    by_words = {_in_order(name): name for name in known}
    close = difflib.get_close_matches(_in_order(key), by_words, n=1, cutoff=0.5)
    return f"; did you mean {prefix}{by_words[close[0]]}?" if close else f"; the keys here are {', '.join(known)}"


def _in_order(name: str) -> str:
    return "_".join(sorted(name.split("_")))


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "something too large to show"
    return text if len(text) <= 80 else text[:77] + "..."


def above_zero(value: float) -> bool:
    """Whether a number is above 0 and finite."""
    return 0 < value < math.inf


def percent(value: float) -> bool:
    """Whether a number is a share of a hundred."""
    return 0 <= value <= 100


def distinct(values: tuple[Any, ...]) -> bool:
    """Whether no value stands there twice."""
    return len(set(values)) == len(values)
