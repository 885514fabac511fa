"""Several answers to each item, in words."""

from __future__ import annotations

from typing import Any

from audit.core.records import Metric
from audit.core.words import draw_count, draws


def metric(name: str, value: float | None, **more: Any) -> Metric:
    given = {"suite": "evals", "task": "t", "unit": "share", "n": 40, "settings": {"samples_per_item": 4}, **more}
    return Metric(name=f"{given['task']}/{name}", metric=name, value=value, **given)


def test_what_several_answers_show_stands_next_to_their_mean() -> None:
    mean = metric("exact_match", 0.25, ci_low=0.15, ci_high=0.35)
    known = [
        mean,
        metric("pass_at_1", 0.25),
        metric("pass_at_2", 0.375, ci_low=0.25, ci_high=0.5),
        metric("pass_at_2_if_cut_wrong", 0.3),
        metric("pass_at_4", None, error="lost"),
        metric("majority_vote", 0.3, ci_low=0.2, ci_high=0.4),
        metric("exact_match_spread", 0.02),
        metric("word_f1_spread", 0.5),
        metric("pass_at_2", 0.9, task="other"),
        metric("majority_vote", 0.9, slice={"topic": "x"}),
    ]
    said = "4 answers to each item: pass@2 38 % (25 to 50 %), majority vote 30 % (20 to 40 %)"
    assert draws(mean, known) == f"{said}, spread from draw to draw 2 %"
    assert draw_count(mean) == 4
    assert draws(mean, [mean]) == "4 answers to each item"


def test_one_answer_to_each_item_is_nothing_to_speak_of() -> None:
    for count in (None, 1, "4", 2.5):
        one = metric("exact_match", 0.25, settings={} if count is None else {"samples_per_item": count})
        assert (draws(one, [one]), draw_count(one)) == ("", 0)
