"""The metrics of a user's own questions over the subsets defined by columns of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.evals.settings import with_settings
from audit.stats.aggregate import IF_RIGHT, IF_WRONG
from audit.stats.cut_answers import is_bound
from audit.stats.definitions import Mean, measured, read
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from audit.core.records import Metric, Sample, TaskResult
    from audit.evals.own_data.questions import QuestionFile


def with_slices(result: TaskResult, file: QuestionFile, *, seed: int, resamples: int) -> TaskResult:
    """The result with its primary metrics over each value of each slice column.

    Args:
        result: Result over all questions that were asked.
        file: Whose every value of a column is a subset, whether or not a question of it was drawn.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
    """
    whole = [metric for metric in result.metrics if metric.primary]
    bounds = [metric for metric in result.metrics if is_bound(metric) and _of_primary(metric, whole)]
    values = [(column, v) for column in file.columns.slices for v in sorted({q.row[column] for q in file.questions})]
    made = [
        _over(Mean(of=f"{SCORES}{metric.metric}", seed=seed, resamples=resamples), metric, result.samples, {c: v})
        for metric in whole
        for c, v in values
    ]
    made += [_over(_as_mean(bound), bound, result.samples, {c: v}) for bound in bounds for c, v in values]
    return result.model_copy(update={"metrics": [*result.metrics, *with_settings(made, result.settings)]})


def _of_primary(bound: Metric, primary: list[Metric]) -> bool:
    """Whether a bound of cut answers is that of a primary metric."""
    return bound.metric in {f"{metric.metric}{ending}" for metric in primary for ending in (IF_WRONG, IF_RIGHT)}


def _as_mean(bound: Metric) -> Mean:
    """The definition of a bound."""
    found = read(bound.definition or {})
    assert isinstance(found, Mean)  # noqa: S101 - only means have bounds
    return found


def _over(mean: Mean, whole: Metric, samples: list[Sample], where: dict[str, str]) -> Metric:
    """A metric over the samples of one subset; null with the reason if none was drawn."""
    return measured(
        mean,
        samples,
        metric=whole.metric,
        unit=whole.unit,
        higher_is_better=whole.higher_is_better,
        slice=where,
        about=(whole.suite, whole.task),
        meaning=Meaning.of(whole),
    )
