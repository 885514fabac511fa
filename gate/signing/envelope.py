"""A DSSE envelope with an Ed25519 signature around an in-toto statement.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, version 1.0. The file is the RFC 8785 JSON of the
envelope and nothing else, it has one signature, and its Base64 is the standard one: every byte of it counts.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Literal

import rfc8785
from cryptography.exceptions import InvalidSignature
from pydantic import TypeAdapter, ValidationError

from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.core.records.base import Record
from audit.core.records.faults import fault_text, place_of
from audit.core.records.files.json_file import read_plain, read_text
from audit.gate.signing.keys import key_id

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeVar

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    R = TypeVar("R", bound=Record)

NAME = "evidence.dsse.json"
"""File of the signed evidence in a run folder."""
PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 64 * 1024 * 1024
"""Bytes of an envelope that is read."""


class Signature(Record):
    """One signature of an envelope."""

    keyid: str
    """Id of the public key (:func:`audit.gate.signing.keys.key_id`): which key to try, and no proof of anything."""
    sig: str
    """Base64 of the signature of :func:`pae`."""


class Envelope(Record):
    """A payload with its signature."""

    payload: str
    """Base64 of the statement."""
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815 - DSSE's name
    """What the payload is."""
    signatures: list[Signature]
    """Exactly one; DSSE's name and list."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sealed(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The file of an envelope: the same bytes for the same payload and key, since Ed25519 draws nothing at random."""
    signature = Signature(keyid=key_id(key.public_key()), sig=_encoded(key.sign(pae(PAYLOAD_TYPE, payload))))
    envelope = Envelope(payload=_encoded(payload), payloadType=PAYLOAD_TYPE, signatures=[signature])
    return rfc8785.dumps(envelope.model_dump())


def read(path: Path) -> Envelope:
    """Read an envelope.

    Raises:
        EvidenceInvalid: It is broken, too large, of another type, not in canonical form, or has not one signature.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise invalid(path, f"it is larger than {LARGEST // 1024**2} MiB")
        text = read_text(path, "copy the run folder again")
    except OSError as error:
        raise invalid(path, f"it cannot be read: {error.strerror}: check its permissions") from error
    except RunFolderError as error:
        raise invalid(path, error.reason) from error
    envelope = parsed(path, text, Envelope)
    if len(envelope.signatures) != 1:
        raise invalid(path, f"it has {len(envelope.signatures)} signatures, and the gate writes exactly one")
    if path.read_bytes() != rfc8785.dumps(envelope.model_dump()):
        raise invalid(path, "its JSON is not in the canonical form of RFC 8785, so it was changed after it was written")
    return envelope


def payload_of(path: Path, envelope: Envelope) -> str:
    """The text of an envelope's payload.

    Raises:
        EvidenceInvalid: It is no Base64 of UTF-8 text.
    """
    try:
        return _decoded(envelope.payload).decode()
    except ValueError as error:
        raise invalid(path, "its payload is broken: no Base64 of UTF-8 text") from error


def signature_fault(envelope: Envelope, key: Ed25519PublicKey) -> str | None:
    """Why an envelope is not signed with a key; None where it is."""
    (signature,) = envelope.signatures
    if signature.keyid != key_id(key):
        return f"it is signed with another key, {signature.keyid[:16]}, not with {key_id(key)[:16]}"
    try:
        key.verify(_decoded(signature.sig), pae(envelope.payloadType, _decoded(envelope.payload)))
    except (InvalidSignature, ValueError):
        return "its signature is wrong: it was changed after it was signed"
    return None


def parsed(path: Path, text: str, kind: type[R]) -> R:
    """A record in a JSON text.

    Raises:
        EvidenceInvalid: The text is no JSON, gives a key twice, or is something else.
    """
    try:
        read_plain(text)
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        fault = error.errors()[0]
        raise invalid(path, f"broken: {place_of(fault)}: {fault_text(fault)}") from error
    except RecursionError as error:
        raise invalid(path, "broken: too deeply nested") from error
    except ValueError as error:
        raise invalid(path, f"broken: {error}") from error


def invalid(path: Path, fault: str) -> EvidenceInvalid:
    """The one line for a fault."""
    return EvidenceInvalid(fault, path)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """Standard Base64, read strictly: one text for one sequence of bytes.

    Raises:
        ValueError: It is none.
    """
    data = base64.b64decode(text)
    if _encoded(data) != text:
        msg = "other characters, or unused bits that are set"
        raise binascii.Error(msg)
    return data
