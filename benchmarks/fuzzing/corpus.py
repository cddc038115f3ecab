"""Inputs for each door: valid ones, most of them spoilt. Cheap to make, for a hundred thousand of them."""

from __future__ import annotations

import base64
import json
import struct
from functools import cache
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from fuzzing.mutate import FLOATS, INTEGERS, ODD, ODD_JSON, TEXTS, json_bytes, spoil_bytes, spoil_texts, spoil_tree

COURSE = Path(__file__).resolve().parents[2]
NONCE = "a nonce of this request"
_DTYPE_BYTES = {"bool": 1, "uint8": 1, "int16": 2, "bfloat16": 2, "float32": 4, "int64": 8, "complex128": 16}
_SHAPES: tuple[Any, ...] = (
    *([], [0], [1], [2, 3], [1, 1, 1, 1, 1, 1, 1, 1], [1] * 9, [0, 2**31, 2**31, 2**31, 2**31], [2**62, 4], [2**63]),
    *(
        [-1],
        [3, 0],
        [0, 2**40],
        [True],
        [1.0],
        ["1"],
        [2**64],
        [10**30],
        [65536, 65536],
        [8_000_000],
        [1, 2**26],
        [None],
    ),
)
_FLOATS = (
    "0x1.8p+0",
    "nan",
    "-inf",
    "0x0.0p+0",
    "0x1p+5000",
    "1.5",
    " nan",
    "0x1.8p+00",
    "-nan",
    "0x1.0p+1",
    "infinity",
)
_SOURCES = (
    *(
        "import torch\nx = 1",
        "def f(a, *b, c=1, **d):\n    return a\n",
        "class Net(nn.Module):\n    pass",
        "%matplotlib inline",
    ),
    *(
        "!ls {x}\nfiles = !ls\n",
        "%%bash\nrm -rf ~",
        "%%time\ny = 2",
        "torch?",
        "x = '''\n# %%\n'''",
        "@a\n@b(1)\ndef g(): pass",
    ),
    *(
        "é = ü = 2;z=1",
        "x = f'{a!r:>{w}}'",
        "match x:\n  case {'a': b, **c}: pass",
        "await f()",
        ">>> x = 1\n... y",
        "  x = 1",
    ),
    *(
        "if 1:\n if 1:\n  pass",
        "x = 1 \\\n + 2",
        "# Text\n\n* a\n* b `c` $x^2$ [l](http://a.b) ![p](attachment:a.png)",
        "\x0cx = 1",
    ),
    *(
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "<b onclick=x>b</b><script>alert(1)</script>",
        "x = (yield)",
        "lambda: (yield)",
    ),
    *(
        "from a import *\nimport b.c as d",
        "with (a as b, c as d): pass",
        "try: pass\nexcept* E as e: pass",
        "async def h(): pass",
    ),
)
_PIECES = (
    "(",
    "[",
    "{",
    "f'{",
    "-",
    "not ",
    "lambda: ",
    "if 1:\n ",
    "x.",
    "1+",
    "!ls\n",
    "%a\n",
    "@a\n",
    "'",
    '"""',
    "\\\n",
    "# %%\n",
)
_TOML = (
    *(
        "1",
        "0.5",
        "-1",
        "inf",
        "nan",
        "1e400",
        "true",
        '""',
        '"x"',
        "'x'",
        "[]",
        "{}",
        '["cpu"]',
        '["cpu", "cpu"]',
        "9" * 30,
    ),
    *(
        '"\\u202e"',
        '"\\u001b[2J"',
        '"../a"',
        '"a/b.py"',
        "2026-03-01T23:59:00+01:00",
        "2026-03-01",
        "0x" + "f" * 300,
        "0b1",
    ),
    *(
        '"""\na\n"""',
        "[" * 50 + "]" * 50,
        "{a={a={a=1}}}",
        "9" * 5_000,
        '["*.pt", "**"]',
        "0o777",
        "1_000",
        '"\\ud800"',
        "07:32:00",
    ),
    *(
        "0x" + "f" * 5_000,
        '["\\u0000"]',
        "1979-05-27T00:32:00.999999999999-23:59",
        "-0x1",
        '"x" "y"',
        "-nan",
        "+inf",
        "1e-400",
    ),
)
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one pixel


