"""Work folders of EvalScope: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.contract import Stated
from audit.gate.importers.evalscope.work import READER
from audit.stats.definitions import Mean
from tests.gate.importers.conftest import by_name, imported
from tests.gate.importers.evalscope.conftest import CONFIG, SCORES, metric, metrics, prediction, read, review, write
from tests.gate.importers.evalscope.conftest import write_lines as lines

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_becomes_a_run_with_the_values_of_the_tool(tmp_path: Path) -> None:
    run = imported(tmp_path / "runs", write(tmp_path / "out"))
    assert {name: (one.value, one.n) for name, one in by_name(run).items() if one.metric == "accuracy"} == {
        "sums_easy/accuracy": (pytest.approx(2 / 3, abs=1e-12), 3),
        "sums_hard/accuracy": (0.5, 2),
        "sums/accuracy": (pytest.approx(3 / 5, abs=1e-12), 5),
    }
    manifest = run.read_manifest()
    assert (manifest.status, manifest.model.name, manifest.packages["evalscope"]) == ("complete", "tiny", "1.14.1")
    assert manifest.tasks["sums_easy"] == {
        "dataset_id": "data",
        "few_shot_num": 2,
        "metric_list": ["acc"],
        "generation": {"max_tokens": 16, "temperature": 0.5},
        "repeats": 1,
        "harness": "evalscope 1.14.1",
    }
    assert manifest.items_available == {"sums_easy": 3, "sums_hard": 2}


def test_one_subset_is_the_task_itself(tmp_path: Path) -> None:
    rows = {"easy": [review(n, one) for n, one in enumerate(SCORES["easy"])]}
    log = read(write(tmp_path, rows, metrics=[metric(values={"easy": (0.6667, 3)})]))
    assert [task.name for task in log.tasks] == ["sums"]
    found = metrics(log)["accuracy"]
    assert (found.unit, found.higher_is_better, found.primary) == ("share", True, True)


def test_it_is_recognised_by_reports_and_reviews(tmp_path: Path) -> None:
    assert registry.reader_for([write(tmp_path)], None) is READER
    assert not READER.recognises([tmp_path / "reports"])
    assert not READER.recognises([tmp_path / "reports" / "tiny" / "sums.json"])
    with pytest.raises(UsageError, match=r"no reports/MODEL/BENCHMARK\.json: give the work folder"):
        read(tmp_path / "reviews")


def test_a_subset_that_sums_up_others_is_no_task(tmp_path: Path) -> None:
    stated = metric()
    stated["categories"][0]["subsets"].append({"name": "all", "score": 0.6, "num": 5, "is_aggregate": True})
    assert len(read(write(tmp_path, metrics=[stated])).tasks) == len(read(write(tmp_path)).tasks)


def test_metrics_that_do_not_follow_are_null_with_the_reason(tmp_path: Path) -> None:
    vote = metric(identity={"name": "accuracy", "aggregation": "vote_at_k", "dimensions": {"k": 2}})
    broken = [review(0, None, value={"acc": 1.0, "f1": 0.0}, metadata={"metric_errors": {"f1": "LookupError"}})]
    rows = {"easy": broken, "hard": [review(0, 0.5)]}
    values = {"easy": (1.0, 1), "hard": (0.5, 1)}
    stated = [metric(values=values), vote, metric("f1", {"easy": (0.0, 1)}), metric("strange", {"easy": (0.0, 1)})]
    found = metrics(read(write(tmp_path, rows, metrics=stated)))
    assert found["accuracy"].value == 1.0
    assert {name: (one.value, one.error) for name, one in found.items() if one.error} == {
        "accuracy_vote_at_2": (None, "EvalScope's vote_at_k has no definition here; the log says 0.6667"),
        "f1": (None, "the metric raised an error on 1 samples, which EvalScope counts as 0; the log says 0"),
        "strange": (None, "no score of the samples is known to give it; the log says 0"),
    }


def test_uneven_repeats_are_no_contradiction(tmp_path: Path) -> None:
    """Over three reviews the mean is 1/3, over two samples 1/4."""
    rows = [review(0, 1.0, group=0), review(1, 0.0, group=0, repeat=1), review(2, 0.0, group=1)]
    values = {"easy": (0.3333, 3)}
    log = read(write(tmp_path, {"easy": rows}, metrics=[metric(values=values)]))
    assert metrics(log)["accuracy"].error == ("the log says 0.3333, the samples give 0.25 by the nearest definition")


def test_a_failed_request_that_the_tool_scored_is_no_contradiction(tmp_path: Path) -> None:
    folder = write(tmp_path)
    lines(folder / "predictions/tiny/sums_easy.jsonl", [prediction(1, error="HTTP 500")])
    assert metrics(read(folder))["accuracy"].error == (
        "the log says 0.6667, the samples give 1 by the nearest definition"
    )


def test_repeats_are_one_sample_of_those_that_were_asked_for(tmp_path: Path) -> None:
    rows = [review(n, 1.0, group=n // 2, repeat=n % 2) for n in range(4)]
    log = read(write(tmp_path, {"easy": rows}, metrics=[metric(values={"easy": (1.0, 4)})]))
    assert (log.tasks[0].available, len(log.tasks[0].items)) == (2, 2)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"metrics": [metric(values={"easy": (0.6669, 3), "hard": (0.5, 2)})]},
            r"sums_easy/accuracy: the log says 0\.6669",
        ),
        (
            {"execution_summary": {"subsets": {"easy": {"succeeded": 2}}}},
            r"it is about 2 samples of easy, sums_easy\.jsonl has 3",
        ),
    ],
)
def test_a_report_that_contradicts_its_reviews_is_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(EvidenceInvalid, match=fault):
        metrics(read(write(tmp_path, **change)))


def test_what_is_missing_makes_the_run_partial(tmp_path: Path) -> None:
    folder = write(tmp_path)
    lines(folder / "reviews/tiny/sums_easy.jsonl", [review(n, 1.0) for n in range(2)])
    lines(folder / "predictions/tiny/sums_easy.jsonl", [prediction(n) for n in range(3)])
    log = read(folder)
    assert log.tasks[0].incomplete == "sums_easy.jsonl was truncated: 2 of 3 reviews"
    assert metrics(log)["accuracy"].value is None
    counts = {"easy": {"requested": 4, "succeeded": 3}, "hard": {"succeeded": 2}}
    summary = {"requested": 6, "succeeded": 5, "errored": 1, "subsets": counts}
    log = read(write(tmp_path / "other", execution_summary=summary))
    assert log.ended_early == "sums: EvalScope failed on 1 of 6 samples"
    assert log.tasks[0].available == 4
    assert metrics(log)["accuracy"].value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"schema_version": 1}, r"a report of format 1, this program reads 2"),
        ({"schema_version": None}, r"a report of format 1, this program reads 2"),
        ({"metrics": [3]}, r"an entry of its metrics is not an object"),
        ({"metrics": {}}, r"'metrics' is an object"),
    ],
)
def test_a_report_that_cannot_be_read_is_one_line(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        read(write(tmp_path, **change))


def test_two_models_and_two_configurations_are_refused(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "two", model_name="large", dataset_name="sums")
    with pytest.raises(UsageError, match=r"model large, in sums\.json tiny: import them separately"):
        read(one, other)
    (one / "configs" / "task_config_2.yaml").write_text(CONFIG, "utf-8")
    with pytest.raises(UsageError, match=r"2 configurations: which of them gave the answers\?"):
        read(one)
    (other / "configs" / "task_config.yaml").write_text("", "utf-8")
    with pytest.raises(UsageError, match=r"task_config\.yaml: the file is empty: copy it again$"):
        read(other)


def test_reviews_are_counted_by_the_metrics_where_the_summary_is_missing(tmp_path: Path) -> None:
    """Two of four reviews have the same mean as all."""
    values = {"easy": (0.5, 4), "hard": (0.5, 2)}
    rows = {"easy": [review(0, 1.0), review(1, 0.0)]}
    log = read(write(tmp_path, rows, metrics=[metric(values={"easy": values["easy"]})], execution_summary=None))
    assert log.tasks[0].incomplete == "sums_easy.jsonl was truncated: 2 of 4 reviews"
    whole = read(write(tmp_path / "2", rows, metrics=[metric(values={"easy": (0.5, 2)})], execution_summary=None))
    assert whole.tasks[0].incomplete is None


def test_a_log_names_its_files_and_where_they_come_from(tmp_path: Path) -> None:
    folder = write(tmp_path)
    lines(folder / "predictions/tiny/sums_hard.jsonl", [prediction(n) for n in range(2)])
    (folder / "configs" / "task_config.yaml").write_text(CONFIG.replace("{}", "{dtype: bf16, x: {}}"), "utf-8")
    log = read(folder)
    assert (log.tool, log.model, log.packages) == ("evalscope 1.14.1", "tiny", {"evalscope": "1.14.1"})
    assert log.identity == {"model": "tiny", "model_args": {"dtype": "bf16"}}
    assert [str(file.relative_to(folder)) for file in log.files] == [
        "reports/tiny/sums.json",
        "configs/task_config.yaml",
        "reviews/tiny/sums_easy.jsonl",
        "reviews/tiny/sums_hard.jsonl",
        "predictions/tiny/sums_hard.jsonl",
    ]
    assert (log.ended_early, log.warnings) == (None, [])
    assert [(task.name, task.data, task.members) for task in log.tasks] == [
        ("sums_easy", "sums/easy", ()),
        ("sums_hard", "sums/hard", ()),
        ("sums", "sums", ("sums_easy", "sums_hard")),
    ]
    assert log.tasks[2].settings == log.tasks[0].settings


PASS = {"name": "accuracy", "aggregation": "pass_at_k", "dimensions": {"k": 2}}


def test_what_is_stated_of_subsets_and_of_their_group(tmp_path: Path) -> None:
    rows = {
        "easy": [review(n, one, group=0, repeat=n) for n, one in enumerate((1.0, 0.0))],
        "hard": [review(n, 2.0, value={"acc": 2.0, "loss": 3.0}) for n in range(2)],
    }
    lower = {"direction": "lower_is_better", "value_range": {"min": 0, "max": 10}}
    both = {"easy": (0.5, 2), "hard": (2.0, 2)}
    stated = [
        metric("loss", {"hard": (3.0, 2)}, semantics=lower, score=3.0),
        metric(values=both, score=1.5, semantics=None),
        metric(values={"easy": (1.0, 1)}, identity=PASS, score=1.0, semantics={"value_range": {"min": 0, "max": 1}}),
    ]
    hard, easy, group = read(write(tmp_path, rows, metrics=stated)).tasks

    def of(name: str, value: float, **fields: Any) -> Stated:
        return Stated(metric=name, definition=Mean(of=f"scores.{name}"), value=value, **{"rounding": 0.5e-4, **fields})

    assert easy.stated == [
        of("accuracy", 0.5, primary=True),
        of("accuracy_pass_at_2", 1.0, unit="share"),
    ]
    assert hard.stated == [of("loss", 3.0, higher_is_better=False), of("accuracy", 2.0, primary=True)]
    assert group.stated == [
        of("loss", 3.0, higher_is_better=False, rounding=1e-4, certain=False),
        of("accuracy", 1.5, primary=True, rounding=1e-4, certain=False),
        of("accuracy_pass_at_2", 1.0, unit="share", rounding=1e-4, certain=False),
    ]
    assert [item.scores for item in easy.items] == [{"accuracy": 0.5, "accuracy_pass_at_2": 1.0}]
    assert [list(item.scores.items()) for item in hard.items] == [[("accuracy", 2.0), ("loss", 3.0)]] * 2
    plain = read(write(tmp_path / "2", rows, metrics=stated, primary_metric_identity=None)).tasks[0]
    assert [one.primary for one in plain.stated] == [False, False]


def test_an_aggregation_or_a_score_that_is_unknown_has_no_definition(tmp_path: Path) -> None:
    vote = {"name": "accuracy", "aggregation": "vote_at_k", "dimensions": {"k": 2}}
    rows = {"easy": [review(0, 1.0, value={"acc": 1.0, "accuracy": 0.0})]}
    [task] = read(
        write(
            tmp_path,
            rows,
            metrics=[metric(values={"easy": (1.0, 1)}, identity=vote), metric(values={"easy": (1.0, 1)})],
        )
    ).tasks
    assert [(one.metric, one.definition, one.certain) for one in task.stated] == [
        ("accuracy_vote_at_2", None, True),
        ("accuracy", None, True),
    ]
    assert [one.reason for one in task.stated] == [
        "EvalScope's vote_at_k has no definition here",
        "no score of the samples is known to give it",
    ]
    assert task.items[0].scores == {}


def test_a_mean_is_certain_where_each_sample_has_as_many_scores(tmp_path: Path) -> None:
    even = [review(n, 1.0, group=n // 2, repeat=n % 2) for n in range(4)]
    lost = [review(4, None, group=2, status="parse_error"), review(5, None, group=2, repeat=1, status="parse_error")]
    for rows, certain in ((even, True), (even + lost, True), (even[:3], False), (even + lost[:1], True)):
        [task] = read(write(tmp_path, {"easy": rows}, metrics=[metric(values={"easy": (1.0, 2)})])).tasks
        assert task.stated[0].certain is certain


@pytest.mark.parametrize(
    ("summary", "num", "missing", "available"),
    [
        ({"easy": {"succeeded": 3, "requested": 3}}, 3, None, 3),
        ({"easy": {"succeeded": 4, "requested": 9}}, 3, "3 of 4", 9),
        ({"easy": {"succeeded": 3}}, 4, "3 of 4", None),
        ({"easy": {"succeeded": "x"}}, None, None, None),
        ({"easy": 5}, 3, None, None),
        ({}, 0, None, None),
    ],
)
def test_reviews_and_samples_are_counted(
    tmp_path: Path, summary: dict[str, Any], num: int | None, missing: str | None, available: int | None
) -> None:
    rows = {"easy": [review(n, one) for n, one in enumerate(SCORES["easy"])]}
    stated = [metric(values={"easy": (0.6667, num)}), metric(values={"easy": (1.0, 50)}, identity=PASS)]
    [task] = read(write(tmp_path, rows, metrics=stated, execution_summary={"subsets": summary})).tasks
    assert task.incomplete == (f"sums_easy.jsonl was truncated: {missing} reviews" if missing else None)
    assert task.available == available


def test_samples_that_were_not_reviewed_do_not_count_as_reviews(tmp_path: Path) -> None:
    rows = {"easy": [review(n, one) for n, one in enumerate(SCORES["easy"])]}
    folder = write(tmp_path, rows, metrics=[metric(values={"easy": (0.6667, 3)})])
    lines(folder / "predictions/tiny/sums_easy.jsonl", [prediction(n) for n in range(4)])
    [task] = read(folder).tasks
    assert (task.incomplete, len(task.items)) == (None, 4)


def test_a_subset_without_a_metric_is_a_task_as_well(tmp_path: Path) -> None:
    summary = {"subsets": {"hard": {"succeeded": 2}, "easy": {"succeeded": 3}}}
    log = read(write(tmp_path, metrics=[metric(values={"easy": (0.6667, 3)})], execution_summary=summary))
    assert [(task.name, len(task.stated), len(task.items)) for task in log.tasks] == [
        ("sums_easy", 1, 3),
        ("sums_hard", 0, 2),
        ("sums", 1, 0),
    ]


@pytest.mark.parametrize("name", ["../x", "a\\b", "a\0b"])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    for change in ({"dataset_name": name}, {"metrics": [metric(values={name: (1.0, 1)})]}):
        with pytest.raises(UsageError, match=r"names a path: names of benchmarks have no / or"):
            read(write(tmp_path, **change))


@pytest.mark.parametrize(
    "change",
    [{"categories": [1]}, {"categories": [{"subsets": ["x"]}]}, {"identity": None}],
)
def test_an_entry_of_another_form_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"sums\.json: an entry of its metrics is not an object"):
        read(write(tmp_path, metrics=[metric(**change)]))


def test_two_reports_of_other_versions_are_refused_and_each_is_read(tmp_path: Path) -> None:
    one, other = (
        write(tmp_path / "one"),
        write(tmp_path / "two", dataset_name="more", execution_summary={"errored": 2, "requested": 7}),
    )
    (other / "configs" / "task_config.yaml").write_text("evalscope_version: 1.13", "utf-8")
    for name in ("easy", "hard"):
        (other / f"reviews/tiny/sums_{name}.jsonl").rename(other / f"reviews/tiny/more_{name}.jsonl")
    with pytest.raises(UsageError, match=r"evalscope 1\.13, in sums\.json 1\.14\.1: import them separately"):
        read(one, other)
    (other / "configs" / "task_config.yaml").write_text(CONFIG, "utf-8")
    log = read(one, other)
    assert ([task.name for task in log.tasks][::3], len(log.tasks)) == (["sums_easy", "more_easy"], 6)
    assert log.ended_early == "more: EvalScope failed on 2 of 7 samples"
    assert READER.NAME == "evalscope"
    assert READER.recognises([one, other])
    assert not READER.recognises([one, tmp_path])
    (other / "reviews").rename(other / "old")
    assert not READER.recognises([other])
    (one / "reports").rename(one / "old")
    assert not READER.recognises([one])


def test_a_metric_without_a_value_is_not_compared(tmp_path: Path) -> None:
    rows = {"easy": [review(0, 1.0)]}
    log = read(write(tmp_path, rows, metrics=[metric(values={"easy": (None, 1)})]))
    assert log.warnings == ["sums/accuracy: not compared: the log has no value"]


def test_a_folder_without_reports_is_named(tmp_path: Path) -> None:
    write(tmp_path / "one")
    with pytest.raises(UsageError, match=r"two: no reports/MODEL/BENCHMARK\.json"):
        read(tmp_path / "one", tmp_path / "two")
    with pytest.raises(UsageError, match=r"a report of format 3, this program reads 2"):
        read(write(tmp_path / "one", schema_version=3))


def test_the_largest_number_of_scores_says_how_many_reviews_there_were(tmp_path: Path) -> None:
    rows = {"easy": [review(n, 1.0) for n in range(3)]}
    stated = [metric(values={"easy": (1.0, 3)}), metric("f1", {"easy": (1.0, 4)})]
    [task] = read(write(tmp_path, rows, metrics=stated, execution_summary=None)).tasks
    assert task.incomplete == "sums_easy.jsonl was truncated: 3 of 4 reviews"
    [task] = read(write(tmp_path, rows, metrics=[metric(values={"easy": (1.0, 9)}, identity=PASS)])).tasks
    assert task.incomplete is None


def test_scores_of_items_are_those_of_definitions_the_primary_one_first(tmp_path: Path) -> None:
    vote = {"name": "accuracy", "aggregation": "vote_at_k", "dimensions": {"k": 2}}
    primary = {"name": "loss", "aggregation": "mean", "dimensions": {}}
    rows = {"easy": [review(n, 0.0, group=n // 2, repeat=n % 2, value={"acc": 1.0, "loss": 2.0}) for n in range(4)]}
    values = {"easy": (1.0, 4)}
    stated = [metric(values=values), metric(values=values, identity=vote), metric("loss", {"easy": (2.0, 4)})]
    summary = {"subsets": {"easy": {"requested": 5, "succeeded": 4}}}
    changes = {"primary_metric_identity": primary, "execution_summary": summary}
    [task] = read(write(tmp_path, rows, metrics=stated, **changes)).tasks
    assert [(list(item.scores.items()), item.score) for item in task.items] == [
        ([("loss", 2.0), ("accuracy", 1.0)], 2.0)
    ] * 2
    assert task.available == 2
