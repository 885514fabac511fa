"""What holds for every page, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.app.pages import overview
from tests.app.drawn import SCRIPTS, button, drawn, every_html, every_markdown, rate_as, tables
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
@pytest.mark.parametrize("page", [*SCRIPTS])
def test_hostile_text_never_becomes_markup(
    page: str, run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["asdiv"][0]
    test = open_page(page, task="evals/asdiv", sample=sample.sample_id)
    if page == "rate_run":
        rate_as(test, "ada", "evals/asdiv")
        while sample.prompt.split()[0] not in "".join(code.value for code in test.code):
            drawn(button(test, "Skip").click().run())
    for markup in ("<script", "<img", "![pixel]", ":red[", "$x^2$", "**bold**", "\x1b", "\u202e"):
        assert markup not in every_markdown(test)
    for markup in ("<script", "<img", "\x1b", "\u202e"):
        assert markup not in every_html(test)
    literal = [element.value for kind in (test.code, test.text) for element in kind]
    assert not any(character in text for text in literal for character in "\x1b\u202e")
    if page in {"overview", "sample", "rate"}:
        assert any("<script>" in text for text in literal)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["samples", "sample", "rate_run"])
def test_text_of_safety_tasks_is_hidden_until_asked_for(page: str, run: RunFolder, open_page: Open) -> None:
    test = open_page(page, task="safety/toxicity")
    if page == "rate_run":
        rate_as(test, "ada", "safety/toxicity")
        assert button(test, "Bad").disabled

    def text() -> str:
        cells = [str(cell) for table in tables(test) for column in table.values() for cell in column]
        literal = [element.value for kind in (test.code, test.text) for element in kind]
        return "\n".join([*cells, *literal, every_markdown(test), every_html(test)])

    assert "vile" not in text()
    if page == "samples":  # a table is no place to ask for one text
        assert not [button for button in test.button if button.label == "Show it"]
        return
    drawn(button(test, "Show it").click().run())
    assert "vile prompt" in text()
    if page == "rate_run":
        drawn(button(test, "Bad").click().run())
        assert "vile" not in text()  # the next one is asked for anew


def test_every_status_and_verdict_has_a_colour() -> None:
    from typing import get_args

    from audit.core.records import Status, Verdict

    assert set(overview.STATUS_COLOURS) == set(get_args(Status))
    assert set(overview.VERDICT_COLOURS) == set(get_args(Verdict))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["sample", "rate_run"])
def test_reasoning_is_folded_and_hidden_with_its_sample(page: str, run: RunFolder, open_page: Open) -> None:
    for suite, task in (("evals", "boolq"), ("safety", "toxicity")):
        samples = run.read_samples(suite, task)  # type: ignore[arg-type] # a suite
        told = [one.model_copy(update={"thinking": "**First** <b>guess</b>: 12."}) for one in samples]
        run.write_samples(suite, task, told)  # type: ignore[arg-type] # as above
    sealed(run)
    test = open_page(page, task="evals/boolq")
    if page == "rate_run":
        test = rate_as(test, "Ann", "evals/boolq")
    (fold,) = [fold for fold in test.expander if "Reasoning" in fold.label]
    assert fold.label == "Reasoning before the output, 27 characters"
    assert not fold.proto.expanded
    assert [code.value for code in fold.code] == ["**First** <b>guess</b>: 12."]
    assert "guess" not in every_markdown(test) + every_html(test)
    test = open_page(page, task="safety/toxicity")
    if page == "rate_run":
        test = rate_as(test, "Ann", "safety/toxicity")
    assert not [fold for fold in test.expander if "Reasoning" in fold.label]
    drawn(button(test, "Show it").click().run())
    assert [fold.label for fold in test.expander if "Reasoning" in fold.label]
