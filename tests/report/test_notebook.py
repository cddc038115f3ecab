"""Whatever a notebook holds, its picture in a report can only be read."""

from __future__ import annotations

import json
import re
import time

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode, from_dict

from grader.report.notebook import NO_NOTEBOOK, notebook_html

X = (
    "<script>document.title='PWNED';fetch('/x')</script><img src=x onerror=alert(1)><svg onload=alert(2)>"
    "<iframe srcdoc='<script>parent.alert(3)</script>'></iframe><style>*{display:none}</style></pre></textarea>"
    "</article></div></details>{{7*7}}<a href='javascript:alert(1)'>a</a><form action=/x><input name=b></form>"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def _cell(kind: str, source: object, **fields: object) -> dict[str, object]:
    return {"cell_type": kind, "source": source, "metadata": {}, **fields}


def _notebook(*cells: object) -> NotebookNode:
    return from_dict({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _is_harmless(html: str) -> bool:
    tags = re.findall(r"<[^>]*>", html)
    loads = re.findall(r'<[^>]*\ssrc="(?!data:image/(?:png|jpeg);base64,)[^>]*>', html)
    bad = [
        tag for tag in tags if re.search(r"^</?(script|style|iframe|svg|form|input|object)|\son\w+=|javascript:", tag)
    ]
    return not loads and not bad


def test_no_notebook_is_a_sentence() -> None:
    assert NO_NOTEBOOK in notebook_html(None)


def test_an_ordinary_notebook_is_shown_with_its_outputs(samples) -> None:
    html = notebook_html(samples.notebook())
    for part in ("<strong>two</strong>", "$y = 2x$", 'id="cell-4"', "epoch 1", "data:image/png", "ZeroDivisionError"):
        assert part in html
    assert "a  b\n1  2" in html
    assert "<td>1</td>" in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_the_same_words_keep_the_pictures_of_their_own_notebook() -> None:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
    words = "look: ![plot](attachment:plot.png)"
    without = notebook_html(_notebook(_cell("markdown", words)))
    pictured = notebook_html(_notebook(_cell("markdown", words, attachments={"plot.png": {"image/png": png}})))
    assert png in pictured
    assert png not in without
    assert notebook_html(_notebook(_cell("markdown", words))) == without


def test_script_in_every_place_of_a_notebook_is_dropped_or_text() -> None:
    output = {
        "output_type": "display_data",
        "data": {
            "text/html": X,
            "application/javascript": "alert(5)",
            "image/svg+xml": X,
            "image/png": X,
            "text/plain": X,
        },
        "metadata": {},
    }
    error = {"output_type": "error", "ename": X, "evalue": X, "traceback": [X]}
    tracker = X + "\n[x](javascript:alert(4)) ![pixel](https://example.invalid/track.png) ![a](attachment:a.svg)"
    html = notebook_html(
        _notebook(
            _cell("markdown", tracker, attachments={"a.svg": {"image/svg+xml": X}}),
            _cell("code", f"# {X}", outputs=[output, error]),
            _cell("raw", X),
        )
    )
    assert _is_harmless(html)
    assert "example.invalid" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<article") == html.count("</article>") == 3


def test_a_students_markup_cannot_take_our_anchors_or_classes() -> None:
    html = notebook_html(_notebook(_cell("markdown", '<p id="cell-1" class="trouble" style="position:fixed">x</p>')))
    assert "cell-1" not in html
    assert "trouble" not in html
    assert "position" not in html


def test_attached_pictures_are_shown(samples) -> None:
    data = samples.png("got").partition(",")[2]
    html = notebook_html(
        _notebook(_cell("markdown", "![a](attachment:a.png)", attachments={"a.png": {"image/png": data}}))
    )
    assert f"data:image/png;base64,{data}" in html


@pytest.mark.parametrize("source", [7, None, [["x"]], {"a": 1}, ["a", 3, "b"], "\ud800", "\x00\u202e", ""])
@pytest.mark.parametrize("kind", ["code", "markdown", "raw", None, 3])
def test_odd_cells_do_not_stop_the_report(kind, source) -> None:
    notebook_html(_notebook(_cell(kind, source, outputs=source), source, None)).encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_any_json_in_place_of_a_notebook_gives_harmless_html(value: object) -> None:
    for node in (value, {"cells": value}, {"cells": [{"cell_type": "code", "source": "x", "outputs": [value]}]}):
        html = notebook_html(node)
        assert html
        assert _is_harmless(html)


@pytest.mark.parametrize(
    "piece", ["[", "\\\\[", "\\begin{a}", "<div>", "*a **a ", "$$", "> ", "![a", "|a", "`a``", "(" * 9]
)
@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_hostile_sources_take_no_minutes(kind, piece) -> None:
    started = time.perf_counter()
    notebook_html(_notebook(*[_cell(kind, piece * (4_900 // len(piece)))] * 3, _cell(kind, piece * 100_000)))
    assert time.perf_counter() - started < 8


def test_a_huge_notebook_is_cut_and_says_so() -> None:
    cells = [_cell("code", "x = 1", outputs=[]) for _ in range(2_000)]
    html = notebook_html(_notebook(*cells, _cell("code", "y" * 5_000_000, outputs=[])))
    assert "1,601 more cells not shown." in html
    assert len(html) < 2_000_000


def test_a_notebook_read_from_disk_is_shown(tmp_path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(_notebook(_cell("markdown", ["# A\n", "b"], id="a"))), "utf-8")
    assert "<h1>A</h1>" in notebook_html(nbformat.read(path, as_version=4))
