"""Two runs compared: what is compared, what keeps a metric from being compared, and the numbers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.contingency_tables import mcnemar

from audit.core.errors import AuditError, ConfigError, EvidenceInvalid, RunFolderError
from audit.core.run_folder import RunFolder
from audit.gate.comparison.compare import compare
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, Unscored, measured
from audit.stats.pairing.comparison import compared
from tests.reports.conftest import a_manifest, a_sample
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.core.records import MetricDifference, RunManifest, Sample

RIGHT = [1.0] * 30 + [0.0] * 30
"""Scores of the baseline."""


def samples(scores: Sequence[float | None], **fields: Any) -> list[Sample]:
    return [
        a_sample("boolq", place, score=score, slices={"half": "ab"[place % 2]}, prompt_sha256=f"{place:064x}", **fields)
        for place, score in enumerate(scores)
    ]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run of one task with these samples; keyword arguments change the manifest."""

    def made(name: str, given: Sequence[Sample], settings: dict[str, Any] | None = None, **changes: Any) -> RunFolder:
        config = {"evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": []}}
        manifest: RunManifest = a_manifest(**{"config": config, **changes})
        run = RunFolder.create(tmp_path / name, manifest)
        common: dict[str, Any] = {"metric": "accuracy", "unit": "share", "higher_is_better": True}
        common["settings"] = settings or {}
        whole = measured(Mean(seed=1), given, primary=True, **common)
        halves = [measured(Mean(seed=1), given, slice={"half": half}, **common) for half in "ab"]
        run.write_metrics([whole, unscored_metric("evals", "boolq", given), *halves])
        run.write_samples("evals", "boolq", given)
        return sealed(run)

    return made


def only(run: RunFolder, other: RunFolder, **options: Any) -> MetricDifference:
    [found] = compare(run, other, **options).differences
    return found


def test_numbers_are_those_of_the_common_items(make: Callable[..., RunFolder]) -> None:
    after = [*[0.0] * 12, *[1.0] * 18, *[1.0] * 2, *[0.0] * 28]
    found = only(make("a", samples(RIGHT)), make("b", samples(after)))
    assert (found.baseline, found.candidate, found.higher, found.lower) == (0.5, 20 / 60, 2, 12)
    assert found.difference == pytest.approx(-10 / 60)
    assert found.p_value == pytest.approx(mcnemar([[18, 12], [2, 28]], exact=True).pvalue)
    assert (found.n, found.units, found.aligned, found.missing) == (60, 60, 1.0, None)
    assert found.p_adjusted == found.p_value
    assert (found.margin, found.outcome) == (0.05, "worse")
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert -1 < found.ci_low < -10 / 60 < found.ci_high < 0


def test_every_field_of_the_difference_is_in_the_record(make: Callable[..., RunFolder]) -> None:
    """With an interval, and without one: what the comparison of the samples themselves says."""
    after = [*[0.0] * 12, *[1.0] * 18, *[1.0] * 2, *[0.0] * 28]
    whole, count, *_ = compare(make("a", samples(RIGHT)), make("b", samples(after)), everything=True).differences
    given = {"unit": "share", "higher_is_better": True, "confidence": 0.95, "margin": 0.05}
    for found, expected in (
        (whole, compared(Mean(), samples(RIGHT), samples(after), **given)),
        (count, compared(Unscored(), samples(RIGHT), samples(after), **given | {"unit": "count", "margin": None})),
    ):
        shared = {field.name for field in dataclasses.fields(expected)} & set(type(found).model_fields)
        for name in shared - {"higher_is_better", "unit"}:
            assert getattr(found, name) == getattr(expected, name), name
    assert (count.no_interval, whole.no_interval) == (expected.no_interval, None)
    assert count.no_interval


def test_a_run_is_not_compared_with_itself(make: Callable[..., RunFolder]) -> None:
    run = make("a", samples(RIGHT))
    with pytest.raises(RunFolderError, match="this run is given twice: compare it with another one"):
        compare(run, RunFolder.open(run.path.parent / ".." / run.path.parent.name / run.path.name))


