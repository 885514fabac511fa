"""A prompt on a page: the question in front, the rest folded."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.app.drawn import drawn


def _page() -> None:
    from audit.app.elements.prompt import show_prompt
    from audit.core.records import Sample, Span

    prompt = "Answer.\n\nQ: a?\nA: b\n\nQ: c?\nA:"
    spans = [Span(name="example 1", kind="example", start=9, end=21), Span(name="q", kind="field", start=24, end=26)]
    show_prompt(Sample(sample_id="1", suite="evals", task="t", prompt=prompt, spans=spans))


def test_the_question_comes_first_and_examples_and_template_are_folded() -> None:
    test = drawn(AppTest.from_function(_page, default_timeout=300).run())
    assert test.main.children[0].value == "**Question**"  # type: ignore[union-attr] # a heading
    assert test.code[0].value == "Q: c?\nA:"
    folds = {fold.label: [code.value for code in fold.code] for fold in test.expander}
    assert folds == {
        "1 few-shot example": ["Q: a?\nA: b"],
        "System text and template": ["Answer.\n"],
        "The whole prompt, as the checkpoint saw it": ["Answer.\n\nQ: a?\nA: b\n\nQ: c?\nA:"],
    }
    assert not any(fold.proto.expanded for fold in test.expander)


def _perturbed() -> None:
    from audit.app.elements.prompt import show_prompt
    from audit.core.records import Sample, Span

    spans = [Span(name="ha", kind="changed", start=1, end=3)]
    show_prompt(Sample(sample_id="1", suite="evals", task="t", prompt="Waht?", spans=spans))


def test_what_was_changed_is_shown_below_the_question() -> None:
    test = drawn(AppTest.from_function(_perturbed, default_timeout=300).run())
    assert [code.value for code in test.code] == ["Waht?", "What → Waht"]
