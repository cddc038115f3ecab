"""What Python has asked for: operators alone do not tell a student's ``torch.zeros`` from one of torch's own."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from grader.observe.rehearsal import rules
from grader.observe.rehearsal.labels import Place


class Generator(torch._C.Generator):
    """A generator that may be said to be on the simulated device; its numbers are the CPU's."""

    place = Place.CPU


class Calls:
    """The calls that are under way.

    Attributes:
        making: Whether a function that makes tensors was called from Python: what is new is on the CPU then.
        placing: Whether that call named a device; torch fills in the CPU where it did not.
    """

    def __init__(self) -> None:
        self.making = self.placing = False
        # The dispatcher hands out new Python objects for the same generator.
        self._generators: weakref.WeakValueDictionary[int, Generator] = weakref.WeakValueDictionary()

    @contextmanager
    def made_from_python(self, placing: bool) -> Iterator[None]:
        """While a function that makes tensors runs."""
        before = self.making, self.placing
        self.making, self.placing = True, placing
        try:
            yield
        finally:
            self.making, self.placing = before

    def remember(self, generator: Generator) -> None:
        """Know a generator again when an operator is given it."""
        self._generators[_identity(generator)] = generator

    def check_generator(self, generator: Any, place: Place, made: bool = False) -> None:
        """Refuse a generator of another device than its numbers are for.

        Args:
            generator: The generator, None for the device's own.
            place: Where the numbers go.
            made: Whether a new tensor is made, which only the function that was called knows the device of.
        """
        if generator is None or made or place is Place.ANYWHERE:
            return
        known = self._generators.get(_identity(generator))
        found = known.place if known is not None else Place.CPU
        if found is not place:
            raise rules.wrong_generator(place, found)


def _identity(generator: Any) -> int:
    identity: int = generator._cdata
    return identity
