"""Different but right solutions of hw5: each must get full marks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from grader.authoring import alternative

# --- 5.1 binary_acc --------------------------------------------------------------------------------------------


@alternative(exercise="binary_acc")
def rounded_probabilities(work):
    """Probabilities are rounded (one half to the even 0), shapes are squeezed by view, equal answers are counted."""

    def binary_acc(logits, targets):
        count = targets.numel()
        if logits.numel() != count:
            raise ValueError("sizes differ")
        with torch.no_grad():
            answers = torch.round(torch.sigmoid(logits)).reshape(count)
        right = (answers == targets.reshape(count).to(answers.dtype)).sum()
        return right.float() / count

    return binary_acc


@alternative(exercise="binary_acc")
def mistakes_in_numpy(work):
    """The share of mistakes, counted by NumPy, is taken from 1."""

    def binary_acc(logits, targets):
        answers = logits.detach().cpu().numpy().ravel() > 0
        wanted = targets.cpu().numpy().ravel().astype(bool)
        if len(answers) != len(wanted):
            raise ValueError("sizes differ")
        return torch.tensor(1 - float(np.mean(answers ^ wanted)), dtype=torch.float32, device=logits.device)

    return binary_acc


@alternative(exercise="binary_acc")
def signed_products(work):
    """An answer is right where the logit and the target as plus or minus 1 have the same sign; 0 is left to class 0."""

    def binary_acc(logits, targets):
        logits, targets = logits.detach().reshape(-1, 1), targets.reshape(-1, 1)
        if logits.shape != targets.shape:
            raise ValueError("sizes differ")
        right = torch.where(targets.bool(), logits > 0, ~logits.gt(0))
        return right.mean(dtype=torch.float32)

    return binary_acc


# --- 5.2 bce_with_logits ---------------------------------------------------------------------------------------


@alternative(exercise="bce_with_logits")
def by_logsigmoid(work):
    """Both terms by the logarithm of the sigmoid, the sum divided by the number of elements."""

    def bce_with_logits(z, y, pos_weight=None):
        if tuple(z.shape) != tuple(y.shape):
            raise ValueError("shapes differ")
        y = y.type_as(z)
        weight = torch.ones_like(z) if pos_weight is None else pos_weight
        loss = weight * y * F.logsigmoid(z) + (1.0 - y) * F.logsigmoid(-z)
        return -loss.sum() / z.numel()

    return bce_with_logits


@alternative(exercise="bce_with_logits")
def by_logaddexp(work):
    """softplus as the logarithm of a sum of exponentials; targets choose the term where they are 0 or 1."""

    def bce_with_logits(z, y, pos_weight=None):
        if z.shape != y.shape:
            raise ValueError("shapes differ")
        y, zero = y.to(dtype=z.dtype), torch.zeros_like(z)
        positive, negative = torch.logaddexp(zero, -z), torch.logaddexp(zero, z)
        if pos_weight is not None:
            positive = pos_weight * positive
        return torch.lerp(negative, positive, y).mean()

    return bce_with_logits


@alternative(exercise="bce_with_logits")
def by_the_textbook_formula(work):
    """(1 - y) z + (1 + (p - 1) y) softplus(-z): one softplus for each element."""

    def bce_with_logits(z, y, pos_weight=None):
        if z.size() != y.size():
            raise ValueError("shapes differ")
        y = y + torch.zeros_like(z)
        factor = 1 if pos_weight is None else 1 + (pos_weight - 1) * y
        return torch.mean((1 - y) * z + factor * F.softplus(-z))

    return bce_with_logits


@alternative(exercise="bce_with_logits")
def by_a_symmetric_maximum(work):
    """The maximum with a tensor of zeros shares its gradient at the kink between both sides."""

    def bce_with_logits(z, y, pos_weight=None):
        if z.shape != y.shape:
            raise ValueError("shapes differ")
        y = y.to(z.dtype)
        tail = torch.log1p(torch.exp(-torch.abs(z)))
        positive = torch.maximum(-z, torch.zeros_like(z)) + tail
        negative = torch.maximum(z, torch.zeros_like(z)) + tail
        return ((1 if pos_weight is None else pos_weight) * y * positive + (1 - y) * negative).mean()

    return bce_with_logits


# --- 5.3 replace_head ------------------------------------------------------------------------------------------


@alternative(exercise="replace_head")
def classifier_rebuilt(work):
    """A new Sequential of the old layers but the last; the new layer is moved to the old weight's device and dtype."""

    def replace_head(model, num_outputs, names=("fc", "classifier", "head")):
        for name in names:
            part = model._modules.get(name)
            if part is None:
                continue
            last = part[-1] if isinstance(part, nn.Sequential) else part
            if not isinstance(last, nn.Linear):
                raise ValueError("no Linear")
            new = nn.Linear(last.weight.shape[1], num_outputs, bias=last.bias is not None).to(last.weight)
            new.train(last.training)
            if part is last:
                setattr(model, name, new)
            else:
                layers = [*list(part)[:-1], new]
                setattr(model, name, nn.Sequential(*layers).train(part.training))
                for layer, old in zip(layers[:-1], part, strict=False):
                    layer.training = old.training
            return model
        raise ValueError("no head")

    return replace_head


