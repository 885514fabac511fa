"""Samples that could not be explained: their name is a field, never read out of a text."""

from __future__ import annotations

from audit.core.errors import ScorerError
from audit.core.records import Sample
from audit.explain.attempt import Failed
from audit.explain.methods.registry import METHODS
from audit.explain.run import suite
from audit.explain.run.unexplained import Unexplained

ODD = Sample(sample_id="a: b", suite="evals", task="boolq", prompt="")
"""A sample whose id has the separator of name and reason."""


def test_name_and_reason() -> None:
    found = Unexplained.of(ODD, Failed(ScorerError("too long: 9 tokens")))
    assert (found.name, found.reason) == ("evals/boolq/a: b", "too long: 9 tokens")
    assert str(found) == "evals/boolq/a: b: too long: 9 tokens"


def test_the_reason_of_a_hidden_sample_is_hidden() -> None:
    harmful = ODD.model_copy(update={"suite": "safety"})
    found = Unexplained.of(harmful, Failed(ScorerError("no token for 'slur'")))
    assert found.reason == "its text is hidden, and so is the reason"


def test_definitions_of_the_metrics_have_the_whole_name() -> None:
    made = suite.OfMethod(failures=[Unexplained.of(ODD, Failed(ScorerError("too long")))])
    metrics = {one.metric: one for one in suite._result(METHODS["occlusion"], made, 1, "nothing").metrics}
    assert [(one.definition or {})["explained"] for one in metrics.values()] == [["evals/boolq/a: b"]] * 3
    assert metrics["deletion_auc_gain"].error == "evals/boolq/a: b: too long"
    assert (metrics["unscored"].value, metrics["unscored"].note) == (1.0, "evals/boolq/a: b: too long")
