"""A verdict as a comment on a pull request, with a hidden marker by which the next one replaces it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text
from audit.reports.exports.verdict import decision_of
from audit.reports.render import markdown
from audit.reports.render.baseline_text import rule_text
from audit.reports.render.limits import COMMENT_BYTES, cut
from audit.reports.render.verdict_text import verdict_text

if TYPE_CHECKING:
    from audit.core.records import Decision, GateCheck
    from audit.reports.contents import RunContents

REASON = 400
"""Characters of a reason; the summary of the job has all of it."""
WHERE = "the summary and the artefact of the job"


def render(contents: RunContents) -> str:
    """The verdict as a comment.

    Raises:
        ConfigError: The run has no verdict on its numbers.
    """
    return render_decision(decision_of(contents), contents.unchecked)


def marker(decision: Decision) -> str:
    """The first line of a comment, which nobody sees: the same for every verdict under a policy of this name."""
    name = re.sub(r"[^A-Za-z0-9.]+", "_", decision.policy)[:100]
    return f"<!-- checkpoint-audit gate {name} -->"


def render_decision(decision: Decision, remark: str | None = None) -> str:
    """A decision as Markdown of at most ``COMMENT_BYTES``: what blocks first, what passes folded.

    Args:
        decision: The decision.
        remark: What of the verdict could not be checked; None where all of it was.
    """
    blocking = [check for check in decision.checks if check.blocking != "PASS"]
    shown = [check for check in decision.checks if check.blocking != check.verdict]
    passing = [check for check in decision.checks if check.verdict == "PASS"]
    lines = [
        marker(decision),
        f"### Release gate: {markdown.VERDICT_MARKS[decision.verdict]} {decision.verdict}",
        "",
        f"{verdict_text(decision)}, under policy {markdown.escaped(decision.policy)}.",
        "",
    ]
    if blocking:
        lines += [*_table(decision, sorted(blocking, key=lambda check: check.verdict)), ""]
    if shown:
        lines += ["Waived, or of severity warn:", "", *_table(decision, shown), ""]
    lines += [f"- {text}" for text in markdown.remarks(decision, REASON, remark)]
    if passing:
        lines += [
            "",
            f"<details><summary>{len(passing)} passing</summary>",
            "",
            *_table(decision, passing),
            "",
            "</details>",
        ]
    run, digest = markdown.escaped(decision.run_id), markdown.escaped(decision.model_digest[:16])
    lines += ["", f"<sub>Run {run}, checkpoint digest {digest}. An interval decides, not the value.</sub>"]
    return cut(lines, COMMENT_BYTES, WHERE)


def _table(decision: Decision, checks: list[GateCheck]) -> list[str]:
    rows = (_row(check, decision.waiver_text(check)) for check in checks)
    return markdown.table(("Verdict", "Metric", "Rule", "Value", "Reason"), rows)


def _row(check: GateCheck, waiver: str) -> tuple[str, ...]:
    value = estimate_text(check.value, check.ci_low, check.ci_high, check.unit or "score")
    return (
        f"{markdown.VERDICT_MARKS[check.verdict]} {check.verdict}",
        markdown.escaped(check.metric),
        markdown.escaped(rule_text(check)),
        value,
        markdown.escaped("; ".join(part for part in (check.reason, waiver) if part), REASON),
    )