@alternative(exercise="replace_head")
def resized_in_place(work):
    """The old module stays and gets new parameters."""

    def replace_head(model, num_outputs, names=("fc", "classifier", "head")):
        own = [name for name, _ in model.named_children()]
        found = [name for name in names if name in own]
        if not found:
            raise ValueError("no head")
        layer = model.get_submodule(found[0])
        if isinstance(layer, nn.Sequential):
            layer = layer[-1]
        if type(layer) is not nn.Linear:
            raise ValueError("no Linear")
        weight = torch.empty(num_outputs, layer.in_features, dtype=layer.weight.dtype, device=layer.weight.device)
        layer.weight = nn.Parameter(nn.init.xavier_uniform_(weight))
        if layer.bias is not None:
            layer.bias = nn.Parameter(torch.zeros_like(weight[:, 0]))
        layer.out_features = num_outputs
        return model

    return replace_head


@alternative(exercise="replace_head")
def item_of_the_sequential(work):
    """The last item of a Sequential is assigned to; the rest by set_submodule; parameters are made empty and filled."""

    def replace_head(model, num_outputs, names=("fc", "classifier", "head")):
        children = {name for name, _ in model.named_children()}
        for name in filter(children.__contains__, names):
            part = getattr(model, name)
            old = part[len(part) - 1] if isinstance(part, nn.Sequential) and len(part) else part
            if not isinstance(old, nn.Linear):
                break
            has_bias = "bias" in dict(old.named_parameters())
            new = nn.Linear(old.in_features, num_outputs, has_bias, dtype=old.weight.dtype).to(old.weight.device)
            with torch.no_grad():
                for parameter in new.parameters():
                    parameter.fill_(0.01)
            if part is old:
                model.add_module(name, new)
            else:
                part[-1] = new
            return model
        raise ValueError("no head to replace")

    return replace_head


# --- 5.4 freeze_backbone ---------------------------------------------------------------------------------------


def only_head_learns(model, head):
    """Gradients for the head only."""
    for parameter in model.parameters():
        parameter.requires_grad = False
    kept = set(model.get_submodule(head).parameters())
    for parameter in model.parameters():
        if parameter in kept:
            parameter.requires_grad = True
        else:
            parameter.grad = None


@alternative(exercise="freeze_backbone")
def each_module_refuses_to_train(work):
    """Every leaf of the backbone is in evaluation mode and gets a `train` of its own that does nothing."""

    def freeze_backbone(model, head):
        only_head_learns(model, head)
        inside = set(model.get_submodule(head).modules())
        for module in model.modules():
            if module not in inside and not list(module.children()):
                module.training = False
                module.train = lambda mode=True, module=module: module
        return model

    return freeze_backbone


@alternative(exercise="freeze_backbone")
def before_each_forward_pass(work):
    """A hook before each forward pass of the model puts the backbone into evaluation mode, whatever was asked for."""

    def freeze_backbone(model, head):
        only_head_learns(model, head)
        inside = set(model.get_submodule(head).modules())

        def sleep(module, args):
            for part in module.modules():
                if part is not module and part not in inside:
                    part.training = False

        model.register_forward_pre_hook(sleep)
        return model

    return freeze_backbone


