"""Weights are numbers by name; a file that is anything else is refused in a sentence, unread."""

import io
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from grader.authoring import BadWeights, compare_state, load_weights

MIB = 1 << 20
Save = Callable[..., Path]


class Command:
    """Runs a command when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def save(content: object, name: str = "best.pt", **options: object) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path, **options)
        return path

    return save


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(BadWeights) as caught:
        load_weights(path, **options)
    text = str(caught.value)
    assert text.startswith((path.name, str(path))) and text.isprintable()
    return text


def records(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repack(path: Path, changed: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """The checkpoint again, with some of its parts exchanged."""
    parts = records(path) | changed
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def pickled_as(path: Path, old: bytes, new: bytes) -> Path:
    name = f"{path.stem}/data.pkl"
    pickled = records(path)[name]
    assert old in pickled
    return repack(path, {name: pickled.replace(old, new)})


def test_a_state_dict_comes_back(save: Save) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    loaded = load_weights(save(model.state_dict()))
    assert list(loaded) == list(model.state_dict())
    assert all(torch.equal(loaded[name], value) for name, value in model.state_dict().items())
    assert {type(value) for value in loaded.values()} == {torch.Tensor}


@pytest.mark.parametrize(
    "value",
    [
        torch.arange(6).reshape(2, 3).T,
        torch.tensor([1 + 2j]).conj(),
        torch.tensor(True),
        torch.zeros(0, 4),
        torch.ones(2, dtype=torch.bfloat16),
        nn.Parameter(torch.ones(2)),
        torch.arange(10.0)[3:5],
        torch.tensor([float("-inf"), 0.0]),
    ],
    ids=str,
)
def test_any_dense_tensor_comes_back(save: Save, value: torch.Tensor) -> None:
    loaded = load_weights(save({"w": value}))["w"]
    assert torch.equal(loaded, value) and loaded.dtype == value.dtype and not loaded.requires_grad


def test_tied_weights_stay_tied(save: Save) -> None:
    w = torch.ones(5)
    loaded = load_weights(save({"a": w, "b": w}))
    assert loaded["a"].data_ptr() == loaded["b"].data_ptr()


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (os.system, ("touch PWNED",), "posix.system"),
        (exec, ("open('PWNED', 'w')",), "__builtin__.exec"),
        (eval, ("open('PWNED', 'w')",), "__builtin__.eval"),
        (__import__, ("PWNED",), "__builtin__.__import__"),
        (torch.load, ("PWNED",), "torch.serialization.load"),
        (torch.hub.load, ("a/b", "c"), "torch.hub.load"),
        (getattr, (1, "real"), "__builtin__.getattr"),
        # Torch lets these through; they ask for memory without end.
        (bytearray, (10**13,), "__builtin__.bytearray"),
        (torch.Tensor, (10**12,), "torch.Tensor"),
        (torch.UntypedStorage, (10**13,), "torch.storage.UntypedStorage"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_file_that_would_call_something_is_refused_by_its_name(
    save: Save,
    function: object,
    arguments: tuple[object, ...],
    named: str,
    protocol: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for content in (Command(function, *arguments), {"fc1.weight": torch.zeros(2), "x": Command(function, *arguments)}):
        path = save(content, pickle_protocol=protocol)
        monkeypatch.chdir(path.parent)
        said = refusal(path)
        assert said.startswith("best.pt holds more than weights: ")
        assert named.rpartition(".")[2] in said
        assert (named in said) or protocol == 4
        assert not (path.parent / "PWNED").exists()


def test_a_newer_pickle_protocol_is_told(save: Save) -> None:
    assert "was saved with a pickle_protocol of its own" in refusal(save({"w": torch.zeros(2)}, pickle_protocol=4))


class Net(nn.Linear):
    """A student's own module."""


def test_a_whole_module_is_refused_with_what_to_save_instead(save: Save) -> None:
    said = refusal(save(Net(2, 2)))
    assert "Net" in said
    assert "save the weights alone with torch.save(model.state_dict(), 'weights.pt')" in said


