"""Detector of telephone numbers, by libphonenumber."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import phonenumbers

from audit.safety.privacy.findings import NUMBERED_THING, Finding, stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESERVED_PHONES = {
    1: re.compile(r"\d{3}55501\d{2}"),
    44: re.compile(
        r"(?:1(?:1[3-8]|[2-6]1)4960|1914980|1632960|2079460|2896496|2920180|3069990|7700900|8081570|9098790)\d{3}"
    ),
}
"""Country code to numbers for fiction: 555-0100 to 555-0199 of the North American plan, Ofcom's drama numbers."""
CANDIDATE = re.compile(r"\d(?:[^\d\n]{0,6}\d){5}")
"""Six digits near each other: a text without them is not handed to the library."""
DECIMAL = re.compile(r"\d\.\d{1,40}")
"""No country groups its numbers so."""
PHONE_REGIONS = ("US", "GB")
"""Regions whose national notation is understood; international notation (+…) is understood everywhere."""
CUED_PHONE_REGIONS = ("DE", "FR", "ES", "IT", "PL", "NL", "BR", "IN", "CN", "JP", "KR")
"""Regions whose national notation is understood near a word for telephone: elsewhere the digits mean other things."""
LATIN_CUE = (
    r"(?:t[eé]l[eé]?f[oó]{1,2}n\w{0,8}|t[eé]l[eé]phon\w{0,8}|[a-z](?-i:Phone|Mobile|Fax|Tel)"  # in compounds, too
    r"|(?<![^\W\d_])(?:t[eé]l|phone(?:s|number)?|(?:smart|cell|i)phones?|ph(?=[.:])|cell?(?:ular(?:es)?)?|mob(?:iel|ile?)?|fax|whatsapp|viber"
    r"|calls?|called|calling|ring|dial(?:s|l?ed|l?ing)?|sms|hotline|voicemail|landline|text (?:me|us|him|her|them)"
    r"|contact[oe]?|kontakt|reach (?:me|us|him|her|them)"
    r"|(?:my|his|her|our|your|their)(?: new| work| home| private| direct)? number"
    r"|(?:mobil|handy|ruf)(?:nummer|nr)|handys?|ruf(?:en?|t)?|anruf\w{0,4}|angerufen|festnetz\w{0,6}|durchwahl"
    r"|portable|appel(?:er?|ez|le|les)?|m[oó]vil|ll[aá]m[ae]\w{0,6}|cellulare|chiam[aio]\w{0,6}"
    r"|zadzwo\w{0,4}|kom[oó]rk\w{0,4}|bel(?:len|t)?|mobielnummer|ligue|ligar|telem[oó]vel))(?![^\W\d_])"
)
CHINESE_CUE = (
    r"[电電][话話]|手[机機]|致[电電]|[拨撥][打通]|[来來][电電]|[热熱][线線]|微信|[联聯][系络絡繫]|座[机機]|[传傳]真"
    r"|短信|簡訊"
)
EASTERN_CUE = r"携帯|スマホ|連絡先|お問い?合わ?せ|ファックス|전화|휴대폰|핸드폰|연락|팩스|फ़ोन|फोन|मोबाइल|संपर्क"
RUSSIAN_CUE = r"телефон|(?<!\w)тел(?!\w)|(?<!\w)моб|звон[июя]|факс|в[ао]тсап"
PHONE_CUE = re.compile(rf"{LATIN_CUE}|{CHINESE_CUE}|{EASTERN_CUE}|{RUSSIAN_CUE}", re.IGNORECASE)
FURTHER_REGIONS = ((re.compile(CHINESE_CUE), ("TW", "HK")), (re.compile(RUSSIAN_CUE, re.IGNORECASE), ("RU",)))
"""Regions whose numbers are short or look like dates: understood near words of their own languages alone."""
CHAT_LINK = re.compile(r"(?:wa\.me/|whatsapp\.com/send/?\?phone=)(\+?[1-9]\d{6,14})(?!\w)", re.IGNORECASE)
"""WhatsApp's links have the number in international notation without a plus sign."""
PHONE_CUE_REACH = 48
"""Characters before a number, and half as many after it, in which a word for telephone counts."""
OTHERWISE = re.compile(
    r"(?:(?<![^\W_])(?:"
    r"(?:order|invoice|ticket|tracking|serial|reference|case|account|card|policy|passport|social security"
    r"|national insurance|tax(?: file)?)\W{0,2}(?:number|no|nr|id)"
    r"|(?:bestell|rechnungs|auftrags|konto|karten|serien)nummer|num[ée]ro de (?:commande|compte|carte)"
    r"|número de (?:pedido|cuenta|tarjeta)|isbn|issn|ean|iban|nhs|nino|ssn|tfn|a{1,2}dh?aa?r|dni|nif|nie|pesel|cpf|qq"
    r"|steuer-?id\w{0,24}|codice fiscale|henkilötunnus|personnummer"
    r"|cpr-?nummer|cnp|egn|oib|jmbg|amka|itin|nric|mykad|cnic|utr|kimlik(?: no)?|curp|cuil|cuit|nuss"
    r"|isikukood|kennitala|снилс|инн"
    r")(?![^\W_])|[订訂][单單]|[单單][号號]|[编編][号號]|身[份分][证證証]|[账帐帳][号號]|卡号|卡號|学号|注文番号|会員番号|주문\s?번호|송장\s?번호|주민등록"
    r")[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)
"""What says shortly before a number that it is none of a telephone, unless a word for telephone is nearer."""
OTHERWISE_OR_NOT = re.compile(
    r"(?<![^\W_])(?:bsn|cpr|medicare|rut)(?:[ -](?:number|card|no|nr|nummer))?(?: is)?[ :=#.]{1,3}\Z", re.IGNORECASE
)
"""The same by words that also mean other things: nurses (BSN), first aid (CPR), an office to call (Medicare)."""
AMERICAN = re.compile(r"\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?!\d)")
"""Groups of telephone numbers, and of none of the numbers that these words name."""
SPACED = re.compile(r"(?:1 {1,2})?\d{3} {1,2}\d{3} {1,2}\d{4}")
"""Three integers may look so."""
LETTER_CUE = re.compile(r"(?<!\w)[TPMF][.:] {0,2}\Z")
"""Telephone, phone, mobile, fax on a letterhead: enough for groups, too little for an integer."""


def find_phones(text: str) -> Iterator[Finding]:
    """Telephone numbers that exist in their country's numbering plan.

    National notation must have the groups that the country writes (leniency STRICT_GROUPING), since dates and identity
    numbers have others. Digits without a plus sign or separators may be any integer and need a word for telephone
    nearby; so do groups that only spaces part as those of ``650 253 0000`` (they are ``loose``). A number that is
    called something else, such as an order number, is none.
    """
    yield from _in_links(text)
    lines = list(_lines(text))
    for region in PHONE_REGIONS:
        for finding in _phones(text, lines, region):
            number = text[finding.start : finding.end].strip("()")
            if _is_near(PHONE_CUE, text, finding):
                yield finding
            elif not number.isdigit():
                said = LETTER_CUE.search(text, max(0, finding.start - PHONE_CUE_REACH), finding.start)
                yield replace(finding, loose=bool(SPACED.fullmatch(number)) and not said)
    for cue, regions in ((PHONE_CUE, CUED_PHONE_REGIONS), *FURTHER_REGIONS):
        for region in regions if lines and cue.search(text) else ():
            for finding in _phones(text, lines, region):
                if _is_near(cue, text, finding):
                    yield finding


def _in_links(text: str) -> Iterator[Finding]:
    """Numbers in links to a chat."""
    for match in CHAT_LINK.finditer(text):
        number = phonenumbers.parse(f"+{match[1]}")
        if phonenumbers.is_valid_number(number):
            yield Finding("phone", *match.span(1), reserved=_is_reserved(number))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of the lines that may hold a number; none goes over a line's end."""
    end = -1
    for candidate in CANDIDATE.finditer(text):
        if candidate.start() > end:
            end = text.find("\n", candidate.end())
            end = len(text) if end < 0 else end
            yield text.rfind("\n", 0, candidate.start()) + 1, end


def _phones(text: str, lines: Sequence[tuple[int, int]], region: str) -> Iterator[Finding]:
    """Numbers in international notation and in the national one of a region."""
    for begin, end in lines:
        for match in phonenumbers.PhoneNumberMatcher(text[begin:end], region):
            # The library takes an opening parenthesis along whose partner is behind the number.
            opened = match.raw_string.startswith("(") and ")" not in match.raw_string
            start, stop = begin + match.start + opened, begin + match.end
            if DECIMAL.fullmatch(match.raw_string):
                continue
            abroad = match.raw_string.startswith("+")
            grouped = not match.raw_string.isdigit()  # a bare run of digits may be any number
            if not stands_alone(text, start, stop, checked=grouped) or _is_called_otherwise(text, start, abroad):
                continue
            if abroad or _is_grouped(match, region):
                yield Finding("phone", start, stop, _is_reserved(match.number))


def _is_reserved(number: phonenumbers.PhoneNumber) -> bool:
    """Whether a number is set aside for fiction."""
    fiction = RESERVED_PHONES.get(number.country_code or 0)
    return bool(fiction and fiction.fullmatch(str(number.national_number)))


def _is_near(cue: re.Pattern[str], text: str, finding: Finding) -> bool:
    """Whether a word for telephone comes before or after a number."""
    before = cue.search(text, max(0, finding.start - PHONE_CUE_REACH), finding.start)
    return bool(before or cue.search(text, finding.end, finding.end + PHONE_CUE_REACH // 2))


def _is_called_otherwise(text: str, start: int, abroad: bool) -> bool:
    """Whether the words before a number say that it is an order, an account, a person's identity number or the like.

    International notation (``abroad``) says more than a single word: ``Order: +1 650 253 0000`` is where to call.
    """
    first = max(0, start - PHONE_CUE_REACH)
    otherwise = OTHERWISE.search(text, first, start)
    if otherwise and not PHONE_CUE.search(otherwise.group()):
        return True
    if abroad:
        return False
    named = OTHERWISE_OR_NOT.search(text, first, start)
    return bool(named and not AMERICAN.match(text, start)) or bool(NUMBERED_THING.search(text, first, start))


def _is_grouped(match: phonenumbers.PhoneNumberMatch, region: str) -> bool:
    """Whether the digits are grouped as the region writes them, or not at all."""
    strict = phonenumbers.Leniency.STRICT_GROUPING
    return next(iter(phonenumbers.PhoneNumberMatcher(match.raw_string, region, leniency=strict)), None) is not None
