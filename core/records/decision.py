"""What the gate decided."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class GateCheck(Record):
    """One rule of a policy, judged."""

    metric: str
    """Name of the metric, with its slice when the rule has one."""
    rule: str
    """The rule in words, e.g. ``min 0.6``."""
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
    metrics_sha256: str
    """Digest of the ``metrics.json`` that was judged."""
    verdict: Verdict
    """FAIL if any check fails, else INCONCLUSIVE if any is inconclusive, else PASS."""
    checks: list[GateCheck]
    """Each rule, judged."""
    not_judged: list[str] = Field(default_factory=list)
    """Primary metrics without a rule, and rules on optional tasks that did not run; each followed by a colon and the
    reason."""
    warnings: list[str] = Field(default_factory=list)
    """Warnings about the policy, e.g. that a rule only bounds the good direction."""
    decided: datetime
    """Time of the decision, UTC."""
