"""Configurations in work folders of EvalScope: what is kept of them, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from tests.gate.importers.evalscope.conftest import read, write

if TYPE_CHECKING:
    from pathlib import Path


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


def test_without_a_configuration_nothing_is_known_of_it(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "configs" / "task_config.yaml").unlink()
    log = read(folder)
    assert (log.tool, log.tasks[0].settings) == ("evalscope unknown", {"harness": "evalscope unknown"})
    for version, known in (("1.14", "1.14"), ("[1]", "unknown"), ("2", "2"), ("abc", "abc")):
        (folder / "configs" / "task_config.yaml").write_text(f"evalscope_version: {version}", "utf-8")
        assert read(folder).tool == f"evalscope {known}"


ASKED = {
    "dataset_id": "d", "dataset_revision": "r", "eval_split": "e", "train_split": "t", "few_shot_num": 0,
    "few_shot_random": False, "prompt_template": "p", "few_shot_prompt_template": "f", "system_prompt": "s",
    "query_template": "q", "shuffle": True, "shuffle_choices": True, "metric_list": [{"acc": 1}],
    "aggregation": {"pass": 1.5},
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("[1, a, 0.5, true]", True),
        ("{a: 1, b: [x]}", True),
        ("[{a: 1}]", False),
        ("[1, {a: 1}]", False),
        ("{a: {b: 1}}", False),
        ("{a: 1, b: {c: 1}}", False),
        ("{1: a}", False),
        ("{a: [[1]]}", False),
        ("2026-01-01", False),
        (str(list(range(1000))), True),
        (str(list(range(1001))), False),
        (str({f"k{n}": n for n in range(1000)}).replace("'", ""), True),
        (str({f"k{n}": n for n in range(1001)}).replace("'", ""), False),
    ],
)
def test_settings_are_flat(tmp_path: Path, value: str, is_kept: bool) -> None:
    (write(tmp_path) / "configs" / "task_config.yaml").write_text(
        f"resolved_benchmarks: {{sums: {{aggregation: {value}, other: 1}}}}", "utf-8"
    )
    assert ("aggregation" in read(tmp_path).tasks[0].settings) is is_kept


def test_settings_of_a_benchmark(tmp_path: Path) -> None:
    file = write(tmp_path) / "configs" / "task_config.yaml"
    generation = {"batch_size": 1, "stream": True, "timeout": 5, "retries": 2, "top_p": 0.5, "stop": ["a"]}
    plain: dict[str, Any] = {"repeats": 3, "seed": 42, "generation_config": generation, "other": 1}
    file.write_text(json.dumps(plain | {"resolved_benchmarks": {"sums": ASKED, "more": {"seed": 1}}}), "utf-8")
    kept = {name: value for name, value in ASKED.items() if name != "metric_list"}
    known = {"repeats": 3, "seed": 42, "generation": {"top_p": 0.5, "stop": ["a"]}, "harness": "evalscope unknown"}
    assert read(tmp_path).tasks[0].settings == kept | known
    for resolved in (["sums"], {"sums": "x"}, {"more": ASKED}):
        file.write_text(json.dumps(plain | {"resolved_benchmarks": resolved}), "utf-8")
        assert read(tmp_path).tasks[0].settings == known
    file.write_text('{"generation_config": {"stream": true}, "model_args": [1]}', "utf-8")
    assert read(tmp_path).tasks[0].settings == {"harness": "evalscope unknown"}


@pytest.mark.slow
@pytest.mark.parametrize(("size", "is_read"), [(2**20, True), (2**20 + 1, False)])
def test_a_configuration_has_a_largest_size(tmp_path: Path, size: int, is_read: bool) -> None:
    (write(tmp_path) / "configs" / "task_config.yaml").write_text("a: 1 #".ljust(size, "x"), "utf-8")
    if is_read:
        assert read(tmp_path).tasks
    else:
        with pytest.raises(UsageError, match=r"task_config\.yaml: larger than 1,048,576 bytes"):
            read(tmp_path)


def test_a_configuration_that_is_no_file_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path) / "configs" / "task_config.yaml"
    file.unlink()
    file.mkdir()
    with pytest.raises(UsageError, match=r"task_config\.yaml: not a file"):
        read(tmp_path)
