"""Many raters at once: exactly k answers per item, how long a submit takes, and what a killed server leaves.

Each rater is a process, or with ``--threads`` a thread of one server as in the app. It asks for the next item and
submits until none is left, as fast as it can or with a pause as people make. ``--kill`` of the processes, or the
server, end by SIGKILL and are started again; ``--vanish`` raters lease an item and never come back.

    python benchmarks/rating/at_once.py                          # SQLite, 25 raters, k = 3, 2,000 items
    python benchmarks/rating/at_once.py --postgresql             # a server of its own, from Debian's package
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT, ADMIN = "load", "admin"


def main() -> None:
    """Run one load and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raters", type=int, default=25)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--per-item", type=int, default=3)
    parser.add_argument("--kill", type=int, default=5, help="Processes that are killed and started again.")
    parser.add_argument("--vanish", type=int, default=2, help="Raters who lease an item and never come back.")
    parser.add_argument("--threads", action="store_true", help="Raters are threads of one server, as in the app.")
    parser.add_argument("--pause", type=float, default=0.0, help="Mean seconds that a rater looks at an item.")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--as-rater", nargs=3, metavar=("URL", "NAME", "PAUSE"), help=argparse.SUPPRESS)
    parser.add_argument("--as-server", nargs=3, metavar=("URL", "RATERS", "PAUSE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.as_rater:
        rate(given.as_rater[0], given.as_rater[1], float(given.as_rater[2]))
    elif given.as_server:
        serve(given.as_server[0], int(given.as_server[1]), float(given.as_server[2]))
    else:
        print(json.dumps(load(given), indent=2))


def load(given: argparse.Namespace) -> dict[str, Any]:
    """Make a project, let everybody rate, and check the database."""
    sys.path.insert(0, str(ROOT))
    from tests import postgresql

    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql.server() if given.postgresql else nullcontext(f"sqlite:///{folder}/ratings.sqlite") as url,
    ):
        make(url, given)
        for number in range(given.vanish):
            from audit.ratings.projects.rating import next_item

            next_item(url, PROJECT, f"vanished {number}")
        began = time.perf_counter()
        times, faults = _threads(url, given) if given.threads else _processes(url, given)
        seconds = time.perf_counter() - began
        options = {name: value for name, value in vars(given).items() if value is not None}
        return {"database": url.partition(":")[0], **options, "seconds": round(seconds, 1), "faults": faults} | {
            **check(url, given.per_item),
            **{name: _summary(seconds) for name, seconds in sorted(times.items())},
        }


def make(url: str, given: argparse.Namespace) -> None:
    """A project with items of some length."""
    from audit.ratings.projects import asking
    from audit.ratings.projects.item import ItemContent, RatedOutput
    from audit.ratings.projects.making import add_items, create
    from audit.ratings.projects.project import ProjectPlan

    people = [*(f"rater {number}" for number in range(given.raters)), *(f"vanished {n}" for n in range(given.vanish))]
    plan = ProjectPlan(made_by=ADMIN, questions=asking.of_one_run(), raters_per_item=given.per_item, lease_seconds=20)
    create(url, PROJECT, plan, roles={name: ["rater"] for name in people})
    about = {"suite": "evals", "task": "asdiv", "prompt": "word " * 400}
    items = [
        ItemContent.model_validate({**about, "outputs": [RatedOutput.of("run", f"s{n}", f"answer {n} " * 40)]})
        for n in range(given.items)
    ]
    add_items(url, PROJECT, ADMIN, items)


def rate(url: str, name: str, pause: float) -> None:
    """Rate until nothing is left; a line of JSON per call, flushed, so that a kill loses none but the last."""
    from uuid import uuid4

    from audit.ratings.projects.rating import next_item, submit

    draw = random.Random(name)
    idle = 0
    while idle < 2:
        began = time.perf_counter(), time.thread_time()
        item = next_item(url, PROJECT, name)
        if item is None:
            idle += 1
            time.sleep(0 if idle > 1 else 22)  # leases of those who vanished end after 20 s
            continue
        idle = 0
        _write("next", began)
        time.sleep(draw.expovariate(1 / pause) if pause else 0)
        began = time.perf_counter(), time.thread_time()
        event = submit(url, PROJECT, name, item.item_id, {"rating": draw.randint(1, 5)}, submission=uuid4().hex).event
        _write("submit", began, event.id)


def serve(url: str, raters: int, pause: float) -> None:
    """All raters as threads of one process."""
    from threading import Thread

    threads = [Thread(target=rate, args=(url, f"rater {number}", pause)) for number in range(raters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _write(what: str, began: tuple[float, float], event: int | None = None) -> None:
    """Seconds of a call by the clock and of its thread by the processor."""
    took = time.perf_counter() - began[0], time.thread_time() - began[1]
    sys.stdout.write(json.dumps([what, *took, event]) + "\n")
    sys.stdout.flush()


def _processes(url: str, given: argparse.Namespace) -> tuple[dict[str, list[float]], list[str]]:
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        starts = [_start(out, url, f"rater {number}", given.pause) for number in range(given.raters)]
        for number in draw.sample(range(given.raters), given.kill):
            time.sleep(draw.uniform(1, 3))
            starts[number].send_signal(signal.SIGKILL)
            starts[number].wait()
            starts.append(_start(out, url, f"rater {number}", given.pause))
        codes = [process.wait() for process in starts]
        faults = [file.read_text() for file in out.glob("*.err") if file.read_text()]
        if sum(code == -signal.SIGKILL for code in codes) != given.kill:
            faults.append("a process ended before it was to be killed")
        return _times(out, url), faults


def _threads(url: str, given: argparse.Namespace) -> tuple[dict[str, list[float]], list[str]]:
    """One server process, killed once in the middle if asked, and started again."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        process = _start(out, url, str(given.raters), given.pause, server=True)
        if given.kill:
            time.sleep(15)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = _start(out, url, str(given.raters), given.pause, server=True)
        process.wait()
        return _times(out, url), [file.read_text() for file in out.glob("*.err") if file.read_text()]


def _start(out: Path, url: str, name: str, pause: float, *, server: bool = False) -> subprocess.Popen[bytes]:
    place = out / f"{len(list(out.iterdir()))}"
    words = [sys.executable, __file__, "--as-server" if server else "--as-rater", url, name, str(pause)]
    with place.with_suffix(".out").open("wb") as stdout, place.with_suffix(".err").open("wb") as stderr:
        return subprocess.Popen(words, stdout=stdout, stderr=stderr)  # noqa: S603 - this file


def _times(out: Path, url: str) -> dict[str, list[float]]:
    """Seconds of each call; every answer whose submit returned must be in the database."""
    from audit.ratings.database import reading
    from audit.ratings.projects.events import read_events

    calls: dict[str, list[float]] = defaultdict(list)
    confirmed = set()
    for file in out.glob("*.out"):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                what, seconds, processor, event = json.loads(line)
                calls[what].append(seconds)
                calls[f"{what}, processor"].append(processor)
                confirmed |= {event} if event is not None else set()
    with reading(url) as connection:
        stored = {event.id for event in read_events(connection, 1, ["answered"])}
    if not confirmed <= stored:
        sys.exit(f"{len(confirmed - stored)} answers are lost")
    return calls


def check(url: str, per_item: int) -> dict[str, Any]:
    """Answers per item, and answers that are there twice."""
    from audit.ratings.database import reading
    from audit.ratings.projects.events import read_events

    with reading(url) as connection:
        answered = [(event.item_id, event.person) for event in read_events(connection, 1, ["answered"])]
    per = Counter(item for item, _ in answered)
    return {
        "answers": len(answered),
        "doubled": len(answered) - len(set(answered)),
        "items_with_k": sum(count == per_item for count in per.values()),
        "items_with_other": sum(count != per_item for count in per.values()),
    }


def _summary(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    found = {
        name: round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) for name, share in at.items()
    }
    return {"calls": len(ordered), **{f"{name}_ms": value for name, value in found.items()}}


if __name__ == "__main__":
    main()
