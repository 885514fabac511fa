"""Waivers of a verdict, and proposals: one person writes a waiver, another one approves it.

The app changes neither policy nor verdict. An approved waiver is offered in a file, with the command that judges by it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.app import access, messages, stored
from audit.app.untrusted import in_badge, plain, readable, wrapped_table
from audit.core.errors import AuditError
from audit.core.records import Waiver
from audit.core.records.waiver import MOST_DAYS
from audit.gate.waivers import proposals
from audit.gate.waivers.judging import scope_fault
from audit.gate.waivers.waiver_file import target, written
from audit.reports.decision.gate_command import gate_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision, JudgedWaiver
    from audit.core.run_folder import RunFolder
    from audit.gate.waivers.proposals import Proposal

FILE = "waivers.yaml"
FAULT_KEY = "waiver_fault"
USUAL_DAYS = 30
"""Proposed end of a waiver, in days from now."""


def show_waivers(run: RunFolder, decision: Decision, runs: Path) -> None:
    """The waivers of the verdict, the proposals for its checkpoint, and a form for another one.

    Args:
        run: The run.
        decision: Its verdict.
        runs: Folder of the runs, next to which proposals are.
    """
    st.header("Waivers", anchor=False)
    if decision.waivers:
        wrapped_table([_row(one) for one in decision.waivers])
    else:
        st.caption("The verdict was reached without waivers.")
    found, faults = proposals.read_proposals(runs)
    for fault in faults:
        st.error(plain(fault), icon=":material/error:")
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error(plain(fault), icon=":material/error:")
    mine = [one for one in found if _is_good_here(one, run, decision)]
    name = access.user()
    for one in mine:
        _proposal(one, run, runs, name)
    _file(run, decision, [one for one in mine if one.state == "approved"])
    _propose(run, decision, runs, name)


def _row(one: JudgedWaiver) -> dict[str, object]:
    state = "in force" if one.fault is None else one.fault
    return {
        "State": state,
        "Waiver": one.id,
        "Rule": target(one),
        "Until, UTC": f"{one.expires}",
        "Owner": one.owner,
        "Approved by": one.approver,
        "Reason": one.reason,
    }


def _is_good_here(one: Proposal, run: RunFolder, decision: Decision) -> bool:
    """Whether a proposal is for the checkpoint and policy of the verdict."""
    day = one.proposal.at.astimezone(UTC).date()
    return scope_fault(one.waiver("somebody", day), stored.manifest(run), decision.policy_sha256) is None


def _proposal(one: Proposal, run: RunFolder, runs: Path, name: str | None) -> None:
    """What is proposed, by whom, what became of it; buttons while it is open."""
    waiver = one.waiver("somebody", one.proposal.at.astimezone(UTC).date())
    outcome = one.outcome
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.id)}: {plain(target(waiver))}**", width="content")
            colours = {"open": "blue", "approved": "green", "declined": "gray", "taken back": "gray"}
            st.badge(in_badge("needs approval" if one.state == "open" else one.state), color=colours[one.state])  # type: ignore[arg-type] # one of its colours
        st.text(readable(waiver.reason, 2000))
        who = f"Proposed by {one.proposal.by} on {one.proposal.at:%Y-%m-%d}; owner {waiver.owner}"
        st.caption(plain(f"{who}; until {waiver.expires} (UTC)."))
        if outcome is not None:
            st.caption(plain(f"{one.state.capitalize()} by {outcome.by} on {outcome.at:%Y-%m-%d}. {outcome.comment}"))
        elif name is not None:
            with st.container(horizontal=True):
                ends = ("Take back", "undo", _take_back) if one.is_by(name) else ("Decline", "close", _decline)
                for label, icon, act in (("Approve", "check", _approve), ends):
                    st.button(
                        label,
                        key=f"{label.lower().replace(' ', '_')}_{one.id}",
                        icon=f":material/{icon}:",
                        on_click=_acting(act),
                        args=(run, runs, one, name),
                    )


def _approve(run: RunFolder, runs: Path, one: Proposal, name: str) -> None:
    _decide(runs, one, name, approve=True)
    access.log("waiver_approved", run=run.path.name, waiver=one.id)


def _decline(run: RunFolder, runs: Path, one: Proposal, name: str) -> None:
    _decide(runs, one, name, approve=False)
    access.log("waiver_declined", run=run.path.name, waiver=one.id)


def _decide(runs: Path, one: Proposal, name: str, *, approve: bool) -> None:
    access.require("adjudicator", "admin")
    proposals.decide(runs, one, by=name, approve=approve)


def _take_back(run: RunFolder, runs: Path, one: Proposal, name: str) -> None:
    access.require("viewer")
    proposals.take_back(runs, one, by=name)
    access.log("waiver_taken_back", run=run.path.name, waiver=one.id)


def _suggest(run: RunFolder, runs: Path, drafted: dict[str, Any], name: str) -> None:
    access.require("viewer")
    made = proposals.propose(runs, drafted, name)
    access.log("waiver_proposed", run=run.path.name, waiver=made.id)


def _acting(act: Callable[..., object]) -> Callable[..., None]:
    """A callback whose errors the page shows in one line."""

    def called(*given: object) -> None:
        try:
            act(*given)
        except AuditError as error:
            st.session_state[FAULT_KEY] = str(error)

    return called


def _file(run: RunFolder, decision: Decision, approved: list[Proposal]) -> None:
    """The approved waivers with those in force as a file, and the command that judges by them."""
    before = [one for one in decision.waivers if one.fault is None]
    known = {one.id for one in decision.waivers}
    blocking = {check.metric for check, _ in proposals.waivable(decision, stored.metrics(run))}
    today = datetime.now(UTC).date()
    new = [one.waiver() for one in approved if one.id not in known]
    new = [one for one in new if target(one) in blocking and one.expires >= today]  # the gate refuses all others
    if not new:
        return
    together = [Waiver(**one.model_dump(exclude={"fault"})) for one in before] + new
    st.markdown("**Judge with the approved waivers**")
    st.caption("The app changes no verdict. Save this file, review it as you review the policy, and run the gate:")
    st.download_button(FILE, written(together), FILE, "application/yaml", icon=":material/download:", on_click="ignore")
    st.code(gate_command(run, decision, FILE), language="bash", wrap_lines=True)
    left = [one for one in decision.waivers if one.fault is not None]
    if left:
        st.caption(plain(f"Left out, because they have no effect: {', '.join(one.id for one in left)}."))


def _propose(run: RunFolder, decision: Decision, runs: Path, name: str | None) -> None:
    """A form for another proposal."""
    open_rules = {check.metric: (check, metric) for check, metric in proposals.waivable(decision, stored.metrics(run))}
    if not open_rules and name is not None:
        st.caption("No rule blocks the release: there is nothing to waive.")
        return
    with st.expander("Propose or approve a waiver", icon=":material/edit_document:", expanded=name is not None):
        if name is None:
            st.write("Two people are needed: one proposes a waiver, another one approves it.")
            access.ask_name()
            return
        st.caption(plain(f"You are {name}."))
        today = datetime.now(UTC).date()
        with st.form("waiver_form", border=False, clear_on_submit=False):
            rule = st.selectbox("Rule", list(open_rules), key="waiver_rule")
            reason = st.text_area("Reason", key="waiver_reason", max_chars=2000)
            owner = st.text_input("Owner: who sees to it that the waiver is no longer needed", name, key="waiver_owner")
            expires = st.date_input(
                "Last day, UTC",
                today + timedelta(days=USUAL_DAYS),
                min_value=today,
                max_value=today + timedelta(days=MOST_DAYS),
                key="waiver_expires",
            )
            sent = st.form_submit_button("Propose")
        known = messages.accepted(rule, messages.one_of(open_rules), "waiver_rule")
        if sent and known is not None:
            check, metric = open_rules[rule]
            drafted = proposals.drafted(
                check, metric, stored.manifest(run), decision.policy_sha256, reason=reason, owner=owner, expires=expires
            )
            _acting(_suggest)(run, runs, drafted, name)
            st.rerun()
