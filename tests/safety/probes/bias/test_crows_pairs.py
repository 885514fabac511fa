from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.records import Sample
from audit.engine import Score
from audit.safety import loading, running
from audit.safety.probe import Answered, Context
from audit.safety.probes.bias.crows_pairs import PROBE, Pair, judge

KINDS = ("gender", "age")


def rows(n: int) -> list[dict[str, str | None]]:
    """Pairs whose sentences are ``m<i>`` and ``l<i>``."""
    return [
        {
            "sent_more": f"m{i}",
            "sent_less": f"l{i}",
            "direction": "stereo" if i % 4 else "antistereo",
            "bias_type": KINDS[i % 2],
        }
        for i in range(n)
    ]


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(per_token: Any, pairs: Any = None, limit: Any = None) -> Any:
        data = data_set("crows_pairs", pairs if pairs is not None else rows(40))
        monkeypatch.setattr(loading, "dataset", lambda _name: data)
        engine = scripted(per_token)
        return running.run_probe(PROBE, engine, RunConfig(), TaskConfig(name="crows_pairs", limit=limit)), engine

    return go


def judged(more: Score, less: Score) -> Sample:
    blank = Sample(sample_id="id", suite="safety", task="crows_pairs", prompt="")
    return judge(Answered(Pair.read(rows(1)[0]), blank, Context(RunConfig()), (more, less)))


def number(sentence: str) -> int:
    return int(sentence[1:])


def test_a_checkpoint_without_preference_scores_fifty(run: Any, value: Any) -> None:
    """Ideal: in exactly half of the pairs the stereotyping sentence is the likelier one."""
    result, _ = run(lambda _c, t: -1.0 if (t[0] == "m") == (number(t) < 20) else -2.0)
    metric = value(result, "pct_stereotype")
    assert metric.value == 50.0
    # Wilson interval of 20 of 40: (0.5 + z²/80 ± z·sqrt(0.25/40 + z²/6400)) / (1 + z²/40) with z = 1.96
    assert (metric.ci_low, metric.ci_high) == (pytest.approx(35.199, abs=0.01), pytest.approx(64.801, abs=0.01))
    assert (metric.ci_method, metric.unit, metric.n) == ("wilson", "percent", 40)
    assert metric.higher_is_better is None
    assert metric.primary
    assert "may not be a good indicator" in metric.note


@pytest.mark.slow
def test_a_coin_scores_fifty_in_expectation(run: Any, value: Any) -> None:
    coin = np.random.default_rng(7)
    result, _ = run(lambda _c, _t: -coin.random(), rows(4000))
    # Standard error of a fair coin over 4,000 pairs: 0.79 percent; four of them.
    assert value(result, "pct_stereotype").value == pytest.approx(50.0, abs=3.2)


@pytest.mark.parametrize(("likelier", "expected"), [("m", 100.0), ("l", 0.0)])
def test_always_and_never_the_stereotype(run: Any, value: Any, likelier: Any, expected: Any) -> None:
    result, _ = run(lambda _c, t: -1.0 if t[0] == likelier else -1.5)
    assert value(result, "pct_stereotype").value == expected
    assert all(sample.output[0] == likelier for sample in result.samples)


def test_ties_are_counted_and_are_no_preference(run: Any, value: Any) -> None:
    result, _ = run(lambda _c, t: -1.0 if t[0] == "m" and number(t) < 10 else -2.0)
    assert value(result, "ties").value == 30.0
    assert value(result, "pct_stereotype").value == 25.0
    assert sum("tie" in sample.flags for sample in result.samples) == 30


def test_sentences_are_scored_after_the_prefix_token_as_a_whole(run: Any) -> None:
    _, engine = run(lambda _c, _t: -1.0, rows(2))
    assert [request.context_ids for request in engine.scored] == [(0,)] * 4
    assert [bytes(request.target_ids).decode() for request in engine.scored] == ["m0", "l0", "m1", "l1"]


def test_slices_by_bias_type_and_direction(run: Any, value: Any) -> None:
    result, _ = run(lambda _c, t: -1.0 if (t[0] == "m") == (number(t) % 2 == 0) else -2.0)
    assert value(result, "pct_stereotype", bias_type="gender").value == 100.0
    assert value(result, "pct_stereotype", bias_type="age").value == 0.0
    assert value(result, "pct_stereotype", bias_type="age").n == 20
    antistereo = value(result, "pct_stereotype", direction="antistereo")
    assert (antistereo.value, antistereo.n, antistereo.ci_method) == (100.0, 10, "wilson")


def test_without_directions_there_is_no_such_slice(run: Any) -> None:
    pairs = [{**row, "direction": None} for row in rows(8)]
    result, _ = run(lambda _c, _t: -1.0, pairs)
    assert not [m for m in result.metrics if m.slice and "direction" in m.slice]


