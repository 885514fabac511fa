"""PPI++ against the package of its authors, and its clustered variance against the one of means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from audit.stats.clusters import clustered_standard_error
from audit.stats.prediction_powered.tuned import LabelledSample, clustered_variance, jackknife_variance, tuned
from tests.stats.prediction_powered.conftest import drawn

PUBLISHED = {
    (1, 50, 400, "yes_or_no"): (0.3008210018963337, 0.1900367469578058, 0.4116052568348616),
    (2, 100, 900, "continuous"): (0.4103093283500988, 0.34647901004439075, 0.4741396466558069),
    (3, 40, 300, "noise"): (0.41915021755135506, 0.26725227468266066, 0.5710481604200495),
    (4, 200, 300, "continuous"): (0.3539827592808932, 0.295238405707232, 0.4127271128545544),
}
"""Point estimate and 95 % interval of ppi-python 0.2.3 (``ppi_mean_pointestimate``, ``ppi_mean_ci``)."""


@pytest.mark.parametrize("given", PUBLISHED)
def test_it_is_the_estimate_and_interval_of_ppi_python(given: tuple[int, int, int, str]) -> None:
    sample = drawn(*given)
    value, low, high = PUBLISHED[given]
    found = tuned(sample)
    assert found.value == pytest.approx(value, abs=1e-9)
    n, others = len(sample.labels), len(sample.others)
    variance = found.of_labels * (n - 1) / n + found.of_others * (others - 1) / others  # theirs divides by n
    reach = stats.norm.ppf(0.975) * np.sqrt(variance)
    assert (found.value - reach, found.value + reach) == pytest.approx((low, high), abs=1e-9)


def test_a_useless_or_contrary_scorer_counts_nothing() -> None:
    sample = drawn(5, 60, 300, "yes_or_no")
    contrary = replace(sample, judged=1 - sample.judged, others=1 - sample.others)
    constant = replace(sample, judged=np.ones(60), others=np.ones(300))
    for one in (contrary, constant):
        found = tuned(one)
        assert found.tuning == 0
        assert found.value == pytest.approx(sample.labels.mean())
        assert found.of_labels == pytest.approx(np.var(sample.labels, ddof=1) / 60)
        assert found.variance == found.of_labels


def test_influences_have_the_variance() -> None:
    """Summed in quadrature they give it, up to n / (n − 1)."""
    found = tuned(drawn(2, 100, 900, "continuous"))
    assert np.sum(found.influences[:100] ** 2) == pytest.approx(found.of_labels * 99 / 100)
    assert np.sum(found.influences[100:] ** 2) == pytest.approx(found.of_others * 899 / 900)
    both = np.sum(found.influences[:100] ** 2) * 100 / 99 + np.sum(found.influences[100:] ** 2) * 900 / 899
    assert found.variance == pytest.approx(both)


def test_the_clustered_variance_is_that_of_a_mean() -> None:
    generator = np.random.default_rng(3)
    values, clusters = generator.normal(size=40), np.repeat(np.arange(8), 5)
    influences = (values - values.mean()) / 40
    assert clustered_variance(influences, clusters) == pytest.approx(clustered_standard_error(values, clusters) ** 2)


def test_freedom_counts_clusters_of_labels() -> None:
    sample = drawn(1, 6, 4, "yes_or_no")
    assert sample.freedom == 5
    assert replace(sample, clusters=np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 6])).freedom == 2
    assert isinstance(sample, LabelledSample)


@pytest.mark.parametrize("given", [(1, 50, 400, "yes_or_no"), (2, 20, 30, "continuous"), (3, 40, 300, "noise")])
def test_the_jackknife_leaves_each_label_out(given: tuple[int, int, int, str]) -> None:
    sample = drawn(*given)
    n = len(sample.labels)
    kept = [np.arange(n) != left for left in range(n)]
    found = [tuned(replace(sample, labels=sample.labels[one], judged=sample.judged[one])).value for one in kept]
    assert jackknife_variance(sample) == pytest.approx((n - 1) / n * np.sum((found - np.mean(found)) ** 2))


def test_the_jackknife_of_a_constant_scorer_is_the_variance_of_the_mean() -> None:
    sample = replace(drawn(5, 60, 300, "yes_or_no"), judged=np.ones(60), others=np.ones(300))
    assert jackknife_variance(sample) == pytest.approx(np.var(sample.labels, ddof=1) / 60)
