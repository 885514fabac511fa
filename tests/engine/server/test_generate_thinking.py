"""Servers whose model thinks: the trace is no answer, and no empty one either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import AddedToken
from transformers import AutoTokenizer

from audit.core.errors import SettingUnavailable
from audit.engine import GenerateRequest
from audit.engine.journal import Journal
from audit.engine.thinking import FAMILIES, Thinking, thinking_of
from tests.engine.server.openai_double import ASK, Double, connect, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine import Engine
    from audit.engine.requests import Generation

pytestmark = pytest.mark.usefixtures("patient")

TRACE = "First guess: 12.\n\nCheck again: 7."


def thinks(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Thinks, then answers; stop strings end the thinking, as where a server looks for them in all it generates."""
    if not path.endswith("/chat/completions"):
        return 404, {"detail": "Not Found"}
    message = {"content": "The answer is 7.\n\nGood.", "reasoning_content": TRACE}
    if "\n\n" in body.get("stop", []):
        message = {"content": None, "reasoning_content": TRACE.split("\n\n", maxsplit=1)[0]}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}
    return 200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}


def generation(engine: Engine, request: GenerateRequest = ASK) -> Generation:
    (completion,) = engine.generate([request])
    assert completion.error is None
    return completion.generations[0]


def faulty(double: Double, message: dict[str, Any], finish: str, **usage: Any) -> None:
    """Let the next answers be this one: what was cut in a trace is asked for again with room for it."""
    double.faults = [(200, {"choices": [{"message": message, "finish_reason": finish}], "usage": usage})] * 2


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("content", [None, ""])
def test_a_trace_that_the_bound_cut_is_no_answer(double: Double, field: str, content: str | None) -> None:
    engine = connect(double)
    faulty(double, {"content": content, field: TRACE}, "length", completion_tokens=5)
    found = generation(engine)
    assert (found.text, found.thinking, found.thinking_closed, found.finish_reason) == ("", TRACE, False, "length")
    assert found.token_count == 5


def test_a_message_of_reasoning_alone_is_a_message(double: Double) -> None:
    engine = connect(double)
    faulty(double, {"role": "assistant", "reasoning_content": TRACE}, "length")
    assert generation(engine).thinking == TRACE


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_the_trace_beside_an_answer_is_kept_apart(double: Double, field: str) -> None:
    engine = connect(double)
    faulty(
        double,
        {"content": "7", field: TRACE},
        "stop",
        completion_tokens=5,
        completion_tokens_details={"reasoning_tokens": 4},
    )
    found = generation(engine)
    assert (found.text, found.thinking, found.thinking_tokens, found.thinking_closed) == ("7", TRACE, 4, True)


def test_an_answer_that_the_bound_cut_has_closed_its_thinking(double: Double) -> None:
    engine = connect(double)
    faulty(double, {"content": "The ans", "reasoning_content": TRACE}, "length", completion_tokens=5)
    found = generation(engine)
    assert (found.text, found.thinking_closed, found.finish_reason) == ("The ans", True, "length")


