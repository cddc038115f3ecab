"""Wrong solutions of hw4 that students write, each with the hint that a teacher would give."""

from __future__ import annotations

import copy
import json
import math
import os
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from grader.authoring import misconception

# --- 4.1 train_one_epoch ---------------------------------------------------------------------------------------


def clipped(model, max_norm):
    """Clip as the reference does."""
    if max_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)


class Epoch:
    """`train_one_epoch` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, loader, loss_fn, optimizer, max_norm=None):
        self.before(model, optimizer)
        total, count = 0.0, 0
        for x, y in loader:
            total += self.batch(model, x, y, loss_fn, optimizer, max_norm) * len(x)
            count += len(x)
        return total / count

    def before(self, model, optimizer):
        model.train()

    def batch(self, model, x, y, loss_fn, optimizer, max_norm):
        optimizer.zero_grad()
        loss = loss_fn(self.outputs(model, x), y)
        loss.backward()
        self.clip(model, max_norm)
        optimizer.step()
        return loss.item()

    def outputs(self, model, x):
        return model(x)

    def clip(self, model, max_norm):
        clipped(model, max_norm)


@misconception(exercise="train_one_epoch")
def no_zero_grad(work):
    """backward() adds to what is in .grad: each step is made with the gradients of all batches so far."""

    class Wrong(Epoch):
        def batch(self, model, x, y, loss_fn, optimizer, max_norm):
            loss = loss_fn(model(x), y)
            loss.backward()
            clipped(model, max_norm)
            optimizer.step()
            return loss.item()

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def zero_grad_once_before_the_loop(work):
    """The gradients are cleared for the first batch of an epoch only; from the second on they pile up."""

    class Wrong(Epoch):
        def before(self, model, optimizer):
            model.train()
            optimizer.zero_grad()

        def batch(self, model, x, y, loss_fn, optimizer, max_norm):
            loss = loss_fn(model(x), y)
            loss.backward()
            clipped(model, max_norm)
            optimizer.step()
            return loss.item()

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def zero_grad_before_the_step(work):
    """When the optimizer takes its step there are no gradients, or none any more: the model learns nothing at all."""

    class Wrong(Epoch):
        def batch(self, model, x, y, loss_fn, optimizer, max_norm):
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            clipped(model, max_norm)
            optimizer.step()
            return loss.item()

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def mode_as_it_comes(work):
    """A model that someone has just evaluated is still in evaluation mode, and trains like that here."""

    class Wrong(Epoch):
        def before(self, model, optimizer):
            pass

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def tensor_as_loss(work):
    """What is summed up is a tensor, and it drags a graph along; a number for a log should be a Python float."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total, count = 0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            clipped(model, max_norm)
            optimizer.step()
            total += loss * len(x)
            count += len(x)
        return total / count

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def mean_of_batch_means(work):
    """Each batch counts the same here, so that the samples of a short last batch count more than all others."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        losses = [Epoch().batch(model, x, y, loss_fn, optimizer, max_norm) for x, y in loader]
        return sum(losses) / len(losses)

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def sum_of_batch_means(work):
    """The losses of the batches are added up and never divided, so that the result grows with the number of batches."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        return sum(Epoch().batch(model, x, y, loss_fn, optimizer, max_norm) for x, y in loader)

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def sum_over_batches_divided_by_samples(work):
    """Means of batches are added and divided by the number of samples: numerator and denominator count different things."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total, count = 0.0, 0
        for x, y in loader:
            total += Epoch().batch(model, x, y, loss_fn, optimizer, max_norm)
            count += len(x)
        return total / count

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def loss_of_the_last_batch(work):
    """What is returned after the loop is the loss of the last batch alone."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        for x, y in loader:
            loss = Epoch().batch(model, x, y, loss_fn, optimizer, max_norm)
        return loss

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def weighted_by_the_first_batch(work):
    """Every batch is weighted by the size of the first one, which a short last batch does not have."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        losses, sizes = [], []
        for x, y in loader:
            losses.append(Epoch().batch(model, x, y, loss_fn, optimizer, max_norm))
            sizes.append(len(x))
        return sum(loss * sizes[0] for loss in losses) / sum(sizes)

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def divides_by_the_dataset(work):
    """A loader may be a list, and may leave samples out: count those that really came."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total = 0.0
        for x, y in loader:
            total += Epoch().batch(model, x, y, loss_fn, optimizer, max_norm) * len(x)
        return total / len(loader.dataset)

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def softmax_before_the_loss(work):
    """The loss is given probabilities, but it expects raw outputs and has a softmax inside: here it is applied twice."""

    class Wrong(Epoch):
        def outputs(self, model, x):
            return torch.softmax(model(x), dim=1)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def loss_after_the_step(work):
    """The loss that is reported comes from a second forward pass, after the step that it should have been measured before."""

    class Wrong(Epoch):
        def batch(self, model, x, y, loss_fn, optimizer, max_norm):
            super().batch(model, x, y, loss_fn, optimizer, max_norm)
            return loss_fn(model(x), y).item()

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def not_clipped_in_time(work):
    """The optimizer sees the gradients as they are: clipping must come after they are complete and before they are used."""

    class Wrong(Epoch):
        def batch(self, model, x, y, loss_fn, optimizer, max_norm):
            loss = super().batch(model, x, y, loss_fn, optimizer, None)
            clipped(model, max_norm)
            return loss

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def clipped_by_value(work):
    """Each entry of a gradient is cut off on its own, which turns its direction; the task limits a length."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            if max_norm is not None:
                nn.utils.clip_grad_value_(model.parameters(), max_norm)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def clipped_each_on_its_own(work):
    """Each parameter is limited by its own norm, so that their proportions change; the limit is for all together."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            if max_norm is not None:
                for parameter in model.parameters():
                    nn.utils.clip_grad_norm_([parameter], max_norm)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def always_scaled_to_the_limit(work):
    """Gradients that are short already are stretched to the limit: a limit is not a target."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            if max_norm is not None:
                grads = [p.grad for p in model.parameters() if p.grad is not None]
                norm = torch.stack([g.norm() for g in grads]).norm()
                for g in grads:
                    g.mul_(max_norm / norm)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def clipped_by_the_largest_entry(work):
    """The length that is limited here is the largest entry, not the Euclidean norm of all entries together."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            if max_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), max_norm, norm_type=float("inf"))

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def clipped_without_being_asked(work):
    """Without a limit, gradients are clipped all the same, by a limit that nobody gave."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            clipped(model, max_norm or 1.0)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def every_gradient_expected(work):
    """The clipping code expects a gradient of each parameter; one that is frozen or unused has None."""

    class Wrong(Epoch):
        def clip(self, model, max_norm):
            if max_norm is not None:
                norm = sum((p.grad**2).sum() for p in model.parameters()) ** 0.5
                if norm > max_norm:
                    for p in model.parameters():
                        p.grad.mul_(max_norm / norm)

    return {"train_one_epoch": Wrong()}


@misconception(exercise="train_one_epoch")
def one_step_an_epoch(work):
    """The optimizer's step stands after the loop: only the gradients of the last batch are ever used."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total, count = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            clipped(model, max_norm)
            total += loss.item() * len(x)
            count += len(x)
        optimizer.step()
        return total / count

    return train_one_epoch


@misconception(exercise="train_one_epoch")
def return_inside_the_loop(work):
    """The function returns in the middle of the loop, after one batch: look at the indentation of its last line."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total, count = 0.0, 0
        for x, y in loader:
            total += Epoch().batch(model, x, y, loss_fn, optimizer, max_norm) * len(x)
            count += len(x)
            return total / count

    return train_one_epoch


# --- 4.2 evaluate ----------------------------------------------------------------------------------------------


class Evaluation:
    """`evaluate` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, loader, loss_fn):
        modes = {module: module.training for module in model.modules()}
        self.begin(model)
        rows = self.measure(model, loader, loss_fn)
        self.end(model, modes)
        return self.result(rows)

    def begin(self, model):
        model.eval()

    def measure(self, model, loader, loss_fn):
        with torch.no_grad():
            return self.rows(model, loader, loss_fn)

    def rows(self, model, loader, loss_fn):
        return [self.row(model(x), y, loss_fn) for x, y in loader]

    def row(self, outputs, y, loss_fn):
        return loss_fn(outputs, y).item(), (outputs.argmax(dim=1) == y).sum().item(), len(y)

    def end(self, model, modes):
        for module, mode in modes.items():
            module.training = mode

    def result(self, rows):
        count = sum(n for _, _, n in rows)
        return {"loss": sum(loss * n for loss, _, n in rows) / count, "acc": sum(right for _, right, _ in rows) / count}


