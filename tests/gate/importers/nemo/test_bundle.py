"""Bundles of NeMo Evaluator: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.contract import Stated
from audit.gate.importers.nemo.bundle import READER
from audit.stats.definitions import Mean
from tests.gate.importers.conftest import by_name, imported
from tests.gate.importers.nemo.conftest import HASHED, SCORES, failed, metrics, read, result, results, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_becomes_a_run_with_the_values_of_the_tool(tmp_path: Path) -> None:
    write(tmp_path / "out" / "sums")
    run = imported(tmp_path / "runs", tmp_path / "out", slices=("category",), cluster="category")
    found = by_name(run)
    assert {name: (one.value, one.n) for name, one in found.items()} == {
        "sums/pass_at_1": (pytest.approx(3 / 6, abs=1e-12), 3),
        "sums/pass_at_2": (pytest.approx(2 / 3, abs=1e-12), 3),
        "sums/exact": (pytest.approx(3 / 6, abs=1e-12), 3),
        "sums/unscored": (0, 3),
    }
    assert [name for name, one in found.items() if one.primary] == ["sums/pass_at_1"]
    assert {one.unit for name, one in found.items() if name != "sums/unscored"} == {"share"}
    manifest = run.read_manifest()
    assert (manifest.status, manifest.model.name, manifest.items_available) == ("complete", "tiny", {"sums": 9})
    assert manifest.started.isoformat() == "2026-01-01T00:00:00+00:00"
    assert manifest.tasks["sums"] == {"harness": "nemo-evaluator 0.3.0", "repeats": 2, "shuffle_seed": 42}
    slices = {m.slice["category"]: m.value for m in run.read_metrics() if m.slice and m.metric == "pass_at_1"}
    assert slices == {"even": 0.25, "odd": 1.0}


def test_bundle_and_folders_are_recognised_and_other_json_is_not(tmp_path: Path) -> None:
    file = write(tmp_path / "out" / "sums")
    for given in (file, file.parent, tmp_path / "out"):
        assert registry.reader_for([given], None) is READER
    (tmp_path / "out" / "sums" / "empty").mkdir()
    other = tmp_path / "other.json"
    other.write_text('{"sdk_version": 1}', "utf-8")
    assert not READER.recognises([other])
    assert not READER.recognises([file, other])
    assert not READER.recognises([tmp_path / "missing.json"])
    with pytest.raises(UsageError, match=r"no eval-\*\.json in this folder"):
        read(tmp_path / "out" / "sums" / "empty")


def test_a_mean_of_rewards_that_are_no_shares_is_a_score(tmp_path: Path) -> None:
    lines = [result(n, repeat, one / 4, scoring_details={}) for n in range(3) for repeat, one in enumerate((n, 2))]
    scores = {"mean_reward": {"value": round((0 + 1 + 2 + 6) / 24, 4)}, "summary": {"mean": 9 / 24}}
    found = metrics(read(write(tmp_path, lines, scores=scores)))
    assert (found["mean_reward"].value, found["mean_reward"].unit) == (pytest.approx(0.375), "score")


def test_what_failed_is_unscored_and_the_tools_zeros_are_checked(tmp_path: Path) -> None:
    """Problem 0 failed in repeat 0, problem 2 in both: (0 + 1 + 1) / 3 results that did not fail."""
    lines = [one for one in results() if one["problem_idx"] == 1]
    lines += [failed(0, 0), result(0, 1, 0.0), failed(2, 0), failed(2, 1, judge={"error": "no judge"})]
    scores = {"pass@1": {"value": 0.3333}, "pass@2": {"value": 0.3333}, "summary": {"mean": 2 / 6}}
    log = read(write(tmp_path, lines, scores=scores))
    found = metrics(log)
    assert (found["pass_at_1"].value, found["pass_at_1"].n) == (0.5, 2)
    assert (found["pass_at_2"].value, found["pass_at_2"].n) == (1.0, 1)
    assert found["unscored"].value == 1
    counted = "sums: 3 of 6 results failed: unscored here, 0 in NeMo Evaluator's pass@1 0.3333, pass@2 0.3333"
    assert list(log.warnings) == [counted]
    with pytest.raises(EvidenceInvalid, match=r"mean reward is 0\.5, the results give 0\.3333333333"):
        read(write(tmp_path, lines, scores={"summary": {"mean": 0.5}}))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"config": {**HASHED, "temperature": 0.0}}, r"config does not have the digest config_hash: it was edited"),
        ({"scores": {**SCORES, "summary": {"mean": 0.5000001}}}, r"its mean reward is 0\.5000001, the results give"),
        ({"scores": {**SCORES, "pass@2": {"value": 0.6669}}}, r"pass@2 is 0\.6669, the results give 0\.66666"),
        ({"n_results": 5}, r"6 results, eval-20260101T000000Z-sums\.json is about 5"),
        ({"benchmark": {"name": "sums", "samples": 4, "scores": SCORES}}, r"3 problems, .* is about 4"),
    ],
)
def test_a_bundle_that_contradicts_its_results_is_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(EvidenceInvalid, match=fault):
        read(write(tmp_path, **change))


def test_another_share_of_a_scorer_is_refused(tmp_path: Path) -> None:
    log = read(write(tmp_path, scores={**SCORES, "scorer:exact": {"correct": 4, "total": 6}}))
    with pytest.raises(EvidenceInvalid, match=r"sums/exact: the log says 0\.66666"):
        metrics(log)


def test_missing_results_make_the_run_partial_and_its_metrics_null(tmp_path: Path) -> None:
    log = read(write(tmp_path, results()[:5]))
    assert log.tasks[0].incomplete == "results.jsonl was truncated: 5 of 6 results"
    assert metrics(log)["pass_at_1"].value is None
    assert read(write(tmp_path, n_results=None)).tasks[0].incomplete is not None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sdk_version": None}, r"'sdk_version' is null"),
        ({"config": []}, r"'config' is a list"),
        ({"timestamp": "yesterday"}, r"'yesterday' is not a time"),
    ],
)
def test_a_bundle_that_cannot_be_read_is_one_line(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    file = write(tmp_path)
    if "config" in change:
        file.write_text(file.read_text("utf-8").replace('"config": {', '"config": [], "old": {'), "utf-8")
        change = {}
    else:
        write(tmp_path, **change)
    with pytest.raises(UsageError, match=fault):
        read(file)


def test_a_bundle_without_a_time_and_bundles_of_several_folders(tmp_path: Path) -> None:
    write(tmp_path / "one", timestamp="")
    assert len(read(tmp_path).tasks) == 1
    write(tmp_path / "two", name="other")
    assert [task.name for task in read(tmp_path).tasks] == ["sums", "other"]


def test_two_models_and_two_bundles_with_one_file_of_results_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "one")
    other = write(tmp_path / "two", config_hash="", config={**HASHED, "model": "large"}, name="other")
    with pytest.raises(UsageError, match=r"model large, in eval-.*\.json tiny: import them separately"):
        read(one, other)
    (tmp_path / "one" / "eval-2.json").write_bytes(one.read_bytes())
    with pytest.raises(UsageError, match=r"eval-2\.json and eval-20260101.* share its results\.jsonl"):
        read(tmp_path / "one")


def test_a_shard_is_a_part_until_shards_are_merged(tmp_path: Path) -> None:
    config = {**HASHED, "shard": {"idx": 0, "total": 4}}
    assert read(write(tmp_path, config=config)).ended_early == (
        "sums is one of 4 shards: merge them with 'nel eval merge'"
    )
    assert read(write(tmp_path, config={**config, "n_shards": 4})).ended_early is None


def test_a_further_scorer_that_raised_an_error_gives_no_score(tmp_path: Path) -> None:
    """The tool counts the result as wrong: 2 of 6, where 2 of 5 that were scored are right."""
    lines = results()
    broken = next(line for line in lines if (line["problem_idx"], line["repeat"]) == (0, 0))
    broken["scoring_details"] |= {"scorer:exact": {"error": "KeyError", "reward": 0.0}}
    log = read(write(tmp_path, lines, scores={**SCORES, "scorer:exact": {"value": 0.3333, "correct": 2, "total": 6}}))
    assert [item.scores["exact"] for item in log.tasks[0].items] == [0.0, 1.0, 0.0]
    assert [one.labels["exact"] for one in log.tasks[0].items[0].completions] == [None, 0.0]
    assert "sums/exact: not compared: the log has no value" in log.warnings


def test_a_file_that_cannot_be_opened_is_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "out" / "sums")
    assert READER.recognises([file])

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert not READER.recognises([file])


def test_neither_a_pipe_nor_another_file_with_such_words_is_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("eval-1.txt", '{"sdk_version": 1, "config_hash": 2}'), ("eval-1.json", '{"config_hash": 2}')):
        (tmp_path / name).write_text(text, "utf-8")
        assert not READER.recognises([tmp_path / name])
    os.mkfifo(tmp_path / "eval-2.json")

    def opened(*_: object) -> None:
        pytest.fail("a pipe was opened")

    monkeypatch.setattr("pathlib.Path.open", opened)
    assert not READER.recognises([tmp_path / "eval-2.json"])


@pytest.mark.parametrize(("length", "is_bundle"), [(4096, True), (4097, False)])
def test_a_bundle_shows_what_it_is_in_its_first_bytes(tmp_path: Path, length: int, is_bundle: bool) -> None:
    file = tmp_path / "eval-1.json"
    file.write_text('{"sdk_version": 1, ' + '"config_hash"'.rjust(length - 19) + ": 1}", "utf-8")
    assert READER.recognises([file]) is is_bundle


SETTINGS: dict[str, Any] = {
    "model": "m", "model_url": "u", "temperature": 0.5, "max_tokens": 5, "top_p": 0.9, "seed": 3, "system_prompt": "s",
    "benchmark": "sums", "repeats": 2, "max_problems": 4, "shuffle_seed": 6,
}  # fmt: skip


def digest(settings: dict[str, Any]) -> str:
    """As the tool writes it: SHA-256 of the sorted JSON of what is set."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", list(SETTINGS))
