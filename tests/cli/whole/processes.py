"""Processes forked from one that has imported what an audit needs, for the command line or other code.

Imports take seconds, most of the time of a short audit.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal
    from pathlib import Path
    from typing import TextIO

PATIENCE = 300
"""Seconds until a test gives up: a guard against hanging, never reached by a machine that is slow."""
LIBRARIES = (
    *(f"audit.cli.commands.{name}" for name in ("compare", "explain", "gate", "import_", "report", "run", "verify")),
    "audit.pipeline.audit",
    "audit.reports.render.card",
    "audit.explain.methods.registry",
    "audit.evals.harness",
    "audit.cli.ratings.agreement",
    "audit.ratings.results.agreement",
    "alembic.runtime.environment",
    "sklearn.linear_model",
    "transformers.models.llama.modeling_llama",
)
DRAWER = """
import os, socket, sys, threading, vl_convert
from contextlib import suppress
threading.Thread(target=lambda: os.read(0, 1) or os._exit(0), daemon=True).start()  # who started it has ended
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    asked, _ = listener.accept()
    with suppress(OSError), asked, asked.makefile("rwb") as stream:  # who asked may have been killed
        try:
            answer = "=" + vl_convert.vegalite_to_svg(stream.readline().decode())
        except ValueError as error:
            answer = f"!{error}"
        stream.write(answer.encode())
"""
"""Draws charts for forks."""
FIRST = f"""
import json, os, socket, subprocess, sys
import vl_convert

def draw(specification, address=f"\\0charts of {{os.getpid()}}"):  # a name that no file system has
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address)
        with asking.makefile("rwb") as stream:
            text = specification if isinstance(specification, str) else json.dumps(specification)
            stream.write(text.encode() + b"\\n")
            stream.flush()
            kind, answer = stream.read(1), stream.read().decode()
    if kind != b"=":
        raise ValueError(answer)
    return answer

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(*draw.__defaults__)
    listener.listen()
    drawer = subprocess.Popen(
        [sys.executable, "-c", {DRAWER!r}, str(listener.fileno())],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()], start_new_session=True,
    )
vl_convert.vegalite_to_svg = draw  # what draws takes half a second to start, and has threads, which no fork has

import {", ".join(LIBRARIES)}
from audit.reports.drawing import page
for name in page.environment().list_templates(["j2"]):
    page.environment().get_template(name)
from audit.evals.catalogue import own_tasks
from audit.safety.privacy.keys import find_api_keys
from transformers.conversion_mapping import get_checkpoint_conversion_mapping
own_tasks()
list(find_api_keys(""))
get_checkpoint_conversion_mapping("llama")
"""
"""What takes seconds and is the same in every audit: imports, the templates of the card, the task
files. Charts are drawn by one process for all.
"""
RUN = """
import atexit, os, sys, threading

def run(code):
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as ended:
        code = ended.code or 0
    else:
        code = 0
    if not isinstance(code, int):
        sys.exit(code)
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (AttributeError, OSError, ValueError):  # there is none, nobody reads it, or it is closed
        sys.exit(code)
    os._exit(code & 255)
"""
"""Runs code and ends as the interpreter does, but for freeing each object that was imported, which takes half a second:
the first write to a page that a fork shares copies it.
"""
PARENT = (
    RUN
    + """
import gc, json, os, selectors, socket, sys
exec(sys.argv[2], {})
gc.freeze()  # forks share these objects as long as their collector does not look at them
listener, streams = socket.socket(socket.AF_UNIX), selectors.DefaultSelector()
listener.bind(sys.argv[1])
listener.listen()
streams.register(listener, selectors.EVENT_READ)
print("ready", flush=True)

def close(key):
    for one in (key.data, key.fileobj):
        if one:
            one.close()

def answer(given):
    if not given:
        return "here"
    if "pid" in given:
        pid, status = os.waitpid(given["pid"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    for key in [*streams.get_map().values()]:
        close(key)
    streams.close()
    for number, path in enumerate((os.devnull, given["out"], given["error"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["audit", *given["words"]]
    run(given["code"])

while True:
    for key, _ in streams.select():
        if key.data is None:
            asking, _ = listener.accept()
            streams.register(asking, selectors.EVENT_READ, asking.makefile("r"))
            continue
        line = key.data.readline()
        if line:
            key.fileobj.sendall(json.dumps(answer(json.loads(line))).encode() + b"\\n")
        else:  # who asked has ended; so does this process after the last one
            streams.unregister(key.fileobj)
            close(key)
            if len(streams.get_map()) == 1:
                sys.exit()
"""
)
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
        while self.code is None:
            self.code = self.parent.ask(pid=self.pid)
            if not block:
                break
            if self.code is None:
                time.sleep(0.005)  # the parent has others to answer meanwhile
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
        self._wait_for("ready")

    def first_line(self) -> str:
        """The first line that it prints."""
        self._wait_for("\n")
        return self.out.read_text("utf-8").splitlines(keepends=True)[0]

    def _wait_for(self, text: str) -> None:
        """Return when it has printed a text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.out.read_text("utf-8"):
            assert self.poll() is None, self.error.read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.01)


class Forks:
    """What asks a process for forks. That process's hash seed, and so the order of its sets, is not this process's."""

    def __init__(self, folder: Path, first: str = FIRST, address: Path | None = None) -> None:
        """Start the process, or find the one that listens at an address, which ends after the last who asks it.

        Args:
            folder: Of the output of forks.
            first: Code that the process runs once.
            address: Shared by the test processes of one run; None is nobody else's.
        """
        self.folder, self.count = folder, 0
        self.process: subprocess.Popen[str] | None = None
        self.address = str(address or folder / "forks")
        with open(f"{self.address}.lock", "w", encoding="utf-8") as lock:  # noqa: PTH123 - no path of its own
            fcntl.flock(lock, fcntl.LOCK_EX)
            stream = self._connected()
            if stream is None:
                self.process = self._started(first)
                stream = self._connected()
        assert stream is not None
        self.stream = stream

    def _connected(self) -> TextIO | None:
        """A line to the process that listens; None where none does."""
        with socket.socket(socket.AF_UNIX) as made, suppress(OSError):
            made.connect(self.address)
            stream = made.makefile("rw", encoding="utf-8")
            stream.write("{}\n")
            stream.flush()
            return stream if stream.readline() else None  # it may be about to end
        return None

    def _started(self, first: str) -> subprocess.Popen[str]:
        """The process, listening."""
        with suppress(FileNotFoundError):
            os.unlink(self.address)  # noqa: PTH108 - of one that has ended
        seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        process = subprocess.Popen(
            [sys.executable, "-c", PARENT, self.address, first],
            # What SHAP computes with would be compiled by each fork: six seconds.
            env={**environment(), "PYTHONHASHSEED": seed, "NUMBA_DISABLE_JIT": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def ask(self, **given: object) -> Any:
        """The answer to a request."""
        self.stream.write(json.dumps(given) + "\n")
        self.stream.flush()
        return json.loads(self.stream.readline())

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
        """Ask no more; who has started the process waits until nobody does."""
        self.stream.close()
        if self.process is not None:
            self.process.communicate()
