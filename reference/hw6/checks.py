"""What hw6 observes: what each of several ranks holds, what a model was shown, and what was left in memory."""

from __future__ import annotations

import copy
import gc
import math
import time
import weakref

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import Dataset

from grader.authoring import (
    at_least,
    at_most,
    check,
    close,
    exact,
    gradients,
    in_ranks,
    modes,
    raises,
    random_state,
    saved_tensors,
    state,
    temporary_folder,
    written,
)

STEPS = close(rtol=1e-5, atol=1e-6)
HALF = close(rtol=1e-4, atol=1e-5)

# Fixtures ----------------------------------------------------------------------------------------------------------


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


class Branched(nn.Module):
    """A frozen layer, two heads of which a rank may use one, a head that nobody uses, and a weight of two names."""

    def __init__(self):
        super().__init__()
        self.frozen, self.left, self.right = nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(5, 3)
        self.spare, self.again = nn.Linear(2, 2), nn.Linear(5, 3)
        self.again.weight = self.left.weight
        self.frozen.requires_grad_(False)

    def forward(self, x, heads):
        hidden = torch.tanh(self.frozen(x))
        return sum(getattr(self, head)(hidden) for head in heads)


def batches(rng, sizes, inputs=4, outputs=3):
    """Batches of the given sizes; the samples of the last one are far from the others."""
    made = [(rng.normal(size, inputs), rng.normal(size, outputs)) for size in sizes]
    made[-1] = (made[-1][0] * 2 + 1, made[-1][1] * 5)
    return made


def flat(model):
    """A copy of all parameters in one long vector."""
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def lopsided(outputs, y):
    """A mean loss that is another one when outputs and targets change places: too little costs more than too much."""
    return torch.maximum(0.9 * (y - outputs), 0.3 * (outputs - y)).mean()


def watch_sizes(model):
    """A list that gets the number of rows of each batch that the model is given."""
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    return seen


def watch_modes(model):
    """A list that gets the modes of all modules at each forward pass of the model."""
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(modes(module)))
    return seen


# 6.1 ---------------------------------------------------------------------------------------------------------------


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


@check(exercise="shard_indices", points=2, visibility="hidden")
def leaves_the_rest_out(work, rng):
    """With `drop_last`, the last ones of the order are left out, and no index occurs twice."""
    seed, epoch = rng.integer(0, 10_000), rng.integer(1, 9)
    return {
        "15 in order, 4 ranks": shards(work, 15, 4, epoch, seed, False, True),
        "17 shuffled, 5 ranks": shards(work, 17, 5, epoch, seed, True, True),
        "9 shuffled, 3 ranks": shards(work, 9, 3, epoch, seed, True, True),
    }


@check(exercise="shard_indices", points=1.5, visibility="hidden")
def fewer_samples_than_ranks(work, rng):
    """With fewer samples than ranks, the order is repeated as often as it takes; or nothing is left."""
    seed = rng.integer(0, 10_000)
    return {
        "2 samples, 5 ranks": shards(work, 2, 5, 0, seed, False, False),
        "3 shuffled, 8 ranks": shards(work, 3, 8, 4, seed, True, False),
        "1 sample, 3 ranks": shards(work, 1, 3, 1, seed, True, False),
        "6 samples, 1 rank": shards(work, 6, 1, 3, seed, True, False),
        "3 samples, 4 ranks, drop_last": shards(work, 3, 4, 0, seed, True, True),
    }


@check(exercise="shard_indices", points=1.5, visibility="hidden", needs=("another_order_in_each_epoch",))
def leaves_the_streams_alone(work, rng):
    """The global random streams are where they were, and a rank that does not exist is refused."""
    seed, before = rng.integer(0, 10_000), random_state()
    found = work.shard_indices(7, 2, 1, 3, seed, True, False)
    return {
        "streams before": before,
        "streams afterwards": random_state(),
        "indices": found,
        "rank 2 of 2": raises(lambda: work.shard_indices(7, 2, 2, 0, seed, False, False), ValueError),
        "rank -1 of 3": raises(lambda: work.shard_indices(7, 3, -1, 0, seed, True, True), ValueError),
        "rank 2 of 3": raises(lambda: work.shard_indices(7, 3, 2, 0, seed, True, True), ValueError),
    }


