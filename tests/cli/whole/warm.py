"""Commands for a shell, without the seconds that their imports take: ``audit``, ``lm_eval``, and Python code.

A process that has imported what an audit needs listens at a socket. Its clients, scripts named as the commands on the
shell's ``PATH``, pass on their words, folder, environment and streams. A fork runs them as the entry point would.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cli.whole.processes import LIBRARIES, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = ("compare", "explain", "gate", "import_", "report", "verify")
MODULES = (*LIBRARIES, *(f"audit.cli.commands.{name}" for name in COMMANDS))
SNIPPET = "snippet"
"""The command that runs Python code, its first word."""
PROGRAMS = {
    "audit": PROGRAM,
    "lm_eval": "from lm_eval.__main__ import cli_evaluate\ncli_evaluate()",
    SNIPPET: "import sys\nexec(sys.argv[1], {'__name__': '__main__'})",
}
"""By command: what its entry point does."""
SERVER = """
import gc, importlib, json, os, signal, socket, sys
number, libraries, programs, first = sys.argv[1:]
for name in json.loads(libraries):
    importlib.import_module(name)
exec(first)
gc.freeze()  # forks share these objects as long as their collector does not look at them

def serve(connection):
    message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    given = json.loads(message)
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        connection.sendall(b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(given["folder"])
    os.environ.clear()
    os.environ.update(given["environment"])
    sys.argv = [given["name"], *given["words"]]
    exec(json.loads(programs)[given["name"]], {"__name__": "__main__"})
    sys.exit()

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.socket(fileno=int(number)) as listener:
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            serve(connection)
        connection.close()
"""
CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    given = {{"name": {name!r}, "words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(connection, [json.dumps(given).encode()], [0, 1, 2])
    code = int(connection.recv(16) or 1)
sys.exit(code if code >= 0 else 128 - code)
"""


@contextmanager
def warm_commands(
    folder: Path, python: str = sys.executable, environment: dict[str, str] | None = None, first: str = ""
) -> Iterator[None]:
    """Make the clients, which work as long as the context lasts.

    Args:
        folder: Gets the clients, and goes in front of a shell's ``PATH``.
        python: The interpreter.
        environment: Of the process; None for this process's own.
        first: Code that it runs once, for what all forks need.
    """
    address = str(folder / "socket")
    for name in PROGRAMS:
        client = folder / name
        client.write_text(CLIENT.format(python=python, address=address, name=name), "utf-8")
        client.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        number = listener.fileno()
        command = [python, "-c", SERVER, str(number), json.dumps(MODULES), json.dumps(PROGRAMS), first]
        server = subprocess.Popen(
            command, env=environment, pass_fds=[number], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    try:
        yield
    finally:
        server.kill()
        server.wait()
        (folder / "socket").unlink()
