"""What Python sees of the simulated device: attributes, moves, numpy, files, generators, autocast."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn

from grader.authoring import Rng, aliases, shares_storage
from grader.observe.rehearsal.stage import rehearsal
from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.tree import TensorLeaf


def test_a_tensor_says_where_it_is(device: torch.device) -> None:
    x, c = torch.ones(2, device="rehearsal"), torch.ones(2)
    assert (x.device, x.is_cpu, x.is_cuda, x.get_device()) == (device, False, False, 0)
    assert (c.device, c.is_cpu, c.get_device()) == (torch.device("cpu"), True, -1)
    assert repr(x) == "tensor([1., 1.], device='rehearsal:0')"
    assert type(x) is torch.Tensor


def test_to_copies_only_where_it_has_to(device: torch.device) -> None:
    x = torch.ones(2, device=device)
    assert x.to(device) is x
    assert x.to("rehearsal", torch.float32) is x
    assert x.to(torch.zeros(1, device=device)) is x
    assert x.to(torch.float64).device == device
    for back in (x.cpu(), x.to("cpu"), x.to(torch.ones(1)), x.to(device="cpu", dtype=torch.float64)):
        assert back.device.type == "cpu"
        assert not shares_storage(x, back)
    assert x.to("cpu", torch.float64).dtype is torch.float64


def test_views_are_where_their_memory_is(device: torch.device) -> None:
    x = torch.zeros(2, 3, device=device)
    assert aliases({"x": x, "row": x[0], "copy": x.clone(), "flat": x.view(-1)}) == [["flat", "row", "x"]]
    assert {x[0].device, x.T.device, x.detach().device, x.view(-1)[1:].device} == {device}


def test_numpy_needs_the_cpu(device: torch.device) -> None:
    x = torch.ones(2, device=device)
    words = "can't convert rehearsal:0 device type tensor to numpy. Use Tensor.cpu()"
    for ask in (lambda: x.numpy(), lambda: np.asarray(x), lambda: np.array([x[0], x[1]])):
        with pytest.raises(TypeError, match=words):
            ask()
    assert x.cpu().numpy().tolist() == x.numpy(force=True).tolist() == x.tolist() == [1.0, 1.0]
    assert torch.from_numpy(np.ones(2)).device.type == "cpu"
    assert float(x.sum()) == x.sum().item() == 2.0


@pytest.mark.parametrize("kind", ["cuda", "mps", "cuda:1"])
def test_another_device_by_name_is_refused(kind: str, device: torch.device) -> None:
    words = f"the code asks for '{kind.partition(':')[0]}' by name, but the device under test is 'rehearsal:0'"
    x = torch.ones(2, device=device)
    for ask in (lambda: x.to(kind), lambda: torch.zeros(2, device=kind), lambda: nn.Linear(2, 2).to(kind)):
        with pytest.raises(RuntimeError, match=words):
            ask()
    with pytest.raises(RuntimeError, match="asks for 'cuda' by name"):
        nn.Linear(2, 2).cuda()
    assert not torch.cuda.is_available()


def test_the_accelerator_is_the_device(device: torch.device) -> None:
    assert torch.accelerator.is_available()
    assert torch.accelerator.current_accelerator() == torch.device("rehearsal")
    assert torch.accelerator.device_count() == 1


def test_there_is_none_outside() -> None:
    with rehearsal():
        pass
    assert not torch.accelerator.is_available()


def test_a_module_keeps_its_parameters_when_it_moves(device: torch.device) -> None:
    layer = nn.BatchNorm1d(3)
    layer.note = torch.ones(3)
    before = dict(layer.named_parameters())
    assert layer.to(device) is layer
    assert all(p is before[name] for name, p in layer.named_parameters())
    assert {value.device for value in layer.state_dict().values()} == {device}
    assert layer.note.device.type == "cpu"
    assert {value.device.type for value in layer.to("cpu").state_dict().values()} == {"cpu"}


def test_meta_stays_meta(device: torch.device) -> None:
    x = torch.ones(2, device=device)
    assert x.to("meta").device.type == torch.zeros(2, device="meta").device.type == "meta"
    assert nn.Linear(2, 2, device=device).to("meta").weight.is_meta
    with pytest.raises(NotImplementedError, match="no data"):
        torch.zeros(2, device="meta").to(device)


def test_files_remember_the_device_and_map_location_decides(device: torch.device) -> None:
    file = io.BytesIO()
    torch.save({"x": torch.ones(2, device=device), "c": torch.ones(2)}, file)

    def loaded(where: object = None) -> dict[str, str]:
        file.seek(0)
        return {name: x.device.type for name, x in torch.load(file, map_location=where).items()}

    assert loaded() == {"x": "rehearsal", "c": "cpu"}
    assert loaded("cpu") == {"x": "cpu", "c": "cpu"}
    assert loaded(device) == {"x": "rehearsal", "c": "rehearsal"}
    assert loaded(lambda storage, place: storage) == {"x": "cpu", "c": "cpu"}
    assert loaded({"rehearsal:0": "cpu"}) == {"x": "cpu", "c": "cpu"}


def test_copies_stay_where_they_are(device: torch.device) -> None:
    x = torch.ones(2, device=device, requires_grad=True)
    layer = nn.Linear(2, 2, device=device)
    places = [copy.deepcopy(x), copy.copy(x), x.clone(), x.detach(), *copy.deepcopy(layer).parameters()]
    assert {part.device for part in places} == {device}
    assert copy.deepcopy(torch.ones(2)).device.type == "cpu"


def test_gradients_are_where_their_tensors_are(device: torch.device) -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.to(device)
    y.retain_grad()
    (y * 3).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.device.type, y.grad.device) == ("cpu", device)
    assert x.grad.tolist() == [3.0, 3.0]


def test_an_old_constructor_makes_what_numpy_reads(device: torch.device) -> None:
    assert torch.Tensor(2).fill_(1).numpy().tolist() == [1.0, 1.0]


def test_generators_have_a_device(device: torch.device) -> None:
    generator = torch.Generator(device).manual_seed(1)
    assert (generator.device, torch.Generator().device.type) == (device, "cpu")
    assert isinstance(torch.default_generator, torch.Generator)
    again = torch.Generator(device=device).manual_seed(1)
    assert torch.equal(torch.rand(3, device=device, generator=generator), torch.rand(3, device=device, generator=again))


def test_the_state_of_a_random_stream_is_on_the_cpu(device: torch.device) -> None:
    state = torch.get_rng_state()
    for ask in (lambda: torch.set_rng_state(state.to(device)), lambda: torch.Generator().set_state(state.to(device))):
        with pytest.raises(TypeError, match="RNG state must be"):
            ask()
    torch.set_rng_state(state)


def test_old_type_names_mean_the_cpu(device: torch.device) -> None:
    x = torch.ones(2, device=device)
    assert (x.type(), torch.ones(2).type()) == ("torch.rehearsal.FloatTensor", "torch.FloatTensor")
    assert x.type(torch.LongTensor).device.type == x.type("torch.FloatTensor").device.type == "cpu"
    assert x.type(torch.float64).device == device


def test_autocast_of_the_cpu_leaves_the_device_alone(device: torch.device) -> None:
    layer, x = nn.Linear(2, 2, device=device), torch.ones(1, 2, device=device)
    with torch.autocast("cpu"):
        assert layer(x).dtype is torch.float32
    with torch.autocast(x.device.type):
        assert layer(x).dtype is torch.float16


def test_inference_mode_is_checked_too(device: torch.device) -> None:
    with torch.inference_mode(), pytest.raises(RuntimeError, match="same device"):
        nn.Linear(2, 2)(torch.ones(1, 2, device=device))


def test_inputs_of_checks_are_made_on_the_device(device: torch.device) -> None:
    rng = Rng("a", "rehearsal")
    layer = rng.fill(nn.Linear(2, 2))
    made = [rng.normal(2), rng.uniform(2), rng.integers(0, 5, 3), layer.weight]
    assert {x.device for x in made} == {device}
    assert (rng.generator().device.type, rng.generator(rng.device).device) == ("cpu", device)


def test_observations_say_where_their_tensors_were(device: torch.device) -> None:
    observed = decode(encode({"x": torch.ones(2, device=device), "c": torch.ones(2)}))
    assert isinstance(observed, dict)
    assert isinstance(observed["x"], TensorLeaf)
    assert isinstance(observed["c"], TensorLeaf)
    assert (observed["x"].device, observed["c"].device) == ("rehearsal", "cpu")


def test_a_module_goes_where_a_tensor_is(device: torch.device) -> None:
    there, here = torch.ones(2, dtype=torch.float64, device=device), torch.ones(2)
    moved = nn.Linear(2, 2).to(there)
    assert (moved.weight.device, moved.weight.dtype) == (device, torch.float64)
    assert moved.to(tensor=here).weight.device.type == "cpu"
