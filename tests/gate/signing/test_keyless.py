"""Sigstore bundles, verified by Sigstore's own client against a Sigstore of our own (``local_sigstore.py``).

The public instance is not reached: that it issues such certificates and log entries is taken from its formats.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, EvidenceInvalid, UsageError
from audit.gate.signing import envelope, keyless
from audit.gate.signing.sign import statement_of
from audit.gate.signing.statement import payload
from audit.gate.signing.verify import UNCHECKED_IDENTITY, verify
from tests.gate.signing.local_sigstore import LocalSigstore

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from audit.core.run_folder import RunFolder

pytestmark = pytest.mark.slow
WHO = keyless.Signatory("ci@example.org", "https://issuer.example")


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSigstore:
    """A Sigstore whose roots are trusted."""
    models = pytest.importorskip("sigstore.models")
    from sigstore.verify import Verifier

    made = LocalSigstore()
    file = tmp_path / "trusted_root.json"
    file.write_text(made.trusted_root(), "utf-8")
    trusted = Verifier(trusted_root=models.TrustedRoot.from_file(str(file)))
    monkeypatch.setattr(keyless, "verifier", lambda: trusted)
    return made


def write(run: RunFolder, bundle: dict[str, Any]) -> None:
    (run.path / keyless.NAME).write_text(json.dumps(bundle), "utf-8")


@pytest.fixture
def signed(run: RunFolder, local: LocalSigstore) -> RunFolder:
    """The run with both bundles."""
    write(run, local.bundle(payload(statement_of(run))))
    return run


def test_the_bundle_that_is_missing_is_the_one_that_is_named(signed: RunFolder, public: Ed25519PublicKey) -> None:
    (signed.path / envelope.NAME).unlink()
    [fault] = verify(signed, public, signer=WHO).faults
    assert fault.startswith(f"{envelope.NAME}: it is missing")


def test_a_bundle_of_the_identity_is_valid_and_needs_no_key(signed: RunFolder) -> None:
    found = verify(signed, signer=WHO)
    assert (found.faults, found.keyless, found.identity) == ([], "valid", WHO.name)
    (signed.path / envelope.NAME).unlink()
    alone = verify(signed, signer=WHO)
    assert (alone.faults, alone.keyless, alone.signature, alone.files) == ([], "valid", "missing", found.files)
    assert alone.remarks == []


def test_the_bundle_is_compared_though_nobody_is_named(signed: RunFolder) -> None:
    (signed.path / envelope.NAME).unlink()
    found = verify(signed)
    assert (found.valid, found.keyless) == (True, "not checked")
    assert found.remarks == [UNCHECKED_IDENTITY]
    signed.metrics_path.write_text(signed.metrics_path.read_text() + " ")
    assert verify(signed).faults[0] == "metrics.json: it was changed, or belongs to another run"


@pytest.mark.parametrize(
    "who", [keyless.Signatory("other@example.org", WHO.issuer), keyless.Signatory(WHO.name, "https://other.example")]
)
def test_somebody_else_has_not_signed(signed: RunFolder, who: keyless.Signatory) -> None:
    found = verify(signed, signer=who)
    assert found.keyless == "invalid"
    assert "its Sigstore signature is not valid for" in found.faults[0]


def test_another_sigstore_is_not_trusted(signed: RunFolder) -> None:
    write(signed, LocalSigstore().bundle(payload(statement_of(signed))))
    assert verify(signed, signer=WHO).keyless == "invalid"


def changed_payload(bundle: dict[str, Any]) -> None:
    plain = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b'"PASS"', b'"FAIL"')
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(plain).decode()


def changed_signature(bundle: dict[str, Any]) -> None:
    signature = bundle["dsseEnvelope"]["signatures"][0]
    signature["sig"] = base64.b64encode(base64.b64decode(signature["sig"])[:-1] + b"\x00").decode()


def later_in_the_log(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = "9999999999"


def another_leaf(bundle: dict[str, Any]) -> None:
    proof = bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    proof["rootHash"] = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize("change", [changed_payload, changed_signature, later_in_the_log, another_leaf])
def test_a_tampered_bundle_is_found(signed: RunFolder, change: Any) -> None:
    bundle = json.loads((signed.path / keyless.NAME).read_text("utf-8"))
    change(bundle)
    write(signed, bundle)
    assert verify(signed, signer=WHO).keyless == "invalid"


def test_two_bundles_on_different_statements_contradict_each_other(signed: RunFolder, local: LocalSigstore) -> None:
    write(signed, local.bundle(payload(statement_of(signed)).replace(b'"min 20"', b'"min 21"')))
    assert f"{keyless.NAME}: it signs another statement than {envelope.NAME}" in verify(signed).faults


def test_a_missing_bundle_is_a_fault_where_an_identity_is_given(run: RunFolder) -> None:
    found = verify(run, signer=WHO)
    assert (found.keyless, found.valid) == ("missing", False)
    assert found.faults[0].startswith("evidence.sigstore.json: it is missing")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"dsseEnvelope": {"payload": "%%"}}', '{"dsseEnvelope": 1}'])
def test_a_broken_bundle_is_one_line(run: RunFolder, text: str) -> None:
    (run.path / keyless.NAME).write_text(text, "utf-8")
    with pytest.raises(EvidenceInvalid, match=r"evidence\.sigstore\.json: .* no Sigstore bundle"):
        verify(run)


def test_signing_writes_the_bundle_of_the_statement(
    run: RunFolder, local: LocalSigstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyless, "bundle_of", lambda content, _: json.dumps(local.bundle(content)).encode())
    token: Any = object()
    assert keyless.sign_keyless(run, token).name == "tiny"
    assert verify(run, signer=WHO).keyless == "valid"
    assert keyless.signs_decision(run)
    decision = run.read_decision()
    assert decision is not None
    run.write_decision(decision.model_copy(update={"warnings": ["new"]}))
    assert not keyless.signs_decision(run)


def test_without_an_identity_or_the_package_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(variable, raising=False)
    pytest.importorskip("sigstore")
    monkeypatch.setattr("sigstore.oidc.detect_credential", lambda: None)
    with pytest.raises(ConfigError, match="no identity to sign with: this is no CI job"):
        keyless.ambient_token()
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(ConfigError, match=r"pip install 'checkpoint-audit\[sigstore\]'"):
        keyless.ambient_token()


def test_checking_an_identity_without_the_package_is_one_line(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(run, LocalSigstore().bundle(payload(statement_of(run))))
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(ConfigError, match="--sigstore-identity: it needs the package sigstore"):
        verify(run, signer=WHO)
    assert verify(run).valid  # compared all the same


def test_a_sigstore_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sigstore")

    def refuse(**_: object) -> None:
        msg = "no route\nto host"
        raise OSError(msg)

    monkeypatch.setattr("sigstore.models.ClientTrustConfig.production", refuse)
    token: Any = object()
    with pytest.raises(UsageError, match=r"^not signed: Sigstore: OSError: no route$"):
        keyless.bundle_of(b"{}", token)


def test_the_statement_is_signed_by_the_public_sigstore(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to its services, which stand-ins answer for."""
    pytest.importorskip("sigstore")
    signed: list[bytes] = []

    class Signer:
        def sign_dsse(self, statement: Any) -> Any:
            signed.append(statement._contents)
            return SimpleNamespace(to_json=lambda: '{"a": "é"}')

    context = SimpleNamespace(signer=lambda _: nullcontext(Signer()))
    monkeypatch.setattr("sigstore.models.ClientTrustConfig.production", lambda: "production")
    monkeypatch.setattr("sigstore.sign.SigningContext.from_trust_config", {"production": context}.__getitem__)
    text = payload(statement_of(run))  # which Sigstore's client reads as a statement of in-toto
    token: Any = object()
    assert keyless.bundle_of(text, token) == '{"a": "é"}'.encode()
    assert signed == [text]


