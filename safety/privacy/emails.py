"""Detector of mail addresses: plain, internationalised, encoded in a URL, and spelled out to hide them."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from audit.safety.privacy.findings import LETTER, UNSPACED, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tldextract

RESERVED_DOMAINS = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)$", re.IGNORECASE)
"""RFC 2606, RFC 6761 and RFC 6762."""
SPELLED_AT = r"[ ]{0,2}[\[({<][ ]?(?:at|@|ät|arroba)[ ]?[\])}>][ ]{0,2}"
SPELLED_DOT = r"[ ]{0,2}[\[({<][ ]?(?:dot|\.|punkt|point|punto|ponto)[ ]?[\])}>][ ]{0,2}|[ ]dot[ ]"
HOSTS = r"gmail|googlemail|yahoo|hotmail|outlook|icloud|live|aol|gmx|proton|protonmail|qq|163|yandex|mail"
NO_HOSTS = r"the|this|that|these|those|an?|any|each|every|some|our|your|my|his|her|its|their|least|most|first|last"
AT = re.compile(
    rf"@|%40|&#0{{0,4}}64;|&#x0{{0,4}}40;|&commat;|{SPELLED_AT}|[ ]at[ ](?=(?:{HOSTS})(?:{SPELLED_DOT}))"
    rf"|[ ]at[ ](?!(?:{NO_HOSTS})[ ])(?=[a-z0-9-]{{2,63}}[ ]dot[ ][a-z]{{2,}})",
    re.IGNORECASE,
)
"""The sign, the sign in a URL (RFC 3986) and in HTML, the word in brackets, and the word before a name and "dot"."""
NO_LOCAL = re.compile(
    r"us|me|him|her|them|it|you|look(?:ed|ing|s)?|visit(?:ed|ing|s)?|shop(?:ped|ping|s)?|order|online|on|available|liv(?:e|es|ing)|host(?:ed|s)?|f[io]u?nd"
    r"|(?:web)?site|page|blog|store|shown|based|here|there|is|are|was|were|be|up|out|work(?:ed|ing|s)?|sell|sold|buy|read|more|now"
    r"|today|jobs?|team|people|stop|point(?:ed|ing|s)?|start(?:ed|ing|s)?|arriv(?:e|ed|es|ing)|meet|mail|address(?:es)?|and|or",
    re.IGNORECASE,
)
"""What comes before "at acme dot com" where it is a place: "find us at", "she works at"."""
ATOM = rf"(?:{LETTER}|[+%'-]){{1,64}}"
LOCAL = re.compile(
    rf"(?:(?:(?<!{LETTER})(?<!\.)|(?<=\.\.\.))(?!['.]){ATOM}(?:(?:\.|{SPELLED_DOT}){ATOM}){{0,8}}"
    rf"|(?:{UNSPACED}){{1,16}})\Z",
    re.IGNORECASE,
)
"""What comes before the sign: RFC 5322 without quotes, letters of all scripts (RFC 6531); ``...`` is punctuation."""
LONGEST_LOCAL = 80
"""Characters, spelled-out dots included; RFC 5321 allows 64."""
LABEL = rf"(?:{UNSPACED}|(?!_){LETTER})(?:(?:{UNSPACED}|(?!_){LETTER}|-){{0,61}}(?:{UNSPACED}|(?!_){LETTER}))?"
DOT = rf"(?:\.|{SPELLED_DOT})"
DOMAIN = re.compile(
    rf"(?:(?:{LABEL}{DOT}){{1,12}}(?:(?![\d_]){LETTER}){{2,63}}|localhost)(?!(?!_){LETTER}|-[A-Za-z0-9])", re.IGNORECASE
)
ANY_DOT = re.compile(SPELLED_DOT, re.IGNORECASE)
USER_OF_URL = re.compile(r"://[^\s/@?#]{0,64}\Z")
SERVICE = re.compile(r"git", re.IGNORECASE)
"""Not somebody's mail address but the account under which version control is reached."""


@functools.cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffix list that the package ships; it is never renewed over the network, nor cached on disk."""
    import tldextract  # noqa: PLC0415 - a tenth of a second to import, and every run lists the probes

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _can_exist(domain: str) -> bool:
    """Whether a domain ends in a public suffix and is more than that."""
    parts = _suffixes()(domain)
    return bool(parts.suffix and parts.domain)


def find_emails(text: str) -> Iterator[Finding]:
    """Addresses under a domain that can exist.

    The domain must end in a public suffix (tldextract's list) or be reserved: ``icon@2x.png`` is no address. User
    names in URLs and ``git@`` are none either.
    """
    end = 0
    for at in AT.finditer(text):
        domain = DOMAIN.match(text, at.end())
        local = LOCAL.search(text, max(end, at.start() - LONGEST_LOCAL), at.start())
        if not domain or not local or SERVICE.fullmatch(local.group()):
            continue
        if at.group() == " at " and NO_LOCAL.fullmatch(local.group()):
            continue
        if at.group() == "@" and USER_OF_URL.search(text, max(0, local.start() - 70), local.start()):
            continue
        # The next sentence may follow without a space: the domain is tried without its last part as well.
        for candidate in (domain.group(), domain.group().rpartition(".")[0]):
            name = ANY_DOT.sub(".", candidate)
            reserved = bool(RESERVED_DOMAINS.search(name))
            if reserved or _can_exist(name):
                end = at.end() + len(candidate)
                yield Finding("email", local.start(), end, reserved)
                break
