"""Units have one place, and every metric that this package makes has one of them."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest

from audit.core.units import UNITS, axis_of, unit_of

ROOT = Path(__file__).resolve().parents[2]


def test_bounds_are_in_order_and_have_words() -> None:
    for name, unit in UNITS.items():
        assert unit.name == name
        assert unit.low < unit.high
        if unit.whole_range or math.isfinite(unit.low):
            assert unit.noun.startswith(("a ", "an ")), name
        if unit.whole_range:
            low, high = (f"{end:g}".replace("-", "−") for end in unit.whole_range)
            assert unit.title.endswith(f" ({low} to {high})")
            assert unit.words == f"{unit.noun}, {low} to {high}"


@pytest.mark.parametrize(
    ("unit", "value", "possible"),
    [
        ("share", 0.0, True),
        ("share", 1.0000000000000002, True),
        ("share", 1.001, False),
        ("share", -0.001, False),
        ("bleu", 100.00000000000004, True),  # sacreBLEU's score of perfect translations
        ("bleu", 100.1, False),
        ("correlation", -1.0000000000000002, True),
        ("count", -1.0, False),
        ("count", 1e12, True),
        ("score", -1e12, True),
        ("nats", -5.0, True),
        ("share", math.nan, False),
    ],
)
def test_possible_values(unit: str, value: float, possible: bool) -> None:
    assert unit_of(unit).holds(value) is possible


def test_an_unknown_unit_has_no_bounds() -> None:
    unit = unit_of("furlongs")
    assert (unit.title, unit.whole_range, unit.decimals) == ("furlongs", None, None)


def test_every_unit_says_what_higher_means() -> None:
    assert [unit.name for unit in UNITS.values() if not unit.higher] == ["score"]


@pytest.mark.parametrize(
    ("unit", "value", "beside", "digits"),
    [
        ("share", 0.5, 0.0, 3),
        ("count", 3.0, 0.0, 0),
        ("count", 2.5, 0.0, 1),
        ("score", 0.5, 0.0, 3),
        ("score", 0.5, 40.0, 1),
        ("score", -40.0, 0.0, 1),
        ("furlongs", 0.5, 0.0, None),
    ],
)
def test_digits_suit_the_value(unit: str, value: float, beside: float, digits: int | None) -> None:
    assert unit_of(unit).digits(value, beside) == digits


def test_no_unit_is_singled_out_outside_the_list() -> None:
    """A new unit is one line of ``core/units.py``: what shows values takes everything from there."""
    names = "|".join(UNITS)
    compared = re.compile(rf"unit\s*(?:==|!=|in)\s*[({{\[]?\s*[\"'](?:{names})[\"']")
    shown = [*(ROOT / "reports").rglob("*.*"), *(ROOT / "app").rglob("*.py"), ROOT / "core" / "formatting.py"]
    found = {
        (file.name, match[0])
        for file in shown
        if file.suffix in {".py", ".j2"}
        for match in compared.finditer(file.read_text("utf-8"))
    }
    # Shares of attention have no sign and no baseline: what is drawn differs, not how a value is written.
    assert found == {
        ("waterfall.py", 'unit == "nats"'),
        ("waterfall.py", 'unit != "nats"'),
        ("heatmap.py", 'unit == "share"'),
    }


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (("share", "accuracy"), ("share", "rate"), True),
        (("bleu", "bleu"), ("chrf", "chrf"), False),
        (("probability", "expected_max_toxicity"), ("bleu", "bleu"), False),
        (("score", "rouge"), ("score", "rouge"), True),
        (("score", "rouge"), ("score", "perplexity_gap"), False),
    ],
)
def test_what_shares_an_axis(first: tuple[str, str], second: tuple[str, str], shared: bool) -> None:
    assert (axis_of(*first) == axis_of(*second)) is shared


def units_in_source(folder: str) -> set[str]:
    """Every text that code gives as a unit of a metric: by keyword, in a dictionary, or in a table of metrics."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "unit":
                found |= {leaf.value for leaf in ast.walk(node.value) if isinstance(leaf, ast.Constant)}
            elif isinstance(node, ast.Dict):
                keys = (key.value if isinstance(key, ast.Constant) else None for key in node.keys)
                values = (value.value if isinstance(value, ast.Constant) else None for value in node.values)
                found |= {value for key, value in zip(keys, values, strict=True) if key == "unit"}
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ProbeMetric":
                found |= {
                    leaf.value for one in node.args[2:3] for leaf in ast.walk(one) if isinstance(leaf, ast.Constant)
                }
            elif isinstance(node, ast.Tuple):
                found |= {leaf.value for leaf in node.elts if isinstance(leaf, ast.Constant)} & {"score", *UNITS}
    return {unit for unit in found if isinstance(unit, str)}


@pytest.mark.parametrize("folder", ["stats", "safety", "explain"])
def test_probes_use_these_units_alone(folder: str) -> None:
    # Pieces of prompts; a key that a unit is chosen by; in stats the field of a sample.
    others = {"words", "auto", "toxic", *(["score"] if folder == "stats" else [])}
    used = units_in_source(folder) - others
    assert "count" in used
    assert used <= UNITS.keys()
    assert "score" not in used, "a number of which nothing is known comes from tasks of elsewhere alone"