@alternative(exercise="freeze_backbone")
def a_class_of_its_own(work):
    """The model becomes an object of a subclass whose `train` wakes the head only."""

    def freeze_backbone(model, head):
        only_head_learns(model, head)

        class Frozen(type(model)):
            def train(self, mode=True):
                super().train(False)
                self.training = mode
                self.get_submodule(head).train(mode)
                return self

        Frozen.__name__ = type(model).__name__
        model.__class__ = Frozen
        return model.train(model.training)

    return freeze_backbone


# --- 5.5 param_groups ------------------------------------------------------------------------------------------


@alternative(exercise="param_groups")
def by_type_of_module(work):
    """Norms are told by their types, biases by their names, duplicates by identity."""

    def param_groups(model, head, lr_backbone, lr_head, weight_decay):
        norms = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.modules.instancenorm._InstanceNorm)
        trained = model.get_submodule(head)
        inside, seen = {id(p) for p in trained.parameters()}, set()
        lists = {name: [] for name in ("head_no_decay", "head", "backbone_no_decay", "backbone")}
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if id(parameter) in seen or not parameter.requires_grad:
                    continue
                seen.add(id(parameter))
                spared = isinstance(module, norms) or name.endswith("bias")
                part = "head" if id(parameter) in inside else "backbone"
                lists[part + ("_no_decay" if spared else "")].append(parameter)
        return [
            {
                "name": name,
                "params": params,
                "lr": lr_head if "head" in name else lr_backbone,
                "weight_decay": 0.0 if "no_decay" in name else weight_decay,
            }
            for name, params in lists.items()
            if params
        ]

    return param_groups


@alternative(exercise="param_groups")
def by_names_with_a_dot(work):
    """The head's parameters are those whose names begin with its name and a dot; groups in reverse order."""

    def param_groups(model, head, lr_backbone, lr_head, weight_decay):
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        groups = []
        for decayed in (False, True):
            for part, lr in (("head", lr_head), ("backbone", lr_backbone)):
                params = [
                    p
                    for name, p in reversed(named.items())
                    if name.startswith(head + ".") == (part == "head") and (p.ndim > 1) == decayed
                ]
                suffix, decay = ("", weight_decay) if decayed else ("_no_decay", 0.0)
                if len(params) > 0:
                    groups.append(dict(params=params, lr=lr, weight_decay=decay, name=part + suffix))
        return groups

    return param_groups


@alternative(exercise="param_groups")
def parts_with_a_helper(work):
    """First the two parts, then each of them in two."""

    def param_groups(model, head, lr_backbone, lr_head, weight_decay):
        of_head = [p for p in model.get_submodule(head).parameters() if p.requires_grad]
        identities = set(map(id, of_head))
        of_backbone = [p for p in model.parameters() if p.requires_grad and id(p) not in identities]

        def halves(name, params, lr):
            yield {"params": [p for p in params if p.dim() != 1], "lr": lr, "weight_decay": weight_decay, "name": name}
            spared = [p for p in params if p.dim() == 1]
            yield {"params": spared, "lr": lr, "weight_decay": 0.0, "name": f"{name}_no_decay"}

        both = [*halves("backbone", of_backbone, lr_backbone), *halves("head", of_head, lr_head)]
        return [group for group in both if group["params"]]

    return param_groups


# --- 5.6 unfreeze_stage ----------------------------------------------------------------------------------------


@alternative(exercise="unfreeze_stage")
def by_identity(work):
    """Identities of the held parameters; gradients and modes are set one by one after the group was added."""

    def unfreeze_stage(model, optimizer, stage, lr):
        part = model.get_submodule(stage)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        new = []
        for parameter in part.parameters():
            parameter.requires_grad = True
            if id(parameter) not in held:
                new.append(parameter)
        for module in part.modules():
            module.training = True
        if len(new) != 0:
            optimizer.add_param_group(dict(params=new, lr=lr))

    return unfreeze_stage


