"""Requests and statistics of HELM as items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem
from audit.gate.importers.helm.states import HelmContext, Trial, context_of, items, read_list, read_trials, text_of
from tests.gate.importers.helm.conftest import entries, entry, request, requests, stat

if TYPE_CHECKING:
    from pathlib import Path

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
    times = [1_700_000_000, True, -1, 0, 2**33, "now", 1]
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


ASKED = {"text": "Où?", "a": 1}
REFERENCES = [
    {"output": {"text": "x"}, "tags": ["correct"]},
    {"output": {"text": "w"}, "tags": None},
    {"output": {"text": "y"}, "tags": ["other", "correct"]},
    {"output": "v", "tags": ["correct"]},
    {"output": {}, "tags": ["correct"]},
    "u",
]
INSTANCE = {"input": ASKED, "references": REFERENCES, "sub_split": "hard", "extra_data": {"topic": "t", "split": "no"}}


def test_an_item_with_everything_that_its_trials_say(tmp_path: Path) -> None:
    asked = [
        request("id0", 1, "b", reason="length", prompt_truncated=True, instance=INSTANCE),
        request("id0", 0, "a", instance=INSTANCE),
        request("id0", 2, None, prompt_truncated=True, instance=INSTANCE),
    ]
    found = [entry("id0", trial, stat("f1@5", 3.0, 4), stat("exact_match", trial)) for trial in (0, 1, 2)]
    (tmp_path / "s.json").write_text(json.dumps(found), "utf-8")
    [(context, instances)] = read_trials(tmp_path / "states.json", tmp_path / "s.json", asked).items()
    assert context == HelmContext("test", "hard", "null")
    assert [one.counts for one in instances["id0"]] == [{"f1@5": 4, "exact_match": 1}] * 3
    labels = {"exact": "exact_match", "f1_at_5": "f1@5", "other": "other"}
    references = json.dumps(REFERENCES, sort_keys=True)
    assert items(instances, labels) == [
        ImportedItem(
            place=f"{tmp_path / 'states.json'}: request 2",
            digest=digest_of('{"a": 1, "text": "Où?"}', references),
            fields={"topic": "t", "split": "test", "sub_split": "hard", "id": "id0"},
            prompt="Shots 0. Question id0?",
            prompts=tuple(f"Shots {trial}. Question id0?" for trial in (0, 1, 2)),
            reference="x\ny\n\n",
            output="a",
            completions=[
                SampledText(
                    text="a", value=0.0, labels={"exact": 0.0, "f1_at_5": 3.0, "other": None}, finish_reason="stop"
                ),
                SampledText(
                    text="b",
                    value=1.0,
                    labels={"exact": 1.0, "f1_at_5": 3.0, "other": None},
                    flags=[Flag.TRUNCATED_OUTPUT],
                    finish_reason="length",
                ),
                SampledText(
                    text=None,
                    labels={"exact": None, "f1_at_5": None, "other": None},
                    error="the tool failed on it: cut off",
                ),
            ],
            answered_by="generation",
            score=0.5,
            scores={"exact": 0.5, "f1_at_5": 3.0, "other": None},
            flags=(Flag.TRUNCATED_PROMPT, Flag.TRUNCATED_OUTPUT),
        )
    ]


def test_an_item_of_which_little_is_known() -> None:
    asked = {"instance": {"input": {}}, "request": {"prompt": "p"}, "result": {"success": True}}
    [item] = items({"a": [Trial("here", 0, [asked])]}, {})
    assert item == ImportedItem(
        place="here",
        digest=digest_of("{}", "[]"),
        fields={"id": "a"},
        prompt="p",
        prompts=("p",),
        answered_by="generation",
    )


def test_several_answers_of_one_trial_are_a_completion_and_options_are_none(tmp_path: Path) -> None:
    asked = request("id0", 0)
    asked["result"]["completions"].append({"text": "other"})
    assert [one.text for one in read(tmp_path, [asked], [])[0].completions] == ["Paris"]
    [item] = items({"id0": [Trial("here", 0, [asked])]}, {})
    assert [(one.value, one.labels) for one in item.completions] == [(None, {})]
    assert read(tmp_path, [request("id0", 0)], [])[0].completions == []
    options = [request("id0", trial, reference_index=place) for trial in (0, 1) for place in (0, 1)]
    [item] = read(tmp_path, options, [])
    assert (item.completions, len(item.prompts), item.answered_by) == ([], 4, "likelihood")


def test_requests_are_told_apart_by_option_mode_trial_and_context(tmp_path: Path) -> None:
    fields = ({}, {"request_mode": "original"}, {"request_mode": "calibration"}, {"reference_index": 1})
    [item] = read(tmp_path, [request("id0", 0, **one) for one in fields], [])
    assert len(item.prompts) == 4
    others = ({"sub_split": "s"}, {"split": "valid"}, {"perturbation": {"name": "typos"}})
    asked = [request("id0", 0), *(request("id0", 0, instance=one) for one in others)]
    found = [entry("id0", 0, stat("exact_match", 1.0), perturbation={"name": "typos"})]
    assert [item.score for item in read(tmp_path, asked, found)] == [None, None, None, 1.0]
    with pytest.raises(UsageError, match=r"instance id0, trial 0 is in no request of states\.json"):
        read(tmp_path, [request("id0", 0, instance=others[2]), request("id0", 1)], [entry("id0", 0)])


def test_contexts_and_their_words() -> None:
    assert context_of({"split": "test", "sub_split": "s", "perturbation": {"b": 1, "a": 2}}, "here") == HelmContext(
        "test", "s", '{"a": 2, "b": 1}'
    )
    assert context_of({}, "here") == HelmContext(None, None, "null")
    for perturbation, words in (("null", ["test"]), ('{"name": "typos"}', ["test", "typos"]), ('{"a": 1}', ["test"])):
        assert HelmContext("test", None, perturbation).words == words
    assert HelmContext(None, "s", '["name"]').words == ["s"]
    assert text_of({"b": "é", "a": None}) == '{"a": null, "b": "é"}'


RESULTS: list[tuple[dict[str, Any], str | None, str | None, str | None]] = [
    ({"success": True, "completions": [{"text": "a"}, {"text": "b"}]}, "a", None, None),
    ({"success": True, "completions": ["x", {"text": "b"}]}, "b", None, None),
    ({"success": True, "completions": {"text": "a"}}, None, None, None),
    ({"success": True, "completions": []}, None, None, None),
    ({"success": True, "completions": [{}]}, None, None, None),
    ({"success": True, "completions": [{"text": "a", "finish_reason": {"reason": "stop"}}]}, "a", "stop", None),
    ({"success": True, "completions": [{"text": "a", "finish_reason": {"reason": 5}}]}, "a", None, None),
    ({"success": True, "completions": [{"text": "a", "finish_reason": "stop"}]}, "a", None, None),
    ({"success": 1}, None, None, "the tool failed on it: no result"),
    ({"success": False, "error": "a\n b"}, None, None, "the tool failed on it: a b"),
    ({"error": "x" * 400}, None, None, f"the tool failed on it: {'x' * 300}"),
    ({}, None, None, "the tool failed on it: no result"),
]


@pytest.mark.parametrize(("result", "answer", "reason", "failure"), RESULTS)
def test_what_a_request_says(
    result: dict[str, Any], answer: str | None, reason: str | None, failure: str | None
) -> None:
    found = Trial("here", 0, [{"result": result}], {"exact_match": 1.0})
    assert (found.answer(), found.finish_reason(), found.failure()) == (answer, reason, failure)
    assert found.scores() == ({} if failure else {"exact_match": 1.0})
    found = Trial("here", 0, [{"result": {"success": True}}, {"result": result}], {"exact_match": 1.0})
    assert (found.answer(), found.failure()) == (None, failure)


def test_only_what_was_certainly_cut_is_flagged() -> None:
    for requests_, flags in (
        ([{"prompt_truncated": 1}, {"prompt_truncated": None}, {}], []),
        ([{}, {"prompt_truncated": True}], [Flag.TRUNCATED_PROMPT]),
    ):
        assert Trial("here", 0, requests_).flags() == flags


def test_an_item_has_the_failure_of_a_trial_only_if_all_failed(tmp_path: Path) -> None:
    failed = [request("id0", trial, None) for trial in (0, 1)]
    failed[0]["result"]["error"] = "first"
    assert read(tmp_path, failed, [])[0].error == "the tool failed on it: first"
    item = read(tmp_path, [failed[0], request("id0", 1)], [entry("id0", 1, stat("exact_match", 1.0))])[0]
    assert (item.error, item.score) == (None, 1.0)


@pytest.mark.parametrize(
    ("stats", "values"),
    [
        ([stat("a", 3, 2), stat("b", 0.5, 4)], {"a": 3.0, "b": 0.5}),
        ([{"name": {"name": "a"}, "count": 0, "sum": "x"}], {}),
        ([{"name": {"name": "a"}, "count": 1, "sum": 7}], {"a": 7.0}),
    ],
)
def test_a_statistic_is_the_mean_of_its_values(stats: list[dict[str, Any]], values: dict[str, float]) -> None:
    found = Trial("here", 0, [])
    found.add(stats, "there")
    assert found.values == values
