"""Pairs are found by what they share and few others have, without what everybody was given."""

from support.similarity import essay

from grader.classpage.similar import similar


def works(*seeds: int) -> list[dict[str, str]]:
    return [{"a": essay(seed), "b": essay(seed + 1000)} for seed in seeds]


def test_two_that_are_alike_are_found_among_many() -> None:
    class_ = [*works(*range(30)), {"a": essay(7, names="copied"), "b": essay(99)}]
    (pair,) = similar(class_, {})
    assert (pair.first, pair.second, pair.exercise) == (7, 30, "a")
    assert 0.5 <= pair.share <= 1


def test_the_share_is_one_where_all_of_the_shorter_is_in_the_longer() -> None:
    (pair,) = similar([{"a": essay(1)}, {"a": essay(1) + essay(2)}], {})
    assert pair.share > 0.9


def test_what_was_given_out_does_not_count() -> None:
    given = essay(1)
    assert similar([{"a": given + essay(2)}, {"a": given + essay(3)}], {"a": given}) == []
    assert similar([{"a": given}, {"a": given}], {}) != []


def test_what_many_have_is_how_one_writes_it() -> None:
    assert similar([{"a": essay(1)} for _ in range(30)], {}) == []


def test_the_same_code_for_another_exercise_is_not_alike() -> None:
    assert similar([{"a": essay(1)}, {"b": essay(1)}], {}) == []


def test_nothing_is_alike_among_nobody_and_empty_works() -> None:
    assert similar([], {}) == []
    assert similar([{}, {"a": ""}, {"a": "x"}], {}) == []
