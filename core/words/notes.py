"""What keeps a number from saying all: items without a score or a value, cut answers, intervals that are too narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import counted

if TYPE_CHECKING:
    from audit.core.records import Metric


def notes(
    metric: Metric, *, unscored: Metric | None = None, cut: str = "", narrow: bool = False, drawn: str = ""
) -> list[str]:
    """Short sentences on what a reader must know before believing a value; empty where there is nothing.

    Args:
        metric: Over all items.
        unscored: How many samples of its task could not be scored; None where that is not known.
        cut: What :func:`audit.stats.cut_answers.cut_text` says of it.
        narrow: Whether the run was looked at while it went on, so that its interval is too narrow.
        drawn: What :func:`audit.core.words.draws` says of it.
    """
    found = [f"{drawn}."] if drawn else []
    if unscored is not None and unscored.value:
        found.append(f"{int(unscored.value):,} of {counted(unscored.n, 'sample')} could not be scored.")
    if metric.missing:
        found.append(f"{metric.missing:,} of {counted(metric.n + metric.missing, 'scored item')} have no value here.")
    if cut:
        found.append(f"{cut[0].upper()}{cut[1:]}.")
    if narrow:
        found.append("The interval is too narrow: results were looked at while the run went on.")
    return found
