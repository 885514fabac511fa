"""From a task's items to its metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lm_eval.api.metrics import (
    bits_per_byte,
    bleu,
    chrf,
    chrfpp,
    f1_score,
    matthews_corrcoef,
    mean,
    perplexity,
    weighted_perplexity,
)

from audit.core.records import Metric
from audit.evals.answer_scores import UNPARSED
from audit.evals.corpus_scores import CorpusMetric
from audit.evals.macro_scores import NAMES, macro_intervals, macro_scores
from audit.evals.samples import RENAMED, is_number
from audit.stats.aggregate import (
    IF_RIGHT,
    IF_WRONG,
    TRUNCATED_OUTPUT,
    TRUNCATED_OUTPUTS,
    failed_metric,
    is_scored,
    mean_metric,
    unscored_metric,
    with_missing,
)
from audit.stats.definitions.mean import SCORES, Mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lm_eval.api.task import Task

    from audit.core.records import Sample
    from audit.evals.catalogue import OwnTask
    from audit.evals.samples import Item
    from audit.stats.intervals import Interval

UNITS = {
    "accuracy": "share",
    "normalised_accuracy": "share",
    "exact_match": "share",
    "exact_match_strict": "share",
    "mean_squared_error": "squared_error",
    "bleu_max": "bleu",
    "chrf_max": "chrf",
}
"""Units of means, by metric; all others are a ``score``."""
AGGREGATED: dict[Callable[..., float], str] = {
    bits_per_byte: "bits",
    bleu: "bleu",
    chrf: "chrf",
    chrfpp: "chrf",
    f1_score: "share",
    matthews_corrcoef: "correlation",
    perplexity: "perplexity",
    weighted_perplexity: "perplexity",
}
"""Units of lm-eval's corpus statistics; those of other tasks' own functions are a ``score``."""
OF_MEAN = {"squared_error": "mean_squared_error"}
"""Per-item value to the name of its mean, where they differ."""
NO_INTERVAL = "no interval: a corpus statistic of lm-eval, which has no value per item"


def make_metrics(
    task: Task, items: Sequence[Item], samples: Sequence[Sample], own: OwnTask | None, *, seed: int, resamples: int
) -> list[Metric]:
    """All metrics of a task, primary ones first.

    Args:
        task: lm-eval's task.
        items: Its items.
        samples: Their records, parallel to ``items``.
        own: The audit's part of its task file; None for a task of lm-eval.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
    """
    names = list(dict.fromkeys(name for item in items for name in item.values if name != UNPARSED))
    primary = own.primary if own and own.primary else _primary(names)
    build = _Builder(task, items, samples, seed, resamples)
    metrics = [build.metric(name, primary=name in primary) for name in names]
    if own and own.classes:
        metrics += build.macro()
    if any(UNPARSED in item.values for item in items):
        metrics.append(build.flagged(UNPARSED, "unparsed_answers"))
    metrics.append(build.flagged("truncated_prompt", "truncated_prompts"))
    if task.OUTPUT_TYPE == "generate_until":
        metrics += [bound for name in names for bound in build.bounds(name)]
        metrics.append(build.flagged(TRUNCATED_OUTPUT, TRUNCATED_OUTPUTS))
    metrics.append(unscored_metric("evals", samples[0].task, samples))
    return sorted(metrics, key=lambda metric: not metric.primary)


def _primary(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics of a task of lm-eval that the summary shows."""
    known = [name for name in ("accuracy", "normalised_accuracy", "exact_match") if name in names]
    return tuple((known or list(names))[:2])


