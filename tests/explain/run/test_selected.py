"""What of a sample is explained: the two options of a gap, and how sentences go on after their shared beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.records import Choice
from audit.engine import ScoreRequest
from audit.explain.run.selected import bias_gap, from_shared_beginning, with_whole_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Sample
    from audit.engine import Engine

GAPS = {
    "a pair of three": Choice(
        options=[" a", " b", " c"], log_likelihoods=[-2.0, -3.5, -1.0], normalised="tokens",
        chosen=2, contrast=1, gap=1.5, gap_unit="nats per token",
    ),
    "a wrong answer": Choice(
        options=[" a", " b", " c"], log_likelihoods=[-4.0, -1.0, -3.0], chosen=1, right=0, contrast=2, gap=2.0
    ),
    "two endings": Choice(options=[" a", " b"], log_likelihoods=[-4.0, -3.0], chosen=1, contrast=0, gap=0.5),
    "no bias": Choice(options=[" a", " b"], log_likelihoods=[-4.0, -3.0], chosen=1, right=1, contrast=0),
    "reversed": Choice(options=[" a", " b"], log_likelihoods=[-4.0, -3.0], chosen=1, contrast=1, gap=-1.0),
    "even": Choice(options=[" a", " b"], log_likelihoods=[-3.0, -3.0], contrast=1, gap=0.0),
    "unanswered": Choice(options=[" a", " b"], right=0, contrast=1, gap=1.0),
    "not compared": Choice(options=[" a", " b"], log_likelihoods=[-4.0, -3.0], chosen=1, gap=1.0),
}  # fmt: skip
"""Choices as probes write them down."""


def test_a_gap_says_which_two_options_it_lies_between(make_sample: Callable[..., Sample]) -> None:
    """No name of a task or score is looked at: a probe that nobody has seen yet is explained as the others are."""
    samples = [make_sample(name, task="new", output=" b", score=0.0, choice=choice) for name, choice in GAPS.items()]
    samples.append(make_sample("broken", output=" b", choice=GAPS["two endings"], error="NaN"))
    samples.append(make_sample("lost", output=" b", choice=GAPS["two endings"], flags=["redacted"]))
    found = {one.sample.sample_id: (one.target, one.options, one.reason) for one in map(bias_gap, samples) if one}
    assert found == {
        "a wrong answer": (" b", (" b", " c"), "bias gap of 2.00 nats"),
        "a pair of three": (" a", (" a", " b"), "bias gap of 1.50 nats per token"),
        "two endings": (" b", (" b", " a"), "bias gap of 0.50 nats"),
    }


def test_how_sentences_go_on_differs_by_as_much_as_the_sentences(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    options = ["The boss was a man.", "The boss was a woman."]
    choice = Choice(options=options, log_likelihoods=[-9.0, -10.0], chosen=0)
    sample = make_sample("boss", prompt="", output=options[0], choice=choice)
    found = from_shared_beginning(with_whole_prompt(sample, "asked for", "asked for"))
    assert found is not None
    assert (found.prompt, found.target, found.options) == ("The boss was a", " man.", (" man.", " woman."))
    ids = [tuple(tiny.encode(found.prompt + text)) for text in found.options]
    whole = [score.total for score in tiny.score([ScoreRequest(tokens[:1], tokens[1:]) for tokens in ids])]
    rest = [score.total for score in tiny.score([tiny.encode_pair(found.prompt, text) for text in found.options])]
    assert rest[0] - rest[1] == pytest.approx(whole[0] - whole[1], abs=1e-4)
    apart = make_sample("apart", prompt="", choice=choice.model_copy(update={"options": ["Men talk.", "Women talk."]}))
    assert from_shared_beginning(with_whole_prompt(apart, "asked for", "asked for")) is None
