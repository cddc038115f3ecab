"""The templates, and the one door through which text reaches a page: made visible first, escaped second."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.report import code, looks, pictures, text, verdicts

_BACKTICKS = re.compile(r"`([^`\n]{1,120})`")


@cache
def environment() -> Environment:
    """The Jinja environment of all pages: autoescaped, and every value passes `text.visible` on its way out."""
    templates = Environment(
        loader=PackageLoader("grader.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        cut=text.cut,
        prose=_prose,
        line=text.line,
        points=text.points,
        signed=text.signed,
        seconds=text.seconds,
        moment=text.moment,
        code=code.highlight,
    )
    templates.globals.update(
        count=text.count,
        percent=text.percent,
        look=verdicts.look,
        overall=verdicts.overall,
        shown_runs=verdicts.shown_runs,
        device_word=verdicts.device_word,
        tally=verdicts.tally,
        several=verdicts.several,
        passed_on=verdicts.passed_on,
        reason_word=verdicts.reason_word,
        picture_of=pictures.image,
        plot_of=pictures.plot,
        looks_headline=looks.headline,
        avoided=looks.avoided,
        SKIPPED=verdicts.SKIPPED,
        OUTPUT_LETTERS=text.OUTPUT_LETTERS,
    )
    templates.tests.update(accusing=verdicts.accuses)
    return templates


def stylesheet(*names: str) -> Markup:
    """The style sheets of these names as one; they are files of this package, never a student's text.

    Args:
        names: File names under templates/, such as "tokens.css".

    Returns:
        Their text, for a ``<style>`` element.
    """
    folder = files("grader.report") / "templates"
    return Markup("\n".join((folder / name).read_text("utf-8").strip() for name in names))


def _prose(sentences: str, letters: int = text.MESSAGE_LETTERS) -> Markup:
    """Sentences for people: cut, escaped, and what stands in backticks as code."""
    parts = _BACKTICKS.split(text.visible(text.cut(sentences, letters)))
    return Markup().join(Markup("<code>%s</code>") % part if index % 2 else part for index, part in enumerate(parts))


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) else text.visible(str(value))