class _Builder:
    """Builds the metrics of one task."""

    def __init__(self, task: Task, items: Sequence[Item], samples: Sequence[Sample], seed: int, resamples: int) -> None:
        self.task = task
        self.items = items
        self.samples = samples
        self.seed = seed
        self.resamples = resamples

    def metric(self, name: str, *, primary: bool) -> Metric:
        """One metric: a mean of item values, or a statistic of the whole corpus."""
        values = [None if item.error else item.values.get(name) for item in self.items]
        original, aggregation = self._aggregation(name)
        better = self.task.higher_is_better().get(original)
        if aggregation in {None, mean} and all(value is None or isinstance(value, float) for value in values):
            title = OF_MEAN.get(name, name)
            kind = OF_MEAN.get(original, RENAMED.get(original, original))
            made = mean_metric(
                self.samples,
                title,
                values,
                unit=UNITS.get(kind, "score"),
                higher_is_better=better,
                seed=self.seed,
                resamples=self.resamples,
                primary=primary,
                definition=Mean(of=f"{SCORES}{name}"),
            )
            told = made.definition is not None or made.value is None
            return made if told else with_missing(made, self._missing(values))
        usable = [value for value in values if value is not None]
        if aggregation is None or not usable:
            reason = f"none of {len(values)} items could be scored"
            return failed_metric("evals", self.samples[0].task, name, reason, primary=primary)
        value, interval, note = float(aggregation(usable)), None, NO_INTERVAL
        if isinstance(aggregation, CorpusMetric):
            interval = aggregation.interval(usable, seed=self.seed, resamples=self.resamples)
            note = aggregation.signature
        unit = aggregation.unit if isinstance(aggregation, CorpusMetric) else AGGREGATED.get(aggregation, "score")
        made = self._make(name, value, len(usable), interval, better=better, unit=unit, primary=primary, note=note)
        return with_missing(made, self._missing(values))

    def bounds(self, name: str) -> list[Metric]:
        """What a share is if every answer that the bound of tokens cut is wrong, and if every one is right.

        Returns:
            Two metrics; none where no answer was cut, or where items have other values than 0 and 1.
        """
        values = [None if item.error else item.values.get(name) for item in self.items]
        cut = [TRUNCATED_OUTPUT in sample.flags for sample in self.samples]
        original, aggregation = self._aggregation(name)
        known = [value for value in values if value is not None]
        is_share = aggregation in {None, mean} and original not in OF_MEAN and all(is_number(v) for v in known)
        if not is_share or not any(cut) or not {0.0, 1.0}.issuperset(known):
            return []
        better = self.task.higher_is_better().get(original)
        worst = 1.0 if better is False else 0.0
        return [
            mean_metric(
                self.samples,
                f"{name}{ending}",
                [end if is_cut and value is not None else value for value, is_cut in zip(values, cut, strict=True)],
                unit="share",
                higher_is_better=better,
                seed=self.seed,
                resamples=self.resamples,
                note="one end of what the cut answers leave open",
                definition=Mean(of=f"{SCORES}{name}", if_cut=end),
            )
            for ending, end in ((IF_WRONG, worst), (IF_RIGHT, 1.0 - worst))
        ]

    def macro(self) -> list[Metric]:
        """Macro precision, recall and F1 over the options as classes."""
        choices = [
            (str(sample.reference).strip(), str(sample.output).strip())
            if sample.reference is not None and sample.output is not None and not sample.error
            else None
            for sample in self.samples
        ]
        pairs = [pair for pair in choices if pair is not None]
        if not pairs:
            reason = f"none of {len(self.samples)} items could be scored"
            return [failed_metric("evals", self.samples[0].task, name, reason) for name in NAMES]
        gold, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        intervals = macro_intervals(gold, predicted, seed=self.seed, resamples=self.resamples)
        return [
            with_missing(
                self._make(name, value, len(pairs), intervals[name], better=True, unit="share"), self._missing(choices)
            )
            for name, value in macro_scores(gold, predicted).items()
        ]

    def flagged(self, flag: str, name: str) -> Metric:
        """How many samples carry a flag."""
        count = sum(flag in sample.flags for sample in self.samples)
        return self._make(name, float(count), len(self.samples), None, better=False, unit="count")

    def _aggregation(self, name: str) -> tuple[str, Callable[[Sequence[Any]], float] | None]:
        """lm-eval's name for a metric, without its filter's suffix, and how it is aggregated."""
        aggregations: dict[str, Callable[[Sequence[Any]], float]] = self.task.aggregation()
        for original in sorted(aggregations, key=len, reverse=True):
            shown = RENAMED.get(original, original)
            if name == shown or (shown not in self.items[0].values and name.startswith(f"{shown}_")):
                return original, aggregations[original]
        return name, None

    def _missing(self, values: Sequence[object]) -> int:
        """How many samples were scored and have no value for a metric."""
        return sum(value is None and is_scored(sample) for value, sample in zip(values, self.samples, strict=True))

    def _make(
        self,
        name: str,
        value: float,
        n: int,
        interval: Interval | None,
        *,
        better: bool | None,
        unit: str,
        primary: bool = False,
        note: str | None = None,
    ) -> Metric:
        """A metric with its interval."""
        finite = math.isfinite(value)
        return Metric(
            name=f"{self.samples[0].task}/{name}",
            suite="evals",
            task=self.samples[0].task,
            metric=name,
            value=value if finite else None,
            n=n,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
            ci_method=interval.method if interval else None,
            higher_is_better=better,
            unit=unit,
            primary=primary,
            note=note,
            error=None if finite else "NaN or infinite",
        )
