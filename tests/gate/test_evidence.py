"""Whatever is changed, lost, added or swapped in a finished run is found and named."""

from __future__ import annotations

import json
import os
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import AuditError, EvidenceInvalid, RunFolderError
from audit.core.records import DrivenAnswers, Drivers, Metric, RawOutput, Sample, Suite, digest_of
from audit.core.records.logged import LoggedTask
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.gate.evidence import check, files, seal
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from tests.core.test_contradictions import a_manifest
from tests.core.test_run_folder import make_attribution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def some_samples(suite: Suite, task: str, n: int, seed: int) -> list[Sample]:
    draw = random.Random(seed)  # noqa: S311 - made-up data
    return [
        Sample(
            sample_id=digest_of(task, index)[:16],
            suite=suite,
            task=task,
            cluster=f"template {index // 3}" if suite == "safety" else None,
            prompt=f"Question {index}?",
            score=float(draw.random() < 0.6),
            scores={"length": draw.uniform(1, 40)},
            slices={"topic": draw.choice(["science", "history"])},
        )
        for index in range(n)
    ]


def metrics_of(samples: list[Sample]) -> list[Metric]:
    accuracy, length = Mean(scale=100.0, seed=7), Mean(of="scores.length", seed=7)
    percent: dict[str, Any] = {"metric": "accuracy", "unit": "percent", "higher_is_better": True}
    return [
        measured(accuracy, samples, primary=True, **percent),
        measured(length, samples, metric="length", unit="tokens", higher_is_better=True),
        unscored_metric(samples[0].suite, samples[0].task, samples),
        measured(accuracy, samples, slice={"topic": "history"}, **percent),
    ]


def write_run(out: Path, seed: int = 1) -> RunFolder:
    """A finished run with every kind of file."""
    run = RunFolder.create(out, a_manifest(run_id=f"20260131T120000Z-tiny-00000{seed}"))
    metrics = []
    suites: tuple[tuple[Suite, str], ...] = (("evals", "boolq"), ("safety", "pairs"))
    for suite, task in suites:
        samples = some_samples(suite, task, 40, seed)
        run.write_samples(suite, task, samples)
        metrics += metrics_of(samples)
    run.write_metrics(metrics)
    run.write_attribution(make_attribution(values=[0.5, -0.25 * seed]))
    run.write_drivers(
        Drivers(method="occlusion", asked=seed, groups=[DrivenAnswers(answers="error", samples=0, tested=[])])
    )
    run.write_logged(LoggedTask(task="boolq", version=seed, results={}, config={}))
    run.write_raw([RawOutput(suite="evals", task="boolq", sample_id="1", output=f"call {seed}")])
    seal(run)
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that every test leaves as it found it."""
    return write_run(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of the same tasks on other answers."""
    return write_run(tmp_path_factory.mktemp("other"), seed=2)


