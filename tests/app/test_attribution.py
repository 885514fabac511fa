"""Attributions on a page: every character is there, nothing acts, methods stand beside each other."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from audit.app import attribution as page
from audit.core.records import Attribution, OutputToken
from audit.reports.attribution.views import style, view
from audit.reports.drawing.colours import DARK, LIGHT
from tests.app.elements.test_theme import contrast

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


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_style_holds_inside_panels_alone_and_is_readable_in_both_themes(*, is_dark: bool) -> None:
    """Its only rule at the top level is that of the panel; contrast of WCAG 2.2, level AA."""
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
    pairs = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\);", sheet)
    colours = {name: dark if is_dark else light for name, light, dark in pairs}
    shades = DARK if is_dark else LIGHT
    assert colours.items() >= shades.items()
    assert min(contrast(colours["ink"], ground) for ground in (colours["panel"], *shades.values())) >= 4.5
    assert contrast(colours["muted"], colours["panel"]) >= 4.5
    assert (contrast(colours["panel"], "#ffffff") > 4.5) == is_dark


def _page(attributions: list[object]) -> None:
    from audit.app.attribution import show

    show(attributions)  # type: ignore[arg-type] # Streamlit runs this function without the imports of this file


@pytest.mark.slow
def test_methods_to_be_believed_are_next_to_each_other_and_no_other_is_open(
    explain: Callable[..., Attribution],
) -> None:
    """An attention sink, which gives its first feature most, is never open, whatever its verdict."""

    def one(method: str, verdict: str, gain: float, **more: object) -> Attribution:
        return explain(
            ["a ", "b"], [0.9, 0.1], method=method, verdict=verdict, faithfulness={"relative_gain": gain}, **more
        )

    sink, wrong = one("sink", "believable", 9, unit="share"), one("wrong", "do not believe", 8)
    good, better = one("good", "weak", 1), one("better", "weak", 2)
    for given, columns, folded in (
        ([sink, wrong, good, better], ["**better**", "**good**"], ["better", "good", "wrong", "sink"]),
        ([wrong, good], [], ["wrong"]),
        ([sink, wrong], [], ["wrong", "sink"]),
    ):
        test = AppTest.from_function(_page, kwargs={"attributions": given}, default_timeout=300).run()
        assert [error.value for error in test.exception] == []
        assert [column.markdown[0].value for column in test.columns] == columns
        labels = [fold.label.partition(" · ")[0] for fold in test.expander if " · " in fold.label]
        assert labels == folded
        assert bool(test.info) == (given == [sink, wrong])
