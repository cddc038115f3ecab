import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.assignment.errors import BadAssignment
from grader.release.stub import CODE_PLACE, TEXT_PLACE, has_solution, stub


def stubbed(source: str) -> str:
    return stub(source, CODE_PLACE, "hw2/solution.py, code cell 3")


def test_each_solution_is_replaced_at_the_indentation_of_its_mark():
    source = (
        "def f(x):\n    '''Doc.'''\n    ### BEGIN SOLUTION\n    y = 1\n    return x\n    ### END SOLUTION\n\n"
        "def g(x):\n\t# ### BEGIN SOLUTION: easy\n\treturn 2\n\t# ### END SOLUTION\nprint(f(1))"
    )

    assert stubbed(source) == (
        "def f(x):\n    '''Doc.'''\n    # YOUR CODE HERE\n    raise NotImplementedError\n\n"
        "def g(x):\n\t# YOUR CODE HERE\n\traise NotImplementedError\nprint(f(1))"
    )


def test_hidden_tests_are_dropped_without_a_trace():
    assert stubbed("a = 1\n### BEGIN HIDDEN TESTS\nassert a == 1\n### END HIDDEN TESTS\nb = 2") == "a = 1\nb = 2"


def test_mark_schemes_are_for_staff():
    source = "Tell.\n\n### BEGIN MARK SCHEME\n1 point\n### END MARK SCHEME"
    assert stub(source, TEXT_PLACE, "") == "Tell.\n"


def test_text_gets_a_place_for_an_answer():
    assert stub("Why?\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION", TEXT_PLACE, "") == "Why?\n\nYOUR ANSWER HERE"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a\n### BEGIN SOLUTION\nb", "line 2: BEGIN SOLUTION without an END SOLUTION after it"),
        ("a\n### END SOLUTION", "line 2: END SOLUTION without a BEGIN SOLUTION before it"),
        (
            "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
            "line 2: BEGIN SOLUTION inside the SOLUTION region that line 1 began",
        ),
        (
            "### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n",
            "line 2: BEGIN HIDDEN TESTS inside the SOLUTION region that line 1 began",
        ),
        ("### BEGIN HIDDEN TESTS\n### END SOLUTION", "line 2: END SOLUTION without a BEGIN SOLUTION before it"),
        (
            "### BEGIN SOLUTION x ### END SOLUTION",
            "line 1: more than one mark on a line; each mark needs a line of its own",
        ),
    ],
)
def test_marks_that_do_not_match_are_told_with_cell_and_line(source, told):
    with pytest.raises(BadAssignment) as caught:
        stubbed(source)
    assert str(caught.value) == f"hw2/solution.py, code cell 3, {told}"


def test_a_cell_with_something_to_fill_in_is_known():
    assert has_solution("x\n  ### BEGIN SOLUTION\n")
    assert not has_solution("### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")


OPEN = st.text("ab #\n", max_size=12).filter(lambda text: "###" not in text)
SECRET = st.text("XY\n", min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(OPEN, SECRET, st.sampled_from(["SOLUTION", "HIDDEN TESTS"])), max_size=4), OPEN)
def test_whatever_stands_around_the_marks_stays_and_nothing_between_them_does(regions, last):
    source = "".join(f"{text}\n### BEGIN {k}\n{secret}\n### END {k}\n" for text, secret, k in regions) + last
    expected = "".join(
        f"{text}\n" + ("# YOUR CODE HERE\nraise NotImplementedError\n" if k == "SOLUTION" else "")
        for text, _, k in regions
    )

    assert stubbed(source) == expected + last


MARKS = st.sampled_from(
    ["### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS", "a", ""]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(MARKS, max_size=6).map("\n".join))
def test_no_mark_is_left_over(source):
    try:
        assert "###" not in stubbed(source)
    except BadAssignment as error:
        assert str(error).startswith("hw2/solution.py, code cell 3, line ")
