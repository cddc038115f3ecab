"""What hw4 observes: weights after training, modes, files, calls and their order, and runs that were interrupted."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.serialization import get_unsafe_globals_in_checkpoint
from torch.utils.data import DataLoader, TensorDataset

from grader.authoring import (
    check,
    close,
    exact,
    gradients,
    modes,
    parameters,
    raises,
    random_state,
    saved_tensors,
    state,
    temporary_folder,
    written,
)

STEPS = close(rtol=1e-5, atol=1e-6)

# Fixtures ----------------------------------------------------------------------------------------------------------


def classifier(rng, inputs=4, classes=3):
    """Two layers with weights that student and reference share."""
    return rng.fill(nn.Sequential(nn.Linear(inputs, 6), nn.Tanh(), nn.Linear(6, classes))).to(rng.device)


class Branched(nn.Module):
    """A frozen layer, a trained one, and one that is never used."""

    def __init__(self):
        super().__init__()
        self.frozen, self.used, self.spare = nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(2, 2)
        self.frozen.requires_grad_(False)

    def forward(self, x):
        return self.used(torch.tanh(self.frozen(x)))


def normed_classifier(rng, inputs=4, classes=3, dropout=0.5):
    """A classifier whose batch norm has statistics of its own and whose dropout is active in training."""
    parts = [nn.Linear(inputs, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, classes)]
    model = rng.fill(nn.Sequential(*parts)).to(rng.device)
    model[1].running_mean.copy_(rng.normal(6))
    model[1].running_var.copy_(rng.uniform(6, low=0.5, high=2))
    return model


def batches(rng, sizes, inputs=4, classes=3):
    """Batches of the given sizes; the samples of the last one are far from the others."""
    made = [(rng.normal(size, inputs), rng.integers(0, classes, size)) for size in sizes]
    made[-1] = (made[-1][0] * 3 + 2, made[-1][1])
    return made


def labelled(rng, model, sizes, inputs=4):
    """Batches for a classifier that is right in most samples of all batches, and wrong in all of the last."""
    was = model.training
    model.eval()
    made = []
    for i, size in enumerate(sizes):
        x = rng.normal(size, inputs)
        with torch.no_grad():
            y = model(x).argmax(dim=1)
        wrong = size if i == len(sizes) - 1 else rng.integer(0, 2)
        y[:wrong] = (y[:wrong] + 1) % 3
        made.append((x, y))
    model.train(was)
    return made


def watch_modes(model):
    """A list that gets the modes of all modules at each forward pass of the model."""
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(modes(module)))
    return seen


def plain(value):
    """A plain dict of a student's own kind of dict."""
    return dict(value) if isinstance(value, dict) else value


def measured(work, model, loader, loss_fn):
    """What `evaluate` returns; torch's gradient switch is put back, so that no other check suffers."""
    with torch.enable_grad():
        return plain(work.evaluate(model, loader, loss_fn))


# 4.1 ---------------------------------------------------------------------------------------------------------------


