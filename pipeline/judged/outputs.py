"""The outputs of one task of a run, judged: a run folder of its own, whose numbers derive from its samples.

The run itself is not touched: its evidence stays what was measured, decided and signed. The new folder has the same
checkpoint, task, sample ids, prompts and outputs, so that ratings of outputs, the gate, reports and ``audit verify
--recompute`` treat it as any other.
"""

from __future__ import annotations

import statistics
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

from audit.core import provenance
from audit.core.errors import UsageError
from audit.core.filesystem import make_folder
from audit.core.records import AssetRecord, Flag, RunManifest, Sample, digest_of
from audit.core.run_folder import RunFolder
from audit.engine.journal import Journal
from audit.gate import evidence
from audit.pipeline.judged.kept import AGAIN
from audit.pipeline.judged.metrics import LABEL, SAME, metrics_of
from audit.ratings.drawing import drawn
from audit.safety.judges.answered import first_answer, is_answered
from audit.safety.judges.asking import JudgedText
from audit.safety.privacy.redaction import holds_personal_data
from audit.stats.recount import COMPUTING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from audit.core.progress import Progress
    from audit.core.records import Metric
    from audit.engine import Engine
    from audit.safety.judges.measured import JudgeMeasurement
    from audit.safety.judges.rubric import Rubric
    from audit.safety.judges.verdicts import RubricJudge, RubricVerdict

AT_ONCE = 16
"""Outputs between two reports of progress; each answer is in the journal before."""


@dataclass(frozen=True)
class JudgedTask:
    """What is judged."""

    run: RunFolder
    """The run, whose evidence has been checked."""
    suite: str
    """Suite of the task."""
    task: str
    """The task."""
    other: RunFolder | None = None
    """The run with the answers to compare with; None on a scale."""

    def samples(self) -> list[tuple[Sample, str | None]]:
        """The samples of the task, each with the answer of the other run; of several answers to an item the first.

        The output that is shown of several is not one at random: it may be the worst.

        Raises:
            RunFolderError: The task has no samples.
        """
        mine = [first_answer(sample) for sample in self.run.read_samples(self.suite, self.task)]
        if self.other is None:
            return [(sample, None) for sample in mine]
        others = map(first_answer, self.other.read_samples(self.suite, self.task))
        theirs = {one.sample_id: one for one in others if is_answered(one)}
        return [_next_to(sample, theirs.get(sample.sample_id)) for sample in mine]


@dataclass(frozen=True)
class WithLabels:
    """People's labels of outputs of the run, by sample."""

    name: str
    """Of the file."""
    numbers: Mapping[str, Sequence[float]]
    """Numbers of the rubric's scale, one per person."""


@dataclass(frozen=True)
class JudgedRun:
    """A judged run."""

    folder: RunFolder
    """Its folder."""
    metrics: list[Metric]
    """Its metrics."""
    verdicts: list[tuple[str, RubricVerdict]]
    """The verdict on each output, by sample id."""


def _next_to(sample: Sample, other: Sample | None) -> tuple[Sample, str | None]:
    """A sample with the answer that it is compared with; where either was cut, what is better is open."""
    if other is None:
        return sample, None
    cut = Flag.TRUNCATED_OUTPUT in other.flags and Flag.TRUNCATED_OUTPUT not in sample.flags
    flags = [*sample.flags, *([Flag.TRUNCATED_OUTPUT] if cut else [])]
    return sample.model_copy(update={"flags": flags}), other.output


def suite_of(run: RunFolder, task: str) -> str:
    """The suite of a task with samples.

    Raises:
        UsageError: The run has no samples of it.
    """
    found = next((suite for suite, name in run.tasks() if name == task), None)
    if found is None:
        known = ", ".join(name for _, name in run.tasks()) or "none"
        msg = f"{run.path}: no samples of a task {task}; it has: {known}"
        raise UsageError(msg)
    return found


def to_label(judged: JudgedTask, count: int) -> list[Sample]:
    """The outputs that people are to label: a random sample that nobody chooses, the same for every judge.

    Raises:
        UsageError: There are fewer outputs.
    """
    found = _draw(judged)[:count]
    if len(found) < count:
        msg = f"{judged.task}: {len(found):,} outputs to label, fewer than {count:,}: ask for fewer with --count"
        raise UsageError(msg)
    return found


