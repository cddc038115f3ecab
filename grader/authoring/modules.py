"""What a module has registered, and what a call left behind on it, as plain data."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_HOOK_TABLES = {
    "forward_pre": "_forward_pre_hooks",
    "forward": "_forward_hooks",
    "backward_pre": "_backward_pre_hooks",
    "backward": "_backward_hooks",
    "state_dict": "_state_dict_hooks",
    "load_state_dict": "_load_state_dict_pre_hooks",
}


def parameters(module: nn.Module, *, names: bool = True) -> Any:
    """The registered parameters: their names, shapes, dtypes and whether they are trained.

    Args:
        module: Any module; tied parameters are listed once.
        names: False leaves the names out, where an exercise does not prescribe them.

    Returns:
        ``{name: {"shape", "dtype", "requires_grad"}}`` in order of registration, or a list of the values.

    Example:
        >>> parameters(nn.Linear(3, 2, bias=False))
        {'weight': {'shape': (2, 3), 'dtype': 'float32', 'requires_grad': True}}
    """
    facts = {name: _facts(p) | {"requires_grad": p.requires_grad} for name, p in module.named_parameters()}
    return facts if names else list(facts.values())


def buffers(module: nn.Module) -> dict[str, dict[str, Any]]:
    """The registered buffers: their names, shapes, dtypes and whether a checkpoint holds them.

    Args:
        module: Any module.

    Returns:
        ``{name: {"shape", "dtype", "saved"}}`` in order of registration.

    Example:
        >>> buffers(nn.BatchNorm1d(2, momentum=None))["num_batches_tracked"]
        {'shape': (), 'dtype': 'int64', 'saved': True}
    """
    saved = set(module.state_dict())
    return {name: _facts(b) | {"saved": name in saved} for name, b in module.named_buffers()}


def gradients(module: nn.Module) -> dict[str, torch.Tensor | None]:
    """A copy of each parameter's gradient by name; None where it has none."""
    return {n: None if p.grad is None else p.grad.detach().clone() for n, p in module.named_parameters()}


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of everything a checkpoint of the module would hold, by name."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def modes(module: nn.Module) -> dict[str, str]:
    """Whether each submodule is in "train" or "eval" mode, by dotted name; "" is the module itself."""
    return {name: "train" if m.training else "eval" for name, m in module.named_modules()}


def hooks(module: nn.Module) -> dict[str, int]:
    """The hooks that are on a module and its submodules: how many of each kind, by place.

    Args:
        module: Any module.

    Returns:
        ``{"fc1 forward": 1, ...}``; empty where no hook is left.

    Example:
        >>> layer = nn.Linear(2, 2)
        >>> handle = layer.register_forward_hook(lambda *args: None)
        >>> hooks(layer)
        {'(root) forward': 1}
    """
    found = {}
    for name, part in module.named_modules():
        for kind, table in _HOOK_TABLES.items():
            if count := len(getattr(part, table, ())):
                found[f"{name or '(root)'} {kind}"] = count
    return found


def _facts(tensor: torch.Tensor) -> dict[str, Any]:
    return {"shape": tuple(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
