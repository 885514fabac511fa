from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.attribution.grid import NAMED_CELLS, Block, Grid, Row, cell_label, compact, grid_html
from audit.reports.attribution.grids import (
    agreement_grid,
    heads_grid,
    looking_heads_grid,
    matrix_grid,
    method_grids,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


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


def a_grid(values: list[list[float | None]], **more: Any) -> Grid:
    rows = [Row(f"row {number}", line) for number, line in enumerate(values)]
    return Grid("What it shows.", [f"column {n}" for n in range(len(values[0]))], [Block("", rows)], **more)


def test_all_cells_share_one_symmetric_scale() -> None:
    cells = Table(grid_html(a_grid([[2.0, -2.0, 0.0], [0.4, -1.0, None]]))).rows[1:]
    assert [[name for name, _, _ in row] for row in cells] == [["p5", "n5", ""], ["p1", "n2", ""]]


def test_small_grids_name_row_and_column_and_large_ones_the_value_alone() -> None:
    (title,) = (title for _, title, _ in Table(grid_html(a_grid([[0.12345]]))).rows[1])
    assert title == "row 0 · column 0: +0.123"
    wide = [0.12345] * (NAMED_CELLS + 1)
    assert {title for _, title, _ in Table(grid_html(a_grid([list(wide)]))).rows[1]} == {"+0.123"}


def test_a_row_may_have_a_scale_and_tooltips_of_its_own() -> None:
    rows = [Row("a", [1.0, 0.5], strongest=1.0), Row("b", [100.0, 10.0], titles=['x" y', "z"], strongest=100.0)]
    cells = Table(grid_html(Grid("", ["one", "two"], [Block("", rows)]))).rows[1:]
    assert [[name for name, _, _ in row] for row in cells] == [["p5", "p2"], ["p5", ""]]
    assert [title for _, title, _ in cells[1]] == ['x" y', "z"]


def test_written_values_stand_in_their_cells() -> None:
    cells = Table(grid_html(a_grid([[1.0, None]], written=True))).rows[1]
    assert [text for _, _, text in cells] == ["+1", "–"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_labels_stay_text(column: str, row: str) -> None:
    html = grid_html(Grid(row, [column], [Block(column, [Row(row, [1.0])])]))
    table = Table(html)
    assert table.tags == {"p", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span"}
    assert table.names[0] == cell_label(column)
    assert table.names[-1] == cell_label(row)
    assert not set("\x00\x1b\u202e\u200b") & set(str(html))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.12345, "+0.123"), (-12.345, "-12.3"), (1e-6, "+1e-06"), (123456.0, "+1.23e+05"), (None, "–")],
)
def test_values_have_three_significant_digits(value: float | None, shown: str) -> None:
    assert compact(value) == shown


def test_the_matrix_has_a_block_per_continuation(records: Records) -> None:
    made = records["matrix"](["a ", "b ", "c"], [" yes", "."], options=2, against=" option 1")
    grid = matrix_grid(made)
    assert grid is not None
    assert [block.title for block in grid.blocks] == ["target: yes.", "option: option 0", "against: option 1"]
    assert [[list(row.values) for row in block.rows] for block in grid.blocks] == [
        made.matrix[0:2],
        made.matrix[2:4],
        made.matrix[4:6],
    ]
    assert matrix_grid(made.model_copy(update={"matrix": None})) is None


def test_methods_with_the_same_pieces_share_a_grid(records: Records) -> None:
    one = records["matrix"](["a ", "b"], ["x"], method="one", values=[1.0, -2.0])
    same = one.model_copy(update={"method": "two", "values": [10.0, 5.0]})
    other = records["matrix"](["a b"], ["x"], method="three")
    grids = method_grids([one, same, other])
    assert [[row.label for row in grid.blocks[0].rows] for grid in grids] == [["one", "two"], ["three"]]
    cells = Table(grid_html(grids[0])).rows[1:]
    assert [[name for name, _, _ in row] for row in cells] == [["p2", "n5"], ["p5", "p2"]]
    agreement = Table(grid_html(agreement_grid([one, same, other]))).rows[1:]
    assert [[text for _, _, text in row] for row in agreement] == [
        ["1.00", "1.00", "–"],
        ["1.00", "1.00", "–"],
        ["–", "–", "–"],
    ]


def test_heads_tell_where_they_look(records: Records) -> None:
    shares = [[[0.9, 0.1, 0.0], [0.2, 0.1, 0.7]], [[1.0, 0.0, 0.0], [0.3, 0.5, 0.2]]]
    made = records["matrix"](["first ", "second ", "third"], ["x"], heads=(2, 2)).model_copy(update={"heads": shares})
    grid, looking = heads_grid(made), looking_heads_grid(made)
    assert grid is not None
    assert looking is not None
    assert [row.titles for row in grid.blocks[0].rows] == [["first 0.90", "third 0.70"], ["first 1.00", "second 0.50"]]
    assert [row.label for row in looking.blocks[0].rows] == [
        "layer 0 head 1",
        "layer 1 head 1",
        "layer 0 head 0",
        "layer 1 head 0",
    ]
    without = made.model_copy(update={"heads": None})
    assert (heads_grid(without), looking_heads_grid(without)) == (None, None)


def test_heads_of_very_large_models_are_cut_and_say_so(records: Records) -> None:
    made = records["matrix"](["a ", "b"], ["x"], heads=(70, 80))
    grid = heads_grid(made)
    assert grid is not None
    assert grid.cells == 64 * 64
    assert "first 64 layers and 64 heads" in grid.caption