def test_an_identity_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    oidc = pytest.importorskip("sigstore.oidc")
    monkeypatch.setattr("sigstore.oidc.detect_credential", lambda: "no token")
    with pytest.raises(ConfigError, match=r"^--sigstore: no identity to sign with: .*'permissions: id-token: write'$"):
        keyless.ambient_token()
    monkeypatch.setattr("sigstore.oidc.IdentityToken", lambda token: f"identity of {token}")
    assert str(keyless.ambient_token()) == "identity of no token"

    def fails() -> None:
        msg = "no permission"
        raise oidc.IdentityError(msg)

    monkeypatch.setattr("sigstore.oidc.detect_credential", fails)
    with pytest.raises(ConfigError, match=r"no identity to sign with: .*no permission"):
        keyless.ambient_token()


def test_the_roots_of_the_package_need_no_network_and_trust_no_other(run: RunFolder) -> None:
    pytest.importorskip("sigstore")
    write(run, LocalSigstore().bundle(payload(statement_of(run))))
    assert "its Sigstore signature is not valid for ci@example.org" in (
        keyless.signature_fault(run.path / keyless.NAME, WHO) or ""
    )


def test_a_signature_of_something_else_is_none(signed: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = signed.path / keyless.NAME
    for found in (("text/plain", keyless.payload_of(path).encode()), (envelope.PAYLOAD_TYPE, b"{}")):
        monkeypatch.setattr(keyless, "verifier", lambda f=found: SimpleNamespace(verify_dsse=lambda *_: f))
        assert keyless.signature_fault(path, WHO) == "its Sigstore signature is of something else"


def test_a_bundle_that_cannot_be_read_or_is_too_large_is_one_line(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.path / keyless.NAME
    with pytest.raises(EvidenceInvalid, match="it cannot be read: No such file or directory"):
        keyless.payload_of(path)
    path.write_text(" " * 20)
    monkeypatch.setattr(envelope, "LARGEST", 19)
    with pytest.raises(EvidenceInvalid, match="it is larger than 0 MiB"):
        keyless.payload_of(path)
