"""The proof of each shipped assignment, made once for all its tests."""

from collections.abc import Iterator

import pytest
from support.proof import COURSE, NAMES, Proof

from grader.assignment import folder as course_folder
from grader.observe.engine import Engine


@pytest.fixture(scope="module", params=NAMES)
def proof(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Proof]:
    made = Proof(course_folder.load(COURSE, request.param), engine)
    yield made
    made.close()
