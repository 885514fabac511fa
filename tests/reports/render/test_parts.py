"""What leads where on a card, and what its changing parts are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import MetricWords
from audit.reports.render.parts import page_links, part_variables
from tests.reports.conftest import a_manifest

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
