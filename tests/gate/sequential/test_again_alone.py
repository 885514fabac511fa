"""Parts of judging again what was looked at, by hand: coverages, and what follows from a comparison alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.records import BaselineComparison, GateCheck, MetricDifference, SequentialCheck
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.sequential import again
from tests.gate.rules.conftest import metrics_of, samples
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_manifest

DECISION: Any = SimpleNamespace(confidence=0.95)
LOSS = {"no_worse_than_baseline": {"margin": 0.05}}
RELATIVE = {"no_worse_than_baseline": {"relative": 0.1}}
BETTER = {"better_than_baseline": True}


def rule_of(**asked: Any) -> Rule:
    return Rule.model_validate({"metric": "boolq/accuracy", **asked})


def looked(*, complete: bool = False, at_task: bool = True) -> Any:
    """What is known of the looks at the task."""
    return SimpleNamespace(is_complete=lambda _: complete, at_task=lambda _: at_task)


@pytest.mark.parametrize(
    ("asked", "last", "known", "expected"),
    [
        # A tenth of 5 % is for the looks before the last one; a relative margin has half of it for each value.
        (LOSS, False, looked(), [0.995]),
        (BETTER, False, looked(complete=True, at_task=False), [0.995]),
        (RELATIVE, False, looked(), [0.9975]),
        ({**LOSS, "confidence": 0.9}, False, looked(), [0.99]),
        ({**RELATIVE, "confidence": 0.9}, False, looked(), [0.995]),
        # The last look has the rest; a task without looks has all.
        (LOSS, True, looked(complete=True), [0.955]),
        ({**RELATIVE, "confidence": 0.9}, True, looked(complete=True), [0.91]),
        (LOSS, True, looked(at_task=False), [0.95]),
        (LOSS, True, looked(complete=True, at_task=False), [0.955, 0.95]),
        (LOSS, True, looked(), []),
    ],
)
def test_the_coverages_that_a_comparison_may_have(
    asked: dict[str, Any], last: bool, known: Any, expected: list[float]
) -> None:
    found = SequentialCheck(confidence=0.5, last=last, tests=1)
    assert list(again._coverages(found, rule_of(**asked), DECISION, known)) == pytest.approx(expected, abs=1e-12)


def comparison(low: float, high: float, confidence: float = 0.995) -> BaselineComparison:
    """A difference of shares with this interval."""
    one = MetricDifference(
        name="boolq/accuracy", suite="evals", task="boolq", unit="share", higher_is_better=True, n=9, aligned=1.0,
        difference=(low + high) / 2, baseline=0.5, candidate=0.5 + (low + high) / 2, ci_low=low, ci_high=high,
        ci_method="betting", units=9, confidence=confidence,
    )  # fmt: skip
    return BaselineComparison(confidence=confidence, difference=one)


def made(rule: Rule, verdict: Any, **fields: Any) -> GateCheck:
    return check(rule, None, verdict, "why").model_copy(update=fields)


@pytest.mark.parametrize(
    ("sequential", "baseline", "has"),
    [
        (0.995, 0.995, True),
        (0.995 + 1e-10, 0.995, True),
        (0.995 + 1e-8, 0.995, False),
        (0.995, 0.99, False),
        (0.99, None, False),
        (None, 0.99, False),
        (None, 0.995, True),
        (0.995, None, True),
        (None, None, True),
    ],
)
def test_a_check_and_its_comparison_have_one_coverage(
    sequential: float | None, baseline: float | None, has: bool
) -> None:
    one = made(
        rule_of(**LOSS),
        "PASS",
        sequential=sequential and SequentialCheck(confidence=sequential, last=False, tests=1),
        baseline=baseline and comparison(0.0, 0.1, baseline),
    )
    assert again._has(one, 0.995) is has


COVERAGE = "its comparison of boolq/accuracy with the baseline has not the coverage that its rule asks for"
EARLY = SequentialCheck(confidence=0.995, last=False, tests=2)


@pytest.mark.parametrize(
    ("verdict", "fields", "said"),
    [
        ("PASS", {"baseline": comparison(-0.04, 0.1)}, None),
        ("FAIL", {"baseline": comparison(-0.4, -0.1)}, None),
        ("INCONCLUSIVE", {"baseline": comparison(-0.2, 0.1)}, None),
        ("INCONCLUSIVE", {"baseline": comparison(-0.04, 0.1)}, None),
        ("INCONCLUSIVE", {"baseline": None}, None),
        ("INCONCLUSIVE", {"baseline": None, "sequential": None}, None),
        ("PASS", {"baseline": comparison(-0.2, 0.1)}, "it finds PASS"),
        ("FAIL", {"baseline": comparison(-0.2, 0.1)}, "it finds FAIL"),
        ("PASS", {"baseline": None}, "it finds PASS"),
        ("PASS", {"baseline": comparison(-0.04, 0.1), "sequential": None}, "it finds PASS"),
        ("PASS", {"baseline": comparison(-0.04, 0.1, 0.99)}, COVERAGE),
        ("INCONCLUSIVE", {"baseline": comparison(-0.2, 0.1, 0.99)}, COVERAGE),
        ("INCONCLUSIVE", {"sequential": EARLY.model_copy(update={"tests": 3})}, COVERAGE),
        ("INCONCLUSIVE", {"sequential": EARLY.model_copy(update={"confidence": 0.955, "last": True})}, COVERAGE),
    ],
)
def test_a_verdict_follows_from_the_comparison_that_a_check_holds(
    verdict: str, fields: dict[str, Any], said: str | None
) -> None:
    rule = rule_of(**LOSS)
    one = made(rule, verdict, **{"sequential": EARLY, **fields})
    found = list(again._in_numbers(one, rule, 2, DECISION, looked()))
    assert [fault.partition(" for ")[0] if fault != COVERAGE else fault for fault in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("kind", "last", "resampled"),
    [("range", True, True), ("no_worse", True, True), ("corrected", True, False), ("range", False, False)],
)
def test_only_the_last_look_at_no_labels_may_depend_on_packages(kind: str, last: bool, resampled: bool) -> None:
    record = SequentialCheck(confidence=0.95, last=last, tests=1)
    one = made(rule_of(min=0.5), "PASS", kind=kind, sequential=record)
    assert again._is_resampled(one) is resampled
    assert not again._is_resampled(one.model_copy(update={"sequential": None}))


RULES = [
    rule_of(min=0.5, severity="warn"),
    rule_of(**LOSS),
    Rule.model_validate({"metric": "asdiv/accuracy", "better_than_baseline": True}),
]
ACCURACY = metrics_of("boolq", samples([1.0, 0.0]))[0]


class _Again:
    """What judging again is asked for, and what it gives."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder: Any = None
        self.same = True
        self.reached: Any = None
        self.judged: list[Any] = []
        self.calls: list[Any] = []
        self.decision: Any = SimpleNamespace(
            baseline=None, confidence=0.9, max_unscored=0.1, min_aligned=None, share_error_over=2, across=["prompts"]
        )
        self.manifest = a_manifest(looks=looks(100, 100))
        monkeypatch.setattr(again, "folder_of", lambda *given: self.calls.append(given) or self.folder)
        monkeypatch.setattr(again, "_read", lambda *given: given)
        monkeypatch.setattr(again.RatedOutputs, "of_decision", lambda decision: ("kept", decision))
        monkeypatch.setattr(again, "same_packages", lambda manifest: self.same and manifest is self.manifest)
        monkeypatch.setattr(again, "Judge", lambda *given: self.judged.append(given) or self)
        monkeypatch.setattr(again, "_in_numbers", lambda *given: ["in numbers", given])

    def looked_at(self, *given: Any) -> Any:
        self.calls.append(given)
        return self.reached

    def faults(self, one: Any, rule: Rule, metric: Any = ACCURACY) -> list[Any]:
        self.run: Any = SimpleNamespace(read_manifest=lambda: self.manifest)
        self.measured: Any = object()
        given: Any = (self.run, self.decision, [(one, rule, metric)], RULES, self.measured, "next to it")
        return list(again.faults(*given))


