"""On the simulated device everything comes to the same values as on the CPU, and stays on the device."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from grader.observe.rehearsal.stage import rehearsal

Program = Callable[[torch.device], Any]


def made(device: torch.device, *shape: int) -> torch.Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape).sin().to(device)


def leaf(device: torch.device, *shape: int) -> torch.Tensor:
    return made(device, *shape).requires_grad_()


def backward(
    device: torch.device, call: Callable[..., torch.Tensor], *inputs: torch.Tensor
) -> list[torch.Tensor | None]:
    result = call(*inputs)
    result.sum().backward() if result.dim() else result.backward()
    return [result, *(x.grad for x in inputs if x.is_leaf and x.requires_grad)]


def through(module: nn.Module, *shape: int) -> Program:
    def run(device: torch.device) -> Any:
        here = copy.deepcopy(module)
        with torch.no_grad():
            for index, parameter in enumerate(here.parameters()):
                parameter.copy_(made(torch.device("cpu"), *parameter.shape) + index)
        here.to(device)
        x = leaf(device, *shape)
        result = here(x)
        (result if isinstance(result, torch.Tensor) else result[0]).square().sum().backward()
        return [result, x.grad, [p.grad for p in here.parameters()], list(here.buffers())]

    return run


def trained(make: Callable[..., torch.optim.Optimizer], moved_first: bool = False) -> Program:
    def run(device: torch.device) -> Any:
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(made(torch.device("cpu"), *parameter.shape))
        if moved_first:
            model.to(device)
        optimizer = make(model.parameters())  # before the model is moved, as CUDA allows where there is no state yet
        model.to(device)
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(model(made(device, 5, 3)), torch.tensor([0, 1, 0, 1, 1], device=device)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
        state = [
            v for s in optimizer.state_dict()["state"].values() for v in s.values() if torch.is_tensor(v) and v.dim()
        ]
        return [list(model.parameters()), state]

    return run


class Cube(torch.autograd.Function):
    """x^3 with a backward of its own that can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return grads[0] * 3 * x**2 * torch.ones(x.shape, device=x.device)


