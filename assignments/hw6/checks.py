from __future__ import annotations

import copy

import math

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import Dataset

from grader.authoring import at_least, at_most, check, close, exact, gradients, in_ranks, state, temporary_folder, written

STEPS = close(rtol=1e-5, atol=1e-6)
HALF = close(rtol=1e-4, atol=1e-5)


def small_model(rng, inputs=4, outputs=3):
    """Two layers with weights that student and reference share."""
    return rng.fill(nn.Sequential(nn.Linear(inputs, 6), nn.Tanh(), nn.Linear(6, outputs))).to(rng.device)


def normed_model(rng, inputs=4, outputs=3, dropout=0.5):
    """A model whose batch norm has statistics of its own and whose dropout is active in training."""
    parts = [nn.Linear(inputs, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, outputs)]
    model = rng.fill(nn.Sequential(*parts)).to(rng.device)
    model[1].running_mean.copy_(rng.normal(6))
    model[1].running_var.copy_(rng.uniform(6, low=0.5, high=2))
    model[1].num_batches_tracked += rng.integer(1, 9)
    return model


def batches(rng, sizes, inputs=4, outputs=3):
    """Batches of the given sizes; the samples of the last one are far from the others."""
    made = [(rng.normal(size, inputs), rng.normal(size, outputs)) for size in sizes]
    made[-1] = (made[-1][0] * 2 + 1, made[-1][1] * 5)
    return made


def flat(model):
    """A copy of all parameters in one long vector."""
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def watch_sizes(model):
    """A list that gets the number of rows of each batch that the model is given."""
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    return seen


def shards(work, n, world, epoch, seed, shuffle, drop_last):
    """What each rank gets."""
    return [work.shard_indices(n, world, rank, epoch, seed, shuffle, drop_last) for rank in range(world)]


@check(exercise="shard_indices", points=2.5)
def shares_in_order(work, rng):
    """Without shuffling, ranks take turns, and the first indices fill up what is missing at the end."""
    n, seed = 4 * rng.integer(3, 7) + 3, rng.integer(0, 100)
    return {
        "10 samples, 4 ranks": shards(work, 10, 4, 0, seed, False, False),
        f"{n} samples, 4 ranks": shards(work, n, 4, 2, seed, False, False),
        "8 samples, 2 ranks": shards(work, 8, 2, 1, seed, False, False),
    }


@check(exercise="shard_indices", points=2.5)
def another_order_in_each_epoch(work, rng):
    """With shuffling, the order is that of seed and epoch together, and the same for all ranks."""
    seed = rng.integer(0, 10_000)
    facts = {f"epoch {epoch}": shards(work, 13, 3, epoch, seed, True, False) for epoch in (0, 1, 5)}
    return facts | {"another seed": shards(work, 13, 3, 1, seed + 10, True, False)}


@check(exercise="sync", points=2.5, sockets=True, devices=("cpu",), compare=STEPS)
def every_rank_gets_the_weights(work, rng):
    """Two ranks begin with different weights; after `broadcast_parameters`, both have those of rank 0."""
    models = [small_model(rng) for _ in range(2)]

    def body(rank):
        work.broadcast_parameters(models[rank])
        return {"weights": flat(models[rank])}

    return in_ranks(2, body) | {"weights of rank 0 before": flat(models[0])}


@check(exercise="sync", points=3, sockets=True, devices=("cpu",), compare=STEPS)
def two_halves_make_the_step_of_the_whole(work, rng):
    """Each of two ranks has half of every batch; after three steps with momentum, weights are those of one process."""
    model, data = small_model(rng), batches(rng, (8, 8, 8))

    def body(rank):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for x, y in data:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[rank::2]), y[rank::2]).backward()
            work.sync_gradients(model)
            optimizer.step()
        return {"weights": flat(model), "gradients of the last step": gradients(model)}

    return in_ranks(2, body)


@check(exercise="global_metrics", points=2.5, sockets=True, devices=("cpu",), compare=STEPS)
def mean_over_the_samples_of_all(work, rng):
    """Two ranks with 3 and 1 samples, or 2 and 9: each gets the mean over all samples, as a float."""
    totals = [(rng.number(4, 9), rng.number(0, 1)), (rng.number(-3, 3), rng.number(5, 9))]

    def body(rank):
        first = work.distributed_mean(totals[0][rank], (3, 1)[rank])
        return {"3 and 1 samples": first, "2 and 9 samples": work.distributed_mean(totals[1][rank], (2, 9)[rank])}

    return in_ranks(2, body)


