"""The templates are what GitHub and GitLab take, and give commands that this grader knows."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grader.cli.main import _parser

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
GITHUB = sorted(FOLDER.glob("github-*.yml"))
TEMPLATES = [*GITHUB, FOLDER / "gitlab.yml"]
TOOLS = Path(sys.executable).parent


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(name, path=str(TOOLS)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: uv sync brings it")
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_there_is_one_for_each_place() -> None:
    assert [path.name for path in TEMPLATES] == ["github-gpu.yml", "github-hosted.yml", "gitlab.yml"]


def test_github_workflows_pass_actionlint() -> None:
    done = tool("actionlint", "-no-color", *map(str, GITHUB))
    assert done.returncode == 0, done.stdout


def test_actionlint_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(GITHUB[0].read_text().replace("runs-on:", "runs_on:"))
    assert tool("actionlint", "-no-color", str(broken)).returncode == 1


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_keep_to_the_published_schemas(path: Path, tmp_path: Path) -> None:
    kind = (
        ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")
        if path.name == "gitlab.yml"
        else ("vendor.github-workflows",)
    )
    done = tool("check-jsonschema", "--builtin-schema", *kind, str(path))
    assert done.returncode == 0, done.stdout
    broken = tmp_path / path.name
    broken.write_text(path.read_text().replace("rules:", "rulez: 1 #").replace("runs-on:", "runs_on:"))
    broken.write_text(re.sub(r"artifacts:\n", "artifacts: 3\n  extra:\n", broken.read_text()))
    assert tool("check-jsonschema", "--builtin-schema", *kind, str(broken)).returncode == 1


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_their_commands_are_understood_and_start_python_safely(path: Path) -> None:
    (command,) = (command for command in scripts(yaml.safe_load(path.read_text())) if " -m grader " in command)
    python, isolated, _, module, *arguments = shlex.split(command)
    assert (Path(python).name, isolated, module) == ("python", "-I", "grader")
    options = _parser().parse_args(arguments)
    assert (options.fail_under, options.own_course) == (60.0, False)
    assert options.confinement != "none"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_a_pull_request_changes_neither_workflow_nor_actions(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert set(workflow[True]) == {"pull_request_target"}  # YAML 1.1 reads "on" as true
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["grade"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in used)
    checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert all(each["persist-credentials"] is False for each in checkouts)
    assert all("${{" not in step.get("run", "") for step in steps)


def scripts(node: object) -> list[str]:
    """Every command of a template."""
    if isinstance(node, dict):
        return [each for value in node.values() for each in scripts(value)]
    if isinstance(node, list):
        return [each for value in node for each in scripts(value)]
    return [node] if isinstance(node, str) else []
