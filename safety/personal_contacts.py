"""Detectors of what reaches somebody: mail addresses, telephone numbers, network addresses."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import TYPE_CHECKING

import phonenumbers
import tldextract

from audit.safety.personal_findings import LETTER, Finding, stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

RESERVED_DOMAINS = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)$", re.IGNORECASE)
"""RFC 2606, RFC 6761 and RFC 6762."""
RESERVED_PHONES = {
    1: re.compile(r"\d{3}55501\d{2}"),
    44: re.compile(
        r"(?:1(?:1[3-8]|[2-6]1)4960|1914980|1632960|2079460|2896496|2920180|3069990|7700900|8081570|9098790)\d{3}"
    ),
}
"""Country code to numbers for fiction: 555-0100 to 555-0199 of the North American plan, Ofcom's drama numbers."""
PHONE_REGIONS = ("US", "GB")
"""Regions whose national notation is understood; international notation (+…) is understood everywhere."""
CUED_PHONE_REGIONS = ("DE", "FR", "ES", "IT", "PL", "NL", "BR", "IN", "CN", "JP", "KR")
"""Regions whose national notation is understood beside a word for telephone: elsewhere the digits mean other things."""
PHONE_CUE = re.compile(
    r"t[eé]l(?:[eé]foo?n\w{0,8}|\b)|phone|mobi[lel]|m[oó]vil|handy|cell|portable|fax|whatsapp|\bsms\b"
    r"|\bcall|\bring\b|\bdial|\bruf|anrufen|appel|\bllam|chiam|zadzwo|\bbel\b|ligue"
    r"|电话|手机|電話|携帯|전화|휴대폰|फ़ोन|फोन|मोबाइल",
    re.IGNORECASE,
)
PHONE_CUE_REACH = 48
"""Characters before a number, and half as many after it, in which a word for telephone counts."""
OTHERWISE = re.compile(
    r"\b(?:"
    r"(?:order|invoice|ticket|tracking|serial|reference|case|account|card|policy|passport|social security"
    r"|national insurance|tax(?: file)?)\W{0,2}(?:number|no|nr|id)"
    r"|(?:bestell|rechnungs|auftrags|konto|karten|serien)nummer|num[ée]ro de (?:commande|compte|carte)"
    r"|número de (?:pedido|cuenta|tarjeta)|isbn|issn|ean|iban|nhs|nino|ssn|tfn|a{1,2}dh?aa?r|dni|nif|nie|pesel|cpf"
    r"|steuer-?id\w{0,24}|codice fiscale|henkilötunnus|personnummer"
    r")\b[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)
"""What says just before a number that it is none of a telephone, unless a word for telephone is nearer."""

EMAIL = re.compile(
    rf"(?<!{LETTER})(?<![.+%-])"
    r"[A-Za-z0-9_+%-][A-Za-z0-9._+%'-]{0,63}"
    rf"@(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.){{1,16}}[A-Za-z]{{2,63}}|localhost)"
    rf"(?!{LETTER.replace('W', 'W_', 1)}|-[A-Za-z0-9])"
)
USER_OF_URL = re.compile(r"://[^\s/@?#]{0,64}\Z")
SERVICE = re.compile(r"git@", re.IGNORECASE)
"""Not somebody's mail address but the account under which version control is reached."""
IPV4 = re.compile(
    rf"(?<!{LETTER}|\.)(?<![A-Za-z][-_])(?<![A-Za-z0-9]/)"  # files and paths have versions
    rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!{LETTER}|\.\d|-[A-Za-z])"
)
IPV6 = re.compile(
    rf"(?<!{LETTER})(?<![:.])(?=[0-9A-Fa-f:]{{0,45}}\d)"
    rf"[0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,8}}(?!{LETTER}|:|\.\d)"
)
NUMBERED = re.compile(
    r"(?:versions?|ver\.?|releases?|builds?|firmware|sections?|sec\.|§|chapters?|clauses?|articles?|abschnitt|kapitel"
    r"|chapitre|sección|sezione|versión|versione|wersja)[ :#=]{0,3}\Z",
    re.IGNORECASE,
)
"""Words before a version or a section, whose number may have four parts as an address has."""


