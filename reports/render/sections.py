"""Sections of the report card that other packages bring: entry points of the group ``audit.sections``.

Each names the text of a Jinja template. It gets what the card's own templates get, and its values are escaped as theirs
are.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from jinja2 import Environment

GROUP = "audit.sections"
BROKEN = Markup("<section>\n<h2>{}</h2>\n<p>Not shown: this section of plug-in {} broke ({}).</p>\n</section>\n")


def sections(environment: Environment, variables: Mapping[str, Any]) -> list[Markup]:
    """The sections of all installed packages, sorted by name; one that breaks says so, and the card goes on.

    Args:
        environment: Of the card.
        variables: What its templates show.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [_rendered(point, environment, variables) for point in points]


def _rendered(point: EntryPoint, environment: Environment, variables: Mapping[str, Any]) -> Markup:
    try:
        return Markup(environment.from_string(point.load()).render(variables))  # noqa: S704 - it escapes its values
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the code of others raises
        return BROKEN.format(point.name, point.dist.name if point.dist else point.module, type(error).__name__)
