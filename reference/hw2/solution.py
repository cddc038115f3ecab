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
# # Homework 2: modules, containers, hooks, Function, Optimizer
#
# A PyTorch model is a tree of `nn.Module`s. The tree knows its parameters, moves between devices, saves itself,
# and lets you listen in while it runs, as long as everything that belongs to it is *registered*. In these twelve
# exercises you build such modules, take models apart, watch them with hooks, and finally write a backward pass
# and an optimizer of your own.
#
# **How to work.** Each exercise ends with a cell that raises `NotImplementedError`. Replace that line by your
# code; keep the names and signatures. What the text and the docstring promise is what is checked: values,
# but also side effects, such as whether a function changes a tensor that belongs to its caller.
# You may add cells of your own anywhere. 100 points in all.

# %%
import types
from contextlib import contextmanager

import torch
import torch.nn as nn

# %% [markdown]
# ## 2.1 Containers that keep order: `chain` and `Router` (11 points)
#
# A module finds its parameters by looking at its attributes: an `nn.Parameter` is one of its own, an `nn.Module`
# is a child whose parameters count as well. `nn.Sequential` is a child list that is applied from first to last,
# `nn.ModuleDict` a child dictionary. A plain Python `dict` of modules is invisible to the tree.
#
# Order matters as soon as steps do not commute. "Times two, then plus one" is not "plus one, then times two":

# %%
x = torch.tensor([1.0, 2.0])
print("times two, plus one:", x * 2 + 1)
print("plus one, times two:", (x + 1) * 2)

# %% [markdown]
# **Task, part 1.** Write the module `Affine(a, b)`, which returns `x * a + b`. The two Python numbers become
# 0-d parameters named `a` and `b` (registered in that order) in torch's default floating-point type. `forward`
# returns a new tensor and leaves `x` as it was.


# %%
class Affine(nn.Module):
    """The map ``x * a + b`` with two learnable numbers.

    Args:
        a: The factor, a Python number; becomes the 0-d parameter ``a``.
        b: The offset, a Python number; becomes the 0-d parameter ``b``.
    """

    def __init__(self, a, b):
        ### BEGIN SOLUTION
        super().__init__()
        self.a = nn.Parameter(torch.tensor(float(a)))
        self.b = nn.Parameter(torch.tensor(float(b)))
        ### END SOLUTION

    def forward(self, x):
        """Return ``x * a + b`` as a new tensor of x's shape; x itself does not change."""
        ### BEGIN SOLUTION
        return x * self.a + self.b
        ### END SOLUTION


# %% [markdown]
# **Task, part 2.** `chain(pairs)` gets a list such as `[(2, 1), (3, -4)]` and returns an `nn.Sequential` with one
# `Affine` for each pair. The first pair acts first. Its parameters are called `0.a, 0.b, 1.a, 1.b, …`. An empty
# list gives an empty `nn.Sequential`, which returns its input.


# %%
def chain(pairs):
    """Compose affine maps.

    Args:
        pairs: List of ``(a, b)``; the first acts on the input first. May be empty.

    Returns:
        An ``nn.Sequential`` of ``Affine`` modules, one for each pair, in the order of the list.
    """
    ### BEGIN SOLUTION
    return nn.Sequential(*[Affine(a, b) for a, b in pairs])
    ### END SOLUTION


# %% [markdown]
# **Task, part 3.** `Router(modules)` holds named modules, in an attribute called `table`, and lets the caller
# choose one by its key. Its `state_dict()` has keys such as `table.NAME.weight`, so `table` must be something
# that the module tree can see. A key that is not there raises a `ValueError`.


