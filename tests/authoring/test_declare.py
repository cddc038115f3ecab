"""Declaring checks, misconceptions and alternatives."""

import msgspec
import pytest

from grader.authoring import check, close, definitions_of, exact, misconception
from grader.authoring.spec import CheckSpec


def test_a_check_keeps_what_its_author_says() -> None:
    @check(exercise="f", points=2, visibility="hidden", needs=("values",), compare={"a": exact}, devices=("cpu",))
    def leaves_input_alone(work, rng):
        """The input
        is unchanged."""
        return {}

    assert leaves_input_alone.name == "leaves_input_alone"
    assert leaves_input_alone.description == "The input is unchanged."
    assert (leaves_input_alone.points, leaves_input_alone.visibility) == (2.0, "hidden")
    assert (leaves_input_alone.needs, leaves_input_alone.devices) == (("values",), ("cpu",))


def test_a_rehearsal_stands_for_every_device_but_the_cpu() -> None:
    def runs(*devices: str) -> bool:
        base = CheckSpec(name="c", exercise="e", points=1, visibility="public", description="d", compare={})
        return msgspec.structs.replace(base, devices=devices).runs_on("rehearsal")

    assert (runs("all"), runs("cpu", "cuda"), runs("mps"), runs("cpu")) == (True, True, True, False)


def test_one_comparator_covers_every_leaf() -> None:
    @check(exercise="f", points=1, compare=close(rtol=1e-3))
    def values(work, rng):
        """Values."""

    assert dict(values.compare) == {"": close(rtol=1e-3)}


@pytest.mark.parametrize("points", [0, -1, float("nan")])
def test_points_must_be_positive(points: float) -> None:
    with pytest.raises(ValueError, match="points must be a positive number"):
        check(exercise="f", points=points)


def test_visibility_is_public_or_hidden() -> None:
    with pytest.raises(ValueError, match='visibility is "public" or "hidden"'):
        check(exercise="f", points=1, visibility="secret")


def test_a_check_without_a_docstring_is_refused_because_students_read_it() -> None:
    with pytest.raises(ValueError, match="the check 'silent' needs a docstring: it is what students read"):

        @check(exercise="f", points=1)
        def silent(work, rng):
            return {}


def test_the_hint_of_a_misconception_is_its_docstring() -> None:
    @misconception(exercise="f")
    def wrong(work):
        """Think of the sign."""

    assert (wrong.name, wrong.exercise, wrong.hint) == ("wrong", "f", "Think of the sign.")


def test_definitions_come_as_a_function_a_tuple_or_a_dict() -> None:
    def f(): ...

    class G: ...

    assert definitions_of(f) == {"f": f}
    assert definitions_of((f, G)) == {"f": f, "G": G}
    assert definitions_of({"LIMIT": 3}) == {"LIMIT": 3}
    with pytest.raises(TypeError, match="expected functions, classes or a dict of definitions, got int"):
        definitions_of(3)
