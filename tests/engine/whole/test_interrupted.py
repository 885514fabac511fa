"""A generation that is interrupted between two tokens, resumed: the texts of one that was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.engine import GenerateRequest
from audit.engine.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine
    from tests.cli.whole.processes import Forks

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


@pytest.mark.slow
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


PROCESSES = """
import json, os, signal, sys, time
from audit.engine import GenerateRequest, load
from audit.engine.journal import Journal

model, folder = sys.argv[1:]
engine = load(model, device="cpu")  # once: children inherit it
step = engine._forward.step
def slow(*args):
    time.sleep(0.01)
    return step(*args)
engine._forward.step = slow
asked = [
    GenerateRequest(f"{i} apples", max_new_tokens=4 + 2 * i, temperature=1.0 * (i % 2), seed=i) for i in range(24)
]

def generate(journal, out):
    engine.journal = Journal(journal)
    answers = engine.generate(asked)
    with open(out, "w") as file:
        json.dump([[one.text for one in answer.generations] for answer in answers], file)

def kept(path):
    journal = Journal(path)
    try:
        return len(journal)
    finally:
        journal.close()

def run(journal, out, stop=None):
    child = os.fork()
    if child == 0:
        try:
            generate(journal, out)
            os._exit(0)
        finally:
            os._exit(1)
    if stop is not None:
        while not kept(journal):
            time.sleep(0.01)
        os.kill(child, stop)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def read(out):
    return json.load(open(out)) if os.path.exists(out) else None

whole = f"{folder}/whole.json"
found = {"whole": run(f"{folder}/whole.sqlite", whole)}
for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
    journal, out = f"{folder}/{stop.name}.sqlite", f"{folder}/{stop.name}.json"
    code = run(journal, out, stop)
    found[stop.name] = {
        "stopped": code, "written": read(out), "kept": kept(journal), "resumed": run(journal, out),
        "equal": read(out) == read(whole) is not None,
    }
print(json.dumps(found))
"""


@pytest.mark.slow
def test_a_process_that_is_stopped(forks: Forks, tiny_model: Path, tmp_path: Path) -> None:
    found = forks.start([tiny_model, tmp_path], PROCESSES).answer()
    assert found.pop("whole") == 0
    assert {name: one["stopped"] for name, one in found.items()} == {"SIGINT": 1, "SIGTERM": -15, "SIGKILL": -9}
    for one in found.values():
        assert one["written"] is None
        assert 0 < one["kept"] < 24
        assert (one["resumed"], one["equal"]) == (0, True)
