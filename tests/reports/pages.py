"""A report card as a browser would see it, and text that would do harm if it were not escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from audit.reports import contents
from audit.reports.render.card import render
from tests.sealing import sealed

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

VOID = {"meta", "link", "br", "wbr", "hr", "img", "input"}
LOADING_ATTRIBUTES = {"src", "srcset", "data", "poster", "background", "action", "formaction", "xlink:href", "ping"}
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></pre></div></details>"
    "\"' onload=alert(1) {{ 7 * 7 }} **bold** [a](javascript:alert(1)) ![i](https://x.test/i.png) `c` | d "
    "\x1b[31mred\x1b[0m \x00 \u202egnp.exe \u2066x\u200b \ud800"
)


class Page(HTMLParser):
    """What a browser would see: tags in balance, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def card_of(run: RunFolder, **options: Any) -> tuple[str, Page]:
    html = render(contents.read(sealed(run), **options))
    page = Page(html)
    assert page.open == []
    return html, page


def card_on_disk(run: RunFolder) -> tuple[str, Page]:
    html = run.report_path.read_text("utf-8")
    page = Page(html)
    assert page.open == []
    return html, page


def assert_inert(page: Page) -> None:
    """No script, no handler, nothing that loads."""
    names = {name for name, _ in page.tags}
    assert not names & {"script", "iframe", "object", "embed", "form", "base", "img", "audio", "video", "foreignobject"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not LOADING_ATTRIBUTES & set(attributes), (tag, attributes)
        target = attributes.get("href") or ""
        assert tag == "a" or not target or target.startswith("data:"), (tag, target)
        assert not re.match(r"(?i)\s*(javascript|data|vbscript):", target) or tag == "link"
        assert "url(" not in (attributes.get("style") or "") + (attributes.get("fill") or "")


class Table(HTMLParser):
    """Rows of a table as a browser reads them: heads as text, cells as (class, tooltip, text)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str, str]]] = []
        self.names: list[str] = []
        self.tags: set[str] = set()
        self.inside = ""
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append((given.get("class") or "", given.get("title") or "", ""))
        elif tag == "th":
            self.names.append("")
        if tag in {"td", "th"}:
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "td":
            name, title, text = self.rows[-1][-1]
            self.rows[-1][-1] = (name, title, text + data)
        elif self.inside == "th":
            self.names[-1] += data
