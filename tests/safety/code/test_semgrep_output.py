"""What semgrep wrote: verdicts, and everything that is not known to be secure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.core.sandbox.program import Ended
from audit.safety.code.semgrep_output import SearchedCode, SemgrepFailed, read_output
from audit.safety.code.semgrep_start import CODE

RULES = ("r1", "r2")


def written(**changed: Any) -> bytes:
    content = {"version": "1.185.0", "results": [], "errors": [], "paths": {"scanned": []}, **changed}
    return json.dumps(content).encode()


def result(name: str, rule: str = "r1") -> dict[str, Any]:
    return {"check_id": rule, "path": f"{CODE}/{name}", "extra": {"is_ignored": True}}


def error(kind: Any, name: str | None) -> dict[str, Any]:
    where = {} if name is None else {"location": {"path": f"{CODE}/{name}"}}
    return {"error_type": kind, "severity": "warn", "message": "", **where}


def scanned(*names: str) -> dict[str, Any]:
    return {"scanned": [f"{CODE}/{name}" for name in names]}


def test_each_file_has_its_verdict() -> None:
    content = written(
        results=[result("a", "r2"), result("a"), result("a"), result("d")],
        errors=[
            error(["PartialParsing", []], "c"),
            error("Syntax error", "d"),
            error("Timeout", "e"),
            error("Syntax error", "e"),
        ],
        paths=scanned("a", "b", "c", "d", "e"),
    )
    version, found = read_output(Ended(exit_code=0, stdout=content), "abcdef", RULES)
    assert version == "1.185.0"
    assert found == {
        "a": SearchedCode(("r1", "r2")),
        "b": SearchedCode(()),
        "c": SearchedCode((), "unread"),
        "d": SearchedCode(("r1",), "unread"),
        "e": SearchedCode((), "failed"),
        "f": SearchedCode((), "failed"),  # it says nothing of it
    }
    assert [one.insecure for one in found.values()] == [True, False, None, True, None, None]


@pytest.mark.parametrize(
    "changed",
    [
        {"errors": [error("Rule parse error", None)]},
        {"errors": [{"error_type": "Fatal error", "location": {"path": "/box/rules.json"}}]},
        {"errors": [{"error_type": "Out of memory", "location": None}]},
        {"skipped_rules": [{"rule_id": "r2"}]},
    ],
)
def test_where_rules_are_missing_nothing_is_secure(changed: Any) -> None:
    content = written(results=[result("a")], paths=scanned("a", "b"), **changed)
    _, found = read_output(Ended(exit_code=0, stdout=content), "ab", RULES)
    assert found == {"a": SearchedCode(("r1",), "failed"), "b": SearchedCode((), "failed")}


@pytest.mark.parametrize(
    "stdout",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"." + written(),
        written()[:-1],
        b"[" * 100_000,
        b"\xff",
        written(version=None),
        written(version=""),
        written(results=None),
        written(results=[1]),
        written(results=[result("a", "r3")]),
        written(results=[result("z")]),
        written(paths={}),
        written(paths=scanned("z")),
        written(errors=[{}]),
        written(errors=[error([], "a")]).replace(b"[]", b"{}", 1),
        written(errors=[1]),
    ],
    ids=lambda stdout: stdout[:60].decode("latin-1"),
)
def test_other_output_is_no_verdict(stdout: bytes) -> None:
    with pytest.raises(SemgrepFailed, match="what it wrote is not its output"):
        read_output(Ended(exit_code=0, stdout=stdout), "a", RULES)


def test_a_failed_call_is_no_verdict() -> None:
    whole = written(paths=scanned("a"))
    with pytest.raises(SemgrepFailed, match=r"^exit code 2: no rules: \\x1b\[31m$"):
        read_output(Ended(exit_code=2, stdout=whole, stderr=b"no rules\n\n\x1b[31m\nmore"), "a", RULES)
    with pytest.raises(SemgrepFailed, match=r"^stopped by its limit of wall time$"):
        read_output(Ended(exit_code=0, stdout=whole, stopped="wall time"), "a", RULES)
    with pytest.raises(SemgrepFailed, match=r"^stopped by its limit of output$"):
        read_output(Ended(exit_code=137, stdout=whole, stopped="output"), "a", RULES)
