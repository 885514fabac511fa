"""Seconds and memory of looking through the samples of three large runs in the app.

    python benchmarks/large_runs/measure_browsing.py
    python benchmarks/large_runs/measure_browsing.py --samples 10000 --rounds 2

The runs (``large_data.py``) are made once and kept in ``--data``. The page of samples and that of one sample are drawn
by Streamlit without a browser, in one process: what the server does between a click and the page that it sends. Opening
a run, which checks all its evidence and builds the index, is measured apart from the interactions that follow.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from large_data import make_run
from streamlit.testing.v1 import AppTest

from audit.app.settings import AppSettings
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.ratings import default_url

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 3
SCRIPT = """
import streamlit as st
from audit.app.pages import sample, samples
from audit.app.frame import framed
if st.query_params.get("view") == "sample":
    framed(sample.page)()
else:
    framed(samples.page)()
"""
"""One script for both pages: what Streamlit keeps between two pages is lost between two scripts of its tests."""


def prepare(data: Path, count: int) -> list[RunFolder]:
    """The runs, made where they are not there yet."""
    runs = []
    for number in range(RUNS):
        path = data / "runs" / f"2026010{number + 1}T000000Z-large-{number:06x}"
        if not path.exists():
            made = make_run(data, count, candidate=number > 0)
            path.parent.mkdir(parents=True, exist_ok=True)
            made.path.rename(path)
            evidence.seal(RunFolder(path))
        runs.append(RunFolder(path))
    return runs


def widget(test: AppTest, kind: str, label: str) -> Any:
    """The widget of that label."""
    return next(one for one in getattr(test, kind) if one.label == label)


def timed(name: str, act: Callable[[], AppTest], into: dict[str, list[float]]) -> AppTest:
    """Do something and note how long the page took."""
    started = time.perf_counter()
    test = act()
    into.setdefault(name, []).append(time.perf_counter() - started)
    if test.exception:
        raise SystemExit(test.exception[0].value)
    return test


def at(test: AppTest, **parts: str) -> AppTest:
    """Another page, by its address."""
    for name in list(test.query_params):
        del test.query_params[name]
    for name, value in parts.items():
        test.query_params[name] = value
    return test.run()


def look_through(test: AppTest, run: RunFolder, turn: int, into: dict[str, list[float]]) -> None:
    """What a reader does on one run."""
    name = run.path.name
    timed("samples", lambda: at(test, run=name, page="1"), into)
    words = (("river", "city music"), ("answer", "paper seven"), ("zebra", "between light"))[turn % 3]
    for word in words:
        timed("search", lambda word=word: widget(test, "text_input", "Search").set_value(word).run(), into)  # type: ignore[misc]
    timed("search taken away", lambda: widget(test, "text_input", "Search").set_value("").run(), into)
    timed("task", lambda: widget(test, "multiselect", "Tasks").set_value(["evals/reading"]).run(), into)
    timed("result", lambda: widget(test, "segmented_control", "Result").set_value("wrong").run(), into)
    for order in ("worst", "question", "confidence"):
        timed("sort", lambda order=order: widget(test, "selectbox", "Sort by").set_value(order).run(), into)  # type: ignore[misc]
    for _ in range(3):
        timed("page", lambda: widget(test, "button", "Next page").click().run(), into)
    timed("slice", lambda: widget(test, "multiselect", "Slices").set_value(["subject = subject 3"]).run(), into)
    listed = {"run": name, "tasks": "evals/reading", "result": "wrong", "sort": "worst"}
    timed("sample", lambda: at(test, view="sample", **listed), into)
    for _ in range(5):
        timed("next", lambda: widget(test, "button", "Next").click().run(), into)
    timed("filters taken away", lambda: at(test, run=name, sort="worst"), into)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("/tmp/audit-large-browsing"))  # noqa: S108 - a cache
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    runs = prepare(given.data / str(given.samples), given.samples)
    settings = AppSettings(runs[0].path.parent, default_url(runs[0].path.parent))
    os.environ.update(settings.to_environment())
    first: dict[str, list[float]] = {}
    test = AppTest.from_string(SCRIPT, default_timeout=600)
    for run in runs:
        timed("open a run", lambda run=run: at(test, run=run.path.name), first)  # type: ignore[misc]
    peak_opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: dict[str, list[float]] = {}
    for turn in range(given.rounds):
        for run in runs:
            look_through(test, run, turn, found)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {given.samples:,} samples x {RUNS} runs")
    for name, seconds in [*first.items(), *found.items()]:
        print(f"{name:18} n {len(seconds):3}  median {statistics.median(seconds):6.2f} s  most {max(seconds):6.2f} s")
    every = sorted(one for seconds in found.values() for one in seconds)
    print(f"interactions: {len(every)}, p95 {every[int(0.95 * len(every))]:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {peak_opened / 1e6:.2f} GB at most after opening, {peak / 1e6:.2f} GB at the end")


if __name__ == "__main__":
    main()
