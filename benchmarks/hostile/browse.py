"""Two hundred hostile outputs on every page of the app, in the card and on the terminal: does anything run or leave?

    python benchmarks/hostile/browse.py                     # every page
    python benchmarks/hostile/browse.py --only overview,card

Each page is opened in Chromium. A script that ran, a request to another host, a dialog, a changed title or an exception
on the page is a fault, and the exit code is then 1. Commands must print no control characters.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

from outputs import ATTACKS, COUNT, EXPLAINED, make_run
from playwright.sync_api import Locator, Page, sync_playwright

from audit.app.elements.rating.keys import LEAST_SECONDS
from audit.app.menu import ENTRIES
from audit.core.records import sample_id
from audit.ratings import default_url
from audit.ratings.projects.rating import next_item, submit

PORT = 8598
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PATIENCE = 300_000
"""Milliseconds until a page is given up."""
REVEAL = re.compile("Show it|Reveal")
TASKS = ("evals/asdiv", "evals/boolq", "safety/toxicity")
PROJECT = "hostile"
PEOPLE = {"rate": "ada", "rate_run": "ada", "adjudicate": "judge", "ratings": "Root"}
"""Who opens the pages that ask for a name."""
STEPS = {"sample": COUNT - 1, "samples": 3, "compare": 20}
"""How often → is pressed, in each task."""
ROW = "button.open"
"""What opens a row of a table."""
RATED, WALK = 120, 20
"""Items that each of two raters has rated before, and items that are rated or opened on each page."""


class Watched:
    """A page of the browser, and what went wrong on it."""

    def __init__(self, page: Page, title: str | None = "audit") -> None:
        self.page, self.title = page, title
        self.faults: Counter[str] = Counter()
        self.views = 0
        page.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: (self.faults.update(["dialog"]), dialog.dismiss()))
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(
            ("data:", "blob:", "file:", f"http://127.0.0.1:{PORT}/", f"ws://127.0.0.1:{PORT}/")
        ):
            self.faults.update([f"request to {request.url[:60]}"])

    def open(self, address: str) -> None:
        """Go to a page of the app and look."""
        self.page.goto(f"http://127.0.0.1:{PORT}/{address}")
        self.page.locator("[data-testid=stMainBlockContainer] :is(h1, .audit-heading)").first.wait_for()
        self.look()

    def look(self) -> None:
        """Wait until it is drawn, and note what must not be."""
        if self.title:
            self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.views += 1
        if self.page.evaluate("() => window.owned !== undefined || document.title === 'owned'"):
            self.faults.update(["a script ran"])
        if self.title and self.page.title() != self.title:
            self.faults.update(["another title"])
        broken = self.page.locator("[data-testid=stException]").count()
        if broken:
            self.faults.update(
                [f"exception: {self.page.locator('[data-testid=stException]').first.inner_text()[:200]}"]
            )

    def click(self, what: Locator) -> None:
        """Click and look at what comes."""
        what.click()
        self.page.wait_for_timeout(150)
        self.look()

    def press(self, key: str, until: str = "") -> None:
        """Press a key and look at what comes, once a text is there."""
        self.page.evaluate("() => new Promise(done => requestIdleCallback(done))")
        self.page.keyboard.press(key)
        if until:
            self.page.wait_for_function("text => document.body.innerText.includes(text)", arg=until)
        self.page.wait_for_timeout(150)
        self.look()


def browse(watched: Watched, name: str, run: str, *, of_run: bool) -> None:
    """All views of a page that the outputs reach."""
    place = f"?run={run}" if of_run else ""
    if name in PEOPLE:
        rate(watched, name, place)
        return
    watched.open(f"{name}{place}")
    for task in TASKS if of_run else ():
        short = task.split("/")[1]
        watched.open(f"{name}{place}&task={task}" if name != "compare" else f"{name}{place}&in={short}")
        if name == "compare":
            watched.click(watched.page.locator(ROW).first)
        for number in range(STEPS.get(name, 0)):
            watched.press("ArrowRight", until=f"{number + 2} of {COUNT} " if name == "sample" else "")
        if name == "sample" and f"{COUNT} of {COUNT} " not in watched.page.locator("body").inner_text():
            watched.faults.update(["the walk did not reach the last sample"])
        for number in range(EXPLAINED if name == "explanations" else 0):
            watched.open(f"{name}{place}&task={task}&sample={sample_id(short, short, number)}")
        for button in watched.page.get_by_role("button", name=REVEAL).all()[:1]:
            watched.click(button)


def rate(watched: Watched, name: str, place: str) -> None:
    """The pages on which people have names: the items one by one, the cases that were opened, the results."""
    watched.open(f"{name}{place or f'?project={PROJECT}'}")
    watched.page.get_by_label("Your name").fill(PEOPLE[name])
    watched.page.keyboard.press("Enter")
    watched.page.get_by_label("Your name").wait_for(state="detached")
    watched.look()
    for _ in range(WALK if name in ("rate", "rate_run") else 0):
        watched.press("o")
        watched.page.wait_for_timeout(1000 * LEAST_SECONDS)
        watched.press("4")
    if name == "adjudicate":
        watched.page.locator(ROW).first.wait_for()  # the table is drawn after the page
    for number in range(min(WALK, watched.page.locator(ROW).count()) if name == "adjudicate" else 0):
        watched.click(watched.page.locator(ROW).nth(number))
        watched.page.get_by_role("button", name="Back to the queue").wait_for()
        watched.press("o")
        watched.press("k")  # back to the queue


def rated(url: str) -> None:
    """Two raters who never agree, with hostile comments."""
    for who, shift in (("bob", 0), ("cem", 2)):
        for number in range(RATED):
            item = next_item(url, PROJECT, who)
            if item is None:
                break
            about = {"submission": uuid4().hex, "comment": ATTACKS[number % len(ATTACKS)][:5_000]}
            submit(url, PROJECT, who, item.item_id, {"rating": 1 + (item.item_id + shift) % 5}, **about)


def command(*words: str | Path) -> Counter[str]:
    """The faults of a command's output."""
    done = subprocess.run([sys.executable, "-m", "audit.cli", *map(str, words)], capture_output=True, check=False)  # noqa: S603
    said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    faults = Counter(f"control character U+{ord(one):04X}" for one in CONTROL.findall(said.replace("\r\n", "\n")))
    if "Traceback" in said or done.returncode == 1:
        faults.update([f"crashed: {said[-200:]}"])
    return faults


