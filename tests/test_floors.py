"""A part imports only what stands below it (docs/architecture.md has the picture)."""

import ast
from pathlib import Path

import pytest

import grader

PACKAGE = Path(grader.__file__).parent
FLOORS = {
    "errors": 0,
    "files": 0,
    "assignment": 1,
    "confine": 1,
    "notebook": 1,
    "authoring": 1,
    "intake": 1,
    "wire": 2,
    "roll": 2,
    "looks": 2,
    "judge": 3,
    "observe": 3,
    "grading": 4,
    "gradebook": 5,
    "report": 5,
    "submission": 6,
    "release": 6,
    "importing": 6,
    "skeleton": 6,
    "export": 6,
    "verify": 7,
    "batch": 7,
    "ci": 7,
    "classpage": 7,
    "regrade": 7,
    "live": 6,
    "doctor": 6,
    "cli": 8,
}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "grader" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("grader.")}
    return found & set(FLOORS)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_from_floors_below_its_own(module: Path) -> None:
    here = room(module.parts)
    if here not in FLOORS:
        assert here in ("__init__", "__main__"), f"{module} is on no floor: add its room to the picture"
        return
    for other in imported(PACKAGE / module) - {here}:
        same_floor_is_fine = FLOORS[here] == FLOORS[other] == 1
        assert FLOORS[other] < FLOORS[here] or same_floor_is_fine, f"{module} imports grader.{other}"


def test_judge_and_observe_never_import_each_other() -> None:
    for here, other in (("judge", "observe"), ("observe", "judge")):
        for path in (PACKAGE / here).rglob("*.py"):
            assert other not in imported(path), f"{path} imports grader.{other}"
