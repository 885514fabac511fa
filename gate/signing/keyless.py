"""The statement on a run as a Sigstore bundle: signed with the identity of a CI job in place of a key.

https://docs.sigstore.dev: Fulcio certifies a key for a few minutes to whom an OpenID Connect token names, and the
signature is entered into the log Rekor. Signing needs the network. Verifying does not: certificate, log entry and proof
are in the bundle, and the roots of trust are those that the package ``sigstore`` brings.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError, RunFolderError, UsageError
from audit.core.filesystem import write_bytes
from audit.core.records.files.json_file import read_plain, read_text
from audit.core.text import first_line, printable
from audit.gate.signing import envelope
from audit.gate.signing.sign import lists_decision, statement_of
from audit.gate.signing.statement import payload

if TYPE_CHECKING:
    from pathlib import Path

    from sigstore.oidc import IdentityToken
    from sigstore.verify import Verifier

    from audit.core.run_folder import RunFolder
    from audit.gate.signing.statement import Subject

NAME = "evidence.sigstore.json"
"""File of the bundle in a run folder."""
INSTALL = "it needs the package sigstore: pip install 'checkpoint-audit[sigstore]'"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who has to have signed."""

    name: str
    """As the certificate has it: an e-mail address, or the address of a workflow."""
    issuer: str
    """Address of the OpenID Connect issuer."""


def ambient_token() -> IdentityToken:
    """The identity of the CI job that this process runs in.

    Raises:
        ConfigError: The package is not installed, or there is no identity.
    """
    try:
        from sigstore import oidc  # noqa: PLC0415 - an optional package
    except ImportError as error:
        msg = f"--sigstore: {INSTALL}"
        raise ConfigError(msg) from error
    try:
        token = oidc.detect_credential()
        if token is not None:
            return oidc.IdentityToken(token)
        reason = "this is no CI job that Sigstore knows"
    except oidc.IdentityError as error:
        reason = _said(error)
    msg = f"--sigstore: no identity to sign with: {reason}: on GitHub the job needs 'permissions: id-token: write'"
    raise ConfigError(msg)


def sign_keyless(run: RunFolder, token: IdentityToken) -> Subject:
    """Write ``evidence.sigstore.json``.

    Args:
        run: A run that the gate has judged, its evidence checked.
        token: Who signs.

    Returns:
        The subject of the statement.

    Raises:
        EvidenceInvalid: A file has changed since the run ended.
        RunFolderError: The run has not been judged, or a file cannot be read.
        UsageError: Sigstore cannot be reached, or refuses.
        WriteError: The file cannot be written.
    """
    statement = statement_of(run)
    write_bytes(run.path / NAME, bundle_of(payload(statement), token))
    return statement.subject[0]


def bundle_of(content: bytes, token: IdentityToken) -> bytes:
    """The bundle of a statement, signed with the public Sigstore.

    Raises:
        UsageError: It cannot be reached, or refuses.
    """
    from sigstore import dsse, models, sign  # noqa: PLC0415 - an optional package

    try:
        context = sign.SigningContext.from_trust_config(models.ClientTrustConfig.production())
        with context.signer(token) as signer:
            text: str = signer.sign_dsse(dsse.Statement(content)).to_json()
    except Exception as error:  # of the network, or of one of four services
        msg = f"not signed: Sigstore: {_said(error)}"
        raise UsageError(msg) from error
    return text.encode()


def signs_decision(run: RunFolder) -> bool:
    """Whether the bundle lists the decision of a run as it is; of the signature itself nothing is said.

    Args:
        run: A run with a decision and a bundle.
    """
    path = run.path / NAME
    return lists_decision(run, path, lambda: payload_of(path))


def payload_of(path: Path) -> str:
    """The text of the statement in a bundle, of whose signature nothing is said.

    Raises:
        EvidenceInvalid: The bundle is broken, or too large.
    """
    return _content(path).decode()


def _content(path: Path) -> bytes:
    """The statement in a bundle."""
    try:
        if path.stat().st_size > envelope.LARGEST:
            raise envelope.invalid(path, f"it is larger than {envelope.LARGEST // 1024**2} MiB")
        plain: Any = read_plain(read_text(path, "copy the run folder again"))
        content = base64.b64decode(plain["dsseEnvelope"]["payload"], validate=True)
        content.decode()
    except OSError as error:
        raise envelope.invalid(path, f"it cannot be read: {error.strerror}: check its permissions") from error
    except (RunFolderError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise envelope.invalid(path, "it is no Sigstore bundle of an in-toto statement") from error
    return content


def signature_fault(path: Path, who: Signatory) -> str | None:
    """Why a bundle is not signed by somebody; None where it is. Needs no network.

    Raises:
        ConfigError: The package is not installed.
        EvidenceInvalid: The bundle is broken.
    """
    content = _content(path)
    try:
        from sigstore import errors, models  # noqa: PLC0415 - an optional package
        from sigstore.verify import policy  # noqa: PLC0415 - see above
    except ImportError as error:
        msg = f"--sigstore-identity: {INSTALL}"
        raise ConfigError(msg) from error
    try:
        asked = policy.Identity(identity=who.name, issuer=who.issuer)
        kind, signed = verifier().verify_dsse(models.Bundle.from_json(path.read_bytes()), asked)
    except (errors.Error, ValueError) as error:
        return f"its Sigstore signature is not valid for {printable(who.name)}: {_said(error)}"
    if kind != envelope.PAYLOAD_TYPE or signed != content:
        return "its Sigstore signature is of something else"
    return None


def verifier() -> Verifier:
    """Checks bundles of the public Sigstore with the roots of trust that the package brings."""
    from sigstore.verify import Verifier as Checker  # noqa: PLC0415 - an optional package

    return Checker.production(offline=True)


def _said(error: BaseException) -> str:
    """An error in one line."""
    return printable(first_line(error), 300)