@pytest.fixture
def run(whole: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy, to change at will."""
    return RunFolder.open(shutil.copytree(whole.path, tmp_path / "copy"))


def test_a_run_is_whole_if_it_is_complete_and_its_files_are_as_it_left_them(run: RunFolder) -> None:
    assert evidence.is_whole(run)
    manifest = run.read_manifest()
    for update in ({"status": "partial"}, {"status": "running", "finished": None}):
        seal(run, manifest.model_copy(update=update))
        assert evidence.is_whole(run) is False
    run.write_manifest(manifest.model_copy(update={"evidence": {}}))
    assert not evidence.is_whole(run)
    seal(run, manifest)
    assert evidence.is_whole(run)
    run.drivers_path.unlink()
    assert not evidence.is_whole(run)
    run.drivers_path.mkdir()
    assert evidence.is_whole(run) is False


def test_a_finished_run_is_sound_wherever_it_is_copied(whole: RunFolder, run: RunFolder) -> None:
    check(whole)
    check(run)
    assert sorted(run.read_manifest().evidence) == [
        "attributions/f00d.json",
        "drivers.json",
        "logged/boolq.json.gz",
        "manifest.json",
        "metrics.json",
        "raw.jsonl",
        "samples/evals/boolq.parquet",
        "samples/safety/pairs.parquet",
    ]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_digests_are_those_of_sha256sum(whole: RunFolder) -> None:
    """Anybody can check them without this program."""
    import subprocess

    listed = {name: digest for name, digest in whole.read_manifest().evidence.items() if name != "manifest.json"}
    lines = "".join(f"{digest}  {name}\n" for name, digest in listed.items())
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet"], cwd=whole.path, input=lines, text=True, check=True)


def refused(run: RunFolder) -> str:
    """Why a run is refused; fails where it is not."""
    with pytest.raises(AuditError) as caught:
        check(run)
    assert isinstance(caught.value, EvidenceInvalid | RunFolderError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
@given(st.data())
def test_one_flipped_bit_is_found_wherever_it_is(whole: RunFolder, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(whole)))
    content = path.read_bytes()
    place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(content)
    flipped[place] ^= 1 << bit
    try:
        path.write_bytes(bytes(flipped))
        assert str(whole.path) in refused(whole)
    finally:
        path.write_bytes(content)


@pytest.mark.slow
@given(st.data())
def test_a_file_cut_short_is_found(whole: RunFolder, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(whole)))
    content = path.read_bytes()
    try:
        path.write_bytes(content[: data.draw(st.integers(0, len(content) - 2))])  # the last byte may be a newline
        assert path.name in refused(whole)
    finally:
        path.write_bytes(content)


def names(run: RunFolder) -> list[str]:
    return [str(path.relative_to(run.path)) for path in files(run)]


def test_every_file_that_is_lost_is_named(run: RunFolder) -> None:
    for name in names(run):
        if name in {"manifest.json", "raw.jsonl"}:
            continue
        content = (run.path / name).read_bytes()
        (run.path / name).unlink()
        assert f"{name}: evidence invalid: it is missing" in refused(run)
        (run.path / name).write_bytes(content)
    check(run)


def test_outputs_in_the_clear_may_be_taken_out_but_not_changed(run: RunFolder) -> None:
    run.raw_path.write_text("{}\n")
    assert "raw.jsonl: evidence invalid: it was changed" in refused(run)
    run.raw_path.unlink()
    check(run)


def test_every_file_of_another_run_is_found(run: RunFolder, other: RunFolder) -> None:
    check(other)
    for name in names(run):
        content = (run.path / name).read_bytes()
        shutil.copyfile(other.path / name, run.path / name)
        assert "evidence invalid: it was changed after the run ended, or belongs to another run" in refused(run)
        (run.path / name).write_bytes(content)
    check(run)


@pytest.mark.parametrize(
    "name",
    [
        "samples/evals/extra.parquet",
        "samples/more/pairs.parquet",
        "samples/notes.txt",
        "attributions/beef.json",
        "attributions/deep/beef.json",
        "logged/extra.json.gz",
        "embeddings/evals/extra.parquet",
        "ratings.json",
    ],
)
def test_a_file_that_the_run_did_not_leave_is_found(name: str, run: RunFolder) -> None:
    (run.path / name).parent.mkdir(parents=True, exist_ok=True)
    (run.path / name).write_bytes(run.samples_path("evals", "boolq").read_bytes())
    assert f"{name}: evidence invalid: it does not belong to the run" in refused(run)


def test_what_is_no_evidence_may_come_and_go(run: RunFolder) -> None:
    (run.path / "report").mkdir()
    for name in ("report/index.html", "notes.txt", "journal.sqlite", "samples/.DS_Store", "attributions/.x.tmp"):
        (run.path / name).write_text("anything")
    check(run)


def test_a_hidden_folder_is_neither_listed_nor_read(run: RunFolder) -> None:
    hidden = run.path / "samples" / ".evals"
    shutil.copytree(run.path / "samples" / "evals", hidden)
    check(run)
    assert run.tasks() == [("evals", "boolq"), ("safety", "pairs")]


@pytest.mark.parametrize(
    "name", ["manifest.json", "metrics.json", "samples", "samples/evals", "attributions/f00d.json"]
)
def test_a_link_out_of_the_folder_is_refused_whatever_it_leads_to(name: str, run: RunFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (run.path / name).rename(elsewhere)
    (run.path / name).symlink_to(elsewhere)
    assert f"{name}: evidence invalid: it is a link out of the run folder" in refused(run)


def test_a_link_inside_the_folder_is_as_good_as_the_file(run: RunFolder) -> None:
    run.metrics_path.rename(run.path / "the metrics")
    run.metrics_path.symlink_to("the metrics")
    check(run)


def test_a_pipe_in_place_of_a_file_does_not_hang(run: RunFolder) -> None:
    path = run.samples_path("evals", "boolq")
    path.unlink()
    os.mkfifo(path)
    assert "it is not a file" in refused(run)


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "20260131T120000Z-other-0a1b2c"},
        {"status": "complete", "warnings": []},
        {"finished": "2027-01-31T12:01:00Z"},
        {"seeds": {"run": 8}},
        {"model": a_manifest().model.model_dump() | {"digest": "f" * 64}},
    ],
)
def test_a_manifest_that_was_edited_is_found(changes: dict[str, Any], tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, a_manifest(status="partial", warnings=["slow"]))
    seal(run)
    check(run)
    written = json.loads(run.manifest_path.read_text())
    run.manifest_path.write_text(json.dumps(written))
    check(run)  # formatted otherwise, and the same
    run.manifest_path.write_text(json.dumps(written | changes))
    assert "manifest.json: evidence invalid: it was changed after the run ended" in refused(run)


def test_a_run_that_ended_without_digests_is_refused(run: RunFolder) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"evidence": {}}))
    message = refused(run)
    assert "holds no digests" in message
    assert f"audit run --resume {run.path}" in message


def test_a_run_that_is_going_on_has_no_digests_yet(run: RunFolder) -> None:
    begun = {"status": "running", "finished": None, "evidence": {}}
    run.write_manifest(run.read_manifest().model_copy(update=begun))
    run.samples_path("evals", "boolq").unlink()
    check(run)


def test_a_complete_run_has_metrics(run: RunFolder) -> None:
    run.metrics_path.unlink()
    seal(run)
    assert "status complete, though the run holds no metrics.json" in refused(run)


def resealed(run: RunFolder, change: Callable[[list[dict[str, Any]]], object]) -> str:
    """Change the metrics and seal the run again, as somebody would who knows how; why it is refused."""
    metrics = json.loads(run.metrics_path.read_text())
    change(metrics)
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    return refused(run)


def test_a_better_value_under_new_digests_is_found_by_the_samples(run: RunFolder) -> None:
    [accuracy] = [m for m in run.read_metrics() if m.name == "boolq/accuracy" and m.slice is None]
    scores = [sample.score for sample in run.read_samples("evals", "boolq")]
    assert accuracy.value == pytest.approx(100 * sum(score or 0 for score in scores) / len(scores))
    message = resealed(run, lambda metrics: metrics[0].update(value=90.0, ci_high=95.0))
    assert f"boolq/accuracy is 90, the samples give {accuracy.value:.6g}" in message


def test_narrower_intervals_under_new_digests_are_found(run: RunFolder) -> None:
    message = resealed(run, lambda metrics: metrics[0].update(ci_low=metrics[0]["value"] - 1))
    assert "the interval of boolq/accuracy is" in message


def test_intervals_are_computed_again_where_they_are_judged(run: RunFolder) -> None:
    """Of the length, no primary metric, only where a rule is about it."""
    metrics = json.loads(run.metrics_path.read_text())
    metrics[1]["ci_high"] += 1
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    check(run)
    with pytest.raises(EvidenceInvalid, match="the interval of boolq/length"):
        check(run, {"boolq/length"})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"n": 39}, "does not account for all 40 samples: n 39, missing 0, unscored 0"),
        ({"n": 39, "definition": None}, "does not account for all 40 samples"),
        ({"n": 39, "missing": 1}, "has n 39, missing 1, the samples give n 40, missing 0"),
        ({"n": 1000}, "has n 1000, missing 0, the samples give n 40, missing 0"),
        ({"n": 1000, "definition": None}, "covers 1000 items, but the task has 40 samples"),
        ({"definition": {"name": "median"}}, "no known function is called 'median'"),
        ({"definition": {"name": "mean", "of": "score", "power": 2}}, "cannot be computed"),
    ],
)
def test_counts_and_definitions_have_to_fit_the_samples(change: dict[str, Any], expected: str, run: RunFolder) -> None:
    assert expected in resealed(run, lambda metrics: metrics[0].update(change))


def test_samples_that_could_not_be_scored_cannot_be_left_out(run: RunFolder) -> None:
    samples = run.read_samples("evals", "boolq")
    lost = samples[0].model_copy(update={"score": None, "error": "NaN logits"})
    run.write_samples("evals", "boolq", [lost, *samples[1:]])
    without = metrics_of(samples)
    [good] = [m for m in metrics_of([lost, *samples[1:]]) if m.name == "boolq/accuracy" and m.slice is None]
    run.write_metrics([good, without[2]])
    seal(run)
    assert "boolq/unscored is 0, the samples give 1" in refused(run)


def test_samples_are_those_of_their_task_and_each_is_there_once(run: RunFolder) -> None:
    samples = run.read_samples("evals", "boolq")
    run.write_samples("evals", "boolq", [*samples[:-1], samples[0]])
    seal(run)
    assert f"it holds sample {samples[0].sample_id} twice" in refused(run)
    shutil.copyfile(run.samples_path("safety", "pairs"), run.samples_path("evals", "boolq"))
    seal(run)
    assert "it holds a sample of safety/pairs" in refused(run)


def test_metrics_of_samples_that_are_gone_are_found_under_new_digests(run: RunFolder) -> None:
    run.samples_path("safety", "pairs").unlink()
    seal(run)
    assert "pairs/accuracy was measured on it" in refused(run)


def test_a_manifest_that_contradicts_itself_is_invalid(run: RunFolder) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"finished": None}))
    with pytest.raises(EvidenceInvalid, match=r"manifest\.json: evidence invalid: (?!it was changed)"):
        evidence.check(run)


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"gone: cannot be read: No such file"):
        evidence.file_digest(tmp_path / "gone")
