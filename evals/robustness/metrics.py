"""Metrics over perturbed items: the mean, the worst case, the lowest mean, the change, flips, and what was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.names import PERTURBATION, UNPERTURBED
from audit.core.records import Flag
from audit.evals.robustness.words import meaning
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, unscored_metric
from audit.stats.definitions import Against, Count, LowestMean, Mean, NotPerturbed, WorstCase, measured
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.evals.robustness.asking import Copies
    from audit.stats.definitions import Definition

MEAN, WORST_CASE, LOWEST, CHANGE, FLIPS, LEFT_OUT = (
    "mean_score", "worst_case", "lowest_mean", "change", "flips", "not_perturbed",
)  # fmt: skip
NAMES = (MEAN, WORST_CASE, LOWEST, CHANGE, FLIPS, LEFT_OUT)
FLAGS = {
    "truncated_prompts": Flag.TRUNCATED_PROMPT,
    "unparsed_answers": Flag.UNPARSED_ANSWER,
    TRUNCATED_OUTPUTS: Flag.TRUNCATED_OUTPUT,
}
"""Counts of samples with a flag; that of cut prompts is always there, the others where there is one."""
IN_POINTS = 100.0
"""Factor that turns differences of shares into percentage points."""


class _Measuring:
    """Makes the metrics of one task.

    Args:
        samples: Of all copies.
        score: The metric of the original task whose values are the scores of its items.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
    """

    def __init__(self, samples: Sequence[Sample], score: Metric, seed: int, resamples: int) -> None:
        self.samples, self.score = samples, score
        self.seed, self.resamples = seed, resamples
        self.is_share = score.unit == "share"
        self.is_binary = self.is_share and {s.score for s in samples if s.score is not None} <= {0.0, 1.0}

    def mean(self, where: Mapping[str, str] | None = None) -> Metric:
        """The mean score of all copies, or of those of one perturbation."""
        return self._made(Mean(), MEAN, primary=where is None, where=where)

    def against(self, where: Mapping[str, str] | None = None) -> Iterator[Metric]:
        """The change against the original questions and, of right and wrong answers, the share that flips."""
        other = f"{SCORES}{UNPERTURBED}"
        change = Against(other=other, scale=IN_POINTS if self.is_share else 1.0)
        yield self._made(change, CHANGE, unit="points" if self.is_share else "score", where=where)
        if self.is_binary:
            yield self._made(Against(other=other, compare="unequal"), FLIPS, better=False, where=where)

    def lowest(self) -> Iterator[Metric]:
        """The worst case over an item's forms, and the mean under the worst perturbation."""
        yield self._made(WorstCase(plain=f"{SCORES}{UNPERTURBED}"), WORST_CASE, primary=True)
        definition = LowestMean(by=PERTURBATION)
        made = self._made(definition, LOWEST)
        worst = definition.lowest(self.samples)
        yield made.model_copy(update={"note": f"the lowest mean is that of {worst}" if worst else made.note})

    def bounds(self) -> Iterator[Metric]:
        """Shares if every answer that the token limit cut is wrong, and if every one is right.

        Where it cut answers to original questions alone, only the worst case, which includes them, is open.
        """
        if not self.is_binary:
            return
        cut = any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in self.samples)
        original_cut = any(sample.scores.get(UNPERTURBED) is None for sample in self.samples)
        shares: list[tuple[Mean | WorstCase | LowestMean, str]] = (
            [(Mean(), MEAN), (LowestMean(by=PERTURBATION), LOWEST)] if cut else []
        )
        if cut or original_cut:
            shares.insert(1, (WorstCase(plain=f"{SCORES}{UNPERTURBED}"), WORST_CASE))
        for definition, name in shares:
            for ending, end in ((IF_WRONG, 0.0), (IF_RIGHT, 1.0)):
                yield self._made(replace(definition, if_cut=end), f"{name}{ending}")

    def left_out(self, copies: Copies, names: Sequence[str]) -> Iterator[Metric]:
        """How many items were not perturbed at all, and by each perturbation, with the reasons."""
        yield self._count(NotPerturbed(items=copies.items), LEFT_OUT, None, None)
        for name in names:
            reasons = copies.reasons.get(name) or Counter[str]()
            note = "; ".join(f"{count}: {reason}" for reason, count in sorted(reasons.items())) or None
            definition = NotPerturbed(items=copies.items, by=PERTURBATION, value_of=name, columns=(PERTURBATION,))
            yield self._count(definition, LEFT_OUT, {PERTURBATION: name}, note)

    def flagged(self) -> Iterator[Metric]:
        """Number of samples with each flag."""
        for name, flag in FLAGS.items():
            if flag is Flag.TRUNCATED_PROMPT or any(flag in sample.flags for sample in self.samples):
                yield self._count(Count(flags=(flag.value,)), name, None, None)

    def _count(self, definition: Definition, name: str, where: Mapping[str, str] | None, note: str | None) -> Metric:
        return measured(
            definition,
            self.samples,
            metric=name,
            unit="count",
            higher_is_better=False,
            slice=where,
            note=note,
            meaning=meaning(name, self.score),
        )

    def _made(
        self,
        definition: Definition,
        name: str,
        *,
        unit: str | None = None,
        better: bool = True,
        primary: bool = False,
        where: Mapping[str, str] | None = None,
    ) -> Metric:
        return measured(
            replace(definition, seed=self.seed, resamples=self.resamples),
            self.samples,
            metric=name,
            unit=unit or self.score.unit,
            higher_is_better=better,
            primary=primary,
            slice=where,
            meaning=meaning(name, self.score),
        )


def perturbed_metrics(
    samples: Sequence[Sample], copies: Copies, score: Metric, *, seed: int, resamples: int
) -> list[Metric]:
    """All metrics of a task of perturbed items, primary ones first.

    Args:
        samples: A sample for each copy.
        copies: What was asked, and what could not be.
        score: The metric of the original task whose values are the scores of its items.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
    """
    make = _Measuring(samples, score, seed, resamples)
    slices = [{PERTURBATION: name} for name in copies.made]
    metrics = [make.mean(), *make.lowest(), *make.against(), *make.bounds()]
    metrics += [metric for where in slices for metric in (make.mean(where), *make.against(where))]
    metrics += make.left_out(copies, list(dict.fromkeys([*copies.made, *copies.reasons])))
    metrics += [*make.flagged(), unscored_metric("evals", samples[0].task, samples)]
    return sorted(metrics, key=lambda metric: not metric.primary)
