"""Does a checkpoint find the published order of a benchmark's items likelier than shuffled ones?"""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.core.formatting import counted
from audit.core.item_draw import first_items
from audit.core.records import MetricWords, Sample, TaskWords, sample_id
from audit.engine import ScoreRequest
from audit.evals.contamination.results import SUITE, Declared, result_of
from audit.stats.definitions import Mean, OrderPermutation, OrderShardedT
from audit.stats.definitions.orders.order_test import PUBLISHED, SHUFFLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import TaskResult
    from audit.engine import Engine, Score
    from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems

SHUFFLES = 9
"""Shuffled orders of each shard."""
MOST_ITEMS, MOST_TOKENS = 10, 1024
"""Items and tokens of a shard at most: it is read at once."""
BETWEEN = "\n\n"
"""Between two items."""
LOG_LIKELIHOOD, LIKENESS = "log_likelihood", "likeness"
"""Names of the values of an order: its log-likelihood in nats, and how alike neighbours are."""
UNKNOWN = (
    "not known whether the items are in the order in which they were published: the test is only for data sets that are"
)
KNOWS = MetricWords(
    title="p-value of the published order",
    above="Finds the published order of the items likelier than shuffled ones: it saw them in training",
    within="Not shown to know the published order of the items",
)
METRICS = (
    Declared("p_value", OrderPermutation(unless=LIKENESS), "p_value", KNOWS, higher_is_better=True, primary=True),
    Declared(
        "gain",
        Mean(),
        "nats",
        MetricWords(
            title="Log-likelihood gained by the published order, per shard",
            above="Finds the published order of the items likelier",
            within="Not shown to find the published order of the items likelier",
            below="Finds the published order of the items less likely",
            guess="an order it never saw",
        ),
        primary=True,
        chance=0.0,
    ),
    Declared(
        "sharded_t_p_value",
        OrderShardedT(unless=LIKENESS),
        "p_value",
        KNOWS.model_copy(update={"title": "p-value by the t-test over shards"}),
        higher_is_better=True,
    ),
    Declared(
        "likeness_p_value",
        OrderPermutation(of=LIKENESS),
        "p_value",
        MetricWords(
            title="p-value of the texts alone: similar items next to each other",
            above="Similar items stand next to each other, so that their order cannot be tested",
            within="Similar items are not shown to stand next to each other",
        ),
        higher_is_better=None,
    ),
)
_WORD = re.compile(r"\w+")


def check_order(engine: Engine, config: RunConfig, wanted: TaskConfig, benchmark: PublishedItems) -> TaskResult:
    """The result of the test on the first items of a benchmark.

    Args:
        engine: The checkpoint.
        config: Of the run.
        wanted: ``TASK.order``; a limit takes the first items, in published order.
        benchmark: Its items.
    """
    block = first_items(benchmark.items, wanted.limit, wanted.name)
    known = benchmark.in_published_order
    shards, alone = shards_of(engine, block) if known else ([], [])
    samples = [*asked(engine, shards, config.seed, wanted.name), *[_too_long(one, wanted.name) for one in alone]]
    used = sum(map(len, shards))
    unknown = None if known else UNKNOWN
    if known and not samples:
        unknown = "fewer than two items: an order needs at least two"
    title = benchmark.title
    return result_of(
        wanted.name,
        samples,
        METRICS,
        config,
        words=TaskWords(
            title=f"{title}: order of the items",
            question="Does it know the order in which the items were published?",
            good="A p-value that is not small; a large one does not show that it never saw the items.",
        ),
        settings={"shuffles": SHUFFLES, "items": MOST_ITEMS, "tokens": MOST_TOKENS, "version": 1},
        note=f"the first {counted(used, 'item')} in {counted(len(shards), 'shard')} of {SHUFFLES} shuffled orders each",
        records=benchmark.records,
        unknown=unknown,
    )