@pytest.fixture
def again_by(monkeypatch: pytest.MonkeyPatch) -> _Again:
    return _Again(monkeypatch)


def test_checks_are_judged_again_with_the_settings_of_the_decision(again_by: _Again) -> None:
    one = made(RULES[0], "PASS", sequential=EARLY)
    again_by.reached = one
    assert again_by.faults(one, RULES[0]) == []
    [(run, manifest, measured, policy, baseline, kept)] = again_by.judged
    assert (run, manifest, measured) == (again_by.run, again_by.manifest, again_by.measured)
    assert (baseline, kept) == ((run, again_by.decision, None), ("kept", again_by.decision))
    assert [rule.severity for rule in policy.rules] == ["block"] * 3
    assert [rule.metric for rule in policy.rules] == [rule.metric for rule in RULES]
    assert (policy.confidence, policy.max_unscored, policy.min_aligned, policy.share_error_over) == (0.9, 0.1, 1.0, 2)
    assert again_by.calls == [(RULES[0], ACCURACY, RULES)]
    again_by.decision.min_aligned = 0.8
    again_by.faults(one, RULES[0])
    assert again_by.judged[1][3].min_aligned == 0.8


def test_without_its_baseline_only_the_numbers_of_a_comparison_are_looked_at(again_by: _Again) -> None:
    """Of three rules, two are blocking ones on the baseline; the policy has two such families."""
    one = made(RULES[1], "PASS", sequential=EARLY)
    again_by.reached = one
    again_by.decision.baseline = "a baseline"
    [said, (check, rule, tests, decision, known)] = again_by.faults(one, RULES[1])
    assert (said, check, rule, tests, decision) == ("in numbers", one, RULES[1], 4, again_by.decision)
    assert known.at_task(RULES[0])
    assert again_by.calls == [(again_by.run, again_by.decision, "next to it")]
    again_by.folder = "a folder"
    assert again_by.faults(one, RULES[1]) == []
    assert again_by.judged[1][4] == (again_by.run, again_by.decision, "a folder")
    again_by.decision.baseline = None
    assert again_by.faults(one, RULES[1])[0] == "in numbers"
    assert again_by.faults(one, RULES[0]) == []  # it needs none


