"""What hw2 observes: names that a module registers, objects that stay the same, hooks that go away again."""

from __future__ import annotations

import copy
from collections import OrderedDict

import torch
from torch import nn

from grader.authoring import (
    aliases,
    at_least,
    at_most,
    buffers,
    check,
    close,
    gradients,
    hooks,
    modes,
    parameters,
    raises,
    random_state,
    state,
)


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


def devices(module):
    """Where each entry of a module's state is, by name."""
    return {name: value.device.type for name, value in module.state_dict().items()}


# --- 2.1 chain -------------------------------------------------------------------------------------------------


@check(exercise="chain", points=3.5)
def chain_applies_pairs_in_order(work, rng):
    """Every pair (a, b) becomes one step x * a + b, and the first pair acts first."""
    pairs = [(rng.number(1.5, 3), rng.number(1, 2)), (rng.number(-3, -1.5), 0.5), (0.5, rng.number(3, 4))]
    model, x = work.chain(pairs).to(rng.device), rng.normal(4, 3)
    return {"output of the chain": model(x), "output of its first step": model[0](x)}


@check(exercise="chain", points=3)
def router_uses_the_module_of_the_key(work, rng):
    """A Router passes its input through the module with the key that is asked for, and lists its keys in order."""
    modules = {"zoom": nn.Linear(3, 4), "bend": nn.Tanh(), "add": nn.Linear(3, 2)}
    for module in modules.values():
        rng.fill(module)
    router, x = work.Router(modules).to(rng.device), rng.normal(5, 3)
    return {"outputs": {key: router(x, key) for key in modules}, "keys": router.keys()}


@check(
    exercise="chain",
    points=1.5,
    visibility="hidden",
    needs=("chain_applies_pairs_in_order", "router_uses_the_module_of_the_key"),
)
def containers_register_their_parameters(work, rng):
    """The parameters of chain and Router are known to the module tree, by the agreed names, and move with it."""
    model = work.chain([(2, 1), (rng.number(), -1), *((rng.number(), rng.number()) for _ in range(2))])
    router = work.Router({"second": nn.Linear(2, 3), "first": nn.Linear(2, 1, bias=False)})
    return {
        "parameters of the chain": parameters(model),
        "state of the chain": state(model),
        "parameters of the router": parameters(router),
        "devices of the router after .to('meta')": devices(router.to("meta")),
    }


@check(exercise="chain", points=1.5, visibility="hidden", needs=("chain_applies_pairs_in_order",))
def chain_leaves_the_input_alone(work, rng):
    """The tensor that goes into a chain is unchanged afterwards, and the result is another tensor."""
    x = rng.uniform(2, 3, low=1, high=2)
    y = work.chain([(rng.number(2, 3), 1.0)]).to(rng.device)(x)
    return {"the input afterwards": x.detach(), "the output": y, "memory shared by": aliases({"input": x, "output": y})}


@check(
    exercise="chain",
    points=1.5,
    visibility="hidden",
    needs=("chain_applies_pairs_in_order", "router_uses_the_module_of_the_key"),
)
def containers_handle_the_edges(work, rng):
    """An empty chain returns its input; a key that a Router does not have raises ValueError."""
    x = rng.normal(2, 2)
    router = work.Router({"one": nn.Identity()})
    return {
        "empty chain": work.chain([])(x),
        "unknown key": raises(lambda: router(x, "two"), ValueError),
        "keys of an empty router": list(work.Router({}).keys()),
    }


# --- 2.2 mlp ---------------------------------------------------------------------------------------------------


@check(exercise="mlp", points=3)
def mlp_has_activations_between_layers(work, rng):
    """With given weights, an MLP of three layers computes layer, activation, layer, activation, layer."""
    model = rng.fill(work.MLP([3, 6, 5, 2], torch.tanh))
    return {"output": model(rng.normal(4, 3)), "number of parameters": len(list(model.parameters()))}


@check(exercise="mlp", points=2, visibility="hidden")
def mlp_of_other_sizes(work, rng):
    """Equal widths, another activation, a single layer and extra leading dimensions work as well."""
    equal, single = rng.fill(work.MLP([4, 4, 4, 4], torch.relu)), rng.fill(work.MLP([5, 2], torch.relu))
    return {"equal widths": equal(rng.normal(2, 3, 4)), "a single layer": single(rng.normal(6, 5))}


