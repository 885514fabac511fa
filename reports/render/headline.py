"""The head of the card: what a reader should know after a minute, one sentence each, linked to its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from audit.core import words
from audit.core.formatting import counted, interval, metric_label, signed
from audit.core.units import SHARE_SCALES, unit_of
from audit.gate.decide import verdict_line
from audit.reports.render.anchors import anchor
from audit.reports.render.glance import place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from audit.core.records import Decision, Metric, MetricDifference, RunManifest
    from audit.reports.comparison.baseline_contents import BaselineContents
    from audit.reports.not_assessed import Unassessed


HALF = 0.5
NO_STRENGTH = (
    "None: no metric of capability is shown to be better than guessing or, where the result of guessing is unknown, to "
    "reach half of its best value."
)


@dataclass(frozen=True, slots=True)
class Headline:
    """One sentence of the summary."""

    label: str
    """What it is about, e.g. ``Worst harm``."""
    text: str
    """The sentence."""
    anchor: str = ""
    """Where its evidence is on the page; empty where nothing more is to be seen."""
    link: str = ""
    """Text of the link."""


def headlines(
    manifest: RunManifest,
    metrics: Sequence[Metric],
    decision: Decision | None,
    gaps: Sequence[Unassessed],
    baseline: BaselineContents | None = None,
) -> list[Headline]:
    """At most eight sentences, from whether the run is whole to how sure its numbers are.

    Args:
        manifest: Of the run.
        metrics: All its metrics.
        decision: The verdict on it.
        gaps: What was not assessed.
        baseline: The run to show it next to.
    """
    looked_at = manifest.looked_at
    primary = [one for one in metrics if one.primary and one.slice is None and one.value is not None]
    able = list(_placed((one for one in primary if one.suite == "evals"), looked_at))
    harm = list(_placed((one for one in primary if one.suite == "safety"), looked_at))

    def about(label: str, metric: Metric) -> Headline:
        said = words.sentence(metric, narrow=metric.task in looked_at)
        named = said.startswith(f"{words.metric_title(metric)}:")
        title = words.task_title(manifest, metric.task) if named else words.full_title(manifest, metric)
        return Headline(label, f"{title}. {said}", anchor(metric.suite, metric.task), "Show")

    found = [_unfinished(manifest), _decided_by(manifest, metrics, decision)]
    strong = [(least, most, one) for least, most, one in able if _is_strength(one, least, looked_at)]
    best = max(strong, key=lambda one: one[0], default=None)
    others = [one for one in able if best is None or one[2].task != best[2].task]
    weakest = len(others) > (best is None)  # the only task is not the weakest
    found += [about("Strongest", best[2])] if best else []
    found += [Headline("Strongest", NO_STRENGTH, "measured", "Show")] if able and not best else []
    found += [about("Weakest", min(others, key=lambda one: one[1])[2])] if weakest else []
    found += [about("Worst harm", min(harm, key=lambda one: one[1])[2])] if harm else []
    found += [_change(manifest, metrics, decision, baseline), _missing(manifest, gaps), _how_sure(primary, looked_at)]
    return [sentence for sentence in found if sentence is not None]


def _is_strength(metric: Metric, least: float, looked_at: Collection[str]) -> bool:
    """Whether an interval shows a strength: it beats guessing, and where nobody knows that level, half of the way.

    Args:
        metric: Of capability.
        least: What its interval shows at least, as a share of the way to its best value.
        looked_at: Tasks whose intervals are too narrow.
    """
    if metric.ci_low is None or metric.ci_high is None or metric.task in looked_at:
        return False
    graded = words.grade(metric)
    return least > HALF if graded == words.Grade.NONE else graded == words.Grade.GOOD


def _placed(metrics: Iterable[Metric], looked_at: Collection[str]) -> Iterable[tuple[float, float, Metric]]:
    """Metrics that have a place on the scale from worst to best, with what their interval shows at least and at most.

    Both as a share of the way from guessing to the best. A strength counts by the bad end of its interval, a weakness
    and a harm by the good end, so that luck on few items makes neither.
    """
    for metric in metrics:
        ends = [metric.value] if metric.task in looked_at else [metric.value, metric.ci_low, metric.ci_high]
        places = [at for end in ends if end is not None and (at := place(end, metric)) is not None]
        zero = place(metric.chance, metric) if metric.chance is not None and metric.chance != metric.ideal else 0.0
        if places and zero is not None and zero < 1:
            least, most = ((at - zero) / (1 - zero) for at in (min(places), max(places)))
            yield least, most, metric


def _unfinished(manifest: RunManifest) -> Headline | None:
    if manifest.broken:
        return Headline("Broken", f"{manifest.broken}. Nothing was measured.", "problems", "More")
    if manifest.status in {"running", "failed"}:
        state = "is not finished" if manifest.status == "running" else "failed"
        return Headline("Unfinished", f"The run {state}: what follows is what it measured so far.", "problems", "More")
    return None


def _decided_by(manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None) -> Headline | None:
    if decision is None:
        return None
    verdicts = ("FAIL", "INCONCLUSIVE")
    deciding = [check for verdict in verdicts for check in decision.checks if check.blocking == verdict]
    if not deciding:
        return Headline("Decided by", _none_blocks(decision), "verdict", "Rules")
    first = deciding[0]
    failing = sum(check.blocking == "FAIL" for check in deciding)
    open_ = len(deciding) - failing
    said = [f"{counted(failing, 'check')} failed"] if failing else []
    said += [f"{counted(open_, 'check')} inconclusive"] if open_ else []
    about = next((one for one in metrics if one.name == first.metric and one.slice is None), None)
    name = words.task_title(manifest, about.task) if about else first.metric
    which = ", first of all" if len(deciding) > 1 else " on"
    return Headline("Decided by", f"{' and '.join(said)}{which} {name}: {first.reason}.", "verdict", "Rules")


def _none_blocks(decision: Decision) -> str:
    """That no check stands against a release, and how many only do not count: waived ones, and those that warn."""
    if any(check.verdict != "PASS" for check in decision.checks):
        return f"No check blocks the release: {verdict_line(decision)}."
    total = len(decision.checks)
    return "The only check passes." if total == 1 else f"All {total} checks pass."


def _change(
    manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None, baseline: BaselineContents | None
) -> Headline | None:
    """The largest difference from the baseline that is shown, in widths of its own interval; how many items changed."""
    checks = decision.checks if decision else ()
    differences = [check.baseline.difference for check in checks if check.baseline]
    items = _changed_items(baseline) if baseline else ""
    if not differences:
        return Headline("Against the baseline", items, "changes", "Changed items") if items else None
    shown = [(size, one) for one in differences if (size := _shown_by(one)) > 0]
    place = ("changes", "Changed items") if items else ("verdict", "Rules")
    if not shown:
        text = f"No difference is shown in the {counted(len(differences), 'metric')} that rules compare."
        return Headline("Against the baseline", f"{text} {items}".strip(), *place)
    _, largest = max(shown, key=lambda pair: pair[0])
    word = {"better": "better", "worse": "worse"}.get(largest.outcome or "", "different")
    change = signed(largest.difference or 0.0, largest.unit)
    ends = interval(largest.ci_low, largest.ci_high, largest.unit)
    title = next((words.full_title(manifest, one) for one in metrics if _is_about(one, largest)), metric_label(largest))
    text = f"The clearest change is in {title}, {word} by {change} ({ends}, {unit_of(largest.unit).title})."
    return Headline("Against the baseline", f"{text} {items}".strip(), *place)


def _changed_items(baseline: BaselineContents) -> str:
    """How many items were scored otherwise, of how many, and what could not be compared."""
    tasks = [task for task in baseline.changes if task.changed]
    of = sum(task.both for task in baseline.shared)
    refused = sum(len(metrics) for metrics in baseline.not_compared.values())
    apart = sum(task.is_apart for task in baseline.shared)
    said = []
    if tasks:
        changed = sum(task.changed for task in tasks)
        where = counted(len(tasks), "task")
        said += [f"{changed:,} of the {counted(of, 'item')} that both scored changed their score, in {where}."]
    elif baseline.metrics or refused:
        said += [baseline.none_changed]
    if apart:
        of_tasks = f"{apart} of {counted(len(baseline.shared), 'task')}"
        said += [f"In {of_tasks} the runs scored different items, so that their numbers differ for that reason, too."]
    if refused:
        said += [f"{counted(refused, 'metric')} could not be compared."]
    return " ".join(said)


def _is_about(metric: Metric, difference: MetricDifference) -> bool:
    """Whether a difference is one of this metric."""
    return (metric.name, metric.slice) == (difference.name, difference.slice)


def _shown_by(difference: MetricDifference) -> float:
    """How far an interval lies from zero, in its own widths; 0 where it holds zero or there is none."""
    low, high = difference.ci_low, difference.ci_high
    if low is None or high is None or low <= 0 <= high:
        return 0.0
    return min(abs(low), abs(high)) / max(high - low, 1e-300)


def _missing(manifest: RunManifest, gaps: Sequence[Unassessed]) -> Headline | None:
    if manifest.not_run:
        names = [words.task_title(manifest, task.task) for task in manifest.not_run]
        text = f"{counted(len(names), 'task')} did not run: {_some(names)}."
        return Headline("Not measured", text, "problems", "Why")
    if gaps:
        text = f"{counted(len(gaps), 'question')}: {_some([gap.said for gap in gaps])}."
        return Headline("Left open", text, "not-assessed", "Which")
    return None


def _some(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return "; ".join(names[:3]) + more if any(", " in name for name in names[:3]) else ", ".join(names[:3]) + more


def _how_sure(primary: Iterable[Metric], looked_at: Collection[str]) -> Headline | None:
    """The typical width of the intervals of shares and percentages, in points."""
    found = [
        ((metric.ci_high - metric.ci_low) * 100 / SHARE_SCALES[metric.unit] / 2, metric.n)
        for metric in primary
        if metric.unit in SHARE_SCALES
        and metric.task not in looked_at
        and metric.ci_low is not None
        and metric.ci_high is not None
    ]
    if not found:
        return None
    width, items = median(width for width, _ in found), median(n for _, n in found)
    about = f"{width:.0f}" if width >= 2 else f"{width:.2g}"
    text = (
        f"A typical share is known to about ±{about} percentage points, "
        f"from {counted(round(items), 'item')}; half that width takes four times the items."
    )
    return Headline("How sure", text, "measured", "Intervals")
