"""The door: every rule that bytes from a student's process must keep, and what is said of those that do not."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import torch

from grader.wire import decode as decode_module
from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits
from grader.wire.tree import Opaque, TensorLeaf


def observation(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"GRO1" + struct.pack("<IQ", len(text), len(body)) + text + body


def tensor(dtype: str, shape: list[Any], device: Any = "cpu", requires_grad: Any = False) -> list[Any]:
    return ["tensor", dtype, shape, device, requires_grad]


def nested(levels: int) -> bytes:
    return b'["list",' * levels + b"1" + b"]" * levels


def test_a_tensor_is_rebuilt_plain_writable_and_on_its_own() -> None:
    data = observation(
        ["list", tensor("float32", [2], "cuda", True), tensor("float32", [])], struct.pack("<3f", 1, 2, 3)
    )
    first, second = decode(data)  # type: ignore[misc]
    assert isinstance(first, TensorLeaf)
    assert isinstance(second, TensorLeaf)
    assert (first.device, first.requires_grad, first.kind) == ("cuda", True, "tensor")
    first.values.zero_()
    assert second.values.item() == 3.0
    assert decode(data)[0].values.tolist() == [1.0, 2.0]  # type: ignore[index, union-attr, call-overload]


def test_an_opaque_leaf_keeps_its_name_and_reason() -> None:
    assert decode(observation(["opaque", "generator", "only data"])) == Opaque("generator", "only data")


def test_sixteen_levels_are_read() -> None:
    decode(observation(nested(16)))


HOSTILE: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "ends after 0 bytes"),
    ("another magic", b"GRM1" + bytes(12), "starts with b'GRM1' instead of b'GRO1'"),
    ("pickle", b"\x80\x04cos\nsystem\n(S'true'\ntR.", "instead of b'GRO1'"),
    ("huge lengths", b"GRO1" + struct.pack("<IQ", 0xFFFFFFFF, 2**63), "header of 4294967295 bytes is over"),
    (
        "huge body",
        b"GRO1" + struct.pack("<IQ", 2, 2**64 - 1) + b"{}",
        "body of 18446744073709551615 bytes is over",
    ),
    ("short by one", observation(None)[:-1], "has 19 bytes, its lengths say 20"),
    ("long by one", observation(None) + b"\0", "has 21 bytes, its lengths say 20"),
    ("no header", observation(b""), "not JSON"),
    ("no JSON", observation(b"[1,"), "not JSON"),
    ("two values", observation(b"1 2"), "not JSON"),
    ("no UTF-8", observation(b'"\xff"'), "not JSON in UTF-8"),
    ("UTF-16", observation('"a"'.encode("utf-16")), "not JSON in UTF-8"),
    ("byte order mark", observation(b"\xef\xbb\xbf1"), "not JSON"),
    ("raw control letter", observation(b'"\0"'), "not JSON"),
    ("200,000 brackets", observation(b"[" * 200_000), "nests more than 18 levels"),
    ("200,000 braces", observation(b'{"a":' * 200_000), "nests more than 18 levels"),
    ("seventeen containers", observation(nested(17)), "nests more than 16 containers deep"),
    ("a million digits", observation(b"9" * 1_000_000), "number of 1000000 letters"),
    ("64 bits", observation(2**63), "integer has more than 63 bits"),
    ("NaN literal", observation(b"NaN"), "has NaN, which is not JSON"),
    ("infinity literal", observation(b"[-Infinity]"), "has -Infinity, which is not JSON"),
    ("a float", observation(1.5), "no value of an observation"),
    ("a float that overflows", observation(b"1e999"), "too long or too large"),
    ("an object", observation({"v": 1}), "no value of an observation"),
    ("the same key twice in an object", observation(b'{"a":1,"a":2}'), "same key twice"),
    ("an empty array", observation([]), "no value of an observation"),
    ("no tag", observation([1, 2]), "no value of an observation"),
    ("an unknown tag", observation(["set", 1]), "malformed or unknown entry 'set'"),
    ("the same key twice", observation(["dict", "a", 1, "a", 2]), "same key twice"),
    ("a key without a value", observation(["dict", "a"]), "no value"),
    ("a key that is a list", observation(["dict", [], 1]), "key that is no text"),
    ("a long key", observation(["dict", "k" * 70_000, 1]), "text of 70000 bytes is over"),
    ("a long text", observation("t" * 70_000), "text of 70000 bytes is over"),
    ("half a surrogate pair", observation("\ud800"), "surrogate"),
    ("half a surrogate pair as a key", observation(["dict", "\udfff", 1]), "surrogate"),
    ("a long opaque name", observation(["opaque", "n" * 1001, ""]), "over the limit of 1000"),
    ("long bytes", observation(["bytes", "00" * 70_000]), "bytes value of 70000 is over"),
    ("bytes with spaces", observation(["bytes", "00 00"]), "bytes.hex"),
    ("half a byte", observation(["bytes", "000"]), "bytes.hex"),
    ("bytes in digits of another script", observation(["bytes", "٣٣"]), "bytes.hex"),
    ("a float in decimals", observation(["float", "1.5"]), "float.hex"),
    ("a float that is no number", observation(["float", "one"]), "float.hex"),
    ("a float that is too large", observation(["float", "0x1p+5000"]), "float.hex"),
    ("a float of a million letters", observation(["float", "0x" + "1" * 900_000]), "float.hex"),
    ("a float with a space", observation(["float", " nan"]), "float.hex"),
    ("half a complex", observation(["complex", "nan"]), "malformed or unknown entry 'complex'"),
    ("an unknown dtype", observation(tensor("object", [1]), b"\0"), "unknown number type 'object'"),
    ("a quantised dtype", observation(tensor("qint8", [1]), b"\0"), "unknown number type 'qint8'"),
    ("a negative size", observation(tensor("uint8", [-1])), "dimension that is no count"),
    ("a size that is true", observation(tensor("uint8", [True]), b"\0"), "dimension that is no count"),
    ("a size that is text", observation(tensor("uint8", ["1"]), b"\0"), "dimension that is no count"),
    ("a size that is a float", observation(b'["tensor","uint8",[1.0],"cpu",false]', b"\0"), "no count"),
    (
        "strides that overflow",
        observation(tensor("float32", [0, 2**31, 2**31, 2**31, 2**31])),
        "too many dim",
    ),
    (
        "a product that overflows",
        observation(tensor("float32", [2**62, 4])),
        "too many dimensions or elements",
    ),
    ("nine dimensions", observation(tensor("uint8", [1] * 9), b"\0"), "too many dimensions or elements"),
    (
        "more than the body",
        observation(tensor("float32", [9, 9]), bytes(4)),
        "needs 324 bytes, the body has 4 left",
    ),
    (
        "less than the body",
        observation(tensor("uint8", [2]), bytes(3)),
        "1 bytes of the body belong to no tensor",
    ),
    ("a body without tensors", observation(None, b"x"), "1 bytes of the body belong to no tensor"),
    ("a bool byte of 7", observation(tensor("bool", [2]), b"\1\7"), "neither 0 nor 1"),
    ("a device with a terminal escape", observation(tensor("uint8", [0], "\x1b[31m")), "no lower-case word"),
    (
        "a device that is a number",
        observation(tensor("uint8", [0], 1)),
        "malformed or unknown entry 'tensor'",
    ),
    (
        "requires_grad of 1",
        observation(tensor("uint8", [0], "cpu", 1)),
        "malformed or unknown entry 'tensor'",
    ),
    (
        "an array on a device",
        observation(["ndarray", "uint8", [0], "cuda"]),
        "malformed or unknown entry 'ndarray'",
    ),
    ("513 tensors", observation(["list", *[tensor("uint8", [0])] * 513]), "more than 512 tensors"),
    ("50,001 values", observation(["list", *[0] * 50_000]), "more than 50000 values"),
    ("a header over the limit", observation(b" " * (1024 * 1024 + 1)), "header of 1048577 bytes is over"),
    ("an unclosed string of escapes", observation(b'"' + b'\\"' * 500_000), "not JSON"),
    (
        "half a million empty arrays",
        observation(b"[" + b"[]," * 340_000 + b"1]"),
        "no value of an observation",
    ),
]


@pytest.mark.parametrize(("data", "message"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_hostile_observation_is_refused_quickly_and_in_words(data: bytes, message: str) -> None:
    with pytest.raises(WireError) as caught:
        decode(data)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("data", [None, 3, "GRO1" * 9, object()], ids=["None", "number", "text", "object"])
def test_what_is_not_even_bytes_is_refused_too(data: Any) -> None:
    with pytest.raises(WireError, match="cannot be read"):
        decode(data)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, RuntimeError, OverflowError, SystemError])
def test_whatever_goes_wrong_inside_is_a_wire_error(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> torch.Tensor:
        raise error("boom")

    monkeypatch.setattr(decode_module.torch, "frombuffer", fail)
    with pytest.raises(WireError, match=rf"^the observation cannot be read \({error.__name__}\)$"):
        decode(encode(torch.ones(1)))


def test_brackets_inside_text_are_no_levels() -> None:
    text = '["' * 100 + "\\" * 7 + "[{" * 100
    assert decode(encode([text])) == [text]


def test_limits_are_the_callers() -> None:
    data = encode([1, [2, "abc"]])
    assert decode(data, WireLimits(nodes=5, depth_levels=2, string_bytes=3)) == [1, [2, "abc"]]
    for tight in (WireLimits(nodes=4), WireLimits(depth_levels=1), WireLimits(string_bytes=2)):
        with pytest.raises(WireError):
            decode(data, tight)
