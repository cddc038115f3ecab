"""Tokens stay the same under what people change to make code look like their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classpage.tokens import normalised

CODE = """
class MLP(nn.Module):
    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x) * 2)
        return x
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("layer", "each_one"),
        ("self.layers", "self.stack"),
        ("MLP", "Network"),
        ("* 2", "*    3"),
        ("return x", "return x  # done\n"),
        ("    def", "\n\n    # forward\n    def"),
    ],
    ids=["a variable", "an attribute of its own", "a class", "a number", "a comment", "empty lines"],
)
def test_what_is_renamed_or_moved_is_the_same(before: str, after: str) -> None:
    assert normalised(CODE.replace(before, after)) == normalised(CODE)


@pytest.mark.parametrize(
    ("before", "after"),
    [("torch.relu", "torch.tanh"), (" * ", " + "), ("for layer in self.layers", "if layer in self.layers")],
    ids=["another function", "another operator", "another statement"],
)
def test_what_does_something_else_is_not(before: str, after: str) -> None:
    assert normalised(CODE.replace(before, after)) != normalised(CODE)


@given(st.text(max_size=200))
def test_any_text_gives_tokens_and_never_an_error(text: str) -> None:
    assert all(isinstance(each, str) for each in normalised(text))


def test_a_line_that_is_no_python_ends_the_stream() -> None:
    assert normalised("x = 1\ny = 'open\nz = 2")[:4] == ("name", "=", "0", "NEWLINE")
