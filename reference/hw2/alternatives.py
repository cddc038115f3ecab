"""Different but right solutions of hw2: each must get full marks."""

from __future__ import annotations

import math
from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from grader.authoring import alternative

# --- 2.1 chain -------------------------------------------------------------------------------------------------


@alternative(exercise="chain")
def modules_added_in_a_loop(work):
    """add_module in a loop, torch.add and torch.mul, and a test of the key by try and except."""

    class Affine(nn.Module):
        def __init__(self, a, b):
            super().__init__()
            self.register_parameter("a", nn.Parameter(torch.empty(()).fill_(a)))
            self.register_parameter("b", nn.Parameter(torch.empty(()).fill_(b)))

        def forward(self, x):
            return torch.add(torch.mul(x, self.a), self.b)

    def chain(pairs):
        steps = nn.Sequential()
        for i, (a, b) in enumerate(pairs):
            steps.add_module(str(i), Affine(a, b))
        return steps

    class Router(nn.Module):
        def __init__(self, modules):
            super().__init__()
            self.table = nn.ModuleDict()
            for key, module in modules.items():
                self.table[key] = module

        def forward(self, x, key):
            try:
                module = self.table[key]
            except KeyError:
                raise ValueError(f"unknown key {key}") from None
            return module(x)

        def keys(self):
            return [key for key in self.table]

    return Affine, chain, Router


@alternative(exercise="chain")
def table_of_plain_module(work):
    """The table is a bare nn.Module with children, and the chain is made from an OrderedDict."""

    def chain(pairs):
        return nn.Sequential(OrderedDict((str(i), work.Affine(*pair)) for i, pair in enumerate(pairs)))

    class Router(nn.Module):
        def __init__(self, modules):
            super().__init__()
            self.table = nn.Module()
            for key, module in modules.items():
                self.table.add_module(key, module)

        def forward(self, x, key):
            children = dict(self.table.named_children())
            if key not in children:
                raise ValueError(f"unknown key {key}")
            return children[key](x)

        def keys(self):
            return [name for name, _ in self.table.named_children()]

    return chain, Router


@alternative(exercise="chain")
def fused_addcmul(work):
    """addcmul for the affine map, and a search for the key in a loop."""

    class Affine(work.Affine):
        def forward(self, x):
            return torch.addcmul(self.b, x, self.a)

    class Router(work.Router):
        def forward(self, x, key):
            for name, module in self.table.items():
                if name == key:
                    return module(x)
            raise ValueError(key)

    return Affine, Router


# --- 2.2 mlp ---------------------------------------------------------------------------------------------------


@alternative(exercise="mlp")
def layers_appended(work):
    """Layers are appended by index, and forward asks which one is the last."""

    class MLP(nn.Module):
        def __init__(self, sizes, activation):
            super().__init__()
            if len(sizes) <= 1:
                raise ValueError("too few sizes")
            self.layers = nn.ModuleList()
            for i in range(len(sizes) - 1):
                self.layers.append(nn.Linear(sizes[i], sizes[i + 1]))
            self.act = activation

        def forward(self, x):
            for i, layer in enumerate(self.layers):
                x = layer(x)
                if i < len(self.layers) - 1:
                    x = self.act(x)
            return x

    return MLP


@alternative(exercise="mlp")
def activation_before_all_but_the_first(work):
    """The first layer stands apart; each further one is preceded by the activation."""

    class MLP(work.MLP):
        def forward(self, x):
            first, *rest = self.layers
            x = first(x)
            for layer in rest:
                x = layer(self.activation(x))
            return x

    return MLP


@alternative(exercise="mlp")
def written_out_products(work):
    """The layers only hold the parameters; forward multiplies by hand."""

    class MLP(work.MLP):
        def forward(self, x):
            *hidden, last = self.layers
            for layer in hidden:
                x = self.activation(x @ layer.weight.T + layer.bias)
            return F.linear(x, last.weight, last.bias)

    return MLP


# --- 2.3 my_linear ---------------------------------------------------------------------------------------------


