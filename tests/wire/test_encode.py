"""What a check may return, and what becomes of everything else."""

from __future__ import annotations

import collections
import datetime
import itertools
import math
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from grader.wire.decode import decode
from grader.wire.encode import encode, key_text
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits
from grader.wire.tree import Opaque, TensorLeaf

CROSSES = "only tensors, arrays, numbers, text, lists, tuples and dicts are compared"


def crossed(value: Any, limits: WireLimits | None = None) -> Any:
    limits = limits or WireLimits()
    return decode(encode(value, limits), limits)


def crossed_tensor(value: Any) -> TensorLeaf:
    leaf = crossed(value)
    assert isinstance(leaf, TensorLeaf)
    return leaf


class Point(NamedTuple):
    x: int
    y: float


class TestContainers:
    def test_tuples_of_any_class_become_tuples(self) -> None:
        assert crossed(torch.Size([2, 3])) == (2, 3)
        assert type(crossed(torch.Size([2, 3]))) is tuple
        assert crossed(Point(1, 2.5)) == (1, 2.5)
        values, indices = crossed(torch.max(torch.tensor([[1.0, 3.0]]), dim=1))
        assert (values.values.item(), indices.values.item()) == (3.0, 1)

    def test_the_standard_dicts_become_dicts_in_their_own_order(self) -> None:
        ordered = collections.OrderedDict(a=1, b=2)
        ordered.move_to_end("a")
        assert list(crossed(ordered).items()) == [("b", 2), ("a", 1)]
        assert crossed(collections.defaultdict(list, a=[1])) == {"a": [1]}
        assert crossed(collections.Counter("aab")) == {"a": 2, "b": 1}

    def test_other_dicts_and_lists_are_opaque(self) -> None:
        class MyDict(dict[str, int]): ...

        class MyList(list[int]): ...

        assert crossed(MyDict(a=1)) == Opaque("MyDict", CROSSES)
        assert crossed(MyList([1])) == Opaque("MyList", CROSSES)
        assert crossed(collections.UserDict(a=1)) == Opaque("UserDict", CROSSES)

    def test_a_state_dict_crosses(self) -> None:
        state = crossed(nn.Linear(2, 1).state_dict())
        assert list(state) == ["weight", "bias"]

    def test_keys_that_are_plain_values_become_text(self) -> None:
        sent = {1: 0, None: 0, False: 0, 0.5: 0, (0, "x"): 0, torch.float32: 0}
        assert list(crossed(sent)) == ["1", "None", "False", "0.5", "(0, 'x')", "torch.float32"]

    def test_a_dict_with_two_keys_that_read_the_same_is_opaque(self) -> None:
        assert crossed({1: "a", "1": "b"}) == Opaque(
            "dict", "two of its keys are the same once they are written as text"
        )

    @pytest.mark.parametrize("key", [frozenset(), b"a", 2**70, ((1,), 2), "\ud800", "long" * 20_000])
    def test_a_dict_with_another_key_is_opaque_and_names_its_type(self, key: Any) -> None:
        assert crossed({key: 1}) == Opaque(
            "dict", f"a key of type {type(key).__name__} does not cross; use short text keys"
        )

    def test_the_same_list_twice_is_no_cycle(self) -> None:
        shared = [1]
        assert crossed({"a": shared, "b": [shared, shared]}) == {"a": [1], "b": [[1], [1]]}


