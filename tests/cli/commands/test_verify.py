"""``audit verify``, and the signature of ``audit gate`` that it checks: lines, JSON and exit codes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785

from audit.cli.commands import verify
from audit.core.run_folder import RunFolder
from audit.gate.binding.kept_policy import path_in
from audit.gate.evidence import seal
from audit.gate.signing import envelope, keys
from audit.gate.signing import verify as verification
from audit.gate.signing.recompute import Recomputed
from tests.gate.test_evidence import write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

POLICY = "rules: [{metric: boolq/accuracy, min: 20}]\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that was judged under ``policy.yaml`` and signed with ``audit.key``."""
    from audit.gate.binding.kept_policy import keep
    from audit.gate.decide import decide
    from audit.gate.policy import load_policy
    from audit.gate.signing.sign import sign

    home = tmp_path_factory.mktemp("made")
    run = write_run(home / "runs")
    (home / "policy.yaml").write_text(POLICY)
    keep(run, load_policy(home / "policy.yaml"))
    run.write_decision(decide(run, load_policy(home / "policy.yaml")))
    keys.make(home / "audit.key")
    keys.make(home / "other.key")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(keys.VARIABLE, str(home / "audit.key"))
        key = keys.signing_key()
    assert key is not None
    sign(run, key)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, as the current folder."""
    copied = shutil.copytree(made, tmp_path / "home")
    monkeypatch.chdir(copied)
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    return copied


@pytest.fixture
def run(home: Path) -> RunFolder:
    return RunFolder.resolve("latest", home / "runs")


def test_a_signed_run(audit: Audit, run: RunFolder) -> None:
    key_id = keys.key_id(keys.public_key(run.path.parents[1] / "audit.pub"))
    code, out, error = audit("verify", "latest", "--key", "audit.pub")
    assert (code, error) == (0, "")
    assert out.splitlines() == [
        "checkpoint: tiny sha256:ab (checkpoint-audit; no folder of the checkpoint at hand: the run loaded ./tiny)",
        f"VALID: 10 files, decision PASS, signed with {key_id}",
    ]
    code, out, _ = audit("verify", run.path)
    assert code == 0
    assert out.splitlines()[-2:] == [
        "signed, but the signature was not checked: give its public key with --key",
        "VALID, SIGNATURE NOT CHECKED: 10 files, decision PASS",
    ]


def test_an_unsigned_run(audit: Audit, run: RunFolder) -> None:
    (run.path / envelope.NAME).unlink()
    code, out, _ = audit("verify", "latest")
    assert (code, out.splitlines()) == (
        0,
        [
            "not signed: whoever can write this folder can change it unnoticed",
            "VALID, NOT SIGNED: 8 files, decision PASS",
        ],
    )
    code, out, _ = audit("verify", "latest", "--key", "audit.pub")
    assert code == 12
    assert out.splitlines()[0].startswith(f"{envelope.NAME}: it is missing")
    assert out.splitlines()[-1] == "INVALID: 1 contradiction"


def test_a_run_that_has_not_ended_is_not_valid(audit: Audit, run: RunFolder) -> None:
    (run.path / envelope.NAME).unlink()
    begun = {"status": "running", "finished": None, "evidence": {}}
    run.write_manifest(run.read_manifest().model_copy(update=begun))
    code, out, _ = audit("verify", "latest")
    lines = out.splitlines()
    assert code == 12
    assert lines[0].startswith("manifest.json: the run has not ended, so there are no digests to compare its files")
    assert lines[-1] == "INVALID: 1 contradiction"


def test_a_card_is_not_called_valid(audit: Audit, run: RunFolder) -> None:
    run.report_path.parent.mkdir()
    run.report_path.write_text("<html>100 %</html>")
    code, out, _ = audit("verify", "latest", "--key", "audit.pub")
    assert (code, "not checked: report/, which is no evidence" in out) == (0, True)


def test_every_contradiction_is_a_line(audit: Audit, run: RunFolder) -> None:
    run.drivers_path.unlink()
    run.metrics_path.write_text("[]")
    code, out, _ = audit("verify", run.run_id, "--key", "other.pub")
    lines = out.splitlines()
    assert code == 12
    assert lines[0].startswith(f"{envelope.NAME}: it is signed with another key")
    assert [line.split(":")[0] for line in lines[1:3]] == ["metrics.json", "drivers.json"]
    assert lines[-1] == "INVALID: 3 contradictions"


def test_a_long_list_of_contradictions_is_cut(audit: Audit, run: RunFolder) -> None:
    for index in range(verify.MOST + 7):
        (run.path / "attributions" / f"{index}.json").write_text("{}")
    code, out, _ = audit("verify", "latest", "--key", "audit.pub")
    lines = out.splitlines()
    assert (code, lines[-1]) == (12, "INVALID: 57 contradictions")
    assert sum("it was added" in line for line in lines) == 50
    assert "and 7 more: --json lists all" in lines
    _, out, _ = audit("verify", "latest", "--key", "audit.pub", "--json")
    assert len(json.loads(out)["faults"]) == 57


def test_as_json(audit: Audit, run: RunFolder) -> None:
    code, out, _ = audit("verify", "latest", "--key", "audit.pub", "--json")
    found = json.loads(out)
    assert (code, found["valid"], found["signature"], found["faults"]) == (0, True, "valid", [])
    assert found["run_id"] == run.run_id
    run.metrics_path.unlink()
    code, out, _ = audit("verify", "latest", "--key", "audit.pub", "--json")
    assert (code, json.loads(out)["valid"]) == (12, False)
    assert json.loads(out)["faults"] == ["metrics.json: it is missing"]


def test_a_signed_run_without_a_manifest_is_compared_all_the_same(audit: Audit, run: RunFolder) -> None:
    run.manifest_path.unlink()
    for name in (run.path, run.path.name):
        code, out, _ = audit("verify", name, "--key", "audit.pub")
        assert (code, out.splitlines()[0]) == (12, "manifest.json: it is missing")
    (run.path / envelope.NAME).unlink()
    assert audit("verify", run.path)[0] == 2


@pytest.mark.slow
def test_numbers_and_decision_are_derived_again(audit: Audit, run: RunFolder) -> None:
    code, out, _ = audit("verify", "latest", "--key", "audit.pub", "--recompute")
    assert code == 0
    assert "derived again: 8 metrics, the decision from its policy" in out.splitlines()
    code, out, _ = audit("verify", "latest", "--key", "audit.pub", "--recompute", "--policy", "policy.yaml")
    assert code == 0
    assert "derived again: 8 metrics, the decision from its policy" in out.splitlines()
    (run.path.parents[1] / "policy.yaml").write_text("rules: [{metric: boolq/accuracy, min: 21}]\n")
    code, out, _ = audit("verify", "latest", "--recompute", "--policy", "policy.yaml")
    assert code == 12
    assert out.startswith("decision.json: it was reached under another policy")


def test_without_its_policy_a_decision_is_derived_check_by_check_and_that_is_said(audit: Audit, run: RunFolder) -> None:
    (run.path / envelope.NAME).unlink()
    path_in(run).unlink()
    code, out, _ = audit("verify", "latest", "--recompute")
    assert code == 0
    assert "derived again: 8 metrics, the decision check by check: its policy is not at hand" in out.splitlines()
    assert "its policy is not at hand: rules that were left out, severities and owners were not checked" in out
    assert "its policy is not at hand" not in "".join(
        audit("verify", "latest", "--policy", "policy.yaml")[1].splitlines()
    )


def test_a_baseline_that_the_decision_does_not_compare_with_is_bad_input(audit: Audit, run: RunFolder) -> None:
    code, _, error = audit("verify", "latest", "--baseline", run.path)
    assert code == 2
    assert "and the decision compares with no baseline" in error


def test_signing_by_an_identity_needs_one_before_anything_is_judged(
    audit: Audit, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(variable, raising=False)
    run.decision_path.unlink()
    code, _, error = audit("gate", run.path, "--policy", "policy.yaml", "--sigstore")
    assert (code, error.count("\n")) == (2, 1)
    assert error.startswith("error: --sigstore: ")
    assert not run.decision_path.exists()


@pytest.mark.parametrize("words", [("--sigstore-identity", "a"), ("--sigstore-issuer", "https://b")])
def test_an_identity_and_its_issuer_belong_together(audit: Audit, run: RunFolder, words: tuple[str, str]) -> None:
    code, _, error = audit("verify", run.path, *words)
    assert code == 2
    assert "belong together: give both" in error


def test_what_cannot_be_derived_is_said(audit: Audit, run: RunFolder) -> None:
    for file in (run.path / envelope.NAME, run.decision_path):
        file.unlink()
    seal(run, run.read_manifest().model_copy(update={"packages": {}}))
    code, out, _ = audit("verify", "latest", "--recompute")
    intervals = "not derived: intervals, because numpy, scipy or checkpoint-audit has another version than in the run"
    assert (code, out.splitlines()[:2]) == (0, ["derived again: 8 metrics", intervals])
    assert "the run was made with checkpoint-audit None, and this is " in out
    done = Recomputed(metrics=3, without_definition=2, intervals=True, decision="", faults=[])
    found = verification.verify(run).model_copy(update={"recomputed": done})
    assert [line for line, _ in verify._lines(found)][:2] == [
        "derived again: 3 metrics",
        "not derived: 2 metrics without a definition, of tasks from elsewhere",
    ]


@pytest.mark.slow
def test_a_real_run_under_the_shipped_policy(
    audit: Audit, finished: RunFolder, made: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint is at hand, and is the subject; the policy need not be named."""
    monkeypatch.setenv(keys.VARIABLE, str(made / "audit.key"))
    assert audit("gate", finished.path)[0] in {10, 11, 13}
    words = ("verify", finished.path, "--key", made / "audit.pub")
    code, out, _ = audit(*words, "--recompute", "--checkpoint", tiny_model)
    assert code == 0, out
    assert out.splitlines()[0].endswith("(OpenSSF model-signing, files, SHA-256)")
    assert "the decision from its policy" in out
    code, out, _ = audit(*words, "--checkpoint", finished.path)
    assert (code, "its subject is another checkpoint" in out) == (12, True)
    finished.decision_path.write_text("{")
    assert audit("verify", finished.path, "--recompute")[0] == 12