def _draw(judged: JudgedTask) -> list[Sample]:
    """All outputs that can be judged, in the order of the draw, those without a score in the run included."""
    known = [one.model_copy(update={"error": None}) for one, _ in judged.samples() if is_answered(one)]
    return drawn(known, judged.run.run_id, len(known))


def run_id_of(judged: JudgedTask, judge: RubricJudge, labels: WithLabels | None, cited: JudgeMeasurement | None) -> str:
    """The id of the judged run: the same for the same judge, labels and outputs, and never that of ``latest``."""
    source = judged.run.run_id
    other = judged.other.run_id if judged.other else None
    given = sorted((name, list(numbers)) for name, numbers in labels.numbers.items()) if labels else None
    known = (cited.labels_sha256, sorted(cited.settings.items())) if cited else None
    about = digest_of("judged", source, other, judged.task, judge.identity, given, known)
    return f"judged-{source}-{about[:6]}"


def new_folder(
    judged: JudgedTask, judge: RubricJudge, out: Path, labels: WithLabels | None, cited: JudgeMeasurement | None
) -> Path:
    """Where the judged run belongs; the folder is not made.

    Raises:
        UsageError: It was judged so before.
    """
    path = out / run_id_of(judged, judge, labels, cited)
    if (path / "manifest.json").exists():
        msg = f"{path}: judged before by this judge with this rubric: use that run, or remove it"
        raise UsageError(msg)
    return path


def judged_run(
    judged: JudgedTask,
    judge: RubricJudge,
    engine: Engine,
    out: Path,
    progress: Progress,
    *,
    labels: WithLabels | None = None,
    cited: JudgeMeasurement | None = None,
) -> JudgedRun:
    """Judge the outputs of a task, and write the judged run.

    An interrupted call goes on where it was: answers are in the journal of the folder, by the judge's digest and the
    whole request, rubric and wording included.

    Args:
        judged: What is judged.
        judge: The judge.
        engine: Its checkpoint.
        out: Folder for the run folder.
        progress: Listener of the work.
        labels: People's labels of a random sample of the outputs (:func:`to_label`).
        cited: What is known of the judge.

    Raises:
        UsageError: It was judged so before.
        WriteError: The folder cannot be written.
    """
    path = new_folder(judged, judge, out, labels, cited)
    make_folder(path)
    folder, started = RunFolder(path), datetime.now(UTC)
    pairs = judged.samples()
    chosen, left_out = _usable(judged, labels)
    journal = Journal(folder.journal_path, withholds=holds_personal_data, again=AGAIN)
    with closing(journal), engine.at_work(progress, journal):
        verdicts = _verdicts(judge, pairs, progress)
    samples = [
        _sample(judge.rubric, sample, other, verdict, chosen.get(sample.sample_id))
        for (sample, other), verdict in zip(pairs, verdicts, strict=True)
    ]
    settings = {"judge": judge.name, **judge.identity, **(cited.settings if cited else {})}
    if labels is not None:
        settings |= {"labels": labels.name, "labels_used": len(chosen), "labels_outside_the_draw": left_out}
    suite: Any = judged.suite  # a name of Suite
    metrics = metrics_of(judge.rubric, (suite, judged.task), samples, settings, with_labels=labels is not None)
    folder.write_samples(judged.suite, judged.task, samples)
    folder.write_metrics(metrics)
    evidence.seal(folder, _manifest(judged, judge, engine, path.name, started, metrics, settings))
    named = [(sample.sample_id, verdict) for (sample, _), verdict in zip(pairs, verdicts, strict=True) if verdict]
    return JudgedRun(folder, metrics, named)


def _usable(judged: JudgedTask, labels: WithLabels | None) -> tuple[dict[str, list[float]], int]:
    """The labels of the longest beginning of the draw that is labelled without a gap, and how many lie outside it.

    Labels of outputs that somebody chose are no random sample.
    """
    if labels is None:
        return {}, 0
    chosen: dict[str, list[float]] = {}
    for sample in _draw(judged):
        if sample.sample_id not in labels.numbers:
            break
        chosen[sample.sample_id] = list(labels.numbers[sample.sample_id])
    return chosen, len(labels.numbers) - len(chosen)