def test_every_setting_of_the_digest_is_checked(tmp_path: Path, name: str) -> None:
    kept = {one: value for one, value in SETTINGS.items() if one != name}
    for config, made in ((SETTINGS, digest(SETTINGS)), ({**SETTINGS, name: None}, f"sha256:{digest(kept)}")):
        assert read(write(tmp_path, config={**config, "base_url": "x"}, config_hash=made)).tasks
    for edited in (kept, {**SETTINGS, name: "other"}):
        with pytest.raises(EvidenceInvalid, match=r"config does not have the digest config_hash"):
            read(write(tmp_path, config=edited, config_hash=digest(SETTINGS)))
        assert read(write(tmp_path, config=edited, config_hash=None)).tasks


def test_settings_are_those_that_say_how_it_was_asked(tmp_path: Path) -> None:
    config = {
        **SETTINGS, "base_url": "b", "shard_range": [0, 1], "n_shards": 2, "shard": {"total": 2}, "_private": 1,
        "thinking": None, "strategy": "x",
    }  # fmt: skip
    [task] = read(write(tmp_path, config=config, config_hash=digest(SETTINGS))).tasks
    asked = ("temperature", "max_tokens", "top_p", "seed", "system_prompt", "repeats", "max_problems", "shuffle_seed")
    kept = {name: SETTINGS[name] for name in asked}
    assert task.settings == {"harness": "nemo-evaluator 0.3.0", "strategy": "x", **kept}
    assert (task.name, task.data, task.available, task.incomplete) == ("sums", "sums", 9, None)