@alternative(exercise="my_linear")
def functional_linear(work):
    """F.linear for the arithmetic, nn.init for the starting values, None assigned to bias."""

    class MyLinear(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            self.weight = nn.Parameter(torch.empty((out_features, in_features)))
            nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
            self.bias = None
            if bias:
                self.bias = nn.Parameter(torch.zeros(out_features))
                nn.init.uniform_(self.bias, -1 / math.sqrt(in_features), 1 / math.sqrt(in_features))

        def forward(self, x):
            return F.linear(x, self.weight, self.bias)

    return MyLinear


@alternative(exercise="my_linear")
def einsum_linear(work):
    """einsum with an ellipsis, and uniform numbers scaled before they become a parameter."""

    class MyLinear(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            k = 1 / math.sqrt(in_features)
            self.weight = nn.Parameter((torch.rand(out_features, in_features) * 2 - 1) * k)
            self.register_parameter("bias", nn.Parameter((2 * torch.rand(out_features) - 1) * k) if bias else None)

        def forward(self, x):
            y = torch.einsum("...i,oi->...o", x, self.weight)
            return y + self.bias if self.bias is not None else y

    return MyLinear


@alternative(exercise="my_linear")
def sums_of_products(work):
    """Broadcasting, multiplication and a sum instead of a matrix product."""

    class MyLinear(work.MyLinear):
        def forward(self, x):
            y = (x.unsqueeze(-2) * self.weight).sum(-1)
            return y if self.bias is None else y.add(self.bias)

    return MyLinear


# --- 2.4 standardize -------------------------------------------------------------------------------------------


@alternative(exercise="standardize")
def viewed_statistics(work):
    """view for the broadcasting, and the check of the deviation before anything is registered."""

    class Standardize(nn.Module):
        def __init__(self, mean, std):
            if any(float(s) <= 0 for s in std):
                raise ValueError("deviations must be positive")
            super().__init__()
            self.register_buffer("mean", torch.tensor([float(m) for m in mean]))
            self.register_buffer("std", torch.tensor([float(s) for s in std]))

        def forward(self, x):
            return (x - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)

    return Standardize


@alternative(exercise="standardize")
def module_buffers(work):
    """nn.Buffer instead of register_buffer, and the channel moved to the end for the arithmetic."""

    class Standardize(nn.Module):
        def __init__(self, mean, std):
            super().__init__()
            dtype = torch.get_default_dtype()
            self.mean = nn.Buffer(torch.as_tensor(mean).to(dtype, copy=True))
            self.std = nn.Buffer(torch.as_tensor(std).to(dtype, copy=True))
            if not torch.all(self.std > 0):
                raise ValueError("deviations must be positive")

        def forward(self, x):
            return ((x.movedim(-3, -1) - self.mean) / self.std).movedim(-1, -3)

    return Standardize


@alternative(exercise="standardize")
def scale_and_shift(work):
    """One multiplication by 1/std, applied to the difference."""

    class Standardize(work.Standardize):
        def forward(self, x):
            scale = self.std.reciprocal().reshape(-1, 1, 1)
            return torch.sub(x, self.mean.reshape(-1, 1, 1)).mul(scale)

    return Standardize


# --- 2.5 inventory ---------------------------------------------------------------------------------------------


@alternative(exercise="inventory")
def written_in_loops(work):
    """Loops instead of comprehensions, torch.Size kept for the shapes, names in tuples."""

    def inventory(model):
        modules, parameters, count = [], {}, 0
        for name, _ in model.named_modules():
            if name != "":
                modules.append(name)
        for name, p in model.named_parameters():
            parameters[name] = (p.shape, p.requires_grad)
            if p.requires_grad:
                count += p.nelement()
        children = tuple(dict(model.named_children()))
        buffers = tuple(dict(model.named_buffers()))
        return {
            "modules": modules, "children": children, "parameters": parameters, "buffers": buffers,
            "n_trainable": count,
        }  # fmt: skip

    return inventory


@alternative(exercise="inventory")
def walked_by_recursion(work):
    """Modules and tensors are found by a recursive walk that remembers what it has seen."""

    def inventory(model):
        modules, parameters, buffers, seen = [], {}, [], set()

        def walk(module, path):
            if id(module) in seen:
                return
            seen.add(id(module))
            if path:
                modules.append(path)
            dot = path + "." if path else ""
            for name, p in module._parameters.items():
                if p is not None and id(p) not in seen:
                    seen.add(id(p))
                    parameters[dot + name] = p
            for name, b in module._buffers.items():
                if b is not None:
                    buffers.append(dot + name)
            for name, child in module._modules.items():
                walk(child, dot + name)

        walk(model, "")
        return {
            "modules": modules,
            "children": [name for name, _ in model.named_children()],
            "parameters": {name: (tuple(p.shape), p.requires_grad) for name, p in parameters.items()},
            "buffers": buffers,
            "n_trainable": sum(p.numel() for p in parameters.values() if p.requires_grad),
        }

    return inventory


@alternative(exercise="inventory")
def first_name_sliced_off(work):
    """The root is the first entry of named_modules and is sliced off; trainable parameters are collected in a set."""

    def inventory(model):
        trainable = {p for p in model.parameters() if p.requires_grad}
        return {
            "n_trainable": sum(math.prod(p.shape) for p in trainable),
            "modules": list(dict(model.named_modules()))[1:],
            "children": list(dict(model.named_children()).keys()),
            "parameters": {n: (tuple(p.size()), p in trainable) for n, p in model.named_parameters()},
            "buffers": list(dict(model.named_buffers()).keys()),
        }

    return inventory


# --- 2.6 replace_module ----------------------------------------------------------------------------------------


@alternative(exercise="replace_module")
def walked_with_getattr(work):
    """getattr along the path, with a check that a module is found at every step."""

    def replace_module(model, target, new):
        *path, name = target.split(".")
        parent = model
        for part in path:
            parent = getattr(parent, part)
        old = getattr(parent, name)
        if not isinstance(old, nn.Module):
            raise AttributeError(f"{target} is no module")
        setattr(parent, name, new)
        new.train(mode=parent.training)
        return old

    return replace_module


@alternative(exercise="replace_module")
def entry_of_the_module_table(work):
    """The parent's table of children is changed, after the whole path has been looked up."""

    def replace_module(model, target, new):
        found = dict(model.named_modules(remove_duplicate=False))
        if target not in found:
            raise AttributeError(target)
        parent = found[target.rpartition(".")[0]]
        parent._modules[target.rpartition(".")[2]] = new
        new.train() if parent.training else new.eval()
        return found[target]

    return replace_module


@alternative(exercise="replace_module")
def set_submodule(work):
    """torch's own set_submodule, in strict mode."""

    def replace_module(model, target, new):
        old = model.get_submodule(target)
        model.set_submodule(target, new, strict=True)
        new.train(model.get_submodule(".".join(target.split(".")[:-1])).training)
        return old

    return replace_module


# --- 2.7 init_weights ------------------------------------------------------------------------------------------


@alternative(exercise="init_weights")
def normal_with_computed_deviation(work):
    """The deviation is worked out by hand, and the values are drawn into the parameter without autograd."""

    def init_weights(model, gain, generator=None):
        @torch.no_grad()
        def initialise(m):
            if isinstance(m, nn.Linear):
                std = gain * math.sqrt(2.0 / (m.in_features + m.out_features))
                m.weight.normal_(0, std, generator=generator)
                if m.bias is not None:
                    m.bias.zero_()

        model.apply(initialise)
        return model

    return init_weights


@alternative(exercise="init_weights")
def data_filled(work):
    """The parameter's .data is replaced: the object stays the same."""

    def initialise(gain, generator, m):
        if isinstance(m, nn.Linear):
            m.weight.data = nn.init.xavier_normal_(torch.empty_like(m.weight.data), gain=gain, generator=generator)
            if getattr(m, "bias", None) is not None:
                m.bias.data.fill_(0.0)

    def init_weights(model, gain, generator=None):
        return model.apply(partial(initialise, gain, generator))

    return init_weights


@alternative(exercise="init_weights")
def recursion_by_hand(work):
    """Children first, then the module itself, without apply."""

    def init_weights(model, gain, generator=None):
        for child in model.children():
            init_weights(child, gain, generator)
        if isinstance(model, nn.Linear):
            torch.nn.init.xavier_normal_(model.weight, gain, generator)
            if model.bias is not None:
                torch.nn.init.constant_(model.bias, 0)
        return model

    return init_weights


# --- 2.8 add_repr ----------------------------------------------------------------------------------------------


@alternative(exercise="add_repr")
def partial_of_the_module(work):
    """functools.partial binds the module, through apply."""

    def function_repr(module):
        return "name=" + str(module.name)

    def add_repr(model):
        def visit(m):
            if m.__class__.__name__.startswith("Function_"):
                m.extra_repr = partial(function_repr, m)

        return model.apply(visit)

    return add_repr


@alternative(exercise="add_repr")
def default_argument(work):
    """A lambda with the module as its default argument."""

    def add_repr(model):
        for _, m in model.named_modules():
            if m._get_name()[:9] == "Function_":
                m.extra_repr = lambda m=m: f"name={m.name}"
        return model

    return add_repr


@alternative(exercise="add_repr")
def bound_by_get(work):
    """The function's __get__ makes it a method; recursion over the children instead of modules()."""

    def extra_repr(self):
        return "name={}".format(self.name)

    def add_repr(model):
        if "Function_" == type(model).__name__[:9]:
            model.extra_repr = extra_repr.__get__(model)
        for child in model.children():
            add_repr(child)
        return model

    return add_repr


# --- 2.9 hooks -------------------------------------------------------------------------------------------------


def copy_of(value):
    """A detached copy of a tensor, anything else as it is."""
    return value.clone().detach() if torch.is_tensor(value) else value


@alternative(exercise="hooks")
def named_hook_functions(work):
    """Hooks as inner functions, torch.add, and early returns."""

    def shift_output(module, k):
        def hook(module, args, output):
            return torch.add(output, k)

        handle = module.register_forward_hook(hook)
        return handle

    def record_inputs(module):
        calls = []

        def pre_hook(module, args, kwargs):
            calls.append((tuple(map(copy_of, args)), {k: copy_of(v) for k, v in kwargs.items()}))
            return args, kwargs

        return calls, module.register_forward_pre_hook(pre_hook, with_kwargs=True)

    def record_grads(module):
        passes = []
        handle = module.register_full_backward_hook(
            lambda m, gi, go: passes.append((tuple(map(copy_of, gi)), tuple(map(copy_of, go))))
        )
        return passes, handle

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = torch.cat([g.flatten() for g in grad_input if g is not None]).sum()
            if total != 0:
                return tuple(g if g is None else g.div(total) for g in grad_input)

        return module.register_full_backward_hook(hook)

    return shift_output, record_inputs, record_grads, normalize_input_grads


@alternative(exercise="hooks")
def recording_after_the_call(work):
    """Inputs recorded with lists inside tuples, hooks that return what they got, a factor instead of a quotient."""

    def shift_output(module, k):
        return module.register_forward_hook(lambda m, args, kwargs, out: k + out, with_kwargs=True)

    def record_inputs(module):
        store = list()

        def hook(module, args, kwargs):
            positional = []
            for a in args:
                positional.append(copy_of(a))
            keyword = dict(kwargs)
            for name in keyword:
                keyword[name] = copy_of(keyword[name])
            store.append((tuple(positional), keyword))

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((tuple(copy_of(g) for g in grad_input), tuple(copy_of(g) for g in grad_output)))
            return grad_input

        return store, module.register_full_backward_hook(hook)

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = 0.0
            for g in grad_input:
                if g is not None:
                    total += g.sum().item()
            factor = 1 / total if total else 1.0
            return tuple(None if g is None else g * factor for g in grad_input)

        return module.register_full_backward_hook(hook)

    return shift_output, record_inputs, record_grads, normalize_input_grads


@alternative(exercise="hooks")
def clones_changed_in_place(work):
    """The output's clone is changed in place, and gradients are rescaled where the sum is not zero."""

    def shift_output(module, k):
        def hook(module, inputs, output):
            shifted = output.clone()
            shifted += k
            return shifted

        return module.register_forward_hook(hook)

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = torch.stack([g.sum() for g in grad_input if isinstance(g, torch.Tensor)]).sum()
            safe = torch.where(total == 0, torch.ones_like(total), total)
            return tuple([g / safe if isinstance(g, torch.Tensor) else None for g in grad_input])

        return module.register_full_backward_hook(hook)

    return shift_output, normalize_input_grads


# --- 2.10 capture_activations ----------------------------------------------------------------------------------


@alternative(exercise="capture_activations")
def class_with_enter_and_exit(work):
    """A class with __enter__ and __exit__; names are looked up before any hook is set."""

    class capture_activations:
        def __init__(self, model, names):
            self.model, self.names, self.store = model, list(names), {}

        def __enter__(self):
            parts = {name: self.model.get_submodule(name) for name in self.names}
            self.handles = [m.register_forward_hook(partial(self._save, name)) for name, m in parts.items()]
            return self.store

        def _save(self, name, module, inputs, output):
            self.store[name] = output.clone().detach()

        def __exit__(self, *error):
            for handle in self.handles:
                handle.remove()
            return False

    return capture_activations


@alternative(exercise="capture_activations")
def exit_stack(work):
    """An ExitStack removes the handles; the name is bound by a default argument."""

    @contextmanager
    def capture_activations(model, names):
        captured = {}
        with ExitStack() as stack:
            for name in names:
                module = model.get_submodule(name)
                handle = module.register_forward_hook(
                    lambda m, i, o, name=name: captured.update({name: o.detach().clone()})
                )
                stack.callback(handle.remove)
            yield captured

    return capture_activations


@alternative(exercise="capture_activations")
def names_looked_up_in_a_dict(work):
    """A dict of named_modules, one hook for all, and the handles used as context managers."""

    @contextmanager
    def capture_activations(model, names):
        found, store = dict(model.named_modules()), {}
        unknown = [name for name in names if name not in found]
        if unknown:
            raise AttributeError(f"no modules called {unknown}")
        wanted = {found[name]: name for name in names}

        def hook(module, inputs, output):
            with torch.no_grad():
                store[wanted[module]] = output.clone()

        handles = [module.register_forward_hook(hook) for module in wanted]
        try:
            yield store
        finally:
            [handle.remove() for handle in handles]

    return capture_activations


# --- 2.11 swish ------------------------------------------------------------------------------------------------


@alternative(exercise="swish")
def output_saved_too(work):
    """The output is saved as well, and the derivative is written with it."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, beta):
            y = x * torch.sigmoid(x * beta)
            ctx.save_for_backward(x, y)
            ctx.beta = beta
            return y

        @staticmethod
        def backward(ctx, grad_output):
            x, y = ctx.saved_tensors
            s = torch.sigmoid(x * ctx.beta)
            return grad_output * (ctx.beta * y * (1 - s) + s), None

    return SwishFunction


@alternative(exercise="swish")
def context_set_up_apart(work):
    """The newer form: forward without ctx, and setup_context."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(x, beta):
            return x / (1 + torch.exp(-beta * x))

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.beta = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, upstream):
            (x,) = ctx.saved_tensors
            s = (ctx.beta * x).sigmoid()
            return upstream * s * (1 + ctx.beta * x * (1 - s)), None

    return SwishFunction


@alternative(exercise="swish")
def derivative_of_tanh(work):
    """The sigmoid written with tanh, and no gradient where none is needed."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, beta):
            ctx.save_for_backward(x)
            ctx.beta = beta
            return F.silu(beta * x) / beta if beta else x / 2

        @staticmethod
        def backward(ctx, grad_output):
            if not ctx.needs_input_grad[0]:
                return None, None
            x, t = ctx.saved_tensors[0], torch.tanh(ctx.beta * ctx.saved_tensors[0] / 2)
            return grad_output * ((1 + t) / 2 + ctx.beta * x * (1 - t * t) / 4), None

    return SwishFunction


# --- 2.12 my_sgd -----------------------------------------------------------------------------------------------


@alternative(exercise="my_sgd")
def written_without_helpers(work):
    """A with block instead of a decorator, and a buffer that starts at zero."""

    class MySGD(torch.optim.Optimizer):
        def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
            if not lr >= 0:
                raise ValueError(f"bad learning rate {lr}")
            super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

        def step(self, closure=None):
            loss = closure() if closure else None
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is None:
                            continue
                        g = p.grad + group["weight_decay"] * p
                        state = self.state[p]
                        if "buf" not in state:
                            state["buf"] = torch.zeros_like(p)
                        state["buf"] = group["momentum"] * state["buf"] + g
                        p -= group["lr"] * state["buf"]
            return loss

    return MySGD


@alternative(exercise="my_sgd")
def changes_through_data(work):
    """The classic form with .data, alpha arguments and a cloned first buffer."""

    class MySGD(torch.optim.Optimizer):
        def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
            if lr < 0.0:
                raise ValueError("lr")
            defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "dampening": 0}
            super().__init__(params, defaults)

        def step(self, closure=None):
            loss = None
            if closure is not None:
                loss = closure()
            for group in self.param_groups:
                for p in filter(lambda p: p.grad is not None, group["params"]):
                    d_p = p.grad.data
                    if group["weight_decay"] != 0:
                        d_p = d_p.add(p.data, alpha=group["weight_decay"])
                    if group["momentum"] != 0:
                        state = self.state[p]
                        if "momentum_buffer" not in state:
                            state["momentum_buffer"] = torch.clone(d_p).detach()
                        else:
                            state["momentum_buffer"].mul_(group["momentum"]).add_(d_p)
                        d_p = state["momentum_buffer"]
                    p.data.add_(d_p, alpha=-group["lr"])
            return loss

    return MySGD


@alternative(exercise="my_sgd")
def functional_step(work):
    """A subclass of torch.optim.SGD with fewer arguments."""

    class MySGD(torch.optim.SGD):
        def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
            super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, foreach=False)

    return MySGD


@alternative(exercise="my_sgd")
def copied_values(work):
    """New values are computed first and then copied into the parameter."""

    class MySGD(work.MySGD):
        @torch.no_grad()
        def step(self, closure=None):
            with torch.enable_grad():
                loss = closure() if closure is not None else None
            for group in self.param_groups:
                lr, mu, wd = (group[key] for key in ("lr", "momentum", "weight_decay"))
                for p in group["params"]:
                    if p.grad is not None:
                        v = p.grad + wd * p
                        if mu:
                            v = v + mu * self.state[p].get("v", torch.zeros_like(v))
                            self.state[p]["v"] = v
                        p.copy_(p - lr * v)
            return loss

    return MySGD