@misconception(exercise="evaluate")
def evaluated_in_training_mode(work):
    """Dropout and batch norm are still in training mode, which switching off gradients does not change."""

    class Wrong(Evaluation):
        def begin(self, model):
            pass

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def evaluated_with_a_graph(work):
    """In evaluation mode a graph is recorded all the same, with memory for a backward pass that never comes."""

    class Wrong(Evaluation):
        def measure(self, model, loader, loss_fn):
            return self.rows(model, loader, loss_fn)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def left_in_evaluation_mode(work):
    """The model stays in evaluation mode, and whoever trains it next trains without dropout."""

    class Wrong(Evaluation):
        def end(self, model, modes):
            pass

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def always_set_to_training(work):
    """The model is put into training mode at the end, even if it came in evaluation mode."""

    class Wrong(Evaluation):
        def end(self, model, modes):
            model.train()

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def one_mode_for_all_modules(work):
    """Only the mode of the model itself is remembered and given to all of its parts; one of them may have had its own."""

    class Wrong(Evaluation):
        def end(self, model, modes):
            model.train(modes[model])

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def gradients_switched_off_for_good(work):
    """Gradients are switched off and never on again, so that the next training step of anybody fails."""

    class Wrong(Evaluation):
        def measure(self, model, loader, loss_fn):
            torch.set_grad_enabled(False)
            return self.rows(model, loader, loss_fn)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def frozen_to_evaluate(work):
    """The parameters are frozen for the evaluation, and stay so; it is the recording that should be off, for a while."""

    class Wrong(Evaluation):
        def measure(self, model, loader, loss_fn):
            for parameter in model.parameters():
                parameter.requires_grad = False
            return self.rows(model, loader, loss_fn)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def gradients_cleared(work):
    """The gradients of the model are thrown away, although the evaluation has nothing to do with them."""

    class Wrong(Evaluation):
        def begin(self, model):
            model.eval()
            model.zero_grad()

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def means_of_batch_means(work):
    """Loss and accuracy are averaged over batches, so that a small batch counts as much as a large one."""

    class Wrong(Evaluation):
        def result(self, rows):
            n = len(rows)
            return {"loss": sum(loss for loss, _, _ in rows) / n, "acc": sum(right / m for _, right, m in rows) / n}

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def loss_averaged_over_batches(work):
    """The accuracy is right, but the loss is averaged over batches, as if all were of the same size."""

    class Wrong(Evaluation):
        def result(self, rows):
            return super().result(rows) | {"loss": sum(loss for loss, _, _ in rows) / len(rows)}

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def accuracy_divided_by_batches(work):
    """The right answers are divided by the number of batches, so that the accuracy can exceed 1."""

    class Wrong(Evaluation):
        def result(self, rows):
            return super().result(rows) | {"acc": sum(right for _, right, _ in rows) / len(rows)}

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def accuracy_in_percent(work):
    """The accuracy comes in percent; the task asks for a share from 0 to 1."""

    class Wrong(Evaluation):
        def result(self, rows):
            found = super().result(rows)
            return found | {"acc": 100 * found["acc"]}

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def accuracy_as_a_tensor(work):
    """The accuracy is still a tensor; for a log or a comparison it should be a Python float."""

    class Wrong(Evaluation):
        def row(self, outputs, y, loss_fn):
            return loss_fn(outputs, y).item(), (outputs.argmax(dim=1) == y).sum(), len(y)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def largest_in_the_column(work):
    """The largest output is searched along the batch, not among the classes of each sample."""

    class Wrong(Evaluation):
        def row(self, outputs, y, loss_fn):
            best = outputs.argmax(dim=0)
            shared = min(len(best), len(y))
            return loss_fn(outputs, y).item(), (best[:shared] == y[:shared]).sum().item(), len(y)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def softmax_in_the_evaluation(work):
    """The accuracy survives a softmax, but the loss does not: it expects raw outputs."""

    class Wrong(Evaluation):
        def row(self, outputs, y, loss_fn):
            return super().row(torch.softmax(outputs, dim=1), y, loss_fn)

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def last_batch_only(work):
    """The numbers are set anew in each batch, so that those of the last batch remain."""

    class Wrong(Evaluation):
        def result(self, rows):
            return super().result(rows[-1:])

    return {"evaluate": Wrong()}


@misconception(exercise="evaluate")
def evaluation_by_the_dataset(work):
    """The size of the loader's dataset is not the number of samples that came, and a list of batches has none."""

    def evaluate(model, loader, loss_fn):
        found = Evaluation()
        modes = {module: module.training for module in model.modules()}
        model.eval()
        rows = found.measure(model, loader, loss_fn)
        found.end(model, modes)
        count = len(loader.dataset)
        return {"loss": sum(loss * n for loss, _, n in rows) / count, "acc": sum(right for _, right, _ in rows) / count}

    return evaluate


# --- 4.3 early_stopping ----------------------------------------------------------------------------------------


@misconception(exercise="early_stopping")
def one_epoch_too_long(work):
    """Training goes on for one epoch more than the patience allows: count the bad epochs of the table by hand."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            super().step(value)
            return self.bad_epochs > self.patience

    return EarlyStopping


@misconception(exercise="early_stopping")
def min_delta_ignored(work):
    """The smallest gain counts as progress, whatever min_delta says."""

    class EarlyStopping(work.EarlyStopping):
        def __init__(self, patience, min_delta=0, mode="min"):
            super().__init__(patience, 0, mode)

    return EarlyStopping


@misconception(exercise="early_stopping")
def min_delta_in_the_wrong_direction(work):
    """min_delta makes it easier instead of harder: even a value that is a little worse counts as progress."""

    class EarlyStopping(work.EarlyStopping):
        def __init__(self, patience, min_delta=0, mode="min"):
            super().__init__(patience, -min_delta, mode)

    return EarlyStopping


@misconception(exercise="early_stopping")
def min_delta_for_losses_only(work):
    """The margin is subtracted in both modes; think about which side of the best value it belongs on for an accuracy."""

    class EarlyStopping(work.EarlyStopping):
        def __init__(self, patience, min_delta=0, mode="min"):
            super().__init__(patience, min_delta if mode == "min" else -min_delta, mode)

    return EarlyStopping


@misconception(exercise="early_stopping")
def counter_never_reset(work):
    """Bad epochs are counted over the whole run; the patience is about epochs in a row."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            bad = self.bad_epochs
            super().step(value)
            self.bad_epochs = max(bad, bad + min(self.bad_epochs, 1))
            return self.bad_epochs >= self.patience

    return EarlyStopping


@misconception(exercise="early_stopping")
def plateau_counts_as_progress(work):
    """A value equal to the best one counts as progress, so that a plateau goes on for ever."""

    class EarlyStopping(work.EarlyStopping):
        def _is_progress(self, value):
            if self.best is None:
                return not math.isnan(value)
            if self.mode == "min":
                return value <= self.best - self.min_delta
            return value >= self.best + self.min_delta

        step = _step

    return EarlyStopping


def _step(self, value):
    """One step by the object's own notion of progress."""
    if self._is_progress(value):
        self.best, self.bad_epochs = value, 0
    else:
        self.bad_epochs += 1
    return self.bad_epochs >= self.patience


@misconception(exercise="early_stopping")
def nan_becomes_the_best(work):
    """Every comparison with NaN is false, so that asking whether a value is worse lets NaN in, and then all others."""

    class EarlyStopping(work.EarlyStopping):
        def _is_progress(self, value):
            if self.best is None:
                return True
            if self.mode == "min":
                return not value >= self.best - self.min_delta
            return not value <= self.best + self.min_delta

        step = _step

    return EarlyStopping


@misconception(exercise="early_stopping")
def first_nan_becomes_the_best(work):
    """The first value is taken as the best one unseen; if it is NaN, nothing will ever be better."""

    class EarlyStopping(work.EarlyStopping):
        def _is_progress(self, value):
            return self.best is None or super()._is_progress(value)

        step = _step

    return EarlyStopping


@misconception(exercise="early_stopping")
def nan_not_counted(work):
    """An epoch with NaN is skipped as if it had not been; it was an epoch without progress."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            return self.bad_epochs >= self.patience if math.isnan(value) else super().step(value)

    return EarlyStopping


@misconception(exercise="early_stopping")
def mode_ignored(work):
    """Lower is taken for better in both modes, so that a rising accuracy stops the training."""

    class EarlyStopping(work.EarlyStopping):
        def __init__(self, patience, min_delta=0, mode="min"):
            super().__init__(patience, min_delta, mode)
            self.mode = "min"

    return EarlyStopping


@misconception(exercise="early_stopping")
def compared_with_the_epoch_before(work):
    """Each value is compared with the one before it, not with the best: zigzag upwards looks like progress then."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            stop = super().step(value)
            self.best = value if not math.isnan(value) else self.best
            return stop

    return EarlyStopping


@misconception(exercise="early_stopping")
def best_follows_small_gains(work):
    """The best value moves with gains too small to count, so that many small gains never add up to progress."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            stop = super().step(value)
            if not math.isnan(value):
                self.best = value if self.best is None else (min if self.mode == "min" else max)(self.best, value)
            return stop

    return EarlyStopping


@misconception(exercise="early_stopping")
def first_value_counts_as_bad(work):
    """The first value beats nothing, but it is progress all the same: there was none before it."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            if self.best is None and not math.isnan(value):
                self.best = value
                self.bad_epochs += 1
                return self.bad_epochs >= self.patience
            return super().step(value)

    return EarlyStopping


@misconception(exercise="early_stopping")
def counter_cleared_by_the_stop(work):
    """After it has said stop, the counter begins anew; further bad epochs should go on saying stop."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            stop = super().step(value)
            if stop:
                self.bad_epochs = 0
            return stop

    return EarlyStopping


@misconception(exercise="early_stopping")
def says_stop_only_once(work):
    """Stop is said in one epoch only, the very one in which the count equals the patience; the next one says go on."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            super().step(value)
            return self.bad_epochs == self.patience

    return EarlyStopping


@misconception(exercise="early_stopping")
def none_for_go_on(work):
    """There is an answer for stop only; in all other epochs the function ends without one, which is None."""

    class EarlyStopping(work.EarlyStopping):
        def step(self, value):
            if super().step(value):
                return True

    return EarlyStopping


@misconception(exercise="early_stopping")
def zero_taken_for_none(work):
    """Zero is false in Python, so that a best value of 0.0 is taken for "none yet"."""

    class EarlyStopping(work.EarlyStopping):
        def _is_progress(self, value):
            return not math.isnan(value) if not self.best else super()._is_progress(value)

        step = _step

    return EarlyStopping