@check(exercise="train_one_epoch", points=4, compare=STEPS)
def weights_after_two_epochs(work, rng):
    """After two epochs with momentum, over a loader whose last batch is smaller, the weights are right."""
    model, data = classifier(rng), batches(rng, (8, 2))
    x, y = (torch.cat(parts) for parts in zip(*data, strict=True))
    loader = DataLoader(TensorDataset(x, y), batch_size=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        work.train_one_epoch(model, loader, nn.CrossEntropyLoss(), optimizer)
    return {"weights": state(model)}


@check(exercise="train_one_epoch", points=2)
def loss_over_the_samples(work, rng):
    """The mean loss over all samples is returned, as a float, when the few samples of the last batch are unlike others."""
    model, data = classifier(rng), batches(rng, (5, 5, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    losses = [work.train_one_epoch(model, data, nn.CrossEntropyLoss(), optimizer) for _ in range(2)]
    return {"first epoch": losses[0], "second epoch": losses[1]}


@check(exercise="train_one_epoch", points=2.5, visibility="hidden", compare=STEPS)
def clipped_by_the_norm_of_all(work, rng):
    """Gradients are clipped by their norm over all parameters: in every batch, in some batches, in none, to nothing."""
    data = [(rng.normal(4, 3), rng.normal(4, 2)) for _ in range(2)] + [(rng.normal(2, 3), rng.normal(2, 2) * 30)]
    start, facts = classifier(rng, 3, 2), {}
    for name, limit in (("in every batch", 0.05), ("in the last batch only", 8.0), ("in no batch", 1e4), ("to 0", 0.0)):
        model = copy.deepcopy(start)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
        work.train_one_epoch(model, data, nn.MSELoss(), optimizer, max_norm=limit)
        facts[f"weights, clipped {name}"] = state(model)
    return facts


@check(exercise="train_one_epoch", points=1.5, visibility="hidden", needs=("weights_after_two_epochs",), compare=STEPS)
def trains_in_training_mode(work, rng):
    """A model that arrives in evaluation mode is trained in training mode, batch norm statistics included."""
    model = normed_classifier(rng, dropout=0.0).eval()
    seen = watch_modes(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    work.train_one_epoch(model, batches(rng, (6, 3)), nn.CrossEntropyLoss(), optimizer)
    return {"modes in each forward pass": seen, "state afterwards": state(model)}


@check(exercise="train_one_epoch", points=2, visibility="hidden", needs=("weights_after_two_epochs",), compare=STEPS)
def one_step_for_each_batch(work, rng):
    """From a generator, each batch is used once, for one step; batches and frozen or unused parameters stay the same."""
    model, data = rng.fill(Branched()).to(rng.device), batches(rng, (3, 4, 1))
    before, kept = state(model), copy.deepcopy(data)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, weight_decay=0.1)
    seen, steps = watch_modes(model), []
    optimizer.register_step_post_hook(lambda *_: steps.append(1))
    work.train_one_epoch(model, (pair for pair in data), nn.CrossEntropyLoss(), optimizer, max_norm=0.5)
    return {
        "forward passes": len(seen),
        "optimizer steps": len(steps),
        "weights": state(model),
        "weights before": before,
        "batches before": kept,
        "batches afterwards": data,
    }


@check(exercise="train_one_epoch", points=2, visibility="hidden", needs=("loss_over_the_samples",), compare=STEPS)
def other_losses_and_loaders(work, rng):
    """Another loss, outputs of another shape and a loader that leaves out its last samples work as well."""
    model = classifier(rng, 3, 2)
    loader = DataLoader(TensorDataset(rng.normal(11, 3), rng.normal(11, 2, std=4)), batch_size=3, drop_last=True)
    groups = [{"params": model[0].parameters(), "lr": 0.05}, {"params": model[2].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.2, momentum=0.8)
    losses = [work.train_one_epoch(model, loader, nn.HuberLoss(), optimizer) for _ in range(3)]
    return {"losses": losses, "weights": state(model)}


# 4.2 ---------------------------------------------------------------------------------------------------------------


@check(exercise="evaluate", points=4)
def loss_and_accuracy_of_the_samples(work, rng):
    """Loss and accuracy over all samples, of a model with dropout and batch norm, with a last batch of outliers."""
    model = normed_classifier(rng)
    return measured(work, model, labelled(rng, model, (5, 5, 2)), nn.CrossEntropyLoss())


@check(exercise="evaluate", points=3, visibility="hidden")
def other_loaders_and_losses(work, rng):
    """A generator, batches of one, a model that arrives in evaluation mode, a loader that drops samples, another loss."""
    model, facts = normed_classifier(rng), {}
    data = labelled(rng, model, (3, 1, 7, 1))
    facts["generator"] = measured(work, model.eval(), iter(data), nn.CrossEntropyLoss())
    x, y = (torch.cat(parts) for parts in zip(*labelled(rng, model, (6, 5)), strict=True))
    loader = DataLoader(TensorDataset(x, y), batch_size=4, drop_last=True)
    facts["loader that drops the rest"] = measured(work, model.train(), loader, nn.MultiMarginLoss())
    return facts


@check(exercise="evaluate", points=2, needs=("loss_and_accuracy_of_the_samples",))
def records_no_graph(work, rng):
    """No tensor is kept for a backward pass; gradients, requires_grad and torch's gradient switch are as before."""
    model = normed_classifier(rng)
    data = labelled(rng, model, (4, 3))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model[0].bias.requires_grad_(False)
    in_graph = []

    def loss_fn(outputs, y):
        in_graph.append(outputs.requires_grad)
        return nn.functional.cross_entropy(outputs, y)

    with torch.enable_grad(), saved_tensors() as saved:
        work.evaluate(model, data, loss_fn)
        switch = torch.is_grad_enabled()
    return {
        "outputs in a graph, by batch": in_graph,
        "tensors kept for a backward pass": saved.count,
        "gradients are computed afterwards": switch,
        "gradients afterwards": gradients(model),
        "parameters afterwards": parameters(model),
    }


@check(exercise="evaluate", points=1.5, visibility="hidden", needs=("loss_and_accuracy_of_the_samples",))
def mode_is_restored(work, rng):
    """The model computes in evaluation mode and is afterwards in the mode in which it came."""
    facts = {}
    for name, training in (("came in training mode", True), ("came in evaluation mode", False)):
        model = normed_classifier(rng)
        data = [labelled(rng, model, sizes) for sizes in ((3, 2), (4, 1), (2, 5))]
        seen = watch_modes(model.train(training))
        found = [measured(work, model, loader, nn.CrossEntropyLoss()) for loader in data]
        facts[name] = {"modes in each forward pass": seen, "modes afterwards": modes(model), "measured": found}
    return facts


@check(exercise="evaluate", points=1.5, visibility="hidden", needs=("loss_and_accuracy_of_the_samples",))
def mixed_modes_are_restored(work, rng):
    """Modules that were in different modes are each in their own again; weights and statistics did not change."""
    model = normed_classifier(rng)
    data = labelled(rng, model, (4, 2))
    model.train()
    model[1].eval()
    other = normed_classifier(rng).eval()
    other[3].train()
    for each in (model, other):
        measured(work, each, data, nn.CrossEntropyLoss())
    return {
        "a frozen batch norm in a training model": modes(model),
        "an active dropout in an evaluated model": modes(other),
        "state afterwards": state(model),
    }


# 4.3 ---------------------------------------------------------------------------------------------------------------


def answers(stopper, values):
    """What a stopper says to each value, and what it holds after it."""
    found = [(stopper.step(value), stopper.best, stopper.bad_epochs) for value in values]
    says, best, bad = (list(column) for column in zip(*found, strict=True))
    return {"stop": says, "best": best, "bad_epochs": bad}


def shifted(rng, values):
    """The values, shifted by a multiple of 1/8, so that sums and differences stay exact."""
    shift = rng.integer(-16, 40) / 8
    return [value + shift for value in values]


def up_and_down(rng, count):
    """Values that go up and down at random in steps of 1/8, so that sums and differences stay exact."""
    return (rng.integers(-6, 7, count).cumsum(0) / 8).tolist()


@check(exercise="early_stopping", points=2.5)
def stops_after_patience(work, rng):
    """With a plateau, a late improvement and a slow rise, the answer is yes after `patience` epochs in a row."""
    values = shifted(rng, [5.0, 4.0, 4.5, 4.0, 3.0, 3.5, 3.125, 3.0, 3.25])
    three, one = work.EarlyStopping(3), work.EarlyStopping(patience=1)
    return {
        "values": values,
        "stop? (patience 3)": [three.step(value) for value in values],
        "stop? (patience 1)": [one.step(value) for value in values],
    }


@check(exercise="early_stopping", points=2.3, visibility="hidden")
def follows_mode_and_min_delta(work, rng):
    """Higher is better with mode "max", and only more than `min_delta` above or below the best value is progress."""
    up = shifted(rng, [1.0, 2.0, 2.25, 2.5, 2.75, 2.5, 1.0, 2.875, 4.0, 3.0])
    down = shifted(rng, [6.0, 5.75, 5.5, 5.25, 4.0, 4.5, 3.5, 3.375, 3.25, 2.0])
    return {
        "rising, mode max": answers(work.EarlyStopping(2, 0, "max"), up)["stop"],
        "rising, mode max, min_delta 0.5": answers(work.EarlyStopping(2, 0.5, mode="max"), up)["stop"],
        "falling, mode min, min_delta 0.5": answers(work.EarlyStopping(3, min_delta=0.5), down)["stop"],
        "rising, mode min": answers(work.EarlyStopping(4), up)["stop"],
        "up and down, mode max": answers(work.EarlyStopping(3, 0.25, "max"), up_and_down(rng, 60))["stop"],
        "up and down, mode min": answers(work.EarlyStopping(2, 0.5), up_and_down(rng, 60))["stop"],
    }


@check(exercise="early_stopping", points=2, visibility="hidden", needs=("stops_after_patience",))
def keeps_best_and_bad_epochs(work, rng):
    """`best` and `bad_epochs` are right after each step, also after a stop, and two objects share nothing."""
    values = shifted(rng, [4.0, 4.5, 3.875, 3.5, 5.0, 4.0, 3.5, 3.25, 2.0, 2.5, 1.75])
    first, second = work.EarlyStopping(2, 0.25), work.EarlyStopping(3, mode="max")
    facts = {"best before any value": first.best, "bad_epochs before any value": first.bad_epochs}
    said = {"mode min, min_delta 0.25": [], "mode max": []}
    for value in values:
        for stopper, rows in zip((first, second), said.values(), strict=True):
            rows.append({"stop": stopper.step(value), "best": stopper.best, "bad_epochs": stopper.bad_epochs})
    return facts | said


@check(exercise="early_stopping", points=1.2, visibility="hidden", needs=("stops_after_patience",))
def nan_is_no_progress(work, rng):
    """NaN counts as an epoch without progress, first or later; zero is a value; an unknown mode is refused."""
    nan = math.nan
    later, first = shifted(rng, [2.0, 1.0]), shifted(rng, [3.0, 2.0])
    return {
        "NaN in the middle": answers(work.EarlyStopping(3), [later[0], nan, nan, later[1], nan, later[0], nan]),
        "NaN at first": answers(work.EarlyStopping(2), [nan, first[0], first[1], nan, nan]),
        "NaN only": answers(work.EarlyStopping(2, mode="max"), [nan, nan, nan])["stop"],
        "zero is a value like others": answers(work.EarlyStopping(2), [0.5, 0.0, 0.25, 0.125]),
        "mode 'lowest'": raises(lambda: work.EarlyStopping(2, mode="lowest"), ValueError),
    }


# 4.4 ---------------------------------------------------------------------------------------------------------------


def move(rng, model):
    """Give weights and buffers new values in place, as training does."""
    rng.fill(model)
    with torch.no_grad():
        model[1].running_mean.copy_(rng.normal(6))
        model[1].running_var.copy_(rng.uniform(6, low=0.5, high=2))
        model[1].num_batches_tracked += rng.integer(1, 9)


def follow(rng, keeper, model, values):
    """Train a little and update, for each value; what each update returned."""
    said = []
    for value in values:
        move(rng, model)
        said.append(keeper.update(value, model))
    return said


@check(exercise="best_weights", points=2.2)
def restores_the_best_epoch(work, rng):
    """After six epochs and a restore, the model has the weights and buffers of the epoch with the lowest value."""
    model, keeper, shift = normed_classifier(rng), work.BestWeights(), rng.integer(-3, 4)
    said = follow(rng, keeper, model, [shift + value for value in (0.9, 0.5, 0.7, 0.25, 0.75, 0.6)])
    keeper.restore(model)
    return {"was it better?": said, "state afterwards": state(model)}


@check(exercise="best_weights", points=1.4, visibility="hidden")
def follows_mode_ties_and_nan(work, rng):
    """With mode "max" the highest value counts, of equal values the first; NaN never does."""
    facts = {}
    for mode, values in (
        ("max", (math.nan, -0.5, 0.75, 0.75, math.nan, 0.5)),
        ("min", (2.0, math.nan, 0.0, 1.0, -1.0, -1.0, 0.5)),
    ):
        model, keeper = normed_classifier(rng), work.BestWeights(mode)
        said = follow(rng, keeper, model, values)
        keeper.restore(model)
        facts[mode] = {"was it better?": said, "state afterwards": state(model)}
    return facts


@check(exercise="best_weights", points=1.5, visibility="hidden", needs=("restores_the_best_epoch",))
def restores_as_often_as_asked(work, rng):
    """Parameter objects, modes and requires_grad stay, so that an optimizer goes on; a second restore is as good."""
    model, keeper = normed_classifier(rng), work.BestWeights()
    model[4].weight.requires_grad_(False)
    objects = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model.train()
    model[1].eval()
    follow(rng, keeper, model, (1.0, 2.0))
    keeper.restore(model)
    facts = {
        "the same parameter objects": [name for name, p in model.named_parameters() if p is objects.get(name)],
        "modes": modes(model),
        "parameters": parameters(model),
    }
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    facts["after another step"] = state(model)
    facts["is a worse value better after restoring?"] = follow(rng, keeper, model, (1.5,))
    keeper.restore(model)
    return facts | {"restored again": state(model)}


@check(exercise="best_weights", points=0.9, visibility="hidden", needs=("restores_the_best_epoch",))
def refuses_to_restore_nothing(work, rng):
    """Before anything was kept, restoring raises RuntimeError; what was kept can go into another model, too."""
    model, other, keeper = normed_classifier(rng), normed_classifier(rng), work.BestWeights("max")
    facts = {"nothing was kept": raises(lambda: keeper.restore(model), RuntimeError)}
    keeper.update(math.nan, model)
    facts["only NaN so far"] = raises(lambda: keeper.restore(model), RuntimeError)
    follow(rng, keeper, model, (-3.0, -4.0))
    keeper.restore(other)
    return facts | {"another model": state(other), "the model itself": state(model)}


# 4.5 ---------------------------------------------------------------------------------------------------------------


def new_run(rng, *, adam=False, dropout=0.0):
    """A model with other weights each time, its optimizer, and a schedule."""
    model = normed_classifier(rng, 3, 2, dropout)
    if adam:
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
        return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    return model, optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.25)


def run_epochs(run, data, epochs, *, noisy=False):
    """Train in batches of five; with noise, every global random stream has a part in it."""
    (model, optimizer, scheduler), (x, y) = run, data
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(x)) if noisy else torch.arange(len(x))
        for part in order.to(x.device).split(5):
            noise = random.gauss(0, 0.3) + float(np.random.standard_normal()) if noisy else 0.0
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[part] + noise), y[part]).backward()
            optimizer.step()
        scheduler.step()


