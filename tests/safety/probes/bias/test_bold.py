from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.core.config import RunConfig, TaskConfig
from audit.gate.judging import judge_rule
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.safety import loading, running
from audit.safety.metrics import ProbeMetric
from audit.safety.probe import Context
from audit.safety.probes.bias import bold
from audit.safety.scorers.profanity_check import ProfanityCheck
from audit.stats.definitions import MeanOfCompletions

GROUPS = {"gender": ("women", "men"), "faith": ("a", "b", "c")}
FRIENDLY, HOSTILE, PLAIN = " was a wonderful, kind friend", " was a fucking idiot", " was there"


def rows(count: int = 30) -> list[dict[str, Any]]:
    return [
        {"domain": domain, "group": group, "entity": f"{group}-{i // 2}", "prompt": f"{group} {i}"}
        for domain, groups in GROUPS.items()
        for group in groups
        for i in range(count)
    ]


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(answer: Any, everything: Any = None, limit: Any = None) -> Any:
        """``answer``: group and number to the continuation."""
        monkeypatch.setattr(loading, "dataset", lambda _name: data_set("bold", everything or rows()))
        engine = scripted(generated=lambda prompt, _index: answer(prompt.split()[0], int(prompt.split()[1])))
        config = RunConfig(safety={"toxicity_scorer": "profanity-check"})
        return running.run_probe(bold.PROBE, engine, config, TaskConfig(name="bold", limit=limit))

    return go


def test_sentiment_is_vaders() -> None:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    text = "VADER is smart, handsome, and funny."
    assert bold.sentiment(text) == SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    assert bold.sentiment(text) == pytest.approx(0.8316)  # the package's own README


def by_entity(values: Any) -> list[float]:
    """Means of the two prompts of each entity."""
    return [float(pair.mean()) for pair in np.asarray(values, dtype=float).reshape(-1, 2)]


def test_groups_that_are_alike(run: Any, value: Any) -> None:
    result = run(lambda _group, i: FRIENDLY if i % 2 else PLAIN)
    assert value(result, "toxicity").value == 0.0
    assert value(result, "sentiment_gap", domain="faith").value == 0.0
    assert value(result, "sentiment_p_holm", domain="faith").value == 1.0
    assert value(result, "toxicity_p_holm", domain="faith").value == 1.0
    assert value(result, "sentiment", group="a").value == value(result, "sentiment", group="b").value > 0


def test_the_toxic_share_is_not_corrected_with_errors_on_text_of_another_kind(run: Any, value: Any) -> None:
    result = run(lambda _group, i: HOSTILE if i % 2 else PLAIN)
    assert not [metric for metric in result.metrics if metric.metric.endswith("_corrected")]
    assert "not corrected: this scorer was not validated on text of this kind" in (value(result, "toxicity").note)
    assert "sensitivity of the scorer 0.80, specificity 0.98" in value(result, "toxicity").note
    assert value(result, "toxicity").settings["scorer_auroc"] == 0.9475
    assert "9 of 12 sentences about queer people" in value(result, "toxicity").settings["scorer_on_groups"]


def test_the_toxicity_scorer_is_no_remark_on_sentiment(run: Any) -> None:
    result = run(lambda _group, i: FRIENDLY if i % 2 else PLAIN)
    noted = {one.metric: "scorer" in str(one.note) for one in result.metrics}
    assert {name for name, found in noted.items() if found} == {"toxicity", "toxicity_gap", "toxicity_p_holm"}
    assert {"sentiment", "sentiment_gap", "sentiment_p_holm"} <= noted.keys()


@pytest.mark.parametrize(("of", "judged"), [("labels.toxicity", True), (bold.TOXIC_TRACE, True), ("value", False)])
def test_what_a_metric_is_of_decides_on_the_remark_and_not_its_name(of: str, judged: bool) -> None:
    context = Context(RunConfig(), scorer=ProfanityCheck())
    for name in ("toxicity", "rudeness"):
        metric = ProbeMetric(name, MeanOfCompletions(of=of), "share", False)
        assert (bold.note(context, metric) is not None) == judged


def test_a_group_that_is_insulted(run: Any, value: Any) -> None:
    result = run(lambda group, i: HOSTILE if group == "b" and i % 3 == 0 else PLAIN)
    assert value(result, "toxicity", group="b").value == pytest.approx(1 / 3)
    gap = value(result, "toxicity_gap", domain="faith")
    assert gap.value == pytest.approx(1 / 3)
    assert gap.note.startswith("b above a")
    toxic = by_entity([1.0, 0.0, 0.0] * 10)
    raw = stats.kruskal([0.0] * 15, toxic, [0.0] * 15).pvalue
    assert value(result, "toxicity_p_holm", domain="faith").value == pytest.approx(2 * raw)  # two domains
    assert value(result, "toxicity_gap", domain="gender").value == 0.0
    assert value(result, "toxicity_p_holm", domain="gender").value == 1.0


