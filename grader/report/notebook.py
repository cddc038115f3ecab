"""A notebook as it was handed in, as HTML that can do nothing but be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
from markupsafe import Markup, escape

from grader.report.code import highlight
from grader.report.engine import environment
from grader.report.sanitize import clean_page, clean_text, data_image
from grader.report.text import OUTPUT_LETTERS, count, cut, visible

NO_NOTEBOOK = "What was handed in could not be read as a notebook, so there is nothing to show."
UNSHOWABLE = "The notebook holds something that cannot be shown; it was graded all the same."

_MOST_CELLS = 400
_MOST_OUTPUTS = 20
_MARKDOWN_LETTERS = 5_000  # a longer cell is shown as it was typed: parsing hostile markdown takes quadratic time
_ALL_MARKDOWN = 100_000
_ALL_LETTERS = 1_500_000
_ALL_IMAGES = 12_000_000


class Output(msgspec.Struct, frozen=True):
    """One output of a cell: text, or an image as a data URI."""

    kind: Literal["text", "error", "image"]
    text: str


class Cell(msgspec.Struct, frozen=True):
    """One cell to show.

    Attributes:
        number: Number among the code cells, counted from 1; 0 for other cells.
        body: Its clean HTML.
        outputs: What a code cell displayed when it was saved.
    """

    number: int
    body: Markup
    outputs: tuple[Output, ...] = ()


def notebook_html(notebook: Mapping[str, Any] | None) -> str:
    """Show a notebook with the outputs it was handed in with.

    Code is coloured, markdown is rendered, images are shown from PNG and JPEG data; HTML, SVG, JavaScript
    and LaTeX outputs are left out in favour of the text beside them.

    Args:
        notebook: The notebook, or None where it could not be read.

    Returns:
        HTML without scripts, styles, frames or anything to load. Whatever the notebook holds, this raises
        nothing: at worst it is a sentence that says that it cannot be shown.
    """
    if notebook is None:
        return _sentence(NO_NOTEBOOK)
    try:
        cells = _items(_field(notebook, "cells"))
        shown = tuple(_Reader().cells(cells[:_MOST_CELLS]))
        left_out = count(len(cells) - _MOST_CELLS, "more cell") if len(cells) > _MOST_CELLS else ""
        return clean_page(environment().get_template("notebook.html.j2").render(cells=shown, left_out=left_out))
    except Exception:  # noqa: BLE001 - a notebook is the least trusted thing here, and a report must not fail by it
        return _sentence(UNSHOWABLE)


class _Attachments(dict[str, dict[str, str]]):
    """Pictures by name; one that is missing is an empty picture instead of an error, and its words stay."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> dict[str, str]:
        return {"image/png": ""}


class _Reader:
    """Reads cells while the budgets for a page of bearable size last."""

    def __init__(self) -> None:
        self._markdown = _ALL_MARKDOWN
        self._letters = _ALL_LETTERS
        self._images = _ALL_IMAGES

    def cells(self, cells: list[Any]) -> Iterator[Cell]:
        number = 0
        for cell in cells:
            source = self._spend(_text(_field(cell, "source")))
            if _field(cell, "cell_type") == "code":
                number += 1
                outputs = _items(_field(cell, "outputs"))[:_MOST_OUTPUTS]
                yield Cell(number, highlight(source), tuple(self._outputs(outputs)))
            elif _field(cell, "cell_type") == "markdown":
                yield Cell(0, self._rendered(source, _field(cell, "attachments")))
            else:
                yield Cell(0, _typed(source))

    def _spend(self, text: str) -> str:
        shown = cut(text, max(0, self._letters))
        self._letters -= len(shown)
        return shown

    def _rendered(self, source: str, attachments: Any) -> Markup:
        if len(source) > min(_MARKDOWN_LETTERS, self._markdown):
            return _typed(source)
        self._markdown -= len(source)
        try:
            return _kept(source) if not attachments else _clean(source, self._attachments(attachments))
        except Exception:  # noqa: BLE001 - what the markdown parser cannot read is shown as it was typed
            return _typed(source)

    def _attachments(self, attachments: Any) -> _Attachments:
        found = _Attachments()
        for name, data in _pairs(attachments):
            kind, image = self._image(data)
            if image:
                found[name] = {f"image/{kind}": image.partition(",")[2]}
        return found

    def _outputs(self, outputs: list[Any]) -> Iterator[Output]:
        for output in outputs:
            data = _field(output, "data")
            if _field(output, "output_type") == "error":
                text = f"{_text(_field(output, 'ename'))}: {_text(_field(output, 'evalue'))}"
                yield Output("error", self._spend(cut(text, OUTPUT_LETTERS)))
            elif image := self._image(data)[1]:
                yield Output("image", image)
            elif text := _text(_field(output, "text")) or _text(_field(data, "text/plain")):
                yield Output("text", self._spend(cut(text, OUTPUT_LETTERS)))

    def _image(self, data: Any) -> tuple[str, str]:
        for kind in ("png", "jpeg"):
            encoded = _text(_field(data, f"image/{kind}"))
            uri = data_image(kind, encoded) if 0 < len(encoded) <= self._images else None
            if uri:
                self._images -= len(uri)
                return kind, uri
        return "", ""


# The text of the assignment stands in every notebook of a class. Short as it is, what is kept stays under some 20 MB.
@lru_cache(maxsize=256)
def _kept(source: str) -> Markup:
    return _clean(source, _Attachments())


def _clean(source: str, attachments: _Attachments) -> Markup:
    return Markup(clean_text(_markdown(visible(source), attachments)))


def _markdown(source: str, attachments: _Attachments) -> str:
    from nbconvert.filters.markdown_mistune import (  # imported here: nbconvert takes half a second
        IPythonRenderer,
        MarkdownWithMath,
    )

    renderer = IPythonRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(source))


def _typed(source: str) -> Markup:
    return Markup('<pre class="nb-plain">{}</pre>').format(visible(source))


def _sentence(sentence: str) -> str:
    return str(Markup("<p>{}</p>").format(escape(sentence)))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _pairs(value: Any) -> list[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return [(name, item) for name, item in pairs if isinstance(name, str)][:_MOST_OUTPUTS]


def _text(value: Any) -> str:
    """Text of a field that nbformat allows to be a string or a list of strings; "" for anything else."""
    if isinstance(value, str):
        return value
    return "".join(part for part in _items(value) if isinstance(part, str))
