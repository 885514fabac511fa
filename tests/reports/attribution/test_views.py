"""What is shown of an attribution, and what is said of parts that find no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.attribution.views import Room, comparison, view

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]
PIECES = ["The ", "quick ", "fox "]


def test_everything_is_there_where_there_is_room(records: Records) -> None:
    shown = view(records["matrix"](PIECES, [" jumps", "."], heads=(2, 2)))
    assert shown.matrix is not None
    assert shown.waterfall is not None
    assert len(shown.heads) == 2
    assert shown.left_out == []


def test_one_output_token_needs_no_matrix_and_a_method_without_heads_shows_none(records: Records) -> None:
    shown = view(records["matrix"](PIECES, [" jumps"]))
    assert (shown.matrix, shown.heads, shown.left_out) == (None, [], [])


def test_a_grid_without_room_is_left_out_and_named(records: Records) -> None:
    """Two output tokens by three pieces are six cells, two layers by two heads are four."""
    made = records["matrix"](PIECES, [" jumps", "."], heads=(2, 2))
    shown = view(made, Room(cells=5, waterfall=False))
    assert shown.matrix is None
    assert shown.waterfall is None
    subject = "Output tokens (rows) by features of the prompt (columns)"
    assert f"Too large to show: {subject}, 6 cells; see the JSON export." in shown.left_out
    assert all(text.startswith("Too large to show: ") for text in shown.left_out)
    assert all(text.endswith("see the JSON export.") for text in shown.left_out)


def test_methods_are_compared_from_two_on(records: Records) -> None:
    one = records["matrix"](PIECES, [" jumps"], method="one")
    other = one.model_copy(update={"method": "two"})
    assert comparison([one]) == []
    assert len(comparison([one, other])) == 2
    small = comparison([one, other], Room(cells=1))
    assert [str(text).count("Too large to show") for text in small] == [1, 1]
