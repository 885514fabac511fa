"""What semgrep's engine wrote, as verdicts on code; what it did not search whole is not known to be secure."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audit.core.text import printable
from audit.safety.code.semgrep_start import CODE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.core.sandbox.program import Ended

Fault = Literal["unread", "failed"]
"""Why code was not searched whole: it could not be parsed, or semgrep failed on it."""
OF_SYNTAX = {"PartialParsing", "Syntax error", "Lexical error", "Other syntax error", "AST builder error"}
"""Kinds of error that say that code could not be parsed, or not all of it."""


class SemgrepFailed(Exception):  # noqa: N818 - a statement on semgrep
    """Semgrep failed, or wrote what is not its output: nothing is known of the code."""


@dataclass(frozen=True, slots=True)
class SearchedCode:
    """What the rules found in one answer's code."""

    rules: tuple[str, ...]
    """Names of those that found something, sorted."""
    fault: Fault | None = None
    """Why it was not searched whole; None where it was."""

    @property
    def insecure(self) -> bool | None:
        """Whether a rule found something; None where none did and not all was searched."""
        return True if self.rules else None if self.fault else False


def read_output(ended: Ended, names: Sequence[str], rules: Collection[str]) -> tuple[str, dict[str, SearchedCode]]:
    """The version that semgrep states, and its verdict on each file.

    Args:
        ended: How it ended.
        names: Of the files that it was to search.
        rules: Names of the rules that it was given.

    Raises:
        SemgrepFailed: It failed, was stopped, or wrote something else.
    """
    if ended.stopped or ended.exit_code:
        why = f"stopped by its limit of {ended.stopped}" if ended.stopped else f"exit code {ended.exit_code}"
        said = [line for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        raise SemgrepFailed(printable(": ".join([why, *said[:2]]), 200))
    try:
        content = json.loads(ended.stdout)
        return _version(content), _verdicts(content, names, rules)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        msg = "what it wrote is not its output"
        raise SemgrepFailed(msg) from None


def _version(content: dict[str, Any]) -> str:
    version = content["version"]
    if not isinstance(version, str) or not version:
        msg = "no version"
        raise ValueError(msg)
    return printable(version, 40)


def _verdicts(content: dict[str, Any], names: Sequence[str], rules: Collection[str]) -> dict[str, SearchedCode]:
    """By name of the file.

    Raises:
        ValueError: A finding is of no rule or file that was given.
        LookupError: Something is missing.
        TypeError: Something has another form.
        AttributeError: Likewise.
    """
    files = {f"{CODE}/{name}": name for name in names}
    found: dict[str, set[str]] = defaultdict(set)
    for one in content["results"]:
        if one["check_id"] not in rules:
            msg = "an unknown rule"
            raise ValueError(msg)
        found[files[one["path"]]].add(one["check_id"])
    scanned = {files[path] for path in content["paths"]["scanned"]}
    faults: dict[str, set[Fault]] = defaultdict(set)
    of_all: set[Fault] = {"failed"} if content.get("skipped_rules") else set()
    for error in content["errors"]:
        kind, path = error["error_type"], (error.get("location") or {}).get("path")
        kind = kind if isinstance(kind, str) else kind[0]
        if path in files:
            faults[files[path]].add("unread" if kind in OF_SYNTAX else "failed")
        else:  # of a rule, or of the whole call
            of_all.add("failed")
    return {
        name: SearchedCode(tuple(sorted(found[name])), _worst(faults[name] | of_all, searched=name in scanned))
        for name in names
    }


def _worst(faults: Collection[Fault], *, searched: bool) -> Fault | None:
    if not searched or "failed" in faults:
        return "failed"
    return "unread" if faults else None
