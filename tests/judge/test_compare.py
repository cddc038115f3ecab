"""Comparing observations: every difference is found, under its path, and nothing else is."""

import copy
import math
import time
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.authoring.comparators import AtLeast, Close, Comparator, Exact, SameSet
from grader.judge import compare as compare_module
from grader.judge.compare import compare
from grader.wire.tree import Opaque, TensorLeaf, Tree

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32,
    torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
]  # fmt: skip


def leaf(values: Any, *, kind: Any = "tensor", device: str = "cpu", grad: bool = False) -> TensorLeaf:
    return TensorLeaf(torch.as_tensor(values), kind, device, grad)


def said(got: Tree, expected: Tree, **more: Any) -> list[tuple[str, str, str]]:
    return [(d.path, d.kind, d.message) for d in compare(got, expected, **more)]


def test_every_difference_is_collected_in_the_order_of_the_reference() -> None:
    expected: Tree = {"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": None, "f": leaf([1.0])}
    got: Tree = {"g": 0, "f": leaf([2.0]), "b": {"d": [1, 3], "c": "y"}, "a": 2}
    assert [(path, kind) for path, kind, _ in said(got, expected)] == [
        ("a", "values"),
        ("b > c", "values"),
        ("b > d", "values"),
        ("e", "missing"),
        ("f", "values"),
        ("g", "unexpected"),
    ]


def test_the_order_of_a_dict_is_free_and_a_tuple_equals_a_list() -> None:
    assert not compare({"b": (1, 2), "a": [leaf([1.0])]}, {"a": (leaf([1.0]),), "b": [1, 2]})


def test_items_of_a_list_are_named_by_number() -> None:
    assert said([leaf([1.0]), leaf([1.0])], [leaf([1.0]), leaf([3.0])])[0][0] == "item 1"
    assert said({"a": [{"b": 1}]}, {"a": [{"b": 2}]})[0][0] == "a > item 0 > b"


def test_a_list_of_another_length_is_said_once_and_the_common_items_are_still_compared() -> None:
    found = said([leaf([1.0])], [leaf([2.0]), leaf([3.0])])
    assert found[0] == ("", "shape", "1 item where 2 are expected")
    assert [path for path, _, _ in found] == ["", "item 0"]


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (leaf([1.0], kind="ndarray"), leaf([1.0]), "a NumPy array where a torch.Tensor is expected"),
        (leaf([1.0]), leaf([1.0], kind="ndarray"), "a torch.Tensor where a NumPy array is expected"),
        (1.0, leaf(1.0), "a Python float where a torch.Tensor is expected"),
        (
            leaf(1.0),
            1.0,
            "a torch.Tensor of one element where a Python float is expected; .item() takes it out",
        ),
        (None, leaf([1.0]), "None where a torch.Tensor is expected: is a return missing?"),
        (leaf([1.0]), None, "a torch.Tensor where None is expected"),
        (1, 1.0, "a whole number (int) where a Python float is expected"),
        (1.0, 1, "a Python float where a whole number (int) is expected"),
        (True, 1, "True or False where a whole number (int) is expected"),
        (0, False, "a whole number (int) where True or False is expected"),
        ("1", 1, "a text (str) where a whole number (int) is expected"),
        (b"x", "x", "bytes where a text (str) is expected"),
        ([1], {"a": 1}, "a list where a dict is expected"),
        ({"a": 1}, (1,), "a dict where a list is expected"),
        (1.0, 1j, "a Python float where a complex number is expected"),
    ],
)
def test_another_kind_of_thing_is_named(got: Tree, expected: Tree, message: str) -> None:
    assert said({"x": got}, {"x": expected}) == [("x", "type", message)]


def test_shape_dtype_device_and_graph_are_each_a_difference_of_their_own() -> None:
    got = leaf(torch.zeros(2, 3, dtype=torch.float64), device="cpu")
    expected = leaf(torch.zeros(3, 2), device="cuda", grad=True)
    assert said(got, expected) == [
        ("", "shape", "shape (2, 3) where (3, 2) is expected: the dimensions are in another order"),
        ("", "dtype", "float64 where float32 is expected"),
        ("", "device", "on cpu where cuda is expected"),
        ("", "detached", "detached: requires_grad is False, so no gradient can flow back through it"),
    ]


def test_values_are_compared_beside_a_wrong_device_and_a_lost_graph() -> None:
    got, expected = leaf([1.0]), leaf([2.0], device="cuda", grad=True)
    assert [kind for _, kind, _ in said(got, expected)] == ["device", "detached", "values"]


def test_a_graph_that_was_not_asked_for_is_no_difference() -> None:
    assert not compare(leaf([1.0], grad=True), leaf([1.0]))


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_any_two_shapes_can_be_compared(got: list[int], expected: list[int]) -> None:
    kinds = [kind for _, kind, _ in said(leaf(torch.zeros(got)), leaf(torch.zeros(expected)))]
    assert kinds == ([] if got == expected else ["shape"])


