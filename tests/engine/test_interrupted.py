"""A generation that is interrupted between two tokens, resumed: the texts of one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from audit.engine import GenerateRequest
from audit.engine.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

ASKED = [
    GenerateRequest(f"{i} apples in {'many ' * (i % 5)}baskets", max_new_tokens=6 + i, temperature=t, seed=i, n=n)
    for i, (t, n) in enumerate([(0.0, 1), (1.0, 3), (0.0, 1), (0.7, 2), (1.0, 1), (0.0, 1), (1.0, 2), (0.0, 1)])
]


class Interrupted:
    """A callable that Ctrl-C hits at its n-th call."""

    def __init__(self, inner: Any, number: int) -> None:
        self.inner, self.left = inner, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.inner(*args, **kwargs)


@pytest.mark.parametrize("continuous", [True, False], ids=["continuous", "batches"])
@pytest.mark.parametrize("number", [1, 8, 10, 12])
def test_ctrl_c_between_two_tokens(
    tiny: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, continuous: bool, number: int
) -> None:
    tiny._forward.decodes = continuous
    tiny._generator.batches.rows = 3
    expected = tiny.generate(ASKED)
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    place, name = (tiny._forward, "step") if continuous else (tiny._generator.batches, "compute")
    monkeypatch.setattr(place, name, Interrupted(getattr(place, name), number if continuous else 1 + number % 4))
    with pytest.raises(KeyboardInterrupt):
        tiny.generate(ASKED)
    kept = len(tiny.journal)
    assert kept < len(ASKED)
    assert kept or number < 8 or not continuous
    tiny.journal.close()
    monkeypatch.undo()
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    assert tiny.generate(ASKED) == expected


PROCESS = """
import json, sys, time
from audit.engine import GenerateRequest, load
from audit.engine.journal import Journal

model, journal, out = sys.argv[1:]
engine = load(model, device="cpu")
step = engine._forward.step
def slow(*args):
    time.sleep(0.02)
    return step(*args)
engine._forward.step = slow
engine.journal = Journal(journal)
print("ready", flush=True)
asked = [
    GenerateRequest(f"{i} apples", max_new_tokens=4 + 4 * i, temperature=1.0 * (i % 2), seed=i) for i in range(24)
]
answers = engine.generate(asked)
with open(out, "w") as file:
    json.dump([[one.text for one in answer.generations] for answer in answers], file)
"""


def kept(path: Path) -> int:
    """Answers in a journal that another process writes."""
    journal = Journal(path)
    try:
        return len(journal)
    finally:
        journal.close()


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_stopped(tiny_model: Path, tmp_path: Path, by: signal.Signals) -> None:
    def run(journal: str, stop: signal.Signals | None = None) -> int:
        words = [sys.executable, "-c", PROCESS, str(tiny_model), str(tmp_path / journal), str(tmp_path / "out.json")]
        settings = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            words, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            if stop is not None:
                while not kept(tmp_path / journal):
                    time.sleep(0.01)
                process.send_signal(stop)
            return process.wait(300)

    assert run("whole.sqlite") == 0
    whole = json.loads((tmp_path / "out.json").read_text())
    (tmp_path / "out.json").unlink()
    assert run("stopped.sqlite", by) != 0
    assert not (tmp_path / "out.json").exists()
    assert 0 < kept(tmp_path / "stopped.sqlite") < 24
    assert run("stopped.sqlite") == 0
    assert json.loads((tmp_path / "out.json").read_text()) == whole
