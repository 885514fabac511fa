"""The list of explained samples, and the way through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.drawn import button, drawn, every_markdown, rows_tables, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Attribution, Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_rows_say_what_was_asked_and_how_far_to_believe(run: RunFolder, open_page: Open) -> None:
    test = open_page("explanations")
    (table,) = rows_tables(test)
    assert [column["title"] for column in table["columns"] if column["opens"]] == ["Question"]
    shown = tables(test)[0]
    assert "**3 explained samples**" in every_markdown(test)
    asked = [question.split("\n")[-1] for question in shown["Question"]]
    assert asked == ["asdiv", "boolq", "toxicity"]
    assert shown["Result"][1:] == ["✕ Wrong", "Scored"]
    assert shown["Answer"][1:] == [" no", "Hidden: it may offend."]
    assert shown["Most faithful"] == ["believable\nocclusion"] * 3
    assert shown["Methods"] == ["occlusion, attention_rollout"] * 3
    assert "vile" not in str(shown)


@pytest.mark.slow
def test_neither_a_sink_nor_what_is_not_to_be_believed_is_named_as_most_faithful(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open, explain: Callable[..., Attribution]
) -> None:
    """Shares of attention of which the first token has most are a sink, whatever their verdict."""
    for path in (run.path / "attributions").iterdir():
        path.unlink()
    sink = {"method": "attention", "unit": "share", "verdict": "believable"}
    for place, more in enumerate((sink, {"verdict": "do not believe"})):
        sample = by_task["boolq"][place]
        about = {"sample_id": sample.sample_id, "suite": "evals", "task": "boolq", "attribution_id": f"{place}"}
        run.write_attribution(explain(["a ", "b"], [0.9, 0.1], **about, **more))
    assert tables(open_page("explanations"))[0]["Most faithful"] == ["do not believe\nany of them"] * 2


@pytest.mark.slow
def test_next_and_list_keep_to_the_explained_samples(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    test = open_page("explanations", task="evals/asdiv", sample=by_task["asdiv"][0].sample_id)
    assert "**1 of 3 explained samples**" in every_markdown(test)
    assert button(test, "Previous").disabled
    drawn(button(test, "Next").click().run())
    assert test.query_params["sample"] in (by_task["boolq"][0].sample_id, [by_task["boolq"][0].sample_id])
    assert "**2 of 3 explained samples**" in every_markdown(test)
    drawn(button(test, "List").click().run())
    assert "sample" not in test.query_params
    assert "**3 explained samples**" in every_markdown(test)
