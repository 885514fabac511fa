"""A Sigstore of our own: a certificate authority, a log of certificates and a log of signatures, with their roots.

Keys are those of this process, formats those of the public instance: RFC 6962 for the timestamp in the certificate,
Rekor's ``dsse`` entry 0.0.1 with promise, inclusion proof in a tree of one leaf, and signed checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from audit.gate.signing.envelope import PAYLOAD_TYPE, pae

ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
"""Fulcio's extension with the issuer of the token."""
TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
P256 = "PKIX_ECDSA_P256_SHA_256"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class LocalSigstore:
    """Issues certificates, logs signatures, and says whom to trust."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    authority: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    certificates: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "local")])
        usage = x509.KeyUsage(**_usages("key_cert_sign"))
        self.root = (
            self._builder(self.name, self.authority)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(self.now - timedelta(minutes=5))
            .not_valid_after(self.now + timedelta(minutes=5))
        )

    def certificate(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        """Of a key, for whom a token names, with the timestamp of the log of certificates."""

        def made(timestamp: bytes) -> x509.Certificate:
            listed = struct.pack(f"!HH{len(timestamp)}s", len(timestamp) + 2, len(timestamp), timestamp)
            return (
                self._builder(x509.Name([]), key)
                .add_extension(x509.KeyUsage(**_usages("digital_signature")), critical=True)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), critical=False
                )
                .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), critical=True)
                .add_extension(x509.UnrecognizedExtension(ISSUER, issuer.encode()), critical=False)
                .add_extension(
                    x509.UnrecognizedExtension(TIMESTAMPS, _octets(listed)),
                    critical=False,
                )
                .sign(self.authority, hashes.SHA256())
            )

        at = int(self.now.timestamp() * 1000)
        unsigned = made(self._timestamp(at, b"\x00" * 8)).tbs_precertificate_bytes
        entry = hashlib.sha256(der(self.authority)).digest() + len(unsigned).to_bytes(3, "big") + unsigned
        signed = struct.pack(f"!BBQH{len(entry)}sH", 0, 0, at, 1, entry, 0)
        return made(self._timestamp(at, self.certificates.sign(signed, ec.ECDSA(hashes.SHA256()))))

    def _timestamp(self, at: int, signature: bytes) -> bytes:
        """RFC 6962, section 3.2: version, log, time, no extensions, SHA-256 with ECDSA, signature."""
        log = hashlib.sha256(der(self.certificates)).digest()
        return struct.pack(f"!B32sQHBBH{len(signature)}s", 0, log, at, 0, 4, 3, len(signature), signature)

    def bundle(self, payload: bytes, identity: str = "ci@example.org", issuer: str = "https://issuer.example") -> Any:
        """A signed statement, as JSON."""
        key = new_key()
        certificate = self.certificate(key, identity, issuer)
        signature = key.sign(pae(PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256()))
        body = self._entry(payload, signature, certificate)
        leaf = hashlib.sha256(b"\x00" + body).digest()
        log_id = hashlib.sha256(der(self.log)).digest()
        seconds = int(self.now.timestamp())
        promise = rfc8785.dumps({"body": text(body), "integratedTime": seconds, "logID": log_id.hex(), "logIndex": 0})
        note = f"local - 1\n1\n{text(leaf)}\n"
        mark = text(log_id[:4] + self.log.sign(note.encode(), ec.ECDSA(hashes.SHA256())))
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": text(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [
                    {
                        "logIndex": "0",
                        "logId": {"keyId": text(log_id)},
                        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                        "integratedTime": str(seconds),
                        "inclusionPromise": {
                            "signedEntryTimestamp": text(self.log.sign(promise, ec.ECDSA(hashes.SHA256())))
                        },
                        "inclusionProof": {
                            "logIndex": "0",
                            "rootHash": text(leaf),
                            "treeSize": "1",
                            "hashes": [],
                            "checkpoint": {"envelope": f"{note}\n\u2014 local {mark}\n"},
                        },
                        "canonicalizedBody": text(body),
                    }
                ],
            },
            "dsseEnvelope": {
                "payload": text(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": text(signature)}],
            },
        }

    def _entry(self, payload: bytes, signature: bytes, certificate: x509.Certificate) -> bytes:
        """The log's entry on an envelope."""
        digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
        signer = {"signature": text(signature), "verifier": text(certificate.public_bytes(Encoding.PEM))}
        spec = {"envelopeHash": digest, "payloadHash": digest, "signatures": [signer]}
        return rfc8785.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})

    def trusted_root(self) -> str:
        """Whom to trust, as JSON."""
        start = (self.now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

        def instance(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": "https://local.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": text(der(key)), "keyDetails": P256, "validFor": {"start": start}},
                "logId": {"keyId": text(hashlib.sha256(der(key)).digest())},
            }

        authority = {
            "subject": {"organization": "local", "commonName": "local"},
            "uri": "https://local.example",
            "certChain": {"certificates": [{"rawBytes": text(self.root.public_bytes(Encoding.DER))}]},
            "validFor": {"start": start},
        }
        return json.dumps({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [instance(self.log)],
            "certificateAuthorities": [authority],
            "ctlogs": [instance(self.certificates)],
            "timestampAuthorities": [],
        })  # fmt: skip


def _octets(content: bytes) -> bytes:
    """DER OCTET STRING of up to 255 bytes."""
    length = bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])
    return b"\x04" + length + content


def _usages(one: str) -> dict[str, bool]:
    """Key usage with one purpose."""
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return {name: name == one for name in names}
