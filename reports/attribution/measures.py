"""The measures of faithfulness of an attribution as rows for readers: card, page, app and terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text, number
from audit.core.records.measures import MEASURES

if TYPE_CHECKING:
    from audit.core.records import Attribution

LEGEND = (
    "Measured by leaving features out and asking the checkpoint again; a gain above 0 is better than a random order of "
    "the features (docs/reference/explain.md defines each measure)."
)
IN_SHORT = {
    "orders_beaten": "share of orders beaten",
    "deletion_auc_gain": "gain of the deletion curve, nats",
    "insertion_auc_gain": "gain of the insertion curve, nats",
    "best_gain": "gain of the best order, nats",
    "lds": "correlation with the effect of leaving out other parts",
    "shuffles_beaten": "share of reshuffled values beaten",
    "stability": "agreement with another seed",
    "completeness_error": "error of the sum, nats",
}
"""The measures that decide the verdict, for one line."""
MEANING = {
    "believable": "Much better than chance: you can rely on the order of the features for this prompt.",
    "weak": "Some evidence that the order of the features is right, but not enough to rely on it.",
    "do not believe": "The evidence does not support it: do not rely on it.",
}
"""What each verdict means for a reader, whatever its reason: the reason is in the note."""
_LOW, _HIGH = "_low", "_high"


@dataclass(frozen=True)
class MeasureRow:
    """One measure."""

    name: str
    """In words."""
    unit: str
    """Of the value."""
    text: str
    """The value, with its interval where it has one."""


def measured(attribution: Attribution) -> list[MeasureRow]:
    """All measures in the order of the record; an interval is shown with the value that it belongs to."""
    found = attribution.faithfulness
    ends = {f"{name}{end}" for name in found for end in (_LOW, _HIGH)}
    return [
        MeasureRow(name.replace("_", " "), MEASURES.get(name, ""), _text(name, found))
        for name in found
        if name not in ends
    ]


def in_short(attribution: Attribution) -> str:
    """The measures that decide the verdict, in one line; empty where none exists."""
    found = attribution.faithfulness
    parts = [(words, found.get(name), MEASURES[name]) for name, words in IN_SHORT.items()]
    return " · ".join(f"{words} {number(value, unit)}" for words, value, unit in parts if value is not None)


def _text(name: str, found: dict[str, float | None]) -> str:
    """A value with its interval, or with the reason why it needs none."""
    unit = MEASURES.get(name, "any")
    value, low, high = found[name], found.get(f"{name}{_LOW}"), found.get(f"{name}{_HIGH}")
    if low is not None and low == high:  # the mean over all orders is known, not estimated
        return f"{number(value, unit)} (exact: all orders were compared)"
    return estimate_text(value, low, high, unit)
