"""Differences of two runs on one scale, so that metrics in different units can be compared at a glance.

The scale is a share of each unit's range, and better is to the right: the difference is turned round where lower is
better. A metric of which neither end is good, or whose unit has no range, has no place on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core import words
from audit.core.formatting import counted, interval, metric_label, number, signed
from audit.core.units import unit_of
from audit.reports.comparison.mismatch_text import outcome_text
from audit.reports.comparison.series_text import p_text
from audit.reports.drawing.charts import ends_to_draw
from audit.reports.drawing.page import environment, style_sheet, theme_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from audit.core.records import Comparison, Metric, MetricDifference, RunManifest

TESTS = {
    "mcnemar_exact": "McNemar's exact test",
    "sign_flips_exact": "exact sign-flip test",
    "sign_flips": "sign-flip test",
    "student_t": "paired t-test",
    "clustered_t": "paired t-test by cluster",
    "jackknife_t": "jackknife t-test",
    "bca_bootstrap": "bootstrap test",
}
"""Names of :attr:`audit.core.records.MetricDifference.test` in words."""
SIGNS = {
    "worse": ("is-fail", "▼"),
    "better": ("is-pass", "▲"),
    "higher": ("is-unsure", "▲"),
    "lower": ("is-unsure", "▼"),
}
"""Colour and sign of each outcome that is shown; all others are neutral."""
ORDER = ("worse", "higher", "lower", "better")
"""Outcomes from what needs a reader first; all others follow."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A difference on the common scale, in percent of the bar's width; 50 is no difference."""

    difference: MetricDifference
    """The difference."""
    at: float | None
    """Place of the difference; null where it has none on the scale."""
    low: float | None
    """Place of the end of the interval on the bad side; null where no interval is drawn."""
    high: float | None
    """Place of the other end."""
    margin: float | None
    """Half the width of what does not matter; null where nobody says."""


def shifts(compared: Sequence[MetricDifference], looked_at: Collection[str] = ()) -> tuple[list[Shift], float]:
    """The rows of the picture, what is shown to be worse first; and half the width of the scale.

    Args:
        compared: Each with a difference.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.

    Returns:
        The rows; and the difference at the right end, as a share of a unit's range.
    """
    found = [_placed(one, looked_at) for one in compared]
    reach = max((abs(place) for _, *places in found for place in places if place is not None), default=0.0) or 1.0

    def percent(place: float | None, start: float = 50.0) -> float | None:
        return None if place is None else start + 50 * place / reach

    rows = [
        Shift(one, percent(at), percent(low), percent(high), percent(margin, 0.0))
        for one, at, low, high, margin in found
    ]
    return sorted(rows, key=_urgency), reach


def picture(found: Comparison, manifest: RunManifest, metrics: Sequence[Metric], href: Callable[[str], str]) -> str:
    """The differences of the primary metrics as an HTML element with its own style sheet; all text is escaped.

    Args:
        found: What was compared.
        manifest: Of the candidate, which has the words.
        metrics: Its metrics.
        href: The address of the changed items of a task, given ``suite/task``; empty for nothing.
    """
    rows, reach = shifts([one for one in found.differences if one.error is None], found.looked_at)
    known = {(one.name, str(one.slice)): one for one in metrics}
    variables: dict[str, Any] = {
        "rows": rows,
        "reach": f"{100 * reach:.2g}",
        "title": lambda one: _title(manifest, known.get((one.name, str(one.slice))), one),
        "sign": lambda one: SIGNS.get(one.outcome or "", ("is-none", "–")),
        "outcome_text": outcome_text,
        "signed": signed,
        "interval": interval,
        "says": says,
        "href": href,
    }
    body = environment().get_template("shifts.j2").render(variables)
    style = f"{theme_variables()} {style_sheet('glance.css')} {style_sheet('shifts.css')}"
    return f'<style>.shifts {{ {style} }}</style><div class="shifts">{body}</div>'


def says(one: MetricDifference) -> str:
    """Both values, the items, and the test, in one line."""
    parts = [f"{number(one.baseline, one.unit)} before, {number(one.candidate, one.unit)} now ({one.unit})"]
    moved = (
        "" if one.higher is None else f", {one.higher:,} with a higher value and {one.lower or 0:,} with a lower one"
    )
    parts.append(f"{counted(one.n, 'item')}{moved}")
    if one.test is not None:
        adjusted = f", {p_text(one.p_adjusted)} adjusted" if one.p_adjusted is not None else ""
        parts.append(f"{TESTS.get(one.test, one.test)}: p {_equals(p_text(one.p_value))}{adjusted}")
    parts += [f"left out: {one.missing}"] if one.missing else []
    parts += [f"no interval: {one.no_interval}"] if one.no_interval else []
    return "; ".join(parts)


def _equals(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _title(manifest: RunManifest, metric: Metric | None, one: MetricDifference) -> str:
    return words.full_title(manifest, metric) if metric else metric_label(one)


def _placed(
    one: MetricDifference, looked_at: Collection[str]
) -> tuple[MetricDifference, float | None, float | None, float | None, float | None]:
    """Difference, ends of the interval from bad to good, and margin, as shares of the unit's range."""
    whole = unit_of(one.unit).whole_range
    if whole is None or one.higher_is_better is None or one.difference is None:
        return one, None, None, None, None
    factor = (1 if one.higher_is_better else -1) / (whole[1] - whole[0])
    ends = [end for end in ends_to_draw(one.task, (one.ci_low, one.ci_high), looked_at) if end is not None]
    low, high = sorted(factor * end for end in ends) if len(ends) == 2 else (None, None)
    return one, factor * one.difference, low, high, None if one.margin is None else abs(factor) * one.margin


def _urgency(row: Shift) -> tuple[int, bool, float]:
    outcome = row.difference.outcome or ""
    return ORDER.index(outcome) if outcome in ORDER else len(ORDER), row.at is None, row.at or 0.0