@check(exercise="mlp", points=2, visibility="hidden", needs=("mlp_has_activations_between_layers",))
def mlp_layers_can_be_trained(work, rng):
    """All layers are registered: they have the agreed names, change type, get gradients and move in a step."""
    model = rng.fill(work.MLP([3, 4, 4, 2], torch.sigmoid))
    facts = parameters(model)
    model(rng.normal(5, 3)).square().sum().backward()
    grads = gradients(model)
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    moved = state(model)
    return {
        "parameters": facts,
        "gradients": grads,
        "after a step": moved,
        "after .double()": parameters(model.double()),
    }


@check(exercise="mlp", points=1, visibility="hidden", needs=("mlp_has_activations_between_layers",))
def mlp_calls_the_activation_once_a_layer(work, rng):
    """The activation is called once after every layer but the last; a single size raises ValueError."""
    seen = []

    def spy(x):
        seen.append(tuple(x.shape))
        return x.abs()

    output = rng.fill(work.MLP([2, 5, 3, 4], spy)).to(rng.device)(rng.normal(7, 2))
    refused = raises(lambda: work.MLP([3], spy), ValueError)
    return {"shapes given to the activation": seen, "output": output, "only one size": refused}


# --- 2.3 my_linear ---------------------------------------------------------------------------------------------


@check(exercise="my_linear", points=3)
def my_linear_maps_rows(work, rng):
    """With given weights the layer computes x @ weight.T + bias, and x @ weight.T without a bias."""
    layer, plain = rng.fill(work.MyLinear(3, 5)), rng.fill(work.MyLinear(4, 2, bias=False))
    return {"with bias": layer(rng.normal(6, 3)), "without bias": plain(rng.normal(6, 4))}


@check(exercise="my_linear", points=2, visibility="hidden")
def my_linear_takes_leading_dimensions(work, rng):
    """The input may have any number of leading dimensions, also none."""
    layer = rng.fill(work.MyLinear(4, 4))
    shapes = ((4,), (1, 4), (2, 3, 4), (2, 1, 3, 4))
    return {f"input of shape {shape}": layer(rng.normal(*shape)) for shape in shapes}


@check(exercise="my_linear", points=2, visibility="hidden", needs=("my_linear_maps_rows",))
def my_linear_registers_its_parameters(work, rng):
    """weight and bias are registered parameters of the right shape, and gradients reach them and the input."""
    layer, plain = rng.fill(work.MyLinear(3, 5)), work.MyLinear(3, 5, bias=False)
    x = rng.normal(2, 3).requires_grad_()
    layer(x).backward(rng.normal(2, 5))
    return {
        "parameters": parameters(layer),
        "parameters without bias": parameters(plain),
        "the attribute bias without bias": plain.bias,
        "gradients": gradients(layer),
        "gradient of the input": x.grad,
    }


@check(
    exercise="my_linear",
    points=1,
    visibility="hidden",
    needs=("my_linear_maps_rows",),
    compare={
        "largest weight times sqrt(in_features)": at_most(1.001),
        "largest bias times sqrt(in_features)": at_most(1.001),
        "spread of the weights times sqrt(in_features)": at_least(0.5),
        "spread of the biases times sqrt(in_features)": at_least(0.5),
    },
)
def my_linear_starts_like_nn_linear(work, rng):
    """New weights are uniform within 1/sqrt(in_features), and the state of an nn.Linear can be loaded."""
    layer, loaded = work.MyLinear(64, 1000).to(rng.device), work.MyLinear(3, 7).to(rng.device)
    facts = {
        "largest weight times sqrt(in_features)": layer.weight.detach().abs().max() * 8,
        "largest bias times sqrt(in_features)": layer.bias.detach().abs().max() * 8,
        "spread of the weights times sqrt(in_features)": layer.weight.detach().std() * 8,
        "spread of the biases times sqrt(in_features)": layer.bias.detach().std() * 8,
    }
    loaded.load_state_dict(rng.fill(nn.Linear(3, 7)).state_dict())
    return facts | {"output with loaded weights": loaded(rng.normal(2, 3))}