# 6.2 ---------------------------------------------------------------------------------------------------------------


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


@check(
    exercise="sync",
    points=2.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("every_rank_gets_the_weights",),
    compare=STEPS,
)
def buffers_and_frozen_layers_are_sent_too(work, rng):
    """Both ranks get batch norm statistics and frozen weights as well; parameter objects and flags stay the same."""
    models = [normed_model(rng) for _ in range(2)]
    for rank, model in enumerate(models):
        model[4].requires_grad_(False)
        model[1].num_batches_tracked += 10 * rank

    def body(rank):
        model = models[rank]
        objects = dict(model.named_parameters())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        work.broadcast_parameters(model)
        facts = {
            "state": state(model),
            "the same objects": [name for name, p in model.named_parameters() if p is objects.get(name)],
            "requires_grad": {name: p.requires_grad for name, p in model.named_parameters()},
            "leaves": {name: p.is_leaf for name, p in model.named_parameters()},
        }
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
        optimizer.step()
        return facts | {"weights after a step": flat(model)}

    return in_ranks(2, body)


@check(
    exercise="sync",
    points=2.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("two_halves_make_the_step_of_the_whole",),
    compare=STEPS,
)
def gradients_that_some_ranks_do_not_have(work, rng):
    """A layer that one rank did not use gets the mean on both; one that nobody used has no gradient; all ranks return."""
    model, x = rng.fill(Branched()), [rng.normal(3, 4) for _ in range(2)]
    kept, before = rng.normal(5, 4), flat(model)

    def body(rank):
        model.frozen.weight.grad = kept * (rank + 1)
        (model(x[rank], (("left", "again"), ("right",))[rank]) ** 2).mean().backward()
        work.sync_gradients(model)
        return {"gradients": gradients(model), "weights": flat(model)}

    return in_ranks(2, body) | {"weights before": before}


@check(
    exercise="sync",
    points=1.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("two_halves_make_the_step_of_the_whole",),
    compare=STEPS,
)
def three_ranks_from_start_to_step(work, rng):
    """Three ranks with different weights and data broadcast, average and step: all end in the same weights."""
    models = [rng.fill(Branched()) for _ in range(3)]
    x, y = rng.normal(6, 4), rng.normal(6, 3)

    def body(rank):
        model = models[rank]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3, weight_decay=0.1)
        work.broadcast_parameters(model)
        for _ in range(2):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[rank::3], ("left", "again")), y[rank::3]).backward()
            work.sync_gradients(model)
            optimizer.step()
        return {"weights": flat(model)}

    return in_ranks(3, body)


# 6.3 ---------------------------------------------------------------------------------------------------------------


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


@check(
    exercise="global_metrics", points=2, visibility="hidden", sockets=True, devices=("cpu",), compare=close(rtol=1e-9)
)
def graphs_empty_ranks_and_large_counts(work, rng):
    """Totals in a graph stay as they are, an empty rank counts nothing, and large counts are exact; without any: NaN."""
    totals = [rng.integer(1, 9) * 0.25 for _ in range(3)]

    def body(rank):
        total = torch.tensor(totals[rank], requires_grad=True)
        doubled = total * 2
        return {
            "in a graph": work.distributed_mean(doubled, rank + 2),
            "total afterwards": doubled,
            "one rank is empty": work.distributed_mean((totals[0], 0.0, totals[2])[rank], (5, 0, 2)[rank]),
            "large counts": work.distributed_mean((2**25 + 1, 3, 2**24 + 1)[rank], (2**24 + 1, 2, 2)[rank]),
            "nobody has any": work.distributed_mean(0.0, 0),
            "whole numbers": work.distributed_mean(rank + 1, 4),
        }

    return in_ranks(3, body)


