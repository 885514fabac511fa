"""Which words and parts drive answers across samples: planted ones are found, others seldom."""

from __future__ import annotations

import itertools
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records import Attribution, Feature, Span
from audit.engine import Score
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.methods.registry import METHODS
from audit.explain.run.driver_tests import REST, aggregate, labels, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine, ScoreRequest

PLANTED = frozenset(f"planted{i}" for i in range(10))
HELD_BACK = frozenset(f"against{i}" for i in range(5))
VOCABULARY = [*sorted(PLANTED), *sorted(HELD_BACK), *(f"word{i}" for i in range(135))]


def made(words: Sequence[str], values: Sequence[float], level: str = "words") -> Attribution:
    """An attribution of a prompt of these words."""
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    features = [
        Feature(text=f"{w} ", start=a, end=a + len(w) + 1) for w, a in zip(words, starts.tolist(), strict=False)
    ]
    return Attribution.model_construct(
        prompt=" ".join(words), features=features, values=list(values), level=level, unit="nats"
    )


def simulated(generator: np.random.Generator, samples: int, planted: float = 2.0) -> list[Attribution]:
    """Prompts of 8 to 25 words; planted words help by ``planted`` standard deviations of the noise, others hinder."""
    found = []
    for _ in range(samples):
        words = [str(word) for word in generator.choice(VOCABULARY, generator.integers(8, 26), replace=False)]
        effect = np.array([planted * (word in PLANTED) - planted * (word in HELD_BACK) for word in words])
        scale = generator.lognormal(0.0, 1.0)  # samples differ in how much the log-probability moves at all
        found.append(made(words, scale * (effect + generator.normal(size=len(words)))))
    return found


def drivers(attributions: Sequence[Attribution], seed: int) -> set[str]:
    return {driver.name for driver in aggregate(attributions, seed=seed, resamples=1_999) if driver.is_driver}


@pytest.mark.slow
def test_planted_words_are_recovered_at_the_stated_false_discovery_rate() -> None:
    recalls, false_shares = [], []
    for seed in range(10):
        found = drivers(simulated(np.random.default_rng(seed), 150), seed)
        recalls.append(len(found & PLANTED) / len(PLANTED))
        false_shares.append(len(found - PLANTED) / max(1, len(found)))
    assert np.mean(recalls) >= 0.95
    assert np.mean(false_shares) <= 0.1


@pytest.mark.slow
def test_without_planted_words_nothing_is_found_in_nine_of_ten_data_sets() -> None:
    """Where all hypotheses are true, the false discovery rate is the chance of any discovery."""
    found = [bool(drivers(simulated(np.random.default_rng(seed), 60, planted=0.0), seed)) for seed in range(25)]
    assert np.mean(found) <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 25)


class BiasedEngine:
    """What the checkpoint of a test thinks of any target: planted words of the context make it likelier.

    The weight of every other word is noise that differs from target to target.
    """

    def __init__(self, engine: Engine, seed: int) -> None:
        self.tokenizer, self.seed = engine.tokenizer, seed
        self.noise: dict[tuple[str, tuple[int, ...]], float] = {}
        """Of words and targets that were asked before: each word stands in all but one of a prompt's contexts."""

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Score:
        words = self.tokenizer.decode(request.context_ids).split()
        total = sum(self._weight(word, request.target_ids) for word in words) - 20
        rest = len(request.target_ids) - 1
        return Score((total, *[-0.1] * rest), (False,) * (rest + 1))

    def _weight(self, word: str, target: tuple[int, ...]) -> float:
        if (word, target) not in self.noise:
            generator = np.random.default_rng(zlib.crc32(f"{self.seed} {word} {target}".encode()))
            self.noise[word, target] = float(generator.normal())
        return self.noise[word, target] + 2.0 * (word in PLANTED)


def found_in_checkpoint(engine: Any, seed: int, samples: int = 150) -> set[str]:
    """Drivers among the words of random prompts, by occlusion on a checkpoint with planted words."""
    generator = np.random.default_rng(seed)
    explained = []
    for number in range(samples):
        words = generator.choice(VOCABULARY, 12, replace=False)
        prompt = prepare(engine, " ".join(words), f" answer {number}", max_features=99)
        explained.append(attribute_one(prompt, METHODS["occlusion"], How(seed=seed, pairs=1)))
    assert {attribution.level for attribution in explained} == {"words"}
    return drivers(explained, seed)


