"""Wrong solutions of hw2 that students write, each with the hint that a teacher would give."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from types import MethodType

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from grader.authoring import misconception

# --- 2.1 chain -------------------------------------------------------------------------------------------------


@misconception(exercise="chain")
def reversed_order(work):
    """The steps run from the last pair to the first; on paper f(g(x)) is written outside in, but a Sequential is not."""

    def chain(pairs):
        return nn.Sequential(*[work.Affine(a, b) for a, b in reversed(pairs)])

    return chain


@misconception(exercise="chain")
def plain_dict_of_modules(work):
    """The modules in a Python dict belong to nobody: the router has no parameters, moves nowhere and saves nothing."""

    class Router(work.Router):
        def __init__(self, modules):
            nn.Module.__init__(self)
            self.table = dict(modules)

    return Router


@misconception(exercise="chain")
def in_place_affine(work):
    """An operator that ends in = works on the caller's own tensor; look at the input after the call."""

    class Affine(work.Affine):
        def forward(self, x):
            x *= self.a
            x += self.b
            return x

    return Affine


@misconception(exercise="chain")
def sorted_keys(work):
    """Keys come out in alphabetical order; the order of insertion carries meaning and should survive."""

    class Router(work.Router):
        def __init__(self, modules):
            super().__init__({key: modules[key] for key in sorted(modules)})

    return Router


@misconception(exercise="chain")
def unchecked_key(work):
    """An unknown key ends in whatever error the container happens to raise, which is not the promised type."""

    class Router(work.Router):
        def forward(self, x, key):
            return self.table[key](x)

    return Router


@misconception(exercise="chain")
def unknown_key_passes_through(work):
    """A misspelt key goes unnoticed: the input comes back as if all was well."""

    class Router(work.Router):
        def forward(self, x, key):
            return self.table[key](x) if key in self.table else x

    return Router


@misconception(exercise="chain")
def numbers_instead_of_parameters(work):
    """The two numbers compute correctly but cannot be learned: the module tree does not know them."""

    class Affine(nn.Module):
        def __init__(self, a, b):
            super().__init__()
            self.a, self.b = float(a), float(b)

        def forward(self, x):
            return x * self.a + self.b

    return Affine


@misconception(exercise="chain")
def offset_before_factor(work):
    """The offset is added first and then multiplied too; work out x * a + b by hand for one number."""

    class Affine(work.Affine):
        def forward(self, x):
            return (x + self.b) * self.a

    return Affine


@misconception(exercise="chain")
def router_runs_all_modules(work):
    """Every module of the table is applied, one after the other, whichever key was asked for."""

    class Router(work.Router):
        def forward(self, x, key):
            if key not in self.table:
                raise ValueError(key)
            for module in self.table.values():
                x = module(x)
            return x

    return Router


@misconception(exercise="chain")
def one_module_repeated(work):
    """A list times a number repeats references to one module, so that all steps share the numbers of the first."""

    def chain(pairs):
        return nn.Sequential(*([work.Affine(*pairs[0])] * len(pairs) if pairs else []))

    return chain


# --- 2.2 mlp ---------------------------------------------------------------------------------------------------


@misconception(exercise="mlp")
def python_list_of_layers(work):
    """A Python list hides its layers from the module tree: count the parameters that an optimizer would get."""

    class MLP(work.MLP):
        def __init__(self, sizes, activation):
            super().__init__(sizes, activation)
            layers = list(self.layers)
            del self.layers
            self.layers = layers

    return MLP


@misconception(exercise="mlp")
def one_layer_repeated(work):
    """The hidden layers are one and the same object several times: training one trains all; count the parameters."""

    class MLP(work.MLP):
        def __init__(self, sizes, activation):
            super().__init__(sizes, activation)
            same = {}
            self.layers = nn.ModuleList([same.setdefault((m.in_features, m.out_features), m) for m in self.layers])

    return MLP


@misconception(exercise="mlp")
def activation_after_last_layer(work):
    """The output is squeezed by the activation: logits should be able to take any value."""

    class MLP(work.MLP):
        def forward(self, x):
            for layer in self.layers:
                x = self.activation(layer(x))
            return x

    return MLP


@misconception(exercise="mlp")
def no_activation(work):
    """Linear maps in a row are one linear map, however many there are: something between them is missing."""

    class MLP(work.MLP):
        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    return MLP


@misconception(exercise="mlp")
def called_module_list(work):
    """A ModuleList only holds modules; it cannot know in which way you want to combine them, so it cannot be called."""

    class MLP(work.MLP):
        def forward(self, x):
            return self.layers(x)

    return MLP


@misconception(exercise="mlp")
def activation_before_layers(work):
    """The activation already bends the input of the first layer; only what comes out of hidden layers is activated."""

    class MLP(work.MLP):
        def forward(self, x):
            for layer in self.layers:
                x = layer(self.activation(x))
            return x

    return MLP


@misconception(exercise="mlp")
def fixed_relu(work):
    """The network always uses the same activation, whatever it is given."""

    class MLP(work.MLP):
        def forward(self, x):
            for layer in self.layers[:-1]:
                x = torch.relu(layer(x))
            return self.layers[-1](x)

    return MLP


@misconception(exercise="mlp")
def unchecked_sizes(work):
    """With a single size there is no layer to build; the promised error does not come."""

    class MLP(work.MLP):
        def __init__(self, sizes, activation):
            super().__init__(sizes if len(sizes) > 1 else [1, 1], activation)

    return MLP


@misconception(exercise="mlp")
def last_layer_forgotten(work):
    """The output has the width of the last hidden layer: count how many layers lie between the sizes."""

    class MLP(work.MLP):
        def __init__(self, sizes, activation):
            super().__init__(sizes, activation)
            self.layers = self.layers[:-1]

        def forward(self, x):
            for layer in self.layers:
                x = self.activation(layer(x))
            return x

    return MLP


@misconception(exercise="mlp")
def layers_without_bias(work):
    """Each layer lacks half of its parameters: a layer that maps 0 to 0 cannot shift anything."""

    class MLP(work.MLP):
        def __init__(self, sizes, activation):
            super().__init__(sizes, activation)
            self.layers = nn.ModuleList([nn.Linear(m.in_features, m.out_features, bias=False) for m in self.layers])

    return MLP


@misconception(exercise="mlp")
def detached_between_layers(work):
    """The values are right, but gradients stop on their way: look at the gradient of the first layer."""

    class MLP(work.MLP):
        def forward(self, x):
            for layer in self.layers[:-1]:
                x = self.activation(layer(x)).detach()
            return self.layers[-1](x)

    return MLP


