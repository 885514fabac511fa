"""The page of errors on a run folder, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app import stored
from audit.core.records import Choice
from audit.reports.contents import analysis_of
from audit.reports.errors.words import LOOKED_AT
from tests.app.drawn import button, drawn, every_markdown, tables
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_what_was_not_searched_and_what_could_not_be_scored(run: RunFolder, open_page: Open) -> None:
    test = open_page("errors", task="asdiv")
    text = every_markdown(test)
    assert "Not searched for groups that differ in error rate\\: 4 scored samples\\; a search needs at least 40" in text
    assert {"What": ["NaN logits"], "Samples": ["1"]} in tables(test)
    assert test.query_params["task"] == "evals/asdiv"


@pytest.mark.slow
@pytest.mark.usefixtures("run")
def test_a_button_lists_the_wrong_answers_and_all_samples_where_none_is_right_or_wrong(
    open_page: Open, opened: list[tuple[str, dict[str, Any]]]
) -> None:
    """Of 24 answers of the fixture 16 are right; its 10 continuations have scores on a scale."""
    test = open_page("errors", task="boolq")
    (label,) = [one.label for one in test.button if one.key == "list_samples"]
    assert label == "8 wrong answers, worst first"
    (label,) = [one.label for one in open_page("errors", task="toxicity").button if one.key == "list_samples"]
    assert label == "10 samples, worst first"
    drawn(test.button(key="list_samples").click().run())
    name, place = opened[-1]
    assert (name, place["result"], place["sort"], place["tasks"]) == ("samples", ["wrong"], ["worst"], ["evals/boolq"])


@pytest.mark.slow
def test_answers_are_a_table(run: RunFolder, open_page: Open) -> None:
    """The fixture has 16 right answers yes, and 8 wrong ones no, where yes is always right."""
    test = open_page("errors", task="toxicity")
    assert "Answers" not in [heading.value for heading in test.header]
    samples = run.read_samples("evals", "boolq")
    choices = [
        one.model_copy(update={"choice": Choice(options=["no", "yes"], chosen=int(one.output == " yes"), right=1)})
        for one in samples
    ]
    run.write_samples("evals", "boolq", choices)
    test = open_page("errors", task="boolq")
    (table,) = [one for one in tables(test) if "given: no" in one]
    assert table == {
        "right": ["no", "yes", "all given"],
        "given: no": ["0", "8", "8"],
        "given: yes": ["0", "16", "16"],
        "all": ["0", "24", "24"],
    }
    assert "8 of 24 answers are “no”" in every_markdown(test).replace("\\", "")


@pytest.mark.slow
def test_calibration_is_drawn_or_refused(run: RunFolder, open_page: Open) -> None:
    test = open_page("errors", task="boolq")
    assert "only 24 answers have a confidence\\; at least 30 are needed" in every_markdown(test)
    samples = run.read_samples("evals", "boolq")
    more = [one.model_copy(update={"sample_id": f"{one.sample_id[:-1]}x"}) for one in samples]
    run.write_samples("evals", "boolq", [*samples, *more])
    test = open_page("errors", task="boolq")
    charts = test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")
    assert sum("share of right answers" in chart.proto.spec for chart in charts) == 1
    assert sum("most confident first" in chart.proto.spec for chart in charts) == 1
    (table,) = [one for one in tables(test) if "Measure" in one]
    assert "Brier score" in table["Measure"]


@pytest.mark.slow
def test_a_task_that_was_looked_at_is_said_to_show_less(run: RunFolder, open_page: Open) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"looks": looks(24, 100, "boolq")}))
    sealed(run)
    assert LOOKED_AT in [one.value for one in open_page("errors", task="boolq").warning]
    assert LOOKED_AT not in [one.value for one in open_page("errors", task="asdiv").warning]


@pytest.mark.slow
def test_found_groups_are_drawn_and_open_their_worst_sample(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 samples, half of them of the topic that is always wrong; the name of the topic is hostile."""
    topic = "<script>x</script> **bold**"
    samples = [
        by_task["boolq"][0].model_copy(
            update={"sample_id": f"{i:016x}", "score": float(i % 2), "slices": {"topic": "ok" if i % 2 else topic}}
        )
        for i in range(60)
    ]
    found = analysis_of(run, run.read_manifest(), run.read_metrics(), "evals", "boolq", samples)
    monkeypatch.setattr(stored, "analysis", lambda *_: found)
    test = open_page("errors", task="boolq")
    charts = test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")
    assert sum(f"topic: {topic}" in chart.proto.spec for chart in charts) == 1
    (table,) = [one for one in tables(test) if "Difference" in one]
    assert table["Group"] == [f"topic: {topic}"]
    assert (table["Value"], table["Rest"], table["n"]) == (["1.000"], ["0.000"], ["30"])
    assert topic not in every_markdown(test)
    label = "topic\\: \\<script\\>x\\<\\/script\\> \\*\\*bold\\*\\*"
    drawn(button(test, label).click().run())
    assert test.query_params["sample"] == "0000000000000000"
