"""Compare one leaf: first its kind, shape, dtype and device, then its values."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from grader.authoring.comparators import Accuracy, AtLeast, AtMost, Close, Comparator, Exact, SameSet
from grader.judge import tolerance
from grader.judge.bounds import accuracy, bounded, same_set
from grader.judge.explain import close, explain, explain_exactly, number
from grader.judge.pictures import picture
from grader.judge.texts import compare_texts, text_message
from grader.judge.verdict import Difference
from grader.wire.tree import Opaque, TensorLeaf, Tree


def compare_leaf(
    path: str,
    got: Tree,
    expected: Tree,
    double: object,
    comparator: Comparator | None,
    labels: Mapping[str, Tree],
) -> list[Difference]:
    """Compare one leaf, or a list that is compared as a whole.

    Args:
        path: The leaf's path, for the differences.
        got: The student's leaf.
        expected: The reference's.
        double: The reference's in float64; None where there is none.
        comparator: The author's, None for the standard comparison.
        labels: Secret labels by name.

    Returns:
        What differs.
    """
    if isinstance(comparator, AtLeast | AtMost):
        return _said(path, bounded(got, comparator))
    if isinstance(comparator, Accuracy):
        return _said(path, accuracy(got, labels[comparator.against], comparator.at_least))
    if isinstance(comparator, SameSet) and isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        return _said(path, same_set(list(got), list(expected)))
    if isinstance(expected, Opaque):
        return [Difference(path, "opaque", f"the reference returns {a(expected.type_name)}, which cannot be compared")]
    if isinstance(got, TensorLeaf) and isinstance(expected, TensorLeaf):
        return _tensors(path, got, expected, double if isinstance(double, TensorLeaf) else None, comparator)
    if isinstance(got, list | tuple) and isinstance(expected, list | tuple):
        return _lists(path, list(got), list(expected), double, comparator)
    if kind_of(got) != kind_of(expected):
        return [Difference(path, "type", _kinds(got, expected))]
    if isinstance(expected, float | complex) and isinstance(got, float | complex):
        twin = double if isinstance(double, float | complex) else None
        return _numbers(path, [got], [expected], None if twin is None else [twin], comparator, ())
    if got == expected:
        return []
    if isinstance(got, str) and isinstance(expected, str):
        return _said(path, text_message(got, expected, shown))
    return _said(path, f"{shown(got)} where {shown(expected)} is expected")


def agree(got: Tree, expected: Tree, comparator: Comparator | None) -> bool | None:
    """Whether two leaves of numbers are equal within the allowance, without a word about how they differ.

    Args:
        got: A leaf, or a list that is compared as a whole.
        expected: What it is compared with; there is no float64 twin.
        comparator: The author's, None for the standard comparison.

    Returns:
        The answer; None for leaves of another form, which `compare_leaf` is for.
    """
    if isinstance(got, TensorLeaf) and isinstance(expected, TensorLeaf):
        ours, theirs = got.values, expected.values
        form = (got.kind, ours.shape, ours.dtype, got.device, got.requires_grad or not expected.requires_grad)
        if form != (expected.kind, theirs.shape, theirs.dtype, expected.device, True):
            return False
        if torch.equal(ours, theirs):
            return True
        truth, allowed = truth_of_tensor(theirs, None, comparator)
        if tolerance.has_floor(theirs.dtype):
            return bool(close(ours.to(truth.dtype), truth, allowed).all())
        return not bool((ours != theirs).any())
    if type(got) is float and type(expected) is float:
        truth, allowed = truth_of_numbers(series([expected]), None, comparator)
        return bool(close(series([got]), truth, allowed).all())
    return None


def kind_of(value: object) -> str:
    """What a leaf is, in words: "a torch.Tensor", "a whole number (int)"."""
    if isinstance(value, TensorLeaf):
        return "a torch.Tensor" if value.kind == "tensor" else "a NumPy array"
    names: dict[type, str] = {
        bool: "True or False",
        int: "a whole number (int)",
        float: "a Python float",
        complex: "a complex number",
        str: "a text (str)",
        bytes: "bytes",
        type(None): "None",
        dict: "a dict",
        list: "a list",
        tuple: "a list",
    }
    return a(value.type_name) if isinstance(value, Opaque) else names[type(value)]


def a(noun: str) -> str:
    """A noun with its article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def count(n: int, noun: str) -> str:
    """A count with its noun: "1 item", "3 items"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def shown(value: object) -> str:
    """A small value as text, cut."""
    text = number(value) if isinstance(value, float | complex) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _said(path: str, message: str) -> list[Difference]:
    return [Difference(path, "values", message)] if message else []


def _kinds(got: object, expected: object) -> str:
    said = f"{kind_of(got)} where {kind_of(expected)} is expected"
    if got is None:
        return f"{said}: is a return missing?"
    if isinstance(got, TensorLeaf) and not got.values.ndim and isinstance(expected, int | float):
        return f"a torch.Tensor of one element where {kind_of(expected)} is expected; .item() takes it out"
    return said


def _tensors(
    path: str, got: TensorLeaf, expected: TensorLeaf, double: TensorLeaf | None, comparator: Comparator | None
) -> list[Difference]:
    if got.kind != expected.kind:
        return [Difference(path, "type", f"{kind_of(got)} where {kind_of(expected)} is expected")]
    found = []
    ours, theirs = got.values, expected.values
    if ours.shape != theirs.shape:
        found.append(Difference(path, "shape", shape_message(tuple(ours.shape), tuple(theirs.shape))))
    if ours.dtype != theirs.dtype:
        found.append(Difference(path, "dtype", f"{_name(ours.dtype)} where {_name(theirs.dtype)} is expected"))
    if got.device != expected.device:
        found.append(Difference(path, "device", f"on {got.device} where {expected.device} is expected"))
    if expected.requires_grad and not got.requires_grad:
        message = "detached: requires_grad is False, so no gradient can flow back through it"
        found.append(Difference(path, "detached", message))
    if not any(difference.kind in ("shape", "dtype") for difference in found):
        found += _values(path, ours, theirs, None if double is None else double.values, comparator)
    return found


def _values(
    path: str,
    got: torch.Tensor,
    expected: torch.Tensor,
    double: torch.Tensor | None,
    comparator: Comparator | None,
) -> list[Difference]:
    if torch.equal(got, expected):
        return []
    wide = torch.complex128 if expected.is_complex() else torch.float64
    truth, allowed = truth_of_tensor(expected, double, comparator)
    ours = got.to(wide)
    if tolerance.has_floor(expected.dtype):
        if bool(close(ours, truth, allowed).all()):
            return []
        return [Difference(path, "values", explain(ours, truth, allowed), picture(got, expected))]
    unequal = got != expected
    if not bool(unequal.any()):
        return []
    # 64-bit integers beyond 2**53 are compared as what they are: float64 may not tell them apart.
    exactly = expected.dtype == torch.bool or bool((unequal & (ours == truth)).any())
    message = explain_exactly(got, expected) if exactly else explain(ours, truth, allowed)
    return [Difference(path, "values", message, picture(got, expected))]


def truth_of_tensor(
    expected: torch.Tensor, double: torch.Tensor | None, comparator: Comparator | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a tensor is compared with, and the allowance of each element.

    Args:
        expected: The reference's values, any shape and dtype.
        double: Those of its run in float64; None where there are none.
        comparator: The author's, None for the standard comparison.

    Returns:
        Both in float64 (complex128 for complex values), of the expected shape.
    """
    wide = torch.complex128 if expected.is_complex() else torch.float64
    single = expected.to(wide)
    if isinstance(comparator, Exact) or not tolerance.has_floor(expected.dtype):
        return single, torch.zeros_like(single.abs())
    if isinstance(comparator, Close):
        return single, comparator.atol + comparator.rtol * single.abs()
    if double is None or double.dtype != wide or double.shape != expected.shape or expected.dtype == wide:
        return single, tolerance.floor(single, expected.dtype)
    return tolerance.expectation(single, double, expected.dtype)


