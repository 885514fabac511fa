"""Names of metrics, against those that EvalScope 1.14.1 wrote into its own reports."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.gate.importers.evalscope.identity import MetricIdentity, identity_of, score_of, stated_identity


@pytest.mark.parametrize(
    ("score", "name", "dimensions", "label"),
    [
        ("accuracy", "accuracy", {}, "accuracy"),
        ("acc", "accuracy", {}, "accuracy"),
        ("em", "exact_match", {}, "exact_match"),
        ("bleu-1", "bleu", {"ngram": 1}, "bleu_1"),
        ("Rouge-2-P", "rouge", {"ngram": 2, "statistic": "precision"}, "rouge_2_precision"),
        ("Rouge-L-R", "rouge", {"statistic": "recall", "variant": "l"}, "rouge_recall_l"),
        ("winRate %", "win_rate", {}, "win_rate"),
    ],
)
def test_a_score_has_the_identity_that_the_report_states(
    score: str, name: str, dimensions: dict[str, Any], label: str
) -> None:
    stated = stated_identity({"name": name, "aggregation": "mean", "dimensions": dimensions}, "r.json")
    assert identity_of(score) == stated
    assert stated.label == label
    assert score_of(stated, ["other", score]) == score


def test_pass_at_k_is_of_the_same_score() -> None:
    found = stated_identity({"name": "accuracy", "aggregation": "pass_at_k", "dimensions": {"k": 3}}, "r.json")
    assert (found.label, found.k, score_of(found, ["acc"])) == ("accuracy_pass_at_3", 3, "acc")
    vote = stated_identity({"name": "accuracy", "aggregation": "vote_at_k", "dimensions": {"k": 3}}, "r.json")
    assert (vote.label, vote.k) == ("accuracy_vote_at_3", None)
    assert MetricIdentity("a", (("k", "0"),), "pass_at_k").k is None
    assert MetricIdentity("a", (("k", "x"),), "pass_at_k").k is None


def test_two_scores_of_one_identity_and_none_are_unknown() -> None:
    assert score_of(MetricIdentity("accuracy", ()), ["acc", "accuracy"]) is None
    assert score_of(MetricIdentity("accuracy", ()), ["f1"]) is None
    with pytest.raises(UsageError, match=r"r\.json: no 'aggregation'"):
        stated_identity({"name": "x"}, "r.json")


@pytest.mark.parametrize(
    ("score", "found"),
    [
        ("mean_Bleu_02", MetricIdentity("bleu", (("ngram", "2"),))),
        ("Bleu-12", MetricIdentity("bleu", (("ngram", "12"),))),
        ("bleu", MetricIdentity("bleu", ())),
        ("BLEU-1", MetricIdentity("bleu_1", ())),
        ("mean_Rouge-1-F", MetricIdentity("rouge", (("ngram", "1"), ("statistic", "f1")))),
        ("Rouge-L-P", MetricIdentity("rouge", (("statistic", "precision"), ("variant", "l")))),
        ("Rouge-3-R", MetricIdentity("rouge_3_r", ())),
        ("f1_score", MetricIdentity("f1", ())),
        ("BertScore", MetricIdentity("bert_score", ())),
        ("bertscore", MetricIdentity("bert_score", ())),
        ("A1B--c.", MetricIdentity("a1_b_c", ())),
        ("(EM)", MetricIdentity("exact_match", ())),
    ],
)
def test_the_identity_of_a_score(score: str, found: MetricIdentity) -> None:
    assert identity_of(score) == found


@pytest.mark.parametrize(
    ("dimensions", "aggregation", "label", "k"),
    [
        ({"k": 1}, "pass_at_k", "a_pass_at_1", 1),
        ({"k": 999_999}, "pass_at_k", "a_pass_at_999999", 999_999),
        ({"k": 1_000_000}, "pass_at_k", "a_pass_at_1000000", None),
        ({"k": 1.5}, "pass_at_k", "a_pass_at_1.5", None),
        ({}, "pass_at_k", "a_pass_at_k", None),
        ({"z": 1, "k": 3, "b": "x"}, "pass_at_k", "a_x_1_pass_at_3", 3),
        ({"k": 3}, "mean", "a_3", None),
        ({"k": 3}, "pass", "a_3_pass", None),
        (None, "sum", "a_sum", None),
    ],
)
def test_label_and_k(dimensions: dict[str, Any] | None, aggregation: str, label: str, k: int | None) -> None:
    found = stated_identity({"name": "a", "aggregation": aggregation, "dimensions": dimensions}, "r.json")
    assert (found.label, found.k) == (label, k)
    kept = {name: str(value) for name, value in (dimensions or {}).items() if name != "k"}
    assert found.of_score == MetricIdentity("a", tuple(sorted(kept.items())), "mean")
