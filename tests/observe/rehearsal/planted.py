"""Mistakes that pass every check on the CPU and that only another device shows, each in an exercise of a homework."""

import math
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn as nn

from grader.authoring import alternative

# hw1 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="compute")
def hw1_offset_made_on_the_cpu(work):
    """A tensor of zeros is made where torch makes tensors by default."""

    def compute(a, b, c, d, e):
        result = torch.sub(torch.mul(torch.add(a, b), c), torch.div(d, e))
        return result + torch.zeros(result.shape, dtype=result.dtype)

    return compute


@alternative(exercise="flatten_logical")
def hw1_memory_compared_by_numpy(work):
    """numpy is asked about the memory of tensors."""

    def flatten_logical(x):
        flat = x.reshape(-1)
        return flat, bool(np.shares_memory(flat.detach().numpy(), x.detach().numpy()))

    return flatten_logical


@alternative(exercise="project")
def hw1_bias_made_on_the_cpu(work):
    """A bias of zeros is made on the CPU."""

    def project(x, W):
        return x @ W.T + torch.zeros(W.shape[0], dtype=W.dtype)

    return project


@alternative(exercise="get_diag_element_3d")
def hw1_index_made_on_the_cpu(work):
    """gather needs its index where the values are."""

    def get_diag_element_3D(A):  # noqa: N802
        n = min(A.shape[1:])
        return A[:, :n].gather(2, torch.arange(n).expand(A.shape[0], n).unsqueeze(2)).squeeze(2)

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def hw1_legacy_constructor(work):
    """torch.LongTensor is the CPU's, whatever the device."""

    def get_diag_element_3D(A):  # noqa: N802
        n = min(A.shape[1:])
        index = torch.LongTensor(list(range(n))).expand(A.shape[0], n).unsqueeze(2)
        return torch.gather(A[:, :n], 2, index).squeeze(2)

    return get_diag_element_3D


@alternative(exercise="column")
def hw1_column_by_an_index_on_the_cpu(work):
    """index_select needs its index where the values are; brackets would not."""

    def column(A, j, copy):
        view = A[:, j]
        return A.index_select(1, torch.tensor([j % A.shape[1]])).squeeze(1) if copy else view

    return column


def checked(labels, num_classes):
    if ((labels < 0) | (labels >= num_classes)).any():
        raise ValueError(f"labels must be from 0 to {num_classes - 1}")


@alternative(exercise="one_hot")
def hw1_rows_made_on_the_cpu(work):
    """scatter_ into a tensor on the CPU."""

    def one_hot(labels, num_classes):
        checked(labels, num_classes)
        return torch.zeros(*labels.shape, num_classes, dtype=torch.int64).scatter_(-1, labels.unsqueeze(-1), 1)

    return one_hot


@alternative(exercise="one_hot")
def hw1_rows_of_an_identity_on_the_cpu(work):
    """A tensor on the CPU is indexed by labels on the device."""

    def one_hot(labels, num_classes):
        checked(labels, num_classes)
        return torch.eye(num_classes, dtype=torch.int64)[labels]

    return one_hot


@alternative(exercise="one_hot")
def hw1_labels_by_an_old_type(work):
    """type(torch.LongTensor) brings the labels to the CPU, and the result with them."""

    def one_hot(labels, num_classes):
        checked(labels, num_classes)
        return torch.nn.functional.one_hot(labels.type(torch.LongTensor), num_classes)

    return one_hot


@alternative(exercise="one_hot")
def hw1_device_chosen_inside(work):
    """The function asks what there is instead of where its input is."""

    def one_hot(labels, num_classes):
        checked(labels, num_classes)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        rows = torch.zeros(*labels.shape, num_classes, dtype=torch.int64, device=device)
        return rows.scatter_(-1, labels.unsqueeze(-1), 1)

    return one_hot


@alternative(exercise="gradient")
def hw1_zeros_made_on_the_cpu(work):
    """Only what a function does not depend on comes back from the wrong device."""

    def gradient(f, x):
        point = x.detach().clone().requires_grad_()
        total = f(point).sum()
        if not total.requires_grad:
            return torch.zeros(x.shape, dtype=x.dtype)
        return torch.autograd.grad(total, point, materialize_grads=True)[0]

    return gradient


