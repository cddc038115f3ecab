# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Homework 6: several processes, mixed precision, memory, search
#
# When one device is too slow, one takes several; when its memory is too small, one computes in pieces or with fewer
# bits; and when nobody knows the right learning rate, one tries many. None of this should change *what* is computed.
# That is the thread through these eleven exercises: two processes have to end in the weights of one, small batches in
# those of a big one, sixteen bits in nearly those of thirty-two.
#
# **How to work.** Each exercise ends with a cell that raises `NotImplementedError`. Replace that line by your
# code; keep the names and signatures. What the text and the docstring promise is what is checked: values, but also side
# effects, such as the mode in which a function leaves a model. You may add cells of your own anywhere. 100 points in all.
#
# The exercises do not build on each other: a mistake in one costs nothing in the next. No GPU is needed: everything
# here, several processes and mixed precision included, runs on a CPU.

# %%
import copy
import gc
import itertools
import math
import os
import random
import tempfile
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn as nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, DistributedSampler

# %% [markdown]
# ## Several processes
#
# Distributed training starts the same program several times. Each process is called a *rank* and has a number from 0 to
# `world - 1`, where `world` is how many there are. They share nothing: each has its own model, its own data, its own
# optimizer. What they know of each other they learn by *collective calls*, such as `dist.all_reduce(tensor)`, which puts
# the sum of all ranks' tensors into each of them.
#
# `in_processes` below starts some ranks on this machine, connected by the CPU library *gloo*, and shows what each
# returns. Use it to try your functions out. (It forks this notebook, so it runs on Linux and macOS. It is a toy: on real
# machines `torchrun` starts the processes.)


# %%
def in_processes(world, work):
    """Run ``work(rank)`` in `world` processes with a gloo group, and print what each returns."""
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for rank in range(world):
            pid = os.fork()
            if pid == 0:
                try:
                    limit = timedelta(seconds=10)
                    dist.init_process_group("gloo", f"file://{folder}/meeting", limit, world, rank)
                    said = repr(work(rank))
                except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
                    said = f"{type(error).__name__}: {error}"[:200]
                try:
                    Path(folder, f"rank{rank}").write_text(said)
                finally:
                    os._exit(0)
            children.append(pid)
        for rank, pid in enumerate(children):
            os.waitpid(pid, 0)
            answer = Path(folder, f"rank{rank}")
            print(f"rank {rank}:", answer.read_text() if answer.exists() else "did not come back")


def try_all_reduce(rank):
    value = torch.tensor([1.0, 10.0]) * (rank + 1)
    dist.all_reduce(value)  # in place, and on every rank
    return value


torch.set_num_threads(1)  # what has computed with many threads cannot be forked safely
in_processes(2, try_all_reduce)

# %% [markdown]
# There is one rule that everything depends on: **every rank makes the same collective calls in the same order.** A rank
# that leaves one out lets the others wait, for ever if need be, or answers their call with its next one.
#
# ## 6.1 Each rank its share: `shard_indices` (10 points)
#
# In data parallel training, each rank trains on its own share of the data set. Which samples are whose must be computed
# by each rank for itself, without a word to the others, and yet fit together. The recipe of
# `torch.utils.data.DistributedSampler` is:
#
# 1. Order the indices 0 to n - 1. With `shuffle`, in the order `torch.randperm(n, generator=g)` with a generator `g` that
#    is seeded with `seed + epoch`: the same one on every rank, another one in every epoch.
# 2. Make their number a multiple of `world`, for ranks with fewer batches would leave the others waiting. With
#    `drop_last`, leave out the last ones. Without, repeat the order from its beginning, as often as it takes.
# 3. Rank r takes every `world`-th index of the result, beginning with the r-th.

# %%
for rank in range(4):
    print(rank, list(DistributedSampler(range(10), num_replicas=4, rank=rank, shuffle=False)))

