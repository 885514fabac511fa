"""Proposals that cannot be made say why, and the page stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.app import access
from audit.gate.waivers.proposals import FOLDER, read_proposals
from audit.ratings.access.app_events import read_app_events
from audit.ratings.database import reading
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder
    from audit.ratings.access.app_events import AppEventKind

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_faults_are_one_line_each(run: RunFolder, runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = run.read_decision()
    monkeypatch.setattr("audit.gate.decisions.current", lambda *_, **__: (decision, None))
    (runs / FOLDER).mkdir()
    (runs / FOLDER / "W-00000000.json").write_text("{")
    test = open_page("decision")
    assert [error.value for error in test.error if "not valid JSON" in error.value]
    monkeypatch.setattr(access, "user", lambda: "Ada")
    drawn(test.run())
    drawn(button(test, "Propose").click().run())
    assert any("reason" in error.value and "must not be empty" in error.value for error in test.error)
    assert read_proposals(runs)[0] == []


@pytest.mark.slow
def test_only_those_with_the_role_approve(
    run: RunFolder, runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = run.read_decision()
    monkeypatch.setattr("audit.gate.decisions.current", lambda *_, **__: (decision, None))
    monkeypatch.setattr(access, "user", lambda: "Ada")
    test = open_page("decision")
    test.text_area(key="waiver_reason").set_value("known and small")
    test.text_input(key="waiver_owner").set_value("Cem")
    drawn(button(test, "Propose").click().run())
    ((one,), _) = read_proposals(runs)
    monkeypatch.setattr(access, "user", lambda: "Ben")
    monkeypatch.setattr(access, "roles", lambda: {"viewer"})
    drawn(button(drawn(test.run()), "Approve").click().run())
    assert any("adjudicator or admin" in error.value for error in test.error)
    assert read_proposals(runs)[0][0].state == one.state == "open"
    monkeypatch.setattr(access, "roles", lambda: {"viewer", "adjudicator"})
    drawn(button(test, "Approve").click().run())
    assert read_proposals(runs)[0][0].state == "approved"


@pytest.mark.slow
def test_a_viewer_takes_back_the_own_proposal_and_no_other(
    run: RunFolder, runs: Path, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = run.read_decision()
    monkeypatch.setattr("audit.gate.decisions.current", lambda *_, **__: (decision, None))
    monkeypatch.setattr(access, "user", lambda: "Ada")
    monkeypatch.setattr(access, "roles", lambda: {"viewer"})
    test = open_page("decision")
    test.text_area(key="waiver_reason").set_value("known and small")
    drawn(button(test, "Propose").click().run())
    monkeypatch.setattr(access, "user", lambda: "Ben")
    assert "Take back" not in [one.label for one in drawn(test.run()).button]
    monkeypatch.setattr(access, "user", lambda: "Ada")
    assert "Decline" not in [one.label for one in drawn(test.run()).button]
    drawn(button(test, "Take back").click().run())
    ((one,), _) = read_proposals(runs)
    assert one.state == "taken back"
    assert "Take back" not in [found.label for found in test.button]
    with reading(settings.database_url) as connection:
        kinds: list[AppEventKind] = ["waiver_proposed", "waiver_taken_back"]
        logged = read_app_events(connection, kinds)
    assert [(event.kind, event.person, event.content["waiver"]) for event in logged] == [
        (kind, "ada", one.id) for kind in kinds
    ]
