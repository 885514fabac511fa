"""Repeated runs of two checkpoints: another run, as well as other items, would have given another difference."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args

from audit.core.errors import ConfigError, UsageError
from audit.core.formatting import counted, metric_label
from audit.core.records import Comparison
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind
from audit.core.text import printable
from audit.gate.comparison.checks import check_copies, check_kinds, check_margin, check_same, check_tasks
from audit.gate.comparison.compare import (
    ComparedRun,
    ComparisonWork,
    bare_difference,
    is_wanted,
    key_of,
    looked_at,
    not_compared,
)
from audit.gate.comparison.outcomes import with_outcomes
from audit.stats import definitions
from audit.stats.pairing.repeated import compared_repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, MetricDifference, Mismatch
    from audit.core.run_folder import RunFolder

    Sides = tuple[list[ComparedRun], list[ComparedRun]]


def compare_repeats(
    folders: Sequence[RunFolder],
    *,
    tasks: Sequence[str] = (),
    across: Sequence[str] = (),
    everything: bool = False,
    margin: float | None = None,
    min_aligned: float = MIN_ALIGNED,
    confidence: float = 0.95,
) -> Comparison:
    """Compare the mean of several runs of one checkpoint with that of another.

    Args:
        folders: Two or more runs of each of two checkpoints; that of the first run is the baseline.
        tasks: Only these; none takes all that every run has.
        across: Kinds of mismatch to compare across.
        everything: All metrics and slices; else the primary metrics over all items.
        margin: Difference that matters, in each metric's unit; None takes 5 % of the unit's range.
        min_aligned: Share of the items of either side that must be scored in all runs.
        confidence: Nominal coverage of the intervals.

    Raises:
        EvidenceInvalid: The files of a folder contradict each other.
        RunFolderError: A folder cannot be read, its run has not ended, or it is given twice, as a copy too.
        ConfigError: The runs are not of two checkpoints with two runs each, or an option cannot be followed.
    """
    check_kinds(across)
    check_margin(margin)
    check_same(folders)
    check_copies(folders)
    runs = [ComparedRun(folder) for folder in folders]
    sides = _sides(runs)
    check_tasks(tasks, [run.metrics for run in runs])
    settings: dict[str, Any] = {
        "across": across,
        "margin": margin,
        "min_aligned": min_aligned,
        "confidence": confidence,
    }
    first = ComparisonWork(sides[0][0], sides[1][0], **settings)
    pairs = [(later, ComparisonWork(one, later, **settings)) for one, later in combinations([*sides[0], *sides[1]], 2)]
    wanted = [metric for metric in sides[1][0].metrics if is_wanted(metric, tasks, everything=everything)]
    shared = [metric for metric in wanted if all(key_of(metric) in run.by_key for run in runs)]
    differences = [_difference(metric, sides, first, pairs, confidence) for metric in shared]
    return Comparison(
        baseline=sides[0][0].reference,
        candidate=sides[1][0].reference,
        baseline_repeats=[run.manifest.run_id for run in sides[0]],
        candidate_repeats=[run.manifest.run_id for run in sides[1]],
        confidence=confidence,
        across=[kind for kind in get_args(MismatchKind) if kind in across],
        looked_at=looked_at(runs),
        mismatches=_named_once([work for _, work in pairs]),
        differences=with_outcomes(differences, confidence),
        only_baseline=_lacking(sides[0], sides[1], tasks, everything=everything),
        only_candidate=_lacking(sides[1], sides[0], tasks, everything=everything),
    )


def ends(folders: Sequence[RunFolder], found: Comparison) -> tuple[RunFolder, RunFolder]:
    """The first run of the baseline and of the candidate.

    Args:
        folders: The runs that were compared.
        found: What was found.
    """
    candidate = found.candidate.model_digest, found.candidate.dtype, found.candidate.quantization
    models = [folder.read_manifest().model for folder in folders]
    place = next(place for place, one in enumerate(models) if (one.digest, one.dtype, one.quantization) == candidate)
    return folders[0], folders[place]


def _sides(runs: Sequence[ComparedRun]) -> Sides:
    """The runs by checkpoint and number type, in order of appearance."""
    groups: dict[tuple[object, ...], list[ComparedRun]] = {}
    for run in runs:
        model = run.manifest.model
        groups.setdefault((model.digest, model.dtype, model.quantization), []).append(run)
    if len(groups) != 2 or min(map(len, groups.values())) < 2:
        found = ", ".join(
            f"{counted(len(group), 'run')} of {printable(group[0].manifest.model.name, 60)} ({dtype})"
            for (_, dtype, _), group in groups.items()
        )
        msg = f"repeats need two or more runs of each of two checkpoints (found {found})"
        raise ConfigError(msg)
    baseline, candidate = groups.values()
    return baseline, candidate


def _difference(
    metric: Metric,
    sides: Sides,
    work: ComparisonWork,
    pairs: Sequence[tuple[ComparedRun, ComparisonWork]],
    confidence: float,
) -> MetricDifference:
    """One metric of both sides, on the items that all runs have scored; of each pair, the later run comes with it."""
    bare, key = bare_difference(metric, confidence), key_of(metric)
    try:
        reasons = dict.fromkeys(reason for later, pair in pairs if (reason := pair.hindrance(later.by_key[key])))
        if reasons:
            return not_compared(bare, "; ".join(reasons))
        samples = [[run.records.of(run.by_key[key]) for run in side] for side in sides]
        found = compared_repeats(
            definitions.read(metric.definition or {}),
            *samples,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            slice=metric.slice,
            confidence=confidence,
            margin=work.margin_of(metric),
        )
    except (TypeError, UsageError) as error:  # of a newer version or another package; ids twice; other clusters
        return not_compared(bare, str(error))
    return work.filled(bare, found)


def _named_once(pairs: Sequence[ComparisonWork]) -> list[Mismatch]:
    """In what any two runs differ, each thing once, as the first two that differ have it."""
    found: dict[tuple[object, ...], Mismatch] = {}
    for pair in pairs:
        for one in pair.mismatches:
            found.setdefault((one.kind, one.task, one.metric, one.what), one)
    return list(found.values())


def _lacking(
    side: Sequence[ComparedRun], other: Sequence[ComparedRun], tasks: Sequence[str], *, everything: bool
) -> list[str]:
    """Metrics of any run of a side that a run of the other lacks, as far as they would have been compared."""
    metrics = {key: metric for run in side for key, metric in run.by_key.items()}
    return [
        metric_label(metric)
        for key, metric in metrics.items()
        if is_wanted(metric, tasks, everything=everything) and any(key not in run.by_key for run in other)
    ]
