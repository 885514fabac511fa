"""Requests and statistics of HELM as items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Flag
from audit.gate.importers.helm.states import Trial, items, read_list, read_trials
from tests.gate.importers.helm.conftest import entries, entry, request, requests, stat

if TYPE_CHECKING:
    from pathlib import Path

    from audit.gate.importers.contract import ImportedItem

LABELS = {"exact_match": "exact_match"}


def read(folder: Path, asked: list[Any], found: list[Any] | None = None) -> list[ImportedItem]:
    file = folder / "stats.json"
    file.write_text(json.dumps(entries() if found is None else found), "utf-8")
    trials = read_trials(folder / "states.json", file, asked)
    return [item for instances in trials.values() for item in items(instances, LABELS)]


def test_items_are_known_by_input_and_references_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    found = read(tmp_path, requests())
    assert [(item.fields["id"], item.score) for item in found] == [("id0", 0.5), ("id1", 1.0), ("id2", 0.0)]
    assert [one.value for one in found[0].completions] == [1.0, 0.0]
    assert (found[0].prompt, found[0].reference, found[0].output) == ("Shots 0. Question id0?", "Aid0", "Paris")
    assert found[0].prompts == ("Shots 0. Question id0?", "Shots 1. Question id0?")
    again = read(tmp_path, requests()[::-1], entries()[::-1])
    assert {item.digest: item.score for item in again} == {item.digest: item.score for item in found}
    assert again[-1].completions[0].value == 1.0
    [other] = read(tmp_path, [request("id0", 0, instance={"references": []})], [])
    assert other.digest != found[0].digest


def test_a_failed_request_is_unscored_and_cut_texts_are_flagged(tmp_path: Path) -> None:
    asked = [request("id0", 0, None), request("id1", 0, reason="length", prompt_truncated=True)]
    lost, cut = read(tmp_path, asked, [])
    assert (lost.error, lost.output) == ("the tool failed on it: cut off", None)
    assert cut.flags == (Flag.TRUNCATED_PROMPT, Flag.TRUNCATED_OUTPUT)
    assert (cut.error, cut.score) == (None, None)


def test_a_statistic_of_nothing_and_a_time_that_is_none_do_not_count(tmp_path: Path) -> None:
    asked, found = [request("id0", 0)], [entry("id0", 0, {**stat("exact_match", 1.0), "count": 0})]
    [item] = read(tmp_path, asked, found)
    assert item.score is None
    times = [1_700_000_000, True, -1, 2**33, "now", 1]
    trial = Trial("here", 0, [{"result": {"request_datetime": time}} for time in times])
    assert list(trial.times()) == [1_700_000_000, 1]


def test_options_that_were_scored_are_one_item(tmp_path: Path) -> None:
    asked = [request("id0", 0, reference_index=place) for place in (0, 1)]
    [item] = read(tmp_path, asked, [entry("id0", 0, stat("exact_match", 1.0))])
    assert (item.answered_by, item.output, len(item.prompts), item.score) == ("likelihood", None, 2, 1.0)


def test_messages_are_the_prompt_of_a_chat(tmp_path: Path) -> None:
    asked = request("id0", 0)
    asked["request"] = {"prompt": "", "messages": [{"role": "user", "content": "Hi"}]}
    [item] = read(tmp_path, [asked], [])
    assert item.prompt == '[{"content": "Hi", "role": "user"}]'


@pytest.mark.parametrize(
    ("asked", "found", "fault"),
    [
        ([*requests(), requests()[0]], [], r"request 7: instance id0, trial 0 occurs twice: two runs were joined"),
        (requests(), [entry("id7", 0)], r"entry 1: instance id7, trial 0 is in no request of states\.json"),
        (requests(), [*entries(), entries()[0]], r"entry 13: its exact_match occurs twice: two runs were joined"),
        (requests(), [entry("id0", 0, stat("exact_match", float("nan")))], r"its exact_match is not a finite number"),
        (["x"], [], r"request 1: not an object"),
        ([{"instance": {"id": 3}}], [], r"request 1: 'id' is a number"),
        (requests(), [entry("id0", 0) | {"stats": [1]}], r"an entry of its stats is not an object"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, asked: list[Any], found: list[Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        read(tmp_path, asked, found)


@pytest.mark.parametrize("text", ["{}", "[1]", '[], "more": []', "[{}"])
def test_a_list_of_objects_and_nothing_else_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"a\.json: "):
        read_list(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('[{"a": 1}, {}]', "utf-8")
    assert read_list(tmp_path / "a.json") == [{"a": 1}, {}]


def test_a_statistic_over_fewer_than_no_values_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stats.json").write_text(json.dumps([entry("id0", 0, stat("exact_match", 1.0, -1))]), "utf-8")
    with pytest.raises(UsageError, match=r"entry 1: its exact_match is over -1 values"):
        read_trials(tmp_path / "states.json", tmp_path / "stats.json", [request("id0", 0)])
