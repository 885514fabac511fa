from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.attribution.grid import NAMED_CELLS, Grid, Row, RowGroup, cell_label, compact, grid_html
from tests.reports.pages import Table

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def a_grid(values: list[list[float | None]], **more: Any) -> Grid:
    rows = [Row(f"row {number}", line) for number, line in enumerate(values)]
    return Grid("What it shows", [f"column {n}" for n in range(len(values[0]))], [RowGroup("", rows)], **more)


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
    cells = Table(grid_html(Grid("", ["one", "two"], [RowGroup("", rows)]))).rows[1:]
    assert [[name for name, _, _ in row] for row in cells] == [["p5", "p2"], ["p5", ""]]
    assert [title for _, title, _ in cells[1]] == ['x" y', "z"]


def test_written_values_stand_in_their_cells() -> None:
    cells = Table(grid_html(a_grid([[1.0, None]], written=True))).rows[1]
    assert [text for _, _, text in cells] == ["+1", "–"]


@pytest.mark.slow
@given(st.text(max_size=60), st.text(max_size=60))
def test_labels_stay_text(column: str, row: str) -> None:
    html = grid_html(Grid(row, [column], [RowGroup(column, [Row(row, [1.0])])]))
    table = Table(html)
    assert table.tags == {"p", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span"}
    assert table.names[0] == cell_label(column)
    assert table.names[-1] == cell_label(row)
    assert not set("\x00\x1b\u202e\u200b") & set(str(html))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.12345, "+0.123"), (-12.345, "−12.3"), (1e-6, "+1e−06"), (123456.0, "+1.23e+05"), (None, "–")],
)
def test_values_have_three_significant_digits(value: float | None, shown: str) -> None:
    assert compact(value) == shown


def test_a_caption_is_the_subject_and_what_there_is_to_say_of_it() -> None:
    assert Grid("Heads: all", [], []).caption == "Heads: all."
    assert Grid("Heads", [], [], detail="by layer. The first two.").caption == "Heads: by layer. The first two."