# --- 2.3 my_linear ---------------------------------------------------------------------------------------------


@misconception(exercise="my_linear")
def plain_tensors(work):
    """An attribute that is a tensor is not yet a parameter: nothing here is registered, so nothing can be learned."""

    class MyLinear(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            self.weight = (torch.rand(out_features, in_features) * 2 - 1) / in_features**0.5
            self.bias = (torch.rand(out_features) * 2 - 1) / in_features**0.5 if bias else None

        def forward(self, x):
            return x @ self.weight.T if self.bias is None else x @ self.weight.T + self.bias

    return MyLinear


@misconception(exercise="my_linear")
def scaled_parameter(work):
    """A parameter times a number is an ordinary tensor again, so that the registration is lost."""

    class MyLinear(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(out_features, in_features)) * 0.01
            self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

        forward = work.MyLinear.forward

    return MyLinear


@misconception(exercise="my_linear")
def transposed_weight(work):
    """The weight has a column for each output; checkpoints of other linear layers have a row for each."""

    class MyLinear(work.MyLinear):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__(in_features, out_features, bias)
            self.weight = nn.Parameter(self.weight.detach().T.clone())

        def forward(self, x):
            return x @ self.weight if self.bias is None else x @ self.weight + self.bias

    return MyLinear


@misconception(exercise="my_linear")
def matrices_only(work):
    """The function used here multiplies matrices only: think of a single row, or of a batch of sequences."""

    class MyLinear(work.MyLinear):
        def forward(self, x):
            return x.mm(self.weight.T) if self.bias is None else torch.addmm(self.bias, x, self.weight.T)

    return MyLinear


@misconception(exercise="my_linear")
def bias_attribute_missing(work):
    """A layer without bias still has the attribute; asking for it should give None and no AttributeError."""

    class MyLinear(work.MyLinear):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__(in_features, out_features, bias)
            if not bias:
                del self.bias

        def forward(self, x):
            y = x @ self.weight.T
            return y + self.bias if hasattr(self, "bias") else y

    return MyLinear


@misconception(exercise="my_linear")
def bias_always_there(work):
    """The argument bias=False has no effect: the layer still has, and adds, a bias."""

    class MyLinear(work.MyLinear):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__(in_features, out_features)

    return MyLinear


@misconception(exercise="my_linear")
def constant_start(work):
    """All weights start equal, so that all outputs get equal gradients and stay equal for ever."""

    class MyLinear(work.MyLinear):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__(in_features, out_features, bias)
            for parameter in self.parameters():
                nn.init.constant_(parameter, 0.01)

    return MyLinear


@misconception(exercise="my_linear")
def start_of_fixed_scale(work):
    """The scale of the starting weights does not depend on the number of inputs, so wide layers start far too large."""

    class MyLinear(work.MyLinear):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__(in_features, out_features, bias)
            for parameter in self.parameters():
                nn.init.normal_(parameter)

    return MyLinear


@misconception(exercise="my_linear")
def own_names(work):
    """The parameters have names of your own; a checkpoint finds its entries by the agreed names only."""

    class MyLinear(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            bound = in_features**-0.5
            self.W = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
            self.b = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

        def forward(self, x):
            return x @ self.W.T if self.b is None else x @ self.W.T + self.b

    return MyLinear


@misconception(exercise="my_linear")
def detached_weights(work):
    """The values are right, but .data steps around autograd: see which parameters get a gradient."""

    class MyLinear(work.MyLinear):
        def forward(self, x):
            y = x @ self.weight.data.T
            return y if self.bias is None else y + self.bias

    return MyLinear


# --- 2.4 standardize -------------------------------------------------------------------------------------------


@misconception(exercise="standardize")
def plain_attributes(work):
    """A plain attribute stays behind when the module is moved, converted or saved."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            mean, std = self.mean, self.std
            del self.mean, self.std
            self.mean, self.std = mean, std

    return Standardize


@misconception(exercise="standardize")
def parameters_instead_of_buffers(work):
    """These statistics now count as weights: an optimizer would start to change them."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            mean, std = self.mean, self.std
            del self.mean, self.std
            self.mean, self.std = nn.Parameter(mean), nn.Parameter(std)

    return Standardize


@misconception(exercise="standardize")
def frozen_parameters(work):
    """A parameter that is never trained is still a parameter: it is counted and listed with the weights."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            mean, std = self.mean, self.std
            del self.mean, self.std
            self.mean = nn.Parameter(mean, requires_grad=False)
            self.std = nn.Parameter(std, requires_grad=False)

    return Standardize


@misconception(exercise="standardize")
def unsaved_buffers(work):
    """The buffers move with the module but are left out of its checkpoint."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            for name in ("mean", "std"):
                self.register_buffer(name, getattr(self, name), persistent=False)

    return Standardize


@misconception(exercise="standardize")
def stale_list_of_buffers(work):
    """forward reads a list that was made once; moving the module makes new tensors, and the list keeps the old ones."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            self.stats = [self.mean, self.std]

        def forward(self, x):
            mean, std = (s[:, None, None] for s in self.stats)
            return (x - mean) / std

    return Standardize


@misconception(exercise="standardize")
def statistics_along_the_width(work):
    """Broadcasting lines up the last dimensions: the statistics are applied to columns instead of channels."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return (x - self.mean) / self.std

    return Standardize


@misconception(exercise="standardize")
def batches_only(work):
    """The channel is looked for at a fixed place from the left; a single image has it somewhere else."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return (x - self.mean[None, :, None, None]) / self.std[None, :, None, None]

    return Standardize


@misconception(exercise="standardize")
def divided_before_subtracting(work):
    """The mean is in the units of the image; after the division the image is in other units."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return x / self.std[:, None, None] - self.mean[:, None, None]

    return Standardize


@misconception(exercise="standardize")
def in_place_standardize(work):
    """The caller's images are overwritten: look at the input after the call."""

    class Standardize(work.Standardize):
        def forward(self, x):
            x -= self.mean[:, None, None]
            x /= self.std[:, None, None]
            return x

    return Standardize


@misconception(exercise="standardize")
def shared_with_the_caller(work):
    """The buffer is the caller's own tensor under a second name, so changing one changes both."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, std)
            dtype = torch.get_default_dtype()
            self.mean, self.std = torch.as_tensor(mean, dtype=dtype), torch.as_tensor(std, dtype=dtype)

    return Standardize


@misconception(exercise="standardize")
def unchecked_deviation(work):
    """A channel with deviation 0 is accepted, and later turns images into infinities without a word."""

    class Standardize(work.Standardize):
        def __init__(self, mean, std):
            super().__init__(mean, torch.ones(len(std)))
            self.std = torch.as_tensor(std, dtype=self.mean.dtype).clone()

    return Standardize


@misconception(exercise="standardize")
def statistics_of_the_batch(work):
    """The statistics are taken from the images at hand, so the same image comes out differently in another batch."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return (x - x.mean((-2, -1), keepdim=True)) / x.std((-2, -1), keepdim=True)

    return Standardize


@misconception(exercise="standardize")
def deviation_with_epsilon(work):
    """A small number is added to the deviation; it is not in the formula, and it changes every pixel."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return (x - self.mean[:, None, None]) / (self.std[:, None, None] + 1e-2)

    return Standardize


@misconception(exercise="standardize")
def variance_for_deviation(work):
    """The result is divided by the square of what it should be divided by, or by its root."""

    class Standardize(work.Standardize):
        def forward(self, x):
            return (x - self.mean[:, None, None]) / self.std[:, None, None].sqrt()

    return Standardize


# --- 2.5 inventory ---------------------------------------------------------------------------------------------


@misconception(exercise="inventory")
def one_level_of_modules(work):
    """Only the first level of the tree is listed; modules inside of modules are missing."""

    def inventory(model):
        return right(model) | {"modules": [name for name, _ in model.named_children()]}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def root_in_the_list(work):
    """named_modules begins with the model itself, under a name that is easily overlooked."""

    def inventory(model):
        return right(model) | {"modules": [name for name, _ in model.named_modules()]}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def attributes_of_the_instance(work):
    """Registered tensors do not live among the ordinary attributes of the object, and those of its parts even less."""

    def inventory(model):
        own = {name: value for name, value in vars(model).items() if isinstance(value, torch.Tensor)}
        found = {name: (tuple(t.shape), t.requires_grad) for name, t in own.items() if t.requires_grad}
        return right(model) | {
            "parameters": found,
            "buffers": [name for name in own if name not in found],
            "n_trainable": sum(t.numel() for t in own.values() if t.requires_grad),
        }

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def buffers_from_the_checkpoint(work):
    """A checkpoint does not hold every buffer: some are registered as not to be saved."""

    def inventory(model):
        names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        return right(model) | {"buffers": [name for name in model.state_dict() if name not in names]}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def frozen_numbers_counted(work):
    """The count includes parameters that will not be trained."""

    def inventory(model):
        return right(model) | {"n_trainable": sum(p.numel() for p in model.parameters())}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def tied_weights_counted_twice(work):
    """A weight that is used in two places is still one tensor: it is counted, and listed, for each place."""

    def inventory(model):
        named = dict(model.named_parameters(remove_duplicate=False))
        return right(model) | {
            "parameters": {name: (tuple(p.shape), p.requires_grad) for name, p in named.items()},
            "n_trainable": sum(p.numel() for p in named.values() if p.requires_grad),
        }

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def own_parameters_only(work):
    """Only what the model itself holds is listed, not the parameters and buffers of the modules in it."""

    def inventory(model):
        own = dict(model.named_parameters(recurse=False))
        return right(model) | {
            "parameters": {name: (tuple(p.shape), p.requires_grad) for name, p in own.items()},
            "buffers": [name for name, _ in model.named_buffers(recurse=False)],
            "n_trainable": sum(p.numel() for p in own.values() if p.requires_grad),
        }

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def tensors_counted(work):
    """The count is of tensors, not of the numbers in them."""

    def inventory(model):
        return right(model) | {"n_trainable": len([p for p in model.parameters() if p.requires_grad])}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def children_of_all_levels(work):
    """Children are one level below the model; grandchildren have crept in."""

    def inventory(model):
        found = right(model)
        return found | {"children": found["modules"]}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def frozen_for_trainable(work):
    """The flag says the opposite: it is true for what is frozen."""

    def inventory(model):
        found = right(model)
        return found | {"parameters": {n: (shape, not flag) for n, (shape, flag) in found["parameters"].items()}}

    right = work.inventory
    return inventory


@misconception(exercise="inventory")
def model_put_into_training(work):
    """Looking at the model has changed it: its modules are in another mode afterwards."""

    def inventory(model):
        return right(model.train())

    right = work.inventory
    return inventory


# --- 2.6 replace_module ----------------------------------------------------------------------------------------


@misconception(exercise="replace_module")
def attribute_with_dots(work):
    """The model has got a new attribute whose name contains dots, and its part is still the old one."""

    def replace_module(model, target, new):
        old = model.get_submodule(target)
        new.train(model.get_submodule(target.rpartition(".")[0]).training)
        setattr(model, target, new)
        return old

    return replace_module


@misconception(exercise="replace_module")
def rebound_variable(work):
    """A local name now means the new module, but the model still holds the old one."""

    def replace_module(model, target, new):
        old = part = model.get_submodule(target)
        part = new
        part.train(old.training)
        return old

    return replace_module


@misconception(exercise="replace_module")
def path_as_code(work):
    """A dotted path is not an expression: a part of it can be a number."""

    def replace_module(model, target, new):
        old, parent = model.get_submodule(target), model.get_submodule(target.rpartition(".")[0])
        exec(f"model.{target} = new", {"model": model, "new": new})  # noqa: S102 - the mistake itself
        new.train(parent.training)
        return old

    return replace_module


@misconception(exercise="replace_module")
def new_module_returned(work):
    """The caller has the new module already; what is handed back should be the one that was taken out."""

    def replace_module(model, target, new):
        right(model, target, new)
        return new

    right = work.replace_module
    return replace_module


@misconception(exercise="replace_module")
def nothing_returned(work):
    """The module that was taken out is lost: nothing is returned."""

    def replace_module(model, target, new):
        right(model, target, new)

    right = work.replace_module
    return replace_module


@misconception(exercise="replace_module")
def last_name_on_the_model(work):
    """The last name of the path was set on the model itself and not on the module in which it lives."""

    def replace_module(model, target, new):
        old, name = model.get_submodule(target), target.split(".")[-1]
        new.train(model.get_submodule(target.rpartition(".")[0]).training)
        setattr(model, name, new)
        return old

    return replace_module


@misconception(exercise="replace_module")
def training_mode_kept(work):
    """A freshly made module is in training mode; in a model that is being evaluated it does not follow suit."""

    def replace_module(model, target, new):
        old, (path, _, name) = model.get_submodule(target), target.rpartition(".")
        setattr(model.get_submodule(path), name, new)
        return old

    return replace_module


@misconception(exercise="replace_module")
def training_mode_of_the_root(work):
    """The mode is taken from the whole model, but parts of a model can be in another mode than the whole."""

    def replace_module(model, target, new):
        old = right(model, target, new)
        new.train(model.training)
        return old

    right = work.replace_module
    return replace_module


@misconception(exercise="replace_module")
def training_mode_of_the_old_module(work):
    """The mode is taken from the module that leaves, not from the one in which the new module will live."""

    def replace_module(model, target, new):
        old = right(model, target, new)
        new.train(old.training)
        return old

    right = work.replace_module
    return replace_module


@misconception(exercise="replace_module")
def training_flag_on_top_only(work):
    """The flag was set on the new module alone; the modules inside of it (a Dropout, say) are still in their old mode."""

    def replace_module(model, target, new):
        old, (path, _, name) = model.get_submodule(target), target.rpartition(".")
        parent = model.get_submodule(path)
        setattr(parent, name, new)
        new.training = parent.training
        return old

    return replace_module


@misconception(exercise="replace_module")
def bad_path_adds_a_module(work):
    """A misspelt name does not raise: the model silently gets a part that it never had."""

    def replace_module(model, target, new):
        path, _, name = target.rpartition(".")
        parent = model.get_submodule(path)
        old = getattr(parent, name, None)
        parent.add_module(name, new) if not hasattr(parent, name) else setattr(parent, name, new)
        new.train(parent.training)
        return old

    return replace_module


@misconception(exercise="replace_module")
def taken_out_and_appended(work):
    """The new module sits at the end: taking a name out and adding it again changes the order of the parts."""

    def replace_module(model, target, new):
        old, (path, _, name) = model.get_submodule(target), target.rpartition(".")
        parent = model.get_submodule(path)
        del parent._modules[name]
        parent.add_module(name, new)
        new.train(parent.training)
        return old

    return replace_module


# --- 2.7 init_weights ------------------------------------------------------------------------------------------


def xavier(layer, gain, generator):
    """What a right solution does to one linear layer."""
    nn.init.xavier_normal_(layer.weight, gain, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


@misconception(exercise="init_weights")
def exact_type_only(work):
    """A comparison of types knows no subclasses: a layer that extends nn.Linear is passed over."""

    def init_weights(model, gain, generator=None):
        return model.apply(lambda m: xavier(m, gain, generator) if type(m) is nn.Linear else None)

    return init_weights


@misconception(exercise="init_weights")
def new_parameter_objects(work):
    """The layers have got new parameters; an optimizer that was built before still holds, and trains, the old ones."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if isinstance(m, nn.Linear):
                m.weight = nn.Parameter(m.weight.detach().clone())
                m.bias = None if m.bias is None else nn.Parameter(m.bias.detach().clone())
                xavier(m, gain, generator)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def assigned_tensor(work):
    """A module refuses a plain tensor where it has a registered parameter; the values must go into what is there."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if isinstance(m, nn.Linear):
                m.weight = nn.init.xavier_normal_(torch.empty_like(m.weight).detach(), gain, generator=generator)
                m.bias = torch.zeros(m.out_features)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def root_visited_first(work):
    """The layers draw their numbers in another order than apply visits them: try apply on a layer that holds a layer."""

    def init_weights(model, gain, generator=None):
        for m in model.modules():
            if isinstance(m, nn.Linear):
                xavier(m, gain, generator)
        return model

    return init_weights


@misconception(exercise="init_weights")
def bias_left_as_it_was(work):
    """Only half of each layer is initialised: look at the biases."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight, gain, generator=generator)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def generator_ignored(work):
    """The numbers come from torch's global stream, so the given generator does not make them repeatable."""

    def init_weights(model, gain, generator=None):
        return model.apply(lambda m: xavier(m, gain, None) if isinstance(m, nn.Linear) else None)

    return init_weights


@misconception(exercise="init_weights")
def gain_ignored(work):
    """The weights have the same spread whatever the gain is."""

    def init_weights(model, gain, generator=None):
        return right(model, 1.0, generator)

    right = work.init_weights
    return init_weights


@misconception(exercise="init_weights")
def uniform_weights(work):
    """The weights have the right spread but not the right distribution: plot a histogram of a large layer."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight, gain, generator=generator)
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def every_matrix_initialised(work):
    """Whatever has a weight of two or more dimensions is changed, convolutions too; the task names one kind of layer."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if getattr(m, "weight", None) is not None and m.weight.dim() > 1:
                xavier(m, gain, generator)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def every_bias_zeroed(work):
    """The biases of normalisation layers and convolutions are set to zero as well."""

    def init_weights(model, gain, generator=None):
        for name, parameter in right(model, gain, generator).named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
        return model

    right = work.init_weights
    return init_weights


@misconception(exercise="init_weights")
def bias_taken_for_granted(work):
    """Some linear layers have no bias at all, and None cannot be filled with zeros."""

    def init_weights(model, gain, generator=None):
        def initialise(m):
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight, gain, generator=generator)
                m.bias.data.fill_(0)

        return model.apply(initialise)

    return init_weights


@misconception(exercise="init_weights")
def model_not_returned(work):
    """The model is initialised but not handed back."""

    def init_weights(model, gain, generator=None):
        right(model, gain, generator)

    right = work.init_weights
    return init_weights


# --- 2.8 add_repr ----------------------------------------------------------------------------------------------


def named_functions(model):
    """The modules that add_repr is about."""
    return [m for m in model.modules() if type(m).__name__.startswith("Function_")]


@misconception(exercise="add_repr")
def class_patched_in_a_loop(work):
    """The class was changed, with a function that looks up a loop variable when it is called: all show the last name."""

    def add_repr(model):
        for m in named_functions(model):
            type(m).extra_repr = lambda self: f"name={m.name}"
        return model

    return add_repr


@misconception(exercise="add_repr")
def class_patched(work):
    """The class was changed, so that every instance of it prints differently, in other models too."""

    def add_repr(model):
        for m in named_functions(model):
            type(m).extra_repr = lambda self: f"name={self.name}"
        return model

    return add_repr


@misconception(exercise="add_repr")
def unbound_function(work):
    """A function stored on an instance is called without the instance: nobody passes it its self."""

    def add_repr(model):
        def function_repr(self):
            return f"name={self.name}"

        for m in named_functions(model):
            m.extra_repr = function_repr
        return model

    return add_repr


@misconception(exercise="add_repr")
def string_for_a_method(work):
    """extra_repr is called when the model is printed, and a string cannot be called."""

    def add_repr(model):
        for m in named_functions(model):
            m.extra_repr = f"name={m.name}"
        return model

    return add_repr


@misconception(exercise="add_repr")
def dunder_on_the_instance(work):
    """Python looks up names with double underscores on the class, so that this instance's own one is never called."""

    def add_repr(model):
        for m in named_functions(model):
            m.__repr__ = MethodType(lambda self: f"{type(self).__name__}(name={self.name})", m)
        return model

    return add_repr


@misconception(exercise="add_repr")
def late_binding_names(work):
    """Each function looks up the loop variable when it is called, and by then the loop is over: all show the last name."""

    def add_repr(model):
        for m in named_functions(model):
            m.extra_repr = lambda: f"name={m.name}"
        return model

    return add_repr


@misconception(exercise="add_repr")
def everything_with_a_name(work):
    """Modules of other classes show a name now too; having a name is not what the task asks for."""

    def add_repr(model):
        for m in model.modules():
            if hasattr(m, "name"):
                m.extra_repr = MethodType(lambda self: f"name={self.name}", m)
        return model

    return add_repr


@misconception(exercise="add_repr")
def first_level_only(work):
    """Modules deeper in the tree, and the model itself, print as before."""

    def add_repr(model):
        for m in model.children():
            right(m) if not list(m.children()) else None
        return model

    right = work.add_repr
    return add_repr


@misconception(exercise="add_repr")
def model_itself_left_out(work):
    """A model can itself be one of these modules; walking over what is below it does not reach it."""

    def add_repr(model):
        for m in model.children():
            right(m)
        return model

    right = work.add_repr
    return add_repr


@misconception(exercise="add_repr")
def name_frozen_in_text(work):
    """The text was made when the function ran; a module that is renamed later still shows its old name."""

    def add_repr(model):
        for m in named_functions(model):
            m.extra_repr = lambda text=f"name={m.name}": text
        return model

    return add_repr


@misconception(exercise="add_repr")
def quoted_name(work):
    """The name is printed with quotation marks, as repr would show it."""

    def add_repr(model):
        for m in named_functions(model):
            m.extra_repr = MethodType(lambda self: f"name={self.name!r}", m)
        return model

    return add_repr


@misconception(exercise="add_repr")
def repr_model_not_returned(work):
    """The modules are changed, but the model is not handed back."""

    def add_repr(model):
        right(model)

    right = work.add_repr
    return add_repr


# --- 2.9 hooks -------------------------------------------------------------------------------------------------


def detached(tensors):
    """Copies of gradients, None where there is none."""
    return tuple(None if t is None else t.detach().clone() for t in tensors)


@misconception(exercise="hooks")
def output_shifted_in_place(work):
    """The hook overwrites the module's output, which some modules need again in their backward pass."""

    def shift_output(module, k):
        def hook(module, inputs, output):
            output += k

        return module.register_forward_hook(hook)

    return shift_output


@misconception(exercise="hooks")
def shifted_local_variable(work):
    """Inside the hook a name was bound to a new tensor, and the module never hears of it."""

    def shift_output(module, k):
        def hook(module, inputs, output):
            output = output + k

        return module.register_forward_hook(hook)

    return shift_output


@misconception(exercise="hooks")
def hook_of_two_arguments(work):
    """A forward hook is called with three arguments: the table above the task lists them."""

    def shift_output(module, k):
        return module.register_forward_hook(lambda module, output: output + k)

    return shift_output


@misconception(exercise="hooks")
def input_shifted(work):
    """The number is added before the module runs, so the module computes with it."""

    def shift_output(module, k):
        return module.register_forward_pre_hook(lambda module, inputs: (inputs[0] + k, *inputs[1:]))

    return shift_output


@misconception(exercise="hooks")
def shift_through_data(work):
    """Changing .data hides the change from autograd, so gradients are computed from wrong values without an error."""

    def shift_output(module, k):
        def hook(module, inputs, output):
            output.data += k
            return output

        return module.register_forward_hook(hook)

    return shift_output


@misconception(exercise="hooks")
def pre_hook_returns_one_tensor(work):
    """What a pre-hook returns becomes the module's input, all of it; a recorder has nothing to return."""

    def record_inputs(module):
        store = []

        def hook(module, inputs):
            store.append((detached_inputs(inputs), {}))
            return inputs[0]

        return store, module.register_forward_pre_hook(hook)

    return record_inputs


def detached_inputs(inputs):
    """Copies of the tensors among a module's inputs."""
    return tuple(v.detach().clone() if isinstance(v, torch.Tensor) else v for v in inputs)


@misconception(exercise="hooks")
def keyword_inputs_missed(work):
    """Inputs that are given by keyword do not show up in the record: an ordinary pre-hook sees positional ones only."""

    def record_inputs(module):
        store = []
        handle = module.register_forward_pre_hook(lambda m, inputs: store.append((detached_inputs(inputs), {})))
        return store, handle

    return record_inputs


@misconception(exercise="hooks")
def inputs_not_copied(work):
    """The record holds the tensors themselves: whoever changes one later changes the record."""

    def record_inputs(module):
        store = []

        def hook(module, args, kwargs):
            store.append((args, kwargs))

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    return record_inputs


@misconception(exercise="hooks")
def inputs_detached_but_shared(work):
    """detach leaves the graph but shares the memory: a later change in place still reaches the record."""

    def record_inputs(module):
        store = []

        def hook(module, args, kwargs):
            store.append((part(args), dict(zip(kwargs, part(kwargs.values()), strict=True))))

        def part(values):
            return tuple(v.detach() if isinstance(v, torch.Tensor) else v for v in values)

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    return record_inputs


@misconception(exercise="hooks")
def inputs_copied_with_graph(work):
    """A clone is still part of the graph and keeps all of it alive for as long as the record exists."""

    def record_inputs(module):
        store = []

        def hook(module, args, kwargs):
            store.append((part(args), dict(zip(kwargs, part(kwargs.values()), strict=True))))

        def part(values):
            return tuple(v.clone() if isinstance(v, torch.Tensor) else v for v in values)

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    return record_inputs


@misconception(exercise="hooks")
def first_input_only(work):
    """A module can have more than one input, and only the first is recorded."""

    def record_inputs(module):
        store, handle = right(module)
        handle.remove()

        def hook(module, args, kwargs):
            store.append((detached_inputs(args[:1]), {k: v.detach().clone() for k, v in kwargs.items()}))

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    right = work.record_inputs
    return record_inputs


@misconception(exercise="hooks")
def last_call_only(work):
    """Each call replaces what the one before it has recorded."""

    def record_inputs(module):
        store = []

        def hook(module, args, kwargs):
            named = dict(zip(kwargs, detached_inputs(kwargs.values()), strict=True))
            store[:] = [(detached_inputs(args), named)]

        return store, module.register_forward_pre_hook(hook, with_kwargs=True)

    return record_inputs


@misconception(exercise="hooks")
def legacy_backward_hook(work):
    """This kind of hook sees the gradients of the module's last operation, not those of its inputs."""

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((detached(grad_input), detached(grad_output)))

        return store, module.register_backward_hook(hook)

    return record_grads


@misconception(exercise="hooks")
def inputs_and_outputs_swapped(work):
    """grad_input belongs to what goes into forward; the two halves of the entry have changed places."""

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((detached(grad_output), detached(grad_input)))

        return store, module.register_full_backward_hook(hook)

    return record_grads


@misconception(exercise="hooks")
def gradients_in_reverse_order(work):
    """The gradients are not in the order of the inputs."""

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((detached(grad_input)[::-1], detached(grad_output)))

        return store, module.register_full_backward_hook(hook)

    return record_grads


@misconception(exercise="hooks")
def missing_gradients_dropped(work):
    """The None of an input has vanished from the entry, so positions no longer tell which input is meant."""

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((detached(g for g in grad_input if g is not None), detached(grad_output)))

        return store, module.register_full_backward_hook(hook)

    return record_grads


@misconception(exercise="hooks")
def recorder_stops_gradients(work):
    """What a backward hook returns replaces the gradients: this recorder changes what flows on."""

    def record_grads(module):
        store = []

        def hook(module, grad_input, grad_output):
            store.append((detached(grad_input), detached(grad_output)))
            return tuple(None if g is None else torch.zeros_like(g) for g in grad_input)

        return store, module.register_full_backward_hook(hook)

    return record_grads


@misconception(exercise="hooks")
def single_gradient_returned(work):
    """Gradients come as a tuple with one place for each input, and have to leave in the same shape."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            return grad_input[0] / sum(g.sum() for g in grad_input if g is not None)

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def zero_sum_divided(work):
    """Gradients that cancel out sum to zero, and dividing by zero turns them into infinities."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = sum(g.sum() for g in grad_input if g is not None)
            return tuple(None if g is None else g / total for g in grad_input)

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def small_number_added_to_the_sum(work):
    """A small number in the denominator avoids infinities, but gradients that sum to zero explode instead of staying."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = sum(g.sum() for g in grad_input if g is not None) + 1e-8
            return tuple(None if g is None else g / total for g in grad_input)

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def absolute_values_summed(work):
    """Dividing by the sum of absolute values makes something else equal to 1 as soon as a gradient is negative."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = sum(g.abs().sum() for g in grad_input if g is not None)
            return tuple(None if g is None else g / total for g in grad_input) if total else None

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def each_input_by_itself(work):
    """Every input's gradient sums to 1 by itself, so that all together sum to the number of inputs."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            return tuple(g if g is None or g.sum() == 0 else g / g.sum() for g in grad_input)

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def missing_gradient_summed(work):
    """An input that is no tensor has None for a gradient, and None has no sum."""

    def normalize_input_grads(module):
        def hook(module, grad_input, grad_output):
            total = sum(g.sum() for g in grad_input)
            return tuple(g / total for g in grad_input) if total else None

        return module.register_full_backward_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def upstream_gradient_normalized(work):
    """The gradient of the output was rescaled before the module's backward, which changes the parameters' gradients."""

    def normalize_input_grads(module):
        def hook(module, grad_output):
            total = sum(g.sum() for g in grad_output)
            return tuple(g / total for g in grad_output) if total else None

        return module.register_full_backward_pre_hook(hook)

    return normalize_input_grads


@misconception(exercise="hooks")
def handle_not_returned(work):
    """Without the handle nobody can take the hook off again."""

    def shift_output(module, k):
        right(module, k)

    right = work.shift_output
    return shift_output


# --- 2.10 capture_activations ----------------------------------------------------------------------------------


def capture(*, save, keep=False, only_on_success=False):
    """A version of capture_activations that differs in how it saves and cleans up."""

    @contextmanager
    def capture_activations(model, names):
        store, handles = {}, []
        try:
            for name in names:
                hook = save(store, name)
                handles.append(model.get_submodule(name).register_forward_hook(hook))
            yield store
        except BaseException:
            if only_on_success:
                handles.clear()
            raise
        finally:
            for handle in [] if keep else handles:
                handle.remove()

    return capture_activations


def saving(change, result=False):
    """Hooks that store what `change` makes of the output, and return it where asked to."""

    def save(store, name):
        def hook(module, inputs, output):
            store[name] = change(output)
            return store[name] if result else None

        return hook

    return save


def copied(output):
    """The right thing to store."""
    return output.detach().clone()


@misconception(exercise="capture_activations")
def hooks_never_removed(work):
    """The hooks are still there after the block and go on storing."""
    return capture(save=saving(copied), keep=True)


@misconception(exercise="capture_activations")
def hooks_removed_on_success_only(work):
    """When the block ends with an error, the lines after the yield are never reached."""
    return capture(save=saving(copied), only_on_success=True)


@misconception(exercise="capture_activations")
def everybodys_hooks_cleared(work):
    """All hooks of the module are gone afterwards, those of other people too."""

    @contextmanager
    def capture_activations(model, names):
        parts = [model.get_submodule(name) for name in names]
        with right(model, names) as store:
            try:
                yield store
            finally:
                for part in parts:
                    part._forward_hooks.clear()

    right = work.capture_activations
    return capture_activations


@misconception(exercise="capture_activations")
def output_itself_stored(work):
    """The store holds the model's own tensor: it keeps the graph alive, and a later in-place layer overwrites it."""
    return capture(save=saving(lambda output: output))


@misconception(exercise="capture_activations")
def detached_but_shared(work):
    """detach leaves the graph but shares the memory: look at the values in front of an in-place ReLU."""
    return capture(save=saving(lambda output: output.detach()))


@misconception(exercise="capture_activations")
def copied_with_graph(work):
    """A clone is part of the graph; ask the stored tensors whether they require a gradient."""
    return capture(save=saving(lambda output: output.clone()))


@misconception(exercise="capture_activations")
def late_binding_hooks(work):
    """Every hook looks up the loop variable when it runs, and by then it holds the last name."""

    @contextmanager
    def capture_activations(model, names):
        store, handles = {}, []
        try:
            for name in names:
                part = model.get_submodule(name)
                handles.append(part.register_forward_hook(lambda m, i, o: store.__setitem__(name, copied(o))))
            yield store
        finally:
            for handle in handles:
                handle.remove()

    return capture_activations


@misconception(exercise="capture_activations")
def inputs_stored(work):
    """The store holds what went into the modules, not what came out."""

    def save(store, name):
        def hook(module, inputs, output):
            store[name] = copied(inputs[0])

        return hook

    return capture(save=save)


@misconception(exercise="capture_activations")
def detached_output_returned(work):
    """The hook returns the copy, which then takes the output's place in the model: gradients no longer flow."""
    return capture(save=saving(copied, result=True))


@misconception(exercise="capture_activations")
def hooks_left_by_a_bad_name(work):
    """Names are looked up one after the other: when a later one is unknown, the earlier hooks stay on the model."""

    @contextmanager
    def capture_activations(model, names):
        store, handles = {}, []
        for name in names:
            handles.append(model.get_submodule(name).register_forward_hook(saving(copied)(store, name)))
        try:
            yield store
        finally:
            for handle in handles:
                handle.remove()

    return capture_activations


@misconception(exercise="capture_activations")
def unknown_names_ignored(work):
    """A misspelt name goes unnoticed, and its entry is simply missing."""

    @contextmanager
    def capture_activations(model, names):
        known = [name for name, _ in model.named_modules() if name in names]
        with right(model, known) as store:
            yield store

    right = work.capture_activations
    return capture_activations


@misconception(exercise="capture_activations")
def first_output_kept(work):
    """When a module runs twice in the block, the store still shows the first output."""

    def save(store, name):
        def hook(module, inputs, output):
            store.setdefault(name, copied(output))

        return hook

    return capture(save=save)


# --- 2.11 swish ------------------------------------------------------------------------------------------------


def swish(backward, save: Callable | None = None):
    """A SwishFunction with another backward, and, where given, another way of saving."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, beta):
            if save is None:
                ctx.save_for_backward(x)
            else:
                save(ctx, x, beta)
            ctx.beta = beta
            return x * torch.sigmoid(beta * x)

    SwishFunction.backward = staticmethod(backward)
    return SwishFunction


def slope(x, beta):
    """The derivative of swish."""
    s = torch.sigmoid(beta * x)
    return s + beta * x * s * (1 - s)


@misconception(exercise="swish")
def upstream_gradient_forgotten(work):
    """The derivative is right for a plain sum only: what comes from above has to enter it."""
    return swish(lambda ctx, grad: (slope(ctx.saved_tensors[0], ctx.beta), None))


@misconception(exercise="swish")
def one_gradient_for_two_arguments(work):
    """forward has two arguments besides ctx, and backward answers for one of them only."""
    return swish(lambda ctx, grad: grad * slope(ctx.saved_tensors[0], ctx.beta))


@misconception(exercise="swish")
def input_kept_on_ctx(work):
    """A tensor kept as an attribute is not watched: if someone changes it later, backward silently uses new values."""

    def save(ctx, x, beta):
        ctx.x = x

    return swish(lambda ctx, grad: (grad * slope(ctx.x, ctx.beta), None), save)


@misconception(exercise="swish")
def product_rule_forgotten(work):
    """The function is a product of two factors that both depend on x; only one of them was differentiated."""
    return swish(lambda ctx, grad: (grad * torch.sigmoid(ctx.beta * ctx.saved_tensors[0]), None))


@misconception(exercise="swish")
def only_the_sigmoid_differentiated(work):
    """The first factor was treated as a constant: it depends on x as well."""

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.beta * x)
        return grad * ctx.beta * x * s * (1 - s), None

    return swish(backward)


@misconception(exercise="swish")
def beta_ignored_in_backward(work):
    """The derivative is that of beta = 1, whatever beta is."""
    return swish(lambda ctx, grad: (grad * slope(ctx.saved_tensors[0], 1.0), None))


@misconception(exercise="swish")
def inner_derivative_forgotten(work):
    """The chain rule asks for the derivative of the inner function, beta * x, as well."""

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.beta * x)
        return grad * (s + x * s * (1 - s)), None

    return swish(backward)


@misconception(exercise="swish")
def upstream_gradient_overwritten(work):
    """The gradient that comes from above belongs to the caller, and it was multiplied in place."""

    def backward(ctx, grad):
        with torch.no_grad():
            grad.mul_(slope(ctx.saved_tensors[0], ctx.beta))
        return grad.clone(), None

    return swish(backward)


@misconception(exercise="swish")
def intermediate_value_saved(work):
    """A saved intermediate result is a constant for the second derivative: it has lost its connection to x."""

    def save(ctx, x, beta):
        ctx.save_for_backward(x, torch.sigmoid(beta * x))

    def backward(ctx, grad):
        x, s = ctx.saved_tensors
        return grad * (s + ctx.beta * x * s * (1 - s)), None

    return swish(backward, save)


@misconception(exercise="swish")
def backward_not_differentiable(work):
    """The gradient comes out without a graph, so it cannot be differentiated again."""
    return swish(once_differentiable(lambda ctx, grad: (grad * slope(ctx.saved_tensors[0], ctx.beta), None)))


@misconception(exercise="swish")
def gradient_for_the_number(work):
    """beta is a Python number; autograd refuses a gradient for something that is no tensor."""
    return swish(lambda ctx, grad: (grad * slope(ctx.saved_tensors[0], ctx.beta), torch.zeros(())))


@misconception(exercise="swish")
def beta_outside_the_sigmoid(work):
    """beta scales the whole product instead of the sigmoid's argument."""

    class SwishFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, beta):
            ctx.save_for_backward(x)
            ctx.beta = beta
            return beta * x * torch.sigmoid(x)

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.beta * slope(ctx.saved_tensors[0], 1.0), None

    return SwishFunction


