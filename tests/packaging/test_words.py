"""Everything that is measured says in words what it is: every task, probe, check and metric of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Metric, TaskWords
from audit.core.words import metric_title, sentence
from audit.evals.catalogue import own_tasks
from audit.evals.contamination import min_k, order, overlap
from audit.evals.robustness.metrics import NAMES
from audit.evals.robustness.words import meaning
from audit.evals.twins import task as twins
from audit.evals.words import MEANINGS
from audit.explain.methods.registry import METHODS
from audit.explain.run.suite import words_of as explanation_words
from audit.safety.running import words_of as probe_words
from audit.safety.suite import PROBES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.records import MetricWords

CHECKS = {"order": order.METRICS, "min-k": min_k.METRICS, "overlap": overlap.METRICS, "twins": twins.METRICS}


def a_metric(unit: str, words: MetricWords | None, **fields: Any) -> Metric:
    """A measured metric with the words of its definition."""
    values = {"value": 0.3, "ci_low": 0.2, "ci_high": 0.4, "n": 100, "suite": "evals", "task": "t"}
    return Metric(name="t/some_rate", metric="some_rate", unit=unit, words=words, **{**values, **fields})


def definitions() -> Iterator[tuple[str, bool, Metric]]:
    """Name, whether it is primary, and a metric as each definition makes it."""
    for name, meant in MEANINGS.items():
        yield name, False, a_metric("score", meant.words, higher_is_better=True)
    for check, metrics in CHECKS.items():
        for one in metrics:
            more = {"higher_is_better": one.higher_is_better, "chance": one.chance, "ideal": one.ideal}
            yield f"{check}/{one.name}", one.primary, a_metric(one.unit, one.words, **more)
    for probe, found in PROBES.items():
        for metric in found.metrics:
            chance = 0.25 if isinstance(metric.chance, str) else metric.chance  # named where the samples give it
            more = {"higher_is_better": metric.higher_is_better, "chance": chance, "ideal": metric.ideal}
            yield f"{probe}/{metric.name}", metric.primary, a_metric(metric.unit, metric.words, **more)
    for name in NAMES:
        perturbed = meaning(name, a_metric("share", None))
        yield f"perturbed/{name}", False, a_metric("share", perturbed.words, ideal=perturbed.ideal)


def test_every_metric_has_a_title_a_way_to_read_it_and_a_sentence() -> None:
    found = list(definitions())
    assert len(found) > 100
    assert [name for name, _, one in found if one.words is None or not one.words.title] == []
    read_by = ("higher_is_better", "chance", "ideal")
    unread = [name for name, primary, one in found if primary and all(getattr(one, by) is None for by in read_by)]
    assert unread == ["bold/sentiment"]  # no end of it is good, no value ideal: its gaps between groups are judged
    assert [name for name, _, one in found if not any(digit in sentence(one) for digit in "0123456789")] == []
    assert [name for name, _, one in found if not sentence(one).endswith(".")] == []


def test_every_task_probe_and_method_has_title_question_and_what_is_good() -> None:
    words: dict[str, TaskWords | None] = {name: one.words for name, one in own_tasks().items()}
    words |= {name: probe_words(one) for name, one in PROBES.items()}
    words |= {name: explanation_words(name) for name in METHODS}
    assert [name for name, one in words.items() if one is None or not (one.title and one.good)] == []
    assert [name for name, one in words.items() if one is None or not one.question.endswith("?")] == []


def test_a_plug_in_without_words_shows_its_name_and_claims_nothing() -> None:
    bare = a_metric("share", None, higher_is_better=True)
    assert metric_title(bare) == "some rate"
    assert sentence(bare) == "some rate: 30 % (20 to 40 %); higher is better."