@check(
    exercise="global_metrics",
    points=1.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("rows_in_the_order_of_the_data",),
    compare=exact,
)
def rows_of_other_shapes_and_types(work, rng):
    """Three ranks, rows of whole numbers or of several columns, nothing to cut off, and a single row."""
    labels, wide = rng.integers(-9, 9, 7), rng.normal(6, 2, 2)
    one = rng.normal(1, 3)
    padded = torch.cat([labels, labels[:2]])

    def body(rank):
        local = padded[rank::3].clone()
        return {
            "7 whole numbers": work.gather_samples(local, 7),
            "local afterwards": local,
            "6 rows of 2 by 2": work.gather_samples(wide[rank::3].clone(), 6),
            "one row": work.gather_samples(one.clone(), 1),
        }

    return in_ranks(3, body)


# 6.4 ---------------------------------------------------------------------------------------------------------------


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


@check(exercise="ddp_train", points=4, visibility="hidden", sockets=True, devices=("cpu",), compare=STEPS)
def gradients_are_accumulated(work, rng):
    """Windows of three batches, the last one not full: weights, losses, and one average for each step."""
    observe = ("history", "weights", "times that all gradients were averaged")
    facts = trained(work, rng, 2, 19, observe, batch_size=3, accum=3)
    return {name: facts[name] for name in ("rank 0", "rank 1")}


@check(
    exercise="ddp_train",
    points=2.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("ranks_end_in_the_same_weights",),
    compare=STEPS,
)
def each_epoch_has_its_order(work, rng):
    """Both ranks see the rows that the sampler gives them, in batches of their own, in another order each epoch."""
    return trained(work, rng, 2, 9, ("rows in each batch",), epochs=3, batch_size=2, loss_fn=nn.L1Loss())


@check(
    exercise="ddp_train",
    points=1.5,
    visibility="hidden",
    sockets=True,
    devices=("cpu",),
    needs=("ranks_end_in_the_same_weights",),
    compare=STEPS,
)
def leaves_no_group_behind(work, rng):
    """One rank alone works, too; the group is destroyed, and what is returned is the model that was made."""
    observe = ("history", "weights", "it is the model that was made", "its type", "group is still there")
    return trained(work, rng, 1, 5, observe, accum=2, loss_fn=lopsided)


# 6.5 ---------------------------------------------------------------------------------------------------------------


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


@check(exercise="save_rank0", points=2.5, visibility="hidden", sockets=True, devices=("cpu",), compare=exact)
def others_wait_for_the_file(work, rng):
    """Rank 0 is slow; when the call returns on rank 1, the file is there. Only rank 0 writes to its path."""
    models = [small_model(rng) for _ in range(2)]
    with temporary_folder() as folder:

        def body(rank):
            model = models[rank]
            wrapped = DistributedDataParallel(nn.DataParallel(model))
            if rank == 0:
                model.register_state_dict_pre_hook(lambda *_: time.sleep(0.15))
                time.sleep(0.1)
                (folder / "begun").touch()
            work.save_rank0(folder / "shared.pt", wrapped)
            begun, there = (folder / "begun").exists(), (folder / "shared.pt").exists()
            facts = {
                "rank 0 has begun": begun,
                "file": torch.load(folder / "shared.pt", weights_only=True) if there else "no file yet",
            }
            work.save_rank0(folder / f"rank{rank}.pt", model)
            return facts | {"wrapper": type(wrapped).__name__}

        return in_ranks(2, body) | {"files": written(folder)}


# 6.6 ---------------------------------------------------------------------------------------------------------------


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