def test_what_does_not_cross_equals_nothing_not_even_itself() -> None:
    it = Opaque("generator", "return list(...) of it")
    assert said(it, 1.0) == [("", "opaque", "a generator where a Python float is expected; return list(...) of it")]
    for expected in (it, [it], {"a": [1, it]}):
        assert [kind for _, kind, _ in said(expected, expected)] == ["opaque"]  # type: ignore[arg-type]
    assert compare([it], [it], comparators={"": SameSet()})
    assert "the reference returns a generator" in said(1.0, it)[0][2]


def test_an_error_while_a_leaf_is_compared_is_a_difference_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = compare_module.leaves.compare_leaf

    def stumbles(path: str, *rest: Any) -> Any:
        if path == "a":
            raise RuntimeError("boom")
        return real(path, *rest)

    monkeypatch.setattr(compare_module.leaves, "compare_leaf", stumbles)
    assert said({"a": 1, "b": 1}, {"a": 1, "b": 2}) == [
        ("a", "values", "cannot be compared with what is expected (RuntimeError)"),
        ("b", "values", "1 where 2 is expected"),
    ]


def test_the_comparator_of_the_longest_path_wins() -> None:
    ways: dict[str, Comparator] = {"": Exact(), "a": Close(0.0, 0.1), "a > c": AtLeast(5.0)}
    expected: Tree = {"a": {"b": leaf([1.0]), "c": 0.0}, "d": 1.0}
    assert not compare({"a": {"b": leaf([1.05]), "c": 6.0}, "d": 1.0}, expected, comparators=ways)
    got: Tree = {"a": {"b": leaf([1.2]), "c": 4.0}, "d": 1.0 + 1e-9}
    assert [path for path, _, _ in said(got, expected, comparators=ways)] == ["a > b", "a > c", "d"]


def test_a_path_covers_whole_names_only() -> None:
    assert compare({"ab": 1.05}, {"ab": 1.0}, comparators={"a": Close(0.0, 0.1)})


def test_exact_refuses_what_rounding_leaves_and_accepts_nan() -> None:
    third = torch.tensor([1 / 3, math.nan])
    off = third.nextafter(torch.tensor(1.0))
    assert not compare(leaf(off), leaf(third))
    assert compare(leaf(off), leaf(third), comparators={"": Exact()})
    assert not compare(leaf(third.clone()), leaf(third), comparators={"": Exact()})


def test_whole_numbers_beyond_two_to_the_53_are_told_apart() -> None:
    big = 2**53
    assert said(big + 1, big) == [("", "values", "9007199254740993 where 9007199254740992 is expected")]
    assert said(leaf([1, big + 1]), leaf([1, big])) == [
        (
            "",
            "values",
            "1 of 2 values differ (50 %), the first: got 9007199254740993, expected 9007199254740992 at [1]",
        )
    ]
    top = torch.tensor([2**64 - 1], dtype=torch.uint64)
    assert compare(leaf(top), leaf(torch.tensor([2**64 - 2], dtype=torch.uint64)))


def test_booleans_are_said_as_booleans() -> None:
    mask = torch.tensor([True, False, True])
    assert said(leaf(~mask), leaf(mask))[0][2].startswith("True and False are swapped: 3 of 3 values differ (100 %)")
    one = mask.clone()
    one[1] = True
    assert said(leaf(one), leaf(mask))[0][2] == (
        "1 of 3 values differ (33 %), the first: got True, expected False at [1]"
    )


def test_nan_equals_nan_and_minus_zero_equals_zero() -> None:
    values = torch.tensor([math.nan, math.inf, -math.inf, 0.0])
    assert not compare(leaf(values), leaf(values.clone()), leaf(values.double()))
    assert not compare(leaf([-0.0]), leaf([0.0]), comparators={"": Exact()})
    assert not compare([math.nan, -0.0], [math.nan, 0.0])
    assert not compare(math.nan, math.nan)


@pytest.mark.parametrize("got", [0.0, 1e38, -math.inf, math.nan])
def test_nothing_but_infinity_is_near_infinity(got: float) -> None:
    assert compare(got, math.inf)
    assert compare(leaf([got]), leaf([math.inf]), comparators={"": Close(0.1, 0.1)})
    assert compare(leaf([got, 1.0]), leaf([math.inf, 1.0]), leaf(torch.tensor([math.inf, 1.0]).double()))
    assert compare(math.inf, got)


def test_empty_tensors_differ_by_their_shape_alone() -> None:
    assert not compare(leaf(torch.zeros(0, 3)), leaf(torch.ones(0, 3)))
    assert [kind for _, kind, _ in said(leaf(torch.zeros(0, 3)), leaf(torch.zeros(3, 0)))] == ["shape"]
    assert not compare([], ())
    assert compare([], [1.0])
    assert compare([1.0], [])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (1, 2, 1, 2, 1, 2, 1, 2)])
