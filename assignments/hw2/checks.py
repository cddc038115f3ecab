from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from grader.authoring import check, close, hooks, state


class Product(nn.Module):
    """``x1 * x2 * W``, times a number that can be given by keyword."""

    def __init__(self, weight):
        super().__init__()
        self.W = nn.Parameter(weight)

    def forward(self, x1, x2, times=1.0):
        return x1 * x2 * self.W * times


def nested_model(rng):
    """Two named stages and a Sequential; 3 features in, 2 out."""
    ab = nn.Sequential(OrderedDict(a=nn.Linear(3, 4), b=nn.Tanh()))
    cd = nn.Sequential(OrderedDict(c=nn.Linear(4, 4), d=nn.ReLU()))
    model = nn.Sequential(OrderedDict(ab=ab, cd=cd, layers=nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2))))
    return rng.fill(model)


def still_there(model, before):
    """Names at which the very same module sits as before."""
    return [name for name, module in model.named_modules() if module is before.get(name)]


@check(exercise="chain", points=3.5)
def chain_applies_pairs_in_order(work, rng):
    """Every pair (a, b) becomes one step x * a + b, and the first pair acts first."""
    pairs = [(rng.number(1.5, 3), rng.number(1, 2)), (rng.number(-3, -1.5), 0.5), (0.5, rng.number(3, 4))]
    model, x = work.chain(pairs), rng.normal(4, 3)
    return {"output of the chain": model(x), "output of its first step": model[0](x)}


@check(exercise="chain", points=3)
def router_uses_the_module_of_the_key(work, rng):
    """A Router passes its input through the module with the key that is asked for, and lists its keys in order."""
    modules = {"zoom": nn.Linear(3, 4), "bend": nn.Tanh(), "add": nn.Linear(3, 2)}
    for module in modules.values():
        rng.fill(module)
    router, x = work.Router(modules).to(rng.device), rng.normal(5, 3)
    return {"outputs": {key: router(x, key) for key in modules}, "keys": router.keys()}


@check(exercise="mlp", points=3)
def mlp_has_activations_between_layers(work, rng):
    """With given weights, an MLP of three layers computes layer, activation, layer, activation, layer."""
    model = rng.fill(work.MLP([3, 6, 5, 2], torch.tanh))
    return {"output": model(rng.normal(4, 3)), "number of parameters": len(list(model.parameters()))}


@check(exercise="my_linear", points=3)
def my_linear_maps_rows(work, rng):
    """With given weights the layer computes x @ weight.T + bias, and x @ weight.T without a bias."""
    layer, plain = rng.fill(work.MyLinear(3, 5)), rng.fill(work.MyLinear(4, 2, bias=False))
    return {"with bias": layer(rng.normal(6, 3)), "without bias": plain(rng.normal(6, 4))}


@check(exercise="standardize", points=3)
def standardize_works_by_channel(work, rng):
    """Each channel of a batch of images gets its own mean subtracted and is divided by its own deviation."""
    layer = work.Standardize(rng.normal(3), rng.uniform(3, low=0.5, high=2))
    return {"output": layer(rng.normal(3, 3, 4, 3, mean=2))}


def plain(report):
    """An inventory with lists and tuples only, whatever sequences it was made of."""
    listed = {key: list(report[key]) for key in ("modules", "children", "buffers")}
    facts = {name: (tuple(shape), trainable) for name, (shape, trainable) in report["parameters"].items()}
    return listed | {"parameters": facts, "n_trainable": report["n_trainable"]}


@check(exercise="inventory", points=3)
def inventory_of_a_nested_model(work, rng):
    """Modules, children, parameters, buffers and the number of trainable numbers of a model with two levels."""
    n = rng.integer(2, 9)
    block = nn.Sequential(nn.Linear(3, n), nn.BatchNorm1d(n))
    return plain(work.inventory(nn.Sequential(OrderedDict(block=block, head=nn.Linear(n, 2, bias=False)))))


@check(exercise="replace_module", points=2.5)
def replace_puts_the_new_module_in_place(work, rng):
    """The new module computes in the place of the old one, which is returned; the rest stays the same."""
    model, new = nested_model(rng), rng.fill(nn.Linear(4, 4))
    before, x = dict(model.named_modules()), rng.normal(3, 3)
    old = work.replace_module(model, "cd.c", new)
    return {
        "output afterwards": model(x),
        "returned a": type(old).__name__,
        "returned the module that was at": [name for name, module in before.items() if module is old],
        "the new module is at": [name for name, module in model.named_modules() if module is new],
        "the same modules as before at": still_there(model, before),
    }


@check(exercise="init_weights", points=3, compare=close(rtol=1e-5, atol=1e-7))
def init_weights_draws_xavier_normal(work, rng):
    """Linear weights come from xavier_normal_ with the given gain and generator, biases are zero."""
    model = rng.fill(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))).float()
    returned = work.init_weights(model, 1.75, generator=rng.generator())
    return {
        "state afterwards": state(model),
        "returned": "the model" if returned is model else type(returned).__name__,
    }


