"""A run on an engine of others is certified by the weights or a repeat; where that fails it is partial and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import load_config
from audit.core.errors import BudgetSpent, CheckpointError, ExitCode, Interrupted
from audit.core.progress import Silent
from audit.core.run_folder import RunFolder
from audit.engine import load
from audit.gate.decide import decide, exit_code
from audit.gate.policy import load_policy
from audit.pipeline import audit as pipeline
from audit.pipeline.configuration import choose_tasks
from audit.reports import contents
from audit.reports.render import markdown
from tests.engine.foreign.double import ForeignDouble

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.records import Certificate, RunManifest
    from audit.engine import Engine

QUESTIONS = """question,options,answer
{}"""
pytestmark = pytest.mark.slow
POLICY = "rules: [{metric: own/accuracy, min: 0.001}]\n"


@pytest.fixture(scope="module")
def local(tiny_model: Path) -> Engine:
    return load(str(tiny_model))


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    rows = "".join(f'"Basket {n}: which?","[""a dog"", ""12 apples"", ""Paris {n}""]",a dog\n' for n in range(60))
    (tmp_path / "own.csv").write_text(QUESTIONS.format(rows))
    flags = {
        "model": "some-server",
        "out": tmp_path / "runs",
        "offline": True,
        "explain": {"methods": []},
        "certificate": {"least": 20},
        "evals": {"tasks": [{"name": "own", "file": tmp_path / "own.csv"}], "bootstrap_resamples": 100},
    }
    made = choose_tasks(load_config(flags=flags), [], None, own=[])
    probes = made.safety.model_copy(update={"tasks": []})
    return made.model_copy(update={"safety": probes})


def run(config: RunConfig, served: Engine, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr("audit.pipeline.context.engine_of", lambda _config: served)
    monkeypatch.setattr("audit.pipeline.checks.check_source", lambda _name: None)
    return pipeline.audit(config, Silent())


def certificate(manifest: RunManifest) -> Certificate:
    assert manifest.certificate is not None
    return manifest.certificate


def test_weights_at_hand_certify_a_run(
    config: RunConfig, local: Engine, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = ForeignDouble(local, weights=str(tiny_model))
    done = run(config, served, monkeypatch)
    manifest, found = done.read_manifest(), certificate(done.read_manifest())
    assert manifest.status == "complete"
    assert (found.against, found.faults, found.changed_prompts) == ("weights", [], 0)
    assert found.digest == local.record.digest
    assert 100 <= found.requests < 180  # of 60 items with three options
    assert found.not_asked == []
    assert found.tasks == {"own": found.items}
    assert (found.choices, found.flipped_choices) == (found.items, 0)
    assert found.metrics[0].name.startswith("own/")
    assert served.released
    (tmp_path / "policy.yaml").write_text(POLICY)
    decision = decide(done, load_policy(tmp_path / "policy.yaml"))
    assert [check.verdict for check in decision.checks if check.metric == "run/certificate"] == ["PASS"]
    assert "Certificate of the engine" in markdown.render(contents.read(done))
    assert "Certificate of the engine" in done.report_path.read_text()


def test_a_faulty_engine_makes_the_run_partial(
    config: RunConfig, local: Engine, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(config, ForeignDouble(local, "stale", weights=str(tiny_model)), monkeypatch)
    manifest = done.read_manifest()
    assert manifest.status == "partial"
    assert not manifest.interrupted
    assert any("|Δ log p|" in fault for fault in certificate(manifest).faults)
    assert any("certificate" in remark for remark in manifest.remarks)
    assert "does not hold" in done.report_path.read_text()
    (tmp_path / "policy.yaml").write_text(POLICY)
    decision = decide(done, load_policy(tmp_path / "policy.yaml"))
    judged = {check.metric: check for check in decision.checks}
    assert "certificate" in judged["run/status"].reason
    assert judged["run/certificate"].verdict == "INCONCLUSIVE"
    assert exit_code(decision) == ExitCode.INCOMPLETE


def test_without_weights_the_requests_are_repeated(
    config: RunConfig, local: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = ForeignDouble(local)
    found = certificate(run(config, served, monkeypatch).read_manifest())
    assert (found.against, found.faults, found.digest) == ("repeat", [], None)
    assert "--certify-with" in str(found.why_repeat)
    assert served.forgotten
    assert not served.released


def test_weights_that_cannot_be_loaded_leave_a_repeat_and_the_reason(
    config: RunConfig, local: Engine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_named: object) -> Engine:
        raise CheckpointError("a layer is missing")

    monkeypatch.setattr("audit.pipeline.certificate.certify.load", fails)
    found = certificate(run(config, ForeignDouble(local, weights=str(tiny_model)), monkeypatch).read_manifest())
    assert (found.against, found.why_repeat) == ("repeat", f"the weights of {tiny_model} cannot be loaded")


def test_a_task_that_cannot_be_asked_again_is_a_fault(
    config: RunConfig, local: Engine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.pipeline.certificate.certify._asked", lambda *_: [])
    manifest = run(config, ForeignDouble(local, weights=str(tiny_model)), monkeypatch).read_manifest()
    assert certificate(manifest).not_asked == ["own"]
    assert any("nothing of own was asked again" in fault for fault in certificate(manifest).faults)
    assert manifest.status == "partial"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, BudgetSpent("30m")])
def test_an_interrupted_certificate_leaves_a_run_that_goes_on(
    stop: BaseException, config: RunConfig, local: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = ForeignDouble(local)

    def interrupts() -> None:
        raise stop

    with monkeypatch.context() as during:
        during.setattr(served, "forget", interrupts)
        with pytest.raises(Interrupted) as stopped:
            run(config, served, monkeypatch)
    folder = RunFolder.open(stopped.value.folder or config.out)
    manifest = folder.read_manifest()
    assert (manifest.status, manifest.interrupted, manifest.certificate) == ("partial", True, None)
    finished = pipeline.audit(config, Silent(), resume=folder).read_manifest()
    assert (finished.status, certificate(finished).faults) == ("complete", [])


def test_weights_too_large_for_this_machine_are_not_loaded(
    config: RunConfig, local: Engine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.pipeline.certificate.certify.NEEDED", 1e12)
    found = certificate(run(config, ForeignDouble(local, weights=str(tiny_model)), monkeypatch).read_manifest())
    assert found.against == "repeat"
    assert "GB are free" in str(found.why_repeat)


def test_weights_that_were_named_must_be_there(
    config: RunConfig, local: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = config.certificate.model_copy(update={"weights": "/nowhere"})
    with pytest.raises(CheckpointError, match="nowhere"):
        run(config.model_copy(update={"certificate": named}), ForeignDouble(local), monkeypatch)


def test_a_local_checkpoint_needs_no_certificate(
    config: RunConfig, local: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(config, local, monkeypatch).read_manifest().certificate is None
