"""Lines of lm-eval as items."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Flag
from audit.gate.importers import lm_eval_items
from tests.gate.importers.conftest import LOGS, samples_file

if TYPE_CHECKING:
    from pathlib import Path

    from audit.gate.importers.contract import ImportedItem


def one(tmp_path: Path, kind: str, **row: Any) -> ImportedItem:
    whole = {"doc_id": 0, "doc": {"q": "x"}, "target": "1", "filter": "none", "metrics": ["acc"], "acc": 1.0, **row}
    file = tmp_path / "samples.jsonl"
    file.write_text(json.dumps(whole) + "\n", "utf-8")
    [item] = lm_eval_items.items(lm_eval_items.read(file), kind)
    return item


OPTIONS = {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}, "gen_args_1": {"arg_0": "Q", "arg_1": " b"}}
LIKELY = {"resps": [[["-3.5", "False"]], [["-2.5", "True"]]], "filtered_resps": [["-3.5", "False"], ["-2.5", "True"]]}


def test_the_likeliest_option_is_the_answer(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY)
    assert (item.prompt, item.output, item.reference, item.score) == ("Q", " b", " b", 1.0)
    assert item.choice is not None
    assert (item.choice.log_likelihoods, item.choice.chosen, item.choice.right, item.choice.contrast) == (
        [-3.5, -2.5], 1, 1, 0,
    )  # fmt: skip


def test_options_after_different_prompts_are_no_choice(tmp_path: Path) -> None:
    arguments = {**OPTIONS, "gen_args_1": {"arg_0": "R", "arg_1": " b"}}
    item = one(tmp_path, "multiple_choice", arguments=arguments, **LIKELY)
    assert (item.choice, item.prompts, item.prompt) == (None, ("Q", "R"), "R")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_item_with_a_value_that_is_no_number_is_not_scored(tmp_path: Path, value: float) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, acc=value)
    assert item.error == "accuracy is not a finite number"


def test_a_likelihood_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, resps=[[["nan", "False"]], [["-2", "True"]]])
    assert (item.error, item.output) == ("an option has no log-likelihood", None)


def test_an_option_may_be_impossible(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, resps=[[["-inf", "False"]], [["-2", "True"]]])
    assert (item.error, item.output, item.score, item.scores["log_likelihood_0"]) == (None, " b", 1.0, None)
    assert item.choice is not None
    assert (item.choice.chosen, item.choice.contrast, item.choice.log_likelihoods) == (1, 0, None)


def test_a_score_that_is_no_number_leaves_the_others(tmp_path: Path) -> None:
    values = {"metrics": ["acc_norm", "acc"], "acc_norm": math.nan, "acc": 1.0}
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, **values)
    assert (item.error, item.score, item.scores["normalised_accuracy"]) == (None, 1.0, None)


def test_the_primary_score_is_the_same_on_every_item(tmp_path: Path) -> None:
    rows = [
        {"doc_id": 0, "metrics": ["acc_norm"], "acc_norm": 1.0},
        {"doc_id": 1, "metrics": ["acc", "acc_norm"], "acc": 0.0, "acc_norm": 1.0},
    ]
    common = {"doc": {"q": "x"}, "target": "1", "arguments": OPTIONS, **LIKELY}
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(f"{json.dumps(common | row)}\n" for row in rows), "utf-8")
    items = lm_eval_items.items(lm_eval_items.read(file), "multiple_choice")
    assert [item.score for item in items] == [None, 0.0]


def test_answers_that_no_filter_matches_are_unparsed(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {"until": []}}}
    item = one(tmp_path, "generate_until", arguments=arguments, resps=[["said"]], filtered_resps=["[invalid]"])
    assert (item.flags, item.output, item.reference) == ((Flag.UNPARSED_ANSWER,), "said", "1")


def test_text_of_a_corpus_score_is_the_pair_that_it_scored(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {}}}
    values = {"metrics": ["bleu"], "bleu": ["the cat sat there", "the cat sat there"]}
    item = one(tmp_path, "generate_until", arguments=arguments, resps=[["raw"]], filtered_resps=["x"], **values)
    assert (item.reference, item.output) == ("the cat sat there", "the cat sat there")
    assert item.score == pytest.approx(100)


def test_a_target_of_many_digits_is_no_position(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, target="9" * 5000)
    assert (item.output, item.reference) == (" b", None)


@pytest.mark.parametrize("arguments", [[], {}])
def test_a_likelihood_of_nothing_is_one_line(tmp_path: Path, arguments: object) -> None:
    with pytest.raises(UsageError, match="line 1: 'arguments' is empty"):
        one(tmp_path, "loglikelihood", arguments=arguments, resps=[[["-1", "True"]]])


def test_the_items_digest_is_lm_evals() -> None:
    file = samples_file(LOGS / "lm_eval", "tiny_choice")
    stored = [json.loads(line)["doc_hash"] for line in file.read_text("utf-8").splitlines()]
    lines = lm_eval_items.read(file)
    assert [item.digest for item in lm_eval_items.items(lines, "multiple_choice")] == stored


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"doc_id": "0"}, "line 1: 'doc_id' is a text"),
        ({"metrics": [1]}, "line 1: 'metrics' is not a list of names"),
        ({"resps": None}, "line 1: 'resps' is null"),
        ({"resps": []}, "line 1: 0 answers to 2 options"),
        ({"arguments": "x"}, "line 1: 'arguments' is a text"),
    ],
)
def test_wrong_types_are_one_line(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        one(tmp_path, "multiple_choice", **{"arguments": OPTIONS, **LIKELY, **row})
