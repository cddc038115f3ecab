"""What a student sees in the notebook and in a terminal is what the report says."""

from __future__ import annotations

import re

from grader.report.live import check_html, check_text


def test_the_notebook_shows_verdicts_hints_and_differences(samples) -> None:
    html = check_html(samples.bad().exercises[0])
    for words in ("Scale with a hook", "where does the factor go?", "with hooks", "it looks transposed.", "pass"):
        assert words in html


def test_the_fragment_has_no_script_and_styles_only_itself(samples) -> None:
    html = check_html(samples.hostile().exercises[0])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "<script" not in html
    assert "url(" not in style
    flat = re.sub(r"/\*.*?\*/|@media[^{]*\{", "", style, flags=re.DOTALL)
    for selectors in re.findall(r"(?:^|\})\s*([^{}]+)\{", flat):
        for selector in selectors.split(","):
            assert "g-" in selector or "grader-live" in selector, selector


def test_hidden_checks_stay_hidden_in_the_notebook(samples) -> None:
    secret = samples.check("h", "fail", visibility="hidden", description="canary", run={"message": "canary"})
    exercise = samples.exercise(secret)
    assert "canary" not in check_html(exercise)
    assert "canary" not in check_text(exercise)


def test_a_terminal_gets_plain_lines(samples) -> None:
    assert check_text(samples.bad().exercises[3]) == (
        "A multilayer perceptron: 0 of 3 points\n"
        "  ? missing      The MLP has two layers. (0 of 3)\n"
        "      The notebook does not define `MLP`.\n"
    )


def test_a_terminal_gets_no_control_characters(samples) -> None:
    for exercise in samples.hostile().exercises:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", check_text(exercise))


def test_a_terminal_names_the_device_where_there_are_several(samples) -> None:
    text = check_text(samples.bad().exercises[2])
    assert "on cuda: fail" in text
    assert "cell 7, line 12, in step" in text
