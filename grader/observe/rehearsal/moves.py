"""Move a tensor: copy it and label the copy, also for the gradient on its way back."""

from __future__ import annotations

from typing import Any

import torch

from grader.observe.rehearsal.labels import Place, place_of, put


def moved(tensor: torch.Tensor, place: Place) -> torch.Tensor:
    """Copy a tensor to another place.

    Args:
        tensor: A tensor on the CPU in truth.
        place: Where to.

    Returns:
        The copy; autograd follows it, and its gradient comes back to where the tensor is.
    """
    if tensor.requires_grad and torch.is_grad_enabled():
        copy: torch.Tensor = _Move.apply(tensor, place)
        return copy
    return _copy(tensor, place)


def _copy(tensor: torch.Tensor, place: Place) -> torch.Tensor:
    copy = tensor.clone()
    put(copy, place)
    return copy


class _Move(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, place: Place) -> torch.Tensor:
        ctx.origin = place_of(tensor)
        return _copy(tensor, place)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        return moved(grads[0], ctx.origin), None
