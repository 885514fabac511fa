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
