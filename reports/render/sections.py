"""Sections of the report card that other packages bring: entry points of the group ``audit.sections``.

Each names the text of a Jinja template. It gets what the card's own templates get, and its values are escaped as theirs
are. Text from checkpoints and data sets needs the filter ``line``, too, which shows what would hide or reorder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from audit.core.errors import RAISED_BY_OTHERS
from audit.core.provenance import entry_points

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from jinja2 import Environment

GROUP = "audit.sections"
MAX_BYTES = 200_000
"""Size limit of all sections: larger ones would take the card's room for tasks, or keep it from being written."""
BROKEN = Markup("<section>\n<h2>{}</h2>\n<p>Not shown: this section of plug-in {} {}.</p>\n</section>\n")


def sections(environment: Environment, variables: Mapping[str, Any]) -> list[Markup]:
    """The sections of all installed packages, by name; one that breaks or no longer fits says so, and the card goes on.

    Args:
        environment: Of the card.
        variables: What its templates show.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    shown, room = [], MAX_BYTES
    for point in points:
        html = _rendered(point, environment, variables, room)
        room -= len(html.encode())
        shown.append(html)
    return shown


def _rendered(point: EntryPoint, environment: Environment, variables: Mapping[str, Any], room: int) -> Markup:
    """One section of at most ``room`` bytes, or a sentence on why it cannot be shown."""
    try:
        html = environment.from_string(point.load()).render(variables)
        size = len(html.encode())  # a lone surrogate has no UTF-8, and would keep the card from being written
    except RAISED_BY_OTHERS as error:  # whatever the code of others raises
        return _not_shown(point, f"broke ({type(error).__name__})")
    if size > room:
        return _not_shown(point, f"would make all plug-in sections larger than {MAX_BYTES:,} bytes")
    return Markup(html)  # noqa: S704 - it escapes its values


def _not_shown(point: EntryPoint, why: str) -> Markup:
    return BROKEN.format(point.name, point.dist.name if point.dist else point.module, why)
