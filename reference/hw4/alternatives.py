"""Different but right solutions of hw4: each must get full marks."""

from __future__ import annotations

import copy
import io
import itertools
import json
import math
import os
import random
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, SequentialLR

from grader.authoring import alternative

# --- 4.1 train_one_epoch ---------------------------------------------------------------------------------------


@alternative(exercise="train_one_epoch")
def gradients_cleared_after_the_step(work):
    """zero_grad of the model at the end of the loop, zeroed instead of dropped; sums in a tensor without graph."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train(True)
        total, seen = torch.zeros((), dtype=torch.float64), 0
        for batch in loader:
            x, y = batch
            loss = loss_fn(model(x), y)
            loss.backward()
            if max_norm is not None:
                nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], max_norm=max_norm)
            optimizer.step()
            model.zero_grad(set_to_none=False)
            total += loss.detach().cpu() * y.shape[0]
            seen += y.shape[0]
        return (total / seen).item()

    return train_one_epoch


@alternative(exercise="train_one_epoch")
def clipped_by_hand(work):
    """The norm is computed by hand, gradients are scaled in place, the losses are averaged by NumPy."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        losses, sizes = [], []
        for x, y in loader:
            for p in model.parameters():
                p.grad = None
            loss = loss_fn(model(x), y)
            loss.backward()
            if max_norm is not None:
                grads = [p.grad for p in model.parameters() if p.grad is not None]
                norm = math.sqrt(sum((g**2).sum().item() for g in grads))
                if norm > max_norm:
                    for g in grads:
                        g *= max_norm / norm
            optimizer.step()
            losses.append(loss.item())
            sizes.append(x.size(0))
        return float(np.average(losses, weights=sizes))

    return train_one_epoch


