"""The templates for clusters give each machine its part: run with a Python that only says what it was asked."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.cli.main import _parser

CLUSTER = Path(__file__).parents[2] / "docs" / "cluster"
SCHEMAS = ("1.29", "1.33", "1.37")


@pytest.fixture
def job() -> dict[str, Any]:
    return yaml.safe_load((CLUSTER / "job.yaml").read_text())


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """Runs a command with some variables; what it asks Python for, as the command line reads it."""
    said = tmp_path / "python"
    said.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    said.chmod(0o755)

    def run(command: list[str], **variables: str) -> Any:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", **variables}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        module, *arguments = done.stdout.splitlines()[1:]
        assert module == "grader"
        return _parser().parse_args(arguments)

    return run


def test_every_part_of_a_slurm_array_is_graded_once(asked: Any) -> None:
    command = ["bash", str(CLUSTER / "slurm.sh"), "hw2", "submissions.zip"]
    parts = [
        asked(command, SLURM_ARRAY_TASK_ID=str(number), SLURM_ARRAY_TASK_COUNT="3", SLURM_CPUS_PER_TASK="4")
        for number in (1, 2, 3)
    ]
    assert [part.shard for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert {(part.assignment, str(part.submissions), part.workers) for part in parts} == {("hw2", "submissions.zip", 4)}


def test_every_index_of_a_kubernetes_job_is_graded_once(asked: Any, job: dict[str, Any]) -> None:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    command = [*container["command"], *container["args"]]
    count = job["spec"]["completions"]
    parts = [asked(command, JOB_COMPLETION_INDEX=str(index)) for index in range(count)]
    assert [part.shard for part in parts] == [(index + 1, count) for index in range(count)]
    places = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert places == {str(parts[0].course), str(parts[0].reports), "/tmp"}


def test_a_kubernetes_job_gives_each_index_more_than_one_try(job: dict[str, Any]) -> None:
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["backoffLimitPerIndex"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"  # what a limit for each index demands


@pytest.mark.parametrize("version", SCHEMAS)
def test_a_kubernetes_job_is_what_the_schema_of_kubernetes_allows(job: dict[str, Any], version: str) -> None:
    known = pytest.importorskip(
        "kubernetes_validate", reason="NO SCHEMAS (100 MB): uv run --with kubernetes-validate pytest tests/batch"
    )
    known.validate(job, version, strict=True)
    job["spec"]["completions"] = "eight"
    with pytest.raises(known.ValidationError):
        known.validate(job, version, strict=True)
