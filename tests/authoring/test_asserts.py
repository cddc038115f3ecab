"""Tests that decide for themselves, run in the notebook's own namespace and gone without a trace."""

import pytest
import torch

from grader.authoring import Work, asserted, printed


def test_a_test_sees_and_changes_the_namespace_of_the_works_own_functions_and_puts_it_back():
    namespace: dict = {}
    exec("def inner(): return 1\ndef outer(): return inner()", namespace)
    before = dict(namespace)
    code = "del inner\nmade = 3\nwas, outer = outer, None\ntry:\n    was()\nexcept NameError: pass\nelse: assert 0"
    assert asserted(code, Work(namespace)) == {"raised": "nothing"}
    assert namespace == before
    assert namespace["outer"]() == 1


def test_the_namespace_is_put_back_after_a_failure_too():
    namespace = {"x": 1}
    with pytest.raises(ZeroDivisionError):
        asserted("x = 2\ny = 3\nx / 0", Work(namespace))
    assert {name: namespace[name] for name in ("x",)} == {"x": 1}
    assert "y" not in namespace


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("assert x == 1\nassert x == 2", "at `assert x == 2`"),
        ("if x:\n    assert x > 5, f'{x} is small'", "1 is small, at `assert x > 5, f'{x} is small'`"),
        ("f()", "at `f()`"),
    ],
)
def test_an_assertion_is_told_with_the_line_of_the_test(code, said):
    def f():
        raise AssertionError

    with pytest.raises(AssertionError) as caught:
        asserted(code, Work({"x": 1, "f": f}))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("f(1)", "2"),
        ("f(1); f(2)\nNone\n'a'", "2\n4\n'a'"),
        ("for i in (1, 2):\n    f(i)", "2\n4"),
        ("print('hi')\nx = f(1)", "hi"),
        ("def g():\n    f(3)\ng()", ""),
    ],
)
def test_what_a_test_prints_and_the_values_of_its_expressions_are_its_output(code, text, capsys):
    assert printed(code, Work({"f": lambda x: 2 * x})) == {"printed": text}
    assert capsys.readouterr().out == ""


def test_both_precisions_of_the_reference_see_torchs_own_default_type():
    torch.set_default_dtype(torch.float64)
    try:
        assert printed("t.zeros(1).dtype", Work({"t": torch})) == {"printed": "torch.float32"}
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
