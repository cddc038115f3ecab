"""Gradescope: the metadata say who handed in what and when."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from roll.exports import Called, as_zip, gradescope, notebook

from grader.roll.errors import BadSubmissions

ADA = {"name": "Ada Lovelace", "sid": "0100", "email": "ada@x.edu"}
BOB = {"name": 'Bob: the "Builder"', "sid": "0101", "email": "bob@x.edu"}
MONDAY, TUESDAY = "2026-03-02 10:00:00.000000000 -08:00", "2026-03-03 10:00:00.000000000 -08:00"


@pytest.mark.parametrize("top", ["", "assignment_77_export/"])
def test_an_export_is_recognised_with_times_and_school_ids(call: Callable[..., Called], top: str) -> None:
    called = call(gradescope((1, [ADA], MONDAY, "hw2.ipynb"), (2, [BOB], TUESDAY, "hw2.ipynb"), top=top))
    assert called.roll.kind == "gradescope"
    assert "submission_metadata.yml" in called.roll.why
    ada = called.of["0100"]
    assert (ada.name, ada.members[0].email, ada.place) == (
        "Ada Lovelace",
        "ada@x.edu",
        f"{top}submission_1/hw2.ipynb",
    )
    assert ada.submitted_at == datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert called.of["0101"].name == 'Bob: the "Builder"'


def test_every_member_of_a_group_gets_the_grade(call: Callable[..., Called]) -> None:
    called = call(gradescope((1, [ADA, BOB], MONDAY, "hw2.ipynb")))
    assert called.taken == {"0100": "submission_1/hw2.ipynb", "0101": "submission_1/hw2.ipynb"}
    assert len(called.roll.handed) == 1


def test_a_member_who_handed_in_again_alone_leaves_the_group_with_the_rest(call: Callable[..., Called]) -> None:
    called = call(gradescope((1, [ADA, BOB], MONDAY, "hw2.ipynb"), (2, [BOB], TUESDAY, "hw2.ipynb")))
    assert called.taken == {"0100": "submission_1/hw2.ipynb", "0101": "submission_2/hw2.ipynb"}
    bob = called.of["0101"]
    assert (bob.attempt, bob.older) == (2, ("submission_1/hw2.ipynb",))
    assert bob.notices == ("handed in 2 times; the newest is taken, not submission_1",)
    assert called.of["0100"].older == ()


def test_the_newest_is_told_by_time_and_not_by_number(call: Callable[..., Called]) -> None:
    called = call(gradescope((9, [ADA], MONDAY, "hw2.ipynb"), (3, [ADA], TUESDAY, "hw2.ipynb")))
    assert called.taken == {"0100": "submission_3/hw2.ipynb"}


def test_who_has_no_school_id_is_known_by_address(call: Callable[..., Called]) -> None:
    called = call(gradescope((1, [{"name": "Eve", "email": "eve@x.edu"}], MONDAY, "hw2.ipynb")))
    assert set(called.of) == {"eve@x.edu"}


def test_times_that_ruby_marks_as_its_own_objects_are_read(call: Callable[..., Called]) -> None:
    metadata = b"""---
submission_1:
  :submitters:
  - :name: Ada
    :sid: 100
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: &1 2026-03-02 18:00:00.000000000 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: America/Los_Angeles
    time: *1
"""
    called = call({"submission_metadata.yml": metadata, "submission_1/hw2.ipynb": notebook("x")})
    assert called.of["100"].submitted_at == datetime(2026, 3, 2, 18, tzinfo=UTC)


def test_yaml_that_names_python_objects_makes_none(tmp_path: Path) -> None:
    path = as_zip(tmp_path, {"submission_metadata.yml": b'!!python/object/apply:os.system ["true"]'})
    with pytest.raises(BadSubmissions, match=r"submission_metadata.yml, line 1: is not YAML that can be read"):
        Called(path)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            b"a: 1\nb: ]\n",
            "submission_metadata.yml, line 2: is not YAML that can be read; export the submissions again",
        ),
        (b"[" * 100_000, "submission_metadata.yml"),
        (b"\xff\xfe\x00", "is not YAML that can be read"),
        (b"a: 9999-99-99", "is not YAML that can be read"),
        (b"- 1", "submission_metadata.yml: is not a list of submissions; export the submissions again"),
    ],
    ids=["cut off", "deep", "no text", "no date", "a list"],
)
def test_broken_metadata_are_refused_in_a_sentence(tmp_path: Path, metadata: bytes, said: str) -> None:
    path = as_zip(tmp_path, {"submission_metadata.yml": metadata, "submission_1/hw2.ipynb": notebook("x")})
    with pytest.raises(BadSubmissions) as caught:
        Called(path)
    assert said in str(caught.value)


def test_folders_and_metadata_that_disagree_are_said(call: Callable[..., Called]) -> None:
    entries = gradescope((1, [ADA], MONDAY, "hw2.ipynb"), (2, [BOB], MONDAY, "hw2.ipynb"))
    del entries["submission_2/hw2.ipynb"]
    called = call({**entries, "submission_3/hw2.ipynb": notebook("3")})
    (refused,) = called.roll.refused
    assert (refused.place, refused.reason) == (
        "submission_2",
        "it is in submission_metadata.yml, but its folder is missing: export again",
    )
    assert called.roll.notices == ("submission_3 is not in submission_metadata.yml: its number stands for the student",)
    assert "submission_3" in called.of


def test_the_kind_needs_its_metadata(call: Callable[..., Called]) -> None:
    with pytest.raises(BadSubmissions, match=r"a Gradescope export has a submission_metadata.yml beside its folders"):
        call({"submission_3/hw2.ipynb": notebook("3")}, kind="gradescope")
