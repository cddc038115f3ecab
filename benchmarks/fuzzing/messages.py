"""What processes and recordings say, in bytes: valid, and most of it spoilt. Cheap to make a hundred thousand times."""

from __future__ import annotations

import json
import struct
from functools import cache
from math import prod
from random import Random
from typing import Any

import msgspec

from fuzzing.mutate import INTEGERS, ODD, ODD_JSON, TEXTS, json_bytes, maybe_spoilt, spoil_tree

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
    return maybe_spoilt(rng, _packed(rng, b"GRO1", text, body), 0.25)


def claims(rng: Random) -> bytes:
    """One byte that says what is expected, then the body of an answer or an event as msgpack."""
    kind = rng.randrange(5)
    if kind == 0:
        outcomes = [_outcome(rng) for _ in range(rng.choice((2, 2, 2, 1, 30)))]
        said: Any = {"nonce": rng.choice((NONCE, NONCE, NONCE, "")), "outcomes": outcomes, "seconds": [0.1, 0.2]}
    elif kind == 3:
        said = {"notices": ["a shell line was not run"] * rng.choice((0, 1, 30))}
    else:
        said = {"number": rng.choice((1, 2, *INTEGERS)), "error": "ValueError", "message": "no", "frames": [frame()]}
    return bytes([kind]) + _msgpack(rng, said)


def recording(rng: Random) -> bytes:
    """An observations.bin, the form of which is that of the shipped ones."""
    return _msgpack(rng, msgspec.msgpack.decode(_recorded()))


def frame() -> dict[str, Any]:
    """One line of a traceback."""
    return {"cell": 1, "line": 2, "function": "f", "text": "return x"}


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
    return maybe_spoilt(rng, stream, 0.3)


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
        "frames": [frame()] * 9,
    }
    observed = {"type": "returned", "observation": wire(rng)} if rng.random() < 0.4 else error
    stopped = {"type": "stopped", "reason": "timeout", "detail": "no answer"}
    return rng.choice((observed, observed, {"type": "missing", "name": "f"}, stopped))


def _msgpack(rng: Random, tree: Any) -> bytes:
    if rng.random() < 0.7:
        tree = spoil_tree(rng, tree, (*ODD, b"", b"GRO1"))
    try:
        data = msgspec.msgpack.encode(tree)
    except (ValueError, OverflowError, TypeError, RecursionError):
        data = msgspec.msgpack.encode(json.loads(json_bytes(rng, {"said": "x"})))  # no msgpack for lone surrogates
    return maybe_spoilt(rng, data, 0.5)


@cache
def _recorded() -> bytes:
    check = {"name": "c", "exercise": "e", "points": 1.0, "visibility": "public", "description": "d", "needs": ["a"]}
    check |= {"compare": {"": {"type": "close", "rtol": 0.1, "atol": 0}, "a": {"type": "exact"}}, "devices": ["all"]}
    returned = {"type": "returned", "observation": b"GRO1" + struct.pack("<IQ", 4, 0) + b"null"}
    raised = {"type": "raised", "error": "E", "message": "m", "frames": [frame()]}
    recording = {"assignment": "hw2", "seed": "s", "torch": "2.13", "checks": [check], "hidden_checks": 3}
    recording |= {"references": {"c": {"float32": returned, "float64": None}, "d": {"float32": raised}}}
    recording |= {"misconceptions": [{"name": "m", "exercise": "e", "text": "t"}], "variants": {"m": {"c": returned}}}
    return msgspec.msgpack.encode(recording)
