"""The HTML page of a verification: one self-contained file, no script, no request."""

from __future__ import annotations

import base64
import hashlib

from grader.report.engine import environment, stylesheet
from grader.verify.model import Proof
from grader.verify.ruler import ruler, shown


def page(proof: Proof) -> str:
    """Render what verification found.

    Args:
        proof: What was found.

    Returns:
        A complete HTML document.
    """
    style = stylesheet("tokens.css", "check.css", "dark.css", "page.css", "fairness.css")
    digest = base64.b64encode(hashlib.sha256(str(style).encode()).digest()).decode()
    template = environment().get_template("fairness.html.j2")
    return template.render(proof=proof, style=style, style_hash=f"sha256-{digest}", ruler=ruler, shown=shown)
