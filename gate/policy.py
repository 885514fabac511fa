"""The release policy: a YAML file of rules on metrics, each judged on a confidence interval."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import BaseModel, Field, Strict, model_validator

from audit.core.config import BudgetConfig, CertificateBounds, Section, read_plain_yaml, validate
from audit.core.errors import ConfigError, did_you_mean
from audit.core.formatting import slice_text
from audit.core.records import RuleKind, Severity
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind
from audit.core.records.decision import HIGHEST, LOWEST
from audit.core.text import printable
from audit.core.versions import POLICY_VERSION
from audit.stats.prediction_powered import LEAST_LABELS

M = TypeVar("M", bound=BaseModel)
_SHIPPED = resources.files("audit.gate").joinpath("policies")
Bound = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Tolerance = Annotated[float, Strict(), Field(ge=0, lt=1)]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
Coverage = Annotated[float, Strict(), Field(gt=0, lt=1)]
Points = Annotated[int, Strict(), Field(ge=LOWEST, le=HIGHEST)]
Aligned = Annotated[float, Strict(), Field(gt=0, le=1)]
WILD = "*?"
"""Characters that make the task of a rule a pattern: any text, any one character."""


class Loss(Section):
    """How much worse than the baseline a metric may be: in its unit, or as a share of the baseline's value."""

    margin: Positive | None = None
    """In the metric's unit."""
    relative: Annotated[float, Strict(), Field(gt=0, lt=1)] | None = None
    """As a share of the baseline's value: 0.05 tolerates a loss of 5 %."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.margin is None) == (self.relative is None):
            msg = "give margin or relative, and only one of them, e.g. {margin: 0.02}"
            raise ValueError(msg)
        return self


class Gap(Section):
    """The largest gap that a metric may have between slices."""

    slice: Annotated[str, Field(min_length=1)]
    """Key of the slices, e.g. ``bias_type``."""
    value: Positive
    """Largest gap allowed, in the metric's unit."""


