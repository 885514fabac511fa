"""A run as one JSON object, for scripts that want the card's content without its form."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from audit.core.sensitive import is_completion_hidden

if TYPE_CHECKING:
    from audit.core.records import Drivers, Sample
    from audit.reports.comparison.baseline_contents import BaselineContents
    from audit.reports.contents import RunContents, TaskContents

COMPLETION_TEXTS = {"text", "thinking"}
"""Fields of a completion that hold text of checkpoints."""
TEXTS: dict[str, Any] = {
    **dict.fromkeys(("prompt", "reference", "thinking", "output", "options"), True),
    "choice": {"options"},
    "completions": {"__all__": COMPLETION_TEXTS},
}
"""Fields of a sample that hold text of data sets and checkpoints."""


def render(contents: RunContents) -> str:
    """Manifest, metrics, verdict, error analysis and ratings as JSON text.

    Keys: ``manifest``, ``metrics_sha256``, ``decision`` (null without a verdict on these metrics),
    ``stale_decision`` (whether a verdict exists that is not shown), ``stale_reason`` (why), ``baseline`` (null without
    one: ``run``, the ``metrics`` that may be compared, ``changes`` with the number of items by task), ``no_baseline``
    (why that of the verdict is not shown), ``tasks`` (each with ``suite``, ``task``, ``metrics``, ``analysis``,
    ``attributions``), ``scoring`` (tasks that ask the same questions by likelihood and by generation), ``drivers``
    (null where the run looked for none; without hidden words), ``ratings`` and ``people`` (by project: agreement, and
    metrics against people).

    Samples other than the listed ones stay in the run folder's Parquet files. The texts and attributions of samples
    that the card hides are left out, as are hidden completions of other samples. What single attention heads look at
    stays in the run folder's attribution files, for its size.
    """
    report = {
        "manifest": contents.manifest.model_dump(mode="json"),
        "metrics_sha256": contents.metrics_sha256,
        "decision": contents.decision.model_dump(mode="json") if contents.decision else None,
        "stale_decision": contents.stale_decision,
        "stale_reason": contents.stale_reason,
        "baseline": _baseline(contents.baseline) if contents.baseline else None,
        "no_baseline": contents.no_baseline,
        "tasks": [_task(task) for task in contents.tasks],
        "scoring": [asdict(one) for one in contents.scoring],
        "drivers": _drivers(contents.drivers) if contents.drivers else None,
        "ratings": [rating.model_dump(mode="json") for rating in contents.ratings],
        "people": [one.model_dump(mode="json") for one in contents.people],
    }
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _baseline(baseline: BaselineContents) -> dict[str, Any]:
    """Numbers alone: the changed items are in the run folders."""
    names = ("task", "n", "changed", "up", "down", "reworded")
    return {
        "run": baseline.reference.model_dump(mode="json"),
        "metrics": [metric.model_dump(mode="json") for metric in baseline.metrics.values()],
        "changes": [{name: getattr(task, name) for name in names} for task in baseline.changes],
    }


def _drivers(drivers: Drivers) -> dict[str, Any]:
    """Without the words that a reader must ask for."""
    groups = [
        group.model_copy(update={"tested": [driver for driver in group.tested if not driver.hidden]})
        for group in drivers.groups
    ]
    return drivers.model_copy(update={"groups": groups}).model_dump(mode="json")


def _task(task: TaskContents) -> dict[str, Any]:
    metrics = [*task.metrics, *([task.unscored] if task.unscored else []), *task.slices]
    analysis = None
    if task.analysis:
        listed = [_sample(sample, hidden=task.hides(sample.sample_id)) for sample in task.analysis.listed]
        analysis = {**asdict(task.analysis), "listed": listed}
    shown = [attribution for attribution in task.attributions if not task.hides(attribution.sample_id)]
    return {
        "suite": task.suite,
        "task": task.task,
        "metrics": [metric.model_dump(mode="json") for metric in metrics],
        "analysis": analysis,
        "attributions": [attribution.model_dump(mode="json", exclude={"heads"}) for attribution in shown],
    }


def _sample(sample: Sample, *, hidden: bool) -> dict[str, Any]:
    """A sample; without its texts, or those of some completions, where a reader must ask for them."""
    veiled = [index for index, one in enumerate(sample.completions) if is_completion_hidden(sample, one)]
    some = {"completions": dict.fromkeys(veiled, COMPLETION_TEXTS)} if veiled else None
    return sample.model_dump(mode="json", exclude=TEXTS if hidden else some)
