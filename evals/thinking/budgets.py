"""Right answers as a function of the thinking budget: metrics of tasks whose answers follow a reasoning trace."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from audit.core.names import THINKING_BUDGET
from audit.core.records import Flag, MetricWords
from audit.evals.words import ENDINGS
from audit.stats.aggregate import IF_RIGHT, IF_WRONG
from audit.stats.definitions import Mean, SaturationBudget, WithinBudget, measured, read
from audit.stats.definitions.budgets.within_budget import thought_answers
from audit.stats.definitions.chance import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Metric, Sample
    from audit.stats.definitions.budgets.within_budget import ThoughtAnswer

WITHIN, SATURATION = "_within_budget", "_saturation_budget"
"""End the name of the metric whose curve it is."""
WORDS = MetricWords(
    title="Right answers within a thinking budget", of="of questions are answered right within this budget"
)
SATURATED = Meaning(MetricWords(title="Thinking budget that keeps 95 % of the right answers"))
NOTE = (
    "tokens of thinking before right answers, 95 % quantile; answers that take more than a budget count as not given,"
    " none is forced"
)


def budget_metrics(samples: Sequence[Sample], metrics: Sequence[Metric], *, seed: int, resamples: int) -> list[Metric]:
    """The share of right answers within each budget of a grid, with bounds where cut answers leave it open.

    Args:
        samples: Of the task.
        metrics: Of the task already; the curve is that of the first.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.

    Returns:
        The budget that keeps 95 % of the right answers first, unless none is right. None at all where no sample has a
        trace, tokens of traces were not counted, or the first metric is no plain share of right answers.
    """
    first = metrics[0]
    plain = read(first.definition) if first.definition else None
    answers = [one for sample in samples for one in _answers(sample, plain)]
    if type(plain) is not Mean or not _is_curve(first, answers) or not any(map(_thinks, samples)):
        return []
    cut, only = (sum(flag in one.flags for one in answers) for flag in (Flag.THINKING_CUT, Flag.THINKING_ONLY))
    lost = f"; of {len(answers)} texts, the limit cut {cut} inside the trace and {only} ended there by themselves"
    found: list[Metric] = []
    if any(one.value and one.is_given for one in answers):
        found.append(
            measured(
                SaturationBudget(of=plain.of, seed=seed, resamples=resamples),
                samples,
                metric=f"{first.metric}{SATURATION}",
                unit="tokens",
                higher_is_better=None,
                note=f"{NOTE}{lost if cut or only else ''}",
                meaning=SATURATED,
            )
        )
    for budget in grid([answer.tokens for answer in answers]):
        point = WithinBudget(of=plain.of, budget=budget, columns=(THINKING_BUDGET,), seed=seed, resamples=resamples)
        shown = partial(
            measured, samples=samples, unit="share", higher_is_better=True, slice={THINKING_BUDGET: str(budget)}
        )
        found.append(shown(point, metric=f"{first.metric}{WITHIN}", meaning=Meaning(WORDS)))
        low, high = (replace(point, if_cut=end) for end in (0.0, 1.0))
        if any(low.of_answer(answer) != high.of_answer(answer) for answer in answers):
            found += [
                shown(bound, metric=f"{first.metric}{WITHIN}{ending}", meaning=_bound_words(ending))
                for bound, ending in ((low, IF_WRONG), (high, IF_RIGHT))
            ]
    return found


def grid(tokens: Sequence[int]) -> list[int]:
    """Budgets of a curve: powers of two from the last one up to the shortest trace on, and the longest trace.

    Args:
        tokens: Of each trace, cut ones included; 0 where there was none. At least one is above 0.
    """
    traces = [count for count in tokens if count]
    shortest, longest = min(traces), max(traces)
    first = shortest.bit_length() - 1
    return [*(2**power for power in range(first, longest.bit_length()) if 2**power < longest), longest]


def _answers(sample: Sample, definition: object) -> Iterator[ThoughtAnswer]:
    if type(definition) is Mean:  # other means weigh items, which the curve does not
        yield from thought_answers(sample, definition.of) or ()


def _is_curve(metric: Metric, answers: Sequence[ThoughtAnswer]) -> bool:
    """Whether a metric is a share of right answers, some of which took thinking."""
    right_or_wrong = {answer.value for answer in answers} <= {0.0, 1.0}
    thought = any(answer.tokens for answer in answers)
    return metric.unit == "share" and metric.higher_is_better is True and right_or_wrong and thought


def _thinks(sample: Sample) -> bool:
    """Whether it wrote a trace with words."""
    texts = [sample.thinking, *(one.thinking for one in sample.completions)]
    return any(text and text.strip() for text in texts)


def _bound_words(ending: str) -> Meaning:
    return Meaning(WORDS.model_copy(update={"title": f"{WORDS.title}, {ENDINGS[ending]}"}))
