"""HTML from a notebook, cut down to what can do nothing: no script, no request, no style, no frame."""

from __future__ import annotations

import base64
import binascii
import io
import re

_DATA_IMAGE = re.compile(r"data:image/(png|jpeg);base64,([A-Za-z0-9+/]+={0,2})")
_LINK = re.compile(r"(https?://|mailto:)[^\s]{1,2000}", re.IGNORECASE)
_ANCHOR = re.compile(r"cell-\d{1,6}")
_CLASSES = re.compile(r"[A-Za-z0-9 -]{1,80}")
_LARGEST_IMAGE = 3_000_000
_MOST_PIXELS = 40_000_000
_FORMATS = {"png": "PNG", "jpeg": "JPEG"}

_TEXT_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "kbd", "samp", "var"),
    *("strong", "em", "b", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "span", "div"),
    *("ul", "ol", "li", "dl", "dt", "dd", "a", "img", "details", "summary"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
}
_DROPPED_WHOLE = {"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript", "title"}


def clean_text(html: str) -> str:
    """Clean HTML that came from a student's markdown: tags of running text only, without class, id or style.

    Args:
        html: Anything.

    Returns:
        Balanced HTML whose links lead to http, https or mailto and whose images are data URIs.

    Example:
        >>> clean_text('<b onclick="x()">bold</b><script>alert(1)</script>')
        '<b>bold</b>'
    """
    attributes = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
    attributes |= {cell: {"colspan", "rowspan"} for cell in ("td", "th")}
    return _clean(html, _TEXT_TAGS, attributes)


def clean_page(html: str) -> str:
    """Clean a whole notebook that our own template put together: as `clean_text`, with our classes and anchors.

    Args:
        html: The page's part, with what `clean_text` let pass in it.

    Returns:
        The same under the strict list of tags and attributes, as the last gate before the page.
    """
    attributes = {"*": {"class"}, "a": {"href", "title"}, "img": {"src", "alt", "title"}, "article": {"id"}}
    attributes |= {"ol": {"start"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
    return _clean(html, _TEXT_TAGS | {"article", "figure", "figcaption"}, attributes)


def data_image(kind: str, encoded: str) -> str | None:
    """Make a data URI of an image output, or None for what is no such image or too large to show.

    Args:
        kind: "png" or "jpeg".
        encoded: Base64 text; white space is dropped.

    Returns:
        "data:image/png;base64,…" for a readable image under 3 MB and 40 million pixels.
    """
    if len(encoded) > 2 * _LARGEST_IMAGE:
        return None
    uri = f"data:image/{kind};base64,{''.join(encoded.split())}"
    return uri if is_data_image(uri) else None


def is_data_image(uri: str) -> bool:
    """Whether a URI holds a PNG or JPEG that a browser can show without harm."""
    from PIL import Image  # imported here: a grade without a notebook needs no imaging library

    match = _DATA_IMAGE.fullmatch(uri) if len(uri) <= _LARGEST_IMAGE else None
    if match is None:
        return False
    try:
        raw = base64.b64decode(match[2], validate=True)
        with Image.open(io.BytesIO(raw), formats=[_FORMATS[match[1]]]) as picture:
            width, height = picture.size
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return bool(0 < width * height <= _MOST_PIXELS)


def _clean(html: str, tags: set[str], attributes: dict[str, set[str]]) -> str:
    import nh3  # imported here: only pages with a notebook need it

    return nh3.clean(
        html,
        tags=tags,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=attributes,
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """The value of an attribute where it may stay, else None."""
    match attribute:
        case "href":
            return value if _LINK.fullmatch(value) else None
        case "src":
            return value if is_data_image(value) else None
        case "id":
            return value if _ANCHOR.fullmatch(value) else None
        case "class":
            return value if _CLASSES.fullmatch(value) else None
        case "start" | "colspan" | "rowspan":
            return value if value.isascii() and value.isdigit() and len(value) <= 3 else None
        case _:
            return value