@misconception(exercise="early_stopping")
def any_mode_accepted(work):
    """A misspelt mode is taken for the other one without a word."""

    class EarlyStopping(work.EarlyStopping):
        def __init__(self, patience, min_delta=0, mode="min"):
            super().__init__(patience, min_delta, "min" if mode == "min" else "max")

    return EarlyStopping


@misconception(exercise="early_stopping")
def state_of_the_class(work):
    """The count and the best value belong to the class, so that all objects share them, in a second run too."""

    class EarlyStopping(work.EarlyStopping):
        shared = {"best": None, "bad_epochs": 0}

        def __init__(self, patience, min_delta=0, mode="min"):
            before = dict(type(self).shared)
            super().__init__(patience, min_delta, mode)
            type(self).shared = before

        best = property(lambda self: type(self).shared["best"], lambda self, v: type(self).shared.update(best=v))
        bad_epochs = property(
            lambda self: type(self).shared["bad_epochs"], lambda self, v: type(self).shared.update(bad_epochs=v)
        )

    return EarlyStopping


# --- 4.4 best_weights ------------------------------------------------------------------------------------------


@misconception(exercise="best_weights")
def reference_instead_of_copy(work):
    """state_dict() hands out the model's own tensors, so that what is kept goes on training."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            if better:
                self.state = model.state_dict()
            return better

    return BestWeights


@misconception(exercise="best_weights")
def parameters_without_buffers(work):
    """Only the parameters are kept; the running statistics stay those of the last epoch and do not fit the weights."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            if better:
                self.state = {name: p.detach().clone() for name, p in model.named_parameters()}
            return better

        def restore(self, model):
            if self.state is None:
                raise RuntimeError("nothing was kept yet")
            model.load_state_dict(self.state, strict=False)

    return BestWeights


@misconception(exercise="best_weights")
def keeps_every_epoch(work):
    """Each update replaces what is kept, so that the last weights come back and not the best."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            self.state = copy.deepcopy(model.state_dict())
            return better

    return BestWeights


@misconception(exercise="best_weights")
def best_value_not_remembered(work):
    """The value is compared with a best one that never changes, so that nearly every epoch looks like the best."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            self.value = None
            return better

    return BestWeights


@misconception(exercise="best_weights")
def better_than_the_epoch_before(work):
    """The value is compared with that of the epoch before: being better than yesterday is not being the best."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            self.value = value if not math.isnan(value) else self.value
            return better

    return BestWeights


@misconception(exercise="best_weights")
def mode_of_weights_ignored(work):
    """The lowest value wins in both modes; for an accuracy that is the worst epoch."""

    class BestWeights(work.BestWeights):
        def __init__(self, mode="min"):
            super().__init__("min")

    return BestWeights


@misconception(exercise="best_weights")
def ties_replace(work):
    """An equally good later epoch takes the place of the first one."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            if not better and value == self.value:
                self.state = copy.deepcopy(model.state_dict())
                return True
            return better

    return BestWeights


@misconception(exercise="best_weights")
def nan_taken_for_the_best(work):
    """The first value is kept unseen; if it is NaN, no comparison with it will ever be true."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            if self.state is None:
                self.value, self.state = value, copy.deepcopy(model.state_dict())
                return True
            return super().update(value, model)

    return BestWeights


@misconception(exercise="best_weights")
def no_answer_from_update(work):
    """The weights are kept in time, but nobody is told: update should say whether the value was better."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            super().update(value, model)

    return BestWeights


@misconception(exercise="best_weights")
def kept_tensors_handed_over(work):
    """The kept tensors become the model's own: an optimizer holds others, and training on changes what was kept."""

    class BestWeights(work.BestWeights):
        def restore(self, model):
            if self.state is None:
                raise RuntimeError("nothing was kept yet")
            model.load_state_dict(self.state, assign=True)

    return BestWeights


@misconception(exercise="best_weights")
def restores_once(work):
    """What was kept is given away by the first restore, so that there is nothing left for a second one."""

    class BestWeights(work.BestWeights):
        def restore(self, model):
            super().restore(model)
            self.state = None

    return BestWeights


@misconception(exercise="best_weights")
def zero_is_no_value(work):
    """Zero is false in Python, so that after a value of 0.0 anything looks better."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            self.value = self.value or None
            return super().update(value, model)

    return BestWeights


@misconception(exercise="best_weights")
def begins_anew_after_restoring(work):
    """Restoring forgets the best value, and the next epoch replaces the best weights, however bad it is."""

    class BestWeights(work.BestWeights):
        def restore(self, model):
            super().restore(model)
            self.value = None

    return BestWeights


@misconception(exercise="best_weights")
def mode_changed_by_restoring(work):
    """Restoring weights also switches the model to another mode, which nobody asked for."""

    class BestWeights(work.BestWeights):
        def restore(self, model):
            super().restore(model)
            model.eval()

    return BestWeights


@misconception(exercise="best_weights")
def returns_a_model(work):
    """The best model is kept as a copy and returned; the model that was given to restore is still the last one."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            if better:
                self.copy = copy.deepcopy(model)
            return better

        def restore(self, model):
            if self.state is None:
                raise RuntimeError("nothing was kept yet")
            return self.copy

    return BestWeights


@misconception(exercise="best_weights")
def nothing_to_restore(work):
    """Where nothing was kept, restore does nothing, and its caller believes in weights that are not the best."""

    class BestWeights(work.BestWeights):
        def restore(self, model):
            if self.state is not None:
                super().restore(model)

    return BestWeights


# --- 4.5 checkpoint --------------------------------------------------------------------------------------------