@check(exercise="global_metrics", points=2, sockets=True, devices=("cpu",), compare=exact)
def rows_in_the_order_of_the_data(work, rng):
    """Two ranks with every other of 5 rows, the first one repeated: both get the 5 rows in order."""
    rows = rng.normal(5)
    padded = torch.cat([rows, rows[:1]])

    def body(rank):
        return {"rows": work.gather_samples(padded[rank::2].clone(), 5)}

    return in_ranks(2, body)


class Pairs(Dataset):
    """Samples in memory."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Traffic(TorchDispatchMode):
    """Counts the numbers that ranks add up."""

    def __init__(self):
        super().__init__()
        self.summed = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.name().startswith("c10d::allreduce"):
            self.summed += sum(tensor.numel() for tensor in args[0])
        return func(*args, **(kwargs or {}))


def trained(work, rng, world, n, observe, *, epochs=2, batch_size=2, accum=1, loss_fn=None):
    """What `observe` sees of each rank after `ddp_train`, and the files that were written.

    The samples of the last tenth are far from the others, and each rank has a path of its own.
    """
    x, y = rng.normal(n, 4), rng.normal(n, 3)
    y[-max(1, n // 10) :] *= 6
    x[:, 0] = torch.arange(n) / n
    models, seed = [small_model(rng) for _ in range(world)], rng.integer(0, 1000)
    size = sum(p.numel() for p in models[0].parameters())
    with temporary_folder() as folder:
        (folder / "out").mkdir()

        def body(rank):
            rows = []
            hook = models[rank].register_forward_pre_hook(lambda module, args: rows.append(args[0][:, 0] * n))
            path = folder / "out" / f"rank{rank}.pt"
            parts = (folder / "meeting", lambda: models[rank], Pairs(x, y), loss_fn or nn.MSELoss())
            with Traffic() as traffic:
                history, model = work.ddp_train(rank, world, *parts, epochs, batch_size, 0.2, accum, seed, path)
            hook.remove()
            facts = {
                "history": history,
                "weights": flat(model),
                "rows in each batch": [part.round().int() for part in rows],
                "times that all gradients were averaged": traffic.summed // size,
                "it is the model that was made": model is models[rank],
                "its type": type(model).__name__,
                "group is still there": dist.is_initialized(),
            }
            return {name: facts[name] for name in observe}

        facts = in_ranks(world, body, group=False, seconds=6)
        files = {name: torch.load(folder / "out" / name, weights_only=True) for name in written(folder / "out")}
    return facts | {"files": files}


@check(exercise="ddp_train", points=4, sockets=True, devices=("cpu",), compare=STEPS)
def ranks_end_in_the_same_weights(work, rng):
    """Two ranks that begin with different weights train on 9 samples: weights and mean losses of both are right."""
    facts = trained(work, rng, 2, 9, ("history", "weights"))
    return {name: facts[name] for name in ("rank 0", "rank 1")}


@check(exercise="ddp_train", points=2, sockets=True, devices=("cpu",), compare=STEPS)
def one_rank_writes_one_file(work, rng):
    """Only rank 0 writes its file; it holds the trained weights under the model's own names."""
    facts = trained(work, rng, 2, 6, ("weights",), epochs=1, batch_size=3)
    return {"files": facts["files"], "rank 0": facts["rank 0"]}


class Holder(nn.Module):
    """A model with a part that happens to be called `module`."""

    def __init__(self, part):
        super().__init__()
        self.module, self.scale = part, nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.module(x)


@check(exercise="save_rank0", points=2)
def wrappers_are_taken_off(work, rng):
    """Of a model in none, one or two wrappers the model itself comes back; a part called `module` stays where it is."""
    plain, holder = small_model(rng).cpu(), Holder(small_model(rng).cpu())
    models = {
        "no wrapper": (plain, plain),
        "one wrapper": (nn.DataParallel(plain), plain),
        "two wrappers": (nn.DataParallel(nn.DataParallel(plain)), plain),
        "a part called module": (holder, holder),
        "a wrapped one with such a part": (nn.DataParallel(holder), holder),
    }
    facts = {}
    for name, (given, inside) in models.items():
        found = work.unwrap(given)
        facts[name] = {"it is the model itself": found is inside, "type": type(found).__name__}
    return facts


