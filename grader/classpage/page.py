"""The class page as a file: one HTML page that requests nothing and runs one script, known by its hash."""

from __future__ import annotations

import base64
import hashlib
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from grader.classpage.view import Page
from grader.errors import BadInput
from grader.report.engine import environment, stylesheet

CODE_LETTERS = 2_400
PEOPLE = 40


def render(page: Page) -> str:
    """Render the page.

    Args:
        page: What it shows.

    Returns:
        A complete HTML document. The same page gives the same text.
    """
    dark = Markup("@media screen and (prefers-color-scheme: dark) { .g-root {\n%s\n} }") % stylesheet("dark.css")
    style = Markup("\n").join(
        (stylesheet("tokens.css"), dark, stylesheet("check.css", "code.css", "page.css", "class.css"))
    )
    script = stylesheet("class.js")
    return (
        environment()
        .get_template("class.html.j2")
        .render(
            page=page,
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
            tallest=max((each.number for each in page.bins), default=0) or 1,
            mean=statistics.fmean(page.points) if page.points else None,
            median=statistics.median(page.points) if page.points else None,
            strip=strip,
            CODE_LETTERS=CODE_LETTERS,
            PEOPLE=PEOPLE,
        )
    )


def strip(shares: Sequence[float]) -> Markup:
    """One square of 10 by 10 for each exercise, as at most three SVG paths: hundreds of rows hold one.

    Args:
        shares: The share of the points of each exercise, from 0 to 1.

    Returns:
        The paths.
    """
    kinds: dict[str, list[str]] = {"strip-all": [], "strip-some": [], "strip-none": []}
    for place, share in enumerate(shares):
        kind = "strip-all" if share >= 1 else "strip-some" if share > 0 else "strip-none"
        kinds[kind].append(f"M{12 * place} 1h10v10h-10z")
    path = Markup('<path class="%s" d="%s"/>')
    return Markup().join(path % (kind, "".join(squares)) for kind, squares in kinds.items() if squares)


def write(page: Page, folder: Path) -> Path:
    """Write the page where only this account can read it.

    Args:
        page: What it shows.
        folder: Where; made where it is missing.

    Returns:
        The file's path. It appears whole or not at all, and replaces an earlier one.

    Raises:
        BadInput: The folder cannot be written to.
    """
    text = render(page)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        handle, name = tempfile.mkstemp(prefix=".", dir=folder)  # its mode is 0600
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
            return draft.replace(folder / "index.html")
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{folder}: the class page cannot be written there ({error.strerror})") from error


def _hash(text: Markup) -> Markup:
    return Markup(f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}")
