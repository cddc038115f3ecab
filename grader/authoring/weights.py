"""Weights that a student handed in, read by a check in the observing process: nothing in them is run.

A check file calls `load_weights` on what lies beside the notebook (`files` in assignment.toml says what may). It
reads files that hold numbers and nothing else, and says in a sentence what is wrong with any other.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from grader.authoring.arrays import read_npy, read_npz
from grader.authoring.badweights import BadWeights
from grader.authoring.checkpoint import read_checkpoint
from grader.errors import BadInput
from grader.intake.handin import receive
from grader.intake.limits import IntakeLimits, size
from grader.intake.names import shown

__all__ = ["BadWeights", "compare_state", "load_weights"]

_READERS = {".pt": read_checkpoint, ".pth": read_checkpoint, ".npz": read_npz, ".npy": read_npy}
_SAVE = "save the weights alone with torch.save(model.state_dict(), 'weights.pt')"
# What compare_state lists of each kind, and how long a name it compares letter by letter.
_LISTED, _COMPARED_LETTERS = 50, 200


def load_weights(path: str | Path, max_bytes: int = 256 * 1024 * 1024) -> dict[str, torch.Tensor]:
    """Load a file of weights: a state dict saved by ``torch.save``, or numpy arrays.

    Args:
        path: A .pt or .pth file (read with ``weights_only=True``), an .npz file, or an .npy file, whose one array
            gets the file's name without its ending.
        max_bytes: The most that the file and its values may be.

    Returns:
        Plain dense tensors on the CPU by name.

    Raises:
        BadWeights: It is not there, of another kind, damaged, too large, or holds code, NaN, or anything but plain
            tensors; nothing of that size is allocated and nothing of it is run.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save({"fc1.bias": torch.zeros(2)}, f"{folder}/best.pt")
        ...     load_weights(f"{folder}/best.pt")
        {'fc1.bias': tensor([0., 0.])}
    """
    path = Path(path)
    name = shown(path.name)[1:-1]
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        ending = path.suffix if path.suffix.isprintable() and path.suffix else "such"
        raise BadWeights(f"{name}: {ending} files are not read as weights: {_SAVE}")
    try:
        handed_in = receive(path, IntakeLimits(archive_bytes=max_bytes))
        if not handed_in.whole:
            raise BadWeights(f"{name} is larger than {size(max_bytes)}")
        weights = reader(name, handed_in.data, max_bytes)
    except BadWeights:
        raise
    except BadInput as error:
        said = str(error)
        raise BadWeights(said if said.startswith(str(path)) else f"{name}: {said}") from None
    for key, value in weights.items():
        _refuse_nan(name, key, value)
    return weights


def compare_state(module: nn.Module, weights: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Say how weights differ from what a module would load: by names, shapes and dtypes, not by values.

    Args:
        module: The module that they are for.
        weights: Tensors by name, as `load_weights` returns them.

    Returns:
        ``{"missing", "extra", "misnamed", "shapes", "dtypes"}``, all of them empty where ``load_state_dict`` would
        take the weights. "misnamed" gives for an extra name the missing one that was probably meant.

    Example:
        >>> found = compare_state(nn.Linear(2, 1), {"wieght": torch.zeros(1, 2), "bias": torch.zeros(3)})
        >>> found["missing"], found["misnamed"], found["shapes"]
        (['weight'], {'wieght': 'weight'}, {'bias': {'expected': (1,), 'found': (3,)}})
    """
    expected = module.state_dict()
    missing = [name for name in expected if name not in weights]
    extra = [name for name in weights if name not in expected]
    shared = [name for name in expected if name in weights]
    return {
        "missing": missing[:_LISTED],
        "extra": [name[:_COMPARED_LETTERS] for name in extra[:_LISTED]],
        "misnamed": _misnamed(extra[:_LISTED], missing[:_LISTED]),
        "shapes": _unlike({n: (tuple(expected[n].shape), tuple(weights[n].shape)) for n in shared}),
        "dtypes": _unlike({n: (_dtype(expected[n]), _dtype(weights[n])) for n in shared}),
    }


def _refuse_nan(file: str, key: str, value: torch.Tensor) -> None:
    if not (value.is_floating_point() or value.is_complex()):
        return
    count = int(torch.isnan(value).sum())
    if count:
        raise BadWeights(f"{file}: {shown(key)} holds NaN in {count:,} of {value.numel():,} values: the training broke")


def _misnamed(extra: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in extra:
        left = [other for other in missing if other not in found.values()]
        if len(name) > _COMPARED_LETTERS or not left:
            continue
        ends = [other for other in left if name.endswith(f".{other}") or other.endswith(f".{name}")]
        if close := ends or difflib.get_close_matches(name, left, n=1, cutoff=0.7):
            found[name] = close[0]
    return found


def _unlike(pairs: Mapping[str, tuple[Any, Any]]) -> dict[str, dict[str, Any]]:
    unlike = [name for name, (expected, found) in pairs.items() if expected != found]
    return {name: {"expected": pairs[name][0], "found": pairs[name][1]} for name in unlike[:_LISTED]}


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
