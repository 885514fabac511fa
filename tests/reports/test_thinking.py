"""Reasoning traces in reports are folded, escaped, and hidden where the sample is; cut answers by their metric."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports import contents
from audit.reports.render import json_report, markdown
from audit.reports.render.card import render
from audit.stats.cut_answers import cut_text
from tests.reports.pages import HOSTILE, assert_inert, card_of
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

    Records = dict[str, Callable[..., Any]]


def with_traces(run: RunFolder, trace: str = "First guess: 12.", **more: Any) -> RunFolder:
    for suite, task in (("evals", "boolq"), ("safety", "crows_pairs")):
        samples = run.read_samples(suite, task)  # type: ignore[arg-type] # a suite
        run.write_samples(suite, task, [one.model_copy(update={"thinking": trace, **more}) for one in samples])  # type: ignore[arg-type] # as above
    return sealed(run)


def enclosing(html: str, place: int) -> list[str]:
    """The folds that a place of the page lies in, from outside."""
    opened: list[str] = []
    for match in re.finditer(r"<details([^>]*)>|</details>", html[:place]):
        if match[0] == "</details>":
            opened.pop()
        else:
            opened.append(match[1])
    return opened


@pytest.mark.slow
def test_the_card_folds_every_trace_and_hides_those_of_hidden_samples(full_run: RunFolder) -> None:
    html, page = card_of(with_traces(full_run))
    assert_inert(page)
    places = [match.start() for match in re.finditer("First guess: 12.", html)]
    safety = html.index('id="safety"')
    assert len([place for place in places if place < safety]) == len([place for place in places if place > safety]) == 5
    for place in places:
        folds = enclosing(html, place)
        assert folds[-1] == ' class="thinking"'
        assert (' class="masked"' in folds) == (place > safety)
    assert "16 characters; it is not part of the answer" in html


@pytest.mark.slow
@pytest.mark.parametrize("trace", [None, "", " \n"])
def test_without_a_trace_there_is_nothing(full_run: RunFolder, trace: str | None) -> None:
    html, _ = card_of(with_traces(full_run, thinking=trace))
    assert "Reasoning before the output" not in html
    assert 'class="thinking"' not in html


@pytest.mark.slow
def test_a_hostile_trace_does_nothing(full_run: RunFolder) -> None:
    html, page = card_of(with_traces(full_run, HOSTILE.encode(errors="replace").decode()))
    assert_inert(page)
    assert "<script" not in html.lower()
    assert "<script>alert(1)</script>" in "".join(page.text)
    assert "\u202e" not in html


@pytest.mark.slow
def test_a_megabyte_of_reasoning_is_cut(full_run: RunFolder) -> None:
    html = render(contents.read(with_traces(full_run, "hm " * 400_000)))
    assert "1,198,200 characters left out" in html


@pytest.mark.slow
def test_a_trace_that_was_not_kept_is_told(full_run: RunFolder) -> None:
    html, _ = card_of(with_traces(full_run, thinking=None, flags=["thinking_withheld"]))
    assert html.count("could not be searched for personal data and was not kept") == 10


def test_json_leaves_out_traces_of_hidden_samples(full_run: RunFolder) -> None:
    report = json.loads(json_report.render(contents.read(with_traces(full_run))))
    by_task = {task["task"]: task["analysis"]["listed"] for task in report["tasks"]}
    assert {one["thinking"] for one in by_task["boolq"]} == {"First guess: 12."}
    assert by_task["crows_pairs"]
    assert not any("thinking" in one for one in by_task["crows_pairs"])


@pytest.fixture
def cut(records: Records) -> list[Any]:
    """Accuracy of 100 answers of which 3 were cut, a second task with cut answers and no bounds, a third without."""
    metric = records["metric"]
    count = {"unit": "count", "primary": False, "ci_low": None, "ci_high": None, "ci_method": None}
    return [
        metric("gsm8k/exact_match", value=0.6),
        metric("gsm8k/exact_match_if_cut_wrong", value=0.58, primary=False),
        metric("gsm8k/exact_match_if_cut_right", value=0.61, primary=False),
        metric("gsm8k/truncated_outputs", value=3.0, **count),
        metric("gsm8k/exact_match", value=0.5, slice={"kind": "a"}),
        metric("wmt/chrf", value=40.0, unit="score", ci_low=38.0, ci_high=42.0),
        metric("wmt/truncated_outputs", value=1.0, **count),
        metric("mgsm/exact_match", value=0.7),
        metric("mgsm/truncated_outputs", value=0.0, **count),
    ]


TOLD = {
    "gsm8k/exact_match": "3 of 100 answers cut by the token limit: 58 % if all are wrong, 61 % if all are right",
    "wmt/chrf": "1 of 100 answers cut by the token limit",
    "mgsm/exact_match": "",
}


def test_the_two_bounds_that_cut_answers_leave_open(cut: list[Any]) -> None:
    assert {one.name: cut_text(one, cut) for one in cut if one.primary and not one.slice} == TOLD
    assert cut_text(cut[0], cut[:3]) == ""  # nobody counted


@pytest.mark.slow
def test_reports_show_them_next_to_the_metric(make_run: Callable[..., RunFolder], cut: list[Any]) -> None:
    run = make_run(cut)
    html, page = card_of(run)
    lines = html[html.index('id="measured"') : html.index('id="evals"')].split("<li>")
    for name, told in TOLD.items():
        (row,) = [line for line in lines if f"<code>{name}</code>" in line]
        assert told in row
        assert ("cut by" in row) == bool(told)
    assert_inert(page)
    text = markdown.render(contents.read(run))
    assert "\nCut answers:\n" in text
    counted = r"- gsm8k\: exact match: 3 of 100 answers cut by the token limit\: "
    assert f"{counted}58 % if all are wrong, 61 % if all are right" in text
    assert text.count("answers cut by the token limit") == 2
    assert "Cut answers" not in markdown.render(contents.read(make_run(cut[-2:], run_id="other")))
