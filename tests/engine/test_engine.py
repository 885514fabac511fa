"""Tokens that a tokenizer adds around a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tokenizers import processors

from audit.engine import GenerateRequest, load

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

BOS, EOS = "<|begin|>", "<|end|>"


@pytest.fixture
def adding(tiny_model: Path, request: pytest.FixtureRequest) -> TransformersEngine:
    """The tiny model with a tokenizer that adds tokens around a text."""
    engine = load(str(tiny_model), device="cpu")
    tokens = [(word, engine.tokenizer.convert_tokens_to_ids(word)) for word in (BOS, EOS, "<|pad|>")]
    template = processors.TemplateProcessing(single=request.param, special_tokens=tokens)
    engine.tokenizer._tokenizer.post_processor = template  # type: ignore[attr-defined]
    engine.tokenizer = engine.tokenizer
    return engine


def plain(engine: TransformersEngine, text: str) -> list[int]:
    ids: list[int] = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


@pytest.mark.parametrize("adding", [f"$A {EOS}", f"{BOS} $A {EOS}", f"{BOS} $A"], indirect=True)
def test_no_end_of_sequence_behind_a_text(adding: TransformersEngine) -> None:
    before = plain(adding, BOS) if adding.tokenizer("x")["input_ids"][0] == plain(adding, BOS)[0] else []
    assert adding.encode("The quick") == before + plain(adding, "The quick")
    assert adding.encode("") == before
    assert adding.encode("The quick", add_special_tokens=False) == plain(adding, "The quick")
    written = f"The quick{EOS}"  # one that the text itself has stays
    assert adding.encode(written) == before + plain(adding, written)
    for pair in (
        adding.encode_pair("The capital of France is", " Paris"),
        adding.encode_pair("The capital of France is", " Paris", rule="lm_eval"),
        adding.encode_answer("The capital of France is", " Paris"),
    ):
        assert list(pair.context_ids) == before + plain(adding, "The capital of France is")
        assert list(pair.target_ids) == plain(adding, " Paris")


@pytest.mark.slow
@pytest.mark.parametrize("adding", [f"$A {EOS}", f"{BOS} $A {EOS}"], indirect=True)
def test_a_prompt_does_not_end_the_turn(adding: TransformersEngine, tiny_model: Path) -> None:
    text = BOS + "The quick brown"
    asked = GenerateRequest(text if adding.tokenizer("x")["input_ids"][0] != 0 else "The quick brown", max_new_tokens=8)
    (completion,) = adding.generate([asked])
    assert (
        completion.generations
        == load(str(tiny_model), device="cpu").generate([GenerateRequest(text, max_new_tokens=8)])[0].generations
    )
    assert completion.prompt_tokens == len(plain(adding, text))


@pytest.mark.parametrize("adding", [f"{BOS} $A"], indirect=True)
@pytest.mark.parametrize("space", ["", "\n", " \n\t"])
def test_one_beginning_of_sequence(adding: TransformersEngine, space: str) -> None:
    begin = plain(adding, BOS)[0]
    assert adding.encode(f"{space}{BOS}[user] Hi") == plain(adding, f"{space}{BOS}[user] Hi")
    assert adding.encode(f"{space}{BOS}[user] Hi").count(begin) == 1
    assert adding.encode(f"{space}Hi") == [begin, *plain(adding, f"{space}Hi")]


@pytest.mark.parametrize("adding", [f"<|pad|> {BOS} $A", "<|pad|> $A"], indirect=True)
def test_a_beginning_of_several_tokens_stands_once(adding: TransformersEngine) -> None:
    """As GLM's ``[gMASK]<sop>``, which its chat template writes too."""
    before = adding.tokenizer("")["input_ids"]
    text = f"{adding.tokenizer.decode(before)}Hi"
    assert adding.encode("Hi") == adding.encode(text) == before + plain(adding, "Hi")
