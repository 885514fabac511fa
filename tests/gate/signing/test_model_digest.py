"""Expected digests are those of ``model_signing.hashing`` 1.1.1 on the same files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import CheckpointError, EvidenceInvalid
from audit.core.records import FileDigest
from audit.gate.signing.model_digest import file_digests, root_digest, why_other
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


def test_a_file_has_the_digest_of_model_signing(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + bytes(10))
    assert root_digest(file_digests(file)) == OF_FILE


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
    with pytest.raises(Exception, match="broken: cannot be read") as caught:
        file_digests(tmp_path)
    assert not isinstance(caught.value, EvidenceInvalid)


def the_model(*files: tuple[str, bytes]) -> ModelRecord:
    records = [
        FileDigest(path=name, kind="weights", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in files
    ]
    return a_manifest().model.model_copy(update={"files": records})


def test_other_files_than_the_audited_ones_are_named(tmp_path: Path) -> None:
    digests = file_digests(write_checkpoint(tmp_path / "model"))
    name = "model.safetensors"
    assert why_other(the_model((name, CHECKPOINT[name])), digests) is None
    assert why_other(the_model((name, b"others")), digests) == f"its {name} is not the one that was audited"
    assert (
        why_other(the_model(("second.safetensors", b"")), digests) == "it has no second.safetensors, which was audited"
    )
    assert why_other(the_model(), digests) == "the run recorded no files of it"


def test_a_single_file_is_compared_by_content_alone() -> None:
    model = the_model(("model.gguf", b"weights"))
    assert why_other(model, {".": hashlib.sha256(b"weights").hexdigest()}) is None
    assert why_other(model, {".": hashlib.sha256(b"others").hexdigest()}) == "it is not the file that was audited"
