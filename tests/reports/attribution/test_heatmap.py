from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records.measures import ROUNDING
from audit.engine import load
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.methods.registry import find
from audit.reports.attribution.heatmap import (
    SHOWN_TEXTS,
    ends_text,
    feature_labels,
    heat_map_html,
    legend_html,
    shaded_texts,
    strongest_features,
    value_texts,
)
from audit.reports.attribution.waterfall import steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Records = dict[str, "Callable[..., Any]"]


def test_the_whole_prompt_is_shown_with_what_lies_between_features(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="<b>one</b> two three")
    attribution = records["attribution"](sample)
    dropped = attribution.model_copy(update={"features": attribution.features[::2], "values": attribution.values[::2]})
    for shown in (attribution, dropped):
        assert "".join(str(piece.html) for piece in shaded_texts(shown)) == "&lt;b&gt;one&lt;/b&gt; two three"
    assert [bool(piece.value) for piece in shaded_texts(dropped)] == [True, False, True]


def test_long_prompts_lose_the_middle_and_say_so(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="word " * 1000)
    shown = shaded_texts(records["attribution"](sample))
    assert len(shown) == SHOWN_TEXTS + 1
    assert any("features left out" in piece.html for piece in shown)


def test_steps_of_a_trace_have_lines_of_their_own_and_show_number_and_text(records: Records) -> None:
    attribution = records["attribution"](records["sample"]("boolq", 1, prompt="So\n<b> it"))
    features = [one.model_copy(update={"name": f"step {n}"}) for n, one in enumerate(attribution.features, 1)]
    steps_of_trace = attribution.model_copy(update={"level": "steps", "features": features})
    assert [label[:8] for label in feature_labels(steps_of_trace)] == [
        f"step {n}: " for n in range(1, len(features) + 1)
    ]
    assert feature_labels(steps_of_trace)[0] == "step 1: So⏎<b>"
    shown = heat_map_html(steps_of_trace)
    assert shown.startswith('<div class="text heat steps"')
    assert "&lt;b&gt;" in shown
    assert 'title="step 2: ' in shown
    assert 'class="text heat"' in heat_map_html(attribution)


def test_the_strongest_pieces_are_named_with_sign_and_unit(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="a b c d")
    attribution = records["attribution"](sample).model_copy(update={"values": [0.1, -2.0, 0.0, 1.5]})
    assert strongest_features(attribution) == [("b", "−2.000 nats"), ("d", "+1.500 nats"), ("a", "+0.100 nats")]


def test_values_are_tooltips_and_zero_has_no_colour(records: Records) -> None:
    sample = records["sample"]("boolq", 1, prompt="a b c d")
    attribution = records["attribution"](sample).model_copy(update={"values": [2.0, 0.4, -2.0, 0.0]})
    shown = heat_map_html(attribution)
    for piece in (
        '<span class="p5" title="+2.000 nats">a </span>',
        '<span class="p1" title="+0.400 nats">b </span>',
        '<span class="n5" title="−2.000 nats">c </span>',
        '<span title="0.000 nats">d</span>',
    ):
        assert piece in shown


def test_named_pieces_go_by_their_names(records: Records) -> None:
    attribution = records["attribution"](records["sample"]("boolq", 1, prompt="a b"))
    first, second = attribution.features
    named = attribution.model_copy(update={"features": [first.model_copy(update={"name": 'the "first"'}), second]})
    assert feature_labels(named) == ['the "first"', "b"]
    assert 'title="the &#34;first&#34;: ' in heat_map_html(named)


def test_the_legend_goes_from_against_to_for_and_shares_have_one_side() -> None:
    order = [f"n{step}" for step in (5, 4, 3, 2, 1)] + [f"p{step}" for step in (1, 2, 3, 4, 5)]
    shown = str(legend_html("nats"))
    assert [part[:2] for part in shown.split('<i class="')[1:]] == order
    assert [part[:2] for part in str(legend_html("share")).split('<i class="')[1:]] == order[5:]


def test_intervals_stand_behind_their_values(records: Records) -> None:
    attribution = records["attribution"](records["sample"]("boolq", 1, prompt="a b"))
    sampled = attribution.model_copy(update={"values": [1.0, -0.5], "intervals": [(0.8, 1.2), (-0.9, -0.1)]})
    shown = heat_map_html(sampled)
    assert 'title="+1.000 nats (0.800 to 1.200)"' in shown
    assert 'title="−0.500 nats (−0.900 to −0.100)"' in shown


def test_an_exact_value_has_no_interval(records: Records) -> None:
    attribution = records["attribution"](records["sample"]("boolq", 1, prompt="one two"))
    known = attribution.model_copy(update={"values": [0.5, -0.25], "intervals": [(0.25, 0.75), (-0.25, -0.25)]})
    assert value_texts(known) == ["+0.500 nats (0.250 to 0.750)", "−0.250 nats (exact)"]


def test_values_from_all_subsets_are_called_exact_wherever_they_are_shown(tiny_model: Path) -> None:
    prompt = prepare(load(str(tiny_model), device="cpu"), "the cat sat", " down", max_features=8)
    found = attribute_one(prompt, find("shapley"), How(seed=1))
    assert "exact: all 8 subsets were scored" in (found.note or "")
    texts = value_texts(found)
    assert len(texts) == 3
    assert all(text.endswith(" nats (exact)") for text in texts)
    assert [step.interval for step in steps(found) if step.ends] == ["exact"] * 3


@pytest.mark.parametrize("at", [0.0, -4.4061234, 1234.5])
def test_an_interval_wider_than_rounding_is_shown(at: float) -> None:
    assert ends_text(at - ROUNDING, at + ROUNDING, "nats") == "exact"
    assert " to " in ends_text(at - 2 * ROUNDING, at + 2 * ROUNDING, "nats")
