"""Each number of a stored comparison, changed by itself, is found out; also where the baseline is not at hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from audit.core.errors import ConfigError, RunFolderError
from audit.core.records import BaselineComparison, GateCheck, Metric, MetricDifference, Mismatch, RunReference
from audit.gate.judging import check as check_of
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rules import again
from audit.gate.rules.differences import judge_difference
from audit.gate.rules.family import Compared, holm
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

METRIC = Metric(
    name="t/a", suite="evals", task="t", metric="a", value=0.5, n=100, unit="share", higher_is_better=True,
    ci_low=0.4, ci_high=0.6, definition={"name": "mean"},
)  # fmt: skip
UNSCORED = Metric(name="t/unscored", suite="evals", task="t", metric="unscored", value=0.0, n=100, unit="count")
MEASURED = Measured([METRIC, UNSCORED])
REFERENCE = RunReference(
    run_id="base", model="tiny", model_digest="d" * 64, dtype="float32", quantization=None, metrics_sha256="e" * 64
)


def a_rule(**fields: Any) -> Rule:
    return Rule.model_validate({"metric": "t/a", "no_worse_than_baseline": {"margin": 0.1}, **fields})


def comparison(confidence: float = 0.95, relative: bool = False, **fields: Any) -> BaselineComparison:
    """A loss of 0.02 with the interval -0.08 to 0.04, which clears the margin."""
    given: dict[str, Any] = {
        "name": "t/a", "suite": "evals", "task": "t", "unit": "share", "higher_is_better": True, "n": 100,
        "aligned": 1.0, "units": 100, "difference": -0.02, "baseline": 0.52, "candidate": 0.5, "ci_low": -0.08,
        "ci_high": 0.04, "confidence": (1 + confidence) / 2 if relative else confidence, **fields,
    }  # fmt: skip
    own = {"baseline_low": 0.4, "baseline_high": 0.6} if relative else {}
    return BaselineComparison(confidence=confidence, difference=MetricDifference(**given), **own)


def judged(rule: Rule, found: BaselineComparison, metric: Metric = METRIC, tolerance: float = 0.0) -> GateCheck:
    """The check as the gate writes it, with advice."""
    said = judge_difference(rule, metric, found, Measured([metric, UNSCORED]), tolerance, lambda *_: "advice")
    return check_of(rule, metric, *said).model_copy(update={"baseline": found})


def a_decision(*checks: GateCheck, **changes: Any) -> Any:
    given = {
        "baseline": REFERENCE, "min_aligned": 0.95, "confidence": 0.95, "max_unscored": 0.0, "across": [],
        "mismatches": [], "checks": list(checks), "share_error_over": 1,
    }  # fmt: skip
    return SimpleNamespace(**{**given, **changes})


VERSIONS = {"checkpoint-audit": "1.0", "numpy": "2.0", "scipy": "3.0"}
MANIFEST = a_manifest(packages=VERSIONS)


@pytest.fixture(autouse=True)
def _versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again.provenance, "package_versions", lambda names: {name: VERSIONS[name] for name in names})


def a_run(*, same: bool = True) -> Any:
    """Nothing lies next to it."""
    manifest = MANIFEST if same else MANIFEST.model_copy(update={"packages": {}})
    return SimpleNamespace(path=Path("/nowhere/home/run"), read_manifest=lambda: manifest)


def faults(
    *checks: tuple[GateCheck, Rule, Metric | None], decision: Any = None, run: Any = None, baseline: Any = None,
    measured: Measured = MEASURED,
) -> list[str]:  # fmt: skip
    decided = decision or a_decision(*(check for check, *_ in checks))
    return list(again.faults(run or a_run(), decided, checks, measured, baseline))


def test_what_the_gate_writes_has_no_fault() -> None:
    for rule, found in (
        (a_rule(), comparison()),
        (a_rule(confidence=0.9), comparison(0.9)),
        (a_rule(no_worse_than_baseline={"relative": 0.5}), comparison(relative=True)),
        (a_rule(no_worse_than_baseline={"margin": 0.01}), comparison()),  # open, with advice
        (a_rule(), comparison(error="other data", difference=None)),
    ):
        assert faults((judged(rule, found), rule, METRIC)) == []
    assert faults() == []


COMPARISON = "its comparison of t/a with the baseline "
OTHER, COVERAGE = "is of another metric", "has another coverage than its rule asks for"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "t/b"}, OTHER),
        ({"slice": {"kind": "x"}}, OTHER),
        ({"suite": "safety"}, OTHER),
        ({"task": "u"}, OTHER),
        ({"unit": "probability"}, OTHER),
        ({"higher_is_better": None}, OTHER),
        ({"confidence": 0.96}, COVERAGE),
        ({"difference": None}, "does not add up"),
        ({"baseline": None}, "does not add up"),
        ({"candidate": None}, "does not add up"),
        ({"difference": -0.03}, "does not add up"),
        ({"aligned": 0.94}, "covers too few common items"),
        ({"n": 0, "aligned": 0.95}, "covers too few common items"),
        ({"candidate": 0.51, "baseline": 0.53}, "has another value of the judged run"),
        ({"ci_low": -0.019}, "has a difference outside its interval"),
        ({"ci_high": -0.021}, "has a difference outside its interval"),
        # What may be so:
        ({"aligned": 0.95, "candidate": 0.51, "baseline": 0.53}, None),
        ({"n": 99, "candidate": 0.51, "baseline": 0.53}, None),
        ({"n": 1}, None),
        ({"candidate": 0.5000004, "baseline": 0.5200004}, None),
        ({"ci_low": -0.02}, None),
        ({"ci_high": -0.02}, None),
        ({"ci_low": None}, None),
        ({"ci_high": None}, None),
        ({"confidence": 0.95 + 1e-12}, None),
        ({"error": "other data", "difference": None, "n": 0, "aligned": 0.0}, None),
        ({"error": "other data", "difference": None, "task": "u"}, OTHER),
        ({"error": "other data", "difference": None, "confidence": 0.9}, COVERAGE),
    ],
)
def test_a_comparison_is_one_of_its_metric(fields: dict[str, Any], fault: str | None) -> None:
    """Whatever the verdict: it is the one that follows from the edited numbers."""
    tolerant, found = a_rule(max_unscored=0.5), comparison(**fields)
    said = faults((judged(tolerant, found, tolerance=0.5), tolerant, METRIC))
    assert said == ([] if fault is None else [f"{COMPARISON}{fault}"])
    # One that was made again for the family is looked at, too, with its own coverage.
    adjusted = judged(tolerant, comparison()).model_copy(update={"adjusted": found})
    assert faults((adjusted, tolerant, METRIC)) == ([] if fault == COVERAGE else said)
    other = found.model_copy(update={"confidence": 0.99})
    adjusted = adjusted.model_copy(update={"adjusted": other})
    assert faults((adjusted, tolerant, METRIC)) == [f"{COMPARISON}{OTHER if fault == OTHER else COVERAGE}"]


def test_a_value_of_the_judged_run_is_its_own() -> None:
    without = METRIC.model_copy(update={"value": None})
    rule = a_rule()
    assert f"{COMPARISON}has another value of the judged run" in faults((judged(rule, comparison()), rule, without))


def test_without_a_least_share_all_items_are_asked_for() -> None:
    rule = a_rule()
    part = judged(rule, comparison(aligned=0.99))
    assert faults((part, rule, METRIC), decision=a_decision(part, min_aligned=None)) == [
        "it compares with a baseline that it does not name"
    ]
    named = [a_decision(part, baseline=None), a_decision(part, min_aligned=0.0)]
    assert [faults((part, rule, METRIC), decision=one) for one in named] == [
        ["it compares with a baseline that it does not name"], [f"{COMPARISON}covers too few common items"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"verdict": "FAIL"}, "it finds FAIL for t/a, for which no worse than the baseline, margin 0.1 gives PASS"),
        ({"value": 0.51}, "numbers"), ({"ci_low": 0.41}, "numbers"), ({"ci_high": None}, "numbers"),
        ({"unit": "percent"}, "numbers"), ({"higher_is_better": False}, "numbers"),
        ({"value": 0.5 + 1e-10}, None),
        ({"value": 0.5 + 1e-8}, "numbers"),
        ({"reason": "fine"}, "reason"),
        ({"baseline": None}, "it finds PASS for t/a without a comparison with the baseline"),
        ({"baseline": None, "verdict": "FAIL"}, "it finds FAIL for t/a without a comparison with the baseline"),
        ({"baseline": None, "verdict": "INCONCLUSIVE"}, None),
    ],
)  # fmt: skip
def test_a_check_follows_from_its_comparison(changes: dict[str, Any], fault: str | None) -> None:
    rule = a_rule()
    check = judged(rule, comparison())
    words = {
        "numbers": "its numbers of t/a, no worse than the baseline, margin 0.1, are not those that the samples give",
        "reason": f"its reason on t/a is not the gate's: {check.reason}",
    }
    said = faults((check.model_copy(update=changes), rule, METRIC))
    assert said == ([] if fault is None else [words.get(fault, fault)])


def test_an_improvement_follows_from_its_comparison() -> None:
    rule = Rule(metric="t/a", better_than_baseline=True)
    check = judged(rule, comparison())
    assert (check.verdict, faults((check, rule, METRIC))) == ("INCONCLUSIVE", [])
    said = "it finds PASS for t/a, for which better than the baseline gives INCONCLUSIVE"
    assert faults((check.model_copy(update={"verdict": "PASS"}), rule, METRIC)) == [said]
    other = judged(rule, comparison(task="u"))
    assert faults((other, rule, METRIC)) == [f"{COMPARISON}{OTHER}"]


def test_what_follows_an_open_reason_is_advice_and_what_follows_another_is_not() -> None:
    open_, passed = a_rule(no_worse_than_baseline={"margin": 0.01}), a_rule()
    for rule, fine in ((open_, True), (passed, False)):
        check = judged(rule, comparison())
        longer = check.model_copy(update={"reason": f"{check.reason} and more"})
        assert (faults((longer, rule, METRIC)) == []) == fine
    check = judged(open_, comparison())
    assert len(faults((check.model_copy(update={"reason": "open"}), open_, METRIC))) == 1


def test_the_tolerance_is_the_rules_or_the_decisions() -> None:
    """Two of 100 samples without a score, and 98 compared items far above the margin."""
    lost = Measured([METRIC, UNSCORED.model_copy(update={"value": 2.0})])
    found = comparison(n=98, aligned=0.98)
    for own, policys, verdict in ((None, 0.0, "INCONCLUSIVE"), (None, 0.5, "PASS"), (0.0, 0.5, "INCONCLUSIVE"),
                                  (0.5, 0.0, "PASS")):  # fmt: skip
        rule = a_rule(no_worse_than_baseline={"margin": 0.5}, max_unscored=own)
        tolerance = policys if own is None else own
        said = judge_difference(rule, METRIC, found, lost, tolerance, lambda *_: "")
        check = check_of(rule, METRIC, *said).model_copy(update={"baseline": found})
        assert check.verdict == verdict
        decision = a_decision(check, max_unscored=policys)
        assert faults((check, rule, METRIC), decision=decision, measured=lost) == []
        swapped = a_decision(check, max_unscored=0.5 - policys)
        assert (faults((check, rule, METRIC), decision=swapped, measured=lost) == []) == (own is not None)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(
    ("verdict", "ends", "follows"),
    [
        ("PASS", (0.0, 0.3), True), ("PASS", (0.0, 0.31), False), ("PASS", (None, None), False),
        ("FAIL", (0.31, 0.5), True), ("FAIL", (0.3, 0.5), False), ("FAIL", (None, None), False),
        ("INCONCLUSIVE", (0.1, 0.5), True), ("INCONCLUSIVE", (None, None), True), ("INCONCLUSIVE", (0.31, 0.5), False),
        ("INCONCLUSIVE", (0.0, 0.3), True),  # unscored samples keep it open
    ],
)  # fmt: skip
def test_a_gap_is_judged_again_or_follows_from_its_interval(
    verdict: Any, ends: Any, follows: bool, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the packages of the run it is computed again; with others, nobody knows its interval."""
    rule = Rule.model_validate({"metric": "t/a", "max_gap": {"slice": "kind", "value": 0.3}})
    check = check_of(rule, None, verdict, "x").model_copy(update={"ci_low": ends[0], "ci_high": ends[1]})
    asked: list[Any] = []

    def judge_gap(*given: Any) -> GateCheck:
        asked.append(given)
        return check

    monkeypatch.setattr(again, "judge_gap", judge_gap)
    monkeypatch.setattr(again, "Records", lambda run: ("records of", run))
    run = a_run(same=same)
    said = faults((check, rule, None), run=run, decision=a_decision(check, confidence=0.9, max_unscored=0.2))
    if same:
        ((*given, advice),) = asked
        assert given == [rule, MEASURED, ("records of", run), 0.9, 0.2]
        assert (said, advice("t", 2)) == ([], "")
        own = rule.model_copy(update={"confidence": 0.8, "max_unscored": 0.0})
        faults((check, own, None), run=run, decision=a_decision(check, confidence=0.9, max_unscored=0.2))
        assert asked[1][3:5] == (0.8, 0.0)
        other = check.model_copy(update={"reason": "y" if verdict == "INCONCLUSIVE" else "x y"})
        assert len(faults((other, rule, None), run=run)) == 1
    else:
        fault = f"it finds {verdict} for t/a, which largest gap by kind at most 0.3 does not give"
        assert (asked, said) == ([], [] if follows else [fault])