@misconception(exercise="swish")
def copy_saved(work):
    """What is saved is a copy, which nobody overwrites: that the input has changed goes unnoticed."""

    def save(ctx, x, beta):
        ctx.x = x.clone()

    return swish(lambda ctx, grad: (grad * slope(ctx.x, ctx.beta), None), save)


# --- 2.12 my_sgd -----------------------------------------------------------------------------------------------


def gradient_with_decay(p, group):
    """g' = g + lambda p."""
    return p.grad.add(p, alpha=group["weight_decay"])


def velocity_of(optimizer, p, g, group):
    """The momentum memory after this step."""
    if not group["momentum"]:
        return g
    state = optimizer.state[p]
    state["velocity"] = state["velocity"] * group["momentum"] + g if "velocity" in state else g.clone()
    return state["velocity"]


def plain_update(optimizer, p, group):
    """One right update of one parameter."""
    p.sub_(group["lr"] * velocity_of(optimizer, p, gradient_with_decay(p, group), group))


def sgd(update=plain_update, *, skip=True, groups=slice(None), run=None, report=True, refuse=True, setup=None):
    """A version of MySGD that differs in how it updates one parameter, or in what it does around that."""

    class MySGD(torch.optim.Optimizer):
        def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
            if refuse and lr < 0:
                raise ValueError("negative learning rate")
            super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
            self.lr, self.bufs = lr, {}
            if setup:
                setup(self)

        @torch.no_grad()
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups[groups]:
                for p in group["params"]:
                    if p.grad is not None or not skip:
                        update(self, p, group)
            return loss if report else None

    return MySGD


