"""Attributions on a page: every character is there, nothing acts, methods stand beside each other."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from audit.app import attribution as page
from audit.core.records import Attribution, OutputToken
from audit.reports.attribution.views import style, view
from audit.reports.drawing.colours import LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable


class Parsed(HTMLParser):
    """Tags, attributes and text as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(str(html))  # Markup would escape what it is added to
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_prompt_is_all_there_in_order(explain: Callable[..., Attribution]) -> None:
    html = page.panel(view(explain(["The ", "quick\n", "狐狸 ", "jumps"], [0.1, -0.2, 0.0, 0.4])).heat_map)
    assert Parsed(html).text == "The quick\n狐狸 jumps"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</span></div><iframe src=//evil>",
        '" onmouseover="alert(1)',
        "&lt;b&gt;",
        "' style='x",
    ],
)
def test_hostile_pieces_stay_text(text: str, explain: Callable[..., Attribution]) -> None:
    tokens = [OutputToken(text=text, continuation=0, log_prob=-1.0, baseline_log_prob=-2.0)] * 2
    heads = [[[0.5, 0.5]]]
    made = explain([text, " rest"], [1.0, -1.0], output_tokens=tokens, matrix=[[1.0, -1.0], [0.0, 0.0]], heads=heads)
    shown = view(made)
    heat_map = Parsed(page.panel(shown.heat_map))
    assert set(heat_map.tags) == {"div", "span"}
    assert heat_map.text == f"{text} rest"
    assert shown.matrix is not None
    grids = Parsed(page.panel(shown.matrix, *shown.heads))
    assert not {"script", "img", "iframe", "b"} & set(grids.tags)
    allowed = {"class", "title", "dir", "scope", "colspan", "tabindex", "role", "aria-label", "aria-hidden"}
    assert {name for name, _ in heat_map.attributes + grids.attributes} <= allowed


def test_the_style_holds_inside_panels_alone() -> None:
    """Its only rule at the top level is that of the panel; the colours are those of the reports."""
    sheet = str(style()).removeprefix("<style>").removesuffix("</style>")
    depth, outermost, selector = 0, [], ""
    for character in sheet:
        if character == "{":
            outermost += [selector.strip()] if depth == 0 else []
            depth += 1
        elif character == "}":
            depth -= 1
        selector = "" if depth else selector + character
    assert (depth, outermost) == (0, [".attribution"])
    assert all(f"--{name}: {colour};" in sheet for name, colour in LIGHT.items())