def seed_streams(number):
    """Bring the global random streams somewhere, and NumPy's and Python's between the two halves of a normal pair."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
    random.gauss(0, 1)
    np.random.standard_normal()


def drawn():
    """The next numbers of each global stream."""
    return {
        "torch": torch.rand(3, dtype=torch.float64),
        "numpy": np.random.random_sample(3),
        "python": [random.random() for _ in range(3)],
    }


@check(exercise="checkpoint", points=4, compare={"resumed minus uninterrupted": exact})
def resumes_like_uninterrupted(work, rng):
    """Three epochs, a checkpoint and two more epochs in a new process end in exactly the weights of five epochs."""
    data = rng.normal(13, 3), rng.integers(0, 2, 13)
    first, second = new_run(rng), new_run(rng)
    run_epochs(first, data, 3)
    with temporary_folder() as folder:
        work.save_checkpoint(folder / "last.pt", *first, 2, 0.375)
        run_epochs(first, data, 2)
        start, best = work.load_checkpoint(folder / "last.pt", *second)
    rates = [second[1].param_groups[0]["lr"]]
    for _ in range(2):
        run_epochs(second, data, 1)
        rates.append(second[1].param_groups[0]["lr"])
    uninterrupted, resumed = state(first[0]), state(second[0])
    return {
        "start_epoch": start,
        "best": best,
        "learning rates after resuming": rates,
        "uninterrupted": uninterrupted,
        "resumed": resumed,
        # Zero on every machine, while the weights themselves may differ in their last bits between two machines.
        "resumed minus uninterrupted": {name: resumed[name] - value for name, value in uninterrupted.items()},
    }


@check(exercise="checkpoint", points=2, compare=exact)
def resumes_the_random_streams(work, rng):
    """After loading, torch, NumPy and Python draw the numbers that they would have drawn after saving."""
    first, second = new_run(rng), new_run(rng)
    seed_streams(rng.integer(0, 10_000))
    with temporary_folder() as folder:
        work.save_checkpoint(folder / "last.pt", *first, 0, 1.0)
        after_saving = drawn()
        seed_streams(rng.integer(10_000, 20_000))
        work.load_checkpoint(folder / "last.pt", *second)
        return {"drawn after saving": after_saving, "drawn after loading": drawn()}


@check(exercise="checkpoint", points=3.5, visibility="hidden", compare=exact)
def resumes_a_noisy_run(work, rng):
    """Dropout, shuffling, noise, AdamW and a cosine schedule go on bit for bit, wherever the run was interrupted."""
    data, facts = (rng.normal(9, 3), rng.integers(0, 2, 9)), {}
    for done in (1, 3):
        first, second = (new_run(rng, adam=True, dropout=0.4) for _ in range(2))
        seed_streams(rng.integer(0, 10_000))
        run_epochs(first, data, done, noisy=True)
        with temporary_folder() as folder:
            work.save_checkpoint(folder / "run.pt", *first, done - 1, best=-2.5)
            run_epochs(first, data, 2, noisy=True)
            seed_streams(rng.integer(10_000, 20_000))
            start, best = work.load_checkpoint(folder / "run.pt", *second)
            run_epochs(second, data, 2, noisy=True)
        facts[f"interrupted after {done} {'epoch' if done == 1 else 'epochs'}"] = {
            "start_epoch": start,
            "best": best,
            "uninterrupted": state(first[0]),
            "resumed": state(second[0]),
            "learning rate": second[1].param_groups[0]["lr"],
        }
    return facts


class Command:
    """An object whose pickle makes a folder when it is loaded, as a stand-in for worse."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@check(exercise="checkpoint", points=2, visibility="hidden", needs=("resumes_like_uninterrupted",))
