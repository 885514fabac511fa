"""What an item chose among, against lm-eval's own answers."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.records import Flag
from audit.evals import suite
from audit.evals.harness import Remark
from audit.evals.samples import Item, make_choice, make_item, make_samples

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted

Rows = dict[str, list[dict[str, Any]]]


def run(engine: Any, *names: str) -> dict[str, Any]:
    evals = EvalsConfig(tasks=[TaskConfig(name=name) for name in names], bootstrap_resamples=100)
    return {result.task: result for result in suite.run_tasks(engine, RunConfig(evals=evals, offline=True))}


@pytest.mark.slow
def test_choices_of_benchmarks(scripted: Scripted, rows: Rows) -> None:
    results = run(scripted, "boolq", "openbookqa", "commonsenseqa", "medqa", "medmcqa", "pubmedqa")
    for name, result in results.items():
        right = {"boolq": lambda row: int(row["answer"])}.get(name, lambda row: row["answer"])
        assert len(result.samples) == len(rows[name])
        for sample, row in zip(result.samples, rows[name], strict=True):
            choice = sample.choice
            totals = [sample.scores[f"log_likelihood_{i}"] for i in range(len(choice.options))]
            assert choice.log_likelihoods == totals
            assert choice.options[choice.right] == sample.reference
            assert choice.right == right(row)
            likeliest = max(range(len(totals)), key=lambda i: (totals[i], -i))
            others = [i for i in range(len(totals)) if i != likeliest]
            tied = totals.count(max(totals)) > 1
            assert choice.chosen == (None if tied else likeliest)
            assert (Flag.TIE in sample.flags) == tied
            assert choice.options[likeliest] == sample.output
            assert sample.score == float(likeliest == choice.right)
            assert choice.contrast == max(others, key=lambda i: (totals[i], -i))
            assert (choice.gap, choice.normalised, sample.answered_by) == (None, "none", "likelihood")


def test_written_answers_are_no_choice(scripted: Scripted, rows: Rows) -> None:
    [sample] = run(scripted, "gsm8k")["gsm8k"].samples
    assert (sample.choice, sample.answered_by) == (None, "generation")


def item(*arguments: tuple[str, str], totals: tuple[float, ...], target: int = 0, error: str | None = None) -> Item:
    logged = {
        "doc": {},
        "target": target,
        "arguments": list(arguments),
        "resps": [[(total, False)] for total in totals],
    }
    return Item((logged,), (Remark(error=error),))


def task(kind: str = "multiple_choice", options: int = 2) -> Any:
    return SimpleNamespace(OUTPUT_TYPE=kind, multiple_input=0, doc_to_choice=lambda doc: ["?"] * options)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("multiple_choice", item(("Ann", " left."), ("Bo", " left."), totals=(-1.0, -2.0))),  # as WinoGrande does
        ("multiple_choice", item(("Q", " a"), ("Q", " b"), totals=(-1.0, math.nan))),
        ("multiple_choice", item(("Q", " a"), ("Q", " b"), totals=(-1.0, -2.0), error="NaN")),
        ("loglikelihood", item(("Q", " a"), totals=(-1.0,))),
    ],
)
def test_what_was_not_chosen_after_one_prompt_is_no_choice(kind: str, asked: Item) -> None:
    assert make_choice(task(kind), asked) is None


def test_unconditional_requests_are_no_options() -> None:
    """Mutual information asks for each option once more, without the question."""
    asked = item(("Q", " a"), ("Q", " b"), ("", " a"), ("", " b"), totals=(-3.0, -2.0, -9.0, -1.0))
    choice = make_choice(task(), asked)
    assert choice is not None
    assert (choice.options, choice.log_likelihoods) == ([" a", " b"], [-3.0, -2.0])
    assert (choice.chosen, choice.right, choice.contrast) == (1, 0, 0)


def test_one_option_has_nothing_to_be_compared_with() -> None:
    choice = make_choice(task(options=1), item(("Q", " a"), totals=(-3.0,)))
    assert choice is not None
    assert (choice.chosen, choice.contrast) == (0, None)


def test_of_two_equally_likely_options_none_is_chosen() -> None:
    """As probes have it; lm-eval takes the first one, so output and score are about that."""
    asked = item(("Q", " a"), ("Q", " b"), ("Q", " c"), totals=(-2.0, -1.0, -1.0), target=1)
    asked.logged[0].update(doc_hash="1", filter="none", metrics=["acc"], acc=1.0, filtered_resps=[(-1.0, False)])
    asked = make_item(asked.logged, asked.remarks)
    three = SimpleNamespace(**vars(task(options=3)), task_name="t")
    [sample] = make_samples(three, [asked], None, "d", 1.0)
    assert sample.choice is not None
    assert (sample.choice.chosen, sample.choice.right, sample.choice.contrast) == (None, 1, 2)
    assert (sample.output, sample.score, sample.flags) == (" b", 1.0, [Flag.TIE])
    assert sample.confidence == pytest.approx(1 / (2 + math.exp(-1)))
    asked.logged[0]["resps"][2] = [(-1.5, False)]
    [sample] = make_samples(three, [asked], None, "d", 1.0)
    assert sample.choice is not None
    assert (sample.choice.chosen, sample.output, sample.flags) == (1, " b", [])
