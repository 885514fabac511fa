"""Figures of two answers, counted by hand."""

from __future__ import annotations

import pytest

from audit.engine.foreign.tally import Tally
from audit.engine.requests import Score


def test_scores_are_counted_up_to_the_first_token_that_is_not_the_likeliest() -> None:
    tally = Tally()
    first = Score((-1.0, -2.0, -3.0), (True, False, True))
    tally.add_score(first, Score((-1.5, -2.0, -2.0), (True, True, True)), 3)
    tally.add_score(first, Score((-1.0, -2.0, -3.0), (False, True, True)), 3)
    tally.add_score(None, first, 3)
    tally.add_score(Score((), (), error="too long"), first, 3)
    tally.add_score(first, Score((), (), error="too long"), 3)
    tally.add_score(Score((-1.0,), (True,)), first, 3)
    tally.add_score(first, Score((-1.0, float("nan"), -3.0), (True, True, True)), 3)
    figures = tally.figures
    assert {name: figures[name] for name in ("requests", "absent", "absent_scores", "failed")} == {
        "requests": 2,
        "absent": 3,
        "absent_scores": 3,
        "failed": 2,
    }
    assert (figures["places"], figures["flipped_places"]) == (3, 2)
    # differences 0, 0, 0, 0, 0.5, 1: the 90 % quantile lies halfway between the last two
    assert (figures["tokens"], figures["median"], figures["largest"]) == (6, 0.0, 1.0)
    assert figures["p90"] == pytest.approx(0.75)


def test_texts() -> None:
    tally = Tally()
    assert "median" not in tally.figures
    tally.add_text([True, True, False])
    tally.add_text([])
    figures = tally.figures
    assert (figures["requests"], figures["read_texts"], figures["text_tokens"]) == (2, 2, 3)
    assert figures["flipped_text_tokens"] == 1
