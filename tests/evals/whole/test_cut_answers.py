"""Answers that the bound of tokens cut, and reasoning traces, on their way from the engine to the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.engine import Completion, Generation
from audit.evals import suite

if TYPE_CHECKING:
    from audit.core.records import TaskResult
    from tests.evals.conftest import Scripted

Rows = dict[str, list[dict[str, Any]]]


STOPPED, CUT = "stop", "length"


def answer(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, *generations: Generation) -> TaskResult:
    """ASDiv, whose items 0, 1, 2, … have the answers 0, 1, 2, …"""
    monkeypatch.setattr(scripted, "generate", lambda requests: [Completion((g,), 7) for g in generations])
    tasks = [TaskConfig(name="asdiv")]
    config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), offline=True)
    (result,) = suite.run_tasks(scripted, config)
    assert result.not_run is None, result.not_run
    return result


def test_a_cut_answer_leaves_the_share_open(scripted: Scripted, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows["asdiv"] = rows["asdiv"][:6]
    texts = [("0", STOPPED), ("1", STOPPED), ("9", STOPPED), ("9", CUT), ("4", CUT), ("", CUT)]
    result = answer(scripted, monkeypatch, *(Generation(text, 3, reason) for text, reason in texts))
    flagged = ["truncated_output" in sample.flags for sample in result.samples]
    assert flagged == [False, False, False, True, True, True]
    values = {metric.metric: metric.value for metric in result.metrics}
    assert values["truncated_outputs"] == 3
    # Right: 0, 1 and the cut 4. Wrong: 9 and two cut ones.
    assert values["exact_match"] == pytest.approx(3 / 6)
    assert values["exact_match_if_cut_wrong"] == pytest.approx(2 / 6)
    assert values["exact_match_if_cut_right"] == pytest.approx(5 / 6)
    assert not any(name.startswith(("squared_error_if", "mean_squared_error_if")) for name in values)
    bounds = [metric for metric in result.metrics if "_if_cut_" in metric.metric]
    assert all(metric.ci_method == "wilson" and not metric.primary and metric.n == 6 for metric in bounds)


def test_without_cut_answers_there_is_nothing_open(
    scripted: Scripted, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows["asdiv"] = rows["asdiv"][:2]
    result = answer(scripted, monkeypatch, Generation("0", 3, STOPPED), Generation("7", 3, STOPPED))
    values = {metric.metric: metric.value for metric in result.metrics}
    assert values["truncated_outputs"] == 0
    assert not any("_if_cut_" in name for name in values)


@pytest.mark.parametrize("reason", [CUT, STOPPED])
def test_the_answer_is_judged_and_the_trace_is_kept_apart(
    scripted: Scripted, rows: Rows, monkeypatch: pytest.MonkeyPatch, reason: Any
) -> None:
    rows["asdiv"] = rows["asdiv"][:2]
    result = answer(
        scripted,
        monkeypatch,
        Generation("The answer is 0.", 9, STOPPED, "First guess: 12.\n\nCheck again: 7.", 6),
        Generation("", 9, reason, "Is it 1? Is it 2?", 9, thinking_closed=False),
    )
    right, unfinished = result.samples
    assert (right.score, right.output) == (1.0, "The answer is 0.")
    assert (right.thinking, right.flags) == ("First guess: 12.\n\nCheck again: 7.", [])
    assert (unfinished.score, unfinished.output, unfinished.thinking) == (0.0, "", "Is it 1? Is it 2?")
    assert ("truncated_output" in unfinished.flags) == (reason == CUT)  # no limit would bring the other an answer
    bounded = {metric.metric for metric in result.metrics if metric.metric.startswith("exact_match_if_cut_")}
    assert len(bounded) == (2 if reason == CUT else 0)
    assert ("thinking_cut" if reason == CUT else "thinking_only") in unfinished.flags
    assert (right.thinking_tokens, unfinished.thinking_tokens) == (6, 9)
    found = {(one.metric, (one.slice or {}).get("thinking_budget")): one.value for one in result.metrics}
    assert found["exact_match_saturation_budget", None] == 6
    assert [found["exact_match_within_budget", budget] for budget in ("4", "8", "9")] == [0, 0.5, 0.5]
