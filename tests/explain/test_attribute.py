from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import ConfigError, UsageError
from audit.core.records import Attribution
from audit.explain.attribute import attribute, is_possible, prepare
from audit.explain.faithfulness import MEASURES
from audit.explain.heat import NEUTRAL, OPPOSES, SUPPORTS, colours, ink
from audit.explain.methods import METHODS, check, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Sample
    from audit.engine import Engine


PROMPT = "Which is it?\n狗 or 🤖 \x1b[31mred\x1b[0m\nAnswer:"


@pytest.mark.parametrize(
    "name",
    ["occlusion", "attention_rollout", "lime", "integrated_gradients", pytest.param("shap", marks=pytest.mark.slow)],
)
def test_an_attribution_survives_json(tiny: Engine, make_sample: Callable[..., Sample], name: str) -> None:
    sample = make_sample("s1", prompt=PROMPT, output=" 狗")
    made = attribute(prepare(tiny, PROMPT, " 狗", max_features=20), find(name), seed=1, sample=sample, reason="why")
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
    made = attribute(prepare(linear, "one two three", " x", max_features=9), METHODS["occlusion"], seed=1)
    ids = linear.encode("one two three")
    rest = -0.5 * (len(linear.encode(" x")) - 1)
    assert made.target_log_prob == pytest.approx(sum(map(linear.weight, ids)) - 20 + rest)
    assert made.baseline_log_prob == pytest.approx(-20 + rest)
    assert made.evaluations == 4


def test_attributions_differ_in_id_by_method_target_and_contrast(linear: Any) -> None:
    made = [
        attribute(prepare(linear, "one two", target, against=against, max_features=9), METHODS[name], seed=1)
        for name, target, against in [
            ("occlusion", " x", None),
            ("lime", " x", None),
            ("occlusion", " y", None),
            ("occlusion", " x", " y"),
        ]
    ]
    assert len({one.attribution_id for one in made}) == 4


def test_a_white_box_method_refuses_a_contrast(tiny: Engine) -> None:
    prompt = prepare(tiny, "one two", " x", against=" y", max_features=9)
    with pytest.raises(UsageError, match="explains one target: use occlusion"):
        attribute(prompt, METHODS["attention_rollout"], seed=1)


def test_white_box_methods_are_possible_only_where_weights_are(tiny: Engine, linear: Any) -> None:
    assert is_possible(linear, METHODS["occlusion"]) is None
    assert is_possible(tiny, METHODS["attention_rollout"]) is None
    assert is_possible(linear, METHODS["attention_rollout"]) == "this checkpoint is not local"


def test_an_unknown_method_is_met_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"explain.methods: unknown attribution method 'oclusion'.*mean 'occlusion'"):
        check(RunConfig(explain=ExplainConfig(methods=["attention_rollout", "oclusion"])))
    with pytest.raises(ConfigError, match="name each method once"):
        check(RunConfig(explain=ExplainConfig(methods=["occlusion", "occlusion"])))
    check(RunConfig(explain=ExplainConfig(methods=list(METHODS))))


def test_colours_diverge_from_a_neutral_zero() -> None:
    assert colours([2.0, 0.0, -2.0, 1.0])[:3] == [SUPPORTS, NEUTRAL, OPPOSES]
    assert colours([0.0, 0.0]) == [NEUTRAL, NEUTRAL]
    assert colours([]) == []
    assert ink(NEUTRAL) == (0, 0, 0)
    assert ink(OPPOSES) == (255, 255, 255)


@pytest.mark.parametrize("name", ["occlusion", "lime", pytest.param("shap", marks=pytest.mark.slow)])
def test_rows_of_the_matrix_sum_to_the_values(tiny: Engine, name: str) -> None:
    options = [" the dog", " fox", " lazy cat"]
    prompt = prepare(tiny, PROMPT, " the dog", options=options, max_features=9)
    made = attribute(prompt, find(name), seed=1)
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
    if name == "shap":
        assert made.baseline_value is not None
        assert sum(made.values) == pytest.approx(made.value - made.baseline_value, abs=1e-4)
