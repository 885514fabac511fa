"""What an audit cost, judged by what its policy lets it cost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from audit.core.config.budget import BudgetConfig, duration_seconds
from audit.core.formatting import duration_text
from audit.core.records import GateBudget, GateCheck

if TYPE_CHECKING:
    from audit.core.records import RunCost, RunManifest, Verdict

BUDGET_CHECK = "policy/budget"
"""Name of the check on what the audit cost."""


def recorded(budget: BudgetConfig | None) -> GateBudget | None:
    """The limits of a policy as the decision holds them."""
    return GateBudget(wall_time=budget.wall_time, tokens=budget.tokens) if budget else None


def budget_checks(budget: GateBudget | None, manifest: RunManifest) -> list[GateCheck]:
    """The check on what a run cost; none where the policy sets no budget.

    A cost that is not known is within no budget.

    Args:
        budget: Of the policy.
        manifest: Of the run.

    Raises:
        ValueError: The budget is none that a policy can have.
    """
    if budget is None:
        return []
    limits = BudgetConfig(wall_time=budget.wall_time, tokens=budget.tokens)
    if not limits.text:
        msg = "it limits nothing"
        raise ValueError(msg)
    verdict, reason = _judged(limits, manifest.spent)
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return [GateCheck(metric=BUDGET_CHECK, rule=f"at most {limits.text}", verdict=verdict, reason=reason, **nothing)]


def _judged(limits: BudgetConfig, spent: RunCost | None) -> tuple[Verdict, str]:
    """Verdict and reason."""
    if spent is None:
        why = "a process was killed, another tool or an older version made the run, or it goes on"
        return "INCONCLUSIVE", f"what the run cost is unknown: {why}"
    cost = f"the run took {duration_text(timedelta(seconds=spent.seconds))} and {spent.tokens:,} tokens"
    over = [
        *(["wall time"] if limits.wall_time and spent.seconds > duration_seconds(limits.wall_time) else []),
        *(["tokens"] if limits.tokens and spent.tokens > limits.tokens else []),
    ]
    return ("FAIL", f"{cost}: over the budget in {' and '.join(over)}") if over else ("PASS", cost)