def test_a_log_of_two_bundles(tmp_path: Path) -> None:
    times = ("2026-01-01T02:00:00+01:00", "2026-01-01T00:30:00", "2026-01-01T00:45:00Z")
    for place, written in enumerate(times):
        write(tmp_path / f"{place}", timestamp=written, name=f"n{place}")
    log = read(tmp_path)
    assert (log.tool, log.model, log.identity) == ("nemo-evaluator 0.3.0", "tiny", {"model": "tiny"})
    assert (log.packages, log.ended_early, log.warnings) == ({"nemo-evaluator": "0.3.0"}, None, [])
    first, last = datetime(2026, 1, 1, 0, 30, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert (log.started, log.finished, log.finished and log.finished.tzinfo) == (first, last, UTC)
    files = ("eval-20260101T000000Z-sums.json", "results.jsonl")
    assert log.files == [tmp_path / folder / name for folder in "012" for name in files]
    write(tmp_path / "1", timestamp="", name="n1", config={**HASHED, "shard": {"total": 4}})
    assert (read(tmp_path).ended_early or "").startswith("n1 is one of 4 shards")
    assert read(tmp_path / "1").started is None
    with pytest.raises(UsageError, match=r"'0001-01-01T00:00:00\+01:00' is not a time"):
        read(write(tmp_path / "1", timestamp="0001-01-01T00:00:00+01:00"))
    with pytest.raises(UsageError, match=r"nemo-evaluator 0\.4\.0, in eval-.*\.json 0\.3\.0: import them separately"):
        read(write(tmp_path / "0"), write(tmp_path / "1", sdk_version="0.4.0"))


def test_scores_of_rewards_and_of_further_scorers(tmp_path: Path) -> None:
    scores = {
        "pass@1": {"value": 0.5},
        "pass@2": {"value": 0.66665},
        "mean_reward": {"value": 0.50005},
        "summary": 5,
        "scorer:exact": {"correct": 3, "total": 6},
        "scorer:none": {"correct": 0, "total": 0},
        "scorer:half": {"total": 6},
        "scorer:text": "x",
    }
    [task] = read(write(tmp_path, scores=scores)).tasks

    def stated(metric: str, of: str, value: float | None, **fields: Any) -> Stated:
        return Stated(metric=metric, definition=Mean(of=f"scores.{of}"), value=value, higher_is_better=True, **fields)

    assert task.stated == [
        stated("mean_reward", "reward", 0.50005, rounding=0.00005, unit="score", primary=True),
        stated("pass_at_1", "reward", 0.5, rounding=0.00005, unit="share", primary=True),
        stated("pass_at_2", "pass_at_2", 0.66665, rounding=0.00005, unit="share"),
        stated("exact", "exact", 0.5, unit="share"),
        stated("none", "none", None, unit="share"),
        stated("half", "half", None, unit="share"),
    ]
    assert list(task.items[0].scores) == ["reward", "pass_at_2", "exact", "none", "half"]
    [task] = read(write(tmp_path, scores={})).tasks
    assert task.stated == [stated("mean_reward", "reward", None, rounding=0.00005, unit="score", primary=True)]


def test_values_of_the_tool_are_compared_as_exactly_as_it_writes_them(tmp_path: Path) -> None:
    """Values of the headline have four decimal places, the mean of the summary all."""
    for value, is_sound in ((0.50005, True), (0.49995, True), (0.5000501, False), (0.4999499, False)):
        file = write(tmp_path, scores={"pass@1": {"value": value}})
        if is_sound:
            assert read(file).tasks
        else:
            with pytest.raises(EvidenceInvalid, match=r"pass@1 is 0\.\d+, the results give 0\.5"):
                read(file)
    for times, shift, is_sound in ((1, 5e-10, True), (1, -1.05e-9, False), (2000, 5e-7, True), (-2000, 2e-6, False)):
        lines = [result(n, repeat, times * 0.5, scoring_details={}) for n in range(3) for repeat in (0, 1)]
        file = write(tmp_path, lines, scores={"summary": {"mean": times * 0.5 + shift}})
        if is_sound:
            assert read(file).tasks
        else:
            with pytest.raises(EvidenceInvalid, match=r"its mean reward is "):
                read(file)


def test_what_is_not_balanced_has_no_value_of_a_scorer_and_no_item_count(tmp_path: Path) -> None:
    """Four results of problem 0, two of problem 1: a mean over results is not one over problems."""
    lines = [result(0, repeat, 1.0) for repeat in range(4)] + [result(1, repeat, 0.0) for repeat in range(2)]
    scores = {"scorer:exact": {"correct": 4, "total": 6}}
    benchmark = {"name": "sums", "scores": scores}
    [task] = read(write(tmp_path, lines, benchmark=benchmark)).tasks
    assert [(one.metric, one.value) for one in task.stated] == [("mean_reward", None), ("exact", None)]
    assert [item.scores["exact"] for item in task.items] == [1.0, 0.0]


def test_repeats_and_model_may_be_missing(tmp_path: Path) -> None:
    config = {"benchmark": "sums"}
    for repeats, name in ((2, "pass_at_2"), (None, "mean_reward")):
        benchmark = {"name": "sums", "repeats": repeats, "scores": {"pass@2": {"value": 0.6667}}}
        log = read(write(tmp_path, config=config, config_hash=None, benchmark=benchmark))
        assert ([one.metric for one in log.tasks[0].stated], log.model) == ([name], "unknown")
    config = {**HASHED, "repeats": 2}
    benchmark = {"name": "sums", "repeats": 3, "scores": {"pass@2": {"value": 0.6667}, "pass@3": {"value": 0.5}}}
    assert [one.metric for one in read(write(tmp_path, config=config, benchmark=benchmark)).tasks[0].stated] == [
        "pass_at_2"
    ]
    for shard in ("1 of 4", None):
        assert read(write(tmp_path, config={**HASHED, "shard": shard})).ended_early is None


def test_missing_results_are_not_compared_with_the_scores(tmp_path: Path) -> None:
    scores = {"pass@1": {"value": 0.9}, "summary": {"mean": 0.9}}
    for change, missing in (
        ({"n_results": 7}, "results.jsonl was truncated: 6 of 7 results"),
        ({"n_results": None}, "eval-20260101T000000Z-sums.json does not say how many results there are"),
    ):
        [task] = read(write(tmp_path, scores=scores, **change)).tasks
        assert task.incomplete == missing
    assert read(write(tmp_path, scores=scores, n_results=7)).warnings == []


def test_warnings_of_what_failed_and_of_what_has_no_value(tmp_path: Path) -> None:
    lines = [failed(0, 0), *(one for one in results() if (one["problem_idx"], one["repeat"]) != (0, 0))]
    for scores, named in (({}, "scores"), ({"pass@1": {"value": None}, "pass@2": {"value": 0.3333}}, "pass@2 0.3333")):
        log = read(write(tmp_path, lines, scores=scores))
        assert log.warnings == [f"sums: 1 of 6 results failed: unscored here, 0 in NeMo Evaluator's {named}"]
        assert all(one.value is None for one in log.tasks[0].stated)
    assert read(write(tmp_path, scores={})).warnings == ["sums/mean_reward: not compared: the log has no value"]


def test_with_one_repeat_there_is_one_pass_at_1(tmp_path: Path) -> None:
    lines = [failed(0, 0), result(1, 0, 1.0)]
    benchmark = {"name": "sums", "scores": {"pass@1": {"value": 0.5}}}
    config = {**HASHED, "repeats": 1}
    log = read(write(tmp_path, lines, config=config, config_hash=None, n_results=2, benchmark=benchmark))
    assert log.warnings == ["sums: 1 of 2 results failed: unscored here, 0 in NeMo Evaluator's pass@1 0.5"]
    assert [one.metric for one in log.tasks[0].stated] == ["pass_at_1"]


def test_a_time_without_a_zone_is_in_utc_wherever_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        log = read(write(tmp_path, timestamp="2026-01-01T00:30:00"))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert log.started == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
