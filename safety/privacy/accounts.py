"""Detectors of accounts: payment cards, bank accounts, wallets."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from stdnum import iban, luhn, numdb

from audit.safety.privacy.findings import LETTER, SEPARATOR, Finding, stands_alone
from audit.safety.privacy.presidio import proposals

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD_NUMBERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|3(?:0[0-5]\d|[68]\d\d)\d{10,15}"  # Diners Club
    r"|62\d{14,17}"  # UnionPay
    r"|(?:50(?:18|20|38)|5[678]\d\d|6304|6390|6759|676[1-3])\d{8,15}"  # Maestro
)
"""Issuer prefixes and lengths after ISO/IEC 7812; Luhn alone accepts every tenth number."""
WIDE = rf"{SEPARATOR}|\t| [\u2013-\u2015-] "
"""Tabs and dashes between spaces part groups as well: the check digits distinguish them from a row of numbers."""
CARD = re.compile(
    r"(?<!\d)(?=("  # looked at from every group: a year may come before a card
    r"\d{12,19}"
    rf"|\d{{4}}({WIDE})\d{{6}}\2\d{{4,5}}"
    rf"|\d{{4}}({WIDE})\d{{4}}\3\d{{4}}\3\d{{4}}(?:\3\d{{1,3}})?"
    rf"|\d{{4}}({WIDE})\d{{3}}\4\d{{3}}\4\d{{3}}"
    r"))"
)
"""Digits without separators, or grouped as they are printed on cards."""
LAST_GROUP = re.compile(rf"(?:{WIDE})\d{{1,3}}\Z")
BEHIND_CARD = re.compile(r"exp|cv[cv]|valid|pin", re.IGNORECASE)
"""What is written on to a number without a space: ``4111111111111111exp12/26``."""
IBAN = re.compile(
    rf"(?:(?<!{LETTER})|(?<=IBAN))(?=([A-Z]{{2}}\d{{2}}(?:(?:{WIDE}|[\u2013-\u2015])?[A-Z0-9]){{11,30}}))",
    re.IGNORECASE,
)
"""Looked at from every place: ``FY24`` before an account number must not take it along."""
WALLET = re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}")


def find_cards(text: str) -> Iterator[Finding]:
    """Payment card numbers of 12 to 19 digits with an issuer's prefix and a right check digit (Luhn)."""
    for match in CARD.finditer(text):
        start, end = match.span(1)
        # An expiry date may follow a number of four groups: it is tried with the fifth group and without.
        shorter = LAST_GROUP.sub("", text[start:end])
        for candidate in (text[start:end], shorter):
            digits = re.sub(r"\D", "", candidate)
            if CARD_NUMBERS.fullmatch(digits) and luhn.is_valid(digits):
                end = start + len(candidate)
                if stands_alone(text[:end] if BEHIND_CARD.match(text, end) else text, start, end):
                    yield Finding("card", start, end, reserved=False)
                break


def find_ibans(text: str) -> Iterator[Finding]:
    """Account numbers (ISO 13616) with their country's structure and right check digits, by python-stdnum."""
    for match in IBAN.finditer(text):
        candidate = match.group(1)
        # Words in capitals may follow the number: it ends where its country's numbers do.
        places = [place for place, character in enumerate(candidate, start=1) if character.isalnum()]
        length = _iban_length(candidate[:2].upper())
        if 0 < length <= len(places):
            end = places[length - 1]
            if not candidate[end : end + 1].isalnum() and iban.is_valid(re.sub(r"[^0-9A-Za-z]", "", candidate[:end])):
                yield Finding("iban", match.start(), match.start() + end, reserved=False)


@functools.cache
def _iban_length(country: str) -> int:
    """Characters of a country's numbers; 0 where it has none. The registry writes their parts as ``4!a14!n``."""
    (_, format_of), *_ = numdb.get("iban").info(country)
    parts = [int(count) for count in re.findall(r"\d+", format_of.get("bban", ""))]
    return 4 + sum(parts) if parts else 0


def find_wallets(text: str) -> Iterator[Finding]:
    """Bitcoin addresses (Base58Check, Bech32, Bech32m) with a right checksum, by presidio."""
    # Presidio takes seconds to import and proposes nothing that counts where the form does not occur.
    for start, end in proposals("CryptoRecognizer", text) if WALLET.search(text) else ():
        if WALLET.fullmatch(text, start, end) and stands_alone(text, start, end):
            yield Finding("wallet", start, end, reserved=False)
