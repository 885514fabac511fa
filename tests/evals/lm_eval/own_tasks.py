"""Task files of a user: two tasks and their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: rows.jsonl}}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{q}}}}"
doc_to_target: " {{{{a}}}}"
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def write_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tasks ``mine`` and ``yours`` and the group ``both``; the cache of datasets is there, too."""
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "rows.jsonl").write_text('{"q": "One", "a": "x"}\n{"q": "Two", "a": "y"}\n')
    for name in ("mine", "yours"):
        (folder / f"{name}.yaml").write_text(TASK.format(name=name))
    rule = "aggregate_metric_list: [{metric: acc, weight_by_size: true}]"
    (folder / "both.yaml").write_text(f"group: both\ntask: [mine, yours]\n{rule}\n")
    return folder
