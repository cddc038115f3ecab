"""With a key nothing on the page names anybody; without one nothing is changed."""

from support.members import member

from grader.classpage.disguise import Disguise

CODE = '''# Ada Lovelace, hw2
def f(x):
    """By Ada."""
    url = "mail ada99 please"  # ada99
    return max(x)
'''


def test_without_a_key_everything_stays() -> None:
    plain = Disguise(["ada99"])
    assert not plain.anonymous
    assert plain.name(member("ada99")) == "ada99"
    assert plain.code(CODE) == CODE
    assert plain.text("ada99 did it") == "ada99 did it"


def test_with_a_key_names_comments_docstrings_and_ids_go() -> None:
    masked = Disguise(["ada99", "max"], b"k" * 32)
    code = masked.code(CODE)
    assert "ada" not in code.lower()
    assert "return max(x)" in code  # an id this short is a word of the language
    assert 'url = "mail … please"' in code
    assert masked.text("ValueError: Ada99 is not ada999") == "ValueError: … is not ada999"
    assert masked.name(member("ada99")) != "ada99"


def test_ids_of_nobody_change_nothing() -> None:
    assert Disguise([], b"k" * 32).text("anything at all") == "anything at all"