def twice(device: torch.device) -> Any:
    x = leaf(device, 4)
    (first,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    return [first, torch.autograd.grad(first.sum(), x)[0]]


def in_place_and_views(device: torch.device) -> Any:
    x = made(device, 4, 6)
    row, columns = x[1], x[:, ::2]
    row.mul_(2)
    columns.add_(1.5)
    x[x > 1] = 0.25
    x[:, 1] = torch.tensor(7.0)
    x[torch.tensor([0, 2], device=device), 3:5] += 1
    return [x, row, columns, x.T.contiguous(), x.view(-1).unfold(0, 3, 2), x.expand(2, 4, 6).reshape(8, 6)]


def hooked(device: torch.device) -> Any:
    layer, seen = nn.Linear(3, 2).requires_grad_(), []
    nn.init.constant_(layer.weight, 0.5), nn.init.zeros_(layer.bias)
    layer.to(device)
    layer.register_forward_hook(lambda module, args, output: output * 2)
    layer.register_full_backward_hook(lambda module, given, taken: seen.append([*given, *taken]))
    x = leaf(device, 4, 3)
    x.register_hook(lambda grad: grad + torch.ones_like(grad))
    layer(x).sum().backward()
    return [seen, x.grad, layer.weight.grad]


def saved_and_loaded(device: torch.device) -> Any:
    model, file = nn.BatchNorm1d(3).to(device), io.BytesIO()
    model(made(device, 5, 3))
    torch.save({"model": model.state_dict(), "x": made(device, 2)}, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    other = nn.BatchNorm1d(3).to(device)
    other.load_state_dict(loaded["model"])
    return [list(other.buffers()), loaded["x"], copy.deepcopy(model)(made(device, 5, 3))]


def batches(device: torch.device) -> Any:
    data = TensorDataset(made(torch.device("cpu"), 10, 3), torch.arange(10))
    loader = DataLoader(
        data, 4, shuffle=True, generator=torch.Generator().manual_seed(0), pin_memory=device.type != "cpu"
    )
    return [[x.to(device), y.to(device, non_blocking=True)] for x, y in loader]


def mixed_precision(device: torch.device) -> Any:
    model = nn.Linear(4, 2)
    nn.init.constant_(model.weight, 0.1), nn.init.zeros_(model.bias)
    model.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        y = model(made(device, 3, 4))
    (y.float().sum() * 2).backward()
    return [y, model.weight.grad]


PROGRAMS: dict[str, Program] = {
    "linear": through(nn.Linear(4, 3), 5, 4),
    "conv2d": through(nn.Conv2d(2, 3, 3, padding=1, stride=2), 2, 2, 7, 6),
    "conv transpose": through(nn.ConvTranspose1d(2, 3, 3), 2, 2, 5),
    "batch norm": through(nn.BatchNorm2d(3), 4, 3, 2, 2),
    "layer norm": through(nn.LayerNorm(4), 3, 4),
    "group norm": through(nn.GroupNorm(2, 4), 2, 4, 3),
    "pooling": through(nn.Sequential(nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2)), 1, 2, 8, 8),
    "activations": through(nn.Sequential(nn.GELU(), nn.PReLU(), nn.Softmax(-1), nn.ELU(), nn.LogSigmoid()), 3, 4),
    "lstm": through(nn.LSTM(3, 4, 2, bidirectional=True), 5, 2, 3),
    "gru": through(nn.GRU(3, 4, batch_first=True), 2, 5, 3),
    "transformer layer": through(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 2, 5, 8),
    "upsample": through(nn.Upsample(scale_factor=2, mode="bilinear"), 1, 2, 3, 3),
    "sgd": trained(lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1)),
    "adam": trained(lambda p: torch.optim.Adam(p, 0.1)),
    "adamw foreach": trained(lambda p: torch.optim.AdamW(p, 0.1, foreach=True)),
    "rmsprop": trained(lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.5)),
    "adagrad": trained(lambda p: torch.optim.Adagrad(p, 0.1), moved_first=True),
    "attention": lambda d: backward(d, F.scaled_dot_product_attention, *(leaf(d, 2, 2, 5, 4) for _ in range(3))),
    "causal attention": lambda d: F.scaled_dot_product_attention(*[made(d, 1, 2, 5, 4)] * 3, is_causal=True),
    "embedding": lambda d: backward(d, lambda w: F.embedding(torch.tensor([0, 2, 2], device=d), w), leaf(d, 4, 3)),
    "embedding bag": lambda d: F.embedding_bag(torch.tensor([[0, 2], [1, 1]], device=d), made(d, 4, 3)),
    "cross entropy": lambda d: backward(
        d, lambda x: F.cross_entropy(x, torch.tensor([1, 0, 2], device=d), label_smoothing=0.1), leaf(d, 3, 4)
    ),
    "other losses": lambda d: [
        loss(made(d, 3, 4), made(d, 3, 4).cos()) for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)
    ],
    "bce": lambda d: backward(d, lambda x: F.binary_cross_entropy_with_logits(x, (x > 0).float()), leaf(d, 3, 4)),
    "kl_div": lambda d: F.kl_div(made(d, 3, 4).log_softmax(1), made(d, 3, 4).softmax(1), reduction="batchmean"),
    "ctc": lambda d: F.ctc_loss(
        made(d, 6, 2, 4).log_softmax(2),
        torch.tensor([[1, 2], [3, 1]], device=d),
        torch.tensor([6, 6], device=d),
        torch.tensor([2, 2], device=d),
    ),
    "einsum": lambda d: backward(d, lambda a, b: torch.einsum("bij,bjk->ik", a, b), leaf(d, 2, 3, 4), leaf(d, 2, 4, 5)),
    "indexing": lambda d: backward(d, lambda x: x[[0, 2], :, None][..., 1:] + x[-1, 0], leaf(d, 4, 3)),
    "gather and scatter": lambda d: [
        made(d, 3, 4).gather(1, torch.tensor([[0], [3], [1]], device=d)),
        torch.zeros(3, 4, device=d).scatter_(1, torch.tensor([[0], [3], [1]], device=d), 2.0),
        torch.zeros(3, device=d).scatter_add_(0, torch.tensor([0, 0, 2], device=d), made(d, 3)),
        torch.zeros(3, 2, device=d).index_add_(0, torch.tensor([2, 0], device=d), made(d, 2, 2)),
    ],
    "sorting": lambda d: [
        *made(d, 3, 4).sort(1),
        *made(d, 3, 4).topk(2),
        *made(d, 9).unique(return_counts=True),
        made(d, 3, 4).argmax(0),
    ],
    "reductions": lambda d: [
        made(d, 3, 4).var(0),
        made(d, 3, 4).logsumexp(1),
        made(d, 3, 4).cumsum(0),
        made(d, 3, 4).norm(),
        *made(d, 3, 4).max(1),
    ],
    "linear algebra": lambda d: [
        *torch.linalg.svd(made(d, 3, 3)),
        torch.linalg.solve(made(d, 3, 3) + torch.eye(3, device=d) * 3, made(d, 3, 1)),
        torch.cdist(made(d, 3, 2), made(d, 4, 2)),
        torch.linalg.det(made(d, 2, 2)),
    ],
    "gradient of svd and cdist": lambda d: backward(
        d, lambda x: torch.linalg.svdvals(x).sum() + torch.cdist(x, x + 1).sum(), leaf(d, 3, 3)
    ),
    "joining": lambda d: [
        torch.cat([made(d, 2, 3), torch.zeros(1, 3, device=d)]),
        torch.stack([made(d, 3)] * 2),
        *made(d, 6).chunk(3),
        torch.meshgrid(made(d, 2), made(d, 3), indexing="ij"),
        F.pad(made(d, 2, 2), (1, 1)),
        made(d, 4).roll(1),
    ],
    "one hot and bincount": lambda d: [
        F.one_hot(torch.tensor([0, 2], device=d), 3),
        torch.bincount(torch.tensor([0, 2, 2], device=d)),
        torch.tensor([1, 2], device=d).repeat_interleave(torch.tensor([2, 3], device=d)),
        made(d, 3, 3).triu(),
    ],
    "factories": lambda d: [
        torch.zeros(2, device=d),
        torch.full((2,), 3.0, device=d),
        torch.arange(4, device=d),
        torch.linspace(0, 1, 3, device=d),
        torch.eye(2, device=d),
        torch.tensor([[1, 2]], device=d),
        torch.as_tensor([1.5], device=d),
        made(d, 2).new_full((2,), 4),
        torch.tril_indices(3, 3, device=d),
        torch.fft.fftfreq(4, device=d),
        torch.hann_window(4, device=d),
    ],
    "sparse": lambda d: (
        torch.sparse_coo_tensor(torch.tensor([[0, 1]], device=d), made(d, 2), (3,), check_invariants=True).to_dense()
        + made(d, 3)
    ),
    "fft": lambda d: torch.fft.irfft(torch.fft.rfft(made(d, 8))),
    "vmap and grad": lambda d: [
        torch.func.vmap(lambda x: x.sin().sum())(made(d, 3, 2)),
        torch.func.grad(lambda x: (x**3).sum())(made(d, 3)),
        torch.func.jacrev(lambda x: x**2)(made(d, 3)),
        torch.func.vmap(lambda x: x + torch.ones(2, device=d))(made(d, 3, 2)),
    ],
    "custom function, differentiated twice": twice,
    "in place and views": in_place_and_views,
    "hooks": hooked,
    "files": saved_and_loaded,
    "loader": batches,
    "autocast": mixed_precision,
    "checkpointing": lambda d: backward(
        d, lambda x: checkpoint(lambda y: y.sin().exp(), x, use_reentrant=False), leaf(d, 3)
    ),
    "reentrant checkpointing": lambda d: backward(
        d, lambda x: checkpoint(lambda y: y.sin().exp(), x, use_reentrant=True), leaf(d, 3)
    ),
    "gradient through a move": lambda d: backward(d, lambda x: x.to(d) * made(d, 3), leaf(torch.device("cpu"), 3))[:1],
    "hessian": lambda d: torch.autograd.functional.hessian(lambda x: (x**3).sum(), made(d, 3)),
    "spectral norm": through(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), 4, 3),
    "averaged model": lambda d: list(
        torch.optim.swa_utils.AveragedModel(filled(nn.Linear(2, 2)).to(d)).module.parameters()
    ),
    "functional call": lambda d: torch.func.functional_call(
        nn.Linear(2, 2).to(d), {"weight": made(d, 2, 2), "bias": made(d, 2)}, made(d, 3, 2)
    ),
}