def a_family(again_: Callable[[Compared, float], BaselineComparison | None]) -> list[tuple[GateCheck, Rule, Metric]]:
    """Two rules that are violated by themselves, and what the gate makes of them together."""
    rules = [a_rule(), a_rule(no_worse_than_baseline={"margin": 0.11})]
    found = comparison(difference=-0.3, candidate=0.5, baseline=0.8, ci_low=-0.4, ci_high=-0.2)
    family = [Compared(rule, METRIC, judged(rule, found)) for rule in rules]
    return [(check, rule, METRIC) for check, rule in zip(holm(family, again_, lambda *_: "!"), rules, strict=True)]


def lost(confidence: float, high: float = -0.2) -> BaselineComparison:
    return comparison(confidence, difference=-0.3, candidate=0.5, baseline=0.8, ci_low=-0.4, ci_high=high)


def test_violations_of_a_family_follow_from_their_own_adjusted_comparisons() -> None:
    shown = a_family(lambda _, confidence: lost(confidence))
    softened = a_family(lambda one, confidence: lost(confidence, -0.2 if one.rule.text.endswith("0.1") else -0.05))
    assert [check.verdict for check, *_ in shown] == ["FAIL", "FAIL"]
    assert [check.verdict for check, *_ in softened] == ["FAIL", "INCONCLUSIVE"]
    assert faults(*shown) == faults(*softened) == []
    for place in range(2):
        edited = list(shown)
        bare = shown[place][0].model_copy(update={"adjusted": None})
        edited[place] = (bare, *shown[place][1:])
        text = bare.rule
        assert f"it finds FAIL for t/a, for which {text} gives INCONCLUSIVE" in faults(*edited)
        wrong = bare.model_copy(update={"adjusted": lost(0.97)})
        edited[place] = (wrong, *shown[place][1:])
        assert f"it finds FAIL for t/a, for which {text} gives INCONCLUSIVE" in faults(*edited)


