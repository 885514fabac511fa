"""The metrics of a user's own questions over the subsets defined by columns of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.evals.settings import with_settings
from audit.stats.definitions import Mean, measured
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
    values = [(column, v) for column in file.columns.slices for v in sorted({q.row[column] for q in file.questions})]
    made = [
        _over(Mean(of=f"{SCORES}{metric.metric}", seed=seed, resamples=resamples), metric, result.samples, {c: v})
        for metric in whole
        for c, v in values
    ]
    return result.model_copy(update={"metrics": [*result.metrics, *with_settings(made, result.settings)]})


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
    )
