"""A PostgreSQL server of the tests' own, from Debian's package, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO_GET_IT = "no PostgreSQL server: apt-get install postgresql"


def programs() -> Path | None:
    """Folder of the server's programs, of the newest version; None where there are none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Start a server and stop it.

    Args:
        options: Settings of the server, e.g. ``fsync=off``.

    Yields:
        URL of a database ``postgres`` that may create others.
    """
    folder = programs()
    assert folder is not None, HOW_TO_GET_IT
    home = Path(tempfile.mkdtemp(prefix="postgresql-"))
    owner = _owner(home)
    settings = [
        word for option in ("listen_addresses=", f"unix_socket_directories={home}", *options) for word in ("-c", option)
    ]
    make = [folder / "initdb", "--auth=trust", "--username=audit", "--encoding=UTF8", "--no-sync", home / "data"]
    subprocess.run(make, check=True, capture_output=True, cwd=home, **owner)
    process = subprocess.Popen(
        [folder / "postgres", "-D", home / "data", *settings], cwd=home, stderr=subprocess.DEVNULL, **owner
    )
    try:
        _wait(folder, home, process)
        yield f"postgresql://audit@/postgres?host={home}"
    finally:
        process.send_signal(signal.SIGINT)  # closes the connections that are still open; SIGTERM waits for them
        process.wait(30)
        shutil.rmtree(home)


def _owner(home: Path) -> dict[str, Any]:
    """The server refuses to run as root: it then runs as somebody to whom the folder is given."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    who = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(home, who.pw_uid, who.pw_gid)
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def _wait(folder: Path, home: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        ready = subprocess.run([folder / "pg_isready", "-q", "-h", home], check=False)
        if ready.returncode == 0:
            return
        assert process.poll() is None, "the PostgreSQL server ended"
        time.sleep(0.1)
    msg = "the PostgreSQL server does not answer"
    raise AssertionError(msg)
