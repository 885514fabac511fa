"""A run folder whose numbers do not follow from its samples is refused, whatever was edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core import names, provenance
from audit.core.errors import EvidenceInvalid
from audit.core.records import Metric, NotRun, Sample, SampledText
from audit.core.run_folder import RunFolder
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import (
    Count,
    FlaggedCompletions,
    Mean,
    MeanOfCompletions,
    Members,
    Unscored,
    UnscoredCompletions,
    WorstCase,
    measured,
)
from audit.stats.recompute import recomputed_metrics
from audit.stats.records import Records
from audit.stats.recount import COMPUTING, Recount
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAMPLES = [
    Sample(
        sample_id=str(i),
        suite="evals",
        task="sums",
        prompt="?",
        score=float(i % 3 > 0),
        reference="a b c",
        output="a b d",
    )
    for i in range(12)
]
ACCURACY = measured(Mean(), SAMPLES, metric="accuracy", unit="share", higher_is_better=True, primary=True)
COUNT = unscored_metric("evals", "sums", SAMPLES)
GROUP = measured(
    Members(members={"sums": Unscored().written()}, total=True),
    SAMPLES,
    metric="unscored",
    unit="count",
    higher_is_better=False,
    about=("evals", "group"),
)
DRIVEN = unscored_metric("explain", "drivers", [])
BARE = ACCURACY.model_copy(update={"name": "sums/f1", "metric": "f1", "definition": None})


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, a_manifest(tasks={"group": {"members": ["sums"]}}))
    folder.write_samples("evals", "sums", SAMPLES)
    folder.write_metrics([ACCURACY, COUNT, GROUP, BARE])
    return folder


@pytest.fixture
def refused(run: RunFolder) -> Callable[..., str]:
    def check(*metrics: Metric, judged: tuple[str, ...] | None = None, **manifest: Any) -> str:
        try:
            Recount(run, run.read_manifest().model_copy(update=manifest), metrics).check(judged, Records(run))
        except EvidenceInvalid as error:
            return str(error)
        return ""

    return check


def test_a_sound_run_gives_its_metrics_again(run: RunFolder, refused: Callable[..., str]) -> None:
    assert refused(*run.read_metrics()) == ""
    assert recomputed_metrics(run) == [ACCURACY, COUNT, GROUP]


def test_what_differs_is_refused(refused: Callable[..., str]) -> None:
    better = {"value": 0.9, "ci_high": 0.99}
    assert "sums/accuracy is 0.9, the samples give 0.666667" in refused(ACCURACY.model_copy(update=better))
    bare = COUNT.model_copy(update={"definition": None, "value": 2.0})
    assert "sums/unscored is 2, the samples give 0" in refused(bare)
    assert "group/unscored is 5, the samples give 0" in refused(GROUP.model_copy(update={"value": 5.0}))
    assert "sums/f1 covers 13 items, but the task has 12" in refused(BARE.model_copy(update={"n": 13}))
    assert "sums/f1 does not account for all 12 samples" in refused(BARE.model_copy(update={"n": 11}))
    unknown = ACCURACY.model_copy(update={"definition": {"name": "median"}})
    assert (
        "sums.parquet: evidence invalid: sums/accuracy has a definition that cannot be computed: no known"
        in refused(unknown)
    )
    skipped = {"not_run": [NotRun(suite="evals", task="sums", reason="no data")]}
    assert "manifest.json: evidence invalid: it says that sums did not run" in refused(
        ACCURACY, config={"evals": {"tasks": [{"name": "sums"}]}}, **skipped
    )


@pytest.mark.parametrize(
    ("counts", "fault"),
    [
        ({"n": 12, "missing": 1}, "covers 13 items, but the task has 12 samples"),
        ({"n": 10, "missing": 2}, ""),
        ({"n": 10, "missing": 1}, "does not account for all 12 samples: n 10, missing 1, unscored 0"),
        ({"n": 3, "unit": "count"}, ""),
        ({"n": 3, "value": None, "error": "lost"}, ""),
        ({"n": 3, "slice": {"half": "a"}}, ""),
        ({"n": 13, "slice": {"half": "a"}}, "covers 13 items, but the task has 12 samples"),
        ({"n": 13, "slice": {"half": "a"}, "metric": "unscored"}, "covers 13 items, but the task has 12 samples"),
    ],
)
def test_a_metric_without_a_definition_is_about_the_samples_there_are(
    counts: dict[str, Any], fault: str, refused: Callable[..., str]
) -> None:
    found = refused(BARE.model_copy(update={"ci_low": None, "ci_high": None, "ci_method": None, **counts}))
    assert (f"sums.parquet: evidence invalid: sums/f1 {fault}: restore" in found) if fault else found == ""
    assert bool(found) == bool(fault)


def test_what_could_not_be_scored_counts_too_and_probes_look_at_texts(
    run: RunFolder, refused: Callable[..., str]
) -> None:
    lost = [sample.model_copy(update={"error": "lost"} if i < 2 else {}) for i, sample in enumerate(SAMPLES)]
    run.write_samples("evals", "sums", lost)
    assert refused(BARE.model_copy(update={"n": 10})) == ""
    assert "n 9, missing 0, unscored 2" in refused(BARE.model_copy(update={"n": 9}))
    texts = {"suite": "safety", "task": "pairs", "completions": [SampledText(text="x", value=0.5)] * 2}
    run.write_samples("safety", "pairs", [sample.model_copy(update=texts) for sample in SAMPLES])
    run_of_probe = RunFolder(run.path)
    of_texts = measured(
        MeanOfCompletions(),
        run_of_probe.read_samples("safety", "pairs"),
        metric="rate",
        unit="share",
        higher_is_better=False,
    )
    assert of_texts.n == 24
    assert refused(of_texts) == ""


def test_intervals_are_computed_again_with_the_packages_of_the_run(refused: Callable[..., str]) -> None:
    """Of what is judged, or of primary metrics; other versions may give other resamples."""
    wrong = ACCURACY.model_copy(update={"ci_low": 0.123})
    other = wrong.model_copy(update={"name": "sums/other", "metric": "other", "primary": False})
    versions = provenance.package_versions(COMPUTING)
    assert set(versions) == {"checkpoint-audit", "numpy", "scipy"}
    said = "sums.parquet: evidence invalid: the interval of sums/{} is 0.123 to"
    for metric, judged, fault in (
        (wrong, None, "accuracy"),
        (other, None, ""),
        (other, ("sums/other",), "other"),
        (wrong, ("sums/other",), ""),
        (wrong, (), ""),
    ):
        found = refused(metric, judged=judged, packages=versions)
        assert (said.format(fault) in found) == bool(fault)
        assert bool(found) == bool(fault)
    for name in versions:
        assert refused(wrong, packages=versions | {name: "0.0"}) == ""
        assert refused(wrong, packages={one: version for one, version in versions.items() if one != name}) == ""
    assert "is 0.9, the samples give" in refused(
        ACCURACY.model_copy(update={"value": 0.9, "ci_high": 0.99}), packages={}
    )


def counted(name: str, value: float, definition: Any) -> Metric:
    """A count of the task as somebody may have edited it."""
    return COUNT.model_copy(
        update={"name": f"sums/{name}", "metric": name, "value": value, "definition": definition.written()}
    )


def test_answers_may_be_counted_where_items_have_several(run: RunFolder, refused: Callable[..., str]) -> None:
    cut = {"flags": ["truncated_output"], "completions": [SampledText(text="", flags=["truncated_output"])] * 2}
    run.write_samples("evals", "sums", [SAMPLES[0].model_copy(update=cut), *SAMPLES[1:]])
    answers = FlaggedCompletions(flags=("truncated_output",), seed=3)
    made = counted("truncated_outputs", 2.0, answers).model_copy(update={"n": 2})
    assert refused(made) == ""
    hidden = Members(members={"sums": answers.written()}, total=True).written()
    assert "is defined as something else" not in refused(
        GROUP.model_copy(
            update={"name": "group/truncated_outputs", "metric": "truncated_outputs", "definition": hidden}
        )
    )
    assert "is defined as something else" in refused(
        counted("truncated_prompts", 0.0, FlaggedCompletions(flags=("truncated_prompt",)))
    )
    one = SAMPLES[0].model_copy(update={"flags": ["truncated_output"]})  # no completion would be counted
    run.write_samples("evals", "sums", [one, *SAMPLES[1:]])
    assert "is defined as something else" in refused(made.model_copy(update={"value": 0.0, "n": 0}))


def test_a_count_counts_what_its_name_says(run: RunFolder, refused: Callable[..., str]) -> None:
    lost = {"score": None, "error": "lost", "flags": ["truncated_output"], "completions": [SampledText(text="")]}
    run.write_samples("evals", "sums", [SAMPLES[0].model_copy(update=lost), *SAMPLES[1:]])
    redacted, texts = Count(flags=("redacted",)), UnscoredCompletions()
    for name in ("unscored", "truncated_outputs", "truncated_prompts", "unparsed_answers"):
        assert f"sums/{name} is defined as something else" in refused(counted(name, 0.0, redacted))
    assert "is defined as something else" in refused(counted("unscored", 0.0, Unscored(where={"kind": "rare"})))
    assert "is defined as something else" in refused(counted("truncated_outputs", 1.0, texts))
    assert "is defined as something else" in refused(counted("unscored", 0.0, Unscored(explained=())))
    hidden = Members(members={"sums": redacted.written()}, total=True)
    assert "is defined as something else" in refused(GROUP.model_copy(update={"definition": hidden.written()}))
    broken = Members(members={"sums": {"name": "nothing"}}, total=True)
    assert "cannot be computed" in refused(GROUP.model_copy(update={"definition": broken.written()}))
    assert refused(counted("unscored", 1.0, Unscored(seed=3))) == ""
    assert refused(counted("truncated_outputs", 1.0, Count(flags=("truncated_output",), seed=3))) == ""
    assert refused(counted("unscored", 1.0, texts).model_copy(update={"n": 1})) == ""
    assert refused(counted("unscored", 1.0, Unscored(resamples=500))) == ""
    part = counted("unscored", 0.0, Unscored(where={"half": "a"})).model_copy(update={"slice": {"half": "a"}})
    assert "is defined as something else" not in refused(part)


def test_the_count_of_a_group_is_the_sum_of_its_members(run: RunFolder, refused: Callable[..., str]) -> None:
    run.write_samples("evals", "hard", [sample.model_copy(update={"task": "hard"}) for sample in SAMPLES])
    both = {"tasks": {"group": {"members": ["sums", "hard"]}}}

    def group(total: bool, **members: Any) -> Metric:
        rule = Members(members={name: one.written() for name, one in members.items()}, total=total)
        return GROUP.model_copy(update={"definition": rule.written(), "n": 24})

    redacted = Count(flags=("redacted",))
    assert refused(group(True, sums=Unscored(), hard=Unscored()), **both) == ""
    for found in (
        refused(group(False, sums=Unscored(), hard=Unscored()), **both),
        refused(group(True, sums=Unscored(), hard=redacted), **both),
        refused(group(True, sums=redacted, hard=Unscored()), **both),
    ):
        assert "group.parquet: evidence invalid: group/unscored is defined as something else" in found


def test_what_could_not_be_explained_is_counted_among_what_was_to_be(refused: Callable[..., str]) -> None:
    count = COUNT.model_copy(
        update={
            "suite": "explain", "task": "occlusion", "name": "occlusion/unscored", "value": 2.0, "n": 2,
            "definition": Unscored(explained=("x", "y")).written(),
        }
    )  # fmt: skip
    assert refused(count) == ""
    assert "attributions: evidence invalid: occlusion/unscored is 1, the samples give 2" in refused(
        count.model_copy(update={"value": 1.0})
    )


def test_a_metric_of_a_benchmark_is_about_every_sample(run: RunFolder, refused: Callable[..., str]) -> None:
    halves = [s.model_copy(update={"slices": {"half": "a" if s.score else "b"}}) for s in SAMPLES]
    run.write_samples("evals", "sums", halves)
    easy = measured(
        Mean(where={"half": "a"}), halves, metric="accuracy", unit="share", higher_is_better=True, primary=True
    )
    assert (easy.value, easy.n) == (1.0, 8)
    assert "sums/accuracy does not account for all 12 samples: n 8" in refused(easy)
    assert refused(easy.model_copy(update={"slice": {"half": "a"}})) == ""


def test_bounds_of_cut_answers_are_there_and_are_those(run: RunFolder, refused: Callable[..., str]) -> None:
    cut = [s.model_copy(update={"flags": ["truncated_output"] if i < 4 else []}) for i, s in enumerate(SAMPLES)]
    run.write_samples("evals", "sums", cut)

    def metric(name: str, definition: Mean, **fields: Any) -> Metric:
        return measured(definition, cut, metric=name, unit="share", higher_is_better=True, **fields)

    share = metric("accuracy", Mean())
    wrong, right = metric("accuracy_if_cut_wrong", Mean(if_cut=0.0)), metric("accuracy_if_cut_right", Mean(if_cut=1.0))
    # Items 1 and 2 of the four that were cut were scored as right, 0 and 3 as wrong.
    assert (share.value, wrong.value, right.value) == (8 / 12, 6 / 12, 10 / 12)
    assert refused(share, wrong, right) == ""
    assert "sums.parquet: evidence invalid: sums/accuracy lacks its bound accuracy_if_cut_wrong" in refused(
        share, right
    )
    assert "sums/accuracy lacks its bound accuracy_if_cut_right" in refused(share, wrong)
    raised = metric("accuracy_if_cut_wrong", Mean(if_cut=1.0))
    assert "sums/accuracy_if_cut_wrong is not defined as sums/accuracy with cut answers scored as 0" in refused(
        share, raised, right
    )
    assert "is not defined as" in refused(share, wrong.model_copy(update={"definition": None}), right)
    assert "sums/accuracy scores cut answers as 1" in refused(metric("accuracy", Mean(if_cut=1.0)), wrong, right)


@pytest.mark.parametrize(
    "definition",
    [
        {"name": ["mean"]},
        {"name": "mean", "of": 5},
        {"name": "mean", "power": 2},
        {"name": "mean", "where": [1]},
        {"name": "mean", "cluster": {}},
        {"name": "mean", "explained": 5},
        {"name": "mean", "seed": -1},
        {"name": "mean", "resamples": 0},
        {"name": "mean", "resamples": 100_001},
        {"name": "sign_flip_p", "resamples": 10**15},
        {"name": "auroc", "of": "score", "by": "half", "positive": "a", "negative": "b", "resamples": 0},
        {"name": "members", "members": 5},
        {"name": "members", "members": {"sums": 5}},
        {"name": "members", "members": {"sums": {"name": "mean", "of": 5}}},
        {"name": "label_auroc", "among": "all"},
        {"name": "corpus", "metric": "rouge"},
        {"name": "corrected_share", "agreement": 5},
        {"name": "count", "flags": 5},
        {"name": "conditional_share", "given": "scores.none"},
        {"name": "largest_gap", "by": "none"},
        {"name": "groups_alike", "by": "none", "over": "half"},
    ],
)
def test_a_definition_edited_by_hand_is_refused_whatever_it_says(
    definition: dict[str, Any], run: RunFolder, refused: Callable[..., str]
) -> None:
    more = {"completions": [SampledText(text="a", value=0.5)], "slices": {"half": "a"}}
    run.write_samples("evals", "sums", [sample.model_copy(update=more) for sample in SAMPLES])
    assert "evidence invalid: sums/accuracy" in refused(ACCURACY.model_copy(update={"definition": definition}))


def test_what_a_metric_was_measured_on_must_be_there(run: RunFolder, refused: Callable[..., str]) -> None:
    run.samples_path("evals", "sums").unlink()
    for metric in (ACCURACY, GROUP):
        assert f"sums.parquet: evidence invalid: it is missing, although {metric.name} was measured on it" in refused(
            metric
        )
    assert "drivers.parquet: evidence invalid: it is missing" in refused(DRIVEN)
    explained = ACCURACY.model_copy(update={"definition": Mean(explained=("x",)).written()})
    assert "attributions: evidence invalid: sums/accuracy has n 12" in refused(explained)


def test_a_group_is_the_score_of_all_its_members(run: RunFolder, refused: Callable[..., str]) -> None:
    """A member whose answers are bad cannot be left out, nor one be added that is not of the group."""
    wrong = [sample.model_copy(update={"task": "hard", "score": 0.0}) for sample in SAMPLES]
    run.write_samples("evals", "hard", wrong)

    def group(*members: str) -> Metric:
        rule = Members(members={task: Mean().written() for task in members})
        about: Any = ("evals", "group")
        return measured(rule, [*SAMPLES, *wrong], metric="accuracy", unit="share", higher_is_better=True, about=about)

    both = {"tasks": {"group": {"members": ["sums", "hard"]}}}
    assert (group("sums").value, group("sums", "hard").value) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert refused(group("sums", "hard"), **both) == ""
    assert refused(group("hard", "sums"), **both) == ""
    assert "metrics.json: evidence invalid: group/accuracy is not the score of the members of group: hard" in refused(
        group("sums"), **both
    )
    assert "group/accuracy is not the score of the members of group: hard" in refused(group("sums", "hard"))
    assert "the manifest does not list the members of group" in refused(group("sums"), tasks={})
    many = {"tasks": {"group": {"members": ["sums", *"hgfedcbijk"]}}}
    assert "the members of group: a is missing" in refused(group("sums", "a"), **many)


def test_metrics_of_the_audits_own_tasks_have_a_definition(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, a better value would be tied to the run by the digest of metrics.json alone."""
    better = BARE.model_copy(update={"value": 0.99, "ci_high": 1.0})
    null = BARE.model_copy(update={"name": "sums/other", "metric": "other", "value": None, "error": "lost"})
    count = COUNT.model_copy(update={"definition": None})
    manifest = run.read_manifest()
    Recount(run, manifest, [better, null, count]).check((), Records(run))
    monkeypatch.setattr(names, "TASKS", ("sums",))
    Recount(run, manifest, [null, count, ACCURACY]).check((), Records(run))
    for part, shown in ((None, ""), ({"half": "a"}, r" with slice \{'half': 'a'\}")):
        with pytest.raises(
            EvidenceInvalid, match=rf"metrics\.json: evidence invalid: sums/f1{shown} has no definition, which"
        ):
            Recount(run, manifest, [better.model_copy(update={"slice": part})]).check((), Records(run))
    run.samples_path("evals", "sums").unlink()
    with pytest.raises(EvidenceInvalid, match="sums/unscored has no definition"):
        Recount(run, manifest, [count]).check((), Records(run))


def test_samples_of_another_task_and_twice_the_same(run: RunFolder, refused: Callable[..., str]) -> None:
    run.write_samples("evals", "sums", [*SAMPLES[:-1], SAMPLES[0]])
    assert "sums.parquet: evidence invalid: it holds sample 0 twice" in refused()
    run.write_samples("evals", "sums", [SAMPLES[0].model_copy(update={"task": "others"})])
    assert "it holds a sample of evals/others" in refused()


def test_a_metric_of_items_that_were_asked_several_times_need_not_cover_every_sample(
    refused: Callable[..., str],
) -> None:
    two = ACCURACY.model_copy(update={"definition": WorstCase().written()})
    assert "does not account for" not in refused(two.model_copy(update={"n": 6}))
    assert "does not account for all 12 samples" in refused(ACCURACY.model_copy(update={"n": 6}))
