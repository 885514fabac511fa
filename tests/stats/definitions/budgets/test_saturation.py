"""The budget that keeps most right answers: brute force, published tables, coverage."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.core.records import Flag, SampledText
from audit.stats.definitions import SaturationBudget, WithinBudget
from audit.stats.definitions.budgets.saturation import effective, order_places
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Sample


def answers(tokens: Sequence[int], right: Sequence[bool] | None = None) -> list[Sample]:
    """One item per trace; all answers are right where nothing else is said."""
    flags = right or [True] * len(tokens)
    return [
        a_sample(f"s{place}", score=float(is_right), thinking_tokens=count)
        for place, (count, is_right) in enumerate(zip(tokens, flags, strict=True))
    ]


@pytest.mark.parametrize("part", [0.5, 0.9, 0.95])
def test_it_is_the_smallest_budget_of_the_curve_that_keeps_the_part(part: float) -> None:
    """By brute force over all budgets."""
    for seed in range(20):
        draw = random.Random(seed)  # noqa: S311 - made-up data
        samples = answers(
            [draw.randrange(0, 60) for _ in range(seed + 3)], [True, *(draw.random() < 0.5 for _ in range(seed + 2))]
        )
        curve = [round(len(samples) * (WithinBudget(budget=b).value(samples) or 0.0)) for b in range(61)]
        wanted = next(b for b in range(61) if curve[b] >= part * curve[60] - 1e-9)
        assert SaturationBudget(part=part).value(samples) == wanted


def test_the_places_are_those_of_the_tables() -> None:
    """Conover's table for the median (A3): n = 20 gives the 6th and 15th; Wilks's 59, and 72, for an upper quantile."""
    assert order_places(20, 0.5, 0.95) == (5, 14)
    assert order_places(10, 0.5, 0.95) == (1, 8)
    assert order_places(5, 0.5, 0.95) is None  # 1 − 2 · 0.5⁵ is 0.9375
    assert order_places(6, 0.5, 0.95) == (0, 5)  # 1 − 2 · 0.5⁶ is 0.96875
    assert order_places(71, 0.95, 0.95) is None
    assert order_places(72, 0.95, 0.95) is not None  # 0.95⁷² is below 0.025
    assert order_places(58, 0.95, 0.90) is None
    assert order_places(59, 0.95, 0.90) is not None  # Wilks's 59


@pytest.mark.slow
def test_coverage() -> None:
    """At least nominal, whatever the distribution; the quantile is known."""
    draw, covered, trials = np.random.default_rng(5), 0, 250
    truth = -math.log(0.05) * 100
    for _ in range(trials):
        tokens = np.ceil(draw.exponential(100, size=150)).astype(int)
        found = SaturationBudget().estimate(answers([*map(int, tokens)]), unit="tokens")
        assert found.interval is not None
        covered += found.interval.low <= math.ceil(truth) <= found.interval.high
    assert covered / trials > 0.93


def test_few_right_answers_have_no_interval() -> None:
    found = metric(SaturationBudget(), answers(range(1, 21)), unit="tokens")
    assert (found.value, found.n, found.ci_low) == (19, 20, None)
    assert found.no_interval == "only 20 right answers; this quantile has an interval from 72 on"
    whole = metric(SaturationBudget(), answers(range(1, 101)), unit="tokens")
    assert (whole.value, whole.ci_method) == (95, "order_statistics")
    assert 89 <= (whole.ci_low or 0) <= 95 <= (whole.ci_high or 0) <= 100


def drawn(name: str, tokens: Sequence[int]) -> Sample:
    """An item with several answers, all of them right."""
    texts = [SampledText(text="7", value=1.0, thinking_tokens=count) for count in tokens]
    return a_sample(name, score=1.0, thinking_tokens=tokens[0], completions=texts)


def test_answers_to_the_same_item_tell_less() -> None:
    """Four equal answers to each of 100 items tell what one answer to each does."""
    once = metric(SaturationBudget(), answers(range(1, 101)), unit="tokens")
    often = metric(SaturationBudget(), [drawn(str(k), [k] * 4) for k in range(1, 101)], unit="tokens")
    assert (often.value, often.n) == (once.value, once.n) == (95, 100)
    assert abs((often.ci_low or 0) - (once.ci_low or 0)) <= 1
    assert abs((often.ci_high or 0) - (once.ci_high or 0)) <= 1
    few = metric(SaturationBudget(), [drawn(str(k), [k] * 4) for k in range(1, 31)], unit="tokens")
    assert (
        few.no_interval == "only 120 right answers, worth 29 independent ones; this quantile has an interval from 72 on"
    )
    assert effective(np.array([True] * 6), ["a", "a", "b", "b", "c", "c"]) == 3


@pytest.mark.slow
def test_coverage_of_several_answers_to_each_item() -> None:
    """Answers to one item take nearly the same thinking."""
    draw, covered, trials = np.random.default_rng(6), 0, 120
    population = np.sort(np.ceil(draw.exponential(100, size=200_000) * draw.uniform(0.8, 1.2, size=200_000)))
    truth = population[math.ceil(0.95 * len(population)) - 1]
    for _ in range(trials):
        items = draw.exponential(100, size=120)
        tokens = np.ceil(items[:, None] * draw.uniform(0.8, 1.2, size=(120, 4))).astype(int)
        samples = [drawn(str(place), [*map(int, row)]) for place, row in enumerate(tokens)]
        found = SaturationBudget().estimate(samples, unit="tokens")
        assert found.interval is not None
        covered += found.interval.low <= truth <= found.interval.high
    assert covered / trials > 0.92


def test_wrong_cut_and_uncounted_answers() -> None:
    cut = a_sample(
        "c", score=1.0, thinking_tokens=900, flags=[Flag.TRUNCATED_OUTPUT, Flag.THINKING_CUT]
    )  # whatever a scorer makes of no answer
    samples = [*answers([5, 700], [True, False]), cut, a_sample("d", score=1.0), a_sample("e", error="NaN")]
    found = metric(SaturationBudget(), samples, unit="tokens")
    assert (found.value, found.n, found.missing) == (5, 3, 1)
    assert metric(SaturationBudget(), answers([5], [False]), unit="tokens").error == "no answer is right"
    assert metric(SaturationBudget(), samples[3:], unit="tokens").error == "none of 2 items could be scored"


def test_resampling(resamples_as_repeated: Callable[..., None]) -> None:
    samples = answers([3, 9, 4, 30, 8, 1], [True, True, False, True, True, True])
    resamples_as_repeated(SaturationBudget(part=0.5), samples, [2, 0, 1, 3, 1, 1], "tokens")
    assert math.isnan(SaturationBudget().resample(samples[2:3]).value(np.array([])))
    assert math.isnan(SaturationBudget().resample(samples[:1]).value(np.array([0.0])))


def test_the_part_is_inside_0_and_1() -> None:
    for part in (0.0, 1.0):
        with pytest.raises(TypeError, match="part: "):
            SaturationBudget.read({"part": part})
