"""Take the pictures of the documentation: pages of the app, and reports, in light, dark and phone width.

    python docs/pictures.py                # all: audits the embedded checkpoint five times first, about 15 minutes
    python docs/pictures.py samples card   # some

They go to ``docs/images/NAME-light.png``, ``-dark.png`` and ``-phone.png``; look at them before you commit them.
The runs and ratings that they show are made once, in ``build/pictures``: delete that folder to make them anew.
A page that shows an exception is named, and the exit code is then 1. Needs Chromium (Debian: ``apt-get install
chromium fonts-dejavu-core``) and Pillow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from audit.app.menu import ENTRIES
from audit.core.records import SWEEP_FILE, Decision, Sweep
from audit.core.records.files.json_file import read_record
from audit.core.run_folder import RunFolder
from audit.engine import load
from audit.gate.waivers.proposals import drafted, propose, waivable
from audit.ratings import default_url
from audit.ratings.projects.rating import next_item, submit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
WORK, IMAGES = ROOT / "build" / "pictures", ROOT / "docs" / "images"
SWEEP = WORK / "sweep"
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
HIGHEST = 1300
"""Pixels of a picture; longer pages are cut."""
COLOURS = 256
"""Of a picture; with fewer, heat maps lose theirs."""
PATIENCE = 300_000
"""Milliseconds until a page is given up."""
RATERS = ("Ada", "Ben", "Cleo")
ADMIN, ADJUDICATOR = "Root", "Judge"
PROJECT = "helpful"
LEVELS = {"int4": 4, "int8": 8, "bf16": 16}
"""Versions of the embedded checkpoint, with the bits of a weight."""
WAIVED, REASON = "crows_pairs/pct_stereotype", "The data set is being replaced; the next run has all 1,508 pairs."
SWEPT = ("sweep", "series", "compression")
"""Pictures that need a sweep, and no other run."""
NAMES = (
    *(entry.name for entry in ENTRIES),
    "compare_item",
    "waivers",
    "adjudicate_item",
    "card",
    "explain",
    *SWEPT[1:],
)
"""Of the pictures."""


@dataclass(frozen=True)
class View:
    """What one picture shows."""

    name: str
    """Of the picture."""
    address: str
    """Of the page, with what it is about."""
    who: str = RATERS[0]
    """The name to enter where the page asks for one."""
    press: str = ""
    """A selector: what is clicked before the picture is taken, if it is there."""
    scroll_to: str = ""
    """A selector: what is scrolled to before the picture is taken; empty stays at the top."""
    runs: Path = WORK / "runs"
    """The folder of runs that the app is started on."""


def main(names: Sequence[str]) -> None:
    """Take these pictures, or all."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no such picture: there are {', '.join(NAMES)}")
    runs = WORK / "runs"
    chosen = set(names or NAMES)
    wanted: list[View] = []
    if chosen - {*SWEPT}:
        if not (WORK / "made").exists():
            prepare(runs)
        wanted += [view for view in views(runs) if view.name in chosen]
    if chosen & {*SWEPT}:
        if not (SWEEP / "made").exists():
            prepare_sweep()
        wanted += [view for view in sweep_views() if view.name in chosen]
    IMAGES.mkdir(exist_ok=True)
    faults = 0
    for name, look, picture, fault in pictures(wanted):
        file = IMAGES / f"{name}-{look}.png"
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        size = f"{picture.width} x {picture.height}, {file.stat().st_size // 1024} kB"
        print(f"{file.name}  {size} {fault}", flush=True)
        faults += bool(fault)
    sys.exit(1 if faults else 0)


def audit(*words: str | Path, codes: tuple[int, ...] = (0,)) -> None:
    """Run a command of ours, where the runs are: pictures show no path of this machine."""
    command = [sys.executable, "-m", "audit.cli", *map(str, words)]
    done = subprocess.run(command, check=False, cwd=WORK)  # noqa: S603 - our own
    if done.returncode not in codes:
        sys.exit(f"audit {words[0]} ended with code {done.returncode}")