OF_BASELINE = a_manifest(run_id="base", model=MANIFEST.model.model_copy(update={"digest": "d" * 64}))


class TheBaseline:
    """The baseline at hand: compares as :func:`comparison` does."""

    made: dict[str, Any]
    reference = REFERENCE
    mismatches: list[Mismatch]
    found: BaselineComparison

    def __init__(self, folder: Any, run: Any, **settings: Any) -> None:
        type(self).made = {"folder": folder, "run": run, **settings}

    def compared(self, rule: Rule, metric: Metric, confidence: float) -> BaselineComparison:
        assert (rule.metric, metric) == ("t/a", METRIC)
        return self.found.model_copy(update={"confidence": confidence})


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The baseline's folder."""
    monkeypatch.setattr("audit.gate.rules.baseline.Baseline", TheBaseline)
    monkeypatch.setattr(again, "metrics_digest", lambda folder: folder.digest)
    monkeypatch.setattr(TheBaseline, "mismatches", [], raising=False)
    monkeypatch.setattr(TheBaseline, "found", comparison(), raising=False)
    return SimpleNamespace(path="base", read_manifest=lambda: OF_BASELINE, digest="e" * 64)


CHECK = judged(a_rule(), comparison())
ONE = (CHECK, a_rule(), METRIC)
NOT_THE_RUN = "the baseline in base is not the run that it was compared with"


