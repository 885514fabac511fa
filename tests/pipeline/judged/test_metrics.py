"""Metrics of judged tasks: cut outputs leave every one of them open, and their bounds say how far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.records import Flag
from audit.gate import evidence
from audit.pipeline.judged.measuring import measurement
from audit.pipeline.judged.metrics import metrics_of
from audit.pipeline.judged.outputs import JudgedTask, WithLabels, to_label
from audit.stats.cut_answers import bound_faults
from audit.stats.recompute import recomputed_metrics
from tests.pipeline.judged.test_measuring import NEARLY, labelled
from tests.pipeline.judged.test_outputs import NUMBERS, UPWARDS, a_run, answers, judge_it, verdict_of
from tests.safety.judges.conftest import SCALE, a_judge, by_word

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Sample


def with_cut(count: int, cut: int) -> list[Sample]:
    """Answers of which the first ones were cut."""
    flags = [Flag.TRUNCATED_OUTPUT]
    return [one.model_copy(update={"flags": flags}) if place < cut else one for place, one in enumerate(answers(count))]


def test_a_judged_run_with_cut_outputs_is_sound_and_the_gate_sees_what_they_leave_open(tmp_path: Path) -> None:
    """Of 80 answers 8 were cut: 2 bad ones, 2 fair ones, 4 good ones."""
    run = a_run(tmp_path / "cut", with_cut(80, 8), bounded=True)
    good = measurement(a_judge(by_word), labelled(NEARLY))
    done = judge_it(run, tmp_path / "out", UPWARDS, cited=good)
    evidence.check(done.folder, [metric.name for metric in done.metrics])
    assert recomputed_metrics(done.folder) == done.metrics
    values = {metric.metric: metric.value for metric in done.metrics}
    assert (values["helpful_share"], values["truncated_outputs"]) == (0.75, 8)
    assert values["helpful_share_if_cut_wrong"] == pytest.approx((60 - 6) / 80)
    assert values["helpful_share_if_cut_right"] == pytest.approx((60 + 2) / 80)
    assert values["helpful_mean_if_cut_right"] == pytest.approx((80 * 7 / 12 - 8 * 7 / 12 + 8) / 80)
    assert [metric.metric for metric in done.metrics if metric.primary] == ["helpful_mean", "helpful_share"]
    low = next(one.ci_low for one in done.metrics if one.metric == "helpful_share_if_cut_wrong")
    assert low is not None
    verdict, reason = verdict_of(done.folder, tmp_path, metric="xsum/helpful_share", min=low + 0.01)
    assert verdict == "INCONCLUSIVE"
    assert "8 of 80 answers cut by the token limit" in reason
    assert verdict_of(done.folder, tmp_path, metric="xsum/helpful_share", min=low - 0.01)[0] == "PASS"


def test_people_labelled_what_was_cut_as_far_as_it_goes(tmp_path: Path) -> None:
    run = a_run(tmp_path / "cut", with_cut(100, 20), bounded=True)
    chosen = to_label(JudgedTask(run, "evals", "xsum"), 40)
    labels = WithLabels("people.csv", {one.sample_id: [NUMBERS[one.output or ""]] for one in chosen})
    done = judge_it(run, tmp_path / "out", labels=labels)
    evidence.check(done.folder, [metric.name for metric in done.metrics])
    values = {metric.metric: metric.value or 0.0 for metric in done.metrics}
    for name in ("helpful_mean_corrected", "helpful_share_corrected"):
        assert values[f"{name}_if_cut_wrong"] < values[name] < values[f"{name}_if_cut_right"]
    assert values["helpful_share_corrected_if_cut_right"] - values["helpful_share_corrected_if_cut_wrong"] == (
        pytest.approx(0.2, abs=0.05)
    )


@pytest.mark.parametrize("direction", [None, True, False])
def test_bounds_follow_the_direction(direction: bool | None) -> None:
    rubric = SCALE.model_copy(update={"higher_is_better": direction})
    samples = [
        one.model_copy(update={"scores": {"same_in_both_orders": 1.0}, "score": float(place % 2)})
        for place, one in enumerate(with_cut(20, 4))
    ]
    found = metrics_of(rubric, ("evals", "xsum"), samples, {"judge": "m"}, with_labels=False)
    assert list(bound_faults(found, samples)) == []
    values = {metric.metric: metric.value or 0.0 for metric in found}
    assert (values["helpful_share_if_cut_wrong"] > values["helpful_share_if_cut_right"]) is (direction is False)
    assert values["helpful_same_in_both_orders_if_cut_wrong"] == 0.8
