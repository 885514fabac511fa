"""Take the pictures of the documentation: every page of the app, and the report card, in light, dark and phone width.

    python docs/pictures.py                # all: audits the embedded checkpoint twice first, about ten minutes
    python docs/pictures.py samples card   # some

They go to ``docs/images/NAME-light.png``, ``-dark.png`` and ``-phone.png``; look at them before you commit them.
The runs and ratings that they show are made once, in ``build/pictures``: delete that folder to make them anew.
Needs Chromium (Debian: ``apt-get install chromium fonts-dejavu-core``) and Pillow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from PIL import Image
from playwright.sync_api import sync_playwright

from audit.app.menu import ENTRIES
from audit.core.run_folder import RunFolder
from audit.ratings import default_url
from audit.ratings.projects.rating import next_item, submit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
WORK, IMAGES = ROOT / "build" / "pictures", ROOT / "docs" / "images"
PORT = 8599
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
HIGHEST = 1800
"""Pixels of a picture; longer pages are cut."""
COLOURS = 96
RATERS = ("Ada", "Ben", "Cleo")
PROJECT = "helpful"


def main(names: Sequence[str]) -> None:
    """Take the pictures of these pages, or all."""
    known = [*(entry.name for entry in ENTRIES), "card"]
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no such page: there are {', '.join(known)}")
    runs = WORK / "runs"
    if not runs.is_dir():
        prepare(runs)
    run = max(RunFolder.all(runs), key=lambda one: one.path.name).path
    wanted = [name for name in known if not names or name in names]
    with_app = [name for name in wanted if name != "card"]
    for name, look, taken in pictures(runs, run, with_app, card="card" in wanted):
        file = IMAGES / f"{name}-{look}.png"
        taken.quantize(COLOURS).save(file, optimize=True)
        print(f"{file.relative_to(ROOT)}  {taken.width} x {taken.height}, {file.stat().st_size // 1024} kB")


def audit(*words: str | Path, codes: tuple[int, ...] = (0,)) -> None:
    """Run a command of ours."""
    done = subprocess.run([sys.executable, "-m", "audit.cli", *map(str, words)], check=False)  # noqa: S603 - our own
    if done.returncode not in codes:
        sys.exit(f"audit {words[0]} ended with code {done.returncode}")


def prepare(runs: Path) -> None:
    """Two runs, a verdict, and a project that three people have rated."""
    common = ("run", "--profile", "quick", "--limit", "30", "--out", runs)
    audit(*common, "--dtype", "bfloat16")
    audit(*common)
    earlier, newest = sorted(one.path for one in RunFolder.all(runs))
    audit("gate", newest, "--policy", ROOT / "examples" / "policy.yaml", "--baseline", earlier, codes=(0, 10, 11))
    people = [word for name in RATERS for word in ("--rater", name)]
    audit(
        "ratings",
        "assign",
        newest,
        "--project",
        PROJECT,
        "--as",
        "Root",
        "--raters-per-item",
        "3",
        "--count",
        "8",
        *people,
    )
    rate(default_url(runs))


def rate(url: str) -> None:
    """Points by the length of an output, one more or less for each rater: nobody's judgement, for pictures alone."""
    for place, who in enumerate(RATERS):
        for _ in range(18):
            item = next_item(url, PROJECT, who)
            if item is None:
                break
            points = 1 + (len(item.outputs["a"]) + place * (item.item_id % 2)) % 5
            submit(url, PROJECT, who, item.item_id, {"rating": points}, submission=uuid4().hex)


def pictures(runs: Path, run: Path, names: Sequence[str], *, card: bool) -> Iterator[tuple[str, str, Image.Image]]:
    """Name, look and picture of each page."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    of_run = {entry.name for entry in ENTRIES if entry.of_run}
    words = [sys.executable, "-m", "audit.cli", "app", "--runs", str(runs), "--port", str(PORT)]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - our own program
        sync_playwright() as playwright,
    ):
        next(iter(server.stdout or ()))  # it says its address once it answers
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for look, (scheme, width) in LOOKS.items():
            context: dict[str, Any] = {"viewport": {"width": width, "height": HIGHEST}, "color_scheme": scheme}
            for name in names:
                page = browser.new_context(**context).new_page()
                place = f"?run={run.name}" if name in of_run else ""
                page.goto(f"http://127.0.0.1:{PORT}/{name}{place}")
                yield name, look, app_page(page)
                page.context.close()
            if card:
                page = browser.new_context(**context).new_page()
                page.goto((run / "report" / "index.html").as_uri())
                yield "card", look, taken(page)
                page.context.close()
        browser.close()
        server.terminate()


def app_page(page: Page) -> Image.Image:
    """The page once it is drawn; who it asks for a name is Ada."""
    page.locator("[data-testid=stMainBlockContainer] :is(h1, .audit-heading)").first.wait_for(timeout=120_000)
    drawn(page)
    name = page.get_by_label("Your name")
    if name.count():
        name.fill(RATERS[0])
        page.keyboard.press("Enter")
        time.sleep(1)
        drawn(page)
    return taken(page)


def drawn(page: Page) -> None:
    """Wait until the script has ended and charts stand."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(2_500)


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