@check(exercise="save_rank0", points=1.5, compare=exact)
def names_without_module(work, rng):
    """In one process, wrapped or not, the file holds the model's own names; the model keeps its wrapper."""
    plain, holder = small_model(rng).cpu(), Holder(small_model(rng).cpu())
    facts = {}
    with temporary_folder() as folder:
        models = {"plain": plain, "wrapped": nn.DataParallel(plain), "such a part": nn.DataParallel(holder)}
        for name, model in models.items():
            work.save_rank0(str(folder / "w.pt"), model)
            facts[name] = {
                "file": torch.load(folder / "w.pt", map_location="cpu", weights_only=True),
                "names in the model": list(model.state_dict()),
            }
            (folder / "w.pt").unlink()
        facts["other files"] = written(folder)
    return facts


def stages(rng, norm=False):
    """Two stages with equal weights for student and reference."""
    first = [nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh()] if norm else [nn.Linear(4, 5), nn.Tanh()]
    return rng.fill(nn.Sequential(*first)), rng.fill(nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2)))


def devices(model):
    """The device of each parameter and buffer."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return {name: tensor.device.type for name, tensor in tensors}


@check(exercise="two_stage", points=2.5)
def computes_and_learns(work, rng):
    """Outputs, the gradients of both stages and of x; the stages are called stage1 and stage2."""
    model = work.TwoStage(*stages(rng), rng.device, "cpu")
    x = rng.normal(6, 4).requires_grad_()
    out = model(x)
    (out * rng.normal(6, 2).cpu()).sum().backward()
    return {"output": out.detach(), "gradients": gradients(model), "gradient of x": x.grad, "x": x.detach()}


@check(exercise="two_stage", points=2)
def each_stage_is_on_its_device(work, rng):
    """With "cpu" and "meta", each stage is on its device at once, and the output is on the second."""
    model = work.TwoStage(*stages(rng), "cpu", "meta")
    placed = devices(model)
    out = model(rng.normal(3, 4).cpu())
    return {
        "devices": placed,
        "output": {"device": out.device.type, "shape": tuple(out.shape), "graph": out.requires_grad},
    }


@check(exercise="accumulate_gradients", points=3.5, compare=STEPS)
def steps_of_the_big_batches(work, rng):
    """Batches of (4, 4, 4), (4, 4, 4) and (4, 2) samples make three steps, those of the big batches."""
    model, data = small_model(rng), batches(rng, (4, 4, 4, 4, 4, 4, 4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return {"steps": work.accumulate_gradients(model, data, nn.MSELoss(), optimizer, 3), "weights": state(model)}


@check(exercise="accumulate_gradients", points=2, compare=STEPS)
def batches_of_all_sizes(work, rng):
    """Batches of different sizes come from a generator; every sample of a window counts the same."""
    model, data = small_model(rng), batches(rng, (5, 1, 3, 2, 7))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    steps = work.accumulate_gradients(model, (pair for pair in data), nn.L1Loss(), optimizer, 2)
    return {"steps": steps, "weights": state(model)}


def scaler_for(rng, scale, interval=100):
    """A new scaler."""
    return torch.amp.GradScaler(rng.device.type, init_scale=scale, growth_interval=interval)


@check(exercise="amp_step", points=3, compare=HALF)
def clipped_steps(work, rng):
    """Two steps with a scale of 1024, their gradients clipped: weights and losses are right."""
    model = small_model(rng)
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9), scaler_for(rng, 1024.0)
    parts, losses = (nn.MSELoss(), optimizer, scaler), []
    for x, y in batches(rng, (6, 6)):
        losses.append(work.amp_step(model, x, y, *parts, 0.25))
    return {"losses": losses, "weights": state(model)}


@check(exercise="amp_step", points=2, compare=HALF)
def sixteen_bits_where_they_belong(work, rng):
    """Outputs are bfloat16, weights and gradients float32; the loss is computed under autocast and comes as a float."""
    model, (x, y), seen = small_model(rng), batches(rng, (5,))[0], []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def loss_fn(outputs, targets):
        seen.append({"outputs": outputs.dtype, "autocast": torch.is_autocast_enabled(x.device.type)})
        return nn.functional.mse_loss(outputs.float(), targets)

    optimizer.register_step_pre_hook(lambda *_: seen.append([p.grad.dtype for p in model.parameters()]))
    loss = work.amp_step(model, x, y, loss_fn, optimizer, scaler_for(rng, 4.0), 10.0)
    return {
        "seen by the loss and by the optimizer": seen,
        "weights": [p.dtype for p in model.parameters()],
        "autocast afterwards": torch.is_autocast_enabled(x.device.type),
        "loss": loss,
    }


def predicted(work, model, x, chunk):
    """What `predict_in_chunks` returns; torch's gradient switch is put back, so that no other check suffers."""
    with torch.enable_grad():
        return work.predict_in_chunks(model, x, chunk)