@check(exercise="two_stage", points=2, visibility="hidden", needs=("each_stage_is_on_its_device",))
def inputs_come_from_elsewhere(work, rng):
    """An x on the CPU goes to the first device and stays where it is itself; buffers move with their stage."""
    model = work.TwoStage(*stages(rng, norm=True), torch.device("meta"), torch.device("meta"))
    x = rng.normal(4, 4).cpu()
    kept = x.clone()
    out = model(x)
    same = work.TwoStage(*stages(rng), "meta", "meta")(torch.zeros(2, 4, device="meta"))
    return {
        "devices": devices(model),
        "output": {"device": out.device.type, "shape": tuple(out.shape)},
        "device of x afterwards": x.device.type,
        "x before": kept,
        "x afterwards": x if x.device.type == "cpu" else "it left the CPU",
        "x was on the device": {"device": same.device.type, "shape": tuple(same.shape)},
    }


@check(exercise="two_stage", points=1.5, visibility="hidden", needs=("each_stage_is_on_its_device",))
def weights_stay_where_they_are(work, rng):
    """Forward passes change no parameter object and no place; an optimizer made before trains both stages."""
    first, second = stages(rng)
    model = work.TwoStage(first, second, "cpu", "cpu")
    objects = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = rng.normal(5, 4).cpu()
    for _ in range(2):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    split = work.TwoStage(*stages(rng), "cpu", "meta")
    before = devices(split)
    split(x)
    return {
        "state": state(model),
        "the same objects": [name for name, p in model.named_parameters() if p is objects.get(name)],
        "stages": {"stage1": model.stage1 is first, "stage2": model.stage2 is second},
        "devices before a pass": before,
        "devices after a pass": devices(split),
    }


# 6.7 ---------------------------------------------------------------------------------------------------------------


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


@check(
    exercise="accumulate_gradients",
    points=2,
    visibility="hidden",
    needs=("steps_of_the_big_batches",),
    compare=STEPS,
)
def one_pass_for_each_batch(work, rng):
    """Each batch goes through the model once, alone and in training mode; old gradients do not count."""
    model = normed_model(rng, dropout=0.0).eval()
    sizes, seen, backwards, steps = watch_sizes(model), watch_modes(model), [], []
    model[4].bias.register_hook(lambda grad: backwards.append(1))
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_post_hook(lambda *_: steps.append(len(sizes)))
    work.accumulate_gradients(model, batches(rng, (3, 5, 2, 4)), nn.MSELoss(), optimizer, 3)
    return {
        "sizes of the batches": sizes,
        "modes": seen,
        "backward passes": len(backwards),
        "batches before each step": steps,
        "state": state(model),
    }


@check(exercise="accumulate_gradients", points=1.5, visibility="hidden", compare=STEPS)
def short_loaders_and_single_batches(work, rng):
    """Windows of one batch, a loader that is shorter than a window, one that ends with a full window, and none."""
    facts = {}
    for name, sizes, accum in (("accum 1", (3, 2), 1), ("accum 9", (2, 5, 3), 9), ("accum 2", (1, 4, 6, 2), 2)):
        model = small_model(rng)
        # With the usual eps a gradient that is zero but for rounding would move a weight as far as any other.
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, eps=0.1)
        steps = work.accumulate_gradients(model, iter(batches(rng, sizes)), lopsided, optimizer, accum)
        facts[name] = {"steps": steps, "weights": state(model)}
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    facts["no batch"] = {
        "steps": work.accumulate_gradients(model, [], nn.MSELoss(), optimizer, 2),
        "weights": state(model),
    }
    return facts