@misconception(exercise="my_sgd")
def rebound_parameter(work):
    """Inside the loop p now means a new tensor, and the parameter in the model has not moved."""

    def update(optimizer, p, group):
        p = p - group["lr"] * velocity_of(optimizer, p, gradient_with_decay(p, group), group)

    return sgd(update)


@misconception(exercise="my_sgd")
def learning_rate_of_the_constructor(work):
    """The learning rate of the constructor is used for ever: groups and schedulers write theirs somewhere else."""
    return sgd(lambda optimizer, p, group: plain_update(optimizer, p, group | {"lr": optimizer.lr}))


@misconception(exercise="my_sgd")
def memory_outside_the_state(work):
    """The momentum memory lies in an attribute of your own, so it is not in state_dict() and is lost on saving."""

    def update(optimizer, p, group):
        g = gradient_with_decay(p, group)
        optimizer.bufs[p] = optimizer.bufs[p] * group["momentum"] + g if p in optimizer.bufs else g
        p.sub_(group["lr"] * optimizer.bufs[p])

    return sgd(update)


@misconception(exercise="my_sgd")
def averaged_momentum(work):
    """This memory is a moving average, which belongs to another optimizer; here gradients add up."""

    def update(optimizer, p, group):
        g, state, m = gradient_with_decay(p, group), optimizer.state[p], group["momentum"]
        state["velocity"] = m * state["velocity"] + (1 - m) * g if "velocity" in state else g
        p.sub_(group["lr"] * state["velocity"])

    return sgd(update)


