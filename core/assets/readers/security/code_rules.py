"""Regular expressions of CyberSecEval's insecure code detector."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import regex
import yaml

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_json, read_text

if TYPE_CHECKING:
    from pathlib import Path

USE = "cyberseceval"
"""The publisher's set of rules for benchmarks; the other, ``codeshield``, is for filters."""
DISABLED = "not enabled for benchmarks by the publisher"
SEMGREP = "in semgrep's language, which takes that program"
ANY_LANGUAGE = "language_agnostic"
ALSO = {"cpp": ("c", ANY_LANGUAGE), "objective_c": ("c", ANY_LANGUAGE)}
"""Rules of other languages that are applied, too, where these are not those for any language alone."""
_COLUMNS = ("cwe_id", "description", "rule", "severity", "pattern_id")


def code_rules(files: Files) -> Rows:
    """The publisher's YAML lists, one row for each language that a rule is applied to.

    Left out are rules that the publisher's ``config.yaml`` does not enable, and those in semgrep's language, each
    counted once.
    """
    enabled = _enabled(next(file for name, file in files.items() if name.endswith("config.yaml")))
    own: dict[str, list[Row]] = {}
    disabled = 0
    others: set[str] = set()
    for name, file in files.items():
        language = PurePosixPath(name).stem
        if name.endswith(".json"):
            content = read_json(file)
            if not isinstance(content, dict) or not isinstance(content.get("rules"), list):
                broken(file, None, "expected a mapping with rules")
            others |= {json.dumps(rule, sort_keys=True) for rule in content["rules"]}
        elif language != "config":
            rules = list(_rules(file))
            own[language] = [rule for rule in rules if rule["rule"] in enabled.get(language, ())]
            disabled += len(rules) - len(own[language])
    rows = [
        {"language": language, **rule}
        for language in own
        if language != ANY_LANGUAGE
        for part in (language, *ALSO.get(language, (ANY_LANGUAGE,)))
        for rule in own.get(part, ())
    ]
    dropped = {DISABLED: disabled, SEMGREP: len(others)}
    return Rows(rows, {reason: count for reason, count in dropped.items() if count})


def _enabled(file: Path) -> dict[str, set[str]]:
    """Names of rules by language."""
    try:
        languages = _yaml(file)["config"][USE]
        return {language: set(kinds.get("regex", {}).get("rules") or ()) for language, kinds in languages.items()}
    except (KeyError, TypeError, AttributeError):
        broken(file, None, f"expected rules by language under config, {USE}")


def _rules(file: Path) -> list[Row]:
    """The rules of one file."""
    content = _yaml(file)
    if not isinstance(content, list):
        broken(file, None, "expected a list of rules")
    rows: list[Row] = []
    for number, one in enumerate(content, start=1):
        if not isinstance(one, dict) or not all(isinstance(one.get(column), str) for column in _COLUMNS):
            broken(file, None, f"rule {number}: expected {', '.join(_COLUMNS)}")
        try:
            regex.compile(one["rule"])
        except regex.error:
            broken(file, None, f"rule {number}: not a regular expression")
        rows.append(
            {
                "rule": one["pattern_id"],
                "cwe": one["cwe_id"],
                "severity": one["severity"].lower(),
                "description": " ".join(one["description"].split()),
                "pattern": one["rule"],
            }
        )
    return rows


def _yaml(file: Path) -> Any:  # noqa: ANN401 - YAML is any
    try:
        return yaml.safe_load(read_text(file))
    except yaml.YAMLError:
        broken(file, None, "not valid YAML")
