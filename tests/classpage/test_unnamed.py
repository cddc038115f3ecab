"""What several students get wrong in the same way is one cluster, unless somebody has named it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from support.members import exercise, member, work

from grader.classpage.model import Member, WorkDifference
from grader.classpage.requests import Wrong
from grader.classpage.unnamed import clusters
from grader.grading.evidence import Evidence
from grader.grading.model import Hint
from grader.wire.outcome import Frame, Outcome, Raised, Returned


def apart(works: Sequence[Wrong]) -> tuple[tuple[int, ...], ...]:
    return tuple((place,) for place in range(len(works)))


def as_one(works: Sequence[Wrong]) -> tuple[tuple[int, ...], ...]:
    return (tuple(range(len(works))),)


def never(works: Sequence[Wrong]) -> tuple[tuple[int, ...], ...]:
    pytest.fail("equal bytes need no comparison")


class Class:
    """A class whose students each observed one thing in one check."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.members: list[Member] = []

    def add(self, outcome: Outcome, seed: str = "s", **changes: object) -> None:
        student = f"s{len(self.members)}"
        folder = self._root / student
        folder.mkdir()
        evidence = Evidence({"cpu": {"runs": outcome}})
        (folder / "observations.bin").write_bytes(msgspec.msgpack.encode(evidence))
        made = exercise("a", code="x", **changes)  # type: ignore[arg-type]
        self.members.append(member(student, work(made, seed=seed), folder=folder))

    @property
    def begun(self) -> set[tuple[str, str]]:
        return {(each.student, "a") for each in self.members}

    def found(self, together) -> list[tuple[int, ...]]:  # type: ignore[no-untyped-def]
        return [each.members for each in clusters(self.members, self.begun, together)]


@pytest.fixture
def class_(tmp_path: Path) -> Class:
    return Class(tmp_path)


def test_equal_bytes_are_one_cluster_without_a_comparison(class_: Class) -> None:
    for _ in range(3):
        class_.add(Returned(b"same"))
    (found,) = clusters(class_.members, class_.begun, never)
    assert (found.members, found.exercise, found.check, found.message) == ((0, 1, 2), "a", "runs", "values differ")


def test_what_the_comparison_puts_together_is_one_cluster(class_: Class) -> None:
    for data in (b"one", b"other", b"one", b"third"):
        class_.add(Returned(data))
    assert class_.found(as_one) == [(0, 1, 2, 3)]
    assert class_.found(apart) == [(0, 2)]


def test_an_error_is_the_same_wherever_it_was_raised(class_: Class) -> None:
    for line in (1, 2):
        class_.add(Raised("ValueError", "no", (Frame(1, line, "f", "raise"),)), verdict="error")
    assert class_.found(never) == [(0, 1)]


def test_what_is_right_named_blocked_stopped_or_not_begun_is_in_no_cluster(class_: Class) -> None:
    for change in (
        {"verdict": "pass"},
        {"hint": Hint("known", "hint")},
        {"verdict": "blocked"},
        {"verdict": "timeout"},
    ):
        class_.add(Returned(b"same"), **change)
        class_.add(Returned(b"same"), **change)
    assert class_.found(never) == []
    class_.add(Returned(b"same"))
    class_.add(Returned(b"same"))
    assert clusters(class_.members, set(), never) == []
    assert class_.found(never) == [(8, 9)]


def test_different_seeds_are_for_the_comparison_to_tell(class_: Class) -> None:
    class_.add(Returned(b"same"), seed="one")
    class_.add(Returned(b"same"), seed="other")
    assert class_.found(apart) == []


def sign(path: str, pattern: str, values: str) -> tuple[WorkDifference, ...]:
    return (WorkDifference(path, "values", f"{pattern}: 4 of 4 values differ (100 %), {values}"),)


FLIPPED, SINE = "the sign is flipped", "4 of 4 values differ (100 %), largest difference"


def test_across_seeds_the_same_pattern_at_the_same_place_is_one_cluster(class_: Class) -> None:
    for seed in ("one", "other", "third"):
        class_.add(Returned(seed.encode()), seed=seed, differences=sign("out", FLIPPED, f"of {seed}"))
    class_.add(Returned(b"else"), seed="fourth", differences=sign("grad", FLIPPED, "elsewhere"))
    assert class_.found(apart) == [(0, 1, 2)]


def test_across_seeds_what_follows_from_a_mistake_counts_by_its_place(class_: Class) -> None:
    for seed, place in (("one", "loss"), ("other", "loss"), ("third", "else")):
        follows = WorkDifference(place, "values", f"got {len(seed)}, expected 7")
        differences = (*sign("out", FLIPPED, seed), follows)
        class_.add(Returned(seed.encode()), seed=seed, differences=differences)
    assert class_.found(apart) == [(0, 1)]


def test_across_seeds_values_without_a_pattern_stay_apart(class_: Class) -> None:
    for seed in ("one", "other"):
        difference = WorkDifference("out", "values", f"{SINE} {len(seed)} at [0]: got 1, expected 2")
        class_.add(Returned(seed.encode()), seed=seed, differences=(difference,))
    assert class_.found(apart) == []


def test_a_pattern_that_values_of_one_seed_tell_apart_says_too_little(class_: Class) -> None:
    for seed, data in (("one", b"a"), ("one", b"b"), ("other", b"c")):
        class_.add(Returned(data), seed=seed, differences=sign("out", FLIPPED, "x"))
    assert class_.found(apart) == []


def test_folders_that_are_elsewhere_or_damaged_cost_nothing_but_themselves(class_: Class) -> None:
    for _ in range(4):
        class_.add(Returned(b"same"))
    assert class_.members[0].folder is not None
    assert class_.members[1].folder is not None
    (class_.members[0].folder / "observations.bin").write_bytes(b"\xff" * 40)
    (class_.members[1].folder / "observations.bin").unlink()
    assert class_.found(never) == [(2, 3)]