@pytest.mark.parametrize(
    ("same", "last", "value", "verdict", "words"),
    [
        (True, False, 0.5, "PASS", []),
        (True, False, 0.6, "PASS", ["its numbers of"]),
        (True, True, 0.6, "PASS", ["its numbers of"]),
        (False, False, 0.6, "PASS", ["its numbers of"]),
        (False, True, 0.6, "PASS", []),
        (False, True, 0.5, "FAIL", ["it finds FAIL for boolq/accuracy, for which"]),
    ],
)
def test_only_the_last_look_with_other_packages_may_have_other_numbers(
    again_by: _Again, same: bool, last: bool, value: float, verdict: str, words: list[str]
) -> None:
    record = EARLY.model_copy(update={"last": last})
    again_by.same, again_by.reached = same, made(RULES[0], "PASS", sequential=record, ci_low=0.5)
    faults = again_by.faults(made(RULES[0], verdict, sequential=record, ci_low=value), RULES[0])
    assert [fault.startswith(word) for fault, word in zip(faults, words, strict=True)] == [True] * len(words)
    other = made(RULES[0], "PASS", sequential=record.model_copy(update={"tests": 5}), ci_low=0.5)
    assert again_by.faults(other, RULES[0]) == [
        f"its check of boolq/accuracy, {RULES[0].text}, is not by the evidence that the samples give"
    ]


def test_what_cannot_be_judged_is_open(again_by: _Again) -> None:
    again_by.reached = made(RULES[0], "PASS", sequential=EARLY)
    for metric, reached in ((None, again_by.reached), (ACCURACY, None)):
        again_by.reached = reached
        assert again_by.faults(made(RULES[0], "INCONCLUSIVE"), RULES[0], metric) == []
        for verdict in ("PASS", "FAIL"):
            assert again_by.faults(made(RULES[0], verdict), RULES[0], metric) == [
                f"it finds {verdict} for boolq/accuracy, which cannot be judged"
            ]


def test_a_baseline_is_read_with_the_settings_of_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.gate.rules.baseline.Baseline", lambda *of, **settings: (of, settings))
    run, folder, decision = *("run", "folder"), SimpleNamespace(across=["prompts"], min_aligned=0.8)
    given: Any = run, decision
    assert again._read(*given, None) is None
    for share, asked in ((0.8, 0.8), (None, 1.0)):
        decision.min_aligned = share
        found: Any = again._read(*given, folder)  # type: ignore[arg-type]
        assert found == ((folder, run), {"across": ["prompts"], "min_aligned": asked})