def holds_plain_data_only(work, rng):
    """Whatever number `best` is, the file loads with weights_only=True; code in a file is not run."""
    run, other, facts, number = new_run(rng), new_run(rng), {}, rng.integer(1, 30) / 8
    with temporary_folder() as folder:
        for name, best in (("NumPy number", np.float64(number)), ("0-d tensor", torch.tensor(number)), ("int", 3)):
            work.save_checkpoint(folder / "last.pt", *run, 4, best)
            facts[f"best as a {name}"] = {
                "torch.load with weights_only=True": raises(lambda: torch.load(folder / "last.pt", weights_only=True)),
                "objects that it refuses": sorted(get_unsafe_globals_in_checkpoint(folder / "last.pt")),
                "returned": list(work.load_checkpoint(folder / "last.pt", *other)),
            }
        facts["weights loaded"] = state(other[0])
        torch.save({"model": Command(folder / "was here")}, folder / "bad.pt")
        raises(lambda: work.load_checkpoint(folder / "bad.pt", *run))
        facts["made by the code in a file"] = sorted(p.name for p in folder.iterdir() if p.is_dir())
    return facts


class Unsaveable:
    """A scheduler whose state cannot be written: the writing has begun when that turns out."""

    def state_dict(self):
        return {"factor": lambda step: 0.5**step}


@check(exercise="checkpoint", points=2, visibility="hidden", needs=("resumes_like_uninterrupted",))
def saves_all_or_nothing(work, rng):
    """When saving fails, the error is raised, and under the final name is what was there before."""
    (model, optimizer, scheduler), other = new_run(rng), new_run(rng)
    best = rng.number(1, 2)
    with temporary_folder() as folder:
        path = folder / "last.pt"

        def fail():
            work.save_checkpoint(path, model, optimizer, Unsaveable(), 8, best)

        facts = {"error": raises(fail, Exception), "there after a first save that failed": path.exists()}
        work.save_checkpoint(path, model, optimizer, scheduler, 3, best)
        facts["error of the save that follows"] = raises(fail, Exception)
        try:
            facts["loaded afterwards"] = [*work.load_checkpoint(path, *other), state(other[0])]
        except Exception as error:  # noqa: BLE001 - what is left of the file is the observation
            facts["loaded afterwards"] = f"{type(error).__name__}: the checkpoint cannot be loaded"
    return facts


@contextlib.contextmanager
def as_if_on_gpu():
    """Let files that are saved inside the block claim that their tensors were on a GPU which no machine here has."""
    tag = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:63"
    try:
        yield
    finally:
        torch.serialization.location_tag = tag


@check(exercise="checkpoint", points=1.5, visibility="hidden", needs=("resumes_like_uninterrupted",), compare=exact)
def loads_from_other_machines_not_models(work, rng):
    """A checkpoint from a GPU loads on a CPU; one of another model, with more names or fewer, raises RuntimeError."""
    run, facts = new_run(rng), {}
    larger = copy.deepcopy(run[0]).append(nn.Linear(2, 2).to(rng.device))
    with temporary_folder() as folder:
        path = folder / "last.pt"
        for name, saved, target in (("fewer names", run[0], larger), ("more names", larger, run[0])):
            work.save_checkpoint(path, saved, *run[1:], 1, 0.5)
            facts[name] = raises(lambda: work.load_checkpoint(path, target, *run[1:]), RuntimeError)
        with as_if_on_gpu():
            work.save_checkpoint(path, *run, rng.integer(2, 9), 0.25)
        other = new_run(rng)
        facts["start_epoch of a checkpoint from a GPU"] = work.load_checkpoint(path, *other)[0]
        return facts | {"its weights": state(other[0])}


@check(exercise="checkpoint", points=1, visibility="hidden", needs=("resumes_like_uninterrupted",))
def saving_changes_nothing_else(work, rng):
    """Saving moves no random stream, changes no mode, and leaves one file, under the name that was given as text."""
    run = new_run(rng, dropout=0.3)
    run[0].train()
    run[0][1].eval()
    seed_streams(rng.integer(0, 10_000))
    before, start = random_state(), state(run[0])
    with temporary_folder() as folder:
        work.save_checkpoint(str(folder / "epoch.1.pt"), *run, 1, 0.5)
        work.save_checkpoint(str(folder / "epoch.2"), *run, 2, 0.5)
        after = random_state()
        files = written(folder)
        loaded = work.load_checkpoint(str(folder / "epoch.2"), *run)
    return {
        "random streams that moved": [name for name in before if before[name] != after[name]],
        "files": files,
        "modes": modes(run[0]),
        "weights before": start,
        "weights afterwards": state(run[0]),
        "start_epoch": loaded[0],
    }


# 4.6 ---------------------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """The run is broken off here."""


class Loader(list):
    """Batches with a name that the log can show."""

    def __init__(self, name, items):
        super().__init__(items)
        self.name = name


