"""What waivers do to the checks of a policy's rules.

A waiver that is in force, granted by another person than its owner, and good for this checkpoint, run and policy,
takes effect on every check of its rule that does not pass: the check keeps its verdict and no longer blocks. One that
takes no effect is a check of its own, which fails: whoever keeps waivers has to see that one is no longer needed, or no
longer holds. The checks on the run itself and on its budget are not rules, so that no waiver reaches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import did_you_mean
from audit.core.records import GateCheck, JudgedWaiver
from audit.gate.waivers.people import mixes_alphabets, same_person
from audit.gate.waivers.waiver_file import recorded, target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from audit.core.records import Decision, RunManifest, Waiver
    from audit.gate.waivers.waiver_file import WaiverFile

PREFIX = "waiver/"
"""Name of the check on a waiver, before its id."""
RULE = "in force and used"
"""What is asked of every waiver, in words."""


@dataclass(frozen=True)
class Waived:
    """What waivers made of checks."""

    checks: list[GateCheck]
    """The checks on rules, those that do not block with the waiver's id."""
    faults: list[GateCheck]
    """A failed check for each waiver that takes no effect."""
    judged: list[JudgedWaiver]
    """All waivers, in the order of their file."""


def waive(
    checks: Sequence[GateCheck], file: WaiverFile | None, today: date | None, manifest: RunManifest, policy: str
) -> Waived:
    """Apply waivers to the checks on rules.

    Args:
        checks: On the rules of the policy, those of the run itself not among them.
        file: The waivers; None where there are none.
        today: The day, UTC, for which they are judged.
        manifest: Of the run.
        policy: SHA-256 of the policy file.
    """
    if file is None or today is None:
        return Waived(list(checks), [], [])
    found, judged = list(checks), []
    for waiver in file.waivers:
        fault = _out_of_force(waiver, today) or scope_fault(waiver, manifest, policy) or _on_no_rule(waiver, checks)
        if fault is None:
            mine = [index for index, check in enumerate(found) if _needs(waiver, check)]
            fault = None if mine else _unused(waiver, found)
            for index in mine:
                found[index] = found[index].model_copy(update={"waived_by": waiver.id})
        judged.append(JudgedWaiver(**waiver.model_dump(), fault=fault))
    return Waived(found, [_failed(one) for one in judged if one.fault is not None], judged)


def is_on_waiver(check: GateCheck) -> bool:
    """Whether a check is on a waiver."""
    return check.metric.startswith(PREFIX) and check.rule == RULE


def fault_lines(decision: Decision) -> list[str]:
    """One line for each waiver that takes no effect."""
    return [f"waiver {one.id}: {one.fault}" for one in decision.waivers if one.fault is not None]


def expired(decision: Decision, today: date) -> str | None:
    """Why a verdict that rests on waivers does not hold today; None where it does.

    Args:
        decision: One that is consistent.
        today: The day, UTC.
    """
    if decision.judged_for is not None and decision.judged_for > today:
        return f"its waivers are judged for {decision.judged_for} (UTC), a day to come"
    over = [one for one in decision.waivers if one.fault is None and one.expires < today]
    return f"it rests on waiver {over[0].id}, which expired on {over[0].expires} (UTC)" if over else None


def waiver_faults(decision: Decision, rules: Sequence[GateCheck], manifest: RunManifest) -> Iterator[str]:
    """Why a stored decision cannot have the waivers that it claims.

    The file of the waivers is not at hand: the decision holds what was in it, from which all is derived again.

    Args:
        decision: As ``decision.json`` has it.
        rules: Those of its checks that are on rules.
        manifest: Of its run.
    """
    waived = [check for check in decision.checks if check.waived_by is not None]
    given = (decision.waiver_file, decision.waivers_sha256, decision.judged_for)
    if None in given and (decision.waivers or waived or set(given) != {None}):
        yield "it has waivers, but not their file, its digest and the day that they were judged for"
        return
    plain = [check.model_copy(update={"waived_by": None}) for check in rules]
    again = waive(plain, recorded(decision), decision.judged_for, manifest, decision.policy_sha256)
    if again.checks != list(rules) or len(waived) != sum(check.waived_by is not None for check in rules):
        yield "the gate does not waive what it waives"
    if again.judged != decision.waivers or again.faults != [one for one in decision.checks if is_on_waiver(one)]:
        yield "its waivers are not judged as the gate judges them"


def scope_fault(waiver: Waiver, manifest: RunManifest, policy: str) -> str | None:
    """Why a waiver is not good for a checkpoint, run and policy; None where it is."""
    scope, model = waiver.scope, manifest.model
    pairs = (
        ("checkpoint", scope.model, model.name),
        ("checkpoint", scope.digest, model.digest),
        ("run", scope.run, manifest.run_id),
        ("policy", scope.policy, policy),
    )
    other = next(((what, asked, here) for what, asked, here in pairs if asked is not None and asked != here), None)
    if other is None:
        return None
    what, asked, here = other
    return f"unused: it is good for {what} {asked}, not for {here}"


def _out_of_force(waiver: Waiver, today: date) -> str | None:
    """Why a waiver does not hold on a day, whatever it is about."""
    if waiver.expires < today:
        return f"expired on {waiver.expires} (UTC): renew it with a new approval, or remove it"
    if waiver.granted > today:
        return f"not in force before {waiver.granted} (UTC), when it is granted"
    if same_person(waiver.owner, waiver.approver):
        return f"self-approved: owner {waiver.owner} and approver {waiver.approver} are one person"
    odd = next((name for name in (waiver.owner, waiver.approver) if mixes_alphabets(name)), None)
    if odd is not None:
        return f"possibly self-approved: the name {odd} mixes letters of alphabets that look alike"
    return None


def _on_no_rule(waiver: Waiver, checks: Sequence[GateCheck]) -> str | None:
    """Why a waiver is about none of the rules."""
    targets = sorted({check.metric for check in checks})
    if target(waiver) in targets:
        return None
    why = f"no rule that was judged is on {target(waiver)}, and only rules can be waived"
    return f"unused: {why}.{did_you_mean(target(waiver), targets)}"


def _needs(waiver: Waiver, check: GateCheck) -> bool:
    """Whether a check would block without the waiver."""
    return check.metric == target(waiver) and check.blocking != "PASS"


def _unused(waiver: Waiver, checks: Sequence[GateCheck]) -> str:
    """Why a waiver that is on a rule takes no effect."""
    earlier = next((check.waived_by for check in checks if check.metric == target(waiver) and check.waived_by), None)
    if earlier:
        return f"unused: waiver {earlier} covers {target(waiver)} already: remove one of them"
    warns = any(check.metric == target(waiver) and check.verdict != "PASS" for check in checks)
    why = "is of severity warn, and does not block" if warns else "passes without it"
    return f"unused: {target(waiver)} {why}: remove it"


def _failed(waiver: JudgedWaiver) -> GateCheck:
    """The check on a waiver that takes no effect."""
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return GateCheck(metric=f"{PREFIX}{waiver.id}", rule=RULE, verdict="FAIL", reason=waiver.fault or "", **nothing)
