"""A tolerance drawn on one line: the reference's noise, right answers, the allowance, and the nearest wrong one."""

from __future__ import annotations

import math

from markupsafe import Markup

from grader.verify.model import Leaf

_WIDTH, _HEIGHT, _MARGIN = 360, 26, 8
_FROM, _TO = -6.0, 6.0  # powers of ten


def ruler(leaf: Leaf) -> Markup:
    """Draw a leaf as SVG; the line runs from a millionth of the allowance to a million times it, by powers of ten."""
    right = max(leaf.noise, leaf.right or 0.0)
    marks = [
        Markup('<line class="rule" x1="{}" y1="13" x2="{}" y2="13"/>').format(_MARGIN, _WIDTH - _MARGIN),
        Markup('<line class="room" x1="{}" y1="13" x2="{:.1f}" y2="13"/>').format(_MARGIN, _x(right)),
        Markup('<line class="limit" x1="{0:.1f}" y1="3" x2="{0:.1f}" y2="23"/>').format(_x(1.0)),
        Markup('<circle class="noise" cx="{:.1f}" cy="13" r="3"/>').format(_x(leaf.noise)),
    ]
    if leaf.right is not None:
        marks.append(Markup('<circle class="right" cx="{:.1f}" cy="13" r="5"/>').format(_x(leaf.right)))
    for kind, value in (("hidden", leaf.hidden), ("wrong", leaf.wrong)):
        if value is not None:
            marks.append(Markup('<path class="{}" d="M{x0:.1f} 8l10 10m0 -10l-10 10"/>').format(kind, x0=_x(value) - 5))
    label = (
        f"right answers up to {shown(right)} of the allowance, the nearest wrong one at {shown(leaf.wrong)}"
        if leaf.wrong is not None
        else f"right answers up to {shown(right)} of the allowance"
    )
    return Markup('<svg class="ruler" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, label, Markup().join(marks)
    )


def shown(distance: float | None) -> str:
    """A distance in allowances for people.

    Example:
        >>> [shown(x) for x in (0.0, 0.0123, 1.5, 40000.0, float("inf"), None)]
        ['0', '0.012', '1.5', '4e+04', '∞', '']
    """
    if distance is None:
        return ""
    return "∞" if math.isinf(distance) else f"{distance:.2g}"


def _x(distance: float) -> float:
    power = _FROM if distance <= 0 else _TO if math.isinf(distance) else math.log10(distance)
    share = (min(max(power, _FROM), _TO) - _FROM) / (_TO - _FROM)
    return _MARGIN + share * (_WIDTH - 2 * _MARGIN)
