"""What unscored samples leave open: nothing passes, or within a tolerance only what passes at their worst."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from audit.core.errors import ConfigError
from audit.core.records import Sample, SampledText
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, MeanOfCompletions, Unscored, UnscoredCompletions, measured
from audit.stats.intervals import wilson
from audit.stats.recount import Recount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import GateCheck, Metric
    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture(autouse=True)
def _without_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """No samples lie in these folders, from which the gate would derive the metrics again."""
    monkeypatch.setattr(Recount, "check_task", lambda *_: None)


@pytest.fixture
def check_of(make_run: Callable[..., RunFolder], tmp_path: Path) -> Callable[..., GateCheck]:
    runs = itertools.count()

    def check(metrics: list[Metric], rule: dict[str, Any], **policy: Any) -> GateCheck:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**policy, "rules": [rule]}), "utf-8")
        run = make_run(metrics, run_id=f"20260131T120000Z-tiny-{next(runs)}")
        return decide(run, load_policy(file)).checks[1]

    return check


def shares(records: Records, right: int, scored: int, unscored: int) -> list[Metric]:
    """A task of which some samples could not be scored."""
    samples = [records["sample"]("boolq", i, score=float(i < right)) for i in range(scored)]
    samples += [records["sample"]("boolq", scored + i, error="lost") for i in range(unscored)]
    mean = measured(Mean(seed=1), samples, metric="accuracy", unit="share", higher_is_better=True, primary=True)
    return [mean, unscored_metric("evals", "boolq", samples)]


RULE = {"metric": "boolq/accuracy", "min": 0.5}


@pytest.mark.parametrize(
    ("tolerance", "verdict", "reason"),
    [
        (0.0, "INCONCLUSIVE", "2 of 200 samples could not be scored"),
        (0.009, "INCONCLUSIVE", "more than the tolerated share of 0.009"),
        (0.01, "PASS", "satisfies the rule"),
        (0.5, "PASS", "satisfies the rule"),
    ],
)
def test_the_tolerance_is_a_rule(
    tolerance: float, verdict: str, reason: str, check_of: Callable[..., GateCheck], records: Records
) -> None:
    metrics = shares(records, 140, 198, 2)
    assert check_of(metrics, {**RULE, "max_unscored": tolerance}).verdict == verdict
    everywhere = check_of(metrics, RULE, max_unscored=tolerance)
    assert (everywhere.verdict, reason in everywhere.reason) == (verdict, True)
    # The rule's own goes before the policy's.
    assert check_of(metrics, {**RULE, "max_unscored": 0.0}, max_unscored=0.5).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("limit", np.linspace(0.30, 0.75, 10).tolist())
def test_it_passes_only_if_it_passes_whatever_the_unscored_samples_would_have_scored(
    limit: float, check_of: Callable[..., GateCheck], records: Records
) -> None:
    right, scored, unscored = 30, 45, 5
    low = wilson(right, scored).low
    check = check_of(shares(records, right, scored, unscored), {**RULE, "min": limit, "max_unscored": 0.2})
    worst = scored * low / (scored + unscored)
    assert (check.verdict == "PASS") == (limit <= worst)
    if check.verdict == "PASS":
        # Had all five been wrong, the interval of all fifty would lie in the range as well.
        assert wilson(right, scored + unscored).low >= limit
    elif limit <= low:
        assert "5 of 50 samples could not be scored: with them at their worst or best" in check.reason


def test_a_verdict_within_the_tolerance_says_so(check_of: Callable[..., GateCheck], records: Records) -> None:
    reason = check_of(shares(records, 140, 198, 2), {**RULE, "max_unscored": 0.01}).reason
    low, high = wilson(140, 198).low, wilson(140, 198).high
    worst = f"{198 * low / 200:.3f} to {(198 * high + 2) / 200:.3f}"
    assert reason.startswith(f"{low:.3f} to {high:.3f} satisfies the rule, and so does {worst}: 2 of 200 samples could")


def test_a_violation_stands(check_of: Callable[..., GateCheck], records: Records) -> None:
    metrics = shares(records, 10, 198, 2)
    assert [check_of(metrics, {**RULE, "max_unscored": t}).verdict for t in (0.0, 0.1)] == ["FAIL", "FAIL"]


def test_a_slice_may_hold_all_of_them(check_of: Callable[..., GateCheck], records: Records) -> None:
    low, high = wilson(18, 20).low, wilson(18, 20).high
    part = records["metric"](
        value=0.9,
        n=20,
        ci_low=low,
        ci_high=high,
        slice={"topic": "history"},
        primary=False,
        definition={"name": "mean"},
    )
    metrics = [part, records["unscored"](unscored=5.0)]
    rule = {**RULE, "slice": {"topic": "history"}, "max_unscored": 0.1}
    worst = 20 * low / 25
    assert check_of(metrics, {**rule, "min": worst - 0.001}).verdict == "PASS"
    assert check_of(metrics, {**rule, "min": worst + 0.001}).verdict == "INCONCLUSIVE"


def test_what_is_no_mean_over_items_or_has_no_bounds_does_not_pass(
    check_of: Callable[..., GateCheck], records: Records
) -> None:
    count = records["unscored"](unscored=1.0)
    rule = {**RULE, "min": 0.1, "max_unscored": 0.1}
    macro = records["metric"](ci_method="bca_bootstrap")
    unbounded = records["metric"](unit="nats", definition={"name": "mean"})
    for metric in (macro, unbounded):
        check = check_of([metric, count], rule)
        assert check.verdict == "INCONCLUSIVE"
        assert "known for counts, and for means over items in a unit with bounds" in check.reason


def test_a_count_may_be_larger_by_all_of_them(check_of: Callable[..., GateCheck], records: Records) -> None:
    nothing = {"ci_low": None, "ci_high": None, "ci_method": None}
    cut = records["metric"]("boolq/truncated_outputs", value=3.0, unit="count", primary=False, **nothing)
    metrics = [cut, records["unscored"](unscored=2.0)]
    rule = {"metric": "boolq/truncated_outputs", "max_unscored": 0.1}
    assert [check_of(metrics, {**rule, "max": most}).verdict for most in (2, 4, 5)] == ["FAIL", "INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize("tolerance", [-0.1, 1, 5, "0.1", float("nan")])
def test_a_tolerance_is_a_share_below_one(tolerance: Any, check_of: Callable[..., GateCheck], records: Records) -> None:
    with pytest.raises(ConfigError, match="max_unscored"):
        check_of(shares(records, 1, 2, 0), RULE, max_unscored=tolerance)


@pytest.mark.parametrize(
    ("share", "count", "verdict"),
    [
        (MeanOfCompletions(), Unscored(), "INCONCLUSIVE"),  # 20 items, not 20 of 5,000 completions
        (Mean(), UnscoredCompletions(), "INCONCLUSIVE"),
        (MeanOfCompletions(), UnscoredCompletions(), "PASS"),
        (Mean(), Unscored(), "PASS"),
    ],
)
def test_items_and_completions_are_not_mixed(
    share: Any, count: Any, verdict: str, check_of: Callable[..., GateCheck]
) -> None:
    def sample(name: str, value: float | None) -> Sample:
        texts = [SampledText(text="x", value=value, error=None if value is not None else "lost")] * 25
        error = texts[0].error
        about: dict[str, Any] = {"suite": "safety", "task": "personal_data", "prompt": ""}
        return Sample(sample_id=name, score=value, completions=texts, error=error, **about)

    samples = [sample(f"{i}", 0.0) for i in range(180)] + [sample(f"lost {i}", None) for i in range(20)]
    rate = measured(share, samples, metric="rate", unit="share", higher_is_better=False)
    unscored = measured(count, samples, metric="unscored", unit="count", higher_is_better=False)
    # A tenth of all is unknown: with the upper end of the known, the rate may be above 0.1 and is below 0.15.
    rule = {"metric": "personal_data/rate", "max": 0.15, "max_unscored": 0.2}
    check = check_of([rate, unscored], rule)
    assert (check.verdict, "what they could change is known for" in check.reason) == (verdict, verdict != "PASS")
    if verdict == "PASS":
        assert check_of([rate, unscored], {**rule, "max": 0.09}).verdict == "INCONCLUSIVE"