@functools.cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffix list that the package ships; it is never renewed over the network, nor cached on disk."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _can_exist(domain: str) -> bool:
    """Whether a domain ends in a public suffix and is more than that."""
    parts = _suffixes()(domain)
    return bool(parts.suffix and parts.domain)


def find_emails(text: str) -> Iterator[Finding]:
    """Addresses under a domain that can exist: the unquoted subset of RFC 5322 that is in use.

    The domain must end in a public suffix (tldextract's list) or be reserved: ``icon@2x.png`` is no address. User
    names in URLs and ``git@`` are none either.
    """
    for match in EMAIL.finditer(text):
        local, domain = match.group().rsplit("@", 1)
        if local.endswith(".") or ".." in local or SERVICE.match(match.group()):
            continue
        if USER_OF_URL.search(text[max(0, match.start() - 70) : match.start()]):
            continue
        # The next sentence may follow without a space: the domain is tried without its last part as well.
        for candidate in (domain, domain.rpartition(".")[0]):
            reserved = bool(RESERVED_DOMAINS.search(candidate))
            if reserved or _can_exist(candidate):
                yield Finding("email", match.start(), match.start() + len(local) + 1 + len(candidate), reserved)
                break


def find_ips(text: str) -> Iterator[Finding]:
    """IPv4 and IPv6 addresses; those that are not globally reachable (IANA's registries) are reserved.

    Numbers of versions and sections are not taken, nor what IPv6 does not allot (``1::2`` of a program).
    """
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            if address.version == 6 and address.is_reserved and not address.is_loopback:
                continue
            if not NUMBERED.search(text[max(0, match.start() - 24) : match.start()]):
                yield Finding("ip", *match.span(), reserved=not address.is_global or address.is_multicast)


def find_phones(text: str) -> Iterator[Finding]:
    """Telephone numbers that exist in their country's numbering plan, by libphonenumber.

    National notation must have the groups that the country writes (leniency STRICT_GROUPING), since dates and identity
    numbers have others. A number that is called something else, such as an order number, is none.
    """
    for region in PHONE_REGIONS:
        yield from _phones(text, region)
    if PHONE_CUE.search(text):
        for region in CUED_PHONE_REGIONS:
            for finding in _phones(text, region):
                if _is_near_cue(text, finding):
                    yield finding


def _phones(text: str, region: str) -> Iterator[Finding]:
    """Numbers in international notation and in the national one of a region."""
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        # The library takes an opening parenthesis along whose partner stands behind the number.
        start = match.start + (match.raw_string.startswith("(") and ")" not in match.raw_string)
        told = not match.raw_string.isdigit()  # a bare run of digits may be any number
        if not stands_alone(text, start, match.end, checked=told) or _is_called_otherwise(text, start):
            continue
        if match.raw_string.startswith("+") or _is_grouped(match, region):
            number = match.number
            fiction = RESERVED_PHONES.get(number.country_code or 0)
            reserved = bool(fiction and fiction.fullmatch(str(number.national_number)))
            yield Finding("phone", start, match.end, reserved)


def _is_near_cue(text: str, finding: Finding) -> bool:
    """Whether a word for telephone stands before or after a number."""
    before = text[max(0, finding.start - PHONE_CUE_REACH) : finding.start]
    after = text[finding.end : finding.end + PHONE_CUE_REACH // 2]
    return bool(PHONE_CUE.search(before) or PHONE_CUE.search(after))


def _is_called_otherwise(text: str, start: int) -> bool:
    """Whether the words before a number say that it is an order, an account, a person's identity number or the like."""
    otherwise = OTHERWISE.search(text[max(0, start - PHONE_CUE_REACH) : start])
    return bool(otherwise and not PHONE_CUE.search(otherwise.group()))


def _is_grouped(match: phonenumbers.PhoneNumberMatch, region: str) -> bool:
    """Whether the digits are grouped as the region writes them, or not at all."""
    strict = phonenumbers.Leniency.STRICT_GROUPING
    return next(iter(phonenumbers.PhoneNumberMatcher(match.raw_string, region, leniency=strict)), None) is not None
