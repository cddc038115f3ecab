"""Files that people write, and the grades made of them: valid, and most of them spoilt."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.messages import frame
from fuzzing.mutate import ODD_JSON, TEXTS, json_bytes, maybe_spoilt, spoil_bytes, spoil_texts, spoil_tree

COURSE = Path(__file__).resolve().parents[2]
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


def roster(rng: Random) -> bytes:
    """A roster.csv."""
    names = ("id", "SIS User ID", "Email", "login", "github", "name", "First Name", "group", "extension", "x", "", "ID")
    header = ["id", *rng.sample(names, rng.randrange(1, 5))]
    values = ("ada", "a@x", "Lovelace, Ada", "2", "2026-03-05", "", "Participant 8", "9" * 20, "inf", "1e400", *TEXTS)
    delimiter = rng.choice(",,;\t")
    rows = [header] + [[str(n), *(rng.choice(values) for _ in header[1:])] for n in range(rng.randrange(1, 6))]
    quoted = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    text = rng.choice(("", "", "\ufeff", "sep=;\n")) + rng.choice(("\n", "\r\n")).join(quoted)
    return maybe_spoilt(rng, text.encode("utf-8", "replace"), 0.5)


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
    return maybe_spoilt(rng, "\n".join(lines).encode(), 0.3)


def notebook(rng: Random) -> bytes:
    """A .ipynb file."""
    cells = [_cell(rng) for _ in range(rng.choice((1, 2, 3, 6)))]
    document: dict[str, Any] = {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}
    document["nbformat_minor"] = rng.choice((0, 4, 5))
    if rng.random() < 0.1:
        sheets = [{"cells": [cell | {"input": cell["source"]} for cell in cells]}]
        document = {"worksheets": sheets, "nbformat": 3, "nbformat_minor": 0, "metadata": {}}
    return maybe_spoilt(rng, json_bytes(rng, spoil_tree(rng, document, ODD_JSON)), 0.15)


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
    return maybe_spoilt(rng, "".join(pieces).encode("utf-8", "surrogatepass"), 0.4)


def grade(rng: Random) -> bytes:
    """A grade as JSON, with hostile text in every field that a submission reaches."""
    made = spoil_texts(rng, json.loads(_grade_json()))
    if rng.random() < 0.4:
        made = spoil_tree(rng, made, ODD_JSON)
    return json_bytes(rng, made)


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


@cache
def _shipped_settings(number: int) -> str:
    found = sorted(COURSE.glob("assignments/*/assignment.toml"))
    return found[number % len(found)].read_text(encoding="utf-8")


@cache
def _grade_json() -> str:
    hint = {"name": "h", "hint": "Look at `x`."}
    curve = {"kind": "curve", "expected_values": [1.0, 2.0], "got_values": [1.0, 1e308]}
    image = {"kind": "images", **dict.fromkeys(("expected", "got", "difference"), f"data:image/png;base64,{_PNG}")}
    differences = [{"path": "a > b", "kind": "values", "message": "differs", "picture": p} for p in (curve, image)]
    run = {"device": "cpu", "verdict": "fail", "seconds": 0.1, "message": "m", "misconception": hint, "output": "o"}
    run |= {"differences": differences, "frames": [frame()]}
    check = {"name": "c", "visibility": "public", "description": "d", "points": 0.0, "max_points": 1.0, "runs": [run]}
    exercise = {"id": "e", "title": "t", "score": 0.0, "max_score": 1.0, "misconception": hint, "code": "def f(): pass"}
    exercise |= {"code_cells": [1], "note": "n", "checks": [check, check | {"visibility": "hidden"}]}
    cell = {"cell": 1, "first_line": "x", "reason": "error", "error": "E", "message": "m", "frames": [frame()]}
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
