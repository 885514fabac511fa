"""A rubric: one question with a closed list of answers, each with its number, that a judge answers about a text."""

from __future__ import annotations

import os
import string
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from audit.core.config import validate
from audit.core.config.fields import Section
from audit.core.config.yaml_file import read_plain_yaml
from audit.core.errors import ConfigError, did_you_mean
from audit.core.records import digest_of
from audit.core.records.faults import TextForm

LETTERS = string.ascii_uppercase
"""What a judge may answer with."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Name = Annotated[
    str, TextForm(r"[a-z][a-z0-9_]{0,39}", "must be 1 to 40 lower-case letters, digits and _, a letter first")
]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
FIRST, TIE, SECOND = "first", "tie", "second"
"""Levels of a rubric about pairs."""


class RubricLevel(Section):
    """One answer that the scale allows."""

    number: Number
    """What it counts as."""
    label: Label
    """Its name, by which people's labels may call it."""
    text: Text
    """What makes a text belong here."""


PAIR = (
    RubricLevel(number=0, label=SECOND, text="Answer B is better."),
    RubricLevel(number=0.5, label=TIE, text="Both are equally good."),
    RubricLevel(number=1, label=FIRST, text="Answer A is better."),
)
"""Levels of a comparison of two answers, by number."""


class Rubric(Section):
    """What a judge is asked: about one answer on a scale, or which of two answers is better."""

    name: Name
    """Begins the names of its metrics."""
    question: Text
    """What the judge decides."""
    criteria: Text
    """What it is to look at."""
    levels: Annotated[list[RubricLevel], Field(min_length=2, max_length=10)] | None = None
    """The scale, from the lowest number to the highest; null for a comparison of two answers."""
    pairs: Annotated[bool, Field(strict=True)] = False
    """Whether it compares two answers to the same prompt."""
    ties: Annotated[bool, Field(strict=True)] = True
    """Of a comparison: whether both may be equally good."""
    counts_from: Number | None = None
    """Number from which on an answer counts in the share of the rubric; null: there is no share."""
    higher_is_better: Annotated[bool, Field(strict=True)] | None = None
    """Direction of the scale; null where neither end is good."""
    labels: str | None = None
    """Data set with people's labels on this scale, by name (``audit assets list``)."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.pairs == (self.levels is not None):
            msg = "give levels, or pairs: true for a comparison of two answers, and only one of them"
            raise ValueError(msg)
        numbers = [level.number for level in self.scale]
        if any(one >= other for one, other in pairwise(numbers)):
            msg = "levels: list them from the lowest number to the highest, each number once"
            raise ValueError(msg)
        names = [level.label.casefold() for level in self.scale]
        if len(set(names)) < len(names):
            msg = "levels: two have the same label"
            raise ValueError(msg)
        if self.counts_from is not None and not numbers[0] < self.counts_from <= numbers[-1]:
            msg = f"counts_from: must be above {numbers[0]:g}, the lowest number, and at most {numbers[-1]:g}"
            raise ValueError(msg)
        if self.pairs and (self.counts_from is not None or self.labels is not None):
            msg = "counts_from and labels are for scales: leave them out of a comparison"
            raise ValueError(msg)
        return self

    @property
    def scale(self) -> list[RubricLevel]:
        """The levels by number; of a comparison, those of the first answer."""
        if self.levels is not None:
            return self.levels
        return [level for level in PAIR if self.ties or level.label != TIE]

    @property
    def digest(self) -> str:
        """SHA-256 of everything that a judge is asked: another digest is another judge."""
        return digest_of("rubric", self.model_dump(mode="json", exclude={"labels"}))

    def share_of_range(self, number: float) -> float:
        """A number as a share of the range from the lowest to the highest level."""
        low, high = self.scale[0].number, self.scale[-1].number
        return (number - low) / (high - low)

    def number_of(self, label: object) -> float | None:
        """What a label stands for: a level by its name, or a number within the scale; None for anything else."""
        text = str(label).strip()
        named = next((level.number for level in self.scale if level.label.casefold() == text.casefold()), None)
        if named is not None:
            return named
        try:
            number = float(text)
        except ValueError:
            return None
        return number if self.scale[0].number <= number <= self.scale[-1].number else None

    def nearest(self, number: float) -> float:
        """The number of the level that is nearest; of two, the lower one."""
        return min((level.number for level in self.scale), key=lambda one: (abs(one - number), one))


def shipped_rubrics() -> list[str]:
    """Names of the rubrics that come with the package."""
    folder = resources.files("audit.safety.judges").joinpath("rubrics")
    return sorted(one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml"))


def load_rubric(name: str) -> Rubric:
    """Read a rubric: a YAML file, or a shipped one by its name.

    Raises:
        ConfigError: There is none, or it is not a rubric; one line says what is wrong.
    """
    if name in shipped_rubrics():
        with resources.as_file(resources.files("audit.safety.judges").joinpath("rubrics", f"{name}.yaml")) as file:
            return _read(file)
    path = Path(name)
    if not path.suffix and not os.path.exists(path):  # noqa: PTH110 - unlike Path.exists it raises nothing
        known = shipped_rubrics()
        msg = f"{name}: no such file, and no shipped rubric: {', '.join(known)}.{did_you_mean(name, known)}"
        raise ConfigError(msg)
    return _read(path)


def _read(file: Path) -> Rubric:
    values, _ = read_plain_yaml(file)
    if not values:
        msg = f"{file}: the rubric is empty: give name, question, criteria and levels"
        raise ConfigError(msg)
    return validate(Rubric, values, str(file))
