"""A compression check as one HTML file in the look of the report card: no script, nothing to load.

Names of checkpoints, tasks and slices are untrusted: Jinja2 escapes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import interval, metric_label, number, size_text
from audit.reports.command_text import commands_in, widest, without_commands
from audit.reports.comparison.figures import difference_figures
from audit.reports.drawing.charts import IntervalRow, interval_chart
from audit.reports.drawing.figure import Figure
from audit.reports.drawing.page import environment, page_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import MetricDifference
    from audit.core.records.many.compression import CompressedTwin, CompressionCheck, Estimated, LanguageFit

MOST_SLICES = 20
"""Slices that are listed for each checkpoint."""
OUTCOMES = {"better": "is-pass", "worse": "is-fail", "too few items to tell": "is-unsure"}


def page_of(found: CompressionCheck, titles: Mapping[str, str]) -> str:
    """The page, as HTML text.

    Args:
        found: The check.
        titles: Titles of metrics, from :func:`audit.reports.comparison.titles.titles`.
    """
    primary = {
        twin.label: [one for one in twin.comparison.differences if one.primary and one.slice is None and not one.error]
        for twin in found.twins
    }
    return (
        environment()
        .get_template("compression.html.j2")
        .render(
            found=found,
            style=page_style(),
            distances=_distance_figures(found),
            languages=_language_figures(found),
            primary=primary,
            tasks={label: difference_figures(ones) for label, ones in primary.items()},
            slices=_slices(found),
            most_slices=MOST_SLICES,
            title_of=lambda one: titles.get(metric_label(one), ""),
            adding={twin.label: _adding(twin) for twin in found.twins},
            without_commands=without_commands,
            interval=interval,
            number=number,
            size_text=size_text,
            outcome_class=lambda one: OUTCOMES.get(one.outcome or "", "is-none"),
        )
    )


def _adding(twin: CompressedTwin) -> list[str]:
    """The commands that add items for the reasons of a checkpoint; of those that differ in the limit, the widest."""
    opened = [check.reason for check in twin.decision.checks if check.verdict != "PASS"]
    named = (reason.removeprefix(without_commands(reason)) for reason in opened)
    return widest(command for ending in named for command in commands_in(ending))


def _slices(found: CompressionCheck) -> dict[str, list[MetricDifference]]:
    """Differences of the slices that are worse, by checkpoint."""
    slices: dict[str, list[MetricDifference]] = {}
    for twin in found.twins:
        by_label = {metric_label(one): one for one in twin.comparison.differences}
        slices[twin.label] = [by_label[label] for label in twin.broken_slices[:MOST_SLICES]]
    return slices


def _distance_figures(found: CompressionCheck) -> list[Figure]:
    """Divergence and agreement of all checkpoints that have them."""
    there = [(twin.label, twin.divergence) for twin in found.twins if twin.divergence]
    if not there:
        return []
    kl = [_row(label, one.kl_divergence, _two_digits(one.kl_divergence)) for label, one in there]
    top = [_row(label, one.top1_agreement, number(one.top1_agreement.value, "share")) for label, one in there]
    return [
        _figure("KL divergence from the original, in nats per position; 0 is equal", kl, "nats", 0.0, "KL divergence"),
        _figure("Positions at which both have the same likeliest token", top, "share", 1.0, "top-1 agreement"),
    ]


def _language_figures(found: CompressionCheck) -> list[Figure]:
    """Change of bits per byte, a chart for each checkpoint."""
    return [
        _figure(
            f"{twin.label}: change of bits per byte by language, compressed minus original; above 0 is worse",
            [_of_language(fit) for fit in twin.languages],
            "bits_per_byte",
            0.0,
            "difference (bits per byte)",
        )
        for twin in found.twins
        if twin.languages
    ]


def _row(label: str, one: Estimated, text: str) -> IntervalRow:
    """A number of one checkpoint as a line of a chart."""
    return IntervalRow(label, one.value, one.ci_low, one.ci_high, text, "evals")


def _two_digits(one: Estimated) -> str:
    """A number and its interval with two digits each: divergences differ by orders of magnitude."""
    ends = "" if one.ci_low is None else f" ({one.ci_low:.2g} to {one.ci_high:.2g})"
    return f"{one.value:.2g}{ends}"


def _of_language(fit: LanguageFit) -> IntervalRow:
    """A language as a line of a chart."""
    one = fit.bits_per_byte
    return IntervalRow(
        fit.language, one.difference, one.ci_low, one.ci_high, f"{one.difference:+.3g}", "evals", fit.texts
    )


def _figure(caption: str, rows: Sequence[IntervalRow], unit: str, reference: float, axis: str) -> Figure:
    """A chart with its words."""
    svg = interval_chart(list(rows), unit=unit, suite="evals", reference=reference, change=axis)
    return Figure(f"{caption}.", "; ".join(f"{row.label}: {row.text}" for row in rows), svg)
