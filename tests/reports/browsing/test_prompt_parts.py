"""Prompts cut into parts, by hand."""

from __future__ import annotations

from typing import Any

from audit.core.records import Choice, Sample, Span
from audit.reports.browsing.prompt_parts import PromptParts, prompt_parts, question_text


def sample(prompt: str, *spans: tuple[str, str], **more: Any) -> Sample:
    """A sample whose parts are found by their text; examples are those whose name says so."""
    parts = [
        Span(
            name=name,
            kind="example" if name.startswith("example") else "field",
            start=prompt.index(text),
            end=prompt.index(text) + len(text),
        )
        for name, text in spans
    ]
    return Sample(sample_id="1", suite="evals", task="t", prompt=prompt, spans=parts, **more)


def test_a_prompt_without_parts_is_a_question() -> None:
    assert prompt_parts(sample("Is it?")) == PromptParts("", "", 0, "Is it?", "")
    assert question_text(sample("Is it?\n")) == "Is it?"


def test_fields_with_the_words_around_them_follow_the_examples() -> None:
    prompt = "Answer these.\n\nQ: one?\nA: 1\n\nQ: two?\nA: 2\n\nPassage: foxes\nQ: three?\nA:"
    cut = sample(
        prompt, ("example 1", "Q: one?\nA: 1\n\n"), ("example 2", "Q: two?\nA: 2\n\n"), ("passage", "foxes"),
        ("question", "three?"),
    )  # fmt: skip
    examples = "Q: one?\nA: 1\n\nQ: two?\nA: 2\n\n"
    assert prompt_parts(cut) == PromptParts("Answer these.\n\n", examples, 2, "Passage: foxes\nQ: three?\nA:", "")
    assert question_text(cut) == "three?"


def test_a_chat_is_cut_at_its_last_user_turn() -> None:
    before = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n"
    after = "<|im_end|>\n<|im_start|>assistant\n"
    prompt = f"{before}Solve it.\nProblem: 1 + 1?{after}"
    assert prompt_parts(sample(prompt)) == PromptParts(before, "", 0, "Solve it.\nProblem: 1 + 1?", after)
    named = sample(prompt, ("question", "1 + 1?"))
    assert prompt_parts(named) == PromptParts(before, "", 0, "Solve it.\nProblem: 1 + 1?", after)
    llama = "<|start_header_id|>user<|end_header_id|>\n\nHi?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    assert prompt_parts(sample(llama)).question == "Hi?"
    assert prompt_parts(sample("<start_of_turn>user\nHi?<end_of_turn>\n<start_of_turn>model\n")).question == "Hi?"


def test_examples_inside_the_turn_are_cut_off_it() -> None:
    before, after = "<|im_start|>user\nWords.\n", "<|im_end|>\n<|im_start|>assistant\n"
    cut = sample(f"{before}Q: a?\nA: b\n\nQ: c?{after}", ("example 1", "Q: a?\nA: b\n\n"), ("question", "c?"))
    assert prompt_parts(cut) == PromptParts(before, "Q: a?\nA: b\n\n", 1, "Q: c?", after)


def test_sentences_without_a_prompt_are_the_question() -> None:
    assert question_text(sample("", choice=Choice(options=[" One.", " Two."]))) == "One. / Two."


def test_parts_beyond_the_prompt_are_no_parts() -> None:
    told = sample("Is it?").model_copy(update={"spans": [Span(name="question", kind="field", start=3, end=99)]})
    assert question_text(told) == "Is it?"
