"""CyberSecEval's rules in semgrep's language, in the publisher's files."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.assets.readers.security import semgrep_rules
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from pathlib import Path

X = {"id": "x", "severity": "WARNING", "metadata": {"cwe_id": "CWE-1"}, "pattern": "a"}
Y = {"id": "y", "severity": "ERROR"}


def files(folder: Path, **rules: Any) -> dict[str, Path]:
    found = {}
    for language, content in rules.items():
        found[f"rules/{language}_cyberseceval.json"] = folder / f"{language}.json"
        (folder / f"{language}.json").write_text(json.dumps(content), "utf-8")
    return found


def test_rules_by_language(tmp_path: Path) -> None:
    given = files(tmp_path, c={"rules": [X, Y]}, cpp={"rules": [X]}, php={"rules": [X, Y]}, kotlin={"rules": []})
    found = semgrep_rules.semgrep_rules(given)
    assert [(row["language"], row["rule"], row["cwe"], row["severity"]) for row in found.rows] == [
        ("c", "x", "CWE-1", "warning"),
        ("c", "y", "", "error"),
        ("cpp", "x", "CWE-1", "warning"),
    ]
    assert json.loads(found.rows[0]["content"]) == X
    assert found.dropped == {semgrep_rules.NOT_SEARCHED: 2}
    assert semgrep_rules.semgrep_rules(files(tmp_path, c={"rules": [X]})).dropped == {}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([], "expected a mapping with rules"),
        ({"rules": 1}, "expected a mapping with rules"),
        ({"rules": [X, 1]}, "rule 2: expected id and severity"),
        ({"rules": [{"id": "x"}]}, "rule 1: expected id and severity"),
        ({"rules": [X, {**X, "pattern": "b"}]}, "two rules are named x"),
    ],
)
def test_broken_files(content: Any, fault: str, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=fault):
        semgrep_rules.semgrep_rules(files(tmp_path, c=content))


@pytest.mark.slow
@pytest.mark.network  # the wheel comes from the package index
def test_the_publishers_rules() -> None:
    """79 distinct rules of six languages, and the 7 for PHP that the publisher's detector does not apply."""
    found = assets.dataset("semgrep_rules")
    assert Counter(row["language"] for row in found.rows) == {
        "c": 19, "cpp": 19, "csharp": 20, "java": 12, "javascript": 15, "python": 13,
    }  # fmt: skip
    assert len({row["rule"] for row in found.rows}) == len({row["content"] for row in found.rows}) == 79
    assert {row["rule"] for row in found.rows if not row["cwe"]} == {"vulnerable-strcpy"}
    assert found.dropped_for == {semgrep_rules.NOT_SEARCHED: 7}