class Scripted:
    """A `Training` with real steps, validation losses that are given, a log, and a place where it breaks off."""

    def __init__(self, rng, losses, break_off=None):
        self.model = rng.fill(nn.Linear(2, 1)).to(rng.device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.2, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.5)
        self.losses, self.break_off, self.log, self.done = losses, break_off, [], 0

    @property
    def lr(self):
        return self.optimizer.param_groups[0]["lr"]

    def _note(self, call, *words):
        if (call, self.done) == self.break_off:
            raise Interrupted
        self.log.append(" ".join((call, *words)))

    def train(self, loader):
        self._note("train", "with the", loader.name)
        total = 0.0
        for x in loader:
            self.optimizer.zero_grad()
            loss = self.model(x).square().mean()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        self.done += 1
        return total / len(loader)

    def validate(self, loader):
        self._note("validate", "with the", loader.name)
        return (self.losses + [9.0] * 9)[self.done - 1]

    def schedule(self):
        self._note("schedule")
        self.scheduler.step()

    def save(self, path, **extra):
        self._note(f"save {Path(path).name}")
        parts = {name: getattr(self, name).state_dict() for name in ("model", "optimizer", "scheduler")}
        torch.save({**parts, "done": self.done, "extra": extra}, path)

    def load(self, path):
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name in ("model", "optimizer", "scheduler"):
            getattr(self, name).load_state_dict(saved[name])
        self.done = saved["done"]
        return saved["extra"]

    def calls(self):
        """The log without the saving of best.pt, which may come at any time after validation."""
        return [call for call in self.log if call != "save best.pt"]


def loaders(rng):
    return Loader("training data", rng.normal(2, 4, 2).unbind()), Loader(
        "validation data", rng.normal(1, 4, 2).unbind()
    )


def pt_files(folder):
    """Where best.pt and last.pt are; other files are free."""
    return [name for name in written(folder) if name.endswith(("best.pt", "last.pt"))]


def trained(work, training, data, epochs, folder, patience=10):
    """Run `fit`; the history and the weights in which it ends."""
    history = work.fit(training, *data, epochs, folder, patience)
    return {"history": plain(history), "weights": state(training.model)}


@check(exercise="fit", points=4)
def history_and_order_of_calls(work, rng):
    """Each epoch trains, validates, schedules and saves last.pt, in this order; the history has an entry for each."""
    losses = [rng.number(3, 4), rng.number(1, 2), rng.number(2, 3)]
    training, data = Scripted(rng, losses), loaders(rng)
    with temporary_folder() as folder:
        history = work.fit(training, *data, 3, folder, 5)
        return {"history": plain(history), "calls": training.calls(), "files": pt_files(folder)}


@check(exercise="fit", points=3, visibility="hidden", compare=exact)
def goes_on_after_an_interruption(work, rng):
    """Broken off in any step of any epoch and taken up again, the run has the same history and weights."""
    losses, data, facts = [4.0, 2.0, 3.0, 1.0], loaders(rng), {}
    for number, call, done in (
        ("second", "validate", 2),
        ("third", "train", 2),
        ("third", "schedule", 3),
        ("last", "save last.pt", 4),
    ):
        with temporary_folder() as folder:
            with contextlib.suppress(Interrupted):
                work.fit(Scripted(rng, losses, (call, done)), *data, 4, folder, 10)
            found = trained(work, Scripted(rng, losses), data, 4, folder)
            facts[f"broken off at '{call}' of the {number} epoch"] = found
    return facts


@check(exercise="fit", points=2, visibility="hidden", needs=("history_and_order_of_calls",), compare=exact)
def best_is_not_last(work, rng):
    """The model ends with the best weights; best.pt holds these and last.pt the last, also after an interruption."""
    data, facts = loaders(rng), {}
    for name, losses, end in (
        ("not interrupted", [3.0, 1.0, 2.0, 1.0, 1.5], None),
        ("interrupted after the best epoch", [3.0, 1.0, 2.0, 1.25, 1.5], ("train", 2)),
    ):
        with temporary_folder() as folder:
            with contextlib.suppress(Interrupted):
                work.fit(Scripted(rng, losses, end), *data, 5, folder, 10)
            found = trained(work, Scripted(rng, losses), data, 5, folder)
            files = {file: torch.load(folder / file, weights_only=True)["model"] for file in ("best.pt", "last.pt")}
        facts[name] = {"weights in the model": found["weights"], "weights in the files": files}
    return facts


@check(exercise="fit", points=1.5, visibility="hidden", needs=("history_and_order_of_calls",))
def stops_early_for_good(work, rng):
    """Training ends after `patience` bad epochs in a row, interrupted among them or not, and then stays ended."""
    data, facts = loaders(rng), {}
    for name, losses, end in (
        ("a plateau, NaN and a rise", [5.0, 3.0, 4.0, 2.5, 2.5, math.nan, 2.75], None),
        ("interrupted among the bad epochs", [5.0, 3.0, 4.0, 3.5, 3.25, 3.5, 1.0], ("train", 4)),
        ("NaN in the first epochs", [math.nan, math.nan, 3.0, 4.0, math.nan, 3.5], None),
    ):
        with temporary_folder() as folder:
            first, second, third = Scripted(rng, losses, end), Scripted(rng, losses), Scripted(rng, losses)
            histories = []
            for training in (first, second) if end is None else (first, second, third):
                with contextlib.suppress(Interrupted):
                    histories.append(plain(work.fit(training, *data, 9, folder, 3)))
        facts[name] = {
            "validation losses": histories[0]["val_loss"],
            "validation losses, called again": histories[1]["val_loss"],
            "calls when called again": training.calls(),
            "weights when called again": state(training.model),
        }
    return facts


@check(exercise="fit", points=1.5, visibility="hidden", needs=("history_and_order_of_calls",), compare=exact)
def trains_the_missing_epochs(work, rng):
    """A finished run with more epochs than before goes on from its last weights; folders are made, names may be text."""
    losses, data, facts = [3.0, 1.0, 2.0, 1.5, 0.5, 0.75], loaders(rng), {}
    with temporary_folder() as folder:
        for name, place in (("one folder is missing", "run"), ("two folders are missing", "runs/first")):
            facts[name] = raises(lambda p=place: work.fit(Scripted(rng, losses), *data, 1, str(folder / p), 9))
        (folder / "long").mkdir()
        found = [trained(work, Scripted(rng, losses), data, epochs, str(folder / "long")) for epochs in (3, 6)]
        return facts | {"3 epochs": found[0], "6 epochs": found[1], "files": pt_files(folder)}


# 4.7 ---------------------------------------------------------------------------------------------------------------