# %% [markdown]
# **Task.** Write `shard_indices(n, world, rank, epoch, seed, shuffle, drop_last)` yourself, without that class. It
# returns the indices of one rank in one epoch, a list of Python ints.
#
# * The result is that of `DistributedSampler` with `set_epoch(epoch)`, for any n from 1 up; n may be smaller than `world`.
#   (With `drop_last` nothing is left then: the list is empty.)
# * A `rank` that is not in 0 to `world - 1` is a `ValueError`.
# * The global random streams are neither seeded nor moved.


# %%
def shard_indices(n, world, rank, epoch, seed, shuffle, drop_last):
    """The samples of one rank in one epoch.

    Args:
        n: Size of the data set, at least 1.
        world: Number of ranks.
        rank: Which rank, from 0.
        epoch: Number of the epoch.
        seed: The run's seed; the same on all ranks.
        shuffle: Whether the order is random.
        drop_last: Whether the rest is left out; otherwise the first indices are repeated.

    Returns:
        A list of ints; equally long on all ranks.

    Raises:
        ValueError: There is no such rank.
    """
    ### BEGIN SOLUTION
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} is not one of {world} ranks")
    order = list(range(n))
    if shuffle:
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    each = n // world if drop_last else math.ceil(n / world)
    padded = itertools.islice(itertools.cycle(order), each * world)
    return list(padded)[rank::world]
    ### END SOLUTION


# %% [markdown]
# ## 6.2 Data parallel by hand: `broadcast_parameters`, `sync_gradients` (12 points)
#
# Two ranks, each with half of a batch, are to take the very step that one process would take with the whole batch. For
# this, they must begin with the same weights, and average their gradients between `backward()` and `step()`: the mean of
# the means of two equal halves is the mean of the whole. As their optimizers then see the same gradients, the weights
# stay equal for ever, without being sent again.
#
# `dist.broadcast(tensor, src=0)` puts rank 0's tensor into every rank's. Buffers, such as the statistics of a batch norm,
# are part of the model, too.
#
# **Task, part 1.** `broadcast_parameters(model)` gives the model of every rank the values of rank 0's: all parameters
# (frozen ones, too) and all buffers. The parameter objects stay the same, for an optimizer may hold them, and so do their
# `requires_grad` flags; nothing of it is recorded by autograd.
#
# **Task, part 2.** `sync_gradients(model)` is called on every rank after `backward()`.
#
# * Afterwards, the `.grad` of each parameter is the mean over all ranks, on every rank.
# * A rank may have no gradient (`None`) where others have one: a layer was not used for its samples, say. It counts as
#   zeros, and the rank gets the mean like all others.
# * A parameter that has a gradient on *no* rank has none afterwards. (Zeros would not be the same: weight decay and
#   momentum move a weight whose gradient is zero.) No rank can know this for itself: ask the others first, and remember
#   the rule above.
# * Parameters with `requires_grad=False` are left alone. Weights do not change.
#
# Both work for any number of ranks, and use the default group (`dist.get_world_size()` knows how many there are).


