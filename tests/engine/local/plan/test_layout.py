"""A pass as arrays."""

from __future__ import annotations

from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass, Trunk
from tests.engine.local.plan.test_passes import tree_of


def test_the_layout_of_the_example() -> None:
    """A trunk of two tokens, and two sequences that share the first token behind it."""
    the, cat, sat, down, up, now = range(1, 7)
    tree = tree_of([(the, cat, sat, down), (the, cat, sat, up, now)])
    work = Pass(Trunk((the, cat)), ((Block(0, 2, 2, tree.size(0, 2, 2)),),), reach=2)
    layout = lay_out(work, tree, pad_id=99)
    assert layout.ids.tolist() == [[sat, down, up, now]]
    assert layout.positions.tolist() == [[2, 3, 3, 4]]
    assert [place.columns.tolist() for place in layout.places.values()] == [[0, 1], [0, 2, 3]]
    assert layout.places[1].predicting(3, 2).tolist() == [2, 3]
    assert not layout.plain
    assert layout.visible[0].astype(int).tolist() == [
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 1, 0],
        [1, 1, 1, 0, 1, 1],
    ]