def test_tokens_of_a_trace_are_counted_here_where_the_server_does_not(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    faulty(double, {"content": "7", "reasoning_content": "12"}, "stop")
    found = generation(engine)
    assert found.thinking_tokens == len(engine.encode("12"))
    assert found.token_count == len(engine.encode("12")) + len(engine.encode("7"))


@pytest.mark.parametrize(
    "nothing", [{}, {"reasoning_content": None}, {"reasoning": ""}, {"reasoning": {"effort": "low"}}]
)
def test_no_trace_is_none(double: Double, nothing: dict[str, Any]) -> None:
    engine = connect(double)
    faulty(double, {"content": "7", **nothing}, "stop")
    found = generation(engine)
    assert (found.text, found.thinking, found.thinking_tokens, found.thinking_closed) == ("7", None, 0, True)


@pytest.mark.slow
def test_stop_strings_do_not_end_the_thinking() -> None:
    """The first answer shows that the server thinks: it is asked again without stop strings, and so are all others."""
    with serving(thinks) as double:
        engine = connect(double, concurrency=1)
        requests = [GenerateRequest(prompt, max_new_tokens=5, stop=("\n\n",)) for prompt in ("one", "two")]
        for completion in engine.generate(requests):
            found = completion.generations[0]
            assert (found.text, found.thinking, found.finish_reason) == ("The answer is 7.", TRACE, "stop")
        assert generation(engine, GenerateRequest("three", max_new_tokens=5, stop=("\n\n",))).text == "The answer is 7."
        asked = [(body["messages"][0]["content"], "stop" in body) for _, body in double.asked[-5:]]
        assert asked == [("one", True), ("two", True), ("one", False), ("two", False), ("three", False)]


def test_a_server_that_thinks_apart_at_every_temperature_samples() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        message = {"content": None, "reasoning_content": f"Hm {body.get('seed')}"}
        return 200, {"choices": [{"message": message, "finish_reason": "length"}], "usage": {}}

    with serving(answer) as double:
        assert generation(connect(double), GenerateRequest("Hi", temperature=1.0)).thinking is not None


def test_the_journal_keeps_a_trace_unless_it_is_withheld(double: Double, tmp_path: Path) -> None:
    engine = connect(double)
    engine.journal = Journal(tmp_path / "journal.sqlite")
    faulty(double, {"content": "7", "reasoning_content": TRACE}, "stop", completion_tokens=5)
    first = generation(engine)
    asked = len(double.asked)
    assert generation(engine) == first
    assert len(double.asked) == asked
    engine.journal.withholds = lambda text: "secret" in text
    faulty(double, {"content": "No.", "reasoning_content": "The secret is 5."}, "stop", completion_tokens=5)
    generation(engine, GenerateRequest("Another", max_new_tokens=5))
    assert len(engine.journal) == 1
    engine.journal.close()


def tagged(bound: int) -> Callable[[str, dict[str, Any]], tuple[int, Any]]:
    """Writes its trace into the text, and ends where the bound is, a character a token."""

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        whole = f"<think>\n{TRACE}</think>\n\nThe answer is 7.\n\nGood."
        text = whole[: body["max_tokens"]]
        finish = "length" if len(text) < len(whole) else "stop"
        place = min((text.index(word) for word in body.get("stop", []) if word in text), default=None)
        if place is not None:
            text, finish = text[:place], "stop"
        usage = {"prompt_tokens": 3, "completion_tokens": min(len(text), bound)}
        return 200, {"choices": [{"text": text, "finish_reason": finish}], "usage": usage}

    return answer


@pytest.mark.parametrize("stop", [(), ("\n\n",)])
def test_a_trace_in_the_text_gets_room_and_is_kept_apart(stop: tuple[str, ...]) -> None:
    """The first answer ends inside the trace: it is asked for with room for it, and without stop strings."""
    with serving(tagged(256)) as double:
        engine = connect(double, concurrency=1)
        found = generation(engine, GenerateRequest("How many?", max_new_tokens=30, stop=stop))
        answer = "The answer is 7." if stop else "The answer is 7.\n\nGood."
        assert (found.text, found.thinking, found.thinking_closed) == (answer, TRACE, True)
        sent = [body for path, body in double.asked if body.get("prompt") == "How many?"]
        assert [body["max_tokens"] for body in sent] == [30, 247]
        assert [body.get("stop") for body in sent] == [["\n\n"] if stop else None, None]


def test_a_trace_without_end_is_no_answer() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return 200, {"choices": [{"text": "<think>\nHm", "finish_reason": "length"}], "usage": {}}

    with serving(answer) as double:
        found = generation(connect(double))
    assert (found.text, found.thinking, found.thinking_closed, found.finish_reason) == ("", "Hm", False, "length")


@pytest.mark.parametrize("chat", [False, True])
def test_a_template_that_thinks_asks_for_room_at_once(tiny_model: Path, *, chat: bool) -> None:
    """A prompt shows that its template has opened a trace; behind a chat endpoint the markers show it.

    The answer's own bound holds for the answer all the same.
    """
    text = "one two three four five six seven"

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if chat != path.endswith("/chat/completions"):
            return 404, {"detail": "Not Found"}
        choice = {"message": {"content": text}} if chat else {"text": f"Hm</think>{text}"}
        return 200, {"choices": [{**choice, "finish_reason": "stop"}], "usage": {"completion_tokens": 9}}

    with serving(answer) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.thinking = Thinking(expected=FAMILIES, tokens=100)
        found = generation(engine, GenerateRequest("Hi" if chat else "Hi<think>\n", max_new_tokens=3, stop=("###",)))
        assert double.asked[-1][1]["max_tokens"] == 103
        assert "stop" not in double.asked[-1][1]
    assert (found.text, found.finish_reason) == (engine.tokenizer.decode(engine.encode(text)[:3]), "length")


def test_a_visible_prompt_without_trace_gets_stop_strings_and_no_more_room(double: Double, tiny_model: Path) -> None:
    """That the tokenizer knows markers does not mean that each answer has a trace."""
    engine = connect(double, tokenizer=str(tiny_model))
    engine.thinking = Thinking(expected=FAMILIES)
    generation(engine, GenerateRequest("Hi", max_new_tokens=5, stop=("###",)))
    assert (double.asked[-1][1]["max_tokens"], double.asked[-1][1].get("stop")) == (5, ["###"])


def test_a_marker_that_the_user_has_named_is_expected_behind_each_prompt(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    engine.thinking = thinking_of(engine.tokenizer, "</mull>", tokens=100)
    generation(engine, GenerateRequest("Hi", max_new_tokens=5, stop=("###",)))
    assert double.asked[-1][1]["max_tokens"] == 105
    assert "stop" not in double.asked[-1][1]


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_trace_behind_a_closed_one_is_asked_for_again_once(finish: str) -> None:
    prompt = "<think>\n\n</think>\n\n"

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if len(double.asked) > 10:
            return 400, {"error": "asked too often"}
        return 200, {"choices": [{"text": "", "reasoning": TRACE, "finish_reason": finish}], "usage": {}}

    with serving(answer) as double:
        found = generation(connect(double), GenerateRequest(prompt, max_new_tokens=5, stop=("###",)))
        sent = [body for _, body in double.asked if body["prompt"] == prompt]
    assert (found.text, found.thinking) == ("", TRACE)
    assert [body.get("stop") for body in sent] == [["###"], None]
    assert [body["max_tokens"] for body in sent] == [5, 256 - len(prompt)]


def test_an_answer_may_take_what_the_prompt_leaves(double: Double, tiny_model: Path) -> None:
    generation(connect(double), GenerateRequest("12345", max_new_tokens=250))
    assert double.asked[-1][1]["max_tokens"] == 250, "without a tokenizer a prompt counts as long as its bytes"
    engine = connect(double, tokenizer=str(tiny_model))
    prompt = "The capital of France is"
    generation(engine, GenerateRequest(prompt, max_new_tokens=1000))
    assert double.asked[-1][1]["max_tokens"] == 256 - len(engine.encode(prompt))


def with_special_markers(tiny_model: Path, folder: Path) -> Path:
    """The tiny checkpoint's tokenizer with Magistral's markers as special tokens."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.add_tokens([AddedToken("[THINK]", special=True), AddedToken("[/THINK]", special=True)])
    tokenizer.save_pretrained(folder)
    return folder


def hides(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Leaves special tokens out of its text unless it is asked for them, as vLLM does."""
    text = "[THINK]maybe 12 or 137[/THINK]It is 7.<|end|>"
    if body.get("skip_special_tokens", True):
        text = "maybe 12 or 137It is 7."
    return 200, {"choices": [{"text": text, "finish_reason": "stop"}], "usage": {"completion_tokens": 9}}


def test_markers_that_are_special_tokens_are_asked_for(tiny_model: Path, tmp_path: Path) -> None:
    with serving(hides) as double:
        found = generation(
            connect(double, tokenizer=str(with_special_markers(tiny_model, tmp_path))),
            GenerateRequest("Hi", max_new_tokens=20),
        )
    assert (found.text, found.thinking, found.thinking_closed) == ("It is 7.", "maybe 12 or 137", True)


def test_markers_that_are_ordinary_tokens_need_no_field(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    engine.thinking = Thinking(expected=FAMILIES)
    generation(engine)
    assert not [body for _, body in double.asked if "skip_special_tokens" in body]


def test_a_server_that_hides_the_markers_gives_no_answers(tiny_model: Path, tmp_path: Path) -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return (400, {"error": "unknown field"}) if "skip_special_tokens" in body else hides(path, body)

    with serving(answer) as double:
        engine = connect(double, tokenizer=str(with_special_markers(tiny_model, tmp_path)))
        for _ in range(2):
            with pytest.raises(SettingUnavailable, match="hides the markers of reasoning traces"):
                engine.generate([ASK])


def test_an_answer_beyond_its_own_bound_is_cut_whatever_came_before(double: Double) -> None:
    """Without a tokenizer only the server's count shows it; an earlier trace has left room for a longer answer."""
    double.listing = None
    engine = connect(double)
    plain = GenerateRequest("plain", max_new_tokens=16)
    faulty(double, {"content": "7", "reasoning_content": TRACE}, "stop", completion_tokens=5)
    generation(engine)
    double.faults = []
    faulty(double, {"content": "so " * 1000}, "stop", completion_tokens=1000)
    assert generation(engine, plain).finish_reason == "length"
    counted = {"completion_tokens": 1000, "completion_tokens_details": {"reasoning_tokens": 990}}
    faulty(double, {"content": "7", "reasoning_content": TRACE}, "stop", **counted)
    assert generation(engine, plain).finish_reason == "stop"
    faulty(double, {"content": "7", "reasoning_content": TRACE}, "stop", completion_tokens=1000)
    assert generation(engine, plain).finish_reason == "stop", "a trace was not counted apart: the answer may be short"
    faulty(double, {"content": "so ### " * 1000}, "stop", completion_tokens=1000)
    stopped = generation(engine, GenerateRequest("plain", max_new_tokens=16, stop=("###",)))
    assert (stopped.text, stopped.finish_reason) == ("so ", "stop")
