"""Are the published items likelier to a checkpoint than rewritten ones, by Min-K % ++?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audit.core.errors import TaskUnavailable
from audit.core.formatting import counted
from audit.core.records import MetricWords, Sample, TaskWords, sample_id
from audit.engine import ScoreRequest
from audit.evals.contamination.results import SUITE, Declared, result_of
from audit.evals.contamination.rewriting import NotRewritten, rewritten
from audit.stats.definitions import Mean, SignFlip
from audit.stats.membership.min_k import min_k_plus

if TYPE_CHECKING:
    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import TaskResult
    from audit.engine import Engine, Score
    from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems

MOST_TOKENS = 1024
"""Tokens of a text at most."""
LIKELIER = MetricWords(
    title="Min-K % ++ gained by the published wording",
    above="Finds the published items likelier than rewritten ones",
    within="Not shown to find the published items likelier than rewritten ones",
    below="Finds the published items less likely than rewritten ones",
    guess="items it never saw",
)
METRICS = (
    Declared("difference", Mean(), "score", LIKELIER, primary=True, chance=0.0),
    Declared(
        "p_value",
        SignFlip(),
        "p_value",
        MetricWords(
            title="p-value of no difference",
            above="Published and rewritten items differ in likelihood",
            within="Published and rewritten items are not shown to differ in likelihood",
        ),
        higher_is_better=None,
    ),
    Declared(
        "share_likelier",
        Mean(at_least=1e-12),
        "share",
        MetricWords(
            title="Items that are likelier as published",
            above="More items are likelier as published than as rewritten",
            within="Not shown that more items are likelier as published than as rewritten",
            below="Fewer items are likelier as published than as rewritten",
            guess="items it never saw",
        ),
        chance=0.5,
    ),
)


def check_min_k(engine: Engine, config: RunConfig, wanted: TaskConfig, benchmark: PublishedItems) -> TaskResult:
    """The result on the items that a limit draws among those that can be rewritten.

    Args:
        engine: The checkpoint.
        config: Of the run.
        wanted: ``TASK.min-k``.
        benchmark: Its items.

    Raises:
        TaskUnavailable: No item can be rewritten.
    """
    pairs, reasons = _rewritten(benchmark, config.seed)
    left = sum(reasons.values())
    why = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.most_common(3))
    if not pairs:
        msg = f"{wanted.name}: no item can be rewritten by a rule ({why})"
        raise TaskUnavailable(msg)
    chosen = [pairs[item.identity] for item in _drawn(benchmark, wanted, config, pairs)]
    requests = [_request(engine, text) for _, *texts in chosen for text in texts]
    scores = engine.score(requests) if requests else []
    samples = [
        _sample(wanted.name, *one, scores[at], scores[at + 1], same=requests[at] == requests[at + 1])
        for at, one in zip(range(0, len(requests), 2), chosen, strict=True)
    ]
    note = f"{len(pairs):,} of {counted(len(benchmark.items), 'item')} can be rewritten" + (f" ({why})" if left else "")
    return result_of(
        wanted.name,
        samples,
        METRICS,
        config,
        words=TaskWords(
            title=f"{benchmark.title}: published against rewritten items",
            question="Are the items likelier as published than in other words?",
            good="No difference.",
        ),
        settings={"share": 0.2, "tokens": MOST_TOKENS, "version": 1},
        note=note,
        records=benchmark.records,
    )


def _rewritten(benchmark: PublishedItems, seed: int) -> tuple[dict[str, tuple[BenchmarkItem, str, str]], Counter[str]]:
    """The items that can be rewritten, with both texts, by identity; why others cannot, with their number."""
    found, reasons = {}, Counter[str]()
    for item in benchmark.items:
        try:
            found[item.identity] = (item, *rewritten(benchmark.name, item, seed))
        except NotRewritten as why:
            reasons[str(why)] += 1
    return found, reasons


def _drawn(
    benchmark: PublishedItems, wanted: TaskConfig, config: RunConfig, pairs: dict[str, tuple[BenchmarkItem, str, str]]
) -> list[BenchmarkItem]:
    """The items that a limit draws among those that can be rewritten."""
    possible = tuple(item for item in benchmark.items if item.identity in pairs)
    return benchmark.only(possible).drawn(wanted, config.seed)


def _request(engine: Engine, text: str) -> ScoreRequest:
    """The log-probabilities of a text's first tokens with their moments, after nothing."""
    most = min(MOST_TOKENS, engine.max_length) - 1
    tokens = engine.encode(text, add_special_tokens=False)[:most]
    return ScoreRequest((engine.prefix_token_id,), tuple(tokens), moments=True)


def _sample(
    task: str, item: BenchmarkItem, text: str, other: str, published: Score, rewritten_one: Score, *, same: bool
) -> Sample:
    """The record of an item; ``score`` is the published text's Min-K % ++ minus the rewritten one's.

    Args:
        task: ``TASK.min-k``.
        item: The item.
        text: As published.
        other: As rewritten.
        published: Of the published text.
        rewritten_one: Of the other one.
        same: Whether the tokens that were read are the same: what was rewritten comes after them.
    """
    error = published.error or rewritten_one.error or (None if published.log_probs else "a text without tokens")
    if same:
        error = f"its texts are the same up to the {MOST_TOKENS:,} tokens, or the context, that are read"
    values: dict[str, float | None] = {}
    if error is None:
        values = {"published": _value(published), "rewritten": _value(rewritten_one)}
    return Sample(
        sample_id=sample_id(task, "", item.identity),
        suite=SUITE,
        task=task,
        cluster=item.cluster,
        prompt=text,
        reference=other,
        answered_by="likelihood",
        score=None if error else (values["published"] or 0.0) - (values["rewritten"] or 0.0),
        scores=values,
        error=error,
        tokens_in=max(len(published.log_probs), len(rewritten_one.log_probs)),
    )


def _value(score: Score) -> float:
    """Min-K % ++ of a text."""
    return min_k_plus(score.log_probs, score.mean_log_probs or (), score.std_log_probs or ())
