"""The coloured prompt: every character is there, nothing acts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from audit.app.heat_map import SHADES, heat_map_html, legend_html
from audit.core.records import Attribution, Feature
from audit.reports.heatmap import shade

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


@pytest.fixture
def explain() -> Callable[..., Attribution]:
    def make(pieces: list[str], values: list[float], **more: Any) -> Attribution:
        features, position = [], 0
        for piece in pieces:
            features.append(Feature(text=piece, start=position, end=position + len(piece)))
            position += len(piece)
        given: dict[str, Any] = {
            "attribution_id": "a",
            "method": "occlusion",
            "prompt": "".join(pieces),
            "target": " yes",
            "reason": "by hand",
            "features": features,
            "values": values,
            "unit": "nats",
            "target_log_prob": -1.0,
            "faithfulness": {},
            "verdict": "weak",
            "evaluations": 1,
            "seconds": 0.0,
        }
        return Attribution(**given | more)

    return make


def test_the_prompt_is_all_there_in_order(explain: Callable[..., Attribution]) -> None:
    html = heat_map_html(explain(["The ", "quick\n", "狐狸 ", "jumps"], [0.1, -0.2, 0.0, 0.4]))
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
    parsed = Parsed(heat_map_html(explain([text, " rest"], [1.0, -1.0])))
    assert set(parsed.tags) == {"div", "span"}
    assert {name for name, _ in parsed.attributes} <= {"style", "title", "class"}
    assert parsed.text == f"{text} rest"


def test_signs_have_their_own_colours_and_the_strongest_the_fullest(explain: Callable[..., Attribution]) -> None:
    html = heat_map_html(explain(["a", "b", "c", "d"], [2.0, 0.4, -2.0, 0.0]))
    styles = [value or "" for name, value in Parsed(html).attributes if name == "style"][1:]
    assert len(styles) == 3
    assert SHADES["p5"] in styles[0]
    assert SHADES["p1"] in styles[1]
    assert SHADES["n5"] in styles[2]


def test_every_shade_of_the_reports_has_a_colour() -> None:
    shades = {shade(value / 100, 1.0) for value in range(-100, 101)} - {""}
    assert shades == set(SHADES)


def test_the_legend_goes_from_against_to_for() -> None:
    styles = [value or "" for name, value in Parsed(legend_html()).attributes if name == "style"]
    assert len(styles) == 7
    order = ("n5", "n3", "n1", "p1", "p3", "p5")
    assert all(SHADES[name] in style for name, style in zip(order, styles[1:], strict=True))
    assert Parsed(legend_html()).text.split() == ["against", "for", "the", "target"]
