"""Seeds of checks follow from the run's seed, and tell nothing of each other."""

from hypothesis import given
from hypothesis import strategies as st

from grader.grading.seeds import check_seed, fresh_seed


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_a_seed_is_a_function_of_run_assignment_and_check(run: str, assignment: str, check: str) -> None:
    seed = check_seed(run, assignment, check)
    assert seed == check_seed(run, assignment, check)
    assert len(seed) == 32
    assert seed != check_seed(run + "x", assignment, check)
    assert seed != check_seed(run, assignment, check + "x")


def test_fresh_seeds_differ() -> None:
    assert len({fresh_seed() for _ in range(100)}) == 100
