"""What an exercise is to be written without: names as its author gives them, and the functions that they mean."""

from __future__ import annotations

from collections.abc import Iterable

_TENSOR = "torch.Tensor."
# Where torch keeps what it offers under a shorter name.
_INNER = (("torch.nn.modules.", "torch.nn."), ("torch.functional.", "torch."))
_WITH_METHODS = ("torch.", "torch.nn.functional.", _TENSOR)


def is_name(text: str) -> bool:
    """Whether a text is a name or a dotted name of Python."""
    return all(part.isidentifier() for part in text.split("."))


def avoided_by(function: str, names: Iterable[str]) -> str:
    """Tell which avoided name a function goes by.

    A dotted name means that function, and the tensor's method of its name where it is one of torch's own. A bare
    name means whatever goes by it, in any module: function, method or layer.

    Args:
        function: Where it is found, such as "torch.nn.functional.softmax", "torch.Tensor.softmax" for a method,
            or "aten::_softmax" for an operator.
        names: The names that an exercise avoids.

    Returns:
        The first of the names that means it; "" where none does.

    Example:
        >>> avoided_by("torch.Tensor.softmax", ["torch.exp", "torch.softmax"])
        'torch.softmax'
        >>> avoided_by("torch.nn.functional.softmax", ["torch.softmax"]), avoided_by("torch.nn.Softmax", ["softmax"])
        ('', 'softmax')
    """
    return next((name for name in names if _means(name, function)), "")


def _means(name: str, function: str) -> bool:
    home, _, last = name.rpartition(".")
    if not home:
        return _loose(_last(function)) == _loose(name)
    if "::" in function or function.startswith(_TENSOR):
        of_torch = f"{home}." in _WITH_METHODS
        return function == name or (of_torch and _last(function).strip("_") == last.strip("_"))
    return _outer(function) == _outer(name)


def _last(function: str) -> str:
    return function.rpartition("::")[2].rpartition(".")[2]


def _loose(name: str) -> str:
    """Without what tells nn.LogSoftmax from log_softmax and from the operator _log_softmax."""
    return name.replace("_", "").lower()


def _outer(function: str) -> str:
    for inner, outer in _INNER:
        if function.startswith(inner):
            rest = function.removeprefix(inner)
            # torch.nn.modules.linear.Linear and torch.nn.modules.Linear are torch.nn.Linear.
            return outer + (rest.partition(".")[2] or rest if inner == "torch.nn.modules." else rest)
    return function
