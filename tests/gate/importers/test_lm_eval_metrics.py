"""lm-eval's metrics as definitions."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.importers import lm_eval_items
from audit.gate.importers.lm_eval_line import Line
from audit.gate.importers.lm_eval_metrics import stated
from audit.stats.definitions import Corpus, Mean, Perplexity
from tests.gate.importers.conftest import LOGS, samples_file

if TYPE_CHECKING:
    from audit.gate.importers.contract import Stated


def one(name: str, *values: Any, aggregation: Any = None, kind: str = "none") -> Stated:
    lines = [Line("f", n, kind, {"metrics": [name], name: value}) for n, value in enumerate(values)]
    [found] = stated(
        lines, {f"{name},{kind}": 0.5}, {"metric_list": [{"metric": name, "aggregation": aggregation}]}, {}
    )
    return found


@pytest.mark.parametrize(
    ("name", "values", "definition", "unit"),
    [
        ("acc", [1.0, 0.0], Mean(of="scores.accuracy"), "share"),
        ("exact_match", [1, 0], Mean(of="scores.exact_match"), "share"),
        ("em", [1, 0], Mean(of="scores.em"), "score"),
        ("perplexity", [-1.5, -2.0], Perplexity(of="scores.perplexity"), "perplexity"),
        ("bleu", [["a", "b"]], Corpus(metric="bleu"), "bleu"),
        (
            "bits_per_byte",
            [[-3.5, 4]],
            Perplexity(of="scores.log_likelihood_0", per="scores.bits_per_byte_length", bits=True),
            "bits",
        ),
        ("mcc", [[0, 1]], None, "score"),
        ("ter", [["a", "b"]], None, "score"),
    ],
)
def test_definitions_by_name_and_values(name: str, values: list[Any], definition: object, unit: str) -> None:
    found = one(name, *values)
    assert (found.definition, found.unit, found.value) == (definition, unit, 0.5)


def test_only_a_mean_that_the_log_names_contradicts_another_value() -> None:
    assert one("acc", 1.0).certain
    assert one("em", 1.0, aggregation="mean").certain
    assert not one("em", 1.0).certain
    assert not one("acc", 1.0, aggregation="def own(items): ...").certain
    assert not one("acc", 1.0, aggregation=["mean"]).certain


def test_values_that_are_no_numbers_leave_no_metric() -> None:
    found = one("acc", 1.0, math.nan)
    assert (found.definition, found.reason) == (None, "1 of 2 values are NaN or infinite")


def test_filters_are_suffixes_and_metrics_without_lines_are_listed() -> None:
    lines = [Line("f", 0, kind, {"metrics": ["acc"], "acc": 1.0}) for kind in ("strict-match", "flexible")]
    results = {"acc,strict-match": 1.0, "acc_stderr,flexible": 0.1, "lost,flexible": 3.0, "alias": "x"}
    found = {one.metric: one for one in stated(lines, results, {}, {"acc": True})}
    assert list(found) == ["accuracy_strict_match", "accuracy_flexible", "lost_flexible"]
    assert found["accuracy_strict_match"].higher_is_better is True
    assert (found["lost_flexible"].value, found["lost_flexible"].definition) == (3.0, None)


MEANS = {"accuracy", "normalised_accuracy", "exact_match_strict", "exact_match_flexible_extract"}
OF_TEXTS = "scores.log_likelihood_0"
OTHERS: dict[str, Any] = {
    "bleu": Corpus(metric="bleu"),
    "chrf": Corpus(metric="chrf"),
    "perplexity": Perplexity(of="scores.perplexity"),
    "word_perplexity": Perplexity(of=OF_TEXTS, per="scores.word_perplexity_length"),
    "byte_perplexity": Perplexity(of=OF_TEXTS, per="scores.byte_perplexity_length"),
    "bits_per_byte": Perplexity(of=OF_TEXTS, per="scores.bits_per_byte_length", bits=True),
}
EXPECTED = {
    "tiny_choice": [("accuracy", "share", True), ("normalised_accuracy", "share", True)],
    "tiny_own": [("accuracy", "share", True), ("f1", "score", False)],
    "tiny_classes": [("accuracy", "share", True), ("f1", "score", False), ("mcc", "score", False)],
    "tiny_generate": [("exact_match_strict", "share", True), ("exact_match_flexible_extract", "share", True)],
    "tiny_translate": [("bleu", "bleu", True), ("chrf", "chrf", True), ("ter", "score", False)],
    "tiny_last_word": [("perplexity", "perplexity", False), ("accuracy", "share", True)],
    "tiny_rolling": [
        ("word_perplexity", "perplexity", True), ("byte_perplexity", "perplexity", True),
        ("bits_per_byte", "bits", False),
    ],
}  # fmt: skip
"""Of each task of the log: name, unit, and whether the summary shows it."""


@pytest.mark.parametrize("task", EXPECTED)
def test_of_a_log_that_lm_eval_wrote(task: str) -> None:
    plain = json.loads(next((LOGS / "lm_eval").glob("results_*.json")).read_text("utf-8"))
    config, row, better = (plain[name][task] for name in ("configs", "results", "higher_is_better"))
    found = stated(lm_eval_items.read(samples_file(LOGS / "lm_eval", task)), row, config, better)
    assert [(one.metric, one.unit, one.primary) for one in found] == EXPECTED[task]
    for one in found:
        mean = Mean(of=f"scores.{one.metric}") if one.metric in MEANS else None
        assert one.definition == (mean or OTHERS.get(one.metric))
        name = {"accuracy": "acc", "normalised_accuracy": "acc_norm"}.get(one.metric, one.metric)
        name, kind = ("exact_match", name.removeprefix("exact_match_")) if "exact_match" in name else (name, "none")
        assert one.value == row[f"{name},{kind.replace('_', '-')}"]
        assert one.higher_is_better is better[name]
        assert one.certain is (one.definition is not None and one.metric not in {"bleu", "chrf"})


def test_a_choice_with_an_option_without_likelihood_has_no_metric() -> None:
    """Also where a score is no number: both reasons hold, and the first is given."""
    rows = [{"resps": [[["nan", "False"]], [["-1", "True"]]]}, {"resps": [[["-2", "False"]], [["-1", "True"]]]}]
    lines = [Line("f", n, "none", {"metrics": ["acc"], "acc": 1.0, **row}) for n, row in enumerate(rows)]
    [found] = stated(lines, {"acc,none": 1.0}, {"output_type": "multiple_choice"}, {"acc": 1})
    reason = "an option has no log-likelihood on 1 of 2 lines"
    assert (found.definition, found.reason, found.higher_is_better) == (None, reason, None)
    [text] = stated(lines, {"acc,none": 1.0}, {"output_type": "generate_until", "metric_list": ["acc"]}, {})
    assert text.definition == Mean(of="scores.accuracy")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("perplexity", [-1.5, "x"]), ("byte_perplexity", [[-1.5, 4], [-1.5]]), ("bleu", [["a", "b"], ["a"]]),
        ("acc", [1.0, "x"]), ("byte_perplexity", [[-1.5, "4"], [-1.5, 4]]), ("bleu", [["a", 1], ["a", "b"]]),
    ],
)  # fmt: skip
def test_one_value_of_another_kind_leaves_no_definition(name: str, values: list[Any]) -> None:
    found = one(name, *values)
    assert (found.definition, found.certain) == (None, False)
    assert found.reason == "it is computed by a function of the task or of lm-eval that has no definition here"


def test_an_item_without_the_value_is_no_reason_against_a_mean() -> None:
    assert one("acc", 1.0, None, True).definition == Mean(of="scores.accuracy")


@pytest.mark.parametrize(("aggregation", "certain"), [("perplexity", True), (None, True), ("mean", False)])
def test_a_perplexity_is_certain_if_the_task_says_nothing_else(aggregation: str | None, certain: bool) -> None:
    assert one("perplexity", -1.5, aggregation=aggregation).certain is certain


def test_a_corpus_score_under_several_filters_has_no_definition() -> None:
    lines = [Line("f", 0, kind, {"metrics": ["bleu"], "bleu": ["a", "b"]}) for kind in ("x", "y")]
    found = stated(lines, {"bleu,x": 1.0, "bleu,y": 2.0}, {}, {})
    assert [(one.metric, one.definition, one.value) for one in found] == [("bleu_x", None, 1.0), ("bleu_y", None, 2.0)]


def test_a_mean_squared_error_is_named_as_in_runs() -> None:
    found = one("squared_error", 0.25, aggregation="mean")
    assert (found.metric, found.unit, found.definition) == (
        "mean_squared_error", "squared_error", Mean(of="scores.squared_error"),
    )  # fmt: skip


def test_metrics_without_lines_have_the_suffix_only_with_several_filters() -> None:
    line = Line("f", 0, "none", {"metrics": ["f1"], "f1": 1.0})
    [_, lost] = stated([line], {"f1,none": 1.0, "acc,none": 0.5, "acc_stderr,none": 0.1}, {}, {})
    assert (lost.metric, lost.value, lost.reason) == ("accuracy", 0.5, "the samples hold no value for it")


def test_the_name_of_a_filter_may_hold_a_comma() -> None:
    results = {"acc,a,b": 1.0, "acc_stderr,a,b": 0.1, "em,b": 2.0}
    found = {one.metric: one.value for one in stated([], results, {}, {})}
    assert found == {"accuracy_a,b": 1.0, "em_b": 2.0}