def _lists(
    path: str, got: list[Tree], expected: list[Tree], double: object, comparator: Comparator | None
) -> list[Difference]:
    if other := _other_kind(got, expected):
        return _said(path, other)
    if any(isinstance(item, float) for item in expected):
        if len(got) != len(expected):
            message = f"{count(len(got), 'number')} where {len(expected)} are expected"
            return [Difference(path, "shape", message, picture(series(got), series(expected)))]
        twins = list(double) if isinstance(double, list | tuple) and len(double) == len(expected) else None
        return _numbers(path, got, expected, twins, comparator, (len(expected),))
    message = compare_texts(got, expected, shown)
    return _said(path, message)


def _other_kind(got: list[Tree], expected: list[Tree]) -> str:
    """Say which item of a list of numbers is no such number; "" where none is."""
    wanted = {type(item) for item in expected}
    if not expected or not wanted <= {float, int}:
        return ""
    for i, item in enumerate(got):
        like = expected[i] if i < len(expected) else expected[-1]
        if type(item) is not type(like):
            return f"item {i} is {kind_of(item)} where {kind_of(like)} is expected"
    return ""


def _numbers(
    path: str,
    got: list[Tree],
    expected: list[Tree],
    double: list[Tree] | None,
    comparator: Comparator | None,
    shape: tuple[int, ...],
) -> list[Difference]:
    """Python numbers mostly come out of float32 tensors by .item(), so they are allowed what float32 is."""
    ours, theirs = series(got).reshape(shape), series(expected).reshape(shape)
    twin = series(double).reshape(shape) if double is not None else None
    truth, allowed = truth_of_numbers(theirs, twin, comparator)
    if bool(close(ours, truth, allowed).all()):
        return []
    return [Difference(path, "values", explain(ours, truth, allowed), picture(ours, theirs))]


