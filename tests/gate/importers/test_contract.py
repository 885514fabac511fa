"""The two ways in which a log can be at fault."""

from __future__ import annotations

from audit.gate.importers.contract import bad, contradicts


def test_faults_name_their_place_and_have_their_exit_codes() -> None:
    assert (str(bad("f: line 3", "what")), bad("f", "what").exit_code) == ("f: line 3: what", 2)
    said = "f: evidence invalid: what: take the log as the tool wrote it, or find out what changed it"
    assert (str(contradicts("f", "what")), contradicts("f", "what").exit_code) == (said, 12)