class TestScalars:
    @pytest.mark.parametrize("number", [0, 2**63 - 1, -(2**63) + 1])
    def test_integers_of_63_bits_cross(self, number: int) -> None:
        assert crossed(number) == number

    @pytest.mark.parametrize("number", [2**63, -(2**63), 10**5000], ids=["2^63", "-2^63", "5000 digits"])
    def test_longer_integers_are_opaque(self, number: int) -> None:
        assert crossed(number) == Opaque("int", "it has more than 63 bits")

    @pytest.mark.parametrize("number", [0.1, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308])
    def test_floats_cross_to_the_last_bit(self, number: float) -> None:
        assert repr(crossed(number)) == repr(number)

    def test_nan_crosses(self) -> None:
        assert math.isnan(crossed(math.nan))
        assert math.isnan(crossed(complex(1, -math.nan)).imag)

    def test_bool_int_and_float_stay_apart(self) -> None:
        assert [type(value) for value in crossed([True, 1, 1.0, 1 + 0j])] == [bool, int, float, complex]

    def test_text_and_bytes_over_the_limit_are_opaque(self) -> None:
        limits = WireLimits(string_bytes=4)
        assert crossed("abcd", limits) == "abcd"
        assert crossed("abcde", limits) == Opaque("str", "its 5 letters are over the limit of 4 bytes")
        assert crossed("äöü", limits) == Opaque("str", "its 6 bytes are over the limit of 4")
        assert crossed(b"abcd", limits) == b"abcd"
        assert crossed(b"abcde", limits) == Opaque("bytes", "its 5 bytes are over the limit of 4")

    def test_text_of_every_script_and_control_letter_crosses(self) -> None:
        assert crossed('\0\x1b[31m"\\\n\u2028😀') == '\0\x1b[31m"\\\n\u2028😀'

    def test_half_a_surrogate_pair_is_opaque(self) -> None:
        assert crossed("\ud800") == Opaque("str", "it holds half of a surrogate pair, which is no character")

    def test_dtypes_and_devices_become_text(self) -> None:
        assert crossed([torch.bfloat16, torch.device("cuda", 1)]) == ["torch.bfloat16", "cuda:1"]