def main() -> None:
    """Print a line per page and command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*(entry.name for entry in ENTRIES), "card", "terminal"]
    parser.add_argument("--only", default=",".join(names), help=f"some of {', '.join(names)}")
    wanted = parser.parse_args().only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        other, run = make_run(runs, "other"), make_run(runs, "hostile")
        rules = Path(folder) / "policy.yaml"
        rules.write_text("rules:\n  - {metric: asdiv/score, min: 0.1}\n  - {metric: boolq/score, min: 0.9}\n", "utf-8")
        said: dict[str, Counter[str]] = {
            "audit gate": command("gate", run.path, "--policy", rules, "--baseline", other.path)
        }
        said["audit report --format html"] = command("report", run.path, "--format", "html")
        people = [word for name in ("ada", "bob", "cem") for word in ("--rater", name)]
        project = ("--project", PROJECT, "--as", "Root", "--adjudicator", "judge", *people, "--raters-per-item", "2")
        said["audit ratings assign"] = command(
            "ratings", "assign", run.path, "--runs", runs, *project, "--count", str(COUNT)
        )
        rated(default_url(runs))
        if "terminal" in wanted:
            for form in ("md", "json", "junit", "model-card"):
                said[f"audit report --format {form}"] = command("report", run.path, "--format", form)
            said["audit compare"] = command("compare", other.path, run.path)
            said["audit verify"] = command("verify", run.path)
        for what, faults in said.items():
            print(f"{what}: {dict(faults) or 'nothing'}", flush=True)
        found = sum((faults for faults in said.values()), Counter()) + in_browser(runs, run.path, wanted)
    sys.exit(1 if found else 0)


def in_browser(runs: Path, run: Path, wanted: list[str]) -> Counter[str]:
    """The faults of the pages and the card."""
    every: Counter[str] = Counter()
    words = [sys.executable, "-m", "audit.cli", "app", "--runs", str(runs), "--port", str(PORT)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:  # noqa: S603
        next(iter(server.stdout or ()))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            for entry in ENTRIES:
                if entry.name in wanted:
                    watched = Watched(browser.new_page(viewport={"width": 1280, "height": 1000}))
                    browse(watched, entry.name, run.name, of_run=entry.of_run)
                    print(f"{entry.name}: {watched.views} views: {dict(watched.faults) or 'nothing'}", flush=True)
                    every += watched.faults
                    watched.page.close()
            if "card" in wanted:
                watched = Watched(browser.new_page(viewport={"width": 1280, "height": 1000}), title=None)
                watched.page.goto((run / "report" / "index.html").as_uri())
                watched.page.wait_for_load_state("networkidle")
                watched.page.evaluate("() => document.querySelectorAll('details').forEach(fold => fold.open = true)")
                watched.look()
                print(f"card: {dict(watched.faults) or 'nothing'}", flush=True)
                every += watched.faults
        finally:
            browser.close()
            server.terminate()
    return every


if __name__ == "__main__":
    main()
