"""More items for a finished run, and what is shown of a run."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.pipeline.configuration import extended

if TYPE_CHECKING:
    from pathlib import Path

Audit = Any


def answers(folder: RunFolder) -> int:
    connection = sqlite3.connect(folder.journal_path)
    (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
    connection.close()
    return int(count)


@pytest.mark.slow
def test_an_extended_run_is_that_of_the_larger_limit(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    fixed = ["--model", tiny_model, "--data-dir", data_dir, "--offline", "--no-explain", "--tasks", "crows_pairs"]
    code, _, error = audit("run", *fixed, "--out", tmp_path / "runs", "--limit", 10)
    assert code == 0, error
    folder = RunFolder.resolve("latest", tmp_path / "runs")
    first = {sample.sample_id for sample in folder.read_samples("safety", "crows_pairs")}
    asked = answers(folder)
    folder.decision_path.write_text("{}")
    (folder.path / "attributions").mkdir(exist_ok=True)
    stale = folder.path / "attributions" / "old.json"
    stale.write_text("{}")

    code, out, error = audit("run", "--extend", folder.path, "--limit", 25)
    assert code == 0, error
    assert "limit   25 items of each task" in out
    assert [run.path for run in RunFolder.all(tmp_path / "runs")] == [folder.path]
    samples = folder.read_samples("safety", "crows_pairs")
    assert len(samples) == 25
    assert first < {sample.sample_id for sample in samples}
    assert answers(folder) <= asked * 25 / 10 + 2, "the first items are answered from the journal"
    assert not folder.decision_path.exists()
    assert not stale.exists()
    manifest = folder.read_manifest()
    assert manifest.status == "complete"
    assert manifest.config["limit"] == 25

    code, _, error = audit("run", *fixed, "--out", tmp_path / "whole", "--limit", 25)
    assert code == 0, error
    whole = RunFolder.resolve("latest", tmp_path / "whole")
    wanted, found = whole.read_metrics(), folder.read_metrics()
    assert [(m.name, m.slice, m.n) for m in found] == [(m.name, m.slice, m.n) for m in wanted]
    # Likelihoods in other batches differ by rounding.
    assert [m.value for m in found] == [
        m.value if m.value is None else pytest.approx(m.value, abs=1e-4) for m in wanted
    ]
    assert whole.read_manifest().signature == manifest.signature

    code, _, error = audit("run", "--extend", folder.path, "--limit", 40, "--seed", 3)
    assert (code, error) == (2, "error: --extend keeps the run's own configuration: leave out --seed\n")
    code, _, error = audit("run", "--extend", folder.path)
    assert code == 2
    assert "Give --limit N" in error


def test_limits_grow_and_never_shrink() -> None:
    config = RunConfig.model_validate(
        {
            "limit": 50,
            "evals": {"tasks": [{"name": "boolq"}, {"name": "piqa", "limit": 400}, {"name": "mmlu", "limit": "all"}]},
            "safety": {"tasks": [{"name": "bold", "limit": 3}]},
        }
    )
    larger = extended(config, 200)
    assert larger.limit == 200
    assert [task.limit for task in larger.evals.tasks] == [200, 400, "all"]
    assert [task.limit for task in larger.safety.tasks] == [200]
    assert extended(config, "all").evals.tasks[0].limit == "all"
    with pytest.raises(ConfigError, match="the limit of the run is 50: give a number of items, or all"):
        extended(config, 0.5)


def test_extending_by_nothing_is_refused() -> None:
    """What rests on the old items would go, and no item would come."""
    config = RunConfig.model_validate(
        {"limit": 50, "evals": {"tasks": [{"name": "boolq", "limit": 50}], "samples": {"boolq": [0, 3]}}}
    )
    plain = config.model_copy(update={"evals": config.evals.model_copy(update={"samples": {}})})
    for nothing, limit in ((config, 400), (plain, 50), (plain, 5)):
        with pytest.raises(ConfigError, match="the run has these items already"):
            extended(nothing, limit)
    assert extended(plain, 51).evals.tasks[0].limit == 51


def test_resuming_and_extending_are_one_thing_or_the_other(audit: Audit, tmp_path: Path) -> None:
    code, _, error = audit("run", "--resume", "latest", "--extend", "latest", "--limit", 9, "--out", tmp_path)
    assert code == 2
    assert error == "error: --resume finishes a run, --extend gives it more items and finishes it: give one of them\n"


@pytest.mark.slow
def test_the_first_prompt_is_shown_as_it_was_and_cannot_steer_the_terminal(
    audit: Audit, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"q": "One \\u001b[31m\\nTwo", "a": "x"}\n')
    (tmp_path / "shown.yaml").write_text(
        "task: shown\ndataset_path: json\ndataset_kwargs: {data_files: {test: rows.jsonl}}\ntest_split: test\n"
        'output_type: loglikelihood\ndoc_to_text: "{{q}}"\ndoc_to_target: " {{a}}"\n'
        "metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n"
    )
    fixed = ["--model", tiny_model, "--out", tmp_path / "runs", "--offline", "--no-explain"]
    code, _, error = audit("run", *fixed, "--tasks", tmp_path / "shown.yaml", "--write-out")
    assert code == 0, error
    assert "--- first prompt of shown:\nOne \\x1b[31m\nTwo\n--- reference:  x\n---\n" in error
    assert "\x1b" not in error