@alternative(exercise="unfreeze_stage")
def with_the_defaults_by_hand(work):
    """The stage is found step by step; the group begins as a copy of the optimizer's defaults."""

    def unfreeze_stage(model, optimizer, stage, lr):
        part = model
        for name in stage.split("."):
            part = getattr(part, name)
        part.train(True).requires_grad_(True)
        held = {p for group in optimizer.param_groups for p in group["params"]}
        fresh = [p for _, p in part.named_parameters() if p not in held]
        if fresh:
            optimizer.add_param_group({**optimizer.defaults, "params": fresh, "lr": lr})

    return unfreeze_stage


@alternative(exercise="unfreeze_stage")
def told_by_any(work):
    """Each parameter is looked for among the held ones by `is`; the group's parameters are a generator."""

    def unfreeze_stage(model, optimizer, stage, lr):
        part = model.get_submodule(stage)

        def is_held(parameter):
            return any(parameter is p for group in optimizer.param_groups for p in group["params"])

        fresh = [p for p in part.parameters() if not is_held(p)]
        for p in part.parameters():
            p.requires_grad_()
        part.train()
        if fresh:
            optimizer.add_param_group({"lr": lr, "params": iter(fresh)})

    return unfreeze_stage


# --- 5.7 load_matching -----------------------------------------------------------------------------------------


@alternative(exercise="load_matching")
def copied_one_by_one(work):
    """Values are copied in place, without load_state_dict."""

    def load_matching(model, state, prefix="module."):
        given = {}
        for name, value in state.items():
            given[name[len(prefix) :] if name.startswith(prefix) else name] = value
        own = model.state_dict()
        loaded, missing, mismatched = [], [], []
        for name, value in own.items():
            if name not in given:
                missing.append(name)
            elif given[name].shape != value.shape:
                mismatched.append(name)
            else:
                loaded.append(name)
        if not loaded:
            raise ValueError("nothing fits")
        with torch.no_grad():
            for name in loaded:
                own[name].copy_(given[name])
        return loaded, missing, [name for name in given if name not in own], mismatched

    return load_matching


@alternative(exercise="load_matching")
def whole_state_completed(work):
    """The model's own state, updated by what fits, is loaded strictly."""

    def load_matching(model, state, prefix="module."):
        renamed = {name.removeprefix(prefix): value.clone() for name, value in state.items()}
        complete = dict(model.state_dict())
        fits = {n: v for n, v in renamed.items() if n in complete and complete[n].size() == v.size()}
        if len(fits) == 0:
            raise ValueError("nothing fits")
        lists = (
            [n for n in complete if n in fits],
            [n for n in complete if n not in renamed],
            [n for n in renamed if n not in complete],
            [n for n in complete if n in renamed and n not in fits],
        )
        complete.update(fits)
        model.load_state_dict(complete)
        return lists

    return load_matching


@alternative(exercise="load_matching")
def from_the_answer_of_torch(work):
    """What does not fit is put aside, and torch itself says what is missing and unexpected."""

    def load_matching(model, state, prefix="module."):
        import re

        given = {re.sub(f"^{re.escape(prefix)}", "", name): value for name, value in state.items()}
        shapes = {name: value.shape for name, value in model.state_dict().items()}
        mismatched = [n for n in shapes if n in given and given[n].shape != shapes[n]]
        loaded = [n for n in shapes if n in given and n not in mismatched]
        if not loaded:
            raise ValueError("nothing fits")
        answer = model.load_state_dict({n: v for n, v in given.items() if n not in mismatched}, strict=False)
        missing = [n for n in answer.missing_keys if n not in mismatched]
        return loaded, missing, list(answer.unexpected_keys), mismatched

    return load_matching