# %%
def broadcast_parameters(model):
    """Give every rank's model the parameters and buffers of rank 0's, in place.

    Args:
        model: A model of the same structure on every rank.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for tensor in itertools.chain(model.parameters(), model.buffers()):
            dist.broadcast(tensor, src=0)
    ### END SOLUTION


def sync_gradients(model):
    """Replace each gradient by its mean over all ranks.

    Args:
        model: A model of the same structure on every rank, after `backward()`.
    """
    ### BEGIN SOLUTION
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    counts = torch.tensor([parameter.grad is not None for parameter in trained], dtype=torch.int64)
    dist.all_reduce(counts)
    for parameter, count in zip(trained, counts.tolist()):
        if count == 0:
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
        parameter.grad /= dist.get_world_size()
    ### END SOLUTION


# %% [markdown]
# ## 6.3 One number for all ranks: `distributed_mean`, `gather_samples` (8 points)
#
# Each rank has evaluated its share: rank 0 found a loss of 6.0 in all for 3 samples, rank 1 a loss of 1.0 for 1 sample.
# The loss of the model is neither of their means, nor the mean of these.

# %%
print("mean of the means:    ", (6.0 / 3 + 1.0 / 1) / 2)
print("mean over the samples:", (6.0 + 1.0) / (3 + 1))

# %% [markdown]
# **Task, part 1.** `distributed_mean(total, count)` is called on every rank with the sum over its samples and their
# number, and returns the mean over the samples of all ranks, as a Python float and **on every rank**.
#
# * `total` is a Python number or a 0-d tensor, perhaps with a graph; it stays as it is. `count` is an int, 0 or more.
# * Counts may be large: compute in float64. (In float32, 16 777 216 + 1 is 16 777 216.)
# * If no rank has any sample, the mean is NaN.
#
# A sum cannot repair one thing: a sampler that pads (6.1) gives some samples to two ranks, and they would count twice.
# If results for single samples are collected, the repeated ones can be cut off.
#
# **Task, part 2.** `gather_samples(local, length)` is called on every rank with one row for each index in its shard, in
# the order of `shard_indices(length, world, rank, shuffle=False, drop_last=False, ...)`: rank r has the rows of the
# samples r, r + world, r + 2·world, ..., and where there were none left, those of the first samples again. It returns,
# on every rank, the `length` rows in the order of the data set, each once.
#
# * `local` has shape `(m, ...)` and any dtype; it has no graph. m is the same on every rank, and `local` stays as it is.
#   `dist.all_gather(list_of_tensors, tensor)` fills a list of tensors, one for each rank.


# %%
def distributed_mean(total, count):
    """The mean over the samples of all ranks.

    Args:
        total: Sum over this rank's samples, a number or 0-d tensor.
        count: How many samples this rank has.

    Returns:
        A Python float, the same on every rank; NaN where there are no samples.
    """
    ### BEGIN SOLUTION
    both = torch.tensor([float(total), float(count)], dtype=torch.float64)
    dist.all_reduce(both)
    total, count = both.tolist()
    return total / count if count else math.nan
    ### END SOLUTION


def gather_samples(local, length):
    """Collect the rows of all ranks in the order of the data set.

    Args:
        local: This rank's rows, shape (m, ...); those of samples rank, rank + world, ..., padded from the start.
        length: True number of samples.

    Returns:
        All rows, shape (length, ...), dtype of `local`; the same on every rank.
    """
    ### BEGIN SOLUTION
    parts = [torch.empty_like(local) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, local.contiguous())
    return torch.stack(parts, dim=1).flatten(0, 1)[:length]
    ### END SOLUTION


# %% [markdown]
# ## 6.4 A complete worker: `ddp_train` (14 points)
#
# `DistributedDataParallel` does by itself what you did in 6.2: it broadcasts when it is made, and averages gradients
# *during* `backward()`, layer by layer, while others are still being computed. Around it, a worker has more to do than
# it seems. This one trains a classifier or anything else; it is started once on each rank, and on each with the same
# arguments but for `rank`.
#
# Two tools are needed. A `DistributedSampler` is a sampler for a `DataLoader`, and draws the same order for ever unless
# `sampler.set_epoch(epoch)` is called before each epoch. And with *gradient accumulation* (several batches, then one
# step) it would be a waste to average after every one of them: inside `with model.no_sync():`, forward and backward
# passes only add to the gradients of this rank; the first backward pass outside averages all that has been added up.
#
# **Task.** `ddp_train(rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path)`
# does this on every rank, and returns `(history, model)`.
#
# 1. It initialises the default process group: backend `"gloo"`, `init_method=f"file://{init_file}"`.
# 2. It calls `make_model()` once. Each rank gets other weights from it; training begins with those of rank 0.
# 3. It trains for `epochs` epochs with plain `torch.optim.SGD` and learning rate `lr`, on the samples that
#    `DistributedSampler` gives to this rank with `seed` and shuffling, without `drop_last`, epoch after epoch (counted
#    from 0). A batch has up to `batch_size` samples *of this rank*; a sample of the dataset is a pair `(x, y)` of tensors.
# 4. There is one step for each window of `accum` batches. Its gradient is the mean of those of the window's batches, each
#    with its mean loss (`loss_fn(model(x), y)`), over all ranks. At the end of an epoch, a window that is not full is
#    a window of the batches that it has. **Gradients are averaged between ranks once for each step**, not more often.
# 5. `history` is a list with one Python float for each epoch: the mean loss over all samples *of all ranks* in that
#    epoch, each as it was when trained on (a sample that the sampler repeats counts each time). It is the same on every
#    rank.
# 6. At the end **rank 0, and no other,** writes the `state_dict` of the trained model to `path` by `torch.save`, with
#    the names that the model itself has, without `module.` before them.
# 7. It destroys the process group, when no rank needs it any more. `model` is the trained model itself, without wrapper.
#
# Load the data in the process itself (`num_workers=0`). To try it out, call it in several processes (without
# `in_processes`, which makes a group of its own), with a file name that does not exist yet as `init_file`.


# %%
class Squares(Dataset):
    """A small data set to try things with: x and x² for 10 numbers."""

    def __len__(self):
        return 10

    def __getitem__(self, i):
        x = torch.tensor([i / 10])
        return x, x**2


# %%
def ddp_train(rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path):
    """Train a model as one of several ranks.

    Args:
        rank: This process's number.
        world: How many there are.
        init_file: Where they meet, a path (str or Path) of a file that does not exist yet.
        make_model: Function without arguments that makes the model, on the CPU.
        dataset: Map-style data set of pairs (x, y) of tensors.
        loss_fn: Function of outputs and y; returns the mean loss of a batch, 0-d.
        epochs: How many epochs.
        batch_size: Samples in a batch of one rank.
        lr: Learning rate of SGD.
        accum: Batches in a window, at least 1.
        seed: Seed of the sampler.
        path: Where rank 0 writes the state_dict, str or Path.

    Returns:
        ``(history, model)``: mean loss over all ranks by epoch, a list of floats; the trained model.
    """
    ### BEGIN SOLUTION
    dist.init_process_group("gloo", init_method=f"file://{init_file}", rank=rank, world_size=world)
    model = DistributedDataParallel(make_model())
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    sampler = DistributedSampler(dataset, num_replicas=world, rank=rank, shuffle=True, seed=seed)
    loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler)
    history = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        sums = torch.zeros(2, dtype=torch.float64)
        batches = iter(loader)
        while window := list(itertools.islice(batches, accum)):
            optimizer.zero_grad()
            for place, (x, y) in enumerate(window, start=1):
                with nullcontext() if place == len(window) else model.no_sync():
                    loss = loss_fn(model(x), y)
                    (loss / len(window)).backward()
                sums += torch.tensor([loss.item() * len(x), len(x)], dtype=torch.float64)
            optimizer.step()
        dist.all_reduce(sums)
        history.append((sums[0] / sums[1]).item())
    if rank == 0:
        torch.save(model.module.state_dict(), path)
    dist.barrier()
    dist.destroy_process_group()
    return history, model.module
    ### END SOLUTION


# %% [markdown]
# ## 6.5 Checkpoints without wrappers: `unwrap`, `save_rank0` (6 points)
#
# A wrapper such as `DataParallel` or `DistributedDataParallel` holds the model under the name `module`, and so its
# `state_dict` calls everything `module.…`. Whoever loads such a file later, without wrapper, finds no name that fits.

# %%
print(list(nn.DataParallel(nn.Linear(1, 1)).state_dict()))

# %% [markdown]
# **Task, part 1.** `unwrap(model)` returns the model itself: the very object inside of all `nn.DataParallel` and
# `DistributedDataParallel` wrappers around it, of which there may be none, one, or several in each other. A model of
# another kind may have a part that happens to be called `module`: that is not a wrapper.
#
# **Task, part 2.** `save_rank0(path, model)` is called on every rank. Rank 0 writes the `state_dict` of the unwrapped
# model to `path` by `torch.save`; the others write nothing. When the call returns, *on any rank*, the file is complete:
# the next line may load it. Where no process group is initialised (`dist.is_initialized()`), there is only one process,
# and it writes. The model stays as it is, its wrapper included.


# %%
def unwrap(model):
    """The model inside of all parallel wrappers.

    Args:
        model: A model, in any number of `DataParallel` and `DistributedDataParallel` wrappers.

    Returns:
        The model itself, the same object.
    """
    ### BEGIN SOLUTION
    while isinstance(model, (nn.DataParallel, DistributedDataParallel)):
        model = model.module
    return model
    ### END SOLUTION


def save_rank0(path, model):
    """Write a model's state_dict, without wrappers, from rank 0 only; return when it can be read.

    Args:
        path: The file, str or Path.
        model: The model, perhaps in wrappers.
    """
    ### BEGIN SOLUTION
    several = dist.is_initialized()
    if not several or dist.get_rank() == 0:
        torch.save(unwrap(model).state_dict(), path)
    if several:
        dist.barrier()
    ### END SOLUTION


# %% [markdown]
# ## 6.6 A model on two devices: `TwoStage` (8 points)
#
# A model that is too large for one device can be cut in two. Each part stays where it is; what travels is the
# activation between them, and, in the backward pass, its gradient: `.to(device)` is an operation like any other, and
# autograd goes back through it.
#
# No second device is needed to see whether everything is where it should be. A tensor on the device `"meta"` has shape,
# dtype and device but no values, and what is computed with it is on `"meta"`, too:

# %%
layer = nn.Linear(3, 2).to("meta")
print(layer(torch.ones(4, 3, device="meta")))

# %% [markdown]
# **Task.** Write the module `TwoStage(stage1, stage2, dev1, dev2)`.
#
# * `stage1` (the attribute of that name, too) is on `dev1`, `stage2` on `dev2`, parameters and buffers, from the moment
#   the module is made. The forward pass moves no weights, only data.
# * `forward(x)` accepts an x on any device (from which it can be moved), and returns the output on `dev2`. x itself is
#   not changed.
# * Gradients reach the first stage, and x if it asks for them.
# * `dev1` and `dev2` are whatever `.to()` accepts: `"cpu"`, `torch.device("cuda:1")`. Nothing is assumed about them.


# %%
class TwoStage(nn.Module):
    """Two stages in a row, each on a device of its own.

    Args:
        stage1: A module; it is moved to `dev1`.
        stage2: A module that takes what stage1 returns; it is moved to `dev2`.
        dev1: Device of the first stage.
        dev2: Device of the second stage and of the output.
    """

    def __init__(self, stage1, stage2, dev1, dev2):
        ### BEGIN SOLUTION
        super().__init__()
        self.stage1, self.stage2 = stage1.to(dev1), stage2.to(dev2)
        self.dev1, self.dev2 = dev1, dev2
        ### END SOLUTION

    def forward(self, x):
        """Map x, a tensor on any device, to an output on the second device."""
        ### BEGIN SOLUTION
        hidden = self.stage1(x.to(self.dev1))
        return self.stage2(hidden.to(self.dev2))
        ### END SOLUTION


# %% [markdown]
# ## 6.7 Big batches in small pieces: `accumulate_gradients` (10 points)
#
# A batch of 12 does not fit into memory, but three batches of 4 do, one after the other: `backward()` adds up, and the
# activations of one are gone before the next comes. So that the step is that of the big batch, the sum of the gradients
# has to be the gradient of the **mean over all samples of the window**. Not all windows are full, and not all batches
# are equal: if the last window holds batches of 4 and 2 samples, a sample of the second must not count twice.

# %%
w = torch.ones(1, requires_grad=True)
big, small = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([10.0, 10.0])
(torch.cat([big, small]) * w).mean().backward()
print("gradient of the big batch:", w.grad.item())
w.grad = None
((big * w).mean() / 2).backward()
((small * w).mean() / 2).backward()
print("both batches by half:     ", w.grad.item())

# %% [markdown]
# **Task.** `accumulate_gradients(model, loader, loss_fn, optimizer, accum)` trains on every batch of the loader once, in
# its order, with one optimizer step for each window of `accum` batches, and one for the batches that are left at the end.
# It returns the number of steps, an int.
#
# * Each step's gradient is that of the mean loss over the samples of its window. `loss_fn(outputs, y)` gives the mean over
#   one batch. Gradients that were there before do not count.
# * The model never sees more than one batch at a time, and each batch once: a forward and a backward pass each.
# * `loader` is any iterable of `(x, y)`: a `DataLoader`, a list, a generator. Do not ask it for its length or dataset. Up
#   to `accum` batches may be held at a time; they are small next to the activations. Do not hold more.
# * The model trains in training mode, whatever mode it arrives in.


# %%
def accumulate_gradients(model, loader, loss_fn, optimizer, accum):
    """Train for one epoch with one step for every `accum` batches.

    Args:
        model: The model; its weights change.
        loader: Iterable of batches ``(x, y)``, perhaps of different sizes.
        loss_fn: Function of outputs and y; returns the mean loss of a batch, 0-d.
        optimizer: Holds the model's parameters.
        accum: Batches in a window, at least 1.

    Returns:
        How many steps the optimizer took, an int.
    """
    ### BEGIN SOLUTION
    model.train()
    batches, steps = iter(loader), 0
    while window := list(itertools.islice(batches, accum)):
        samples = sum(len(x) for x, _ in window)
        optimizer.zero_grad()
        for x, y in window:
            loss = loss_fn(model(x), y) * (len(x) / samples)
            loss.backward()
        optimizer.step()
        steps += 1
    return steps
    ### END SOLUTION


# %% [markdown]
# ## 6.8 Mixed precision: `amp_step` (12 points)
#
# Sixteen bits are half the memory, and on many devices several times the speed. `torch.autocast` chooses for each
# operation: matrix products in `bfloat16`, what needs precision in `float32`. Weights and their gradients stay in
# `float32`, for a small step added to a weight of sixteen bits may be rounded to no step at all.

# %%
layer = nn.Linear(3, 2)
with torch.autocast("cpu", dtype=torch.bfloat16):
    out = layer(torch.ones(1, 3))
print("output:", out.dtype, "| weight:", layer.weight.dtype)
print("1 + 0.001 in bfloat16:", (torch.tensor(1, dtype=torch.bfloat16) + 0.001).item())

# %% [markdown]
# In `float16`, small gradients vanish (become 0). A `torch.amp.GradScaler` multiplies the loss by a large number, its
# *scale*, before `backward()`, and divides the gradients by it before the step. If the scale was too large, gradients
# overflow to infinity: then it skips the step and takes half the scale from there on. After some steps without that it
# takes twice the scale. Its methods are `scale(loss)`, `unscale_(optimizer)`, `step(optimizer)` and `update()`.
#
# Whoever looks at the gradients in between, as clipping does, must know whether they are still scaled.
#
# **Task.** `amp_step(model, x, y, loss_fn, optimizer, scaler, max_norm)` takes one training step.
#
# * The forward pass and the loss are computed under `autocast` for the device type of x with `bfloat16`; weights and
#   gradients stay `float32`.
# * The loss is scaled by the `scaler`, and the step is the scaler's. Before it, the gradients, *without the scale*, are
#   clipped by their norm over all parameters to `max_norm`, as `torch.nn.utils.clip_grad_norm_` does.
# * If a gradient is infinite or NaN, no weight changes, and the scale is reduced, as the scaler does. Its scale grows as it
#   is set up to, too: it is told of every step once.
# * Gradients that were there before do not count.
# * It returns the loss as it is without the scale, a Python float. The mode of the model is not changed.


# %%
def amp_step(model, x, y, loss_fn, optimizer, scaler, max_norm):
    """One training step in mixed precision with clipped gradients.

    Args:
        model: The model, float32, on the device of x.
        x: The inputs.
        y: The targets.
        loss_fn: Function of outputs and y; returns the mean loss, 0-d.
        optimizer: Holds the model's parameters.
        scaler: A ``torch.amp.GradScaler`` that has been used for the steps before.
        max_norm: Limit for the norm of all gradients together.

    Returns:
        The loss, a Python float, without the scale.
    """
    ### BEGIN SOLUTION
    optimizer.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.item()
    ### END SOLUTION


# %% [markdown]
# ## 6.9 Predict in chunks: `predict_in_chunks` (8 points)
#
# For predictions no activations have to be kept, and no samples together. Yet this is where memory runs out most often:
# a list of outputs in which each drags along the graph that made it, or all inputs on the device at once.
#
# **Task.** `predict_in_chunks(model, x, chunk)` returns the model's outputs for all rows of x.
#
# * The model sees the rows in order, `chunk` at a time; the last chunk may be smaller. (An x without rows is given to
#   the model as it is, once, so that its outputs have the right shape.)
# * Only one chunk is on the model's device at a time: x stays where it is, and each chunk is moved to the device of the
#   model's parameters, its outputs to the CPU. A model without parameters computes where x is.
# * The model computes in evaluation mode and nothing is kept for a backward pass. Afterwards *every* module is in the
#   mode in which it was.
# * The result is on the CPU, an ordinary tensor without graph, which may be used in later computations of any kind.
# * A `chunk` below 1 is a `ValueError`.


# %%
def predict_in_chunks(model, x, chunk):
    """The outputs of a model for many rows, a few at a time.

    Args:
        model: Maps (m, ...) to (m, ...).
        x: All inputs, shape (n, ...), on any device; n may be 0.
        chunk: How many rows the model sees at a time.

    Returns:
        The outputs, shape (n, ...), on the CPU, without graph.

    Raises:
        ValueError: `chunk` is below 1.
    """
    ### BEGIN SOLUTION
    if chunk < 1:
        raise ValueError(f"chunk is at least 1, not {chunk}")
    device = next((parameter.device for parameter in model.parameters()), x.device)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        outputs = [model(part.to(device)).cpu() for part in x.split(chunk)]
    for module, training in modes:
        module.training = training
    return torch.cat(outputs)
    ### END SOLUTION


# %% [markdown]
# ## 6.10 The largest batch that fits: `find_max_batch` (6 points)
#
# How large may a batch be? Trying is the only way to know. If a GPU has no memory left, torch raises
# `torch.OutOfMemoryError`, a kind of `RuntimeError`, but only this kind means "smaller, please": a wrong shape will not be
# cured by a smaller batch.
#
# What makes it tricky: the tensors of the failed try must be gone before the next one, or it fails for *their* sake.
# An exception holds its traceback, and the traceback every local variable of the functions that it came through; inside
# `except ... as error:` they are all alive, and wherever one keeps the error.
#
# **Task.** `find_max_batch(fn, start, limit)` returns the largest batch size up to `limit` for which `fn(size)` works;
# `fn` raises `torch.OutOfMemoryError` where it does not. It tries as few sizes as it can:
#
# 1. First `start`, then twice that, and so on, as long as it works; where the next one would be more than `limit`, it
#    tries `limit` itself, and that is the last.
# 2. After the first failure it searches by halves between `low`, the largest size that worked (0 where none did), and
#    `high`, the smallest that failed: the next size is `(low + high) // 2`, until `high` is `low + 1`.
#
# * If not even 1 works, the result is 0. `fn` is never called with 0, with more than `limit`, or twice with one size.
# * `start` is at least 1 and at most `limit`. Any other error than `torch.OutOfMemoryError` reaches the caller.
# * Before any size is tried after a failed one, all objects of the failed try are gone, also those that only the garbage
#   collector can free: `gc.collect()`. On a GPU, torch's own store is emptied, too: `torch.cuda.empty_cache()`, which
#   does nothing where there is none.


# %%
def find_max_batch(fn, start, limit):
    """Find the largest batch size that fits into memory.

    Args:
        fn: Function of a batch size; raises ``torch.OutOfMemoryError`` where that is too large.
        start: The first size to try, from 1 to `limit`.
        limit: The largest size to try.

    Returns:
        The largest size that works, an int; 0 where none does.
    """
    ### BEGIN SOLUTION

    def works(size):
        try:
            fn(size)
        except torch.OutOfMemoryError:
            failed = True
        else:
            failed = False
        if failed:
            gc.collect()
            torch.cuda.empty_cache()
        return not failed

    low, size = 0, start
    while works(size):
        if size == limit:
            return limit
        low, size = size, min(2 * size, limit)
    high = size
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle):
            low = middle
        else:
            high = middle
    return low
    ### END SOLUTION


# %% [markdown]
# ## 6.11 Grid and random search: `grid`, `random_search` (6 points)
#
# *Grid search* tries every combination of a few values. *Random search* draws each hyperparameter on its own, and for
# the same number of trials sees many more different values of each. A learning rate is drawn on a *logarithmic* scale:
# between 1e-5 and 1e-1, as many draws should fall below 1e-3 as above. On a plain scale, nine of ten draws are above 0.01:

# %%
plain = np.random.default_rng(0).uniform(1e-5, 1e-1, 1000)
print("share above 0.01:", (plain > 0.01).mean())

# %% [markdown]
# **Task, part 1.** `grid(space)` gets a dict from name to a list of values, and returns a list with one dict for each
# combination: `{"a": [1, 2], "b": ["x", "y"]}` gives `[{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, ...]`,
# so that the last name changes fastest. Each is a dict of its own. The empty space has one combination, `{}`.
#
# **Task, part 2.** `random_search(objective, space, n, seed, mode="min")` makes n trials and returns `(best, trials)`.
#
# * `space` is a dict from name to what is drawn: a *list* means one of its values, all equally likely; a tuple
#   `("uniform", low, high)` a float between the two, `("log", low, high)` likewise on a logarithmic scale (`low > 0`).
# * `objective(config)` gets a dict of its own with all names, and returns a dict with the floats `"val"` and `"test"`. What
#   it does to the dict that it is given changes nothing in the results or in other trials.
# * `trials` is the list of the trials in order, each a dict `{"config": ..., "val": ..., "test": ...}`.
# * `best` is the config of the trial that is best **on the validation set**: with the lowest `"val"` for `mode="min"`, the
#   highest for `mode="max"`; of equal ones the first. NaN is never best; where all are NaN, `best` is `None`.
# * The same seed makes the same trials, another seed others. The global random streams are neither seeded nor moved.


# %%
def grid(space):
    """All combinations of some values.

    Args:
        space: Lists of values by name.

    Returns:
        A list of dicts; the last name changes fastest.
    """
    ### BEGIN SOLUTION
    return [dict(zip(space, values)) for values in itertools.product(*space.values())]
    ### END SOLUTION


def random_search(objective, space, n, seed, mode="min"):
    """Try random configurations and find the one that is best in validation.

    Args:
        objective: Function of a config; returns ``{"val": float, "test": float}``.
        space: What to draw, by name: a list, ("uniform", low, high) or ("log", low, high).
        n: Number of trials.
        seed: Seed of the draws, an int.
        mode: "min" where a lower "val" is better, "max" where a higher one is.

    Returns:
        ``(best, trials)``: the best config or None, and ``{"config", "val", "test"}`` for each trial in order.
    """
    ### BEGIN SOLUTION
    rng = random.Random(seed)

    def draw(choices):
        if isinstance(choices, list):
            return rng.choice(choices)
        kind, low, high = choices
        if kind == "log":
            return math.exp(rng.uniform(math.log(low), math.log(high)))
        return rng.uniform(low, high)

    best, best_value, trials = None, None, []
    for _ in range(n):
        config = {name: draw(choices) for name, choices in space.items()}
        result = objective(copy.deepcopy(config))
        trials.append({"config": config, "val": result["val"], "test": result["test"]})
        value = result["val"] if mode == "min" else -result["val"]
        if not math.isnan(value) and (best_value is None or value < best_value):
            best, best_value = config, value
    return best, trials
    ### END SOLUTION
