from __future__ import annotations

import errno
import json
import os
import shutil
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, RunFolderError, WriteError
from audit.core.run_folder import RunFolder
from audit.gate.evidence import seal
from audit.gate.signing import envelope, model_digest
from audit.gate.signing.sign import sign, signs_decision, subject_of
from audit.gate.signing.statement import MODEL_SIGNING, RECORDED
from tests.gate.signing.conftest import write_checkpoint
from tests.gate.signing.test_model_digest import OF_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def test_the_subject_is_the_folder_as_model_signing_has_it(whole: RunFolder) -> None:
    statement = json.loads(b64decode(json.loads((whole.path / envelope.NAME).read_text())["payload"]))
    (subject,) = statement["subject"]
    assert subject["digest"] == {"sha256": OF_FOLDER}
    assert subject["annotations"] == {"method": MODEL_SIGNING, "remark": ""}


@pytest.mark.slow
def test_a_hundred_signatures_are_the_same_bytes(run: RunFolder, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    """Wherever the folder lies, and whenever its files were written."""
    moved = RunFolder(shutil.copytree(run.path, tmp_path / "moved"))
    os.utime(moved.metrics_path, (1, 1))
    seen = {(run.path / envelope.NAME).read_bytes()}
    for folder in (run, moved):
        for _ in range(50):
            (folder.path / envelope.NAME).unlink()
            sign(folder, key)
            seen.add((folder.path / envelope.NAME).read_bytes())
    assert len(seen) == 1


def subject_with(run: RunFolder, given: str | None = None, **model: Any) -> tuple[str, str, str]:
    """Digest, method and remark of the subject of a run whose manifest is changed."""
    manifest = run.read_manifest()
    config = manifest.config if given is None else {"model": given}
    changed = manifest.model_copy(
        update={"config": config, "model": manifest.model.model_copy(update=model)},
    )
    subject = subject_of(changed)
    return subject.digest["sha256"], subject.annotations.method, subject.annotations.remark


def test_without_the_folder_the_subject_is_what_the_manifest_records(
    whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = subject_with(whole, given=str(tmp_path / "gone"), source="hub owner/name")
    assert gone == ("ab", RECORDED, "no folder of the checkpoint at hand: the run loaded hub owner/name")
    monkeypatch.chdir(tmp_path)
    write_checkpoint(tmp_path / "None")
    for given in ("", "~nobody-knows/model", "\0", "m" * 300):
        assert subject_with(whole, given=given)[1] == RECORDED
    assert subject_of(whole.read_manifest().model_copy(update={"config": {}})).annotations.method == RECORDED
    monkeypatch.chdir(tmp_path / "None")
    assert subject_with(whole, given=".")[1] == MODEL_SIGNING
    assert subject_with(whole, given="")[1] == RECORDED
    server = subject_with(whole, device="server")
    assert server == ("ab", RECORDED, "a model behind a server: its weights were not seen")


def test_each_file_of_the_checkpoint_is_read_once(whole: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    read, digest = [], model_digest._digest
    monkeypatch.setattr(model_digest, "_digest", lambda path: (read.append(path), digest(path))[1])
    assert subject_of(whole.read_manifest()).digest == {"sha256": OF_FOLDER}
    assert len({*read}) == len(read) > 1


def test_a_folder_that_is_no_longer_the_audited_checkpoint_is_not_the_subject(whole: RunFolder) -> None:
    files = [file.model_copy(update={"sha256": "0" * 64}) for file in whole.read_manifest().model.files]
    digest, method, remark = subject_with(whole, files=files)
    assert (digest, method) == ("ab", RECORDED)
    assert remark == "checkpoint is not the audited checkpoint: its config.json is not the one that was audited"


def test_whatever_is_in_the_folder_of_the_checkpoint_there_is_a_subject(run: RunFolder, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint")
    os.mkfifo(folder / "pipe")
    pipe = "checkpoint/pipe: neither a file nor a folder, so this is no folder of a checkpoint"
    assert subject_with(run, given=str(folder)) == ("ab", RECORDED, pipe)
    (folder / "pipe").unlink()
    (folder / "link").symlink_to("nowhere")
    remark = "checkpoint/link: cannot be read: No such file or directory: check its permissions"
    assert subject_with(run, given=str(folder)) == ("ab", RECORDED, remark)
    (folder / "link").rename(folder / os.fsdecode(b"\xff"))
    _, _, remark = subject_with(run, given=str(folder))
    assert remark == "checkpoint/\\udcff: cannot be read: No such file or directory: check its permissions"
    (folder / os.fsdecode(b"\xff")).unlink()
    assert subject_with(run, given=str(folder)) == (OF_FOLDER, MODEL_SIGNING, "")
    for given in ("/dev", "/dev/null", "/"):
        digest, method, remark = subject_with(run, given=given)
        assert (digest, method) == ("ab", RECORDED)
        assert remark.endswith(" is not the audited checkpoint: it has no config.json, which was audited")


def test_a_folder_that_cannot_be_read_is_not_the_subject(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_model: Any, _checkpoint: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(model_digest, "audited_digests", locked)
    digest, method, remark = subject_with(run)
    assert (digest, method) == ("ab", RECORDED)
    assert remark == "checkpoint is not the audited checkpoint: [Errno 13] Permission denied"


def test_a_run_that_was_killed_is_signed_without_digests_of_its_own(run: RunFolder, key: Ed25519PrivateKey) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"status": "running", "finished": None, "evidence": {}}))
    assert sign(run, key).digest == {"sha256": OF_FOLDER}


def test_a_run_that_was_not_judged_is_not_signed(run: RunFolder, key: Ed25519PrivateKey) -> None:
    run.decision_path.unlink()
    with pytest.raises(RunFolderError, match="not judged yet"):
        sign(run, key)


def test_a_file_that_changed_since_the_run_ended_is_not_signed(run: RunFolder, key: Ed25519PrivateKey) -> None:
    before = (run.path / envelope.NAME).read_bytes()
    run.drivers_path.write_text(run.drivers_path.read_text() + "\n")
    with pytest.raises(EvidenceInvalid, match=r"drivers\.json: evidence invalid: it was changed"):
        sign(run, key)
    assert (run.path / envelope.NAME).read_bytes() == before
    (run.path / "attributions" / "beef.json").write_text("{}")
    seal(run)
    sign(run, key)
    assert (run.path / envelope.NAME).read_bytes() != before


def test_a_file_that_was_added_since_the_run_ended_is_not_signed(run: RunFolder, key: Ed25519PrivateKey) -> None:
    (run.path / "attributions" / "beef.json").write_text("{}")
    with pytest.raises(EvidenceInvalid, match=r"beef\.json"):
        sign(run, key)


def test_a_signature_that_cannot_be_written_is_one_line(run: RunFolder, key: Ed25519PrivateKey) -> None:
    (run.path / envelope.NAME).unlink()
    (run.path / envelope.NAME).mkdir()
    with pytest.raises(WriteError, match="cannot be written"):
        sign(run, key)


def test_a_bundle_signs_the_decision_as_it_is_or_another_one(run: RunFolder, key: Ed25519PrivateKey) -> None:
    sign(run, key)
    assert signs_decision(run)
    decision = run.read_decision()
    assert decision is not None
    run.write_decision(decision.model_copy(update={"warnings": ["another one"]}))
    assert not signs_decision(run)
    run.write_decision(decision)
    assert signs_decision(run)
    (run.path / envelope.NAME).write_text("[]")
    assert signs_decision(run) is False