class Checkpoint:
    """`save_checkpoint` and `load_checkpoint` in pieces, so that a wrong solution changes one of them."""

    def save(self, path, model, optimizer, scheduler, epoch, best):
        found = self.contents(model, optimizer, scheduler) | {"epoch": epoch, "best": self.plain(best)}
        self.write(found, Path(path))

    def contents(self, model, optimizer, scheduler):
        parts = {
            "model": self.model_state(model),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
        }
        return parts | {"streams": self.streams()}

    def model_state(self, model):
        return model.state_dict()

    def streams(self):
        kind, keys, *rest = np.random.get_state()
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return {
            "torch": torch.get_rng_state(),
            "cuda": cuda,
            "python": random.getstate(),
            "numpy": [kind, keys.tolist(), *rest],
        }

    def plain(self, best):
        return float(best)

    def write(self, found, path):
        temporary = path.with_name(path.name + ".part")
        torch.save(found, temporary)
        temporary.replace(path)

    def load(self, path, model, optimizer, scheduler):
        found = self.read(path)
        self.put_back(found, model, optimizer, scheduler)
        if found["streams"]:
            self.put_back_streams(found["streams"])
        return self.start(found["epoch"]), found["best"]

    def read(self, path):
        return torch.load(path, map_location="cpu", weights_only=True)

    def put_back(self, found, model, optimizer, scheduler):
        model.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        scheduler.load_state_dict(found["scheduler"])

    def put_back_streams(self, streams):
        torch.set_rng_state(streams["torch"])
        if streams["cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(streams["cuda"])
        random.setstate(streams["python"])
        np.random.set_state(tuple(streams["numpy"]))

    def start(self, epoch):
        return epoch + 1

    def definitions(self):
        return {"save_checkpoint": self.save, "load_checkpoint": self.load}


@misconception(exercise="checkpoint")
def optimizer_not_saved(work):
    """The new optimizer begins without its memory of earlier gradients, so that the first steps after resuming differ."""

    class Wrong(Checkpoint):
        def put_back(self, found, model, optimizer, scheduler):
            model.load_state_dict(found["model"])
            scheduler.load_state_dict(found["scheduler"])
            for group, rate in zip(optimizer.param_groups, scheduler.get_last_lr(), strict=True):
                group["lr"] = rate

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def model_only(work):
    """The weights come back alone: neither the optimizer's memory nor the learning rate is that of the interrupted run."""

    class Wrong(Checkpoint):
        def put_back(self, found, model, optimizer, scheduler):
            model.load_state_dict(found["model"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def scheduler_not_saved(work):
    """The schedule begins anew after resuming, so that the next change of the learning rate comes too late."""

    class Wrong(Checkpoint):
        def put_back(self, found, model, optimizer, scheduler):
            model.load_state_dict(found["model"])
            optimizer.load_state_dict(found["optimizer"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def random_streams_not_saved(work):
    """Shuffling, dropout and noise draw other numbers after resuming than they would have drawn without a break."""

    class Wrong(Checkpoint):
        def streams(self):
            return {}

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def torch_stream_only(work):
    """torch's random stream comes back, but code that uses Python's or NumPy's draws other numbers than before."""

    class Wrong(Checkpoint):
        def put_back_streams(self, streams):
            torch.set_rng_state(streams["torch"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def numpy_stream_forgotten(work):
    """Two of the three global random streams come back; augmentations that use NumPy draw other numbers."""

    class Wrong(Checkpoint):
        def put_back_streams(self, streams):
            torch.set_rng_state(streams["torch"])
            random.setstate(streams["python"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def python_stream_forgotten(work):
    """Two of the three global random streams come back; code that uses Python's `random` draws other numbers."""

    class Wrong(Checkpoint):
        def put_back_streams(self, streams):
            torch.set_rng_state(streams["torch"])
            np.random.set_state(tuple(streams["numpy"]))

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def half_of_the_numpy_stream(work):
    """NumPy's stream also remembers the second half of a normal pair; without it the next normal number is another one."""

    class Wrong(Checkpoint):
        def put_back_streams(self, streams):
            kind, keys, position, *_ = streams["numpy"]
            super().put_back_streams(streams | {"numpy": [kind, keys, position, 0, 0.0]})

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def seeded_when_loading(work):
    """Seeding anew begins the streams from their start, and not from where the interrupted run was."""

    class Wrong(Checkpoint):
        def put_back_streams(self, streams):
            random.seed(0)
            np.random.seed(0)
            torch.manual_seed(0)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def epoch_trained_twice(work):
    """The epoch that was finished when the checkpoint was made is trained once more after resuming."""

    class Wrong(Checkpoint):
        def start(self, epoch):
            return epoch

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def best_forgotten(work):
    """Without the best value so far, the first epoch after resuming counts as the best one, whatever it is like."""

    class Wrong(Checkpoint):
        def load(self, path, model, optimizer, scheduler):
            return super().load(path, model, optimizer, scheduler)[0], float("inf")

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def whole_model_pickled(work):
    """Pickling the model object stores a reference to its code: torch.load refuses that by default, for good reasons."""

    class Wrong(Checkpoint):
        def model_state(self, model):
            return model

        def read(self, path):
            return torch.load(path, map_location="cpu", weights_only=False)

        def put_back(self, found, model, optimizer, scheduler):
            super().put_back(found | {"model": found["model"].state_dict()}, model, optimizer, scheduler)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def buffers_not_saved(work):
    """Parameters alone are not the state of a model: batch norm evaluates with statistics that are kept in buffers."""

    class Wrong(Checkpoint):
        def model_state(self, model):
            return dict(model.named_parameters())

        def put_back(self, found, model, optimizer, scheduler):
            model.load_state_dict(found["model"], strict=False)
            optimizer.load_state_dict(found["optimizer"])
            scheduler.load_state_dict(found["scheduler"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def numpy_number_in_the_file(work):
    """A NumPy number looks like a float but is an object of NumPy's, which a safe torch.load does not read."""

    class Wrong(Checkpoint):
        def plain(self, best):
            return best

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def loads_anything(work):
    """The file holds NumPy's own arrays, and to read them all safety is switched off: code in a file would be run."""

    class Wrong(Checkpoint):
        def streams(self):
            return super().streams() | {"numpy": np.random.get_state()}

        def read(self, path):
            return torch.load(path, map_location="cpu", weights_only=False)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def unsafe_for_no_reason(work):
    """The checkpoint is plain data, yet loading is told to accept anything, so that code in a file would be run."""

    class Wrong(Checkpoint):
        def read(self, path):
            return torch.load(path, map_location="cpu", weights_only=False)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def missing_names_accepted(work):
    """A checkpoint of another model is taken without an error, and part of the weights stays random."""

    class Wrong(Checkpoint):
        def put_back(self, found, model, optimizer, scheduler):
            model.load_state_dict(found["model"], strict=False)
            optimizer.load_state_dict(found["optimizer"])
            scheduler.load_state_dict(found["scheduler"])

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def no_map_location(work):
    """Tensors come back to the device that they were saved from; a machine without a GPU has to be told where to."""

    class Wrong(Checkpoint):
        def read(self, path):
            return torch.load(path, weights_only=True)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def written_in_place(work):
    """The old checkpoint is overwritten while the new one is written: if that fails, neither is left."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            torch.save(found, path)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def old_file_removed_first(work):
    """The old checkpoint is deleted before the new one is there; in between, there is none."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            path.unlink(missing_ok=True)
            super().write(found, path)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def error_swallowed(work):
    """The error of a save that failed is caught and forgotten: the run goes on without checkpoints, and nobody knows."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            try:
                super().write(found, path)
            except Exception as error:  # noqa: BLE001
                self.error = error

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def temporary_file_left(work):
    """The temporary file is copied to its final name and stays behind, once for each checkpoint."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            temporary = path.with_name(path.name + ".part")
            torch.save(found, temporary)
            complete = temporary.read_bytes()
            path.write_bytes(complete)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def suffix_replaced(work):
    """The name that was asked for is changed: only part of it survives, so that nobody finds the file under its name."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            super().write(found, path.with_suffix(".pt"))

        def read(self, path):
            return super().read(Path(path).with_suffix(".pt"))

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def stream_moved_by_saving(work):
    """Saving draws a random number, for the name of a file say, and from then on the run is another one."""

    class Wrong(Checkpoint):
        def write(self, found, path):
            temporary = path.with_name(f"{path.name}.{random.randrange(10**6)}")
            torch.save(found, temporary)
            temporary.replace(path)

    return Wrong().definitions()


@misconception(exercise="checkpoint")
def evaluation_mode_for_saving(work):
    """The model is put into evaluation mode to be saved, and stays so: the epochs that follow train without dropout."""

    class Wrong(Checkpoint):
        def model_state(self, model):
            return model.eval().state_dict()

    return Wrong().definitions()


# --- 4.6 fit ---------------------------------------------------------------------------------------------------


class Fit:
    """`fit` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, state, train_loader, val_loader, epochs, ckpt_dir, patience):
        self.state, self.loaders, self.epochs, self.patience = state, (train_loader, val_loader), epochs, patience
        self.folder = Path(ckpt_dir)
        self.make_folder()
        self.last, self.best_file = self.folder / "last.pt", self.folder / "best.pt"
        self.run = self.fresh()
        if self.last.exists():
            self.resume()
        self.begin()
        while self.goes_on():
            self.epoch()
        self.end()
        return self.run["history"]

    def make_folder(self):
        self.folder.mkdir(parents=True, exist_ok=True)

    def fresh(self):
        return {"history": {"train_loss": [], "val_loss": [], "lr": []}, "best": math.inf, "bad_epochs": 0}

    def resume(self):
        self.run = self.state.load(self.last)

    def begin(self):
        pass

    def done(self):
        return len(self.run["history"]["lr"])

    def goes_on(self):
        return self.done() < self.epochs and self.run["bad_epochs"] < self.patience

    def epoch(self):
        lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
        self.note(lr, train_loss, self.state.validate(self.loaders[1]))
        self.state.schedule()
        self.save_last()

    def note(self, lr, train_loss, val_loss):
        for name, value in (("train_loss", train_loss), ("val_loss", val_loss), ("lr", lr)):
            self.run["history"][name].append(value)
        self.run["bad_epochs"] += 1
        if self.is_best(val_loss):
            self.run["best"], self.run["bad_epochs"] = val_loss, 0
            self.state.save(self.best_file)

    def is_best(self, val_loss):
        return val_loss < self.run["best"]

    def save_last(self):
        self.state.save(self.last, **self.run)

    def end(self):
        if self.best_file.exists():
            self.state.load(self.best_file)


@misconception(exercise="fit")
def validates_before_training(work):
    """The validation loss of an epoch is that of the weights before it: training comes first."""

    class Wrong(Fit):
        def epoch(self):
            val_loss = self.state.validate(self.loaders[1])
            lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
            self.note(lr, train_loss, val_loss)
            self.state.schedule()
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def saves_before_the_schedule(work):
    """last.pt is saved one step of the schedule too early, so that a resumed run trains with an old learning rate."""

    class Wrong(Fit):
        def epoch(self):
            lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
            self.note(lr, train_loss, self.state.validate(self.loaders[1]))
            self.save_last()
            self.state.schedule()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def schedules_before_training(work):
    """The schedule moves on before the epoch that it should follow, so that the first learning rate is never used."""

    class Wrong(Fit):
        def epoch(self):
            self.state.schedule()
            lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
            self.note(lr, train_loss, self.state.validate(self.loaders[1]))
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def never_schedules(work):
    """The learning rate is the same in all epochs: nobody moves the schedule on."""

    class Wrong(Fit):
        def epoch(self):
            lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
            self.note(lr, train_loss, self.state.validate(self.loaders[1]))
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def validates_on_the_training_data(work):
    """The validation loss comes from the data that the model was trained on, so that it cannot show overfitting."""

    class Wrong(Fit):
        def epoch(self):
            lr, train_loss = self.state.lr, self.state.train(self.loaders[0])
            self.note(lr, train_loss, self.state.validate(self.loaders[0]))
            self.state.schedule()
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def rate_of_the_next_epoch(work):
    """The learning rate is noted after the schedule has moved on: that is the rate of the next epoch."""

    class Wrong(Fit):
        def epoch(self):
            train_loss = self.state.train(self.loaders[0])
            self.note(self.state.lr, train_loss, self.state.validate(self.loaders[1]))
            self.state.schedule()
            self.run["history"]["lr"][-1] = self.state.lr
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def best_saved_every_epoch(work):
    """best.pt is written after every epoch, so that in the end it is the same as last.pt."""

    class Wrong(Fit):
        def note(self, lr, train_loss, val_loss):
            super().note(lr, train_loss, val_loss)
            self.state.save(self.best_file)

    return {"fit": Wrong()}


@misconception(exercise="fit")
def best_of_equals_is_the_last(work):
    """An equally low loss replaces best.pt and counts as progress; lower was asked for."""

    class Wrong(Fit):
        def is_best(self, val_loss):
            return val_loss <= self.run["best"]

    return {"fit": Wrong()}


@misconception(exercise="fit")
def better_than_the_loss_before(work):
    """Each loss is compared with that of the epoch before; the best epoch has to beat all of them."""

    class Wrong(Fit):
        def is_best(self, val_loss):
            before = self.run["history"]["val_loss"][:-1]
            return not before or val_loss < before[-1]

    return {"fit": Wrong()}


@misconception(exercise="fit")
def history_restarts(work):
    """After resuming, the history holds the new epochs only: the curve has lost its beginning."""

    class Wrong(Fit):
        def done(self):
            return self.run.get("before", 0) + super().done()

        def resume(self):
            super().resume()
            self.run["before"] = self.done()
            self.run["history"] = self.fresh()["history"]

    return {"fit": Wrong()}


@misconception(exercise="fit")
def patience_restarts(work):
    """The count of bad epochs begins at zero after resuming, so that each interruption buys new patience."""

    class Wrong(Fit):
        def resume(self):
            super().resume()
            self.run["bad_epochs"] = 0

    return {"fit": Wrong()}


@misconception(exercise="fit")
def best_value_restarts(work):
    """The lowest loss so far is forgotten by an interruption, and the next epoch overwrites best.pt, however bad it is."""

    class Wrong(Fit):
        def resume(self):
            super().resume()
            self.run["best"] = math.inf

    return {"fit": Wrong()}


@misconception(exercise="fit")
def ends_with_the_last_weights(work):
    """After training, the model has the weights of the last epoch, although better ones were saved."""

    class Wrong(Fit):
        def end(self):
            pass

    return {"fit": Wrong()}


@misconception(exercise="fit")
def last_overwritten_by_best(work):
    """last.pt is written again after the best weights were loaded, so that a longer run goes on from the wrong epoch."""

    class Wrong(Fit):
        def end(self):
            super().end()
            self.save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def resumes_from_the_best(work):
    """The run goes on from the weights of the best epoch, while its history goes on from the last one."""

    class Wrong(Fit):
        def resume(self):
            super().resume()
            self.state.load(self.best_file)

    return {"fit": Wrong()}


@misconception(exercise="fit")
def never_resumes(work):
    """Each call begins at the first epoch and overwrites what an earlier one has left."""

    class Wrong(Fit):
        def resume(self):
            pass

    return {"fit": Wrong()}


@misconception(exercise="fit")
def state_not_loaded(work):
    """The numbers of the earlier epochs come back, but the weights, optimizer and schedule of a fresh state go on."""

    class Wrong(Fit):
        def resume(self):
            self.run = torch.load(self.last, map_location="cpu", weights_only=True)["extra"]

    return {"fit": Wrong()}


@misconception(exercise="fit")
def all_epochs_once_more(work):
    """After resuming, `epochs` more epochs are trained; it is the number of all epochs in total."""

    class Wrong(Fit):
        def resume(self):
            super().resume()
            self.epochs += self.done()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def one_epoch_repeated(work):
    """The epoch that was finished last is trained once more after resuming."""

    class Wrong(Fit):
        def done(self):
            return super().done() - self.run.get("repeated", 0)

        def resume(self):
            super().resume()
            self.run["repeated"] = self.run.get("repeated", 0) + 1

    return {"fit": Wrong()}


@misconception(exercise="fit")
def never_stops_early(work):
    """The patience is not looked at: all epochs are trained, however bad they are."""

    class Wrong(Fit):
        def goes_on(self):
            return self.done() < self.epochs

    return {"fit": Wrong()}


@misconception(exercise="fit")
def stops_one_epoch_late(work):
    """One bad epoch more is trained than the patience allows."""

    class Wrong(Fit):
        def goes_on(self):
            return self.done() < self.epochs and self.run["bad_epochs"] <= self.patience

    return {"fit": Wrong()}


@misconception(exercise="fit")
def bad_epochs_of_the_whole_run(work):
    """Bad epochs are counted over the whole run, although the patience is about epochs in a row."""

    class Wrong(Fit):
        def note(self, lr, train_loss, val_loss):
            bad = self.run["bad_epochs"]
            super().note(lr, train_loss, val_loss)
            self.run["bad_epochs"] = bad + min(self.run["bad_epochs"], 1)

    return {"fit": Wrong()}


@misconception(exercise="fit")
def break_before_saving(work):
    """The loop is left before the last epoch is saved, so that a second call trains that epoch again."""

    class Wrong(Fit):
        def save_last(self):
            if self.run["bad_epochs"] < self.patience:
                super().save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def stop_asked_after_the_epoch(work):
    """Whether to stop is asked after an epoch only, so that a run that has ended trains another one when it is called again."""

    class Wrong(Fit):
        def begin(self):
            if self.run["bad_epochs"] >= self.patience and self.done() < self.epochs:
                self.epoch()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def last_saved_when_better(work):
    """last.pt is saved only in epochs that were the best so far, so that the others are lost by an interruption."""

    class Wrong(Fit):
        def save_last(self):
            if self.run["bad_epochs"] == 0:
                super().save_last()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def saved_at_the_end_only(work):
    """There is no checkpoint until all epochs are done, which is when nobody needs one any more."""

    class Wrong(Fit):
        def save_last(self):
            pass

        def end(self):
            super().save_last()
            super().end()

    return {"fit": Wrong()}


@misconception(exercise="fit")
def folder_expected(work):
    """The folder is taken to exist, and the first save fails where it does not."""

    class Wrong(Fit):
        def make_folder(self):
            pass

    return {"fit": Wrong()}


@misconception(exercise="fit")
def folder_of_one_level(work):
    """Only the last folder of the path is made; the ones above it may be missing, too."""

    class Wrong(Fit):
        def make_folder(self):
            self.folder.mkdir(exist_ok=True)

    return {"fit": Wrong()}


@misconception(exercise="fit")
def nan_counts_as_lower(work):
    """Asking whether the loss is *not higher* lets NaN through, and after it nothing is compared properly."""

    class Wrong(Fit):
        def is_best(self, val_loss):
            return not val_loss >= self.run["best"]

    return {"fit": Wrong()}


# --- 4.7 meters ------------------------------------------------------------------------------------------------


@misconception(exercise="meters")
def mean_of_values(work):
    """Each value counts once, whatever number of samples it stands for."""

    class Meter(work.Meter):
        def update(self, value, n=1):
            if n:
                super().update(value, 1)

    return Meter


@misconception(exercise="meters")
def samples_only_below_the_line(work):
    """The values are added once each but divided by the number of samples: above and below the line, the same must count."""

    class Meter(work.Meter):
        def update(self, value, n=1):
            super().update(value, 1)
            self.count += n - 1

    return Meter


@misconception(exercise="meters")
def meter_of_tensors(work):
    """The sum stays a tensor with a graph, so that every batch of the epoch is kept alive, and so is the mean."""

    class Meter(work.Meter):
        def update(self, value, n=1):
            self.total = self.total + value * n
            self.count += n

    return Meter


@misconception(exercise="meters")
def detached_tensors(work):
    """The graph is gone, but the mean is still a tensor where a Python float was promised."""

    class Meter(work.Meter):
        def update(self, value, n=1):
            self.total = self.total + (value.detach() if torch.is_tensor(value) else value) * n
            self.count += n

    return Meter


@misconception(exercise="meters")
def division_by_zero(work):
    """Without samples there is nothing to divide by; what the mean is then should be said, not crash."""

    class Meter(work.Meter):
        def reset(self):
            self.total, self.count = 0, 0

        @property
        def avg(self):
            return self.total / self.count

    return Meter


@misconception(exercise="meters")
def zero_without_samples(work):
    """A mean of 0 without any sample looks like a perfect loss; there is a number that says "no number"."""

    class Meter(work.Meter):
        @property
        def avg(self):
            return self.total / self.count if self.count else 0.0

    return Meter


@misconception(exercise="meters")
def small_number_below_the_line(work):
    """A small number below the line avoids the division by zero, but it bends every mean and calls the empty one 0."""

    class Meter(work.Meter):
        @property
        def avg(self):
            return self.total / (self.count + 1e-2)

    return Meter


@misconception(exercise="meters")
def integer_division(work):
    """The mean is cut to a whole number."""

    class Meter(work.Meter):
        @property
        def avg(self):
            return self.total // self.count if self.count else math.nan

    return Meter


@misconception(exercise="meters")
def mean_of_two_means(work):
    """Merging takes the mean of the two means, as if both meters had the same number of samples."""

    class Meter(work.Meter):
        def merge(self, other):
            count = self.count + other.count
            self.total, self.count = (self.avg + other.avg) / 2 * count, count

    return Meter


@misconception(exercise="meters")
def mean_merged_as_one_value(work):
    """The other meter is added as a single value, although it stands for many samples."""

    class Meter(work.Meter):
        def merge(self, other):
            if other.count:
                self.update(other.avg)

    return Meter


@misconception(exercise="meters")
def merge_empties_the_other(work):
    """The other meter is empty after merging; it should stay as it is."""

    class Meter(work.Meter):
        def merge(self, other):
            super().merge(other)
            other.reset()

    return Meter


@misconception(exercise="meters")
def merge_makes_a_new_meter(work):
    """The merged samples are in a new meter that is returned; the one that was asked to merge has not changed."""

    class Meter(work.Meter):
        def merge(self, other):
            merged = type(self)()
            merged.total, merged.count = self.total + other.total, self.count + other.count
            return merged

    return Meter


@misconception(exercise="meters")
def reset_forgets_half(work):
    """After a reset the old number of samples is still there, so that all means are too small from then on."""

    class Meter(work.Meter):
        def __init__(self):
            self.count = 0
            self.reset()

        def reset(self):
            self.total = 0.0

    return Meter


@misconception(exercise="meters")
def rows_predicted(work):
    """Rows are the predicted classes and columns the true ones: the other way round was asked for."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            super().update(targets, predictions)

    return ConfusionMatrix


@misconception(exercise="meters")
def repeated_pairs_counted_once(work):
    """A pair that occurs several times in a batch counts once: look at the example with the index tensor again."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            self.matrix[targets.cpu(), predictions.cpu()] += 1

    return ConfusionMatrix


@misconception(exercise="meters")
def matrix_of_the_last_batch(work):
    """Each batch makes a new matrix; it should count all batches so far."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            self.matrix = torch.zeros_like(self.matrix)
            super().update(predictions, targets)

    return ConfusionMatrix


@misconception(exercise="meters")
def matrix_of_floats(work):
    """Counts are whole numbers; these are floats, which is what torch.zeros makes unless told otherwise."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def __init__(self, num_classes):
            self.matrix = torch.zeros(num_classes, num_classes)

    return ConfusionMatrix


@misconception(exercise="meters")
def matrix_without_missing_classes(work):
    """The matrix is as large as the classes that occur; the number of classes was given."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            size = int(torch.cat([predictions, targets]).max()) + 1 if len(targets) else 0
            pairs = torch.bincount(targets.cpu() * size + predictions.cpu(), minlength=size * size).reshape(size, size)
            wide = max(size, len(self.matrix)) if self.matrix.any() else size
            counted = torch.zeros(wide, wide, dtype=torch.int64)
            kept = min(len(self.matrix), wide)
            counted[:kept, :kept] += self.matrix[:kept, :kept]
            counted[:size, :size] += pairs
            self.matrix = counted

    return ConfusionMatrix


@misconception(exercise="meters")
def accuracy_per_class_count(work):
    """The right predictions are divided by the number of classes, not by the number of predictions."""

    class ConfusionMatrix(work.ConfusionMatrix):
        @property
        def accuracy(self):
            return self.matrix.trace().item() / len(self.matrix) if self.matrix.any() else math.nan

    return ConfusionMatrix


@misconception(exercise="meters")
def accuracy_as_tensor(work):
    """The accuracy comes as a tensor where a Python float was promised."""

    class ConfusionMatrix(work.ConfusionMatrix):
        @property
        def accuracy(self):
            return self.matrix.trace() / self.matrix.sum()

    return ConfusionMatrix


@misconception(exercise="meters")
def accuracy_zero_without_samples(work):
    """Without predictions the accuracy is called 0, as if all of them had been wrong."""

    class ConfusionMatrix(work.ConfusionMatrix):
        @property
        def accuracy(self):
            return self.matrix.trace().item() / max(1, self.matrix.sum().item())

    return ConfusionMatrix


@misconception(exercise="meters")
def accuracy_divides_by_zero(work):
    """The accuracy of no predictions at all divides by zero; a report that asks for it too early should not crash."""

    class ConfusionMatrix(work.ConfusionMatrix):
        @property
        def accuracy(self):
            return self.matrix.trace().item() / self.matrix.sum().item()

    return ConfusionMatrix


# --- 4.8 log_epoch ---------------------------------------------------------------------------------------------


def number(value):
    """A Python float of a number or tensor."""
    return float(value.item() if torch.is_tensor(value) else value)


class Log:
    """`log_epoch` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, writer, epoch, train, val, model):
        step = self.step(epoch)
        self.scalars(writer, step, train, val)
        self.histograms(writer, step, model)
        self.end(writer)

    def step(self, epoch):
        return epoch

    def scalars(self, writer, step, train, val):
        for part, numbers in (("train", train), ("val", val)):
            for name, value in numbers.items():
                writer.add_scalar(self.tag(name, part), self.number(value), step)

    def tag(self, name, part):
        return f"{name}/{part}"

    def number(self, value):
        return number(value)

    def histograms(self, writer, step, model):
        for name, parameter in model.named_parameters():
            writer.add_histogram(name, self.values(parameter), step)

    def values(self, parameter):
        return parameter.detach()

    def end(self, writer):
        writer.flush()


@misconception(exercise="log_epoch")
def own_counter_of_steps(work):
    """The function counts its calls itself, so that a resumed run draws over the beginning of its own curves."""

    class Wrong(Log):
        def __call__(self, writer, epoch, train, val, model):
            self.calls = getattr(writer, "calls_of_log_epoch", -1) + 1
            writer.calls_of_log_epoch = self.calls
            super().__call__(writer, epoch, train, val, model)

        def step(self, epoch):
            return self.calls

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def no_step(work):
    """Nothing is said about the step, so that all values of a curve lie on top of each other."""

    class Wrong(Log):
        def step(self, epoch):
            return None

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def steps_from_one(work):
    """The curves are shifted by one against the epochs."""

    class Wrong(Log):
        def step(self, epoch):
            return epoch + 1

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def histograms_without_step(work):
    """The numbers have their step, the histograms have none: they cannot be put in order."""

    class Wrong(Log):
        def histograms(self, writer, step, model):
            super().histograms(writer, None, model)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def one_tag_for_both(work):
    """Training and validation are written under the same tag, so that one curve jumps between the two."""

    class Wrong(Log):
        def tag(self, name, part):
            return name

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def tag_the_other_way_round(work):
    """The tag begins with the part, so that loss and accuracy share a group instead of training and validation."""

    class Wrong(Log):
        def tag(self, name, part):
            return f"{part}/{name}"

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def parts_swapped(work):
    """The numbers of validation are written as those of training and the other way round."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            super().scalars(writer, step, val, train)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def tensors_written(work):
    """Tensors go to the writer as they are; some writers keep them, and with them a graph."""

    class Wrong(Log):
        def number(self, value):
            return value

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def rounded_numbers(work):
    """The numbers are rounded before they are written: late in training, all differences are in the digits that are lost."""

    class Wrong(Log):
        def number(self, value):
            return round(number(value), 2)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def names_of_training_only(work):
    """The names are taken from the training numbers; validation may have others."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            for name in train:
                writer.add_scalar(f"{name}/train", number(train[name]), step)
                if name in val:
                    writer.add_scalar(f"{name}/val", number(val[name]), step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def both_dicts_with_the_same_names(work):
    """Each name is looked up in both dicts, and one that only one of them has ends in a KeyError."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            for name in train:
                writer.add_scalar(f"{name}/train", number(train[name]), step)
                writer.add_scalar(f"{name}/val", number(val[name]), step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def loss_only(work):
    """Only the loss is written, whatever else was measured."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            for part, numbers in (("train", train), ("val", val)):
                if "loss" in numbers:
                    writer.add_scalar(f"loss/{part}", number(numbers["loss"]), step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def add_scalars_used(work):
    """add_scalars draws several curves under one main tag, which is something else than a scalar under each tag."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            for name in {**train, **val}:
                found = {"train": train, "val": val}
                curves = {part: number(numbers[name]) for part, numbers in found.items() if name in numbers}
                writer.add_scalars(name, curves, step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def writer_closed(work):
    """The writer is closed at the end of the epoch, and the next epoch has nothing to write with."""

    class Wrong(Log):
        def end(self, writer):
            writer.flush()
            writer.close()

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def closed_instead_of_flushed(work):
    """Closing does write everything out, but the next epoch has no open writer any more."""

    class Wrong(Log):
        def end(self, writer):
            writer.close()

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def never_flushed(work):
    """What was written may wait in a buffer, and is lost if the job is stopped."""

    class Wrong(Log):
        def end(self, writer):
            pass

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def flushed_for_each_number(work):
    """The buffer is emptied after every number, which makes the disk the slowest part of training."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            for part, numbers in (("train", train), ("val", val)):
                for name, value in numbers.items():
                    writer.add_scalar(f"{name}/{part}", number(value), step)
                    writer.flush()

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def flushed_before_the_histograms(work):
    """What is written after the flush may be lost when the job is stopped: it belongs at the end."""

    class Wrong(Log):
        def scalars(self, writer, step, train, val):
            super().scalars(writer, step, train, val)
            writer.flush()

        def end(self, writer):
            pass

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def trainable_parameters_only(work):
    """Frozen parameters are left out, although all parameters were asked for."""

    class Wrong(Log):
        def histograms(self, writer, step, model):
            for name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    writer.add_histogram(name, parameter.detach(), step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def buffers_too(work):
    """state_dict() holds more than the parameters: running statistics and counters are drawn as well."""

    class Wrong(Log):
        def histograms(self, writer, step, model):
            for name, tensor in model.state_dict().items():
                writer.add_histogram(name, tensor, step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def parameters_with_their_graph(work):
    """The writer is given the very parameters, which autograd follows, and not just their values."""

    class Wrong(Log):
        def values(self, parameter):
            return parameter

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def gradients_drawn(work):
    """What is drawn are the gradients, or nothing where there are none; the histograms are of the weights."""

    class Wrong(Log):
        def values(self, parameter):
            return parameter.grad if parameter.grad is not None else torch.zeros(0)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def prefixed_names(work):
    """The histograms have a tag of your own making; the agreed one is the parameter's dotted name."""

    class Wrong(Log):
        def histograms(self, writer, step, model):
            for name, parameter in model.named_parameters():
                writer.add_histogram(f"weights/{name}", parameter.detach(), step)

    return {"log_epoch": Wrong()}


@misconception(exercise="log_epoch")
def no_histograms(work):
    """The curves are there, but no weights are drawn."""

    class Wrong(Log):
        def histograms(self, writer, step, model):
            pass

    return {"log_epoch": Wrong()}


# --- 4.9 warmup_cosine -----------------------------------------------------------------------------------------


def scheduled(make_factor):
    """`warmup_cosine` with another factor, and the lengths checked."""

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError(f"0 <= warmup < total is needed, got {warmup} and {total}")
        return LambdaLR(optimizer, make_factor(warmup, total))

    return warmup_cosine


def right_factor(s, warmup, total):
    if s < warmup:
        return (s + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (s - warmup) / (total - warmup))) if s < total else 0.0


@misconception(exercise="warmup_cosine")
def warmup_from_zero(work):
    """The very first step has a learning rate of zero and is wasted."""
    return scheduled(lambda w, t: lambda s: s / w if s < w else right_factor(s, w, t))


@misconception(exercise="warmup_cosine")
def warmup_ends_early(work):
    """The full rate is reached one step too early and used twice: compare the formula's two parts at s = warmup."""
    return scheduled(lambda w, t: lambda s: (s + 1) / w if s < w else right_factor(s, w, t))


@misconception(exercise="warmup_cosine")
def warmup_one_step_longer(work):
    """The warm-up takes one step more than it should, so that the cosine skips its first value."""
    return scheduled(lambda w, t: lambda s: (s + 1) / (w + 1) if s <= w else right_factor(s - 1, w, t))


@misconception(exercise="warmup_cosine")
def cosine_over_all_steps(work):
    """The cosine counts from the very first step, so that it is already on its way down when the warm-up ends."""
    return scheduled(
        lambda w, t: lambda s: (s + 1) / (w + 1) if s < w else 0.5 * (1 + math.cos(math.pi * min(s / t, 1)))
    )


@misconception(exercise="warmup_cosine")
def cosine_longer_than_the_run(work):
    """The decay is stretched over `total` steps after the warm-up, so that it does not reach zero in time."""
    return scheduled(lambda w, t: lambda s: right_factor(s, w, t + w))


@misconception(exercise="warmup_cosine")
def cosine_rises_again(work):
    """A cosine goes up again after its minimum: what happens in the steps after `total`?"""
    return scheduled(
        lambda w, t: lambda s: (s + 1) / (w + 1) if s < w else 0.5 * (1 + math.cos(math.pi * (s - w) / (t - w)))
    )


@misconception(exercise="warmup_cosine")
def bare_cosine(work):
    """The cosine itself goes down to -1: half of the steps would climb up the loss."""
    return scheduled(
        lambda w, t: lambda s: (s + 1) / (w + 1) if s < w else math.cos(math.pi * (s - w) / (t - w)) if s < t else 0.0
    )


@misconception(exercise="warmup_cosine")
def quarter_of_a_cosine(work):
    """A quarter of the wave also goes from 1 to 0, but it falls steepest at the end; half a wave was asked for."""
    return scheduled(
        lambda w, t: lambda s: (s + 1) / (w + 1) if s < w else math.cos(math.pi / 2 * min(1, (s - w) / (t - w)))
    )


@misconception(exercise="warmup_cosine")
def linear_decay(work):
    """The rate comes down along a straight line, not along a cosine."""
    return scheduled(lambda w, t: lambda s: (s + 1) / (w + 1) if s < w else max(0.0, (t - s) / (t - w)))


@misconception(exercise="warmup_cosine")
def no_warmup(work):
    """The schedule starts with the full rate: where is the warm-up?"""
    return scheduled(lambda w, t: lambda s: 1.0 if s < w else right_factor(s, w, t))


@misconception(exercise="warmup_cosine")
def rate_instead_of_factor(work):
    """The function returns a rate where a factor is expected, and the rate is multiplied by the base rate once more."""

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError("0 <= warmup < total")
        base = [group["lr"] for group in optimizer.param_groups]
        return LambdaLR(optimizer, [lambda s, b=b: b * right_factor(s, warmup, total) for b in base])

    return warmup_cosine


@misconception(exercise="warmup_cosine")
def first_group_only(work):
    """The other groups of the optimizer keep their rates for ever."""

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError("0 <= warmup < total")
        rest = [lambda s: 1.0] * (len(optimizer.param_groups) - 1)
        return LambdaLR(optimizer, [lambda s: right_factor(s, warmup, total), *rest])

    return warmup_cosine


@misconception(exercise="warmup_cosine")
def same_rate_for_all_groups(work):
    """All groups get the rate of the first; each has a base rate of its own."""

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError("0 <= warmup < total")
        first = optimizer.param_groups[0]["lr"]
        for group in optimizer.param_groups:
            group["lr"] = first
        return LambdaLR(optimizer, lambda s: right_factor(s, warmup, total))

    return warmup_cosine


@misconception(exercise="warmup_cosine")
def steps_counted_outside(work):
    """The number of steps is kept where state_dict() does not see it, so that a resumed schedule begins anew."""

    def warmup_cosine(optimizer, warmup, total):
        if not 0 <= warmup < total:
            raise ValueError("0 <= warmup < total")
        made = {"steps": -1}

        def factor(s):
            made["steps"] += 1
            return right_factor(made["steps"], warmup, total)

        return LambdaLR(
            optimizer,
            [factor, *[lambda s: right_factor(made["steps"], warmup, total)] * (len(optimizer.param_groups) - 1)],
        )

    return warmup_cosine


@misconception(exercise="warmup_cosine")
def lengths_not_checked(work):
    """Lengths that make no sense are accepted, and show up later as a strange schedule or not at all."""

    def warmup_cosine(optimizer, warmup, total):
        return LambdaLR(optimizer, lambda s: right_factor(s, warmup, total))

    return warmup_cosine


class Schedule:
    """`train_with_schedule` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, loader, loss_fn, optimizer, scheduler, epochs):
        self.before(model)
        rates = []
        for _ in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                loss_fn(model(x), y).backward()
                self.step(optimizer, scheduler, rates)
            self.after_epoch(scheduler)
        return rates

    def before(self, model):
        model.train()

    def step(self, optimizer, scheduler, rates):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()

    def after_epoch(self, scheduler):
        pass


@misconception(exercise="warmup_cosine")
def scheduler_before_optimizer(work):
    """The schedule moves on before the optimizer has used the rate that was due, so that the first one is skipped."""

    class Wrong(Schedule):
        def step(self, optimizer, scheduler, rates):
            scheduler.step()
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def stepped_once_an_epoch(work):
    """The schedule moves once an epoch, but it counts optimizer steps."""

    class Wrong(Schedule):
        def step(self, optimizer, scheduler, rates):
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()

        def after_epoch(self, scheduler):
            scheduler.step()

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def stepped_twice(work):
    """The schedule moves after every step and once more after every epoch."""

    class Wrong(Schedule):
        def after_epoch(self, scheduler):
            scheduler.step()

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def never_stepped(work):
    """The schedule was made, but nobody ever moves it on."""

    class Wrong(Schedule):
        def step(self, optimizer, scheduler, rates):
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def rates_noted_too_late(work):
    """The training is right, but what is noted is the rate of the next step: it was read after the schedule moved."""

    class Wrong(Schedule):
        def step(self, optimizer, scheduler, rates):
            optimizer.step()
            scheduler.step()
            rates.append([group["lr"] for group in optimizer.param_groups])

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def rate_of_one_group_noted(work):
    """Only the rate of the first group is noted; an optimizer may have several."""

    class Wrong(Schedule):
        def step(self, optimizer, scheduler, rates):
            rates.append([optimizer.param_groups[0]["lr"]])
            optimizer.step()
            scheduler.step()

    return {"train_with_schedule": Wrong()}


@misconception(exercise="warmup_cosine")
def trained_in_the_mode_it_came_in(work):
    """A model that arrives in evaluation mode is trained in evaluation mode."""

    class Wrong(Schedule):
        def before(self, model):
            pass

    return {"train_with_schedule": Wrong()}


# --- 4.10 load_config ------------------------------------------------------------------------------------------


class Config:
    """`load_config` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, path, overrides, defaults):
        config = self.start(defaults)
        config = self.merge(config, json.loads(Path(path).read_text()))
        for name, value in overrides.items():
            self.override(config, name, self.value(value, self.default(defaults, name)))
        return config

    def start(self, defaults):
        return copy.deepcopy(defaults)

    def merge(self, config, new):
        for key, value in new.items():
            self.known(config, key)
            if isinstance(config.get(key), dict) and isinstance(value, dict):
                self.merge(config[key], value)
            else:
                config[key] = value
        return config

    def known(self, config, key):
        if key not in config:
            raise KeyError(key)

    def default(self, defaults, name):
        place = defaults
        for key in name.split("."):
            place = place.get(key) if isinstance(place, dict) else None
        return place

    def value(self, value, default):
        return self.parsed(value) if isinstance(value, str) else copy.deepcopy(value)

    def parsed(self, text):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text

    def override(self, config, name, value):
        *sections, key = name.split(".")
        for section in sections:
            self.known(config, section)
            config = config[section]
            if not isinstance(config, dict):
                raise KeyError(name)
        self.known(config, key)
        config[key] = value


@misconception(exercise="load_config")
def shallow_update(work):
    """A section of the file replaces the whole section of the defaults, and what it does not mention is gone."""

    class Wrong(Config):
        def merge(self, config, new):
            for key in new:
                self.known(config, key)
            return {**config, **new}

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def two_levels_only(work):
    """Sections are merged, but sections within sections are replaced as a whole: how deep can a configuration be?"""

    class Wrong(Config):
        def merge(self, config, new):
            for key, value in new.items():
                self.known(config, key)
                if isinstance(config[key], dict) and isinstance(value, dict):
                    for inner in value:
                        self.known(config[key], inner)
                    config[key].update(value)
                else:
                    config[key] = value
            return config

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def evaluated_texts(work):
    """Texts are run as Python code: "true" is no Python, and whoever may set a name may run anything."""

    class Wrong(Config):
        def parsed(self, text):
            return eval(text)  # noqa: S307

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def evaluated_where_possible(work):
    """Whatever Python can evaluate is evaluated: a text such as "2*3" becomes a number, and "true" stays a text."""

    class Wrong(Config):
        def parsed(self, text):
            try:
                return eval(text, {"__builtins__": {}})  # noqa: S307
            except Exception:  # noqa: BLE001
                return text

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def texts_stay_texts(work):
    """The text "0.1" is put where a number was, and the first multiplication fails."""

    class Wrong(Config):
        def parsed(self, text):
            return text

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def every_number_a_float(work):
    """All numbers become floats, and range(7.0) fails; "true" and lists stay texts."""

    class Wrong(Config):
        def parsed(self, text):
            try:
                return float(text)
            except ValueError:
                return text

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def cast_to_the_type_of_the_default(work):
    """The type of the default is called with the text: bool("false") is True, because the text is not empty."""

    class Wrong(Config):
        def value(self, value, default):
            return type(default)(value) if isinstance(value, str) and default is not None else copy.deepcopy(value)

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def numbers_recognised_by_digits(work):
    """Numbers are recognised by their digits, which a sign or an exponent is not."""

    class Wrong(Config):
        def parsed(self, text):
            if text.isdigit():
                return int(text)
            if text.replace(".", "", 1).isdigit():
                return float(text)
            return json.loads(text) if text[:1] == "[" or text in ("true", "false", "null") else text

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def texts_must_be_json(work):
    """A text that is not JSON, such as a name, ends in an error; it is meant as it is."""

    class Wrong(Config):
        def parsed(self, text):
            return json.loads(text)

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def defaults_changed(work):
    """The defaults themselves are changed, and the next configuration begins with the values of this one."""

    class Wrong(Config):
        def start(self, defaults):
            return defaults

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def defaults_copied_on_the_surface(work):
    """Only the outermost dict is copied: its sections are still those of the defaults, and change with them."""

    class Wrong(Config):
        def start(self, defaults):
            return dict(defaults)

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def lists_shared_with_the_defaults(work):
    """The dicts are new, but the lists in them are those of the defaults: appending to one changes both."""

    class Wrong(Config):
        def start(self, defaults):
            return {k: self.start(v) if isinstance(v, dict) else v for k, v in defaults.items()}

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def lists_shared_with_the_overrides(work):
    """A list from the overrides is put into the result as it is, so that changing the one changes the other."""

    class Wrong(Config):
        def value(self, value, default):
            return self.parsed(value) if isinstance(value, str) else value

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def unknown_names_accepted(work):
    """A misspelt name goes through without an error, and the setting that was meant stays what it was."""

    class Wrong(Config):
        def known(self, config, key):
            pass

        def override(self, config, name, value):
            *sections, key = name.split(".")
            for section in sections:
                if not isinstance(config.get(section), dict):
                    config[section] = {}
                config = config[section]
            config[key] = value

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def unknown_names_in_the_file(work):
    """Overrides are checked, but a misspelt name in the file goes through."""

    class Wrong(Config):
        def merge(self, config, new):
            for key, value in new.items():
                if isinstance(config.get(key), dict) and isinstance(value, dict):
                    self.merge(config[key], value)
                else:
                    config[key] = value
            return config

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def unknown_overrides_added(work):
    """The file is checked, but an override with a misspelt name adds a setting that nobody reads."""

    class Wrong(Config):
        def override(self, config, name, value):
            *sections, key = name.split(".")
            for section in sections:
                if not isinstance(config.get(section), dict):
                    config[section] = {}
                config = config[section]
            config[key] = value

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def another_error_type(work):
    """A misspelt name raises some other error than the promised one; who catches KeyError does not catch it."""

    class Wrong(Config):
        def known(self, config, key):
            if key not in config:
                raise ValueError(f"unknown name {key}")

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def values_taken_for_sections(work):
    """A dotted name that goes on below a plain value ends in a TypeError or AttributeError, not in a KeyError."""

    class Wrong(Config):
        def override(self, config, name, value):
            *sections, key = name.split(".")
            for section in sections:
                config = config[section]
            config.get(key)
            self.known(config, key)
            config[key] = value

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def dotted_names_at_the_top(work):
    """A dotted name is set as it is at the top level; nobody looks for "optimizer.lr" there."""

    class Wrong(Config):
        def override(self, config, name, value):
            self.known(config, name.split(".")[0])
            config[name] = value

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def file_over_the_overrides(work):
    """The file has the last word; what is given on the command line should."""

    class Wrong(Config):
        def __call__(self, path, overrides, defaults):
            config = self.start(defaults)
            for name, value in overrides.items():
                self.override(config, name, self.value(value, self.default(defaults, name)))
            return self.merge(config, json.loads(Path(path).read_text()))

    return {"load_config": Wrong()}


@misconception(exercise="load_config")
def file_without_defaults(work):
    """The configuration is what stands in the file; what it leaves out is missing, although there are defaults."""

    class Wrong(Config):
        def merge(self, config, new):
            super().merge(config, new)
            return new

    return {"load_config": Wrong()}


# --- 4.11 seed_everything --------------------------------------------------------------------------------------


class Seeds:
    """`seed_everything` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, seed):
        self.python(seed)
        self.numpy(seed)
        self.torch(seed)
        self.environment(seed)
        return self.generator(seed)

    def python(self, seed):
        random.seed(seed)

    def numpy(self, seed):
        np.random.seed(seed)

    def torch(self, seed):
        torch.manual_seed(seed)

    def environment(self, seed):
        os.environ["PYTHONHASHSEED"] = str(seed)

    def generator(self, seed):
        return torch.Generator().manual_seed(seed)


@misconception(exercise="seed_everything")
def numpy_forgotten(work):
    """NumPy's global stream is not seeded; a generator from default_rng has a stream of its own and does not help."""

    class Wrong(Seeds):
        def numpy(self, seed):
            pass

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def python_forgotten(work):
    """Python's own `random` is not seeded: whatever shuffles with it does so differently each time."""

    class Wrong(Seeds):
        def python(self, seed):
            pass

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def only_torch_seeded(work):
    """torch is seeded, but neither Python's nor NumPy's stream is."""

    class Wrong(Seeds):
        def python(self, seed):
            pass

        def numpy(self, seed):
            pass

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def only_gpus_seeded(work):
    """Only the streams of GPUs are seeded; on a CPU, torch draws whatever comes."""

    class Wrong(Seeds):
        def torch(self, seed):
            torch.cuda.manual_seed_all(seed)

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def fixed_seed(work):
    """The seed is always the same number, whatever is asked for."""

    class Wrong(Seeds):
        def __call__(self, seed):
            return super().__call__(42)

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def global_generator_returned(work):
    """torch.manual_seed returns the global generator itself: whoever draws from it moves everybody's stream."""

    class Wrong(Seeds):
        def generator(self, seed):
            return torch.manual_seed(seed)

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def generator_not_seeded(work):
    """A new generator begins with a fixed seed of torch's, not with yours: two seeds give the same orders."""

    class Wrong(Seeds):
        def generator(self, seed):
            return torch.Generator()

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def generator_seeded_from_the_stream(work):
    """The seed of the generator is drawn from the global stream, which moves it before anyone has used it."""

    class Wrong(Seeds):
        def generator(self, seed):
            return torch.Generator().manual_seed(int(torch.randint(2**31, ())))

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def no_generator_returned(work):
    """The streams are seeded, but the generator that was promised does not come."""

    class Wrong(Seeds):
        def generator(self, seed):
            return None

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def hash_seed_forgotten(work):
    """PYTHONHASHSEED is not set, so that the order of sets of texts differs between processes."""

    class Wrong(Seeds):
        def environment(self, seed):
            pass

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def hash_seed_as_a_number(work):
    """Environment variables are texts; a number is refused."""

    class Wrong(Seeds):
        def environment(self, seed):
            os.environ["PYTHONHASHSEED"] = seed

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def hash_seed_always_zero(work):
    """PYTHONHASHSEED is set to a constant and not to the seed."""

    class Wrong(Seeds):
        def environment(self, seed):
            os.environ["PYTHONHASHSEED"] = "0"

    return {"seed_everything": Wrong()}


@misconception(exercise="seed_everything")
def seeded_in_every_epoch(work):
    """Seeding inside the loop takes the stream back to its beginning: every epoch has the same order."""

    def shuffled_epochs(n, epochs, seed):
        return [torch.randperm(n, generator=work.seed_everything(seed)).tolist() for _ in range(epochs)]

    return shuffled_epochs


@misconception(exercise="seed_everything")
def seed_plus_epoch(work):
    """Each epoch is seeded with another number, which is not the one stream of the generator that was asked for."""

    def shuffled_epochs(n, epochs, seed):
        return [torch.randperm(n, generator=work.seed_everything(seed + e)).tolist() for e in range(epochs)]

    return shuffled_epochs


@misconception(exercise="seed_everything")
def never_seeded(work):
    """The orders come from a stream that was not seeded: a second call gives others."""

    def shuffled_epochs(n, epochs, seed):
        return [torch.randperm(n).tolist() for _ in range(epochs)]

    return shuffled_epochs


@misconception(exercise="seed_everything")
def orders_from_the_global_stream(work):
    """The numbers are right, but they come from the global stream, where everybody else draws as well."""

    def shuffled_epochs(n, epochs, seed):
        work.seed_everything(seed)
        return [torch.randperm(n).tolist() for _ in range(epochs)]

    return shuffled_epochs


@misconception(exercise="seed_everything")
def orders_as_tensors(work):
    """The orders are tensors; lists of numbers were asked for."""

    def shuffled_epochs(n, epochs, seed):
        generator = work.seed_everything(seed)
        return [torch.randperm(n, generator=generator) for _ in range(epochs)]

    return shuffled_epochs
