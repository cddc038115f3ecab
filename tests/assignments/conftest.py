"""The proof of each shipped assignment, made once for all its tests."""

from collections.abc import Iterator

import pytest
from support.proof import COURSE, NAMES, Proof

from grader.assignment import folder as course_folder
from grader.observe.engine import Engine


QUICK = [pytest.param((name, False), id=name) for name in NAMES]
FULL = [pytest.param((name, True), id=f"{name}-in-full", marks=pytest.mark.slow) for name in NAMES]


@pytest.fixture(scope="module", params=QUICK + FULL)
def proof(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Proof]:
    name, in_full = request.param
    made = Proof(course_folder.load(COURSE, name), engine, in_full)
    yield made
    made.close()
