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
# # Homework 4: training loop, checkpoints, early stopping, monitoring
#
# A training loop is ten lines, and most of them can be wrong without an error message: the loss still goes down, only
# to a worse place, or the curve in the report is not the curve of the model that you kept. In these eleven exercises
# you write the parts of a training run that can be trusted: one epoch, an honest evaluation, a stop in time, a
# checkpoint after which a resumed run cannot be told from one that was never interrupted, and curves that show it.
#
# **How to work.** Each exercise ends with a cell that raises `NotImplementedError`. Replace that line by your
# code; keep the names and signatures. What the text and the docstring promise is what is checked: values (the
# weights after training, not just "the loss went down"), but also side effects, such as the mode in which a function
# leaves a model. You may add cells of your own anywhere. 100 points in all.
#
# The exercises do not build on each other: a mistake in one costs nothing in the next.

# %%
import copy
import json
import math
import os
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

# %% [markdown]
# ## 4.1 One epoch of training: `train_one_epoch` (14 points)
#
# For every batch, training does the same few things: it computes the outputs and their loss, computes the gradients,
# and lets the optimizer take one step. Three things are easily forgotten.
#
# *Gradients add up.* `backward()` adds to what is in `.grad`:

# %%
w = torch.tensor(2.0, requires_grad=True)
for _ in range(3):
    (w * 5).backward()
    print("gradient:", w.grad.item())

# %% [markdown]
# *Modes.* Dropout and batch norm behave differently in training and in evaluation, and a model arrives in whatever
# mode its last user left it in.
#
# *Means of means.* `loss_fn` returns the mean over a batch. If the last batch is shorter than the others, the mean of
# those means is not the mean over the samples: its few samples would count more than all others.

# %%
losses = [torch.tensor([1.0, 1.0, 1.0]), torch.tensor([9.0])]
print("mean of the means:    ", torch.stack([part.mean() for part in losses]).mean().item())
print("mean over the samples:", torch.cat(losses).mean().item())

# %% [markdown]
# Now and then one batch has a huge gradient that throws the weights far away. *Clipping* guards against it: if the
# norm of **all gradients together**, seen as one long vector, exceeds `max_norm`, all of them are multiplied by one
# factor so that it becomes `max_norm`; if it does not, they stay as they are. `torch.nn.utils.clip_grad_norm_`
# does it in place. Think about where in the loop it belongs.
#
# **Task.** `train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None)` trains the model on every batch once,
# in the order of the loader, with one optimizer step a batch.
#
# * `loader` is any iterable of `(x, y)`: a `DataLoader`, a list, a generator. Do not ask it for its length or dataset.
#   The batches are on the model's device already.
# * `loss_fn(outputs, y)` gets what the model returns, and gives the mean over the batch. A loss such as
#   `nn.CrossEntropyLoss` takes raw logits: it has its own softmax inside.
# * The model trains in training mode, whatever mode it arrives in.
# * With `max_norm=None` nothing is clipped; 0 is a limit like others. Parameters without a gradient are no obstacle.
# * It returns, as a Python float, the mean loss over all *samples*, each as it was when its batch was trained on.


# %%
def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
    """Train on every batch once.

    Args:
        model: The model; its weights change.
        loader: Iterable of batches ``(x, y)``.
        loss_fn: Function of outputs and y; returns the mean loss of a batch, 0-d.
        optimizer: Holds the model's parameters.
        max_norm: Limit for the norm of all gradients together, 0 or more; None for no limit.

    Returns:
        The mean loss over the samples, a Python float.
    """
    ### BEGIN SOLUTION
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count
    ### END SOLUTION


# %% [markdown]
# ## 4.2 Measure without touching: `evaluate` (12 points)
#
# An evaluation should be like a thermometer: it tells a number and leaves everything as it was. Two different switches
# are needed, and neither does the work of the other:

# %%
model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
x = torch.ones(1, 3)
with torch.no_grad():
    print("no_grad, but in training mode:", [model(x).count_nonzero().item() for _ in range(5)], "outputs are not zero")
model.eval()
print("in evaluation mode, but with a graph:", model(x).requires_grad)

