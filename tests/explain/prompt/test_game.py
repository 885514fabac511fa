from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import ScorerError, UsageError
from audit.engine import Score
from audit.explain.attribute import prepare

if TYPE_CHECKING:
    from audit.engine import Engine


def test_each_mask_is_scored_once_and_all_in_one_call(linear: Any) -> None:
    prompt = prepare(linear, "one two three", " x", max_features=9)
    masks = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 1], [0, 0, 0]], dtype=np.bool_)
    values = prompt(masks)
    assert linear.calls == [3]
    assert values[1] == values[2]
    again = prompt(masks[::-1])
    assert linear.calls == [3]
    np.testing.assert_array_equal(again, values[::-1])
    assert prompt.evaluations == 3
    assert (prompt.full, prompt.empty) == (values[0], values[3])


def test_a_contrast_is_the_difference_of_two_log_probabilities(tiny: Engine) -> None:
    text = "The quick brown fox"
    masks = np.array([[1, 1, 1, 1], [0, 1, 1, 0]], dtype=np.bool_)
    contrast = prepare(tiny, text, " jumps", against=" sleeps", max_features=9)
    for_it = prepare(tiny, text, " jumps", max_features=9)
    against_it = prepare(tiny, text, " sleeps", max_features=9)
    np.testing.assert_allclose(contrast(masks), for_it(masks) - against_it(masks), atol=1e-5)
    assert contrast.target_log_prob(present=True) == pytest.approx(for_it.full, abs=1e-5)


def test_a_mask_without_an_answer_is_an_error(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "score", lambda requests: [Score((), (), error="NaN")] * len(requests))
    with pytest.raises(ScorerError, match="NaN"):
        _ = prepare(linear, "one two", " x", max_features=9).full


def test_masks_that_were_fetched_before_are_known(linear: Any) -> None:
    prompt = prepare(linear, "one two three", " x", max_features=9)
    masks = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=np.bool_)
    keys = [mask.tobytes() for mask in masks]
    with prompt.counting() as before:
        assert prompt.prefetch(np.concatenate([masks, masks[:1]])) == keys
        assert prompt.prefetch(masks[:0]) == []
    assert (linear.calls, before) == ([3], set())
    with prompt.counting() as outer:
        prompt(masks[:1])
        with prompt.counting() as inner:
            prompt(np.concatenate([masks[:2], masks[:1]]))
    assert (linear.calls, inner, outer) == ([3], set(keys[:2]), {keys[0]})


@pytest.mark.parametrize("against", ["", " ", " x"])
def test_a_contrast_with_nothing_or_itself_is_refused(linear: Any, against: str) -> None:
    with pytest.raises(UsageError, match="two different continuations"):
        prepare(linear, "one two", " x", against=against, max_features=9)
