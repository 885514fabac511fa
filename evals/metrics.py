"""From a task's samples to its metrics, each by a definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

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

from audit.core.records import Flag, Metric
from audit.core.records.flags import OF_ANSWER
from audit.evals.answer_scores import UNPARSED
from audit.evals.corpus_scores import CorpusMetric, WeightedMean
from audit.evals.samples import is_number
from audit.evals.words import is_plain, meaning_of
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, failed_metric, is_scored, unscored_metric
from audit.stats.definitions import Corpus, Count, FlaggedCompletions, Macro, Mean, Perplexity, measured
from audit.stats.definitions.corpora.macro import MEASURES
from audit.stats.definitions.means.mean import SCORES
from audit.stats.harness_names import LENGTH, LOG_LIKELIHOOD, OF_MEAN, RENAMED, UNITS, UNSCORED_ANSWER, primary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lm_eval.api.task import Task

    from audit.core.records import Sample
    from audit.evals.catalogue import OwnTask
    from audit.evals.samples import Item
    from audit.stats.definitions import Definition
    from audit.stats.definitions.chance import Meaning

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
NO_INTERVAL = "a statistic of the whole corpus, computed by the task's own function; items have no values"
"""Why statistics other than means have no interval and no definition."""


def make_metrics(
    task: Task, items: Sequence[Item], samples: Sequence[Sample], own: OwnTask | None, *, seed: int, resamples: int
) -> list[Metric]:
    """All metrics of a task, primary ones first.

    Args:
        task: lm-eval's task.
        items: Its items.
        samples: Their records, parallel to ``items``.
        own: The audit's part of its task file; None for a task of lm-eval.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
    """
    names = list(
        dict.fromkeys(name for item in items for name in item.values if name not in {UNPARSED, UNSCORED_ANSWER})
    )
    primary = own.primary if own and own.primary else primary_of(names)
    build = _Builder(task, items, samples, seed, resamples)
    metrics = [build.metric(name, primary=name in primary) for name in names]
    if own and own.classes:
        metrics += [build.macro(of) for of in MEASURES]
    if any(UNPARSED in item.values for item in items):
        metrics.append(build.flagged("unparsed_answers", Flag.UNPARSED_ANSWER))
    metrics.append(build.flagged("truncated_prompts", Flag.TRUNCATED_PROMPT))
    if task.OUTPUT_TYPE == "generate_until":
        metrics += [bound for name in names for bound in build.bounds(name)]
        metrics.append(build.flagged(TRUNCATED_OUTPUTS, Flag.TRUNCATED_OUTPUT))
    metrics.append(unscored_metric("evals", samples[0].task, samples))
    return sorted(metrics, key=lambda metric: not metric.primary)


@dataclass(frozen=True, slots=True)
class _About:
    """Name and interpretation of a metric."""

    metric: str
    """Its name, without the task."""
    unit: str
    """Of its value."""
    higher_is_better: bool | None
    """Its direction."""
    primary: bool = False
    """Whether the summary table shows it."""
    kind: str = ""
    """The name without the suffix of a filter, if it differs."""


class _Builder:
    """Builds the metrics of one task.

    Args:
        task: lm-eval's task.
        items: Its items.
        samples: Their records, parallel to ``items``.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
    """

    def __init__(self, task: Task, items: Sequence[Item], samples: Sequence[Sample], seed: int, resamples: int) -> None:
        self.task = task
        self.items = items
        self.samples = samples
        self.seed = seed
        self.resamples = resamples
        self.is_plain = is_plain(task, items)

    def metric(self, name: str, *, primary: bool) -> Metric:
        """One metric: a mean of item values, or a statistic of the whole corpus."""
        values = self._values(name)
        usable = [value for value in values if value is not None]
        original, aggregation = self._aggregation(name)
        better = self.task.higher_is_better().get(original)
        is_mean = aggregation in {None, mean} and all(isinstance(value, float) for value in usable)
        kind = OF_MEAN.get(original, RENAMED.get(original, original))
        about = _About(
            OF_MEAN.get(name, name) if is_mean else name,
            UNITS.get(kind, "score") if is_mean or aggregation is None else _unit(aggregation),
            better,
            primary,
            kind,
        )
        broken = sum(isinstance(value, float) and not math.isfinite(value) for value in usable)
        if broken:
            return self._failed(about, f"{broken} of {len(usable)} values are NaN or infinite", len(usable))
        if is_mean:
            return self._measured(Mean(of=f"{SCORES}{name}"), about)
        if aggregation is None or not usable:
            return self._failed(about, f"none of {len(values)} items could be scored")
        definition = self._corpus(name, aggregation)
        if definition is None:
            return self._of_values(about, aggregation, usable)
        return self._measured(definition, about, definition.signature() if isinstance(definition, Corpus) else None)

    def bounds(self, name: str) -> list[Metric]:
        """The value of a share if every answer cut by the token limit is wrong, and if every one is right.

        Returns:
            Two metrics; none where no answer was cut, or where items have other values than 0 and 1.
        """
        known = [value for value in self._values(name) if value is not None]
        cut = any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in self.samples)
        original, aggregation = self._aggregation(name)
        is_share = aggregation in {None, mean} or isinstance(aggregation, WeightedMean)
        if not is_share or not cut or original in OF_MEAN or not all(map(is_number, known)):
            return []
        whole = aggregation.definition(name) if isinstance(aggregation, WeightedMean) else Mean(of=f"{SCORES}{name}")
        if not {0.0, 1.0}.issuperset(value for _, value in whole.values([*_single_answers(self.samples)])):
            return []
        better = self.task.higher_is_better().get(original)
        worst = 1.0 if better is False else 0.0
        return [
            self._measured(
                replace(whole, if_cut=end),
                _About(f"{name}{ending}", "share", better),
                "one end of the range that cut answers leave open",
            )
            for ending, end in ((IF_WRONG, worst), (IF_RIGHT, 1.0 - worst))
        ]

    def macro(self, of: Literal["precision", "recall", "f1"]) -> Metric:
        """Macro precision, recall or F1 over the options as classes."""
        return self._measured(Macro(of=of), _About(f"macro_{of}", "share", True))

    def flagged(self, name: str, flag: Flag) -> Metric:
        """Number of samples with a flag; of answers with it, where items have several."""
        of_answers = flag in OF_ANSWER and any(sample.completions for sample in self.samples)
        kind = FlaggedCompletions if of_answers else Count
        return self._measured(kind(flags=(flag.value,)), _About(name, "count", False))

    def _values(self, name: str) -> list[Any]:
        """The task's value of each item for a metric; None for an item without one."""
        return [None if item.error else item.values.get(name) for item in self.items]

    def _corpus(self, name: str, aggregation: Callable[[Sequence[Any]], float]) -> Definition | None:
        """The definition of a statistic of the whole corpus; None if it does not use the samples' fields."""
        if isinstance(aggregation, CorpusMetric):
            return self._corpus_score(name, aggregation.definition)
        if isinstance(aggregation, WeightedMean):
            return aggregation.definition(name)
        if aggregation is perplexity:
            return Perplexity(of=f"{SCORES}{name}")
        lengths = [sample.scores.get(f"{name}{LENGTH}") for sample in self.samples if not sample.error]
        if aggregation in {weighted_perplexity, bits_per_byte} and None not in lengths:
            length, bits = f"{SCORES}{name}{LENGTH}", aggregation is bits_per_byte
            return Perplexity(of=f"{SCORES}{LOG_LIKELIHOOD}", per=length, bits=bits)
        return None

    def _corpus_score(self, name: str, corpus: Corpus) -> Corpus | None:
        """The definition of a corpus score; None if a filter changed the answers."""
        pairs = list(map(corpus.pair, self.samples))
        return corpus if pairs == [None if value is None else tuple(value) for value in self._values(name)] else None

    def _aggregation(self, name: str) -> tuple[str, Callable[[Sequence[Any]], float] | None]:
        """lm-eval's name for a metric, without its filter's suffix, and how it is aggregated."""
        aggregations: dict[str, Callable[[Sequence[Any]], float]] = self.task.aggregation()
        for original in sorted(aggregations, key=len, reverse=True):
            shown = RENAMED.get(original, original)
            if name == shown or (shown not in self.items[0].values and name.startswith(f"{shown}_")):
                return original, aggregations[original]
        return name, None

    def _measured(self, definition: Definition, about: _About, note: str | None = None) -> Metric:
        """What a definition computes from the samples."""
        return measured(
            replace(definition, seed=self.seed, resamples=self.resamples),
            self.samples,
            metric=about.metric,
            unit=about.unit,
            higher_is_better=about.higher_is_better,
            primary=about.primary,
            note=note,
            meaning=self._meaning(about),
        )

    def _of_values(self, about: _About, aggregation: Callable[[Sequence[Any]], float], usable: Sequence[Any]) -> Metric:
        """What the task's own function computes from item values that are not among the samples' fields."""
        value = float(aggregation(usable))
        if not math.isfinite(value):
            return self._failed(about, "NaN or infinite", len(usable))
        found = {
            "value": value,
            "missing": max(0, sum(map(is_scored, self.samples)) - len(usable)),
            "no_interval": NO_INTERVAL,
            "error": None,
        }
        return self._failed(about, "", len(usable)).model_copy(update=found)

    def _failed(self, about: _About, reason: str, n: int = 0) -> Metric:
        """A metric without a value."""
        failed = failed_metric("evals", self.samples[0].task, about.metric, reason, n, about.primary)
        meaning = self._meaning(about)
        update = {"unit": about.unit, "higher_is_better": about.higher_is_better, "words": meaning and meaning.words}
        return failed.model_copy(update=update)

    def _meaning(self, about: _About) -> Meaning | None:
        """How the metric is to be read."""
        return meaning_of(about.metric, about.kind or about.metric, is_plain=self.is_plain)


def _single_answers(samples: Sequence[Sample]) -> Iterator[Sample]:
    """One sample for each answer: where an item has several, its own scores are their means."""
    for sample in samples:
        if sample.completions:
            answers = ({"scores": one.labels, "completions": []} for one in sample.completions)
            yield from (sample.model_copy(update=answer) for answer in answers)
        else:
            yield sample


def _unit(aggregation: Callable[[Sequence[Any]], float]) -> str:
    """Unit of a statistic of the whole corpus."""
    if isinstance(aggregation, CorpusMetric):
        return aggregation.definition.metric
    if isinstance(aggregation, WeightedMean):
        return "share"
    return AGGREGATED.get(aggregation, "score")
