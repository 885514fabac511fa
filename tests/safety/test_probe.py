from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import TaskConfig
from audit.core.errors import AssetError
from audit.core.records import Metric, Sample
from audit.safety.drawing import identities, request_seed
from audit.safety.probe import by_slice, draw
from audit.stats.aggregate import mean_metric


def sample(group: str, score: float | None) -> Sample:
    return Sample(sample_id="x", suite="safety", task="t", prompt="", score=score, slices={"group": group}, error=None)


def measure(samples: list[Sample], where: dict[str, str]) -> list[Metric]:
    values = [s.score for s in samples]
    return [mean_metric(samples, "m", values, unit="share", higher_is_better=False, seed=1, slice=where)]


def test_every_category_is_told_and_a_category_without_items_is_null_with_a_reason() -> None:
    metrics = by_slice([sample("a", 1.0), sample("a", 0.0)], "group", ["a", "b", "b"], measure)
    assert [(m.slice, m.value, m.n) for m in metrics] == [({"group": "a"}, 0.5, 2), ({"group": "b"}, None, 0)]
    assert metrics[1].error == "no items have group = b"
    assert (metrics[1].unit, metrics[1].higher_is_better, metrics[1].ci_low) == ("share", False, None)


def test_a_category_whose_items_all_failed_is_null_with_a_reason() -> None:
    (metric,) = by_slice([sample("a", None)], "group", ["a"], measure)
    assert metric.value is None
    assert metric.error == "none of 1 items could be scored"


def test_an_empty_data_set_is_refused(data_set: Any) -> None:
    with pytest.raises(AssetError, match="data set empty from folder holds no items"):
        draw(data_set("empty", []), TaskConfig(name="t"), 1)


def test_a_limit_draws_that_many_rows_in_their_order(data_set: Any) -> None:
    rows = [{"i": i} for i in range(50)]
    drawn = draw(data_set("d", rows), TaskConfig(name="t", limit=7), 1)
    numbers = [row["i"] for row in drawn]
    assert len(numbers) == 7
    assert numbers == sorted(set(numbers))


def test_copies_of_an_item_have_ids_of_their_own() -> None:
    ids = identities("t", "d", ["a", "b", "a", "a"])
    assert len(set(ids)) == 4
    assert ids[:2] == identities("t", "d", ["a", "b"])


def test_the_seed_of_an_item_depends_on_run_and_item_alone() -> None:
    assert request_seed(1, "a") == request_seed(1, "a")
    seeds = {request_seed(run, item) for run in range(20) for item in "abcdefghij"}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**32 for seed in seeds)
