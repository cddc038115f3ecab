"""What errors mean: every meaning is reached by an error that torch or Python really raises."""

import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, RandomSampler

from grader.judge import errors
from grader.judge.errors import meaning
from grader.observe.rehearsal.stage import rehearsal

X = torch.ones(2, 3)


def on_a_device(function: Callable[[torch.Tensor], Any]) -> None:
    with rehearsal() as device:
        function(X.to(device))


class OneGradientTooFew(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return gradient


class ForgetsSuper(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(1, 1)


def one(a: Any) -> None:
    """A function of one argument."""


def nothing() -> Any:
    return None


def endless() -> Any:
    return endless()


def unwritten() -> None:
    raise NotImplementedError


def weight() -> torch.Tensor:
    return torch.ones(2, requires_grad=True)


def changes_what_backward_needs() -> None:
    y = weight().exp()
    y += 1
    y.sum().backward()


def backward_twice() -> None:
    y = (weight() ** 2).sum()
    y.backward()
    y.backward()


def same_parameter_twice() -> None:
    p = nn.Parameter(X)
    torch.optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1)


def on_a_gpu(text: str) -> Callable[[], Any]:
    """What torch says where a GPU fails; provoked for real in tests/gpu."""

    def fails() -> None:
        raise RuntimeError(text)

    return fails


PROVOKED: list[tuple[str, Callable[[], Any]]] = [
    ("not written yet", unwritten),
    ("ModuleList or ModuleDict only holds", lambda: nn.ModuleList()(X)),
    ("inner sizes of a matrix product", lambda: X @ X),
    ("fixed number of dimensions", lambda: torch.mm(torch.ones(2), X)),
    ("fixed number of dimensions", lambda: torch.mm(X, torch.ones(3))),
    ("fixed number of dimensions", lambda: torch.bmm(X, X)),
    ("fixed number of dimensions", lambda: torch.matmul(torch.tensor(1.0), X)),
    ("updates belong under torch.no_grad()", lambda: weight().add_(1)),
    ("make a new tensor instead", changes_what_backward_needs),
    ("registered no parameters", lambda: torch.optim.SGD(nn.Sequential().parameters(), lr=0.1)),
    ("given a parameter twice", same_parameter_twice),
    ("cut off from the graph", lambda: weight().detach().sum().backward()),
    ("needs a single number", lambda: weight().exp().backward()),
    ("used up by an earlier backward pass", backward_twice),
    ("cannot be stacked", lambda: torch.stack([torch.ones(2), torch.ones(3)])),
    ("whole numbers (int64)", lambda: F.cross_entropy(X, torch.ones(2))),
    ("whole numbers (int64)", lambda: nn.Embedding(3, 3)(X)),
    ("different dtypes", lambda: X @ torch.ones(3, 2).double()),
    ("different dtypes", lambda: nn.Linear(3, 2)(X.double())),
    ("different dtypes", lambda: nn.Conv2d(1, 1, 1)(torch.ones(1, 1, 2, 2).double())),
    ("different dtypes", lambda: torch.bmm(X[None], torch.ones(1, 3, 2).double())),
    ("cannot read this memory", lambda: X.T.view(-1)),
    ("number of elements does not fit", lambda: X.reshape(4, 4)),
    ("do not broadcast", lambda: X + torch.ones(4)),
    ("different devices", lambda: X + torch.ones(2, 3, device="meta")),
    ("different devices", lambda: nn.Linear(3, 2, device="meta")(X)),
    ("different devices", lambda: on_a_device(lambda x: X[x.long()])),
    ("different devices", lambda: on_a_device(lambda x: F.conv1d(x[None], torch.ones(1, 2, 1)))),
    ("use .cpu() before .numpy()", lambda: on_a_device(lambda x: x.numpy())),
    ("for its own device only", lambda: on_a_device(lambda x: x.normal_(generator=torch.Generator()))),
    ("all the others must match", lambda: torch.cat([X, torch.ones(2, 4)])),
    ("another number of channels", lambda: nn.Conv2d(3, 1, 1)(torch.ones(1, 2, 4, 4))),
    ("detach() it first", lambda: weight().numpy()),
    ("only floating-point tensors", lambda: torch.ones(2, dtype=torch.int64).requires_grad_()),
    ("one truth value", lambda: bool(X > 0)),
    ("item() needs", lambda: X.item()),
    ("saved names are not those", lambda: nn.Linear(3, 2).load_state_dict({})),
    ("starts with super().__init__()", ForgetsSuper),
    ("nothing defines this name", lambda: undefined_name),  # type: ignore[name-defined]  # noqa: F821
    ("not smaller than the number of classes", lambda: F.cross_entropy(X, torch.tensor([0, 7]))),
    ("beyond the size", lambda: nn.Embedding(3, 2)(torch.tensor([7]))),
    ("beyond the size", lambda: X[5]),
    ("more memory was asked for", lambda: torch.empty(10**15)),
    ("more memory was asked for", lambda: np.ones(10**15)),
    ("one gradient for each argument", lambda: OneGradientTooFew.apply(weight(), weight()).sum().backward()),
    ("either a sampler or shuffle=True", lambda: DataLoader([1], shuffle=True, sampler=RandomSampler([1]))),
    ("top of a cell", lambda: pickle.dumps(lambda: 0)),
    ("its signature asks for more", lambda: one()),  # type: ignore[call-arg]
    ("its signature takes fewer", lambda: one(1, 2)),  # type: ignore[call-arg]
    ("its signature has others", lambda: one(b=1)),  # type: ignore[call-arg]
    ("is a return missing?", lambda: nothing()[0]),
    ("is a return missing?", lambda: nothing() + 1),
    ("is a return missing?", lambda: nothing().shape),
    ("is a return missing?", lambda: F.relu(nothing())),
    ("more GPU memory", on_a_gpu("CUDA out of memory. Tried to allocate 37.25 GiB. GPU 0 has a total capacity of ...")),
    ("not smaller than the number of classes", on_a_gpu("CUDA error: device-side assert triggered")),
    ("where none of its tensors is", on_a_gpu("CUDA error: an illegal memory access was encountered")),
    ("cannot use the GPU its parent uses", on_a_gpu("Cannot re-initialize CUDA in forked subprocess. To use ...")),
    ("shows on the CPU only", on_a_gpu("CUDA error: unspecified launch failure")),
    ("calls itself without end", endless),
    ("asked Python to exit", lambda: sys.exit(0)),
]


def provoke(function: Callable[[], Any]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("this was expected to raise")


@pytest.mark.parametrize(("said", "function"), PROVOKED, ids=[f"{i} {said}" for i, (said, _) in enumerate(PROVOKED)])
def test_a_real_error_is_explained(said: str, function: Callable[[], Any]) -> None:
    error = provoke(function)
    assert said in meaning(type(error).__name__, str(error)), f"{type(error).__name__}: {error}"


def test_every_meaning_that_is_listed_is_provoked_here() -> None:
    reached = {meaning(type(e).__name__, str(e)) for e in (provoke(function) for _, function in PROVOKED)}
    assert {said for _, _, said in errors._MEANINGS} == reached


@pytest.mark.parametrize("function", [lambda: 1 / 0, lambda: {}["key"], lambda: int("x"), lambda: [].pop()])
def test_an_error_that_is_not_known_speaks_for_itself(function: Callable[[], Any]) -> None:
    error = provoke(function)
    assert meaning(type(error).__name__, str(error)) == ""


def test_a_message_that_only_quotes_a_type_is_not_taken_for_it() -> None:
    assert meaning("ValueError", "one() missing 1 required positional argument: 'a'") == ""
    assert meaning("NotImplementedError", "Subclasses should implement this!") == ""
