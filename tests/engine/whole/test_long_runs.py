"""Long calls: killed again and again, two at a time, and with thirty thousand requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.whole.processes import Forks

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


@pytest.mark.slow
def test_twenty_kills_lose_no_answer_and_repeat_none(forks: Forks, tiny_model: Path, tmp_path: Path) -> None:
    found = forks.start([tiny_model, tmp_path], KILLED).answer()
    assert found["answers"] == 2000
    assert 0 < found["kept"] < 2000  # some kills came while it was at work
    assert found["equal"]
    # Of a pass that was killed nothing is kept or counted; what is counted once is never computed again. The trunk of
    # the pass that goes on is.
    (answers, tokens), (all_answers, all_tokens) = found["resumed"], found["whole"]
    assert answers <= all_answers == 2000
    assert tokens <= all_tokens + 20 * 64


@pytest.mark.slow
def test_two_processes_on_one_journal(forks: Forks, tiny_model: Path, tmp_path: Path) -> None:
    found = forks.start([tiny_model, tmp_path], BESIDE).answer()
    assert found == {"codes": [0, 0], "equal": True, "answers": 1000}


@pytest.mark.slow
def test_thirty_thousand_requests_keep_memory_flat(forks: Forks, tiny_model: Path, tmp_path: Path) -> None:
    found = forks.start([tiny_model, tmp_path], MEMORY).answer()
    assert found["passes"] > 50
    assert found["high"] - found["low"] <= 60 * 2**20
