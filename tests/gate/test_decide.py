from __future__ import annotations

import hashlib
import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core import provenance
from audit.core.errors import ConfigError, EvidenceInvalid
from audit.core.records import GateCheck, NotRun
from audit.gate.decide import RUN_CHECK, decide, exit_code, overall, verdict_line
from audit.gate.judging import judge_interval, judge_rule
from audit.gate.measured import Measured
from audit.gate.multiplicity import p_value
from audit.gate.policy import PolicyFile, load_policy
from audit.stats import recount
from audit.stats.definitions import Mean, measured
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture
def make_policy(tmp_path: Path) -> Callable[..., PolicyFile]:
    def make(*rules: dict[str, Any], **policy: Any) -> PolicyFile:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**policy, "rules": list(rules)}), "utf-8")
        return load_policy(file)

    return make


def the_check(decision: Decision) -> GateCheck:
    (check,) = [check for check in decision.checks if check.metric != RUN_CHECK]
    return check


def by_points(low: int, high: int, minimum: int | None, maximum: int | None) -> str:
    """The verdict by looking at every point of the interval one by one."""
    allowed = [(minimum is None or x >= minimum) and (maximum is None or x <= maximum) for x in range(low, high + 1)]
    return "PASS" if all(allowed) else "INCONCLUSIVE" if any(allowed) else "FAIL"


def test_judge_interval_agrees_with_every_point() -> None:
    # Limits fall on even numbers, ends on all: an allowed range that touches an interval always shares a point.
    seen = set()
    for low, high in itertools.combinations_with_replacement(range(7), 2):
        for minimum, maximum in itertools.product([None, 0, 2, 4, 6], repeat=2):
            if minimum is None and maximum is None:
                continue
            if minimum is not None and maximum is not None and minimum > maximum:
                continue
            expected = by_points(low, high, minimum, maximum)
            assert judge_interval(low, high, minimum, maximum) == expected, (low, high, minimum, maximum)
            seen.add(expected)
    assert seen == {"PASS", "FAIL", "INCONCLUSIVE"}


@pytest.mark.parametrize(
    ("bounds", "verdict", "code"),
    [
        ({"min": 0.5}, "PASS", 0),
        ({"min": 0.51}, "INCONCLUSIVE", 11),
        ({"min": 0.7}, "INCONCLUSIVE", 11),
        ({"min": 0.71}, "FAIL", 10),
        ({"max": 0.7}, "PASS", 0),
        ({"max": 0.69}, "INCONCLUSIVE", 11),
        ({"max": 0.49}, "FAIL", 10),
        ({"min": 0.4, "max": 0.8}, "PASS", 0),
        ({"min": 0.55, "max": 0.65}, "INCONCLUSIVE", 11),
        ({"min": 0.8, "max": 0.9}, "FAIL", 10),
    ],
)
def test_verdict_of_an_interval_of_half_to_seven_tenths(
    bounds: dict[str, float],
    verdict: str,
    code: int,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", **bounds}))
    assert the_check(decision).verdict == verdict
    assert (decision.verdict, exit_code(decision)) == (verdict, code)


def test_overall_is_the_worst_and_nothing_judged_is_inconclusive() -> None:
    order = ["PASS", "INCONCLUSIVE", "FAIL"]
    for verdicts in itertools.product(order, repeat=3):
        assert overall(verdicts) == max(verdicts, key=order.index)  # type: ignore[arg-type]
    assert overall([]) == "INCONCLUSIVE"


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "null": ({"value": None, "error": "out of memory", "ci_low": None, "ci_high": None}, "out of memory"),
    "no interval": ({"ci_low": None, "ci_high": None}, "no confidence interval"),
    "no items": ({"n": 0, "value": None, "error": "no items", "ci_low": None, "ci_high": None}, "no items"),
    "narrow coverage": ({"confidence": 0.5}, "covers 50%"),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("bounds", [{"min": 0.1}, {"min": 0.99}, {"max": 0.1}])
def test_what_was_not_measured_is_never_judged(
    fault: str,
    bounds: dict[str, float],
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    changes, reason = BROKEN[fault]
    run = make_run([records["metric"](**changes), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", **bounds}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert reason in the_check(decision).reason
    assert exit_code(decision) == 11


@pytest.mark.parametrize("count", [1.0, 40.0, None])
def test_unscored_samples_never_pass_but_still_fail(
    count: float | None,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](), records["unscored"](unscored=count)])
    good = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert good.verdict == "INCONCLUSIVE"
    reason = the_check(good).reason
    assert ("could not be scored" if count else "the number of unscored samples is unknown") in reason
    bad = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.9}))
    assert bad.verdict == "FAIL"