def wire(rng: Random) -> bytes:
    """An observation or a run of messages."""
    if rng.random() < 0.3:
        return _messages(rng)
    header = ["dict", "a", _value(rng, 0), "b", _value(rng, 0)] if rng.random() < 0.8 else _value(rng, 0)
    odd = (*ODD_JSON, *map(list, _SHAPES), *_FLOATS, "tensor", "ndarray", "list", "dict", "opaque", "float", "bytes")
    if rng.random() < 0.7:
        header = spoil_tree(rng, header, odd)
    text = json_bytes(rng, header)
    size = min(_body_bytes(header), 200_000)
    body = bytes(size) if rng.random() < 0.7 else rng.randbytes(size)
    return _maybe_spoilt(rng, _packed(rng, b"GRO1", text, body), 0.25)


def claims(rng: Random) -> bytes:
    """One byte that says what is expected, then the body of an answer or an event as msgpack."""
    kind = rng.randrange(5)
    if kind == 0:
        outcomes = [_outcome(rng) for _ in range(rng.choice((2, 2, 2, 1, 30)))]
        said: Any = {"nonce": rng.choice((NONCE, NONCE, NONCE, "")), "outcomes": outcomes, "seconds": [0.1, 0.2]}
    elif kind == 3:
        said = {"notices": ["a shell line was not run"] * rng.choice((0, 1, 30))}
    else:
        said = {"number": rng.choice((1, 2, *INTEGERS)), "error": "ValueError", "message": "no", "frames": [_frame()]}
    return bytes([kind]) + _msgpack(rng, said)


def recording(rng: Random) -> bytes:
    """An observations.bin, the form of which is that of the shipped ones."""
    return _msgpack(rng, msgspec.msgpack.decode(_recorded()))


def settings(rng: Random) -> bytes:
    """An assignment.toml."""
    sections = ("", "[late]", "[limits]", "[[exercise]]", "[[exercise]]", "[x.y]", "[[late]]", "['limits']")
    keys = ("title", "solution", "devices", "feedback", "due", "files", "data", "id", "points", "names", "memory_bytes")
    more = (
        "grace_minutes",
        "percent_per_day",
        "cell_seconds",
        "exercise",
        "limits",
        "x",
        '"a b"',
        "a.b",
        '"\\u001b"',
        "a" * 300,
    )
    if rng.random() < 0.4:
        text = _shipped_settings(rng.randrange(2))
    else:
        lines = ['title = "A"']
        for section in rng.sample(sections, rng.randrange(1, 4)):
            lines.append(section)
            lines += [f"{rng.choice((*keys, *more))} = {rng.choice(_TOML)}" for _ in range(rng.randrange(4))]
        text = "\n".join(lines) + '\n[[exercise]]\nid = "a_b"\ntitle = "T"\npoints = 1\n'
    lines = text.split("\n")
    for _ in range(rng.choice((0, 1, 2))):
        at = rng.randrange(len(lines))
        key = lines[at].partition("=")[0]
        lines[at] = (
            f"{key}= {rng.choice(_TOML)}"
            if rng.random() < 0.8
            else f"{key.strip() or 'a'}." * rng.choice((2, 50)) + "x=1"
        )
    return _maybe_spoilt(rng, "\n".join(lines).encode(), 0.3)


def notebook(rng: Random) -> bytes:
    """A .ipynb file."""
    cells = [_cell(rng) for _ in range(rng.choice((1, 2, 3, 6)))]
    document: dict[str, Any] = {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}
    document["nbformat_minor"] = rng.choice((0, 4, 5))
    if rng.random() < 0.1:
        sheets = [{"cells": [cell | {"input": cell["source"]} for cell in cells]}]
        document = {"worksheets": sheets, "nbformat": 3, "nbformat_minor": 0, "metadata": {}}
    return _maybe_spoilt(rng, json_bytes(rng, spoil_tree(rng, document, ODD_JSON)), 0.15)


def percent(rng: Random) -> bytes:
    """A .py file in the percent format."""
    marks = (
        "# %%",
        "# %%",
        "#%%",
        "# %% [markdown]",
        "# %% [raw]",
        "# %% title a=1",
        '# %% tags=["a"]',
        "# %% [md] {",
        "# %%%",
    )
    pieces: list[str] = []
    if rng.random() < 0.2:
        pieces.append("# ---\n# jupyter:\n#   jupytext: {}\n# ---\n")
    for _ in range(rng.randrange(1, 6)):
        source = _source(rng)
        if rng.random() < 0.5:
            source = "".join(f"# {line}\n" for line in source.split("\n"))
        pieces += (rng.choice(marks), rng.choice(("\n", "\n\n", "\r\n")), source, rng.choice(("\n", "\n\n\n", "")))
    return _maybe_spoilt(rng, "".join(pieces).encode("utf-8", "surrogatepass"), 0.4)