@check(
    exercise="accumulate_gradients",
    points=1,
    visibility="hidden",
    needs=("batches_of_all_sizes",),
    compare={"batches held at a time": at_most(2), "steps": exact},
)
def few_batches_are_held(work, rng):
    """From a long loader, no more than a window of batches is taken before they are trained on."""
    model, data, taken, held = small_model(rng), batches(rng, [2] * 9), [], []

    def loader():
        for pair in data:
            taken.append(1)
            yield pair

    model.register_forward_pre_hook(lambda *_: held.append(len(taken) - len(held)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = work.accumulate_gradients(model, loader(), nn.MSELoss(), optimizer, 2)
    return {"batches held at a time": max(held, default=0), "steps": steps}


# 6.8 ---------------------------------------------------------------------------------------------------------------


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


@check(exercise="amp_step", points=3, visibility="hidden", needs=("clipped_steps",), compare=HALF)
def a_step_that_overflows_is_skipped(work, rng):
    """An infinite or NaN gradient changes no weight and halves the scale; the steps after it work again."""
    model, data = small_model(rng), batches(rng, (4, 4, 4))
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9), scaler_for(rng, 256.0)
    hurt = data[1][0].clone()
    hurt[1, 2] = math.inf
    facts = {}
    for name, x, y in (("fine", *data[0]), ("infinite", hurt, data[1][1]), ("fine again", *data[2])):
        work.amp_step(model, x, y, nn.MSELoss(), optimizer, scaler, 1.0)
        facts[name] = {"weights": state(model), "scale": scaler.get_scale()}
    huge = scaler_for(rng, 2.0**127)
    work.amp_step(model, data[0][0], data[0][1] * 100, nn.MSELoss(), optimizer, huge, 1.0)
    return facts | {"a scale that is too large": {"weights": state(model), "scale": huge.get_scale()}}


@check(exercise="amp_step", points=2, visibility="hidden", needs=("clipped_steps",), compare=HALF)
def the_scale_grows(work, rng):
    """Without overflow, the scale doubles after every two steps; a limit that is not reached clips nothing."""
    model, scales = small_model(rng), []
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), scaler_for(rng, 8.0, 2)
    for x, y in batches(rng, (3, 3, 3, 3, 3)):
        work.amp_step(model, x, y, nn.HuberLoss(), optimizer, scaler, 1e4)
        scales.append(scaler.get_scale())
    return {"scale after each step": scales, "weights": state(model)}


@check(exercise="amp_step", points=2, visibility="hidden", needs=("clipped_steps",), compare=HALF)
def gradients_from_before_do_not_count(work, rng):
    """Old gradients are gone, the mode stays, and parameters that are frozen or not used are no obstacle."""
    model, (x, y) = normed_model(rng, dropout=0.0), batches(rng, (6,))[0]
    model.spare = nn.Parameter(rng.normal(2))
    model[0].bias.requires_grad_(False)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 3.0) if parameter.requires_grad else None
    model.spare.grad = None
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), scaler_for(rng, 64.0)
    seen = watch_modes(model)
    model.eval()
    model[1].train()
    loss = work.amp_step(model, x, y, nn.MSELoss(), optimizer, scaler, 0.5)
    return {"loss": loss, "state": state(model), "modes": seen, "modes afterwards": modes(model)}


# 6.9 ---------------------------------------------------------------------------------------------------------------


