"""Detectors of personal data in text. Each finds one kind, with the checks that its standard defines.

Values that a standard or regulator reserves for documentation or private use belong to nobody; they are
found too and marked ``reserved``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from audit.safety.personal_accounts import find_cards, find_ibans, find_wallets
from audit.safety.personal_contacts import find_emails, find_ips, find_phones
from audit.safety.personal_findings import Finding, in_pieces
from audit.safety.personal_identities import IDENTITIES, find_identities
from audit.safety.personal_keys import find_api_keys, find_private_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DETECTORS", "Finding", "find"]

DETECTORS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "private_key": find_private_keys,
    "api_key": find_api_keys,
    "email": find_emails,
    "iban": find_ibans,
    "wallet": find_wallets,
    "card": find_cards,
    **{kind: functools.partial(find_identities, kind) for kind in IDENTITIES},
    "ip": find_ips,
    "phone": find_phones,
}
"""Kind to detector, surest first: where two overlap, the earlier one keeps the place."""


def find(text: str) -> list[Finding]:
    """All personal data in ``text``, in order, without overlap.

    The time grows with the length of the text alone: what is taken is marked character by character. Private keys are
    looked for in the whole of it, the others are shorter than the reach of a piece.
    """
    taken = bytearray(len(text))
    found: list[Finding] = []
    for detector in DETECTORS.values():
        for finding in detector(text) if detector is find_private_keys else in_pieces(detector, text):
            if taken.find(1, finding.start, finding.end) < 0:
                taken[finding.start : finding.end] = b"\x01" * (finding.end - finding.start)
                found.append(finding)
    return sorted(found, key=lambda finding: finding.start)
