"""Misconceptions are counted once a student, whether a whole exercise or one check shows them."""

import msgspec
from support.members import exercise, member, work

from grader.classpage.mistakes import mistakes, sample
from grader.grading.model import Hint

HINT, OTHER = Hint("squared", "Squaring is not doubling."), Hint("in_place", "Mind the underscore.")


def in_one_check(hint: Hint) -> object:
    made = exercise("a")
    run = msgspec.structs.replace(made.checks[0].runs[0], misconception=hint)
    return msgspec.structs.replace(made, checks=(msgspec.structs.replace(made.checks[0], runs=(run, run)),))


def test_the_most_common_comes_first_and_each_student_counts_once() -> None:
    class_ = [
        member("ann", work(exercise("a", hint=OTHER))),
        member("bob", work(exercise("a", hint=HINT), exercise("b", hint=HINT))),
        member("cy", work(in_one_check(HINT))),
        member("di"),
    ]
    found = [(each.name, each.exercise, each.members) for each in mistakes(class_)]
    assert found == [("squared", "a", (1, 2)), ("in_place", "a", (0,)), ("squared", "b", (1,))]
    assert mistakes(class_)[0].hint == "Squaring is not doubling."


def test_the_shortest_code_is_shown_and_empty_code_never_where_there_is_other() -> None:
    codes = ["", "def f(x):\n    return x * x\n", "def f(x): return x * x", " \n"]
    class_ = [member(str(n), work(exercise("a", code=code))) for n, code in enumerate(codes)]
    assert sample(class_, [0, 1, 2, 3], "a") == (2, codes[2])
    assert sample(class_, [0, 3], "a") == (0, "")
