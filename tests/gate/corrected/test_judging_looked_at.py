"""Corrected rules on a task that was looked at wait for all items, and then have the rest of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import SequentialCheck
from audit.gate import decisions
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import load_policy
from audit.gate.signing.recompute import recompute
from tests.gate.corrected.conftest import RULE, chosen, judge, judged, make, people, points
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

__all__ = ["judge", "make"]
SAMPLES = judged()
FLOOR = {**RULE, "min": 0.3}


def shown(run: RunFolder, decision: Decision) -> str | None:
    """Why the decision would not be shown."""
    run.write_decision(decision)
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    return decisions.current(run, manifest, metrics, digest)[1]


def test_before_all_items_are_there_no_rating_counts(make: Make, judge: Judge) -> None:
    run, everybody = make(SAMPLES, looks=looks(300, 500)), people(points(chosen(SAMPLES)))
    decision = judge(run, FLOOR, everybody)
    found = decision.checks[-1]
    assert (found.verdict, found.ci_low, found.corrected) == ("INCONCLUSIVE", None, None)
    assert found.reason.startswith("people rate a random sample of all items: it is decided when all items")
    assert found.reason.endswith(f". Add items: audit run --extend {run.path} --limit 500")
    assert found.sequential == SequentialCheck(confidence=0.95, last=False, tests=1)
    assert shown(run, decision) is None
    passed = [decision.checks[0], found.model_copy(update={"verdict": "PASS"})]
    assert shown(run, decision.model_copy(update={"checks": passed, "verdict": "PASS"})) is not None


@pytest.mark.slow
def test_all_items_are_judged_with_the_rest_of_the_error(make: Make, judge: Judge, tmp_path: Path) -> None:
    run, everybody = make(SAMPLES, looks=looks(300, 300)), people(points(chosen(SAMPLES)))
    decision = judge(run, FLOOR, everybody)
    found = decision.checks[-1]
    assert (found.verdict, found.confidence) == ("PASS", None)
    assert found.sequential == SequentialCheck(confidence=0.955, last=True, tests=1)
    assert shown(run, decision) is None
    recomputed = recompute(run, load_policy(tmp_path / "policy.yaml"), {"boolq"})
    assert recomputed.faults == []
    assert recomputed.decision == "from its policy"
    fixed, last = (
        judge(make_again(run), {**FLOOR, "confidence": each}, everybody).checks[-1] for each in (0.95, 0.955)
    )
    assert found.ci_low == pytest.approx(last.ci_low, abs=1e-12)
    assert found.ci_high == pytest.approx(last.ci_high, abs=1e-12)
    assert found.ci_low is not None
    assert fixed.ci_low is not None
    assert found.ci_low < fixed.ci_low


def make_again(run: RunFolder) -> RunFolder:
    """The same run as one of fixed size."""
    run.write_manifest(run.read_manifest().model_copy(update={"looks": None}))
    return sealed(run)


@pytest.mark.slow
def test_other_ratings_labels_or_evidence_are_found(make: Make, judge: Judge) -> None:
    run = make(SAMPLES, looks=looks(300, 300))
    decision = judge(run, FLOOR, people(points(chosen(SAMPLES))))
    found = decision.checks[-1]
    assert found.corrected is not None

    def forged(**update: Any) -> str | None:
        return shown(run, decision.model_copy(update={"checks": [decision.checks[0], found.model_copy(update=update)]}))

    kinder = {name: [5] for name in found.corrected.ratings}
    fewer = dict(list(found.corrected.ratings.items())[:40])
    assert forged() is None
    assert forged(sequential=None) is not None
    assert forged(corrected=None) is not None
    assert forged(ci_low=(found.ci_low or 0) + 0.01) is not None
    for ratings in (kinder, fewer, {}):
        assert forged(corrected=found.corrected.model_copy(update={"ratings": ratings})) is not None
    assert forged(sequential=SequentialCheck(confidence=0.95, last=False, tests=1)) is not None
