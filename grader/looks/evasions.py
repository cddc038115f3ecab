"""Code that an honest notebook hardly needs, and that could hide a use or reach into what observes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping

from grader.looks.model import Look
from grader.looks.reach import Statement
from grader.looks.scan import Called, Reference

_RUNS_TEXT = "code made from text can be anything, also what the exercise is to be written without."
_IMPORTS = "a module that is imported by a computed name may be one that the exercise is to be written without."
_BELOW = "it calls torch below the functions that a reader and the exercise's rules know by name."
_FRAMES = "it looks at the code that called it, which while grading is the grader's."
_OBJECTS = "it finds objects that belong to other code, which while grading is the grader's."
_TRACES = "it watches or changes other code as it runs, which while grading is the grader's."
_MEMORY = "it can read and change memory that belongs to other code."
_EXIT = "it runs when the process ends, which while grading is when a check's answer is sent."
_PROC = "it looks at the machine's processes."
_GRADER = "a notebook needs nothing of the grader but `grader.check`."
_PATCHED = "whatever runs later, the checks included, gets the changed one."
_BY_TEXT = "it takes a function by a text, as one would to hide which one it is."
_GRADED = "it can tell whether the notebook is being graded, and do something else then."

# Paths, with all that is below them, and why each is worth a look.
_PATHS: Mapping[str, str] = {
    **dict.fromkeys(("eval", "exec", "compile", "builtins.eval", "builtins.exec", "builtins.compile"), _RUNS_TEXT),
    **dict.fromkeys(
        (
            *("__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"),
            *("importlib.machinery", "importlib.util.module_from_spec", "importlib.util.spec_from_file_location"),
            *("importlib.util.spec_from_loader", "pkgutil.resolve_name", "pydoc.locate", "runpy"),
        ),
        _IMPORTS,
    ),
    **dict.fromkeys(("torch._C", "torch._VF", "torch.ops"), _BELOW),
    **dict.fromkeys(
        (
            *("sys._getframe", "sys._current_frames", "inspect.stack", "inspect.currentframe", "inspect.trace"),
            *("inspect.getouterframes", "inspect.getinnerframes"),
        ),
        _FRAMES,
    ),
    **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents"), _OBJECTS),
    **dict.fromkeys(
        (
            *("sys.settrace", "sys.setprofile", "sys.addaudithook", "sys.monitoring", "sys.meta_path"),
            *("threading.settrace", "threading.setprofile"),
        ),
        _TRACES,
    ),
    **dict.fromkeys(("ctypes", "_ctypes", "cffi"), _MEMORY),
    "atexit.register": _EXIT,
    "__builtins__": _PATCHED,
}
_FRAME_ATTRIBUTES = frozenset({"f_back", "f_globals", "f_locals", "tb_frame", "gi_frame", "__globals__", "__closure__"})
# What is meant to be set.
_SETTINGS = ("torch.backends.", "torch._dynamo.config.", "torch._inductor.config.", "torch._functorch.config.")
_PATCHABLE = ("torch.", "builtins.", "grader.", "sys.modules.")
_TAKES_BY_TEXT = frozenset({"getattr", "attrgetter", "methodcaller", "__getattribute__", "__getattr__", "vars"})
# What people read there to describe the machine.
_PROC_FILE = re.compile(r"/proc(?:/(?!(?:cpuinfo|meminfo|version|loadavg|uptime|driver)\b)|\Z)")


def evasions(statement: Statement, avoid: Collection[str]) -> list[Look]:
    """Find what is worth a person's look in a statement.

    Args:
        statement: The statement.
        avoid: All names that any exercise of the assignment avoids.

    Returns:
        One entry a line and thing.
    """
    found: dict[tuple[int, str], Look] = {}
    for line, what, why in (
        *_referred(statement),
        *_imported(statement),
        *_texts(statement),
        *_called(statement, avoid),
    ):
        found.setdefault((line, what), Look(kind="source", cell=statement.cell, line=line, what=what, why=why))
    return list(found.values())


def _referred(statement: Statement) -> Iterator[tuple[int, str, str]]:
    for reference in statement.holds.references:
        if reference.changed and _is_patch(reference):
            yield reference.line, f"`{reference.text}` is replaced", _PATCHED
        elif why := _below(reference.path):
            yield reference.line, f"`{_shown(reference)}`", why
        elif reference.method in _FRAME_ATTRIBUTES:
            yield reference.line, f"`{reference.text}`", _FRAMES


def _is_patch(reference: Reference) -> bool:
    return reference.path.startswith(_PATCHABLE) and not reference.path.startswith(_SETTINGS)


def _below(path: str) -> str:
    parts = path.split(".")
    if parts[0] == "torch" and "__dict__" in parts:
        return _BY_TEXT
    if parts[0] == "grader" and parts[1:2] not in ([], ["check"], ["__version__"]):
        return _GRADER
    prefixes = (".".join(parts[: i + 1]) for i in range(len(parts)))
    return next((_PATHS[prefix] for prefix in prefixes if prefix in _PATHS), "")


def _shown(reference: Reference) -> str:
    """The text with where it leads, where an alias hides that."""
    last = reference.path.rpartition(".")[2]
    return reference.text if reference.text.endswith(last) and "." in reference.text else reference.path


def _imported(statement: Statement) -> Iterator[tuple[int, str, str]]:
    for line, path in statement.holds.imports:
        if why := _below(path):
            yield line, f"`import {path}`", why


def _texts(statement: Statement) -> Iterator[tuple[int, str, str]]:
    for line, text in statement.holds.texts:
        if _PROC_FILE.match(text):
            yield line, f"the text `{text[:60]}`", _PROC
        elif text == "GRADER_OBSERVED":
            yield line, f"the text `{text}`", _GRADED


def _called(statement: Statement, avoid: Collection[str]) -> Iterator[tuple[int, str, str]]:
    for call in statement.holds.calls:
        if call.name in ("setattr", "delattr", "__setattr__") and _changes_torch(call):
            yield call.line, f"`{call.name}({ast.unparse(call.arguments[0])[:60]}, …)`", _PATCHED
        elif avoid and call.name in _TAKES_BY_TEXT and (what := _taken(call, avoid)):
            yield call.line, what, _BY_TEXT


def _changes_torch(call: Called) -> bool:
    first = call.given[0] if call.given else ""
    return first in ("torch", "builtins", "grader") or f"{first}.".startswith(_PATCHABLE)


def _taken(call: Called, avoid: Collection[str]) -> str:
    """What a call takes by its name as a text; "" where it is nothing to avoid."""
    lasts = {name.rpartition(".")[2].strip("_").lower() for name in avoid}
    of_torch = any(path.split(".")[0] == "torch" for path in call.given[:1])
    if call.name == "vars":
        return "`vars` of a part of torch" if of_torch else ""
    for argument in call.arguments:
        text = _text(argument)
        if text is not None and text.strip("_").lower() in lasts:
            return f"`{call.name}` with the name `{text}`"
    named = call.arguments[1:2] if call.name == "getattr" else ()
    if of_torch and any(_text(argument) is None for argument in named):
        return f"`{call.name}` of a part of torch with a computed name"
    return ""


def _text(node: ast.expr) -> str | None:
    """The text that an expression of constants gives; None where it is not known."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [_text(v.value if isinstance(v, ast.FormattedValue) else v) for v in node.values]
        return None if None in parts else "".join(part for part in parts if part)
    return None
