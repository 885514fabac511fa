"""A run and its replay: what is a difference, what is rounding, and what is named first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid
from audit.core.provenance import package_versions
from audit.core.records import AssetRecord, Choice, FileDigest, Mismatch, PluginRecord, SampledText
from audit.core.records.sample import FindingRecord
from audit.core.run_folder import RunFolder
from audit.gate.comparison import replay
from audit.gate.comparison.replay import compare_replay
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from audit.stats.recount import COMPUTING
from tests.reports.conftest import a_manifest, a_sample, an_attribution
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import Sample

Make = Any


def items(n: int = 4, **fields: Any) -> list[Sample]:
    return [a_sample("boolq", place, score=float(place % 2), **fields) for place in range(n)]


def with_first(given: list[Sample], **changes: Any) -> list[Sample]:
    return [given[0].model_copy(update=changes), *given[1:]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a run of these samples by task; keyword arguments change the manifest."""

    def made(name: str, given: Sequence[Sample], *more: Sequence[Sample], **changes: Any) -> RunFolder:
        tasks = {samples[0].task: samples for samples in (given, *more)}
        config = {"evals": {"tasks": [{"name": task} for task in tasks]}, "safety": {"tasks": []}}
        run = RunFolder.create(tmp_path / name, a_manifest(**{"config": config, **changes}))
        metrics = []
        for task, samples in tasks.items():
            common: dict[str, Any] = {"metric": "accuracy", "unit": "share", "higher_is_better": True}
            metrics += [
                measured(Mean(seed=1), samples, primary=True, **common),
                unscored_metric("evals", task, samples),
            ]
            run.write_samples("evals", task, samples)
        run.write_metrics(metrics)
        return sealed(run)

    return made


def test_a_run_equals_itself_whatever_time_it_took(make: Make) -> None:
    found = compare_replay(make("a", items(), run_id="first"), make("b", items(seconds=9.0), run_id="second"))
    assert found.equal
    assert (found.recorded, found.replayed) == ("first", "second")
    assert (found.causes, found.different, found.metrics) == ([], [], 2)
    [task] = found.tasks
    assert (task.recorded, task.replayed, task.largest, task.first) == (4, 4, 0.0, [])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"prompt_sha256": "f" * 64}, "prompts"),
        ({"reference": "other"}, "prompts"),
        ({"slices": {"half": "x"}}, "prompts"),
        ({"output": "another answer"}, "answers"),
        ({"thinking": "other"}, "answers"),
        ({"flags": ["truncated_prompt"]}, "answers"),
        ({"tokens_out": 77}, "answers"),
        ({"completions": [SampledText(text="new")]}, "answers"),
        ({"findings": [FindingRecord(kind="email", start=0, end=3)]}, "answers"),
        ({"scores": {"extra": 0.5}}, "scores"),
        ({"confidence": 0.9}, "scores"),
    ],
)
def test_every_part_of_an_item_is_compared(make: Make, changes: dict[str, Any], kind: str) -> None:
    before = items(completions=[SampledText(text="old")])
    [task] = compare_replay(make("a", before), make("b", with_first(before, **changes))).tasks
    assert {name: getattr(task, name) for name in ("prompts", "answers", "scores")} == {
        name: int(name == kind) for name in ("prompts", "answers", "scores")
    }
    assert task.first == [items()[0].sample_id]
    assert not task.equal


def test_keyed_digests_of_personal_data_are_no_results(make: Make) -> None:
    old, new = (with_first(items(), findings=[FindingRecord(kind="email", start=0, end=3, digest=d)]) for d in "ab")
    assert compare_replay(make("a", old), make("b", new)).equal


@pytest.mark.parametrize(
    ("before", "after", "equal"),
    [
        (-3.0, -3.00005, True),
        (-3.0, -3.01, False),
        (-90000.0, -90000.5, True),  # summed over many tokens
        (0.0, 0.00011, False),
    ],
)
def test_log_likelihoods_may_differ_by_rounding(make: Make, before: float, after: float, equal: bool) -> None:
    def choosing(first: float) -> list[Sample]:
        choice = Choice(options=[" yes", " no"], log_likelihoods=[first, -9.0], chosen=0)
        return with_first(items(), choice=choice)

    found = compare_replay(make("a", choosing(before)), make("b", choosing(after)))
    assert found.equal is equal
    assert math.isclose(found.tasks[0].largest, abs(before - after), rel_tol=1e-6)


def test_items_of_one_run_only_are_counted_and_metrics_named(make: Make) -> None:
    found = compare_replay(make("a", items(4)), make("b", items(3)))
    [task] = found.tasks
    assert (task.missing, task.added) == (1, 0)
    # 2 of 4 items are right, then 1 of 3
    assert any(line.startswith("boolq/accuracy: value 0.5, replayed 0.333333") for line in found.different)
    back = compare_replay(make("c", items(3)), make("d", items(4))).tasks[0]
    assert (back.missing, back.added) == (0, 1)


def test_a_task_of_one_run_only_differs_in_all_items(make: Make) -> None:
    more = [a_sample("asdiv", place, score=1.0) for place in range(2)]
    found = compare_replay(make("a", items(), more), make("b", items()))
    assert [(task.task, task.missing, task.equal) for task in found.tasks] == [("asdiv", 2, False), ("boolq", 0, True)]
    assert "asdiv/accuracy: the replay does not have it" in found.different
    assert not found.equal
    back = compare_replay(make("c", items()), make("d", items(), more))
    assert [(task.task, task.added, task.equal) for task in back.tasks] == [("asdiv", 2, False), ("boolq", 0, True)]


