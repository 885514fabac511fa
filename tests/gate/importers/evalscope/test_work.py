"""Work folders of EvalScope: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.evalscope.work import READER
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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: !!python/object/apply:os.system [touch x]", r"task_config\.yaml.*could not determine a constructor"),
        ("a: {" + "x" * 2**20, r"larger than 1,048,576 bytes"),
    ],
)
def test_a_hostile_configuration_is_one_line(tmp_path: Path, text: str, fault: str) -> None:
    (write(tmp_path) / "configs" / "task_config.yaml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=fault):
        read(tmp_path)


def test_aliases_of_a_configuration_are_not_unfolded(tmp_path: Path) -> None:
    """Nine levels of ten aliases would be a billion values."""
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    bomb = f"a0: &a0 [x]\n{levels}generation_config: {{stop: *a9, temperature: 1}}\nmodel_args: {{x: *a9}}\n"
    (write(tmp_path) / "configs" / "task_config.yaml").write_text(bomb, "utf-8")
    log = read(tmp_path)
    assert log.tasks[0].settings["generation"] == {"temperature": 1}
    assert log.identity == {"model": "tiny", "model_args": {}}


def test_reviews_are_counted_by_the_metrics_where_the_summary_is_missing(tmp_path: Path) -> None:
    """Two of four reviews have the same mean as all."""
    values = {"easy": (0.5, 4), "hard": (0.5, 2)}
    rows = {"easy": [review(0, 1.0), review(1, 0.0)]}
    log = read(write(tmp_path, rows, metrics=[metric(values={"easy": values["easy"]})], execution_summary=None))
    assert log.tasks[0].incomplete == "sums_easy.jsonl was truncated: 2 of 4 reviews"
    whole = read(write(tmp_path / "2", rows, metrics=[metric(values={"easy": (0.5, 2)})], execution_summary=None))
    assert whole.tasks[0].incomplete is None
