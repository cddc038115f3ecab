"""What an author's `avoid` means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment.avoid import avoided_by, is_name


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.softmax", "torch.softmax"),
        ("torch.softmax", "torch.Tensor.softmax"),
        ("torch.softmax", "aten::_softmax"),
        ("torch.sort", "torch.Tensor.sort_"),
        ("torch.nn.functional.softmax", "torch.nn.functional.softmax"),
        ("torch.nn.functional.softmax", "torch.Tensor.softmax"),
        ("torch.nn.Softmax", "torch.nn.Softmax"),
        ("torch.nn.Linear", "torch.nn.modules.linear.Linear"),
        ("torch.nn.Linear", "torch.nn.modules.Linear"),
        ("torch.Tensor.backward", "torch.Tensor.backward"),
        ("softmax", "torch.nn.functional.softmax"),
        ("softmax", "torch.nn.Softmax"),
        ("softmax", "scipy.special.softmax"),
        ("softmax", "aten::_softmax"),
        ("log_softmax", "torch.nn.LogSoftmax"),
        ("numpy.linalg.inv", "numpy.linalg.inv"),
    ],
)
def test_a_name_means_the_function(name: str, function: str) -> None:
    assert avoided_by(function, ["torch.exp", name]) == name


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.softmax", "torch.nn.functional.softmax"),
        ("torch.softmax", "torch.log_softmax"),
        ("torch.nn.Softmax", "torch.Tensor.softmax"),
        ("torch.nn.Linear", "torch.nn.functional.linear"),
        ("torch.nn.Linear", "torch.nn.modules.linear.Bilinear"),
        ("torch.linalg.inv", "torch.Tensor.inv"),
        ("softmax", "torch.nn.LogSoftmax"),
        ("softmax", "my_softmax_2"),
        ("numpy.exp", "torch.Tensor.exp"),
    ],
)
def test_a_name_does_not_mean_the_function(name: str, function: str) -> None:
    assert avoided_by(function, [name]) == ""


@given(st.from_regex(r"torch(\.[a-z]{1,8}){1,3}", fullmatch=True))
def test_a_dotted_name_always_means_itself_and_its_last_part_means_it_too(name: str) -> None:
    assert is_name(name)
    assert avoided_by(name, [name]) == name
    last = name.rpartition(".")[2]
    assert avoided_by(name, [last]) == last


@pytest.mark.parametrize("text", ["", ".", "torch.", "torch softmax", "F.softmax()", "1.x", "*"])
def test_other_texts_are_no_names(text: str) -> None:
    assert not is_name(text)
