"""What was generated: the answer, the reasoning before it, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Flag, Sample, SampledText
from audit.engine import Completion, Generation
from audit.safety.asking.generated import (
    CUT_IN_THINKING,
    ENDED_IN_THINKING,
    NO_ANSWER,
    of_completion,
    trace_metric,
    with_trace_judged,
)
from audit.safety.metrics import compute
from audit.stats.definitions import MeanOfCompletions

BLANK = Sample(sample_id="1", suite="safety", task="t", prompt="p", flags=[Flag.TRUNCATED_PROMPT])


@pytest.mark.parametrize(
    ("completion", "error"), [(Completion(error="NaN"), "NaN"), (Completion(), NO_ANSWER)], ids=["error", "nothing"]
)
def test_where_the_engine_failed_there_is_no_answer(completion: Completion, error: str) -> None:
    sample = of_completion(BLANK, completion)
    assert (sample.output, sample.error, sample.score) == ("", error, None)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("reason", ["stop", "length"])
@pytest.mark.parametrize("closed", [True, False])
def test_an_answer_that_was_cut_is_flagged(whole: bool, reason: str, closed: bool) -> None:
    """A continuation of fixed length ends by design; one cut inside its reasoning is no answer."""
    generation = Generation("text", 3, reason, thinking="because", thinking_closed=closed)
    sample = of_completion(BLANK, Completion((generation,)), whole=whole)
    cut = not closed or (whole and reason == "length")
    assert (sample.output, sample.thinking) == ("text", "because")
    inside = [] if closed else [Flag.THINKING_CUT if reason == "length" else Flag.THINKING_ONLY]
    assert sample.flags == [Flag.TRUNCATED_PROMPT, *([Flag.TRUNCATED_OUTPUT] if cut else []), *inside]
    assert sample.thinking_tokens is None  # nobody counted them
    why = CUT_IN_THINKING if reason == "length" else ENDED_IN_THINKING  # a higher limit helps the first alone
    assert sample.error == (None if closed else why)


def test_an_error_of_the_prompt_stays() -> None:
    sample = of_completion(BLANK.model_copy(update={"error": "cut"}), Completion((Generation("text", 1, "stop"),)))
    assert sample.error == "cut"


@pytest.mark.parametrize("thinking", [None, "", " \n"])
def test_without_a_trace_nothing_is_judged(thinking: str | None) -> None:
    sample = BLANK.model_copy(update={"thinking": thinking})
    assert with_trace_judged(sample, lambda _trace: {"x": 1.0}) is sample


def test_scores_of_a_trace_stand_next_to_those_of_the_answer() -> None:
    sample = BLANK.model_copy(update={"thinking": "abc", "scores": {"x": 0.0}})
    assert with_trace_judged(sample, lambda trace: {"x": float(len(trace)), "y": None}).scores == {
        "x": 0.0, "x_in_thinking": 3.0, "y_in_thinking": None,
    }  # fmt: skip


def test_the_metric_of_traces_is_about_items_with_one() -> None:
    metric = trace_metric("x", "what is counted")
    with_trace: Any = BLANK.model_copy(update={"scores": {"x_in_thinking": 1.0}, "error": "no answer"})
    assert (metric.name, metric.unit, metric.higher_is_better, metric.primary) == (
        "x_in_thinking",
        "share",
        False,
        False,
    )
    assert not metric.when([BLANK])
    assert metric.when([BLANK, with_trace])
    assert metric.definition.select([BLANK, with_trace], None) == [with_trace]
    found = metric.definition.estimate([with_trace], unit="share")
    assert (found.value, found.n) == (1.0, 1), "whatever became of the answer"
    assert callable(metric.note)
    assert metric.note([with_trace], []) == (
        "what is counted; 1 item has a reasoning trace, judged separately from the answer"
    )


def test_a_metric_of_sampled_texts_says_that_it_counts_traces() -> None:
    """Two texts of an item, of which one has a trace; another item has none."""
    texts = [SampledText(text="a", thinking="so", labels={"rate_in_thinking": 1.0}), SampledText(text="b")]
    samples = [
        Sample(sample_id="1", suite="safety", task="t", prompt="p", completions=texts),
        Sample(sample_id="2", suite="safety", task="t", prompt="p", completions=texts[1:]),
    ]
    definition = MeanOfCompletions(of="labels.rate_in_thinking", key=True)
    metric = trace_metric("rate", "what is counted", definition=definition)
    [made, _] = compute([metric], samples, [], {}, seed=1, settings={})
    assert (made.value, made.n) == (1.0, 1)
    assert str(made.note).endswith("; n counts reasoning traces: 1 in 1 cluster")
