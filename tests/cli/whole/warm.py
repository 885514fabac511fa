"""Commands for a shell, without the seconds that their imports take: :data:`PROGRAMS`.

A process that has imported what an audit needs listens at a socket. Its clients, scripts named as the commands on the
shell's ``PATH``, pass on their words, folder, environment, streams and SIGTERM. A fork runs them as the entry point
would.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cli.whole.processes import PROGRAM, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.whole.processes import Forks

SNIPPET = "snippet"
"""The command that runs Python code, its first word."""
LM_EVAL = """
from functools import partialmethod
from lm_eval.__main__ import cli_evaluate
from lm_eval.tasks import TaskManager
TaskManager.__init__ = partialmethod(TaskManager.__init__, include_defaults=False)
cli_evaluate()
"""
"""Without the tasks that it brings: reading their 14,000 files takes seconds, and the pages use tasks of their own."""
PROGRAMS = {
    "audit": PROGRAM,
    "lm_eval": LM_EVAL,
    "transformers": "import sys\nfrom transformers.cli.transformers import main\nsys.exit(main())",
    SNIPPET: "import sys\nexec(sys.argv[1], {'__name__': '__main__'})",
}
"""By command: what its entry point does."""
SERVER = (
    RUN
    + """
import gc, io, json, os, signal, socket, sys
address, programs, *first = sys.argv[1:]
for code in first:
    exec(code, {})
gc.freeze()  # forks share these objects as long as their collector does not look at them

def serve(connection):
    message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    given = json.loads(message)
    pid = os.fork()
    if pid:
        connection.sendall(b"%d\\n" % pid)
        _, status = os.waitpid(pid, 0)
        connection.sendall(b"%d\\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(given["folder"])
    os.environ.clear()
    os.environ.update(given["environment"])
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    stream = open(1, "wb", 0 if unbuffered else -1, closefd=False)
    sys.stdout = io.TextIOWrapper(stream, "utf-8", write_through=unbuffered)
    sys.argv = [given["name"], *given["words"]]
    run(json.loads(programs)[given["name"]])

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            serve(connection)
        connection.close()
"""
)
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    given = {{"name": {name!r}, "words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(connection, [json.dumps(given).encode()], [0, 1, 2])
    answers = connection.makefile("r")
    pid = int(answers.readline())
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
    code = int(answers.readline() or 1)
sys.exit(code if code >= 0 else 128 - code)
"""


@contextmanager
def warm_commands(folder: Path, forks: Forks, first: str = "") -> Iterator[None]:
    """Make the clients, which work as long as the context lasts.

    Args:
        folder: Gets the clients, and goes in front of a shell's ``PATH``.
        forks: What starts the process that listens.
        first: Code that it runs once, for what all forks need.
    """
    address = str(folder / "socket")
    for name in PROGRAMS:
        client = folder / name
        client.write_text(CLIENT.format(python=sys.executable, address=address, name=name), "utf-8")
        client.chmod(0o755)
    server = forks.start([address, json.dumps(PROGRAMS), first], SERVER)
    server.wait_until_ready()
    try:
        yield
    finally:
        server.stop(signal.SIGKILL)