def prepare(runs: Path) -> None:
    """Two runs, a verdict, a proposed waiver, a project that three people have rated, and an explanation.

    Runs that ended are kept: a command that was interrupted goes on.
    """
    runs.mkdir(parents=True, exist_ok=True)
    for one in RunFolder.all(runs):
        if one.read_manifest().status == "running":
            shutil.rmtree(one.path)
    for file in runs.glob("ratings.sqlite*"):
        file.unlink()
    common = ("run", "--profile", "quick", "--limit", "40", "--out", runs.name)
    for done, more in enumerate((("--dtype", "bfloat16"), ())):
        if len(RunFolder.all(runs)) <= done:
            audit(*common, *more)
    newest, earlier = (one.path.relative_to(WORK) for one in RunFolder.all(runs)[:2])
    audit("gate", newest, "--policy", ROOT / "examples" / "policy.yaml", "--baseline", earlier, codes=(0, 10, 11))
    propose_waiver(RunFolder.all(runs)[0])
    people = [word for name in RATERS for word in ("--rater", name)]
    sizes = ("--raters-per-item", str(len(RATERS)), "--count", "3")
    roles = (*people, "--adjudicator", ADJUDICATOR)
    audit("ratings", "assign", newest, "--runs", runs.name, "--project", PROJECT, "--as", ADMIN, *sizes, *roles)
    rate(default_url(runs))
    prompt = ("--prompt", "The capital of France is", "--target", " Paris")
    audit("explain", *prompt, "--method", "occlusion", "--out", "explain.html")
    (WORK / "made").touch()


def prepare_sweep() -> None:
    """A sweep over rounded versions of the embedded checkpoint, and a check of two of them against the third."""
    versions = WORK / "versions"
    for name, bits in LEVELS.items():
        if not (versions / name).exists():
            save_rounded(versions / name, bits)
    tasks = ("--tasks", "boolq,openbookqa,crows_pairs,asdiv", "--limit", "40")
    audit("sweep", *(f"{versions.name}/{name}" for name in LEVELS), *tasks, "--no-explain", "--out", SWEEP.name)
    found = read_record(SWEEP / SWEEP_FILE, Sweep)
    runs = {one.name: f"{SWEEP.name}/{one.run}" for one in found.checkpoints}
    page = ("--items", "64", "--texts", "20", "--html", "compression.html", "--out", SWEEP.name)
    audit("compress-check", *(runs[name] for name in reversed(LEVELS)), *page, codes=(0, 10, 11))
    (SWEEP / "made").touch()


def save_rounded(folder: Path, bits: int) -> None:
    """The embedded checkpoint in bfloat16, with each row of its matrices rounded to so many bits if they are fewer."""
    engine = load("smollm2-135m-instruct", device="cpu")
    model = engine.model
    with torch.no_grad():
        for weights in (one for one in model.parameters() if one.ndim == 2 and bits < 16):
            step = weights.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
            weights.copy_((weights / step).round() * step)
    model.to(torch.bfloat16).save_pretrained(folder)
    engine.tokenizer.save_pretrained(folder)


def propose_waiver(run: RunFolder) -> None:
    """Of the first person, for a rule that blocks; another one may approve it."""
    decision = Decision.model_validate_json(run.decision_path.read_bytes())
    check, metric = next(one for one in waivable(decision, run.read_metrics()) if one[0].metric == WAIVED)
    end = datetime.now(UTC).date() + timedelta(days=30)
    words = drafted(
        check, metric, run.read_manifest(), decision.policy_sha256, reason=REASON, owner=RATERS[0], expires=end
    )
    propose(run.path.parent, words, RATERS[0])


def rate(url: str) -> None:
    """Points by the length of an output, one more or less for each rater: nobody's judgement, for pictures alone."""
    for place, who in enumerate(RATERS):
        for _ in range(22):
            item = next_item(url, PROJECT, who)
            if item is None:
                break
            points = 1 + (len(item.outputs["a"]) + place * (item.item_id % 2)) % 5
            submit(url, PROJECT, who, item.item_id, {"rating": points}, submission=uuid4().hex)


def views(runs: Path) -> list[View]:
    """All pictures: one a page, the second screens of some, the card and the page of an explanation."""
    run = RunFolder.all(runs)[0]
    more = {
        "samples": {"result": "wrong", "sort": "worst"},
        "sample": explained(run),
        "explanations": explained(run),
        "errors": {"task": "evals/boolq"},
        "rate": {"project": PROJECT},
        "adjudicate": {"project": PROJECT},
        "ratings": {"project": PROJECT},
    }
    people = {"adjudicate": ADJUDICATOR, "ratings": ADMIN, "admin": ADMIN}
    found = []
    for entry in ENTRIES:
        place = ({"run": run.path.name} if entry.of_run else {}) | more.get(entry.name, {})
        if entry.name not in SWEPT:
            found.append(View(entry.name, f"{entry.name}?{urlencode(place)}", people.get(entry.name, RATERS[0])))
    row, fold = "button.open >> nth=0", "summary:has-text('Propose or approve')"
    found += [
        View("compare_item", f"compare?{urlencode({'run': run.path.name, 'in': 'asdiv'})}", press=row),
        View("waivers", f"decision?{urlencode({'run': run.path.name})}", RATERS[1], press=fold, scroll_to="#waivers"),
        View("adjudicate_item", f"adjudicate?project={PROJECT}", ADJUDICATOR, press=row),
        View("card", (run.path / "report" / "index.html").as_uri()),
        View("explain", (WORK / "explain.html").as_uri()),
    ]
    return found