# --- 2.4 standardize -------------------------------------------------------------------------------------------


@check(exercise="standardize", points=3)
def standardize_works_by_channel(work, rng):
    """Each channel of a batch of images gets its own mean subtracted and is divided by its own deviation."""
    layer = work.Standardize(rng.normal(3), rng.uniform(3, low=0.5, high=2)).to(rng.device)
    return {"output": layer(rng.normal(3, 3, 4, 3, mean=2))}


@check(exercise="standardize", points=2, visibility="hidden")
def standardize_takes_single_images(work, rng):
    """Lists of numbers, other channel counts and a single image work as well; gradients reach the image."""
    gray = work.Standardize([0.25], [2]).to(rng.device)
    pair = work.Standardize([1, -2], [0.5, 3.0]).to(rng.device)
    image = rng.normal(2, 2, 2).requires_grad_()
    single = pair(image)
    single.backward(rng.normal(2, 2, 2))
    return {"one channel": gray(rng.normal(2, 1, 3, 5)), "a single image": single, "its gradient": image.grad}


@check(exercise="standardize", points=2, visibility="hidden", needs=("standardize_works_by_channel",))
def standardize_keeps_buffers(work, rng):
    """mean and std are saved, loaded and moved with the module, and are no parameters."""
    layer = work.Standardize([-1, 3], [2, 4]).to(rng.device)
    other = work.Standardize(rng.normal(2), rng.uniform(2, low=1, high=2))
    x = rng.normal(2, 2, 3, 3)
    facts = {"buffers": buffers(layer), "parameters": parameters(layer), "saved": list(layer.state_dict())}
    layer.load_state_dict(other.state_dict(), strict=False)
    facts["output after loading another state"] = layer(x)
    facts["output after .double()"] = layer.double()(x.double())
    facts["running after .to('meta')"] = raises(lambda: layer.to("meta")(x.to("meta")))
    return facts


@check(exercise="standardize", points=1, visibility="hidden", needs=("standardize_works_by_channel",))
def standardize_is_independent_of_its_caller(work, rng):
    """Input and arguments stay as they were, later changes to the arguments do nothing, a zero deviation is refused."""
    mean, std, x = rng.normal(2), rng.uniform(2, low=1, high=2), rng.normal(1, 2, 2, 3)
    layer = work.Standardize(mean, std).to(rng.device)
    first = layer(x)
    facts = {"the input afterwards": x.clone(), "the arguments afterwards": [mean.clone(), std.clone()]}
    mean.add_(5), std.mul_(3)
    facts |= {"output": first, "output after the caller changed the arguments": layer(x)}
    facts["deviation 0"] = raises(lambda: work.Standardize([0.0, 0.0], [1.0, 0.0]), ValueError)
    facts["deviation -1"] = raises(lambda: work.Standardize([0.0], [-1.0]), ValueError)
    return facts


# --- 2.5 inventory ---------------------------------------------------------------------------------------------


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


@check(exercise="inventory", points=2, visibility="hidden")
def inventory_of_frozen_parameters(work, rng):
    """Frozen parameters are listed as such and not counted; buffers that are not saved are listed too."""
    n = rng.integer(3, 9)
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, n), norms=nn.ModuleList([nn.BatchNorm1d(n)])))
    model.first.weight.requires_grad_(False)
    model.register_buffer("steps", torch.zeros(2), persistent=False)
    model.note = torch.ones(3)
    return plain(work.inventory(model))


@check(exercise="inventory", points=2, visibility="hidden", needs=("inventory_of_a_nested_model",))
def inventory_of_tied_weights(work, rng):
    """A tied parameter and a module used twice count once; the model is the same afterwards."""
    n, act = rng.integer(3, 9), nn.ReLU()
    parts = OrderedDict(embed=nn.Embedding(7, n), mix=nn.Sequential(nn.Linear(n, n), act, act), head=nn.Linear(n, 7))
    model = nn.Sequential(parts).eval()
    model.head.weight = model.embed.weight
    report = plain(work.inventory(model))
    return report | {"the model afterwards": {"parameters": parameters(model), "modes": modes(model)}}