def shards_of(engine: Engine, items: Sequence[BenchmarkItem]) -> tuple[list[list[BenchmarkItem]], list[BenchmarkItem]]:
    """Items that follow each other, as many as can be read at once, and the items that are too long to be read.

    Whether items fit depends on their lengths added up, not on their order: each order of a shard makes the same shard.
    A single item that is left over has no order and belongs to none.
    """
    most = min(MOST_TOKENS, engine.max_length) - 1
    gap = len(engine.encode(BETWEEN, add_special_tokens=False)) + 1  # joined texts may have a token more at each end
    shards: list[list[BenchmarkItem]] = []
    current: list[BenchmarkItem] = []
    too_long: list[BenchmarkItem] = []
    used = 0
    for item in items:
        length = len(engine.encode(item.text, add_special_tokens=False)) + gap
        if length > most:
            too_long.append(item)
            continue
        if used + length > most or len(current) == MOST_ITEMS:
            shards.append(current)
            current, used = [], 0
        current.append(item)
        used += length
    shards.append(current)
    return [shard for shard in shards if len(shard) > 1], too_long


def asked(engine: Engine, shards: Sequence[Sequence[BenchmarkItem]], seed: int, task: str) -> list[Sample]:
    """A sample of each shard: the log-likelihoods of its published and shuffled orders."""
    orders = [orders_of(shard, seed) for shard in shards]
    requests = [[_request(engine, order) for order in of_shard] for of_shard in orders]
    flat = [request for of_shard in requests for request in of_shard]
    scores = iter(engine.score(flat) if flat else [])
    return [
        _sample(task, of_shard, [next(scores) for _ in asked_of], max(len(one.target_ids) for one in asked_of))
        for of_shard, asked_of in zip(orders, requests, strict=True)
    ]


def orders_of(shard: Sequence[BenchmarkItem], seed: int) -> list[list[BenchmarkItem]]:
    """The published order, and shuffled ones that depend on the seed and the items alone; some may be equal."""
    generator = random.Random(f"{seed}/{[item.identity for item in shard]}")  # noqa: S311 - a draw, not a secret
    return [list(shard), *(generator.sample(list(shard), len(shard)) for _ in range(SHUFFLES))]


def _request(engine: Engine, order: Sequence[BenchmarkItem]) -> ScoreRequest:
    """The log-likelihood of all items in an order, after nothing."""
    tokens = engine.encode(_joined(order), add_special_tokens=False)
    return ScoreRequest((engine.prefix_token_id,), tuple(tokens))


def _joined(order: Sequence[BenchmarkItem]) -> str:
    return BETWEEN.join(item.text for item in order)


def likeness(order: Sequence[BenchmarkItem]) -> float:
    """Sum over neighbours of the share of words that they have in common (Jaccard 1912), whatever a checkpoint says."""
    words = [set(_WORD.findall(item.text.casefold())) for item in order]
    return sum(len(one & other) / len(one | other) for one, other in pairwise(words) if one | other)


def _sample(task: str, orders: Sequence[Sequence[BenchmarkItem]], scores: Sequence[Score], tokens: int) -> Sample:
    """The record of a shard; ``score`` is the published order's log-likelihood minus the mean of the shuffled ones."""
    published, names = orders[0], [PUBLISHED, *(f"{SHUFFLED}{place}" for place in range(1, len(orders)))]
    error = next((score.error for score in scores if score.error), None)
    totals = [score.total for score in scores]
    values: dict[str, float | None] = {}
    if error is None:
        values = {f"{LOG_LIKELIHOOD}{name}": total for name, total in zip(names, totals, strict=True)}
        values |= {f"{LIKENESS}{name}": likeness(order) for name, order in zip(names, orders, strict=True)}
    return Sample(
        sample_id=sample_id(task, "", [item.identity for item in published]),
        suite=SUITE,
        task=task,
        prompt=_joined(published),
        answered_by="likelihood",
        score=None if error else totals[0] - sum(totals[1:]) / len(totals[1:]),
        scores=values,
        error=error,
        tokens_in=tokens,
    )


def _too_long(item: BenchmarkItem, task: str) -> Sample:
    """The record of an item that cannot be read at once."""
    return Sample(
        sample_id=sample_id(task, "", [item.identity]),
        suite=SUITE,
        task=task,
        prompt=item.text,
        error=f"longer than the {MOST_TOKENS:,} tokens, or the context, that a shard may have",
    )
