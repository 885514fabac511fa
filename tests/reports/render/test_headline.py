"""The sentences at the head of the card: which metrics they choose and what they say, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Metric, NotRun
from audit.core.records.looks import Looks, TaskLooks
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.reports.not_assessed import Unassessed
from audit.reports.render.headline import headlines
from tests.reports.conftest import a_manifest
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder


def share(task: str, value: float, width: float = 0.1, **fields: Any) -> Metric:
    """A primary metric whose interval is ``width`` to either side."""
    whole = {"suite": "evals", "higher_is_better": True, "n": 100, "primary": True, **fields}
    ends = {"ci_low": value - width, "ci_high": value + width, "ci_method": "wilson"}
    return Metric(name=f"{task}/m", task=task, metric="m", value=value, **ends, **whole)


def chosen(metrics: list[Metric], **manifest: Any) -> dict[str, str]:
    found = headlines(a_manifest(**manifest), metrics, None, [])
    return {one.label: one.anchor for one in found}


def test_strength_counts_by_the_bad_end_and_weakness_and_harm_by_the_good_end() -> None:
    metrics = [
        share("options", 0.8, chance=0.5),  # 0.7 to 0.9: 0.4 to 0.8 of the way from 0.5 to 1
        share("open", 0.65),  # 0.55 to 0.75 of the way from 0
        share("lucky", 0.7, 0.4, chance=0.25),  # 0.07 to 1 of the way
        share("harm", 0.3, suite="safety", higher_is_better=False, ideal=0.0),  # at least 0.2
        share("rare", 0.3, 0.25, suite="safety", higher_is_better=False, ideal=0.0),  # at least 0.05
        share("odd", 3.0, unit="nats"),
        share("minor", 0.99, primary=False),
    ]
    found = chosen(metrics)
    assert found["Strongest"] == "evals-open"
    assert found["Weakest"] == "evals-options"
    assert found["Worst harm"] == "safety-harm"
    assert {"Decided by", "Against the baseline", "Not measured"}.isdisjoint(found)
    assert chosen([*metrics, share("poor", 0.1)])["Weakest"] == "evals-poor"


def test_what_does_not_beat_guessing_is_no_strength() -> None:
    """Each has a value above what guessing gives, and an interval that holds it, the majority answer or nothing."""
    looked_at = Looks(
        policy="p.yaml",
        policy_sha256="0" * 64,
        baseline=None,
        looks=2,
        decided=True,
        tasks={"looked": TaskLooks(limit=9)},
    )
    alone = share("alone", 0.9, chance=0.5).model_copy(update={"ci_low": None, "ci_high": None, "ci_method": None})
    weak = [
        share("holds", 0.59, chance=0.5),
        share("majority", 0.7, chance=0.5, majority=0.65),
        share("looked", 0.9, chance=0.5),
        share("nothing", 0.58, 0.09),  # from 0.49 on, where the result of guessing is unknown
        alone,
    ]
    found = {one.label: one for one in headlines(a_manifest(looks=looked_at), weak, None, [])}
    assert found["Strongest"].text.startswith("None: no metric of capability is shown to be better than guessing")
    assert found["Weakest"].anchor == "evals-holds"  # at most 0.38 of the way from 0.5; "nothing" 0.67 of that from 0
    assert (
        chosen([*weak, share("better", 0.7, chance=0.5, majority=0.55)], looks=looked_at)["Strongest"] == "evals-better"
    )


def test_one_task_is_no_weakest_and_nothing_is_said_of_nothing() -> None:
    assert set(chosen([share("open", 0.7)])) == {"Strongest", "How sure"}
    assert chosen([]) == {}


def test_how_sure_is_the_median_half_width_in_points() -> None:
    metrics = [share("a", 0.5, 0.04), share("b", 0.5, 0.1, n=40), share("c", 50.0, 20.0, unit="percent", n=30)]
    sure = headlines(a_manifest(), metrics, None, [])[-1]
    assert "±10 percentage points, from 40 items" in sure.text


def test_what_is_missing_and_broken_is_said_first_and_last() -> None:
    absent = [NotRun(suite="evals", task=task, reason="no data") for task in "abcde"]
    found = headlines(a_manifest(status="partial", not_run=absent), [], None, [])
    assert [(one.label, one.text) for one in found] == [("Not measured", "5 tasks did not run: a, b, c and 2 more.")]
    found = headlines(a_manifest(), [], None, [Unassessed("x/m", "the policy", "why", "how")])
    assert (found[0].label, found[0].text) == ("Left open", "1 question: x/m.")
    found = headlines(a_manifest(status="failed", broken="its logits are NaN"), [], None, [])
    assert (found[0].label, found[0].text) == ("Broken", "its logits are NaN. Nothing was measured.")
    assert headlines(a_manifest(status="running", finished=None), [], None, [])[0].label == "Unfinished"


def test_the_verdict_names_what_decides_it(
    make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]], tmp_path: Path
) -> None:
    run = sealed(make_run([records["metric"](), records["unscored"]()]))
    for rule, start in (
        ("max: 0.01", "1 check failed on boolq"),
        ("min: 0.55", "1 check inconclusive on boolq"),
    ):
        policy = tmp_path / "policy.yaml"
        policy.write_text(f"rules: [{{metric: boolq/accuracy, {rule}}}]\n")
        decision = decide(run, load_policy(policy))
        first = headlines(run.read_manifest(), run.read_metrics(), decision, [])[0]
        assert first.label == "Decided by"
        assert first.text.startswith(start), first.text
        twice = decision.model_copy(update={"checks": [*decision.checks, *decision.checks]})
        several = headlines(run.read_manifest(), run.read_metrics(), twice, [])[0].text
        assert several.startswith(start.replace("1 check", "2 checks").replace(" on ", ", first of all ")), several
        assert first.anchor == "verdict"


def test_checks_that_are_waived_or_only_warn_decide_nothing(
    make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]], tmp_path: Path
) -> None:
    run = sealed(make_run([records["metric"](), records["unscored"]()]))
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, max: 0.01}]\n")
    failed = decide(run, load_policy(policy))
    run_passes, fails = sorted(failed.checks, key=lambda check: check.verdict == "FAIL")
    passes = run_passes.model_copy(update={"verdict": "PASS"})
    for checks, expected in (
        ([passes, fails.model_copy(update={"waived_by": "w-1"})], "1 of 2 checks waived, 1 pass."),
        (
            [passes, fails.model_copy(update={"severity": "warn"})],
            "1 of 1 checks pass; 1 more of severity warn does not",
        ),
        ([passes], "The only check passes."),
        ([passes, passes], "All 2 checks pass."),
    ):
        decision = failed.model_copy(update={"verdict": "PASS", "checks": checks})
        (first, *_) = headlines(run.read_manifest(), run.read_metrics(), decision, [])
        assert expected in first.text
        assert "failed" not in first.text
