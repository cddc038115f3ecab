"""Device mistakes in the homeworks: unseen on the CPU, found in a rehearsal; nothing that is right is accused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.proof import COURSE, NAMES

from grader.assignment import folder as course_folder
from grader.assignment.extract import extract
from grader.authoring.declare import Alternative
from grader.authoring.load import load_module, members
from grader.authoring.spec import REHEARSAL, CheckSpec
from grader.grading.recording import ReferenceOutcomes
from grader.grading.requests import Judge
from grader.grading.run import GradingRun
from grader.grading.seeds import check_seed, fresh_seed
from grader.judge.verdict import Verdict
from grader.observe.engine import Engine
from grader.observe.protocol import Overlay
from grader.wire.outcome import Returned

SOURCE = Path(__file__).with_name("planted.py").read_text()
PLANTED = members(load_module(SOURCE, "planted.py"), Alternative)
# What a student with the mistake reads, where it is more than that two devices met.
TOLD = {
    "hw1_memory_compared_by_numpy": "use .cpu() before .numpy()",
    "hw1_zeros_made_on_the_cpu": "on cpu where rehearsal is expected",
    "hw1_rows_made_on_the_cpu": "what is made anew has to be where the input is",
    "hw2_cuda_by_name": "asks for 'cuda' by name",
    "hw2_records_on_the_cpu": "on cpu where rehearsal is expected",
    "hw4_everything_loaded_onto_the_device": "RNG state must be a torch.ByteTensor",
}


class Stand:
    """An assignment on one device: the reference's observations, and what variants come to beside them."""

    def __init__(self, name: str, engine: Engine, device: str) -> None:
        self._assignment = course_folder.load(COURSE, name)
        self._run = GradingRun(self._assignment, engine, fresh_seed())
        self._run.__enter__()
        self.checks = [check for check in self._run.checks if check.runs_on(device)]
        self.alternatives = self._run.alternatives
        self._reference = self._run.live_reference(device)
        self._reference.prepare()
        self.observed: dict[str, ReferenceOutcomes] = self._reference.observe(self.checks)

    def close(self) -> None:
        self._reference.close()
        self._run.__exit__(None, None, None)

    def alternative(self, name: str, exercise: str) -> dict[str, Verdict]:
        return self.verdicts(self._assignment.alternatives_source(), name, exercise)

    def verdicts(self, source: str, name: str, exercise: str) -> dict[str, Verdict]:
        """The verdicts that are no pass, by check."""
        own = [check for check in self.checks if check.exercise == exercise]
        outcomes = self._reference.overlaid(Overlay(extract(source, [name], "variants.py"), name), own)
        judged = {check.name: self._judge(check, outcomes[check.name]) for check in own}
        return {check: verdict for check, verdict in judged.items() if verdict.verdict != "pass"}

    def _judge(self, check: CheckSpec, outcome: object) -> Verdict:
        seed = check_seed(self._run.seed, self._assignment.name, check.name)
        return self._run.judge(Judge(check, seed, outcome, self.observed[check.name]))  # type: ignore[arg-type]


class Stands:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: dict[tuple[str, str], Stand] = {}

    def on(self, name: str, device: str) -> Stand:
        if (name, device) not in self._made:
            self._made[name, device] = Stand(name, self._engine, device)
        return self._made[name, device]

    def close(self) -> None:
        for stand in self._made.values():
            stand.close()


@pytest.fixture(scope="module")
def stands(engine: Engine) -> Iterator[Stands]:
    made = Stands(engine)
    yield made
    made.close()


def test_there_are_twenty_and_more_planted_mistakes() -> None:
    assert len(PLANTED) >= 20


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_mistake_passes_on_the_cpu_and_is_found_in_a_rehearsal(planted: Alternative, stands: Stands) -> None:
    name = planted.name.partition("_")[0]
    assert stands.on(name, "cpu").verdicts(SOURCE, planted.name, planted.exercise) == {}
    found = stands.on(name, REHEARSAL).verdicts(SOURCE, planted.name, planted.exercise)
    assert found, "not found"
    assert TOLD.get(planted.name, "") in " ".join(verdict.message for verdict in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_runs_on_the_simulated_device(name: str, stands: Stands) -> None:
    stand = stands.on(name, REHEARSAL)
    assert [check for check, found in stand.observed.items() if not isinstance(found.float32, Returned)] == []
    if name != "hw3":  # what it makes is on the CPU: no check of it runs elsewhere
        assert len(stand.checks) > 30


@pytest.mark.parametrize("name", ["hw1", "hw2", "hw4", "hw5"])
def test_an_alternative_of_each_exercise_is_not_accused(name: str, stands: Stands) -> None:
    chosen = {alternative.exercise: alternative for alternative in stands.on(name, REHEARSAL).alternatives}
    accused = {a.name: stands.on(name, REHEARSAL).alternative(a.name, e) for e, a in chosen.items()}
    assert {alternative: found for alternative, found in accused.items() if found} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hw1", "hw2", "hw4", "hw5"])
def test_no_alternative_is_accused(name: str, stands: Stands) -> None:
    stand = stands.on(name, REHEARSAL)
    accused = {a.name: stand.alternative(a.name, a.exercise) for a in stand.alternatives}
    assert {alternative: found for alternative, found in accused.items() if found} == {}
