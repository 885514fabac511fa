"""Reasoning traces on checkpoints whose text is known to the character."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.engine import GenerateRequest
from audit.engine.journal import Journal
from audit.engine.local.endings import Endings, WatchedText
from audit.engine.thinking import FAMILIES, Split, Thinking, thinking_of
from tests.engine.whole.scripts import PROMPT, tokenizer_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine import Generation
    from audit.engine.local.engine import TransformersEngine
    from audit.engine.thinking import Markers

TRACE = "First guess: 12.\n\nCheck: 7."


ANSWER = "The answer is 7."


BLANK = "\n\n"


HARMONY = (
    "<|channel|>analysis<|message|>" + TRACE + "<|end|><|start|>assistant<|channel|>final<|message|>" + ANSWER,
    ("<|channel|>", "<|message|>", "<|end|>", "<|start|>"),
)


TRACES = {
    "text </think>": (f"<think>\n{TRACE}</think>{BLANK}{ANSWER}", ()),
    "token </think>": (f"<think>\n{TRACE}</think>{BLANK}{ANSWER}", ("<think>", "</think>")),
    "token [/THINK]": (f"[THINK]{TRACE}[/THINK]{ANSWER}", ("[THINK]", "[/THINK]")),
    "white space first": (f"\n<think>\n{TRACE}\n</think>\n{ANSWER}", ()),
    "gpt-oss": HARMONY,
}
"""What a checkpoint says, and its special tokens."""


def generated(engine: TransformersEngine, prompt: str = PROMPT, **settings: Any) -> Generation:
    (completion,) = engine.generate([GenerateRequest(prompt, **settings)])
    return completion.generations[0]


@pytest.mark.parametrize("markers", FAMILIES[:-1], ids=lambda markers: markers.end)
def test_every_family(tiny_model: Path, markers: Markers) -> None:
    tokenizer = tokenizer_of(tiny_model)
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=None))
    ids = tokenizer(f"{markers.starts[0]}\n{TRACE}{markers.end}{BLANK}{ANSWER}")["input_ids"] + [tokenizer.eos_token_id]
    reading = WatchedText(Endings(model, tokenizer, Thinking()), GenerateRequest(PROMPT, stop=(BLANK, "<")), 256)
    ended = [reading.ended(ids[:count]) for count in range(1, len(ids) + 1)]
    assert ended == [False] * (len(ids) - 1) + [True]
    found = reading.finish(ids)
    assert (found.text, found.thinking, found.token_count) == (ANSWER, TRACE, len(ids))


@pytest.mark.slow
@pytest.mark.parametrize("tokens", [1, 3, 20])
def test_a_trace_that_is_cut_leaves_no_answer(says: Callable[..., TransformersEngine], tokens: int) -> None:
    engine = says(f"<think>\n{TRACE}</think>{BLANK}{ANSWER}", ("<think>", "</think>"), thinking_tokens=tokens)
    found = generated(engine, max_new_tokens=64)
    assert (found.text, found.finish_reason, found.thinking_closed) == ("", "length", False)
    assert (found.token_count, found.thinking_tokens, found.unanswered) == (tokens, tokens, "thinking_cut")
    assert (found.thinking or "") == TRACE[: len(found.thinking or "")]


@pytest.mark.slow
def test_a_turn_that_ends_inside_the_trace_has_no_answer(says: Callable[..., TransformersEngine]) -> None:
    found = generated(says(f"<think>\n{TRACE}"))
    assert (found.text, found.thinking, found.thinking_closed, found.finish_reason) == ("", TRACE, False, "stop")
    assert (found.unanswered, found.thinking_tokens) == ("thinking_only", found.token_count)


@pytest.mark.slow
def test_a_prompt_may_open_the_trace(says: Callable[..., TransformersEngine]) -> None:
    prompt = "Question: Paris<think>\n"
    engine = says(f"{TRACE}</think>{BLANK}{ANSWER}", prompt=prompt)
    found = generated(engine, prompt, stop=(BLANK,))
    assert (found.text, found.thinking) == (ANSWER, TRACE)
    assert found.thinking_tokens == len(engine.encode(f"{TRACE}</think>"))


@pytest.mark.slow
def test_a_prompt_may_close_the_trace(says: Callable[..., TransformersEngine]) -> None:
    prompt = "Question: Paris<think>\n\n</think>\n\n"
    found = generated(says("12\n\nor 7", prompt=prompt), prompt, stop=(BLANK,))
    assert (found.text, found.thinking, found.thinking_tokens) == ("12", None, 0)


@pytest.mark.slow
def test_an_empty_trace_is_none(says: Callable[..., TransformersEngine]) -> None:
    found = generated(says(f"<think>\n\n</think>\n\n{ANSWER}"), stop=(BLANK,))
    assert (found.text, found.thinking, found.thinking_closed) == (ANSWER, None, True)
    assert found.thinking_tokens > 0


@pytest.mark.slow
def test_the_user_names_the_end_of_the_trace(says: Callable[..., TransformersEngine]) -> None:
    engine = says(f"{TRACE} === {ANSWER}", think_end="===")
    found = generated(engine, stop=(BLANK,))
    assert (found.text, found.thinking) == (ANSWER, TRACE)


@pytest.mark.slow
def test_an_assumed_trace_that_never_comes_is_an_answer(says: Callable[..., TransformersEngine]) -> None:
    engine = says(ANSWER, think_end="===")
    assert generated(engine, stop=(" is",)).text == "The answer"
    found = generated(engine, max_new_tokens=4)
    assert (found.text, found.token_count, found.finish_reason) == (
        engine.tokenizer.decode(engine.encode(ANSWER)[:4]), 4, "length",
    )  # fmt: skip
    assert found.thinking is None


@pytest.mark.slow
def test_a_trace_that_was_opened_out_of_sight(says: Callable[..., TransformersEngine]) -> None:
    """The template opens it by words of its own; the tokenizer has the marker that ends it."""
    found = generated(says(f"{TRACE}</think>{BLANK}{ANSWER}", ("</think>",)), max_new_tokens=64)
    assert (found.text, found.thinking) == (ANSWER, TRACE)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["<", "<thin", "<b>7</b>", "\n\n7", "7 <think>", "[T", "<|", "◁7", "狗"])
def test_what_merely_looks_like_a_marker_is_text(says: Callable[..., TransformersEngine], text: str) -> None:
    """By brute force: the fewest tokens that hold a stop string, at most as many as the bound."""
    engine = says(text)
    end = engine.tokenizer.eos_token_id
    decode = engine.tokenizer.decode
    asked = [
        GenerateRequest(PROMPT, stop=stop, max_new_tokens=bound)
        for stop in ((), ("\n",), ("<",), ("thi", "b"))
        for bound in (1, 2, 32)
    ]
    for request, completion in zip(asked, engine.generate(asked), strict=True):
        ids = [*engine.encode(text), end][: request.max_new_tokens]
        held = [n for n in range(1, len(ids) + 1) if any(word in decode(ids[:n]) for word in request.stop)]
        ids = ids[: held[0]] if held else ids
        expected = decode(ids, skip_special_tokens=True)
        expected = expected[: min([expected.index(word) for word in request.stop if word in expected], default=None)]
        (found,) = completion.generations
        assert (found.text, found.token_count, found.thinking) == (expected, len(ids), None)
        assert found.finish_reason == ("stop" if held or ids[-1] == end else "length")


@pytest.mark.slow
def test_sampled_traces_do_not_depend_on_company(says: Callable[..., TransformersEngine]) -> None:
    engine = says(f"<think>\n{TRACE}</think>{BLANK}{ANSWER}")
    sure = {"temperature": 0.001, "max_new_tokens": 20, "n": 2}
    requests = [GenerateRequest(PROMPT, seed=seed, **sure) for seed in range(3)]  # type: ignore[arg-type]
    together = engine.generate(requests)
    assert together == [engine.generate([request])[0] for request in requests]
    assert {(g.text, g.thinking) for c in together for g in c.generations} == {(ANSWER, TRACE)}


@pytest.mark.slow
def test_a_trace_does_not_cut_the_prompt(says: Callable[..., TransformersEngine], tiny_model: Path) -> None:
    prompt = "the lazy dog " * 20
    length = len(tokenizer_of(tiny_model)(prompt)["input_ids"])
    text, special = TRACES["token </think>"]
    engine = says(text, special, prompt=prompt, max_length=length + 20)
    (completion,) = engine.generate([GenerateRequest(prompt, max_new_tokens=16)])
    assert (completion.prompt_tokens, completion.truncated) == (length, 0)
    (found,) = completion.generations
    assert (found.text, found.thinking_closed, found.token_count) == ("", False, 20)


@pytest.mark.slow
def test_a_limit_that_is_set_after_loading_holds(says: Callable[..., TransformersEngine]) -> None:
    engine = says(f"<think>{TRACE}</think>{ANSWER}")
    engine.thinking = dataclasses.replace(engine.thinking, tokens=9)
    request = GenerateRequest(PROMPT)
    [(shard, _)] = engine.generate_work([request], {0}, print)
    for completion in (*engine.generate([request]), shard[0]):
        (found,) = completion.generations
        assert (found.thinking_closed, found.thinking_tokens) == (False, 9)


@pytest.mark.slow
def test_settings_of_traces_are_part_of_the_key(says: Callable[..., TransformersEngine], tmp_path: Path) -> None:
    engine = says(f"<think>{TRACE}</think>{ANSWER}")
    engine.journal = Journal(tmp_path / "journal.sqlite")
    request = GenerateRequest(PROMPT)

    calls = []
    engine.model.register_forward_pre_hook(lambda *_: calls.append(1))

    def computed(thinking: Thinking) -> bool:
        engine.thinking = thinking
        calls.clear()
        engine.generate([request])
        return bool(calls)

    assert computed(Thinking())
    assert not computed(Thinking())
    assert computed(dataclasses.replace(Thinking(), tokens=2047))
    assert computed(thinking_of(engine.tokenizer, "</think>"))
    engine.journal.close()


@pytest.mark.parametrize(
    ("text", "prompt", "expected"),
    [
        ("<think>a b</think> c", "", Split("c", "a b")),
        ("  <think>\na\n</think>\n\nc\n", "", Split("c\n", "a")),
        ("a</think>c", "", Split("c", "a")),  # the server's template opened it
        ("<think>a", "", Split("", "a", False)),
        ("a", "Q<think>\n", Split("", "a", False)),
        ("a</think>b", "Q<think>\n", Split("b", "a")),
        ("</think>b", "Q<think>\n", Split("b")),
        ("a </think> b", "Q<think></think>", Split("a </think> b")),
        (HARMONY[0], "", Split(ANSWER, TRACE)),
        ("<|channel|>final<|message|>b", "", Split("b")),
        ("a <think> b", "", Split("a <think> b")),
        ("", "", Split("")),
    ],
)
def test_split_of_finished_texts(text: str, prompt: str, expected: Split) -> None:
    assert thinking_of(None).split(text, prompt) == expected


def test_split_with_a_named_end() -> None:
    thinking = thinking_of(None, "===")
    assert thinking.split("a === b") == Split("b", "a")
    assert thinking.split("a", cut=True) == Split("", "a", False)
    assert thinking.split("a") == Split("a")


def test_expected_families_are_the_tokenizers_and_the_templates(tiny_model: Path) -> None:
    tokenizer = tokenizer_of(tiny_model)
    assert thinking_of(tokenizer).expected == ()
    tokenizer.chat_template = {"a": "{{ x.split('</think>')[-1] }}", "b": "x"}
    assert [m.end for m in thinking_of(tokenizer).expected] == ["</think>"]
    harmony = tokenizer_of(tiny_model, special=HARMONY[1])
    harmony.chat_template = None
    assert [m.end for m in thinking_of(harmony).expected] == ["<|channel|>final<|message|>"]


THINK, MAGISTRAL, HARMONY_MARKERS = FAMILIES[0], FAMILIES[6], FAMILIES[-1]


@pytest.mark.parametrize(
    ("thinking", "prompt", "closed"),
    [
        (Thinking(expected=(THINK,)), "Q\n", "Q\n<think>\nHm.\n</think>\n\n"),
        (Thinking(expected=(MAGISTRAL, THINK)), "Q<think>", "Q<think>\nHm.\n</think>\n\n"),
        (Thinking(), "Q<think>\n", "Q<think>\nHm.\n</think>\n\n"),
        (Thinking(expected=(MAGISTRAL,)), "Q", "Q[THINK]Hm.[/THINK]"),
        (Thinking(), "Q[THINK]", "Q[THINK]Hm.[/THINK]"),
        (
            Thinking(expected=(HARMONY_MARKERS,)),
            "Q",
            "Q<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>",
        ),
        (thinking_of(None, "</done>"), "Q ", "Q Hm.\n</done>\n\n"),
        (thinking_of(None, "</done>"), "Q", "Q\nHm.\n</done>\n\n"),
        (thinking_of(None, "DONE"), "Q", "QHm.DONE"),
    ],
)
def test_a_trace_is_put_back_as_it_was_found(thinking: Thinking, prompt: str, closed: str) -> None:
    around = thinking.around(prompt)
    assert around is not None
    assert around.closed(prompt, " Hm.\n") == closed
    assert closed.startswith(around.opened(prompt, "Hm"))
    assert thinking.closed_by(closed)
    split = thinking.split(f"{closed.removeprefix(prompt)}Yes.", prompt)
    assert (split.thinking, split.answer, split.closed) == ("Hm.", "Yes.", True)


def test_no_trace_is_put_where_none_can_follow() -> None:
    assert Thinking().around("Q") is None
    assert thinking_of(None).around("Q") is None, "which of all families is not known"
    assert thinking_of(None).around("Q<think>\n") is not None
    assert thinking_of(None, "</think>").around("Q") is not None
    assert Thinking(expected=(THINK,)).around("Q<think>\n\n</think>\n\n") is None
