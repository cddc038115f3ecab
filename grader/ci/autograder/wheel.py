"""The running grader as a wheel: an autograder installs the very grader that made it."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from importlib.metadata import distribution, requires, version
from pathlib import Path

from grader.assignment.folder import files_below
from grader.errors import BadInput

_NAME = re.compile(r"[\w.-]+")
_WHEEL = "Wheel-Version: 1.0\nGenerator: grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def grader_wheel() -> tuple[str, bytes]:
    """Make a wheel of the grader's own files, as they are installed here.

    Returns:
        Its file name and its bytes, the same for the same files.

    Raises:
        BadInput: The grader runs from files that were never installed.
    """
    installed = distribution("grader")
    metadata = installed.read_text("METADATA")
    if metadata is None:
        raise BadInput("the grader is not installed here, so no wheel can be made of it: pip install . first")
    package = Path(__file__).resolve().parents[2]
    files = {f"grader/{path.relative_to(package).as_posix()}": path.read_bytes() for path in files_below(package)}
    info = f"grader-{installed.version}.dist-info"
    files |= {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": _WHEEL.encode()}
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    return f"grader-{installed.version}-py3-none-any.whl", zipped(files)


def constraints() -> str:
    """The versions of what the grader itself depends on, as pip's constraints.

    What these depend on in turn is left to pip: it may need other versions for another Python.
    """
    names = {_NAME.findall(each)[0] for each in requires("grader") or () if "extra ==" not in each}
    # What follows a "+" tells builds of one version apart, such as torch's without CUDA.
    return "".join(f"{name}=={version(name).partition('+')[0]}\n" for name in sorted(names))


def zipped(files: dict[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """A zip of files by name, the same for the same files; those that are to be executable may be run."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # 1980-01-01, whatever the clock says
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, content)
    return data.getvalue()


def _record(files: dict[str, bytes], own_name: str) -> bytes:
    lines = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items()]
    return "".join([*lines, f"{own_name},,\n"]).encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