def test_another_interval_is_a_difference_and_no_fault(make: Make) -> None:
    """Though the packages are those that computed it."""
    versions = package_versions(COMPUTING)
    runs = make("a", items(), packages=versions), make("b", items(), packages=versions)
    changed = [
        one.model_copy(update={"ci_low": 0.125}) if one.metric == "accuracy" else one for one in runs[1].read_metrics()
    ]
    runs[1].write_metrics(changed)
    [line] = compare_replay(runs[0], sealed(runs[1])).different
    assert line.startswith("boolq/accuracy: ci_low ")
    assert line.endswith(", replayed 0.125")


@pytest.mark.slow
def test_the_settings_of_a_task_of_one_run_only_are_no_cause(make: Make) -> None:
    more = [a_sample("asdiv", place, score=1.0) for place in range(2)]
    settings = [{"asdiv": {"shots": shots}, "boolq": {"shots": 5}} for shots in (1, 2)]
    whole, part = make("a", items(), more, tasks=settings[0]), make("b", items(), tasks=settings[1])
    assert compare_replay(whole, part).causes == compare_replay(part, whole).causes == []
    assert compare_replay(whole, make("c", more, tasks=settings[1])).causes == ["settings shots of asdiv: 1, now 2"]


@pytest.mark.parametrize("place", [0, 1])
def test_both_runs_have_to_be_whole(make: Make, place: int) -> None:
    runs = make("a", items()), make("b", items())
    runs[place].write_metrics([])
    with pytest.raises(EvidenceInvalid, match=r"metrics\.json"):
        compare_replay(*runs)


@pytest.mark.slow
def test_a_part_is_compared_on_what_it_has(make: Make) -> None:
    more = [a_sample("asdiv", place, score=1.0) for place in range(2)]
    whole = make("a", items(), more)
    one_task = compare_replay(whole, make("b", items()), part=True)
    assert one_task.equal
    assert ([task.task for task in one_task.tasks], one_task.metrics) == (["boolq"], 2)
    two = {"evals": {"tasks": [{"name": "boolq", "limit": 2}]}, "safety": {"tasks": []}}
    fewer = compare_replay(whole, make("c", items(2), config=two), part=True)  # a metric of fewer items is another
    assert (fewer.equal, fewer.metrics, fewer.tasks[0].replayed) == (True, 0, 2)
    unnamed = compare_replay(whole, make("g", items(), config={"evals": {"tasks": []}}), part=True)
    assert [(task.task, task.replayed) for task in unnamed.tasks] == [("boolq", 4)]
    other = with_first(items(2), output="another answer")
    assert not compare_replay(whole, make("d", other), part=True).equal
    assert compare_replay(make("e", items(2)), make("f", items(3)), part=True).tasks[0].added == 1


def test_a_part_that_lost_items_is_no_equal_one(make: Make) -> None:
    """Only a smaller limit explains fewer items, and no limit explains a task without any."""
    more = [a_sample("asdiv", place, score=1.0) for place in range(2)]
    whole = make("a", items(), more)
    [task] = compare_replay(whole, make("b", items(3)), part=True).tasks
    assert (task.missing, task.equal) == (1, False)
    asked = {"evals": {"tasks": [{"name": "boolq", "limit": 2}, {"name": "asdiv", "limit": 1}]}}
    found = compare_replay(whole, make("c", items(2), config=asked), part=True)
    assert [(one.task, one.missing) for one in found.tasks] == [("asdiv", 2), ("boolq", 0)]
    assert not found.equal


def test_attributions_are_compared_of_whole_runs(make: Make) -> None:
    one = an_attribution(items()[0])
    runs = []
    for name, verdict in (("a", "believable"), ("b", "weak")):
        runs.append(make(name, items()))
        runs[-1].write_attribution(one.model_copy(update={"verdict": verdict}))
        sealed(runs[-1])
    found = compare_replay(*runs)
    assert [(task.suite, task.task, task.answers) for task in found.tasks] == [
        ("evals", "boolq", 0),
        ("explain", "occlusion", 1),
    ]
    assert [task.task for task in compare_replay(*runs, part=True).tasks] == ["boolq"]


def test_what_decides_results_is_named_the_checkpoint_first(make: Make) -> None:
    def fields(digest: str) -> dict[str, Any]:
        base = a_manifest()
        file = FileDigest(path="model.safetensors", kind="weights", sha256=digest * 64, size=1)
        model = base.model.model_copy(update={"digest": digest * 64, "files": [file], "dtype": f"float{digest}"})
        asset = AssetRecord(
            name="boolq", kind="dataset", source="folder", version="1", sha256=digest * 64, licence="MIT"
        )
        plugin = PluginRecord(name="mine", version=digest, sha256=digest * 64, used=[])
        used = {"boolq": ["boolq"]}
        return {
            "model": model, "assets": [asset], "task_assets": used, "packages": {"torch": digest}, "plugins": [plugin],
        }  # fmt: skip

    found = compare_replay(make("a", items(), **fields("1")), make("b", items(), **fields("2")))
    assert found.equal  # a cause is no difference of results
    assert found.causes == [
        f"another checkpoint: digest {'1' * 16}, now {'2' * 16}: model.safetensors",
        f"plug-in mine: 1, digest {'1' * 16}, was not used again",
        "dtype: float1, now float2",
        "package torch: 1, now 2",
        f"data boolq of boolq: {'1' * 64}, now {'2' * 64}",
    ]


def test_a_difference_of_several_files_names_them() -> None:
    files = {"a.json": "f" * 64, "b.json": "0" * 64}
    given = Mismatch(kind="data", task="boolq", what="quiz", baseline=files, candidate={})
    assert replay._text(given) == f"data quiz of boolq: a.json {'f' * 16}, b.json {'0' * 16}, now none"
