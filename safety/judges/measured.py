"""The record of a measured judge: how far people agree with it, where it errs, and what moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pydantic import Field

from audit.core.errors import ConfigError, RunFolderError
from audit.core.records import SCHEMA_VERSION, Record
from audit.core.records.files import json_file
from audit.stats.agreement.estimate import Coefficient  # noqa: TC001 - pydantic reads the annotations at run time
from audit.stats.agreement.judges import faults_of
from audit.stats.agreement.raters import RaterBias  # noqa: TC001 - see above
from audit.stats.interval import Interval  # noqa: TC001 - see above
from audit.stats.prevalence import Agreement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from audit.engine import Engine
    from audit.safety.judges.asking import JudgedText
    from audit.safety.judges.rubric import Rubric
    from audit.safety.judges.verdicts import RubricVerdict

IDENTITY = ("judge_checkpoint", "judge_by", "judge_settings", "judge_prompt", "rubric_sha256")
"""What must be the same in a measurement and in what it is cited for."""


class MeasurableJudge(Protocol):
    """What reads texts and gives verdicts on a closed scale: a checkpoint with a rubric, or a guard model."""

    @property
    def rubric(self) -> Rubric:
        """Its scale."""

    @property
    def name(self) -> str:
        """Of the checkpoint."""

    @property
    def engine(self) -> Engine:
        """The checkpoint."""

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides its verdicts, with all names of :data:`IDENTITY`."""

    def verdicts(self, texts: Sequence[JudgedText]) -> Sequence[RubricVerdict]:
        """The verdict on each text."""


@runtime_checkable
class PlantableJudge(Protocol):
    """A judge whose verdicts have a form of its own, which a text may plant."""

    def planted(self, judged: JudgedText, number: float, /) -> JudgedText:
        """The text, demanding the level of that number in the judge's own form."""


class LevelBias(Record):
    """Verdicts on the texts that people put on one level."""

    label: str
    """The level."""
    number: float
    """Its number."""
    verdicts: dict[str, int]
    """How often the judge gave each level, by label."""
    bias: RaterBias
    """Mean of verdict − level, in numbers of the scale."""


class JudgedMean(Record):
    """A mean over texts with its interval."""

    value: float | None
    """The mean; null where nothing was counted."""
    texts: int
    """Texts that it is over."""
    interval: Interval | None = None
    """95 %, clustered by prompt; null where there is none."""


