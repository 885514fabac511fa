"""Long calls: killed again and again, two at a time, and with thirty thousand requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMON = '''
import json, os, random, signal, sys, time
import psutil, torch
from audit.engine import ScoreRequest, load
from audit.engine.journal import Journal
torch.set_num_threads(1)

def requests(count):
    draw = random.Random(5)
    stems = [tuple(draw.randrange(3, 384) for _ in range(draw.randrange(1, 30))) for _ in range(count // 10)]
    made = {}
    while len(made) < count:
        target = tuple(draw.randrange(3, 384) for _ in range(draw.randrange(1, 4)))
        made[ScoreRequest(draw.choice(stems), target)] = None
    return list(made)

class Tokens:
    def __init__(self, path): self.path = path
    def task(self, suite, task): pass
    def start(self, requests): pass
    def say(self, message): pass
    def advance(self, requests, tokens):
        with open(self.path, "a") as file:
            file.write(f"{requests if tokens else 0} {tokens}\\n")

def computed(log):
    """Requests and tokens that went through the model."""
    return [sum(column) for column in zip(*([int(word) for word in line.split()] for line in open(log)))]

def score(engine, journal, log, count):
    engine.journal = Journal(journal)
    engine.progress = Tokens(log)
    return [score.log_probs for score in engine.score(requests(count))]
'''

KILLED = (
    COMMON
    + """
model, folder = sys.argv[1:]
engine = load(model, device="cpu", batch_tokens=64)  # once: children inherit it
journal, log = f"{folder}/journal.sqlite", f"{folder}/tokens"
draw = random.Random(11)

def passes():
    return sum(1 for _ in open(log)) if os.path.exists(log) else 0

for _ in range(20):
    child = os.fork()
    if child == 0:
        score(engine, journal, log, 2000)
        os._exit(0)
    wanted = passes() + draw.randrange(8)
    while passes() < wanted and os.waitpid(child, os.WNOHANG)[0] == 0:
        time.sleep(0.001)
    time.sleep(draw.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
kept = len(Journal(journal))
again = score(engine, journal, log, 2000)
resumed = computed(log)
answers = len(Journal(journal))
os.remove(log)
whole = score(engine, f"{folder}/other.sqlite", log, 2000)
print(json.dumps({
    "kept": kept, "answers": answers, "equal": again == whole, "resumed": resumed,
    "whole": computed(log),
}))
"""
)

BESIDE = (
    COMMON
    + """
model, folder = sys.argv[1:]
engine = load(model, device="cpu", batch_tokens=64)
children = []
for place in range(2):
    child = os.fork()
    if child == 0:
        try:
            answers = score(engine, f"{folder}/journal.sqlite", f"{folder}/tokens{place}", 1000)
            with open(f"{folder}/answers{place}", "w") as file:
                json.dump(answers, file)
            os._exit(0)
        finally:
            os._exit(1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
both = [json.load(open(f"{folder}/answers{place}")) for place in range(2)]
print(json.dumps({"codes": codes, "equal": both[0] == both[1], "answers": len(Journal(f"{folder}/journal.sqlite"))}))
"""
)

MEMORY = (
    COMMON
    + """
model, folder = sys.argv[1:]
engine = load(model, device="cpu")
engine.journal = Journal(f"{folder}/journal.sqlite")
asked = requests(30_000)
sizes = []
class Watch(Tokens):
    def advance(self, requests, tokens):
        sizes.append(psutil.Process().memory_info().rss)
engine.progress = Watch("")
assert len(engine.score(asked)) == 30_000
warm = sizes[len(sizes) // 10 :]
print(json.dumps({"passes": len(sizes), "low": min(warm), "high": max(warm)}))
"""
)


def _run(script: str, model: Path, folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(model), str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.slow
def test_twenty_kills_lose_no_answer_and_repeat_none(tiny_model: Path, tmp_path: Path) -> None:
    found = _run(KILLED, tiny_model, tmp_path)
    assert found["answers"] == 2000
    assert 0 < found["kept"] < 2000  # type: ignore[operator] - some kills came while it was at work
    assert found["equal"]
    # Of a pass that was killed nothing is kept or counted; what is counted once is never computed again. The trunk of
    # the pass that goes on is.
    (answers, tokens), (all_answers, all_tokens) = found["resumed"], found["whole"]  # type: ignore[misc]
    assert answers <= all_answers == 2000  # type: ignore[has-type]
    assert tokens <= all_tokens + 20 * 64  # type: ignore[has-type]


@pytest.mark.slow
def test_two_processes_on_one_journal(tiny_model: Path, tmp_path: Path) -> None:
    found = _run(BESIDE, tiny_model, tmp_path)
    assert found == {"codes": [0, 0], "equal": True, "answers": 1000}


@pytest.mark.slow
def test_thirty_thousand_requests_keep_memory_flat(tiny_model: Path, tmp_path: Path) -> None:
    found = _run(MEMORY, tiny_model, tmp_path)
    assert found["passes"] > 100  # type: ignore[operator]
    assert found["high"] - found["low"] <= 60 * 2**20  # type: ignore[operator]
