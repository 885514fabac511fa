"""What is shown about a judge, figure by figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.stats.agreement.as_text import coefficient_text, side_text, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.ratings.results.judges import JudgeValidity


def judge_figures(found: JudgeValidity) -> Iterator[tuple[str, str, int]]:
    """Name, value with interval, and number of items of each figure; of counts the value is empty."""
    yield found.agreement.name, coefficient_text(found.agreement), found.agreement.items
    if found.correlation is not None:
        yield "rank correlation with the mean", coefficient_text(found.correlation), found.correlation.outputs
    if found.bias is not None:
        yield "bias in points", with_interval(found.bias.bias, found.bias.interval), found.bias.items
    if found.side is not None:
        yield "share for side A", side_text(found.side.share, found.side.interval), found.side.preferences
        same = with_interval(found.same_in_both_orders, found.same_interval, "share")
        yield "same answer in both orders", same, found.in_both_orders
    yield "without an answer", "", found.unanswered
    yield "people's answers tied", "", found.undecided