class Elsewhere(nn.Module):
    """A model on a device that only tells where data is, "meta"; its outputs, on the CPU, are made up."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.empty(2, device="meta")), []

    def forward(self, x):
        self.seen.append({"device": x.device.type, "rows": len(x)})
        return torch.full((len(x), 2), float(len(self.seen)))


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


@check(exercise="predict_in_chunks", points=2, visibility="hidden", needs=("outputs_of_all_rows",))
def nothing_is_kept_for_backward(work, rng):
    """No tensor is kept for a backward pass; the result has no graph, and can be used where one is recorded."""
    model, x = normed_model(rng), rng.normal(7, 4).cpu().requires_grad_()
    with torch.enable_grad(), saved_tensors() as saved:
        out = work.predict_in_chunks(model, x, 3)
        switch = torch.is_grad_enabled()
    weight = torch.ones(3, requires_grad=True)
    facts = {
        "tensors kept": saved.count,
        "in a graph": out.requires_grad,
        "inference tensor": out.is_inference(),
        "gradients are computed afterwards": switch,
        "gradients of the model": gradients(model),
        "parameters that are trained": {name: p.requires_grad for name, p in model.named_parameters()},
    }
    (out * weight).sum().backward()
    return facts | {"gradient of what comes after": weight.grad}


@check(exercise="predict_in_chunks", points=1, visibility="hidden", needs=("outputs_of_all_rows",))
def every_mode_is_restored(work, rng):
    """It computes in evaluation mode; afterwards every module is in the mode in which it came, and nothing else moved."""
    model, facts = normed_model(rng), {}
    seen = watch_modes(model)
    for name, training in (("in training", True), ("in evaluation", False)):
        model.train(training)
        model[1].train(not training)
        predicted(work, model, rng.normal(3, 4).cpu(), 2)
        facts[name] = modes(model)
    return facts | {"modes in each pass": seen, "state": state(model)}


@check(exercise="predict_in_chunks", points=1, visibility="hidden")
def empty_and_odd_inputs(work, rng):
    """No rows, images, whole numbers, a model elsewhere or without parameters; a chunk below 1 is refused."""
    images = rng.fill(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())).to(rng.device)
    table = rng.fill(nn.Embedding(9, 2)).to(rng.device)
    model, elsewhere = small_model(rng), Elsewhere()
    return {
        "model elsewhere": predicted(work, elsewhere, rng.normal(5, 4).cpu(), 2),
        "what it was given": elsewhere.seen,
        "no rows": predicted(work, model, rng.normal(0, 4).cpu(), 3),
        "images": predicted(work, images, rng.normal(5, 1, 4, 6).cpu(), 2),
        "whole numbers": predicted(work, table, rng.integers(0, 9, 7).cpu(), 3),
        "no parameters": predicted(work, nn.Flatten(), rng.normal(3, 2, 2).cpu(), 2),
        "chunk 0": raises(lambda: predicted(work, model, rng.normal(2, 4).cpu(), 0), ValueError),
        "chunk -1": raises(lambda: predicted(work, model, rng.normal(2, 4).cpu(), -1), ValueError),
    }


# 6.10 --------------------------------------------------------------------------------------------------------------


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


@check(exercise="find_max_batch", points=1.5, visibility="hidden")
def limits_are_kept(work, rng):
    """Everything fits, nothing fits, the first size does not fit, the limit lies between two sizes."""
    return {
        "everything fits": tries(work, 10_000, 4, 100),
        "nothing fits": tries(work, 0, 6, 50),
        "only 1 fits": tries(work, 1, rng.integer(5, 9), 20),
        "the first does not fit": tries(work, 9, 16, 64),
        "start is the limit": tries(work, 100, 7, 7),
        "start is the limit and does not fit": tries(work, 5, 7, 7),
        "one below the limit": tries(work, 49, 12, 50),
        "the limit is a size": tries(work, 500, 2, 32),
    }


@check(exercise="find_max_batch", points=1, visibility="hidden")
def other_errors_come_through(work, rng):
    """A RuntimeError or ValueError of another kind reaches the caller after the call that raised it."""
    facts = {}
    for name, error in (("RuntimeError", RuntimeError), ("ValueError", ValueError), ("MemoryError", MemoryError)):
        sizes = []

        def fn(size, error=error, sizes=sizes):
            sizes.append(size)
            if size > 10 or len(sizes) > 30:
                raise error("mat1 and mat2 shapes cannot be multiplied")

        facts[name] = {"error": raises(lambda fn=fn: work.find_max_batch(fn, 4, 64), error), "sizes": sizes}
    return facts


@check(exercise="find_max_batch", points=1.5, visibility="hidden", needs=("doubles_then_halves",))
def failed_tries_leave_nothing(work, rng):
    """Whenever a size is tried, nothing that a failed try has made is still alive."""
    start = rng.integer(5, 9)
    capacity, made, alive = 4 * start + rng.integer(0, start - 1), [], []  # three sizes that fail, one after the other

    class Block:
        """Something large, which only the garbage collector frees where `knotted`."""

        def __init__(self, knotted):
            self.itself = self if knotted else None

    def fn(size):
        alive.append([name for name, block in made if block() is not None])
        blocks = {f"a block of {size}": Block(knotted=False), f"a knot of {size}": Block(knotted=True)}
        if size > capacity:
            made.extend((name, weakref.ref(block)) for name, block in blocks.items())
            raise torch.OutOfMemoryError("no memory left")

    gc.collect()
    gc.disable()
    try:
        found = work.find_max_batch(fn, start, 300)
    finally:
        gc.enable()
    return {"result": found, "what failed tries have left at each try": alive}


# 6.11 --------------------------------------------------------------------------------------------------------------

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


def scored(work, rng, values, mode):
    """The trials' values in order, and those of the config that is best; each config is told by its learning rate."""
    results, tests = {}, rng.permutation(len(values))

    def objective(config):
        place = len(results)
        results[config["lr"]] = {"trial": place, "val": values[place], "test": float(tests[place])}
        return {"val": values[place], "test": float(tests[place])}

    arguments = () if mode is None else (mode,)
    best, trials = work.random_search(objective, SPACE, len(values), rng.integer(0, 1000), *arguments)
    return {
        "val of each trial": [trial["val"] for trial in trials],
        "test of each trial": [trial["test"] for trial in trials],
        "trials in the order of the calls": [results[trial["config"]["lr"]]["trial"] for trial in trials],
        "best": None if best is None else results.get(best["lr"], "a config that was not tried"),
        "names of best": None if best is None else sorted(best),
    }


