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
