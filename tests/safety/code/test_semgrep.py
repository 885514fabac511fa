"""Semgrep as a program of the user: found, tried, called once for all code, and never taken for more than it says.

The output is that of semgrep 1.185.0, recorded. With ``AUDIT_SEMGREP``, the path of a ``semgrep``, the same is asked of
that program.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest

from audit.core.assets import DataSet
from audit.core.errors import AssetError, SandboxUnavailable
from audit.core.records import AssetRecord
from audit.core.sandbox.bubblewrap import Bubblewrap
from audit.core.sandbox.interpreter import Interpreter
from audit.core.sandbox.program import Ended
from audit.core.sandbox.sandbox import Sandbox
from audit.safety.code import semgrep
from audit.safety.code.rules import MAX_CHARACTERS
from audit.safety.code.semgrep import Semgrep, boxed, engine_of, semgrep_at, semgrep_rules_of, tried
from audit.safety.code.semgrep_output import SearchedCode, SemgrepFailed
from audit.safety.code.semgrep_start import CODE, KNOWN
from tests.safety.code.semgrep_examples import EXAMPLES, RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = sorted({rule for _, _, rules, _ in EXAMPLES for rule in rules} | {rule for one in KNOWN for rule in one.finds})
DATA = DataSet(
    AssetRecord(name="semgrep_rules", kind="dataset", source="f", version="1", sha256="0" * 64, licence="MIT"),
    tuple(
        {"language": language, "rule": name, "cwe": f"CWE-{number}", "content": json.dumps({"id": name})}
        for language in ("python", "c")
        for number, name in enumerate(NAMES)
    ),
    7,
    {"php": 7},
)
RULES = semgrep_rules_of(DATA)
SECURE, INSECURE = SearchedCode(()), SearchedCode(("insecure-eval-use",))


class Box:
    """A sandbox whose program is a function of what it was given."""

    def __init__(self, answer: Callable[[dict[str, str]], dict[str, Any] | Ended]) -> None:
        self.answer = answer
        self.calls: list[dict[str, str]] = []

    def run_program(self, program: Any) -> Ended:
        codes = json.loads(program.files["code.json"])
        self.calls.append(codes)
        found = self.answer(codes)
        return found if isinstance(found, Ended) else Ended(exit_code=0, stdout=json.dumps(found).encode())


def of_eval(codes: dict[str, str]) -> dict[str, Any]:
    """As semgrep would answer with a rule about ``eval``."""
    return {
        "version": "1",
        "results": [
            {"check_id": "insecure-eval-use", "path": f"{CODE}/{name}"}
            for name, code in codes.items()
            if "eval" in code
        ],
        "errors": [],
        "paths": {"scanned": [f"{CODE}/{name}" for name in codes]},
    }


def with_box(box: Box) -> Semgrep:
    return Semgrep(cast("Sandbox", box), RULES)


def test_rules() -> None:
    assert RULES.languages == ("c", "python")
    assert json.loads(RULES.text) == {"rules": [{"id": name} for name in NAMES]}
    assert (RULES.version, RULES.left_out, len(RULES.digest)) == ("1", 7, 64)
    assert RULES.weaknesses[NAMES[1]] == "CWE-1"


def test_verdicts_of_every_language_and_kind() -> None:
    """Recorded, or asked of the program of ``AUDIT_SEMGREP`` with the publisher's rules."""
    program = os.environ.get("AUDIT_SEMGREP")
    if program:
        from audit.core import assets

        found = semgrep_at(Path(program), semgrep_rules_of(assets.dataset("semgrep_rules")))
    else:
        found = tried(with_box(Box(lambda codes: RECORDED["known" if "known0" in codes else "examples"])))
        assert found.version == "1.185.0"
    searched = found.search([(language, code) for language, code, _, _ in EXAMPLES])
    assert [(one.rules, one.fault) for one in searched] == [(rules, fault) for _, _, rules, fault in EXAMPLES]


def test_all_code_is_searched_in_one_call_and_equal_code_once() -> None:
    box = Box(of_eval)
    codes = [
        ("python", "eval(a)"),
        ("python", "b"),
        ("python", "eval(a)"),
        ("c", "b"),
        ("c", "x" * (MAX_CHARACTERS + 1)),
    ]
    failed = SearchedCode((), "failed")
    assert with_box(box).search(codes) == [INSECURE, SECURE, INSECURE, SECURE, failed]
    assert [len(call) for call in box.calls] == [3]
    assert with_box(box).search(codes[4:]) == [failed]
    assert with_box(box).search([]) == []
    assert len(box.calls) == 1


def test_code_on_which_it_fails_says_nothing_of_other_code() -> None:
    def answer(codes: dict[str, str]) -> Any:
        return Ended(exit_code=139) if any("crash" in code for code in codes.values()) else of_eval(codes)

    box = Box(answer)
    codes = [("c", f"eval({number})") for number in range(5)] + [("c", "crash"), ("c", "a"), ("c", "b")]
    found = with_box(box).search(codes)
    assert found == [INSECURE] * 5 + [SearchedCode((), "failed"), SECURE, SECURE]
    assert len(box.calls) == 7  # eight, four, two, one of them fail


