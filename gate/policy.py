"""The release policy: a YAML file of rules on metrics, each judged on a confidence interval."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, Strict, model_validator

from audit.core.config import BudgetConfig, Section, read_plain_yaml, validate
from audit.core.errors import ConfigError
from audit.core.formatting import slice_text
from audit.core.versions import POLICY_VERSION

if TYPE_CHECKING:
    from pathlib import Path

Bound = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Tolerance = Annotated[float, Strict(), Field(ge=0, lt=1)]


class Rule(Section):
    """A metric and the range its whole confidence interval must lie in."""

    metric: str
    """``task/metric`` as in ``metrics.json``, e.g. ``boolq/accuracy``."""
    slice: dict[str, str] | None = None
    """The subset, e.g. ``{bias_type: gender}``; left out: all items."""
    min: Bound | None = None
    """Lowest value allowed, in the metric's unit."""
    max: Bound | None = None
    """Highest value allowed, in the metric's unit."""
    max_unscored: Tolerance | None = None
    """Share of the task's samples that may be unscored; null takes the policy's."""
    why: str | None = None
    """Where the threshold comes from; shown to readers."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        task, _, name = self.metric.rpartition("/")
        if not task or not name:
            msg = f"metric {self.metric!r} must be task/metric, e.g. boolq/accuracy"
            raise ValueError(msg)
        if self.min is None and self.max is None:
            msg = f"the rule on {self.metric} needs min, max or both"
            raise ValueError(msg)
        if self.min is not None and self.max is not None and self.min > self.max:
            msg = f"the rule on {self.metric} allows nothing: min {exact(self.min)} is above max {exact(self.max)}"
            raise ValueError(msg)
        return self

    @property
    def task(self) -> str:
        """The task that the rule is about."""
        return self.metric.rpartition("/")[0]

    @property
    def text(self) -> str:
        """The rule in words: ``min 45, max 65``. The numbers are exact."""
        bounds = (("min", self.min), ("max", self.max))
        return ", ".join(f"{word} {exact(bound)}" for word, bound in bounds if bound is not None)

    @property
    def target(self) -> str:
        """The metric with its slice in brackets."""
        return f"{self.metric} [{slice_text(self.slice)}]" if self.slice else self.metric


class Policy(Section):
    """All rules of a release; an empty policy would pass anything and is refused."""

    policy_version: Annotated[int, Strict(), Field(ge=1)] = POLICY_VERSION
    """Version of the format that the file is written in; one that is newer than this program knows is refused."""
    confidence: Annotated[float, Strict(), Field(gt=0, lt=1)] = 0.95
    """Lowest nominal coverage an interval must have to be judged."""
    max_unscored: Tolerance = 0.0
    """Share of a task's samples that may be unscored; the rule must then pass whatever they would have scored."""
    optional: list[str] = Field(default_factory=list)
    """Tasks, probes and explanation methods whose absence the release can do without: their rules are judged where they
    ran."""
    rules: Annotated[list[Rule], Field(min_length=1)]
    """Every rule must pass for the release to pass."""
    budget: BudgetConfig | None = None
    """What the audit may cost, over all its sittings: ``wall_time``, ``tokens`` or both."""

    @model_validator(mode="after")
    def _budget_limits_something(self) -> Self:
        if self.budget is not None and not self.budget.text:
            msg = "the budget limits nothing: give wall_time, tokens or both"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class PolicyFile:
    """A policy and the bytes it was read from."""

    name: str
    """File name."""
    where: str
    """Path as typed, which messages begin with."""
    sha256: str
    """Digest of the file's bytes."""
    policy: Policy
    """Its content."""


def exact(bound: float) -> str:
    """A limit in the fewest digits that give the same number again: ``0.5``, ``4000``, ``0.999999999``."""
    short = f"{bound:g}"
    return short if float(short) == bound else repr(bound).removesuffix(".0")


def load_policy(file: Path | None = None) -> PolicyFile:
    """Read a policy; without a file, the one shipped with the package.

    Raises:
        ConfigError: The file is missing, not YAML, of a newer version, or holds an unknown key, a wrong type or a rule
            without range.
    """
    if file is None:
        with resources.as_file(resources.files("audit.gate").joinpath("policies", "default.yaml")) as shipped:
            return _read(shipped)
    return _read(file)


def _counted(fault: str) -> str:
    """A fault with its rule counted from 1, as people count: ``rule 1: min: must be a number``."""
    return re.sub(
        r"^(unknown key ')?rules\.(\d+)(?:\.|: )", lambda place: f"rule {int(place[2]) + 1}: {place[1] or ''}", fault
    )


def _read(file: Path) -> PolicyFile:
    values, data = read_plain_yaml(file)
    if not values:
        msg = f"{file}: the policy is empty: give at least one rule under 'rules'"
        raise ConfigError(msg)
    version = values.get("policy_version")
    if type(version) is int and version > POLICY_VERSION:  # its other keys may mean something else, too
        msg = f"{file}: policy_version {version}, this program reads {POLICY_VERSION}: upgrade checkpoint-audit"
        raise ConfigError(msg)
    try:
        policy = validate(Policy, values, str(file))
    except ConfigError as error:
        msg = f"{file}: {_counted(str(error).removeprefix(f'{file}: '))}"
        raise ConfigError(msg) from error
    return PolicyFile(file.name, str(file), hashlib.sha256(data).hexdigest(), policy)
