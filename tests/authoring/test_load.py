"""A check file is loaded the same way from its text and from what was compiled of it ahead."""

import traceback

import pytest

from grader.authoring.load import compiled, load_module, load_source, members

SOURCE = '''
"""Numbers."""
TWO = 2

def fails(x):
    return x / 0
'''


@pytest.mark.parametrize("code", [b"", compiled(SOURCE, "checks.py")], ids=["text", "compiled"])
def test_errors_show_the_line_of_the_file(code: bytes) -> None:
    module = load_module(SOURCE, "checks.py", code)
    assert (module.TWO, members(module, int)) == (2, [2])
    with pytest.raises(ZeroDivisionError) as raised:
        module.fails(1)
    (last,) = traceback.extract_tb(raised.tb)[-1:]
    assert (last.filename, last.lineno, last.line) == ("<checks.py>", 6, "return x / 0")


def test_what_is_not_there_or_of_another_kind_is_said() -> None:
    assert load_source(SOURCE, "checks.py", "TWO", int, compiled(SOURCE, "checks.py")) == 2
    with pytest.raises(LookupError, match=r"^checks\.py defines no str 'TWO'$"):
        load_source(SOURCE, "checks.py", "TWO", str)
