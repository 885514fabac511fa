"""A running ``audit app``, and a browser in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from audit.cli.commands import app as command
from tests.cli.whole.processes import PROGRAM, RUN, Fork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from tests.cli.whole.processes import Forks

PATIENCE = 300
"""Seconds until a test gives up on a condition: a guard against hanging, never reached by a machine that is slow."""


def unused_port() -> int:
    """A free port below those that the kernel gives to outgoing connections, which could take it before the server."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((command.ADDRESS, port))
            return port
    return pytest.fail("no free port")


FIRST = """
from importlib import import_module
import audit.app.serving, audit.cli.main, audit.cli.commands.app, streamlit.web.bootstrap
from audit.app import menu
for entry in menu.ENTRIES:
    import_module(f"audit.app.pages.{entry.name}")
"""
"""What the server of the app imports, and what its pages do when they are opened first."""
FORKED = (
    RUN
    + """
import json, os, signal, subprocess, sys, time, traceback, types
reading, writing = os.pipe()
server = os.fork()  # before the command opens a database, which no fork may go on with
if not server:
    try:
        os.close(writing)
        with open(reading) as stream:
            given = stream.read()
        if given:
            words, environment = json.loads(given)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = words[3:]  # behind the interpreter, -P and -m
            run("from audit.app import serving; serving.serve()")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)
os.close(reading)

class Server:
    returncode = None

    def __init__(self, words, *, env, stdout):
        with open(writing, "w") as stream:
            json.dump([words, env], stream)

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(server, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout=1e9):
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("server", timeout)
            time.sleep(0.02)
        return self.returncode

    def terminate(self):
        os.kill(server, signal.SIGTERM)

    def kill(self):
        os.kill(server, signal.SIGKILL)

from audit.cli.commands import app
app.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": Server})
os.environ.clear()
os.environ.update(ENVIRONMENT)
"""
    + PROGRAM
)
"""``audit app`` in a fork, and the server that it starts in another."""


class Server:
    """A running ``audit app``: a fork, or a process that imports everything itself."""

    def __init__(self, runs: Path, *options: str, port: int | None = None, forks: Forks | None = None) -> None:
        self.runs, self.port = runs, port or unused_port()
        self.process: subprocess.Popen[str] | Fork
        words = ["app", "--runs", str(runs), "--port", str(self.port), *options]
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
        if forks:
            self.process = forks.start([*words], FORKED.replace("ENVIRONMENT", repr(environment)))
            self.said = self.process.first_line()
        else:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "audit.cli", *words],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=environment,
            )
            assert self.process.stdout is not None
            self.said = self.process.stdout.readline()
        self.url = f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        if isinstance(self.process, Fork):
            code = self.process.poll(block=True)
            assert code is not None
            return code
        code = self.process.wait(timeout=PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture
def server(run: RunFolder, runs: Path, app_forks: Forks) -> Iterator[Server]:
    running = Server(runs, forks=app_forks)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE * 1000)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a window of its own: it shares neither cookies nor storage with another test's."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    opened.close()


def settle(page: Any) -> None:
    """Wait until the script has ended and the browser has nothing left to do.

    Elements arrive one by one: an output may be seen while the buttons under it are still those of the run before.
    React binds the keys of a button after it has drawn it; an idle browser has done so.
    """
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.evaluate("() => new Promise(done => requestIdleCallback(done))")


def hold(page: Any, key: str) -> None:
    """Hold a key for a second: each further ``down`` is one of the repeats that a browser sends."""
    for _ in range(33):
        page.keyboard.down(key)
        page.wait_for_timeout(30)
    page.keyboard.up(key)
