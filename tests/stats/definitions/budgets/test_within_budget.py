"""Right answers within a thinking budget, against runs that really stop there."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from audit.core.records import Flag, Sample, SampledText
from audit.stats.definitions import WithinBudget
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CUT = [Flag.TRUNCATED_OUTPUT, Flag.THINKING_CUT]


@dataclass(frozen=True)
class Thinker:
    """What a checkpoint would do with an item if nothing stopped it."""

    tokens: int
    right: bool

    def run(self, name: str, limit: int) -> Sample:
        """A run whose traces have at most so many tokens: one that is longer leaves no answer."""
        if self.tokens > limit:
            return a_sample(name, score=0.0, thinking_tokens=limit, flags=CUT, output="")
        return a_sample(name, score=float(self.right), thinking_tokens=self.tokens, output="7")


def population(seed: int, count: int = 60) -> list[Thinker]:
    draw = random.Random(seed)  # noqa: S311 - made-up data
    return [Thinker(draw.choice([0, *range(1, 40)]), draw.random() < 0.6) for _ in range(count)]


def run(thinkers: Sequence[Thinker], limit: int) -> list[Sample]:
    return [one.run(f"s{place}", limit) for place, one in enumerate(thinkers)]


def accuracy(samples: Sequence[Sample]) -> float:
    return sum(sample.score or 0.0 for sample in samples) / len(samples)


@pytest.mark.parametrize("limit", [40, 25])
def test_one_generation_gives_what_a_run_for_each_budget_gives(limit: int) -> None:
    """By brute force: run again with each budget; of traces that the long run cut too, nothing is left open."""
    for seed in range(3):
        thinkers = population(seed)
        long_run = run(thinkers, limit)
        for budget in range(0, limit + 1, 4):
            again = accuracy(run(thinkers, budget))
            for end in (None, 0.0, 1.0):
                assert WithinBudget(budget=budget, if_cut=end).value(long_run) == pytest.approx(again)


def test_beyond_a_cut_the_truth_lies_between_the_bounds() -> None:
    """Contexts cut each item elsewhere; what would have come is somewhere between wrong and right."""
    draw = random.Random(1)  # noqa: S311 - made-up data
    for seed in range(3):
        thinkers = population(seed)
        limits = [draw.randrange(1, 40) for _ in thinkers]
        cut = [one.run(f"s{place}", limit) for place, (one, limit) in enumerate(zip(thinkers, limits, strict=True))]
        for budget in range(0, 41, 3):
            truth = accuracy(run(thinkers, budget))
            value, low, high = (WithinBudget(budget=budget, if_cut=end).value(cut) or 0.0 for end in (None, 0.0, 1.0))
            assert low <= truth <= high
            assert value == low
    last = [WithinBudget(budget=40, if_cut=end).value(cut) or 0.0 for end in (0.0, 1.0)]
    assert last[1] - last[0] == pytest.approx(sum("thinking_cut" in sample.flags for sample in cut) / len(cut))


def test_a_trace_cut_at_the_budget_has_not_ended_within_it() -> None:
    sample = a_sample("a", score=0.0, thinking_tokens=8, flags=CUT)
    found = [[WithinBudget(budget=b, if_cut=end).of_sample(sample) for end in (None, 0.0, 1.0)] for b in (7, 8, 9)]
    assert found == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]
    closed = a_sample("b", score=1.0, thinking_tokens=8)
    assert [WithinBudget(budget=b).of_sample(closed) for b in (7, 8, 9)] == [0, 1, 1]


def test_a_text_that_ended_inside_its_trace_is_no_answer_within_any_budget() -> None:
    only = [Flag.TRUNCATED_OUTPUT, Flag.THINKING_ONLY]
    for value in (0.0, 1.0):  # whatever a scorer makes of no answer
        sample = a_sample("a", score=value, thinking_tokens=8, flags=only)
        assert {WithinBudget(budget=b, if_cut=e).of_sample(sample) for b in (7, 8, 99) for e in (None, 0.0, 1.0)} == {0}


def test_an_answer_that_its_own_limit_cut_is_open() -> None:
    sample = a_sample("a", score=1.0, thinking_tokens=8, flags=[Flag.TRUNCATED_OUTPUT])
    assert [WithinBudget(budget=8, if_cut=end).of_sample(sample) for end in (None, 0.0, 1.0)] == [1, 0, 1]
    assert WithinBudget(budget=7, if_cut=1.0).of_sample(sample) == 0


def test_the_mean_of_several_answers() -> None:
    texts = [
        SampledText(text="7", value=1.0, labels={"exact_match": 1.0}, thinking_tokens=4),
        SampledText(text="7", value=1.0, labels={"exact_match": 1.0}, thinking_tokens=9),
        SampledText(text="8", value=0.0, labels={"exact_match": 0.0}, thinking_tokens=2),
        SampledText(text="", value=0.0, labels={"exact_match": 0.0}, thinking_tokens=9, flags=CUT),
    ]
    sample = a_sample("a", score=0.5, scores={"exact_match": 0.5}, completions=texts, thinking_tokens=4)
    for of in ("score", "scores.exact_match"):
        values = [WithinBudget(budget=b, of=of).of_sample(sample) for b in (1, 2, 4, 8, 9, 10)]
        assert values == [0, 0, 0.25, 0.25, 0.5, 0.5]
        assert WithinBudget(budget=10, of=of, if_cut=1.0).of_sample(sample) == 0.75


def test_without_counted_tokens_there_is_no_value() -> None:
    """Runs of earlier versions have none, and so have some servers."""
    samples = [
        a_sample("a", score=1.0),
        a_sample("b", score=1.0, thinking_tokens=3),
        a_sample("c", error="NaN", thinking_tokens=3),
        a_sample("d", score=1.0, completions=[SampledText(text="7", value=1.0)], thinking_tokens=3),
    ]
    found = metric(WithinBudget(budget=8), samples)
    assert (found.value, found.n, found.missing) == (1.0, 1, 2)
    assert metric(WithinBudget(budget=8), samples[:1]).error == "none of 1 items could be scored"


def test_resampling(resamples_as_repeated: Callable[..., None]) -> None:
    samples = run(population(3, 6), 20)
    resamples_as_repeated(WithinBudget(budget=8), samples, [2, 0, 1, 3, 1, 1], "share")


def test_a_budget_below_zero_is_refused() -> None:
    with pytest.raises(TypeError, match="budget: "):
        WithinBudget.read({"budget": -1})
