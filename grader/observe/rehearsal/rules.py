"""What CUDA lets operands on different devices do, and the words in which it refuses the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from grader.observe.rehearsal.labels import Place

_COPIES = frozenset({"copy", "copy_", "_foreach_copy_", "fill", "fill_", "set_", "_copy_from", "is_set_to"})
_INDEXING = frozenset({"index", "_unsafe_index", "index_put", "index_put_", "_unsafe_index_put", "_index_put_impl_"})
_FILLS = frozenset({"masked_fill", "masked_fill_"})
# Built on TensorIterator as the pointwise ones are, which takes a number on the CPU wherever the rest is.
_LIKE_POINTWISE = frozenset(
    {"mse_loss", "mse_loss_backward", "smooth_l1_loss", "smooth_l1_loss_backward", "huber_loss", "huber_loss_backward"}
    | {"index_fill", "index_fill_", "normal", "bernoulli", "bernoulli_", "full", "linspace", "logspace"}
)
# Operands that may be on the CPU, or have to be, whatever the others are.
_ON_CPU = frozenset({"lengths", "batch_sizes", "input_lengths", "target_lengths", "tensor_indices_or_sections"})
_CPU_INDEX = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
_DIFFERENT = "Expected all tensors to be on the same device, but"


@dataclass(frozen=True)
class Operand:
    """A tensor that an operator is given.

    Attributes:
        tensor: The tensor.
        name: Its parameter's name in the operator's schema.
        place: Where it is said to be.
        item: Its position in a list of tensors, -1 where it stands alone.
        written: Whether the operator writes to it.
    """

    tensor: torch.Tensor
    name: str
    place: Place
    item: int = -1
    written: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is a single number on the CPU, which CUDA kernels take as they take Python's numbers."""
        return self.place is Place.CPU and self.tensor.dim() == 0


class Mixed(RuntimeError):
    """Operands are on different devices; never seen outside, where it is a plain RuntimeError."""


def operands(func: Any, args: Sequence[Any], kwargs: dict[str, Any], places: Any) -> list[Operand]:
    """The tensors among an operator's arguments, in its order.

    Args:
        func: The operator (OpOverload).
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        places: Reads a tensor's place.

    Returns:
        Them; tensors that are not on the CPU in truth are left out.
    """
    found = []
    for index, parameter in enumerate(func._schema.arguments):
        value = args[index] if index < len(args) else kwargs.get(parameter.name)
        written = bool(parameter.alias_info and parameter.alias_info.is_write)
        many = isinstance(value, list | tuple)
        for item, part in enumerate(value if many else (value,)):  # type: ignore[arg-type]
            if isinstance(part, torch.Tensor) and (place := places(part)) is not None:
                found.append(Operand(part, parameter.name, place, item if many else -1, written))
    return found


def destination(func: Any, given: Sequence[Operand]) -> Place:
    """Where the result of an operator is.

    Args:
        func: The operator (OpOverload).
        given: Its operands.

    Returns:
        The place of its results; `Place.ANYWHERE` where no operand decides it.

    Raises:
        Mixed: CUDA would refuse; the message is CUDA's.
    """
    name = func._schema.name.partition("::")[2]
    checked = [operand for operand in given if operand.name not in _ON_CPU]
    if not checked:
        return Place.ANYWHERE
    if name in _COPIES:
        return checked[0].place
    if name in _INDEXING:
        return _indexing(checked)
    if name in _FILLS:
        return _filling(checked)
    if "convolution" in name and "backward" not in name:
        _convolution(checked)
    if name == "equal":  # tagged as pointwise, though it is not built as one
        return _strict(checked, name)
    pointwise = torch.Tag.pointwise in func.tags or name in _LIKE_POINTWISE or name.startswith("_foreach_")
    return _pointwise(checked) if pointwise else _strict(checked, name)


def by_item(given: Sequence[Operand]) -> list[list[Operand]]:
    """The operands of an operator over lists of tensors, as the operands of its single steps."""
    length = max((operand.item for operand in given), default=-1) + 1
    return [[operand for operand in given if operand.item in (-1, index)] for index in range(length)]


def wrong_generator(expected: Place, found: Place) -> RuntimeError:
    """The error for random numbers from a generator of another device."""
    return RuntimeError(f"Expected a '{_type(expected)}' device type for generator but found '{_type(found)}'")


def _pointwise(given: Sequence[Operand]) -> Place:
    place = next((o.place for o in given if o.place is Place.DEVICE), None) or _settled(given)
    for operand in given:
        if operand.place not in (place, Place.ANYWHERE) and (operand.written or not operand.is_number):
            raise Mixed(f"{_DIFFERENT} found at least two devices, {place.value} and {operand.place.value}!")
    return place


def _strict(given: Sequence[Operand], name: str) -> Place:
    place = _settled(given)
    for operand in given:
        if operand.place not in (place, Place.ANYWHERE):
            raise Mixed(
                f"{_DIFFERENT} got {operand.name} is on {operand.place.value}, different from other tensors on "
                f"{place.value} (when checking argument in method wrapper_CUDA_{name})"
            )
    return place


def _indexing(given: Sequence[Operand]) -> Place:
    values = [operand for operand in given if operand.name == "values" and not operand.is_number]
    away = [operand for operand in given if operand.name == "indices" and operand.place is Place.DEVICE]
    place = given[0].place
    if place is Place.ANYWHERE:  # an index on the CPU says nothing
        place = _settled([*values, *away])
    if away and place is Place.CPU:
        raise Mixed(_CPU_INDEX)
    for operand in values:
        if operand.place not in (place, Place.ANYWHERE) and operand.tensor.dim():
            raise Mixed(f"{_DIFFERENT} found at least two devices, {place.value} and {operand.place.value}!")
    return place


def _filling(given: Sequence[Operand]) -> Place:
    """``x[mask] = number``, also on its way back; `masked_fill` called from Python is stricter (see `tensors`)."""
    return _indexing([given[0], *(replace(o, name="indices") for o in given[1:] if o.name == "mask")])


def _convolution(given: Sequence[Operand]) -> None:
    for operand in given[1:]:
        if operand.place is not given[0].place and Place.ANYWHERE not in (operand.place, given[0].place):
            ours, theirs = _tensor_type(given[0]), _tensor_type(operand)
            raise Mixed(f"Input type ({ours}) and {operand.name} type ({theirs}) should be the same")


def _settled(given: Iterable[Operand]) -> Place:
    """The place of the first operand that has one of its own; a number decides only where nothing else does."""
    decided = [operand for operand in given if operand.place is not Place.ANYWHERE]
    return next((o.place for o in decided if not o.is_number), decided[0].place if decided else Place.ANYWHERE)


def _tensor_type(operand: Operand) -> str:
    kind = torch._C.TensorBase.type(operand.tensor).removeprefix("torch.")
    return f"torch.{kind}" if operand.place is Place.CPU else f"torch.{_type(operand.place)}.{kind}"


def _type(place: Place) -> str:
    return place.value.partition(":")[0]
