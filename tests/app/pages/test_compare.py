"""The page that puts two runs next to each other, drawn by Streamlit without a browser."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.ratings.access.app_events import read_app_events
from audit.ratings.database import reading
from tests.app.conftest import OLDER, RUN_ID
from tests.app.drawn import button, drawn, every_html, every_markdown, rows_tables, tables
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


def everything(test: AppTest) -> str:
    cells = [str(cell) for table in tables(test) for column in table.values() for cell in column]
    literal = [element.value for kind in (test.code, test.text) for element in kind]
    return "\n".join([*cells, *literal, every_markdown(test), every_html(test)])


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_differences_and_changed_items_are_shown(open_page: Open) -> None:
    """19 of 24 were right before, 16 are now: a loss of 0.125."""
    test = open_page("compare", run=RUN_ID)
    assert test.selectbox(key="pick_with").value == OLDER
    html = every_html(test)
    assert "<strong>−0.125</strong>" in html
    assert "0.792 before, 0.667 now (share); 24 items, 1 with a higher value and 4 with a lower one" in html
    assert f"compare?run={RUN_ID}&amp;with={OLDER}&amp;in=evals%2Fboolq" in html
    assert "**6 items: changed**" in every_markdown(test)
    assert tables(test)[0]["Change"] == [*["▼ Broken"] * 4, "≠ Wrong in another way", "▲ Fixed"]
    assert tables(test)[0]["Score"][0] == "1 → 0\n−1"
    drawn(test.segmented_control(key="pair_change").set_value("fixed").run())
    assert tables(test)[0]["Change"] == ["▲ Fixed"]
    assert test.query_params["change"] in ("fixed", ["fixed"])
    test = open_page("compare", run=RUN_ID, **{"in": "boolq", "slice": "topic = animals", "find": "PASSAGE 3"})
    assert tables(test)[-1]["Lower score"] == ["2", "2"], "of four losses, two are about animals"
    assert tables(test)[0]["Change"] == ["▼ Broken"]


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_an_item_has_both_answers_with_the_words_that_differ(by_task: dict[str, list[Sample]], open_page: Open) -> None:
    items = [by_task["boolq"][place].sample_id for place in (0, 3, 6, 9)]
    test = open_page("compare", run=RUN_ID, item=items[0], **{"in": "evals/boolq"})
    html = every_html(test)
    assert "▼ Broken: right in the baseline, wrong in this run" in html
    assert " <del>yes</del></div>" in html
    assert " <ins>no</ins></div>" in html
    prompts = [code.value for code in test.code if code.value.startswith("Passage 0")]
    assert len(prompts) == 1, "the prompt once"
    assert re.search(r"\*\*\d of 5 items: changed\*\*", every_markdown(test))
    seen = set()
    while not button(test, "Next").disabled:
        drawn(button(test, "Next").click().run())
        seen.add(str(test.query_params["item"]).strip("[']"))
    assert len(seen | {items[0]}) >= 2
    drawn(button(test, "List").click().run())
    assert "**5 items: changed**" in every_markdown(test)
    assert "There is no item nowhere in both runs" in every_markdown(open_page("compare", run=RUN_ID, item="nowhere"))


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_hostile_text_stays_text(by_task: dict[str, list[Sample]], open_page: Open) -> None:
    bad = "<img src=x onerror=alert(1)> [link](javascript:alert(1))"
    sample = by_task["asdiv"][0].sample_id
    for place in (
        {"item": sample},
        {"in": "asdiv"},
        {"item": bad, "in": bad, "slice": bad, "find": bad, "change": bad},
    ):
        test = open_page("compare", run=RUN_ID, **place)
        assert not re.search(r"(?<!\\)(<script|<img|\]\(java|!\[pixel|:red\[)|[\x1b\u202e]", every_markdown(test))
        for markup in ("<script", "<img", "\x1b", "\u202e"):
            assert markup not in every_html(test)
    test = open_page("compare", run=RUN_ID, item=sample)
    assert "<ins>" not in every_html(test)
    assert "<del>Once" in every_html(test)
    assert any("<script>" in code.value for code in test.code)


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_texts_that_may_offend_are_hidden_in_list_and_item_and_the_log_names_both_runs(
    by_task: dict[str, list[Sample]], settings: AppSettings, open_page: Open
) -> None:
    test = open_page("compare", run=RUN_ID, **{"in": "toxicity", "change": "same"})
    assert len(rows_tables(test)[0]["rows"]) == 10
    assert "vile" not in everything(test)
    test = open_page("compare", run=RUN_ID, item=by_task["toxicity"][0].sample_id)
    assert "vile" not in everything(test)
    drawn(button(test, "Show it").click().run())
    assert "vile continuation" in everything(test)
    with reading(settings.database_url) as connection:
        looks_at = [(one.kind, one.content) for one in read_app_events(connection, ["opened", "revealed"])]
    both, item = (
        {"run": RUN_ID, "baseline": OLDER},
        {"task": "safety/toxicity", "sample": by_task["toxicity"][0].sample_id},
    )
    assert ("opened", {"page": "compare", **both}) in looks_at
    assert ("opened", {"page": "compare", **both, **item}) in looks_at
    assert [content for kind, content in looks_at if kind == "revealed"] == [
        {"run": one, **item} for one in (OLDER, RUN_ID)
    ]


@pytest.mark.slow
def test_runs_that_cannot_be_compared_say_why(run: RunFolder, runs: Path, older: RunFolder, open_page: Open) -> None:
    assert "no run gone in this folder to compare with" in every_markdown(
        open_page("compare", run=RUN_ID, **{"with": "gone"})
    ).replace("\\", "")
    older.write_manifest(
        older.read_manifest().model_copy(update={"status": "running", "finished": None, "evidence": {}})
    )
    test = open_page("compare", run=RUN_ID)
    assert any("this run has not ended" in error.value.replace("\\", "") for error in test.error)
    assert any("This run is in progress: 3 tasks done" in info.value for info in test.info)
    assert "**6 items: changed**" in every_markdown(test), "what is there can be looked at"
    (older.samples_path("evals", "boolq")).write_bytes(b"PAR1 broken PAR1")
    test = open_page("compare", run=RUN_ID)
    assert any("evals" in error.value or "samples" in error.value for error in test.error)
    shutil.rmtree(older.path)
    assert any("no other run in this folder" in info.value for info in open_page("compare", run=RUN_ID).info)


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_all_metrics_and_slices_are_tested_on_request(open_page: Open) -> None:
    test = open_page("compare", run=RUN_ID)
    drawn(test.toggle(key="compare_all").set_value(True).run())
    table: dict[str, list[Any]] = next(one for one in tables(test) if "Adjusted p" in one)
    assert "boolq/accuracy [topic=plants]" in table["Metric"]
    assert table["Test"][0] == "McNemar's exact test"


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_an_item_leads_to_its_sample_and_runs_are_swapped(
    by_task: dict[str, list[Sample]], open_page: Open, opened: list[tuple[str, dict[str, Any]]]
) -> None:
    sample = by_task["boolq"][0].sample_id
    test = open_page("compare", run=RUN_ID, item=sample)
    button(test, "Open in the baseline").click().run()
    assert opened == [("sample", {"run": OLDER, "task": "evals/boolq", "sample": sample})]
    test = open_page("compare", run=RUN_ID)
    drawn(button(test, "Swap").click().run())
    assert "<strong>+0.125</strong>" in every_html(test)


@pytest.mark.slow
def test_of_a_task_whose_size_looks_decided_both_pages_say_that_intervals_are_too_narrow(
    run: RunFolder, older: RunFolder, open_page: Open
) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"looks": looks(24, 100, "boolq")}))
    sealed(run)
    test = open_page("compare", run=RUN_ID, **{"with": older.path.name})
    assert ["boolq" in one.value for one in test.warning if "are too narrow" in one.value] == [True]
    assert any("would be too narrow" in one.value for one in open_page("runs").caption)
