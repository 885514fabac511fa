"""Personal data in generated text as it is stored: kind, place and a keyed digest, never the value.

The digest (HMAC-SHA-256, RFC 2104) shows whoever holds the key whether two runs leaked the same value, or whether a
leaked value is one that they know. Without the key it shows nothing: telephone numbers are few enough to be
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
from typing import TYPE_CHECKING, TypeVar

from platformdirs import user_config_path

from audit.core import records
from audit.core.errors import UsageError
from audit.core.records import Flag, RawOutput, Sample, SampledText, completion_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal

    from audit.safety.privacy.detectors import Finding

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", Sample, SampledText)

KEY_VARIABLE = "AUDIT_HMAC_KEY"
SHORTEST_KEY = 16
"""Characters; a shorter one can be guessed."""
DIGEST_DIGITS = 32
"""Hexadecimal digits of the digest that are kept: 128 bits."""


def find(text: str) -> list[Finding]:
    """All personal data in a text; the patterns of detectors take a tenth of a second to compile, when it is needed."""
    from audit.safety.privacy import detectors  # noqa: PLC0415 - see above

    return detectors.find(text)


def redact(samples: Sequence[Sample], key: bytes) -> tuple[list[Sample], list[RawOutput]]:
    """Take personal data out of outputs, reasoning traces and every other completion.

    Each value, wherever it occurs in any text of a sample, becomes its kind in brackets (``[email]``), and its place in
    the original text becomes a record among the ``findings`` of the sample or completion that held it, which is flagged
    ``redacted`` (``thinking_redacted`` for a trace). Values that standards reserve for documentation belong to nobody:
    they stay, and are among the findings. A text that cannot be searched is not kept, with the flag ``withheld``
    (``thinking_withheld``). Errors may quote what was written: they are searched too, without a finding or a flag, and
    none is kept where a text of the sample is withheld. A redacted sample holds nothing to redact.

    Texts of data sets stay as they are: prompt, reference and options.

    Args:
        samples: As a task made them.
        key: Of the digest.

    Returns:
        The samples to store, in their order, and the texts that were changed, each under its address.
    """
    stored, raw = [], []
    for sample in samples:
        searched = _search(_texts(sample), sample.sample_id)
        clean = _redacted(sample, searched, key)
        stored.append(clean)
        raw += _originals(sample, clean)
    return stored, raw


def holds_personal_data(text: str) -> bool:
    """Whether a text holds personal data, or cannot be searched for it."""
    try:
        return any(not found.reserved for found in find(text))
    except Exception:  # noqa: BLE001 - foreign parsers on untrusted text
        return True


def without_personal_data(texts: Sequence[str], name: str) -> list[str | None]:
    """Texts that are about one thing, with the kind of each value in its place; None for one that cannot be searched.

    Args:
        texts: As a checkpoint wrote them.
        name: What they are about, for the log.
    """
    searched = _search(texts, name)
    return [None if searched[text].failed else _without(text, searched[text].found) for text in texts]


def unsearched(samples: Sequence[Sample]) -> str | None:
    """What a reader must know of outputs and reasoning traces that could not be searched and were not kept."""
    answers = [answer for sample in samples for answer in sample.completions or (sample,)]
    count = sum(not _LOST.isdisjoint(answer.flags) for answer in answers)
    if not count:
        return None
    return f"{samples[0].task}: {count} of {len(answers)} outputs could not be searched for personal data: not kept"


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


ERROR_WITHHELD = "could not be scored; the reason may quote text that was not searched for personal data: not kept"
"""In place of an error of a sample that holds a text which could not be searched."""
_LOST = frozenset({Flag.WITHHELD, Flag.THINKING_WITHHELD})


@dataclass(slots=True)
class _Searched:
    """What was found in one text."""

    found: list[Finding]
    """Values to take out, in order, without overlap."""
    reserved: list[Finding]
    """Values that belong to nobody and stay."""
    failed: bool = False
    """Whether a detector broke on it, so that it cannot be kept."""


def _texts(sample: Sample) -> list[str]:
    """Every text of a sample that the checkpoint wrote, and the errors, which may quote it, each once."""
    texts = [sample.output, sample.thinking, sample.error]
    texts += [text for one in sample.completions for text in (one.text, one.thinking, one.error)]
    return list(dict.fromkeys(text for text in texts if text))


def _redacted(sample: Sample, searched: Mapping[str, _Searched], key: bytes) -> Sample:
    """The sample without personal data; the same object where nothing was found."""
    completions = [_clean(one, "text", searched, key) for one in sample.completions]
    clean = _clean(sample, "output", searched, key)
    if all(one is other for one, other in zip(completions, sample.completions, strict=True)):
        return clean
    return clean.model_copy(update={"completions": completions})


def _clean(
    answer: Answer, answer_field: Literal["output", "text"], searched: Mapping[str, _Searched], key: bytes
) -> Answer:
    """A sample or a completion without personal data in its own texts; the same object where nothing was found."""
    changed: dict[str, object] = {}
    flags, findings = [*answer.flags], [*answer.findings]
    fields: tuple[tuple[str, Literal["output", "thinking"], Flag, Flag], ...] = (
        (answer_field, "output", Flag.REDACTED, Flag.WITHHELD),
        ("thinking", "thinking", Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD),
    )
    for field, named, redacted, withheld in fields:
        text: str = getattr(answer, field) or ""
        if text not in searched:
            continue
        one: _Searched = searched[text]
        if one.failed:
            changed[field] = None
            flags.append(withheld)
        elif one.found:
            changed[field] = _without(text, one.found)
            flags.append(redacted)
        listed = [*one.found]
        if not any(finding.field == named for finding in answer.findings):
            listed += one.reserved  # else they were recorded when the text was redacted
        findings += [_record(found, named, text, key) for found in sorted(listed, key=lambda found: found.start)]
    if answer.error and (error := _clean_error(answer.error, searched)) != answer.error:
        changed["error"] = error
    if not changed and len(findings) == len(answer.findings):
        return answer
    return answer.model_copy(update={**changed, "flags": list(dict.fromkeys(flags)), "findings": findings})


def _record(found: Finding, field: Literal["output", "thinking"], text: str, key: bytes) -> records.FindingRecord:
    """A finding as it is stored: by kind and place, with a digest in place of the value."""
    value = None if found.reserved else digest(text[found.start : found.end], key)
    return records.FindingRecord(
        kind=found.kind, field=field, start=found.start, end=found.end, digest=value, reserved=found.reserved
    )


def _clean_error(error: str, searched: Mapping[str, _Searched]) -> str:
    """An error without personal data, or a fixed sentence where it may quote a text that could not be searched."""
    if any(one.failed for one in searched.values()):
        return ERROR_WITHHELD
    return _without(error, searched[error].found)


def _originals(sample: Sample, clean: Sample) -> list[RawOutput]:
    """The texts of a sample that were changed, as the checkpoint wrote them."""
    about = {"suite": sample.suite, "task": sample.task}
    raw = []
    if (sample.output, sample.thinking) != (clean.output, clean.thinking):
        own = {"sample_id": sample.sample_id, "output": sample.output, "thinking": sample.thinking}
        raw.append(RawOutput.model_validate(about | own))
    for index, (one, stored) in enumerate(zip(sample.completions, clean.completions, strict=True)):
        if (one.text, one.thinking) != (stored.text, stored.thinking):
            address = completion_address(sample.sample_id, index)
            own = {"sample_id": address, "output": one.text, "thinking": one.thinking}
            raw.append(RawOutput.model_validate(about | own))
    return raw


def _search(texts: Iterable[str], sample_id: str) -> dict[str, _Searched]:
    """What is to be taken out of each text of one sample.

    A value is taken out wherever it occurs, also where the words around it would not give it away. What is left is
    searched until nothing is found: without its neighbour, a number may stand alone.
    """
    searched = {text: _Searched([], []) for text in texts}
    pending = list(searched)
    while pending:
        changed = []
        for text in pending:
            one = searched[text]
            try:
                new = _new(text, one.found)
            except Exception as error:  # noqa: BLE001 - foreign parsers on untrusted text: what is not searched is not kept
                logger.info("sample %s: a text could not be searched (%s)", sample_id, type(error).__name__)
                searched[text] = _Searched([], [], failed=True)
                continue
            one.reserved = [found for found in new if found.reserved]
            found = [found for found in new if not found.reserved]
            one.found = sorted([*one.found, *found], key=lambda found: found.start)
            changed += [text] if found else []
        copied = _add_copies(searched) if changed else []
        pending = list(dict.fromkeys([*changed, *copied]))
    return searched


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
            overlaps = one.start < behind  # of the last mark that begins before its end
            shift += taken.end - taken.start - len(_mark(taken))
        if not overlaps:
            new.append(replace(one, start=one.start + shift, end=one.end + shift))
    return new


def _add_copies(searched: Mapping[str, _Searched]) -> list[str]:
    """Add every further place of the values that were found, longest first; the texts that hold one."""
    values = {text[found.start : found.end]: found for text, one in searched.items() for found in one.found}
    holders = []
    for text, one in searched.items():
        if one.failed:
            continue
        copies, taken = [*one.found], bytearray(len(text))
        for found in one.found:
            taken[found.start : found.end] = b"\x01" * (found.end - found.start)
        for value in sorted(values, key=len, reverse=True):
            start = text.find(value)
            while start >= 0:
                end = start + len(value)
                if taken.find(1, start, end) < 0:
                    taken[start:end] = b"\x01" * len(value)
                    copies.append(replace(values[value], start=start, end=end))
                start = text.find(value, start + 1)
        if len(copies) > len(one.found):
            one.found = sorted(copies, key=lambda found: found.start)
            holders.append(text)
    return holders


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
        msg = f"{where}: a key of {len(key)} characters: use at least {SHORTEST_KEY}, e.g. `openssl rand -hex 32`"
        raise UsageError(msg)
    return key.encode()
