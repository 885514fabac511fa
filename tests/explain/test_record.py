"""The stored record of an attribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records import Attribution
from audit.core.records.measures import MEASURES
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.methods.registry import METHODS, find
from tests.explain.test_attribute import PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Sample
    from audit.engine import Engine


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if METHODS[name].package == "shap" else name for name in METHODS],
)
def test_an_attribution_survives_json(tiny: Engine, make_sample: Callable[..., Sample], name: str) -> None:
    sample = make_sample("s1", prompt=PROMPT, output=" 狗")
    made = attribute_one(
        prepare(tiny, PROMPT, " 狗", max_features=20), find(name), How(seed=1, sample=sample, reason="why")
    )
    again = Attribution.model_validate_json(made.model_dump_json())
    assert again == made
    json.dumps(made.model_dump(mode="json"), allow_nan=False)
    assert (made.sample_id, made.task, made.method, made.unit) == ("s1", "quiz", name, METHODS[name].unit)
    assert len(made.values) == len(made.features)
    assert set(made.faithfulness) == set(MEASURES)
    assert (made.faithfulness["completeness_error"] is not None) == METHODS[name].additive
    assert made.note is not None
    assert made.note.startswith(made.verdict)
    assert made.evaluations > 0


def test_the_record_holds_the_log_probabilities_of_whole_and_empty_prompt(linear: Any) -> None:
    made = attribute_one(prepare(linear, "one two three", " x", max_features=9), METHODS["occlusion"], How(seed=1))
    ids = linear.encode("one two three")
    rest = -0.5 * (len(linear.encode(" x")) - 1)
    assert made.target_log_prob == pytest.approx(sum(map(linear.weight, ids)) - 20 + rest)
    assert made.baseline_log_prob == pytest.approx(-20 + rest)
    assert made.evaluations == 4


def test_attributions_differ_in_id_by_method_target_and_contrast(linear: Any) -> None:
    made = [
        attribute_one(prepare(linear, "one two", target, against=against, max_features=9), METHODS[name], How(seed=1))
        for name, target, against in [
            ("occlusion", " x", None),
            ("lime", " x", None),
            ("occlusion", " y", None),
            ("occlusion", " x", " y"),
        ]
    ]
    assert len({one.attribution_id for one in made}) == 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["occlusion", "lime", "shapley", "gradient_x_input"])
def test_rows_of_the_matrix_sum_to_the_values(tiny: Engine, name: str) -> None:
    options = [" the dog", " fox", " lazy cat"]
    prompt = prepare(tiny, PROMPT, " the dog", options=options, max_features=9)
    made = attribute_one(prompt, find(name), How(seed=1))
    assert made.matrix is not None
    matrix, owner = np.array(made.matrix), np.array([token.continuation for token in made.output_tokens])
    assert matrix.shape == (len(made.output_tokens), len(made.features))
    difference = matrix[owner == 0].sum(axis=0) - matrix[owner == 1].sum(axis=0)
    np.testing.assert_allclose(made.values, difference, atol=1e-9)
    for index, text in enumerate([made.target, *made.alternatives]):
        assert "".join(token.text for token in made.output_tokens if token.continuation == index) == text
    assert made.value == pytest.approx(
        sum(t.log_prob * {0: 1, 1: -1}.get(t.continuation, 0) for t in made.output_tokens)
    )
    if METHODS[name].additive:
        assert made.baseline_value is not None
        assert sum(made.values) == pytest.approx(made.value - made.baseline_value, abs=1e-4)
