"""Signs of cluster means: all of them enumerated, Holm's adjustment by hand."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import (
    SignFlip,
)
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


MEANS = [0.5, 0.2, -0.1, 0.4, 0.3, 0.6, -0.2]


def some(means: Sequence[float], kind: str = "a") -> list[Sample]:
    """Two items around the mean of each cluster."""
    return [
        a_sample(f"{kind}{c}{side}", cluster=f"{kind}{c}", score=mean + side * 0.05, slices={"kind": kind})
        for c, mean in enumerate(means)
        for side in (-1, 1)
    ]


def enumerated(means: Sequence[float]) -> float:
    """Two-sided: twice the smaller tail of the means under all 2^n signs."""
    drawn = [float(np.mean(np.multiply(signs, means))) for signs in itertools.product((1, -1), repeat=len(means))]
    seen = float(np.mean(means))
    above, below = np.mean([x >= seen - 1e-12 for x in drawn]), np.mean([x <= seen + 1e-12 for x in drawn])
    return min(1.0, 2 * float(min(above, below)))


def test_the_p_value_is_that_of_all_signs() -> None:
    lost = [a_sample("x", cluster="a0", error="lost"), a_sample("y", cluster="a9", score=None)]
    found = SignFlip().estimate([*some(MEANS), *lost], unit="probability")
    assert (found.value, found.n) == (pytest.approx(enumerated(MEANS)), 14)
    assert (found.interval, found.no_interval) == (None, "a p-value has no interval")
    assert 0.01 < enumerated(MEANS) < 0.2


def test_six_clusters_are_needed_and_no_difference_is_certain() -> None:
    few = SignFlip().estimate(some(MEANS[:5]), unit="probability")
    assert (few.value, few.n, few.error) == (None, 0, "fewer than 6 clusters were scored")
    assert SignFlip().estimate(some([0.5] * 6), unit="probability").value == pytest.approx(2 / 2**6)
    zero = [one.model_copy(update={"score": 0.0}) for one in some(MEANS)]
    assert SignFlip().estimate(zero, unit="probability").value == 1.0


def test_categories_are_adjusted_as_one_family() -> None:
    """Holm: three times the smallest, twice the middle one, none below a smaller one's; Bonferroni gives thrice all."""
    families = {"a": MEANS, "b": [0.5, 0.4, 0.3, 0.6, 0.2, 0.1, 0.7], "c": [0.1, -0.3, 0.2, 0.4, -0.1, 0.3, 0.2]}
    given = [one for kind, means in families.items() for one in some(means, kind)]
    given += some(MEANS[:4], "d")  # too few to be tested: no hypothesis
    raw = {kind: enumerated(means) for kind, means in families.items()}
    low, middle, high = sorted(raw, key=raw.__getitem__)
    expected = {low: 3 * raw[low]}
    expected[middle] = max(expected[low], 2 * raw[middle])
    expected[high] = max(expected[middle], raw[high])
    for kind in families:
        where = {"kind": kind}
        definition = SignFlip().for_slice(where)
        assert (definition.family, definition.category, definition.columns) == ("kind", kind, ("kind",))
        found = metric(definition, given, "probability", slice=where)
        assert (found.value, found.n) == (pytest.approx(expected[kind]), 14)
    assert expected[high] < 3 * raw[high]
    none = SignFlip().for_slice({"kind": "d"}).estimate(given, unit="probability")
    assert (none.value, none.error) == (None, "fewer than 6 clusters were scored")


def test_many_clusters_have_random_signs_of_one_seed() -> None:
    means = np.random.default_rng(1).normal(0.1, 1, 30).tolist()
    one, other = (SignFlip(seed=seed).estimate(some(means), unit="probability").value for seed in (1, 2))
    assert one == SignFlip(seed=1).estimate(some(means), unit="probability").value
    assert one != other
    assert one is not None
    assert one / 2 * 10_000 == pytest.approx(round(one / 2 * 10_000))  # of 9,999 random signs and the observed ones
    assert one == pytest.approx(
        2 * stats.norm.sf(abs(np.mean(means)) / np.sqrt(np.sum(np.square(means))) * 30), rel=0.1
    )


def test_a_p_value_is_not_computed_on_other_draws() -> None:
    drawn = SignFlip().resample(some(MEANS[:2]))
    assert drawn.units == ("cluster a0", "cluster a1")
    assert math.isnan(drawn.value(np.ones(2)))


def test_clusters_weigh_alike_and_one_of_them_may_be_zero() -> None:
    means = [0.5, 0.0, -0.1, 0.4, 0.3, 0.6, -0.2]
    more = [a_sample(f"more{i}", cluster="a2", score=-0.1) for i in range(5)]
    found = SignFlip().estimate([*some(means), *more], unit="probability")
    assert (found.value, found.n) == (pytest.approx(enumerated(means)), 19)


def test_a_slice_may_name_the_clusters_and_an_item_on_its_own_is_one() -> None:
    given = [
        one.model_copy(update={"cluster": None, "slices": {**one.slices, "text": str(one.cluster)}})
        for one in some(MEANS)
    ]
    by_text = SignFlip(cluster="text")
    assert by_text.estimate(given, unit="probability").value == pytest.approx(enumerated(MEANS))
    assert by_text.resample(given).units == tuple(f"cluster a{c}" for c in range(len(MEANS)))
    alone = [a_sample(str(place), score=mean) for place, mean in enumerate(MEANS)]
    assert SignFlip().estimate(alone, unit="probability").value == pytest.approx(enumerated(MEANS))


def test_samples_without_a_category_are_no_hypothesis() -> None:
    given = some(MEANS)
    bare = [one.model_copy(update={"slices": {}, "cluster": f"x{one.cluster}"}) for one in given]
    found = SignFlip().for_slice({"kind": "a"}).estimate([*bare, *given], unit="probability")
    assert (found.value, found.n) == (pytest.approx(enumerated(MEANS)), 14)
    alone = SignFlip().estimate([*bare, *given], unit="probability")
    assert alone.n == 28  # without a family, all samples are tested together


def test_the_order_of_samples_does_not_change_random_signs() -> None:
    given = some(np.random.default_rng(1).normal(0.1, 1, 14).tolist())
    one, other = (SignFlip().estimate(samples, unit="probability").value for samples in (given, given[::-1]))
    assert one == other


def test_items_on_their_own_are_units() -> None:
    assert SignFlip().resample([a_sample("x", score=1.0), a_sample("y", score=1.0)]).units == ("item x", "item y")
