"""A line of a cell is found in the notebook's file, however the file is written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from grader.ci.places import cell_lines, places_of
from grader.notebook.read import read_bytes

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=8), max_size=5)
CELLS = st.lists(st.tuples(st.sampled_from(["code", "markdown"]), LINES), max_size=5)


def document(cells: list[tuple[str, list[str]]], indent: int | None, joined: bool = False) -> str:
    def cell(kind: str, lines: list[str]) -> dict[str, object]:
        source: object = "\n".join(lines) if joined else [f"{x}\n" for x in lines[:-1]] + lines[-1:]
        return {"cell_type": kind, "metadata": {"source": ["no"], "cells": [{"source": "no"}]}, "source": source}

    made = [cell(kind, lines) for kind, lines in cells]
    return json.dumps({"metadata": {"cells": [[]]}, "cells": made, "nbformat": 4, "nbformat_minor": 5}, indent=indent)


@given(CELLS, st.sampled_from([1, 2]))
def test_each_line_is_where_its_string_is(cells: list[tuple[str, list[str]]], indent: int) -> None:
    text = document(cells, indent)
    rows = text.split("\n")
    found = cell_lines(text)
    for index, (_, lines) in enumerate(cells):
        places = found.get(index, [])
        assert len(places) == len(lines)
        for place, line in zip(places, lines, strict=True):
            assert json.loads(rows[place - 1].strip().rstrip(",")).rstrip("\n") == line


@given(CELLS)
def test_a_file_of_one_line_has_all_on_it(cells: list[tuple[str, list[str]]]) -> None:
    found = cell_lines(document(cells, None))
    assert {place for places in found.values() for place in places} <= {1}
    assert [len(found.get(index, [])) for index in range(len(cells))] == [len(lines) for _, lines in cells]


@given(CELLS)
def test_a_source_in_one_string_is_on_one_line(cells: list[tuple[str, list[str]]]) -> None:
    found = cell_lines(document(cells, 1, joined=True))
    assert all(len(set(places)) <= 1 for places in found.values())
    assert all(len(found.get(index, [])) == len(lines) for index, (_, lines) in enumerate(cells))


@given(st.text(st.sampled_from('{}[]",:\\ \nacelsuor')))
def test_any_text_is_scanned_to_its_end(text: str) -> None:
    assert isinstance(cell_lines(text.replace("\\", "")), dict)


def test_code_cells_are_told_by_their_number() -> None:
    text = document([("markdown", ["# Title"]), ("code", ["import torch", "x = 1"]), ("code", ["y = 2"])], 1)
    places = places_of(read_bytes("hw.ipynb", text.encode()), text.encode())
    rows = text.split("\n")
    assert "x = 1" in rows[places.line(1, 2) - 1]
    assert "y = 2" in rows[places.line(2) - 1]
    assert places.line(2, 99) == places.line(2)
    assert places.line(7, 3) == 1


def test_of_a_percent_file_nothing_is_known() -> None:
    data = b"# %%\nx = 1\n"
    assert places_of(read_bytes("hw.py", data), data).line(1) == 1
