"""Two runs of two tasks compared: which metrics, and which mismatch concerns which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import Mismatch
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.gate.comparison.compare import ComparedRun, ComparisonWork, _differs, compare
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from tests.reports.conftest import a_manifest, a_sample
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TASKS = ("boolq", "asdiv")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run of two tasks; all halves ``a`` are right, and all halves ``b`` wrong."""

    def made(name: str, *, prompts: dict[str, str] | None = None, settings: Any = None, **changes: Any) -> RunFolder:
        config = {"evals": {"tasks": [{"name": task} for task in TASKS]}, "safety": {"tasks": []}}
        run = RunFolder.create(tmp_path / name, a_manifest(**{"config": config, **changes}))
        metrics = []
        for task in TASKS:
            digest = (prompts or {}).get(task, "0")
            given = [
                a_sample(
                    task,
                    place,
                    score=float(place % 2 == 0),
                    slices={"half": "ab"[place % 2], "all": "c"},
                    prompt_sha256=f"{digest * 62}{place:02d}",
                )
                for place in range(20)
            ]
            common: dict[str, Any] = {"metric": "accuracy", "unit": "share", "higher_is_better": True, "primary": True}
            common["settings"] = (settings or {}).get(task, {})
            metrics += [
                measured(Mean(seed=1), given, **common),
                unscored_metric("evals", task, given),
                measured(Mean(seed=1), given, **common, slice={"half": "a", "all": "c"}),
            ]
            run.write_samples("evals", task, given)
        run.write_metrics(metrics)
        return sealed(run)

    return made


def names(found: Any) -> list[str]:
    return [one.name for one in found.differences]


@pytest.mark.slow
def test_which_metrics_are_compared(make: Callable[..., RunFolder]) -> None:
    run, other = make("a"), make("b")
    assert names(compare(run, other)) == ["boolq/accuracy", "asdiv/accuracy"]
    assert names(compare(run, other, tasks=["asdiv"])) == ["asdiv/accuracy"]
    assert names(compare(run, other, tasks=["asdiv"], everything=True)) == [
        "asdiv/accuracy", "asdiv/unscored", "asdiv/accuracy",
    ]  # fmt: skip
    gone = [one for one in run.read_metrics() if one.name not in ("boolq/accuracy", "asdiv/unscored")]
    run.write_metrics(gone)
    run = sealed(run)
    fewer, fewest = compare(run, other), compare(run, other, tasks=["asdiv"], everything=True)
    assert (names(fewer), fewer.only_candidate, fewer.only_baseline) == (["asdiv/accuracy"], ["boolq/accuracy"], [])
    assert (names(fewest), fewest.only_candidate) == (["asdiv/accuracy"] * 2, ["asdiv/unscored"])
    assert compare(other, run, tasks=["boolq"]).only_baseline == ["boolq/accuracy"]
    assert compare(other, run, tasks=["asdiv"]).only_baseline == []


def test_the_record_of_a_slice(make: Callable[..., RunFolder]) -> None:
    run, other = make("a"), make("b")
    turned = [
        one.model_copy(update={"slice": dict(reversed(one.slice.items()))}) if one.slice else one
        for one in other.read_metrics()
    ]
    other.write_metrics(turned)
    found = compare(run, sealed(other), tasks=["boolq"], everything=True, confidence=0.9)
    whole, count, half = found.differences
    assert (found.confidence, half.confidence) == (0.9, 0.9)
    assert (half.slice, half.primary, half.higher_is_better) == ({"half": "a", "all": "c"}, True, True)
    assert (half.baseline, half.n, whole.baseline, whole.n) == (1.0, 10, 0.5, 20)
    assert (whole.ci_method, count.primary, count.ci_method) == ("tango", False, None)


def test_a_task_with_other_prompts_leaves_the_other_task(make: Callable[..., RunFolder]) -> None:
    found = compare(make("a"), make("b", prompts={"boolq": "1"}), everything=True)
    assert [(one.task, one.kind, one.what) for one in found.mismatches] == [("boolq", "prompts", "20 of 20")]
    assert [one.error is None for one in found.differences] == [False] * 3 + [True] * 3


def test_a_setting_of_one_metric_leaves_the_others(make: Callable[..., RunFolder]) -> None:
    found = compare(make("a"), make("b", settings={"asdiv": {"threshold": 1}}), everything=True)
    assert {(one.task, one.metric, one.what) for one in found.mismatches} == {("asdiv", "asdiv/accuracy", "threshold")}
    assert [one.error is None for one in found.differences] == [True] * 3 + [False, True, False]