def _verdicts(
    judge: RubricJudge, pairs: Sequence[tuple[Sample, str | None]], progress: Progress
) -> list[RubricVerdict | None]:
    """The verdict on each output; None where there is nothing to judge."""
    found: list[RubricVerdict | None] = [None] * len(pairs)
    places = [place for place, (sample, other) in enumerate(pairs) if not _nothing(judge.rubric, sample, other)]
    progress.samples(len(places))
    for start in range(0, len(places), AT_ONCE):
        batch = places[start : start + AT_ONCE]
        texts = [JudgedText(pairs[place][0].prompt, pairs[place][0].output or "", pairs[place][1]) for place in batch]
        for place, verdict in zip(batch, judge.verdicts(texts), strict=True):
            found[place] = verdict
            progress.sample_done()
    return found


def _nothing(rubric: Rubric, sample: Sample, other: str | None) -> str:
    """Why an output cannot be judged; empty where it can."""
    if not is_answered(sample):
        return "there is no output to judge"
    if rubric.pairs and other is None:
        return "the other run has no output for it"
    return ""


def _sample(
    rubric: Rubric, sample: Sample, other: str | None, verdict: RubricVerdict | None, label: Sequence[float] | None
) -> Sample:
    """The sample of a judged output; numbers are shares of the range from the lowest to the highest level."""
    error = _nothing(rubric, sample, other)
    scores: dict[str, float | None] = {}
    score = None
    if verdict is not None and verdict.number is None:
        error = f"the judge gave no verdict: {verdict.why_none}"
    elif verdict is not None and verdict.number is not None:
        score = rubric.share_of_range(verdict.number)
        first, second = verdict.by_order
        if first is not None and second is not None:
            scores[SAME] = float(first == second)
            scores |= {"first_order": rubric.share_of_range(first), "second_order": rubric.share_of_range(second)}
        if label is not None:
            scores[LABEL] = rubric.share_of_range(statistics.mean(label))
    return Sample(
        sample_id=sample.sample_id,
        suite=sample.suite,
        task=sample.task,
        cluster=sample.cluster,
        prompt=sample.prompt,
        prompt_sha256=sample.prompt_sha256,
        reference=other if rubric.pairs else sample.reference,
        output=sample.output,
        answered_by=sample.answered_by,
        score=score,
        scores=scores,
        slices=dict(sample.slices),
        flags=[flag for flag in sample.flags if flag != Flag.UNPARSED_ANSWER],
        findings=sample.findings,
        error=error or None,
    )


def _manifest(
    judged: JudgedTask,
    judge: RubricJudge,
    engine: Engine,
    run_id: str,
    started: datetime,
    metrics: Sequence[Metric],
    settings: Mapping[str, Any],
) -> RunManifest:
    """The manifest: the checkpoint of the run, and who judged it."""
    source = judged.run.read_manifest()
    record = engine.record
    scorer = AssetRecord(
        name=f"judge {record.name}",
        kind="scorer",
        source=record.source,
        version=record.digest[:12],
        sha256=record.digest,
        licence="unknown",
    )
    config = {
        "judged": {
            "run": source.run_id,
            "metrics_sha256": source.evidence.get("metrics.json"),
            "task": judged.task,
            "against": judged.other.run_id if judged.other else None,
            "rubric": judge.rubric.model_dump(mode="json"),
        },
        judged.suite: {"tasks": [{"name": judged.task}]},
    }
    whole = source.status == "complete" and all(metric.value is not None for metric in metrics if metric.primary)
    return RunManifest(
        run_id=run_id,
        model=source.model,
        config=config,
        assets=[*source.assets, scorer],
        tasks={judged.task: {**source.tasks.get(judged.task, {}), **settings}},
        words={name: words for name, words in source.words.items() if name == judged.task},
        seeds={"run": judge.asking.seed},
        packages={**source.packages, **provenance.package_versions(COMPUTING)},
        platform=provenance.platform_record(threads=torch.get_num_threads()),
        git=provenance.git_state(),
        started=started,
        finished=max(started, datetime.now(UTC)),
        status="complete" if whole else "partial",
        task_assets={judged.task: [*source.task_assets.get(judged.task, []), scorer.name]},
        items_available={k: v for k, v in source.items_available.items() if k == judged.task},
        warnings=[f"judged by a model from the outputs of {source.run_id}"],
        signature=f"{source.signature}|rubric:{judge.rubric.name}@{judge.rubric.digest[:12]}|judge:{record.digest[:12]}",
    )
