"""Answers forced at a budget, on text that the embedded checkpoint really wrote, against doing it by hand."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.engine import GenerateRequest
from audit.evals import suite
from audit.evals.numbers.reader import last_number
from audit.evals.thinking.forced import GOES_ON
from audit.stats.recompute import recomputed
from tests.evals.whole.test_thinking_budgets import QUESTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Sample
    from audit.engine.local.engine import TransformersEngine

BUDGETS = [8, 24, 40]
NEW_TOKENS = 12


def by_hand(thinker: TransformersEngine, question: str, budget: int, opening: str) -> tuple[str | None, bool]:
    """What a run with that limit writes; if its trace does not end, what comes behind the trace, its end and opening.

    None where it goes on thinking there.

    The chat template opens the trace with ``<think>`` and a line break.
    """
    prompt = thinker.apply_chat_template([{"role": "user", "content": question}])
    longest = thinker.thinking
    thinker.thinking = replace(longest, tokens=budget)
    try:
        (first,) = thinker.generate([GenerateRequest(prompt, max_new_tokens=NEW_TOKENS, stop=("\n\n", "Question:"))])
    finally:
        thinker.thinking = longest
    (written,) = first.generations
    if written.thinking_closed:
        return written.text, False
    behind = f"{prompt}{written.thinking}\n</think>\n\n{opening}"
    (second,) = thinker.generate([GenerateRequest(behind, max_new_tokens=NEW_TOKENS, stop=("Question:",))])
    (answer,) = second.generations
    return None if answer.thinking else answer.text.lstrip().partition("\n\n")[0], True


@pytest.mark.parametrize("opening", ["Final Answer:", ""])
def test_as_when_cut_and_asked_by_hand(thinker: TransformersEngine, tmp_path: Path, opening: str) -> None:
    file = tmp_path / "questions.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([("question", "answer"), *QUESTIONS.items()])
    task = TaskConfig(name="sums", file=file, match="number", prompt="{{ question }}")
    evals = EvalsConfig(
        tasks=[task],
        bootstrap_resamples=100,
        gen_kwargs={"max_gen_toks": NEW_TOKENS},
        thinking_budgets=BUDGETS,
        forced_opening=opening,
    )
    plain, forced = suite.run_tasks(thinker, RunConfig(evals=evals))
    assert (forced.task, forced.not_run, len(forced.samples)) == ("sums_forced", None, len(QUESTIONS) * len(BUDGETS))
    found: dict[tuple[str, str], Sample] = {
        (one.pair or "", one.slices["thinking_budget"]): one for one in forced.samples
    }
    values = {(one.slice or {}).get("thinking_budget"): one for one in forced.metrics if one.metric == "exact_match"}
    kinds = set()
    for budget in BUDGETS:
        right = []
        for sample, (question, number) in zip(plain.samples, QUESTIONS.items(), strict=True):
            mine = found[sample.sample_id, str(budget)]
            text, was_forced = by_hand(thinker, question, budget, opening)
            assert mine.thinking_tokens is not None
            assert mine.thinking_tokens <= budget
            if text is None:
                assert (mine.error, mine.score) == (GOES_ON, None)
                continue
            assert (mine.error, mine.output, mine.scores["forced"]) == (None, text, float(was_forced))
            assert mine.score == float(last_number(text, "en") == number)
            assert mine.prompt == sample.prompt
            kinds.add((was_forced, mine.score))
            right.append(mine.score)
        assert values[str(budget)].value == sum(right) / len(right)
    assert {was_forced for was_forced, _ in kinds} == {True, False}
    second = [one for one in forced.samples if one.pair == plain.samples[1].sample_id]
    assert [one.scores.get("without_forcing", 0.0) for one in second] == [0, 1, 1]  # its trace has 23 tokens
    assert [recomputed(one, forced.samples) for one in forced.metrics] == forced.metrics
    assert {one.settings["forced_opening"] for one in forced.metrics} == {opening}
