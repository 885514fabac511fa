"""Verdicts on games of the embedded checkpoint, with every subset scored by transformers alone."""

from __future__ import annotations

import functools
from collections import defaultdict
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.records import Attribution
from audit.explain.attribute import How, attribute_all, attribute_one, prepare
from audit.explain.faithfulness.measures import measure_faithfulness
from audit.explain.faithfulness.plan import curve_steps, plan
from audit.explain.methods.gradients import integrated_gradients
from audit.explain.methods.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine
    from audit.explain.prompt.game import MaskedPrompt

    Game = Callable[[str], MaskedPrompt]

PROMPTS = {
    "The capital of France is": " Paris",
    "Two plus two equals": " four",
    "Roses are red, violets are": " blue",
    "The opposite of hot is": " cold",
    "Shakespeare wrote Romeo and": " Juliet",
}


@pytest.fixture(scope="module")
def game(embedded: Engine) -> Game:
    """The prompts, each subset of which is scored once for all tests."""
    return functools.cache(lambda text: prepare(embedded, text, PROMPTS[text], max_features=48))


def explain(prompt: MaskedPrompt, name: str = "shapley_exact") -> Attribution:
    return attribute_one(prompt, METHODS[name], How(seed=0, pairs=4))


def every_value(engine: Engine, prompt: MaskedPrompt) -> dict[int, float]:
    """The value of each set of present features, as bits of a number: plain passes over sets of equal length."""
    request, positions = prompt.features.request, prompt.features.positions
    by_length: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    for mask in range(2 ** len(positions)):
        absent = {place for i, owned in enumerate(positions) if not mask >> i & 1 for place in owned}
        context = [token for place, token in enumerate(request.context_ids) if place not in absent]
        context = context or [engine.prefix_token_id]
        by_length[len(context)].append((mask, [*context, *request.target_ids]))
    found = {}
    kept = len(request.target_ids) + 1
    for sets in by_length.values():
        with torch.no_grad():
            ids = torch.tensor([ids for _, ids in sets])
            logits = engine.model(ids, logits_to_keep=kept).logits  # type: ignore[operator]
        log_probs = logits[:, :-1].double().log_softmax(dim=-1)
        targets = torch.tensor(request.target_ids).expand(len(sets), -1)
        values = log_probs.gather(-1, targets[..., None]).sum(dim=(1, 2)).tolist()
        found.update(zip((mask for mask, _ in sets), values, strict=True))
    return found


@pytest.mark.parametrize("text", PROMPTS)
def test_an_order_is_judged_by_all_orders_there_are(embedded: Engine, game: Game, text: str) -> None:
    """Every order by brute force over the subsets' values in float64."""
    prompt = game(text)
    made = explain(prompt)
    count, known = len(made.values), every_value(embedded, prompt)
    at = [int(step) for step in curve_steps(count)]
    places, whole = [0, *(k / count for k in at), 1], 2**count - 1

    def difference(order: tuple[int, ...]) -> float:
        sets = [sum(1 << i for i in order[:k]) for k in at]
        inserted = [known[0], *(known[one] for one in sets), known[whole]]
        deleted = [known[whole], *(known[whole - one] for one in sets), known[0]]
        return float(np.trapezoid(inserted, places) - np.trapezoid(deleted, places))

    own = difference(tuple(int(i) for i in np.argsort(-np.array(made.values))))
    every = [difference(order) for order in permutations(range(count))]
    beaten = np.mean([one < own - 1e-4 for one in every])
    assert made.faithfulness["orders_beaten"] == pytest.approx(beaten, abs=1.5 / len(every))
    assert made.faithfulness["best_gain"] == pytest.approx(max(every) / 2, abs=1e-3)
    assert made.verdict != "do not believe"
    assert "no better than random" not in (made.note or "")


@pytest.mark.parametrize(
    ("text", "beaten", "lds", "verdict"),
    [("The capital of France is", 0.82, 0.83, "weak"), ("Two plus two equals", 0.92, 0.93, "believable")],
)
def test_exact_shapley_values_are_not_called_chance(
    game: Game, text: str, beaten: float, lds: float, verdict: str
) -> None:
    """Shares of orders and correlations as another implementation computed them from its own table of all subsets."""
    made = explain(game(text))
    assert made.faithfulness["orders_beaten"] == pytest.approx(beaten, abs=0.005)
    assert made.faithfulness["lds"] == pytest.approx(lds, abs=0.005)
    assert made.verdict == verdict


def test_occlusion_misses_what_two_words_decide_together(game: Game) -> None:
    """Either of "red" and "violets" is enough for " blue": alone, each seems to matter little."""
    assert explain(game("Roses are red, violets are"), "occlusion").verdict == "do not believe"


def test_random_values_are_seldom_believed_on_real_games(game: Game) -> None:
    generator = np.random.default_rng(0)
    believed = []
    for prompt in map(game, PROMPTS):
        compared = plan(len(prompt.features), 0)
        for _ in range(100):
            found = measure_faithfulness(prompt, generator.normal(size=len(prompt.features)), compared)
            believed.append(found.verdict == "believable")
    assert np.mean(believed) <= 0.05


def test_shapley_and_kernel_shap_are_exact_on_eight_words(embedded: Engine) -> None:
    prompt = prepare(embedded, "The nurse told the doctor that she was", " tired", max_features=48)
    wanted, *others = attribute_all(
        prompt, [METHODS[n] for n in ("shapley_exact", "shapley", "kernel_shap")], How(seed=0)
    )
    assert len(prompt.features) == 8
    assert isinstance(wanted, Attribution)
    for made in others:
        assert isinstance(made, Attribution)
        np.testing.assert_allclose(made.values, wanted.values, atol=1e-9)
        assert "exact: all 256 subsets" in (made.note or "")


def test_integrated_gradients_that_change_with_the_points_are_not_believed(
    embedded: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sums with 20 and 21 points, and the correlation of ranks, as measured independently: 7.86, 12.98, 0.57."""
    text, target = "The nurse told the doctor that she was", " tired"
    monkeypatch.setattr(integrated_gradients, "STEPS", (20, 21))
    sums: list[float] = []
    compared = integrated_gradients._compared

    def comparing(before: Any, last: Any, used: tuple[int, ...]) -> Any:
        sums.append(float(before.sum()))
        return compared(before, last, used)

    monkeypatch.setattr(integrated_gradients, "_compared", comparing)
    made = explain(prepare(embedded, text, target, max_features=48), "integrated_gradients")
    assert [*sums, sum(made.values)] == pytest.approx([7.86, 12.98], abs=0.5)
    assert made.faithfulness["stability"] == pytest.approx(0.57, abs=0.1)
    assert made.verdict == "do not believe"
    assert "unstable: from 20 to 21 points" in (made.note or "")