# %%
class Router(nn.Module):
    """Modules by name, of which each call uses one.

    Args:
        modules: Dict from key to module; kept registered, and in this order, as ``self.table``.
    """

    def __init__(self, modules):
        ### BEGIN SOLUTION
        super().__init__()
        self.table = nn.ModuleDict(modules)
        ### END SOLUTION

    def forward(self, x, key):
        """Return what the module called `key` makes of x; raises ValueError where there is no such key."""
        ### BEGIN SOLUTION
        if key not in self.table:
            raise ValueError(f"no module is called {key!r}; there are {self.keys()}")
        return self.table[key](x)
        ### END SOLUTION

    def keys(self):
        """Return the keys as a list, in the order in which the dict had them."""
        ### BEGIN SOLUTION
        return list(self.table.keys())
        ### END SOLUTION


# %% [markdown]
# ## 2.2 A multilayer perceptron of any depth: `MLP` (8 points)
#
# When the number of layers is an argument, the layers go into a list. `nn.ModuleList` is a list that the module
# tree can see; it only *holds* the modules, what happens to the input is up to your `forward`.
#
# Between two layers there is an activation, without which the layers would collapse into one linear map.
# After the last layer there is none: a network's raw outputs (logits) should be able to take any value.

# %%
first, second = nn.Linear(3, 4), nn.Linear(4, 2)
holder = nn.ModuleList([first, second])
print(holder)
print("parameters in the list:", len(list(holder.parameters())))

# %% [markdown]
# **Task.** `MLP(sizes, activation)` with `sizes = [in, hidden, …, out]` has an `nn.ModuleList` called `layers` with
# one `nn.Linear` (with bias) from each size to the next, so that the parameters are `layers.0.weight`,
# `layers.0.bias`, `layers.1.weight`, … `activation` is any function from tensor to tensor, such as `torch.tanh`;
# it is applied after every layer but the last, once each. Fewer than two sizes raise a `ValueError`.


# %%
class MLP(nn.Module):
    """Linear layers with an activation between them.

    Args:
        sizes: The widths, input first and output last: at least two whole numbers.
        activation: A function from tensor to tensor, used after every layer but the last.

    Raises:
        ValueError: `sizes` has fewer than two entries.
    """

    def __init__(self, sizes, activation):
        ### BEGIN SOLUTION
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"an MLP needs an input and an output size, got {sizes}")
        self.layers = nn.ModuleList([nn.Linear(n, m) for n, m in zip(sizes, sizes[1:])])
        self.activation = activation
        ### END SOLUTION

    def forward(self, x):
        """Map x of shape (..., sizes[0]) to shape (..., sizes[-1])."""
        ### BEGIN SOLUTION
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
        ### END SOLUTION


# %% [markdown]
# ## 2.3 A linear layer from parameters: `MyLinear` (8 points)
#
# `nn.Linear` is less magic than it looks: two parameters and one line of arithmetic, $y = x W^T + b$.
# The weight has shape `(out_features, in_features)`, one *row* for each output, and every checkpoint in the world
# stores it that way.
#
# What makes a tensor a parameter is its type, and arithmetic does not keep that type:

# %%
p = nn.Parameter(torch.ones(2))
print(type(p).__name__, "times two is a", type(p * 2).__name__)

# %% [markdown]
# **Task.** Write `MyLinear(in_features, out_features, bias=True)` without using `nn.Linear`.
#
# * Parameters `weight` of shape `(out_features, in_features)` and `bias` of shape `(out_features,)`, registered in
#   this order. With `bias=False` the attribute `bias` is `None` and nothing is added.
# * Both start as uniform random values between $-1/\sqrt{\text{in}}$ and $1/\sqrt{\text{in}}$, as in `nn.Linear`.
# * The input has any number of leading dimensions, also none: `(in,)`, `(n, in)`, `(n, t, in)`, …
# * A `state_dict` of an `nn.Linear` of the same size can be loaded.


# %%
class MyLinear(nn.Module):
    """The map ``x @ weight.T + bias`` on the last dimension.

    Args:
        in_features: Size of the input's last dimension.
        out_features: Size of the output's last dimension.
        bias: False leaves the bias out; the attribute ``bias`` is then None.
    """

    def __init__(self, in_features, out_features, bias=True):
        ### BEGIN SOLUTION
        super().__init__()
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))
        else:
            self.register_parameter("bias", None)
        ### END SOLUTION

    def forward(self, x):
        """Map x of shape (..., in_features) to shape (..., out_features)."""
        ### BEGIN SOLUTION
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias
        ### END SOLUTION


