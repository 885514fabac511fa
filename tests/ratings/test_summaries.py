"""Means and intervals against SciPy and statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from audit.ratings import add, mean_by_output, output_digest, summary
from tests.stats.test_clusters import freedom_of_the_regression

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating


class Rate(Protocol):
    def __call__(self, rater: str, ratings: list[int], **more: str) -> None: ...


@pytest.fixture
def rate(database_url: str, make_rating: MakeRating) -> Rate:
    def write(rater: str, ratings: list[int], **more: str) -> None:
        for number, rating in enumerate(ratings):
            add(database_url, make_rating(rater, f"{more.get('task', 's')}-{number}", rating, **more))

    return write


def test_one_rater_few_samples_is_students_interval(database_url: str, rate: Rate) -> None:
    values = [3, 4, 2, 3]
    rate("ada", values)
    (found,) = summary(database_url, "run-1")
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean, found.ci_low, found.ci_high) == pytest.approx((3.0, low, high))
    assert (found.ci_method, found.confidence) == ("student_t", 0.95)
    assert (found.suite, found.task, found.n_ratings, found.n_samples, found.n_raters) == ("evals", "asdiv", 4, 4, 1)


@pytest.mark.slow
def test_one_rater_many_samples_is_near_scipys_bootstrap(database_url: str, rate: Rate) -> None:
    values = [1 + (7 * n * n) % 5 for n in range(60)]
    rate("ada", values)
    (found,) = summary(database_url, "run-1")
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(7)
    ).confidence_interval
    assert found.ci_method == "studentised_bootstrap"
    # Two bootstraps of different seeds: their ends differ by a small part of the width.
    width = reference.high - reference.low
    assert found.ci_low == pytest.approx(reference.low, abs=0.1 * width)
    assert found.ci_high == pytest.approx(reference.high, abs=0.1 * width)


def test_several_raters_have_the_clustered_error_of_statsmodels(database_url: str, rate: Rate) -> None:
    ratings = {"ada": [3, 4, 2, 5, 4, 3, 2], "bob": [4, 4, 2, 5, 3, 3, 1], "eve": [3, 5]}
    ratings = {rater: values[:4] for rater, values in ratings.items()}
    for rater, values in ratings.items():
        rate(rater, values)
    (found,) = summary(database_url, "run-1")
    values = [value for row in ratings.values() for value in row]
    samples = [number for row in ratings.values() for number in range(len(row))]
    fit = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": samples}, use_t=True)
    reach = stats.t.ppf(0.975, freedom_of_the_regression(np.array(samples))) * fit.bse[0]
    low, high = fit.params[0] - reach, fit.params[0] + reach
    assert (found.mean, found.ci_low, found.ci_high) == pytest.approx((fit.params[0], low, min(high, 5)))
    assert (found.n_ratings, found.n_samples, found.n_raters) == (10, 4, 3)


def test_only_the_latest_rating_of_a_rater_and_sample_counts(database_url: str, rate: Rate) -> None:
    rate("ada", [1, 1, 1])
    rate("ada", [4, 5, 3])
    (found,) = summary(database_url, "run-1")
    assert (found.mean, found.n_ratings) == (4.0, 3)


@pytest.mark.parametrize("values", [[1] * 12, [5] * 12, [4], [2, 2]])
def test_equal_ratings_get_no_interval(database_url: str, rate: Rate, values: list[int]) -> None:
    """Twelve times 1 is the worst there is, not 12 of 12: no interval of a share may appear."""
    rate("ada", values)
    (found,) = summary(database_url, "run-1")
    assert found.mean == values[0]
    assert (found.ci_low, found.ci_high, found.ci_method) == (None, None, None)


def test_intervals_stay_on_the_scale(database_url: str, rate: Rate) -> None:
    rate("ada", [5, 5, 4])
    (found,) = summary(database_url, "run-1")
    assert found.ci_high == 5
    assert found.ci_low is not None
    assert found.ci_low < found.mean


def test_tasks_are_summed_up_apart_and_other_runs_left_out(database_url: str, rate: Rate) -> None:
    rate("ada", [5, 4], task="xstest", suite="safety")
    rate("ada", [1, 2])
    rate("ada", [3, 3], run_id="run-2")
    assert [(row.suite, row.task, row.mean) for row in summary(database_url, "run-1")] == [
        ("evals", "asdiv", 1.5),
        ("safety", "xstest", 4.5),
    ]
    assert summary(database_url, "run-3") == []


def test_means_by_output_hold_across_runs_and_the_latest_of_a_rater_counts(
    database_url: str, make_rating: MakeRating
) -> None:
    assert mean_by_output(database_url) == {}
    for rater, sample, value, more in [
        ("ada", "s", 5, {}),
        ("ada", "s", 1, {"run_id": "run-2"}),
        ("bob", "s", 2, {"run_id": "run-3"}),
        ("bob", "s", 4, {"output_sha256": output_digest("another text")}),
        ("bob", "s", 3, {"task": "boolq"}),
    ]:
        add(database_url, make_rating(rater, sample, value, **more))
    seen = output_digest("output of s")
    assert mean_by_output(database_url) == {
        ("evals", "asdiv", "s", seen): 1.5,
        ("evals", "asdiv", "s", output_digest("another text")): 4.0,
        ("evals", "boolq", "s", seen): 3.0,
    }
