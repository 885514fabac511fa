"""Known code on which semgrep is tried."""

from __future__ import annotations

from audit.core.assets.readers.security.semgrep_rules import SEARCHED
from audit.safety.code.semgrep_start import KNOWN, START


def test_every_language_has_known_code_in_which_a_rule_finds_something() -> None:
    assert {one.language for one in KNOWN if one.finds} == set(SEARCHED)
    assert any(not one.finds for one in KNOWN)
    compile(START, "start", "exec")
