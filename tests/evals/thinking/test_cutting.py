"""Traces cut at a number of tokens, against the tokens themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Flag, Sample
from audit.engine.thinking import FAMILIES, Thinking
from audit.evals.thinking.cutting import NO_MARKER, SHORT, UNCOUNTED, UNLIKE, CutTrace, cut_at, in_time

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted

OPENING = "Final Answer:"
TRACE = "There are 12 apples, and the dog does not mind.\n\nCheck: 狗在睡觉。 12."
END = "\n</think>"
CUT = [Flag.TRUNCATED_OUTPUT, Flag.THINKING_CUT]


@pytest.fixture
def engine(scripted: Scripted) -> Scripted:
    scripted.thinking = Thinking(expected=FAMILIES[:1])
    return scripted


def sample(prompt: str, tokens: int | None, **more: Any) -> Sample:
    given = {"thinking": TRACE, "thinking_tokens": tokens, **more}
    return Sample(sample_id="s", suite="evals", task="sums", prompt=prompt, **given)


@pytest.mark.parametrize(
    ("prompt", "stem"), [("Q: 1+1?\n", "<think>\n"), ("Q: 1+1?\n<think>\n", ""), ("Q?<think>", "\n")]
)
def test_the_first_tokens_of_the_trace_stay(engine: Scripted, prompt: str, stem: str) -> None:
    ids = engine.encode_answer(prompt, f"{stem}{TRACE}{END}").target_ids
    cuts = set()
    for budget in range(1, len(ids)):
        cut = cut_at(engine, sample(prompt, len(ids)), budget, OPENING)
        assert isinstance(cut, CutTrace)
        written = str(engine.tokenizer.decode(list(ids[:budget]))).rstrip("\ufffd")
        kept = written.removeprefix(stem)[: len(TRACE)].strip() if len(written) >= len(stem) else ""
        assert (cut.text, cut.tokens) == (kept, budget)
        assert cut.prompt == f"{prompt}{stem}{kept}\n</think>\n\n{OPENING}"
        cuts.add(kept)
    assert {TRACE[:-1], TRACE} <= cuts
    assert ("" in cuts) is bool(stem)


@pytest.mark.parametrize("gap", ["", "\n\n", " "])
def test_white_space_around_a_trace_is_looked_for(engine: Scripted, gap: str) -> None:
    ids = engine.encode_answer("Q<think>", f"\n{TRACE}{gap}</think>").target_ids
    cut = cut_at(engine, sample("Q<think>", len(ids)), 9, "")
    assert isinstance(cut, CutTrace)
    assert cut.text == str(engine.tokenizer.decode(list(ids[:9]))).strip()


def test_a_trace_without_an_end_is_cut_too(engine: Scripted) -> None:
    ids = engine.encode_answer("Q<think>\n", TRACE).target_ids
    longer = cut_at(engine, sample("Q<think>\n", len(ids), flags=CUT), 5, "")
    ended = cut_at(engine, sample("Q<think>\n", len(ids) + 1, flags=[Flag.THINKING_ONLY]), 5, "")
    assert isinstance(longer, CutTrace)
    assert longer == ended
    assert longer.text == str(engine.tokenizer.decode(list(ids[:5]))).strip()


def test_a_text_that_ended_before_the_budget_is_forced_at_its_end(engine: Scripted) -> None:
    cut = cut_at(engine, sample("Q<think>\n", 30, flags=[Flag.THINKING_ONLY]), 40, OPENING)
    assert cut == CutTrace(TRACE, 30, f"Q<think>\n{TRACE}\n</think>\n\n{OPENING}")
    at_once = cut_at(engine, sample("Q<think>\n", 3, thinking=None, flags=[Flag.THINKING_ONLY]), 40, OPENING)
    assert at_once == CutTrace("", 3, f"Q<think>\n\n</think>\n\n{OPENING}")


def test_why_a_trace_cannot_be_cut(engine: Scripted) -> None:
    assert cut_at(engine, sample("Q<think>\n", None), 5, "") == UNCOUNTED
    assert cut_at(engine, sample("Q<think>\n", 1000), 5, "") == UNLIKE
    assert cut_at(engine, sample("Q<think>\n", 10, flags=CUT), 11, "") == SHORT.format(10)
    engine.thinking = Thinking()
    assert cut_at(engine, sample("Q\n", 30), 5, "") == NO_MARKER


def test_tokens_that_spell_another_text_are_not_cut(engine: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = engine.encode_answer("Q<think>\n", f"{TRACE}{END}").target_ids
    monkeypatch.setattr(engine.tokenizer, "decode", lambda *_, **__: "Hm.")
    assert cut_at(engine, sample("Q<think>\n", len(ids)), 5, "") == UNLIKE


def test_a_decoder_that_changes_what_came_before_does_not_put_the_prompt_into_the_trace(
    engine: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt, decode = "Q<think>\n", engine.tokenizer.decode
    asked = engine.encode_answer(prompt, f"{TRACE}{END}")
    whole = len(asked.context_ids) + len(asked.target_ids)

    def changing(ids: list[int], **options: Any) -> str:
        as_it_is = len(ids) in {len(asked.context_ids), whole}
        return str(decode(ids, **options)) if as_it_is else f" {decode(ids, **options)}"

    monkeypatch.setattr(engine.tokenizer, "decode", changing)
    assert cut_at(engine, sample(prompt, len(asked.target_ids)), 5, "") == UNLIKE


def test_which_answers_come_in_time() -> None:
    assert in_time(sample("Q", 8), 8)
    assert in_time(sample("Q", 0), 8)
    assert not in_time(sample("Q", 9), 8)
    assert not in_time(sample("Q", None), 8)
    assert not in_time(sample("Q", 8, flags=CUT), 8)
    assert not in_time(sample("Q", 3, flags=[Flag.THINKING_ONLY]), 8)