def test_a_setting_of_two_metrics_concerns_both(make: Callable[..., RunFolder]) -> None:
    runs = [make(name) for name in "ab"]
    runs[1].write_metrics([one.model_copy(update={"settings": {"threshold": 1}}) for one in runs[1].read_metrics()])
    found = compare(runs[0], sealed(runs[1]), tasks=["boolq"], everything=True)
    assert {(one.metric, one.what) for one in found.mismatches} == {
        ("boolq/accuracy", "threshold"), ("boolq/unscored", "threshold"),
    }  # fmt: skip
    assert [one.error is None for one in found.differences] == [False] * 3


def test_what_concerns_a_group_or_one_of_its_tasks_keeps_it_from_being_compared(make: Callable[..., RunFolder]) -> None:
    side = ComparedRun(make("a"))
    work = ComparisonWork(side, side, across=(), margin=None, min_aligned=0.95, confidence=0.95)
    work.mismatches = [Mismatch(kind="prompts", task=task, what="x") for task in (None, "boolq", "member", "other")]
    assert [one.task for one in work._blocking(side.metrics[0], ["member"])] == [None, "boolq", "member"]


def test_a_definition_with_an_argument_that_is_not_known_is_not_compared(
    make: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "check_files", lambda _: None)  # of a newer version, whose numbers cannot be checked
    runs = [make(name) for name in "ab"]
    for run in runs:
        first, *others = run.read_metrics()
        run.write_metrics([first.model_copy(update={"definition": {**(first.definition or {}), "newer": 1}}), *others])
    found = compare(*map(sealed, runs), tasks=["boolq"]).differences[0]
    assert found.difference is None
    assert "newer" in (found.error or "")


def test_a_setting_of_the_task_is_named_once(make: Callable[..., RunFolder]) -> None:
    runs = [
        make(name, settings={"boolq": {"shots": shots, "other": shots}}, tasks={"boolq": {"shots": shots}})
        for name, shots in (("a", 0), ("b", 5))
    ]
    found = compare(*runs)
    assert [(one.metric, one.what) for one in found.mismatches] == [(None, "shots"), ("boolq/accuracy", "other")]


def test_another_tokenizer_concerns_every_metric(make: Callable[..., RunFolder]) -> None:
    run = make("a")
    model = run.read_manifest().model
    file = model.files[0].model_copy(update={"path": "tokenizer.json", "kind": "tokenizer", "sha256": "b" * 64})
    found = compare(run, make("b", model=model.model_copy(update={"files": [*model.files, file]})))
    assert [one.error for one in found.differences] == [
        "the runs differ in tokenizer: tokenizer (compare all the same: --across tokenizer)"
    ] * 2


def test_explanations_are_not_compared(make: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "check_files", lambda _: None)  # these have no attributions
    runs = [make(name) for name in "ab"]
    for run in runs:
        metrics = run.read_metrics()
        run.write_metrics([metrics[0].model_copy(update={"suite": "explain"}), *metrics[1:]])
        sealed(run)
    found = compare(*runs, tasks=["boolq"]).differences[0]
    assert (found.difference, found.error) == (None, "explanations are of each run's own answers")


def test_the_margin_is_a_share_of_the_units_range(make: Callable[..., RunFolder]) -> None:
    runs = [make(name) for name in "ab"]
    for run in runs:
        run.write_metrics([one.model_copy(update={"unit": "correlation"}) for one in run.read_metrics()])
        sealed(run)
    assert compare(*runs, tasks=["boolq"]).differences[0].margin == 0.1  # of -1 to 1


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan"), float("inf")])
def test_margins_are_above_zero(margin: float, make: Callable[..., RunFolder]) -> None:
    run = make("a")
    with pytest.raises(ConfigError, match=f"^margin {margin:g}: give a difference above 0, in the unit of the metrics"):
        compare(run, run, margin=margin)


def test_a_kind_that_is_nearly_one_is_suggested(make: Callable[..., RunFolder]) -> None:
    run = make("a")
    with pytest.raises(ConfigError, match="Did you mean 'prompts'"):
        compare(run, run, across=["promts"])
    with pytest.raises(ConfigError, match=f"^{'x' * 59}…: no kind of mismatch: "):
        compare(run, run, across=["x" * 70])


@pytest.mark.parametrize(
    ("count", "words"), [(2, "s0, s1"), (3, "s0, s1, s2"), (4, "s0, s1, s2 and 1 more"), (6, "s0, s1, s2 and 3 more")]
)
def test_three_names_of_what_differs_are_enough(count: int, words: str) -> None:
    found = _differs([Mismatch(kind="settings", what=f"s{place}") for place in range(count)], ", ".join)
    assert found == f"the runs differ in settings: {words} (compare all the same: settings)"
