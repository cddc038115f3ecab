"""Pseudonyms are the same from page to page, and nobody without the key can make them."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classpage.pseudonym import KEY_FILE, key_of, pseudonym
from grader.errors import BadInput

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.text(), st.text())
def test_a_pseudonym_depends_on_student_and_key_and_names_nobody(student: str, other: str) -> None:
    made = pseudonym(student, KEY)
    assert made == pseudonym(student, KEY)
    assert made != pseudonym(student, OTHER)
    assert (made == pseudonym(other, KEY)) == (student == other)
    assert made.startswith("s-")
    assert made[2:].isalnum()
    assert len(made) == 10


def test_the_key_is_made_once_and_for_this_account_only(tmp_path: Path) -> None:
    key = key_of(tmp_path / "reports")
    path = tmp_path / "reports" / KEY_FILE
    assert key_of(tmp_path / "reports") == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]
    assert key_of(tmp_path / "others") != key


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(BadInput, match="is no key of 32 bytes; remove it, and students get new pseudonyms"):
        key_of(tmp_path)
