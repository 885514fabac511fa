"""Detectors of personal data in text. Each finds one kind, with the checks that its standard defines.

Values that belong to nobody are found too and marked ``reserved``: those that a standard or regulator sets aside for
documentation or private use, public resolvers of names, placeholders for keys.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.safety.privacy.accounts import find_cards, find_ibans, find_wallets
from audit.safety.privacy.countries.european import EUROPEAN
from audit.safety.privacy.countries.overseas import OVERSEAS
from audit.safety.privacy.emails import find_emails
from audit.safety.privacy.findings import LOOSE, Finding, in_pieces
from audit.safety.privacy.identities import IDENTITIES, find_identities
from audit.safety.privacy.keys import find_api_keys, find_private_keys
from audit.safety.privacy.networks import find_ips
from audit.safety.privacy.phones import find_phones
from audit.safety.privacy.plain_text import readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DETECTORS", "Finding", "find"]

NAMED = [kind for kind, identity in {**EUROPEAN, **OVERSEAS}.items() if not identity.form]
"""Identity numbers that count near a word alone, which is surer than the prefix and the check digit of a card."""
DETECTORS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "private_key": find_private_keys,
    "api_key": find_api_keys,
    "email": find_emails,
    "iban": find_ibans,
    "wallet": find_wallets,
    **{kind: functools.partial(find_identities, kind) for kind in NAMED},
    "card": find_cards,
    **{kind: functools.partial(find_identities, kind) for kind in IDENTITIES if kind not in NAMED},
    "ip": find_ips,
    "phone": find_phones,
}
"""Kind to detector, surest first: where two overlap, the earlier one keeps the place."""


WHOLE = (find_private_keys, find_api_keys)
"""Detectors of values that may be longer than the reach of a piece: they see the whole text."""
DIGIT = re.compile(r"\d")
OF_DIGITS = {"iban", "card", "ip", "phone", *IDENTITIES}
"""Kinds whose values all have digits."""
SIX_DIGITS = re.compile(r"\d(?:[^\d\n]{0,2}\d){5}")
OF_SIX_DIGITS = {*EUROPEAN, *OVERSEAS} - {"de_id_card"}
"""Kinds whose values all have six digits in a row, with separators at most: many, so that most texts skip them."""
MARK = re.compile(rf"(?<=\[)(?:{'|'.join(DETECTORS)})(?=\])")
"""What redaction leaves of a value; ``[phone]`` is no word for telephone."""


def find(text: str) -> list[Finding]:
    """All personal data in ``text``, in order, without overlap.

    The time grows with the length of the text alone: what is taken is marked character by character.
    """
    taken = bytearray(len(text))
    found: list[Finding] = []
    for reading in readings(text):
        plain = MARK.sub(lambda mark: "\n" * len(mark.group()), reading.text)
        has_digits, has_six = DIGIT.search(plain), SIX_DIGITS.search(plain)
        for kind, detector in DETECTORS.items():
            if (kind in OF_DIGITS and not has_digits) or (kind in OF_SIX_DIGITS and not has_six):
                continue
            for finding in detector(plain) if detector in WHOLE else in_pieces(detector, plain):
                start, end = reading.span(finding.start, finding.end)
                if finding.loose and LOOSE.search(text, start, end):
                    continue
                if taken.find(1, start, end) < 0:
                    taken[start:end] = b"\x01" * (end - start)
                    moved = (start, end) != (finding.start, finding.end)
                    found.append(replace(finding, start=start, end=end) if moved else finding)
    return sorted(found, key=lambda finding: finding.start)
