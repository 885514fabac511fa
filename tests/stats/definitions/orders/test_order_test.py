"""The published order against shuffled ones: all combinations by hand, SciPy's t-test, uniform p-values."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import OrderPermutation, OrderShardedT
from audit.stats.definitions.orders import order_test
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from audit.core.records import Sample


def shards(rows: list[list[float]], name: str = "log_likelihood") -> list[Sample]:
    """A sample per row: the published order's value first."""
    return [
        a_sample(
            f"s{place}",
            score=row[0] - sum(row[1:]) / len(row[1:]),
            scores={f"{name}_published": row[0]}
            | {f"{name}_shuffled_{at}": value for at, value in enumerate(row[1:], start=1)},
        )
        for place, row in enumerate(rows)
    ]


ROWS = [[3.0, 1.0, 2.0, 0.0], [1.0, 0.5, 1.5, 0.2], [0.0, -1.0, -2.0, -0.5]]


def test_few_orders_are_enumerated() -> None:
    """64 combinations; 2 of them are at least 4: the published orders, and 3 + 1.5 + 0."""
    sums = [sum(combination) for combination in itertools.product(*ROWS)]
    expected = sum(value >= 4.0 for value in sums) / 64
    assert expected == 3 / 64  # 4, 4.5 and 3 + 1.5 − 0.5
    found = metric(OrderPermutation(), shards(ROWS), "p_value")
    assert (found.value, found.n, found.no_interval) == (expected, 3, "a p-value has no interval")


def test_many_orders_are_drawn() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(12, 10))
    rows[:, 0] += 1.0
    found = metric(OrderPermutation(seed=4), shards(rows.tolist()), "p_value").value
    centred = rows - rows.mean(axis=1, keepdims=True)
    error = math.sqrt((centred**2).mean(axis=1).sum())
    normal = stats.norm.sf(centred[:, 0].sum() / error)  # the sum of twelve draws is nearly normal
    assert found == pytest.approx(normal, rel=0.15)
    assert 0.001 < found < 0.2
    many = [[float(place % 3), 0.0, 1.0, 2.0] for place in range(600)]  # more combinations than a float can hold
    assert 0.3 < float(OrderPermutation().value(shards(many)) or 0) < 0.7
    assert OrderPermutation(seed=4).value(shards([[50.0, *row[1:]] for row in rows.tolist()])) == 1 / 10_000


def test_the_t_test_is_scipys() -> None:
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(8, 5)).tolist()
    gains = [row[0] - np.mean(row[1:]) for row in rows]
    found = metric(OrderShardedT(), shards(rows), "p_value")
    assert found.value == pytest.approx(stats.ttest_1samp(gains, 0, alternative="greater").pvalue)
    assert metric(OrderShardedT(), shards(rows[:1]), "p_value").error == "only 1 shards: the t-test needs at least 2"
    assert "equal" in str(metric(OrderShardedT(), shards([[1.0, 0.0]] * 6), "p_value").error)


@pytest.mark.slow
def test_p_values_are_uniform_where_every_order_is_alike() -> None:
    """2,000 benchmarks nobody saw, six shards of four orders: at most 5 % of p-values are 5 % or less, also at 20 %."""
    generator = np.random.default_rng(2)
    found = [
        OrderPermutation(seed=place).tested(list(generator.standard_exponential((6, 4)))) for place in range(2_000)
    ]
    for level in (0.05, 0.2, 0.5):
        share = float(np.mean(np.array(found) <= level))
        assert abs(share - level) < 3 * math.sqrt(level * (1 - level) / 2_000) + 0.001


def test_what_cannot_be_tested_has_a_reason() -> None:
    lost = a_sample("lost", error="NaN")
    hole = a_sample("hole", scores={"log_likelihood_published": 1.0, "log_likelihood_shuffled_1": None})
    alone = metric(OrderPermutation(), [*shards([[2.0, 1.0]]), lost, hole], "p_value")
    assert (alone.value, alone.n) == (None, 1)
    assert "no p-value of 0.05 is possible" in str(alone.error)
    assert "could be scored" in str(metric(OrderPermutation(), [lost, hole], "p_value").error)
    assert math.isnan(OrderPermutation().resample(shards(ROWS)).value(np.ones(3)))


def test_an_order_of_its_own_is_not_tested() -> None:
    """Where the texts alone show the published order, a checkpoint's likelihood shows nothing."""
    plain, grouped = shards(ROWS), []
    for one, like in zip(plain, shards([[9.0, 1.0, 2.0, 3.0]] * 3, "likeness"), strict=True):
        grouped.append(one.model_copy(update={"scores": one.scores | like.scores}))
    found = metric(OrderPermutation(unless="likeness"), grouped, "p_value")
    assert (found.value, found.n) == (None, 3)
    assert "similar items stand next to each other (p = 0.016)" in str(found.error)  # 1 of 64
    missing = metric(OrderPermutation(unless="likeness"), plain, "p_value")
    assert missing.value is None
    assert "not known" in str(missing.error)
    varied = [
        one.model_copy(update={"scores": one.scores | like.scores})
        for one, like in zip(plain, shards([[1.0, 1.0, 2.0, 3.0]] * 3, "likeness"), strict=True)
    ]
    assert OrderPermutation(unless="likeness").value(varied) == 3 / 64
    assert order_test.LEVEL == 0.05
