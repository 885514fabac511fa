"""Metrics of answers that are forced at thinking budgets: the share of right ones at each, with and without forcing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from audit.core.names import THINKING_BUDGET
from audit.core.records import Flag, MetricWords
from audit.core.words.counts import CUT_ANSWERS, CUT_PROMPTS, UNREAD_ANSWERS
from audit.evals.words import ENDINGS
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, unscored_metric
from audit.stats.definitions import Count, Mean, measured
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Metric, Sample

WAS_FORCED = "forced"
"""In ``Sample.scores``: 1 where the answer came too late and had to be forced, 0 where it came in time."""
WITHOUT_FORCING = "without_forcing"
"""In ``Sample.scores``: the score where the answer came in time, 0 where it was forced."""
IN_TIME = "_in_time"
"""Ends the name of the metric of answers that come by themselves."""
SHARE = Meaning(MetricWords(title="Answers that are forced", of="of answers are forced at this budget"))
COUNTS = {
    "truncated_prompts": (Flag.TRUNCATED_PROMPT, CUT_PROMPTS),
    TRUNCATED_OUTPUTS: (Flag.TRUNCATED_OUTPUT, CUT_ANSWERS),
    "unparsed_answers": (Flag.UNPARSED_ANSWER, UNREAD_ANSWERS),
}


def forced_metrics(
    samples: Sequence[Sample], first: Metric, plain: Mean, *, budgets: Sequence[int], seed: int, resamples: int
) -> list[Metric]:
    """All metrics of such a task, the primary one first.

    Args:
        samples: One for each item and budget.
        first: The first metric of the task whose answers are forced.
        plain: Its definition.
        budgets: In tokens.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.

    Returns:
        The mean over all budgets and that at each, what came in time by itself, the share of answers that were forced,
        bounds where answers were cut by their own limit, and counts.
    """
    whole = Mean(of=plain.of, seed=seed, resamples=resamples)
    metrics = [*_scores(samples, first, whole, None)]
    for budget in budgets:
        where = {THINKING_BUDGET: str(budget)}
        metrics += _scores(samples, first, whole, where)
        metrics += _parts(samples, first, whole, where)
    for name, (flag, words) in COUNTS.items():
        definition = Count(flags=(flag.value,))
        meaning = Meaning(words)
        metrics.append(
            measured(definition, samples, metric=name, unit="count", higher_is_better=False, meaning=meaning)
        )
    metrics.append(unscored_metric("evals", samples[0].task, samples))
    return sorted(metrics, key=lambda metric: not metric.primary)


def _scores(samples: Sequence[Sample], first: Metric, whole: Mean, where: Mapping[str, str] | None) -> Iterator[Metric]:
    """The mean score at one budget, or over all of them, with its bounds where answers were cut."""
    mine = whole.select(samples, where)
    found = {value for _, value in whole.values(mine)}
    budget = "a thinking budget" if where else "the thinking budgets"
    words = MetricWords(
        title=f"{_title(first)} within {budget}, forced where need be",
        of="of questions are answered right with thinking ended at the budget" if found <= {0.0, 1.0} else None,
    )
    shown = partial(measured, samples=samples, unit=first.unit, higher_is_better=True, slice=where)
    note = None if where else "mean over the budgets"
    yield shown(whole, metric=first.metric, primary=where is None, note=note, meaning=Meaning(words))
    if found <= {0.0, 1.0} and any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in mine):
        for ending, end in ((IF_WRONG, 0.0), (IF_RIGHT, 1.0)):
            bound = Meaning(words.model_copy(update={"title": f"{words.title}, {ENDINGS[ending]}"}))
            yield shown(replace(whole, if_cut=end), metric=f"{first.metric}{ending}", meaning=bound)


def _parts(samples: Sequence[Sample], first: Metric, whole: Mean, where: Mapping[str, str]) -> Iterator[Metric]:
    """What came in time by itself at one budget, and the share of answers that were forced."""
    shown = partial(measured, samples=samples, slice=where)
    in_time = Meaning(MetricWords(title=f"{_title(first)} within a thinking budget, none forced"))
    # Of a late answer this is known whatever became of the one that was forced.
    own = replace(whole, of=f"{SCORES}{WITHOUT_FORCING}", despite_errors=True)
    yield shown(own, metric=f"{first.metric}{IN_TIME}", unit=first.unit, higher_is_better=True, meaning=in_time)
    share = replace(whole, of=f"{SCORES}{WAS_FORCED}", despite_errors=True)
    yield shown(share, metric=WAS_FORCED, unit="share", higher_is_better=None, meaning=SHARE)


def _title(first: Metric) -> str:
    """The title of the task's first metric, or its name."""
    return first.words.title if first.words else first.metric