class TestTensors:
    x = torch.arange(6, dtype=torch.float32).reshape(2, 3)

    @pytest.mark.parametrize(
        "view",
        [
            x.t(),
            x[:, ::2],
            x.unsqueeze(0).expand(4, 2, 3),
            x[0, 0],
            torch.complex(x, -x).conj(),
            torch.complex(x, -x).conj().imag,
            x.to(torch.bfloat16),
            torch._efficientzerotensor(3),
            torch.tensor([True, False]),
            torch.empty(0, 3),
            torch.arange(4)[1::2][:1],  # one element is contiguous whatever its stride
            torch.arange(6).reshape(2, 3)[1:, 1:2],
        ],
    )
    def test_any_view_crosses_as_the_values_it_shows(self, view: torch.Tensor) -> None:
        leaf = crossed_tensor(view)
        assert leaf.values.is_contiguous()
        assert torch.equal(leaf.values, view.clone().resolve_conj().resolve_neg())

    def test_a_parameter_crosses_as_a_tensor_that_autograd_follows(self) -> None:
        leaf = crossed_tensor(nn.Parameter(self.x))
        assert (type(leaf.values), leaf.kind, leaf.requires_grad) == (torch.Tensor, "tensor", True)
        assert not leaf.values.requires_grad
        assert not crossed_tensor(self.x).requires_grad
        assert crossed_tensor((nn.Parameter(self.x) * 2).sum()).requires_grad

    def test_bytes_of_a_bool_tensor_other_than_0_and_1_count_as_true(self) -> None:
        assert crossed_tensor(torch.tensor([0, 7], dtype=torch.uint8).view(torch.bool)).values.tolist() == [
            False,
            True,
        ]
        assert crossed_tensor(np.array([0, 7], dtype=np.uint8).view(bool)).values.tolist() == [False, True]

    def test_a_tensor_made_under_inference_mode_crosses(self) -> None:
        with torch.inference_mode():
            made = self.x * 2
        assert torch.equal(crossed_tensor(made).values, self.x * 2)

    def test_numpy_arrays_and_scalars_cross_as_arrays(self) -> None:
        for value, expected in [
            (np.arange(4, dtype=">i4"), torch.arange(4, dtype=torch.int32)),
            (np.arange(6).reshape(2, 3)[:, ::-1], torch.tensor([[2, 1, 0], [5, 4, 3]])),
            (np.float64(0.5), torch.tensor(0.5, dtype=torch.float64)),
            (np.bool_(True), torch.tensor(True)),
            (np.longlong(3), torch.tensor(3)),
            (np.zeros((0, 2), np.uint16), torch.zeros(0, 2, dtype=torch.uint16)),
        ]:
            leaf = crossed_tensor(value)
            assert leaf.kind == "ndarray"
            assert leaf.values.dtype is expected.dtype
            assert torch.equal(leaf.values, expected)

    @pytest.mark.parametrize(
        ("make", "name", "reason"),
        [
            (lambda: torch.eye(2).to_sparse(), "sparse_coo tensor", "return its to_dense()"),
            (lambda: torch.eye(2).to_sparse_csr(), "sparse_csr tensor", "return its to_dense()"),
            (lambda: torch.ones(2, 2).to_mkldnn(), "mkldnn tensor", "only dense tensors are compared"),
            (lambda: torch.zeros(2, device="meta"), "meta tensor", "it has a shape but no values"),
            (
                lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
                "quantized tensor",
                "return its dequantize()",
            ),
            (lambda: torch.nested.nested_tensor([torch.zeros(1), torch.zeros(2)]), "nested tensor", "pad it"),
            (lambda: torch.ones(2).to(torch.float8_e5m2), "float8_e5m2 tensor", "only these number types"),
            (lambda: nn.LazyLinear(2).weight, "lazy parameter", "before the module's first forward pass"),
            (lambda: np.array(["a"]), "str32 array", "only these number types"),
            (lambda: np.array([object()]), "object array", "only these number types"),
            (lambda: np.str_("a"), "str32 array", "only these number types"),
            (lambda: np.datetime64("2020-01-01"), "datetime64[D] array", "only these number types"),
            (lambda: np.zeros(1, dtype=[("a", "f4")]), "void32 array", "only these number types"),
            (lambda: np.ma.array([1, 2], mask=[0, 1]), "MaskedArray", CROSSES),
        ],
    )
    @pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
    def test_tensors_without_plain_values_are_opaque_and_say_why(self, make: Any, name: str, reason: str) -> None:
        leaf = crossed(make())
        assert isinstance(leaf, Opaque)
        assert leaf.type_name == name
        assert reason in leaf.reason

    def test_a_tensor_whose_memory_was_released_is_opaque(self) -> None:
        tensor = torch.ones(4)
        tensor.untyped_storage().resize_(0)
        assert crossed(tensor) == Opaque("freed tensor", "the memory of its values has been released")

    def test_a_tensor_inside_vmap_is_opaque(self) -> None:
        found = []

        def look(row: torch.Tensor) -> torch.Tensor:
            found.append(crossed(row))
            return row

        torch.vmap(look)(self.x)
        assert found[0].type_name == "functorch tensor"


class TestEverythingElse:
    @pytest.mark.parametrize(
        ("value", "name"),
        [
            (itertools.count(), "count"),
            ((i for i in itertools.count()), "generator"),
            (threading.Lock(), "lock"),
            (lambda: 0, "function"),
            (nn.Linear(1, 1), "Linear"),
            (Path(), type(Path()).__name__),
            (datetime.timedelta(1), "timedelta"),
            (..., "ellipsis"),
            (int, "type"),
            (nn.Module, "type"),
        ],
    )
    def test_is_opaque_and_named_by_its_class(self, value: object, name: str) -> None:
        assert crossed([value]) == [Opaque(name, CROSSES)]

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ({1}, "a set has no order; return sorted(...) of it"),
            (frozenset({1}), "a set has no order; return sorted(...) of it"),
            (range(3), "return list(...) of it"),
            (bytearray(b"a"), "return bytes(...) of it"),
        ],
    )
    def test_says_what_to_return_instead_where_that_is_clear(self, value: object, reason: str) -> None:
        assert crossed(value) == Opaque(type(value).__name__, reason)

    def test_a_long_class_name_is_cut(self) -> None:
        assert crossed(type("A" * 5000, (), {})()).type_name == "A" * 100


