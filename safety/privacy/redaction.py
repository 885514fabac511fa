"""Personal data in generated text as it is stored: kind, place and a keyed digest, never the value.

The digest (HMAC-SHA-256, RFC 2104) tells whoever holds the key whether two runs leaked the same value, or whether a
leaked value is one that they know. Without the key it tells nothing: telephone numbers are few enough to be
tried one by one, so that a digest without a key would give them away. The key never enters a run folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_config_path

from audit.core.errors import UsageError
from audit.core.records import RawOutput
from audit.core.sensitive import REDACTED, THINKING_REDACTED, THINKING_WITHHELD, WITHHELD
from audit.safety.privacy.detectors import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.safety.privacy.detectors import Finding

logger = logging.getLogger(__name__)

KEY_VARIABLE = "AUDIT_HMAC_KEY"
SHORTEST_KEY = 16
"""Characters; a shorter one can be guessed."""
DIGEST_DIGITS = 32
"""Hexadecimal digits of the digest that are kept: 128 bits."""


def redact(samples: Sequence[Sample], key: bytes) -> tuple[list[Sample], list[RawOutput]]:
    """Take personal data out of outputs and reasoning traces.

    Each value, wherever it stands in either, becomes its kind in brackets (``[email]``) and a flag
    ``email:3-21:DIGEST`` with its offsets in the original text; such a sample carries the flag ``redacted`` as well.
    Values that standards reserve for documentation belong to nobody and stay. An output that cannot be searched is not
    kept, with the flag ``withheld``. Flags of the trace begin with ``thinking_``: ``thinking_email:3-21:DIGEST``,
    ``thinking_redacted``, ``thinking_withheld``. What was redacted once holds nothing to redact.

    Args:
        samples: As a task made them.
        key: Of the digest.

    Returns:
        The samples to store, in their order, and what was taken out of them.
    """
    stored, raw = [], []
    for sample in samples:
        clean = _redacted(sample, key)
        stored.append(clean)
        if clean is not sample:
            about = {"suite": sample.suite, "task": sample.task, "sample_id": sample.sample_id}
            raw.append(RawOutput.model_validate({**about, "output": sample.output, "thinking": sample.thinking}))
    return stored, raw


def holds_personal_data(text: str) -> bool:
    """Whether a text holds personal data, or cannot be searched for it."""
    try:
        return any(not found.reserved for found in find(text))
    except Exception:  # noqa: BLE001 - foreign parsers on untrusted text
        return True


def unsearched(samples: Sequence[Sample]) -> str | None:
    """What a reader must know of outputs and reasoning traces that could not be searched and were not kept."""
    count = sum(not {WITHHELD, THINKING_WITHHELD}.isdisjoint(sample.flags) for sample in samples)
    if not count:
        return None
    return f"{samples[0].task}: {count} of {len(samples)} outputs could not be searched for personal data: not kept"


def redaction_key() -> tuple[bytes, str | None]:
    """The key of the digests: ``AUDIT_HMAC_KEY``, else a random one that is made once per user.

    Returns:
        The key, and what a reader must know where it is forgotten when the process ends.

    Raises:
        UsageError: The variable holds too short a key, or the file is no key.
    """
    named = os.environ.get(KEY_VARIABLE)
    if named is not None:
        return _long_enough(named.strip(), KEY_VARIABLE), None
    file = user_config_path("checkpoint-audit", appauthor=False) / "hmac.key"
    try:
        _make_key(file)
        return _long_enough(file.read_text("utf-8").strip(), str(file)), None
    except (OSError, UnicodeDecodeError) as error:
        remark = (
            f"{file}: no key can be kept there ({type(error).__name__}): digests of personal data cannot be compared "
            f"with those of other runs; set {KEY_VARIABLE}"
        )
        return secrets.token_bytes(32), remark


def digest(value: str, key: bytes) -> str:
    """HMAC-SHA-256 of a value, its first 128 bits in hexadecimal."""
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:DIGEST_DIGITS]


@dataclass(frozen=True, slots=True)
class _Part:
    """A text of a sample that a checkpoint wrote."""

    field: str
    """Of the record."""
    prefix: str
    """Before the kind in a flag."""
    redacted: str
    """Flag where something was taken out."""
    withheld: str
    """Flag where nothing was kept."""


_PARTS = (
    _Part("output", "", REDACTED, WITHHELD),
    _Part("thinking", "thinking_", THINKING_REDACTED, THINKING_WITHHELD),
)


def _redacted(sample: Sample, key: bytes) -> Sample:
    """The sample without personal data in its texts; the same object where there is none."""
    texts = {part: getattr(sample, part.field) or "" for part in _PARTS}
    changed: dict[str, object] = {}
    flags = [*sample.flags]
    for part, found in _searched(texts, sample.sample_id).items():
        if found is None:
            changed[part.field] = None
            flags.append(part.withheld)
        elif found:
            changed[part.field] = _without(texts[part], found)
            flags += [part.redacted, *(_told(part, texts[part], one, key) for one in found)]
    return sample.model_copy(update={**changed, "flags": flags}) if changed else sample


def _told(part: _Part, text: str, one: Finding, key: bytes) -> str:
    """The flag of a finding."""
    return f"{part.prefix}{one.kind}:{one.start}-{one.end}:{digest(text[one.start : one.end], key)}"


def _searched(texts: dict[_Part, str], sample_id: str) -> dict[_Part, list[Finding] | None]:
    """What is to be taken out of each text; None of one that could not be searched.

    A value is taken out wherever it stands, also where the words around it would not give it away. What is left is
    searched until nothing is found: without its neighbour, a number may stand alone.
    """
    found: dict[_Part, list[Finding] | None] = {part: [] for part in texts}
    changed = True
    while changed:
        changed = False
        for part, text in texts.items():
            known = found[part]
            if known is None:
                continue
            try:
                new = _new(text, known)
            except Exception as error:  # noqa: BLE001 - foreign parsers on untrusted text: what is not searched is not kept
                fault = type(error).__name__
                logger.info("sample %s: its %s could not be searched (%s)", sample_id, part.field, fault)
                found[part] = None
                continue
            found[part] = sorted([*known, *new], key=lambda one: one.start)
            changed = changed or bool(new)
        if changed:
            _add_copies(texts, found)
    return found


def _new(text: str, known: Sequence[Finding]) -> list[Finding]:
    """What is found in the text without the known findings, at its place in the whole text."""
    new = []
    for one in find(_without(text, known)) if text else ():
        shift, overlaps = 0, False
        for taken in known:
            mark = taken.start - shift
            behind = mark + len(_mark(taken))
            if one.end <= mark:
                break
            overlaps = overlaps or one.start < behind
            shift += taken.end - taken.start - len(_mark(taken))
        if not one.reserved and not overlaps:
            new.append(replace(one, start=one.start + shift, end=one.end + shift))
    return new


def _add_copies(texts: dict[_Part, str], found: dict[_Part, list[Finding] | None]) -> None:
    """Add every further place of the values that were found."""
    values = {texts[part][one.start : one.end]: one for part, findings in found.items() for one in findings or ()}
    for part, findings in found.items():
        if findings is None:
            continue
        text, copies = texts[part], [*findings]
        taken = bytearray(len(text))
        for one in findings:
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
        for value, one in values.items():
            start = text.find(value)
            while start >= 0:
                end = start + len(value)
                if taken.find(1, start, end) < 0:
                    taken[start:end] = b"\x01" * len(value)
                    copies.append(replace(one, start=start, end=end))
                start = text.find(value, start + 1)
        found[part] = sorted(copies, key=lambda one: one.start)


def _without(text: str, findings: Sequence[Finding]) -> str:
    """The text with the kind of each finding in its place."""
    parts, position = [], 0
    for finding in findings:
        parts += [text[position : finding.start], _mark(finding)]
        position = finding.end
    return "".join([*parts, text[position:]])


def _mark(finding: Finding) -> str:
    return f"[{finding.kind}]"


def _make_key(file: Path) -> None:
    """Write a random key that its owner alone may read, unless there is one; two processes agree on the first."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written whole under another name and linked, so that no other process reads half of it.
    fresh = Path(f"{file}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)


def _long_enough(key: str, where: str) -> bytes:
    if len(key) < SHORTEST_KEY:
        msg = (
            f"{where}: a key of {len(key)} characters: at least {SHORTEST_KEY} are needed, e.g. `openssl rand -hex 32`"
        )
        raise UsageError(msg)
    return key.encode()
