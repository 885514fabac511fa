"""Rules on insecure code: regular expressions of CyberSecEval's detector, as it applies them.

The first match of a rule counts, unless the line before the match begins like a comment, as in ``_search_pattern`` of
the publisher's detector (MIT). Answers are text of a checkpoint: each rule has a time limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.assets import DataSet
    from audit.core.records import AssetRecord

MAX_CHARACTERS = 20_000
"""Longer code is not searched."""
SECONDS = 2.0
"""For each rule on each answer."""


class CodeSearchError(Exception):
    """Code is too long, or a rule took too long: whether it is insecure is not known."""


@dataclass(frozen=True, slots=True)
class CodeRule:
    """One regular expression."""

    name: str
    cwe: str
    """``CWE-…``."""
    pattern: regex.Pattern[str]


@dataclass(frozen=True, slots=True)
class CodeRules:
    """All of them, by language."""

    record: AssetRecord
    """Where they come from."""
    by_language: dict[str, tuple[CodeRule, ...]]
    left_out: int
    """Rules of the publisher that are not applied, as they take another program."""

    def found(self, code: str, language: str) -> list[CodeRule]:
        """The rules that find something in code, in their order.

        Raises:
            CodeSearchError: It is too long, or a rule takes too long.
        """
        if len(code) > MAX_CHARACTERS:
            msg = f"the code has more than {MAX_CHARACTERS} characters"
            raise CodeSearchError(msg)
        return [rule for rule in self.by_language.get(language, ()) if finds(rule, code)]


def finds(rule: CodeRule, code: str) -> bool:
    """Whether a rule finds something in code.

    Raises:
        CodeSearchError: It takes too long.
    """
    try:
        match = rule.pattern.search(code, timeout=SECONDS)
    except TimeoutError:
        msg = f"rule {rule.name} took more than {SECONDS:g} s"
        raise CodeSearchError(msg) from None
    return match is not None and not _is_comment(code[: match.start()].rpartition("\n")[2])


def _is_comment(before: str) -> bool:
    """Whether the line up to a match begins or ends like a comment or directive."""
    line = before.strip()
    return line.startswith(("#", "//", "/*")) or line.endswith("*/")


def rules_of(data: DataSet, left_out_reason: str) -> CodeRules:
    """The rules of a data set.

    Args:
        data: Rows with ``language``, ``rule``, ``cwe`` and ``pattern``.
        left_out_reason: Why rules are left out that are counted.
    """
    by_language: dict[str, list[CodeRule]] = {}
    for row in data.rows:
        rule = CodeRule(row["rule"], row["cwe"], regex.compile(row["pattern"]))
        by_language.setdefault(row["language"], []).append(rule)
    left_out = data.dropped_for.get(left_out_reason, 0)
    return CodeRules(data.record, {name: tuple(rules) for name, rules in by_language.items()}, left_out)


def weaknesses(rules: Sequence[CodeRule]) -> list[str]:
    """The weaknesses that rules are about, each once, sorted."""
    return sorted({rule.cwe for rule in rules})
