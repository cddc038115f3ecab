"""A fair assignment is called fair; each way to be unfair is found and said in a sentence."""

import re

import pytest

from grader.assignment import folder as course_folder
from grader.errors import BadInput
from grader.observe.engine import Engine
from grader.verify.model import Finding, Proof
from grader.verify.verify import Options, verify

from .conftest import MakeCourse

Changes = dict[str, tuple[str, str]]


def prove(course: MakeCourse, engine: Engine, changes: Changes | None = None, runs: int = 2, **added: str) -> Proof:
    assignment = course_folder.load(course(changes, **added), "toy")
    return verify(assignment, engine, Options(runs=runs), lambda what, done, total: None)


def found(proof: Proof, kind: str) -> list[Finding]:
    return [finding for finding in proof.findings if finding.kind == kind]


def test_a_fair_assignment_is_fair(course: MakeCourse, engine: Engine) -> None:
    steps: list[tuple[str, int, int]] = []
    assignment = course_folder.load(course(), "toy")
    proof = verify(assignment, engine, Options(runs=26), lambda *step: steps.append(step))
    assert proof.findings == ()
    assert proof.fair
    assert [(e.id, e.alternatives, e.refused, e.misconceptions, e.accepted) for e in proof.exercises] == [
        ("double", 1, 0, 1, 0),
        ("halve", 1, 0, 1, 0),
    ]
    assert all(e.named == e.diagnosed == 4 for e in proof.exercises)
    assert all(0 < e.mutants == e.caught for e in proof.exercises)
    assert all(done <= total for _, done, total in steps)
    assert {total for what, done, total in steps if what == "trying further seeds, part 2 of 2"} == {5}


UNFAIR: list[tuple[str, Changes, str, str]] = [
    (
        "alternative",
        {"alternatives.py": ("2 * x", "2.01 * x")},
        "times_two",
        r"this right solution fails doubled\w* with the seed '\w+': twice: ",
    ),
    (
        "misconception",
        {"misconceptions.py": ("x + 2", "x + x")},
        "adds_two",
        r"this wrong solution passes every check of its exercise with the seed '\w+'",
    ),
    (
        "misconception",
        {"misconceptions.py": ('{"double": lambda x: x + 2}', '{"double": abs, "halve": abs}')},
        "adds_two",
        r"it fails halved, a check of another exercise: half: ",
    ),
    (
        "vacuous",
        {"checks.py": ('"half": work.halve(rng.normal(6, 7).requires_grad_())', '"half": rng.normal(6, 7)')},
        "halved_matrix",
        "no misconception and no mutant fails it: ",
    ),
    (
        "same",
        {"checks.py": ("rng.normal(6, 7).requires_grad_())}", "rng.normal(40))}")},
        "halved_matrix",
        "it does just what the public check halved does; give it other inputs",
    ),
    (
        "points",
        {
            "checks.py": (
                '@check(exercise="halve", points=1, visibility="hidden")',
                '@check(exercise="halve", points=1)',
            )
        },
        "halve",
        "it has no hidden check: any answer can be hard-coded",
    ),
    (
        "stub",
        {"checks.py": ('"half": work.halve(rng.normal(6, 7).requires_grad_())', '"half": rng.normal(6, 7)')},
        "halved_matrix",
        "the untouched notebook passes it and gets 1 points",
    ),
    (
        "reference",
        {"checks.py": ("rng.normal(6, 7).requires_grad_())}", 'rng.normal(6, 7)), "id": id(work)}')},
        "halved_matrix",
        "run again with the same seed it observes something else; take every random number from rng",
    ),
    (
        "mutants",
        {"solution.py": ("return x / 2", "y = x / 2\n    y = y.contiguous()\n    return y")},
        r"[0-9a-f]{10}",
        r"no check notices this change \(.+\): observe what it changes, or say in equivalents.toml why",
    ),
]


@pytest.mark.parametrize(("kind", "changes", "subject", "message"), UNFAIR, ids=[f"{u[0]}-{u[2]}" for u in UNFAIR])
def test_what_is_unfair_is_found(
    course: MakeCourse, engine: Engine, kind: str, changes: Changes, subject: str, message: str
) -> None:
    proof = prove(course, engine, changes)
    assert not proof.fair
    matching = [f for f in found(proof, kind) if re.fullmatch(subject, f.subject) and re.match(message, f.message)]
    assert matching, proof.findings
    assert matching[0].unfair


def test_a_refusal_that_only_a_later_seed_shows_is_found(course: MakeCourse, engine: Engine) -> None:
    seldom = "(2 if float(x.sum()) > -4 else 3) * x"
    proof = prove(course, engine, {"alternatives.py": ("2 * x", seldom)}, runs=60)
    assert [f.subject for f in found(proof, "alternative")] == ["times_two"]


def test_a_survivor_that_is_accounted_for_is_not_held_against_it(course: MakeCourse, engine: Engine) -> None:
    changes = {"solution.py": ("return x / 2", "y = x / 2\n    y = y.contiguous()\n    return y")}
    home = course(changes)
    assignment = course_folder.load(home, "toy")
    first = verify(assignment, engine, Options(runs=2), lambda *_: None)
    survivors = first.exercises[1].survivors
    text = "\n".join(
        f'[[equivalent]]\nid = "{s.id}"\nexercise = "halve"\nreason = "The values are contiguous already."'
        for s in survivors
    )
    (home / "reference" / "toy" / "equivalents.toml").write_text(text)
    second = verify(assignment, engine, Options(runs=2), lambda *_: None)
    assert found(first, "mutants")
    assert found(second, "mutants") == []
    assert {s.reason for s in second.exercises[1].survivors} == {"The values are contiguous already."}