@check(exercise="search", points=1.5, visibility="hidden")
def best_in_validation(work, rng):
    """Best is the lowest or highest validation value, the first of equal ones, and never NaN."""
    shift, nan = rng.integer(-8, 8) / 4, math.nan
    return {
        "lowest": scored(work, rng, [shift + v for v in (3.0, 1.0, 2.0, 1.0, 5.0)], None),
        "highest": scored(work, rng, [shift + v for v in (3.0, 4.5, 2.0, 4.5, 1.0)], "max"),
        "NaN first": scored(work, rng, [nan, shift + 2.0, nan, shift + 1.0, nan], "min"),
        "NaN first, highest": scored(work, rng, [nan, shift + 2.0, shift + 3.0, nan], "max"),
        "NaN only": scored(work, rng, [nan, nan], "min"),
        "zero and infinity": scored(work, rng, [math.inf, 0.5, 0.0, 0.25], "min"),
    }


@check(exercise="search", points=1.5, visibility="hidden")
def trials_can_be_repeated(work, rng):
    """The same seed draws the same; an objective that spoils its config spoils no trial; global streams do not move."""
    seed, before, given = rng.integer(0, 1000), random_state(), []

    def spoil(config):
        given.append(sorted(config))
        value = config["lr"] * 10
        config["lr"] = -1.0
        config["extra"] = config.pop("layers")
        return {"val": value, "test": value / 2}

    kept = copy.deepcopy(SPACE)
    best, trials = work.random_search(spoil, SPACE, 6, seed)
    _, again = work.random_search(spoil, SPACE, 6, seed)
    _, others = work.random_search(spoil, SPACE, 6, seed + 1)
    after = random_state()
    return {
        "streams before": before,
        "streams afterwards": after,
        "names that each call was given": given,
        "names in each trial": [sorted(trial["config"]) for trial in trials],
        "names in best": sorted(best),
        "values by the config's own lr": [float(trial["val"] - trial["config"]["lr"] * 10) for trial in trials],
        "differences to a second run": [
            float(a["config"]["lr"] - b["config"]["lr"]) for a, b in zip(trials, again, strict=True)
        ],
        "different lr in runs with two seeds": len({trial["config"]["lr"] for trial in [*trials, *others]}),
        "configs": len({id(trial["config"]) for trial in trials}),
        "space before": kept,
        "space afterwards": SPACE,
    }
