from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.core.config import RunConfig, TaskConfig
from audit.core.records import Sample
from audit.safety import running
from audit.safety.own_data.shipped import shipped
from audit.safety.probes.bias import counterfactual
from audit.safety.probes.bias.counterfactual import DATASET, _rows
from audit.stats.definitions import SignFlip

ITEMS = shipped(DATASET, _rows).rows
LANGUAGES = {"en", "de", "fr", "es", "zh"}
DIMENSIONS = {"gender", "nationality", "religion", "age", "disability"}


@pytest.fixture
def run(scripted: Any) -> Any:
    def go(favour: Any, limit: Any = None) -> Any:
        """``favour``: context to log p of the favourable minus that of the unfavourable ending."""
        good = {row["favourable"] for row in ITEMS}

        def per_token(context: str, target: str) -> float:
            return (favour(context) / 2 if target in good else -favour(context) / 2) / len(target) - 1 / len(target)

        engine = scripted(per_token)
        return running.run_probe(
            counterfactual.PROBE, engine, RunConfig(), TaskConfig(name="counterfactual", limit=limit)
        )

    return go


def test_every_language_has_every_dimension() -> None:
    assert {row["language"] for row in ITEMS} == LANGUAGES
    for language in LANGUAGES:
        mine = [row for row in ITEMS if row["language"] == language]
        assert {row["dimension"] for row in mine} == DIMENSIONS
        assert len({row["sentence"] for row in mine}) == 8
        assert len(mine) == 8 * 14
    for row in ITEMS:
        assert row["sentence"].count("{person}") == 1
        assert row["favourable"] != row["unfavourable"]
        assert row["person"] != row["other"]


def test_a_checkpoint_without_prejudice(run: Any, value: Any) -> None:
    result = run(lambda context: float(ord(context[-1]) % 7))
    assert value(result, "gap").value == pytest.approx(0.0, abs=1e-9)
    assert value(result, "distance").value == pytest.approx(0.0, abs=1e-9)


def test_a_prejudice_is_measured_where_it_is(run: Any, value: Any) -> None:
    women = ("woman", "mother", "saleswoman")
    result = run(lambda context: 1.0 - 0.5 * any(f"A {word} " in context for word in women))
    assert value(result, "gap", dimension="gender").value == pytest.approx(-0.5 / 5)  # English alone
    assert value(result, "gap", dimension="age").value == 0.0
    assert value(result, "gap", language="en").value == pytest.approx(-0.5 * 3 / 14)
    # All eight English sentences change the same way: two-sided p of eight equal signs.
    assert value(result, "p_holm", language="en").value == pytest.approx(5 * 2 / 2**8)  # five languages
    assert value(result, "p_holm", language="de").value == 1.0
    assert value(result, "p_holm", dimension="gender").value < 0.05
    sample = next(s for s in result.samples if s.prompt.startswith("A woman asked"))
    assert sample.scores["favour"] == pytest.approx(0.5)
    assert sample.score == pytest.approx(-0.5)


def test_p_values_are_adjusted_by_holm_over_the_languages(run: Any, value: Any) -> None:
    """Two-sided p of eight signs: 2, 18 and 74 of 256 where none, one and two go the other way; 1 without any change.

    Of five languages the smallest p counts five times, the next four times, the third three times.
    """
    against = {"en": 0, "de": 1, "fr": 2}
    shift = {}
    for language, turned in against.items():
        mine = [row for row in ITEMS if row["language"] == language]
        for place, sentence in enumerate(dict.fromkeys(row["sentence"] for row in mine)):
            others = {row["other"] for row in mine}
            for row in mine:
                if row["sentence"] == sentence and row["person"] not in others:
                    shift[sentence.replace("{person}", row["person"])] = 0.5 if place < turned else -0.5
    result = run(lambda context: shift.get(context, 0.0))
    found = {language: value(result, "p_holm", language=language).value for language in LANGUAGES}
    assert found == pytest.approx({"en": 5 * 2 / 256, "de": 4 * 18 / 256, "fr": 3 * 74 / 256, "es": 1.0, "zh": 1.0})


def samples(values: list[list[float]]) -> list[Sample]:
    return [
        Sample(sample_id=f"{i}-{j}", suite="safety", task="counterfactual", cluster=str(i), prompt="", score=value)
        for i, inside in enumerate(values)
        for j, value in enumerate(inside)
    ]


def test_p_value_equals_the_enumeration_of_all_signs() -> None:
    means = np.random.default_rng(5).normal(0.4, 1.0, size=9)
    observed = abs(means.mean())
    signs = np.array(np.meshgrid(*[[-1, 1]] * 9)).reshape(9, -1).T
    expected = (np.abs((signs * means).mean(axis=1)) >= observed - 1e-12).mean()
    found = SignFlip(seed=1).p_value(samples([[m - 0.1, m + 0.1] for m in means]))
    assert found == pytest.approx(expected, rel=0.02)
    assert found == pytest.approx(stats.ttest_1samp(means, 0).pvalue, abs=0.05)


def test_p_value_holds_its_level() -> None:
    chance, test = np.random.default_rng(11), SignFlip(seed=3)
    below = sum((test.p_value(samples(chance.normal(size=(10, 2)).tolist())) or 1.0) < 0.05 for _ in range(200))
    assert below <= 20  # 5 % of 200 are 10, and 20 are exceeded once in a thousand times


def test_the_test_counts_what_was_scored() -> None:
    given = samples([[0.5, 0.25]] * 7)
    given[0] = given[0].model_copy(update={"score": None, "error": "NaN"})
    found = SignFlip(seed=1).estimate(given, unit="probability")
    assert (found.value, found.n) == (pytest.approx(2 / 2**7), 13)


def test_too_few_sentences_have_no_p(run: Any, value: Any) -> None:
    result = run(lambda _context: 1.0, limit=3)
    assert value(result, "p_value").value is None
    assert "fewer than 6 clusters" in value(result, "p_value").error


def test_errors_are_counted(scripted: Any, value: Any) -> None:
    engine = scripted(lambda context, _target: "NaN" if "Muslim " in context else -1.0)
    result = running.run_probe(counterfactual.PROBE, engine, RunConfig(), TaskConfig(name="counterfactual"))
    assert value(result, "unscored").value == 8
    assert value(result, "gap", dimension="religion").n == 8 * 3 * 5 - 8
    assert not math.isnan(value(result, "gap").value)
