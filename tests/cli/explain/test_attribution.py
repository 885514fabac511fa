"""Attributions in a terminal: every piece is there, text of checkpoints steers nothing, methods stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from audit.cli.explain import attribution as shown
from audit.core.records import Feature

if TYPE_CHECKING:
    from audit.core.records import Attribution


def printed(*attributions: Attribution) -> str:
    console = Console(width=120, record=True, file=None, force_terminal=False)
    with console.capture() as caught:
        shown.show(console, attributions)
    return caught.get()


def test_one_method_shows_prompt_values_and_verdict(an_attribution: Attribution) -> None:
    text = printed(an_attribution)
    for piece in ("The", "capital", "of", "France"):
        assert piece in text
    assert "+1.500" in text
    assert "−0.500" in text
    assert "-0.500" not in text
    assert "weak" in text
    assert "4 evaluations" in text
    assert "rank agreement" not in text
    assert "Some evidence that the order of the features is right, but not enough to rely on it." in text


def test_exact_values_have_no_interval(an_attribution: Attribution) -> None:
    intervals = [(0.2, 0.3), (1.5, 1.5), (0.0, 0.0), (-0.5, -0.5)]
    lines = printed(an_attribution.model_copy(update={"intervals": intervals})).splitlines()
    assert "0.200 to 0.300" in next(line for line in lines if "The" in line and "nats" not in line and "+" in line)
    assert "exact" in next(line for line in lines if "+1.500" in line)
    assert not any("1.500 to 1.500" in line for line in lines)


def test_one_evaluation_is_no_plural(an_attribution: Attribution) -> None:
    assert "1 evaluation · " in printed(an_attribution.model_copy(update={"evaluations": 1}))


def test_several_methods_are_compared_piece_by_piece(an_attribution: Attribution) -> None:
    other = an_attribution.model_copy(
        update={"method": "shapley", "features": an_attribution.features[:2], "values": [0.5, 0.25]}
    )
    table = Console(width=120)
    with table.capture() as caught:
        table.print(shown.comparison([an_attribution, other]))
    rows = [line.split() for line in caught.get().splitlines() if line.strip()]
    assert rows[0] == ["feature", "occlusion", "shapley"]
    assert rows[1][0] == "The"
    assert [row[-1] for row in rows[3:5]] == ["–", "–"], "pieces that the second method has not"
    assert "rank agreement (Spearman)" in printed(an_attribution, other)


def test_hostile_text_steers_no_terminal(an_attribution: Attribution) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    feature = Feature(text=evil, start=0, end=len(evil))
    made = an_attribution.model_copy(
        update={"prompt": evil, "features": [feature], "values": [1.0], "note": evil, "method": evil}
    )
    assert not set("\x1b\x07\u202e") & set(printed(made))
