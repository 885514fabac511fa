"""An attribution as coloured text in Streamlit.

:mod:`audit.reports.heatmap` cuts and escapes the prompt and says which shade each piece gets; here are the
colours, those of the report card. ``st.html`` sanitizes once more and runs no script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from audit.reports.heatmap import pieces

if TYPE_CHECKING:
    from audit.core.records import Attribution

SHADES = {
    **{f"p{step}": colour for step, colour in enumerate(("#e3eff9", "#c6dff2", "#a5cdea", "#80b8e0", "#5da3d5"), 1)},
    **{f"n{step}": colour for step, colour in enumerate(("#fdeedb", "#fbdcb5", "#f8c788", "#f3af5b", "#eb962f"), 1)},
}
"""Blue speaks for the target, orange against it: told apart by colour-blind readers too."""

_FRAME = Markup(
    '<div style="max-height: 26rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.8;'
    ' border: 1px solid rgba(128, 128, 128, .3); border-radius: .5rem; padding: .7rem .9rem">{}</div>'
)
_PIECE = Markup('<span title="{}" style="background: {}; color: #1c2128; border-radius: 3px">{}</span>')
_LEGEND = Markup('<div style="font-size: .85rem">{} against {} for the target</div>')
_SWATCH = Markup('<span style="background: {}; border-radius: 3px">&nbsp;&nbsp;&nbsp;</span>')


def heat_map_html(attribution: Attribution) -> Markup:
    """The prompt with each feature on its colour; the value is its tooltip."""
    shown = (
        _PIECE.format(piece.value, SHADES[piece.shade], piece.html) if piece.shade else piece.html
        for piece in pieces(attribution)
    )
    return _FRAME.format(Markup("").join(shown))


def legend_html() -> Markup:
    """What the colours mean, from strongly against to strongly for."""
    against, speaking_for = (
        [_SWATCH.format(SHADES[f"{side}{step}"]) for step in steps]
        for side, steps in (("n", (5, 3, 1)), ("p", (1, 3, 5)))
    )
    return _LEGEND.format(Markup("").join(against), Markup("").join(speaking_for))
