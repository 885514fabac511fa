"""Files of the repository that the documentation names are there, and so is what its pages outside the site link to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "benchmarks").rglob("*.md"))]
"""Pages that are no part of the site, whose links mkdocs therefore does not check."""
PAGES = [*OUTSIDE, *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
MADE = {"build/", "build/site", "runs/", "report/", "samples/", "reports/templates/licences.j2"}
MADE |= {"stats/definitions/means/median.py"}
"""What a build or a run makes, and what a how-to adds."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_files_that_are_there(page: Path) -> None:
    named = NAMED.findall(page.read_text("utf-8"))
    assert [name for name in named if name not in MADE and not (ROOT / name).exists()] == []


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", OUTSIDE, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = [found.partition("#") for found in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))]
    inner = [(page.parent / name if name else page, anchor) for name, _, anchor in links if ":" not in name]
    assert [str(file) for file, _ in inner if not file.exists()] == []
    assert [(file.name, anchor) for file, anchor in inner if anchor and anchor not in anchors(file)] == []


def test_the_index_of_benchmarks_lists_every_page() -> None:
    index = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    pages = sorted(page.name for page in (ROOT / "benchmarks" / "docs").glob("*.md"))
    assert pages
    assert [page for page in pages if f"(docs/{page}" not in index] == []