def test_a_baseline_at_hand_is_compared_again_with_the_settings_of_the_decision(at_hand: Any) -> None:
    run = a_run()
    decision = a_decision(CHECK, across=["prompts"], min_aligned=0.9)
    assert faults(ONE, run=run, decision=decision, baseline=at_hand) == []
    assert TheBaseline.made == {"folder": at_hand, "run": run, "across": ["prompts"], "min_aligned": 0.9}
    assert faults(decision=a_decision(min_aligned=None), baseline=at_hand) == []
    assert TheBaseline.made["min_aligned"] == 1.0
    assert faults(decision=a_decision(baseline=None), baseline=at_hand) == []


@pytest.mark.parametrize("change", [{"run_id": "other"}, {"model_digest": "0" * 64}, {"metrics_sha256": "0" * 64}])
def test_another_run_in_its_place_is_none(change: dict[str, Any], at_hand: Any) -> None:
    decision = a_decision(CHECK, baseline=REFERENCE.model_copy(update=change))
    assert faults(ONE, decision=decision, baseline=at_hand) == [NOT_THE_RUN]


def test_the_baseline_is_named_as_it_is_and_sound(at_hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    named = a_decision(CHECK, baseline=REFERENCE.model_copy(update={"model": "big"}))
    assert faults(ONE, decision=named, baseline=at_hand) == ["it does not name the baseline in base as it is"]
    broken = OF_BASELINE.model_copy(update={"broken": "NaN"})
    at_hand.read_manifest = lambda: broken
    said = ["it compares with a baseline whose checkpoint is broken: NaN"]
    assert faults(ONE, baseline=at_hand) == said
    nothing = CHECK.model_copy(update={"baseline": None, "verdict": "INCONCLUSIVE"})
    assert faults((nothing, a_rule(), METRIC), baseline=at_hand) == []
    assert faults((nothing, a_rule(), METRIC), ONE, baseline=at_hand)[-1:] == said

    for error in (RunFolderError("it is gone", at_hand.path), ConfigError("it is gone"), OSError("it is gone")):
        monkeypatch.setattr(at_hand, "read_manifest", Mock(side_effect=error))
        (line,) = faults(ONE, baseline=at_hand)
        assert line.startswith("the comparison with the baseline cannot be made again: ")
        assert "it is gone" in line


@pytest.mark.parametrize(
    ("change", "fine"),
    [
        ({"p_value": 0.5}, False), ({"detectable": 0.01}, False), ({"missing": "1 not in the candidate"}, False),
        ({"ci_high": 0.04 + 1e-12}, True), ({"ci_high": 0.04 + 1e-6}, False), ({"units": 99}, False),
    ],
)  # fmt: skip
def test_every_number_is_computed_again_up_to_rounding(
    change: dict[str, Any], fine: bool, at_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"{COMPARISON}is not the one that the runs give"
    monkeypatch.setattr(TheBaseline, "found", comparison(**change))
    assert faults(ONE, baseline=at_hand) == ([] if fine else [said])
    assert faults(ONE, baseline=at_hand, run=a_run(same=False)) == []
    monkeypatch.setattr(TheBaseline, "found", comparison().model_copy(update={"cut": 1}))
    assert faults(ONE, baseline=at_hand) == [said]
    monkeypatch.setattr(TheBaseline, "found", comparison())
    adjusted = CHECK.model_copy(update={"adjusted": comparison(**change)})
    assert faults((adjusted, a_rule(), METRIC), baseline=at_hand).count(said) == (0 if fine else 1)
    gone = CHECK.model_copy(update={"baseline": comparison(**change), "verdict": "INCONCLUSIVE"})
    assert said not in faults((gone, a_rule(), None), baseline=at_hand)


def test_mismatches_are_those_of_the_runs_in_any_order(at_hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    two = [Mismatch(kind="prompts", what="2 of 3", task=task) for task in ("t", "u")]
    monkeypatch.setattr(TheBaseline, "mismatches", two)
    said = "the runs do not differ as it says"
    for held, expected in ((two, []), (two[::-1], []), (two[:1], [said]), ([], [said])):
        assert faults(ONE, decision=a_decision(CHECK, mismatches=held), baseline=at_hand) == expected
