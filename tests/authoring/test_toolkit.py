"""The toolkit's observations, beyond the examples in their docstrings."""

import torch
from torch import nn

from grader.authoring import (
    aliases,
    buffers,
    calls,
    gradients,
    hooks,
    modes,
    parameters,
    raises,
    saved_tensors,
    shares_storage,
    state,
)
from grader.authoring.work import MissingName


def test_parameters_without_names_keep_shape_dtype_and_trainability() -> None:
    layer = nn.Linear(2, 3)
    layer.bias.requires_grad_(False)
    assert parameters(layer, names=False) == [
        {"shape": (3, 2), "dtype": "float32", "requires_grad": True},
        {"shape": (3,), "dtype": "float32", "requires_grad": False},
    ]


def test_a_buffer_that_a_checkpoint_leaves_out_is_told_apart() -> None:
    module = nn.Module()
    module.register_buffer("kept", torch.zeros(2))
    module.register_buffer("dropped", torch.zeros(2), persistent=False)
    assert {name: facts["saved"] for name, facts in buffers(module).items()} == {"kept": True, "dropped": False}


def test_gradients_and_state_are_copies() -> None:
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    grads, values = gradients(layer), state(layer)
    layer.zero_grad(set_to_none=False)
    with torch.no_grad():
        layer.weight.add_(1)
    assert float(grads["weight"].sum()) == 2.0
    assert not torch.equal(values["weight"], layer.weight)


def test_hooks_that_are_left_on_any_submodule_are_found() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    handles = [
        model[0].register_forward_pre_hook(lambda *_: None),
        model[1].register_full_backward_hook(lambda *_: None),
    ]
    assert hooks(model) == {"0 forward_pre": 1, "1 backward": 1}
    for handle in handles:
        handle.remove()
    assert hooks(model) == {}


def test_modes_name_every_submodule() -> None:
    model = nn.Sequential(nn.Dropout())
    model[0].eval()
    assert modes(model) == {"": "train", "0": "eval"}


def test_views_share_storage_and_copies_do_not() -> None:
    x = torch.arange(6.0).view(2, 3)
    assert shares_storage(x, x[:, 1:])
    assert not shares_storage(x, x[:, [1, 2]])
    assert aliases({"x": x, "row": x[0], "copy": x.clone(), "none": None}) == [["row", "x"]]


def test_autograd_saves_tensors_with_a_graph_and_none_without() -> None:
    w = torch.ones(3, requires_grad=True)
    with saved_tensors() as with_graph:
        (w * w).sum()
    with saved_tensors() as without, torch.inference_mode():
        (w * w).sum()
    assert with_graph.count == 2
    assert with_graph.bytes == 24
    assert (without.count, without.bytes) == (0, 0)


def test_calls_are_seen_however_they_are_spelled() -> None:
    x = torch.ones(2, 2)
    with calls() as log:
        getattr(torch.nn.functional, "soft" + "max")(x, dim=0)
    assert log.uses("softmax", "relu") == ["softmax"]


def test_raises_names_the_base_type_that_was_asked_for() -> None:
    assert raises(lambda: {}["a"], LookupError) == "LookupError"
    assert raises(lambda: {}["a"], ValueError) == "KeyError"


def test_raises_lets_a_missing_name_through() -> None:
    def call() -> None:
        raise MissingName("f")

    try:
        raises(call, ValueError)
    except MissingName as missing:
        assert missing.name == "f"
    else:
        raise AssertionError("a missing name was taken for an observation")
