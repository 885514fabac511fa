"""What lm-eval sees of a text that is forced, and what the engine is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lm_eval.api.instance import Instance

from audit.engine import Completion, Generation
from audit.evals.thinking.asking import ForcingLM

if TYPE_CHECKING:
    import pytest

    from tests.evals.conftest import Scripted


def test_the_engine_goes_on_behind_the_cut_trace(scripted: Scripted) -> None:
    scripted.texts = ["\n\n 7. Q", "8\n\nWhy?\n"]
    lm = ForcingLM(scripted, ["A <think>one</think>", "B <think>two</think>"])
    settings = {"until": [" Q", "\n\n", "\n"], "max_gen_toks": 5}
    requests = [
        Instance("generate_until", {}, (prompt, settings), 0, metadata=("sums", place, 1))
        for place, prompt in enumerate(("A", "B"))
    ]
    assert lm.generate_until(requests) == ["7.", "8"]
    assert [one.prompt for one in scripted.asked] == ["A <think>one</think>", "B <think>two</think>"]
    assert {(one.max_new_tokens, one.temperature) for one in scripted.asked} == {(5, 0.0)}
    assert all(" Q" in one.stop and not {"\n", "\n\n"} & {*one.stop} for one in scripted.asked)
    assert [one.args[0] for one in requests] == ["A", "B"]
    assert [*lm.remarks] == [("sums", 0), ("sums", 1)]


def test_an_answer_that_a_blank_line_ends_was_not_cut(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = (Generation("\n\n7.\n\nI am", 5, "length"), Generation("\n\n7. I am", 5, "length"))
    monkeypatch.setattr(scripted, "generate", lambda _: [Completion((text,), 9) for text in texts])
    lm = ForcingLM(scripted, ["A", "B"])
    requests = [
        Instance("generate_until", {}, (prompt, {"until": ["\n\n"], "max_gen_toks": 5}), 0, metadata=("sums", place, 1))
        for place, prompt in enumerate(("A", "B"))
    ]
    assert lm.generate_until(requests) == ["7.", "7. I am"]
    assert [lm.remarks["sums", place][0].cut for place in (0, 1)] == [False, True]