def test_equal_runs_do_not_differ(make: Callable[..., RunFolder]) -> None:
    found = compare(make("a", samples(RIGHT)), make("b", samples(RIGHT)), everything=True)
    assert found.mismatches == []
    assert [one.name for one in found.differences] == ["boolq/accuracy", "boolq/unscored"] + ["boolq/accuracy"] * 2
    assert [one.difference for one in found.differences] == [0.0] * 4
    # 0 changes of 60 items: Tango's interval reaches 3.84 / 63.84 = 0.06, beyond the margin. A count has no range.
    assert [one.outcome for one in found.differences] == [
        "too few items to tell", "identical on all items", *["too few items to tell"] * 2,
    ]  # fmt: skip
    assert found.baseline == found.candidate


def test_what_differs_keeps_a_metric_from_being_compared(make: Callable[..., RunFolder]) -> None:
    run = make("a", samples(RIGHT), {"threshold": 0.5})
    other = make(
        "b", [one.model_copy(update={"prompt_sha256": "f" * 64}) for one in samples(RIGHT)], {"threshold": 0.6}
    )
    found = compare(run, other)
    assert [(one.kind, one.what) for one in found.mismatches] == [("prompts", "60 of 60"), ("settings", "threshold")]
    [difference] = found.differences
    assert (difference.difference, difference.outcome, difference.p_value) == (None, None, None)
    assert difference.error == (
        "the runs differ in prompts: 60 of 60; settings: threshold "
        "(compare all the same: --across prompts --across settings)"
    )
    assert only(run, other, across=["prompts"]).error is not None
    again = compare(run, other, across=["settings", "prompts"])
    assert again.across == ["prompts", "settings"]
    assert again.mismatches == found.mismatches
    assert again.differences[0].difference == 0.0


def test_packages_are_named_and_do_not_matter(make: Callable[..., RunFolder]) -> None:
    found = compare(make("a", samples(RIGHT)), make("b", samples(RIGHT), packages={"torch": "2.14.0"}))
    assert [one.kind for one in found.mismatches] == ["package"]
    assert found.differences[0].difference == 0.0


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (RIGHT[:50], "10 not in the candidate"),
        ([*RIGHT[:50], *[None] * 10], "10 without a value in the candidate"),
    ],
)
def test_too_few_common_items(scores: list[float | None], words: str, make: Callable[..., RunFolder]) -> None:
    run, other = make("a", samples(RIGHT)), make("b", samples(scores))
    found = only(run, other)
    assert (found.difference, found.outcome, found.error) == (
        None, None, f"only 83 % of the items are scored in both runs: {words}",
    )  # fmt: skip
    assert (found.n, found.aligned) == (50, 50 / 60)
    fewer = only(run, other, min_aligned=0.8)
    assert (fewer.error, fewer.n, fewer.difference) == (None, 50, 0.0)
    assert fewer.missing == words


def test_other_items_never_pair_up(make: Callable[..., RunFolder]) -> None:
    other = [one.model_copy(update={"sample_id": f"{place:016x}"}) for place, one in enumerate(samples(RIGHT))]
    found = only(make("a", samples(RIGHT)), make("b", other), min_aligned=0.0)
    assert found.difference is None
    assert (found.error or "").startswith("no item has a value in both runs")


def test_clusters_must_be_the_same(make: Callable[..., RunFolder]) -> None:
    found = only(make("a", samples(RIGHT, cluster="x")), make("b", samples(RIGHT, cluster="y")))
    assert found.difference is None
    assert "is in cluster 'x' of the baseline and 'y' of the candidate" in (found.error or "")


def test_margin_and_confidence(make: Callable[..., RunFolder]) -> None:
    after = [*[0.0] * 9, *[1.0] * 21, *[1.0] * 6, *[0.0] * 24]
    run, other = make("a", samples(RIGHT)), make("b", samples(after))
    usual, wide = only(run, other), only(run, other, confidence=0.99, margin=0.5)
    assert (usual.margin, wide.margin) == (0.05, 0.5)
    assert (usual.outcome, wide.outcome) == ("too few items to tell", "no difference shown")
    assert usual.needed is not None
    assert wide.needed is not None
    assert usual.needed > 60 > wide.needed
    assert (wide.ci_low or 0) < (usual.ci_low or 0) < (usual.ci_high or 0) < (wide.ci_high or 0)