@check(exercise="inventory", points=1, visibility="hidden", needs=("inventory_of_a_nested_model",))
def inventory_of_small_models(work, rng):
    """A single layer has no modules below it, a module without parameters has nothing to train."""
    layer, n = nn.Linear(4, rng.integer(2, 9)), rng.integer(2, 5)
    empty = nn.Sequential(*[nn.Sequential() for _ in range(n)])
    return {"a single layer": plain(work.inventory(layer)), "nothing to train": plain(work.inventory(empty))}


# --- 2.6 replace_module ----------------------------------------------------------------------------------------


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


@check(exercise="replace_module", points=1.5, visibility="hidden")
def replace_inside_containers(work, rng):
    """Parts of a Sequential, ModuleList and ModuleDict and parts of the first level can be replaced too."""
    model, x = nested_model(rng), rng.normal(3, 3)
    work.replace_module(model, "layers.0", rng.fill(nn.Linear(4, 5)))
    work.replace_module(model, "ab", rng.fill(nn.Linear(3, 4)))
    held = nn.ModuleDict({"x": nn.ModuleList([nn.Tanh(), nn.ReLU(), nn.Tanh()]), "y": nn.ReLU()})
    work.replace_module(held, "x.1", nn.Sigmoid())
    work.replace_module(held, "x.0", nn.Identity())
    return {"output afterwards": model(x), "containers": {n: type(m).__name__ for n, m in held.named_modules()}}


@check(exercise="replace_module", points=2, visibility="hidden", needs=("replace_puts_the_new_module_in_place",))
def replace_hands_on_the_training_mode(work, rng):
    """The new module and everything below it gets the mode of its parent, whatever the rest is in."""
    facts = {}
    for root, parent, old, new in ((1, 0, 1, 1), (1, 0, 0, 1), (1, 1, 0, 0), (0, 1, 0, 0)):
        model = nested_model(rng).train(bool(root))
        model.cd.train(bool(parent))
        model.cd.c.train(bool(old))
        fresh = nn.Sequential(nn.Linear(4, 4), nn.Dropout()).train(bool(new))
        work.replace_module(model, "cd.c", fresh)
        words = ["train" if mode else "eval" for mode in (root, parent, old, new)]
        facts["model {}, parent {}, old {}, new {}".format(*words)] = modes(model)
    return facts


@check(exercise="replace_module", points=1, visibility="hidden", needs=("replace_puts_the_new_module_in_place",))
def replace_refuses_bad_paths(work, rng):
    """A path that leads to no module raises AttributeError and leaves the model as it was."""
    model, facts = nested_model(rng), {}
    before = dict(model.named_modules())
    for path in ("cd.x", "nowhere.c", "ab.a.weight", "layers.7"):
        facts[path] = raises(lambda path=path: work.replace_module(model, path, nn.Tanh()), AttributeError)
    return facts | {"modules afterwards": list(dict(model.named_modules())), "the same": still_there(model, before)}


# --- 2.7 init_weights ------------------------------------------------------------------------------------------


def mixed_model(rng):
    """Linear layers, a subclass that holds another Linear, and layers that are none; always float32."""

    class Gated(nn.Linear):
        def __init__(self, n_in, n_out):
            super().__init__(n_in, n_out)
            self.gate = nn.Linear(n_in, n_out, bias=False)

    parts = [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Sequential(Gated(8, 5), nn.PReLU()), nn.Conv1d(5, 3, 2)]
    return rng.fill(nn.Sequential(*parts)).float()


@check(exercise="init_weights", points=3, compare=close(rtol=1e-5, atol=1e-7))
def init_weights_draws_xavier_normal(work, rng):
    """Linear weights come from xavier_normal_ with the given gain and generator, biases are zero."""
    model = rng.fill(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))).float()
    returned = work.init_weights(model, 1.75, generator=rng.generator(rng.device))
    return {
        "state afterwards": state(model),
        "returned": "the model" if returned is model else type(returned).__name__,
    }


@check(exercise="init_weights", points=2, visibility="hidden", compare=close(rtol=1e-5, atol=1e-7))
def init_weights_chooses_linear_layers(work, rng):
    """Subclasses of nn.Linear and layers without bias are initialised, in the order of apply; no other layer is."""
    model = mixed_model(rng)
    work.init_weights(model, 0.5, generator=rng.generator(rng.device))
    return {"state afterwards": state(model)}