def sweep_views() -> list[View]:
    """The page of a sweep, the file that it leaves, and that of a compression check."""
    return [
        View("sweep", "sweep", runs=SWEEP),
        View("series", (SWEEP / "sweep.html").as_uri(), runs=SWEEP),
        View("compression", (WORK / "compression.html").as_uri(), runs=SWEEP),
    ]


def explained(run: RunFolder) -> dict[str, str]:
    """The place of an explained sample, of a benchmark and believable if there is one."""
    attributions = [one for one in run.read_attributions() if one.task and one.sample_id]
    if not attributions:
        return {}
    best = min(attributions, key=lambda one: (one.suite != "evals", one.verdict != "believable"))
    return {"task": f"{best.suite}/{best.task}", "sample": str(best.sample_id)}


def pictures(wanted: Sequence[View]) -> Iterator[tuple[str, str, Image.Image, str]]:
    """Name, look and picture of each view, and the exception that it shows."""
    for runs in dict.fromkeys(view.runs for view in wanted):
        yield from pictures_of(runs, [view for view in wanted if view.runs == runs])


def pictures_of(runs: Path, wanted: Sequence[View]) -> Iterator[tuple[str, str, Image.Image, str]]:
    """The same for views of one folder of runs."""
    words = [sys.executable, "-m", "audit.cli", "app", "--runs", runs.name]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=WORK) as server,  # noqa: S603 - our own program
        sync_playwright() as playwright,
    ):
        try:
            address = next(iter(server.stdout or ())).split()[0]  # it says its address once it answers
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for look in LOOKS:
                for view in wanted:
                    yield view.name, look, *of_view(browser, view, address, look)
            browser.close()
        finally:
            server.terminate()


def of_view(browser: Browser, view: View, address: str, look: str) -> tuple[Image.Image, str]:
    """The picture, and the exception on the page."""
    scheme, width = LOOKS[look]
    context: dict[str, Any] = {"viewport": {"width": width, "height": HIGHEST}, "color_scheme": scheme}
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(PATIENCE)
    try:
        if ":" in view.address.split("?")[0]:
            page.goto(view.address)
            return taken(page), ""
        page.goto(f"{address}/{view.address}")
        page.locator("[data-testid=stMainBlockContainer] :is(h1, .audit-heading)").first.wait_for()
        drawn(page)
        give_name(page, view.who)
        if view.press and page.locator(view.press).count():
            page.locator(view.press).click()
            drawn(page)
            give_name(page, view.who)  # Decision asks within a fold
        if view.scroll_to:
            page.locator(view.scroll_to).evaluate("heading => heading.scrollIntoView()")
        broken = page.locator("[data-testid=stException]")
        return taken(page), f"exception: {broken.first.inner_text()[:200]}" if broken.count() else ""
    finally:
        page.context.close()


def give_name(page: Page, who: str) -> None:
    """Say who one is, where the page asks for it."""
    name = page.locator(".st-key-rater_box input")
    if name.count() and name.is_visible():
        name.fill(who)
        page.keyboard.press("Enter")
        name.wait_for(state="detached")
        drawn(page)


STILL = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
    && document.getAnimations().every(
        one => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)
"""
"""The script has ended, nothing waits to be drawn again, and nothing moves or fades that will end: all at once."""


def drawn(page: Page) -> None:
    """Wait until charts stand, the script has ended and nothing is pale."""
    page.wait_for_timeout(2_000)  # a press has reached the server, and charts are drawn after the script
    page.wait_for_function(STILL)  # last: a run that goes on is drawn again every few seconds


def taken(page: Page) -> Image.Image:
    """What is in view, without the empty end of a short page."""
    file = WORK / "picture.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        rgb = picture.convert("RGB")
    last = rgb.getpixel((rgb.width - 5, rgb.height - 5))
    end = rgb.height
    while end > 400 and set(rgb.crop((rgb.width // 3, end - 20, rgb.width - 20, end)).getdata()) <= {last}:
        end -= 20
    return rgb.crop((0, 0, rgb.width, min(rgb.height, end + 20)))


if __name__ == "__main__":
    os.chdir(ROOT)
    main(sys.argv[1:])