# --- 5.8 to_pretrained_input -----------------------------------------------------------------------------------

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@alternative(exercise="to_pretrained_input")
def by_torchvision(work):
    """torchvision's functions for resizing and normalising; three channels first."""

    def to_pretrained_input(x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        from torchvision.transforms.functional import normalize, resize

        x = x.float().div(255).unsqueeze(1).repeat(1, 3, 1, 1)
        return normalize(resize(x, [size, size], antialias=True), list(mean), list(std))

    return to_pretrained_input


@alternative(exercise="to_pretrained_input")
def normalised_before_resizing(work):
    """Each channel is normalised by itself, then all are resized: the order of the two does not matter."""

    def to_pretrained_input(x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        grey = x.to(torch.float32) / 255.0
        channels = torch.stack([(grey - m) / s for m, s in zip(mean, std, strict=True)], dim=1)
        return F.interpolate(channels, (size, size), mode="bilinear", antialias=True)

    return to_pretrained_input


@alternative(exercise="to_pretrained_input")
def scale_and_shift(work):
    """One multiplication and one addition a channel, after resizing values up to 255."""

    def to_pretrained_input(x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        mean, std = (torch.tensor(list(values), device=x.device, dtype=torch.float32) for values in (mean, std))
        small = F.interpolate(
            x.unsqueeze(1).float(), size=(size, size), mode="bilinear", align_corners=False, antialias=True
        )
        factor = (1 / (255 * std))[None, :, None, None]
        return small * factor - (mean / std)[None, :, None, None]

    return to_pretrained_input


# --- 5.9 extract_features --------------------------------------------------------------------------------------


@alternative(exercise="extract_features")
def batch_by_batch(work):
    """The hook puts the newest output into a dict; inference mode; modes are kept by name."""

    def extract_features(model, loader, layer):
        newest, rows, labels = {}, [], []
        modes = {name: module.training for name, module in model.named_modules()}
        model.eval()

        def hook(module, args, output):
            newest["output"] = output.clone()

        handle = model.get_submodule(layer).register_forward_hook(hook)
        try:
            for x, y in loader:
                with torch.no_grad():
                    model(x)
                rows += list(newest["output"].detach().cpu().to(torch.float32).reshape(len(y), -1))
                labels.extend(y.tolist())
        finally:
            handle.remove()
            for name, module in model.named_modules():
                module.training = modes[name]
        return torch.stack(rows), torch.tensor(labels, dtype=torch.int64)

    return extract_features


@alternative(exercise="extract_features")
def with_a_context_manager(work):
    """Hook and modes are undone by an ExitStack; features go through NumPy."""

    def extract_features(model, loader, layer):
        from contextlib import ExitStack

        features, labels = [], []
        with ExitStack() as undo:
            for module in model.modules():
                undo.callback(setattr, module, "training", module.training)
                module.training = False
            part = dict(model.named_modules())[layer]
            handle = part.register_forward_hook(lambda m, i, o: features.append(o.detach().cpu().numpy().copy()))
            undo.callback(handle.remove)
            undo.enter_context(torch.no_grad())
            for batch in loader:
                model(batch[0])
                labels.append(batch[1].numpy(force=True))
        flat = [np.reshape(part, (part.shape[0], -1)).astype(np.float32) for part in features]
        return torch.from_numpy(np.concatenate(flat)), torch.from_numpy(np.concatenate(labels))

    return extract_features


@alternative(exercise="extract_features")
def stops_at_the_layer(work):
    """The forward pass is left by an exception of its own as soon as the layer has spoken."""

    def extract_features(model, loader, layer):
        class Seen(Exception):
            pass

        def hook(module, args, output):
            raise Seen(output.detach().clone())

        features, labels, modes = [], [], [(module, module.training) for module in model.modules()]
        try:
            model.eval()
            for x, y in loader:
                with torch.no_grad():
                    handle = model.get_submodule(layer).register_forward_hook(hook, prepend=False)
                    try:
                        model(x)
                    except Seen as seen:
                        features.append(seen.args[0].flatten(1).float().cpu())
                    finally:
                        handle.remove()
                labels.append(y.cpu())
        finally:
            for module, mode in modes:
                module.training = mode
        return torch.cat(features), torch.cat(labels)

    return extract_features


# --- 5.10 half_crops, fine_tune --------------------------------------------------------------------------------


def inputs_of(crops):
    """Inputs and labels of lists of crops, one list a class."""
    y = torch.cat([torch.full((len(each),), label) for label, each in enumerate(crops)])
    x = torch.cat(list(crops)).unsqueeze(1).repeat(1, 3, 1, 1).float()
    return (x / 255 - 127 / 255) / (128 / 255), y


@alternative(exercise="fine_tune")
def loops_and_plain_descent(work):
    """Squares by two loops; the head by SGD with momentum through the whole network, a few steps, batch by batch."""

    def half_crops(photo, half, size=64):
        height, width = photo.shape
        start, stop = (0, width // 2) if half == "left" else (width // 2, width)
        found = []
        for top in range(0, height - size + 1, size):
            for left in range(start, stop - size + 1, size):
                found.append(photo[top : top + size, left : left + size].clone())
        return torch.stack(found)

    def fine_tune(model, weights, photos, per_class=10, size=64):
        model.load_state_dict({name.replace("module.", "", 1): value for name, value in weights.items()})
        for parameter in model.parameters():
            parameter.requires_grad = False
        model._fc = nn.Linear(model._fc.weight.shape[1], len(photos), bias=False)
        nn.init.zeros_(model._fc.weight)
        model.eval()
        x, y = inputs_of([half_crops(photo, "left", size)[:per_class] for photo in photos])
        optimizer = torch.optim.SGD(model._fc.parameters(), lr=0.05, momentum=0.9)
        for _ in range(12):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        right, count = 0, 0
        with torch.no_grad():
            for label, photo in enumerate(photos):
                x, _ = inputs_of([half_crops(photo, "right", size)])
                right += (model(x).argmax(1) == label).sum().item()
                count += len(x)
        return right / count

    return half_crops, fine_tune


@alternative(exercise="fine_tune")
def ridge_regression(work):
    """No steps at all: the head is the solution of a regularised least-squares problem on one-hot targets."""

    def fine_tune(model, weights, photos, per_class=10, size=64):
        plain = {n.split("module.", 1)[1] if n.startswith("module.") else n: v for n, v in weights.items()}
        model.load_state_dict(plain, strict=True)
        model.eval().requires_grad_(False)
        x, y = inputs_of([work.half_crops(photo, "left", size)[:per_class] for photo in photos])
        with torch.no_grad():
            features = model.features(x).double()
        centre = features.mean(dim=0)
        kernel = (features - centre) @ (features - centre).T
        targets = F.one_hot(y, len(photos)).double() - 1 / len(photos)
        ridge = (kernel.trace() / len(y) + 1e-6) * torch.eye(len(y), dtype=torch.float64)
        solution = (features - centre).T @ torch.linalg.solve(kernel + ridge, targets)
        head = nn.Linear(model._fc.in_features, len(photos))
        with torch.no_grad():
            head.weight.copy_(solution.T)
            head.bias.copy_(-centre @ solution)
        model._fc = head
        x, y = inputs_of([work.half_crops(photo, "right", size) for photo in photos])
        with torch.no_grad():
            return float((model(x).argmax(dim=-1) == y).double().mean())

    return fine_tune


@alternative(exercise="fine_tune")
def second_order_steps(work):
    """Squares by unfold; the head by LBFGS with weight decay on scaled features, features by batches."""

    def half_crops(photo, half, size=64):
        left, right = photo.tensor_split([photo.shape[1] // 2], dim=1)
        part = left if half == "left" else right
        return part.unfold(0, size, size).unfold(1, size, size).reshape(-1, size, size).contiguous()

    def fine_tune(model, weights, photos, per_class=10, size=64):
        missing = model.load_state_dict({n.removeprefix("module."): v.clone() for n, v in weights.items()})
        assert not missing.missing_keys
        model._fc = nn.Linear(model._fc.in_features, len(photos))
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("_fc."))
        model.eval()
        x, y = inputs_of([half_crops(photo, "left", size)[:per_class] for photo in photos])
        with torch.inference_mode():
            rows = [model.features(part) for part in x.split(16)]
        features = torch.cat(rows).clone()
        optimizer = torch.optim.LBFGS(model._fc.parameters(), lr=0.5, max_iter=30)

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model._fc(features), y) + 1e-3 * model._fc.weight.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        x, y = inputs_of([half_crops(photo, "right", size) for photo in photos])
        with torch.no_grad():
            answers = torch.cat([model(part).argmax(dim=1) for part in x.split(16)])
        return (answers == y).sum().item() / len(y)

    return half_crops, fine_tune