# %% [markdown]
# **Task.** `evaluate(model, loader, loss_fn)` returns `{"loss": ..., "acc": ...}`, two Python floats.
#
# * `loss` is the mean over all samples, as in 4.1; `acc` is the share of samples, from 0 to 1, whose largest output is
#   at the place of the label. `outputs` has shape `(n, classes)`, `y` holds n class numbers.
# * The model computes in evaluation mode, and no graph is recorded.
# * Afterwards everything is as before: weights, buffers and gradients, torch's gradient switch, `requires_grad` of all
#   parameters, and the mode of *every* module. A part of the model may have been in evaluation mode by itself (a frozen
#   batch norm, say) while the rest was training; look at `model.modules()`.
# * `loader` is any iterable of batches `(x, y)`, as in 4.1.


# %%
def evaluate(model, loader, loss_fn):
    """Measure loss and accuracy, and leave the model as it was.

    Args:
        model: A classifier; maps x to logits of shape (n, classes).
        loader: Iterable of batches ``(x, y)``; y is int64 of shape (n,).
        loss_fn: Function of outputs and y; returns the mean loss of a batch, 0-d.

    Returns:
        ``{"loss": mean loss over the samples, "acc": share of right answers}``, Python floats.
    """
    ### BEGIN SOLUTION
    modes = {module: module.training for module in model.modules()}
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            outputs = model(x)
            total += loss_fn(outputs, y).item() * len(y)
            right += (outputs.argmax(dim=1) == y).sum().item()
            count += len(y)
    for module, mode in modes.items():
        module.training = mode
    return {"loss": total / count, "acc": right / count}
    ### END SOLUTION


# %% [markdown]
# ## 4.3 Know when to stop: `EarlyStopping` (8 points)
#
# The training loss goes down for ever; the validation loss goes down, wiggles, and up again. Early stopping waits until
# there was no progress for `patience` epochs *in a row*, then says stop. What counts as progress has to be said
# precisely: a value that beats **the best one so far** by **more than** `min_delta`.
#
# | value | 5.0 | 4.0 | 4.5 | 4.0 | 3.0 | 3.5 | 3.1 | 3.0 |
# |---|---|---|---|---|---|---|---|---|
# | best so far | 5.0 | 4.0 | 4.0 | 4.0 | 3.0 | 3.0 | 3.0 | 3.0 |
# | epochs without progress | 0 | 0 | 1 | 2 | 0 | 1 | 2 | 3 |
# | stop? (patience 3) | no | no | no | no | no | no | no | yes |
#
# **Task.** `EarlyStopping(patience, min_delta=0, mode="min")` has the method `step(value)`, which is called once an
# epoch and returns `True` for stop and `False` for go on.
#
# * With `mode="min"` lower is better (a loss), with `"max"` higher is (an accuracy). Any other mode is a `ValueError`.
# * The first value is progress. Only progress sets the attribute `best` (`None` before there was any) and brings
#   the attribute `bad_epochs`, the epochs in a row without progress, back to 0.
# * NaN is never progress, not even as the first value: it counts as an epoch without.
# * It goes on working after it has said stop: further bad epochs say stop again, progress says go on.


# %%
class EarlyStopping:
    """Say when there was no progress for too long.

    Args:
        patience: The epochs in a row without progress after which to stop, at least 1.
        min_delta: By more than this a value has to beat the best one to be progress; not negative.
        mode: "min" where lower is better, "max" where higher is.

    Raises:
        ValueError: `mode` is something else.
    """

    def __init__(self, patience, min_delta=0, mode="min"):
        ### BEGIN SOLUTION
        if mode not in ("min", "max"):
            raise ValueError(f'mode is "min" or "max", not {mode!r}')
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best, self.bad_epochs = None, 0
        ### END SOLUTION

    def step(self, value):
        """Take the value of one more epoch, a Python float; return whether to stop, a bool."""
        ### BEGIN SOLUTION
        if self._is_progress(value):
            self.best, self.bad_epochs = value, 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def _is_progress(self, value):
        if self.best is None:
            return not math.isnan(value)
        if self.mode == "min":
            return value < self.best - self.min_delta
        return value > self.best + self.min_delta
        ### END SOLUTION


# %% [markdown]
# ## 4.4 Keep the best weights: `BestWeights` (6 points)
#
# When training stops, the weights are `patience` epochs past their best. So the best ones have to be kept, and
# keeping a tensor means making a copy:

