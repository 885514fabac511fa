"""Rules on insecure code: each finds what it is about, exactly as the publisher's detector does."""

from __future__ import annotations

import sys
import time
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import regex

from audit.core import assets
from audit.core.assets import DataSet, wheels
from audit.core.assets.readers.security.code_rules import SEMGREP
from audit.core.records import AssetRecord
from audit.safety.code import rules
from audit.safety.code.rules import CodeRule, CodeRules, CodeSearchError, finds, rules_of, weaknesses
from tests.evals.function_calls.package_code import source_of
from tests.safety.code.snippets import SNIPPETS

if TYPE_CHECKING:
    from pathlib import Path

RECORD = AssetRecord(name="d", kind="dataset", source="f", version="1", sha256="0" * 64, licence="MIT")
MD5 = CodeRule("md5", "CWE-328", regex.compile(r"\bmd5\("))


def test_comments_are_no_finding() -> None:
    assert finds(MD5, "a = 1\nb = md5(c)")
    assert finds(MD5, "# a\nb = md5(c)")
    for line in ("# md5(c)", "  // x md5(c)", "/* md5(c)", "/* x */ md5(c)"):
        assert not finds(MD5, f"a\n{line}")
    assert not finds(MD5, "# md5(c)\nmd5(c)")  # as in the publisher's detector, the first match alone counts


@pytest.mark.slow
def test_long_code_and_slow_rules_are_not_taken_for_secure(monkeypatch: Any) -> None:
    found = CodeRules(RECORD, {"c": (MD5,)}, 0)
    assert found.found("md5(x)", "c") == [MD5]
    with pytest.raises(CodeSearchError, match="more than 20000 characters"):
        found.found("x" * (rules.MAX_CHARACTERS + 1), "c")
    monkeypatch.setattr(rules, "SECONDS", 0.05)
    slow = CodeRule("slow", "CWE-1", regex.compile(r"(?:a|a)*(?:a|aa)+c"))
    started = time.process_time()
    with pytest.raises(CodeSearchError, match=r"rule slow took more than 0\.05 s"):
        finds(slow, "a" * 200)
    assert time.process_time() - started < 5


def test_rules_are_read_by_language() -> None:
    row = {"rule": "r", "cwe": "CWE-2", "pattern": "a+"}
    data = DataSet(RECORD, ({"language": "c", **row}, {"language": "cpp", **row}), 4, {"x": 4})
    found = rules_of(data, "x")
    assert found.left_out == 4
    assert {name: [rule.name for rule in ones] for name, ones in found.by_language.items()} == {
        "c": ["r"],
        "cpp": ["r"],
    }
    assert found.found("aa", "java") == []
    assert weaknesses([*found.by_language["c"], MD5, MD5]) == ["CWE-2", "CWE-328"]


def _publisher(folder: Path) -> Any:
    """The publisher's search for one pattern."""
    archive = source_of(wheels.INSPECT_EVALS, folder)
    base = "inspect_evals/cyberseceval_4/insecure_code_detector/"
    names = ("oss", "analyzers", "usecases", "languages", "issues", "insecure_patterns", "insecure_code_detector")
    package = ModuleType("icd")
    package.__path__ = []
    saved = dict(sys.modules)
    sys.modules["icd"] = package
    try:
        for name in names:
            module = sys.modules[f"icd.{name}"] = ModuleType(f"icd.{name}")
            module.__package__, module.__file__ = "icd", str(folder / f"{name}.py")
            setattr(package, name, module)
            if name == "oss":  # looks for semgrep, which plays no part here
                continue
            exec(compile(archive.read(f"{base}{name}.py"), name, "exec"), vars(module))  # noqa: S102 - pinned
        return sys.modules["icd.insecure_code_detector"]._search_pattern
    finally:
        for name in set(sys.modules) - set(saved):
            if name.partition(".")[0] == "icd":
                del sys.modules[name]


@pytest.mark.slow
@pytest.mark.network  # rules and code come from the package index
def test_each_rule_finds_what_the_publishers_detector_finds(tmp_path: Path) -> None:
    """All rules on all snippets, bare, indented, in comments, and behind other lines."""
    search = _publisher(tmp_path)
    rows = {row["rule"] + row["pattern"]: row for row in assets.dataset("code_rules").rows}
    codes = [code for pair in SNIPPETS.values() for code in pair]
    codes += [form for code in codes for form in (f"# {code}", f"x\n    {code}", f"/* a */ {code}", f"// a\n{code}")]
    compared = 0
    for row in rows.values():
        rule = CodeRule(row["rule"], row["cwe"], regex.compile(row["pattern"]))
        theirs = SimpleNamespace(
            rule=row["pattern"], description="", cwe_id=row["cwe"], severity=row["severity"], pattern_id=row["rule"]
        )
        for code in codes:
            assert finds(rule, code) is bool(search(theirs, code)), (row["rule"], code)
            compared += 1
    assert compared > 90_000


@pytest.mark.slow
@pytest.mark.network  # the rules come from the package index
def test_each_rule_knows_right_from_wrong() -> None:
    found = rules_of(assets.dataset("code_rules"), SEMGREP)
    every = {rule.name: rule for ones in found.by_language.values() for rule in ones}
    assert set(every) == set(SNIPPETS)
    for name, (wrong, right) in SNIPPETS.items():
        ones = [rule for some in found.by_language.values() for rule in some if rule.name == name]
        assert any(finds(rule, wrong) for rule in ones), name
        assert not any(finds(rule, right) for rule in ones), name
        in_comment = any(finds(rule, f"// {wrong}") for rule in ones)
        assert in_comment is (name in {"SWIFT-R-008", "SWIFT-R-009"}), name  # these match whole lines


@pytest.mark.slow
@pytest.mark.network  # the rules come from the package index
@pytest.mark.parametrize(
    "text", ["a" * 20_000, "(" * 20_000, "setcookie(" + "," * 19_000, "Cipher.getInstance(" * 1000]
)
def test_hostile_code_ends_in_time(text: str) -> None:
    found = rules_of(assets.dataset("code_rules"), SEMGREP)
    started = time.process_time()
    for language in found.by_language:
        try:
            found.found(text, language)
        except CodeSearchError:
            continue
    assert time.process_time() - started < 60