def test_a_task_that_does_not_count_its_unscored_samples_never_passes(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    decision = decide(make_run([records["metric"]()]), make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert decision.verdict == "INCONCLUSIVE"
    assert "boolq/unscored is missing" in the_check(decision).reason


def test_unscored_samples_of_another_task_do_not_matter(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"](), records["unscored"]("mmlu", 5.0)])
    assert decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1})).verdict == "PASS"


@pytest.mark.parametrize("status", ["running", "partial", "failed"])
def test_an_incomplete_run_never_passes(
    status: str, make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status=status)
    decision = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert the_check(decision).verdict == "PASS"
    assert (decision.verdict, exit_code(decision)) == ("INCONCLUSIVE", 13)
    assert decision.checks[0].metric == RUN_CHECK
    assert status in decision.checks[0].reason
    failed = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.9}))
    assert (failed.verdict, exit_code(failed)) == ("FAIL", 10)


@pytest.mark.parametrize("status", ["running", "partial", "failed"])
def test_a_run_killed_before_its_first_metric_is_incomplete(
    status: str, make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile]
) -> None:
    decision = decide(make_run(status=status), make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert (decision.verdict, exit_code(decision), decision.metrics_sha256) == ("INCONCLUSIVE", 13, "")


def test_a_complete_run_without_metrics_is_broken(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile]
) -> None:
    with pytest.raises(EvidenceInvalid, match=r"holds no metrics\.json"):
        decide(make_run(), make_policy({"metric": "boolq/accuracy", "min": 0.1}))


def test_a_task_that_did_not_run_is_inconclusive_with_its_reason(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    skipped = [NotRun(suite="evals", task="gsm8k", reason="no data")]
    run = make_run([records["metric"](), records["unscored"]()], status="partial", not_run=skipped)
    decision = decide(run, make_policy({"metric": "gsm8k/exact_match", "min": 0.1}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert "no data" in the_check(decision).reason
    assert exit_code(decision) == 13


def test_a_known_task_that_was_not_asked_for_is_inconclusive(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "piqa/accuracy", "min": 0.1}), known_tasks=lambda: ["piqa"])
    assert (decision.verdict, exit_code(decision)) == ("INCONCLUSIVE", 11)


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"metric": "boolq/acuracy"}, "Did you mean 'boolq/accuracy'?"),
        ({"metric": "bolq/accuracy"}, "Did you mean 'boolq/accuracy'?"),
        ({"metric": "piqqa/accuracy"}, "Did you mean 'piqa/accuracy'?"),
        ({"metric": "boolq/accuracy", "slice": {"topik": "history"}}, "Did you mean 'topic'?"),
        ({"metric": "boolq/accuracy", "slice": {"topic": "histroy"}}, "Did you mean 'history'?"),
        ({"metric": "boolq/accuracy", "slice": {"topic": "physics"}}, "topic is one of history"),
        ({"metric": "boolq/f1", "slice": {"topic": "history"}}, "measured on all items alone"),
    ],
)
def test_a_name_that_cannot_be_is_an_error_with_a_suggestion(
    rule: dict[str, Any],
    hint: str,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    sliced = records["metric"](slice={"topic": "history"}, primary=False)
    run = make_run([records["metric"](), records["metric"]("boolq/f1"), sliced, records["unscored"]()])
    with pytest.raises(ConfigError) as raised:
        decide(run, make_policy({**rule, "min": 0.1}), known_tasks=lambda: ["piqa"])
    assert hint in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_metric_that_is_absent_because_its_task_broke_is_inconclusive(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["failed"]("evals", "boolq", "accuracy", "the scorer broke"), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/macro_f1", "min": 0.1}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert "the scorer broke" in the_check(decision).reason


def test_a_slice_is_judged_by_its_own_interval(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    bad = records["metric"](slice={"topic": "history"}, primary=False, value=0.2, ci_low=0.1, ci_high=0.3)
    empty = records["metric"](
        slice={"topic": "physics"}, primary=False, value=None, ci_low=None, ci_high=None, n=0, error="no items"
    )
    run = make_run([records["metric"](), bad, empty, records["unscored"]()])
    whole = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4}))
    part = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4, "slice": {"topic": "history"}}))
    other = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4, "slice": {"topic": "physics"}}))
    assert [whole.verdict, part.verdict, other.verdict] == ["PASS", "FAIL", "INCONCLUSIVE"]
    assert the_check(part).metric == "boolq/accuracy [topic=history]"