def test_every_dtype_and_shape_equals_itself_and_not_something_else(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    ones, zeros = torch.ones(shape).to(dtype), torch.zeros(shape).to(dtype)
    assert not compare(leaf(ones), leaf(ones.clone()))
    (difference,) = compare(leaf(ones), leaf(zeros))
    assert difference.kind == "values"
    assert "expected" in difference.message


def test_numbers_beside_names_keep_their_allowance() -> None:
    rows: Tree = [("loss", 0.1), ("accuracy", 0.25)]
    assert not compare([("loss", 0.1 + 1e-9), ("accuracy", 0.25)], rows)
    assert not compare([0.1 + 1e-9, None], [0.1, None])
    assert said([("loss", 0.2), ("accuracy", 0.25)], rows)[0][0] == "item 0 > item 1"


def test_a_list_of_numbers_is_one_leaf_with_a_curve() -> None:
    (difference,) = compare([1.0, 2.0, 3.5], [1.0, 2.0, 3.0])
    assert (difference.path, difference.kind) == ("", "values")
    assert difference.picture is not None
    assert difference.picture.kind == "curve"
    assert said([1.0, 2.0], [1.0, 2.0, 3.0])[0][1:] == ("shape", "2 numbers where 3 are expected")
    assert said([1, 2], [1.0, 2.0])[0][2] == "item 0 is a whole number (int) where a Python float is expected"
    assert said([1.0, None], [1.0, 2.0])[0][2] == "item 1 is None where a Python float is expected"


def test_python_numbers_are_allowed_what_float32_is() -> None:
    assert not compare(float(torch.tensor(0.1)), 0.1)
    assert not compare([1 + 1e-6], [1.0], [1.0])
    assert said(1.0001, 1.0)[0][2] == "largest difference 0.0001: got 1.0001, expected 1, allowed 1.13e-05"


def test_ten_million_elements_are_compared_in_reasonable_time() -> None:
    expected = torch.zeros(10_000_000)
    got = expected.clone()
    got[-1] = 1.0
    begin = time.perf_counter()
    (difference,) = compare(leaf(got), leaf(expected), leaf(expected))
    assert time.perf_counter() - begin < 30
    assert "1 of 10000000 values differ (under 1 %)" in difference.message
    assert "at [9999999]" in difference.message


def test_long_hostile_lists_are_compared_in_reasonable_time() -> None:
    names: Tree = [str(i) for i in range(50_000)]
    begin = time.perf_counter()
    assert compare(names, ["a", "b"])
    assert compare(names, ["a", "b"], comparators={"": SameSet()})
    assert time.perf_counter() - begin < 10


TENSORS = st.tuples(
    st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 100), min_size=1)
).map(lambda t: leaf(torch.tensor(t[2])[torch.arange(math.prod(t[1])) % len(t[2])].reshape(t[1]).to(t[0])))
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.complex_numbers()
    | st.text(max_size=5) | st.binary(max_size=5) | TENSORS
)  # fmt: skip
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(TREES, st.sampled_from([None, Exact(), Close(1e-3, 0.0), SameSet()]))
def test_a_tree_equals_itself(tree: Any, comparator: Comparator | None) -> None:
    ways = {} if comparator is None else {"": comparator}
    assert not compare(copy.deepcopy(tree), tree, tree, ways)


@given(TREES, TREES)
def test_any_two_trees_can_be_compared(one: Any, other: Any) -> None:
    for difference in compare(one, other, other):
        assert difference.message
        assert "cannot be compared" not in difference.message


def paths_of(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(tree, dict) and tree:
        return [found for key, value in tree.items() for found in paths_of(value, (*path, key))]
    if isinstance(tree, list | tuple) and tree:
        return [found for i, value in enumerate(tree) for found in paths_of(value, (*path, i))]
    return [path]


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(tree, dict):
        return {key: replaced(item, path[1:], value) if key == path[0] else item for key, item in tree.items()}
    return [replaced(item, path[1:], value) if i == path[0] else item for i, item in enumerate(tree)]


@given(TREES, LEAVES, st.randoms(use_true_random=False))
def test_a_leaf_that_is_changed_is_found_under_its_path(tree: Any, value: Any, random: Any) -> None:
    path = random.choice(paths_of(tree))
    old = tree
    for part in path:
        old = old[part]
    assume(compare(value, old))
    names = [part if isinstance(part, str) else f"item {part}" for part in path]
    found = compare(replaced(tree, path, value), tree)
    # A list of plain values is one leaf: its own path stands for its items'.
    assert {d.path for d in found} <= {" > ".join(names), " > ".join(names[:-1])}
    assert found
