"""What semgrep finds in code by the rules of CyberSecEval's detector.

Semgrep is a program of its own (LGPL-2.1), which the user has: it is no dependency, and nothing of it is imported.
Its engine, ``semgrep-core``, runs in the sandbox, on files that hold nothing but code of answers, with rules of the
pinned wheel. Code is parsed, never run. A comment ``nosemgrep`` hides nothing: the code is a checkpoint's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from audit.core.errors import AssetError, SandboxUnavailable
from audit.core.sandbox.interpreter import SHARED, libraries_of
from audit.core.sandbox.program import FOLDER, MEBIBYTE, ProgramLimits, UntrustedProgram
from audit.core.sandbox.sandbox import Sandbox, this_sandbox
from audit.safety.code.rules import MAX_CHARACTERS
from audit.safety.code.semgrep_output import SearchedCode, SemgrepFailed, read_output
from audit.safety.code.semgrep_start import CERTIFICATE, CODE, ENGINE, KNOWN, LIBRARIES, START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.assets import DataSet

ENGINE_NAME = "semgrep-core"
RULE_SECONDS = 5
"""For a rule on one answer, as semgrep's own default; one that takes longer ends the search of that answer."""
MOST_FAILURES = 8
"""Failed calls after which answers that are left are not searched."""
ADVICE = "install semgrep in an environment of its own (pip install semgrep), or leave safety.semgrep out"


@dataclass(frozen=True, slots=True)
class SemgrepRules:
    """The publisher's rules."""

    version: str
    """Of the data set."""
    weaknesses: Mapping[str, str]
    """``CWE-…`` by the rule's name; empty where a rule names none."""
    languages: tuple[str, ...]
    """That have rules, sorted."""
    text: str
    """As semgrep reads them."""
    left_out: int
    """Rules that are not applied, because the publisher's detector does not apply them."""

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def semgrep_rules_of(data: DataSet) -> SemgrepRules:
    """The rules of a data set with ``language``, ``rule``, ``cwe`` and ``content``."""
    contents = {row["rule"]: json.loads(row["content"]) for row in data.rows}
    return SemgrepRules(
        version=data.record.version,
        weaknesses={row["rule"]: row["cwe"] for row in data.rows},
        languages=tuple(sorted({row["language"] for row in data.rows})),
        text=json.dumps({"rules": [contents[name] for name in sorted(contents)]}, sort_keys=True),
        left_out=data.dropped,
    )