def test_formats_that_can_hold_code_are_refused_whatever_is_in_them(save: Save) -> None:
    old = save({"w": torch.zeros(2)}, _use_new_zipfile_serialization=False)
    assert "is not what torch.save writes but a bare pickle or a file of an old torch" in refusal(old)
    bare = save(pickle.dumps(Command(os.system, "touch PWNED")))
    assert "a bare pickle" in refusal(bare)
    assert refusal(save(b"\x80", "model.pkl")).startswith("model.pkl: .pkl files are not read as weights")
    for name in ("model.mat", "model.h5", "model.joblib", "model.safetensors", "model"):
        assert "files are not read as weights: save the weights alone" in refusal(save(b"anything", name))


def test_torchscript_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "script.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nn.ReLU()), str(path))
    assert refusal(path).startswith("script.pt is a TorchScript archive, which is a program and not weights")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch.zeros(2), "holds a Tensor, not tensors by name"),
        ([torch.zeros(2)], "holds a list, not tensors by name"),
        ({"epoch": 3, "w": torch.zeros(1)}, '"epoch" is a int, not a tensor'),
        ({"model": {"w": torch.zeros(1)}}, '"model" is a dict, not a tensor'),
        ({0: torch.zeros(1)}, "holds values by int"),
        ({"bad\u202ename": 0}, r'"bad\u202ename" is a int'),
        ({"w": torch.zeros(3, device="meta")}, '"w" is on the meta device and has no values'),
        ({"w": torch.eye(3).to_sparse()}, '"w" is a sparse tensor: weights are dense'),
        ({"w": torch.zeros(2, dtype=torch.uint16)}, "an unusual dtype"),
        ({"w": torch.full((2, 2), torch.nan)}, '"w" holds NaN in 4 of 4 values'),
        ({"ok": torch.zeros(1), "w": torch.tensor([1j, complex(0, float("nan"))])}, '"w" holds NaN in 1 of 2 values'),
        ({"w": torch.zeros(1).expand(1 << 33)}, '"w" declares 8,589,934,592 elements but holds 4 bytes for them'),
        ({"w": torch.zeros(9).as_strided((5, 5), (1, 1))}, '"w" declares 25 elements but holds 36 bytes'),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_plain_tensor_by_name_is_named(save: Save, content: object, words: str) -> None:
    assert words in refusal(save(content))


def test_a_quantized_tensor_is_named(save: Save) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = {"w": torch.quantize_per_tensor(torch.zeros(2), 1.0, 0, torch.qint8)}
    assert "holds a quantized tensor: weights are plain tensors" in refusal(save(content))