@misconception(exercise="my_sgd")
def decoupled_decay(work):
    """The weight decay is applied beside the momentum and not through it; that is the rule of another optimizer."""

    def update(optimizer, p, group):
        velocity = velocity_of(optimizer, p, p.grad, group)
        p.sub_(group["lr"] * (velocity + group["weight_decay"] * p))

    return sgd(update)


@misconception(exercise="my_sgd")
def decay_added_to_the_gradient(work):
    """The decay was added to p.grad itself: whoever reads or accumulates the gradient later gets another value."""

    def update(optimizer, p, group):
        p.grad.add_(p, alpha=group["weight_decay"])
        p.sub_(group["lr"] * velocity_of(optimizer, p, p.grad, group))

    return sgd(update)


@misconception(exercise="my_sgd")
def missing_gradient_used(work):
    """A parameter that took no part in the loss has no gradient at all, and None cannot be computed with."""
    return sgd(skip=False)


@misconception(exercise="my_sgd")
def missing_gradient_as_zero(work):
    """A parameter without gradient should rest; here weight decay shrinks it all the same."""

    def update(optimizer, p, group):
        g = (torch.zeros_like(p) if p.grad is None else p.grad).add(p, alpha=group["weight_decay"])
        p.sub_(group["lr"] * velocity_of(optimizer, p, g, group))

    return sgd(update, skip=False)


