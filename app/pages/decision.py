"""Page: what the gate decided, rule by rule with its evidence, and the waivers that it was decided with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from audit.app import links, stored
from audit.app.elements import live
from audit.app.elements.waivers import show_waivers
from audit.app.untrusted import plain
from audit.gate import decisions
from audit.gate.decide import not_judged_lines
from audit.reports.decision.gate_command import gate_command
from audit.reports.decision.rule_views import picture
from audit.reports.render.baseline_text import baseline_lines
from audit.reports.render.verdict_text import verdict_text

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

BOXES = {"PASS": st.success, "FAIL": st.error, "INCONCLUSIVE": st.warning}
ICONS = {"PASS": ":material/check_circle:", "FAIL": ":material/cancel:", "INCONCLUSIVE": ":material/help:"}


def page(run: RunFolder, settings: AppSettings) -> None:
    """Verdict, rules, what was not judged, waivers."""
    links.leave_out("task", "sample")
    st.title("Decision", anchor=False)
    live.watch(run)
    decision, stale = stored.decision(run)
    if decision is None:
        _say_none(run, stale)
        return
    BOXES[decision.verdict](plain(f"{decision.verdict}: {verdict_text(decision)}"), icon=ICONS[decision.verdict])
    st.caption(plain(f"Policy {decision.policy}, digest {decision.policy_sha256[:16]}"))
    for line in baseline_lines(decision, decisions.unchecked(run, decision)):
        st.caption(plain(line[:1].upper() + line[1:]))
    if decision.baseline is not None and stored.manifest(run).status != "running":
        place = urlencode({"run": run.path.name, "with": decision.baseline.run_id})
        st.markdown(f"[Compare item by item](compare?{place})")
    _rules(run, decision)
    show_waivers(run, decision, settings.runs)


def _say_none(run: RunFolder, stale: str | None) -> None:
    """Why there is no verdict, and what makes one."""
    status = stored.manifest(run).status
    if stale:
        st.error(plain(f"The verdict in decision.json is not shown: {stale}."), icon=":material/error:")
    elif status == "running":
        st.write("A run is judged when it has ended.")
    else:
        st.info("The gate has not judged this run.", icon=":material/gavel:")
    if status != "running":
        st.write("Judge it again:" if stale else "Judge it:")
        st.code(gate_command(run, None), language="bash", wrap_lines=True)


def _rules(run: RunFolder, decision: Decision) -> None:
    st.header("Rules", anchor=False)

    def samples_of(task: str) -> str:
        return f"samples?{urlencode({'run': run.path.name, 'tasks': task})}"

    st.html(picture(decision, stored.manifest(run), stored.metrics(run), samples_of))
    for warning in decision.warnings:
        st.warning(plain(warning), icon=":material/rule:")
    left_out = not_judged_lines(decision)
    if left_out:
        st.subheader("Not judged", anchor=False)
        for line in left_out:
            st.markdown(plain(line[:1].upper() + line[1:]))
