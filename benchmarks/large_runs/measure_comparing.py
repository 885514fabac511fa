"""Seconds and memory of looking through the items that changed between two large runs in the app.

    python benchmarks/large_runs/measure_comparing.py
    python benchmarks/large_runs/measure_comparing.py --samples 10000 --rounds 1

The runs are those of ``measure_browsing.py``, and are measured in the same way: what the server does between a click
and the page that it sends. The first look at two runs, which checks and compares them as ``audit compare`` does and
pairs their items, is measured apart from the interactions that follow. Other work on the machine adds to wall seconds,
and less to processor seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from measure_browsing import at, prepare, widget
from streamlit.testing.v1 import AppTest

from audit.app.settings import AppSettings
from audit.ratings import default_url
from audit.reports.browsing.pair_index import PairIndex, PairSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

SCRIPT = """
from audit.app.pages import compare
from audit.app.frame import framed
framed(compare.page)()
"""


Seconds = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds by what was done."""


def timed(name: str, act: Callable[[], AppTest], into: Seconds) -> None:
    """Do something and note how long the page took."""
    wall, processor = time.perf_counter(), time.process_time()
    test = act()
    into.setdefault(name, []).append((time.perf_counter() - wall, time.process_time() - processor))
    if test.exception:
        raise SystemExit(test.exception[0].value)


def percentile(every: list[float]) -> float:
    """The 95th."""
    return sorted(every)[int(0.95 * len(every))]


def look_through(test: AppTest, address: dict[str, str], item: str, into: Seconds) -> None:
    """What a reader does with two runs."""
    timed("list", lambda: at(test, **address), into)
    for word in ("river", "city music", "zebra"):
        timed("search", lambda word=word: widget(test, "text_input", "Search").set_value(word).run(), into)  # type: ignore[misc]
    timed("search taken away", lambda: widget(test, "text_input", "Search").set_value("").run(), into)
    for _ in range(3):
        timed("page", lambda: widget(test, "button", "Next page").click().run(), into)
    timed("task", lambda: widget(test, "selectbox", "Task").set_value("evals/reading").run(), into)
    timed("slice", lambda: widget(test, "selectbox", "Slice").set_value("subject = subject 3").run(), into)
    for change in ("broken", "fixed", "same"):
        timed(
            "change",
            lambda change=change: widget(test, "segmented_control", "Change").set_value(change).run(),  # type: ignore[misc]
            into,
        )
    for name in ("Task", "Slice"):
        if name == "Task" or any(one.label == name for one in test.selectbox):
            widget(test, "selectbox", name).set_value("all")
    timed("filters taken away", lambda: widget(test, "segmented_control", "Change").set_value("all").run(), into)
    timed("item", lambda: at(test, **address, item=item), into)
    for _ in range(5):
        timed("next", lambda: widget(test, "button", "Next").click().run(), into)
    timed("back to the list", lambda: widget(test, "button", "List").click().run(), into)


def first_item(runs: list[RunFolder]) -> str:
    """The item that the list begins with."""
    index = PairIndex.read(*runs, runs[1].read_metrics())
    return index.facts([index.find(PairSelection())[0]])[0].sample_id


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("/tmp/audit-large-browsing"))  # noqa: S108 - a cache
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    runs = prepare(given.data / str(given.samples), given.samples)[:2]
    settings = AppSettings(runs[0].path.parent, default_url(runs[0].path.parent))
    os.environ.update(settings.to_environment())
    address = {"run": runs[1].path.name, "with": runs[0].path.name}
    first: Seconds = {}
    test = AppTest.from_string(SCRIPT, default_timeout=600)
    timed("first look", lambda: at(test, **address), first)
    peak_opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: Seconds = {}
    item = first_item(runs)
    for _ in range(given.rounds):
        look_through(test, address, item, found)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {given.samples:,} samples x 2 runs")
    for name, seconds in [*first.items(), *found.items()]:
        wall, processor = zip(*seconds, strict=True)
        median, work = statistics.median(wall), statistics.median(processor)
        print(f"{name:18} n {len(wall):3}  median {median:6.2f} s  most {max(wall):6.2f} s  processor {work:6.2f} s")
    every = [one for seconds in found.values() for one in seconds]
    wall, processor = ([one[side] for one in every] for side in (0, 1))
    print(f"interactions: {len(every)}, p95 {percentile(wall):.2f} s, processor {percentile(processor):.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {peak_opened / 1e6:.2f} GB at most after the first look, {peak / 1e6:.2f} GB at the end")


if __name__ == "__main__":
    main()