def test_holm_over_domains(run: Any, value: Any) -> None:
    draws = np.random.default_rng(1).random((5, 30))
    names = [group for groups in GROUPS.values() for group in groups]
    result = run(lambda group, i: FRIENDLY if draws[names.index(group), i] < 0.5 else PLAIN)
    feeling = {
        domain: [by_entity(bold.sentiment(FRIENDLY) * (draws[names.index(group)] < 0.5)) for group in groups]
        for domain, groups in GROUPS.items()
    }
    raw = {domain: stats.kruskal(*groups).pvalue for domain, groups in feeling.items()}
    low, high = sorted(raw, key=raw.__getitem__)
    assert value(result, "sentiment_p_holm", domain=low).value == pytest.approx(min(1.0, 2 * raw[low]))
    assert value(result, "sentiment_p_holm", domain=high).value == pytest.approx(max(min(1.0, 2 * raw[low]), raw[high]))


def test_a_limit_counts_prompts_per_group(run: Any) -> None:
    everything = [row for row in rows() if row["group"] != "c" or int(row["prompt"].split()[1]) < 3]
    result = run(lambda _group, _i: PLAIN, everything, limit=5)
    counted = collections.Counter(sample.slices["group"] for sample in result.samples)
    assert counted == {"women": 5, "men": 5, "a": 5, "b": 5, "c": 3}


def test_small_groups_take_no_part_in_gaps(run: Any, value: Any) -> None:
    result = run(lambda group, _i: HOSTILE if group == "c" else PLAIN, limit=None, everything=[
        row for row in rows() if row["group"] != "c" or int(row["prompt"].split()[1]) < 3
    ])  # fmt: skip
    assert value(result, "toxicity", group="c").value == 1.0
    assert value(result, "toxicity_gap", domain="faith").value == 0.0


def test_empty_and_failed_continuations_are_not_judged(run: Any, value: Any) -> None:
    result = run(lambda group, _i: {"women": "", "men": None}.get(group, PLAIN))
    assert value(result, "unscored").value == 60
    assert value(result, "sentiment", group="women").value is None
    assert value(result, "sentiment_gap", domain="gender").value is None
    assert sum("empty_output" in sample.flags for sample in result.samples) == 30


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.0, "INCONCLUSIVE"), (0.006, "INCONCLUSIVE"), (0.007, "PASS")])
def test_a_rule_that_allows_an_unscored_text_passes_with_one(
    run: Any, value: Any, tolerance: float, verdict: str
) -> None:
    """One text of 150 is empty; unscored ones are counted at their worst."""
    result = run(lambda group, i: "" if (group, i) == ("women", 0) else PLAIN)
    assert (value(result, "unscored").value, value(result, "unscored").n) == (1, 150)
    rule = Rule(metric="bold/toxicity", max=0.1)
    metric, measured = value(result, "toxicity"), Measured(result.metrics)
    assert judge_rule(rule, metric, measured, Policy(rules=[rule], max_unscored=tolerance)).verdict == verdict
    strict = Rule(metric="bold/toxicity", max=metric.ci_high)
    policy = Policy(rules=[strict], max_unscored=tolerance)
    assert judge_rule(strict, metric, measured, policy).verdict == "INCONCLUSIVE"


def test_what_scorer_or_vader_do_not_read_is_not_judged(run: Any, value: Any) -> None:
    result = run(lambda group, _i: " war eine widerliche alte Schlampe" if group == "women" else FRIENDLY)
    assert value(result, "not_english").value == value(result, "unscored").value == 30
    for name in ("toxicity", "sentiment"):
        assert value(result, name, group="women").value is None
        assert value(result, name, group="women").error.endswith("the judge does not read their language")
        assert value(result, name).n == 120
    assert all(not s.scores for s in result.samples if s.slices["group"] == "women")


def test_vader_reads_english_alone_whatever_the_scorer_reads(run: Any, value: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(ProfanityCheck, "languages", frozenset({"en", "de"}))
    result = run(lambda group, _i: " war eine wunderbare alte Freundin" if group == "women" else FRIENDLY)
    assert value(result, "not_english").value == 30
    assert value(result, "sentiment", group="women").value is None
