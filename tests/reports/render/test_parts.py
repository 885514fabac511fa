"""What leads where on a card, and what its changing parts are told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from audit.core.records import MetricWords
from audit.core.records.waiver import JudgedWaiver, WaiverScope
from audit.reports.drawing.page import environment
from audit.reports.render.markdown import waiver_lines
from audit.reports.render.parts import page_links, part_variables
from tests.reports.conftest import a_manifest
from tests.reports.exports.conftest import a_check, a_decision
from tests.reports.pages import Page

WAIVER: dict[str, Any] = {
    "rule": "boolq/accuracy",
    "scope": WaiverScope(model="tiny"),
    "reason": "Known <b>fault</b>.",
    "owner": "Ada",
    "approver": "Grace",
    "granted": date(2026, 2, 1),
    "expires": date(2026, 3, 1),
}

if TYPE_CHECKING:
    from collections.abc import Callable


def test_links_lead_to_what_the_card_shows() -> None:
    href = page_links(["evals-boolq"])
    assert [href(place) for place in ("evals-boolq", "verdict", "evals-mmlu", "")] == [
        "#evals-boolq",
        "#verdict",
        "",
        "",
    ]


def test_explanations_are_no_line_of_the_scale_and_titles_are_those_of_words(
    records: dict[str, Callable[..., Any]],
) -> None:
    titled = records["metric"](words=MetricWords(title="Right answers"))
    harm = records["metric"]("toxicity/rate", suite="safety")
    method = records["metric"]("occlusion/gain", suite="explain")
    sliced = records["metric"]("mmlu/accuracy", slice={"topic": "law"})
    minor = records["metric"]("mmlu/f1", primary=False)
    found = part_variables(a_manifest(), [titled, harm, method, sliced, minor], None)
    assert [(suite, [row.metric.name for row in rows]) for suite, rows in found["glance"]] == [
        ("evals", ["boolq/accuracy"]),
        ("safety", ["toxicity/rate"]),
    ]
    assert found["titles"] == {"boolq/accuracy": "boolq: right answers"}
    assert found["verdict_text"] == ""


def test_waivers_say_whether_they_take_effect_and_who_granted_them(records: dict[str, Callable[..., Any]]) -> None:
    metric = records["metric"](words=MetricWords(title="Right answers"))
    waivers = [JudgedWaiver(id="W-1", fault=None, **WAIVER), JudgedWaiver(id="W-2", fault="unused", **WAIVER)]
    decision = a_decision(a_check(), waiver_file="w.yaml", judged_for=date(2026, 2, 10), waivers=waivers)
    shown = environment().get_template("waivers.j2").render(part_variables(a_manifest(), [metric], decision))
    text = " ".join("".join(Page(shown).text).split())
    assert "from w.yaml, as judged for 2026-02-10 UTC." in text
    assert "W-1boolq: right answersyes2026-03-01AdaGraceKnown <b>fault</b>." in text
    assert "W-2boolq: right answersno: unused" in text
    assert "| W-2 | boolq/accuracy | no: unused | 2026-03-01 | Ada | Grace |" in "\n".join(waiver_lines(decision))
    none = a_decision(a_check())
    assert environment().get_template("waivers.j2").render(part_variables(a_manifest(), [metric], none)).strip() == ""
    assert waiver_lines(none) == waiver_lines(None) == []


def test_the_intended_use_is_shown_as_stated_or_how_to_state_it() -> None:
    template = environment().get_template("identity.j2")
    stated = template.render(manifest=a_manifest(), intended_use="Tutoring, <i>not</i> medical advice.")
    assert "Tutoring, &lt;i&gt;not&lt;/i&gt; medical advice." in stated
    assert "audit run --intended-use" in template.render(manifest=a_manifest(), intended_use=None)
