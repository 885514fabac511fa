"""Drivers and counterfactuals of the embedded checkpoint's lower layers, computed again with transformers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from audit.core.config import ExplainConfig, RunConfig
from audit.core.records import Choice, Metric, Sample, Span, TaskResult
from audit.explain.run import suite
from tests.engine.whole.lower_layers import lower_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Attribution, Drivers
    from audit.engine import Engine

CAPITALS = {"France": " Paris", "Italy": " Rome", "Japan": " Tokyo", "Spain": " Madrid", "Egypt": " Cairo"}
OPTIONS = list(CAPITALS.values())
LAYERS = 6
"""Of thirty: every value is computed again, whatever the checkpoint knows."""


def log_likelihoods(engine: Engine, context: Sequence[int]) -> list[float]:
    """Of each option after these ids, nats, by the checkpoint's own forward pass."""
    found, rows = [], {}
    for option in OPTIONS:
        ids = engine.encode(option, add_special_tokens=False)
        read = (*context, *ids[:-1])
        if read not in rows:  # options of one token are read off the same pass
            with torch.no_grad():
                logits = engine.model(torch.tensor([read])).logits[0].double()
            rows[read] = torch.log_softmax(logits[len(context) - 1 :], dim=-1)
        found.append(float(rows[read][torch.arange(len(ids)), torch.tensor(ids)].sum()))
    return found


@pytest.fixture(scope="module", autouse=True)
def _lower(embedded: Engine) -> Iterator[None]:
    with lower_layers(embedded, LAYERS):
        yield


@pytest.fixture(scope="module")
def task(embedded: Engine) -> TaskResult:
    """Five questions with the checkpoint's choice among five capitals, all counted as errors."""
    samples = []
    for country in CAPITALS:
        prompt = f"Question: What is the capital of {country}?\nAnswer:"
        totals = log_likelihoods(embedded, embedded.encode(prompt))
        chosen = int(np.argmax(totals))
        sample = Sample(
            sample_id=country, suite="evals", task="capitals", prompt=prompt, output=OPTIONS[chosen], score=0.0
        )
        sample.choice = Choice(options=OPTIONS, log_likelihoods=totals, chosen=chosen)
        sample.spans = [Span(name="question", kind="field", start=10, end=prompt.index("\n"))]
        samples.append(sample)
    metric = Metric(
        name="capitals/accuracy", suite="evals", task="capitals", metric="accuracy", value=0.0, n=5,
        higher_is_better=True, primary=True,
    )  # fmt: skip
    return TaskResult(suite="evals", task="capitals", metrics=[metric], samples=samples)


@pytest.fixture(scope="module")
def explained(embedded: Engine, task: TaskResult) -> tuple[list[Attribution], Drivers]:
    config = RunConfig(explain=ExplainConfig(methods=["occlusion"], errors=5, bias_gaps=0, drivers=5), seed=7)
    occlusion, drivers = suite.explain_results(embedded, config, [task])
    assert drivers.drivers is not None
    return occlusion.attributions, drivers.drivers


def test_each_counterfactual_changes_the_choice(embedded: Engine, explained: tuple[list[Attribution], Drivers]) -> None:
    attributions, _ = explained
    assert {made.sample_id for made in attributions} == set(CAPITALS)
    changed = 0
    for made in attributions:
        search = made.counterfactual
        assert search is not None
        assert search.answer == made.target
        for found in search.found:
            totals = log_likelihoods(embedded, found.context_ids)
            assert OPTIONS[int(np.argmax(totals))] == found.after != made.target
            assert len(found.features) > search.complete
            changed += 1
    assert changed > 0


def test_the_values_of_drivers_are_those_of_transformers(
    embedded: Engine, explained: tuple[list[Attribution], Drivers]
) -> None:
    attributions, drivers = explained
    [errors, *others] = drivers.groups
    assert (errors.answers, errors.samples, errors.failures) == ("error", 5, [])
    assert all(group.samples == 0 for group in others)
    names = {driver.name for driver in errors.tested if driver.kind == "word"}
    assert names == {"question", "what", "is", "the", "capital", "of", "answer"}
    assert {driver.name for driver in errors.tested if driver.kind == "part"} == {"question", "rest of the template"}
    [capital] = [driver for driver in errors.tested if driver.name == "capital"]
    values = []
    for made in attributions:
        ids = embedded.encode(made.prompt)
        word = embedded.encode(" capital", add_special_tokens=False)
        [place] = [i for i in range(len(ids)) if ids[i : i + len(word)] == word]
        whole, without = (log_likelihoods(embedded, c) for c in (ids, [*ids[:place], *ids[place + len(word) :]]))
        chosen, other = OPTIONS.index(made.target), OPTIONS.index(made.against or "")
        values.append((whole[chosen] - whole[other]) - (without[chosen] - without[other]))
    assert capital.mean_value == pytest.approx(np.mean(values), abs=1e-3)
