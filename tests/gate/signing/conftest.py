"""A run with every kind of file, its checkpoint in a folder, judged and signed with a fixed key."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.core.records import FileDigest
from audit.core.run_folder import RunFolder
from audit.gate.binding.kept_policy import keep
from audit.gate.decide import decide
from audit.gate.evidence import seal
from audit.gate.policy import load_policy
from audit.gate.signing.sign import sign
from tests.gate.test_evidence import write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from audit.gate.policy import PolicyFile

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""RFC 8410: what comes before the 32 bytes of a public key."""
CHECKPOINT = {
    "config.json": b'{"hidden_size": 8}\n',
    "model.safetensors": bytes(range(256)),
    "a.txt": b"before a/b as text",
    "a/b": b"after a.txt as text",
    "a-b": b"",
    "deep/er/file": b"x",
    ".hidden": b"h",
    ".gitattributes": b"left out",
    ".git/HEAD": b"left out",
    "deep/.gitignore": b"kept: not at the top",
    "Ünicode": "ü".encode(),
    "Z": b"z",
    "README.md": b"# model",
}
"""Files of a checkpoint whose digest by model-signing is known (``test_model_digest.py``)."""
POLICY = "rules:\n- {metric: boolq/accuracy, min: 20}\n- {metric: boolq/length, max: 18}\n"
"""The first rule passes; the second is open."""


def write_checkpoint(folder: Path) -> Path:
    for name, content in CHECKPOINT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def public(key: Ed25519PrivateKey) -> Ed25519PublicKey:
    return key.public_key()


@pytest.fixture(scope="session")
def other_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> PolicyFile:
    file = tmp_path_factory.mktemp("policies") / "policy.yaml"
    file.write_text(POLICY, "utf-8")
    return load_policy(file)


@pytest.fixture(scope="session")
def make_judged(policy: PolicyFile, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], RunFolder]:
    """Makes a judged run of :data:`CHECKPOINT` with the answers of a seed."""

    def make(seed: int) -> RunFolder:
        home = tmp_path_factory.mktemp("signed")
        checkpoint = write_checkpoint(home / "checkpoint")
        run = write_run(home / "runs", seed=seed)
        manifest = run.read_manifest()
        files = [
            FileDigest(path=name, kind=kind, sha256=digest, size=len(CHECKPOINT[name]))
            for name, kind in (("config.json", "config"), ("model.safetensors", "weights"))
            for digest in (hashlib.sha256(CHECKPOINT[name]).hexdigest(),)
        ]
        model = manifest.model.model_copy(update={"files": files})
        seal(run, manifest.model_copy(update={"model": model, "config": {"model": str(checkpoint)}}))
        keep(run, policy)
        run.write_decision(decide(run, policy))
        return run

    return make


@pytest.fixture(scope="session")
def whole(make_judged: Callable[[int], RunFolder], key: Ed25519PrivateKey) -> RunFolder:
    """A signed run that every test leaves as it found it."""
    run = make_judged(1)
    sign(run, key)
    return run


@pytest.fixture(scope="session")
def other(make_judged: Callable[[int], RunFolder], key: Ed25519PrivateKey) -> RunFolder:
    """A signed run of the same tasks on other answers, with the same key."""
    run = make_judged(2)
    sign(run, key)
    return run


@pytest.fixture
def run(whole: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy, to change at will."""
    return RunFolder(shutil.copytree(whole.path, tmp_path / "copy"))
