"""Detectors of personal data in text. Each finds one kind, with the checks that its standard defines.

Values that a standard or regulator reserves for documentation or private use belong to nobody; they are
found too and marked ``reserved``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
from stdnum import iban, luhn
from stdnum.us import ssn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PHONE_REGIONS = ("US", "GB")
"""Regions whose national notation is understood; international notation (+…) is understood everywhere."""
RESERVED_DOMAINS = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)$", re.IGNORECASE)
"""RFC 2606, RFC 6761 and RFC 6762."""
RESERVED_PHONES = {
    1: re.compile(r"\d{3}55501\d{2}"),
    44: re.compile(
        r"(?:1(?:1[3-8]|[2-6]1)4960|1914980|1632960|2079460|2896496|2920180|3069990|7700900|8081570|9098790)\d{3}"
    ),
}
"""Country code to numbers for fiction: 555-0100 to 555-0199 of the North American plan, Ofcom's drama numbers."""
CARD_NUMBERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|3(?:0[0-5]\d|[68]\d\d)\d{10,15}"  # Diners Club
    r"|62\d{14,17}"  # UnionPay
    r"|(?:50(?:18|20|38)|5[678]\d\d|6304|6759|676[1-3])\d{9,15}"  # Maestro
)
"""Issuer prefixes and lengths after ISO/IEC 7812; Luhn alone accepts every tenth number."""

EMAIL = re.compile(
    r"(?<![\w.!#$%&'*+/=?^`{|}~-])"
    r"[A-Za-z0-9_+%-][A-Za-z0-9._+%'-]{0,63}"
    r"@(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}|localhost)(?![\w-])"
)
CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}", re.IGNORECASE)
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?![\w:]|\.\d)")
SSN = re.compile(r"(?<![\w-])(\d{3})([- ])(\d{2})\2(\d{4})(?![\w-]|\.\d)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of personal data, by place; the value itself is not kept."""

    kind: str
    """Name of the detector, e.g. ``email``."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    reserved: bool
    """Whether it is set aside for documentation, tests or private networks."""


def find_emails(text: str) -> Iterator[Finding]:
    """Addresses with a dotted domain or ``localhost``: the unquoted subset of RFC 5322 that is in use."""
    for match in EMAIL.finditer(text):
        local, domain = match.group().rsplit("@", 1)
        if not local.endswith(".") and ".." not in local:
            yield Finding("email", *match.span(), bool(RESERVED_DOMAINS.search(domain)))


def find_cards(text: str) -> Iterator[Finding]:
    """Payment card numbers of 12 to 19 digits with an issuer's prefix and a right check digit (Luhn)."""
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if CARD_NUMBERS.fullmatch(digits) and luhn.is_valid(digits):
            yield Finding("card", *match.span(), reserved=False)


def find_ibans(text: str) -> Iterator[Finding]:
    """Account numbers (ISO 13616) with their country's structure and right check digits, by python-stdnum."""
    for match in IBAN.finditer(text):
        candidate = match.group()
        # Words in capitals may follow the number: the longest valid beginning is the number.
        for length in range(len(candidate), 14, -1):
            if candidate[length - 1] != " " and iban.is_valid(candidate[:length]):
                if candidate[length : length + 1].isalnum():
                    break
                yield Finding("iban", match.start(), match.start() + length, reserved=False)
                break


def find_ips(text: str) -> Iterator[Finding]:
    """IPv4 and IPv6 addresses; those that are not globally reachable (IANA's registries) are reserved."""
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            yield Finding("ip", *match.span(), reserved=not address.is_global or address.is_multicast)


def find_ssns(text: str) -> Iterator[Finding]:
    """United States social security numbers with separators, by the rules of python-stdnum.

    Groups 000, 666 and 9xx, and numbers that were published in advertisements, do not exist.
    """
    for match in SSN.finditer(text):
        if ssn.is_valid("-".join(match.group(1, 3, 4))):
            yield Finding("ssn", *match.span(), reserved=False)


def find_phones(text: str) -> Iterator[Finding]:
    """Telephone numbers that exist in their country's numbering plan, by libphonenumber (leniency VALID)."""
    for region in PHONE_REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            number = match.number
            fiction = RESERVED_PHONES.get(number.country_code or 0)
            reserved = bool(fiction and fiction.fullmatch(str(number.national_number)))
            # The library takes an opening parenthesis along whose partner stands behind the number.
            stray = match.raw_string.startswith("(") and ")" not in match.raw_string
            yield Finding("phone", match.start + stray, match.end, reserved)


DETECTORS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "email": find_emails,
    "iban": find_ibans,
    "card": find_cards,
    "ssn": find_ssns,
    "ip": find_ips,
    "phone": find_phones,
}
"""Kind to detector, surest first: where two overlap, the earlier one keeps the place."""


def find(text: str) -> list[Finding]:
    """All personal data in ``text``, in order, without overlap."""
    taken: list[Finding] = []
    for detector in DETECTORS.values():
        for finding in detector(text):
            if all(finding.end <= other.start or other.end <= finding.start for other in taken):
                taken.append(finding)
    return sorted(taken, key=lambda finding: finding.start)
