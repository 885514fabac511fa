"""lm-eval's metrics as definitions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.importers.lm_eval_line import Line
from audit.gate.importers.lm_eval_metrics import stated
from audit.stats.definitions import Corpus, Mean, Perplexity

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
