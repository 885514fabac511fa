"""Envelopes are DSSE's: securesystemslib reads ours, and we read its own."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib import dsse
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from audit.core.errors import EvidenceInvalid
from audit.gate.signing import envelope
from audit.gate.signing.keys import key_id
from audit.gate.signing.parts import EvidencePart
from audit.gate.signing.statement import Statement
from tests.gate.signing.conftest import DER_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from audit.core.run_folder import RunFolder

PAYLOAD = b'{"a":1}'


def raw(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def their_key(public: Ed25519PublicKey) -> SSlibKey:
    content = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return SSlibKey(key_id(public), "ed25519", "ed25519", {"public": content.hex()})


def test_what_is_signed_is_the_example_of_the_specification() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelope.pae("http://example.com/HelloWorld", b"hello world") == expected


def test_lengths_are_counted_in_bytes() -> None:
    assert envelope.pae("ü", b"") == b"DSSEv1 2 \xc3\xbc 0 "


@pytest.mark.parametrize("in_python", [False, True])
def test_securesystemslib_verifies_a_signed_run(
    in_python: bool, whole: RunFolder, public: Ed25519PublicKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the library that signed it, and with an Ed25519 in plain Python that shares no code with it."""
    if in_python:
        monkeypatch.setattr("securesystemslib.signer._key.CRYPTO_IMPORT_ERROR", "not installed")
    read = dsse.Envelope.from_dict(json.loads((whole.path / envelope.NAME).read_bytes()))
    assert list(read.verify([their_key(public)], 1)) == [key_id(public)]
    statement = json.loads(read.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    read.payload += b" "
    with pytest.raises(VerificationError):
        read.verify([their_key(public)], 1)


def test_an_envelope_of_securesystemslib_is_read(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    made = dsse.Envelope(PAYLOAD, envelope.PAYLOAD_TYPE, {})
    made.sign(CryptoSigner(key, their_key(key.public_key())))
    file = tmp_path / "theirs.json"
    file.write_bytes(rfc8785.dumps(made.to_dict()))
    read = envelope.read(file)
    assert envelope.payload_of(file, read) == PAYLOAD.decode()
    assert envelope.signature_fault(read, key.public_key()) is None


def test_signatures_are_the_same_bytes_each_time(key: Ed25519PrivateKey) -> None:
    sealed = envelope.sealed(PAYLOAD, key)
    assert sealed == envelope.sealed(PAYLOAD, key)
    signature = base64.b64encode(key.sign(b"DSSEv1 28 application/vnd.in-toto+json 7 " + PAYLOAD)).decode()
    payload = base64.b64encode(PAYLOAD).decode()
    assert sealed.decode() == (
        f'{{"payload":"{payload}","payloadType":"application/vnd.in-toto+json",'
        f'"signatures":[{{"keyid":"{key_id(key.public_key())}","sig":"{signature}"}}]}}'
    )


def fault_of(content: dict[str, Any], public: Ed25519PublicKey, tmp_path: Path) -> str | None:
    file = tmp_path / "bundle.json"
    file.write_bytes(rfc8785.dumps(content))
    return envelope.signature_fault(envelope.read(file), public)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0)])
