"""What metrics of a run folder are computed from: samples of tasks, of members, attributions, drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Attribution, DrivenAnswers, Drivers
from audit.core.run_folder import RunFolder
from audit.stats.definitions import Count, Mean, Members, Unscored, measured
from audit.stats.records import Records, of_attributions, of_drivers
from tests.reports.conftest import a_manifest
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from pathlib import Path


def an_attribution(name: str, verdict: Any = "believable", gain: float | None = 0.5) -> Attribution:
    return Attribution(
        attribution_id=name, method="occlusion", prompt="?", target="!", reason="error", features=[], values=[],
        unit="nats", target_log_prob=-1.0, faithfulness={"deletion_auc_gain": gain}, verdict=verdict, evaluations=1,
        seconds=0.0,
    )  # fmt: skip


DRIVERS = Drivers(
    method="occlusion",
    asked=5,
    groups=[
        DrivenAnswers(answers="error", samples=2, failures=["evals/boolq/7: too long"], tested=[]),
        DrivenAnswers(answers="right", samples=1, failures=[], tested=[]),
    ],
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder.create(tmp_path, a_manifest())
    for task in ("one", "two"):
        run.write_samples("evals", task, [a_sample(f"{task}{i}", task=task, score=1.0) for i in range(2)])
    return run


def metric(definition: Any, suite: Any = "evals", task: str = "one") -> Any:
    return measured(definition, [], metric="m", unit="share", higher_is_better=True, about=(suite, task))


def test_a_metric_takes_the_samples_of_its_task_or_of_its_members(folder: RunFolder) -> None:
    records = Records(folder)
    assert [one.sample_id for one in records.of(metric(Mean()))] == ["one0", "one1"]
    members = Members(members={task: Mean().written() for task in ("two", "one")})
    assert [one.sample_id for one in records.of(metric(members, task="group"))] == ["two0", "two1", "one0", "one1"]
    assert records.of(metric(Mean(), task="three")) == []
    assert records.of(metric(Mean(), suite="safety")) == []
    with pytest.raises(TypeError, match="no known function"):
        records.of(metric(Mean()).model_copy(update={"definition": None}))


def test_samples_of_the_last_task_are_kept(folder: RunFolder) -> None:
    records = Records(folder)
    first = records.samples("evals", "one")
    assert records.samples("evals", "one") is first
    assert [one.task for one in records.samples("evals", "two")] == ["two", "two"]
    assert records.samples("evals", "one") is not first


def test_a_run_holds_tasks_and_drivers(folder: RunFolder) -> None:
    records = Records(folder)
    assert records.holds("evals", "one")
    assert not records.holds("safety", "one")
    assert not records.holds("explain", "drivers")
    assert records.samples("explain", "drivers") == []
    folder.write_drivers(DRIVERS)
    assert records.holds("explain", "drivers")
    assert not records.holds("explain", "others")
    assert len(Records(folder).samples("explain", "drivers")) == 4


def test_attributions_of_the_folder_are_found_by_id(folder: RunFolder) -> None:
    for name in ("x", "y"):
        folder.write_attribution(an_attribution(name))
    found = Records(folder).of(metric(Mean(explained=("y", "z")), suite="explain", task="occlusion"))
    assert [(one.sample_id, one.task, one.error) for one in found] == [
        ("y", "occlusion", None),
        ("z", "occlusion", "it was not explained"),
    ]


def test_attributions_are_samples() -> None:
    made = {"x": an_attribution("x"), "y": an_attribution("y", "weak", None)}
    x, lost, y = of_attributions("occlusion", ("x", "evals/boolq/7", "y"), made)
    assert (x.sample_id, x.suite, x.task, x.score) == ("x", "explain", "occlusion", 1.0)
    assert x.scores == {"deletion_auc_gain": 0.5, "believable": 1.0}
    assert (y.score, y.scores, y.error) == (0.0, {"deletion_auc_gain": None, "believable": 0.0}, None)
    assert (lost.score, lost.scores, lost.error) == (None, {}, "it was not explained")


def test_drivers_are_samples_with_those_that_failed() -> None:
    driven = of_drivers(DRIVERS)
    assert [sample.error for sample in driven] == [None, None, "evals/boolq/7: too long", None]
    assert [sample.score for sample in driven] == [1.0, 1.0, None, 1.0]
    assert [(one.sample_id, one.suite, one.task) for one in driven[:2]] == [
        ("0", "explain", "drivers"), ("1", "explain", "drivers"),
    ]  # fmt: skip
    assert Unscored().estimate(driven, unit="count").value == 1.0
    assert Count(flags=("tie",)).estimate(driven, unit="count").value == 0.0
