"""The page of explanations: stored ones, the best first, and none of a hidden text unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.drawn import every_html, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_the_sample_of_the_address_is_shown_with_its_methods(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][0]
    test = open_page("explanations", task="boolq", sample=sample.sample_id)
    (methods,) = [table for table in tables(test) if "Believable?" in table]
    assert methods["Method"] == ["occlusion", "attention_rollout"]
    assert methods["Believable?"] == ["believable", "do not believe"]
    assert "attribution" in every_html(test)
    assert test.query_params["sample"] == sample.sample_id


@pytest.mark.slow
def test_a_sample_without_an_explanation_is_said_to_have_none(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][5]
    test = open_page("explanations", task="evals/boolq", sample=sample.sample_id)
    assert any("This sample is not explained" in info.value for info in test.info)
    assert sample.prompt.splitlines()[0] in "".join(code.value for code in test.code)


@pytest.mark.slow
def test_what_a_probe_asked_is_hidden(run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open) -> None:
    test = open_page("explanations", task="safety/toxicity", sample=by_task["toxicity"][0].sample_id)
    shown = every_markdown(test) + every_html(test) + "".join(text.value for text in [*test.text, *test.code])
    shown += "".join(option for box in test.selectbox for option in box.options)
    assert any(one.label == "Show it" for one in test.button)
    assert "vile" not in shown


@pytest.mark.slow
def test_a_link_to_no_sample_says_so_above_the_list(run: RunFolder, open_page: Open) -> None:
    test = open_page("explanations", task="boolq", sample="gone")
    assert any("This run has no sample gone" in warning.value for warning in test.warning)
    assert "Most faithful" in tables(test)[0]


def test_a_run_that_explained_nothing_offers_to_explain_a_prompt(run: RunFolder, open_page: Open) -> None:
    for path in (run.path / "attributions").iterdir():
        path.unlink()
    test = open_page("explanations")
    assert any("This run explained no samples" in info.value for info in test.info)
    assert [header.value for header in test.header] == ["Explain a prompt"]
