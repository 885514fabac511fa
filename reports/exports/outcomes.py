"""What a judged rule means to a tool that knows tests, not intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from audit.core.formatting import REASON_LIMIT, estimate_text
from audit.core.text import printable
from audit.reports.render.baseline_text import rule_text

if TYPE_CHECKING:
    from audit.core.records import Decision, GateCheck, NotJudged

Result = Literal["passed", "failed", "undecided", "skipped"]
RESULTS: dict[str, Result] = {"PASS": "passed", "FAIL": "failed", "INCONCLUSIVE": "undecided"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule as a test. All texts are one printable line."""

    name: str
    """The metric, with its slice, and the rule."""
    group: str
    """Task of the metric."""
    result: Result
    """``skipped`` where the rule cannot block the release."""
    message: str
    """Verdict, value and reason."""


def outcome(check: GateCheck, waiver: str = "") -> Outcome:
    """A judged rule as a test: the one place that says which rules block.

    Args:
        check: The rule, judged.
        waiver: By which waiver it does not block, in words; empty where it has none.
    """
    value = f" {estimate_text(check.value, check.ci_low, check.ci_high, check.unit or 'score')}"
    message = f"{check.verdict}{value if check.value is not None else ''}: {check.reason}"
    message = "; ".join(part for part in (message, waiver, check.why and f"why: {check.why}") if part)
    result = RESULTS[check.verdict] if check.blocking == check.verdict else "skipped"
    return _outcome(check.task, check.metric, rule_text(check), result, message)


def outcomes(decision: Decision) -> list[Outcome]:
    """Every rule of a decision: the judged ones, then rules on optional tasks that did not run."""
    skipped = [_skipped(one, one.rule) for one in decision.not_judged if one.rule is not None]
    return [*(outcome(check, decision.waiver_text(check)) for check in decision.checks), *skipped]


def _skipped(rule: NotJudged, text: str) -> Outcome:
    return _outcome(rule.task, rule.metric, text, "skipped", f"optional: {rule.reason}")


def _outcome(task: str, metric: str, rule: str, result: Result, message: str) -> Outcome:
    return Outcome(printable(f"{metric} {rule}"), printable(task), result, printable(message, REASON_LIMIT))