@pytest.mark.slow
def test_planted_words_of_checkpoints(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recalls, false_shares = [], []
    for seed in range(2):
        monkeypatch.setattr(linear, "score", BiasedEngine(linear, seed).score)
        found = found_in_checkpoint(linear, seed)
        recalls.append(len(found & PLANTED) / len(PLANTED))
        false_shares.append(len(found - PLANTED) / max(1, len(found)))
    assert np.mean(recalls) >= 0.95
    assert np.mean(false_shares) <= 0.1


def test_the_p_value_is_that_of_all_draws() -> None:
    """Five samples of three pieces, the label always on the highest but once: counted over all 3^5 draws."""
    samples = [made(["x", "b", "c"], values) for values in [(3, 1, 2), (9, 1, 2), (3, 2, 1), (5, 0, 1), (2, 1, 3)]]
    [x] = [driver for driver in aggregate(samples, seed=1, resamples=200_000) if driver.name == "x"]
    sums = [sum(draw) for draw in itertools.product((0.0, 0.5, 1.0), repeat=5)]
    exact = np.mean([total >= 4.5 for total in sums])
    assert x.mean_rank == pytest.approx(4.5 / 5)
    assert x.mean_value == pytest.approx((3 + 9 + 3 + 5 + 2) / 5)
    assert not x.model_copy(update={"q": 0.01, "mean_value": -0.01}).is_driver, "what holds the answer back drives none"
    assert x.p == pytest.approx(exact, rel=0.05)


@pytest.mark.slow
def test_several_pieces_of_one_prompt_are_drawn_without_replacement() -> None:
    samples = [made(["x", "x", "x", "b", "c"], (4, 5, 3, 2, 1))] * 5
    [x, *_] = aggregate(samples, seed=1, resamples=200_000)
    assert (x.name, x.samples) == ("x", 5)
    assert x.p == pytest.approx(0.1**5, abs=3e-5)  # one of the ten threes is the highest, in five samples
    two = [made(["x", "x", "c", "d", "e"], (4, 2, 5, 1, 3))] * 5
    [x] = [driver for driver in aggregate(two, seed=1, resamples=100_000) if driver.name == "x"]
    means = [np.mean(pair) for pair in itertools.combinations((0, 0.25, 0.5, 0.75, 1), 2)]
    drawn = np.random.default_rng(0).choice(means, (100_000, 5)).sum(axis=1)
    assert x.p == pytest.approx(np.mean(drawn >= 5 * 0.5 - 1e-9), abs=0.01)


@pytest.mark.slow
def test_parts_and_examples_are_tested_by_the_pieces_inside_them() -> None:
    generator = np.random.default_rng(4)
    words = [f"w{i}" for i in range(12)]
    spans = [
        Span(name="example 1", kind="example", start=0, end=8),
        Span(name="example 2", kind="example", start=9, end=17),
        Span(name="question", kind="field", start=18, end=30),
    ]
    attributions = []
    for _ in range(30):
        values = generator.normal(size=12)
        values[3:6] += 2.0  # w3 to w5 are the second example
        attributions.append(made(words, values))
    found = aggregate(attributions, [spans] * 30, seed=1)
    parts = {driver.name: driver for driver in found if driver.kind == "part"}
    assert set(parts) == {"example 1", "example 2", "question", REST}
    assert [name for name, driver in parts.items() if driver.is_driver] == ["example 2"]
    assert {driver.name for driver in found if driver.kind == "word" and driver.is_driver} == {"w3", "w4", "w5"}


def test_rare_labels_and_whole_prompts_are_not_tested() -> None:
    rare = [made(["x", "y"], (2, 1))] * 4 + [made(["z", "z"], (1, 2))] * 9
    assert aggregate(rare, seed=1) == []
    assert aggregate([], seed=1) == []


def test_only_pieces_of_one_word_are_words() -> None:
    coarse = made(["Is he", "a nurse?"], (1, 2), level="clauses")
    assert labels(coarse, ()) == {}
    mixed = made(["“Nurse,", "nurse’s", "--", "猫。", "3.14", "😀!"], range(6))
    assert [word_of(feature) for feature in mixed.features] == ["nurse", "nurse’s", None, "猫", "3.14", "😀"]
    assert word_of(Feature(text="two words", start=0, end=9)) is None
    hostile = word_of(Feature(text="x\x1b[31m" + "y" * 500, start=0, end=505))
    assert hostile is not None
    assert "\x1b" not in hostile
    assert len(hostile) < 60


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answer() -> None:
    samples = simulated(np.random.default_rng(1), 40)
    assert aggregate(samples, seed=3) == aggregate(samples, seed=3)