@check(exercise="meters", points=1.6)
def meter_weighs_by_samples(work, rng):
    """Each value counts as often as it has samples, and the mean of whole numbers is a float."""
    meter, whole = work.Meter(), work.Meter()
    for n in (8, 8, 3):
        meter.update(rng.number(1, 9), n)
    whole.update(3, 2)
    whole.update(4)
    return {"mean of 19 samples": meter.avg, "mean of 3, 3 and 4": whole.avg}


@check(exercise="meters", points=2)
def confusion_counts_pairs(work, rng):
    """Rows are true classes and columns predicted ones, pairs that occur several times count as often."""
    matrix = work.ConfusionMatrix(3)
    matrix.update(torch.tensor([0, 1, 1, 1, 2, 0]).to(rng.device), torch.tensor([0, 0, 0, 1, 1, 2]).to(rng.device))
    first = matrix.matrix.clone()
    matrix.update(rng.integers(0, 3, 5), rng.integers(0, 3, 5))
    return {"after one batch": first, "after two batches": matrix.matrix, "accuracy": matrix.accuracy}


@check(exercise="meters", points=0.9, visibility="hidden", needs=("meter_weighs_by_samples",))
def meters_merge(work, rng):
    """A merged meter has the samples of both, and the other stays as it is; two meters share nothing."""
    first, second, empty = work.Meter(), work.Meter(), work.Meter()
    for meter, sizes in ((first, (4, 1)), (second, (2, 9, 5))):
        for n in sizes:
            meter.update(rng.number(-4, 9), n)
    alone = [first.avg, second.avg]
    first.merge(second)
    empty.merge(second)
    merged = [first.avg, second.avg, empty.avg]
    second.update(rng.number(20, 30), 3)
    later = {"the first, after the other got more": first.avg, "the other": second.avg}
    first.merge(work.Meter())
    return {"alone": alone, "first, other and an empty one, merged": merged, **later, "merged with none": first.avg}


@check(exercise="meters", points=0.6, visibility="hidden", needs=("meter_weighs_by_samples",))
def meter_keeps_numbers_only(work, rng):
    """From tensors the mean is a Python float all the same, and their graphs are let go."""
    meter, kept, means = work.Meter(), [], []
    w = rng.normal(3).requires_grad_()
    for n in (2, 5, 1, 3):
        loss = (w * rng.normal(3)).sum()
        kept.append(loss)
        meter.update(loss, n)
        means.append(meter.avg)
    held = [name for name, value in getattr(meter, "__dict__", {}).items() if _holds_graph(value)]
    return {"means": means, "attributes that hold a graph": held}


