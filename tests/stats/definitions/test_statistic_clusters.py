"""Statistics of items that come in clusters: whole clusters are drawn, and the intervals cover as they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from audit.stats.definitions import Corpus, LabelAuroc, Macro, Perplexity
from audit.stats.intervals import bca_bootstrap
from tests.stats.conftest import ends
from tests.stats.definitions.conftest import a_sample
from tests.stats.definitions.test_statistic import Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


def clustered(groups: int, size: int = 3, seed: int = 0) -> list[Sample]:
    """Items whose scores share a level with their cluster."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(size=groups)
    return [
        a_sample(
            f"{group}-{place}",
            cluster=f"c{group}",
            score=float(levels[group] + 0.1 * generator.normal()),
            scores={"size": float(generator.integers(1, 4))},
        )
        for group in range(groups)
        for place in range(size)
    ]


def sums(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Sum of scores and of sizes, one row per cluster."""
    rows: dict[str | None, list[float]] = {}
    for one in samples:
        row = rows.setdefault(one.cluster, [0.0, 0.0])
        row[0] += one.score or 0.0
        row[1] += one.scores["size"] or 0.0
    return np.array(list(rows.values()))


def ratio(rows: NDArray[np.float64]) -> float:
    return float(rows[:, 0].sum() / rows[:, 1].sum())


def test_whole_clusters_are_drawn() -> None:
    """A ratio of sums is the same function of the sums of clusters: its bootstrap over those is known."""
    given = clustered(8)
    found = Ratio(seed=4, resamples=300).estimate(given, unit="score", confidence=0.9)
    expected = bca_bootstrap(sums(given), ratio, seed=4, resamples=300, confidence=0.9)
    assert (found.value, found.n) == (pytest.approx(ratio(sums(given))), 24)
    assert ends(found.interval) == pytest.approx(ends(expected))
    assert found.interval is not None
    assert found.interval.method == "expanded_bca_cluster_bootstrap"
    sliced = [one.model_copy(update={"cluster": None, "slices": {"text": str(one.cluster)}}) for one in given]
    assert Ratio(seed=4, resamples=300, cluster="text").estimate(sliced, unit="score", confidence=0.9) == found


def test_an_item_on_its_own_is_a_cluster() -> None:
    """Without items that share one, the interval is that of items, whether they name a cluster or not."""
    alone = clustered(12, size=1)
    bare = [one.model_copy(update={"cluster": None}) for one in alone]
    definition = Ratio(seed=1, resamples=200)
    assert definition.estimate(alone, unit="score") == definition.estimate(bare, unit="score")
    mixed = [*clustered(6, size=2), *(one.model_copy(update={"sample_id": f"x{i}"}) for i, one in enumerate(bare))]
    units = (*(f"cluster c{group}" for group in range(6)), *(f"item x{i}" for i in range(12)))
    assert definition.resample(mixed).units == units
    named_alike = [
        *clustered(6, size=2),
        *(one.model_copy(update={"sample_id": f"c{i}"}) for i, one in enumerate(bare)),
    ]
    assert definition.resample(named_alike).units[6:] == tuple(f"item c{i}" for i in range(12))


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_few_clusters_have_students_t_by_the_jackknife(groups: int) -> None:
    given = [one.model_copy(update={"scores": {"size": 1.0}}) for one in clustered(groups)]
    found = Ratio().estimate(given, unit="score")
    means = sums(given)[:, 0] / 3  # sizes are equal: the jackknife of their mean is its standard error
    assert ends(found.interval) == pytest.approx(
        stats.t.interval(0.95, groups - 1, means.mean(), stats.sem(means)), rel=1e-6
    )
    assert found.interval is not None
    assert found.interval.method == "cluster_jackknife_t"


def test_why_clusters_have_no_interval() -> None:
    one = Ratio().estimate(clustered(1), unit="score")
    assert (one.value is None, one.interval, one.no_interval) == (False, None, "all 3 items are in one cluster")
    no_value_without = [
        each.model_copy(update={"scores": {"size": float(each.cluster == "c0")}}) for each in clustered(3)
    ]
    alike = [each.model_copy(update={"score": 2.0, "scores": {"size": 1.0}}) for each in clustered(3)]
    for given in (no_value_without, alike, [*alike, *clustered(6)[9:]][:9]):
        found = Ratio().estimate(given, unit="score")
        reason = "it has no value without one of the clusters, or all clusters give the same"
        assert (found.interval, found.no_interval) == (None, reason)


def test_clusters_are_drawn_as_often_as_they_weigh(resamples_as_repeated: Any) -> None:
    given = [
        one.model_copy(update={"reference": "a b c d e", "output": "a b c d " + "ef"[place % 2], "score": -1.0 - place})
        for place, one in enumerate(clustered(4, size=2))
    ]
    for definition, unit in (
        (Ratio(), "score"),
        (Perplexity(of="score"), "perplexity"),
        (Macro(of="f1"), "share"),
        (Corpus(metric="bleu"), "bleu"),
        (LabelAuroc(label="scores.size", positive_from=2.0), "probability"),
    ):
        resamples_as_repeated(definition, given, [2, 0, 3, 1], unit)
    assert math.isnan(Ratio().resample(given).value(np.zeros(4)))


def answers(generator: np.random.Generator, groups: int, size: int = 5) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Right and chosen class; a passage is understood or not, so that accuracy varies between clusters."""
    levels = np.repeat(generator.beta(0.35, 0.15, groups), size)
    right = generator.integers(0, 2, groups * size)
    return right, np.where(generator.random(groups * size) < levels, right, 1 - right)


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "least"), [(3, 0.85), (5, 0.8), (10, 0.85), (30, 0.88), (57, 0.88)])
def test_intervals_of_clustered_answers_cover(groups: int, least: float) -> None:
    """Of 100 data sets; resamples of single items cover 71 % with 30 clusters of five.

    Data sets without an interval, because all clusters are alike, do not count.
    """
    generator = np.random.default_rng(groups)
    truth = f1_score(*answers(generator, 100_000), average="macro")
    hits = []
    for _ in range(100):
        pairs = zip(*(codes.tolist() for codes in answers(generator, groups)), strict=True)
        given = [
            a_sample(str(place), cluster=f"c{place // 5}", score=1.0, reference=str(right), output=str(chosen))
            for place, (right, chosen) in enumerate(pairs)
        ]
        found = Macro(of="f1", resamples=100).estimate(given, unit="share").interval
        if found is not None:
            hits.append(found.low <= truth <= found.high)
    assert np.mean(hits) >= least


def test_five_clusters_are_drawn_and_a_draw_without_a_value_counts_as_the_value() -> None:
    """One cluster alone has sizes: a third of the draws miss it."""
    given = [
        one.model_copy(update={"score": float(place % 7), "scores": {"size": float(one.cluster == "c4")}})
        for place, one in enumerate(clustered(5))
    ]
    rows = sums(given)
    whole = ratio(rows)

    def drawn_ratio(drawn: NDArray[np.float64]) -> float:
        return ratio(drawn) if drawn[:, 1].sum() else whole

    found = Ratio(seed=1, resamples=200).estimate(given, unit="score").interval
    assert ends(found) == pytest.approx(ends(bca_bootstrap(rows, drawn_ratio, seed=1, resamples=200)))
    assert found is not None
    assert "cluster" in found.method
