"""A class's results as a Parquet file, for data frames; needs pyarrow."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec

from grader.errors import BadInput
from grader.export.model import Row


def parquet(rows: Sequence[Row]) -> bytes:
    """A table with the fields of `Row`: times in UTC, exercises as a list of records.

    Args:
        rows: The class's results.

    Returns:
        The file's bytes.

    Raises:
        BadInput: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow.parquet import write_table
    except ImportError as error:
        raise BadInput("Parquet needs pyarrow, which is not installed; install grader[parquet]") from error
    text, number = pa.string(), pa.float64()
    exercise = pa.struct([("id", text), ("title", text), ("points", number), ("max_points", number)])
    moment = pa.timestamp("us", tz="UTC")
    step = pa.struct([("what", text), ("points", number), ("reason", text), ("by", text), ("at", moment)])
    kinds = dict.fromkeys(Row.__struct_fields__, text) | {
        "points": number,
        "max_points": number,
        "excused": pa.bool_(),
        "submitted_at": moment,
        "due": moment,
        "late_seconds": number,
        "raw_points": number,
        "late_points": number,
        "steps": pa.list_(step),
        "attempt": pa.int64(),
        "exercises": pa.list_(exercise),
    }
    records = [
        msgspec.structs.asdict(row)
        | {name: list(map(msgspec.structs.asdict, getattr(row, name))) for name in ("exercises", "steps")}
        for row in rows
    ]
    buffer = io.BytesIO()
    write_table(pa.Table.from_pylist(records, schema=pa.schema(list(kinds.items()))), buffer)
    return buffer.getvalue()
