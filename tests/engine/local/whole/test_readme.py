"""``engine/local/README.md``: its example is computed, and the tests that it names exist."""

from __future__ import annotations

import re

from audit.engine import ScoreRequest
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import plan
from audit.engine.local.score import _predictions
from audit.engine.local.scoring_plan import tree_of
from tests.conftest import ROOT

TEXT = (ROOT / "engine/local/README.md").read_text("utf-8")
WORDS = ["A", "The", "cat", "dog", "ran", "sat", "up", "down", "now", "off", "barked"]


def ids(words: str) -> tuple[int, ...]:
    return tuple(WORDS.index(word) for word in words.split())


def spelled(numbers: object) -> str:
    return " ".join(WORDS[int(number)] for number in numbers)  # type: ignore[attr-defined]


def block_after(heading: str) -> list[str]:
    """Lines of the first code block after a heading."""
    return TEXT.partition(heading)[2].partition("```\n")[2].partition("\n```")[0].splitlines()


def test_the_example_is_what_the_planner_does() -> None:
    rows = re.findall(r"^\| (\d) \| (.*?) \| (.*?) \| (.*?) \|$", TEXT, re.MULTILINE)
    requests = [ScoreRequest(ids(context), ids(target)) for _, context, target, _ in rows]
    assert len(requests) == 4
    cost, budget = Cost(token=1e8, pair=1e2, copy=1e2, call=1e6), Budget(256, 10**6)
    tree, targets = tree_of(requests, 99)
    for index, line in enumerate(block_after("**Prefix tree.**")[1:]):
        assert line.split() == [str(index), *spelled(tree.sequences[index]).split(), str(tree.shared[index])]
    assert {spelled(sequence) for sequence in tree.sequences} == {row[3] for row in rows}
    assert (tree.size(0, 1, 0) + tree.size(1, 4, 0), sum(tree.lengths)) == (7, 12)

    plain, packed = plan(tree, cost, budget)
    assert (plain.plain, [(block.low, block.high) for row in plain.rows for block in row]) == (True, [(0, 1)])
    assert [(block.low, block.high, block.size) for row in packed.rows for block in row] == [(1, 4, 5)]

    layout = lay_out(packed, tree, 0)
    columns, tokens, positions, _, *mask = block_after("**Arrays.**")
    assert tokens.split()[1:] == spelled(layout.ids[0]).split()
    assert positions.split()[1:] == [str(position) for position in layout.positions[0]]
    assert not layout.plain
    assert f"(above: {', '.join(map(str, layout.last[0].tolist()))})" in TEXT
    where = [columns.index(number) for number in "01234"]
    for column, line in enumerate(mask):
        assert line.split()[0] == tokens.split()[1 + column]
        assert [line.ljust(99)[place] == "x" for place in where] == layout.visible[0, column].tolist()

    mine = [(target, layout.places[index]) for index in packed.members for target in targets[index]]
    wanted = _predictions(mine, layout.ids.shape[1])
    assert wanted.places.tolist() == [2, 3, 4]
    predicted = dict(zip(map(WORDS.__getitem__, wanted.tokens), wanted.places[wanted.which].tolist(), strict=True))
    assert predicted == {"off": 2, "down": 3, "up": 3, "now": 4}


def test_the_tests_that_it_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 15
    written = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests/engine").rglob("test_*.py"))
    assert {name for name in named if f"def {name}(" not in written} == set()


def test_the_files_that_it_names_exist() -> None:
    named = set(re.findall(r"`((?:\w+/)?\w+\.py)`", TEXT))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / "engine/local" / name).is_file()} == set()