# %% [markdown]
# ## 2.4 Buffers, state that is not learned: `Standardize` (8 points)
#
# Some tensors belong to a model but are not learned: the running statistics of a batch norm, a mask, the mean and
# standard deviation of the training images. They should travel with `.to(device)`, `.double()` and the checkpoint,
# and no optimizer should ever see them. Such a tensor is a **buffer**.

# %%
norm = nn.BatchNorm1d(2)
print("parameters:", [name for name, _ in norm.named_parameters()])
print("buffers:   ", [name for name, _ in norm.named_buffers()])

# %% [markdown]
# **Task.** `Standardize(mean, std)` subtracts the mean of each channel and divides by its standard deviation.
#
# * `mean` and `std` are lists or 1-D tensors of C numbers. The module keeps its *own copy* of each, as 1-D buffers
#   called `mean` and `std` in torch's default floating-point type: changing the caller's tensor later changes nothing.
# * Images come as `(N, C, H, W)` or as a single `(C, H, W)`; a new tensor is returned, the input stays as it was.
#   Gradients reach the input.
# * The module has no parameters; its `state_dict()` has the keys `mean, std`; it works after `.double()`, on
#   another device, and with values from `load_state_dict`.
# * A standard deviation that is not greater than zero raises a `ValueError`.


# %%
class Standardize(nn.Module):
    """Subtract the mean of each channel and divide by its standard deviation.

    Args:
        mean: C numbers, a list or 1-D tensor; copied into the buffer ``mean``.
        std: C numbers, all greater than zero; copied into the buffer ``std``.

    Raises:
        ValueError: An entry of `std` is zero or negative.
    """

    def __init__(self, mean, std):
        ### BEGIN SOLUTION
        super().__init__()
        dtype = torch.get_default_dtype()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=dtype).clone())
        self.register_buffer("std", torch.as_tensor(std, dtype=dtype).clone())
        if (self.std <= 0).any():
            raise ValueError(f"every standard deviation must be greater than zero, got {self.std.tolist()}")
        ### END SOLUTION

    def forward(self, x):
        """Standardize images of shape (N, C, H, W) or (C, H, W)."""
        ### BEGIN SOLUTION
        return (x - self.mean[:, None, None]) / self.std[:, None, None]
        ### END SOLUTION


# %% [markdown]
# ## 2.5 What a model is made of: `inventory` (8 points)
#
# Before you train, freeze or transplant a model that someone else wrote, you want to know what is in it.
# `nn.Module` answers with `named_modules` (the whole tree, including the model itself under the name `''`),
# `named_children` (one level), `named_parameters` and `named_buffers`.

# %%
small = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 1)))
for name, module in small.named_modules():
    print(repr(name), type(module).__name__)

# %% [markdown]
# **Task.** `inventory(model)` returns a dict with five entries:
#
# | key | value |
# |---|---|
# | `modules` | list of the dotted names of all modules below the model, in the order of `named_modules`; the model itself is not listed |
# | `children` | list of the names one level below the model |
# | `parameters` | dict from dotted name to `(shape, trainable)`: a tuple of ints, and whether gradients are computed for it |
# | `buffers` | list of the dotted names of all buffers, also of those that no checkpoint holds |
# | `n_trainable` | how many *numbers* will be trained, an int |
#
# A module or parameter that is used in two places (a tied weight) is listed once, under its first name, and counted
# once. The model is only looked at, never changed.