def test_an_excuse_for_a_change_that_is_noticed_or_impossible_is_pointed_out(
    course: MakeCourse, engine: Engine
) -> None:
    entry = '[[equivalent]]\nid = "0123456789"\nexercise = "halve"\nreason = "It is."\n'
    proof = prove(course, engine, equivalents=entry)
    assert [(f.message, f.unfair) for f in found(proof, "mutants")] == [
        ("equivalents.toml speaks of a change that can no longer be made: take the entry out", False)
    ]


def test_a_hidden_answer_that_can_be_guessed_is_pointed_out(course: MakeCourse, engine: Engine) -> None:
    guessable = {"checks.py": ("rng.normal(6, 7).requires_grad_())}", "rng.normal(6, 7)).shape}")}
    proof = prove(course, engine, guessable)
    assert [f.message.split(",")[0] for f in found(proof, "guessable")] == [
        "only about 0 bits of what it observes depend on the seed"
    ]


def test_a_solution_that_does_not_run_is_said_in_a_sentence(course: MakeCourse, engine: Engine) -> None:
    with pytest.raises(BadInput, match=r"the solution notebook's cell 1 fails: NameError name 'torhc'"):
        prove(course, engine, {"solution.py": ("import torch", "torhc")})


def test_single_exercises_can_be_looked_at(course: MakeCourse, engine: Engine) -> None:
    assignment = course_folder.load(course(), "toy")
    proof = verify(assignment, engine, Options(runs=1, exercises=("halve",)), lambda *_: None)
    assert [e.id for e in proof.exercises] == ["halve"]
    with pytest.raises(BadInput, match="toy has no exercise 'thirds'; it has double, halve"):
        verify(assignment, engine, Options(runs=1, exercises=("thirds",)), lambda *_: None)


def test_a_device_that_is_not_here_is_refused_before_anything_is_tried(course: MakeCourse, engine: Engine) -> None:
    assignment = course_folder.load(course(), "toy")
    with pytest.raises(BadInput, match="there is no mps device here; python -m grader doctor says what there is"):
        verify(assignment, engine, Options(runs=1, device="mps"), lambda what, done, total: None)


def test_on_a_device_wrong_work_need_not_be_noticed_by_checks_of_the_cpu(course: MakeCourse, engine: Engine) -> None:
    on_the_cpu = {"checks.py": ('exercise="double", points=2,', 'exercise="double", points=2, devices=("cpu",),')}
    assignment = course_folder.load(course(on_the_cpu), "toy")
    options = Options(runs=1, device="rehearsal", mutants=False)
    proof = verify(assignment, engine, options, lambda what, done, total: None)
    assert [(e.id, e.checks, e.alternatives, e.misconceptions) for e in proof.exercises] == [
        ("double", 1, 1, 0),
        ("halve", 2, 1, 1),
    ]
    assert proof.fair


BLIND = "x + torch.zeros(x.shape, dtype=x.dtype)"


def test_right_work_has_to_be_right_on_a_device_too(course: MakeCourse, engine: Engine) -> None:
    changes = {"alternatives.py": ("lambda x: 2 * x", f"lambda x: x + {BLIND}".replace("torch", "__import__('torch')"))}
    proof = prove(course, engine, changes, runs=1)
    (refused,) = found(proof, "alternative")
    assert (refused.subject, refused.unfair) == ("times_two", True)
    assert refused.message.startswith(
        "this right solution fails doubled on the simulated GPU: RuntimeError: Expected all"
    )


def test_the_reference_has_to_be_right_on_a_device_too(course: MakeCourse, engine: Engine) -> None:
    proof = prove(course, engine, {"solution.py": ("return x / 2", f"return ({BLIND}) / 2")}, runs=1)
    broken = found(proof, "reference")
    assert [finding.subject for finding in broken] == ["halved", "halved_matrix"]
    assert broken[0].message.startswith("the reference does not get through it on the simulated GPU: RuntimeError: ")


def test_a_change_that_only_a_device_shows_is_noticed_in_the_rehearsal(course: MakeCourse, engine: Engine) -> None:
    change = ("return x / 2", "return x / torch.tensor([2.0], device=x.device)")
    proof = prove(course, engine, {"solution.py": change}, runs=1)
    halve = proof.exercises[1]
    assert (halve.rehearsed, halve.caught, halve.survivors) == (1, halve.mutants, ())
    assert proof.rehearsed == 1
    assert proof.fair


@pytest.mark.parametrize(("body", "fair"), [(BLIND, True), ("x + 0", False)])
def test_what_is_declared_wrong_on_a_device_only_has_to_be_caught_there(
    course: MakeCourse, engine: Engine, body: str, fair: bool
) -> None:
    added = f'''

@misconception(exercise="halve", only_on_a_device=True)
def made_on_the_cpu(work):
    """What is made anew has to be where the input is."""
    import torch
    return {{"halve": lambda x: ({body}) / 2}}
'''
    proof = prove(course, engine, {"misconceptions.py": ("", added)}, runs=1)
    assert proof.fair is fair
    assert (proof.exercises[1].misconceptions, proof.exercises[1].accepted) == (2, int(not fair))
    assert (
        [f.message for f in found(proof, "misconception")] == []
        if fair
        else ["this solution, wrong on a device only, passes every check on the simulated GPU"]
    )