class Corrected(Section):
    """How people's ratings correct a metric: an output counts as 1 or 0 by its mean rating."""

    rated_at_least: Points | None = None
    """Mean rating from which on an output counts as 1."""
    rated_at_most: Points | None = None
    """Mean rating up to which an output counts as 1, of a metric that counts bad outputs."""
    labels: Annotated[int, Strict(), Field(ge=LEAST_LABELS)]
    """Number of outputs that are drawn at random from the run, all of which must be rated."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.rated_at_least is None) == (self.rated_at_most is None):
            msg = "give rated_at_least or rated_at_most, and only one of them, e.g. {rated_at_least: 4, labels: 100}"
            raise ValueError(msg)
        if self.rated_at_least == LOWEST or self.rated_at_most == HIGHEST:
            msg = f"every rating lies between {LOWEST} and {HIGHEST}, so that every output would count as 1"
            raise ValueError(msg)
        return self

    @property
    def text(self) -> str:
        """``the ratings of 100 drawn outputs (4 or more counts as 1)``."""
        least = self.rated_at_least
        limit = f"{self.rated_at_most} or less" if least is None else f"{least} or more"
        return f"the ratings of {self.labels:,} drawn outputs ({limit} counts as 1)"


class Rule(Section):
    """A metric and what is asked of it; each part is judged by itself."""

    metric: str
    """``task/metric`` as in ``metrics.json``, e.g. ``boolq/accuracy``; ``*`` and ``?`` in the task stand for any text
    and any one character, so that ``mmlu_*/accuracy`` is a rule on every such task of the run."""
    slice: dict[str, str] | None = None
    """The subset, e.g. ``{bias_type: gender}``; left out: all items."""
    min: Bound | None = None
    """Lowest value allowed, in the metric's unit."""
    max: Bound | None = None
    """Highest value allowed, in the metric's unit."""
    no_worse_than_baseline: Loss | None = None
    """How much worse than the baseline's the metric may be."""
    better_than_baseline: Annotated[bool, Strict()] = False
    """Whether the metric must be better than the baseline's."""
    max_gap: Gap | None = None
    """Largest gap allowed between slices of the metric."""
    max_truncated: Tolerance | None = None
    """Share of the task's answers that the token limit may cut."""
    max_unscored: Tolerance | None = None
    """Share of the task's samples that may be unscored; null takes the policy's."""
    corrected: Corrected | None = None
    """Whether ``min`` and ``max`` are about the metric corrected by people's ratings of a random sample of its outputs;
    null: about the metric as it is."""
    confidence: Coverage | None = None
    """Nominal coverage of the interval that the rule is judged on; null takes the policy's."""
    severity: Severity = "block"
    """``warn`` shows the rule and leaves the verdict of the policy to the others."""
    owner: str | None = None
    """Who answers for the rule."""
    why: str | None = None
    """Where the threshold comes from; shown to readers."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        task, _, name = self.metric.rpartition("/")
        if not task or not name:
            msg = f"metric {self.metric!r} must be task/metric, e.g. boolq/accuracy"
            raise ValueError(msg)
        if any(sign in name for sign in WILD):
            msg = f"metric {self.metric!r}: only the task may hold * or ?, e.g. mmlu_*/accuracy"
            raise ValueError(msg)
        if not self.kinds:
            others = "no_worse_than_baseline, better_than_baseline, max_gap, max_truncated"
            msg = f"the rule on {self.metric} needs min, max or both, or one of {others}"
            raise ValueError(msg)
        if self.corrected and (self.min is None and self.max is None):
            msg = f"the rule on {self.metric}: corrected needs min, max or both"
            raise ValueError(msg)
        if self.slice and (self.max_gap or self.max_truncated is not None or self.corrected):
            what = "max_gap" if self.max_gap else "corrected" if self.corrected else "max_truncated"
            msg = f"the rule on {self.metric}: {what} is about all items: put the slice into a rule of its own"
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
    def is_pattern(self) -> bool:
        """Whether it is about every task of a pattern."""
        return any(sign in self.task for sign in WILD)

    def covers(self, task: str) -> bool:
        """Whether it is about a task: brackets mean nothing, unlike in patterns of a shell."""
        return fnmatchcase(task, self.task.replace("[", "[[]"))

    @property
    def kinds(self) -> list[RuleKind]:
        """What it asks for."""
        asked = {
            "range": (self.min is not None or self.max is not None) and self.corrected is None,
            "no_worse": self.no_worse_than_baseline is not None,
            "better": self.better_than_baseline,
            "gap": self.max_gap is not None,
            "truncated": self.max_truncated is not None,
            "corrected": self.corrected is not None,
        }
        return [kind for kind in get_args(RuleKind) if asked[kind]]

    @property
    def kind(self) -> RuleKind:
        """What it asks for first."""
        return self.kinds[0]

    @property
    def needs_baseline(self) -> bool:
        """Whether it compares with a baseline."""
        return bool({"no_worse", "better"} & {*self.kinds})

    @property
    def text(self) -> str:
        """The rule in words: ``min 45, max 65``. The numbers are exact."""
        bounds = (("min", self.min), ("max", self.max))
        parts = [f"{word} {exact(bound)}" for word, bound in bounds if bound is not None]
        loss, gap = self.no_worse_than_baseline, self.max_gap
        if self.corrected is not None:
            parts[-1] += f", corrected by {self.corrected.text}"
        if loss is not None:
            size = f"{exact(round(100 * loss.relative, 10))} % of it" if loss.relative else exact(loss.margin or 0)
            parts.append(f"no worse than the baseline, margin {size}")
        if self.better_than_baseline:
            parts.append("better than the baseline")
        if gap is not None:
            parts.append(f"largest gap by {printable(gap.slice, 80)} at most {exact(gap.value)}")
        if self.max_truncated is not None:
            parts.append(f"share of cut answers at most {exact(self.max_truncated)}")
        return ", ".join(parts)

    @property
    def target(self) -> str:
        """The metric with its slice in brackets."""
        return f"{self.metric} [{slice_text(self.slice)}]" if self.slice else self.metric


class Policy(Section):
    """All rules of a release; an empty policy would pass anything and is refused."""

    policy_version: Annotated[int, Strict(), Field(ge=1)] = POLICY_VERSION
    """Version of the format that the file is written in; one that is newer than this program knows is refused."""
    confidence: Coverage = 0.95
    """Lowest nominal coverage an interval must have to be judged."""
    max_unscored: Tolerance = 0.0
    """Share of a task's samples that may be unscored; the rule must then pass whatever they would have scored."""
    optional: list[str] = Field(default_factory=list)
    """Tasks, probes and explanation methods whose absence the release can do without: their rules are judged where they
    ran."""
    min_aligned: Aligned = MIN_ALIGNED
    """Share of the items of either run that candidate and baseline must both have scored; fewer never pass."""
    across: list[MismatchKind] = Field(default_factory=list)
    """In what candidate and baseline may differ apart from the checkpoint: ``prompts``, ``chat_template``, …"""
    rules: Annotated[list[Rule], Field(min_length=1)]
    """Every rule must pass for the release to pass, except those of severity ``warn``."""
    share_error_over: Annotated[int, Strict(), Field(ge=1, le=10_000)] = 1
    """Number of decisions under this policy, such as nightly ones, that share the error of wrong FAILs on a baseline:
    with 100, the chance that any of 100 decisions blocks a candidate that is not worse is at most 1 − confidence."""
    budget: BudgetConfig | None = None
    """What the audit may cost, over all its sittings: ``wall_time``, ``tokens`` or both."""
    certificate: CertificateBounds | None = None
    """Bounds of the certificate of a run on a server or another foreign engine; null takes the usual ones."""

    @model_validator(mode="after")
    def _decides_something(self) -> Self:
        if self.budget is not None and not self.budget.text:
            msg = "the budget limits nothing: give wall_time, tokens or both"
            raise ValueError(msg)
        if all(rule.severity == "warn" for rule in self.rules):
            msg = "rules: every rule is of severity warn, so that anything would pass: at least one rule must block"
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
    data: bytes = field(default=b"", repr=False)
    """The file's bytes."""


