"""The judged run next to its baseline: metrics compared with the coverage that a rule asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, UsageError
from audit.core.records import BaselineComparison
from audit.gate.comparison.compare import ComparedRun, ComparisonWork, key_of
from audit.gate.measured import Measured
from audit.stats import definitions
from audit.stats.definitions.means.mean import TRUNCATED_OUTPUT
from audit.stats.pairing.alignment import side
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Mismatch, RunReference, Sample
    from audit.core.records.comparison import MismatchKind
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import Rule
    from audit.stats.pairing.alignment import Side
    from audit.stats.records import Records


class Baseline:
    """A baseline and the run that is compared with it.

    Args:
        folder: The baseline.
        run: The judged run, whose evidence the caller checks.
        across: Kinds of mismatch that the policy tolerates.
        min_aligned: Share of the items of either run that both must have scored.
        task_by_task: Whether the baseline's values are compared with its samples by ``check_task``, which is then to be
            called for each of ``tasks``; else all are at once.

    Raises:
        EvidenceInvalid: The baseline's files contradict each other.
        RunFolderError: It cannot be read, or has not ended.
        ConfigError: It is the judged run itself.
    """

    def __init__(
        self,
        folder: RunFolder,
        run: RunFolder,
        *,
        across: Sequence[MismatchKind],
        min_aligned: float,
        task_by_task: bool = False,
    ) -> None:
        self.folder = folder
        mine = ComparedRun(folder, check="files" if task_by_task else "everything")
        self._sides = mine, ComparedRun(run, check="nothing")
        self.tasks, self.check_task = mine.tasks, mine.check_task
        self.measured = Measured(self._sides[0].metrics)
        self.manifest = self._sides[0].manifest
        if self.manifest.run_id == self._sides[1].manifest.run_id:
            msg = f"{folder.path}: the baseline is the judged run itself: give the run to compare it with"
            raise ConfigError(msg)
        self._candidate = Measured(self._sides[1].metrics)
        self._work = ComparisonWork(
            *self._sides, across=across, margin=None, min_aligned=min_aligned, confidence=0.95, lift=_in_policy
        )

    @property
    def reference(self) -> RunReference:
        """What identifies the baseline."""
        return self._sides[0].reference

    @property
    def records(self) -> Records:
        """Samples of the judged run."""
        return self._sides[1].records

    @property
    def mismatches(self) -> list[Mismatch]:
        """In what else the runs differ, as far as something was compared."""
        return self._work.mismatches

    def has(self, metric: Metric) -> bool:
        """Whether the baseline has a metric of the same name and slice."""
        return key_of(metric) in self._sides[0].by_key

    def compared(self, rule: Rule, metric: Metric, confidence: float) -> BaselineComparison:
        """A metric that both runs have, compared.

        A margin that is a share of the baseline's value rests on two intervals, of the difference and of that value.
        Each gets half of the error, so that both hold together with the coverage asked for (Bonferroni's inequality).

        Args:
            rule: What the metric is compared for.
            metric: Of the judged run.
            confidence: Nominal coverage.
        """
        loss = rule.no_worse_than_baseline
        relative = loss is not None and loss.relative is not None
        each = (1 + confidence) / 2 if relative else confidence
        found = self._work.difference(metric, confidence=each, margin=loss.margin if loss else None)
        low, high = self.own_interval(metric, each) if relative and found.error is None else (None, None)
        cut = len(self.cut_items(metric)) if found.error is None else 0
        return BaselineComparison(
            confidence=confidence, difference=found, baseline_low=low, baseline_high=high, cut=cut
        )

    def hindrance(self, metric: Metric) -> str | None:
        """Why a metric that both runs have cannot be compared, whatever its samples are."""
        try:
            return self._work.hindrance(metric)
        except (TypeError, UsageError) as error:  # of a newer version or another package
            return str(error)

    def sides(self, metric: Metric) -> tuple[Side, Side]:
        """The samples of both runs that a metric is about, the baseline's first.

        Raises:
            UsageError: Sample ids occur twice.
        """
        definition = definitions.read(metric.definition or {})
        before, after = (
            side(definition, run.records.of(metric), metric.slice, name)
            for run, name in zip(self._sides, ("baseline", "candidate"), strict=True)
        )
        return before, after

    def own(self, metric: Metric) -> tuple[Metric, Sequence[Sample]]:
        """The baseline's own metric, and all samples of its task."""
        mine = self._sides[0].by_key[key_of(metric)]
        return mine, self._sides[0].records.samples(mine.suite, mine.task)

    def own_interval(self, metric: Metric, confidence: float) -> tuple[float | None, float | None]:
        """The interval of the baseline's own value."""
        mine = self._sides[0].by_key[key_of(metric)].model_copy(update={"confidence": confidence})
        found = recomputed(mine, self._sides[0].records.of(mine))
        return found.ci_low, found.ci_high

    def cut_items(self, metric: Metric) -> set[str]:
        """Items of both runs whose answer was cut in one, where the metric has bounds for such answers."""
        runs = self.measured, self._candidate
        if not any(run.bounds_of_cut_answers(metric) or run.lacks_bounds(metric) for run in runs):
            return set()
        definition = definitions.read(metric.definition or {})
        sides = [definition.select(side.records.of(metric), metric.slice) for side in self._sides]
        common = set.intersection(*({sample.sample_id for sample in side} for side in sides))
        flagged = {one.sample_id for side in sides for one in side if TRUNCATED_OUTPUT in one.flags}
        return common & flagged


def _in_policy(kinds: Sequence[str]) -> str:
    """How a policy tolerates kinds of mismatch."""
    return f"across: [{', '.join(kinds)}] in the policy"
