"""Summaries of a run's ratings, task by task."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from audit.core.records import split_address
from audit.core.records.decision import HIGHEST, LOWEST
from audit.ratings.raters import person
from audit.ratings.records import RatingSummary
from audit.ratings.results.points import points
from audit.ratings.store import read_all, read_latest
from audit.stats.intervals import mean_interval

if TYPE_CHECKING:
    from audit.ratings.records import Rating
    from audit.stats.intervals import Interval

SEED = 1234


def summary(database_url: str, run_id: str) -> list[RatingSummary]:
    """Mean rating of each task of a run with its confidence interval, sorted by suite and task.

    Returns:
        One record per task that anybody rated; empty when nobody has, or the database does not exist.

    Raises:
        UsageError: The database cannot be opened, or is of a newer version.
    """
    by_task: defaultdict[tuple[str, str], list[Rating]] = defaultdict(list)
    latest = {}
    for rating in _in_order([*read_latest(database_url, run_id), *points(database_url, run_id)]):
        latest[person(rating.rater), rating.sample_id] = rating
    for rating in latest.values():
        by_task[rating.suite, rating.task].append(rating)
    return [summarize(by_task[key]) for key in sorted(by_task)]


Output = tuple[str, str, str, str]
"""Suite, task, sample id and :func:`~audit.ratings.queues.output_digest` of an output."""


def mean_by_output(database_url: str) -> dict[Output, float]:
    """Mean rating, 1 to 5, of each rated output (:func:`by_output`)."""
    return {output: sum(found) / len(found) for output, found in by_output(database_url).items()}


def by_output(database_url: str) -> dict[Output, list[int]]:
    """The ratings of each rated output, 1 to 5, ascending, from any run; those given in projects included.

    A rating is about the text that the rater saw: it also holds for the same output of the same sample in any other
    run, whether it was rated as the output or as one of the completions. If one rater rated an output several times,
    the latest rating counts.

    Returns:
        Empty when the database does not exist.

    Raises:
        UsageError: The database cannot be opened, or is of a newer version.
    """
    found: defaultdict[Output, dict[str, int]] = defaultdict(dict)
    for rating in _in_order([*read_all(database_url), *points(database_url)]):
        if rating.withdrawn:
            continue
        sample = split_address(rating.sample_id)[0]
        found[rating.suite, rating.task, sample, rating.output_sha256][person(rating.rater)] = rating.rating
    return {output: sorted(by_rater.values()) for output, by_rater in found.items()}


def _in_order(ratings: list[Rating]) -> list[Rating]:
    """As they were written, whether in a project or outside."""
    return sorted(ratings, key=lambda rating: rating.created)


def summarize(ratings: list[Rating]) -> RatingSummary:
    """Summarise the ratings of one task, each of them the latest of its rater and sample."""
    values = [rating.rating for rating in ratings]
    samples = [split_address(rating.sample_id)[0] for rating in ratings]
    interval = _interval(values, samples)
    return RatingSummary(
        suite=ratings[0].suite,
        task=ratings[0].task,
        n_ratings=len(ratings),
        n_samples=len(set(samples)),
        n_raters=len({person(rating.rater) for rating in ratings}),
        mean=sum(values) / len(values),
        ci_low=interval and interval.low,
        ci_high=interval and interval.high,
        ci_method=interval and interval.method,
    )


def _interval(values: list[int], samples: list[str]) -> Interval | None:
    """Interval of the mean; ratings of one sample by several people form a cluster.

    Equal ratings give none: a spread that was not seen cannot be estimated. (Asked all the same,
    ``mean_interval`` would take ratings that are all 1, the lowest, for a share of 100 %.)
    """
    if len(set(values)) < 2:
        return None
    return mean_interval(values, clusters=samples, seed=SEED, bounds=(LOWEST, HIGHEST))