def exact(bound: float) -> str:
    """A limit in the fewest digits that give the same number again: ``0.5``, ``4000``, ``0.999999999``."""
    short = f"{bound:g}"
    return short if float(short) == bound else repr(bound).removesuffix(".0")


def load_policy(file: Path | None = None) -> PolicyFile:
    """Read a policy: a file, or a shipped one by its name (``chat``); without either, the shipped ``default``.

    Raises:
        ConfigError: The file is missing, not YAML, of a newer version, or holds an unknown key, a wrong type or a rule
            that asks for nothing.
    """
    name = "default" if file is None else str(file)
    if name in shipped_policies():
        with resources.as_file(_SHIPPED.joinpath(f"{name}.yaml")) as shipped:
            return _read(shipped)
    path = Path(name)
    if not path.suffix and path.name == name and not os.path.lexists(path):
        known = shipped_policies()
        msg = f"{name}: no such file, and no shipped policy: {', '.join(known)}.{did_you_mean(name, known)}"
        raise ConfigError(msg)
    return _read(path)


def shipped_policy(sha256: str) -> PolicyFile | None:
    """The shipped policy with a digest; None where it is none of them."""
    found = (load_policy(Path(name)) for name in shipped_policies())
    return next((file for file in found if file.sha256 == sha256), None)


def shipped_policies() -> list[str]:
    """Names of the policies that come with the package."""
    return sorted(one.name.removesuffix(".yaml") for one in _SHIPPED.iterdir() if one.name.endswith(".yaml"))


def validate_listed(model: type[M], values: dict[str, Any], file: Path, key: str, noun: str) -> M:
    """Validate a file that holds a list; in a fault the items of the list are :func:`counted`.

    Args:
        model: What the values must be.
        values: As read from YAML.
        file: The file; a message begins with it.
        key: Of the list.
        noun: One of its items.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
    """
    try:
        return validate(model, values, str(file))
    except ConfigError as error:
        msg = f"{file}: {counted(str(error).removeprefix(f'{file}: '), key, noun)}"
        raise ConfigError(msg) from error


def counted(fault: str, key: str, noun: str) -> str:
    """A fault in a list with its item counted from 1, as people count: ``rule 1: min: must be a number``.

    Args:
        fault: As validation words it, from 0: ``rules.0.min: must be a number``.
        key: Of the list.
        noun: One of its items.
    """
    pattern = rf"^(unknown key ')?{key}\.(\d+)(?:\.|: )"
    return re.sub(pattern, lambda place: f"{noun} {int(place[2]) + 1}: {place[1] or ''}", fault)


def _read(file: Path) -> PolicyFile:
    values, data = read_plain_yaml(file)
    if not values:
        msg = f"{file}: the policy is empty: give at least one rule under 'rules'"
        raise ConfigError(msg)
    version = values.get("policy_version")
    if type(version) is int and version > POLICY_VERSION:  # its other keys may mean something else, too
        msg = f"{file}: policy_version {version}, this program reads {POLICY_VERSION}: upgrade checkpoint-audit"
        raise ConfigError(msg)
    policy = validate_listed(Policy, values, file, "rules", "rule")
    return PolicyFile(file.name, str(file), hashlib.sha256(data).hexdigest(), policy, data)
