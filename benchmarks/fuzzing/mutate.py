"""Ways to spoil an input: as bytes, and as a tree of JSON or msgpack values."""

from __future__ import annotations

import copy
import json
import re
from random import Random
from typing import Any

LARGEST_INPUT_BYTES = 900_000
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
_MSGPACK = (
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"),
    *(b"\xdc\xff\xff", b"\xde\xff\xff", b"\xc9\x7f\xff\xff\xff\x00", b"\xc7\x0c\xff", b"\xd6\xff\x00\x00\x00\x00"),
    *(b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xcb\x7f\xf0\0\0\0\0\0\0", b"\xcf" + b"\xff" * 8, b"\xd3\x80" + b"\0" * 7),
    *(b"\xa3\xed\xa0\x80", b"\xc1", b"\x91" * 300, b"\x81\xa1a" * 300),
)
_TEXT = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\r\n", b"\x0c", b"\x1b]52;c;eA==\x07", b"\x9b"),
    *("\u202e".encode(), "\u2028".encode(), "\u0660".encode(), "\U0001f600".encode(), b"\\u0000", b"\\ud800", b"\\"),
    *(
        b"9" * 400,
        b"1e999",
        b"-0",
        b"NaN",
        b"0x" + b"f" * 400,
        b"[" * 120,
        b"{" * 120,
        b"(" * 120,
        b'"',
        b"'''",
        b'"""',
    ),
)