def test_where_every_call_fails_it_is_not_called_for_ever() -> None:
    def unavailable(_codes: dict[str, str]) -> Any:
        raise SandboxUnavailable("no bubblewrap")

    for answer in (lambda _codes: Ended(exit_code=1), unavailable):
        box = Box(answer)
        found = with_box(box).search([("c", str(number)) for number in range(100)])
        assert found == [SearchedCode((), "failed")] * 100
        assert len(box.calls) == semgrep.MOST_FAILURES


def test_one_that_does_not_know_known_code_is_refused() -> None:
    with pytest.raises(SemgrepFailed, match="version 1 does not find in known code of c what it should"):
        tried(with_box(Box(of_eval)))
    nothing = {"version": "1", "results": [], "errors": [], "paths": {"scanned": []}}
    with pytest.raises(SemgrepFailed, match="known code of c"):  # as a call that searches nothing at all
        tried(with_box(Box(lambda _codes: nothing)))


def test_settings() -> None:
    assert with_box(Box(of_eval)).settings() == {
        "semgrep": "",
        "semgrep_rules": "semgrep_rules 1",
        "semgrep_rules_sha256": RULES.digest,
        "semgrep_rules_left_out": 7,
    }


def installed(folder: Path) -> tuple[Path, Path]:
    """An environment as pip makes it: the program and its engine."""
    program = folder / "bin" / "semgrep"
    engine = folder / "lib" / "python3.11" / "site-packages" / "semgrep" / "bin" / "semgrep-core"
    for file in (program, engine):
        file.parent.mkdir(parents=True)
        file.write_text("")
    return program, engine


def test_the_engine_is_found(tmp_path: Path) -> None:
    program, engine = installed(tmp_path / "environment")
    (tmp_path / "link").symlink_to(program)
    assert engine_of(program) == engine_of(tmp_path / "link") == engine_of(engine) == engine.resolve()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "semgrep").write_text("")
    for missing in (tmp_path / "bin" / "semgrep", tmp_path / "none", program.with_name("other")):
        with pytest.raises(AssetError, match=r"no semgrep with its semgrep-core: install semgrep in an environment"):
            engine_of(missing)


def test_what_cannot_be_looked_up_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name in ("n" * 300, "circle"):
        with pytest.raises(AssetError, match=r"no semgrep with its semgrep-core(: .*)?: install semgrep"):
            engine_of(tmp_path / name)


def test_the_engine_lies_beside_its_own_libraries(monkeypatch: Any) -> None:
    libraries = (
        (Path("/lib/libc.so.6"), PurePosixPath("/python/shared/libc.so.6")),
        (Path("/lib64/ld.so"), PurePosixPath("/lib64/ld.so")),
    )
    monkeypatch.setattr(semgrep, "libraries_of", lambda _files: libraries)
    interpreter = Interpreter(((Path("/a"), PurePosixPath("/lib64/ld.so")),), (), PurePosixPath("/python/bin/python"))
    sandbox = Sandbox(Bubblewrap(Path("/usr/bin/bwrap"), as_root=True), interpreter)
    assert boxed(Path("/e/semgrep-core"), sandbox).interpreter.shown == (
        (Path("/a"), PurePosixPath("/lib64/ld.so")),
        (Path("/lib/libc.so.6"), PurePosixPath("/semgrep/libraries/libc.so.6")),
        (Path("/e/semgrep-core"), PurePosixPath("/semgrep/semgrep-core")),
    )


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (SandboxUnavailable("no bubblewrap"), r"^safety\.semgrep runs in the sandbox alone: no bubblewrap"),
        (OSError("ldd fails"), "its libraries are not known: ldd fails: install semgrep"),
        (SemgrepFailed("exit code 2"), "semgrep cannot be used: exit code 2: install semgrep"),
    ],
)
def test_one_that_cannot_be_used_is_said(raised: Exception, words: str, tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*_given: Any) -> Any:
        raise raised

    monkeypatch.setattr(semgrep, "this_sandbox", refuse)
    with pytest.raises(AssetError, match=words):
        semgrep_at(installed(tmp_path)[0], RULES)


@pytest.mark.slow
def test_a_program_that_is_not_semgrep_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """Real programs in the sandbox, in the engine's place: one that says something else, one that fails."""
    for name, words in (("echo", "what it wrote is not its output"), ("false", "exit code 1")):
        engine = tmp_path / name / "semgrep-core"
        engine.parent.mkdir()
        engine.write_bytes(Path(f"/bin/{name}").read_bytes())
        engine.chmod(0o755)
        with pytest.raises(AssetError, match=words):
            semgrep_at(engine, RULES)
    echo = Semgrep(boxed(tmp_path / "echo" / "semgrep-core", sandbox), RULES)
    assert echo.search([("c", "a")]) == [SearchedCode((), "failed")]
