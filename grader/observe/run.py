"""Run one check on one work, here and now, and say what became of it as plain data."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from grader.authoring.declare import Check, definitions_of
from grader.authoring.load import load_source
from grader.authoring.rng import Rng
from grader.authoring.spec import REHEARSAL
from grader.authoring.work import MissingName, Work
from grader.observe import cuda
from grader.observe.protocol import CheckAnswer, CheckRequest, CheckSource, Overlay, Precision
from grader.observe.traceback import describe_error
from grader.observe.used import used
from grader.wire.encode import encode
from grader.wire.errors import WireError
from grader.wire.outcome import Missing, Outcome, Raised, Returned

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def run_request(
    request: CheckRequest, namespace: dict[str, Any], device: str, restore: Callable[[], None] = lambda: None
) -> CheckAnswer:
    """Run requested checks, each in every precision that is asked for, on every overlay that is.

    Args:
        request: The checks' sources, names, seeds and precisions, and the overlays.
        namespace: What the notebook has defined; overlays are put into it, and taken out again.
        device: Where the checks' inputs are made; the simulated device is there from here on, and not before.
        restore: Puts back what code may have changed of the toolkit, before each overlay.

    Returns:
        What became of them.
    """
    # The cells may have asked for more: OpenMP would wait for ever for threads that did not come along to this fork.
    torch.set_num_threads(1)
    runs = _Runs(device)
    defined = dict(namespace)
    for overlay in request.overlays or (None,):
        with _stage(device, namespace):
            if overlay is not None:
                apply_overlay(overlay, namespace)
            for asked in request.checks:
                runs.add(asked, namespace)
        if overlay is not None:
            restore()
            namespace.clear()
            namespace.update(defined)
    called = tuple(runs.called[: len(request.checks)])
    return CheckAnswer(request.nonce, tuple(runs.outcomes), tuple(runs.seconds), called)


class _Runs:
    """What becomes of checks, one after the other; each is loaded once."""

    def __init__(self, device: str) -> None:
        self.outcomes: list[Outcome] = []
        self.seconds: list[float] = []
        self.called: list[tuple[str, ...]] = []
        self._device = device
        self._checks: dict[tuple[str, str], Check] = {}

    def add(self, asked: CheckSource, namespace: Mapping[str, Any]) -> None:
        """Run a check in every precision that is asked for."""
        wanted = (asked.source, asked.name)
        if wanted not in self._checks:
            self._checks[wanted] = load_source(asked.source, "checks.py", asked.name, Check, asked.code)
        for place, precision in enumerate(asked.precisions):
            started = time.monotonic()
            with used(asked.avoid) as functions:
                self.outcomes.append(run_check(self._checks[wanted], namespace, asked.seed, self._device, precision))
            if place == 0:
                self.seconds.append(time.monotonic() - started)
                self.called.append(tuple(functions))


def _stage(device: str, namespace: MutableMapping[str, Any]) -> AbstractContextManager[object]:
    if device != REHEARSAL:
        return nullcontext()
    from grader.observe.rehearsal.stage import rehearsal

    return rehearsal(namespace)


def run_check(
    check: Check,
    namespace: Mapping[str, Any],
    seed: str,
    device: str = "cpu",
    precision: Precision = "float32",
) -> Outcome:
    """Run a check once with seeded inputs and seeded global random streams.

    Args:
        check: The check.
        namespace: What the notebook has defined.
        seed: What the inputs are made from.
        device: Where they are made.
        precision: Their floating-point type, and torch's default type while the check runs.

    Returns:
        What became of it; whatever the code under check raises is an outcome, never an exception.
    """
    dtype = _DTYPES[precision]
    seed_everything(seed)
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        found = check.function(Work(namespace), Rng(seed, device, dtype))
        if device == "cuda":
            cuda.wait()
        return Returned(encode(found))
    except MissingName as missing:
        return Missing(missing.name)
    except WireError as error:
        return Raised("WireError", f"what the check observed cannot be read: {error}")
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like from a student's code end the check only
        return describe_error(error)
    finally:
        torch.set_default_dtype(default)


def apply_overlay(overlay: Overlay, namespace: dict[str, Any]) -> None:
    """Put a misconception's or an alternative's definitions in place of the notebook's."""
    variant = load_source(overlay.source, "overlay.py", overlay.name, object)
    namespace.update(definitions_of(variant.function(Work(namespace))))  # type: ignore[attr-defined]


def seed_everything(seed: str) -> None:
    """Seed Python's, numpy's and torch's global random streams from a text."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    random.seed(number)
    np.random.seed(number)
    if torch.accelerator.is_available():
        torch.manual_seed(number)
    else:  # torch.manual_seed would note, for each kind of device that may turn up yet, the whole stack that seeded it
        torch.default_generator.manual_seed(number)
