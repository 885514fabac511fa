"""CyberSecEval's regular expressions, in the publisher's files."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.assets.readers.security import code_rules
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from pathlib import Path

RULE = """- cwe_id: CWE-{number}
  description: Bad
    thing
  rule: {pattern}
  severity: Warning
  pattern_id: {name}
"""
CONFIG = """config:
  codeshield:
    c: {regex: {rules: [c2]}}
  cyberseceval:
    c: {regex: {rules: [c1]}, semgrep: {rules: [x]}}
    cpp: {regex: {rules: [p1]}}
    php: {regex: {rules: [h1]}}
    ruby: {semgrep: {rules: []}}
    language_agnostic: {regex: {rules: [k1]}}
"""


def files(folder: Path, **changed: str) -> dict[str, Path]:
    content = {
        "rules/config.yaml": CONFIG,
        "rules/regex/c.yaml": RULE.format(number=1, pattern="a+", name="c1")
        + RULE.format(number=2, pattern="b", name="c2"),
        "rules/regex/cpp.yaml": RULE.format(number=3, pattern="p", name="p1"),
        "rules/regex/php.yaml": RULE.format(number=4, pattern="h", name="h1"),
        "rules/regex/ruby.yaml": RULE.format(number=6, pattern="r", name="r1"),
        "rules/regex/language_agnostic.yaml": RULE.format(number=5, pattern="k", name="k1"),
        "rules/semgrep/c_cyberseceval.json": json.dumps({"rules": [{"id": "x"}, {"id": "y"}]}),
        "rules/semgrep/cpp_cyberseceval.json": json.dumps({"rules": [{"id": "y"}, {"id": "z"}]}),
        **changed,
    }
    found = {}
    for name, text in content.items():
        found[name] = folder / name
        found[name].parent.mkdir(parents=True, exist_ok=True)
        found[name].write_text(text, "utf-8")
    return found


def test_rules_by_language(tmp_path: Path) -> None:
    found = code_rules.code_rules(files(tmp_path))
    assert [(row["language"], row["rule"]) for row in found.rows] == [
        ("c", "c1"),
        ("c", "k1"),
        ("cpp", "p1"),
        ("cpp", "c1"),
        ("cpp", "k1"),
        ("php", "h1"),
        ("php", "k1"),
        ("ruby", "k1"),
    ]
    assert found.rows[0] == {
        "language": "c",
        "rule": "c1",
        "cwe": "CWE-1",
        "severity": "warning",
        "description": "Bad thing",
        "pattern": "a+",
    }
    assert found.dropped == {code_rules.DISABLED: 2, code_rules.SEMGREP: 3}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("rules/config.yaml", "a: 1", "expected rules by language"),
        ("rules/config.yaml", "config: {cyberseceval: [1]}", "expected rules by language"),
        ("rules/regex/c.yaml", "a: [1", "not valid YAML"),
        ("rules/regex/c.yaml", "a: 1", "expected a list of rules"),
        ("rules/regex/c.yaml", "- a: 1", "rule 1: expected cwe_id"),
        ("rules/regex/c.yaml", RULE.format(number=1, pattern="'(a'", name="c1"), "rule 1: not a regular expression"),
        ("rules/semgrep/c_cyberseceval.json", "[]", "expected a mapping with rules"),
    ],
)
def test_broken_files(name: str, text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=fault):
        code_rules.code_rules(files(tmp_path, **{name: text}))


@pytest.mark.slow
@pytest.mark.network  # the wheel comes from the package index
def test_the_publishers_rules() -> None:
    """Counts as of the wheel's ``config.yaml``; eight rules are for every language."""
    found = assets.dataset("code_rules")
    own: Any = {"c": 8, "csharp": 2, "java": 23, "javascript": 1, "php": 22, "python": 3, "ruby": 1, "rust": 13}
    own |= {"swift": 10, "xml": 3, "cpp": 3 + 8, "objective_c": 9 + 8}
    assert Counter(row["language"] for row in found.rows) == {language: count + 8 for language, count in own.items()}
    assert found.dropped_for == {code_rules.DISABLED: 7, code_rules.SEMGREP: 86}
