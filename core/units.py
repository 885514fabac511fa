"""Units of metrics: what a value measures, how it is written, and which values are possible."""

from __future__ import annotations

import math
from dataclasses import dataclass

ROUNDING = 1e-9
"""Relative tolerance at the ends of a unit's range, for rounding."""

P_VALUE = "p_value"
"""Unit of the p-value of a test: the smaller, the stronger the evidence; a large one proves nothing."""

SHARE_SCALES = {"share": 1.0, "percent": 100.0}
"""Factor that turns a share into the unit; with another factor or unit, values of 0 and 1 are no shares."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of :class:`audit.core.records.Metric`."""

    name: str
    """As in ``metrics.json``, e.g. ``share``."""
    title: str
    """As on axes and in tables, e.g. ``share (0 to 1)``."""
    low: float = -math.inf
    """Lowest possible value."""
    high: float = math.inf
    """Highest possible value."""
    decimals: int | None = None
    """Digits after the decimal point; null: four significant digits."""
    noun: str = ""
    """In a sentence, e.g. ``a share``; empty for units without bounds."""
    higher: str = ""
    """What a higher value means, in words, e.g. ``more likely``; empty where the unit does not say."""
    fine_decimals: int | None = None
    """Digits after the decimal point where ``decimals`` would hide too much: of whole units for fractional values,
    otherwise for values between −1 and 1; null: the same."""
    one_axis: bool = True
    """Whether metrics in this unit can share an axis, because equal values mean the same."""
    factor: int = 1
    """What a value is multiplied by in a sentence: 100 shows shares in percent."""
    suffix: str = ""
    """What follows a number in a sentence: `` %``, `` nats``."""

    def digits(self, value: float, *others: float) -> int | None:
        """Digits after the decimal point of a value; null: four significant digits.

        Args:
            value: The number.
            others: Numbers shown with it, such as the ends of its interval: all of them have the same digits.
        """
        if self.fine_decimals is None:
            return self.decimals
        shown = (value, *others)
        fine = any(one != int(one) for one in shown) if self.decimals == 0 else all(abs(one) <= 1 for one in shown)
        return self.fine_decimals if fine else self.decimals

    @property
    def is_share(self) -> bool:
        """Whether a value is the part of items that count, shown in percent."""
        return self.factor == 100

    @property
    def whole_range(self) -> tuple[float, float] | None:
        """The axis that shows every possible value; None if the range is unbounded."""
        return (self.low, self.high) if math.isfinite(self.low) and math.isfinite(self.high) else None

    def holds(self, value: float) -> bool:
        """Whether a value is possible, allowing for rounding: sacreBLEU's best score is 100.00000000000004."""
        return self.low - ROUNDING * max(1, -self.low) <= value <= self.high + ROUNDING * max(1, self.high)

    @property
    def words(self) -> str:
        """Its name and range: ``a share, 0 to 1``."""
        if self.whole_range:
            return f"{self.noun}, {f'{self.low:g} to {self.high:g}'.replace('-', '−')}"
        return f"{self.noun}, from {self.low:g}" if math.isfinite(self.low) else self.title


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("share", "share (0 to 1)", 0, 1, 3, "a share", "a larger share", factor=100, suffix=" %"),
        Unit("probability", "probability (0 to 1)", 0, 1, 3, "a probability", "more likely"),
        Unit(P_VALUE, "p-value (0 to 1)", 0, 1, noun="a p-value", higher="weaker evidence"),
        Unit("reciprocal_rank", "reciprocal rank (0 to 1)", 0, 1, 3, "a reciprocal rank", "closer to first place"),
        Unit("percent", "percent (0 to 100)", 0, 100, 1, "a percentage", "a larger share", suffix=" %"),
        Unit(
            "points",
            "percentage points (−100 to 100)",
            -100,
            100,
            1,
            "a difference of percentages",
            "a larger gap",
            suffix=" points",
        ),
        Unit("correlation", "correlation (−1 to 1)", -1, 1, 3, "a correlation", "closer agreement"),
        Unit("bleu", "BLEU (0 to 100)", 0, 100, 1, "a BLEU score", "more words in common with the references"),
        Unit("chrf", "chrF (0 to 100)", 0, 100, 1, "a chrF score", "more characters in common with the references"),
        Unit("rouge", "ROUGE (0 to 100)", 0, 100, 1, "a ROUGE score", "more words in common with the references"),
        Unit("sentiment", "sentiment (−1 to 1)", -1, 1, 3, "a sentiment", "more positive"),
        Unit("sentiment_gap", "gap of sentiments (0 to 2)", 0, 2, 3, "a difference of sentiments", "a larger gap"),
        Unit("rating", "mean rating (1 to 5)", 1, 5, 2, "a rating", "rated better"),
        Unit("score", "score", decimals=1, fine_decimals=3, one_axis=False),
        Unit("nats", "nats", decimals=3, higher="more log-probability", suffix=" nats"),
        Unit("bits", "bits", decimals=2, higher="more information", suffix=" bits"),
        Unit("tokens", "tokens", 0, decimals=1, noun="a number of tokens", higher="more tokens", suffix=" tokens"),
        Unit("words", "words", 0, decimals=1, noun="a number of words", higher="more words", suffix=" words"),
        Unit("count", "count", 0, decimals=0, noun="a count", higher="more of them", fine_decimals=1),
        Unit("perplexity", "perplexity", 1, noun="a perplexity", higher="less predictable"),
        Unit("squared_error", "squared error", 0, noun="a squared error", higher="further off"),
    )
}
"""Every unit that a task of this package uses. ``score`` is a number of which nothing more is known: a metric of a task
from elsewhere."""


def unit_of(name: str) -> Unit:
    """The unit of that name; an unknown one has no bounds."""
    return UNITS.get(name) or Unit(name, name)


def axis_of(unit: str, metric: str) -> str:
    """Title of the axis for a metric: metrics with the same title may share a chart.

    Scores of which nothing is known share an axis only with the same metric of other tasks.

    Args:
        unit: Unit of the metric.
        metric: Its name without the task.
    """
    found = unit_of(unit)
    return found.title if found.one_axis else metric.replace("_", " ")
