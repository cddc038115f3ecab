"""What check files import: the decorators, seeded inputs, comparators and a toolkit of observations.

Names are loaded when they are first used, so that reading a `CheckSpec` does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.authoring.asserts import asserted, printed
    from grader.authoring.comparators import accuracy, at_least, at_most, close, exact, same_set
    from grader.authoring.declare import (
        Alternative,
        Check,
        Misconception,
        alternative,
        check,
        definitions_of,
        misconception,
    )
    from grader.authoring.folders import temporary_folder, written
    from grader.authoring.memory import aliases, saved_tensors, shares_storage
    from grader.authoring.modules import buffers, gradients, hooks, modes, parameters, state
    from grader.authoring.ranks import RankError, in_ranks
    from grader.authoring.rng import Rng
    from grader.authoring.tracing import calls, raises, random_state
    from grader.authoring.weights import BadWeights, compare_state, load_weights
    from grader.authoring.work import MissingName, Work

__all__ = [
    "Alternative",
    "BadWeights",
    "Check",
    "Misconception",
    "MissingName",
    "RankError",
    "Rng",
    "Work",
    "accuracy",
    "aliases",
    "alternative",
    "asserted",
    "at_least",
    "at_most",
    "buffers",
    "calls",
    "check",
    "close",
    "compare_state",
    "definitions_of",
    "exact",
    "gradients",
    "hooks",
    "in_ranks",
    "load_weights",
    "misconception",
    "modes",
    "parameters",
    "printed",
    "raises",
    "random_state",
    "same_set",
    "saved_tensors",
    "shares_storage",
    "state",
    "temporary_folder",
    "written",
]

_ROOMS = {
    "asserts": ("asserted", "printed"),
    "comparators": ("accuracy", "at_least", "at_most", "close", "exact", "same_set"),
    "declare": (
        "Alternative",
        "Check",
        "Misconception",
        "alternative",
        "check",
        "definitions_of",
        "misconception",
    ),
    "folders": ("temporary_folder", "written"),
    "memory": ("aliases", "saved_tensors", "shares_storage"),
    "modules": ("buffers", "gradients", "hooks", "modes", "parameters", "state"),
    "ranks": ("RankError", "in_ranks"),
    "rng": ("Rng",),
    "tracing": ("calls", "raises", "random_state"),
    "weights": ("BadWeights", "compare_state", "load_weights"),
    "work": ("MissingName", "Work"),
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