def test_a_decision_names_the_evidence_by_digest(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records, tmp_path: Path
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert decision.metrics_sha256 == hashlib.sha256(run.metrics_path.read_bytes()).hexdigest()
    assert decision.policy_sha256 == hashlib.sha256((tmp_path / "policy.yaml").read_bytes()).hexdigest()
    run.write_decision(decision)
    assert json.loads(run.decision_path.read_text("utf-8"))["verdict"] == "PASS"
    assert run.read_decision() == decision


def test_a_metric_that_json_made_infinite_is_not_judged(
    make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    policy = make_policy({"metric": "boolq/accuracy", "max": 0.9}).policy
    for value in (math.nan, math.inf, -math.inf):
        metric = records["metric"](ci_low=value)
        measured = Measured([metric, records["unscored"]()])
        assert judge_rule(policy.rules[0], metric, measured, policy).verdict == "INCONCLUSIVE"


def test_the_line_counts_each_kind(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    rules = [{"metric": "boolq/accuracy", "min": floor} for floor in (0.1, 0.6, 0.9)]
    assert verdict_line(decide(run, make_policy(*rules))) == "1 of 4 checks fail, 1 inconclusive, 2 pass"


SLICES = ("age", "gender", "race", "religion")


def sliced_run(
    make_run: Callable[..., RunFolder], records: Records, ends: dict[str, tuple[float, float, float]]
) -> RunFolder:
    metrics = [
        records["metric"]("boolq/accuracy", value=value, ci_low=low, ci_high=high, slice={"group": name}, primary=False)
        for name, (low, value, high) in ends.items()
    ]
    return make_run([*metrics, records["unscored"]()])


def on_slices(*names: str) -> list[dict[str, Any]]:
    return [{"metric": "boolq/accuracy", "slice": {"group": name}, "min": 0.5} for name in names]


def test_one_of_several_slices_fails_only_beyond_chance(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    barely, clearly, fine = (0.30, 0.395, 0.49), (0.10, 0.20, 0.30), (0.55, 0.65, 0.75)
    run = sliced_run(make_run, records, {"age": barely, "gender": clearly, "race": fine, "religion": fine})
    alone = decide(run, make_policy(*on_slices("age")))
    assert the_check(alone).verdict == "FAIL"
    together = decide(run, make_policy(*on_slices("age", "gender", "race"))).checks[1:]
    assert [check.verdict for check in together] == ["INCONCLUSIVE", "FAIL", "PASS"]
    # age: 0.105 / (0.095 / 1.96) = 2.166 standard errors, p = 0.0303; twice that is Holm's for the second of three
    assert "rules on 3 slices of boolq/accuracy: Holm-adjusted p = 0.061" in together[0].reason
    other = {**on_slices("gender")[0], "metric": "boolq/accuracy"}
    two = decide(run, make_policy(*on_slices("age"), other)).checks[1:]
    assert [check.verdict for check in two] == ["FAIL", "FAIL"], "Holm leaves the largest of two p-values as it is"


def test_a_floor_and_a_ceiling_on_one_slice_are_one_comparison(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    run = sliced_run(make_run, records, {"age": (0.30, 0.395, 0.49)})
    ceiling = {**on_slices("age")[0], "max": 0.9}
    del ceiling["min"]
    checks = decide(run, make_policy(*on_slices("age"), ceiling)).checks[1:]
    assert [check.verdict for check in checks] == ["FAIL", "PASS"]


def test_a_slice_that_cannot_be_judged_is_no_comparison(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    run = sliced_run(make_run, records, {"age": (0.30, 0.395, 0.49), "gender": (0.4, 0.5, 0.6)})
    whole = records["metric"]("boolq/accuracy", value=0.6, ci_low=0.55, ci_high=0.65)
    broken = records["metric"](
        "boolq/accuracy",
        value=None,
        ci_low=None,
        ci_high=None,
        slice={"group": "race"},
        error="no items",
        primary=False,
    )
    run.write_metrics([*run.read_metrics(), whole, broken])
    sealed(run)
    checks = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5}, *on_slices("age", "race"))).checks[1:]
    assert [check.verdict for check in checks] == ["PASS", "FAIL", "INCONCLUSIVE"]


@pytest.mark.parametrize(("successes", "n", "limit"), [(37, 100, 0.5), (480, 1000, 0.5), (55, 90, 0.45)])
def test_p_values_from_intervals_are_those_of_the_test_behind_them(successes: int, n: int, limit: float) -> None:
    """A normal interval of a share, by statsmodels, and its z-test against the limit."""
    from statsmodels.stats.proportion import proportion_confint, proportions_ztest

    low, high = proportion_confint(successes, n, alpha=0.05, method="normal")
    expected = proportions_ztest(successes, n, limit)[1]
    assert p_value(low, successes / n, high, 0.95, limit=limit) == pytest.approx(expected)


def test_p_values_of_intervals_without_width() -> None:
    assert p_value(0.0, 0.0, 0.0, 0.95, limit=0.1) == 0.0
    assert p_value(0.0, 0.0, 0.0, 0.95, limit=0.0) == 1.0
    assert p_value(0.4, 0.39, 0.5, 0.95, limit=0.3) == pytest.approx(p_value(0.34, 0.39, 0.44, 0.95, limit=0.3))


@pytest.mark.parametrize(
    ("minimum", "wrong", "right", "verdict"),
    [
        (0.8, (0.1, 0.0, 0.2), (0.99, 0.97, 1.0), "INCONCLUSIVE"),  # it failed on the answers that are there
        (0.45, (0.1, 0.0, 0.2), (0.99, 0.97, 1.0), "INCONCLUSIVE"),  # it passed on them
        (0.45, (0.58, 0.48, 0.68), (0.62, 0.52, 0.72), "PASS"),  # whatever the cut ones would have said
        (0.8, (0.58, 0.48, 0.68), (0.62, 0.52, 0.72), "FAIL"),
    ],
)
def test_cut_answers_decide_nothing(
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
    minimum: float,
    wrong: tuple[float, float, float],
    right: tuple[float, float, float],
    verdict: str,
) -> None:
    def metric(name: str, ends: tuple[float, float, float], **fields: Any) -> Any:
        value, low, high = ends
        return records["metric"](f"asdiv/{name}", value=value, ci_low=low, ci_high=high, n=40, **fields)

    run = make_run(
        [
            metric("exact_match", (0.6, 0.5, 0.7)),
            metric("exact_match_if_cut_wrong", wrong),
            metric("exact_match_if_cut_right", right),
            records["metric"]("asdiv/truncated_outputs", value=5.0, n=40, unit="count", ci_low=None, ci_high=None),
            records["unscored"]("asdiv"),
        ]
    )
    check = the_check(decide(run, make_policy({"metric": "asdiv/exact_match", "min": minimum})))
    assert check.verdict == verdict
    assert "5 of 40 answers cut by the token limit" in check.reason


def test_the_bounds_of_cut_answers_that_a_verdict_rests_on_are_computed_again(
    full_run: RunFolder, make_policy: Callable[..., PolicyFile]
) -> None:
    run, manifest = full_run, full_run.read_manifest()
    config = {**manifest.config, "evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": []}}
    packages = manifest.packages | provenance.package_versions(recount.COMPUTING)
    run.write_manifest(manifest.model_copy(update={"config": config, "packages": packages, "not_run": []}))
    samples = [
        sample.model_copy(update={"score": float(i < 36), "flags": ["truncated_output"] if i < 8 else []})
        for i, sample in enumerate(run.read_samples("evals", "boolq"))
    ]
    run.write_samples("evals", "boolq", samples)
    kinds = {"accuracy": Mean(), "accuracy_if_cut_wrong": Mean(if_cut=0.0), "accuracy_if_cut_right": Mean(if_cut=1.0)}
    metrics = [
        measured(kind, samples, metric=name, unit="share", higher_is_better=True, primary=name == "accuracy")
        for name, kind in kinds.items()
    ]
    others = [metric for metric in run.read_metrics() if metric.metric == "unscored" or metric.task != "boolq"]

    def verdict(**wrong: float) -> str:
        run.write_metrics([metrics[0], metrics[1].model_copy(update=wrong), metrics[2], *others])
        return decide(sealed(run), make_policy({"metric": "boolq/accuracy", "min": 0.65})).verdict

    # 28 of 40 are right if the 8 that were cut are wrong: from 0.55 on, by Wilson's interval.
    assert verdict() == "INCONCLUSIVE"
    with pytest.raises(EvidenceInvalid, match=r"the interval of boolq/accuracy_if_cut_wrong is 0\.699"):
        verdict(ci_low=0.699)