@misconception(exercise="my_sgd")
def memory_is_the_gradient(work):
    """At the first step the memory became the gradient tensor itself; zeroing the gradient empties the memory too."""

    def update(optimizer, p, group):
        g = gradient_with_decay(p, group) if group["weight_decay"] else p.grad
        state = optimizer.state[p]
        if group["momentum"]:
            g = state["velocity"].mul_(group["momentum"]).add_(g) if "velocity" in state else g
            state["velocity"] = g
        p.sub_(group["lr"] * g)

    return sgd(update)


@misconception(exercise="my_sgd")
def learning_rate_in_the_memory(work):
    """The learning rate is stored into the memory, so that a change of it reaches only the newest gradient."""

    def update(optimizer, p, group):
        p.sub_(velocity_of(optimizer, p, group["lr"] * gradient_with_decay(p, group), group))

    return sgd(update)


@misconception(exercise="my_sgd")
def first_group_only(work):
    """Only the first group of parameters is ever updated."""
    return sgd(groups=slice(1))


@misconception(exercise="my_sgd")
def settings_of_the_first_group(work):
    """All parameters use the settings of the first group."""
    return sgd(lambda optimizer, p, group: plain_update(optimizer, p, optimizer.param_groups[0]))


@misconception(exercise="my_sgd")
def loss_not_returned(work):
    """The closure is called, but its loss is not handed on."""
    return sgd(report=False)


