"""What can be said of an assignment without running anything: points, public and hidden checks, twins."""

from __future__ import annotations

import ast

from grader.assignment.folder import Assignment
from grader.authoring.spec import CheckSpec
from grader.verify.case import Case
from grader.verify.model import Finding


def shortcomings(case: Case) -> list[Finding]:
    """Exercises without points or without public or hidden checks, and hidden checks that are public ones."""
    found = []
    for exercise in (e for e in case.assignment.settings.exercise if e.id in case.exercises):
        own = case.own(exercise.id)
        if exercise.points <= 0:
            found.append(_points(exercise.id, "it is worth no points; give it some in assignment.toml"))
        for visibility in ("public", "hidden"):
            if not any(check.visibility == visibility for check in own):
                advice = "students cannot try their work" if visibility == "public" else "any answer can be hard-coded"
                found.append(_points(exercise.id, f"it has no {visibility} check: {advice}"))
    return found + _twins(case.assignment, case.checks)


def _points(exercise: str, message: str) -> Finding:
    return Finding(kind="points", exercise=exercise, subject=exercise, message=message)


def _twins(assignment: Assignment, checks: tuple[CheckSpec, ...]) -> list[Finding]:
    bodies = {
        node.name: "\n".join(ast.dump(statement) for statement in _without_docstring(node))
        for node in ast.parse(assignment.checks_source()).body
        if isinstance(node, ast.FunctionDef)
    }
    public = {bodies[c.name]: c.name for c in checks if c.visibility == "public" and c.name in bodies}
    return [
        Finding(
            kind="same",
            exercise=check.exercise,
            subject=check.name,
            message=f"it does just what the public check {public[bodies[check.name]]} does; give it other inputs",
        )
        for check in checks
        if check.visibility == "hidden" and bodies.get(check.name) in public
    ]


def _without_docstring(node: ast.FunctionDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body
