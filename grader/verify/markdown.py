"""docs/fairness.md: what verification found on all assignments, as a table for people who read the repository."""

from __future__ import annotations

from collections.abc import Sequence

from grader.verify.model import ExerciseProof, Proof

_HEAD = """# Fairness

Made by `python -m grader verify --all --seeds {runs} --table docs/fairness.md`; do not edit.

For every assignment: the reference gets full marks and repeats itself, the untouched notebook gets nothing. *Right
accepted*: alternatives that pass every check of their exercise with every seed. *Wrong caught*: misconceptions that
fail a check of their exercise, and of no other, with every seed. *Named*: how often a misconception, graded as a
student's work with a seed of its own, is called by its name. *Mutants*: small changes of the reference (see
docs/authoring.md) that a check notices, of those that are not marked equivalent in `reference/NAME/equivalents.toml`;
*equivalent* are those, each with its reason there. *Misnamed*: mutants that are called a misconception that they are
not.

"""


def markdown(proofs: Sequence[Proof], unproven: Sequence[str] = ()) -> str:
    """Write the figures of some assignments as Markdown.

    Args:
        proofs: What was found.
        unproven: Names of the assignments that were changed since they were verified, or never were.
    """
    parts = [_HEAD.format(runs=max((proof.runs for proof in proofs), default=0)), _summary(proofs)]
    if unproven:
        parts.append(f"Not verified since their last change: {', '.join(unproven)}.\n")
    parts += [_assignment(proof) for proof in proofs]
    return "\n".join(parts)


def _summary(proofs: Sequence[Proof]) -> str:
    rows = [
        "| assignment | fair | exercises | checks | right accepted | wrong caught | named | mutants caught "
        "| equivalent | misnamed | grading the reference | verified in |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for proof in proofs:
        cells = [proof.assignment, "yes" if proof.fair else "**no**", str(len(proof.exercises))]
        cells += [str(sum(e.checks for e in proof.exercises)), *_cells(proof.exercises)]
        cells += [f"{proof.grading_seconds:.1f} s", f"{proof.seconds:.0f} s"]
        rows.append(f"| {' | '.join(cells)} |")
    everything = [exercise for proof in proofs for exercise in proof.exercises]
    if len(proofs) > 1:
        cells = ["all", "", str(len(everything)), str(sum(e.checks for e in everything)), *_cells(everything)]
        cells += [f"{sum(p.grading_seconds for p in proofs):.1f} s", f"{sum(p.seconds for p in proofs):.0f} s"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _assignment(proof: Proof) -> str:
    lines = [f"## {proof.assignment}: {proof.title}", ""]
    rehearsed = f", {proof.rehearsed} of them rehearsed on a simulated GPU" if proof.rehearsed else ""
    lines.append(f"{proof.runs} seeds on {proof.device}{rehearsed}, torch {proof.torch}.")
    if proof.slow_checks:
        lines.append(f"With every tenth seed only, being slow: {', '.join(f'`{name}`' for name in proof.slow_checks)}.")
    lines += [
        "",
        "| exercise | points | checks (hidden) | right accepted | wrong caught | named | mutants caught | equivalent "
        "| misnamed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for e in proof.exercises:
        cells = [f"`{e.id}`", f"{e.points:g}", f"{e.checks} ({e.hidden_checks})", *_cells([e])]
        lines.append(f"| {' | '.join(cells)} |")
    if unfair := [finding for finding in proof.findings if finding.unfair]:
        lines += ["", "Unfair:", ""]
        lines += [f"- {f.kind}, {f.exercise} `{f.subject}`: {' '.join(f.message.split())}" for f in unfair]
    return "\n".join(lines) + "\n"


def _cells(exercises: Sequence[ExerciseProof]) -> list[str]:
    alternatives, misconceptions = sum(e.alternatives for e in exercises), sum(e.misconceptions for e in exercises)
    excused = sum(len(e.survivors) - len(e.unaccounted) for e in exercises)
    return [
        f"{alternatives - sum(e.refused for e in exercises)} / {alternatives}",
        f"{misconceptions - sum(e.accepted for e in exercises)} / {misconceptions}",
        f"{sum(e.named for e in exercises)} / {sum(e.diagnosed for e in exercises)}",
        f"{sum(e.caught for e in exercises)} / {sum(e.mutants for e in exercises) - excused}",
        str(excused),
        str(sum(e.misnamed for e in exercises)),
    ]
