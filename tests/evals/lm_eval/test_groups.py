"""Groups of tasks have lm-eval's scores, with intervals that hold."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import pytest
from lm_eval import evaluator
from lm_eval.tasks import TaskManager
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import Metric, Sample, TaskResult
from audit.evals import suite
from audit.evals.lm_eval.groups import group_results
from audit.evals.lm_eval.quiet import quiet
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from tests.evals.lm_eval.own_files import ENDS, configure, run

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine


@pytest.mark.slow
def test_groups_have_lm_evals_scores(tiny: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval.models.huggingface import HFLM

    monkeypatch.chdir(folder)
    ours = run(tiny, "heavy", include=folder) | run(tiny, "light", include=folder)
    with quiet():
        loaded = TaskManager(include_path=folder, include_defaults=False).load(["heavy"])
        loaded["groups"] |= TaskManager(include_path=folder, include_defaults=False).load(["light"])["groups"]
        for task in loaded["tasks"].values():
            task.set_config("num_fewshot", 0)
        hflm = HFLM(pretrained=tiny.model, tokenizer=tiny.tokenizer, max_length=tiny.max_length, batch_size=1)
        theirs = evaluator.evaluate(hflm, loaded, bootstrap_iters=0)["results"]
    for name in ("heavy", "light"):
        values = {metric.metric: metric.value for metric in ours[name].metrics}
        assert values == {
            "accuracy": pytest.approx(theirs[name]["acc,none"], abs=1e-12),
            "normalised_accuracy": pytest.approx(theirs[name]["acc_norm,none"], abs=1e-12),
            "unscored": 0.0,
        }
        assert ours[name].settings == {"version": "2", "tasks": 2, "members": ["capitals", "ends"]}
        assert [metric.n for metric in ours[name].metrics] == [23, 23, 23]
    # By hand: the two tasks have 17 and 6 items.
    first, second = (ours[task].samples for task in ("capitals", "ends"))
    means = [math.fsum(sample.score or 0.0 for sample in part) / len(part) for part in (first, second)]
    light, heavy = ours["light"].metrics[0], ours["heavy"].metrics[0]
    assert light.value == pytest.approx(sum(means) / 2)
    assert heavy.value == pytest.approx((17 * means[0] + 6 * means[1]) / 23)
    wilsons = [proportion_confint(round(m * n), n, method="wilson") for m, n in zip(means, (17, 6), strict=True)]
    below = math.sqrt(sum((m - low) ** 2 for m, (low, _) in zip(means, wilsons, strict=True))) / 2
    above = math.sqrt(sum((high - m) ** 2 for m, (_, high) in zip(means, wilsons, strict=True))) / 2
    assert (light.ci_low, light.ci_high) == (
        pytest.approx(sum(means) / 2 - below),
        pytest.approx(sum(means) / 2 + above),
    )
    assert (light.settings["weight_by_size"], heavy.settings["weight_by_size"]) == (False, True)


def pair(scores: dict[str, list[int]], *, weighted: bool, unscored: int = 0) -> list[Metric]:
    """The metrics of a group of tasks whose items are right (1) or wrong (0)."""
    tasks = {name: SimpleNamespace(task_name=name, _filters=[SimpleNamespace(name="none")]) for name in scores}
    rule = SimpleNamespace(metric="acc", filter_list=None, weight_by_size=weighted)
    group = MagicMock(version=1, aggregate_metric_list=[rule], has_aggregation=True)
    group.name = "pair"
    group.get_all_tasks.return_value = list(tasks.values())
    group.get_all_groups.return_value = []
    group.aggregate.return_value = {}
    results = {}
    for name, values in scores.items():
        samples = [
            Sample(sample_id=str(n), suite="evals", task=name, prompt="p", score=float(value))
            for n, value in enumerate(values)
        ]
        shown = measured(Mean(), samples, metric="accuracy", unit="share", higher_is_better=True)
        count = unscored_metric("evals", name, samples).model_copy(update={"value": float(unscored)})
        results[name] = TaskResult(suite="evals", task=name, metrics=[shown, count], samples=samples)
    (result,) = group_results({"pair": group}, tasks, results)  # type: ignore[arg-type]  # doubles
    return result.metrics


def test_a_group_whose_items_are_all_wrong_is_not_certain() -> None:
    """0 of 3 has the Wilson interval [0, z² / (3 + z²)] = [0, 0.56150]; two of weight ½ end at 0.56150 / √2."""
    score, unscored = pair({"a": [0, 0, 0], "b": [0, 0, 0]}, weighted=True, unscored=2)
    assert (score.value, score.n, score.ci_method) == (0.0, 6, "mover")
    assert (score.ci_low, score.ci_high) == (pytest.approx(0.0), pytest.approx(0.39704, abs=1e-5))
    assert (unscored.name, unscored.value, unscored.n, unscored.primary) == ("pair/unscored", 4.0, 6, False)
    score, _ = pair({"a": [1, 1, 1], "b": [0, 0, 0]}, weighted=True)
    assert (score.ci_low, score.ci_high) == (
        pytest.approx(0.5 - 0.56150 / 2, abs=1e-5),
        pytest.approx(0.78075, abs=1e-5),
    )


@pytest.mark.slow
def test_intervals_of_groups_hold_the_truth_as_often_as_they_say() -> None:
    """Exact coverage over all outcomes of two tasks of 12 and 8 items; with s² / n it is 0.66 for the first."""
    for first, second in ((0.02, 0.1), (0.5, 0.9), (0.97, 0.97)):
        covered = 0.0
        for right in range(13):
            for other in range(9):
                scores = {"a": [1] * right + [0] * (12 - right), "b": [1] * other + [0] * (8 - other)}
                score = pair(scores, weighted=False)[0]
                assert score.ci_low is not None
                assert score.ci_high is not None
                if score.ci_low <= (first + second) / 2 <= score.ci_high:
                    covered += binom.pmf(right, 12, first) * binom.pmf(other, 8, second)
        assert covered > 0.9  # nominally 0.95, which so few items cannot give exactly


@pytest.mark.slow
def test_a_group_with_a_task_that_did_not_run_has_no_score(tiny: Engine, folder: Path) -> None:
    (folder / "ends.yaml").write_text(ENDS.replace('"{{[b, a]}}"', '"{{[b, nothing_there]}}"'))
    results = {result.task: result for result in suite.run_tasks(tiny, configure("heavy", include=folder))}
    assert set(results) >= {"heavy"}
    if "ends" in results:
        score = results["heavy"].metrics[0]
        assert score.value is None
        assert score.error == "1 of 2 tasks have no value, first ends"
    else:
        assert results["heavy"].not_run is not None