BAD = {
    ("latest", "--key", "audit.key"): "this is a private key: give the public one",
    ("latest", "--key", "gone.pub"): "--key gone.pub: no such file",
    ("latest", "--key", "policy.yaml"): "no public key in PEM form",
    ("latest", "--checkpoint", "gone"): "gone: no such checkpoint",
    ("latest", "--policy", "gone.yaml"): "gone.yaml: no such",
    ("gone",): "gone: no such run",
    ("~nobody-knows/run",): "~nobody-knows/run: no such run",
    ("r" * 300,): "no such run",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_one_line(words: tuple[str, ...], audit: Audit, home: Path) -> None:
    code, out, error = audit("verify", *words)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith("error: ")
    assert BAD[words] in error


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000, '{"payload": 1, "payload": 2}', "\x00"])
def test_a_hostile_bundle_is_one_line(content: str, audit: Audit, run: RunFolder) -> None:
    (run.path / envelope.NAME).write_text(content)
    code, out, error = audit("verify", "latest", "--key", "audit.pub")
    assert (code, out, error.count("\n")) == (12, "", 1)
    assert f"{envelope.NAME}: evidence invalid: " in error


def test_what_a_hostile_bundle_says_cannot_steer_the_terminal(audit: Audit, run: RunFolder) -> None:
    text = envelope.payload_of(run.path, envelope.read(run.path / envelope.NAME))
    plain: dict[str, Any] = json.loads((run.path / envelope.NAME).read_text())
    plain["payload"] = envelope._encoded(text.replace('"name":"tiny"', '"name":"\\u001b[2Jtiny\\u202e"').encode())
    (run.path / envelope.NAME).write_bytes(rfc8785.dumps(plain))
    code, out, _ = audit("verify", "latest")
    assert code == 12
    assert "tiny" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.slow
