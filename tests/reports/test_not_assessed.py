"""What a run leaves open, and what would settle it."""

from __future__ import annotations

from audit.core.records import NotJudged, NotRun
from audit.gate.decide import RUN_CHECK
from audit.reports.not_assessed import not_assessed
from tests.reports.conftest import a_manifest, a_metric, all_scored
from tests.reports.exports.conftest import a_check, a_decision, an_optional_rule

CONFIG = {**a_manifest().config, "evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": []}}
MANIFEST = a_manifest(config={**CONFIG, "explain": {"methods": []}})
METRICS = [a_metric(), all_scored()]


def test_nothing_is_open_where_everything_was_judged() -> None:
    assert not_assessed(MANIFEST, METRICS, a_decision(a_check(RUN_CHECK), a_check())) == []


def test_without_a_verdict_the_release_is_open() -> None:
    (gap,) = not_assessed(MANIFEST, METRICS, None)
    assert gap.what == "the release as a whole"
    assert gap.settled_by == f"audit gate {MANIFEST.run_id} --policy FILE"


def test_an_open_rule_ends_with_what_the_gate_advises() -> None:
    reason = (
        "0.5 to 0.7 spans the limit: about 190 items would decide this. Add items: audit run --extend R --limit 190"
    )
    (gap,) = not_assessed(MANIFEST, METRICS, a_decision(a_check(verdict="INCONCLUSIVE", reason=reason)))
    assert (gap.what, gap.needed_by, gap.why) == ("boolq/accuracy min 0.5", "the policy", reason)
    assert gap.settled_by == "audit run --extend R --limit 190"
    (gap,) = not_assessed(MANIFEST, METRICS, a_decision(a_check(verdict="INCONCLUSIVE", reason="no interval")))
    assert gap.settled_by == "see why it is open"


def test_a_rule_on_a_task_that_the_run_did_not_include_needs_a_run() -> None:
    checks = [a_check("asdiv/score [a=b]", "INCONCLUSIVE", value=None, reason="the run did not include the task asdiv")]
    (gap,) = not_assessed(MANIFEST, METRICS, a_decision(*checks))
    assert gap.settled_by == "a run with this task: audit run --tasks asdiv"


def test_a_task_that_did_not_run_is_one_gap_of_rule_and_one_of_task() -> None:
    left = NotRun(suite="evals", task="openbookqa", reason="no data", optional=True)
    manifest = MANIFEST.model_copy(update={"not_run": [left]})
    gaps = not_assessed(manifest, METRICS, a_decision(a_check(), not_judged=[an_optional_rule()]))
    assert [(gap.what, gap.needed_by) for gap in gaps] == [
        ("openbookqa/accuracy min 0.25", "the policy"),
        ("openbookqa", "the configuration"),
    ]
    assert {gap.settled_by for gap in gaps} == {f"supply what is missing, then audit run --resume {manifest.run_id}"}


def test_numbers_that_are_null_uncertain_or_leave_samples_out() -> None:
    null = a_metric("boolq/f1", value=None, ci_low=None, ci_high=None, error="lost")
    vague = a_metric("boolq/em", ci_low=None, ci_high=None, no_interval="one cluster")
    gaps = not_assessed(MANIFEST, [a_metric(), null, vague, all_scored(unscored=3.0)], a_decision(a_check()))
    assert [(gap.what, gap.why) for gap in gaps] == [
        ("boolq/f1", "not computed: lost"),
        ("uncertainty of boolq/em", "no interval: one cluster"),
        ("3 of 100 samples of boolq", "they could not be scored: no metric includes them"),
    ]


def test_the_slices_of_a_metric_are_one_gap() -> None:
    lost = {"value": None, "ci_low": None, "ci_high": None, "error": "the scorer broke"}
    slices = [a_metric("boolq/f1", slice={"topic": topic}, **lost) for topic in ("law", "physics")]
    gaps = not_assessed(MANIFEST, [a_metric(), *slices, all_scored()], a_decision(a_check()))
    assert [(gap.what, gap.why) for gap in gaps] == [("boolq/f1 on 2 slices", "not computed: the scorer broke")]


def test_a_configured_task_without_any_metric_is_open() -> None:
    assert "boolq" in [gap.what for gap in not_assessed(MANIFEST, [], a_decision(a_check()))]


def test_a_number_that_no_rule_is_about_is_nobodys() -> None:
    unjudged = NotJudged(task="boolq", metric="boolq/f1", rule=None, reason=None)
    (gap,) = not_assessed(MANIFEST, METRICS, a_decision(a_check(), not_judged=[unjudged]))
    assert (gap.what, gap.needed_by, gap.settled_by) == ("boolq/f1", "nothing", "a rule on boolq/f1")


def test_what_is_on_no_task_names_none() -> None:
    checks = [a_check(name, "INCONCLUSIVE", value=None, reason="unknown") for name in ("policy/budget", "policy/rules")]
    gaps = not_assessed(MANIFEST, METRICS, a_decision(*checks))
    assert {gap.settled_by for gap in gaps} == {"see why it is open"}
