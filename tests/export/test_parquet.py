"""A Parquet file holds the rows with their types."""

import io
import sys

import msgspec
import pyarrow.parquet
import pytest
from export.classes import HOSTILE_NAMES, row

from grader.errors import BadInput
from grader.export.model import Row
from grader.export.parquet import parquet


def read(data: bytes) -> list[dict[str, object]]:
    return pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()


def test_rows_come_back() -> None:
    rows = [row(name, name=name) for name in HOSTILE_NAMES] + [row("x", None, submitted_at=None, exercises=())]
    assert [msgspec.convert(each, Row) for each in read(parquet(rows))] == rows


def test_the_fields_are_those_of_a_row_even_for_nobody() -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(parquet([])))
    assert tuple(table.column_names) == tuple(Row.__struct_fields__)
    assert str(table.schema.field("submitted_at").type) == "timestamp[us, tz=UTC]"


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput) as refused:
        parquet([])
    assert str(refused.value) == "Parquet needs pyarrow, which is not installed; install grader[parquet]"
