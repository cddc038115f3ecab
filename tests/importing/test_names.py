"""Names in snake_case for anything that another grader calls something."""

import keyword
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.importing.names import identifier, identifiers, solved_names

SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_name_in_snake_case_that_stays_as_it_is(text):
    name = identifier(text)
    assert SNAKE_CASE.fullmatch(name)
    assert identifier(name) == name


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(max_size=3), st.sampled_from(["a", "A", "a_2", "check", "if"]))))
def test_no_two_are_alike_and_none_is_taken_or_a_keyword(texts):
    names = list(identifiers(texts, ("check",)))
    assert len(names) == len(texts) == len(set(names))
    assert not {"check", *keyword.kwlist} & set(names)
    assert all(map(SNAKE_CASE.fullmatch, names))


def test_only_what_a_solution_defines_counts_where_a_cell_has_given_code_too():
    given_ = "import math\nscale = 2\n\n@math.nope\ndef f(x):\n    ### BEGIN SOLUTION\n    y = x\n    ### END SOLUTION"
    assert solved_names(given_) == ("f",)
    assert solved_names("### BEGIN SOLUTION\nimport os\n### END SOLUTION\na, b = 1, 2") == ("a", "b")
    assert solved_names("def f(: pass") == ()