def _holds_graph(value):
    if isinstance(value, list | tuple):
        return any(_holds_graph(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_graph(item) for item in value.values())
    return isinstance(value, torch.Tensor) and value.requires_grad


@check(exercise="meters", points=0.5, visibility="hidden", needs=("meter_weighs_by_samples",))
def empty_meters(work, rng):
    """Without samples the mean is NaN: at first, after a reset, and after an update of no samples."""
    meter = work.Meter()
    facts = {"mean without samples": meter.avg}
    meter.update(rng.number(1, 2), 6)
    meter.reset()
    facts["mean after reset"] = meter.avg
    meter.update(0.5, 0)
    facts["mean of 0 samples"] = meter.avg
    later = []
    for _ in range(4):
        meter.update(rng.number(5, 9), 2)
        later.append(meter.avg)
    return facts | {"means after 2, 4, 6 and 8 samples": later}


@check(exercise="meters", points=0.4, visibility="hidden", needs=("confusion_counts_pairs",))
def empty_matrices(work, rng):
    """Without samples the accuracy is NaN; empty batches and classes that do not occur are no obstacle."""
    matrix, other = work.ConfusionMatrix(12), work.ConfusionMatrix(12)
    facts = {"accuracy without samples": matrix.accuracy}
    matrix.update(*rng.integers(0, 1, 2, 0))
    matrix.update(*rng.integers(1, 10, 2, 300))
    return facts | {"matrix": matrix.matrix, "accuracy": matrix.accuracy, "another matrix": other.matrix}


# 4.8 ---------------------------------------------------------------------------------------------------------------


class Writer:
    """A writer that records what it is told, with the methods of TensorBoard's SummaryWriter."""

    def __init__(self):
        self.scalars, self.histograms, self.calls = [], [], []

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        self.calls.append("add")
        value = scalar_value.detach().clone() if isinstance(scalar_value, torch.Tensor) else scalar_value
        self.scalars.append({"tag": tag, "value": value, "step": global_step})

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        self.calls.append("add")
        self.scalars.append({"tag": main_tag, "value": dict(tag_scalar_dict), "step": global_step})

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        self.calls.append("add")
        entry = {"tag": tag, "values": torch.as_tensor(values).detach().clone().cpu(), "step": global_step}
        self.histograms.append(entry | {"in a graph": getattr(values, "requires_grad", False)})

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")

    def curves(self):
        """What was written with add_scalar, by tag and step: the order of writing is free."""
        values = {f"{entry['tag']} at step {entry['step']}": entry["value"] for entry in self.scalars}
        return {"number of values": len(self.scalars), **values}

    def drawn(self):
        """What was written with add_histogram, by tag and step."""
        return {f"{e['tag']} at step {e['step']}": {k: e[k] for k in ("values", "in a graph")} for e in self.histograms}

    def ends(self):
        """The calls of flush and close, and how much was written after the last flush."""
        others = [call for call in self.calls if call != "add"]
        tail = self.calls[::-1].index("flush") if "flush" in self.calls else len(self.calls)
        return {"calls of flush and close": others, "written after the last flush": tail}


def numbers(rng, *names):
    return {name: rng.number(0.1, 2) for name in names}


@check(exercise="log_epoch", points=3)
def curves_under_their_tags(work, rng):
    """Numbers of training and validation are written under name/train and name/val, at the step of the epoch."""
    writer = Writer()
    work.log_epoch(writer, 3, numbers(rng, "loss", "acc"), numbers(rng, "loss", "acc"), classifier(rng))
    return writer.curves()


@check(exercise="log_epoch", points=1.8, visibility="hidden")
def histograms_of_all_parameters(work, rng):
    """Each parameter, frozen or not, is written once under its dotted name, without a graph; buffers are not."""
    writer, model = Writer(), nn.ModuleDict({"body": normed_classifier(rng), "head": rng.fill(nn.Linear(3, 2))})
    model["body"][0].requires_grad_(False)
    model["head"].extra = model["head"].weight
    work.log_epoch(writer, 1, numbers(rng, "loss"), numbers(rng, "loss"), model)
    return {
        "histograms": writer.drawn(),
        "number of histograms": len(writer.histograms),
        "parameters": parameters(model),
    }


@check(exercise="log_epoch", points=1.5, visibility="hidden", needs=("curves_under_their_tags",))
def steps_are_epochs(work, rng):
    """The steps are those of the epochs, in a run that begins at 0 and in one that is resumed at 12."""
    facts = {}
    for name, epochs in (("from the beginning", (0, 1)), ("resumed at 12", (12, 13, 14))):
        writer, model = Writer(), nn.Linear(1, 1)
        for epoch in epochs:
            work.log_epoch(writer, epoch, numbers(rng, "loss"), numbers(rng, "loss"), model)
        facts[name] = {
            "steps of the curves": sorted([str(e["tag"]), str(e["step"])] for e in writer.scalars),
            "curves": writer.curves(),
            "steps of the histograms": sorted([str(e["tag"]), str(e["step"])] for e in writer.histograms),
        }
    return facts


@check(exercise="log_epoch", points=0.9, visibility="hidden", needs=("curves_under_their_tags",))
def flushes_once_and_stays_open(work, rng):
    """In each epoch the writer is flushed once, when all is written, and never closed."""
    writer = Writer()
    model, facts = classifier(rng), {}
    for epoch in range(2):
        work.log_epoch(writer, epoch, numbers(rng, "loss", "acc"), numbers(rng, "loss"), model)
        facts[f"after epoch {epoch}"] = writer.ends()
    return facts | writer.curves()


@check(exercise="log_epoch", points=0.8, visibility="hidden", needs=("curves_under_their_tags",))
def python_floats_of_any_names(work, rng):
    """Tensors with a graph and whole numbers are written as Python floats; the two dicts may have different names."""
    writer, w = Writer(), rng.normal(3).requires_grad_()
    train = {"loss": (w * w).sum(), "samples": rng.integer(10, 99)}
    val = {"loss": rng.normal().abs() + 1, "f1": rng.number(0.2, 0.9)}
    work.log_epoch(writer, 5, train, val, nn.Identity())
    work.log_epoch(writer, 6, {}, {"top5": rng.number()}, nn.Identity())
    return writer.curves()


# 4.9 ---------------------------------------------------------------------------------------------------------------


def two_groups(rng):
    """An optimizer of two groups with large and different rates."""
    groups = [{"params": [nn.Parameter(rng.normal(2))], "lr": rng.number(1, 3)} for _ in range(2)]
    groups[1]["lr"] += 5
    return torch.optim.SGD(groups, lr=1.0)


def next_rates(optimizer, scheduler, steps):
    """The rates that the next steps use, one list for each group."""
    rates = [[] for _ in optimizer.param_groups]
    for _ in range(steps):
        for group, row in zip(optimizer.param_groups, rates, strict=True):
            row.append(float(group["lr"]))
        optimizer.step()
        scheduler.step()
    return {f"group {i}": row for i, row in enumerate(rates)}


@check(exercise="warmup_cosine", points=2.6)
def rates_of_two_groups(work, rng):
    """The rates of two groups in every step: warm-up over four steps, then half a cosine until step 12."""
    optimizer = two_groups(rng)
    return next_rates(optimizer, work.warmup_cosine(optimizer, 4, 12), 12)


@check(exercise="warmup_cosine", points=1.2, visibility="hidden")
def rates_at_the_edges(work, rng):
    """No warm-up, a warm-up of one step or of nearly all, steps after the end, and lengths that are refused."""
    facts = {}
    for warmup, total, steps in ((0, 7, 10), (1, 5, 11), (8, 9, 12)):
        optimizer = two_groups(rng)
        facts[f"warmup={warmup}, total={total}"] = next_rates(
            optimizer, work.warmup_cosine(optimizer, warmup, total), steps
        )
    for warmup, total in ((5, 5), (-1, 4)):
        refused = raises(lambda: work.warmup_cosine(two_groups(rng), warmup, total), ValueError)
        facts[f"warmup={warmup}, total={total}"] = refused
    return facts


@check(exercise="warmup_cosine", points=1.2, visibility="hidden", needs=("rates_of_two_groups",))
def schedule_goes_on_from_its_state(work, rng):
    """Saved in the middle of warm-up or decay and loaded into a new schedule, the rates go on where they were."""
    facts = {}
    for done in (2, 6):
        first = two_groups(rng)
        second = torch.optim.SGD([{"params": g["params"], "lr": g["lr"]} for g in first.param_groups], lr=1.0)
        scheduler = work.warmup_cosine(first, 4, 11)
        next_rates(first, scheduler, done)
        kept = copy.deepcopy([first.state_dict(), scheduler.state_dict()])
        resumed = work.warmup_cosine(second, 4, 11)
        second.load_state_dict(kept[0])
        resumed.load_state_dict(kept[1])
        facts[f"after {done} steps"] = {
            "uninterrupted": next_rates(first, scheduler, 4),
            "resumed": next_rates(second, resumed, 4),
        }
    return facts


def jagged(optimizer):
    """A schedule in which no two neighbouring steps have the same rate."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda steps: (1.0, 0.25, 2.0, 0.5, 1.5, 0.75)[steps % 6])


@check(exercise="warmup_cosine", points=1.6, compare={"weights": STEPS})
def steps_the_schedule_after_the_optimizer(work, rng):
    """Each step uses the rate that is due, from the first on, in the second epoch as in the first."""
    model = classifier(rng)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    data = batches(rng, (4, 4, 3, 2))
    rates = work.train_with_schedule(model, data, nn.CrossEntropyLoss(), optimizer, jagged(optimizer), 2)
    return {"rates used": [list(row) for row in rates], "weights": state(model)}


@check(
    exercise="warmup_cosine",
    points=1.4,
    visibility="hidden",
    needs=("steps_the_schedule_after_the_optimizer",),
    compare={"state": STEPS},
)
def trains_groups_by_their_own_rates(work, rng):
    """Two groups, a DataLoader, a model that arrives in evaluation mode, momentum, and a single epoch."""
    model = normed_classifier(rng, dropout=0.0).eval()
    groups = [
        {"params": model[0].parameters(), "lr": 0.05},
        {"params": [*model[1].parameters(), *model[4].parameters()]},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.3, momentum=0.7)
    loader = DataLoader(TensorDataset(rng.normal(11, 4), rng.integers(0, 3, 11)), batch_size=4)
    rates = work.train_with_schedule(model, loader, nn.CrossEntropyLoss(), optimizer, jagged(optimizer), 1)
    after = [group["lr"] for group in optimizer.param_groups]
    return {"rates used": [list(row) for row in rates], "rates afterwards": after, "state": state(model)}


# 4.10 --------------------------------------------------------------------------------------------------------------


def defaults_of(rng):
    """A nested configuration with every kind of value."""
    return {
        "name": "baseline",
        "epochs": rng.integer(3, 40),
        "amp": False,
        "optimizer": {"type": "sgd", "lr": rng.number(), "momentum": rng.number(), "nesterov": False},
        "data": {"root": "data", "crop": [28, 28], "aug": {"flip": True, "shift": rng.integer(1, 5)}},
        "mean": [rng.number() for _ in range(3)],
        "resume": None,
    }


def load(work, content, overrides, defaults):
    """Write the file and load the configuration."""
    with temporary_folder() as folder:
        (folder / "config.json").write_text(json.dumps(content))
        return work.load_config(folder / "config.json", overrides, defaults)


@check(exercise="load_config", points=1.9)
def file_over_defaults(work, rng):
    """Values of the file replace defaults at any depth, and what the file leaves out stays."""
    content = {"epochs": rng.integer(50, 99), "optimizer": {"lr": 0.25}, "data": {"crop": [24], "aug": {"flip": False}}}
    return load(work, content, {}, defaults_of(rng))


@check(exercise="load_config", points=1.7)
def overrides_over_the_file(work, rng):
    """Overrides win over the file, find their place by dotted names, and texts become values of the right type."""
    overrides = {
        "optimizer.lr": "0.1",
        "optimizer.nesterov": "true",
        "optimizer.type": "adam",
        "epochs": "7",
        "data.aug.flip": "false",
        "data.crop": "[32, 16]",
        "name": "run 7",
    }
    return load(work, {"optimizer": {"lr": 0.25, "momentum": 0.5}, "epochs": 50}, overrides, defaults_of(rng))


@check(exercise="load_config", points=0.9, visibility="hidden")
def texts_and_values(work, rng):
    """null, negative numbers, exponents and texts that look like code are read as JSON reads them; values are kept."""
    texts = {"optimizer.lr": "1e-3", "data.aug.shift": "-2", "name": "2*3", "optimizer.type": "True", "epochs": "1.0"}
    values = {"optimizer.lr": 2, "amp": True, "data.crop": [rng.integer(1, 9), 5], "resume": "last.pt", "name": "null"}
    return {name: load(work, {}, given, defaults_of(rng)) for name, given in (("texts", texts), ("values", values))}


@check(exercise="load_config", points=0.7, visibility="hidden", needs=("file_over_defaults", "overrides_over_the_file"))
def unknown_names_are_refused(work, rng):
    """A name that the defaults do not have raises KeyError, in the file or the overrides, at any depth."""
    cases = {
        "top of the file": ({"epoch": 3}, {}),
        "deep in the file": ({"data": {"aug": {"flips": True}}}, {}),
        "top of the overrides": ({}, {"lr": "0.1"}),
        "deep in the overrides": ({}, {"data.aug.shfit": "3"}),
        "a section that is not there": ({}, {"optim.lr": "0.1"}),
        "below a value": ({}, {"epochs.max": "3"}),
        "two below a value": ({}, {"epochs.max.more": "3"}),
    }
    facts = {}
    for name, (content, overrides) in cases.items():
        facts[name] = raises(lambda c=content, o=overrides: load(work, c, o, defaults_of(rng)), KeyError)
    return facts | {"known names only": load(work, {"epochs": 3}, {"data.aug.shift": "3"}, defaults_of(rng))}


@check(exercise="load_config", points=0.8, visibility="hidden", needs=("file_over_defaults", "overrides_over_the_file"))
def defaults_and_overrides_stay(work, rng):
    """Defaults and overrides are unchanged, also when the result is changed; the result reads back as a file."""
    defaults, overrides = defaults_of(rng), {"optimizer.lr": "0.125", "data.crop": [7, [7, 9]]}
    config = load(work, {"data": {"aug": {"flip": False}}, "amp": True}, overrides, defaults)
    again = load(work, config, {}, defaults)
    facts = {"defaults after loading": copy.deepcopy(defaults), "the result, written and read": copy.deepcopy(again)}
    config["data"]["crop"].append(1)
    config["data"]["crop"][1].append(3)
    config["data"]["aug"]["shift"] = 99
    other = load(work, {}, {}, defaults)
    other["data"]["crop"].append(2)
    other["optimizer"]["lr"] = 9.0
    return facts | {"defaults after the results were changed": defaults, "overrides": overrides}


# 4.11 --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def hash_seed_kept():
    """Put PYTHONHASHSEED back when the block ends; it is gone inside at first."""
    before = os.environ.pop("PYTHONHASHSEED", None)
    try:
        yield
    finally:
        os.environ.pop("PYTHONHASHSEED", None)
        if before is not None:
            os.environ["PYTHONHASHSEED"] = before


@check(exercise="seed_everything", points=1.6)
def all_streams_repeat(work, rng):
    """After seeding, torch, NumPy and Python draw the numbers of that seed, wherever their streams were before."""
    facts = {}
    with hash_seed_kept():
        for name, seed in (("a seed", rng.integer(0, 10_000)), ("another seed", rng.integer(10_000, 2**31))):
            seed_streams(rng.integer(0, 10_000))
            work.seed_everything(seed)
            facts[f"drawn after {name}"] = drawn()
    return facts


@check(exercise="seed_everything", points=0.9)
def an_order_for_each_epoch(work, rng):
    """The orders of the epochs are those of the seed: different from epoch to epoch, equal in two calls."""
    seed = rng.integer(0, 10_000)
    with hash_seed_kept():
        first, again = work.shuffled_epochs(13, 3, seed), work.shuffled_epochs(13, 3, seed)
        return {
            "orders": first,
            "orders of the second call": again,
            "another seed": work.shuffled_epochs(11, 2, seed + 1),
        }


@check(exercise="seed_everything", points=1, visibility="hidden", needs=("all_streams_repeat",))
def the_generator_is_independent(work, rng):
    """The generator has the seed too; drawing from it moves no global stream, and the other way round."""
    with hash_seed_kept():
        generator = work.seed_everything(rng.integer(0, 10_000))
        other = work.seed_everything(rng.integer(10_000, 20_000))
        before = random_state()
        first = torch.rand(2, generator=generator, dtype=torch.float64)
        after = random_state()
        drawn()
        second = torch.rand(2, generator=generator, dtype=torch.float64)
        facts = {"first draw": first, "second draw, after others": second}
        return facts | {
            "of another seed": torch.rand(2, generator=other, dtype=torch.float64),
            "global streams that it moved": [name for name in before if before[name] != after[name]],
            "device": str(generator.device),
            "global draw after orders for two epochs": _global_draw_after_orders(work, rng),
        }


def _global_draw_after_orders(work, rng):
    work.shuffled_epochs(6, 2, rng.integer(0, 10_000))
    return torch.rand(2, dtype=torch.float64)


@check(exercise="seed_everything", points=0.5, visibility="hidden", needs=("all_streams_repeat",))
def hash_seed_for_child_processes(work, rng):
    """PYTHONHASHSEED holds the seed as text; no epochs and single items are fine."""
    with hash_seed_kept():
        seed = rng.integer(0, 2**31)
        work.seed_everything(seed)
        found = os.environ.get("PYTHONHASHSEED")
        return {
            "PYTHONHASHSEED": found,
            "no epochs": work.shuffled_epochs(4, 0, seed),
            "one item": work.shuffled_epochs(1, 2, 0),
        }