def test_metrics_of_one_run_are_listed(make: Callable[..., RunFolder]) -> None:
    run, other = make("a", samples(RIGHT)), make("b", samples(RIGHT))
    metrics = [one.model_copy(update={"slice": {"third": "c"}}) if one.slice else one for one in other.read_metrics()]
    assert compare(run, other, everything=True).only_baseline == []
    halves = [one for one in metrics if one.slice is None]
    other.write_metrics(halves)
    found = compare(run, sealed(other), everything=True)
    assert found.only_baseline == ["boolq/accuracy [half=a]", "boolq/accuracy [half=b]"]
    assert found.only_candidate == []
    assert compare(run, other).only_baseline == []


def test_the_other_direction_is_not_better(make: Callable[..., RunFolder]) -> None:
    run, other = make("a", samples(RIGHT)), make("b", samples([1.0] * 60))
    metrics = [one.model_copy(update={"higher_is_better": False}) for one in run.read_metrics()]
    run.write_metrics(metrics)
    found = only(sealed(run), other)
    assert (found.outcome, found.difference) == (None, None)
    assert (found.error or "").startswith("the runs differ in settings: higher is better")


@pytest.mark.parametrize(
    ("null", "error"),
    [
        ([0], "no value in the baseline: it broke"),
        ([1], "no value in the candidate: it broke"),
        ([0, 1], "no value in the baseline: it broke; no value in the candidate: it broke"),
    ],
)
def test_metrics_without_a_value_are_named_with_the_reason(
    null: list[int], error: str, make: Callable[..., RunFolder]
) -> None:
    runs = [make(name, samples(RIGHT)) for name in "ab"]
    gone = {"value": None, "ci_low": None, "ci_high": None, "ci_method": None, "definition": None, "error": "it broke"}
    for place in null:
        first, *others = runs[place].read_metrics()
        broken = first.model_copy(update={**gone, "n": 0})
        runs[place].write_metrics([broken, *others])
        manifest = runs[place].read_manifest()
        runs[place].write_manifest(manifest.model_copy(update={"status": "partial"}))
        sealed(runs[place])
    found = compare(*runs)
    assert [one.error for one in found.differences] == [error]
    assert (found.only_baseline, found.only_candidate) == ([], [])


def test_samples_are_read_once(make: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [make(name, samples(RIGHT)) for name in "ab"]
    read, original = [], RunFolder.read_samples

    def counted(self: RunFolder, suite: str, task: str) -> list[Sample]:
        read.append(self.path)
        return original(self, suite, task)

    monkeypatch.setattr(RunFolder, "read_samples", counted)
    assert len(compare(*runs, everything=True).differences) == 4
    assert sorted(read) == sorted(run.path for run in runs)


def test_models_known_by_name_only_are_marked(make: Callable[..., RunFolder]) -> None:
    run = make("a", samples(RIGHT))
    model = run.read_manifest().model
    named = make("b", samples(RIGHT), model=model.model_copy(update={"files": []}))
    found = compare(run, named)
    assert (found.baseline.by_name, found.candidate.by_name) == (False, True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tasks": ["bolq"]}, ConfigError, "bolq: neither run has a metric of this task. Did you mean 'boolq'?"),
        ({"across": ["prompt"]}, ConfigError, "prompt: no kind of mismatch: compare across data, prompts, "),
    ],
)
def test_what_is_unknown_is_refused(
    options: dict[str, Any], error: type[AuditError], message: str, make: Callable[..., RunFolder]
) -> None:
    with pytest.raises(error, match=message):
        compare(make("a", samples(RIGHT)), make("b", samples(RIGHT)), **options)


def test_runs_must_have_ended_and_be_sound(make: Callable[..., RunFolder]) -> None:
    run = make("a", samples(RIGHT))
    going_on = make("b", samples(RIGHT), status="running", finished=None)
    with pytest.raises(RunFolderError, match="this run has not ended"):
        compare(run, going_on)
    broken = make("c", samples(RIGHT))
    broken.metrics_path.write_text(broken.metrics_path.read_text().replace("0.5", "0.6", 1))
    for pair in ((run, broken), (broken, run)):
        with pytest.raises(EvidenceInvalid):
            compare(*pair)