# %%
def inventory(model):
    """List what a model is made of.

    Args:
        model: Any module.

    Returns:
        A dict with the keys "modules", "children", "parameters", "buffers" and "n_trainable"; see the table.
    """
    ### BEGIN SOLUTION
    return {
        "modules": [name for name, _ in model.named_modules() if name],
        "children": [name for name, _ in model.named_children()],
        "parameters": {name: (tuple(p.shape), p.requires_grad) for name, p in model.named_parameters()},
        "buffers": [name for name, _ in model.named_buffers()],
        "n_trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }
    ### END SOLUTION


# %% [markdown]
# ## 2.6 Exchange a part of a model: `replace_module` (7 points)
#
# Transfer learning, quantisation and low-rank adapters all do the same thing: take a finished model and put another
# module in the place of one of its parts. The part is given by a dotted path, such as `encoder.layers.0.fc`.
# A path is not Python code (try typing `model.layers.0`), but `get_submodule` reads it:

# %%
print(small.get_submodule("1.1"))

# %% [markdown]
# **Task.** `replace_module(model, target, new)` puts `new` in the place of the submodule at the dotted path `target`
# and returns the module that was there before.
#
# * It works for attributes and inside `nn.Sequential`, `nn.ModuleList` and `nn.ModuleDict`. Every other module stays
#   the same object in the same place, so that the order of a `Sequential` does not change.
# * `new`, with all that is below it, gets the training mode of its *parent*, the module that now holds it.
# * A path that leads to no module (a wrong name at any level, or the name of a parameter) raises an
#   `AttributeError`, and the model stays as it was.


# %%
def replace_module(model, target, new):
    """Put a module in the place of another.

    Args:
        model: The model to change.
        target: Dotted path of the submodule to replace, such as "layers.0"; never empty.
        new: The module to put there.

    Returns:
        The module that was replaced.

    Raises:
        AttributeError: There is no module at `target`; the model is unchanged.
    """
    ### BEGIN SOLUTION
    path, _, name = target.rpartition(".")
    old = model.get_submodule(target)
    parent = model.get_submodule(path)
    setattr(parent, name, new)
    new.train(parent.training)
    return old
    ### END SOLUTION


# %% [markdown]
# ## 2.7 Initialise through `apply`: `init_weights` (8 points)
#
# `model.apply(fn)` calls `fn` with every module of the tree. Functions in `torch.nn.init` then change a weight *in
# place*. That matters: an optimizer that was built earlier holds on to the parameter **objects**, and a new object
# in their place would never be trained.
#
# In which order does `apply` visit a tree? Find out:

# %%
_ = nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.Tanh())).apply(lambda m: print(type(m).__name__))

# %% [markdown]
# **Task.** `init_weights(model, gain, generator=None)` visits the model in the order of `apply` and, for every
# `nn.Linear` (subclasses of it too), fills the weight with `nn.init.xavier_normal_`, using this `gain` and this
# `generator`, and sets the bias, if there is one, to zero. Nothing else changes: no other kind of module, and no
# parameter object. All random numbers come from `generator` when one is given. The model is returned.


# %%
def init_weights(model, gain, generator=None):
    """Give every linear layer Xavier-normal weights and a zero bias, in place.

    Args:
        model: The model; every `nn.Linear` in it, subclasses included, is initialised.
        gain: Factor on the standard deviation of the weights.
        generator: The source of the random numbers; torch's global one where None.

    Returns:
        The same model.
    """

    ### BEGIN SOLUTION
    def initialise(module):
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight, gain, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    return model.apply(initialise)
    ### END SOLUTION


# %% [markdown]
# ## 2.8 A module that says its name: `add_repr` (5 points)
#
# `print(model)` shows, behind each class name, what the module's method `extra_repr()` returns. Here are two modules
# of one class, each with a name that the printout does not show:


# %%
class Function_Demo(nn.Module):
    """A module that has a name."""

    def __init__(self, name):
        super().__init__()
        self.name = name


print(nn.Sequential(Function_Demo("duck"), Function_Demo("goose")))

# %% [markdown]
# **Task.** `add_repr(model)` makes every module of the tree (the model itself included) whose class name starts with
# `Function_` show `name=…` in its printout, as in `Function_Demo(name=duck)`. The name is the module's attribute
# `name` at the time of printing. All other modules print as before, even those that also have a `name`, and so does
# every *other instance* of the same class that is not in this model. The model is returned.
#
# A function stored on an instance is not a method, Python passes it no `self`. `types.MethodType(function, instance)`
# binds the two together.