@alternative(exercise="gradient_descent")
def hw1_steps_made_on_the_cpu(work):
    """The steps are collected in tensors on the CPU."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            for p in params:
                p.grad = None
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            with torch.no_grad():
                for p in params:
                    if p.grad is not None:
                        p -= torch.zeros(p.shape, dtype=p.dtype) + lr * p.grad
                        p.grad = None
        return losses

    return gradient_descent


# hw2 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="chain")
def hw2_ones_made_in_forward(work):
    """forward makes a tensor without saying where."""

    class Affine(nn.Module):
        def __init__(self, a, b):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(float(a)))
            self.b = nn.Parameter(torch.tensor(float(b)))

        def forward(self, x):
            return x * self.a + self.b * torch.ones(x.shape, dtype=x.dtype)

    def chain(pairs):
        return nn.Sequential(*[Affine(a, b) for a, b in pairs])

    return Affine, chain


@alternative(exercise="mlp")
def hw2_zeros_made_in_forward(work):
    """forward makes a tensor without saying where."""

    class MLP(work.MLP):
        def forward(self, x):
            return super().forward(x + torch.zeros(x.shape[-1], dtype=x.dtype))

    return MLP


@alternative(exercise="my_linear")
def hw2_plain_attribute(work):
    """A tensor that is neither parameter nor buffer stays behind when the module moves."""

    class MyLinear(work.MyLinear):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.scale = torch.ones(1)

        def forward(self, x):
            return super().forward(x) * self.scale

    return MyLinear


@alternative(exercise="init_weights")
def hw2_drawn_on_the_cpu(work):
    """The numbers are drawn on the CPU, with a generator that is the device's."""

    def init_weights(model, gain, generator=None):
        def initialise(module):
            if isinstance(module, nn.Linear):
                std = gain * math.sqrt(2.0 / (module.in_features + module.out_features))
                with torch.no_grad():
                    module.weight.copy_(torch.empty(module.weight.shape).normal_(0, std, generator=generator))
                    if module.bias is not None:
                        module.bias.zero_()

        return model.apply(initialise)

    return init_weights


@alternative(exercise="hooks")
def hw2_hook_adds_a_tensor_of_the_cpu(work):
    """A forward hook adds a tensor that it makes on the CPU."""

    def shift_output(module, k):
        return module.register_forward_hook(lambda module, inputs, output: output + k * torch.ones(output.shape))

    return shift_output


@alternative(exercise="hooks")
def hw2_hook_sums_on_the_cpu(work):
    """A backward hook adds up gradients in a tensor on the CPU."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = torch.zeros(1)
            for g in grad_input:
                if g is not None:
                    total += g.sum()
            return None if total == 0 else tuple(None if g is None else g / total for g in grad_input)

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@alternative(exercise="hooks")
def hw2_records_on_the_cpu(work):
    """The recorded gradients are copied into tensors on the CPU."""

    def record_grads(module):
        store = []

        def copies(grads):
            return tuple(None if g is None else torch.empty(g.shape, dtype=g.dtype).copy_(g.detach()) for g in grads)

        def hook(module, grad_input, grad_output):
            store.append((copies(grad_input), copies(grad_output)))

        return store, module.register_full_backward_hook(hook)

    return record_grads


@alternative(exercise="capture_activations")
def hw2_stored_as_arrays(work):
    """The outputs go through numpy on their way into the store."""

    @contextmanager
    def capture_activations(model, names):
        store, handles = {}, []

        def saver(name):
            def hook(module, inputs, output):
                store[name] = torch.from_numpy(output.detach().numpy().copy())

            return hook

        try:
            for name in names:
                handles.append(model.get_submodule(name).register_forward_hook(saver(name)))
            yield store
        finally:
            for handle in handles:
                handle.remove()

    return capture_activations


def swish(ones):
    """SwishFunction with ones of a mistaken make in its backward."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, beta):
            ctx.save_for_backward(x)
            ctx.beta = beta
            return x * torch.sigmoid(beta * x)

        @staticmethod
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            s = torch.sigmoid(ctx.beta * x)
            return grad_output * (s + ctx.beta * x * s * (ones(x) - s)), None

    return SwishFunction