@dataclass(frozen=True, slots=True)
class Semgrep:
    """A semgrep that has been tried."""

    sandbox: Sandbox
    """In which its engine lies at :data:`audit.safety.code.semgrep_start.ENGINE`."""
    rules: SemgrepRules
    version: str = ""
    """That it states; empty until it is tried."""

    def search(self, codes: Sequence[tuple[str, str]]) -> list[SearchedCode]:
        """What the rules find in code.

        All of it is searched in one call. Where that fails, each half is searched by itself, so that code on which
        semgrep fails says nothing of other code.

        Args:
            codes: Language and code. There must be rules for the language.

        Returns:
            One for each; equal ones are searched once.
        """
        wanted = {one: f"{number:06}" for number, one in enumerate(dict.fromkeys(codes))}
        short = {name: one for one, name in wanted.items() if len(one[1]) <= MAX_CHARACTERS}
        found: dict[str, SearchedCode] = {}
        waiting, failures = [short] if short else [], 0
        while waiting and failures < MOST_FAILURES:
            part = waiting.pop()
            try:
                found |= self.call(part)[1]
            except SemgrepFailed:
                failures += 1
                if len(part) > 1:
                    names = list(part)
                    halves = names[: len(names) // 2], names[len(names) // 2 :]
                    waiting += [{name: part[name] for name in half} for half in halves]
        unknown = SearchedCode((), "failed")
        return [found.get(wanted[one], unknown) for one in codes]

    def call(self, codes: Mapping[str, tuple[str, str]]) -> tuple[str, dict[str, SearchedCode]]:
        """One call of semgrep.

        Args:
            codes: Language and code, by the name of its file.

        Returns:
            The version that it states, and what it found, by name.

        Raises:
            SemgrepFailed: It failed, took too long, or wrote what is not its output.
        """
        targets = [
            {
                "path": {"fpath": f"{CODE}/{name}", "ppath": f"/{name}"},
                "analyzer": language,
                "products": ["sast"],
            }
            for name, (language, _) in codes.items()
        ]
        words = ["-json_nodots", "-j", "1", "-fast", "-rules", f"{FOLDER}/rules.json"]
        words += ["-targets", f"{FOLDER}/targets.json", "-timeout", str(RULE_SECONDS), "-timeout_threshold", "1"]
        given = {
            "rules.json": self.rules.text,
            "targets.json": json.dumps(["Targets", [["CodeTarget", target] for target in targets]]),
            "code.json": json.dumps({name: code for name, (_, code) in codes.items()}),
            "words.json": json.dumps(words),
            "certificates.pem": CERTIFICATE,
        }
        limits = ProgramLimits(
            memory_bytes=2048 * MEBIBYTE,
            processor_seconds=20 + 6 * len(codes),
            wall_seconds=60.0 + 10.0 * len(codes),
            output_bytes=64 * MEBIBYTE,
        )
        try:
            ended = self.sandbox.run_program(UntrustedProgram(source=START, files=given, limits=limits))
        except SandboxUnavailable as error:
            raise SemgrepFailed(str(error)) from error
        return read_output(ended, list(codes), self.rules.weaknesses)

    def settings(self) -> dict[str, Any]:
        """What decides its verdicts, for metrics."""
        return {
            "semgrep": self.version,
            "semgrep_rules": f"semgrep_rules {self.rules.version}",
            "semgrep_rules_sha256": self.rules.digest,
            "semgrep_rules_left_out": self.rules.left_out,
        }


def semgrep_at(program: Path, rules: SemgrepRules) -> Semgrep:
    """The semgrep of the user, tried on code whose verdict is known.

    Args:
        program: ``semgrep`` of the environment that it is installed in, or ``semgrep-core`` itself.
        rules: The publisher's.

    Raises:
        AssetError: It is not there, or there is no sandbox for it, or it does not find what it should.
    """
    engine = engine_of(program)
    try:
        return tried(Semgrep(boxed(engine, this_sandbox()), rules))
    except SandboxUnavailable as error:
        msg = f"safety.semgrep runs in the sandbox alone: {error}"
        raise AssetError(msg) from error
    except OSError as error:
        msg = f"its libraries are not known: {error}"
        raise AssetError(msg, engine, advice=ADVICE) from error
    except SemgrepFailed as error:
        msg = f"semgrep cannot be used: {error}"
        raise AssetError(msg, engine, advice=ADVICE) from error


def engine_of(program: Path) -> Path:
    """The engine that belongs to a ``semgrep``: a file of the package in its environment.

    Raises:
        AssetError: It is not there, or its folder cannot be read.
    """
    msg = f"no semgrep with its {ENGINE_NAME}"
    try:
        real = program.resolve()
        if real.is_file() and real.name == ENGINE_NAME:
            return real
        for found in sorted(real.parent.parent.glob(f"lib/python3*/site-packages/semgrep/bin/{ENGINE_NAME}")):
            if real.is_file():
                return found.resolve()
    except (OSError, RuntimeError) as error:  # no permission, a name that is too long, a link to itself
        msg = f"{msg}: {error}"
    raise AssetError(msg, program, advice=ADVICE)


def boxed(engine: Path, sandbox: Sandbox) -> Sandbox:
    """A sandbox in which the engine lies, with the libraries that it loads.

    Raises:
        OSError: ``ldd`` is not there or fails.
    """
    shown = {place: real for real, place in sandbox.interpreter.shown}
    for real, place in libraries_of([engine]):
        own = PurePosixPath(LIBRARIES) / place.name if place.is_relative_to(SHARED) else place
        shown.setdefault(own, real)
    shown[PurePosixPath(ENGINE)] = engine
    interpreter = replace(sandbox.interpreter, shown=tuple((real, place) for place, real in shown.items()))
    return replace(sandbox, interpreter=interpreter)


def tried(semgrep: Semgrep) -> Semgrep:
    """The semgrep with its version, if it finds in known code what it should and nothing else.

    Raises:
        SemgrepFailed: It does not.
    """
    known = {f"known{number}": (one.language, one.code) for number, one in enumerate(KNOWN)}
    version, found = semgrep.call(known)
    for (language, _), one, searched in zip(known.values(), KNOWN, found.values(), strict=True):
        if searched != SearchedCode(one.finds):
            msg = f"version {version} does not find in known code of {language} what it should"
            raise SemgrepFailed(msg)
    return replace(semgrep, version=version)
