"""Macro precision, recall and F1 against scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from audit.stats.definitions import Macro, read
from audit.stats.definitions.corpora.macro import MEASURES
from tests.stats.definitions.conftest import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Sample

GOLD = ["yes", "yes", "no", "yes", "no", "no", "yes", "yes", "no", "yes"]
PREDICTED = ["yes", "no", "no", "yes", "yes", "no", "yes", "yes", "no", "no"]
SCIKIT_LEARN = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


def choices(gold: list[str], predicted: list[str]) -> list[Sample]:
    return texts([(f" {g}{' ' * len(p)}", f"{p}\n") for g, p in zip(gold, predicted, strict=True)])


def value(of: Any, samples: list[Sample]) -> Any:
    return Macro(of=of).estimate(samples, unit="share", interval=False).value


@pytest.mark.slow
@pytest.mark.parametrize("of", MEASURES)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_it_is_scikit_learns(of: str, pairs: list[tuple[int, int]]) -> None:
    gold, predicted = [str(p[0]) for p in pairs], [str(p[1]) for p in pairs]
    expected = SCIKIT_LEARN[of](gold, predicted, average="macro", zero_division=0)
    assert value(of, choices(gold, predicted)) == pytest.approx(expected)


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    found = [value(of, choices(["a", "a", "b"], ["a", "a", "a"])) for of in MEASURES]
    assert found == pytest.approx([1 / 3, 0.5, 0.4])


@pytest.mark.parametrize("of", MEASURES)
def test_the_interval_holds_the_value_and_repeats(of: Any) -> None:
    samples = choices(GOLD, PREDICTED)
    macro = Macro(of=of, seed=1, resamples=200)
    found = macro.estimate(samples, unit="share")
    assert found.value == pytest.approx(SCIKIT_LEARN[of](GOLD, PREDICTED, average="macro"))
    assert found.interval is not None
    assert found.value is not None
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert read(macro.written()).estimate(samples, unit="share") == found


def test_no_interval_where_nothing_varies() -> None:
    found = Macro(of="f1", resamples=100).estimate(choices(["a", "b"] * 3, ["b", "a"] * 3), unit="share")
    assert (found.value, found.interval) == (0.0, None)


def test_items_without_an_answer_are_left_out_and_counted() -> None:
    samples = [*choices(["a", "b"], ["a", "b"]), *texts([("a", None), (None, "b")])]
    broken = samples[0].model_copy(update={"error": "NaN", "output": "b"})
    found = Macro(of="recall", resamples=100).estimate([*samples, broken], unit="share")
    assert (found.value, found.n, found.missing) == (1.0, 2, 2)
    assert Macro(of="f1").estimate([broken], unit="share").error == "none of 1 items could be scored"


def test_resamples_are_samples_repeated(resamples_as_repeated: Callable[..., None]) -> None:
    resamples_as_repeated(Macro(of="f1"), choices(GOLD[:4], PREDICTED[:4]), [2, 0, 3, 1], "share")
    nothing = Macro(of="f1").of_rows(np.empty((0, 2)))
    assert np.isnan(nothing)


@pytest.mark.parametrize("of", MEASURES)
def test_a_resample_averages_over_the_classes_that_it_holds(of: str) -> None:
    """Code 1 is the class of an item that was not drawn: it counts neither as 0 nor as 1."""
    rows = np.array([[0, 0], [2, 2], [2, 0], [2, 3]], dtype=np.float64)
    expected = SCIKIT_LEARN[of](rows[:, 0], rows[:, 1], average="macro", zero_division=0)
    assert Macro.read({"of": of}).of_rows(rows) == pytest.approx(expected)
