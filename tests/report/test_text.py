"""Nothing that a student writes may hide, reorder or flood."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from grader.report.text import cut, line, moment, percent, points, seconds, visible

ANYTHING = st.text(st.characters(codec=None))


@given(ANYTHING)
def test_visible_text_has_no_control_character_but_newline_and_tab(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t"]
    shown.encode("utf-8")


@given(ANYTHING)
def test_making_text_visible_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(ANYTHING)
def test_a_line_is_one_line_of_bounded_length(text: str) -> None:
    assert len(line(text).splitlines()) <= 1
    assert len(line("x" * 10_000)) < 240
    assert len(line("\x1b" * 10_000)) < 2_000


def test_bidi_overrides_are_spelled_out() -> None:
    assert visible("a\u202eb\u2066c\u200bd") == "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩d"


def test_terminal_codes_cannot_move_or_erase() -> None:
    shown = visible("\x1b]0;PWNED\x07\x1b[2J\x1b[Hscore: 100\x08\x9b1A\x00\x7f")
    assert shown == "⟨U+001B⟩]0;PWNED⟨U+0007⟩⟨U+001B⟩[2J⟨U+001B⟩[Hscore: 100⟨U+0008⟩⟨U+009B⟩1A⟨U+0000⟩⟨U+007F⟩"


def test_colours_go_and_progress_bars_become_lines() -> None:
    assert visible("\x1b[31mred\x1b[0m 10%\r20%\r\nend") == "red 10%\n20%\nend"


def test_piles_of_combining_marks_are_cut_and_accents_stay() -> None:
    assert visible("e\u0301 z" + "\u0300" * 500) == "e\u0301 z" + "\u0300" * 4


def test_names_in_other_scripts_and_emoji_stay_as_they_are() -> None:
    name = "你好 مرحبا 👩\u200d💻 é"
    assert line(name) == name


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("x" * 10_000, 100).endswith("… (9,900 more characters)")
    assert cut("short", 100) == "short"


def test_numbers_read_well_and_bad_ones_do_not_raise() -> None:
    assert [points(n) for n in (20.0, 0.5, 0.0, float("nan"))] == ["20", "0.5", "0", "?"]
    assert [seconds(n) for n in (0.0, 59.94, 61.0, -1.0, float("inf"))] == ["0 ms", "59.9 s", "1 min 1 s", "?", "?"]
    assert [percent(1, 3), percent(5, 4), percent(-1, 4), percent(float("nan"), 1)] == [33.33, 100.0, 0.0, 0.0]


def test_a_moment_that_is_none_is_shown_as_it_is() -> None:
    assert moment("2026-01-05T09:05:00+00:00") == "5 Jan 2026, 09:05 (UTC)"
    assert moment("yesterday") == "yesterday"
