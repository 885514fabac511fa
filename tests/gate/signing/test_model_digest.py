"""Expected digests are those of ``model_signing.hashing`` 1.1.1 on the same files."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError
from audit.core.records import FileDigest
from audit.gate.signing import model_digest
from audit.gate.signing.model_digest import audited_digests, file_digests, root_digest
from tests.core.test_contradictions import a_manifest
from tests.gate.signing.conftest import CHECKPOINT, write_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import ModelRecord

OF_FOLDER = "e7f90150ab61823b61071aac478b16abbedb3e3f1f80b3dab246ede9f369c106"
"""``model_signing.hashing.hash(folder)``, its root digest."""
OF_FILE = "fcdc5831ee4e6ccf3764a61198d0a6becaff72334ee18aecbe643c686570ddcb"
"""The same of a file with the bytes ``b"GGUF" + bytes(10)``."""
OF_LINKS = "7b80148b7effebc74d24f8bee0a59743b22bb7e2bb44b715daa244da4e5d7c13"
"""The same, ``allow_symlinks`` set, of links to two files and to a folder."""
ORDER = [
    ".hidden", "README.md", "Z", "a/b", "a-b", "a.txt", "config.json", "deep/.gitignore", "deep/er/file",
    "model.safetensors", "Ünicode",
]  # fmt: skip
"""As model-signing lists the files: by the parts of paths, so that ``a/b`` comes before ``a-b``."""


def test_a_folder_has_the_digest_of_model_signing(tmp_path: Path) -> None:
    digests = file_digests(write_checkpoint(tmp_path / "model"))
    assert list(digests) == ORDER
    assert root_digest(digests) == OF_FOLDER
    assert digests["Z"] == hashlib.sha256(b"z").hexdigest()


def test_the_signature_of_the_model_itself_is_left_out_but_only_at_the_top(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    (folder / "model.sig").write_bytes(b"a signature")
    assert root_digest(file_digests(folder)) == OF_FOLDER
    (folder / "deep" / "model.sig").write_bytes(b"a file")
    assert root_digest(file_digests(folder)) != OF_FOLDER


@pytest.mark.parametrize("name", [".git", ".gitattributes", ".github", ".gitignore"])
def test_files_of_git_are_left_out_and_not_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the name is that of a file or a folder; the names are those of ``hashing.py`` in model-signing."""
    folder, scan = write_checkpoint(tmp_path / "model"), os.scandir

    def locked(path: str) -> Any:
        if path.endswith(name):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", locked)
    (folder / name).unlink() if (folder / name).is_file() else None
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "more").write_bytes(b"left out")
    assert root_digest(file_digests(folder)) == OF_FOLDER


def test_a_file_has_the_digest_of_model_signing(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + bytes(10))
    assert root_digest(file_digests(file)) == OF_FILE
    assert file_digests(file, {".": "f" * 64}) == {".": "f" * 64}


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    folder, links = write_checkpoint(tmp_path / "model"), tmp_path / "links"
    links.mkdir()
    for name in ("config.json", "model.safetensors"):
        (links / name).symlink_to(folder / name)
    (links / "linkdir").symlink_to(folder / "deep")
    assert root_digest(file_digests(links)) == OF_LINKS


def test_what_is_no_checkpoint_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="gone: no such checkpoint: name its folder or file"):
        file_digests(tmp_path / "gone")
    (tmp_path / "broken").symlink_to("nowhere")
    with pytest.raises(CheckpointError, match="broken: cannot be read"):
        file_digests(tmp_path)
    (tmp_path / "broken").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="pipe: neither a file nor a folder"):
        file_digests(tmp_path)


def test_a_folder_that_cannot_be_listed_is_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest would be that of a checkpoint without these files."""
    folder, scan = write_checkpoint(tmp_path / "model"), os.scandir

    def locked(path: str) -> Any:
        if path.endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(CheckpointError, match="deep: cannot be listed: Permission denied"):
        file_digests(folder)


def test_digests_that_are_known_are_not_computed_again(tmp_path: Path) -> None:
    known = {"model.safetensors": "f" * 64, "elsewhere": "e" * 64}
    digests = file_digests(write_checkpoint(tmp_path / "model"), known)
    assert list(digests) == ORDER
    assert digests["model.safetensors"] == "f" * 64
    assert digests["Z"] == hashlib.sha256(b"z").hexdigest()


def the_model(*files: tuple[str, bytes]) -> ModelRecord:
    records = [
        FileDigest(path=name, kind="weights", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in files
    ]
    return a_manifest().model.model_copy(update={"files": records})


def test_the_audited_checkpoint_is_known_by_the_files_that_the_run_recorded(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    names = ("model.safetensors", "deep/er/file")
    known = audited_digests(the_model(*((name, CHECKPOINT[name]) for name in names)), folder)
    assert known == {name: hashlib.sha256(CHECKPOINT[name]).hexdigest() for name in names}


WEIGHTS = CHECKPOINT["model.safetensors"]
OTHERS = {
    "other content": (("model.safetensors", WEIGHTS[::-1]), "its model.safetensors is not the one that was audited"),
    "another size": (("model.safetensors", b"others"), "its model.safetensors is not the one that was audited"),
    "missing": (("second.safetensors", b""), "it has no second.safetensors, which was audited"),
    "a folder": (("deep", b""), "it has no deep, which was audited"),
    "outside": (("../model/model.safetensors", WEIGHTS), "it has no ../model/model.safetensors, which was audited"),
    "too long": (("k" * 300, b""), f"it has no {'k' * 300}, which was audited"),
}


def test_a_path_out_of_the_root_is_not_inside_the_checkpoint(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    with pytest.raises(CheckpointError, match="which was audited"):
        audited_digests(the_model((str(folder / "model.safetensors"), WEIGHTS)), folder)


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_than_the_audited_ones_are_named(name: str, tmp_path: Path) -> None:
    file, expected = OTHERS[name]
    folder = write_checkpoint(tmp_path / "model")
    with pytest.raises(CheckpointError) as caught:
        audited_digests(the_model(file), folder)
    assert str(caught.value) == expected


def test_of_another_checkpoint_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor of a folder like ``/usr/lib``, where no recorded file is."""
    folder, read = write_checkpoint(tmp_path / "model"), []
    monkeypatch.setattr(model_digest, "file_digest", read.append)
    for file in (("gone.json", b""), ("model.safetensors", b"others")):
        with pytest.raises(CheckpointError):
            audited_digests(the_model(file), folder)
    with pytest.raises(CheckpointError, match="the run recorded no files of it"):
        audited_digests(the_model(), folder)
    assert read == []


def test_a_single_file_is_compared_by_content_alone(tmp_path: Path) -> None:
    model, file = the_model(("model.gguf", b"weights")), tmp_path / "renamed.gguf"
    file.write_bytes(b"weights")
    assert audited_digests(model, file) == {".": hashlib.sha256(b"weights").hexdigest()}
    file.write_bytes(b"thgiews")
    with pytest.raises(CheckpointError, match="it is not the file that was audited"):
        audited_digests(model, file)
