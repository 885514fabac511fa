"""One file that shows attributions: complete, small, and unable to do anything."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import AuditError
from audit.core.records import Attribution
from audit.reports.attribution.page import MAX_BYTES, render
from audit.reports.drawing.colours import largest, shade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Records = dict[str, "Callable[..., Any]"]

VOID = {"meta", "link", "br"}
INERT = {
    "html", "head", "meta", "title", "link", "style", "body", "header", "main", "section", "footer", "div", "p", "span",
    "h1", "h2", "h3", "strong", "code", "i", "a", "dl", "dt", "dd", "figure", "figcaption", "details", "summary",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "ol", "li",
}  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script> ",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "</td></table></main></body>",
    "\x1b[31m\u202e\u2066\u200b ",
    "\x00\ufeff\ufffe",
    "{{ 7 * 7 }}&lt;b&gt; ",
    "狐狸",
    "\n\n",
    " ",
]


class Page(HTMLParser):
    """Tags in balance, their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(page: Page) -> None:
    """No element that runs, loads or sends, no handler, no address but places of the page."""
    assert {tag for tag, _ in page.tags} <= INERT
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
        assert tag == "link" or (attributes.get("href") or "#").startswith("#")


def hostile_attribution(records: Records, pieces: int, outputs: int, **more: Any) -> Attribution:
    """Of as many pieces and output tokens, all of them text that attacks a page."""
    texts = list(itertools.islice(itertools.cycle(HOSTILE), pieces))
    made: Attribution = records["matrix"](texts, list(itertools.islice(itertools.cycle(HOSTILE), outputs)), **more)
    return made


def cells_of(page: Page) -> list[tuple[str, str]]:
    """Shade and tooltip of each cell that has a tooltip."""
    return [(a.get("class") or "", a["title"] or "") for tag, a in page.tags if tag == "td" and "title" in a]


@pytest.mark.slow
def test_300_by_50_tokens_of_hostile_text_fit_a_megabyte_with_every_value(records: Records) -> None:
    made = hostile_attribution(records, 300, 50, heads=(30, 9))
    html = render([made])
    assert len(html.encode()) <= MAX_BYTES == 1_000_000
    page = Page(html)
    assert_inert(page)
    assert "Too large to show" not in page.text
    assert made.matrix is not None
    strongest = largest(value for row in made.matrix for value in row)
    expected = [(shade(v, strongest), f"{v:+.3g}".replace("-", "−") if v else "0") for row in made.matrix for v in row]
    assert cells_of(page)[: len(expected)] == expected
    assert not set("\x00\x1b\u202e\u2066\u200b\ufeff\ufffe") & set(html)


@pytest.mark.slow
def test_pieces_of_thousands_of_characters_fit_too(records: Records) -> None:
    """Every character of these takes 70 bytes to show."""
    made = records["matrix"](["\u202e" * 3000] * 300, ["\u202e&"] * 50)
    html = render([made])
    assert len(html.encode()) <= MAX_BYTES
    assert len(cells_of(Page(html))) == 300 * 50
    assert "characters left out" in html


@pytest.mark.slow
def test_several_methods_keep_the_matrix_of_the_first(records: Records) -> None:
    made = [hostile_attribution(records, 300, 50, method=f"method {number}") for number in range(4)]
    html = render(made)
    assert len(html.encode()) <= MAX_BYTES
    page = Page(html)
    assert len(cells_of(page)) == 4 * 300 + 300 * 50
    assert page.text.count("too large to show") == 3


@pytest.mark.slow
def test_what_cannot_fit_is_told(records: Records) -> None:
    made = records["matrix"]([f"w{i} " for i in range(300)], ["x"] * 300)
    html = render([made])
    assert len(html.encode()) <= MAX_BYTES
    assert "90,000 cells" in html
    with pytest.raises(AuditError, match="export the attributions as JSON"):
        render([made], max_bytes=1000)
    with pytest.raises(AuditError, match="no attribution"):
        render([])


def test_every_view_is_there(records: Records) -> None:
    one = records["matrix"](["The ", "cat ", "sat"], [" on", " it"], options=1, against=" option 0", heads=(2, 3))
    other = one.model_copy(update={"method": "shap", "values": [-v for v in one.values], "verdict": "do not believe"})
    html = render([one, other])
    page = Page(html)
    assert_inert(page)
    for shown in (
        "Why “on it” rather than “option 0”?",
        "Methods compared",
        "Rank agreement of the methods",
        "Mean rank agreement over all pairs: −1.00",
        "From the prompt with everything masked",
        "target: on it",
        "against: option 0",
        "Attention heads",
        "do not believe",
        "deletion auc gain",
        "holds no script",
    ):
        assert shown in page.text, shown
    assert html.count('<figure class="waterfall"') == 2
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    assert len([tag for tag, _ in page.tags if tag == "table"]) == len(re.findall("<caption", html))


def test_one_output_token_needs_no_matrix(records: Records) -> None:
    html = render([records["matrix"](["a ", "b"], [" yes"])])
    assert '<table class="grid"' not in html


def test_the_record_goes_through_json_unchanged(records: Records) -> None:
    made = hostile_attribution(records, 30, 5, heads=(2, 2), options=1)
    assert Attribution.model_validate_json(made.model_dump_json(indent=2)) == made


@pytest.mark.slow
def test_a_browser_loads_nothing_and_has_no_complaints(tmp_path: Path, records: Records, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "why.html"
    made = hostile_attribution(records, 300, 50, heads=(6, 4), options=1)
    path.write_text(render([made, made.model_copy(update={"method": "shap"})]), "utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=300_000)
        for scheme, width in (("light", 1200), ("dark", 400)):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type] # a literal
            page.set_default_timeout(300_000)
            requests: list[str] = []
            complaints: list[str] = []
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("console", lambda message, seen=complaints: seen.append(message.text))
            page.on("pageerror", lambda error, seen=complaints: seen.append(str(error)))
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            page.close()
            assert (requests, complaints) == ([path.as_uri()], [])
        browser.close()
