"""Titles and phrases."""

from __future__ import annotations

import pytest

from audit.core.records import Metric, TaskResult, TaskWords
from audit.evals.robustness.metrics import NAMES
from audit.evals.robustness.words import meaning, task_words_of


def score(unit: str) -> Metric:
    return Metric(
        name="t/m", suite="evals", task="t", metric="m", value=None, n=0, error="x", unit=unit, chance_of="options"
    )


@pytest.mark.parametrize("unit", ["share", "chrf"])
def test_every_metric_has_a_title_of_its_own(unit: str) -> None:
    words = [meaning(name, score(unit)).words for name in NAMES]
    titles = [one.title for one in words if one is not None]
    assert len({*titles}) == len(NAMES)
    shares = [one.of for one in words if one is not None and one.of]
    assert len(shares) == (4 if unit == "share" else 1)  # flips are a share of either


def test_bounds_say_which_they_are() -> None:
    words = meaning("worst_case_if_cut_wrong", score("share")).words
    assert words is not None
    assert words.title == "Right answers in every form, if all cut answers are wrong"


def test_chance_level_and_ideal() -> None:
    assert meaning("mean_score", score("share")).chance == "options"
    assert meaning("lowest_mean", score("share")).chance is None
    assert (meaning("flips", score("share")).ideal, meaning("change", score("share")).ideal) == (0.0, 0.0)


def test_the_title_of_a_task() -> None:
    named = TaskResult(suite="evals", task="t", words=TaskWords(title="Towns", question="?"))
    assert task_words_of(named).title == "Towns, perturbed"
    assert task_words_of(TaskResult(suite="evals", task="t")).title == "t, perturbed"