def filled(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.5)
    return module


RANDOM: dict[str, Program] = {
    "dropout": lambda d: backward(d, lambda x: F.dropout(x, 0.5), leaf(d, 30)),
    "normal": lambda d: [torch.randn(3, device=d), torch.randint(0, 9, (4,), device=d), torch.rand_like(made(d, 3))],
    "multinomial": lambda d: torch.multinomial(torch.ones(5, device=d), 3),
    "init": lambda d: list(nn.Linear(3, 2, device=d).parameters()),
    "a generator of the device": lambda d: torch.randn(4, device=d, generator=torch.Generator(d).manual_seed(3)),
}


@pytest.mark.parametrize("name", [*PROGRAMS, *RANDOM])
def test_values_are_those_of_the_cpu_and_results_stay_on_the_device(name: str) -> None:
    program = {**PROGRAMS, **RANDOM}[name]
    torch.manual_seed(1)
    expected = tree_leaves(program(torch.device("cpu")))
    with rehearsal() as device:
        torch.manual_seed(1)
        found = tree_leaves(program(device))
        places = {x.device for x in found if isinstance(x, torch.Tensor)}
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        assert type(got) is type(wanted)
        if isinstance(wanted, torch.Tensor):
            assert torch.equal(got, wanted)
    assert places == {device}