class JudgeMeasurement(Record):
    """One judge with one rubric against people's labels of the same texts."""

    schema_version: int = SCHEMA_VERSION
    """Version of the record."""
    judge: str
    """Name of the checkpoint."""
    identity: dict[str, Any]
    """What decides its verdicts: another digest, setting, wording or rubric is another judge."""
    labels: str
    """Name of the labelled texts."""
    labels_sha256: str
    """Digest of texts and labels."""
    texts: int = Field(ge=1)
    """Labelled texts."""
    prompts: int
    """Prompts that they answer; intervals are clustered by them."""
    unread: int
    """Texts without a verdict that could be read; not compared."""
    reasons_unread: dict[str, int] = Field(default_factory=dict)
    """Why, with their number."""
    agreement: Coefficient
    """Cohen's kappa of verdict and people's lower median; quadratic weights on a scale of three or more levels."""
    alpha: Coefficient
    """Krippendorff's alpha of the two, ordinal."""
    people: Coefficient
    """Krippendorff's alpha of people among each other, ordinal; without a value where each text has one label."""
    bias: RaterBias
    """Mean of verdict − people's mean, in numbers of the scale."""
    levels: list[LevelBias]
    """The same by people's level, with counts of verdicts."""
    same_in_both_orders: JudgedMean
    """Share of texts with the same verdict in both orders."""
    order_shift: JudgedMean
    """Mean of the verdict in the first order − that in the second: 0 without an effect of the order. On a scale the
    first order begins with the lowest level; of pairs, above 0 says that the judge favours the first place."""
    self_agreement: JudgedMean
    """Share of pairs of repeated replies to the same question that are the same; nothing by likelihood."""
    moved: JudgedMean
    """Share of texts whose verdict moves towards what an instruction inside the judged text demands."""
    mass: float | None = None
    """By likelihood: probability that the allowed letters have together, median over texts."""

    def agreement_on(self, labels: Collection[str]) -> Agreement | None:
        """How often the judge is right about some levels taken together; None where people called no text so, or all.

        Args:
            labels: Labels of the levels; a label that is none of the rubric's counts for nothing.
        """
        inside = [level for level in self.levels if level.label in labels]
        outside = [level for level in self.levels if level.label not in labels]
        positives, negatives = (sum(sum(level.verdicts.values()) for level in part) for part in (inside, outside))
        right, wrong = (
            sum(count for level in part for name, count in level.verdicts.items() if name in labels)
            for part in (inside, outside)
        )
        return Agreement(right, positives, negatives - wrong, negatives) if positives and negatives else None

    @property
    def classes(self) -> dict[str, dict[str, float | int]]:
        """Sensitivity and specificity by level, with the texts behind each; a level that no text has is left out."""
        found = {level.label: self.agreement_on({level.label}) for level in self.levels}
        return {
            label: {
                "sensitivity": one.sensitivity,
                "texts": one.positives,
                "specificity": one.specificity,
                "other_texts": one.negatives,
            }
            for label, one in found.items()
            if one
        }

    @property
    def settings(self) -> dict[str, Any]:
        """The figures for the settings of metrics, which the gate reads."""
        low = self.agreement.interval.low if self.agreement.interval else None
        return {
            "judge_measured_on": self.labels,
            "judge_measured_texts": self.texts,
            "judge_agreement": self.agreement.value,
            "judge_agreement_low": low,
            "judge_alpha_of_people": self.people.value,
            "judge_unread": self.unread / self.texts,
            "judge_moved": self.moved.value,
            "judge_moved_texts": self.moved.texts,
            "judge_classes": self.classes,
        }

    @property
    def against_itself(self) -> int:
        """Texts on which the judge wrote something else in each order; by likelihood both orders make one verdict."""
        if self.identity.get("judge_by") != "generation" or self.same_in_both_orders.value is None:
            return 0
        return round((1 - self.same_in_both_orders.value) * self.same_in_both_orders.texts)

    @property
    def settings_in_run(self) -> dict[str, Any]:
        """The figures for metrics of a run's own probes, where a judge that contradicts itself gives no verdict."""
        return {**self.settings, "judge_unread": (self.unread + self.against_itself) / self.texts}

    @property
    def faults(self) -> list[str]:
        """Why no rule of a gate can rest on this judge; empty where one can."""
        return faults_of(self.settings)


def read_measurement(file: Path, judge: MeasurableJudge) -> JudgeMeasurement:
    """The measurement of exactly this judge.

    Raises:
        ConfigError: It cannot be read, or is of another judge; the message says what differs.
    """
    found = stored_measurement(file)
    other = differing(found, judge.identity)
    if other:
        msg = f"{file}: measured with another {', '.join(other)}: measure this judge with `audit judge measure`"
        raise ConfigError(msg)
    return found


def stored_measurement(file: Path) -> JudgeMeasurement:
    """A measurement of any judge.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return json_file.read_record(file, JudgeMeasurement)
    except RunFolderError as error:
        fault = str(error).removeprefix(f"{file}: ").partition(": copy the run folder")[0]
        what = f"no measurement of `audit judge measure` ({fault})" if file.exists() else "no such file"
        msg = f"{file}: {what}: name a file that `audit judge measure --out` wrote"
        raise ConfigError(msg) from error


def differing(found: JudgeMeasurement, identity: Mapping[str, Any]) -> list[str]:
    """What a measurement has otherwise than a judge; empty where it is of that judge."""
    return [name for name in IDENTITY if found.identity.get(name) != identity[name]]
