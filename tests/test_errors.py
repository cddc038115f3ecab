"""A full disk is said in a sentence; any other trouble with files stays what it is."""

import errno
import os

import pytest

from grader.errors import BadInput, needs_room


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_what_to_do(number: int) -> None:
    with pytest.raises(BadInput) as raised, needs_room("reports"):
        raise OSError(number, os.strerror(number))
    assert str(raised.value) == (
        f"reports: the disk is full ({os.strerror(number)}); all that was graded is kept: make room there and give the "
        "same command again"
    )


def test_other_trouble_passes() -> None:
    with pytest.raises(PermissionError), needs_room("reports"):
        raise PermissionError(errno.EACCES, "no")