def truth_of_numbers(
    expected: torch.Tensor, double: torch.Tensor | None, comparator: Comparator | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What Python numbers are compared with, and the allowance of each.

    Args:
        expected: The reference's, float64 or complex128.
        double: Those of its run in float64, of the same shape; None where there are none.
        comparator: The author's, None for the standard comparison.
    """
    wide = expected.dtype
    if isinstance(comparator, Exact):
        return expected, torch.zeros_like(expected.abs())
    if isinstance(comparator, Close):
        return expected, comparator.atol + comparator.rtol * expected.abs()
    narrow = torch.complex64 if wide.is_complex else torch.float32
    if double is not None and double.dtype == wide:
        return tolerance.expectation(expected, double, narrow)
    return expected, tolerance.floor(expected, narrow)


def series(numbers: list[Tree]) -> torch.Tensor:
    """Python numbers as a float64 tensor, complex128 where one is complex."""
    complex_ones = any(isinstance(n, complex) for n in numbers)
    return torch.tensor(numbers, dtype=torch.complex128 if complex_ones else torch.float64)


def shape_message(got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Say how a shape differs, and what usually makes it so."""
    said = f"shape {got} where {expected} is expected"
    if tuple(s for s in expected if s != 1) == tuple(s for s in got if s != 1):
        if len(got) < len(expected):
            lost = next(i for i, s in enumerate(expected) if s == 1 and got[i : i + 1] != (1,))
            which = "the batch dimension" if lost == 0 else f"dimension {lost}"
            return f"{said}: {which} of size 1 was dropped"
        if len(got) > len(expected):
            return f"{said}: there is an extra dimension of size 1"
    if len(got) == len(expected) and sorted(got) == sorted(expected):
        return f"{said}: the dimensions are in another order"
    if len(got) == len(expected):
        differ = [i for i, (g, e) in enumerate(zip(got, expected, strict=True)) if g != e]
        if len(differ) == 1 and abs(got[differ[0]] - expected[differ[0]]) == 1:
            more = "more" if got[differ[0]] > expected[differ[0]] else "less"
            return f"{said}: dimension {differ[0]} has one {more}"
    if math.prod(got) == math.prod(expected):
        return f"{said}: as many elements, arranged otherwise"
    return said


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
