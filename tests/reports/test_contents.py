from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import RunFolderError
from audit.reports import contents
from tests.reports.errors.test_crossed import attempts, metrics_of
from tests.reports.pages import card_of
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


def test_every_metric_is_in_exactly_one_place(shared_run: RunFolder) -> None:
    read = contents.read(shared_run)
    placed = [
        m for task in read.tasks for m in (*task.metrics, *task.slices, *([task.unscored] if task.unscored else []))
    ]
    key = lambda metric: (metric.name, str(metric.slice))  # noqa: E731 - used twice, in place
    assert sorted(placed, key=key) == sorted(shared_run.read_metrics(), key=key)
    assert [(task.suite, task.task) for task in read.tasks] == [("evals", "boolq"), ("safety", "crows_pairs")]
    assert read.metrics_sha256 == hashlib.sha256(shared_run.metrics_path.read_bytes()).hexdigest()


def test_samples_without_metrics_still_show(make_run: Callable[..., RunFolder], records: Records) -> None:
    run = make_run(status="running", finished=None)
    run.write_samples("safety", "crows_pairs", [records["sample"]("crows_pairs", 1, score=1.0)])
    run.write_samples("evals", "boolq", records["boolq"](3))
    read = contents.read(run)
    assert [task.task for task in read.tasks] == ["boolq", "crows_pairs"]
    assert all(task.analysis for task in read.tasks)
    assert read.metrics_sha256 == ""


def test_explanations_follow_the_configured_order(full_run: RunFolder, records: Records) -> None:
    sample = records["boolq"](1)[0]
    for method in ("a_method", "attention_rollout"):
        full_run.write_attribution(records["attribution"](sample, method=method, attribution_id=f"0-{method}"))
    changed = full_run.read_manifest()
    changed = changed.model_copy(update={"config": {"explain": {"methods": ["occlusion", "attention_rollout"]}}})
    full_run.write_manifest(changed)
    sealed(full_run)
    (boolq, _) = contents.read(full_run).tasks
    assert [a.method for a in boolq.attributions] == ["occlusion", "attention_rollout", "a_method"]


def test_a_broken_samples_file_is_one_clear_error(full_run: RunFolder) -> None:
    full_run.samples_path("evals", "boolq").write_bytes(b"PAR1 truncated")
    sealed(full_run)
    with pytest.raises(RunFolderError, match=r"boolq\.parquet"):
        contents.read(full_run)


def test_attacks_that_succeed_are_a_table_by_category_and_family(make_run: Callable[..., RunFolder]) -> None:
    tried = attempts()
    run = make_run(metrics_of(tried), config={"safety": {"tasks": [{"name": "jailbreaks"}]}})
    run.write_samples("safety", "jailbreaks", tried)
    html, page = card_of(run)
    assert "Attacks that succeed, by category and family" in " ".join("".join(page.text).split())
    (last,) = [row for row in page.all("tr") if row.get("class") == "margin"]
    assert last
    assert 'title="A: chemistry, plain: ' in html
