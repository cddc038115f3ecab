"""Evidence is kept with digests of what was asked: they change with what a check observes, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader.errors import BadInput
from grader.grading.evidence import Asked, Evidence, check_digests, data_digest, read_evidence
from grader.observe.results import CellEnd
from grader.wire.outcome import Missing, Returned

CHECKS = '''
import torch
from grader.authoring import Close, check

SIZE = 3
WORTH = 2


def inputs(rng):
    """Some numbers."""
    return rng.normal(SIZE)


@check(exercise="e", points=WORTH)
def first(work, rng):
    """The first."""
    return {"x": work.f(inputs(rng))}


@check(exercise="e", points=1)
def second(work, rng):
    """The second."""
    return {"y": work.f(torch.zeros(2))}
'''


def changed(old: str, new: str) -> set[str]:
    """The checks that observe something else after a change."""
    assert old in CHECKS
    before, after = (check_digests(text, ["first", "second"]) for text in (CHECKS, CHECKS.replace(old, new)))
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("points=WORTH", "points=5"),
        ("points=WORTH", 'points=WORTH, visibility="hidden", needs=("second",), compare={"x": Close(rtol=1, atol=0)}'),
        ("WORTH = 2", "WORTH = 4"),
        ('"""The first."""', '"""The very first."""'),
        ('"""Some numbers."""', ""),
        ("return {", "# what it returns\n    return  {"),
        ("SIZE = 3", "SIZE = (\n    3\n)"),
    ],
)
def test_what_changes_no_observation_changes_no_digest(old: str, new: str) -> None:
    assert changed(old, new) == set()


@pytest.mark.parametrize(
    ("old", "new", "checks"),
    [
        ('{"x"', '{"z"', {"first"}),
        ("SIZE = 3", "SIZE = 4", {"first"}),
        ("rng.normal(SIZE)", "rng.normal(SIZE, 1)", {"first"}),
        ("torch.zeros(2)", "torch.ones(2)", {"second"}),
        ("import torch\n", "import numpy as torch\n", {"second"}),
        ("work.f(", "work.g(", {"first", "second"}),
    ],
)
def test_what_changes_an_observation_changes_that_check_s_digest(old: str, new: str, checks: set[str]) -> None:
    assert changed(old, new) == checks


def test_the_data_s_digest_is_that_of_names_and_contents() -> None:
    one = data_digest({"data/a": b"1", "data/b": b"2"})
    assert one == data_digest({"data/b": b"2", "data/a": b"1"})
    assert (
        len({one, data_digest({"data/a": b"1"}), data_digest({"data/a": b"2", "data/b": b"1"}), data_digest({})}) == 4
    )


def test_evidence_comes_back_whole(tmp_path: Path) -> None:
    evidence = Evidence(
        {"cpu": {"a": Returned(b"GRO1"), "b": Missing("f")}},
        Asked({"a": "0", "b": "1"}, "2"),
        {"cpu": (CellEnd(1, "error", "ValueError", "oh"),)},
    )
    (tmp_path / "e").write_bytes(msgspec.msgpack.encode(evidence))
    assert read_evidence(tmp_path / "e") == evidence


def test_evidence_of_before_there_were_digests_is_read(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(msgspec.msgpack.encode({"outcomes": {"cpu": {"b": {"type": "missing", "name": "f"}}}}))
    assert read_evidence(tmp_path / "e") == Evidence({"cpu": {"b": Missing("f")}})


@pytest.mark.parametrize("data", [b"", b"\x93", b"\xdd\xff\xff\xff\xff", msgspec.msgpack.encode({"outcomes": 1})])
def test_damaged_evidence_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "e").write_bytes(data)
    with pytest.raises(BadInput, match="e: damaged, or written by another version of grader"):
        read_evidence(tmp_path / "e")
