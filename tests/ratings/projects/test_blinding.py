"""Raters never read the name of a checkpoint, on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.projects.blinding import masked
from audit.ratings.projects.making import add_items
from audit.ratings.projects.rating import next_item
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from audit.ratings.projects.item import ItemContent


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "You are a helpful AI assistant named SmolLM"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "smollm2 135m instruct"),
        ("qwen2.5-0.5b", "I am QWEN."),
        ("openai-community/gpt2", "GPT-like: gpt2, GPT"),
        ("/data/checkpoints/acme-7b-step400", "ACME's assistant"),
    ],
)
def test_names_are_masked_in_any_form(name: str, text: str) -> None:
    word = {"S": "smollm", "q": "qwen", "o": "gpt", "/": "acme", "H": "smollm"}[name[0]]
    seen = masked(text, (name,))
    assert word not in seen.casefold()
    assert len(seen) == len(text)


def test_short_names_are_masked_and_numbers_and_letters_are_not() -> None:
    seen = masked("I am T5, not Yi: 7 times a is 7", ("T5", "01-ai/Yi", "runs/7", "a"))
    assert seen == "I am ██, not ██: 7 times a is 7"


def test_names_of_checkpoints_whose_outputs_were_added_later_are_masked(database_url: str) -> None:
    made = made_in(database_url, 0, hidden_names=["acme-7b"])
    later = content(1, prompt="Are you Acme or Zeta?", hidden_names=["zeta-1b"])
    add_items(made.url, "p", "Root", [later])
    seen = next_item(made.url, made.name, "Ann")
    assert seen is not None
    assert seen.prompt == "Are you ████ or ████?"
    assert "zeta" not in seen.model_dump_json().casefold()


def test_ordinary_words_stay() -> None:
    text = "A tiny model with a large base trained on text: smart llamas, optional"
    assert masked(text, ("tiny-model-base", "opt-125m", "smollm2-135m")) == text
    assert masked(text, ()) == text


@pytest.mark.slow
def test_nothing_that_a_rater_gets_says_which_run(database_url: str) -> None:
    made = made_in(database_url, 4, pairs=True, hidden_names=["acme-7b", "smollm2"])
    seen = next_item(made.url, made.name, "Ann")
    assert seen is not None
    written = seen.model_dump_json().casefold()
    assert not any(word in written for word in ("run-1", "run-2", "acme", "smollm", "sha256", "scores"))


def test_sides_are_drawn_once_and_evenly(database_url: str) -> None:
    made = made_in(database_url, 200, pairs=True)
    swapped = [item.is_swapped(1234) for item in made.items]
    # 200 fair coins: within 4 standard deviations of 100.
    assert 72 <= sum(swapped) <= 128
    assert [item.is_swapped(1234) for item in made.items] == swapped
    assert [item.is_swapped(99) for item in made.items] != swapped
    for item, crossed in zip(made.items, swapped, strict=True):
        first = item.outputs[0].text
        assert item.sides(1234)["b" if crossed else "a"].text == first
        assert item.by_run("b" if crossed else "a", 1234) == "first"
        assert item.by_run("a" if crossed else "b", 1234) == "second"
        assert item.by_run("tie", 1234) == "tie"
        assert [item.by_side(item.by_run(side, 1234), 1234) for side in ("a", "b", "tie")] == ["a", "b", "tie"]


def test_the_sides_of_outputs_that_hold_anything(any_database: str) -> None:
    """NUL and half characters survive both databases."""
    from audit.ratings.projects.item import RatedOutput
    from audit.ratings.projects.making import add_items

    hostile = "\x00 \ud800 \u202e <script>"
    odd: ItemContent = content(9, prompt=hostile, outputs=[RatedOutput.of("run-1", "odd", hostile)])
    made = made_in(any_database, 0)
    add_items(made.url, made.name, "Root", [odd])
    seen = next_item(made.url, made.name, "Ann")
    assert seen is not None
    assert (seen.prompt, seen.outputs) == (hostile, {"a": hostile})