# %%
def add_repr(model):
    """Let the modules of classes called ``Function_*`` show their name when printed.

    Args:
        model: The model; only these instances change, not their classes.

    Returns:
        The same model.
    """

    ### BEGIN SOLUTION
    def name_repr(self):
        return f"name={self.name}"

    for module in model.modules():
        if type(module).__name__.startswith("Function_"):
            module.extra_repr = types.MethodType(name_repr, module)
    return model
    ### END SOLUTION


# %% [markdown]
# ## 2.9 Hooks, to look at values and change them (13 points)
#
# A hook is a function that a module calls while it runs. You need no access to the module's code, which is why
# profilers, pruning tools and feature extractors are all made of hooks.
#
# | register with | is called | with | may return |
# |---|---|---|---|
# | `register_forward_pre_hook` | before `forward` | module, inputs | new inputs |
# | `register_forward_hook` | after `forward` | module, inputs, output | a new output |
# | `register_full_backward_hook` | after the gradients of the inputs are known | module, grad_input, grad_output | a new grad_input |
#
# Each registration returns a handle, and `handle.remove()` takes the hook off again. Positional inputs and gradients
# always come as tuples, even if there is only one. With `with_kwargs=True` forward hooks see keyword arguments too.

# %%
layer = nn.Linear(2, 1)
handle = layer.register_forward_hook(lambda module, inputs, output: print("shape of the output:", tuple(output.shape)))
layer(torch.ones(3, 2))
handle.remove()
layer(torch.ones(3, 2))  # silent again
print("removed")

# %% [markdown]
# **Task, part 1.** `shift_output(module, k)` makes the module return its output plus `k` and returns the handle.
# The gradients must still come out right, also for a module such as `nn.Sigmoid` that needs its own output for the
# backward pass.


# %%
def shift_output(module, k):
    """Add a number to everything a module returns.

    Args:
        module: A module that returns one tensor.
        k: The number to add.

    Returns:
        The handle; after ``handle.remove()`` the module is as before.
    """
    ### BEGIN SOLUTION
    return module.register_forward_hook(lambda module, inputs, output: output + k)
    ### END SOLUTION


# %% [markdown]
# **Task, part 2.** `record_inputs(module)` returns `(store, handle)`. `store` is a list that gets one entry
# `(args, kwargs)` for each call of the module: the tuple of positional inputs and the dict of keyword inputs.
# Tensors are stored as detached copies, so that the record shows the values *at the time of the call*; anything else
# is stored as it is. The module's result does not change.


# %%
def record_inputs(module):
    """Keep the inputs of every call of a module.

    Args:
        module: A module with any number of positional and keyword inputs.

    Returns:
        ``(store, handle)``: a list that gets ``(args, kwargs)`` at each call, and the handle to stop it.
    """
    ### BEGIN SOLUTION
    store = []

    def copied(value):
        return value.detach().clone() if isinstance(value, torch.Tensor) else value

    def hook(module, args, kwargs):
        store.append((tuple(copied(a) for a in args), {name: copied(a) for name, a in kwargs.items()}))

    return store, module.register_forward_pre_hook(hook, with_kwargs=True)
    ### END SOLUTION


# %% [markdown]
# **Task, part 3.** `record_grads(module)` returns `(store, handle)`. At each backward pass through the module the list
# `store` gets one entry `(grad_input, grad_output)`: the gradients of its positional inputs, in the order of the
# inputs (`None` for an input that is no tensor), and those of its outputs, each a tuple of detached copies. The gradients
# that flow on do not change. An old hook called `register_backward_hook` sees only the last operation of a module;
# use the *full* one.