@check(
    exercise="init_weights",
    points=2,
    visibility="hidden",
    needs=("init_weights_draws_xavier_normal",),
    compare={"after a step": close(rtol=1e-5, atol=1e-7)},
)
def init_weights_keeps_the_parameter_objects(work, rng):
    """The parameters are the same objects: an optimizer that was built before still trains them."""
    model = mixed_model(rng)
    before = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    work.init_weights(model, 1.0, generator=rng.generator(rng.device))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return {
        "the same objects as before": [n for n, p in model.named_parameters() if p is before.get(n)],
        "parameters": parameters(model),
        "after a step": state(model),
    }


@check(
    exercise="init_weights",
    points=1,
    visibility="hidden",
    needs=("init_weights_draws_xavier_normal",),
    compare={"a lone layer": close(rtol=1e-5, atol=1e-7)},
)
def init_weights_draws_from_its_generator_only(work, rng):
    """With a generator, torch's global random stream does not move; a lone Linear and gain 0 work too."""
    layer, still = (rng.fill(nn.Linear(3, 2)).float() for _ in range(2))
    before = random_state()
    work.init_weights(layer, 0.7, generator=rng.generator(rng.device))
    work.init_weights(still, 0.0, generator=rng.generator(rng.device))
    moved = [name for name, digest in random_state().items() if digest != before[name]]
    return {
        "global random streams that moved": moved,
        "a lone layer": state(layer),
        "a lone layer with gain 0": state(still),
    }


# --- 2.8 add_repr ----------------------------------------------------------------------------------------------


