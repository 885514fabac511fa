"""Decisions and runs to export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Decision, GateCheck, NotJudged
from audit.reports.contents import RunContents, TaskContents
from tests.reports.conftest import (
    a_manifest,
    a_metric,
    all_scored,
    full_run,
    make_run,
    records,
    shared_run,
    written_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric

__all__ = ["full_run", "make_run", "records", "shared_run", "written_run"]

VILE = "a<b>&\"'\x00\x1b[2J\x0b\ud800\ufffe\uffff\u202e\u2028\n]]><!-- -->|`"
"""What a checkpoint may say: markup, and characters that XML, terminals and YAML cannot hold."""


def a_check(metric: str = "boolq/accuracy", verdict: str = "PASS", **changes: Any) -> GateCheck:
    """A judged rule with an interval."""
    fields: dict[str, Any] = {
        "metric": metric,
        "rule": "min 0.5",
        "minimum": 0.5,
        "maximum": None,
        "max_unscored": None,
        "value": 0.6,
        "ci_low": 0.55,
        "ci_high": 0.65,
        "verdict": verdict,
        "reason": "0.550 to 0.650: for a reason",
        "unit": "share",
        "higher_is_better": True,
    }
    return GateCheck(**{**fields, **changes})


def a_decision(*checks: GateCheck, **changes: Any) -> Decision:
    """A decision of these checks."""
    verdicts = {check.verdict for check in checks}
    verdict = next((one for one in ("FAIL", "INCONCLUSIVE") if one in verdicts), "PASS")
    fields: dict[str, Any] = {
        "run_id": "20260131T120000Z-tiny-chat-0a1b2c",
        "model_digest": "a" * 64,
        "policy": "release policy.yaml",
        "policy_sha256": "b" * 64,
        "confidence": 0.95,
        "max_unscored": 0.0,
        "optional": [],
        "metrics_sha256": "c" * 64,
        "verdict": verdict,
        "checks": list(checks),
        "decided": datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
    }
    return Decision(**{**fields, **changes})


def an_optional_rule() -> NotJudged:
    """A rule on an optional task that did not run."""
    return NotJudged(task="openbookqa", metric="openbookqa/accuracy", rule="min 0.25", reason="it did not run")


@pytest.fixture
def make_contents() -> Callable[..., RunContents]:
    """Makes what an export reads: one task ``boolq`` with these metrics, and keyword arguments for the manifest."""

    def make(*metrics: Metric, decision: Decision | None = None, **changes: Any) -> RunContents:
        given = metrics or (a_metric(), all_scored())
        whole = [metric for metric in given if metric.metric != "unscored"]
        unscored = next((metric for metric in given if metric.metric == "unscored"), None)
        task = TaskContents("evals", "boolq", whole, [], unscored, None, [], frozenset())
        return RunContents(a_manifest(**changes), "c" * 64, decision, None, [task])

    return make
