"""Proposals that cannot be made say why, and the page stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.app import access
from audit.gate.waivers.proposals import FOLDER, read_proposals
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


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
