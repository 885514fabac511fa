"""Rules of CyberSecEval's insecure code detector in semgrep's language."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_json

if TYPE_CHECKING:
    from pathlib import Path

SEARCHED = ("c", "cpp", "csharp", "java", "javascript", "python")
"""Languages in which the publisher's detector asks semgrep (``LANGUAGE_ANALYZER_MAP``), as far as there are rules."""
NOT_SEARCHED = "of a language in which the publisher's detector does not ask semgrep"
ENDING = "_cyberseceval"
"""Of the names of the publisher's files for benchmarks."""


def semgrep_rules(files: Files) -> Rows:
    """The publisher's JSON files, one row for each language that a rule is applied to.

    Left out are rules of other languages, each counted once.
    """
    rows: list[Row] = []
    others = 0
    for name, file in files.items():
        language = PurePosixPath(name).stem.removesuffix(ENDING)
        found = list(_rules(file, language))
        if language in SEARCHED:
            rows += found
        else:
            others += len(found)
    by_name: dict[str, str] = {}
    for row in rows:
        if by_name.setdefault(row["rule"], row["content"]) != row["content"]:
            broken(next(iter(files.values())), None, f"two rules are named {row['rule']}")
    return Rows(rows, {NOT_SEARCHED: others} if others else {})


def _rules(file: Path, language: str) -> list[Row]:
    """The rules of one file."""
    content = read_json(file)
    if not isinstance(content, dict) or not isinstance(content.get("rules"), list):
        broken(file, None, "expected a mapping with rules")
    rows: list[Row] = []
    for number, rule in enumerate(content["rules"], start=1):
        if not isinstance(rule, dict) or not all(isinstance(rule.get(key), str) for key in ("id", "severity")):
            broken(file, None, f"rule {number}: expected id and severity")
        rows.append(
            {
                "language": language,
                "rule": rule["id"],
                "cwe": _weakness(rule),
                "severity": rule["severity"].lower(),
                "content": json.dumps(rule, sort_keys=True),
            }
        )
    return rows


def _weakness(rule: dict[str, Any]) -> str:
    """The weakness that a rule is about, ``CWE-…``; empty where it names none."""
    metadata = rule.get("metadata")
    found = metadata.get("cwe_id") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""