# %%
def record_grads(module):
    """Keep the gradients of a module's inputs and outputs at every backward pass.

    Args:
        module: A module with one or more tensor inputs.

    Returns:
        ``(store, handle)``: a list that gets ``(grad_input, grad_output)``, two tuples, and the handle to stop it.
    """
    ### BEGIN SOLUTION
    store = []

    def copies(grads):
        return tuple(None if g is None else g.detach().clone() for g in grads)

    def hook(module, grad_input, grad_output):
        store.append((copies(grad_input), copies(grad_output)))

    return store, module.register_full_backward_hook(hook)
    ### END SOLUTION


# %% [markdown]
# **Task, part 4.** `normalize_input_grads(module)` rescales the gradients of the module's inputs so that *all their
# entries together*, over all inputs, sum to 1, and returns the handle. All are divided by the same number, so their
# proportions stay. If the entries sum to exactly zero the gradients are left as they are; where `grad_input` holds
# `None` (for an input that is no tensor) it stays `None`. Gradients of the module's own parameters do not change.


# %%
def normalize_input_grads(module):
    """Rescale the gradients of a module's inputs so that they sum to 1 in total.

    Args:
        module: A module with one or more tensor inputs.

    Returns:
        The handle; after ``handle.remove()`` gradients are as before.
    """

    ### BEGIN SOLUTION
    def hook(module, grad_input, grad_output):
        total = sum(g.sum() for g in grad_input if g is not None)
        if total == 0:
            return None
        return tuple(None if g is None else g / total for g in grad_input)

    return module.register_full_backward_hook(hook)
    ### END SOLUTION


# %% [markdown]
# ## 2.10 Hooks that clean up after themselves: `capture_activations` (8 points)
#
# A forgotten hook slows a model down, keeps memory alive and surprises whoever uses the model next. A *context
# manager* gives a clear place for cleaning up: what stands in `finally` after the `yield` happens even when the block
# ends with an error.


# %%
@contextmanager
def announced(what):
    print("begin", what)
    try:
        yield
    finally:
        print("end", what)


with announced("the work"):
    print("working")

# %% [markdown]
# **Task.** `with capture_activations(model, names) as store:` fills the dict `store`, which is empty at first, with
# `{name: output}` of the submodules at these dotted names while the block runs.
#
# * The stored tensors are copies of the outputs as the modules returned them, even if a later layer (an in-place
#   ReLU, say) changes that memory. They are not part of any graph. If a module runs twice, the last output counts.
# * What the model computes, gradients included, does not change.
# * When the block ends, by itself or by an error, exactly the hooks that this call has added are gone: hooks of
#   others stay. The store can still be read, and the error goes on to the caller.
# * A name without a module raises an `AttributeError` when the block is entered, and leaves no hook behind.


# %%
@contextmanager
def capture_activations(model, names):
    """Collect the outputs of some submodules while a block runs.

    Args:
        model: Any module.
        names: Dotted names of submodules that return one tensor.

    Yields:
        A dict that gets ``{name: output}``, detached copies.

    Raises:
        AttributeError: There is no module of that name.
    """
    ### BEGIN SOLUTION
    store = {}

    def saver(name):
        def hook(module, inputs, output):
            store[name] = output.detach().clone()

        return hook

    handles = []
    try:
        for name in names:
            handles.append(model.get_submodule(name).register_forward_hook(saver(name)))
        yield store
    finally:
        for handle in handles:
            handle.remove()
    ### END SOLUTION


# %% [markdown]
# ## 2.11 A function with its own backward: `SwishFunction` (7 points)
#
# `torch.autograd.Function` lets you write the derivative yourself: `forward` computes and saves what will be needed,
# `backward` gets the gradient of the output and returns one gradient *for each argument of forward*. Here is the
# cube; note that the saved tensor goes through `ctx.save_for_backward`, which notices when someone overwrites it.


