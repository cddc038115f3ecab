"""The dispatch mode: every operator is checked by CUDA's rules, run on the CPU, and its results are labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from grader.authoring.spec import REHEARSAL
from grader.observe.rehearsal import rules
from grader.observe.rehearsal.calls import Calls
from grader.observe.rehearsal.labels import Place, place_of, put
from grader.observe.rehearsal.words import seen_from_the_cell

_PACKS = "_pack_padded_sequence"  # its second result, how many rows each step has, stays on the CPU


class Labelling(TorchDispatchMode):
    """Carries labels through operators.

    Args:
        calls: What Python has asked for, which operators alone do not tell.
    """

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Leave the compiler alone: importing it takes a second, and nothing here is compiled."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if not isinstance(func, OpOverload):
            return func(*args, **kwargs)
        given = rules.operands(func, args, kwargs, place_of)
        try:
            places = self._places(func, given, kwargs)
        except rules.Mixed as refused:
            raise RuntimeError(f"{refused}{seen_from_the_cell()}") from None
        if _type(kwargs.get("device")) == REHEARSAL:
            kwargs["device"] = torch.device("cpu")
        result = func(*args, **kwargs)
        held = {id(operand.tensor) for operand in given}
        for index, tensor in enumerate(_tensors(result)):
            place = places[min(index, len(places) - 1)]
            if place is not Place.CPU and id(tensor) not in held:
                put(tensor, place)
        return result

    def _places(self, func: Any, given: Sequence[rules.Operand], kwargs: dict[str, Any]) -> list[Place]:
        """Where each result goes, the last of them for all that follow."""
        name = func._schema.name.partition("::")[2]
        if name.startswith(("_foreach_", "_fused_", "_amp_foreach_")) and any(o.item >= 0 for o in given):
            return [self._settle(func, step) for step in rules.by_item(given)]
        asked = _type(kwargs.get("device"))
        place = self._settle(func, given)
        if asked == REHEARSAL:
            place = Place.DEVICE
        elif (self._calls.placing and asked == "cpu") or (self._calls.making and not given):
            place = Place.CPU
        self._calls.check_generator(kwargs.get("generator"), place, made=not given)
        return [place, Place.CPU] if name == _PACKS else [place]

    def _settle(self, func: Any, given: Sequence[rules.Operand]) -> Place:
        place = rules.destination(func, given)
        if place is not Place.ANYWHERE:
            for operand in given:
                if operand.place is Place.ANYWHERE:
                    put(operand.tensor, place)
        return place


def _tensors(result: Any) -> Iterator[torch.Tensor]:
    for part in result if isinstance(result, list | tuple) else (result,):
        if isinstance(part, torch.Tensor):
            yield part
        elif isinstance(part, list | tuple):
            yield from _tensors(part)


def _type(device: Any) -> str:
    return str(device).partition(":")[0] if device is not None else ""
