"""Whatever may cross arrives as it was; whatever else comes to the door is refused by name."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grader.wire.decode import decode
from grader.wire.dtypes import DTYPES
from grader.wire.encode import encode
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits
from grader.wire.tree import Opaque, TensorLeaf

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
NUMPY_NAMES = [name for name in DTYPES if name != "bfloat16"]


def raw(values: torch.Tensor) -> bytes:
    return values.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    dtype = DTYPES[draw(st.sampled_from(sorted(DTYPES)))]
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    size = math.prod(shape) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    if dtype is torch.bool:
        data = bytes(byte & 1 for byte in data)
    flat = torch.frombuffer(bytearray(data), dtype=dtype) if data else torch.empty(0, dtype=dtype)
    tensor = flat.reshape(shape)
    if draw(st.booleans()):
        tensor = tensor.permute(tuple(reversed(range(tensor.dim()))))
    if dtype.is_floating_point and draw(st.booleans()):
        tensor.requires_grad_()
    return tensor


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    dtype = np.dtype(draw(st.sampled_from(NUMPY_NAMES))).newbyteorder(draw(st.sampled_from("<>")))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = math.prod(shape) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    if dtype.kind == "b":
        data = bytes(byte & 1 for byte in data)
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array[::-1].T if array.ndim and draw(st.booleans()) else array


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
trees = st.recursive(
    plain | tensors() | arrays(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["tensor", "ndarray", "list", "tuple", "dict", "float", "complex", "bytes", "opaque"])
    | st.sampled_from([*DTYPES, "cpu", "", "0x1p+0", "nan", "00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=15,
)


def assert_same(sent: Any, got: Any) -> None:
    if isinstance(sent, torch.Tensor):
        assert type(got) is TensorLeaf
        assert (got.kind, got.device, got.requires_grad) == ("tensor", "cpu", sent.requires_grad)
        assert type(got.values) is torch.Tensor
        assert got.values.is_contiguous()
        assert (got.values.dtype, got.values.shape) == (sent.dtype, sent.shape)
        assert raw(got.values) == raw(sent.detach())
    elif isinstance(sent, np.ndarray):
        assert type(got) is TensorLeaf
        assert (got.kind, got.device, got.requires_grad) == ("ndarray", "cpu", False)
        assert (got.values.dtype, tuple(got.values.shape)) == (DTYPES[sent.dtype.name], sent.shape)
        assert raw(got.values) == sent.astype(sent.dtype.newbyteorder("<")).tobytes()
    elif isinstance(sent, dict):
        assert type(got) is dict
        assert list(got) == list(sent)
        for key in sent:
            assert_same(sent[key], got[key])
    elif isinstance(sent, (list, tuple)):
        assert type(got) is type(sent)
        assert len(got) == len(sent)
        for one, other in zip(sent, got, strict=True):
            assert_same(one, other)
    else:
        assert type(got) is type(sent)
        assert repr(got) == repr(sent)  # tells -0.0 from 0.0 and holds for NaN


def leaf_or_refusal(data: bytes) -> None:
    try:
        decode(data)
    except WireError as error:
        assert str(error)


@QUICK
@given(trees)
def test_every_legal_tree_arrives_as_it_was(tree: Any) -> None:
    assert_same(tree, decode(encode(tree)))


@QUICK
@given(trees)
def test_what_has_arrived_can_be_written_again_to_the_same_bytes_or_values(tree: Any) -> None:
    def without_leaves(node: Any) -> Any:
        if isinstance(node, TensorLeaf):
            return node.values.numpy() if node.kind == "ndarray" else node.values.requires_grad_(node.requires_grad)
        if isinstance(node, dict):
            return {key: without_leaves(item) for key, item in node.items()}
        return type(node)(map(without_leaves, node)) if isinstance(node, (list, tuple)) else node

    once = encode(tree)
    assert encode(without_leaves(decode(once))) == once


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_a_tree_or_a_wire_error(data: bytes) -> None:
    leaf_or_refusal(data)


@QUICK
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_header_with_true_lengths_is_a_tree_or_a_wire_error(header: bytes, body: bytes) -> None:
    leaf_or_refusal(b"GRO1" + struct.pack("<IQ", len(header), len(body)) + header + body)


@settings(QUICK, max_examples=200)
@given(json_values, st.binary(max_size=64))
def test_any_json_in_the_header_is_a_tree_or_a_wire_error(value: Any, body: bytes) -> None:
    header = json.dumps(value).encode()
    leaf_or_refusal(b"GRO1" + struct.pack("<IQ", len(header), len(body)) + header + body)


@settings(QUICK, max_examples=200)
@given(trees, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_valid_observation_with_bytes_changed_is_a_tree_or_a_wire_error(
    tree: Any, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(encode(tree))
    for position, byte in changes:
        data[position % len(data)] = byte
    leaf_or_refusal(bytes(data))


@QUICK
@given(trees, st.data())
def test_an_observation_cut_anywhere_or_lengthened_is_refused(tree: Any, data: st.DataObject) -> None:
    whole = encode(tree)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(WireError, match="the data"):
        decode(whole[:cut])
    with pytest.raises(WireError, match="its lengths say"):
        decode(whole + b"\0")


@settings(QUICK, max_examples=200)
@given(trees, json_values, st.data())
def test_a_valid_observation_with_a_part_of_its_header_replaced_is_a_tree_or_a_wire_error(
    tree: Any, value: Any, data: st.DataObject
) -> None:
    whole = encode(tree)
    header_bytes, _ = struct.unpack("<IQ", whole[4:16])
    header = json.loads(whole[16 : 16 + header_bytes])
    assume(isinstance(header, list) and header)
    place = header
    while isinstance(inner := place[index := data.draw(st.integers(0, len(place) - 1))], list) and inner:
        if data.draw(st.booleans()):
            break
        place = inner
    place[index] = value
    changed, body = json.dumps(header).encode(), whole[16 + header_bytes :]
    leaf_or_refusal(b"GRO1" + struct.pack("<IQ", len(changed), len(body)) + changed + body)


@QUICK
@given(trees)
def test_tight_limits_end_in_a_wire_error_on_either_side(tree: Any) -> None:
    limits = WireLimits(
        header_bytes=60, body_bytes=16, depth_levels=2, nodes=5, string_bytes=8, tensors=1, tensor_dims=2
    )
    try:
        data = encode(tree, limits)
    except WireError:
        leaf_or_refusal_with(encode(tree), limits)
        return
    decode(data, limits)  # what one side lets out, the other lets in


def leaf_or_refusal_with(data: bytes, limits: WireLimits) -> None:
    with pytest.raises(WireError):
        decode(data, limits)


def test_an_opaque_leaf_equals_nothing_that_crosses_as_a_value() -> None:
    assert decode(encode(object())) == Opaque(
        "object", "only tensors, arrays, numbers, text, lists, tuples and dicts are compared"
    )