# %%
class Cube(torch.autograd.Function):
    """The third power, with its derivative written by hand."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2


t = torch.tensor([1.0, 2.0], requires_grad=True)
(10 * Cube.apply(t)).sum().backward()
print(t.grad)

# %% [markdown]
# **Task.** `SwishFunction.apply(x, beta)` computes $x \cdot \sigma(\beta x)$ for a tensor `x` of any shape and a Python
# float `beta`, with the derivative in `x` written by you. `beta` gets no gradient.
#
# * The derivative is right for any gradient that comes from above, which itself must stay as it was.
# * Values and derivatives are finite for numbers far from zero, too (±500, say).
# * It can be differentiated again: `backward` is made of tensor operations on *saved inputs (or outputs)*, so that
#   second derivatives are right too.
# * If `x` is changed in place between forward and backward, backward must refuse with torch's `RuntimeError` instead
#   of computing with the changed values.


# %%
class SwishFunction(torch.autograd.Function):
    """``x * sigmoid(beta * x)`` with a hand-written derivative in x; beta is a Python float."""

    @staticmethod
    def forward(ctx, x, beta):
        """Return ``x * sigmoid(beta * x)`` and save what backward needs."""
        ### BEGIN SOLUTION
        ctx.save_for_backward(x)
        ctx.beta = beta
        return x * torch.sigmoid(beta * x)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_output):
        """Return one gradient for each argument of forward: that of x, and None for beta."""
        ### BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.beta * x)
        return grad_output * (s + ctx.beta * x * s * (1 - s)), None
        ### END SOLUTION


# %% [markdown]
# ## 2.12 An optimizer of your own: `MySGD` (9 points)
#
# An optimizer knows parameters in *groups*, each with its own settings (`group["lr"]` and so on; this is what a learning
# rate scheduler changes), and keeps what it remembers of a parameter in `self.state[p]` (this is what `state_dict()`
# saves). One step of stochastic gradient descent with momentum $\mu$ and weight decay $\lambda$, for a parameter $p$ with
# gradient $g$ and memory $v$:
#
# $$g' = g + \lambda p, \qquad v \leftarrow \mu v + g' \;\;(\text{at the first step } v \leftarrow g'), \qquad
# p \leftarrow p - \eta\, v$$
#
# Without momentum, $v$ is simply $g'$. The base class does the bookkeeping of the groups:

# %%
w = nn.Parameter(torch.ones(2))
optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
print({key: optimizer.param_groups[0][key] for key in ("lr", "momentum", "weight_decay")})

# %% [markdown]
# **Task.** Write `MySGD(params, lr, momentum=0.0, weight_decay=0.0)`, a subclass of `torch.optim.Optimizer` that does the
# same as `torch.optim.SGD`.
#
# * Groups with their own `lr`, `momentum` or `weight_decay`, and learning rate schedulers, work. Whether a group has momentum
#   does not change during training.
# * A parameter whose `.grad` is `None` is skipped. Parameters are changed in place, gradients are not changed at all,
#   also not later by way of shared memory.
# * `state_dict()`, loaded into a new `MySGD`, continues exactly where the old one was.
# * `step(closure)` calls the closure once, with gradients enabled, before the update, and returns its loss;
#   `step()` returns `None`.
# * A negative `lr` raises a `ValueError`; zero is allowed.


# %%
class MySGD(torch.optim.Optimizer):
    """Stochastic gradient descent with momentum and weight decay.

    Args:
        params: Parameters, or a list of dicts, one for each group.
        lr: Learning rate, not negative.
        momentum: Factor on the memory of earlier gradients.
        weight_decay: Factor on the parameter that is added to its gradient.

    Raises:
        ValueError: `lr` is negative.
    """

    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        ### BEGIN SOLUTION
        if lr < 0:
            raise ValueError(f"the learning rate must not be negative, got {lr}")
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        ### END SOLUTION

    @torch.no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient; return the closure's loss, None without one."""
        ### BEGIN SOLUTION
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                update = p.grad.add(p, alpha=group["weight_decay"])
                if group["momentum"]:
                    if "velocity" in self.state[p]:
                        update = self.state[p]["velocity"].mul_(group["momentum"]).add_(update)
                    else:
                        self.state[p]["velocity"] = update
                p.sub_(group["lr"] * update)
        return loss
        ### END SOLUTION