def grade(rng: Random) -> bytes:
    """A grade as JSON, with hostile text in every field that a submission reaches."""
    made = spoil_texts(rng, json.loads(_grade_json()))
    if rng.random() < 0.4:
        made = spoil_tree(rng, made, ODD_JSON)
    return json_bytes(rng, made)


def _messages(rng: Random) -> bytes:
    stream = b""
    for _ in range(rng.randrange(1, 4)):
        header: Any = {
            "kind": rng.choice(("ready", "cell ended", *TEXTS)),
            "n": rng.choice(INTEGERS),
            "x": [1, {"y": 2.5}],
        }
        text = json_bytes(rng, spoil_tree(rng, header, ODD_JSON))
        stream += _packed(rng, b"GRM1", text, rng.randbytes(rng.choice((0, 0, 5, 100))))
    return _maybe_spoilt(rng, stream, 0.3)


def _packed(rng: Random, magic: bytes, header: bytes, body: bytes) -> bytes:
    lengths = [len(header), len(body)]
    if rng.random() < 0.1:
        lengths[rng.randrange(2)] += rng.choice((-1, 1, 16, 2**20, 2**26, 2**31, 2**63))
    return magic + struct.pack("<IQ", lengths[0] % 2**32, lengths[1] % 2**64) + header + body


def _value(rng: Random, depth: int) -> Any:
    kind = rng.randrange(12)
    if kind < 4:
        dtype = rng.choice((*_DTYPE_BYTES, "float32", "float32", "object", "float8_e4m3fn"))
        shape = rng.choice(_SHAPES[:6]) if rng.random() < 0.8 else rng.choice(_SHAPES)
        device = rng.choice(("cpu", "cpu", "cuda", "", "x" * 30, "CPU"))
        array = rng.random() < 0.3
        return ["ndarray", dtype, list(shape)] if array else ["tensor", dtype, list(shape), device, rng.random() < 0.5]
    if kind < 8 and depth < 3:
        items = [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
        if kind < 6:
            return [rng.choice(("list", "tuple")), *items]
        return ["dict", *(part for item in items for part in (rng.choice(("k", "l", "m", "\0")), item))]
    texts = rng.choice((["float", rng.choice(_FLOATS)], ["complex", *rng.choices(_FLOATS, k=2)], ["bytes", "00ff"]))
    return rng.choice((texts, ["opaque", "generator", "why"], rng.choice(INTEGERS), rng.choice(TEXTS), None, True))


def _body_bytes(header: Any) -> int:
    """What the tensors of a header ask for, as far as that makes sense."""
    total, waiting = 0, [header]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, list):
            continue
        if len(node) > 2 and node[0] in ("tensor", "ndarray") and isinstance(node[2], list):
            sizes = [size for size in node[2] if type(size) is int and size >= 0]
            total += prod(sizes) * _DTYPE_BYTES.get(node[1], 4) if isinstance(node[1], str) else 0
        waiting += node
    return total


def _outcome(rng: Random) -> dict[str, Any]:
    error = {
        "type": "raised",
        "error": rng.choice(TEXTS[4:]),
        "message": "m" * rng.choice((1, 5_000)),
        "frames": [_frame()] * 9,
    }
    observed = {"type": "returned", "observation": wire(rng)} if rng.random() < 0.4 else error
    stopped = {"type": "stopped", "reason": "timeout", "detail": "no answer"}
    return rng.choice((observed, observed, {"type": "missing", "name": "f"}, stopped))


def _frame() -> dict[str, Any]:
    return {"cell": 1, "line": 2, "function": "f", "text": "return x"}


def _msgpack(rng: Random, tree: Any) -> bytes:
    if rng.random() < 0.7:
        tree = spoil_tree(rng, tree, (*ODD, b"", b"GRO1"))
    try:
        data = msgspec.msgpack.encode(tree)
    except (ValueError, OverflowError, TypeError, RecursionError):
        data = msgspec.msgpack.encode(json.loads(json_bytes(rng, {"said": "x"})))  # no msgpack for lone surrogates
    return _maybe_spoilt(rng, data, 0.5)


