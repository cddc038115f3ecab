"""What makes a function a check, and a wrong or different solution a known one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grader.authoring.comparators import Comparator

Visibility = Literal["public", "hidden"]
CheckFunction = Callable[..., Any]


@dataclass(frozen=True)
class Check:
    """One observation of one exercise: a function that is run on a work and returns plain data.

    Attributes:
        name: The function's name; what grade.json and the report call the check.
        exercise: Id of the exercise it observes.
        points: What a pass is worth.
        visibility: "public" checks ship to students, "hidden" ones do not.
        description: The function's docstring: what a student reads about the check.
        function: ``function(work, rng)``; returns the observation.
        compare: Comparators by leaf path; a path also covers everything below it, "" covers all.
        needs: Names of checks of the same exercise that must pass before this one earns points.
        devices: "all", or the device types this check may run on.
        sockets: Whether it runs processes that talk to each other (see `grader.authoring.ranks`).
    """

    name: str
    exercise: str
    points: float
    visibility: Visibility
    description: str
    function: CheckFunction
    compare: Mapping[str, Comparator]
    needs: tuple[str, ...]
    devices: tuple[str, ...]
    sockets: bool = False

    def __call__(self, work: Any, rng: Any) -> Any:
        """Run the check on a work, so that an author can try it in a notebook."""
        return self.function(work, rng)


@dataclass(frozen=True)
class Misconception:
    """A known wrong solution of one exercise, with the hint its author gives.

    Attributes:
        name: The function's name.
        exercise: Id of the exercise it gets wrong.
        hint: The function's docstring: one sentence that explains and does not give the answer away.
        function: ``function(work)``; returns the wrong definitions (see `definitions_of`).
        only_on_a_device: Whether it is wrong on a device other than the CPU only.
    """

    name: str
    exercise: str
    hint: str
    function: Callable[..., Any]
    only_on_a_device: bool = False


@dataclass(frozen=True)
class Alternative:
    """A different but right solution of one exercise; it must get full marks.

    Attributes:
        name: The function's name.
        exercise: Id of the exercise it solves.
        description: The function's docstring: what is different about it.
        function: ``function(work)``; returns the definitions (see `definitions_of`).
    """

    name: str
    exercise: str
    description: str
    function: Callable[..., Any]


def check(
    *,
    exercise: str,
    points: float,
    visibility: Visibility = "public",
    compare: Comparator | Mapping[str, Comparator] | None = None,
    needs: tuple[str, ...] = (),
    devices: tuple[str, ...] | Literal["all"] = "all",
    sockets: bool = False,
) -> Callable[[CheckFunction], Check]:
    """Make a function a check: the grader runs it on the student's work and on the reference.

    The function gets the work and a seeded `Rng` and returns an observation: a tree (dict, list, tuple) of
    tensors, arrays, numbers, strings, booleans and None. It returns data, never a verdict that it computed
    from data: what runs beside a student's code can be forged by it (`grader.authoring.forgeable` finds such
    verdicts, and a file that holds one is refused).

    Args:
        exercise: Id of the exercise, as in assignment.toml.
        points: What a pass is worth; the points of an exercise's checks add up to the exercise's.
        visibility: "public" ships to students; "hidden" runs at grading only.
        compare: How leaves are compared: one comparator for all of them, or a mapping from leaf path (a
            path covers what is below it) to comparator. Without one, values are compared exactly where they
            are exact and within the measured tolerance where they are floating point.
        needs: Names of checks of this exercise that must pass before this one earns points, so that "the
            input is unchanged" is worth nothing to a function that does nothing.
        devices: Device types it may run on; ``("cpu",)`` for what makes sense there only, such as files and loaders.
        sockets: Whether it runs processes that talk to each other, as `in_ranks` does; where the confinement leaves
            no sockets, such a check is not run, and the grade says so.

    Returns:
        A decorator that turns the function into a `Check`.

    Raises:
        ValueError: The function has no docstring, or the points are not positive.

    Example:
        >>> from grader.authoring import Rng, Work, check
        >>> @check(exercise="double", points=1)
        ... def doubles_everything(work, rng):
        ...     '''Every number is doubled.'''
        ...     return {"doubled": work.double([1, 2])}
        >>> doubles_everything(Work({"double": lambda xs: [2 * x for x in xs]}), Rng("seed"))
        {'doubled': [2, 4]}
    """
    if not points > 0:
        raise ValueError(f"@check(exercise={exercise!r}): points must be a positive number, got {points!r}")
    if visibility not in ("public", "hidden"):
        raise ValueError(f'@check(exercise={exercise!r}): visibility is "public" or "hidden", not {visibility!r}')
    by_path = compare if isinstance(compare, Mapping) else {} if compare is None else {"": compare}

    def decorate(function: CheckFunction) -> Check:
        return Check(
            name=function.__name__,
            exercise=exercise,
            points=float(points),
            visibility=visibility,
            description=_docstring(function, "check"),
            function=function,
            compare=by_path,
            needs=tuple(needs),
            devices=("all",) if devices == "all" else tuple(devices),
            sockets=sockets,
        )

    return decorate


def misconception(*, exercise: str, only_on_a_device: bool = False) -> Callable[[Callable[..., Any]], Misconception]:
    """Make a function a misconception: it returns a known wrong solution; its docstring is the hint.

    Args:
        exercise: Id of the exercise it gets wrong.
        only_on_a_device: It is right on the CPU and wrong on any other device: a tensor made in the wrong place. Then
            `verify` asks that a check fails it on the simulated device.

    Returns:
        A decorator that turns ``function(work)`` into a `Misconception`. The work is the reference; what
        the function returns replaces the reference's definitions of the same names.

    Example:
        >>> from grader.authoring import misconception
        >>> @misconception(exercise="double")
        ... def adds_two(work):
        ...     '''Adding two and doubling agree for 2 only: try another number.'''
        ...     def double(xs):
        ...         return [x + 2 for x in xs]
        ...     return double
        >>> adds_two.hint
        'Adding two and doubling agree for 2 only: try another number.'
    """

    def decorate(function: Callable[..., Any]) -> Misconception:
        hint = _docstring(function, "misconception")
        return Misconception(function.__name__, exercise, hint, function, only_on_a_device)

    return decorate


def alternative(*, exercise: str) -> Callable[[Callable[..., Any]], Alternative]:
    """Make a function an alternative: a different but right solution that must get full marks.

    Args:
        exercise: Id of the exercise it solves.

    Returns:
        A decorator that turns ``function(work)`` into an `Alternative`; see `misconception`.
    """

    def decorate(function: Callable[..., Any]) -> Alternative:
        return Alternative(function.__name__, exercise, _docstring(function, "alternative"), function)

    return decorate


def definitions_of(returned: Any) -> dict[str, Any]:
    """Read what a misconception or alternative returned as names and their new values.

    Args:
        returned: One function or class (its ``__name__`` is the name), a tuple of them, or a dict from name
            to value.

    Returns:
        The definitions by name.

    Raises:
        TypeError: It returned something without a name.

    Example:
        >>> def double(xs): ...
        >>> sorted(definitions_of(double))
        ['double']
    """
    if isinstance(returned, dict):
        return {str(name): value for name, value in returned.items()}
    parts = returned if isinstance(returned, tuple) else (returned,)
    for part in parts:
        if not hasattr(part, "__name__"):
            raise TypeError(f"expected functions, classes or a dict of definitions, got {type(part).__name__}")
    return {part.__name__: part for part in parts}


def _docstring(function: Callable[..., Any], kind: str) -> str:
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"the {kind} {function.__name__!r} needs a docstring: it is what students read")
    return " ".join(text.split())
