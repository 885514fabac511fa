"""A model card, read back by the Hub's own classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from audit.core.errors import ConfigError
from audit.reports.exports import model_card
from audit.reports.exports.publication import Publication, benchmarks
from tests.reports.conftest import a_manifest, a_metric, all_scored
from tests.reports.exports.conftest import VILE, a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]


def test_the_hub_reads_the_numbers(make_contents: Contents) -> None:
    said = Publication(benchmarks=benchmarks(["boolq/accuracy=google/boolq"]))
    card = ModelCard(model_card.render(make_contents(decision=a_decision(a_check())), said))
    assert card.data.model_name == "tiny-chat"
    assert card.data.eval_results is not None
    (result,) = card.data.eval_results
    assert (result.dataset_type, result.dataset_name, result.metric_type) == ("google/boolq", "boolq", "accuracy")
    assert result.metric_value == 0.6
    assert result.metric_args is not None
    assert (result.metric_args["ci_low"], result.metric_args["ci_high"]) == (0.5, 0.7)
    assert result.metric_args["items"] == 100
    row = next(line for line in card.text.split("\n") if line.startswith("| boolq"))
    assert row.startswith("| boolq\\: accuracy | 60 % | 50 to 70 % | 100 | ")
    assert row.endswith(" | boolq/accuracy | PASS |")
    assert "Intervals: 95 %." in card.text
    assert "Intended use: not stated (state it with `audit run --intended-use" in card.text


def test_what_is_withheld_is_on_the_page_but_not_among_the_results(make_contents: Contents) -> None:
    null = a_metric("boolq/f1", value=None, ci_low=None, ci_high=None, error="lost")
    opened = a_metric("boolq/em")
    decision = a_decision(a_check("boolq/em", "INCONCLUSIVE"))
    card = ModelCard(model_card.render(make_contents(a_metric(), null, opened, all_scored(), decision=decision)))
    assert [one.metric_type for one in card.data.eval_results or []] == ["accuracy"]
    assert "- boolq/f1: not computed\\: lost" in card.text
    assert "- boolq/em: a rule on it is INCONCLUSIVE" in card.text
    assert "## Not assessed" in card.text


def test_hostile_names_end_neither_the_metadata_nor_the_page(make_contents: Contents) -> None:
    model = a_manifest().model.model_copy(update={"name": f"---\n{VILE}"})
    card = ModelCard(model_card.render(make_contents(model=model, signature=VILE)))
    assert card.data.eval_results is not None
    assert card.data.model_name is not None
    assert card.data.model_name.startswith("---⏎a<b>")
    html = MarkdownIt("commonmark").enable("table").render(card.text)
    assert "<b>" not in html


def test_a_run_without_results_has_no_card(make_contents: Contents) -> None:
    with pytest.raises(ConfigError, match="no number of this run may be published"):
        model_card.render(make_contents(a_metric(), all_scored(unscored=4.0)))


def test_a_benchmark_of_an_unknown_metric_is_refused(make_contents: Contents) -> None:
    said = Publication(benchmarks=benchmarks(["boolq/acuracy=google/boolq"]))
    with pytest.raises(
        ConfigError, match=r"^--benchmark boolq/acuracy: no primary .* Did you mean 'boolq/accuracy'\?$"
    ):
        model_card.render(make_contents(), said)
