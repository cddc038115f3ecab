"""A rehearsal: what passes on the CPU runs once more on the simulated device, in the same session and for no points."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import monotonic

from grader.authoring.spec import REHEARSAL, CheckSpec
from grader.grading.model import Run
from grader.grading.recording import ReferenceOutcomes
from grader.judge.verdict import Verdict
from grader.observe.results import CheckResult
from grader.wire.outcome import Outcome, Raised, Returned, Stopped

# A rehearsed check takes about three times as long as on the CPU; all of them together must not keep anybody waiting.
_SECONDS = 10.0
_SAID_BEFORE = "would fail on a GPU: "

Observe = Callable[[Sequence[CheckSpec], float], dict[str, CheckResult]]
Judged = tuple[CheckResult, Verdict]
Judge = Callable[[Sequence[CheckSpec], dict[str, CheckResult], Mapping[str, ReferenceOutcomes]], dict[str, Judged]]


class Rehearsal:
    """Rehearses the checks of one submission, one wave after the other.

    It errs towards silence: a check that has to be stopped, or that the reference does not get through, is not run.

    Args:
        observe: Runs checks on the student's work on the simulated device, all in one process and in so many seconds.
        judge: Judges what was observed, by check.
    """

    def __init__(self, observe: Observe, judge: Judge) -> None:
        self.runs: dict[str, Run] = {}
        self.results: dict[str, CheckResult] = {}
        self._observe = observe
        self._judge = judge
        self._seconds = _SECONDS

    def wave(
        self,
        checks: Sequence[CheckSpec],
        passed: Collection[str],
        references: Mapping[str, ReferenceOutcomes],
        rehearsed: Mapping[str, Outcome] | None,
    ) -> None:
        """Rehearse those of some checks that pass on the CPU.

        Args:
            checks: The checks.
            passed: Names of those that pass.
            references: What the reference observes on the CPU.
            rehearsed: What it observes on the simulated device; None where that was not recorded: there nothing can
                be said against what the work returns.
        """
        known = references if rehearsed is None else _beside(references, rehearsed)
        going = []
        for check in checks:
            self.runs[check.name] = _not_run(_why_not(check, passed, known))
            if check.runs_on(REHEARSAL) and check.name in passed and check.name in known:
                going.append(check)
        verdicts = self._try(going, known, rehearsed is None) if going else {}
        # Nothing is said against a work for what another check left behind.
        for check in going:
            if verdicts[check.name].verdict != "pass":
                verdicts |= self._try([check], known, rehearsed is None)
            self.runs[check.name] = _run_of(self.results[check.name], verdicts[check.name])

    def _try(
        self, checks: Sequence[CheckSpec], references: Mapping[str, ReferenceOutcomes], trusting: bool
    ) -> dict[str, Verdict]:
        started = monotonic()
        if self._seconds > 0:
            found = self._observe(checks, self._seconds)
        else:
            late = Stopped("timeout", "the time for rehearsing was used up")
            found = {check.name: CheckResult((late,), (0.0,), "") for check in checks}
        self._seconds -= monotonic() - started
        returned = {n for n, result in found.items() if trusting and isinstance(result.outcomes[0], Returned)}
        judged = self._judge([check for check in checks if check.name not in returned], found, references)
        self.results |= found | {name: result for name, (result, _) in judged.items()}
        return dict.fromkeys(returned, Verdict("pass")) | {name: verdict for name, (_, verdict) in judged.items()}


def order(devices: Sequence[str], here: Collection[str], forks: bool) -> tuple[str, ...]:
    """The devices of a run, with a rehearsal where none of them but the CPU is here.

    Args:
        devices: The devices that were asked for.
        here: Those of this machine.
        forks: Whether each check gets a fork: elsewhere a rehearsal takes the notebook's time once more.

    Example:
        >>> order(("cpu",), ("cpu",), forks=True), order(("cpu", "cuda"), ("cpu", "cuda"), forks=True)
        (('cpu', 'rehearsal'), ('cpu', 'cuda'))
    """
    real = [device for device in devices if device in here and device != "cpu"]
    return tuple(devices) if real or not forks or "cpu" not in devices else (*devices, REHEARSAL)


def told(runs: Iterable[Run]) -> str:
    """What a rehearsal came to, in a sentence; "" where nothing was rehearsed."""
    ran = [run for run in runs if run.verdict != "not run"]
    bad = sum(run.verdict != "pass" for run in ran)
    if not ran:
        return ""
    if not bad:
        return f"rehearsed on a simulated GPU: {len(ran)} of {len(ran)} checks pass there, too"
    return f"rehearsed on a simulated GPU: {bad} of {len(ran)} checks would fail there; no points are lost by that here"


def _beside(
    references: Mapping[str, ReferenceOutcomes], rehearsed: Mapping[str, Outcome]
) -> dict[str, ReferenceOutcomes]:
    """What the reference observes there, with the allowance that was measured on the CPU: the values are the same."""
    return {
        name: ReferenceOutcomes(outcome, references[name].float64)
        for name, outcome in rehearsed.items()
        if isinstance(outcome, Returned)
    }


def _why_not(check: CheckSpec, passed: Collection[str], known: Mapping[str, ReferenceOutcomes]) -> str:
    if not check.runs_on(REHEARSAL):
        return "this check runs on the CPU only"
    if check.name not in passed:
        return "not rehearsed: it does not pass on the CPU yet"
    return "" if check.name in known else "not rehearsed: the reference does not get through it there"


def _not_run(why: str) -> Run:
    return Run(device=REHEARSAL, verdict="not run", seconds=0.0, message=why)


def _run_of(result: CheckResult, verdict: Verdict) -> Run:
    outcome = result.outcomes[0]
    if isinstance(outcome, Stopped):
        return _not_run(f"not rehearsed: {outcome.detail}")
    return Run(
        device=REHEARSAL,
        verdict=verdict.verdict,
        seconds=round(result.seconds[0], 4),
        message=_SAID_BEFORE + verdict.message if verdict.verdict != "pass" else "",
        differences=verdict.differences,
        frames=outcome.frames if isinstance(outcome, Raised) else (),
        output=result.output[:4000],
    )
