from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.heatmap import SHOWN_PIECES, pieces, shade, strongest_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_zero_is_the_middle_of_the_scale() -> None:
    assert [shade(value, 1.0) for value in (-1.0, -0.5, -0.05, 0.0, 0.05, 0.5, 1.0)] == [
        "n5",
        "n2",
        "",
        "",
        "",
        "p2",
        "p5",
    ]
    assert shade(0.0, 0.0) == ""


def test_the_whole_prompt_is_shown_with_what_lies_between_features(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="<b>one</b> two three")
    attribution = records["attribution"](sample)
    dropped = attribution.model_copy(update={"features": attribution.features[::2], "values": attribution.values[::2]})
    for shown in (attribution, dropped):
        assert "".join(str(piece.html) for piece in pieces(shown)) == "&lt;b&gt;one&lt;/b&gt; two three"
    assert [bool(piece.value) for piece in pieces(dropped)] == [True, False, True]


def test_long_prompts_lose_the_middle_and_say_so(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="word " * 1000)
    shown = pieces(records["attribution"](sample))
    assert len(shown) == SHOWN_PIECES + 1
    assert any("pieces left out" in piece.html for piece in shown)


def test_the_strongest_pieces_are_named_with_sign_and_unit(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="a b c d")
    attribution = records["attribution"](sample).model_copy(update={"values": [0.1, -2.0, 0.0, 1.5]})
    assert strongest_pieces(attribution) == [("b", "−2.000 nats"), ("d", "+1.500 nats"), ("a", "+0.100 nats")]