@alternative(exercise="train_one_epoch")
def all_batches_in_a_list_first(work):
    """The batches are collected first, gradients come from torch.autograd.grad, the optimizer steps by closure."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        data = list(loader)
        total = 0.0
        for x, y in data:

            def closure(x=x, y=y):
                optimizer.zero_grad()
                loss = loss_fn(model(x), y)
                loss.backward()
                if max_norm is not None:
                    parameters = [p for group in optimizer.param_groups for p in group["params"]]
                    nn.utils.clip_grad_norm_(parameters, max_norm, norm_type=2.0)
                return loss

            total += float(optimizer.step(closure).detach()) * len(y)
        return total / sum(len(y) for _, y in data)

    return train_one_epoch


# --- 4.2 evaluate ----------------------------------------------------------------------------------------------


@alternative(exercise="evaluate")
def inference_mode_and_finally(work):
    """inference_mode, modes in a list put back in a finally block, predictions by torch.max."""

    def evaluate(model, loader, loss_fn):
        before = [(m, m.training) for m in model.modules()]
        try:
            model.train(False)
            total, right, count = 0.0, 0, 0
            with torch.inference_mode():
                for x, y in loader:
                    out = model(x)
                    total += float(loss_fn(out, y)) * x.size(0)
                    _, predicted = torch.max(out, 1)
                    right += int(torch.eq(predicted, y).sum())
                    count += x.size(0)
        finally:
            for m, training in before:
                m.training = training
        return {"acc": right / count, "loss": total / count}

    return evaluate


@alternative(exercise="evaluate")
def modes_by_context_manager(work):
    """A context manager of its own for the modes, no_grad as a decorator, softmax for the predictions only."""

    @contextmanager
    def evaluating(model):
        training = {name for name, m in model.named_modules() if m.training}
        model.eval()
        yield
        for name, m in model.named_modules():
            m.training = name in training

    @torch.no_grad()
    def evaluate(model, loader, loss_fn):
        losses, hits, sizes = [], [], []
        with evaluating(model):
            for x, y in loader:
                logits = model(x)
                losses.append(loss_fn(logits, y).item())
                hits.append((F.softmax(logits, dim=-1).argmax(-1) == y).float().sum().item())
                sizes.append(len(y))
        n = sum(sizes)
        return {"loss": sum(a * b for a, b in zip(losses, sizes)) / n, "acc": sum(hits) / n}

    return evaluate


@alternative(exercise="evaluate")
def evaluates_a_copy(work):
    """The evaluation is done on a deep copy, so that there is nothing to restore."""

    def evaluate(model, loader, loss_fn):
        clone = copy.deepcopy(model).eval()
        with torch.no_grad():
            rows = [
                (loss_fn(z, y).item(), (z.topk(1).indices[:, 0] == y).sum().item(), len(y))
                for z, y in ((clone(x), y) for x, y in loader)
            ]
        n = sum(row[2] for row in rows)
        return {"loss": math.fsum(row[0] * row[2] for row in rows) / n, "acc": sum(row[1] for row in rows) / n}

    return evaluate


# --- 4.3 early_stopping ----------------------------------------------------------------------------------------


@alternative(exercise="early_stopping")
def sign_for_the_mode(work):
    """A sign turns the maximum into a minimum, and progress is a difference."""

    class EarlyStopping:
        def __init__(self, patience, min_delta=0, mode="min"):
            self.sign = {"min": 1, "max": -1}.get(mode)
            if self.sign is None:
                raise ValueError(mode)
            self.patience, self.min_delta = patience, min_delta
            self.best = None
            self.bad_epochs = 0

        def step(self, value):
            if value == value and (self.best is None or (self.best - value) * self.sign > self.min_delta):
                self.best = value
                self.bad_epochs = 0
                return False
            self.bad_epochs += 1
            return not self.bad_epochs < self.patience

    return EarlyStopping


@alternative(exercise="early_stopping")
def history_of_all_values(work):
    """All values are kept; best and the count are worked out anew each time, as properties."""

    class EarlyStopping:
        def __init__(self, patience, min_delta=0, mode="min"):
            if mode != "min" and mode != "max":
                raise ValueError("unknown mode")
            self.patience, self.min_delta, self.mode, self.values = patience, min_delta, mode, []

        def _replay(self):
            best, bad = None, 0
            for value in self.values:
                if best is None:
                    progress = not math.isnan(value)
                elif self.mode == "min":
                    progress = value + self.min_delta < best
                else:
                    progress = value - self.min_delta > best
                best, bad = (value, 0) if progress else (best, bad + 1)
            return best, bad

        @property
        def best(self):
            return self._replay()[0]

        @property
        def bad_epochs(self):
            return self._replay()[1]

        def step(self, value):
            self.values.append(value)
            return self.bad_epochs >= self.patience

    return EarlyStopping


@alternative(exercise="early_stopping")
def infinity_inside(work):
    """Inside, the best value begins as infinity; best as others see it is None until there is one."""

    class EarlyStopping:
        def __init__(self, patience, min_delta=0, mode="min"):
            if mode not in {"min", "max"}:
                raise ValueError("mode")
            self.patience, self.delta, self.mode = patience, min_delta, mode
            self.record = float("inf") if mode == "min" else float("-inf")
            self.bad_epochs = 0

        @property
        def best(self):
            return None if math.isinf(self.record) else self.record

        def step(self, value):
            compare = torch.lt if self.mode == "min" else torch.gt
            bar = self.record - self.delta if self.mode == "min" else self.record + self.delta
            if bool(compare(torch.tensor(value, dtype=torch.float64), bar)):
                self.record, self.bad_epochs = value, 0
            else:
                self.bad_epochs += 1
            return self.bad_epochs >= self.patience

    return EarlyStopping


# --- 4.4 best_weights ------------------------------------------------------------------------------------------


@alternative(exercise="best_weights")
def cloned_tensors(work):
    """Each tensor of the state is cloned; the best value begins as infinity."""

    class BestWeights:
        def __init__(self, mode="min"):
            self.better = (lambda a, b: a < b) if mode == "min" else (lambda a, b: a > b)
            self.best = math.inf if mode == "min" else -math.inf
            self.kept = {}

        def update(self, value, model):
            if not self.better(value, self.best):
                return False
            self.best = value
            self.kept = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
            return True

        def restore(self, model):
            if not self.kept:
                raise RuntimeError("call update first")
            model.load_state_dict(self.kept, strict=True)

    return BestWeights


@alternative(exercise="best_weights")
def bytes_of_a_checkpoint(work):
    """The state is written into memory by torch.save and read again for each restore."""

    class BestWeights:
        def __init__(self, mode="min"):
            self.sign, self.value, self.buffer = (1 if mode == "min" else -1), None, None

        def update(self, value, model):
            if math.isnan(value) or (self.value is not None and not self.sign * value < self.sign * self.value):
                return False
            self.value, self.buffer = value, io.BytesIO()
            torch.save(model.state_dict(), self.buffer)
            return True

        def restore(self, model):
            if self.buffer is None:
                raise RuntimeError
            self.buffer.seek(0)
            model.load_state_dict(torch.load(self.buffer, weights_only=True))

    return BestWeights


@alternative(exercise="best_weights")
def copies_of_parameters_and_buffers(work):
    """Parameters and buffers are kept in two lists and copied back one by one."""

    class BestWeights:
        def __init__(self, mode="min"):
            self.mode, self.values = mode, []

        def update(self, value, model):
            pick = min if self.mode == "min" else max
            if value != value or (self.values and pick(self.values[-1], value) == self.values[-1]):
                return False
            self.values.append(value)
            self.tensors = [t.detach().clone() for t in [*model.parameters(), *model.buffers()]]
            return True

        @torch.no_grad()
        def restore(self, model):
            if not hasattr(self, "tensors"):
                raise RuntimeError("nothing to restore")
            for target, source in zip([*model.parameters(), *model.buffers()], self.tensors, strict=True):
                target.copy_(source)

    return BestWeights


# --- 4.5 checkpoint --------------------------------------------------------------------------------------------


def streams():
    """The random streams as plain data."""
    name, keys, pos, has_gauss, cached = np.random.get_state()
    return {
        "cpu": torch.get_rng_state(),
        "gpu": torch.cuda.get_rng_state_all(),
        "random": random.getstate(),
        "numpy": (name, [int(k) for k in keys], pos, has_gauss, cached),
    }


def set_streams(saved):
    torch.set_rng_state(saved["cpu"].cpu())
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all([state.cpu() for state in saved["gpu"]])
    random.setstate(saved["random"])
    np.random.set_state(saved["numpy"])


@alternative(exercise="checkpoint")
def written_from_memory(work):
    """The checkpoint is made in memory; only complete bytes reach the disk."""

    def save_checkpoint(path, model, optimizer, scheduler, epoch, best):
        parts = [part.state_dict() for part in (model, optimizer, scheduler)]
        buffer = io.BytesIO()
        torch.save({"parts": parts, "next": epoch + 1, "best": float(best), "streams": streams()}, buffer)
        temporary = f"{path}.tmp"
        Path(temporary).write_bytes(buffer.getvalue())
        Path(temporary).replace(path)

    def load_checkpoint(path, model, optimizer, scheduler):
        saved = torch.load(path, weights_only=True, map_location=torch.device("cpu"))
        for part, state in zip((model, optimizer, scheduler), saved["parts"], strict=True):
            part.load_state_dict(state)
        set_streams(saved["streams"])
        return saved["next"], saved["best"]

    return save_checkpoint, load_checkpoint


@alternative(exercise="checkpoint")
def temporary_file_of_any_name(work):
    """A temporary file with a name of tempfile's, renamed by Path.replace; NumPy's keys as a tensor, its device kept."""

    def save_checkpoint(path, model, optimizer, scheduler, epoch, best):
        path = Path(path)
        name, keys, pos, has_gauss, cached = np.random.get_state()
        state = {
            "model_state": model.state_dict(),
            "optimizer_state": optimizer.state_dict(),
            "scheduler_state": scheduler.state_dict(),
            "epoch": epoch,
            "best": torch.as_tensor(best, dtype=torch.float64),
            "rng": [
                torch.get_rng_state(),
                random.getstate(),
                name,
                torch.from_numpy(keys.astype(np.int64)),
                pos,
                has_gauss,
                cached,
            ],
            "cuda": [] if not torch.cuda.is_available() else torch.cuda.get_rng_state_all(),
        }
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        os.close(handle)
        try:
            torch.save(state, temporary)
        except BaseException:
            Path(temporary).unlink()
            raise
        Path(temporary).replace(path)

    def load_checkpoint(path, model, optimizer, scheduler):
        device = next(model.parameters()).device
        state = torch.load(path, map_location=device)
        scheduler.load_state_dict(state["scheduler_state"])
        optimizer.load_state_dict(state["optimizer_state"])
        model.load_state_dict(state["model_state"], strict=True)
        cpu, python, name, keys, pos, has_gauss, cached = state["rng"]
        torch.set_rng_state(cpu.cpu())
        random.setstate(python)
        np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), pos, has_gauss, cached))
        if state["cuda"]:
            torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
        return state["epoch"] + 1, state["best"].item()

    return save_checkpoint, load_checkpoint


@alternative(exercise="checkpoint")
def streams_as_json(work):
    """The small things are kept as a JSON text inside the checkpoint, the files are opened by hand."""

    def save_checkpoint(path, model, optimizer, scheduler, epoch, best):
        kind, keys, *rest = np.random.get_state()
        small = {
            "epoch": int(epoch),
            "best": float(best),
            "python": random.getstate(),
            "numpy": [kind, keys.tolist(), *rest],
        }
        partial_file = Path(path).parent / f".{Path(path).name}"
        try:
            with Path(partial_file).open("wb") as file:
                torch.save(
                    dict(
                        m=model.state_dict(),
                        o=optimizer.state_dict(),
                        s=scheduler.state_dict(),
                        small=json.dumps(small),
                        torch=torch.random.get_rng_state(),
                        cuda=torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None,
                    ),
                    file,
                )
            shutil.move(partial_file, path)
        except Exception:
            Path(partial_file).unlink()
            raise

    def load_checkpoint(path, model, optimizer, scheduler):
        with Path(path).open("rb") as file:
            loaded = torch.load(file, map_location=lambda storage, location: storage, weights_only=True)
        model.load_state_dict(loaded["m"])
        optimizer.load_state_dict(loaded["o"])
        scheduler.load_state_dict(loaded["s"])
        torch.random.set_rng_state(loaded["torch"])
        if loaded["cuda"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(loaded["cuda"])
        small = json.loads(loaded["small"])
        version, numbers, gauss = small["python"]
        random.setstate((version, tuple(numbers), gauss))
        np.random.set_state(small["numpy"])
        return 1 + small["epoch"], small["best"]

    return save_checkpoint, load_checkpoint


# --- 4.6 fit ---------------------------------------------------------------------------------------------------


@alternative(exercise="fit")
def loop_over_epochs_with_break(work):
    """A for loop that begins at the saved epoch and breaks; best.pt is saved after last.pt."""

    def fit(state, train_loader, val_loader, epochs, ckpt_dir, patience):
        Path(ckpt_dir).mkdir(exist_ok=True, parents=True)
        last, best_path = f"{ckpt_dir}/last.pt", f"{ckpt_dir}/best.pt"
        history, start, best, waited = {"train_loss": [], "val_loss": [], "lr": []}, 0, None, 0
        if Path(last).is_file():
            saved = state.load(last)
            history, start, best, waited = saved["history"], saved["epoch"] + 1, saved["best"], saved["waited"]
        for epoch in range(start, epochs):
            if waited >= patience:
                break
            lr = state.lr
            train_loss = state.train(train_loader)
            val_loss = state.validate(val_loader)
            state.schedule()
            history["train_loss"] += [train_loss]
            history["val_loss"] += [val_loss]
            history["lr"] += [lr]
            is_best = val_loss == val_loss and (best is None or val_loss < best)
            waited = 0 if is_best else waited + 1
            best = val_loss if is_best else best
            state.save(last, history=history, epoch=epoch, best=best, waited=waited)
            if is_best:
                state.save(best_path)
        state.load(best_path)
        return history

    return fit


@alternative(exercise="fit")
def rows_and_replay(work):
    """Only rows of numbers are saved; the best value and the bad epochs are worked out from them."""

    def fit(state, train_loader, val_loader, epochs, ckpt_dir, patience):
        folder = Path(ckpt_dir)
        folder.mkdir(parents=True, exist_ok=True)
        rows = state.load(folder / "last.pt")["rows"] if (folder / "last.pt").is_file() else []

        def bad_epochs():
            best, bad = math.inf, 0
            for row in rows:
                best, bad = (row[1], 0) if row[1] < best else (best, bad + 1)
            return bad

        while len(rows) < epochs and bad_epochs() < patience:
            lr = state.lr
            rows.append([state.train(train_loader), state.validate(val_loader), lr])
            if bad_epochs() == 0:
                state.save(str(folder / "best.pt"), rows=rows)
            state.schedule()
            state.save(str(folder / "last.pt"), rows=rows)
        state.load(folder / "best.pt")
        return {name: [row[i] for row in rows] for i, name in enumerate(("train_loss", "val_loss", "lr"))}

    return fit


@alternative(exercise="fit")
def best_is_a_copy_of_last(work):
    """best.pt is a copy of last.pt, made after it was saved; a counter object holds the rest."""

    class Progress:
        def __init__(self, **fields):
            self.fields = {"train_loss": [], "val_loss": [], "lr": [], "best": float("inf"), "bad": 0} | fields

        def add(self, train_loss, val_loss, lr):
            for name, value in (("train_loss", train_loss), ("val_loss", val_loss), ("lr", lr)):
                self.fields[name].append(value)
            improved = val_loss < self.fields["best"]
            self.fields["bad"] = 0 if improved else self.fields["bad"] + 1
            self.fields["best"] = val_loss if improved else self.fields["best"]
            return improved

    def fit(state, train_loader, val_loader, epochs, ckpt_dir, patience):
        ckpt_dir = Path(ckpt_dir)
        ckpt_dir.mkdir(parents=True, exist_ok=True)
        path = ckpt_dir / "last.pt"
        progress = Progress(**state.load(path)) if path.exists() else Progress()
        for _ in range(len(progress.fields["lr"]), epochs):
            if progress.fields["bad"] >= patience:
                break
            rate = float(state.lr)
            improved = progress.add(state.train(train_loader), state.validate(val_loader), rate)
            state.schedule()
            state.save(path, **progress.fields)
            if improved:
                shutil.copy(path, ckpt_dir / "best.pt")
        state.load(ckpt_dir / "best.pt")
        return {name: list(progress.fields[name]) for name in ("train_loss", "val_loss", "lr")}

    return fit


# --- 4.7 meters ------------------------------------------------------------------------------------------------


@alternative(exercise="meters")
def running_mean(work):
    """The mean is kept up to date itself; pairs are counted by bincount in one line each."""

    class Meter:
        def __init__(self):
            self.mean, self.n = float("nan"), 0

        def reset(self):
            self.__init__()

        def update(self, value, n=1):
            if n:
                value = float(torch.as_tensor(value).detach())
                self.mean = value if not self.n else self.mean + (value - self.mean) * n / (self.n + n)
                self.n += n

        def merge(self, other):
            self.update(other.mean, other.n)

        avg = property(lambda self: self.mean)

    class ConfusionMatrix:
        def __init__(self, num_classes):
            self.c = num_classes
            self.matrix = torch.zeros((num_classes, num_classes), dtype=torch.long)

        def update(self, predictions, targets):
            for p, t in zip(predictions.tolist(), targets.tolist()):
                self.matrix[t, p] += 1

        @property
        def accuracy(self):
            n = int(self.matrix.sum())
            return int(torch.diagonal(self.matrix).sum()) / n if n > 0 else float("nan")

    return Meter, ConfusionMatrix


@alternative(exercise="meters")
def lists_of_pairs(work):
    """Values and counts are kept in a list; pairs are added up by index_put_ with accumulate."""

    class Meter:
        def __init__(self):
            self.pairs = []

        def reset(self):
            self.pairs.clear()

        def update(self, value, n=1):
            self.pairs.append((value.item() if isinstance(value, torch.Tensor) else value, n))

        def merge(self, other):
            self.pairs.extend(other.pairs)

        @property
        def avg(self):
            try:
                return sum(v * n for v, n in self.pairs) / sum(n for _, n in self.pairs)
            except ZeroDivisionError:
                return math.nan

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            ones = torch.ones(len(targets), dtype=torch.int64)
            self.matrix.index_put_((targets.cpu(), predictions.cpu()), ones, accumulate=True)

    return Meter, ConfusionMatrix


@alternative(exercise="meters")
def product_of_one_hots(work):
    """One-hot matrices are multiplied; meters add tensors without graph in float64."""

    class Meter(work.Meter):
        def reset(self):
            self.total, self.count = torch.zeros((), dtype=torch.float64), 0

        def update(self, value, n=1):
            value = value.detach() if torch.is_tensor(value) else torch.tensor(float(value))
            self.total = self.total + value.double().cpu() * n
            self.count += n

        @property
        def avg(self):
            return (self.total / self.count).item() if self.count > 0 else float("nan")

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            rows, columns = (F.one_hot(t, len(self.matrix)).cpu() for t in (targets, predictions))
            self.matrix = self.matrix + rows.T @ columns

    return Meter, ConfusionMatrix


# --- 4.8 log_epoch ---------------------------------------------------------------------------------------------


@alternative(exercise="log_epoch")
def keywords_and_numpy(work):
    """Keyword arguments, histograms of NumPy arrays, training before validation name by name."""

    def log_epoch(writer, epoch, train, val, model):
        for name in dict.fromkeys([*train, *val]):
            for suffix, values in {"val": val, "train": train}.items():
                if name in values:
                    value = torch.as_tensor(values[name]).item()
                    writer.add_scalar(tag=name + "/" + suffix, scalar_value=float(value), global_step=epoch)
        for name, p in model.named_parameters():
            writer.add_histogram(tag=name, values=p.detach().cpu().numpy(), global_step=epoch)
        writer.flush()

    return log_epoch


@alternative(exercise="log_epoch")
def histograms_first(work):
    """Histograms first, under no_grad, of clones; then the numbers."""

    def log_epoch(writer, epoch, train, val, model):
        with torch.no_grad():
            for name, p in model.named_parameters():
                writer.add_histogram(name, p.clone(), epoch)
        for name in train:
            writer.add_scalar("%s/train" % name, float(train[name]), epoch)
        for name in val:
            writer.add_scalar("%s/val" % name, float(val[name]), epoch)
        writer.flush()

    return log_epoch


@alternative(exercise="log_epoch")
def data_of_parameters(work):
    """A dict of all tags is made first; histograms of .data."""

    def log_epoch(writer, epoch, train, val, model):
        tags = {f"{k}/train": v for k, v in train.items()} | {f"{k}/val": v for k, v in val.items()}
        for tag in sorted(tags):
            value = tags[tag]
            writer.add_scalar(tag, float(value.detach().cpu()) if hasattr(value, "detach") else float(value), epoch)
        list(map(lambda pair: writer.add_histogram(pair[0], pair[1].data, epoch), model.named_parameters()))
        writer.flush()

    return log_epoch


# --- 4.9 warmup_cosine -----------------------------------------------------------------------------------------


@alternative(exercise="warmup_cosine")
def a_scheduler_class(work):
    """A subclass of LRScheduler with get_lr; rates are read from the scheduler."""

    class WarmupCosine(LRScheduler):
        def __init__(self, optimizer, warmup, total):
            self.warmup, self.total = warmup, total
            super().__init__(optimizer)

        def get_lr(self):
            s = self.last_epoch
            if s >= self.total:
                factor = 0.0
            elif s >= self.warmup:
                factor = (math.cos((s - self.warmup) / (self.total - self.warmup) * math.pi) + 1) / 2
            else:
                factor = (s + 1) / (self.warmup + 1)
            return [base * factor for base in self.base_lrs]

    def warmup_cosine(optimizer, warmup, total):
        if warmup < 0 or total <= warmup:
            raise ValueError("bad lengths")
        return WarmupCosine(optimizer, warmup, total)

    def train_with_schedule(model, loader, loss_fn, optimizer, scheduler, epochs):
        rates = []
        model.train()
        for _ in range(epochs):
            for x, y in loader:
                loss = loss_fn(model(x), y)
                loss.backward()
                rates.append(list(scheduler.get_last_lr()))
                optimizer.step()
                optimizer.zero_grad()
                scheduler.step()
        return rates

    return warmup_cosine, train_with_schedule


@alternative(exercise="warmup_cosine")
def a_scheduler_by_hand(work):
    """No torch.optim.lr_scheduler at all: an object that sets the rates; batches chained over the epochs."""

    class Schedule:
        def __init__(self, optimizer, warmup, total):
            self.optimizer, self.warmup, self.total, self.steps = optimizer, warmup, total, 0
            self.base = [group["lr"] for group in optimizer.param_groups]
            self._set()

        def _set(self):
            s, w, t = self.steps, self.warmup, self.total
            factor = (s + 1) / (w + 1) if s < w else 0.5 + 0.5 * math.cos(math.pi * min(1, (s - w) / (t - w)))
            for base, group in zip(self.base, self.optimizer.param_groups):
                group["lr"] = base * factor

        def step(self):
            self.steps += 1
            self._set()

        def state_dict(self):
            return {"steps": self.steps, "base": list(self.base)}

        def load_state_dict(self, state):
            self.steps, self.base = state["steps"], list(state["base"])
            self._set()

    def warmup_cosine(optimizer, warmup, total):
        if not (warmup >= 0 and warmup < total):
            raise ValueError(warmup, total)
        return Schedule(optimizer, warmup, total)

    def train_with_schedule(model, loader, loss_fn, optimizer, scheduler, epochs):
        model.train()
        used = []
        for x, y in itertools.chain.from_iterable(loader for _ in range(epochs)):
            used.append([group["lr"] for group in optimizer.param_groups])
            optimizer.zero_grad(set_to_none=True)
            loss_fn(model(x), y).backward()
            optimizer.step()
            scheduler.step()
        return used

    return warmup_cosine, train_with_schedule


@alternative(exercise="warmup_cosine")
def sequential_schedules(work):
    """LinearLR, CosineAnnealingLR and a constant zero, one after the other in a SequentialLR."""

    def warmup_cosine(optimizer, warmup, total):
        if warmup < 0 or total <= warmup:
            raise ValueError("0 <= warmup < total")
        decay, over = CosineAnnealingLR(optimizer, total - warmup), None
        if warmup == 0:
            return LambdaLR(optimizer, lambda s: 0.0 if s >= total else 0.5 * (1 + math.cos(math.pi * s / total)))
        rise = LinearLR(optimizer, 1 / (warmup + 1), 1.0, total_iters=warmup)
        over = LambdaLR(optimizer, lambda s: 0.0)
        return SequentialLR(optimizer, [rise, decay, over], [warmup, total])

    return warmup_cosine


@alternative(exercise="warmup_cosine")
def partial_of_a_factor(work):
    """One function for each group, made by functools.partial."""

    def factor(warmup, total, s):
        rise = (s + 1) / (warmup + 1)
        fall = math.cos(math.pi / 2 * (min(s, total) - warmup) / (total - warmup)) ** 2
        return rise if s < warmup else fall

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError
        return LambdaLR(optimizer, [partial(factor, warmup, total) for _ in optimizer.param_groups])

    return warmup_cosine


# --- 4.10 load_config ------------------------------------------------------------------------------------------


@alternative(exercise="load_config")
def merge_that_returns(work):
    """A recursive function that returns a new dict; overrides become nested dicts and are merged alike."""

    def merged(base, new):
        for key in new:
            if key not in base:
                raise KeyError(key)
        out = {}
        for key, value in base.items():
            if isinstance(value, dict) and isinstance(new.get(key), dict):
                out[key] = merged(value, new[key])
            else:
                out[key] = copy.deepcopy(new.get(key, value))
        return out

    def load_config(path, overrides, defaults):
        with Path(path).open() as file:
            config = merged(defaults, json.load(file))
        for dotted, value in overrides.items():
            if isinstance(value, str):
                try:
                    value = json.loads(value)
                except ValueError:
                    pass
            config = _at(config, dotted.split("."), value)
        return config

    def _at(config, keys, value):
        if not isinstance(config, dict) or keys[0] not in config:
            raise KeyError(".".join(keys))
        inner = copy.deepcopy(value) if len(keys) == 1 else _at(config[keys[0]], keys[1:], value)
        return {**config, keys[0]: inner}

    return load_config


@alternative(exercise="load_config")
def flat_names(work):
    """All three are flattened to dotted names, laid over each other, and nested again."""

    def flat(nested, prefix=""):
        for key, value in nested.items():
            if isinstance(value, dict) and value:
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    def read(value):
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value

    def load_config(path, overrides, defaults):
        names = dict(flat(defaults))
        for layer in (dict(flat(json.loads(Path(path).read_text()))), {k: read(v) for k, v in overrides.items()}):
            for name, value in layer.items():
                if name not in names:
                    raise KeyError(name)
                names[name] = value
        nested = {}
        for name, value in names.items():
            *path_, last = name.split(".")
            place = reduce(lambda d, key: d.setdefault(key, {}), path_, nested)
            place[last] = copy.deepcopy(value)
        return nested

    return load_config


@alternative(exercise="load_config")
def copies_through_json(work):
    """json.loads(json.dumps(...)) makes the copies, a stack walks the file."""

    def load_config(path, overrides, defaults):
        config = json.loads(json.dumps(defaults))
        stack = [(config, json.loads(Path(path).read_text()))]
        while stack:
            place, new = stack.pop()
            for key, value in new.items():
                old = place[key]
                if isinstance(old, dict) and isinstance(value, dict):
                    stack.append((old, value))
                else:
                    place[key] = value
        for name, value in json.loads(json.dumps(overrides)).items():
            place, keys = config, name.split(".")
            for key in keys[:-1]:
                place = place[key]
                if not isinstance(place, dict):
                    raise KeyError(name)
            place[keys[-1]]
            try:
                place[keys[-1]] = json.loads(value)
            except (TypeError, ValueError):
                place[keys[-1]] = value
        return config

    return load_config


# --- 4.11 seed_everything --------------------------------------------------------------------------------------


@alternative(exercise="seed_everything")
def streams_in_another_order(work):
    """The generator is made first; torch.random, os.putenv's dict by update; orders in a loop."""

    def seed_everything(seed):
        generator = torch.Generator(device="cpu")
        generator.manual_seed(seed)
        os.environ.update(PYTHONHASHSEED=f"{seed}")
        torch.random.manual_seed(seed)
        torch.cuda.manual_seed_all(seed)
        np.random.seed(seed)
        random.seed(seed)
        return generator

    def shuffled_epochs(n, epochs, seed):
        g = seed_everything(seed)
        orders = []
        for _ in range(epochs):
            orders.append([int(i) for i in torch.randperm(n, generator=g)])
        return orders

    return seed_everything, shuffled_epochs


@alternative(exercise="seed_everything")
def cloned_global_generator(work):
    """The generator gets the state that the global one has right after seeding."""

    def seed_everything(seed):
        os.environ["PYTHONHASHSEED"] = repr(seed)
        random.Random.seed(random._inst, seed)
        np.random.seed(seed=seed)
        own = torch.Generator()
        own.set_state(torch.manual_seed(seed).get_state().clone())
        return own

    return seed_everything


@alternative(exercise="seed_everything")
def states_set_directly(work):
    """NumPy's and Python's streams get the states of freshly seeded generators."""

    def seed_everything(seed):
        torch.manual_seed(seed)
        random.setstate(random.Random(seed).getstate())
        np.random.set_state(np.random.RandomState(seed).get_state())
        os.environ["PYTHONHASHSEED"] = str(int(seed))
        generator = torch.Generator()
        generator.manual_seed(int(seed))
        return generator

    return seed_everything
