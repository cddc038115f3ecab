"""What the judge says of one check: the verdict, and every difference in words."""

from __future__ import annotations

from typing import Literal

import msgspec

VerdictName = Literal[
    "pass",  # equal to the reference's observation within the allowance
    "fail",  # an observation that differs
    "error",  # the code under check raised
    "missing",  # the notebook does not define what is asked for
    "timeout",  # no answer in time
    "memory",  # over the memory limit
    "output",  # over the output limit
    "processes",  # more processes than it may have
    "files",  # more in files than it may write
    "crash",  # ended by a signal
    "exit",  # ended itself without an answer
    "invalid",  # what it sent is no observation
    "blocked",  # a check that this one needs did not pass
    "not run",  # not tried here, such as no such device; never a pass
]


class Picture(msgspec.Struct, frozen=True):
    """Pictures that show a difference.

    Attributes:
        kind: "images" (three PNG images side by side) or "curve" (two lines over the same steps).
        expected: For images a PNG as a data URI; for a curve empty.
        got: Likewise.
        difference: Likewise.
        expected_values: For a curve its values; for images empty.
        got_values: Likewise.
    """

    kind: Literal["images", "curve"]
    expected: str = ""
    got: str = ""
    difference: str = ""
    expected_values: tuple[float, ...] = ()
    got_values: tuple[float, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """One leaf that is not as expected.

    Attributes:
        path: Where in the observation, in the words of the check: "after removing them", "grads > weight".
        kind: "missing", "unexpected", "type", "shape", "dtype", "device", "detached", "values" or "opaque".
        message: What a teacher would say, one or two sentences, starting with a lower-case letter.
        picture: Where pictures say more than words.
    """

    path: str
    kind: str
    message: str
    picture: Picture | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What the judge says of one check.

    Attributes:
        verdict: One of `VerdictName`.
        message: One line that says it all: the first difference with its path, and how many more there are.
        differences: Every leaf that differs, in the order of the observation.
    """

    verdict: VerdictName
    message: str = ""
    differences: tuple[Difference, ...] = ()
