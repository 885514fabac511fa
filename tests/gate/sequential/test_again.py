"""A decision on a run that was looked at is shown where it is the gate's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import BaselineComparison, Correction, MetricDifference, SequentialCheck
from audit.gate import decisions
from audit.gate.judging import check
from audit.gate.measured import Measured
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import Rule
from audit.gate.sequential import again
from tests.gate.rules.conftest import samples
from tests.gate.sequential.conftest import in_clusters, looks, shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, GateCheck
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

RULES: list[dict[str, Any]] = [
    {"metric": "boolq/accuracy", "min": 0.6},
    {"metric": "boolq/accuracy", "max_truncated": 0.3},
    {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.05}},
    {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.3}},
]


def shown(run: RunFolder, decision: Decision, baseline: RunFolder | None = None) -> str | None:
    """Why the decision would not be shown."""
    run.write_decision(decision)
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    return decisions.current(run, manifest, metrics, digest, baseline)[1]


@pytest.mark.slow
@pytest.mark.parametrize(("most", "largest"), [(500, None), (200, None), (500, 1), (200, 1)])
def test_the_decision_of_the_gate_is_shown(make: Make, judge: Judge, most: int, largest: int | None) -> None:
    values = samples(shares(170, 200))
    values = in_clusters(values, [1]) if largest else values
    run, base = make("run", values, looks=looks(200, most, largest=largest)), make("base", values)
    decision = judge(run, base, *RULES)
    assert [one.verdict for one in decision.checks[1:4]] == ["PASS"] * 3
    assert judge(run, base, *RULES) == decision
    assert shown(run, decision) is None


@pytest.mark.slow
def test_the_settings_of_the_policy_count(make: Make, judge: Judge) -> None:
    """14 of 200 items have no value; with the settings that a policy has by default nothing would pass."""
    known = shares(160, 186)
    run = make("run", samples([*known, *[None] * 14]), looks=looks(200, 500))
    base = make("base", samples([*known, *[1.0] * 14]))
    settings = {"confidence": 0.9, "max_unscored": 0.1, "min_aligned": 0.9, "share_error_over": 3}
    decision = judge(run, base, RULES[0], {**RULES[2], "no_worse_than_baseline": {"margin": 0.2}}, **settings)
    assert [one.verdict for one in decision.checks[1:]] == ["PASS", "PASS"]
    assert shown(run, decision) is None
    assert decision.checks[2].sequential is not None
    assert (decision.checks[2].sequential.confidence, decision.checks[2].sequential.tests) == (pytest.approx(0.99), 3)


def test_other_evidence_corrections_and_comparisons_are_named() -> None:
    made = check(Rule(metric="boolq/accuracy", min=0.6), None, "INCONCLUSIVE", "why")
    kept = Correction(raw=0.5, outputs=100, labels=30, ratings={})
    one = MetricDifference(
        name="boolq/accuracy", suite="evals", task="boolq", unit="share", higher_is_better=True, difference=0.1, n=9,
        baseline=0.5, candidate=0.6, ci_low=0.0, ci_high=0.2, ci_method="betting", units=9, aligned=1.0,
        confidence=0.995,
    )  # fmt: skip
    compared = BaselineComparison(confidence=0.995, difference=one)
    other = compared.model_copy(update={"difference": one.model_copy(update={"ci_low": 0.01})})

    def with_baseline(given: BaselineComparison | None) -> GateCheck:
        return made.model_copy(update={"baseline": given})

    comparison = "its comparison of boolq/accuracy with the baseline is not the one that the runs give"
    for held, reached, said in (
        (made, made, []),
        (made, made.model_copy(update={"sequential": SequentialCheck(confidence=0.95, last=True, tests=1)}),
         [f"its check of boolq/accuracy, {made.rule}, is not by the evidence that the samples give"]),
        (made.model_copy(update={"corrected": kept}), made,
         ["its correction of boolq/accuracy is not the one that its ratings give"]),
        (with_baseline(compared), with_baseline(compared), []),
        (with_baseline(compared), made, [comparison]),
        (made, with_baseline(compared), [comparison]),
        (with_baseline(compared), with_baseline(other), [comparison]),
    ):  # fmt: skip
        assert list(again._with_other_numbers(held, reached)) == said


def test_with_other_packages_the_verdict_of_the_last_look_counts(
    make: Make, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("run", samples(shares(72, 100)), looks=looks(100, 100))
    decision = judge(run, None, RULES[0])
    assert decision.verdict == "PASS"
    metrics, _ = read_metrics(run, run.read_manifest())
    rule, given = Rule.model_validate(RULES[0]), Measured(metrics)
    metric = given.find("boolq/accuracy", None)

    def faults(**update: Any) -> list[str]:
        held = decision.checks[-1].model_copy(update=update)
        return list(again.faults(run, decision, [(held, rule, metric)], [rule], given, None))

    monkeypatch.setattr(again, "same_packages", lambda _: True)
    assert "its numbers of" in faults(ci_low=0.61)[0]
    monkeypatch.setattr(again, "same_packages", lambda _: False)
    assert faults(ci_low=0.61) == []
    assert faults(verdict="FAIL") == ["it finds FAIL for boolq/accuracy, for which min 0.6 gives PASS"]
    assert list(again.faults(run, decision, [], [rule], given, None)) == []


def test_a_verdict_without_a_metric_is_not_believed(make: Make, judge: Judge) -> None:
    run = make("run", samples(shares(72, 100)), looks=looks(100, 100))
    decision = judge(run, None, RULES[0])
    rule, held = Rule.model_validate(RULES[0]), decision.checks[-1]
    for verdict, faults in (
        ("PASS", ["it finds PASS for boolq/accuracy, which cannot be judged"]),
        ("INCONCLUSIVE", []),
    ):
        given = [(held.model_copy(update={"verdict": verdict}), rule, None)]
        assert list(again.faults(run, decision, given, [rule], Measured([]), None)) == faults


@pytest.mark.slow
def test_another_verdict_interval_or_evidence_is_found(make: Make, judge: Judge) -> None:
    base = make("base", samples(shares(70, 100)))
    run = make("run", samples(shares(70, 100)), looks=looks(100, 500))
    decision = judge(run, base, RULES[0], RULES[2])
    assert [one.verdict for one in decision.checks[1:]] == ["INCONCLUSIVE"] * 2

    def forged(place: int, **update: Any) -> str | None:
        checks = [*decision.checks]
        checks[place] = checks[place].model_copy(update=update)
        words = {one.verdict for one in checks}
        verdict = "INCONCLUSIVE" if "INCONCLUSIVE" in words else "PASS"
        return shown(run, decision.model_copy(update={"checks": checks, "verdict": verdict}))

    for place in (1, 2):
        assert "for which" in (forged(place, verdict="PASS") or "")
    assert "its numbers of" in (forged(1, ci_low=0.61) or "")
    assert "not the one that was measured" in (forged(1, sequential=None) or "")
    assert forged(2, sequential=None) is not None
    assert forged(2, baseline=None) is not None


def test_without_the_baseline_a_verdict_follows_from_its_interval(make: Make, judge: Judge) -> None:
    base = make("base", samples(shares(140, 200)))
    run = make("run", samples(shares(140, 200)), looks=looks(200, 500))
    decision = judge(run, base, RULES[2])
    assert decision.verdict == "PASS"
    base.path.rename(base.path.parent.parent / "elsewhere")
    assert shown(run, decision) is None
    failed = [decision.checks[0], decision.checks[1].model_copy(update={"verdict": "FAIL"})]
    forged = decision.model_copy(update={"checks": failed, "verdict": "FAIL"})
    assert "does not follow from its comparison" in (shown(run, forged) or "")


@pytest.mark.slow
def test_without_the_baseline_the_coverage_is_that_of_the_rule(make: Make, judge: Judge) -> None:
    base = make("base", samples(shares(140, 200)))
    run = make("run", samples(shares(140, 200)), looks=looks(200, 500))
    decision = judge(run, base, RULES[2], share_error_over=3)
    base.path.rename(base.path.parent.parent / "elsewhere")
    assert shown(run, decision) is None
    check = decision.checks[1]
    assert check.sequential is not None
    assert check.baseline is not None
    narrow = check.baseline.model_copy(update={"confidence": 0.9})
    for update in (
        {"sequential": check.sequential.model_copy(update={"tests": 1})},
        {"sequential": check.sequential.model_copy(update={"confidence": 0.955, "last": True})},
        {"sequential": check.sequential.model_copy(update={"confidence": 0.95})},
        {"baseline": narrow},
    ):
        forged = decision.model_copy(update={"checks": [decision.checks[0], check.model_copy(update=update)]})
        assert "has not the coverage that its rule asks for" in (shown(run, forged) or "")


@pytest.mark.parametrize("task", ["boolq", "asdiv"])
def test_without_the_baseline_the_last_look_is_shown(make: Make, judge: Judge, task: str) -> None:
    given = {name: samples(shares(70, 100), name) for name in ("boolq", "asdiv")}
    base, run = make("base", given), make("run", given, looks=looks(100, 100, task))
    decision = judge(run, base, RULES[2])
    assert decision.checks[1].sequential is not None
    assert decision.checks[1].sequential.last
    base.path.rename(base.path.parent.parent / "elsewhere")
    assert shown(run, decision) is None


def test_another_coverage_of_the_last_look_is_found(make: Make, judge: Judge) -> None:
    """With packages of other versions, too, as here: its interval may differ in the last digits."""
    run = make("run", samples(shares(70, 100)), looks=looks(100, 100))
    decision = judge(run, None, {"metric": "boolq/accuracy", "min": 0.5})
    check = decision.checks[1]
    assert check.sequential is not None
    assert (check.verdict, check.sequential.last) == ("PASS", True)
    assert shown(run, decision) is None
    wider = check.model_copy(update={"sequential": check.sequential.model_copy(update={"confidence": 0.99})})
    forged = decision.model_copy(update={"checks": [decision.checks[0], wider]})
    assert "is not by the evidence that the samples give" in (shown(run, forged) or "")
