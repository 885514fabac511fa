"""The page of the verdict, drawn by Streamlit without a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.app import access
from audit.app.elements import waivers as element
from audit.core.records import JudgedWaiver, WaiverScope
from audit.gate.waivers.proposals import read_proposals
from tests.app.conftest import HOSTILE, RUN_ID
from tests.app.drawn import button, drawn, every_html, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]

TODAY = datetime.now(UTC).date()


def a_waiver(name: str, fault: str | None, **fields: Any) -> JudgedWaiver:
    given: dict[str, Any] = {
        "id": name, "rule": "boolq/accuracy", "scope": WaiverScope(model="m"), "reason": f"Soon. {HOSTILE}",
        "owner": "Ada", "approver": "Grace", "granted": TODAY, "expires": TODAY + timedelta(days=9), "fault": fault,
    }  # fmt: skip
    return JudgedWaiver(**{**given, **fields})


@pytest.fixture
def decided(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict of the run with waivers and hostile text; whether the gate would reach it is looked at elsewhere."""
    decision = run.read_decision()
    assert decision is not None
    checks = [
        decision.checks[0],
        decision.checks[1].model_copy(update={"reason": f"{HOSTILE} spans. Add items: audit run --extend r --limit 9"}),
        decision.checks[1].model_copy(
            update={"metric": "asdiv/exact_match", "verdict": "FAIL", "reason": HOSTILE, "waived_by": "W-in"}
        ),
    ]
    shown = decision.model_copy(
        update={
            "checks": checks,
            "warnings": [HOSTILE],
            "waivers": [a_waiver("W-in", None), a_waiver("W-old", "expired on 2026-01-01 (UTC): renew it")],
        }
    )
    monkeypatch.setattr("audit.gate.decisions.current", lambda *_, **__: (shown, None))
    monkeypatch.setattr("audit.gate.decisions.unchecked", lambda *_, **__: None)


@pytest.mark.usefixtures("decided")
def test_rules_commands_and_waivers_are_shown_and_nothing_acts(open_page: Open) -> None:
    test = open_page("decision")
    assert any("INCONCLUSIVE" in warning.value for warning in test.warning)
    html = every_html(test)
    assert '<code class="command">audit run --extend r --limit 9</code>' in html
    assert "0.667 (0.467 to 0.820)" in html
    states = next(table for table in tables(test) if "Waiver" in table)
    assert states["State"] == ["in force", "expired on 2026-01-01 (UTC): renew it"]
    for markup in ("<script", "<img", "\x1b", "\u202e"):
        assert markup not in html
        assert markup.replace("<", "\\<") in every_markdown(test) or markup not in every_markdown(test)


@pytest.mark.slow
@pytest.mark.usefixtures("decided")
def test_one_person_proposes_and_another_one_approves(
    runs: Path, open_page: Open, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "user", lambda: None)
    test = open_page("decision")
    before = run.decision_path.read_bytes()
    assert not [one for one in test.button if one.label == "Propose"]
    monkeypatch.setattr(access, "user", lambda: "Ada Lovelace")
    drawn(test.run())
    assert test.selectbox(key="waiver_rule").options == ["boolq/accuracy"], "status and waived rules are not offered"
    test.text_area(key="waiver_reason").set_value(HOSTILE)
    drawn(button(test, "Propose").click().run())
    ((proposal,), _) = read_proposals(runs)
    assert (proposal.state, proposal.proposal.by) == ("open", "Ada Lovelace")
    drawn(button(test, "Approve").click().run())
    assert any("another person has to approve it" in error.value for error in test.error)
    assert not test.get("download_button")
    monkeypatch.setattr(access, "user", lambda: "Grace Hopper")
    drawn(test.run())
    drawn(button(test, "Approve").click().run())
    assert read_proposals(runs)[0][0].state == "approved"
    commands = [code.value for code in test.code if code.value.startswith("audit gate")]
    assert commands == [f"audit gate {run.path} --policy policy.yaml --waivers waivers.yaml"]
    (file,) = test.get("download_button")
    assert file.proto.label == element.FILE
    assert any("W-old" in caption.value.replace("\\", "") for caption in test.caption)
    for markup in ("<script", "<img", "\x1b", "\u202e"):
        assert markup not in every_html(test)
    assert run.decision_path.read_bytes() == before


def test_without_a_verdict_the_page_says_how_to_get_one(run: RunFolder, open_page: Open) -> None:
    run.decision_path.write_text(
        run.decision_path.read_text().replace('"verdict": "INCONCLUSIVE"', '"verdict": "PASS"')
    )
    test = open_page("decision")
    assert any("decision.json is not shown" in error.value.replace("\\", "") for error in test.error)
    run.decision_path.unlink()
    test = open_page("decision", run=RUN_ID)
    assert any("has not judged" in info.value for info in test.info)
    assert [code.value for code in test.code] == [f"audit gate {run.path}"]
    run.write_manifest(run.read_manifest().model_copy(update={"status": "running", "finished": None, "evidence": {}}))
    test = open_page("decision", run=RUN_ID)
    assert any("This run is in progress: 3 tasks done" in info.value for info in test.info)
    assert not test.code
