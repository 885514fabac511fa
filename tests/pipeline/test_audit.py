"""An interruption carries the run folder, whichever step it meets; the engine forgets run and listener afterwards."""

from __future__ import annotations

import gc
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from audit.core import assets
from audit.core.config import load_config
from audit.core.errors import ConfigError, Interrupted
from audit.core.progress import Remembering, Silent
from audit.core.run_folder import RunFolder
from audit.engine.journal import Journal
from audit.gate.evidence import seal
from audit.gate.progress import is_going_on
from audit.pipeline import audit as pipeline
from audit.pipeline.configuration import choose_tasks
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.records import RunManifest
    from audit.pipeline.until_decided import UntilDecided


class Heard(Silent):
    """Remembers the run folder."""

    def __init__(self) -> None:
        self.run: RunFolder | None = None

    def began(self, run: RunFolder) -> None:
        self.run = run


@pytest.fixture
def config(tiny_model: Path, tmp_path: Path) -> RunConfig:
    flags = {"model": str(tiny_model), "out": tmp_path / "runs", "offline": True, "explain": {"methods": []}}
    return choose_tasks(load_config(flags=flags), ["personal_data"], 1)


def stop(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("step", "has_folder"),
    [
        ("audit.pipeline.checks.check_source", False),
        ("audit.pipeline.context.engine_of", False),
        ("audit.pipeline.audit.first", False),
        ("audit.pipeline.audit.rated.keep", True),
        ("audit.pipeline.audit.Journal", False),
        ("audit.pipeline.audit._measure", True),
        ("audit.pipeline.audit._suites", True),
    ],
)
def test_the_folder_is_that_which_progress_heard_of(
    config: RunConfig, step: str, has_folder: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, stop)
    heard = Heard()
    with pytest.raises(Interrupted) as raised:
        pipeline.audit(config, heard)
    assert (raised.value.folder is not None) == has_folder
    assert raised.value.folder == (heard.run and heard.run.path)
    if step.endswith("_suites"):
        assert heard.run is not None
        manifest = heard.run.read_manifest()
        assert (manifest.status, manifest.interrupted, manifest.remarks[-1]) == (
            "partial",
            True,
            "interrupted before the end",
        )
    assets.configure()


@pytest.mark.slow
def test_the_gate_sees_that_a_run_is_going_on_whenever_its_manifest_says_so(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first manifest to its last one, both included, and again when it is resumed."""
    seen: list[tuple[str, bool]] = []
    write = RunFolder.write_manifest

    def look(run: RunFolder, manifest: RunManifest) -> None:
        before = is_going_on(run)
        write(run, manifest)
        seen.append((manifest.status, before and is_going_on(run)))

    monkeypatch.setattr(RunFolder, "write_manifest", look)
    run = pipeline.audit(config, Silent())
    assert seen == [("running", True), ("complete", True)]
    assert not is_going_on(run)
    seal(run, run.read_manifest().model_copy(update={"status": "partial"}))
    seen.clear()
    pipeline.audit(config, Silent(), resume=run)
    assert seen == [("running", True), ("complete", True)]


@pytest.mark.slow
def test_nothing_of_a_complete_run_is_computed_again_while_its_files_are_as_it_left_them(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pipeline.audit(config, Silent())
    metrics, manifest = run.metrics_path.read_bytes(), run.manifest_path.read_bytes()
    run.report_path.unlink()
    with monkeypatch.context() as patch:
        patch.setattr("audit.pipeline.audit._measure", stop)
        assert pipeline.audit(config, Silent(), resume=run).path == run.path
        for options in ({"extend": True}, {"write_out": True}):
            with pytest.raises(Interrupted):
                pipeline.audit(config, Silent(), resume=run, **options)
        run.manifest_path.write_bytes(manifest)
    assert run.report_path.exists()
    run.metrics_path.write_bytes(b"[]")
    pipeline.audit(config, Silent(), resume=run)
    assert run.metrics_path.read_bytes() == metrics


def test_a_run_that_goes_on_has_its_folder_from_the_start() -> None:
    folder: Any = object()
    told = Remembering(Silent(), folder)
    assert told.run is folder


def test_the_engine_is_lent(tiny_model: Path, tmp_path: Path) -> None:
    from audit.engine import load

    engine = load(str(tiny_model), offline=True)
    before = engine.progress
    listener = Heard()
    journal = Journal(tmp_path / "journal.sqlite")
    with suppress(InterruptedError), engine.at_work(listener, journal):
        assert (engine.progress, engine.journal) == (listener, journal)
        raise InterruptedError
    journal.close()
    assert (engine.progress, engine.journal) == (before, None)


def test_a_replay_says_so_from_the_start_even_where_its_checkpoint_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.create(tmp_path / "runs", a_manifest(run_id="20260131T120000Z-first-0a1b2c"))
    context: Any = SimpleNamespace(
        config=SimpleNamespace(out=tmp_path / "replays"),
        engine=None,
        data=[],
        policy=None,
        progress=Remembering(Silent()),
    )
    monkeypatch.setattr(pipeline, "first", lambda *_: a_manifest())
    monkeypatch.setattr(pipeline, "_write_card", lambda *_: None)
    pipeline._leave_broken(context, "NaN", run)
    [left] = RunFolder.all(tmp_path / "replays")
    manifest = left.read_manifest()
    assert (manifest.replay_of, manifest.broken) == (run.path.name, "NaN")


@pytest.mark.parametrize(
    ("evals", "option"),
    [({"robustness": {"perturbations": ["typos"]}}, "--perturb"), ({"thinking_budgets": [64]}, "--thinking-budget")],
)
def test_items_are_not_asked_again_while_their_number_is_open(tmp_path: Path, evals: Any, option: str) -> None:
    config = load_config(flags={"out": tmp_path, "evals": evals})
    with pytest.raises(ConfigError, match=f"--until-decided: leave out {option}"):
        pipeline.audit(config, Silent(), until=cast("UntilDecided", SimpleNamespace()))
    assert not [*tmp_path.glob("2*")]


@pytest.mark.parametrize("step", ["prepare", "_run"])
def test_the_garbage_collector_rests_while_a_checkpoint_is_loaded(
    config: RunConfig, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is on again whatever happened; what is measured runs with it."""
    seen: list[bool] = []

    def look(*_: object, **__: object) -> None:
        seen.append(gc.isenabled())
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, step, look)
    if step == "_run":
        monkeypatch.setattr(pipeline, "prepare", lambda *_: SimpleNamespace(engine=SimpleNamespace(close=lambda: None)))
    with pytest.raises(Interrupted):
        pipeline.audit(config, Heard())
    assert seen == [step == "_run"]
    assert gc.isenabled()
    assets.configure()


def test_the_garbage_collector_rests_while_a_card_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setattr("audit.reports.render.card.write_card", lambda _folder: seen.append(gc.isenabled()))
    folder: Any = object()
    pipeline._write_card(folder, Remembering(Silent()))
    assert seen == [False]
    assert gc.isenabled()
