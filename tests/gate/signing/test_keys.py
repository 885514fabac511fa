from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.core.errors import ConfigError, WriteError
from audit.gate.signing import keys
from tests.gate.signing.conftest import DER_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A private and a public key."""
    public, _ = keys.make(tmp_path / "audit.key")
    return tmp_path / "audit.key", public


def test_a_pair_is_made_that_belongs_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "new" / "deep" / "release.key"
    before = os.umask(0)
    try:
        public, key_id = keys.make(private)
    finally:
        os.umask(before)
    assert public == tmp_path / "new" / "deep" / "release.pub"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private, public)] == [0o600, 0o644]
    monkeypatch.setenv(keys.VARIABLE, str(private))
    made = keys.signing_key()
    assert made is not None
    assert keys.key_id(keys.public_key(public)) == keys.key_id(made.public_key()) == key_id


def test_two_pairs_differ(tmp_path: Path) -> None:
    assert keys.make(tmp_path / "a.key")[1] != keys.make(tmp_path / "b.key")[1]


def test_the_id_is_the_digest_of_the_der_form() -> None:
    """The public key of the first test vector of RFC 8032."""
    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert keys.key_id(private.public_key()) == hashlib.sha256(DER_PREFIX + raw).hexdigest()


@pytest.mark.parametrize("name", ["audit.key", "audit.pub"])
def test_no_file_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(WriteError, match="exists already"):
        keys.make(tmp_path / "audit.key")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("name", ["", ".", "/", "..", "sub/.."])
def test_a_path_without_a_file_name_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        WriteError, match=r": this is a folder: name the file of the private key, for example .*audit\.key"
    ):
        keys.make(Path(name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [253, 300])
def test_a_name_that_is_too_long_is_one_line(length: int, tmp_path: Path) -> None:
    """Of 253 characters: the private key's name fits, that of the public one does not."""
    with pytest.raises(WriteError) as caught:
        keys.make(tmp_path / ("k" * length))
    assert re.match(f"{tmp_path}/k{{{length}}}(\\.pub)?: cannot be written: File name too long: ", str(caught.value))
    assert list(tmp_path.iterdir()) == []


def test_half_a_key_does_not_stay_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, _mode: str) -> Any:
        os.close(handle)
        raise OSError(errno.ENOSPC, "")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", full)
        with pytest.raises(WriteError, match="cannot be written: No space left on device"):
            keys.make(tmp_path / "audit.key")
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_nowhere_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "audit.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WriteError, match="exists already"):
        keys.make(tmp_path / "audit.key")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the private key whose public one could not be written does not stay behind."""
    (tmp_path / "audit.pub").write_text("precious")
    monkeypatch.setattr(keys, "_refuse_existing", lambda path: None)
    with pytest.raises(WriteError, match="cannot be written"):
        keys.make(tmp_path / "audit.key")
    assert (tmp_path / "audit.pub").read_text() == "precious"
    assert not (tmp_path / "audit.key").exists()


def test_the_name_of_a_public_key_is_refused_for_the_private_one(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="name of a public key"):
        keys.make(tmp_path / "audit.pub")


def test_a_folder_that_takes_no_files_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=f"^{tmp_path}/file/audit.key: cannot be written: "):
        keys.make(tmp_path / "file" / "audit.key")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_the_variable_there_is_no_key(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(keys.VARIABLE, value)
    assert keys.signing_key() is None


def test_the_variable_may_hold_the_key_itself(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, "\n" + files[0].read_text())
    made = keys.signing_key()
    assert made is not None
    assert keys.public_pem(made.public_key()) == files[1].read_bytes()


def private_pem(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def public_pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def an_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - it signs nothing


OTHER_KINDS: dict[str, Callable[[], Any]] = {
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
    "Ed448": ed448.Ed448PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
    "RSA": an_rsa_key,
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_key_of_another_kind_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = OTHER_KINDS[kind]()
    (tmp_path / "k.pub").write_bytes(public_pem(key))
    with pytest.raises(ConfigError, match=f"k.pub: a key of another kind, .*{kind}.*: only Ed25519"):
        keys.public_key(tmp_path / "k.pub")
    monkeypatch.setenv(keys.VARIABLE, private_pem(key).decode())
    with pytest.raises(ConfigError, match=f"{keys.VARIABLE}: a key of another kind, .*{kind}.*: only Ed25519"):
        keys.signing_key()


def test_a_key_with_a_passphrase_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "k").write_bytes(private_pem(Ed25519PrivateKey.generate(), b"secret"))
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "k"))
    with pytest.raises(ConfigError, match="passphrase"):
        keys.signing_key()


def test_the_wrong_half_of_a_pair_is_named(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = files
    with pytest.raises(ConfigError, match="this is a private key: give the public one"):
        keys.public_key(private)
    monkeypatch.setenv(keys.VARIABLE, str(public))
    with pytest.raises(ConfigError, match="this is a public key: sign with the private one"):
        keys.signing_key()


BROKEN = {
    b"": "no public key in PEM form",
    b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA user@host\n": "no public key in PEM form",
    b"-----BEGIN SOMETHING-----\n!!!!\n-----END SOMETHING-----\n": "no public key in PEM form",
    bytes(range(256)): "no public key in PEM form",
    b"x" * 20_000: "too large for a key",
}


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_holds_no_key_is_one_line(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        keys.public_key(tmp_path / "k")
    assert BROKEN[content] in str(caught.value)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "k"))
    with pytest.raises(ConfigError, match=BROKEN[content].replace("public", "private")) as caught:
        keys.signing_key()
    assert str(caught.value).startswith(f"{keys.VARIABLE} {tmp_path / 'k'}: ")


@pytest.mark.parametrize("which", ["public", "private"])
def test_a_key_of_an_unknown_kind_is_no_key(
    which: str, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1.3.101.115, which RFC 8410 gives to no algorithm, in place of Ed25519's 1.3.101.112."""
    file = files[which == "public"]
    begin, body, end = file.read_bytes().splitlines()
    known, unknown = bytes.fromhex("2b6570"), bytes.fromhex("2b6573")
    content = base64.b64encode(base64.b64decode(body).replace(known, unknown))
    file.write_bytes(b"\n".join([begin, content, end, b""]))
    monkeypatch.setenv(keys.VARIABLE, str(files[0]))
    with pytest.raises(ConfigError, match=f"no {which} key in PEM form"):
        keys.public_key(file) if which == "public" else keys.signing_key()


def test_a_file_of_the_largest_size_is_read(files: tuple[Path, Path]) -> None:
    expected = keys.key_id(keys.public_key(files[1]))
    files[1].write_bytes(files[1].read_bytes().ljust(16_384, b"\n"))
    assert keys.key_id(keys.public_key(files[1])) == expected


def test_what_is_no_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=f"^--key {tmp_path}/gone.pub: no such file"):
        keys.public_key(tmp_path / "gone.pub")
    with pytest.raises(ConfigError, match="not a file"):
        keys.public_key(tmp_path)
    with monkeypatch.context() as patch:
        patch.setenv(keys.VARIABLE, "~nobody-knows/audit.key")
        with pytest.raises(ConfigError, match=f"{keys.VARIABLE} ~nobody-knows/audit.key: no such file"):
            keys.signing_key()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="not a file"):
        keys.public_key(tmp_path / "pipe")
    for name, why in (("a" * 5_000, "File name too long"), ("a\0b", "embedded null byte")):
        with pytest.raises(ConfigError) as caught:
            keys.public_key(Path(name))
        assert str(caught.value) == f"--key {name}: cannot be read: {why}: check its permissions"
