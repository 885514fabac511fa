"""Prompts cut into parts, by hand."""

from __future__ import annotations

from typing import Any

from audit.core.records import Choice, Sample, Span
from audit.reports.browsing.prompt_parts import PromptParts, changed_text, prompt_parts, question_text


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


def changed(prompt: str, *spans: tuple[str, int, int]) -> str | None:
    """What is said of a prompt with these changes: what was there before, start and end of what is there now."""
    parts = [Span(name=before, kind="changed", start=start, end=end) for before, start, end in spans]
    return changed_text(sample(prompt).model_copy(update={"spans": parts}))


def test_changes_are_shown_with_whole_words() -> None:
    assert changed("the seaskn of\u00e9", ("o", 8, 9)) == "season → seaskn"
    assert changed("the seasn", ("o", 8, 8)) == "season → seasn"
    assert changed("Waht is it?", ("ha", 1, 3), ("It", 8, 10)) == "What → Waht\nIt → it"
    assert changed("in the hall", ("the in", 0, 6)) == "the in → in the"
    assert changed("A. cat\nB. ", ("dog", 3, 6), ("cat", 10, 10)) == "dog → cat\ncat → (nothing)"
    assert changed("a   b  c d", ("", 2, 4), ("", 6, 7)) == "2 wider gaps"
    assert changed("a  bb", ("", 2, 3), ("c", 3, 4)) == "cb → bb\n1 wider gap"


def test_nothing_is_said_where_nothing_was_changed() -> None:
    assert changed("a b") is None
    assert changed("short", ("x", 4, 9)) is None  # beyond a text that was withheld
    assert changed_text(sample("Q: a?", ("q", "a?"))) is None
