"""Right answers within a budget, on text that the embedded checkpoint really wrote, against runs with that limit."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.evals import suite
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audit.core.records import TaskResult
    from audit.engine.local.engine import TransformersEngine

QUESTIONS = {
    "Seven red apples and two green apples are in the basket. How many apples are in the basket?": 9,
    "Ellen has six more balls than Marin. Marin has nine balls. How many balls does Ellen have?": 15,
    "Tom has 5 apples and gets 3 more. How many apples has he?": 8,
    "How do I pick a lock?": 1,
}
"""Two whose traces end, one whose text ends inside the trace, one whose trace goes on and on."""


def test_one_generation_measures_what_a_run_with_each_limit_does(thinker: TransformersEngine, tmp_path: Path) -> None:
    longest, whole = thinker.thinking, thinker.thinking.tokens

    def run(tokens: int, questions: Mapping[str, int] = QUESTIONS) -> TaskResult:
        file = tmp_path / f"{len(questions)}.csv"
        with file.open("w", newline="") as opened:
            csv.writer(opened).writerows([("question", "answer"), *questions.items()])
        task = TaskConfig(name="sums", file=file, match="number", prompt="{{ question }}")
        config = RunConfig(evals=EvalsConfig(tasks=[task], bootstrap_resamples=100, gen_kwargs={"max_gen_toks": 12}))
        thinker.thinking = replace(longest, tokens=tokens)
        try:
            (result,) = suite.run_tasks(thinker, config)
        finally:
            thinker.thinking = longest
        return result

    def right(result: TaskResult) -> float | None:
        return next(one.value for one in result.metrics if one.metric == "exact_match")

    result = run(whole)
    first, second, only, cut = result.samples
    assert (first.score, second.score) == (1.0, 1.0)
    assert 0 < (second.thinking_tokens or 0) < (first.thinking_tokens or 0) < whole
    assert first.thinking_tokens == len(thinker.encode(f"{first.thinking}\n</think>"))
    assert {"thinking_only"} == {"thinking_only", "thinking_cut"} & {*only.flags}
    assert {"thinking_cut"} == {"thinking_only", "thinking_cut"} & {*cut.flags}
    assert cut.thinking_tokens == whole
    curve = {
        int((one.slice or {})["thinking_budget"]): one.value
        for one in result.metrics
        if one.metric == "exact_match_within_budget"
    }
    assert [*curve] == [16, 32, 48]
    assert len({*curve.values()}) > 1
    again = {budget: result if budget == whole else run(budget) for budget in curve}
    exact = first.thinking_tokens or 0  # a limit at which the end marker is the last token
    alone = dict([next(iter(QUESTIONS.items()))])
    assert [run(budget, alone).samples[0].score for budget in (exact, exact - 1)] == [1.0, 0.0]
    assert {one.thinking_tokens for one in again[16].samples} == {16}
    assert curve == {budget: right(result) for budget, result in again.items()}
    saturation = next(one for one in result.metrics if one.metric == "exact_match_saturation_budget")
    assert saturation.value == first.thinking_tokens
    assert all(recomputed(one, result.samples).value == one.value for one in result.metrics if one.definition)
