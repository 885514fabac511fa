"""A policy in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import counted, slice_text
from audit.core.text import printable
from audit.gate.policy import exact
from audit.gate.rules.expanding import clauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.gate.policy import Policy, PolicyFile, Rule


def sentences(file: PolicyFile) -> Iterator[str]:
    """What a policy asks for: first in general, then one sentence for each thing that a rule asks for.

    Args:
        file: The policy.
    """
    policy = file.policy
    rules = counted(len(policy.rules), "rule")
    yield f"Policy {file.name}: {rules}. The checkpoint passes if every blocking rule passes."
    yield f"An interval must have a coverage of at least {_percent(policy.confidence)}, unless a rule says otherwise."
    yield f"{_unscored(policy.max_unscored)}, unless a rule says otherwise."
    if policy.optional:
        yield printable(f"The release can do without {', '.join(policy.optional)}.", 1000)
    if policy.budget is not None:
        yield f"The audit must stay within its budget: {policy.budget.text}."
    yield from _on_baseline(policy)
    for place, rule in enumerate(policy.rules, 1):
        for clause in clauses(rule):
            yield printable(f"{place}. {_sentence(clause, rule, policy)}", 1000)


def _on_baseline(policy: Policy) -> Iterator[str]:
    """What all rules on the baseline have in common."""
    if not any(rule.needs_baseline for rule in policy.rules):
        return
    aligned = _percent(policy.min_aligned)
    if policy.share_error_over > 1:
        many = f"{policy.share_error_over:,} decisions"
        yield f"{many} share one error: the chance that any of them wrongly FAILs is that of a single one."
    yield f"Candidate and baseline must both have scored at least {aligned} of the items of either."
    if policy.across:
        kinds = ", ".join(kind.replace("_", " ") for kind in policy.across)
        yield f"They may differ in: {kinds}."


def _sentence(clause: Rule, rule: Rule, policy: Policy) -> str:
    """One thing that a rule asks for, with its tolerance, severity, owner and reason."""
    coverage = _percent(clause.confidence or policy.confidence)
    asked = {
        "range": f"the {coverage} interval of {_metric(clause)} must lie {_range(clause)}",
        "no_worse": f"compared with the baseline, {_metric(clause)} may be worse by less than {_loss(clause)}"
        f" ({coverage} interval of the paired difference)",
        "better": f"compared with the baseline, {_metric(clause)} must be better"
        f" ({coverage} interval of the paired difference)",
        "corrected": f"the {coverage} interval of {_metric(clause)} must lie {_range(clause)} after it was corrected by"
        f" {clause.corrected.text if clause.corrected else ''}",
        "gap": f"the largest gap of {_metric(clause)} between slices by {_by(clause)} must be at most {_gap(clause)}"
        f" (simultaneous {coverage} intervals)",
        "truncated": f"at most {_percent(clause.max_truncated or 0)} of the answers of {_tasks(rule)} may be cut by the"
        " token limit",
    }[clause.kind]
    warns = "Only a warning: " if rule.severity == "warn" else ""
    unscored = "" if rule.max_unscored is None else f" {_unscored(rule.max_unscored)}."
    owner = f" Owner: {rule.owner}." if rule.owner else ""
    why = f" Reason: {' '.join(rule.why.split())}" if rule.why else ""
    text = f"{warns}{asked}"
    return f"{text[0].upper()}{text[1:]}.{unscored}{owner}{why}"


def _unscored(share: float) -> str:
    return f"At most {_percent(share)} of a task's samples may be unscored" if share else "No sample may be unscored"


def _percent(share: float) -> str:
    return f"{exact(round(100 * share, 10))} %"


def _tasks(rule: Rule) -> str:
    return f"every task that matches {rule.task}" if rule.is_pattern else rule.task


def _metric(rule: Rule) -> str:
    named = rule.metric.rpartition("/")[2]
    where = f" for {slice_text(rule.slice)}" if rule.slice else ""
    return f"the {named} of {_tasks(rule)}{where}"


def _range(rule: Rule) -> str:
    if rule.min is not None and rule.max is not None:
        return f"between {exact(rule.min)} and {exact(rule.max)}"
    return f"at or above {exact(rule.min)}" if rule.min is not None else f"at or below {exact(rule.max or 0)}"


def _loss(rule: Rule) -> str:
    loss = rule.no_worse_than_baseline
    if loss is None:
        return "nothing"
    return f"{_percent(loss.relative)} of the baseline's value" if loss.relative else exact(loss.margin or 0)


def _by(rule: Rule) -> str:
    return rule.max_gap.slice if rule.max_gap else ""


def _gap(rule: Rule) -> str:
    return exact(rule.max_gap.value) if rule.max_gap else ""
