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
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from audit.core.records import Sample
    from audit.engine import Completion, Generation
    from audit.engine.local.engine import TransformersEngine

BUDGETS = [8, 24, 40]
NEW_TOKENS = 12


@pytest.fixture(scope="module", autouse=True)
def _asked_once(thinker: TransformersEngine) -> Iterator[None]:
    """What comes before a forced answer does not hang on how that is opened: the checkpoint writes it once."""
    generate = thinker.generate
    known: dict[tuple[int, GenerateRequest], Completion] = {}

    def remembering(requests: Sequence[GenerateRequest]) -> list[Completion]:
        limit = thinker.thinking.tokens
        new = [one for one in dict.fromkeys(requests) if (limit, one) not in known]
        known.update(zip(((limit, one) for one in new), generate(new), strict=True))
        return [known[limit, one] for one in requests]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinker, "generate", remembering)
        yield


@pytest.fixture(scope="module")
def within(thinker: TransformersEngine, _asked_once: None) -> dict[tuple[int, str], tuple[str, Generation]]:
    """By budget and question: the prompt and what a run with that limit writes, however a forced answer is opened."""
    prompts = [thinker.apply_chat_template([{"role": "user", "content": question}]) for question in QUESTIONS]
    asked = [GenerateRequest(prompt, max_new_tokens=NEW_TOKENS, stop=("\n\n", "Question:")) for prompt in prompts]
    longest = thinker.thinking
    found: dict[tuple[int, str], tuple[str, Generation]] = {}
    try:
        for budget in BUDGETS:
            thinker.thinking = replace(longest, tokens=budget)
            for question, prompt, answer in zip(QUESTIONS, prompts, thinker.generate(asked), strict=True):
                (found[budget, question],) = ((prompt, written) for written in answer.generations)
    finally:
        thinker.thinking = longest
    return found


def by_hand(
    thinker: TransformersEngine, within: dict[tuple[int, str], tuple[str, Generation]], opening: str
) -> dict[tuple[int, str], tuple[str | None, bool]]:
    """What a run with each limit writes; if its trace does not end, what comes behind the trace, its end and opening.

    None where it goes on thinking there.

    The chat template opens the trace with ``<think>`` and a line break.
    """
    found: dict[tuple[int, str], tuple[str | None, bool]] = {
        key: (written.text, False) for key, (_, written) in within.items() if written.thinking_closed
    }
    behind = {
        key: f"{prompt}{written.thinking}\n</think>\n\n{opening}"
        for key, (prompt, written) in within.items()
        if not written.thinking_closed
    }
    asked = [GenerateRequest(text, max_new_tokens=NEW_TOKENS, stop=("Question:",)) for text in behind.values()]
    for key, completion in zip(behind, thinker.generate(asked), strict=True):
        (answer,) = completion.generations
        found[key] = None if answer.thinking else answer.text.lstrip().partition("\n\n")[0], True
    return found


@pytest.mark.parametrize("opening", ["Final Answer:", ""])
def test_as_when_cut_and_asked_by_hand(
    thinker: TransformersEngine,
    within: dict[tuple[int, str], tuple[str, Generation]],
    tmp_path: Path,
    opening: str,
) -> None:
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
    expected = by_hand(thinker, within, opening)
    for budget in BUDGETS:
        right = []
        for sample, (question, number) in zip(plain.samples, QUESTIONS.items(), strict=True):
            mine = found[sample.sample_id, str(budget)]
            text, was_forced = expected[budget, question]
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
