"""What lm-eval logs of a task, kept next to the samples: its own results, rows and digests."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import pytest
from lm_eval.utils import hash_string

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.evals import suite

if TYPE_CHECKING:
    from audit.core.records import TaskResult
    from audit.engine import Engine

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def ran(tiny: Engine, rows: Rows) -> TaskResult:
    """OpenBookQA with eight written rows."""
    config = RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name="openbookqa")], bootstrap_resamples=100), offline=True)
    (result,) = suite.run_tasks(tiny, config)
    return result


def test_results_are_means_and_standard_errors_of_the_samples(ran: TaskResult) -> None:
    assert ran.logged is not None
    scores = [sample.score for sample in ran.samples]
    results = ran.logged.results
    assert results["sample_len"] == len(scores) == 8
    [name] = [name for name in results if name.startswith("acc,")]
    assert results[name] == pytest.approx(statistics.mean(scores))  # type: ignore[type-var]
    error = statistics.stdev(scores) / 8**0.5  # type: ignore[type-var]
    assert results[name.replace("acc,", "acc_stderr,")] == pytest.approx(error)


def test_each_item_is_its_sample_with_row_requests_and_digests(ran: TaskResult, rows: Rows) -> None:
    assert ran.logged is not None
    assert [item.sample_id for item in ran.logged.samples] == [sample.sample_id for sample in ran.samples]
    for item, sample in zip(ran.logged.samples, ran.samples, strict=True):
        row = rows["openbookqa"][item.doc_id]
        assert item.doc == row
        assert item.arguments == [[sample.prompt, f" {choice}"] for choice in row["choices"]]
        assert item.prompt_hash == hash_string(sample.prompt)
        assert item.target_hash == hash_string(item.target)
        assert [answers.filter for answers in item.filters] == ["none"]


def test_the_task_is_described_as_it_was_run(ran: TaskResult, tiny: Engine) -> None:
    logged = ran.logged
    assert logged is not None
    assert (logged.task, logged.members, logged.shots, logged.original) == ("openbookqa", None, 0, 8)
    assert logged.config["output_type"] == "multiple_choice"
    assert logged.higher_is_better["acc"] is True
    assert logged.environment["max_length"] == tiny.max_length
    assert logged.environment["tokenizer_eos_token"] == [tiny.tokenizer.eos_token, str(tiny.tokenizer.eos_token_id)]
    assert logged.environment["chat_template"] is None