def duck_family():
    """Two classes of named functions and one of named layers, made anew for each check."""

    class Named(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.name = name

    return [type(kind, (Named,), {}) for kind in ("Function_A", "Function_B", "Layer")]


def named(rng, word):
    """The word with something behind it that nobody can guess."""
    return f"{word} {rng.bytes(5).hex()}"


@check(exercise="add_repr", points=2)
def add_repr_shows_the_names(work, rng):
    """The modules called Function_* show their names when the model is printed, at every level."""
    a, b, layer = duck_family()
    model = nn.Sequential(a("duck"), layer("pond"), nn.Sequential(b(f"goose {rng.integer(0, 1000)}"), nn.Linear(2, 3)))
    returned = work.add_repr(model)
    return {"printed": repr(model), "returned": "the model" if returned is model else type(returned).__name__}


@check(exercise="add_repr", points=1, visibility="hidden")
def add_repr_at_the_top_and_inside(work, rng):
    """A Function_* module shows its name when it is the model itself and when it holds others."""
    a, b, layer = duck_family()
    outer = a(named(rng, "outer"))
    outer.inner = nn.ModuleList([b(named(rng, "first")), layer("second"), b("third")])
    work.add_repr(outer)
    return {"printed": repr(outer)}


@check(exercise="add_repr", points=1.5, visibility="hidden", needs=("add_repr_shows_the_names",))
def add_repr_changes_instances_only(work, rng):
    """Other instances of the same classes print as before."""
    a, b, layer = duck_family()
    others = nn.Sequential(a("one"), b("two"), layer("three"))
    mine = nn.Sequential(a(named(rng, "mine")), b(named(rng, "mine too")))
    work.add_repr(mine)
    facts = {"an older model printed": repr(others), "a newer module printed": repr(a("four"))}
    return facts | {"the model printed": repr(mine)}


@check(exercise="add_repr", points=0.5, visibility="hidden", needs=("add_repr_shows_the_names",))
def add_repr_shows_the_present_name(work, rng):
    """A module that is renamed later shows its new name."""
    a, b, _ = duck_family()
    model = nn.Sequential(a("old"), b("old too"))
    work.add_repr(model)
    for part in model:
        part.name = named(rng, "new")
    return {"printed after renaming": repr(model)}


# --- 2.9 hooks -------------------------------------------------------------------------------------------------


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


@check(exercise="hooks", points=1, visibility="hidden", needs=("shift_output_adds_until_removed",))
def shift_output_keeps_the_gradients_right(work, rng):
    """Gradients are right for a module whose backward needs its own output, as Sigmoid's does, and hooks add up."""
    module, x = nn.Sigmoid(), rng.normal(4).requires_grad_()
    handles = [work.shift_output(module, rng.number(1, 2)) for _ in range(2)]
    y = module(x)
    y.backward(rng.normal(4))
    for handle in handles[:1]:
        handle.remove()
    return {"shifted twice": y, "gradient": x.grad, "shifted once": module(x)}


@check(exercise="hooks", points=1, visibility="hidden", needs=("record_inputs_keeps_every_call",))
def record_inputs_copies_keyword_inputs_too(work, rng):
    """Keyword inputs are recorded, and a tensor that is changed or trained later does not change the record."""
    module, x, w = Product(rng.normal(3)), rng.normal(3), rng.normal(3).requires_grad_()
    store, handle = work.record_inputs(module)
    y = module(x, x2=w * 2, times=3.0)
    x.fill_(7.0)
    args, kwargs = store[0]
    attached = [name for name, value in {"x1": args[0], **kwargs}.items() if getattr(value, "requires_grad", False)]
    handle.remove()
    return {"positional": tuple(args), "keyword": dict(kwargs), "output": y, "still in a graph": attached}


@check(exercise="hooks", points=1, visibility="hidden", needs=("record_grads_sees_inputs_and_outputs",))
def record_grads_changes_nothing(work, rng):
    """Gradients flow on unchanged, an input that is no tensor is recorded as None, the record is in no graph."""
    net, module = rng.fill(nn.Linear(2, 3)), Product(rng.normal(3))
    x1, x2 = rng.normal(4, 2), rng.normal(3).requires_grad_()
    store, _ = work.record_grads(module)
    for times in (2.5, 0.5):
        module(net(x1), x2, times).backward(rng.normal(4, 3))
    again, twice = Product(rng.normal(3)), rng.normal(3).requires_grad_()
    record, _ = work.record_grads(again)
    torch.autograd.grad(again(twice, twice * 2).square().sum(), twice, create_graph=True)
    return {
        "store": [[tuple(given), tuple(taken)] for given, taken in store],
        "gradients of the layer before": gradients(net),
        "gradient of W": module.W.grad,
        "in the graph of a gradient that can be differentiated": [
            kind
            for given, taken in record
            for kind, grads in (("grad_input", given), ("grad_output", taken))
            if any(getattr(grad, "requires_grad", False) for grad in grads)
        ],
    }


@check(exercise="hooks", points=1, visibility="hidden", needs=("normalized_grads_sum_to_one",))
def normalize_changes_input_grads_only(work, rng):
    """Parameters keep their gradients, an input that is no tensor is no obstacle, and the handle ends it."""
    module = Product(rng.uniform(3, low=1, high=2))
    x1, x2 = (rng.uniform(3, low=1, high=2).requires_grad_() for _ in range(2))
    handle = work.normalize_input_grads(module)
    module(x1, x2, 2.5).sum().backward()
    facts = {"gradients of the inputs": [x1.grad.clone(), x2.grad.clone()], "gradient of W": module.W.grad.clone()}
    handle.remove()
    module(x1, x2).sum().backward()
    return facts | {"x1 after one more pass without the hook": x1.grad, "hooks left": hooks(module)}


@check(exercise="hooks", points=1, visibility="hidden", needs=("normalized_grads_sum_to_one",))
def normalize_leaves_a_zero_sum_alone(work, rng):
    """Gradients that sum to zero stay as they are, and negative ones are handled like any others."""
    facts = {}
    for name, signs in (("sum zero", (1.0, -1.0)), ("sum below zero", (-1.0, -2.0))):
        module, size = Product(rng.uniform(1, low=1, high=2)), rng.uniform(1, low=1, high=2)
        x1, x2 = (size * sign for sign in signs)
        work.normalize_input_grads(module)
        module(x1.requires_grad_(), x2.requires_grad_()).sum().backward()
        facts[name] = [x1.grad, x2.grad]
    return facts


# --- 2.10 capture_activations ----------------------------------------------------------------------------------


@check(exercise="capture_activations", points=3)
def capture_stores_the_outputs_by_name(work, rng):
    """While the block runs, the outputs of the named modules land in the store under their names."""
    model, x, names = nested_model(rng), rng.normal(4, 3), ["ab.b", "cd.c", "layers"]
    with work.capture_activations(model, names) as store:
        before = sorted(store)
        model(rng.normal(4, 3))
        output = model(x)
    return {"output": output, "store": {name: store[name] for name in sorted(store)}, "before the call": before}


@check(exercise="capture_activations", points=2, visibility="hidden")
def capture_takes_copies_without_graph(work, rng):
    """Outputs are stored as they were before an in-place ReLU, outside of any graph; gradients stay right."""
    model = rng.fill(nn.Sequential(nn.Linear(3, 6), nn.ReLU(inplace=True), nn.Linear(6, 2)))
    with work.capture_activations(model, ["0", "2"]) as store:
        model(rng.normal(5, 3)).backward(rng.normal(5, 2))
    graph = [name for name, value in store.items() if value.requires_grad]
    return {"before the ReLU": store["0"], "last": store["2"], "in a graph": graph, "gradients": gradients(model)}


@check(exercise="capture_activations", points=1, visibility="hidden", needs=("capture_stores_the_outputs_by_name",))
def capture_removes_its_own_hooks(work, rng):
    """After the block exactly the hooks that were there before are left, and nothing more is stored."""
    model, calls = nested_model(rng), []
    model.ab.register_forward_hook(lambda *_: calls.append("own hook"))
    with work.capture_activations(model, ["ab", "cd.d"]) as store:
        model(rng.normal(2, 3))
    kept = {name: value.clone() for name, value in sorted(store.items())}
    model(rng.normal(2, 3))
    now = {name: store[name] for name in sorted(store)}
    return {"hooks left": hooks(model), "calls of a hook that was there": calls, "store": kept, "store later": now}


@check(exercise="capture_activations", points=1, visibility="hidden", needs=("capture_stores_the_outputs_by_name",))
def capture_cleans_up_after_an_error(work, rng):
    """An error inside the block reaches the caller, and no hook is left behind."""
    model, x = nested_model(rng), rng.normal(2, 3)

    def fail():
        with work.capture_activations(model, ["ab.a", "layers.1"]):
            model(x)
            raise ArithmeticError("inside the block")

    return {"error": raises(fail, ArithmeticError), "hooks left": hooks(model), "output": model(x)}


@check(exercise="capture_activations", points=1, visibility="hidden", needs=("capture_stores_the_outputs_by_name",))
def capture_refuses_unknown_names(work, rng):
    """A name without a module raises AttributeError on entering, and leaves no hook; no names give an empty store."""
    model, entered = nested_model(rng), []

    def enter(names):
        with work.capture_activations(model, names) as store:
            entered.append(names)
            model(rng.normal(2, 3))
        return sorted(store)

    error = raises(lambda: enter(["ab", "nobody"]), AttributeError)
    facts = {"error": error, "hooks left": hooks(model), "no names": enter([]), "blocks entered": entered}
    return facts | {"output": model(rng.normal(2, 3))}


# --- 2.11 swish ------------------------------------------------------------------------------------------------


@check(exercise="swish", points=2.5)
def swish_values_and_gradient(work, rng):
    """Values and gradients are right for a weighted sum of the outputs."""
    x, beta = rng.normal(3, 4).requires_grad_(), rng.number(1.5, 3)
    y = work.SwishFunction.apply(x, beta)
    y.backward(rng.normal(3, 4))
    return {"output": y, "gradient": x.grad}


@check(exercise="swish", points=1.5, visibility="hidden")
def swish_of_other_arguments(work, rng):
    """Negative and zero beta, numbers far from zero and a transposed input work as well."""
    facts = {}
    for beta in (-0.5, 0.0, 1.0):
        x = rng.normal(4, 3, std=3).T.requires_grad_()
        y = work.SwishFunction.apply(x, beta)
        (slope,) = torch.autograd.grad(y, x, rng.normal(3, 4))
        facts[f"beta {beta}"] = [y, slope]
    x = torch.tensor([-500.0, -20.0, 0.0, 20.0, 500.0], device=rng.device).requires_grad_()
    return facts | {"far from zero": torch.autograd.grad(work.SwishFunction.apply(x, 2.0).sum(), x)[0]}


@check(exercise="swish", points=1.5, visibility="hidden", needs=("swish_values_and_gradient",))
def swish_has_a_second_derivative(work, rng):
    """The gradient can be differentiated again."""
    x, weights = rng.normal(5).requires_grad_(), rng.normal(5).requires_grad_()
    (slope,) = torch.autograd.grad(work.SwishFunction.apply(x, 1.5), x, weights, create_graph=True)
    second, by_weight = torch.autograd.grad(slope, (x, weights), rng.normal(5))
    return {"first": slope, "second": second, "by the gradient from above": by_weight}


@check(exercise="swish", points=1.5, visibility="hidden", needs=("swish_values_and_gradient",))
def swish_notices_a_changed_input(work, rng):
    """The gradient from above and the input stay unchanged; an input changed after forward makes backward refuse."""
    leaf, above = rng.normal(4).requires_grad_(), rng.normal(4)
    x = leaf * 1
    y = work.SwishFunction.apply(x, 0.75)
    y.backward(above, retain_graph=True)
    facts = {"input": x.detach().clone(), "gradient from above": above, "gradient": leaf.grad.clone()}
    with torch.no_grad():
        x.add_(100)
    facts["backward after x has changed"] = raises(lambda: y.backward(torch.ones_like(y)), RuntimeError)
    return facts


# --- 2.12 my_sgd -----------------------------------------------------------------------------------------------


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


@check(exercise="my_sgd", points=2.5, visibility="hidden", compare=close(rtol=1e-5, atol=1e-6))
def my_sgd_follows_groups_and_schedulers(work, rng):
    """Each group uses its own settings, and a scheduler that changes the learning rate is followed."""
    params = [nn.Parameter(rng.normal(3)) for _ in range(3)]
    groups = [{"params": params[:1], "lr": 0.2}, {"params": params[1:], "momentum": 0.5, "weight_decay": 0.1}]
    optimizer = work.MySGD(groups, lr=0.02, momentum=0.9)
    scheduler, targets, seen = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.3), [rng.normal(3)] * 3, []
    for _ in range(3):
        train(optimizer, params, targets, steps=1)
        scheduler.step()
        seen.append(torch.stack([p.detach() for p in params]))
    return {"after step 1": seen[0], "after step 2": seen[1], "after step 3": seen[2]}


