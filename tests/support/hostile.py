"""Files that students hand in by mistake or on purpose, each with what has to become of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

# What a browser would act on wherever it came to be markup.
MARKUP = (
    "<script>document.title='PWNED';fetch('/ask')</script><img src=/load onerror=\"alert('img')\">"
    "<svg onload=\"alert('svg')\"><animate onbegin=alert(1)></svg><math><mi href='javascript:alert(2)'>x</mi></math>"
    "<iframe srcdoc=\"<script>parent.alert('frame')</script>\"></iframe><object data=/load></object><embed src=/load>"
    "<link rel=stylesheet href=/load><base href=//example.invalid/><meta http-equiv=refresh content='0;url=/go'>"
    "<style>*{display:none}</style><form action=/go><button autofocus onfocus=alert(3)>b</button></form>"
    "</pre></textarea></details></main></body>{{7*7}}{% raw %}${7*7}"
)
LINKS = (
    "[a](javascript:alert(4)) [b](data:text/html,<script>alert(5)</script>) ![c](https://example.invalid/track.png) "
    "<https://example.invalid/> ![d](attachment:picture.svg) [e][r]\n\n[r]: javascript:alert(6)\n"
)
# Title, screen, clipboard (OSC 52), link (OSC 8), colour by an 8-bit CSI, backspaces, a line drawn anew, bidi override.
TERMINAL = (
    "\x1b]0;PWNED\x07\x1b[2J\x1b[H\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://example.invalid\x07click\x1b]8;;\x07\x9b31m"
    "\x08\x08\x08\rscore 20 / 20\x1b[1A\x00\x7f\u202e\u2066\nscore 20 / 20\n"
)
NAMES = (
    "<script>document.title='PWNED'</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "${7*7}",
    "</title><svg onload=alert(1)>",
    "Robert'); DROP TABLE attempts;--",
    "\u202etxt.exe",
    "x" * 10_000,
    "../../etc/passwd",
    "CON",
    "\U0001f600 你好 مرحبا",
    "e\u0301 and \u00e9",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "a\tb\nc",
)


@dataclass(frozen=True)
class Handed:
    """A file and what becomes of it.

    Attributes:
        name: Its name.
        data: Its bytes.
        told: How the sentence begins that refuses it; "" where it is read.
        sources: The sources of its cells, where it is read.
    """

    name: str
    data: bytes
    told: str = ""
    sources: tuple[str, ...] = ()


def cell(source: object, kind: str = "code", **fields: Any) -> dict[str, Any]:
    """One cell as Jupyter writes it."""
    outputs = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **outputs, **fields}


def notebook(*cells: object, **fields: Any) -> str:
    """A notebook's JSON."""
    document = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **fields}
    return json.dumps(document, ensure_ascii=False)


def scripted() -> str:
    """A notebook with markup in every place that a tool may show."""
    bundle = {"text/html": MARKUP, "application/javascript": "alert(7)", "image/svg+xml": MARKUP, "text/plain": MARKUP}
    bundle |= {"text/latex": r"\href{javascript:alert(8)}{x}", "text/markdown": LINKS + MARKUP, "image/png": MARKUP}
    outputs = [
        {"output_type": "display_data", "data": bundle, "metadata": {"isolated": MARKUP}},
        {"output_type": "stream", "name": MARKUP, "text": [MARKUP, TERMINAL]},
        {"output_type": "error", "ename": MARKUP, "evalue": MARKUP + TERMINAL, "traceback": [MARKUP]},
    ]
    pictures = {"picture.svg": {"image/svg+xml": MARKUP}, MARKUP: {"image/png": MARKUP}}
    return notebook(
        cell(LINKS + MARKUP, "markdown", id=MARKUP[:60], attachments=pictures, metadata={"tags": [MARKUP]}),
        cell(f"# {MARKUP}\nx = {MARKUP!r}", metadata={"name": MARKUP, "collapsed": MARKUP}, outputs=outputs),
        cell(MARKUP, "raw", metadata={"format": "text/html", "raw_mimetype": "text/html"}),
        metadata={"title": MARKUP, "kernelspec": {"display_name": MARKUP, "name": "../../x"}, "widgets": MARKUP},
    )


