from hypothesis import given
from hypothesis import strategies as st

from grader.notebook.lines import starts


def fresh(text: str) -> str:
    """One letter a line: q quoted, f fresh, - neither."""
    return "".join("q" if start.quoted else "f" if start.fresh else "-" for start in starts(text.split("\n")))


def test_strings_brackets_and_backslashes_carry_over_to_the_next_line():
    assert fresh("x = '''\na\n''' + \\\n1\ny = [\n1, # ]\n2]\nz") == "fqq-f--f"


def test_quotes_and_brackets_inside_strings_and_comments_count_for_nothing():
    assert fresh("x = '(' # '''\ny = \"\"\" ''' ( \\\"\"\" \"\"\"\nz = 'it\\'s ('\nw") == "ffff"
    assert fresh("don't\nx = 1") == "ff"


def test_a_closing_bracket_too_many_does_no_harm():
    assert fresh(")]}\nx") == "ff"


def test_what_is_in_a_magic_line_counts_for_nothing():
    lines = ["!echo '''(", "x = 1"]
    assert [start.fresh for start in starts(lines, lambda line: line.startswith("!"))] == [True, True]
    assert [start.fresh for start in starts(lines)] == [True, False]


@given(st.text("'\"\\#()[]{}\n a", max_size=60))
def test_any_text_has_one_answer_a_line_and_begins_afresh(text):
    found = starts(text.split("\n"))
    assert len(found) == text.count("\n") + 1
    assert found[0].fresh and not any(start.quoted and start.fresh for start in found)


@given(
    st.lists(
        st.sampled_from(["x = 1", "s = '''\n# %%\n'''", "f(\n1,\n)", 't = """a"""', "# it's", "a = \\\n 2"]), max_size=6
    )
)
def test_a_statement_after_whole_statements_starts_afresh(statements):
    assert starts("\n".join([*statements, "y"]).split("\n"))[-1].fresh