INTEGERS = (
    *(0, 1, -1, 2, 255, 256, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
    *(-(2**31), -(2**63)),
)
FLOATS = (0.0, -0.0, 0.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"))
TEXTS = (
    *(
        "",
        "\0",
        "a\0b",
        "\ud800",
        "\udfff\ud800",
        "\u202egpj.exe",
        "x" * 3_000,
        "\n",
        "\r",
        "\u2028",
        "e\u0301",
        "\x1b[2J",
    ),
    *("\x9b31m", "\x1b]8;;http://example.invalid\x07x", "<script>alert(1)</script>", "../../etc/passwd", "__class__"),
    *("{{7*7}}", "%s%n", "'", '"', "\\", "=1+1", "NaN", "0x1p+5000", "float32", "z" + "\u0301" * 40, "٣", "\ufeff"),
)
# JSON that json.dumps would not write; a text of this form in a tree stands for one of them.
_RAW = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "-0.0", "1E400", "9" * 5_000, "9" * 39, "0." + "1" * 500, "1.0"),
    *('{"a":1,"a":2}', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\/"', "01", "+1", ".5", "0x10", "nul", "[1,]"),
    *("[" * 40 + "]" * 40, "[" * 150 + "]" * 150, "[" * 30, '{"a":' * 40 + "1" + "}" * 40, "true", "'a'", "", " \t\n"),
)
_RAW_MARK = re.compile(r'"raw fragment (\d{1,3})"')
_KEY = re.compile(r'"(\w{1,30})":')
ODD: tuple[Any, ...] = (None, True, False, [], {}, [[]], *INTEGERS, *FLOATS, *TEXTS)
ODD_JSON: tuple[Any, ...] = (*ODD, *(f"raw fragment {number}" for number in range(len(_RAW))))


def spoil_bytes(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change a few bytes: flips, cuts, copies, splices, integers of all widths, pieces that formats stumble over."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        _spoil_once(rng, found, other)
    return bytes(found[:LARGEST_INPUT_BYTES])


def maybe_spoilt(rng: Random, data: bytes, share: float) -> bytes:
    """Spoil the bytes of a share of all inputs."""
    return spoil_bytes(rng, data, data[::-1]) if rng.random() < share else data


def _spoil_once(rng: Random, found: bytearray, other: bytes) -> None:
    at = rng.randrange(len(found) + 1)
    end = min(len(found), at + rng.choice((1, 2, 4, 16, 200)))
    match rng.randrange(10):
        case 0 if at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        case 1 if at < len(found):
            found[at] = rng.choice(_INTERESTING)
        case 2:
            del found[at:end]
        case 3:
            del found[at:]
        case 4:
            found[at:at] = found[at:end]
        case 5:
            width = rng.choice((1, 2, 4, 8))
            number = (rng.choice(INTEGERS) + rng.choice((-1, 0, 0, 1))) % (1 << 8 * width)
            found[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
        case 6:
            start = rng.randrange(len(other) + 1)
            found[at:] = other[start:]
        case 7:
            found[at:at] = rng.choice(_MSGPACK)
        case 8:
            found[at:at] = rng.choice(_TEXT)
        case _:
            # Long repeats find what takes quadratic time, but are slow to try: few are long.
            times = 30_000 if rng.random() < 0.01 else rng.choice((2, 10, 200))
            found[at:at] = bytes(found[at : min(end, at + 16)]) * times


def spoil_tree(rng: Random, tree: Any, odd: tuple[Any, ...]) -> Any:
    """Change a few values of a tree, in place where that is possible.

    Args:
        rng: Where choices come from.
        tree: Dicts, lists and leaves, to be thrown away afterwards.
        odd: What to put in place of values.
    """
    top = [tree]
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        places = _places(top)
        container, key = rng.choice(places)
        _spoil_place(rng, container, key, places, odd)
    return top[0]


def _places(top: list[Any]) -> list[tuple[Any, Any]]:
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [top]
    while waiting and len(places) < 3_000:
        container = waiting.pop()
        keys = range(len(container)) if isinstance(container, list) else list(container)
        for key in keys:
            places.append((container, key))
            if isinstance(container[key], list | dict):
                waiting.append(container[key])
    return places


def _spoil_place(rng: Random, container: Any, key: Any, places: list[tuple[Any, Any]], odd: tuple[Any, ...]) -> None:
    value = container[key]
    match rng.randrange(9):
        case 0 | 1 | 2:
            container[key] = copy.deepcopy(rng.choice(odd))  # some are lists, which later changes would spoil for good
        case 3:
            other, its_key = rng.choice(places)
            # A copy through text: what is shared would be spoilt twice, and could come to hold itself.
            container[key] = _copy(other[its_key])
        case 4 if len(container) > 1:
            del container[key]
        case 5 if isinstance(container, list):
            container[key:key] = [value] * rng.choice((1, 2, 30))
        case 6:
            wrapped = value
            for _ in range(rng.choice((1, 3, 20, 110, 300))):
                wrapped = [wrapped] if rng.random() < 0.7 else {"a": wrapped}
            container[key] = wrapped
        case 7 if isinstance(container, dict):
            container[rng.choice((*TEXTS[:6], *container, "type", "id"))] = value
        case _ if isinstance(value, str) and value:
            cut = rng.randrange(len(value))
            container[key] = value[:cut] + rng.choice(TEXTS) * rng.choice((1, 1, 20)) + value[cut:]
        case _ if isinstance(value, int) and not isinstance(value, bool):
            container[key] = value + rng.choice((-1, 1, 7, 2**31))
        case _:
            container[key] = copy.deepcopy(rng.choice(odd))


def _copy(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, default=str))
    except RecursionError:
        return "too deep"


def spoil_texts(rng: Random, tree: Any) -> Any:
    """Put hostile text in the place of some texts of a tree, which keeps its form."""
    texts = [(container, key) for container, key in _places([tree]) if isinstance(container[key], str)]
    for container, key in rng.sample(texts, min(len(texts), rng.choice((1, 3, 8)))):
        odd = rng.choice(TEXTS)
        container[key] = rng.choice((odd, odd * 30, f"{container[key]}{odd}", f"`{odd}`"))
    return tree


def json_bytes(rng: Random, tree: Any) -> bytes:
    """Write a tree as JSON in one of the ways that tools write it, with the odd fragments that stand in it."""
    ascii_only = rng.random() < 0.7
    try:
        text = json.dumps(tree, ensure_ascii=ascii_only, indent=rng.choice((None, None, 1)), default=str)
    except RecursionError:
        text = "[" * rng.choice((500, 5_000)) + "]" * 5_000
    text = _RAW_MARK.sub(lambda mark: _RAW[int(mark[1]) % len(_RAW)], text)
    if rng.random() < 0.1 and len(keys := list(_KEY.finditer(text))) > 1:
        one, two = rng.sample(keys, 2)  # the same key twice, where both lie in one object
        text = text[: one.start(1)] + two[1] + text[one.end(1) :]
    return text.encode("utf-8", "surrogatepass")
