"""Files of ``torch.save``: looked through as bytes first, then loaded with ``weights_only=True``.

``weights_only`` alone still lets a file ask for any amount of memory (``bytearray(10**12)`` is allowed to it), be
packed like a zip bomb, and hold tensors of 10^9 elements that share one byte. What torch reads here is an archive
made anew from the parts that were looked at, so that no two readers can see two different files.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from grader.authoring.badweights import BadWeights
from grader.intake.archive import listed, taken
from grader.intake.limits import IntakeLimits, size
from grader.intake.names import shown

_SAVE = "save the weights alone with torch.save(model.state_dict(), 'weights.pt')"
_PICKLE_BYTES = 4 * 1024 * 1024
_RECORDS = 20_000
# What the pickle of a state dict names. Quantized and nested tensors are named apart, to be refused in their words.
_PLAIN = re.compile(
    r"collections\.OrderedDict|torch\.Size|torch\.serialization\._get_layout"
    r"|torch\.(float|double|half|bfloat16|complex|u?int|long|short|bool)\d*"
    r"|torch\.(Float|Double|Half|BFloat16|ComplexFloat|ComplexDouble|Long|Int|Short|Char|Byte|Bool)Storage"
    r"|torch\._utils\._rebuild_(tensor_v2|parameter|sparse_tensor|meta_tensor_no_storage)"
)
_OTHER_TENSORS = {
    "torch._utils._rebuild_qtensor": "a quantized tensor",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._tensor._rebuild_from_type_v2": "a tensor of a class of its own",
    "torch._utils._rebuild_tensor_v3": "a tensor of an unusual dtype",
}
# Ways to name or make an object other than the GLOBAL and REDUCE that torch.save writes.
_OTHER_OBJECTS = frozenset({"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"})


def read_checkpoint(file: str, data: bytes, max_bytes: int) -> dict[str, torch.Tensor]:
    """Load a state dict; see `grader.authoring.weights.load_weights`.

    Args:
        file: The file's name for messages.
        data: The file's bytes.
        max_bytes: The most that all values may take together.

    Returns:
        Plain dense tensors on the CPU by name.

    Raises:
        BadWeights: It is anything else.
    """
    records = _records(file, data)
    _refuse_code(file, records["data.pkl"])
    try:
        found = torch.load(io.BytesIO(_repacked(records)), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - the loader fails in as many ways as there are bytes
        raise BadWeights(f"{file} cannot be loaded: it is damaged ({type(error).__name__} in torch.load)") from None
    return dict(_plain(file, found, max_bytes))


def _records(file: str, data: bytes) -> dict[str, bytes]:
    """The parts of the archive that torch.save writes, without the folder that they are in."""
    if not data.startswith(b"PK"):
        what = (
            "a bare pickle or a file of an old torch, which can hold code" if data[:1] == b"\x80" else "something else"
        )
        raise BadWeights(f"{file} is not what torch.save writes but {what}: {_SAVE}")
    # torch.save packs nothing: whatever unpacks to more than the file itself was made by hand.
    limits = IntakeLimits(total_bytes=len(data), file_bytes=len(data), entries=_RECORDS)
    names = listed(data, limits)
    roots = {name.partition("/")[0] for name in names}
    inner = {name.partition("/")[2]: name for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        raise BadWeights(f"{file} is a TorchScript archive, which is a program and not weights: {_SAVE}")
    if len(roots) != 1 or "data.pkl" not in inner:
        raise BadWeights(f"{file} is a zip archive but none that torch.save writes: {_SAVE}")
    wanted = {name: inner[name] for name in inner if name in ("data.pkl", "byteorder") or name.startswith("data/")}
    if names[wanted["data.pkl"]] > _PICKLE_BYTES:
        raise BadWeights(f"{file} holds too much beside its tensors: {_SAVE}")
    contents = taken(data, set(wanted.values()), limits)
    return {name: contents[full] for name, full in wanted.items()}


def _refuse_code(file: str, pickled: bytes) -> None:
    """Refuse a pickle that names anything but tensors; it is read as bytes, nothing in it is built."""
    texts, newer = ["", ""], False
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            named = ""
            if isinstance(argument, str) and opcode.name in ("GLOBAL", "INST"):
                named = argument.replace(" ", ".", 1)
            elif opcode.name == "STACK_GLOBAL":
                named, newer = ".".join(texts), True
            elif isinstance(argument, str):
                texts = [texts[1], argument]
            if kind := _OTHER_TENSORS.get(named):
                raise BadWeights(f"{file} holds {kind}: weights are plain tensors")
            if opcode.name in _OTHER_OBJECTS or (named and not _PLAIN.fullmatch(named)):
                what = shown(named)[1:-1] or "objects of other kinds"
                raise BadWeights(f"{file} holds more than weights: {what}; {_SAVE}")
    except BadWeights:
        raise
    except (ValueError, LookupError, ArithmeticError, MemoryError):
        raise BadWeights(f"{file} is damaged: its table of tensors is cut off or changed") from None
    if newer:
        raise BadWeights(f"{file} was saved with a pickle_protocol of its own: {_SAVE}")


def _repacked(records: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {"version": b"3\n", "byteorder": b"little", **records}.items():
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()


def _plain(file: str, found: Any, max_bytes: int) -> Iterator[tuple[str, torch.Tensor]]:
    if not isinstance(found, dict):
        raise BadWeights(f"{file} holds a {type(found).__name__}, not tensors by name: {_SAVE}")
    total_bytes = 0
    for key, value in found.items():
        if type(key) is not str:  # nothing else is turned into text: a small pickle can hold a tuple of any length
            raise BadWeights(f"{file} holds values by {type(key).__name__}, not tensors by name: {_SAVE}")
        at = f"{file}: {shown(key)}"
        if type(value) not in (torch.Tensor, nn.Parameter):
            raise BadWeights(f"{at} is a {type(value).__name__}, not a tensor: {_SAVE}")
        if value.layout is not torch.strided:
            raise BadWeights(f"{at} is a sparse tensor: weights are dense, save it with .to_dense()")
        if value.device.type != "cpu":
            raise BadWeights(f"{at} is on the {value.device.type} device and has no values: train it before saving")
        declared, held = value.numel() * value.element_size(), value.untyped_storage().nbytes()
        if declared > held:
            raise BadWeights(
                f"{at} declares {value.numel():,} elements but holds {held:,} bytes for them: "
                "save it with .contiguous()"
            )
        total_bytes += declared
        if total_bytes > max_bytes:
            raise BadWeights(f"{file} declares more than {size(max_bytes)} of values")
        yield key, value.detach()
