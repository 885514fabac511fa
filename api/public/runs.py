"""Audits, and what they leave: metrics and samples as tables, a chart, the report card."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core import collector
from audit.core.errors import RunFolderError, did_you_mean
from audit.core.formatting import estimate, unit_text
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.public.inline import Page
from audit.public.notebook import listening
from audit.public.options import check_texts, refuse_empty
from audit.public.run_arguments import as_path, as_text, decided_by, new_configuration, resumed, with_lists

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import altair as alt
    import pandas as pd

    from audit.core.config import Limit
    from audit.core.progress import Progress
    from audit.core.records import Metric, RunManifest

MOST_CLASSES = 12
"""Different written answers that can be classes; options of all items can be more."""
CARD_HEIGHT = 800
"""Pixels of the report card in a notebook."""


class Run:
    """One audit on disk. Made by :func:`run` and :func:`read_run`.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The run folder."""
        return self._folder.path

    @property
    def manifest(self) -> RunManifest:
        """What was run, on what, with what, and how it ended.

        >>> run.manifest.status
        'complete'

        Raises:
            RunFolderError: It is missing, broken or of a newer schema.
        """
        return self._folder.read_manifest()

    @property
    def metrics(self) -> pd.DataFrame:
        """One row per metric; see :func:`audit.public.frames.metrics_frame`.

        >>> whole = run.metrics[run.metrics["slice"].isna() & run.metrics["primary"]]
        >>> list(whole["name"])
        ['crows_pairs/pct_stereotype', 'occlusion/deletion_auc_gain']
        >>> whole[["value", "ci_low", "ci_high", "n"]].shape
        (2, 4)

        Raises:
            RunFolderError: The run has none, or they are broken.
            EvidenceInvalid: They say what cannot be.
        """
        from audit.public.frames import metrics_frame  # noqa: PLC0415 - pandas takes a second to import

        return metrics_frame(self._folder.read_metrics())

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks that have samples.

        >>> run.tasks
        ['crows_pairs']
        """
        return [task for _, task in self._folder.tasks()]

    def samples(self, task: str) -> pd.DataFrame:
        """One row per sample of a task; see :func:`audit.public.frames.samples_frame`.

        >>> samples = run.samples("crows_pairs")
        >>> samples[["sample_id", "score", "slices.bias_type", "confidence"]].shape
        (4, 4)

        Raises:
            RunFolderError: The run has no such task, or its file is broken.
        """
        from audit.public.frames import samples_frame  # noqa: PLC0415 - pandas takes a second to import

        return samples_frame(self._folder.read_samples(self._suite(task), task))

    def confusion(self, task: str) -> pd.DataFrame:
        """Samples of a task by right answer (rows) and given answer (columns): its confusion matrix.

        For tasks whose answers are classes, such as yes and no or A to D.

        >>> counts = run.confusion("crows_pairs")
        Traceback (most recent call last):
        audit.core.errors.RunFolderError: ... crows_pairs: no sample has both a right answer and a given one

        Raises:
            RunFolderError: The run has no such task, its file is broken, no sample has both a right and a given answer,
                options differ from item to item, or more than 12 different answers were written.
        """
        from audit.public.frames import confusion_frame  # noqa: PLC0415 - pandas takes a second to import

        samples = self._folder.read_samples(self._suite(task), task)
        counts = confusion_frame(samples)
        options = {tuple(sample.choice.options) for sample in samples if sample.choice}
        if counts.empty:
            why = "no sample has both a right answer and a given one"
        elif len(options) > 1:
            why = f"options differ from item to item, so that they are no classes: see samples({task!r})"
        elif not options and len(counts) > MOST_CLASSES:
            why = f"{len(counts)} different answers are no classes: see samples({task!r})"
        else:
            return counts
        msg = f"{self.path}: {printable(task)}: {why}"
        raise RunFolderError(msg)

    def completions(self, task: str) -> pd.DataFrame:
        """One row per sampled text of a task that samples several for each item.

        Other tasks have the same columns and no rows; their outputs are in :meth:`samples`.

        >>> len(run.completions("crows_pairs"))
        0

        Raises:
            RunFolderError: The run has no such task, or its file is broken.
        """
        from audit.public.frames import texts_frame  # noqa: PLC0415 - pandas takes a second to import

        return texts_frame(self._folder.read_samples(self._suite(task), task))

    def recompute(self) -> pd.DataFrame:
        """The metrics computed again from the samples and attributions of the folder alone; a table like ``metrics``.

        >>> again = run.recompute().set_index(["name", "slice"])["value"]
        >>> stored = run.metrics.set_index(["name", "slice"])["value"]
        >>> bool((again.dropna() == stored.loc[again.dropna().index]).all())
        True

        Raises:
            RunFolderError: The run cannot be read.
            TypeError: A metric's definition is of a newer version.
        """
        from audit.public.frames import metrics_frame  # noqa: PLC0415 - pandas takes a second to import
        from audit.stats.recompute import recomputed_metrics  # noqa: PLC0415 - scipy takes a second to import

        return metrics_frame(recomputed_metrics(self._folder))

    def plot(self) -> alt.VConcatChart:
        """The primary metrics with their 95 % intervals, one panel for each unit; an Altair chart.

        Tasks whose answers follow a reasoning trace have a panel each: right answers by thinking
        budget; another one has those that were forced at budgets.

        >>> type(run.plot()).__name__
        'VConcatChart'

        Raises:
            RunFolderError: No primary metric has a value.
        """
        from audit.public.charts import primary_chart  # noqa: PLC0415 - altair takes a second to import
        from audit.reports.drawing.budgets import budget_curve  # noqa: PLC0415 - as above
        from audit.reports.drawing.forced import forced_curve  # noqa: PLC0415 - as above

        primary = [metric for metric in self._primary() if metric.value is not None]
        if not primary:
            msg = f"{self.path}: no primary metric has a value: there is nothing to plot"
            raise RunFolderError(msg)
        looked_at = self._folder.read_manifest().looked_at
        by_task: dict[tuple[str, str], list[Metric]] = {}
        for metric in self._folder.read_metrics():
            by_task.setdefault((metric.suite, metric.task), []).append(metric)
        curves = [
            curve
            for mine in by_task.values()
            if (curve := budget_curve(mine, looked_at) or forced_curve(mine, looked_at))
        ]
        return primary_chart(primary, looked_at, curves)

    def card(self, baseline: str | PathLike[str] | None = None) -> Page:
        """The report card, shown inline; rendered each time, and not written into the run folder.

        >>> run.card().html.startswith("<!DOCTYPE html>")
        True

        Args:
            baseline: Run to show next to this one: a path, or a run id next to the run folder. None takes the baseline
                of the verdict, if there is one and its folder is next to the run.

        Raises:
            RunFolderError: The run or the baseline cannot be read, or has not ended.
            EvidenceInvalid: The files of a folder contradict each other.
            ConfigError: The baseline is empty, is the run itself, or is another one than that of the verdict.
        """
        from audit.reports import contents  # noqa: PLC0415 - slow to import
        from audit.reports.render.card import render  # noqa: PLC0415 - as above

        refuse_empty("card: baseline", baseline)
        other = None if baseline is None else RunFolder.resolve(str(baseline), self.path.resolve().parent)
        return Page(render(contents.read(self._folder, baseline=other)), CARD_HEIGHT)

    def __repr__(self) -> str:
        """Its folder and how it ended."""
        return f"Run({str(self.path)!r}, {self.manifest.status})"

    def _repr_html_(self) -> str:
        """A short table: primary metrics with intervals, what did not run, the folder."""
        manifest = self.manifest
        head = "".join(f"<th>{title}</th>" for title in ("metric", "value", "95 % interval", "n", "unit"))
        rows = [_row([metric.name, *_cells(metric)]) for metric in self._primary()]
        missing = [f"not run: {printable(one.task)}: {printable(one.reason)}" for one in manifest.not_run]
        title = f"<b>{escape(printable(manifest.run_id))}</b> · {escape(manifest.status)}"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f"<div>{'<br>'.join([title, *map(escape, missing)])}{table}<code>{escape(str(self.path))}</code></div>"

    def _primary(self) -> list[Metric]:
        return [metric for metric in self._folder.read_metrics() if metric.primary and metric.slice is None]

    def _suite(self, task: str) -> str:
        """The suite of a task.

        Raises:
            RunFolderError: The run has no samples of it.
        """
        check_texts("task", task)
        suites = {name: suite for suite, name in self._folder.tasks()}
        if task not in suites:
            known = ", ".join(suites) or "none"
            msg = f"{self.path}: no samples of task {task!r}; it has {known}.{did_you_mean(task, suites)}"
            raise RunFolderError(msg)
        return suites[task]