def test_the_gate_signs_where_there_is_a_key(audit: Audit, run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = f"{envelope.NAME} signs an earlier decision: set {keys.VARIABLE} and run this again"
    code, _, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert (code, earlier in error) == (0, False)  # the same decision again, byte for byte
    assert audit("verify", "latest", "--key", "audit.pub")[0] == 0
    with open("policy.yaml", "a", encoding="utf-8") as policy:  # noqa: PTH123 - in the folder of the test
        policy.write("# an edition\n")
    code, _, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert (code, earlier in error) == (0, True)
    assert audit("verify", "latest", "--key", "audit.pub")[0] == 12
    monkeypatch.setenv(keys.VARIABLE, "audit.key")
    code, out, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert code == 0
    assert out.splitlines()[-1].startswith("PASS: ")
    assert f"signed: runs/{run.path.name}/{envelope.NAME}" in error
    assert (
        "the signature names the checkpoint by this tool's digest alone: no folder of the checkpoint at hand" in error
    )
    assert audit("verify", "latest", "--key", "audit.pub")[0] == 0


@pytest.mark.slow
def test_the_verdict_stands_whatever_folder_the_manifest_names_as_its_checkpoint(
    audit: Audit, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a signature that cannot be written is an error, as ``decision.json`` is: it was asked for."""
    seal(run, run.read_manifest().model_copy(update={"config": {"model": "/dev"}}))
    monkeypatch.setenv(keys.VARIABLE, "audit.key")
    code, out, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert (code, out.splitlines()[-1].startswith("PASS: ")) == (0, True)
    assert "the signature names the checkpoint by this tool's digest alone: dev is not the audited checkpoint" in error
    (run.path / envelope.NAME).unlink()
    (run.path / envelope.NAME).mkdir()
    code, out, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert (code, out.splitlines()[-1].startswith("PASS: ")) == (2, True)
    assert f"{envelope.NAME}: cannot be written" in error


def test_a_key_that_cannot_sign_is_refused_before_the_run_is_judged(
    audit: Audit, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run.decision_path.read_bytes()
    monkeypatch.setenv(keys.VARIABLE, "audit.pub")
    code, out, error = audit("gate", "latest", "--policy", "policy.yaml")
    assert (code, out) == (2, "")
    assert "this is a public key: sign with the private one" in error
    assert run.decision_path.read_bytes() == before
