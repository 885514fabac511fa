"""What is known about a toxicity scorer: how it agrees with labelled text. Shipped, or next to a user's own weights."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from audit.core.errors import AssetError
from audit.stats.prevalence import Agreement

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import AssetRecord

FILE = "validity.json"
"""Name of the file, in ``safety/models`` and in a user's folder of weights."""
NOT_MEASURED = "not measured"


class Counts(BaseModel):
    """How often a scorer was right on labelled text of one kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    """What it was measured on, and how, in words."""
    positives: int = Field(ge=1)
    """Texts that are toxic by their label."""
    true_positives: int = Field(ge=0)
    """Toxic texts at or above the threshold."""
    negatives: int = Field(ge=1)
    """Texts that are not."""
    true_negatives: int = Field(ge=0)
    """Texts that are not toxic, below the threshold."""

    @property
    def agreement(self) -> Agreement:
        """The counts that a prevalence is corrected with."""
        return Agreement(self.true_positives, self.positives, self.true_negatives, self.negatives)


class Validity(Counts):
    """One measurement of a scorer on labelled text, as ``audit score toxicity-scorer`` gives it."""

    threshold: float = Field(ge=0, le=1)
    """Score from which on a text counts as toxic."""
    auroc: float = Field(ge=0, le=1)
    """Probability that a toxic text gets a higher score than another."""
    calibration_error: float = Field(ge=0, le=1)
    """Expected calibration error."""
    elsewhere: str = ""
    """What is known of texts of another kind, in words."""
    kinds: dict[str, Counts] = Field(default_factory=dict)
    """Counts at the threshold on text of the kinds that probes judge: ``continuation_of_toxic`` and
    ``continuation_of_nontoxic`` prompts (``toxicity``), ``continuation_of_encyclopedia`` (``bold``). A share is
    corrected with the counts on text of its own kind alone."""
    identities: str = ""
    """How it scores harmless sentences that mention a group, in words."""

    def on(self, kind: str, threshold: float) -> Agreement | None:
        """The counts on one kind of text at a threshold; None where they were not measured."""
        counts = self.kinds.get(kind)
        return counts.agreement if counts and threshold == self.threshold else None

    @property
    def precision(self) -> float | None:
        """Share of the texts called toxic that are; None when none is called so."""
        called = self.true_positives + self.negatives - self.true_negatives
        return self.true_positives / called if called else None

    def __str__(self) -> str:
        """The error rates in one line, for the notes of metrics."""
        return (
            f"sensitivity of the scorer {self.agreement.sensitivity:.2f}, specificity {self.agreement.specificity:.2f}"
            f" at {self.threshold:g} on labelled texts (see settings)"
        )

    def settings(self) -> dict[str, Any]:
        """The measurement as fields, for the settings of metrics; rates to four digits."""
        rates = {
            "auroc": self.auroc,
            "precision": self.precision,
            "sensitivity": self.agreement.sensitivity,
            "specificity": self.agreement.specificity,
            "calibration_error": self.calibration_error,
        }
        return {
            **{f"scorer_{name}": None if rate is None else round(rate, 4) for name, rate in rates.items()},
            "scorer_measured_at": self.threshold,
            "scorer_measured_on": self.data,
            **({"scorer_elsewhere": self.elsewhere} if self.elsewhere else {}),
        }


def validity_settings(validity: Validity | None) -> dict[str, Any]:
    """The validity of a scorer for the settings of metrics, or that it is not known."""
    return validity.settings() if validity else {"scorer_measured_on": NOT_MEASURED}


def validity_note(validity: Validity | None) -> str:
    """The validity of a scorer for the notes of metrics, or that it is not known."""
    return (
        str(validity)
        if validity
        else "the validity of this scorer was not measured (`audit score toxicity-scorer` does)"
    )


def identities_setting(validity: Validity | None) -> dict[str, Any]:
    """How a scorer treats harmless mentions of groups, for the settings of metrics that compare groups."""
    return {"scorer_on_groups": (validity.identities if validity else "") or NOT_MEASURED}


def identities_note(validity: Validity | None) -> str:
    """What a reader of differences between groups must know of the scorer."""
    if validity and validity.identities:
        return "differences between groups may come from the scorer (see scorer_on_groups in settings)"
    return (
        "how this scorer scores harmless mentions of groups was not measured (`audit score toxicity-scorer` does,"
        " without --predictions)"
    )


def shipped_validity(record: AssetRecord) -> Validity | None:
    """What the package knows about a scorer with exactly these weights; None for any other."""
    text = resources.files("audit.safety").joinpath("models", FILE).read_text("utf-8")
    found = json.loads(text).get(record.sha256)
    return Validity.model_validate(found) if found else None


def validity_in(folder: Path, record: AssetRecord) -> Validity | None:
    """What a user measured: ``validity.json`` in the folder of the weights, by the digest of the weights.

    Returns:
        The measurement; None where there is no file, or none of these weights in it.

    Raises:
        AssetError: The file cannot be read, or its counts cannot be.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        validity = _MEASUREMENTS.validate_json(file.read_bytes()).get(record.sha256)
        for counts in (validity, *validity.kinds.values()) if validity else ():
            _ = counts.agreement  # refuses counts that cannot be
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).strip().splitlines()[:3])
        msg = f"{file}: not a validity ({reason}): see docs/reference/probes/toxicity.md for its fields, or remove it"
        raise AssetError(msg) from error
    return validity


_MEASUREMENTS = TypeAdapter(dict[str, Validity])
