"""What an observation is made of once it has crossed: plain values and leaves that can do no harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch


@dataclass(frozen=True, eq=False)
class TensorLeaf:
    """A tensor or array as it was on the other side, rebuilt from bytes.

    Attributes:
        values: Its values: a plain, contiguous CPU tensor of the same shape and dtype.
        kind: "tensor" (of any subclass, parameters too) or "ndarray".
        device: The device type it was on, such as "cuda".
        requires_grad: Whether autograd followed it.
    """

    values: torch.Tensor
    kind: Literal["tensor", "ndarray"]
    device: str
    requires_grad: bool


@dataclass(frozen=True)
class Opaque:
    """Something that does not cross; it equals nothing.

    Attributes:
        type_name: What it was, such as "generator" or "sparse_coo tensor".
        reason: Why it was refused, as a clause: "only dense tensors are compared".
    """

    type_name: str
    reason: str


Leaf = TensorLeaf | Opaque | bool | int | float | complex | str | bytes | None
Tree = Leaf | list["Tree"] | tuple["Tree", ...] | dict[str, "Tree"]
