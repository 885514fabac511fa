"""How a worker's process begins."""

from __future__ import annotations

import inspect
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from audit.core.config import RunConfig
from audit.core.errors import CheckpointError
from audit.core.records.files.json_file import plain
from audit.engine.workers import entry
from audit.engine.workers.processes import PARENT_VARIABLE, STREAMS_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path


def test_the_streams_are_those_of_the_driver_and_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    for descriptor in (read, write):
        os.set_inheritable(descriptor, True)
    monkeypatch.setenv(STREAMS_VARIABLE, f"{read},{write}")
    source, sink = entry.streams()
    with source, sink:
        assert not os.get_inheritable(read)
        sink.write(b"x")
        sink.flush()
        assert source.read(1) == b"x"


def test_main_works_until_the_driver_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, "0")
    monkeypatch.setattr(entry, "streams", lambda: (io.BytesIO(), io.BytesIO()))
    ended: list[int] = []
    monkeypatch.setattr(entry.os, "_exit", ended.append)
    entry.main()
    assert ended == [0]


@pytest.mark.slow
def test_the_kernel_ends_it_with_its_parent() -> None:
    code = "import ctypes, os, signal, sys\n" + "\n".join(
        ["PR_SET_PDEATHSIG = 1", *_source(entry.die_with), "die_with(int(sys.argv[1]))", "print('alive')"]
    )
    for parent, printed in ((os.getpid(), "alive\n"), (1, "")):
        done = subprocess.run(
            [sys.executable, "-S", "-c", code, str(parent)], capture_output=True, text=True, check=True
        )
        assert done.stdout == printed, "its parent is another: it has ended before"


def _source(function: object) -> list[str]:

    return inspect.getsource(function).splitlines()  # type: ignore[arg-type]


def test_a_worker_loads_a_local_checkpoint_with_its_threads(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    engine = entry.load(plain(RunConfig(model=str(tiny_model), device="cpu", threads=3)))
    assert (threads, engine.device_type) == ([3], "cpu")
    monkeypatch.setattr(entry, "engine_of", lambda _: object())
    with pytest.raises(CheckpointError, match="workers need a local checkpoint"):
        entry.load(plain(RunConfig(model=str(tiny_model))))