def duck_family():
    """Two classes of named functions and one of named layers, made anew for each check."""

    class Named(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.name = name

    return [type(kind, (Named,), {}) for kind in ("Function_A", "Function_B", "Layer")]


@check(exercise="add_repr", points=2)
def add_repr_shows_the_names(work, rng):
    """The modules called Function_* show their names when the model is printed, at every level."""
    a, b, layer = duck_family()
    model = nn.Sequential(a("duck"), layer("pond"), nn.Sequential(b(f"goose {rng.integer(0, 1000)}"), nn.Linear(2, 3)))
    returned = work.add_repr(model)
    return {"printed": repr(model), "returned": "the model" if returned is model else type(returned).__name__}


@check(exercise="hooks", points=2)
def shift_output_adds_until_removed(work, rng):
    """A shifted module returns its output plus k, and its output again once the handle is removed."""
    module, x, k = rng.fill(nn.Linear(3, 2)), rng.normal(4, 3), rng.number(1, 5)
    handle = work.shift_output(module, k)
    shifted = module(x)
    handle.remove()
    return {"with the hook": shifted, "after removing it": module(x), "hooks left": hooks(module)}


@check(exercise="hooks", points=2)
def record_inputs_keeps_every_call(work, rng):
    """Each call of a module adds its positional inputs to the store, until the handle is removed."""
    module = Product(rng.normal(3))
    store, handle = work.record_inputs(module)
    first, second = module(rng.normal(2, 3), rng.normal(3)), module(rng.normal(3), rng.normal(3), 2.5)
    handle.remove()
    module(rng.normal(3), rng.normal(3))
    return {"store": [[tuple(args), dict(kwargs)] for args, kwargs in store], "outputs": [first, second]}


@check(exercise="hooks", points=2)
def record_grads_sees_inputs_and_outputs(work, rng):
    """A backward pass adds the gradients of all inputs, in their order, and of the output to the store."""
    module = Product(rng.normal(3))
    x1, x2 = rng.normal(3).requires_grad_(), rng.normal(3).requires_grad_()
    store, handle = work.record_grads(module)
    module(x1, x2).backward(rng.normal(3))
    handle.remove()
    module(x1.detach().requires_grad_(), x2).sum().backward()
    return {"store": [[tuple(given), tuple(taken)] for given, taken in store], "hooks left": hooks(module)}


@check(exercise="hooks", points=2, compare=close(rtol=1e-4, atol=1e-5))
def normalized_grads_sum_to_one(work, rng):
    """In fifty draws, the gradients of two inputs keep their proportions and sum to 1 together."""
    grads = []
    for _ in range(50):
        module = Product(rng.uniform(2, low=0.5, high=2))
        x1, x2 = (rng.uniform(2, low=0.5, high=2).requires_grad_() for _ in range(2))
        work.normalize_input_grads(module)
        (module(x1, x2) * rng.uniform(2, low=1, high=3)).sum().backward()
        grads.append(torch.stack([x1.grad, x2.grad]))
    return {"gradients": torch.stack(grads), "their sums": torch.stack([g.sum() for g in grads])}


@check(exercise="capture_activations", points=3)
def capture_stores_the_outputs_by_name(work, rng):
    """While the block runs, the outputs of the named modules land in the store under their names."""
    model, x, names = nested_model(rng), rng.normal(4, 3), ["ab.b", "cd.c", "layers"]
    with work.capture_activations(model, names) as store:
        before = sorted(store)
        model(rng.normal(4, 3))
        output = model(x)
    return {"output": output, "store": {name: store[name] for name in sorted(store)}, "before the call": before}


@check(exercise="swish", points=2.5)
def swish_values_and_gradient(work, rng):
    """Values and gradients are right for a weighted sum of the outputs."""
    x, beta = rng.normal(3, 4).requires_grad_(), rng.number(1.5, 3)
    y = work.SwishFunction.apply(x, beta)
    y.backward(rng.normal(3, 4))
    return {"output": y, "gradient": x.grad}


def train(optimizer, params, targets, steps=3):
    """Some steps towards targets, with gradients that are zeroed, not dropped."""
    for step in range(steps):
        optimizer.zero_grad(set_to_none=False)
        sum(((step + 1) * (p - t) ** 2).sum() for p, t in zip(params, targets, strict=True)).backward()
        optimizer.step()


@check(exercise="my_sgd", points=3, compare=close(rtol=1e-5, atol=1e-6))
def my_sgd_steps_like_sgd(work, rng):
    """Three steps with momentum and weight decay, with momentum alone, and with neither."""
    facts = {}
    settings = {"momentum and decay": {"momentum": 0.8, "weight_decay": 0.3}, "momentum": {"momentum": 0.9}}
    for name, given in (settings | {"neither": {}}).items():
        params = [nn.Parameter(rng.normal(3, 2)), nn.Parameter(rng.normal(4))]
        optimizer = work.MySGD(params, lr=0.05, **given)
        train(optimizer, params, [rng.normal(3, 2), rng.normal(4)])
        facts[name] = [p.detach() for p in params]
    return facts
