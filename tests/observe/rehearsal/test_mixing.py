"""Operands on two devices: what CUDA refuses is refused in its words, what it allows is allowed."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

TWO = "Expected all tensors to be on the same device, but found at least two devices, rehearsal:0 and cpu!"
GOT = (
    "Expected all tensors to be on the same device, but got {} is on {}, different from other tensors on {} "
    "(when checking argument in method wrapper_CUDA_{})"
)
CPU_INDEX = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
Case = Callable[[torch.Tensor, torch.Tensor], object]


def away_in(place: str, name: str, operator: str) -> str:
    return GOT.format(name, place, "cpu" if place != "cpu" else "rehearsal:0", operator)


# x (3, 4) is on the simulated device, c (3, 4) on the CPU.
REFUSED: dict[str, tuple[Case, str]] = {
    "add": (lambda x, c: x + c, TWO),
    "add the other way round": (lambda x, c: c + x, TWO),
    "add in place": (lambda x, c: x.add_(c), TWO),
    "a number on the CPU changed in place": (lambda x, c: c[0, 0].mul_(x[0, 0]), TWO),
    "compare": (lambda x, c: x == c, TWO),
    "where": (lambda x, c: torch.where(x > 0, x, c), TWO),
    "lerp": (lambda x, c: torch.lerp(x, c, 0.5), TWO),
    "mse_loss": (lambda x, c: F.mse_loss(x, c), TWO),
    "matmul": (lambda x, c: x @ c.T, away_in("cpu", "mat2", "mm")),
    "matmul the other way round": (lambda x, c: c @ x.T, away_in("rehearsal:0", "mat2", "mm")),
    "bmm": (lambda x, c: x[None] @ c.T[None], away_in("cpu", "mat2", "bmm")),
    "linear": (lambda x, c: F.linear(x, c, c[:, 0]), away_in("rehearsal:0", "mat1", "addmm")),
    "cat": (lambda x, c: torch.cat([x, c]), away_in("cpu", "tensors", "cat")),
    "stack": (lambda x, c: torch.stack([x[0, 0], c[0, 0]]), away_in("cpu", "tensors", "stack")),
    "gather": (lambda x, c: x.gather(1, c.long()), away_in("cpu", "index", "gather")),
    "scatter": (lambda x, c: x.scatter(1, c.long(), 1.0), away_in("cpu", "index", "scatter")),
    "index_select": (lambda x, c: x.index_select(0, c[:, 0].long()), away_in("cpu", "index", "index_select")),
    "embedding": (lambda x, c: F.embedding(c.long(), x), away_in("cpu", "indices", "embedding")),
    "equal": (lambda x, c: torch.equal(x, c), away_in("cpu", "other", "equal")),
    "cross_entropy": (lambda x, c: F.cross_entropy(x, c[:, 0].long()), away_in("cpu", "target", "nll_loss_forward")),
    "convolution": (
        lambda x, c: F.conv1d(x[None], c[None]),
        "Input type (torch.rehearsal.FloatTensor) and weight type (torch.FloatTensor) should be the same",
    ),
    "an index on the device into a tensor on the CPU": (lambda x, c: c[x[:, 0].long()], CPU_INDEX),
    "a mask on the device for a tensor on the CPU": (lambda x, c: c[x > 5], CPU_INDEX),
    "assignment by a mask on the device": (lambda x, c: c.__setitem__(x == 0, 1.0), CPU_INDEX),
    "assignment of several values by index": (lambda x, c: x.__setitem__(torch.tensor([0, 2]), c[:2]), TWO),
    "masked_fill": (
        lambda x, c: x.masked_fill(c > 0, 0.0),
        "expected self and mask to be on the same device, but got mask on cpu and self on rehearsal:0",
    ),
    "a range up to a number on the device": (lambda x, c: x[0] + torch.arange(4 + x[0, 0]), TWO),
    "a generator of the CPU": (
        lambda x, c: x.normal_(generator=torch.Generator()),
        "Expected a 'rehearsal' device type for generator but found 'cpu'",
    ),
    "a factory with a generator of the CPU": (
        lambda x, c: torch.rand(2, device=x.device, generator=torch.Generator()),
        "Expected a 'rehearsal' device type for generator but found 'cpu'",
    ),
    "a generator of the device for the CPU": (
        lambda x, c: torch.randperm(4, generator=torch.Generator(x.device)),
        "Expected a 'cpu' device type for generator but found 'rehearsal'",
    ),
    "a module on the CPU": (lambda x, c: nn.Linear(4, 2)(x), away_in("rehearsal:0", "mat1", "addmm")),
    "an optimizer whose state is older than the move": (lambda x, c: _adagrad(x.device), TWO),
    "a gradient from elsewhere": (
        lambda x, c: setattr(x, "grad", c),
        "attempting to assign a gradient with device type 'cpu' to a tensor with device type 'rehearsal'. "
        "Please ensure that the gradient and the tensor are on the same device",
    ),
}


def _adagrad(device: torch.device) -> None:
    layer = nn.Linear(2, 2)
    optimizer = torch.optim.Adagrad(layer.parameters(), foreach=False)
    layer.to(device)(torch.ones(1, 2, device=device)).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("case", REFUSED)
def test_what_cuda_refuses_is_refused_in_its_words(case: str, device: torch.device) -> None:
    x, c = torch.zeros(3, 4, device=device), torch.zeros(3, 4)
    call, message = REFUSED[case]
    with pytest.raises(RuntimeError) as caught:
        call(x, c)
    assert str(caught.value) == message


ALLOWED: dict[str, Case] = {
    "a number on the CPU in arithmetic": lambda x, c: x + c[0, 0],
    "a number on the CPU first": lambda x, c: c[0, 0] * x,
    "a number on the CPU in place": lambda x, c: x.mul_(c.sum()),
    "a Python number": lambda x, c: 1 / (x + 2),
    "a number on the CPU in where": lambda x, c: torch.where(x > 0, x, c[0, 0]),
    "an index on the CPU": lambda x, c: x[torch.tensor([0, 2])],
    "a mask on the CPU": lambda x, c: x[c > 5],
    "a list as index": lambda x, c: x[[0, 1]],
    "assignment by a mask on the CPU": lambda x, c: x.__setitem__(c > 5, 1.0) or x,
    "assignment from a tensor on the CPU": lambda x, c: x.__setitem__(0, c[0]) or x,
    "assignment of a number on the CPU by index": lambda x, c: x.__setitem__(torch.tensor([0]), c[0, 0]) or x,
    "the gradient of an index on the CPU": lambda x, c: _gradient(x, lambda y: y[torch.tensor([0, 2])]),
    "the gradient of a mask on the CPU": lambda x, c: _gradient(x, lambda y: y[c == 0]),
    "the gradient of an assignment by a mask on the CPU": lambda x, c: _gradient(x, lambda y: _assigned(y * 2, c == 0)),
    "copy_": lambda x, c: x.copy_(c),
    "masked_fill with a number on the CPU": lambda x, c: x.masked_fill(x > 0, torch.tensor(2.0)),
    "clamp": lambda x, c: x.clamp(min=0.5),
    "one_hot, which makes tensors in C++": lambda x, c: F.one_hot(x.long(), 3) + x.long()[..., None],
    "new_tensor": lambda x, c: x + x.new_tensor([1.0, 2.0, 3.0, 4.0]),
    "new_zeros": lambda x, c: x + x.new_zeros(3, 4),
    "zeros_like": lambda x, c: x + torch.zeros_like(x),
    "zeros_like by keyword": lambda x, c: x + torch.zeros_like(input=x),
    "normal by keyword": lambda x, c: x + torch.normal(mean=x, std=1.0),
    "a tensor of a tensor": lambda x, c: x + torch.tensor(x, dtype=torch.float64),
    "as_tensor by keyword": lambda x, c: x + torch.as_tensor(data=x, dtype=torch.float64),
    "a tensor made by default on the device": lambda x, c: _under_default(x),
    "a packed sequence, whose lengths are on the CPU": lambda x, c: _packed(x),
}


def _gradient(x: torch.Tensor, call: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    leaf = x.clone().requires_grad_()
    call(leaf).sum().backward()
    assert leaf.grad is not None
    return leaf.grad + x


def _assigned(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    x[mask] = 1.0
    return x


def _under_default(x: torch.Tensor) -> torch.Tensor:
    with x.device:
        return x + torch.ones(4) + torch.tensor([1.0])


def _packed(x: torch.Tensor) -> torch.Tensor:
    packed = nn.utils.rnn.pack_padded_sequence(x[None], torch.tensor([3]), batch_first=True)
    output, _ = nn.LSTM(4, 2, batch_first=True, device=x.device)(packed)
    return nn.utils.rnn.pad_packed_sequence(output, batch_first=True)[0]


@pytest.mark.parametrize("case", ALLOWED)
def test_what_cuda_allows_is_allowed_and_stays_on_the_device(case: str, device: torch.device) -> None:
    result = ALLOWED[case](torch.zeros(3, 4, device=device), torch.zeros(3, 4))
    assert isinstance(result, torch.Tensor)
    assert result.device == device


def test_a_mixture_in_the_backward_pass_is_refused(device: torch.device) -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return grad * torch.full((3,), 2.0)

    x = torch.ones(3, device=device, requires_grad=True)
    with pytest.raises(RuntimeError, match="found at least two devices, rehearsal:0 and cpu!"):
        Doubled.apply(x).sum().backward()


def test_a_hook_that_adds_a_tensor_of_the_cpu_is_refused(device: torch.device) -> None:
    layer = nn.Linear(2, 2, device=device)
    layer.register_full_backward_hook(lambda module, given, taken: (given[0] + torch.ones(1, 2),))
    x = torch.ones(1, 2, device=device, requires_grad=True)
    with pytest.raises(RuntimeError, match="found at least two devices"):
        layer(x).sum().backward()


def test_the_cell_s_own_names_are_told(device: torch.device) -> None:
    import linecache

    source = "def f(x, layer):\n    y = x * 2\n    return y @ layer.weight.T\n"
    linecache.cache["<cell 3>"] = (len(source), None, source.splitlines(keepends=True), "<cell 3>")
    namespace: dict[str, Callable[..., object]] = {}
    exec(compile(source, "<cell 3>", "exec"), namespace)
    with pytest.raises(RuntimeError) as caught:
        namespace["f"](torch.ones(1, 2, device=device), nn.Linear(2, 2))
    said = " Here y is on rehearsal:0 and layer.weight is on cpu: create layer.weight with device=y.device."
    assert str(caught.value).endswith(said)


def test_nothing_is_left_after_the_block() -> None:
    from grader.observe.rehearsal.stage import rehearsal

    before = (torch.zeros, torch.Tensor.to, torch.Generator, torch.UntypedStorage.clone, dict(vars(torch.Tensor)))
    with rehearsal() as device:
        kept = torch.ones(2, device=device)
    assert before == (
        torch.zeros,
        torch.Tensor.to,
        torch.Generator,
        torch.UntypedStorage.clone,
        dict(vars(torch.Tensor)),
    )
    assert kept.device.type == "cpu"
    assert (kept + torch.ones(2)).tolist() == [2.0, 2.0]


def test_functions_that_were_imported_by_name_are_replaced_for_the_block() -> None:
    from grader.observe.rehearsal.stage import rehearsal

    original = torch.zeros
    namespace = {"zeros": torch.zeros, "other": 3}
    with rehearsal(namespace) as device:
        x = torch.ones(3, device=device)
        with pytest.raises(RuntimeError, match="two devices"):
            x + namespace["zeros"](3)  # type: ignore[operator]
        assert namespace["zeros"](3, device=device).device == device  # type: ignore[operator]
    assert namespace == {"zeros": original, "other": 3}