@misconception(exercise="my_sgd")
def closure_never_called(work):
    """The closure is ignored, so that the gradients it should compute are never there."""

    class MySGD(sgd()):
        def step(self, closure=None):
            return super().step()

    return MySGD


@misconception(exercise="my_sgd")
def closure_called_after_the_update(work):
    """The closure comes too late: the update was made with the gradients of before."""

    class MySGD(sgd()):
        def step(self, closure=None):
            super().step()
            return None if closure is None else closure()

    return MySGD


@misconception(exercise="my_sgd")
def uphill(work):
    """The parameters move along the gradient, and the loss grows."""

    def update(optimizer, p, group):
        p.add_(group["lr"] * velocity_of(optimizer, p, gradient_with_decay(p, group), group))

    return sgd(update)


@misconception(exercise="my_sgd")
def looks_ahead(work):
    """The newest gradient enters twice: that is Nesterov's variant, which was not asked for."""

    def update(optimizer, p, group):
        g = gradient_with_decay(p, group)
        p.sub_(group["lr"] * (g + group["momentum"] * velocity_of(optimizer, p, g, group)))

    return sgd(update)


@misconception(exercise="my_sgd")
def momentum_ignored(work):
    """Every step forgets the ones before it."""
    return sgd(lambda optimizer, p, group: p.sub_(group["lr"] * gradient_with_decay(p, group)))


@misconception(exercise="my_sgd")
def decay_ignored(work):
    """The weight decay has no effect."""
    return sgd(lambda optimizer, p, group: plain_update(optimizer, p, group | {"weight_decay": 0.0}))


@misconception(exercise="my_sgd")
def any_learning_rate_accepted(work):
    """A negative learning rate is taken without complaint, and the optimizer would climb."""
    return sgd(refuse=False)


@misconception(exercise="my_sgd")
def update_recorded_by_autograd(work):
    """The update is itself recorded by autograd, which forbids changing a trained parameter in place."""

    class MySGD(sgd()):
        step = inspect.unwrap(work.MySGD.step)

    return MySGD