def _cell(rng: Random) -> dict[str, Any]:
    kind = rng.choice(("code", "code", "markdown", "raw", "heading"))
    source = _source(rng)
    cell: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {"tags": []},
        "id": rng.choice(("a", "b", "x" * 50, "x" * 64)),
    }
    cell["source"] = source if rng.random() < 0.7 else source.splitlines(keepends=True)
    if kind == "code":
        data = {"text/plain": "1", "text/html": "<b>1</b>", "image/png": _image(rng), "application/json": {"a": [1]}}
        outputs = (
            {"output_type": "stream", "name": "stdout", "text": rng.choice(TEXTS[:-1])},
            {"output_type": "display_data", "data": data, "metadata": {}},
            {"output_type": "error", "ename": "E", "evalue": rng.choice(TEXTS), "traceback": ["t"]},
        )
        cell |= {"execution_count": 1, "outputs": [rng.choice(outputs)]}
    else:
        cell["attachments"] = {"a.png": {"image/png": _image(rng)}}
    return cell


def _source(rng: Random) -> str:
    source = "\n".join(rng.choices(_SOURCES, k=rng.choice((1, 1, 2))))
    if rng.random() < 0.25:
        at = rng.randrange(len(source) + 1)
        # Few are long: what takes quadratic time is slow to try.
        times = rng.choice((4_000, 30_000)) if rng.random() < 0.002 else rng.choice((1, 5, 40, 250))
        source = source[:at] + rng.choice(_PIECES) * times + source[at:]
    return source


def _image(rng: Random) -> str:
    if rng.random() < 0.6:
        return _PNG
    return base64.b64encode(spoil_bytes(rng, base64.b64decode(_PNG), b"\xff\xd8\xff\xe0\0\x10JFIF"))[:20_000].decode()


def _maybe_spoilt(rng: Random, data: bytes, share: float) -> bytes:
    return spoil_bytes(rng, data, data[::-1]) if rng.random() < share else data


@cache
def _shipped_settings(number: int) -> str:
    found = sorted(COURSE.glob("assignments/*/assignment.toml"))
    return found[number % len(found)].read_text(encoding="utf-8")


@cache
def _recorded() -> bytes:
    check = {"name": "c", "exercise": "e", "points": 1.0, "visibility": "public", "description": "d", "needs": ["a"]}
    check |= {"compare": {"": {"type": "close", "rtol": 0.1, "atol": 0}, "a": {"type": "exact"}}, "devices": ["all"]}
    returned = {"type": "returned", "observation": b"GRO1" + struct.pack("<IQ", 4, 0) + b"null"}
    raised = {"type": "raised", "error": "E", "message": "m", "frames": [_frame()]}
    recording = {"assignment": "hw2", "seed": "s", "torch": "2.13", "checks": [check], "hidden_checks": 3}
    recording |= {"references": {"c": {"float32": returned, "float64": None}, "d": {"float32": raised}}}
    recording |= {"misconceptions": [{"name": "m", "exercise": "e", "text": "t"}], "variants": {"m": {"c": returned}}}
    return msgspec.msgpack.encode(recording)


@cache
def _grade_json() -> str:
    hint = {"name": "h", "hint": "Look at `x`."}
    curve = {"kind": "curve", "expected_values": [1.0, 2.0], "got_values": [1.0, float(FLOATS[3])]}
    image = {"kind": "images", **dict.fromkeys(("expected", "got", "difference"), f"data:image/png;base64,{_PNG}")}
    differences = [{"path": "a > b", "kind": "values", "message": "differs", "picture": p} for p in (curve, image)]
    run = {"device": "cpu", "verdict": "fail", "seconds": 0.1, "message": "m", "misconception": hint, "output": "o"}
    run |= {"differences": differences, "frames": [_frame()]}
    check = {"name": "c", "visibility": "public", "description": "d", "points": 0.0, "max_points": 1.0, "runs": [run]}
    exercise = {"id": "e", "title": "t", "score": 0.0, "max_score": 1.0, "misconception": hint, "code": "def f(): pass"}
    exercise |= {"code_cells": [1], "note": "n", "checks": [check, check | {"visibility": "hidden"}]}
    cell = {"cell": 1, "first_line": "x", "reason": "error", "error": "E", "message": "m", "frames": [_frame()]}
    timing = dict.fromkeys(("start_seconds", "notebook_seconds", "checks_seconds", "total_seconds"), 1.0)
    made = {
        "assignment": "hw2",
        "title": "T",
        "student": "s",
        "attempt": 1,
        "score": 0.0,
        "max_score": 1.0,
        "seed": "s",
    }
    made |= {"devices": ["cpu"], "status": "graded", "submitted_at": "2026-01-01T00:00:00+00:00", "digest": "0" * 64}
    made |= {"submission": "a.ipynb", "environment": {"torch": "2"}, "notices": ["n"], "output": "o", "timing": timing}
    return json.dumps(made | {"cells": [cell], "exercises": [exercise], "confinement": ["seccomp"], "reason": "r"})
