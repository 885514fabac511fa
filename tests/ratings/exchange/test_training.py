"""Exports for training are what TRL's own code reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.exchange.training import training_export, training_lines
from audit.ratings.projects.adjudicating import adjudicate
from audit.ratings.projects.item import RatedOutput
from audit.ratings.projects.making import add_items
from audit.ratings.projects.rating import next_item
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.projects.made import Made, content, made_in

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = 'a"b\n\x00 \ud800 \u202e </s> {{x}} \u2028'


def prefer(made: Made, votes: dict[str, list[str]]) -> None:
    """Vote for the first or second run, item by item."""
    for who, given in votes.items():
        while (seen := next_item(made.url, made.name, who)) is not None:
            vote = given[seen.item_id - 1]
            item = next(one for one in made.items if one.id == seen.item_id)
            texts = {"first": item.outputs[0].text, "second": item.outputs[1].text}
            side = next((side for side, text in seen.outputs.items() if text == texts.get(vote)), vote)
            made.answer(who, seen.item_id, preference=side)


def of(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_preferences_need_a_majority(any_database: str) -> None:
    made = made_in(any_database, 4, raters=3, pairs=True)
    prefer(
        made,
        {
            "Ann": ["first", "second", "first", "both_bad"],
            "Bob": ["first", "second", "second", "both_bad"],
            "Cem": ["second", "tie", "tie", "first"],
        },
    )
    adjudicate(any_database, "p", "Judge", 4, {"preference": "both_bad"})
    assert of(training_lines(any_database, "p", "Root", "preference")) == [
        {"prompt": "question 0", "chosen": "answer 0", "rejected": "other answer 0"},
        {"prompt": "question 1", "chosen": "other answer 1", "rejected": "answer 1"},
    ]
    labels = of(training_lines(any_database, "p", "Root", "label"))
    assert [(one["completion"], one["label"]) for one in labels] == [
        ("answer 0", True),
        ("other answer 0", False),
        ("answer 1", False),
        ("other answer 1", True),
        ("answer 3", False),
        ("other answer 3", False),
    ]
    equal = "with as many votes for one output as for the other"
    assert training_export(any_database, "p", "Root", "preference").left_out == {equal: 1, "with both outputs bad": 1}
    assert training_export(any_database, "p", "Root", "label").left_out == {equal: 1}


def test_outputs_that_most_call_bad_are_labelled_bad_and_no_preference(database_url: str) -> None:
    made = made_in(database_url, 1, raters=3, pairs=True)
    prefer(made, {"Ann": ["first"], "Bob": ["both_bad"], "Cem": ["both_bad"]})
    labels = of(training_lines(database_url, "p", "Root", "label"))
    assert [(one["completion"], one["label"]) for one in labels] == [("answer 0", False), ("other answer 0", False)]
    found = training_export(database_url, "p", "Root", "preference")
    assert (found.lines, found.left_out) == ([], {"with both outputs bad": 1})


def test_items_wait_for_all_their_raters(database_url: str) -> None:
    made = made_in(database_url, 2, raters=2)
    made.answer("Ann", made.next("Ann") or 0, rating=5)
    found = training_export(database_url, "p", "Root", "label")
    assert (found.lines, found.left_out) == ([], {"without all their raters": 2})
    made.rate_all("Ann", rating=5)
    made.answer("Bob", made.next("Bob") or 0, rating=5)
    assert len(training_lines(database_url, "p", "Root", "label")) == 1


def test_labels_leave_out_the_middle(database_url: str) -> None:
    made = made_in(database_url, 3, raters=2)
    points = {"Ann": [5, 1, 3], "Bob": [4, 2, 4]}
    for who, given in points.items():
        while (item := made.next(who)) is not None:
            made.answer(who, item, rating=given[item - 1])
    found = of(training_lines(database_url, "p", "Root", "label"))
    assert [(one["completion"], one["label"]) for one in found] == [("answer 0", True), ("answer 1", False)]
    left_out = training_export(database_url, "p", "Root", "label").left_out
    assert left_out == {"with points between 2 and 4": 1}  # item 2: 3 and 4
    assert len(training_lines(database_url, "p", "Root", "label", good=3.5)) == 3
    with pytest.raises(UsageError, match="--format preference needs a preference between two runs"):
        training_lines(database_url, "p", "Root", "preference")
    with pytest.raises(NotAllowed):
        training_lines(database_url, "p", "Ann", "label")


@pytest.mark.slow
def test_trl_reads_them(database_url: str, tmp_path: Path) -> None:
    """Loaded as TRL's documentation says, unpaired by TRL, and recognised as plain-text preferences."""
    from datasets import load_dataset
    from trl.data_utils import is_conversational, maybe_extract_prompt, unpair_preference_dataset

    made = made_in(database_url, 2, raters=1, pairs=True)
    outputs = [RatedOutput.of("run-1", "odd", HOSTILE), RatedOutput.of("run-2", "odd", "plain")]
    made.items += add_items(database_url, "p", "Root", [content(9, prompt=HOSTILE, outputs=outputs)])
    prefer(made, {"Ann": ["first", "second", "first"]})
    loaded = {}
    for form in ("preference", "label"):
        file = tmp_path / f"{form}.jsonl"
        file.write_text("".join(training_lines(database_url, "p", "Root", form)))  # type: ignore[arg-type]
        loaded[form] = load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    pairs, labels = loaded["preference"], loaded["label"]
    assert set(pairs.column_names) == {"prompt", "chosen", "rejected"}
    assert not is_conversational(pairs[0])
    assert maybe_extract_prompt(pairs[0])["prompt"] == "question 0"
    unpaired = unpair_preference_dataset(pairs)
    assert set(unpaired.column_names) == set(labels.column_names) == {"prompt", "completion", "label"}
    key = lambda row: (row["prompt"], row["completion"], row["label"])  # noqa: E731
    assert sorted(map(key, unpaired)) == sorted(map(key, labels))
    assert pairs[2]["chosen"] == HOSTILE.replace("\ud800", "\ufffd")
