from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from audit.reports.attribution.picture import COLUMNS, MAX_LINES, MAX_PIXELS, _cells, _placed, png, svg
from audit.reports.drawing.colours import LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]

NAMESPACE = "{http://www.w3.org/2000/svg}"
PIECES = ["The ", "<script>alert(1)</script> ", "\x1b\u202e", "狐狸\n", "🤖 &amp; ", "\x00\ufffe", "end"]


def parsed(drawn: str) -> ET.Element:
    """An SVG as an independent parser reads it."""
    return ET.fromstring(drawn)  # noqa: S314 - made by the package


def words(root: ET.Element) -> list[str]:
    """Every text of a picture."""
    return [element.text or "" for element in root.iter(f"{NAMESPACE}text")]


def test_the_picture_is_well_formed_and_shows_everything(records: Records) -> None:
    one = records["matrix"](PIECES, [" yes", "\x1b<b>"], options=1)
    other = one.model_copy(update={"method": "shap"})
    drawn = svg([one, other])
    root = parsed(drawn)
    assert root.tag == f"{NAMESPACE}svg"
    assert {element.tag for element in root.iter()} <= {
        f"{NAMESPACE}{name}" for name in ("svg", "rect", "g", "text", "title", "path", "line", "defs")
    }
    shown = words(root)
    for text in (
        "occlusion: believable",
        "shap: believable",
        "The ",
        "狐狸⏎",
        "everything masked",
        "target: yes\\x1b<b>",
    ):
        assert text in shown, text
    assert any("Rank agreement" in text for text in shown)
    assert not set("\x00\x1b\u202e\ufffe") & set(drawn)
    fills = {element.get("fill") for element in root.iter(f"{NAMESPACE}rect")}
    assert fills & set(LIGHT.values())


def test_lines_are_full_at_most_and_hold_the_whole_prompt(records: Records) -> None:
    pieces = [f"{'word' * (1 + index % 7)} " for index in range(200)] + ["x" * 500, "狐" * 200, "a\nb"]
    placed = list(_placed(records["matrix"](pieces, ["x"])))
    assert "".join(text for _, _, _, text, _, _ in placed) == "".join(pieces).replace("\n", "⏎")
    for _, column, cells, text, _, _ in placed:
        assert cells == _cells(text)
        assert column + cells <= COLUMNS
    starts = [(line, column) for line, column, *_ in placed]
    assert starts == sorted(starts)
    assert placed[-1][0] == placed[-2][0] + 1  # behind the line break


def test_a_long_prompt_is_cut_and_says_so(records: Records) -> None:
    made = records["matrix"](["line\n"] * 1000, ["x"])
    assert "the rest of the prompt is left out" in " ".join(words(parsed(svg([made]))))
    assert max(line for line, *_ in _placed(made)) == MAX_LINES


def test_a_matrix_that_is_too_large_is_named(records: Records) -> None:
    for pieces, outputs, cells in ((210, 100, "21,000"), (500, 2, "1,000")):
        made = records["matrix"]([f"w{index} " for index in range(pieces)], ["x"] * outputs)
        assert f"Left out: {cells} cells do not fit into a picture." in words(parsed(svg([made])))


@pytest.mark.slow
@pytest.mark.parametrize("count", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_png_has_twice_the_size_or_what_fits(records: Records, count: int) -> None:
    """Width and height stand behind the signature: PNG specification, section 11.2.2."""
    made = records["matrix"]([f"w{index} " for index in range(count)], [" yes", "."] * (count // 6))
    image = png([made])
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", image[16:24])
    root = parsed(svg([made]))
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    assert wide * high <= MAX_PIXELS * 1.01
    assert wide / high == pytest.approx(width / height, rel=0.01)
    assert wide == pytest.approx(2 * width, rel=0.01) or wide * high > 0.9 * MAX_PIXELS