def test_views_of_one_storage_count_each(save: Save) -> None:
    w = torch.zeros(MIB // 4)
    path = save({str(number): w for number in range(20)})
    assert "declares more than 8 MB of values" in refusal(path, max_bytes=8_000_000)
    assert len(load_weights(path)) == 20


SEVEN = b"K\x07\x85"  # the shape (7,)
BILLION = struct.pack("<ci", b"J", 10**9)


def test_sizes_that_the_file_does_not_hold_allocate_nothing(save: Save) -> None:
    shape = pickled_as(save({"w": torch.zeros(7)}), SEVEN, BILLION + b"\x85")
    assert "cannot be loaded: it is damaged" in refusal(shape)
    storage = pickled_as(save({"w": torch.zeros(7)}), b"K\x07tq\x07Q", BILLION + b"tq\x07Q")
    assert "cannot be loaded: it is damaged" in refusal(storage)


def test_a_packed_checkpoint_is_a_bomb(save: Save) -> None:
    path = repack(save({"w": torch.zeros(50 * MIB // 4)}), {}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        assert "the unpacked size of" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"other/data.pkl": b"."}, "none that torch.save writes"),
        ({"best/DATA.PKL": b"."}, "another entry has the same name"),
        ({"../../x": b""}, "unsafe name"),
        ({"best/code/__torch__.py": b"import os"}, "TorchScript"),
        ({"best/data.pkl": b"\x80\x02}"}, "table of tensors is cut off or changed"),
        ({"best/data.pkl": b"\x80\x02]."}, "holds a list"),
        ({"best/data.pkl": b"\x80\x02(iposix\nsystem\n."}, "posix.system"),
        ({"best/data.pkl": b"\x80\x02}q\x00(U\x01ah\x00u."}, '"a" is a dict, not a tensor'),
        ({"best/data.pkl": b"\x80\x02" + b"N" * (5 * MIB) + b"."}, "holds too much beside its tensors"),
        ({"best/byteorder": b"middle"}, "cannot be loaded"),
    ],
)
def test_a_checkpoint_changed_by_hand_is_refused(save: Save, parts: dict[str, bytes], words: str) -> None:
    assert words in refusal(repack(save({"w": torch.zeros(2)}), parts))


def test_what_is_not_there_or_too_large_is_told(save: Save, tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "none.pt")
    assert refusal(save({"w": torch.zeros(9)}), max_bytes=500) == "best.pt is larger than 500 bytes"
    os.mkfifo(tmp_path / "pipe.pt")
    assert "is no regular file" in refusal(tmp_path / "pipe.pt")


def test_numpy_arrays_come_back(tmp_path: Path) -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3))
    np.savez_compressed(tmp_path / "all.npz", a=a, **{"fc1.weight": b})
    np.save(tmp_path / "one.npy", a)
    loaded = load_weights(tmp_path / "all.npz")
    assert torch.equal(loaded["a"], torch.from_numpy(a))
    assert loaded["fc1.weight"].tolist() == b.tolist() and loaded["fc1.weight"].dtype == torch.int16
    assert torch.equal(load_weights(tmp_path / "one.npy")["one"], torch.from_numpy(a))


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def described(dtype: str, shape: str) -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            npy(described("'<f4'", "(1000000000000,)"), bytes(4)),
            "declares 4,000,000,000,000 bytes of values but holds 4",
        ),
        (npy(described("'<f4'", "(2,)"), bytes(4)), "declares 8 bytes of values but holds 4"),
        (npy(described("'<f4'", "(1,)"), bytes(9)), "declares 4 bytes of values but holds 9"),
        (npy(described("'<f4'", "(-1,)")), "impossible shape"),
        (npy(described("'<f4'", "(0, 4611686018427387904, 4611686018427387904)")), "impossible shape"),
        (
            npy(described("'|O'", "(1,)"), pickle.dumps([Command(os.system, "touch PWNED")])),
            "Python objects, as a pickle",
        ),
        (npy(described("[('a', '<f4')]", "(1,)"), bytes(4)), "which are no numbers"),
        (npy(described("'<U3'", "(1,)"), bytes(12)), "which are no numbers"),
        (npy(described("'<M8[s]'", "(1,)"), bytes(8)), "which are no numbers"),
        (npy(described("'<f16'", "(1,)"), bytes(16)), "which are no numbers"),
        (npy("(" * 9000), "no numpy array, or damaged"),
        (npy("{'descr': __import__('os')}"), "no numpy array, or damaged"),
        (npy("{}" + " " * 20_000), "no numpy array, or damaged"),
        (b"\x93NUMPY\x09\x00", "no numpy array, or damaged"),
        (b"", "no numpy array, or damaged"),
    ],
)
def test_an_array_that_lies_is_refused_before_it_is_made(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    assert words in refusal(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("w.npy", content)
    assert words in refusal(tmp_path / "a.npz")
    assert not Path("PWNED").exists()


def test_an_npz_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(40 * MIB, dtype=np.uint8))
    tracemalloc.start()
    try:
        assert "over the limit of 8 MB for one file" in refusal(tmp_path / "bomb.npz", max_bytes=8_000_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()


def test_objects_that_numpy_pickled_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "obj.npy", np.array([Command(os.system, "touch PWNED")], dtype=object), allow_pickle=True)
    assert refusal(tmp_path / "obj.npy") == (
        "obj.npy holds more than weights: Python objects, as a pickle that can run code"
    )


def test_a_table_of_pandas_in_an_npz_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("frame.pkl", pickle.dumps(Command(os.system, "touch PWNED")))
    assert 'a.npz holds "frame.pkl", which is no array' in refusal(tmp_path / "a.npz")


def test_hostile_files_cost_little_memory(tmp_path: Path) -> None:
    """In a process that may add half a gigabyte of address space, each is refused in words and not by the kernel."""
    torch.save({"w": torch.zeros(1).expand(1 << 40)}, tmp_path / "expand.pt")
    torch.save({"w": Command(bytearray, 1 << 40)}, tmp_path / "array.pt")
    (tmp_path / "a.npy").write_bytes(npy(described("'<f8'", f"({1 << 38},)")))
    program = """
import resource, sys
from pathlib import Path
from grader.authoring import load_weights, BadWeights
used = int(Path('/proc/self/statm').read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 29),) * 2)
for path in sys.argv[1:]:
    try:
        load_weights(path)
    except BadWeights as error:
        print('refused', error)
"""
    if sys.platform != "linux":
        pytest.skip("address space is limited on Linux")
    run = subprocess.run(
        [sys.executable, "-c", program, *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.count("refused") == 3


@given(
    at=st.floats(0, 1),
    cut=st.integers(0, 9),
    put=st.binary(max_size=9),
    seed=st.sampled_from(["pt", "npz", "npy", "pickle"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_damage_is_weights_or_a_refusal(tmp_path_factory: Any, at: float, cut: int, put: bytes, seed: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    buffer = io.BytesIO()
    array = np.arange(6.0)
    if seed in ("pt", "pickle"):
        torch.save(nn.Linear(2, 2).state_dict(), buffer)
    elif seed == "npz":
        np.savez(buffer, a=array)
    else:
        np.save(buffer, array)
    content = buffer.getvalue()
    path = folder / f"damaged.{'pt' if seed == 'pickle' else seed}"
    if seed == "pickle":
        path.write_bytes(content)
        pickled = records(path)["archive/data.pkl"]
        place = int(at * len(pickled))
        repack(path, {"archive/data.pkl": pickled[:place] + put + pickled[place + cut :]})
    else:
        place = int(at * len(content))
        path.write_bytes(content[:place] + put + content[place + cut :])
    try:
        loaded = load_weights(path)
    except BadWeights as error:
        assert str(error).startswith("damaged.")
    else:
        assert all(type(value) is torch.Tensor for value in loaded.values())


def test_a_fitting_state_differs_in_nothing() -> None:
    model = nn.Linear(2, 3)
    assert not any(compare_state(model, model.state_dict()).values())


def test_each_difference_of_a_state_is_named() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    weights = model.state_dict()
    weights["0.weigth"] = weights.pop("0.weight")
    weights["module.0.bias"] = weights.pop("0.bias")
    weights["1.weight"] = weights["1.weight"].T
    weights["1.bias"] = weights["1.bias"].double()
    weights["something"] = torch.zeros(1)
    assert compare_state(model, weights) == {
        "missing": ["0.weight", "0.bias"],
        "extra": ["0.weigth", "module.0.bias", "something"],
        "misnamed": {"0.weigth": "0.weight", "module.0.bias": "0.bias"},
        "shapes": {"1.weight": {"expected": (1, 3), "found": (3, 1)}},
        "dtypes": {"1.bias": {"expected": "float32", "found": "float64"}},
    }


def test_thousands_of_strange_names_make_no_long_answer() -> None:
    weights = {f"{number}" * 1000: torch.zeros(1) for number in range(3000)}
    found = compare_state(nn.Linear(2, 2), weights)
    assert len(found["extra"]) == 50 and max(map(len, found["extra"])) == 200
