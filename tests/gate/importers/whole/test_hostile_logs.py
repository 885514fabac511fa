"""Logs that would hang, crash or mislead the importers of NeMo Evaluator, EvalScope, HELM and OpenCompass."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.registry import readers
from audit.gate.importers.run import import_log
from tests.gate.importers.conftest import edit
from tests.gate.importers.evalscope import conftest as evalscope
from tests.gate.importers.helm import conftest as helm
from tests.gate.importers.nemo import conftest as nemo
from tests.gate.importers.opencompass import conftest as opencompass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG, REPORT = "configs/task_config.yaml", "reports/tiny/sums.json"
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} {{{', '.join(f'{key}: *{of}' for key in 'pqrstuvw')}}}\n"
    for of, name in zip("abcdefghij", "bcdefghijk", strict=True)
)
"""8^10 lists in half a kilobyte."""
WRITERS: dict[str, Callable[[Path], Path]] = {
    "nemo": lambda folder: nemo.write(folder).parent,
    "evalscope": evalscope.write,
    "helm": helm.write,
    "opencompass": opencompass.write,
}


def fault(tool: str, folder: Path) -> str:
    """The line that an import ends with; it leaves no run."""
    with pytest.raises(UsageError) as caught:
        import_log(readers()[tool], [folder], ImportOptions(), folder.parent / "runs")
    runs = folder.parent / "runs"
    assert not runs.exists() or not list(runs.iterdir())
    return str(caught.value)


def in_adapter(value: object) -> Callable[[Path], object]:
    """Puts a value into both copies of a HELM run's settings."""

    def change(folder: Path) -> None:
        for name in ("run_spec", "scenario_state"):
            edit(folder / f"{name}.json", lambda plain: plain["adapter_spec"].update(stop=value))

    return change


def configured(text: str) -> Callable[[Path], object]:
    """Replaces EvalScope's configuration."""
    return lambda folder: (folder / CONFIG).write_text(text, "utf-8")


def config_of_nemo(folder: Path) -> None:
    edit(folder / nemo.NAME, lambda plain: plain["config"].update(timeout=float("nan")))


def pipe(name: str) -> Callable[[Path], object]:
    """Puts a pipe, which nobody writes to, in place of a file."""

    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return change


def key_of_prediction(folder: Path) -> None:
    edit(folder / "predictions/tiny/qa.json", lambda plain: plain.update({"01": plain["1"]}))


def name_in_bytes(folder: Path) -> None:
    for kind in ("predictions", "results"):
        os.rename(folder / kind / "tiny/qa.json", os.fsencode(folder / kind / "tiny") + b"/\xff.json")  # noqa: PTH104 - a name that is no text


@pytest.mark.parametrize(
    ("tool", "change", "said"),
    [
        ("nemo", config_of_nemo, "JSON compliant: nan"),
        ("nemo", lambda folder: edit(folder / nemo.NAME, lambda p: p["benchmark"].update(name=" ")), "it is empty"),
        ("nemo", pipe("results.jsonl"), "results.jsonl: not a file"),
        ("evalscope", pipe(CONFIG), "task_config.yaml: not a file"),
        ("evalscope", configured("generation_config: {temperature: .nan}"), "JSON compliant: nan"),
        ("evalscope", configured(f"seed: {'9' * 4000}"), "is too large"),
        ("helm", in_adapter(float("nan")), "JSON compliant: nan"),
        ("helm", in_adapter(json.loads("[" * 400 + "]" * 400)), "depth exceeded"),
        ("opencompass", key_of_prediction, 'its keys are not "0", "1"'),
        ("opencompass", name_in_bytes, "no valid Unicode"),
    ],
)
def test_each_is_one_line(tmp_path: Path, tool: str, change: Callable[[Path], object], said: str) -> None:
    folder = WRITERS[tool](tmp_path / "log")
    change(folder)
    line = fault(tool, folder)
    assert said in line
    assert "\n" not in line


def test_a_pipe_by_the_name_of_a_bundle_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "eval-1.json")
    assert [name for name, reader in readers().items() if reader.recognises([tmp_path])] == []


@pytest.mark.parametrize("name", ["../../../outside", "/etc/x", "a\\b"])
def test_a_benchmark_cannot_name_a_file_outside_its_folder(tmp_path: Path, name: str) -> None:
    folder = evalscope.write(tmp_path / "log")
    for subset in ("easy", "hard"):
        text = (folder / f"reviews/tiny/sums_{subset}.jsonl").read_text("utf-8")
        (tmp_path / f"outside_{subset}.jsonl").write_text(text, "utf-8")
    edit(folder / REPORT, lambda plain: plain.update(dataset_name=name))
    assert "names a path" in fault("evalscope", folder)


@pytest.mark.parametrize(
    "where", ["resolved_benchmarks: {sums: {dataset_id: *k}}", "evalscope_version: *k", "repeats: *k"]
)
def test_aliases_of_a_configuration_are_not_written_out(tmp_path: Path, where: str) -> None:
    folder = evalscope.write(tmp_path / "log")
    (folder / CONFIG).write_text(f"{BOMB}{where}\n", "utf-8")
    run = import_log(readers()["evalscope"], [folder], ImportOptions(), tmp_path / "runs")
    assert run.manifest_path.stat().st_size < 20_000
    settings: dict[str, Any] = run.read_manifest().tasks["sums_easy"]
    assert settings == {"harness": "evalscope unknown"}
