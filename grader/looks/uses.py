"""Direct uses of what an exercise is to be written without: in plain sight, with no attempt to hide them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from grader.assignment.avoid import avoided_by
from grader.looks.model import Look
from grader.looks.reach import Statement
from grader.looks.scan import Reference


def uses(statements: Iterable[Statement], avoid: Collection[str], own_methods: Collection[str]) -> list[Look]:
    """Find the avoided names that some statements use, through whatever import, alias or method.

    Args:
        statements: What makes up an exercise.
        avoid: The names that it avoids.
        own_methods: Names of methods and attributes that the notebook's classes define; ``self.NAME`` means those.

    Returns:
        One entry a place.
    """
    found = []
    for statement in statements:
        for reference in statement.holds.references:
            own = reference.of_self and reference.method in own_methods
            if not (reference.changed or own) and (name := _avoided(reference, avoid)):
                found.append(
                    Look(
                        kind="source",
                        cell=statement.cell,
                        line=reference.line,
                        what=f"`{reference.text}`",
                        why=f"this exercise is to be written without `{name}`.",
                        avoided=name,
                    )
                )
    return found


def _avoided(reference: Reference, avoid: Collection[str]) -> str:
    if reference.method:
        return avoided_by(f"torch.Tensor.{reference.method}", avoid)
    parts = reference.path.split(".")
    # What is looked up on an avoided function, such as its __call__, uses it as well.
    prefixes = (".".join(parts[: i + 1]) for i in range(len(parts)))
    return next((name for prefix in prefixes if (name := avoided_by(prefix, avoid))), "")