@alternative(exercise="swish")
def hw2_ones_made_in_backward(work):
    """backward makes a tensor without saying where."""
    return swish(lambda x: torch.ones(x.shape, dtype=x.dtype))


@alternative(exercise="swish")
def hw2_cuda_by_name(work):
    """Whatever is not the CPU is taken for a GPU of one make."""
    return swish(lambda x: torch.ones_like(x) if x.is_cpu else torch.ones(x.shape).cuda())


@alternative(exercise="my_sgd")
def hw2_velocity_made_on_the_cpu(work):
    """The memory of the optimizer is made on the CPU."""

    class MySGD(work.MySGD):
        @torch.no_grad()
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    velocity = self.state[p].setdefault("velocity", torch.zeros(p.shape, dtype=p.dtype))
                    velocity.mul_(group["momentum"]).add_(p.grad.add(p, alpha=group["weight_decay"]))
                    p.sub_(group["lr"] * velocity)
            return loss

    return MySGD


# hw4 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="train_one_epoch")
def hw4_loss_added_up_on_the_cpu(work):
    """The losses are added to a tensor on the CPU."""

    def train_one_epoch(model, loader, loss_fn, optimizer, max_norm=None):
        model.train()
        total, count = torch.zeros(1, dtype=torch.float64), 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            if max_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            total += loss.detach() * len(x)
            count += len(x)
        return total.item() / count

    return train_one_epoch


@alternative(exercise="evaluate")
def hw4_accuracy_by_numpy(work):
    """Predictions are compared as arrays."""

    def evaluate(model, loader, loss_fn):
        modes = {module: module.training for module in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        with torch.no_grad():
            for x, y in loader:
                outputs = model(x)
                total += loss_fn(outputs, y).item() * len(y)
                right += int((outputs.argmax(dim=1).numpy() == np.asarray(y)).sum())
                count += len(y)
        for module, mode in modes.items():
            module.training = mode
        return {"loss": total / count, "acc": right / count}

    return evaluate


@alternative(exercise="best_weights")
def hw4_weights_kept_as_arrays(work):
    """The kept state is made of numpy arrays."""

    class BestWeights(work.BestWeights):
        def update(self, value, model):
            better = super().update(value, model)
            if better:
                self.arrays = {name: v.numpy().copy() for name, v in model.state_dict().items()}
            return better

    return BestWeights


@alternative(exercise="checkpoint")
def hw4_everything_loaded_onto_the_device(work):
    """map_location brings the state of the CPU's random stream to the device, too."""

    def load_checkpoint(path, model, optimizer, scheduler):
        import random

        device = next(model.parameters()).device
        checkpoint = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        scheduler.load_state_dict(checkpoint["scheduler"])
        torch.set_rng_state(checkpoint["torch"])
        random.setstate(checkpoint["python"])
        np.random.set_state(tuple(checkpoint["numpy"]))
        return checkpoint["epoch"] + 1, checkpoint["best"]

    return load_checkpoint


@alternative(exercise="meters")
def hw4_counted_by_an_index_on_the_device(work):
    """A matrix on the CPU is indexed by classes on the device."""

    class ConfusionMatrix(work.ConfusionMatrix):
        def update(self, predictions, targets):
            self.matrix.index_put_((targets, predictions), torch.tensor(1), accumulate=True)

    return ConfusionMatrix


@alternative(exercise="warmup_cosine")
def hw4_loss_curve_on_the_cpu(work):
    """The losses are written into a curve that is a tensor on the CPU, by numpy."""

    def train_with_schedule(model, loader, loss_fn, optimizer, scheduler, epochs):
        model.train()
        rates, curve = [], []
        for _ in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                loss = loss_fn(model(x), y)
                loss.backward()
                curve.append(loss.detach().numpy())
                rates.append([group["lr"] for group in optimizer.param_groups])
                optimizer.step()
                scheduler.step()
        return rates

    return train_with_schedule