def run(  # noqa: PLR0913 - the options of a run
    model: str | PathLike[str] | None = None,
    *,
    profile: str | None = None,
    tasks: str | Sequence[str] | None = None,
    limit: Limit | None = None,
    out: str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
    progress: Progress | bool = True,
    resume: str | PathLike[str] | None = None,
    until_decided: str | PathLike[str] | None = None,
    baseline: str | PathLike[str] | None = None,
    **options: object,
) -> Run:
    """Audit a checkpoint: benchmarks, safety probes, explanations, report card.

    Values come from the profile, then the file, then the arguments.

    >>> run = audit.run(model, tasks=["crows_pairs"], limit=4, out=out, data_dirs=[data], offline=True, progress=False)
    >>> run.manifest.status
    'complete'

    Args:
        model: Folder, hub id, ``.gguf`` file, asset name or ``openai:URL#NAME``; None takes the file's, else the
            embedded checkpoint.
        profile: ``quick`` (the default), ``standard``, ``full``, ``safety``, ``reasoning``, ``chinese`` or
            ``chinese-full``.
        tasks: Tasks and probes: names, ``lm-eval:NAME``, globs, task files; none takes those of the profile.
        limit: Items of each task at most: a count, a share below 1, or ``"all"``.
        out: Folder that the run folder is made in; None is ``runs``.
        config: YAML file.
        progress: True shows a bar in a notebook, False nothing; or a listener (:class:`audit.core.progress.Progress`).
        resume: Path or id of a run that was interrupted: finish it with its own configuration. Code that it names runs
            only if it is allowed again: ``trust_remote_code``, ``allow_pickle``, ``plugins``, ``include_path`` of
            ``evals``.
        until_decided: Policy, by file or name: register it, and measure items until its rules are decided, at most
            those of ``limit``.
        baseline: Path or id of the run that these rules compare with.
        options: Other fields of the configuration: ``seed=1``, ``device="cuda"``, ``explain={"methods": []}``,
            ``plugins=["my_probe.py"]``.

    Raises:
        UsageError: A name, value, file or folder is at fault; nothing has run then.
        CheckpointBroken: The checkpoint computes NaN, or the same logit for every token.
        Interrupted: The run was interrupted; ``folder`` is the path of the run folder, to be resumed.
    """
    if model is not None and resume is None:
        from audit.core.assets import read_ahead  # noqa: PLC0415 - as below

        read_ahead(str(model))
    with collector.paused():  # imports leave nothing to collect, and looking for it is a fifth of what they take
        from audit.gate.binding.registered import register  # noqa: PLC0415 - as below
        from audit.pipeline.audit import audit  # noqa: PLC0415 - torch and transformers take seconds to import

    given = {"model": as_text(model), "profile": profile, "out": as_path(out), **with_lists(options)}
    folder: RunFolder | None
    until = decided_by(until_decided, baseline, out)
    if resume is not None:
        folder, resolved = resumed(resume, out, {**given, "tasks": tasks or None, "limit": limit, "config": config})
    else:
        folder, resolved = None, new_configuration(given, tasks, limit, config, until)
    with listening(progress) as listener:
        registered = register(until.policy, datetime.now(UTC)) if until else None
        return Run(audit(resolved, listener, resume=folder, until=until, policy=registered))


def read_run(run: str | PathLike[str], out: str | PathLike[str] = "runs") -> Run:
    """Open a finished or interrupted run.

    >>> audit.read_run(run.path).tasks
    ['crows_pairs']

    Args:
        run: Path of a run folder, a run id in ``out``, or ``latest``.
        out: Folder of run folders.

    Raises:
        RunFolderError: There is no such run, or it cannot be opened.
    """
    refuse_empty("audit.read_run: run", run)
    refuse_empty("audit.read_run: out", out)
    return Run(RunFolder.resolve(str(run), Path(out)))


def _row(cells: list[str]) -> str:
    return f"<tr>{''.join(f'<td>{escape(printable(cell, 200))}</td>' for cell in cells)}</tr>"


def _cells(metric: Metric) -> list[str]:
    """Value, interval, n and unit as written, or why there is no value."""
    if metric.value is None:
        return ["—", metric.error or "", str(metric.n), ""]
    value, ends = estimate(metric.value, metric.ci_low, metric.ci_high, metric.unit)
    return [value, ends, str(metric.n), unit_text(metric.unit, metric.higher_is_better)]
