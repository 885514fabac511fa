"""What the gate decided."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations at run time
from typing import Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Share
from audit.core.records.comparison import (  # noqa: TC001 - pydantic reads the annotations at run time
    MetricDifference,
    Mismatch,
    MismatchKind,
    RunReference,
)
from audit.core.records.looks import SequentialCheck  # noqa: TC001 - see above
from audit.core.records.waiver import JudgedWaiver  # noqa: TC001 - see above

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Severity = Literal["block", "warn"]
RuleKind = Literal["range", "no_worse", "better", "gap", "truncated", "corrected"]

LOWEST, HIGHEST = 1, 5
"""The scale of ratings."""


class RatedAs(Record):
    """What a rule asks of the ratings."""

    at_least: int | None = None
    """An output whose mean rating is this or more counts as 1, any other as 0; null where ``at_most`` is given."""
    at_most: int | None = None
    """An output whose mean rating is this or less counts as 1, any other as 0; null where ``at_least`` is given."""
    labels: int
    """Number of outputs that are drawn to be rated."""


class Correction(Record):
    """What people's ratings make of a metric."""

    raw: float | None
    """The metric as the scorer has it, in its unit."""
    outputs: int
    """Outputs that the scorer judged."""
    labels: int
    """Outputs that were drawn and rated. The rest is null unless all of the drawn ones are rated."""
    disagreements: int | None = None
    """Drawn outputs whose raters are on both sides of the limit; their mean rating counts."""
    agreement: Share | None = None
    """Share of the labels that the scorer agrees with; a value of 0.5 or more counts as 1."""
    bias: float | None = None
    """Mean of the scorer's value minus the label over the drawn outputs, in shares."""
    tuning: Share | None = None
    """λ of PPI++: how much the scorer's judgement of outputs without a label counts."""
    method: str | None = None
    """How the interval was computed; null where there is none."""
    ratings: dict[str, list[int]] = Field(default_factory=dict)
    """By sample id, the ratings of each drawn output: the latest one of each rater, ascending."""


class BaselineComparison(Record):
    """What a rule on the baseline is judged by."""

    confidence: Share
    """Nominal coverage of everything here together."""
    difference: MetricDifference
    """Candidate minus baseline, on the items that both have scored."""
    baseline_low: float | None = None
    """Lower end of the interval of the baseline's own value; null unless the margin is a share of it."""
    baseline_high: float | None = None
    """Upper end of that interval."""
    cut: int = 0
    """Compared items whose answer the token limit cut in either run, of a metric that such answers leave open."""


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
    kind: RuleKind = "range"
    """``range``: the value lies between the limits; ``no_worse``, ``better``: compared with the baseline; ``gap``: the
    largest gap between slices, in ``value``; ``truncated``: the share of cut answers, in ``value``. The limit of these
    two is ``maximum``. ``corrected``: the value, corrected by people's ratings, lies between the limits."""
    margin: float | None = None
    """Loss against the baseline that the rule tolerates, in ``unit``; null where it has none."""
    relative: float | None = None
    """The same as a share of the baseline's value."""
    by: str | None = None
    """Slice between whose values the gap is; null for other kinds."""
    confidence: float | None = None
    """Nominal coverage that the rule asks for; null takes that of the decision."""
    severity: Severity = "block"
    """``warn``: the verdict of the decision does not depend on it."""
    owner: str | None = None
    """Who answers for the rule."""
    why: str | None = None
    """Where the threshold comes from."""
    baseline: BaselineComparison | None = None
    """The comparison with the baseline; null for other kinds, and where there is nothing to compare."""
    adjusted: BaselineComparison | None = None
    """The same with the coverage that Holm's procedure asks for among all rules on the baseline; null where the rule is
    not violated on its own."""
    rated_as: RatedAs | None = None
    """What a rule on a corrected metric asks of the ratings; null for other kinds."""
    corrected: Correction | None = None
    """The correction that such a rule is judged by; null for other kinds, and where there is none."""
    sequential: SequentialCheck | None = None
    """How the rule was judged on a task that was looked at while it ran; null where its size was fixed before."""
    waived_by: str | None = None
    """Id of the waiver by which the check does not block; null where it passes or blocks."""

    @property
    def task(self) -> str:
        """Task that the check is about: what stands before the metric's name."""
        return self.metric.partition(" [")[0].rpartition("/")[0]

    @property
    def blocking(self) -> Verdict:
        """What the check means for the release: its verdict, but PASS where it is waived or only warns."""
        return "PASS" if self.waived_by or self.severity == "warn" else self.verdict


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
    baseline: RunReference | None = None
    """The run that the judged one is compared with; null without one."""
    min_aligned: Share | None = None
    """Share of the items of either run that both must have scored; null without a baseline."""
    across: list[MismatchKind] = Field(default_factory=list)
    """Kinds of mismatch between the runs that the policy tolerates."""
    mismatches: list[Mismatch] = Field(default_factory=list)
    """In what else the runs differ, as far as a rule is concerned."""
    share_error_over: int = 1
    """Number of decisions that share the error of wrong FAILs on a baseline."""
    decided: datetime | None = None
    """Time of the decision in files of older versions. It is no longer written: equal inputs give equal bytes."""
    budget: GateBudget | None = None
    """What the policy lets the audit cost; null where it says nothing."""
    certificate: dict[str, float] | None = None
    """Bounds of the policy for the certificate of an engine of others, by name; null where it says nothing."""
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