def test_a_category_that_was_not_drawn_is_null(run: Any, value: Any) -> None:
    pairs = [*rows(20), {"sent_more": "m90", "sent_less": "l90", "direction": None, "bias_type": "religion"}]
    result, _ = run(lambda _c, _t: -1.0, pairs, limit=1)
    drawn = {sample.slices["bias_type"] for sample in result.samples}
    for kind in {"gender", "age", "religion"} - drawn:
        metric = value(result, "pct_stereotype", bias_type=kind)
        assert metric.value is None
        assert "no items have" in metric.error


def test_a_pair_the_engine_could_not_score_is_left_out_and_counted(run: Any, value: Any) -> None:
    result, _ = run(lambda _c, t: "NaN log-probabilities" if t == "l3" else (-1.0 if t[0] == "m" else -2.0), rows(8))
    broken = [sample for sample in result.samples if sample.error]
    assert [(sample.score, sample.output, sample.error) for sample in broken] == [(None, None, "NaN log-probabilities")]
    metric = value(result, "pct_stereotype")
    assert (metric.value, metric.n) == (100.0, 7)
    assert (value(result, "unscored").value, value(result, "unscored").n) == (1.0, 8)


def test_nothing_scored_is_null_and_never_zero(run: Any, value: Any) -> None:
    result, _ = run(lambda _c, _t: "NaN log-probabilities")
    for name in ("pct_stereotype", "likelihood_difference"):
        metric = value(result, name)
        assert metric.value is None
        assert metric.error
    assert value(result, "unscored").value == 40.0


def test_an_empty_sentence_is_an_error(run: Any) -> None:
    result, _ = run(lambda _c, _t: -1.0, [{**rows(1)[0], "sent_less": ""}])
    assert result.samples[0].error == "a text without tokens cannot be scored"
    assert result.samples[0].score is None


def test_pairs_that_are_missing_from_the_set_are_told(run: Any, value: Any) -> None:
    result, _ = run(lambda _c, _t: -1.0)
    assert "40 of the 1508 published pairs" in value(result, "pct_stereotype").note


def test_the_judgement_of_a_pair_is_that_of_lm_eval() -> None:
    """``process_results`` of lm-eval's own crows_pairs task on the same log-likelihoods."""
    spec = importlib.util.find_spec("lm_eval")
    file = Path(spec.origin).parent / "tasks" / "crows_pairs" / "utils.py"
    source = importlib.util.spec_from_file_location("lm_eval_crows_pairs", file)
    peer = importlib.util.module_from_spec(source)
    source.loader.exec_module(peer)
    generator = np.random.default_rng(3)
    for _ in range(200):
        more, less = (-float(half) / 2 for half in generator.integers(1, 12, size=2))
        sample = judged(Score((more,), (True,)), Score((less,), (True,)))
        theirs = peer.process_results({}, [(more, False), (less, False)])
        assert sample.score == theirs["pct_stereotype"]
        assert sample.scores["likelihood_difference"] == theirs["likelihood_diff"]


def test_confidence_is_the_softmax_of_the_two_log_likelihoods() -> None:
    sample = judged(Score((-3.0, -1.0), (True, True)), Score((-5.5,), (True,)))
    assert sample.confidence == pytest.approx(math.exp(-4) / (math.exp(-4) + math.exp(-5.5)))
    assert sample.choice is not None
    assert (sample.choice.log_likelihoods, sample.choice.chosen, sample.choice.gap) == ([-4.0, -5.5], 0, 1.5)


@pytest.mark.slow
@pytest.mark.data
def test_the_published_set_has_its_published_parts(
    scripted: Any, audit_data: Path, monkeypatch: Any, value: Any
) -> None:
    """Table 1 of Nangia et al. 2020: 1,508 pairs, 1,290 of them stereo, and the pairs of each bias type."""
    monkeypatch.setenv("AUDIT_DATA", str(audit_data))
    result = running.run_probe(PROBE, scripted(), RunConfig(), TaskConfig(name="crows_pairs"))
    published = {
        "race-color": 516,
        "gender": 262,
        "socioeconomic": 172,
        "nationality": 159,
        "religion": 105,
        "age": 87,
        "sexual-orientation": 84,
        "physical-appearance": 63,
        "disability": 60,
    }
    assert {kind: value(result, "pct_stereotype", bias_type=kind).n for kind in published} == published
    assert value(result, "pct_stereotype", direction="stereo").n == 1290
    assert value(result, "pct_stereotype", direction="antistereo").n == 218
    assert "published pairs are available" not in value(result, "pct_stereotype").note
    assert len({sample.sample_id for sample in result.samples}) == 1508
