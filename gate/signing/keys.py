"""Ed25519 keys in PEM files: made, read, and named by a digest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.core.errors import ConfigError, WriteError
from audit.core.filesystem import did_you_mean_path, write_error

VARIABLE = "AUDIT_SIGNING_KEY"
"""Environment variable with the private key, or the path of its file."""
PRIVATE_KEY = Path("audit.key")
"""Where a new private key is written by default."""
LARGEST = 16_384
"""Bytes of a key file; one of Ed25519 has about 120."""
PEM = "-----BEGIN "
MAKE = "make a pair with 'audit keys make'"


def make(private: Path) -> tuple[Path, str]:
    """Make a pair of keys: the private one, which only its owner may read, and next to it the public one.

    Args:
        private: File of the private key; the public one has the ending ``.pub`` instead.

    Returns:
        Path and id of the public key.

    Raises:
        WriteError: One of the files exists or cannot be written, or the path has no file name.
    """
    if private.name in {"", ".."}:
        msg = f"{private}: this is a folder: name the file of the private key, for example {private / PRIVATE_KEY}"
        raise WriteError(msg)
    public = private.with_suffix(".pub")
    if private == public:
        msg = f"{private}: this is the name of a public key: name the private one, for example {PRIVATE_KEY}"
        raise WriteError(msg)
    for path in (private, public):
        _refuse_existing(path)
    key = Ed25519PrivateKey.generate()
    _write_new(private, _private_pem(key), 0o600)
    try:
        _write_new(public, public_pem(key.public_key()), 0o644)
    except WriteError:
        private.unlink(missing_ok=True)
        raise
    return public, key_id(key.public_key())


def signing_key() -> Ed25519PrivateKey | None:
    """The private key that the environment names; None where it names none.

    Raises:
        ConfigError: It is no private Ed25519 key without a passphrase.
    """
    given = os.environ.get(VARIABLE, "")
    if not given.strip():
        return None
    if given.lstrip().startswith(PEM):
        return _private_key(given.strip().encode(), VARIABLE)
    path = Path(os.path.expanduser(given))  # noqa: PTH111 - unlike pathlib's, it does not raise for an unknown user
    return _private_key(_read(path, VARIABLE), f"{VARIABLE} {given}")


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a file.

    Raises:
        ConfigError: The file is missing, or holds no public Ed25519 key.
    """
    data, where = _read(path, "--key"), f"--key {path}"
    if b"PRIVATE KEY-----" in data:
        msg = f"{where}: this is a private key: give the public one, and let nobody else read this file"
        raise ConfigError(msg)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{where}: no public key in PEM form: {MAKE}"
        raise ConfigError(msg) from error
    if not isinstance(key, Ed25519PublicKey):
        msg = f"{where}: a key of another kind, {_kind(key)}: only Ed25519 keys are used; {MAKE}"
        raise ConfigError(msg)
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of the DER form: what ``openssl pkey -pubin -outform DER | sha256sum`` prints."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(encoding, form)).hexdigest()


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The public key as the text of its file."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _private_key(data: bytes, where: str) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        ConfigError: It is none, has a passphrase, or is of another kind.
    """
    if b"PUBLIC KEY-----" in data:
        msg = f"{where}: this is a public key: sign with the private one"
        raise ConfigError(msg)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError as error:  # what the library raises where a passphrase is needed
        msg = f"{where}: the key has a passphrase, which nobody can type here: {MAKE}"
        raise ConfigError(msg) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{where}: no private key in PEM form: {MAKE}"
        raise ConfigError(msg) from error
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{where}: a key of another kind, {_kind(key)}: only Ed25519 keys are used; {MAKE}"
        raise ConfigError(msg)
    return key


def _kind(key: object) -> str:
    """``RSA``, ``EllipticCurve``, ``Ed448``: the kind of a key by its class."""
    return type(key).__name__.removeprefix("_").removesuffix("Key").removesuffix("Public").removesuffix("Private")


def _read(path: Path, option: str) -> bytes:
    """The bytes of a key file.

    Raises:
        ConfigError: It is missing, unreadable, no regular file, or far too large for a key.
    """
    try:
        if path.exists() and not path.is_file():
            msg = f"{option} {path}: not a file: name the file of the key"
            raise ConfigError(msg)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        msg = f"{option} {path}: no such file: {MAKE}.{did_you_mean_path(path)}"
        raise ConfigError(msg) from None
    except (OSError, ValueError) as error:  # a path that holds a zero byte is a ValueError
        msg = f"{option} {path}: cannot be read: {getattr(error, 'strerror', None) or error}: check its permissions"
        raise ConfigError(msg) from error
    if len(data) > LARGEST:
        msg = f"{option} {path}: too large for a key: name the file of the key"
        raise ConfigError(msg)
    return data


def _refuse_existing(path: Path) -> None:
    """Refuse a path that is taken.

    Raises:
        WriteError: It is, or its name is longer than the file system allows.
    """
    try:
        taken = path.exists() or path.is_symlink()
    except OSError as error:
        raise write_error(path, error) from error
    if taken:
        msg = f"{path}: it exists already, and a key that is replaced is lost: choose another name with --out"
        raise WriteError(msg)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that does not exist yet; ``O_EXCL`` also refuses one that appears meanwhile.

    Raises:
        WriteError: It exists, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        except OSError:
            path.unlink()  # half a key would be in the way of the next attempt
            raise
    except OSError as error:
        raise write_error(path, error) from error