@check(
    exercise="my_sgd",
    points=2,
    visibility="hidden",
    needs=("my_sgd_steps_like_sgd",),
    compare=close(rtol=1e-5, atol=1e-6),
)
def my_sgd_continues_from_its_state(work, rng):
    """The state that is saved in the middle of training continues in a new optimizer as if nothing had happened."""
    params, targets = [nn.Parameter(rng.normal(4))], [rng.normal(4)]
    optimizer = work.MySGD(params, lr=0.05, momentum=0.9)
    train(optimizer, params, targets)
    copies = [nn.Parameter(params[0].detach().clone())]
    resumed = work.MySGD(copies, lr=0.7)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(optimizer, params, targets)
    train(resumed, copies, targets)
    return {"uninterrupted": params[0].detach(), "resumed": copies[0].detach()}


@check(exercise="my_sgd", points=1.5, visibility="hidden", needs=("my_sgd_steps_like_sgd",))
def my_sgd_handles_the_edges(work, rng):
    """Only missing gradients are skipped, gradients stay, a closure's loss is returned, of all lr only < 0 is refused."""
    used, idle = nn.Parameter(rng.normal(3)), nn.Parameter(rng.normal(2))
    start = {"loss": [], "gradient": []}
    optimizer = work.MySGD([idle, used], lr=0.1, momentum=0.9, weight_decay=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (used**3).sum()
        loss.backward()
        return loss

    for _ in range(2):
        start["loss"].append(optimizer.step(closure))
        start["gradient"].append(used.grad.clone())
    return start | {
        "without a closure": optimizer.step(),
        "parameters": [used.detach(), idle.detach()],
        "a negative learning rate": raises(lambda: work.MySGD([used], lr=-0.1), ValueError),
        "a learning rate of zero": raises(lambda: work.MySGD([used], lr=0.0)),
    }