@check(exercise="predict_in_chunks", points=2.5)
def outputs_of_all_rows(work, rng):
    """11 rows in chunks of 4, of 11 and of 50, of a model with dropout and batch norm: outputs in order, on the CPU."""
    model, x = normed_model(rng), rng.normal(11, 4).cpu()
    return {f"chunks of {chunk}": predicted(work, model, x, chunk) for chunk in (4, 11, 50)}


@check(exercise="predict_in_chunks", points=1.5)
def no_chunk_is_too_large(work, rng):
    """The model sees every row once, no more than a chunk at a time."""
    model, facts = small_model(rng), {}
    for n, chunk in ((10, 4), (9, 3), (3, 1), (2, 5)):
        seen = watch_sizes(model)
        predicted(work, model, rng.normal(n, 4).cpu(), chunk)
        facts[f"{n} rows, chunks of {chunk}"] = list(seen)
        model._forward_pre_hooks.clear()
    return facts


class Endless(Exception):
    """More tries than any search needs."""


def tries(work, capacity, start, limit):
    """The result, and the sizes that were tried, where `capacity` samples fit into memory."""
    sizes = []

    def fn(size):
        sizes.append(size)
        if len(sizes) > 60:
            raise Endless
        if size > capacity:
            raise torch.OutOfMemoryError("no memory left")

    try:
        found = work.find_max_batch(fn, start, limit)
    except Endless:
        return {"result": "it goes on for ever", "sizes": sizes[:20]}
    return {"result": found, "sizes": sizes}


@check(exercise="find_max_batch", points=2)
def doubles_then_halves(work, rng):
    """The sizes that are tried, one after the other, and the result, for several amounts of memory."""
    some = rng.integer(70, 120)
    return {
        f"{some} fit, from 8": tries(work, some, 8, 1000),
        "37 fit, from 3": tries(work, 37, 3, 500),
        "64 fit, from 1": tries(work, 64, 1, 4096),
    }


SPACE = {"lr": ("log", 1e-5, 1e-1), "momentum": ("uniform", 0.1, 0.9), "layers": [1, 2, 4, 8]}


@check(exercise="search", points=1.5)
def all_combinations_once(work, rng):
    """Every combination of two, three or one list occurs once, the last name changing fastest, each in its own dict."""
    space = {"lr": [rng.number(0, 1), rng.number(1, 2)], "layers": [1, 2, 3], "norm": [True, None]}
    kept = copy.deepcopy(space)
    found = work.grid(space)
    return {
        "combinations": found,
        "dicts": len({id(config) for config in found}),
        "space before": kept,
        "space afterwards": space,
        "one list": work.grid({"lr": [3, 1, 2]}),
        "nothing": work.grid({}),
        "no value": work.grid({"a": [1, 2], "b": []}),
    }


BOUNDS = {
    "exponent of lr > smallest": at_least(-5.00001),
    "exponent of lr > largest": at_most(-0.99999),
    "exponent of lr > median, not too low": at_least(-3.5),
    "exponent of lr > median, not too high": at_most(-2.5),
    "momentum > smallest": at_least(0.1),
    "momentum > largest": at_most(0.9),
    "momentum > median, not too low": at_least(0.4),
    "momentum > median, not too high": at_most(0.6),
    "how often each number of layers > rarest": at_least(55),
    "how often each number of layers > most frequent": at_most(145),
}


def spread(values):
    """The smallest, largest and middle value; the middle one twice, since it has two bounds."""
    low, middle, high = (float(value) for value in np.quantile(np.asarray(values, np.float64), [0, 0.5, 1]))
    return {"smallest": low, "largest": high, "median, not too low": middle, "median, not too high": middle}


@check(exercise="search", points=1.5, compare=BOUNDS)
def draws_are_spread_as_asked(work, rng):
    """Of 400 draws, half are below the middle of the range, on a logarithmic scale for "log"; all keep their bounds."""
    _, trials = work.random_search(lambda config: {"val": 0.0, "test": 0.0}, SPACE, 400, rng.integer(0, 1000))
    configs = [trial["config"] for trial in trials]
    layers = [config["layers"] for config in configs]
    counts = [layers.count(value) for value in SPACE["layers"]]
    return {
        "trials": len(trials),
        "names": sorted({name for config in configs for name in config}),
        "exponent of lr": spread([math.log10(config["lr"]) for config in configs]),
        "momentum": spread([config["momentum"] for config in configs]),
        "numbers of layers": sorted({int(value) for value in layers}),
        "how often each number of layers": {"rarest": min(counts), "most frequent": max(counts)},
        "different values of lr": len({config["lr"] for config in configs}),
    }
