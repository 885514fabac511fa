"""What to do about a rule that the run leaves open: how many items would decide it, and how to get them."""

from __future__ import annotations

import math
from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING, Any

from audit.core.errors import AuditError
from audit.core.names import CHECKS, PERTURBED, asked_again, check_of, plain_name
from audit.gate.settling import CLUSTERED, items_for_ratio, items_needed, shrinks
from audit.stats.aggregate import UNSCORED
from audit.stats.definitions import Mean, read
from audit.stats.definitions.base import is_scored
from audit.stats.records import Records

if TYPE_CHECKING:
    from audit.core.records import Metric, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule

MORE = "measure more items"
ORDER, *_, TWINS = CHECKS


class Advisor:
    """Says what would settle rules on the metrics of one run.

    Args:
        run: Its folder.
        manifest: Its manifest.
        measured: Its metrics.
        records: Its samples, in which clusters are counted; None reads them.
    """

    def __init__(
        self, run: RunFolder, manifest: RunManifest, measured: Measured, records: Records | None = None
    ) -> None:
        self._run = run
        self._manifest = manifest
        self._measured = measured
        self._records = records or Records(run)

    def on_interval(self, rule: Rule, metric: Metric) -> str:
        """What would settle a rule whose limit lies inside the interval of its metric."""
        return self._advice(metric, items_needed(metric, rule.min, rule.max, self._of_interval(metric)))

    def on_ratio(self, metric: Metric, ratio: float) -> str:
        """What would make the squared width of an interval smaller by a ratio."""
        return self._advice(
            metric, items_for_ratio(metric, ratio, self._of_interval(metric)) if shrinks(metric) else None
        )

    def _of_interval(self, metric: Metric) -> list[int] | None:
        """The clusters behind an interval; samples are read only where there are some."""
        return self.clusters(metric) if metric.ci_method in CLUSTERED else None

    def _advice(self, metric: Metric, needed: float | None) -> str:
        if needed is None:
            return MORE
        if math.isinf(needed):
            return "the value lies on the limit: no number of items would decide it"
        count = rounded_up(needed)
        what = counted_in(metric.task) + (" of the slice" if metric.slice else "")
        estimate = f"about {count:,} {what} would decide this if the value stays; the run has {metric.n:,}"
        return estimate + self._how(metric, count / metric.n)

    def _how(self, metric: Metric, factor: float) -> str:
        """Where the items are to come from: the limit of the task so many times as large, if its data has them."""
        return self.more(metric.task, factor)

    def more(self, task: str, factor: float) -> str:
        """Where so many times as many items of a task are to come from, in words that end a sentence."""
        limit = self.limit(task)
        available, drawn = self._available(task), self._drawn(task)
        unit = " items" if asked_again(task) else ""  # the rule counts samples there
        if limit is None:
            return ""
        if "import" in self._manifest.config:
            return ", and its log has no more, so that only a longer log can decide it"
        if math.isinf(limit) or (limit >= 1 and drawn is not None and drawn < limit):
            all_of_it = f" and its data set no more{_of(available, unit)}"
            return f"{all_of_it}, so that only another limit or other data can decide it"
        larger = math.ceil(limit * factor) if limit >= 1 else limit * factor
        most = available if limit >= 1 else 1
        if most is not None and larger > most:
            return f" and its data set not enough{_of(available, unit)}"
        typed = f"{larger:.3g}" if limit < 1 else str(larger)
        typed = "all" if limit < 1 and typed == "1" else typed  # --limit 1 is one item
        return f"{_has(available, unit)}. Add items: {self.extending(typed)}"

    def _available(self, task: str) -> int | None:
        """Number of items that a task could have had; of their order, or asked again, those of the benchmark."""
        known, counts = check_of(task), self._manifest.items_available
        return counts.get(known[0] if known is not None and known[1] == ORDER else plain_name(task))

    def _drawn(self, task: str) -> float | None:
        """Number of items that the limit drew; None where samples do not tell.

        A sample of the order test is a shard of many items, a twin is a sample next to its problem, and an item is
        perturbed several times.
        """
        count, known = self._measured.find(f"{task}/{UNSCORED}"), check_of(task)
        check = known[1] if known is not None else None
        if count is None or check == ORDER or asked_again(task):
            return None
        return count.n / 2 if check == TWINS else count.n

    def extending(self, limit: str) -> str:
        """The command that gives the run more items."""
        return f"audit run --extend {quote(str(self._run.path))} --limit {limit}"

    def command(self, task: str, factor: float) -> str:
        """The command that makes the limit of a task so many times as large; empty where nothing can be added."""
        return self.more(task, factor).partition("Add items: ")[2]

    def limit(self, task: str) -> float | None:
        """The limit that the task was drawn with, infinite for all items; None where it is not known.

        It is not where the items are named, of a task of a group, and where fewer items are perturbed than are asked.
        """
        config: dict[str, Any] = self._manifest.config
        evals = config.get("evals") or {}
        if task.endswith(PERTURBED) and (evals.get("robustness") or {}).get("limit") is not None:
            return None
        task = plain_name(task)
        if task in (evals.get("samples") or {}):
            return None
        tasks = [one for suite in ("evals", "safety") for one in (config.get(suite) or {}).get("tasks", [])]
        mine = next((one for one in tasks if one.get("name") == task), None)
        if mine is None:
            return None
        limit = mine.get("limit") or "all"
        return math.inf if limit == "all" else float(limit)

    def clusters(self, metric: Metric) -> list[int] | None:
        """Scored items of each cluster behind a metric; None where they are not at hand, or there are none.

        The definition of a metric says which samples it covers and what their clusters are; a metric without one is
        taken for a mean of their scores.
        """
        known = metric.model_copy(update={"definition": metric.definition or Mean().written()})
        try:
            definition, samples = read(known.definition or {}), self._records.of(known)
        except (AuditError, TypeError):
            return None
        inside = definition.select(samples, metric.slice)
        items = Counter(definition.unit_of(sample) for sample in inside if is_scored(sample))
        return [max(1, items[unit]) for unit in definition.resample(inside).units] or None


def counted_in(task: str) -> str:
    """What the values of a task are counted in: an item has a sample of each perturbation, or of each budget."""
    return "perturbed samples" if task.endswith(PERTURBED) else "samples" if asked_again(task) else "items"


def rounded_up(count: float) -> int:
    """Three significant digits, upwards: a few too many decide it, a few too few do not."""
    whole = math.ceil(count - 1e-9)
    step: int = 10 ** max(0, len(str(whole)) - 3)
    return math.ceil(whole / step) * step


def _of(available: int | None, unit: str) -> str:
    return "" if available is None else f" ({available:,}{unit} in all)"


def _has(available: int | None, unit: str) -> str:
    return "" if available is None else f", its data set {available:,}{unit}"
