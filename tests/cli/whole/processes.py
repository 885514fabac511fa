"""Processes forked from one that has imported what an audit needs, for the command line or other code.

Imports take seconds, most of the time of a short audit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal
    from pathlib import Path

PATIENCE = 300
"""Seconds until a test gives up: a guard against hanging, never reached by a machine that is slow."""
LIBRARIES = (
    *(f"audit.cli.commands.{name}" for name in ("compare", "explain", "gate", "import_", "report", "run", "verify")),
    "audit.pipeline.audit",
    "audit.reports.render.card",
    "audit.explain.methods.registry",
    "transformers.models.llama.modeling_llama",
)
FIRST = f"""
import sys
sys.modules["rfc3987_syntax"] = None  # as in tests/conftest.py
import {", ".join(LIBRARIES)}
from audit.reports.drawing import charts, page
for name in page.environment().list_templates(["j2"]):
    page.environment().get_template(name)
charts._template("share", "safety", with_reference=False)
"""
"""What takes seconds and is the same in every audit: imports, the templates of the card, the schema of its charts."""
PARENT = """
import gc, json, os, sys
exec(sys.argv[1], {})
gc.freeze()  # forks share these objects as long as their collector does not look at them
for line in sys.stdin:
    given = json.loads(line)
    if "pid" in given:
        pid, status = os.waitpid(given["pid"], 0 if given["block"] else os.WNOHANG)
        answer = os.waitstatus_to_exitcode(status) if pid else None
    else:
        answer = os.fork()
        if answer == 0:
            os.setsid()
            for number, path in enumerate((os.devnull, given["out"], given["error"])):
                os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
            sys.argv = ["audit", *given["words"]]
            exec(given["code"], {"__name__": "__main__"})
            sys.exit()
    print(json.dumps(answer), flush=True)
"""
PROGRAM = "from audit.cli import main\nmain.main()"
"""What the entry point of ``audit`` does."""


def environment() -> dict[str, str]:
    """Of a process of its own that runs the command line."""
    inherited = {name: value for name, value in os.environ.items() if name != "AUDIT_DATA"}
    return {**inherited, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "PYTHONPATH": os.pathsep.join(sys.path[1:2])}


@dataclass
class Fork:
    """A process of its own, which leads its own session."""

    parent: Forks
    pid: int
    out: Path
    """Gets its stdout."""
    error: Path
    """Gets its stderr."""
    code: int | None = None
    """Exit code, negative for the signal that ended it; None while it runs."""

    def poll(self, *, block: bool = False) -> int | None:
        """The exit code, where it has ended."""
        if self.code is None:
            self.code = self.parent.ask(pid=self.pid, block=block)
        return self.code

    def stop(self, by: signal.Signals) -> tuple[int, str]:
        """Exit code and stderr after a signal."""
        os.kill(self.pid, by)
        code = self.poll(block=True)
        assert code is not None
        return code, self.error.read_text("utf-8")

    def answer(self) -> Any:
        """The last line that it printed, JSON, when it has ended well."""
        assert self.poll(block=True) == 0, self.error.read_text("utf-8")
        return json.loads(self.out.read_text("utf-8").splitlines()[-1])

    def wait_until_ready(self) -> None:
        """Return when it has printed ``ready``."""
        deadline = time.monotonic() + PATIENCE
        while "ready" not in self.out.read_text("utf-8"):
            assert self.poll() is None, self.error.read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.01)


class Forks:
    """The process that forks. Its hash seed, and so the order of its sets, is not this process's."""

    def __init__(self, folder: Path, first: str = FIRST) -> None:
        self.folder, self.count = folder, 0
        command = [sys.executable, "-c", PARENT, first]
        seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        self.process = subprocess.Popen(
            command,
            env={**environment(), "PYTHONHASHSEED": seed},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, **given: object) -> Any:
        """The answer to a request."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, words: list[object], code: str = PROGRAM) -> Fork:
        """Run the command line, or other code that ends with it.

        Args:
            words: Behind ``audit``.
            code: Run by the process.
        """
        self.count += 1
        out, error = (self.folder / f"{self.count}.{name}" for name in ("out", "error"))
        out.touch()
        error.touch()
        pid = self.ask(words=[str(word) for word in words], code=code, out=str(out), error=str(error))
        return Fork(self, pid, out, error)

    def close(self) -> None:
        """End it."""
        self.process.communicate()
