"""The order test on a benchmark: shards, orders, samples, and a checkpoint that learned the order by heart."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.engine import Score
from audit.evals.contamination import order
from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems, read_benchmark
from audit.evals.contamination.order import check_order, likeness, orders_of, shards_of
from audit.stats.recompute import differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine, ScoreRequest
    from tests.evals.conftest import Scripted


def an_item(text: str) -> BenchmarkItem:
    return BenchmarkItem({"question": text}, text, f"id of {text}", None)


def benchmark(texts: Sequence[str], *, published: bool = True) -> PublishedItems:
    return PublishedItems("b", tuple(map(an_item, texts)), published, (), None)


WANTED = TaskConfig(name="b.order")


def test_shards_are_as_long_as_can_be_read_whatever_the_order(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST_ITEMS", 3)
    items = [an_item(f"item {place}") for place in range(7)]
    shards, too_long = shards_of(tiny, items)
    assert ([len(shard) for shard in shards], too_long) == ([3, 3], [])  # one is left over and has no order
    assert [item for shard in shards for item in shard] == items[:6]
    long = an_item("word " * 400)  # the context has 256 tokens
    assert shards_of(tiny, [items[0], long, items[1]]) == ([[items[0], items[1]]], [long])
    lengths = [an_item(f"{place} " + "word " * (3 * place % 10)) for place in range(1, 9)]
    (first, *_), _ = shards_of(tiny, lengths)
    (again, *_), _ = shards_of(tiny, [*reversed(first), *lengths[len(first) :]])
    assert {item.text for item in again} == {item.text for item in first}
    for shard in shards_of(tiny, lengths)[0]:
        assert len(tiny.encode("\n\n".join(item.text for item in shard))) < 256


def test_orders_depend_on_seed_and_items_alone() -> None:
    shard = [an_item(str(place)) for place in range(8)]
    first, again, other = orders_of(shard, 1), orders_of(shard, 1), orders_of(shard, 2)
    assert first == again != other
    assert (first[0], len(first)) == (shard, 10)
    assert all(sorted(one, key=lambda item: item.text) == shard for one in first)


def test_likeness_is_that_of_neighbours() -> None:
    """Common words over all words: 1 of 3, then 0 of 3."""
    assert likeness([an_item("A cat"), an_item("the cat."), an_item("?"), an_item("")]) == pytest.approx(1 / 3)


def test_samples_hold_what_the_metrics_are_made_of(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST_ITEMS", 2)
    monkeypatch.setattr(order, "SHUFFLES", 3)
    values = [(-1.0, -2.0, -4.0, -3.0), (-2.0, -2.5, -2.0, -3.0)]
    scripted.scores = [Score((value,), (False,)) for shard in values for value in shard]
    found = check_order(scripted, RunConfig(), WANTED, benchmark(["one", "two", "three", "four"]))
    assert [sample.score for sample in found.samples] == [2.0, 0.5]
    assert found.samples[0].prompt == "one\n\ntwo"
    first = found.samples[0].scores
    assert [first[f"log_likelihood{name}"] for name in ("_published", "_shuffled_1", "_shuffled_3")] == [-1, -2, -3]
    assert [request.context_ids for request in scripted.asked] == [(scripted.prefix_token_id,)] * 8
    metrics = {metric.metric: metric for metric in found.metrics}
    assert metrics["gain"].value == 1.25
    assert metrics["p_value"].value is None  # sixteen combinations, two ties with the best
    assert [line for metric in found.metrics for line in differences(metric, found.samples, interval=True)] == []
    assert "the first 4 items in 2 shards of 3 shuffled orders each" in str(metrics["gain"].note)
    assert found.samples[0].sample_id != found.samples[1].sample_id


def test_a_request_that_fails_costs_its_shard(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST_ITEMS", 2)
    scripted.scores = [Score((), (), error="NaN")]
    texts = ["one", "two", "three", "four", "word " * 400]
    found = check_order(scripted, RunConfig(), WANTED, benchmark(texts))
    assert [sample.error for sample in found.samples][:2] == ["NaN", None]
    assert str(found.samples[2].error).startswith("longer than")
    unscored = next(metric for metric in found.metrics if metric.metric == "unscored")
    assert (unscored.value, unscored.n) == (2, 3)


def test_an_order_that_nobody_published_is_not_tested(
    scripted: Scripted, rows: dict[str, list[dict[str, Any]]]
) -> None:
    del rows
    for some in (benchmark(["one", "two"], published=False), read_benchmark(RunConfig(), "piqa")):
        found = check_order(scripted, RunConfig(), WANTED, some)
        assert {metric.value for metric in found.metrics} == {None}
        assert {metric.error for metric in found.metrics} == {order.UNKNOWN}
        assert (found.samples, scripted.asked) == ([], [])
    lone = check_order(scripted, RunConfig(), WANTED, benchmark(["one"]))
    assert {metric.error for metric in lone.metrics} == {"fewer than two items: an order needs at least two"}


def test_a_limit_takes_the_first_items(scripted: Scripted) -> None:
    found = check_order(
        scripted, RunConfig(), TaskConfig(name="b.order", limit=2), benchmark(["one", "two", "three", "four"])
    )
    assert [sample.prompt for sample in found.samples] == ["one\n\ntwo"]


class Memory:
    """Scores of a checkpoint that knows by heart which item follows which: 1 nat for each such neighbour."""

    def __init__(self, engine: Engine, items: Sequence[BenchmarkItem]) -> None:
        self._after = {tuple(engine.encode(f"{a.text}\n\n{b.text}")) for a, b in itertools.pairwise(items)}

    def score(self, request: ScoreRequest) -> Score:
        ids = request.target_ids
        known = sum(ids[at : at + len(pair)] == pair for pair in self._after for at in range(len(ids) - len(pair) + 1))
        return Score((known - 10.0,), (False,))


def test_an_order_known_by_heart_is_found(scripted: Scripted) -> None:
    """Twenty items of one word each in two shards: the published orders beat all others."""
    some = benchmark([f"w{place}" for place in range(20)])
    memory = Memory(scripted, some.items)
    asked: list[ScoreRequest] = []
    check_order(scripted, RunConfig(), WANTED, some)
    asked, scripted.asked = scripted.asked, []
    scripted.scores = [memory.score(request) for request in asked]
    found = {metric.metric: metric for metric in check_order(scripted, RunConfig(), WANTED, some).metrics}
    assert found["p_value"].value == pytest.approx(1 / 100)  # 10 · 10 combinations
    assert not math.isnan(found["gain"].value or math.nan)
    assert (found["gain"].value or 0) > 5