_NOT_JSON = "it is not valid JSON (line 1, column "
HANDED = {
    "cut off": Handed("a.ipynb", notebook(cell("x = 1")).encode()[:70], _NOT_JSON),
    "a comma too many": Handed("a.ipynb", b'{"cells": [],}', _NOT_JSON),
    "a merge conflict": Handed(
        "a.ipynb", b'{\n<<<<<<< mine\n"cells": []\n=======\n>>>>>>> theirs\n}', "it holds an unresolved merge conflict"
    ),
    "a login page": Handed("a.ipynb", b"\n<!DOCTYPE HTML><title>Sign in</title>", "it is a web page, not a notebook"),
    "nothing": Handed("a.ipynb", b"", "the file is empty"),
    "a list": Handed("a.ipynb", b"[]", "it is JSON but no notebook: a list at the top"),
    "a byte order mark": Handed("a.ipynb", b"\xef\xbb\xbf" + notebook(cell("x = 1")).encode(), "", ("x = 1",)),
    "UTF-16": Handed("a.ipynb", notebook(cell("x = 1")).encode("utf-16"), "it is encoded in UTF-16 or UTF-32"),
    "Latin-1": Handed(
        "a.ipynb", notebook(cell("# caf\u00e9")).encode("latin-1"), "it is not UTF-8: byte 0xe9 at position"
    ),
    "half a character": Handed(
        "a.ipynb", notebook(cell("x = 'S'")).replace("S", "\\ud800").encode(), "", ("x = '\ufffd'",)
    ),
    "a NUL": Handed("a.ipynb", notebook(cell("x = 1\0\nimport os")).encode(), "", ("x = 1\0\nimport os",)),
    "NUL bytes": Handed("a.ipynb", b"\0" * 1000, "it is encoded in UTF-16 or UTF-32"),
    "metadata a hundred thousand lists deep": Handed(
        "a.ipynb",
        notebook(metadata=0).replace('"metadata": 0', f'"metadata": {"[" * 100_000}{"]" * 100_000}').encode(),
        "it is nested too deeply or too large to be read",
    ),
    "a version of a million digits": Handed(
        "a.ipynb",
        notebook(nbformat=0).replace('"nbformat": 0', f'"nbformat": {"9" * 1_000_000}').encode(),
        "it is not valid JSON: it holds a number with thousands of digits",
    ),
    "a version that is infinite": Handed("a.ipynb", b'{"cells":[],"nbformat":1e999}', "its nbformat is a number"),
    "the cells twice, the last ones wrong": Handed(
        "a.ipynb",
        b'{"cells": [], "metadata": NaN, "nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}',
        "the source of cell 1 is a number, not text",
    ),
    "nested sources": Handed("a.ipynb", notebook(cell([["x"]])).encode(), "the source of cell 1 is a list, not text"),
    "a cell without a type": Handed("a.ipynb", notebook({"source": "x"}).encode(), "the type of cell 1 is nothing"),
    "a source that is null": Handed("a.ipynb", notebook(cell(None)).encode(), "", ("",)),
    "metadata that is no number": Handed("a.ipynb", b'{"cells": [], "metadata": NaN, "nbformat": 4}'),
    "version 3": Handed(
        "a.ipynb",
        b'{"nbformat":3,"worksheets":[{"cells":[{"cell_type":"code","input":["x=1\\n","y"],"outputs":[]}]}]}',
        "",
        ("x=1\ny",),
    ),
    "version 2": Handed(
        "a.ipynb", notebook(nbformat=2).encode(), "it is of notebook format 2; formats 3 and 4 are read"
    ),
    "no version": Handed("a.ipynb", b'{"cells":[{"cell_type":"code","source":["x=1\\n","y=2"]}]}', "", ("x=1\ny=2",)),
    "ids made up to go round for ever": Handed(
        "a.ipynb",
        notebook(cell("1", id="x" * 50 + "-3"), cell("2", id="x" * 50), cell("3", id="x" * 50)).encode(),
        "",
        ("1", "2", "3"),
    ),
    "a million cells": Handed(
        "a.ipynb",
        b'{"cells":[' + b",".join([b'{"cell_type":"code","source":"x"}'] * 1_000_000) + b"]}",
        "it has more than 5,000 cells, which is more than is read",
    ),
    "a million cells without types": Handed(
        "a.ipynb", b'{"cells":[' + b"{}," * 999_999 + b"{}]}", "it has 1,000,000 cells; at most 5,000 are read"
    ),
    "marks by the thousand": Handed("a.py", b"# %%\n" * 100_000, "it has more than 5,000 cells, which is more than"),
    "marks with endless options": Handed("a.py", b"# %% " + b"a=" * 200_000 + b"\nx = 1", "", ("x = 1",)),
    "comments of comments": Handed("a.py", b"# %%\n" + b"# " * 60_000, "", ("# " * 60_000,)),
    "a rule of a hundred thousand": Handed("a.py", b"x = 1\n" + b"#" * 100_000, "", ("x = 1\n" + "#" * 100_000,)),
    "fences that never close": Handed(
        "a.py", b"# %% [markdown]\n" + b"# ```a\n" * 100_000, "", ("\n".join(["```a"] * 100_000),)
    ),
}

# Sources that kill a parser, a compiler or an hour; none of them defines anything.
BOMBS = {
    "brackets": "(" * 100_000 + ")" * 100_000,
    "a sum": "x = " + "+".join(["1"] * 300_000),
    "signs": "x = " + "-" * 200_000 + "1",
    "digits": "x = " + "9" * 100_000,
    "braces in a text": "x = f'" + "{" * 500 + "'",
    "blocks": "if 1:\n" + "".join(f"{' ' * depth}if 1:\n" for depth in range(1, 200)) + " " * 200 + "pass",
    "magics": "%a\n" * 16_000 + "(",
    "tabs": "\t" * 49_000 + "\n!ls",
    "attributes": "x" + ".y" * 24_000,
    "calls": "f(" * 24_000,
    "lambdas": "lambda: " * 6_000 + "1",
    "decorators": "@a\n" * 16_000 + "(",
    "texts": "'a'" * 16_000 + "(",
    "continuations": "\\\n" * 24_000,
}