def test_a_signature_that_was_added_is_found(
    order: tuple[int, int], key: Ed25519PrivateKey, other_key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    """Of another key, before or after the right one, or the right one twice."""
    made = [json.loads(envelope.sealed(PAYLOAD, one)) for one in (key, other_key)]
    file = tmp_path / "bundle.json"
    both = made[0] | {"signatures": [made[which]["signatures"][0] for which in order]}
    file.write_bytes(rfc8785.dumps(both))
    with pytest.raises(EvidenceInvalid, match="it has 2 signatures, and the gate writes exactly one"):
        envelope.read(file)


OTHER_FORMS: dict[str, Callable[[bytes], bytes]] = {
    "indented": lambda sealed: json.dumps(json.loads(sealed), indent=1).encode(),
    "spaces": lambda sealed: json.dumps(json.loads(sealed), sort_keys=True).encode(),
    "another order of the keys": lambda sealed: (
        rfc8785.dumps(json.loads(sealed))[:1]
        + b'"signatures":'
        + rfc8785.dumps(json.loads(sealed)["signatures"])
        + b","
        + rfc8785.dumps({name: value for name, value in json.loads(sealed).items() if name != "signatures"})[1:]
    ),
    "a byte-order mark": lambda sealed: b"\xef\xbb\xbf" + sealed,
    "a final newline": lambda sealed: sealed + b"\n",
    "an escaped character": lambda sealed: sealed.replace(b'"payload"', b'"p\\u0061yload"', 1),
    "an escaped slash": lambda sealed: sealed.replace(b"application/vnd", b"application\\/vnd", 1),
}
"""The same JSON in other bytes."""


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_the_same_json_in_other_bytes_is_found(form: str, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    sealed = envelope.sealed(PAYLOAD, key)
    changed = OTHER_FORMS[form](sealed)
    assert changed != sealed
    assert json.loads(changed.decode("utf-8-sig")) == json.loads(sealed)
    file = tmp_path / "bundle.json"
    file.write_bytes(sealed)
    assert envelope.signature_fault(envelope.read(file), key.public_key()) is None
    file.write_bytes(changed)
    with pytest.raises(EvidenceInvalid) as caught:
        envelope.read(file)
    fault = "its JSON is not in the canonical form of RFC 8785, so it was changed after it was written"
    assert str(caught.value).startswith(f"{file}: evidence invalid: {fault}: ")


def test_a_signature_of_another_key_or_kind_is_wrong(
    key: Ed25519PrivateKey, other_key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    mine, theirs = (json.loads(envelope.sealed(PAYLOAD, one)) for one in (key, other_key))
    ids = [hashlib.sha256(DER_PREFIX + raw(one)).hexdigest()[:16] for one in (other_key, key)]
    named = f"it is signed with another key, {ids[0]}, not with {ids[1]}"
    assert fault_of(theirs, key.public_key(), tmp_path) == named
    forged = mine | {"signatures": [mine["signatures"][0] | {"sig": theirs["signatures"][0]["sig"]}]}
    assert "its signature is wrong" in str(fault_of(forged, key.public_key(), tmp_path))
    ecdsa = ec.generate_private_key(ec.SECP256R1()).sign(
        envelope.pae(envelope.PAYLOAD_TYPE, PAYLOAD), ec.ECDSA(hashes.SHA256())
    )
    other = mine | {"signatures": [mine["signatures"][0] | {"sig": base64.b64encode(ecdsa).decode()}]}
    assert "its signature is wrong" in str(fault_of(other, key.public_key(), tmp_path))
    broken = mine | {"signatures": [mine["signatures"][0] | {"sig": "%%%"}]}
    assert "its signature is wrong" in str(fault_of(broken, key.public_key(), tmp_path))


GOOD = {"payload": "e30=", "payloadType": envelope.PAYLOAD_TYPE, "signatures": [{"keyid": "k", "sig": "s"}]}
HOSTILE: dict[str, tuple[str, str]] = {
    "empty": ("", "broken: the file is empty"),
    "no JSON": ("hello", "broken: Expecting value"),
    "a list": ("[]", "broken: "),
    "a number": ("1e999", "broken: "),
    "not a number": ('{"payload": NaN}', "broken: NaN is not a JSON number"),
    "nested": ("[" * 100_000, "broken: too deeply nested"),
    "a huge integer": (f'{{"payload": {"9" * 10_000}}}', "broken: "),
    "a key twice": (json.dumps(GOOD)[:-1] + ', "payload": "e30="}', "broken: duplicate key 'payload'"),
    "another type": (json.dumps(GOOD | {"payloadType": "text/html"}), "broken: payloadType: "),
    "no signatures": (json.dumps(GOOD | {"signatures": []}), "it has 0 signatures, and the gate writes exactly one"),
    "signatures missing": (json.dumps({"payload": "", "payloadType": envelope.PAYLOAD_TYPE}), "broken: signatures: "),
    "a signature of another form": (json.dumps(GOOD | {"signatures": ["s"]}), "broken: signatures"),
    "an unknown field": (json.dumps(GOOD | {"cert": "x"}), "broken: cert: "),
    "a payload that is a number": (json.dumps(GOOD | {"payload": 7}), "broken: payload: "),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_envelope_is_one_line(name: str, tmp_path: Path) -> None:
    content, expected = HOSTILE[name]
    file = tmp_path / "bundle.json"
    file.write_text(content)
    with pytest.raises(EvidenceInvalid) as caught:
        envelope.read(file)
    assert str(caught.value).startswith(f"{file}: evidence invalid: {expected}"), str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(file))
    assert "\n" not in str(caught.value)


def test_what_is_no_file_and_what_is_too_large_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EvidenceInvalid, match="it is not a regular file"):
        envelope.read(tmp_path)
    (tmp_path / "latin.json").write_bytes(b"\xff{}")
    with pytest.raises(EvidenceInvalid, match="not UTF-8 text"):
        envelope.read(tmp_path / "latin.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(EvidenceInvalid, match=r"huge\.json: evidence invalid: it is larger than 64 MiB: "):
        envelope.read(tmp_path / "huge.json")
    with pytest.raises(EvidenceInvalid) as caught:
        envelope.read(tmp_path / "gone.json")
    gone = f"{tmp_path / 'gone.json'}: evidence invalid: it cannot be read: No such file or directory: "
    assert str(caught.value).startswith(gone)


def test_an_envelope_of_the_largest_size_is_read(
    tmp_path: Path, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(envelope.sealed(PAYLOAD, key))
    monkeypatch.setattr(envelope, "LARGEST", file.stat().st_size)
    assert envelope.payload_of(file, envelope.read(file)) == PAYLOAD.decode()


@pytest.mark.parametrize("payload", ["e30", "e31=", "e3 0=", "e30=\n", "----", "ü", base64.b64encode(b"\xff").decode()])
def test_a_payload_that_is_not_plain_base64_of_text_is_refused(payload: str, tmp_path: Path) -> None:
    """``e31=`` has bits set that no byte is made of, so that two texts would have one signature."""
    file = tmp_path / "bundle.json"
    file.write_bytes(rfc8785.dumps(GOOD | {"payload": payload}))
    with pytest.raises(EvidenceInvalid) as caught:
        envelope.payload_of(file, envelope.read(file))
    fault = "its payload is broken: no Base64 of UTF-8 text"
    assert str(caught.value).startswith(f"{file}: evidence invalid: {fault}: ")


@pytest.mark.parametrize("size", ['"0"', "0.0", "true"])
def test_a_payload_with_a_number_in_another_form_is_refused(size: str, tmp_path: Path) -> None:
    """One content has one form: nothing is converted."""
    text = f'{{"name": "a", "size": {size}, "sha256": "b", "link": "c"}}'
    plain = text.replace(size, "0")
    assert envelope.parsed(tmp_path, plain, EvidencePart).size == 0
    with pytest.raises(EvidenceInvalid, match="broken: size: "):
        envelope.parsed(tmp_path, text, EvidencePart)


@pytest.mark.parametrize("text", ["{}", '{"_type": 1}', "[]", '{"a": 1, "a": 2}', "{" * 100_000])
def test_a_payload_that_is_no_statement_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceInvalid, match="evidence invalid: broken: "):
        envelope.parsed(tmp_path / "bundle.json", text, Statement)
