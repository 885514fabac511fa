"""The grids of attributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.attribution.grid import grid_html
from audit.reports.attribution.grids import (
    agreement_grid,
    heads_grid,
    looking_heads_grid,
    matrix_grid,
    method_grids,
)
from tests.reports.pages import Table

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


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
