"""Every causal model type that transformers builds tiny, loaded: scores, texts, and methods that need weights.

Scores and texts are compared with one sequence at a time. One engine of a type does for all: building and loading the
types takes longer than explaining an answer of each.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from transformers import AutoTokenizer

from audit.explain.methods.gradients import integrated_gradients
from tests.engine.whole import every_type, tiny_types
from tests.explain import architectures

if TYPE_CHECKING:
    from pathlib import Path

    from audit.explain.prompt.game import MaskedPrompt

pytestmark = pytest.mark.slow
GRADIENT = ("gradient_x_input", "integrated_gradients", "integrated_gradients_mean", "layer_gradient_x_activation")
HALF = "attention of 1 of 2 layers"
INSIDE = "convolutions or recurrences mix positions as well as attention"
NONE = "refused: has no attention over all tokens"


def hybrid(limit: str) -> dict[str, str]:
    """Outcomes of a checkpoint that mixes positions by more than attention."""
    return {
        **dict.fromkeys(("attention", "gradient_x_attention"), limit),
        **dict.fromkeys(("attention_rollout", "attention_flow"), f"refused: {limit}"),
    }


EXPECTED: dict[str, dict[str, str]] = {
    **{kind: {} for kind in ("llama", "falcon", "ctrl", "gemma4", "phi4_multimodal")},
    **{
        kind: hybrid(HALF)
        for kind in ("qwen3_next", "qwen3_5", "lfm2", "jamba", "bamba", "granitemoehybrid", "minimax")
    },
    "nemotron_h": hybrid("attention of 1 of 4 layers"),
    "falcon_h1": hybrid(INSIDE),
    **{kind: dict.fromkeys(hybrid(HALF), NONE) for kind in ("mamba2", "rwkv")},
    "gemma3n_text": {"layer_gradient_x_activation": "refused: has no single state per token behind its middle block"},
    "deepseek_v4": dict.fromkeys((*GRADIENT, "gradient_x_attention"), "refused: computes nothing from embeddings"),
    "hrm_text": {
        **dict.fromkeys((*GRADIENT, "gradient_x_attention"), "refused: computes part of its answer without gradients"),
        "layer_gradient_x_activation": "refused: has no list of its blocks",
    },
}
"""By type: the methods that do not simply work, and how their outcome begins."""
STEPS = (2,)
"""Points of the integral: enough to see whether a type is differentiated from its embeddings or refused."""


OUTCOMES: dict[str, every_type.Outcome] = {}
EXPLAINED: dict[str, dict[str, str]] = {}
"""What the methods make of a type."""


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.mark.parametrize("kind", tiny_types.types())
def test_scores_and_texts_are_those_of_a_plain_loop_and_methods_work_or_are_refused(
    kind: str, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrated_gradients, "STEPS", STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some architectures warn of their own code
        OUTCOMES[kind], engine = every_type.outcome(kind, tmp_path, tokenizer)
        prompt = architectures.asked(engine) if engine else architectures.build(kind, tokenizer)
        if prompt is not None:
            EXPLAINED[kind] = explained(kind, prompt)


def explained(kind: str, prompt: MaskedPrompt) -> dict[str, str]:
    """What the methods make of a type, checked against what is expected of it.

    Integrals from two baselines differ by where they start alone: the second one is left to the types in ``EXPECTED``.
    """
    if kind not in EXPECTED:
        methods = [method for method in architectures.WHITE_BOX if method.name != "integrated_gradients_mean"]
        return architectures.outcomes(prompt, methods)
    outcomes = architectures.outcomes(prompt, architectures.WHITE_BOX)
    assert {*GRADIENT} < {*outcomes}
    for method, outcome in outcomes.items():
        wanted = EXPECTED[kind].get(method, "")
        assert outcome.startswith(wanted) if wanted else not outcome, f"{method}: {outcome}"
    return outcomes


def complete() -> None:
    """The tables of the documentation are of all types."""
    if len(OUTCOMES) < len(tiny_types.types()):
        pytest.fail("run this whole file: the table is of all types")
    assert {*EXPECTED} <= {*EXPLAINED}


def test_the_documentation_says_what_came_out() -> None:
    complete()
    assert every_type.written() == every_type.table(OUTCOMES), "run: python -m tests.engine.whole.every_type --write"


def test_the_documentation_lists_what_methods_make_of_every_type() -> None:
    complete()
    assert len(EXPLAINED) > 150
    integrated = {method.name for method in architectures.INTEGRATED}
    for kind, outcomes in EXPLAINED.items():
        assert {outcomes[name] for name in integrated & outcomes.keys()} == {outcomes["gradient_x_input"]}, kind
    listed = {kind: {name: one[name] for name in one if name not in integrated} for kind, one in EXPLAINED.items()}
    assert architectures.written() == architectures.listed(listed), "run: python -m tests.explain.architectures --write"