class TestLimits:
    def test_a_list_that_contains_itself(self) -> None:
        loop: list[Any] = [1]
        loop.append({"again": loop})
        with pytest.raises(WireError, match=r"^the value at '\[1\] > again' contains itself; return a copy"):
            encode(loop)

    def test_a_dict_that_contains_itself(self) -> None:
        loop: dict[str, Any] = {}
        loop["me"] = (loop,)
        with pytest.raises(WireError, match=r"^the value at 'me > \[0\]' contains itself"):
            encode(loop)

    def test_a_hundred_thousand_levels(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        with pytest.raises(WireError, match="lies in 16 other containers; return a flatter tree"):
            encode({"deep": deep})

    def test_sixteen_levels_cross_and_seventeen_do_not(self) -> None:
        tree: Any = torch.zeros(2, 2)
        for _ in range(16):
            tree = [tree]
        crossed(tree)
        with pytest.raises(WireError, match="16 other containers"):
            encode([tree])

    def test_a_million_values(self) -> None:
        with pytest.raises(WireError, match="'losses' makes more than 50000 values in all; return tensors"):
            encode({"losses": list(range(10**6))})
        with pytest.raises(WireError, match="more than 50000 values"):
            encode(dict.fromkeys(range(10**6)))

    def test_a_small_list_that_stands_for_billions_of_values(self) -> None:
        tree: Any = [0] * 10
        for _ in range(12):
            tree = [tree] * 10
        with pytest.raises(WireError, match="more than 50000 values"):
            encode(tree)

    def test_exactly_as_many_values_as_allowed_cross(self) -> None:
        limits = WireLimits(nodes=4)
        assert crossed([1, [2]], limits) == [1, [2]]
        with pytest.raises(WireError, match="more than 4 values"):
            encode([1, [2, 3]], limits)

    def test_more_than_512_tensors(self) -> None:
        with pytest.raises(WireError, match=r"'\[512\]' is one of more than 512 tensors; stack them into fewer"):
            encode([torch.zeros(())] * 513)

    def test_an_expanded_tensor_of_terabytes_is_refused_before_it_is_copied(self) -> None:
        with pytest.raises(WireError, match=r"'x' has shape \(1000000, 1000000\): .* limit of 67108864 bytes"):
            encode({"x": torch.zeros(1).expand(10**6, 10**6)})
        with pytest.raises(WireError, match="over the limit"):
            encode(np.broadcast_to(np.zeros(1), (10**6, 10**6)))
        with pytest.raises(WireError, match="over the limit"):
            encode(torch.empty(0, 2**31, 2**20))

    def test_tensors_that_are_too_large_together(self) -> None:
        limits = WireLimits(body_bytes=12)
        assert len(crossed([torch.zeros(2), torch.zeros(1)], limits)) == 2
        with pytest.raises(WireError, match=r"'\[1\]' has shape \(2,\)"):
            encode([torch.zeros(2), torch.zeros(2)], limits)

    def test_nine_dimensions(self) -> None:
        with pytest.raises(WireError, match="has 9 dimensions; at most 8 cross"):
            encode(torch.zeros([1] * 9))

    def test_texts_that_are_too_long_together(self) -> None:
        with pytest.raises(WireError, match=r"the header of .* shorten texts and lists"):
            encode(["x" * 60_000] * 20)

    def test_a_tensor_that_its_device_cannot_give_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(plain: torch.Tensor) -> bytes:
            raise RuntimeError("CUDA error: device-side assert triggered")

        monkeypatch.setattr("grader.wire.dense.tensor_bytes", broken)
        with pytest.raises(WireError, match="'x' is a tensor that cannot be read: CUDA error"):
            encode({"x": torch.zeros(1)})


def test_keys_that_have_no_text_are_none() -> None:
    assert key_text(object()) is None
    assert key_text((1, (2,))) is None
    assert key_text(float("nan")) == "nan"