# %%
weights = {"w": torch.zeros(2)}
name, other_name, copied = weights, dict(weights), {"w": weights["w"].clone()}
weights["w"].add_(1)  # what an optimizer does
print(name["w"], other_name["w"], copied["w"])

# %% [markdown]
# **Task.** `BestWeights(mode="min")` has two methods.
#
# * `update(value, model)` keeps the model's weights *and buffers* if `value` is better than all values before, and
#   returns whether it was. Of equal values the first one stays; NaN is never better, not even at first.
# * `restore(model)` puts the kept weights and buffers back. The model keeps its parameter objects (an optimizer
#   holds them), its mode, and its `requires_grad`; what is kept stays intact, so that one can train on and restore again.
#   Before anything was kept it raises a `RuntimeError`.


# %%
class BestWeights:
    """The weights and buffers of a model as they were at the best value.

    Args:
        mode: "min" where lower is better, "max" where higher is.
    """

    def __init__(self, mode="min"):
        ### BEGIN SOLUTION
        self.mode, self.value, self.state = mode, None, None
        ### END SOLUTION

    def update(self, value, model):
        """Keep the model's state if the value, a Python float, is the best so far; return whether it is."""
        ### BEGIN SOLUTION
        worst = math.inf if self.mode == "min" else -math.inf
        best = worst if self.value is None else self.value
        better = value < best if self.mode == "min" else value > best
        if better:
            self.value, self.state = value, copy.deepcopy(model.state_dict())
        return better
        ### END SOLUTION

    def restore(self, model):
        """Put the kept state into the model; raises RuntimeError where none was kept."""
        ### BEGIN SOLUTION
        if self.state is None:
            raise RuntimeError("nothing was kept yet")
        model.load_state_dict(self.state)
        ### END SOLUTION


# %% [markdown]
# ## 4.5 Checkpoints that resume bit for bit: `save_checkpoint`, `load_checkpoint` (16 points)
#
# A job is stopped after three days, and goes on the next day from its checkpoint. Nobody should be able to see it in
# the result. So a checkpoint holds *everything* that the rest of the run depends on: the model with its buffers,
# what the optimizer remembers of each parameter, how far the schedule is, the number of the epoch, the best value, and
# where the random streams are, for dropout and shuffling draw from them.

# %%
torch.manual_seed(0)
state = torch.get_rng_state()
print("first draw: ", torch.rand(2))
torch.set_rng_state(state)
print("once again: ", torch.rand(2))

# %% [markdown]
# There are three global streams: torch's, Python's (`random.getstate`, `random.setstate`) and NumPy's
# (`np.random.get_state`, `np.random.set_state`); where there is a GPU, also `torch.cuda.get_rng_state_all`.
#
# A file that holds Python objects can hold code that runs when it is loaded. Since version 2.6, `torch.load` therefore
# reads nothing but tensors, numbers, texts, lists, tuples and dicts, unless told otherwise (`weights_only=False`).
# That is worth keeping, but it also means that NumPy's numbers and arrays must become Python's before they are saved:

# %%
kind, keys, *rest = np.random.get_state()
print(type(keys).__name__, "->", type(keys.tolist()).__name__, "| best:", type(float(np.float64(0.5))).__name__)

# %% [markdown]
# And a job may be stopped, or the disk be full, *while* it saves. If it was overwriting the only checkpoint, that
# is gone, too. The remedy: write to another file in the same folder first, and rename it when it is complete
# (`os.replace(temporary, path)`); renaming happens at once or not at all.
#
# **Task.** Write `save_checkpoint(path, model, optimizer, scheduler, epoch, best)` and
# `load_checkpoint(path, model, optimizer, scheduler)`.
#
# * After loading into a freshly built model, optimizer and scheduler, training goes on **bit for bit** as if it had
#   never been interrupted, random streams included.
# * `epoch` is the number of the epoch that was just finished, counted from 0. `load_checkpoint` returns
#   `(start_epoch, best)`: the epoch to go on with, and the best value as a Python float. `best` may come as a NumPy
#   number or a 0-d tensor.
# * The file can be read by `torch.load` with `weights_only=True`, and `load_checkpoint` never runs code from a file.
# * When saving fails (by whatever error), the error reaches the caller, and under the final name there is what was there
#   before: the old checkpoint, or nothing. After a save that succeeded, the folder holds no other new file.
# * A checkpoint of another model (names missing or unknown) raises the `RuntimeError` of `load_state_dict`.
# * A checkpoint that was written on a GPU can be loaded on a machine without one: see `map_location`.
# * Saving changes nothing: no random stream moves. `path` is a `str` or a `Path`; its folder exists.


