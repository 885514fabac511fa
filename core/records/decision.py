"""What the gate decided."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record
from audit.core.records.waiver import JudgedWaiver  # noqa: TC001 - see above

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class GateCheck(Record):
    """One rule of a policy, judged."""

    metric: str
    """Name of the metric, with its slice when the rule has one."""
    rule: str
    """The rule in words, e.g. ``min 0.6``."""
    minimum: float | None
    """Lowest value that the rule allows; null where it has none."""
    maximum: float | None
    """Highest value that the rule allows; null where it has none."""
    max_unscored: float | None
    """Share of the task's samples that the rule lets be unscored; null takes that of the decision."""
    value: float | None
    """Point estimate."""
    ci_low: float | None
    """Lower end of its interval."""
    ci_high: float | None
    """Upper end of its interval."""
    verdict: Verdict
    """What the interval says about the rule."""
    reason: str
    """One-line explanation."""
    unit: str | None = None
    """Unit of value, interval and limits; null where there is no metric."""
    higher_is_better: bool | None = None
    """Direction of the metric; null where neither end is good."""
    waived_by: str | None = None
    """Id of the waiver by which the check does not block; null where it passes or blocks."""

    @property
    def blocking(self) -> Verdict:
        """What the check means for the release: its verdict, but PASS where it is waived."""
        return "PASS" if self.waived_by else self.verdict


class NotJudged(Record):
    """A metric or rule that the gate did not judge."""

    task: str
    """Task of the metric."""
    metric: str
    """Name of the metric, with its slice when the rule has one."""
    rule: str | None
    """The rule in words, on an optional task that did not run; null where no rule is about the metric."""
    reason: str | None
    """Why there is nothing to judge the rule on; null where there is no rule."""


class GateBudget(Record):
    """What the policy lets an audit cost."""

    wall_time: str | None
    """Duration, as the policy writes it; null where it sets none."""
    tokens: int | None
    """Computed tokens; null where it sets none."""


class Decision(Record):
    """What the gate decided, and on which evidence."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    run_id: str
    """The judged run."""
    model_digest: str
    """The judged checkpoint."""
    policy: str
    """File name of the policy."""
    policy_sha256: str
    """Digest of its bytes."""
    policy_version: int = 1
    """Version of the policy's format."""
    confidence: float
    """Nominal coverage that the policy asks of an interval."""
    max_unscored: float
    """Share of a task's samples that the policy lets be unscored where a rule says nothing else."""
    optional: list[str]
    """Tasks that the release can do without, by the policy or by the configuration of the run; sorted."""
    metrics_sha256: str
    """Digest of the ``metrics.json`` that was judged."""
    verdict: Verdict
    """FAIL if any check fails, else INCONCLUSIVE if any is inconclusive, else PASS; waived checks do not count."""
    checks: list[GateCheck]
    """Each rule, judged."""
    not_judged: list[NotJudged] = Field(default_factory=list)
    """Rules on optional tasks that did not run, and primary metrics that no rule is about."""
    warnings: list[str] = Field(default_factory=list)
    """Warnings about the policy, e.g. that a rule only bounds the good direction."""
    decided: datetime
    """Time of the decision, UTC."""
    budget: GateBudget | None = None
    """What the policy lets the audit cost; null where it says nothing."""
    waiver_file: str | None = None
    """File name of the waivers; null where none were given."""
    waivers_sha256: str | None = None
    """Digest of its bytes."""
    judged_for: date | None = None
    """Day, UTC, for which waivers were judged; null where none were given."""
    waivers: list[JudgedWaiver] = Field(default_factory=list)
    """Every waiver of the file, and why those that waive nothing do not."""

    def waiver_text(self, check: GateCheck) -> str:
        """By which waiver a check does not block, until when and why; empty where it has none."""
        return next((waiver.text for waiver in self.waivers if waiver.id == check.waived_by), "")
