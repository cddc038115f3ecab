"""Run one check on one work, here and now, and say what became of it as plain data."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from grader.authoring.declare import Check, definitions_of
from grader.authoring.load import load_source
from grader.authoring.rng import Rng
from grader.authoring.spec import REHEARSAL
from grader.authoring.work import MissingName, Work
from grader.observe.protocol import CheckAnswer, CheckRequest, Overlay, Precision
from grader.observe.traceback import describe_error
from grader.observe.used import used
from grader.wire.encode import encode
from grader.wire.errors import WireError
from grader.wire.outcome import Missing, Outcome, Raised, Returned

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def run_request(request: CheckRequest, namespace: dict[str, Any], device: str) -> CheckAnswer:
    """Run requested checks, each in every precision that is asked for.

    Args:
        request: The checks' sources, names, seeds and precisions.
        namespace: What the notebook has defined; an overlay is put into it.
        device: Where the checks' inputs are made; the simulated device is there from here on, and not before.

    Returns:
        What became of them.
    """
    with _stage(device, namespace):
        return _run_all(request, namespace, device)


def _stage(device: str, namespace: MutableMapping[str, Any]) -> AbstractContextManager[object]:
    if device != REHEARSAL:
        return nullcontext()
    from grader.observe.rehearsal.stage import rehearsal

    return rehearsal(namespace)


def _run_all(request: CheckRequest, namespace: dict[str, Any], device: str) -> CheckAnswer:
    # The cells may have asked for more: OpenMP would wait for ever for threads that did not come along to this fork.
    torch.set_num_threads(1)
    if request.overlay is not None:
        apply_overlay(request.overlay, namespace)
    outcomes: list[Outcome] = []
    seconds: list[float] = []
    called: list[tuple[str, ...]] = []
    for asked in request.checks:
        check = load_source(asked.source, "checks.py", asked.name, Check)
        for place, precision in enumerate(asked.precisions):
            started = time.monotonic()
            with used(asked.avoid) as functions:
                outcomes.append(run_check(check, namespace, asked.seed, device, precision))
            if place == 0:
                seconds.append(time.monotonic() - started)
                called.append(tuple(functions))
    return CheckAnswer(request.nonce, tuple(outcomes), tuple(seconds), tuple(called))


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
        return Returned(encode(check.function(Work(namespace), Rng(seed, device, dtype))))
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
    torch.manual_seed(number)