# %%
def save_checkpoint(path, model, optimizer, scheduler, epoch, best):
    """Write everything that the rest of a run depends on, all or nothing.

    Args:
        path: Where to write, a str or Path.
        model: The model.
        optimizer: Its optimizer.
        scheduler: The learning rate scheduler of the optimizer.
        epoch: Number of the epoch that was just finished, from 0.
        best: Best value so far: a Python number, NumPy number or 0-d tensor.
    """
    ### BEGIN SOLUTION
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": epoch,
        "best": float(best),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), position, has_gauss, gauss],
    }
    temporary = Path(path).with_name(Path(path).name + ".part")
    try:
        torch.save(checkpoint, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    ### END SOLUTION


def load_checkpoint(path, model, optimizer, scheduler):
    """Bring model, optimizer, scheduler and the global random streams to where a checkpoint left them.

    Args:
        path: A file that `save_checkpoint` wrote.
        model: A model of the same structure, on any device.
        optimizer: A new optimizer of its parameters.
        scheduler: A new scheduler of that optimizer.

    Returns:
        ``(start_epoch, best)``: the epoch to go on with, an int, and the best value, a Python float.

    Raises:
        RuntimeError: The checkpoint is that of another model.
    """
    ### BEGIN SOLUTION
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["torch"])
    if checkpoint["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(checkpoint["cuda"])
    random.setstate(checkpoint["python"])
    np.random.set_state(tuple(checkpoint["numpy"]))
    return checkpoint["epoch"] + 1, checkpoint["best"]
    ### END SOLUTION


# %% [markdown]
# ## 4.6 A training run that can be interrupted: `fit` (12 points)
#
# Now the loop around the epochs. So that your earlier exercises play no part in it, all the work is done by an
# object that is given: it can train for an epoch, validate, go one step on in its schedule, save and load. What is left
# for you is the *order* of things, and to forget nothing when a run is taken up again.


# %%
class Training:
    """A model in training; what `fit` is given as `state`. Nothing to do here."""

    def __init__(self, model, loss_fn, optimizer, scheduler):
        self.model, self.loss_fn, self.optimizer, self.scheduler = model, loss_fn, optimizer, scheduler

    @property
    def lr(self):
        """The learning rate that the next step would use, a float."""
        return self.optimizer.param_groups[0]["lr"]

    def train(self, loader):
        """Train for one epoch; return the mean training loss, a float."""
        self.model.train()
        total, count = 0.0, 0
        for x, y in loader:
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total, count = total + loss.item() * len(x), count + len(x)
        return total / count

    def validate(self, loader):
        """Return the mean validation loss, a float."""
        self.model.eval()
        with torch.no_grad():
            pairs = [(self.loss_fn(self.model(x), y).item(), len(x)) for x, y in loader]
        return sum(loss * n for loss, n in pairs) / sum(n for _, n in pairs)

    def schedule(self):
        """Go one step on in the learning rate schedule."""
        self.scheduler.step()

    def save(self, path, **extra):
        """Write weights, optimizer, schedule and random stream, and what else is given (plain Python data)."""
        parts = {name: getattr(self, name).state_dict() for name in ("model", "optimizer", "scheduler")}
        torch.save({**parts, "random": torch.get_rng_state(), "extra": extra}, path)

    def load(self, path):
        """Go back to what a file holds; return the `extra` that was saved with it, a dict."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name in ("model", "optimizer", "scheduler"):
            getattr(self, name).load_state_dict(saved[name])
        torch.set_rng_state(saved["random"])
        return saved["extra"]


# %% [markdown]
# What `save` is given besides the path comes back from `load`: `state.save(path, note="hi", n=3)`, and later
# `state.load(path)` returns `{"note": "hi", "n": 3}`.
#
# **Task.** `fit(state, train_loader, val_loader, epochs, ckpt_dir, patience)`. Each epoch does this, in this order:
#
# 1. `state.train(train_loader)`,
# 2. `state.validate(val_loader)`,
# 3. `state.schedule()`,
# 4. `state.save(...)` to `last.pt` in the folder `ckpt_dir`, with all that is needed to go on.
#
# * `best.pt` in the same folder is saved (by `state.save`, at any time after validation) in each epoch whose validation
#   loss is lower than all before it; NaN is never lower. When `fit` ends, the model holds the weights of the best
#   epoch, while `last.pt` still holds those of the last. At least one validation loss is not NaN.
# * Training ends after the epoch in which the validation loss has not been lower than the lowest for `patience` epochs
#   in a row, or when there have been `epochs` epochs **in total**.
# * The history that is returned is a dict with the lists `"train_loss"`, `"val_loss"` and `"lr"`, one entry for each
#   epoch; `lr` is the learning rate that this epoch was trained with.
# * **Resuming.** If there is a `last.pt`, the run goes on from there, with a fresh `state`: an interrupted run, taken
#   up again, returns the same history and ends in the same weights as one that was not interrupted, in whichever of
#   the four steps of an epoch it broke off (`state.save` writes all or nothing). A run that is complete (or was ended
#   by `patience`) trains no further, but the model gets its best weights; one with more `epochs` than before trains
#   those that are missing, from the last weights.
# * `ckpt_dir` is a `Path` or `str`; the folder is made where there is none.


# %%
def fit(state, train_loader, val_loader, epochs, ckpt_dir, patience):
    """Train with validation, checkpoints and early stopping; go on where an earlier call was interrupted.

    Args:
        state: A `Training`.
        train_loader: What `state.train` gets.
        val_loader: What `state.validate` gets.
        epochs: Epochs in total, those before an interruption included; at least 1.
        ckpt_dir: Folder for ``last.pt`` and ``best.pt``.
        patience: Epochs in a row without a new lowest validation loss after which to stop; at least 1.

    Returns:
        The history ``{"train_loss": [...], "val_loss": [...], "lr": [...]}`` of all epochs.
    """
    ### BEGIN SOLUTION
    folder = Path(ckpt_dir)
    folder.mkdir(parents=True, exist_ok=True)
    last, best_file = folder / "last.pt", folder / "best.pt"
    run = {"history": {"train_loss": [], "val_loss": [], "lr": []}, "best": math.inf, "bad_epochs": 0}
    if last.exists():
        run = state.load(last)
    history = run["history"]
    while len(history["lr"]) < epochs and run["bad_epochs"] < patience:
        history["lr"].append(state.lr)
        history["train_loss"].append(state.train(train_loader))
        value = state.validate(val_loader)
        history["val_loss"].append(value)
        run["bad_epochs"] += 1
        if value < run["best"]:
            run["best"], run["bad_epochs"] = value, 0
            state.save(best_file)
        state.schedule()
        state.save(last, **run)
    if best_file.exists():
        state.load(best_file)
    return history
    ### END SOLUTION


# %% [markdown]
# ## 4.7 Averages and a confusion matrix: `Meter`, `ConfusionMatrix` (6 points)
#
# Numbers come in batch by batch, and often from several loaders or machines. A *meter* keeps just enough to say the
# right mean at any time: not the mean of the means.
#
# **Task, part 1.** Write `Meter`.
#
# * `update(value, n=1)` adds a value that is the mean of n samples. `value` is a Python number or a 0-d tensor, perhaps
#   with a graph; the meter must not keep that graph alive.
# * `avg` is a *property*: the mean over all samples so far, always a Python float, and NaN as long as there are none.
# * `reset()` begins anew. `merge(other)` adds all samples of another meter, which stays as it is.


# %%
class Meter:
    """A mean over samples that come in groups."""

    def __init__(self):
        ### BEGIN SOLUTION
        self.reset()
        ### END SOLUTION

    def reset(self):
        """Forget all samples."""
        ### BEGIN SOLUTION
        self.total, self.count = 0.0, 0
        ### END SOLUTION

    def update(self, value, n=1):
        """Add the mean `value`, a number or 0-d tensor, of `n` samples."""
        ### BEGIN SOLUTION
        self.total += (value.item() if torch.is_tensor(value) else float(value)) * n
        self.count += n
        ### END SOLUTION

    def merge(self, other):
        """Add the samples of another meter."""
        ### BEGIN SOLUTION
        self.total += other.total
        self.count += other.count
        ### END SOLUTION

    @property
    def avg(self):
        """The mean over all samples, a Python float; NaN without any."""
        ### BEGIN SOLUTION
        return self.total / self.count if self.count else math.nan
        ### END SOLUTION


# %% [markdown]
# Accuracy says how often a classifier is wrong, a *confusion matrix* says in what way: entry `[t, p]` counts the
# samples of class t (row) for which class p (column) was predicted. When you count with index tensors, look at what
# happens to a pair that occurs twice:

# %%
counts = torch.zeros(3, dtype=torch.int64)
counts[torch.tensor([0, 2, 2, 2])] += 1
print(counts, "where [1, 0, 3] was meant")

# %% [markdown]
# **Task, part 2.** Write `ConfusionMatrix(num_classes)`.
#
# * `update(predictions, targets)` counts a batch: two int64 tensors of shape `(n,)` with class numbers. n may be 0.
# * The attribute `matrix` is an int64 tensor of shape `(num_classes, num_classes)`, on the CPU, over all batches so far.
# * `accuracy` is a *property*: the share of right predictions, a Python float, NaN without any.


# %%
class ConfusionMatrix:
    """How often each class was taken for which.

    Args:
        num_classes: Number of classes C; ``matrix`` is int64 of shape (C, C), rows true, columns predicted.
    """

    def __init__(self, num_classes):
        ### BEGIN SOLUTION
        self.matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        ### END SOLUTION

    def update(self, predictions, targets):
        """Count a batch of predicted and true class numbers, int64 of shape (n,) each."""
        ### BEGIN SOLUTION
        size = len(self.matrix)
        pairs = (targets * size + predictions).cpu()
        self.matrix += torch.bincount(pairs, minlength=size * size).reshape(size, size)
        ### END SOLUTION

    @property
    def accuracy(self):
        """The share of right predictions, a Python float; NaN without any."""
        ### BEGIN SOLUTION
        count = self.matrix.sum().item()
        return self.matrix.trace().item() / count if count else math.nan
        ### END SOLUTION


# %% [markdown]
# ## 4.8 Curves and histograms: `log_epoch` (8 points)
#
# TensorBoard, Weights & Biases and their like all draw what a *writer* is told: a number (or many) under a tag at a step.
# Curves whose tags begin alike (`loss/train`, `loss/val`) appear in one group. What comes twice under the same tag and
# step is drawn over itself. Here is a writer that only prints, with the methods of TensorBoard's `SummaryWriter`:


# %%
class PrintWriter:
    """Prints what a SummaryWriter would draw."""

    def add_scalar(self, tag, scalar_value, global_step=None):
        print(f"{tag} at step {global_step}: {scalar_value}")

    def add_histogram(self, tag, values, global_step=None):
        print(f"{tag} at step {global_step}: {values.numel()} values")

    def flush(self):
        print("(written to disk)")

    def close(self):
        print("(closed: nothing can be written any more)")


PrintWriter().add_scalar("loss/train", 0.5, 7)

# %% [markdown]
# **Task.** `log_epoch(writer, epoch, train, val, model)` is called at the end of every epoch.
#
# * `train` and `val` are dicts such as `{"loss": 0.3, "acc": 0.9}`. Each of their entries is written by `add_scalar`
#   under the tag `name/train` or `name/val`. The two may have different names in them.
# * Values may be Python numbers or 0-d tensors, perhaps with a graph; the writer gets Python floats.
# * Each parameter of the model (also a frozen one; no buffers) is written by `add_histogram` under its dotted name, as a
#   tensor without graph.
# * The step of all of them is `epoch`, so that curves go on where they were when a run is resumed at epoch 12.
# * At the end, `flush` is called once. The writer is not yours: it stays open for the next epoch.


# %%
def log_epoch(writer, epoch, train, val, model):
    """Write the curves and weight histograms of one epoch.

    Args:
        writer: An object with the methods of TensorBoard's SummaryWriter.
        epoch: Number of the epoch; the step of everything written.
        train: Numbers measured in training, by name.
        val: Numbers measured in validation, by name.
        model: The model whose parameters are shown.
    """
    ### BEGIN SOLUTION
    for part, numbers in (("train", train), ("val", val)):
        for name, value in numbers.items():
            number = value.item() if torch.is_tensor(value) else value
            writer.add_scalar(f"{name}/{part}", float(number), epoch)
    for name, parameter in model.named_parameters():
        writer.add_histogram(name, parameter.detach(), epoch)
    writer.flush()
    ### END SOLUTION


# %% [markdown]
# ## 4.9 Warm-up, cosine, and where to step: `warmup_cosine` (8 points)
#
# A popular schedule begins with small steps, while the optimizer does not know the scale of the gradients yet,
# grows to the full learning rate, and then comes down along half a cosine wave. If $s$ steps have been made, the next one
# uses the base learning rate of its group times
#
# $$f(s) = \begin{cases} \dfrac{s + 1}{\text{warmup} + 1} & s < \text{warmup} \\[2ex]
# \dfrac{1}{2}\left(1 + \cos\left(\pi\,\dfrac{s - \text{warmup}}{\text{total} - \text{warmup}}\right)\right) &
# \text{warmup} \le s < \text{total} \\[2ex] 0 & s \ge \text{total} \end{cases}$$
#
# A scheduler sets `group["lr"]` when it is made and again at each `scheduler.step()`. The "base learning rate" is what a
# group had before. `torch.optim.lr_scheduler.LambdaLR` gets a function of the number of steps that returns the
# *factor*:

# %%
optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
halving = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda steps: 0.5**steps)
for _ in range(3):
    print(optimizer.param_groups[0]["lr"])
    optimizer.step()
    halving.step()

# %% [markdown]
# **Task, part 1.** `warmup_cosine(optimizer, warmup, total)` returns such a scheduler, with `step()`, `state_dict()` and
# `load_state_dict(...)`. It works for several groups, each with a base rate of its own, and for `warmup=0`. After
# `load_state_dict` into a new one (made with the same arguments; the optimizer's state is loaded too) it goes on where
# the old one was. It raises a `ValueError` unless `0 <= warmup < total`.


# %%
def warmup_cosine(optimizer, warmup, total):
    """Make a schedule of linear warm-up and cosine decay, counted in steps.

    Args:
        optimizer: The optimizer; all of its groups follow the schedule from their own base rates.
        warmup: Number of warm-up steps, may be 0.
        total: Number of steps after which the rate is and stays 0.

    Returns:
        A scheduler to be stepped after each optimizer step.

    Raises:
        ValueError: Not ``0 <= warmup < total``.
    """
    ### BEGIN SOLUTION
    if not 0 <= warmup < total:
        raise ValueError(f"0 <= warmup < total is needed, got warmup={warmup}, total={total}")

    def factor(steps):
        if steps < warmup:
            return (steps + 1) / (warmup + 1)
        if steps < total:
            return 0.5 * (1 + math.cos(math.pi * (steps - warmup) / (total - warmup)))
        return 0.0

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    ### END SOLUTION


# %% [markdown]
# **Task, part 2.** Where to step such a schedule: write `train_with_schedule(model, loader, loss_fn, optimizer, scheduler,
# epochs)`, which trains (as in 4.1, without clipping) for some epochs with a scheduler that counts *steps*, not epochs. It
# returns the learning rates as they were used: a list with one list for each optimizer step, which holds the rate of each
# group in that step. The very first step uses the rate that the scheduler set when it was made.


# %%
def train_with_schedule(model, loader, loss_fn, optimizer, scheduler, epochs):
    """Train with a schedule that is counted in steps.

    Args:
        model: The model; trained in training mode.
        loader: List or DataLoader of batches ``(x, y)``; read once an epoch.
        loss_fn: Function of outputs and y; returns the mean loss of a batch, 0-d.
        optimizer: Holds the model's parameters.
        scheduler: A scheduler of the optimizer that counts optimizer steps.
        epochs: How often the loader is read.

    Returns:
        The learning rates used: for each step a list with a float for each group.
    """
    ### BEGIN SOLUTION
    model.train()
    rates = []
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()
            scheduler.step()
    return rates
    ### END SOLUTION


# %% [markdown]
# ## 4.10 Configuration with overrides: `load_config` (6 points)
#
# A run is described by a nested dictionary: defaults in the code, a `config.json` for the experiment, and a few
# overrides from the command line, such as `optimizer.lr=0.1`. What comes later wins, *value by value*: a file that sets
# the learning rate only must not throw away the momentum. And a misspelt name must be an error, or the experiment runs
# for a night with a setting that you believe you changed.
#
# On the command line everything is text. JSON has the rules to make values of it:

# %%
for text in ("0.1", "3", "true", "null", "[1, 2]"):
    print(repr(text), "->", repr(json.loads(text)))
try:
    json.loads("adam")
except json.JSONDecodeError:
    print("'adam' is not JSON: it is meant as a text")

# %% [markdown]
# **Task.** `load_config(path, overrides, defaults)` returns a new dict.
#
# * It begins with `defaults`, a nested dict. The JSON file at `path` holds a nested dict too, which may leave out
#   anything: its values replace the default ones at the same place, at any depth. Lists are replaced as a whole.
# * Then come the overrides, a dict from dotted name to value: `{"optimizer.lr": "0.1", "name": "run7"}`. A value that is
#   a text is read as JSON; if it is not JSON, it stays the text that it is. Any other value is taken as it is.
# * A name that the defaults do not have, in the file or in the overrides, at any depth, raises a `KeyError`.
# * `defaults` and `overrides` do not change, neither now nor when the result (or a list in it) is changed later.


# %%
def load_config(path, overrides, defaults):
    """Merge defaults, a file and overrides into one configuration.

    Args:
        path: A JSON file with a nested dict, any part of that of the defaults.
        overrides: Values, or texts in JSON, by dotted name.
        defaults: Nested dict with a value for every name.

    Returns:
        A new nested dict.

    Raises:
        KeyError: The file or an override names something that is not in the defaults.
    """

    ### BEGIN SOLUTION
    def merge(into, values, where):
        for key, value in values.items():
            if key not in into:
                raise KeyError(f"{where}{key}")
            if isinstance(into[key], dict) and isinstance(value, dict):
                merge(into[key], value, f"{where}{key}.")
            else:
                into[key] = value

    def parsed(value):
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError:
            return value

    config = copy.deepcopy(defaults)
    merge(config, json.loads(Path(path).read_text()), "")
    for name, value in overrides.items():
        *sections, key = name.split(".")
        place = config
        for section in sections:
            place = place[section] if isinstance(place, dict) else {}
        if not isinstance(place, dict) or key not in place:
            raise KeyError(name)
        place[key] = copy.deepcopy(parsed(value))
    return config
    ### END SOLUTION


# %% [markdown]
# ## 4.11 Seeds: `seed_everything` (4 points)
#
# An experiment that cannot be repeated can hardly be debugged. A seed fixes where a random stream begins, and there
# is more than one stream. The best protection against code that draws from the global streams behind your back is a
# generator of one's own:

# %%
torch.manual_seed(1)
own = torch.Generator().manual_seed(1)
print(torch.randperm(6, generator=own), torch.randperm(6, generator=own))
torch.rand(100)  # somebody else draws from the global stream: `own` does not move
print(torch.randperm(6, generator=own))

# %% [markdown]
# **Task, part 1.** `seed_everything(seed)` seeds the global streams of `random`, NumPy (`np.random.seed`) and torch (all
# devices) with `seed`, writes it as text into the environment variable `PYTHONHASHSEED` (for the processes that this one
# starts), and returns a new CPU `torch.Generator`, seeded with `seed` too, that shares nothing with the global stream.


# %%
def seed_everything(seed):
    """Seed all global random streams.

    Args:
        seed: A whole number from 0 to 2**32 - 1.

    Returns:
        A new CPU ``torch.Generator`` with the same seed, independent of the global stream.
    """
    ### BEGIN SOLUTION
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    return torch.Generator().manual_seed(seed)
    ### END SOLUTION


# %% [markdown]
# **Task, part 2.** Where to call it: `shuffled_epochs(n, epochs, seed)` calls `seed_everything(seed)` and returns, for
# each epoch, an order of the numbers 0 to n - 1 as a list, each drawn by `torch.randperm` from the generator that was
# returned. The orders of two epochs differ, those of two calls with the same arguments do not.


# %%
def shuffled_epochs(n, epochs, seed):
    """Draw an order of n items for each epoch.

    Args:
        n: Number of items.
        epochs: Number of epochs.
        seed: The seed of the run.

    Returns:
        A list of `epochs` lists, each with the numbers 0 to n - 1 in random order.
    """
    ### BEGIN SOLUTION
    generator = seed_everything(seed)
    return [torch.randperm(n, generator=generator).tolist() for _ in range(epochs)]
    ### END SOLUTION
