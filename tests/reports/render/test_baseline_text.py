"""The baseline of a verdict, severity and owner in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.core.records import Decision, GateCheck, Mismatch, RunReference
from audit.reports.render.baseline_text import baseline_lines, rule_text

BASELINE = RunReference(
    run_id="r0", model="tiny", model_digest="0123456789abcdef" * 4, dtype="float32", quantization=None,
    metrics_sha256="1" * 64,
)  # fmt: skip
COMPARED = "compared with the baseline r0 (tiny, float32, digest 0123456789abcdef)"


def a_check(**fields: Any) -> GateCheck:
    absent = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return GateCheck(metric="t/m", rule="min 0", verdict="PASS", reason="r", **absent, **fields)


def a_decision(**fields: Any) -> Decision:
    given: dict[str, Any] = {
        "run_id": "r", "model_digest": "0" * 64, "policy": "p.yaml", "policy_sha256": "0" * 64, "policy_version": 1,
        "confidence": 0.95, "max_unscored": 0, "optional": [], "metrics_sha256": "0" * 64, "verdict": "PASS",
        "checks": [a_check()], "decided": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return Decision(**given | {"baseline": BASELINE} | fields)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "min 0"),
        ({"owner": "QA"}, "min 0 (owner QA)"),
        ({"severity": "warn"}, "min 0 (warning only)"),
        ({"severity": "warn", "owner": "QA"}, "min 0 (warning only, owner QA)"),
        ({"owner": ""}, "min 0"),
    ],
)
def test_a_rule_has_its_severity_and_owner(fields: dict[str, Any], text: str) -> None:
    assert rule_text(a_check(**fields)) == text


def test_without_a_baseline_there_is_the_remark_alone() -> None:
    assert baseline_lines(a_decision(baseline=None), "a remark") == ["a remark"]
    assert baseline_lines(a_decision(baseline=None)) == []


def test_the_baseline_is_named_with_its_number_type_and_quantisation() -> None:
    assert baseline_lines(a_decision()) == [COMPARED]
    quantised = BASELINE.model_copy(update={"quantization": "gguf:Q4_1"})
    assert baseline_lines(a_decision(baseline=quantised)) == [
        "compared with the baseline r0 (tiny, float32, gguf:Q4_1, digest 0123456789abcdef)"
    ]
    imported = BASELINE.model_copy(update={"model": "unknown", "dtype": "unknown", "by_name": True})
    assert baseline_lines(a_decision(baseline=imported)) == ["compared with the baseline r0 (weights not seen)"]


def test_what_else_differs_is_named_once_without_packages() -> None:
    differing = [
        Mismatch(kind="chat_template", what="digest"),
        Mismatch(kind="package", what="torch"),
        Mismatch(kind="run", what="dtype"),
        Mismatch(kind="prompts", task="a", what="3 of 40"),
        Mismatch(kind="prompts", task="b", what="3 of 40"),
    ]
    assert baseline_lines(a_decision(mismatches=differing, across=["chat_template", "prompts"]), "not recomputed") == [
        COMPARED,
        "the runs differ in: chat template digest, dtype, prompts 3 of 40",
        "tolerated by the policy: chat template, prompts",
        "not recomputed",
    ]
    assert baseline_lines(a_decision(mismatches=differing[1:2])) == [COMPARED]


def test_no_control_characters_and_no_endless_lines() -> None:
    hostile = BASELINE.model_copy(update={"model": "a\x1b[2Jb\nc" + "x" * 1000})
    (line,) = baseline_lines(a_decision(baseline=hostile))
    assert line.isprintable()
    assert len(line) < 450  # 400 characters, some of them escaped
