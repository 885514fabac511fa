"""The certificate is judged by the policy's bounds, and by rules whose metric crosses a limit."""

from __future__ import annotations

import pytest

from audit.core.config import CertificateBounds
from audit.core.records import Certificate, CertifiedMetric, GateCheck
from audit.gate.binding.certified import certificate_checks, recorded_bounds
from tests.reports.conftest import a_manifest

FIGURES = {"requests": 100, "tokens": 300, "median": 0.01, "p99": 0.2, "largest": 0.5}
METRIC = CertifiedMetric(name="own/accuracy", items=10, of_items=100, served=0.6, again=0.4)
NOTHING = dict.fromkeys(("maximum", "max_unscored", "ci_low", "ci_high"))


def verdict_and_reason(found: Certificate | None, minimum: float = 0.3, **bounds: float) -> tuple[str, str]:
    manifest = a_manifest().model_copy(update={"certificate": found})
    rule = GateCheck(
        metric="own/accuracy", rule="min", verdict="PASS", reason="", minimum=minimum, value=0.5, **NOTHING
    )
    (check,) = certificate_checks(bounds or None, manifest, [rule])
    return check.verdict, check.reason


def test_it_is_judged_by_the_bounds_of_the_policy() -> None:
    found = Certificate(against="weights", source="x", dtype="float32", seed=0, metrics=[METRIC], **FIGURES)
    assert verdict_and_reason(found)[0] == "PASS"
    verdict, reason = verdict_and_reason(found, **{**CertificateBounds().model_dump(), "p99": 0.1})
    assert (verdict, "bound 0.1" in reason) == ("INCONCLUSIVE", True)


def test_a_rule_that_would_be_judged_otherwise_is_named() -> None:
    found = Certificate(against="weights", source="x", dtype="float32", seed=0, metrics=[METRIC], **FIGURES)
    assert METRIC.substituted(0.5) == pytest.approx(0.48)  # a tenth of the items, 0.2 lower
    verdict, reason = verdict_and_reason(found, minimum=0.49)
    assert verdict == "INCONCLUSIVE"
    assert reason == "own/accuracy min: 0.5, and 0.48 with the second answers"


def test_a_rule_whose_metric_the_second_answers_do_not_give_is_named() -> None:
    lost = METRIC.model_copy(update={"again": None})
    found = Certificate(against="weights", source="x", dtype="float32", seed=0, metrics=[lost], **FIGURES)
    assert verdict_and_reason(found) == ("INCONCLUSIVE", "own/accuracy min: the second answers give no value")
    neither = METRIC.model_copy(update={"again": None, "served": None})
    assert verdict_and_reason(found.model_copy(update={"metrics": [neither]}))[0] == "PASS"


def test_few_requests_pass_only_where_a_policy_says_so() -> None:
    few = Certificate(against="weights", source="x", dtype="float32", seed=0, items=5, of_items=50, requests=40)
    verdict, reason = verdict_and_reason(few)
    assert (verdict, reason) == ("INCONCLUSIVE", "40 requests of 5 of 50 items were asked again, bound 100")
    assert verdict_and_reason(few, **{**CertificateBounds().model_dump(), "least": 40.0})[0] == "PASS"
    assert verdict_and_reason(few.model_copy(update={"items": 50}))[0] == "PASS"  # there were no more


def test_only_engines_of_others_need_one() -> None:
    manifest = a_manifest()
    assert certificate_checks(recorded_bounds(CertificateBounds()), manifest, []) == []
    served = manifest.model_copy(update={"model": manifest.model.model_copy(update={"device": "server"})})
    for bounds in (None, recorded_bounds(CertificateBounds())):
        (check,) = certificate_checks(bounds, served, [])
        assert check.verdict == "INCONCLUSIVE"
        assert "nothing certifies its answers" in check.reason
    with pytest.raises(ValueError, match="median"):
        certificate_checks({"median": -1.0}, manifest, [])
