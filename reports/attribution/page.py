"""Attributions of one prompt as one HTML file: no script, nothing to load, at most ``MAX_BYTES``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.errors import AuditError
from audit.core.formatting import number
from audit.reports.attribution.agreement import correlation_text, mean_agreement
from audit.reports.attribution.views import Room, View, comparison, view
from audit.reports.drawing.page import environment, page_style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Attribution

MAX_BYTES = 1_000_000
SHORTER_TEXTS = (Room(), Room(head=60, tail=40), Room(features=300, head=16, tail=8))
FEWER_CELLS = (Room(features=200, head=16, tail=8, cells=2000), Room(features=60, head=16, tail=8, cells=200))
"""From fine to coarse."""


def render(attributions: Sequence[Attribution], max_bytes: int = MAX_BYTES) -> str:
    """The page as HTML text of at most ``max_bytes`` bytes of UTF-8.

    What does not fit goes in this order: the middle of long texts, the grids of all methods but the first, large
    grids.

    Args:
        attributions: Of one prompt and target, one per method.
        max_bytes: Size limit.

    Raises:
        AuditError: There is nothing to show, or not even the coarsest page fits.
    """
    if not attributions:
        msg = "there is no attribution to show"
        raise AuditError(msg)
    for room, first_alone in _levels():
        views = [view(attribution, room) for attribution in attributions]
        html = _render(_one_matrix(views) if first_alone else views, room)
        if len(html.encode()) <= max_bytes:
            return html
    msg = f"the page would exceed {max_bytes:,} bytes: export the attributions as JSON or name fewer methods"
    raise AuditError(msg)


def _levels() -> Iterator[tuple[Room, bool]]:
    """Levels of detail from fine to coarse: the room, and whether the first method alone keeps its grids."""
    for first_alone in (False, True):
        for room in SHORTER_TEXTS:
            yield room, first_alone
    for room in FEWER_CELLS:
        yield room, False


def _render(views: Sequence[View], room: Room) -> str:
    """The page at one level of detail."""
    attributions = [shown.attribution for shown in views]
    agreement = mean_agreement(attributions)
    return (
        environment()
        .get_template("attribution.html.j2")
        .render(
            style=page_style(),
            views=views,
            first=attributions[0],
            said=_said(attributions[0]),
            compared=comparison(attributions, room),
            agreement=correlation_text(agreement) if agreement is not None else "",
            detail=room,
        )
    )


def _one_matrix(views: Sequence[View]) -> list[View]:
    """The views, with the grids of the first alone."""
    return [views[0], *(_without_grids(shown) for shown in views[1:])]


def _without_grids(shown: View) -> View:
    if shown.matrix is None and not shown.heads:
        return shown
    remark = "The input × output matrix and the heads of this method are too large to show."
    return replace(shown, matrix=None, heads=[], left_out=[*shown.left_out, remark])


def _said(attribution: Attribution) -> str:
    """How likely the target is, with and without the prompt."""
    given = number(attribution.target_log_prob, "nats")
    if attribution.baseline_log_prob is None:
        return f"log P(target) is {given} nats."
    masked = number(attribution.baseline_log_prob, "nats")
    return f"log P(target) is {given} nats; with everything masked, {masked}."
