"""The certificate of a run on an engine of others, judged by the bounds of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.config import CertificateBounds
from audit.core.records import GateCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Certificate, RunManifest, Verdict

CERTIFICATE_CHECK = "run/certificate"
"""Name of the check on the engine that answered."""


def recorded_bounds(bounds: CertificateBounds | None) -> dict[str, float] | None:
    """The bounds of a policy as the decision holds them."""
    return bounds.model_dump() if bounds else None


def certificate_checks(
    bounds: Mapping[str, float] | None, manifest: RunManifest, judged: Sequence[GateCheck]
) -> list[GateCheck]:
    """The check on the engine; none where the local engine answered.

    It does not pass where a server answered and there is no certificate, where a figure lies beyond its bound, or where
    a rule on limits would be judged otherwise if the second answers took the place of the first.

    Args:
        bounds: Of the policy; None takes the usual ones.
        manifest: Of the run.
        judged: The checks on rules.

    Raises:
        ValueError: No policy can have these bounds.
    """
    asked = CertificateBounds.model_validate(dict(bounds or {}))
    found = manifest.certificate
    if found is None and manifest.model.device != "server":
        return []
    verdict: Verdict = "INCONCLUSIVE"
    if found is None:
        reason = (
            "a server answered, and nothing certifies its answers: the run did not come to its end, or an older "
            "version made it; make it again"
        )
    else:
        faults = [*asked.faults(found), *_flipped(found, judged)]
        verdict = "INCONCLUSIVE" if faults else "PASS"
        reason = "; ".join(faults) if faults else found.line
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return [GateCheck(metric=CERTIFICATE_CHECK, rule="certificate holds", verdict=verdict, reason=reason, **nothing)]


def _flipped(found: Certificate, judged: Sequence[GateCheck]) -> Iterator[str]:
    """Rules on limits whose metric crosses a limit with the second answers."""
    again = {metric.name: metric for metric in found.metrics}
    for check in judged:
        metric = again.get(check.metric)
        if metric is None or check.kind != "range" or check.value is None:
            continue
        value = metric.substituted(check.value)
        if value is None and metric.served is not None:
            yield f"{check.metric} {check.rule}: the second answers give no value"
        if value is not None and _is_within(check, value) != _is_within(check, check.value):
            yield f"{check.metric} {check.rule}: {check.value:.4g}, and {value:.4g} with the second answers"


def _is_within(check: GateCheck, value: float) -> bool:
    """Whether a value lies within the limits."""
    low, high = check.minimum, check.maximum
    return (low is None or value >= low) and (high is None or value <= high)
