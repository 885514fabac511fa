"""Every rule of a policy is judged by its own kind, with its own settings, in the order of the policy."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.errors import ConfigError, EvidenceInvalid
from audit.core.records import NotRun
from audit.core.run_folder import RunFolder
from audit.stats.aggregate import failed_metric
from tests.gate.rules.conftest import last, metrics_of, samples
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, Sample

BEFORE = [1.0] * 60 + [0.0] * 40
SAME = {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.1}}
FLOOR = {"metric": "boolq/accuracy", "min": 0.1}


def of_rules(decision: Decision) -> list[tuple[str, str, str]]:
    """Metric, kind and verdict of each rule's check."""
    return [(one.metric, one.kind, one.verdict) for one in decision.checks[1:]]


def test_each_kind_is_judged_by_its_own_measure(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run, base = make("b", samples(BEFORE, cut=[99])), make("a", samples(BEFORE))
    everything = {
        "metric": "boolq/accuracy", "min": 0.4, "no_worse_than_baseline": {"margin": 0.1}, "better_than_baseline": True,
        "max_gap": {"slice": "half", "value": 0.5}, "max_truncated": 0.005,
    }  # fmt: skip
    decision = judge(run, base, everything)
    assert of_rules(decision) == [
        ("boolq/accuracy", "range", "PASS"),
        ("boolq/accuracy", "no_worse", "PASS"),
        ("boolq/accuracy", "better", "INCONCLUSIVE"),
        ("boolq/accuracy", "gap", "INCONCLUSIVE"),  # the slices have no bounds for the cut answer
        ("boolq/truncated_outputs", "truncated", "FAIL"),
    ]
    assert [one.value for one in decision.checks[1:]] == pytest.approx([0.6, 0.6, 0.6, 0.0, 0.01])
    assert [one.baseline is not None for one in decision.checks[1:]] == [False, True, True, False, False]


@pytest.mark.slow
def test_checks_have_the_order_of_the_rules(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    tasks = {name: samples(BEFORE, name) for name in ("zulu", "boolq", "asdiv")}
    rules = [{"metric": f"{task}/accuracy", "min": 0.1} for task in ("zulu", "asdiv", "boolq", "zulu")]
    decision = judge(make("b", tasks), None, *rules)
    assert [one.metric for one in decision.checks[1:]] == [rule["metric"] for rule in rules]


@pytest.mark.slow
def test_settings_of_a_rule_override_those_of_the_policy(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run, base = make("b", samples([*BEFORE[:-1], None])), make("a", samples(BEFORE))
    tolerant = {"max_unscored": 0.02}
    for rule in (
        FLOOR,
        {**SAME, "no_worse_than_baseline": {"margin": 0.2}},
        {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.9}},
        {"metric": "boolq/accuracy", "max_truncated": 0.1},
    ):
        strict, own, policys = (
            judge(run, base, rule),
            judge(run, base, rule | tolerant),
            judge(run, base, rule, **tolerant),
        )
        assert [last(one).verdict for one in (strict, own, policys)] == ["INCONCLUSIVE", "PASS", "PASS"]
        assert last(judge(run, base, rule | {"max_unscored": 0.0}, **tolerant)).verdict == "INCONCLUSIVE"


def test_the_coverage_of_a_gap_is_the_rules(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run = make("b", samples(BEFORE))
    rule = {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.5}}
    for decision, confidence in (
        (judge(run, None, rule), 0.95),
        (judge(run, None, rule | {"confidence": 0.8}), 0.8),
        (judge(run, None, rule, confidence=0.8), 0.8),
    ):
        low, high = proportion_confint(30, 50, alpha=(1 - confidence) / 2, method="wilson")
        assert last(decision).ci_high == pytest.approx(high - low)


def test_violations_on_several_slices_of_a_baseline_count(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """They are a family of comparisons, whose intervals decide; the p-values of ranges do not apply to them."""
    run, base = make("b", samples([0.0] * 30 + BEFORE[30:])), make("a", samples(BEFORE))
    slices = [copy.deepcopy(SAME) | {"slice": {"half": half}} for half in "ab"]
    decision = judge(run, base, *slices)
    assert [verdict for *_, verdict in of_rules(decision)] == ["FAIL", "FAIL"]
    assert all("also with 97.5 % coverage" in one.reason for one in decision.checks[1:])
    assert all(one.adjusted is not None for one in decision.checks[1:])


@pytest.mark.slow
def test_a_rule_on_a_baseline_is_no_slice_of_ranges(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """A floor just above the interval of one slice: among two floors it is no violation, next to a comparison it is."""
    run, base = make("b", samples(BEFORE)), make("a", samples(BEFORE))
    high = proportion_confint(30, 50, method="wilson")[1]
    floor = {"metric": "boolq/accuracy", "slice": {"half": "b"}, "min": round(high + 0.001, 3)}
    other = {"metric": "boolq/accuracy", "slice": {"half": "a"}}
    assert last(judge(run, base, other | {"min": 0.1}, floor)).verdict == "INCONCLUSIVE"
    assert last(judge(run, base, other | {"no_worse_than_baseline": {"margin": 0.5}}, floor)).verdict == "FAIL"


def test_what_did_not_run_is_open_unless_it_is_optional(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    missing = NotRun(suite="evals", task="asdiv", reason="no data")
    run = make("b", samples(BEFORE), status="partial", not_run=[missing])
    rules = [{"metric": "asdiv/exact_match", "min": 0.1}, FLOOR]
    required = judge(run, None, *rules)
    assert of_rules(required)[0] == ("asdiv/exact_match", "range", "INCONCLUSIVE")
    assert required.checks[1].reason == "the task did not run: no data"
    optional = judge(run, None, *rules, optional=["asdiv"])
    assert of_rules(optional) == [("boolq/accuracy", "range", "PASS")]
    (left,) = [one for one in optional.not_judged if one.rule]
    assert (left.task, left.metric, left.rule) == ("asdiv", "asdiv/exact_match", "min 0.1")
    assert left.reason == "the task did not run: no data"


def test_an_optional_task_that_ran_is_judged(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    decision = judge(make("b", samples(BEFORE)), None, {**FLOOR, "min": 0.9}, optional=["boolq"])
    assert of_rules(decision) == [("boolq/accuracy", "range", "FAIL")]


@pytest.mark.slow
def test_a_task_that_broke_is_open_on_every_kind_of_rule(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run, base = make("b", samples(BEFORE)), make("a", {"boolq": samples(BEFORE), "asdiv": samples(BEFORE, "asdiv")})
    broken = failed_metric("evals", "asdiv", "accuracy", "no memory")
    run.write_metrics([*metrics_of("boolq", samples(BEFORE)), broken])
    sealed(run)
    rules = [
        {"metric": "asdiv/accuracy", "min": 0.1},
        {"metric": "asdiv/accuracy", "no_worse_than_baseline": {"margin": 0.1}},
        {"metric": "asdiv/accuracy", "better_than_baseline": True},
        {"metric": "asdiv/accuracy", "max_gap": {"slice": "half", "value": 0.1}},
        {"metric": "asdiv/accuracy", "max_truncated": 0.1},
    ]
    decision = judge(run, base, *rules)
    reasons = [one.reason for one in decision.checks[1:]]
    assert {one.verdict for one in decision.checks[1:]} == {"INCONCLUSIVE"}
    assert reasons[:3] == ["not computed: no memory"] * 3
    assert reasons[4] == "the task broke: no memory"


def test_a_gap_of_a_metric_on_slices_alone_is_judged(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    given = samples(BEFORE)
    run = make("b", given)
    run.write_metrics([one for one in metrics_of("boolq", given) if one.metric != "accuracy" or one.slice])
    sealed(run)
    rule: dict[str, Any] = {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.5}}
    assert of_rules(judge(run, None, rule)) == [("boolq/accuracy", "gap", "PASS")]
    with pytest.raises(ConfigError, match="measured on slices alone"):
        judge(run, None, FLOOR)


@pytest.mark.slow
def test_what_the_baseline_has_could_have_been_measured(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Of a task from elsewhere nobody but the baseline knows that it exists."""
    run, base = make("b", samples(BEFORE)), make("a", {"boolq": samples(BEFORE), "own": samples(BEFORE, "own")})
    rule = {"metric": "own/accuracy", "better_than_baseline": True}
    found = last(judge(run, base, rule))
    assert (found.verdict, found.reason) == ("INCONCLUSIVE", "the run did not include the task own")
    with pytest.raises(ConfigError, match="unknown metric 'other/accuracy'"):
        judge(run, base, {"metric": "other/accuracy", "better_than_baseline": True})


def test_no_rule_is_judged_before_all_were_checked(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    with pytest.raises(ConfigError, match="min 7 can never pass"):
        judge(make("b", samples(BEFORE)), None, FLOOR, {"metric": "boolq/accuracy", "min": 7})


def two_tasks(make: Callable[..., RunFolder], name: str) -> RunFolder:
    scores = [1.0] * 20 + [0.0] * 20
    return make(name, {task: samples(scores, task) for task in ("asdiv", "boolq")})


@pytest.mark.slow
def test_samples_are_read_once(
    make: Callable[..., RunFolder], judge: Callable[..., Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For checks, intervals and all rules of a task: reading is most of a gate's time on large runs."""
    runs = two_tasks(make, "b"), two_tasks(make, "a")
    seen: list[tuple[str, str]] = []
    read = RunFolder.read_samples

    def counted(run: RunFolder, suite: str, task: str) -> list[Sample]:
        seen.append((run.path.name, task))
        return read(run, suite, task)

    monkeypatch.setattr(RunFolder, "read_samples", counted)
    kinds = {"no_worse_than_baseline": {"margin": 0.2}, "max_gap": {"slice": "half", "value": 0.9}, "min": 0.1}
    rules = [
        {"metric": f"{task}/accuracy", kind: copy.deepcopy(kinds[kind])}
        for kind in kinds
        for task in ("boolq", "asdiv")
    ]
    assert [one[:2] for one in of_rules(judge(*runs, *rules))] == [
        (f"{task}/accuracy", kind) for kind in ("no_worse", "gap", "range") for task in ("boolq", "asdiv")
    ]
    assert sorted(seen) == sorted((run.path.name, task) for run in runs for task in ("asdiv", "boolq"))


@pytest.mark.slow
@pytest.mark.parametrize("forged", ["a", "b"])
def test_a_wrong_value_is_found_in_tasks_without_rules_and_whatever_the_verdict(
    forged: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    runs = {name: two_tasks(make, name) for name in "ba"}
    first, *others = runs[forged].read_metrics()
    runs[forged].write_metrics([first.model_copy(update={"value": 0.51}), *others])
    sealed(runs[forged])
    with pytest.raises(EvidenceInvalid, match=r"asdiv/accuracy is 0\.51, the samples give 0\.5"):
        judge(runs["b"], runs["a"], {"metric": "boolq/accuracy", "min": 0.99})  # fails
    with pytest.raises(ConfigError, match="boolq/acuracy"):  # is said before samples are read
        judge(runs["b"], runs["a"], {"metric": "boolq/acuracy", "min": 0.5})
