from __future__ import annotations

import contextlib

import json

import os
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn

from torch.utils.data import DataLoader, TensorDataset

from grader.authoring import check, close, exact, gradients, parameters, saved_tensors, state, temporary_folder, written

STEPS = close(rtol=1e-5, atol=1e-6)


def classifier(rng, inputs=4, classes=3):
    """Two layers with weights that student and reference share."""
    return rng.fill(nn.Sequential(nn.Linear(inputs, 6), nn.Tanh(), nn.Linear(6, classes))).to(rng.device)


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


def plain(value):
    """A plain dict of a student's own kind of dict."""
    return dict(value) if isinstance(value, dict) else value


def measured(work, model, loader, loss_fn):
    """What `evaluate` returns; torch's gradient switch is put back, so that no other check suffers."""
    with torch.enable_grad():
        return plain(work.evaluate(model, loader, loss_fn))


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


@check(exercise="evaluate", points=4)
def loss_and_accuracy_of_the_samples(work, rng):
    """Loss and accuracy over all samples, of a model with dropout and batch norm, with a last batch of outliers."""
    model = normed_classifier(rng)
    return measured(work, model, labelled(rng, model, (5, 5, 2)), nn.CrossEntropyLoss())


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


def shifted(rng, values):
    """The values, shifted by a multiple of 1/8, so that sums and differences stay exact."""
    shift = rng.integer(-16, 40) / 8
    return [value + shift for value in values]


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


@check(exercise="fit", points=4)
def history_and_order_of_calls(work, rng):
    """Each epoch trains, validates, schedules and saves last.pt, in this order; the history has an entry for each."""
    losses = [rng.number(3, 4), rng.number(1, 2), rng.number(2, 3)]
    training, data = Scripted(rng, losses), loaders(rng)
    with temporary_folder() as folder:
        history = work.fit(training, *data, 3, folder, 5)
        return {"history": plain(history), "calls": training.calls(), "files": pt_files(folder)}


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
