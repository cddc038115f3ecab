import pytest

from grader.notebook.errors import BadNotebook
from grader.notebook.plain import DEPTH, Mended, plain


def nested(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


def test_a_value_is_copied_unchanged_where_nothing_is_wrong():
    value = {"a": [1, 2.5, None, True, "é😀"], "b": {}}
    mended = Mended()

    assert plain(value, mended) == value
    assert mended.surrogates == 0


def test_halves_of_surrogate_pairs_are_replaced_and_counted():
    mended = Mended()

    assert plain({"k\ud800": ["a\udfffb"]}, mended) == {"k\ufffd": ["a\ufffdb"]}
    assert mended.surrogates == 2


def test_depth_is_bounded():
    assert plain(nested(DEPTH - 1), Mended()) == nested(DEPTH - 1)
    with pytest.raises(BadNotebook, match="nested more than 100 levels deep"):
        plain(nested(DEPTH), Mended())
