"""Detectors of the numbers by which states and health services know people.

The form here decides which notations count, python-stdnum checks the rest (check characters, dates, holders). Where
every tenth number passes the check, a word nearby must say what it is. A new one is one entry here, or of
``EUROPEAN`` or ``OVERSEAS``.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from stdnum import numdb
from stdnum.au import tfn
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import nif
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from audit.safety.privacy.countries.european import EUROPEAN
from audit.safety.privacy.countries.identity import ALIKE, EACH, Identity
from audit.safety.privacy.countries.overseas import OVERSEAS
from audit.safety.privacy.findings import NUMBERED_THING, SEPARATOR, Finding, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

CUE_BEFORE, CUE_AFTER = 48, 24
"""Characters before and after a number in which a word that says what it is counts."""


def _is_pesel(number: str) -> bool:
    """A right PESEL of somebody born from 1900 to 2099: other centuries are coded by months above 40."""
    return number[2] in "0123" and bool(pesel.is_valid(number))


def _is_nir(number: str) -> bool:
    """A right French number: months beyond 12 denote certificates of birth that are incomplete."""
    month = int(nir.compact(number)[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and bool(nir.is_valid(number))


def _is_ssn(number: str) -> bool:
    """A number that can be issued; 123-45-6789 is written in forms as an example."""
    return number != "123456789" and bool(ssn.is_valid(number))


def _is_chinese(number: str) -> bool:
    """Check character after ISO 7064 MOD 11-2, a date, and a place that exists or did (GB 11643).

    ``ric.is_valid`` wants the place to be older than its people: numbers are given since 1984, to grown people too.
    """
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    place = numdb.get("cn/loc").info(number[:6])
    return any(part for _, part in place) and number[-1].upper() == ric.calc_check_digit(number)


TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""Place of the first registration, in the order of its codes from 10 on."""


def _is_taiwanese(number: str) -> bool:
    """Weights 1 and 9 for the code of the letter, 8 to 1 and 1 for the digits, modulo 10."""
    code = TAIWAN_LETTERS.index(number[0]) + 10
    digits = [code // 10, code % 10, *map(int, number[1:])]
    return (
        sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def _is_hong_kong(number: str) -> bool:
    """Weights 9 to 1 modulo 11, letters from A = 10 on, a missing first letter 36, check character A for 10."""
    values = [36 if character == " " else int(character, 36) for character in re.sub(r"[()]", "", number).rjust(9)]
    return sum(value * weight for value, weight in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


_SUREST: dict[str, Identity] = {
    "it_fiscal_code": Identity(
        r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        codicefiscale.is_valid,
    ),
    "cn_ric": Identity(rf"[1-9]\d{{5}}{ALIKE}(?:19|20)\d{{6}}\1\d{{3}}[\dXx]", _is_chinese),
    "fr_nir": Identity(
        rf"[12]{EACH}\d\d{EACH}\d\d{EACH}(?:\d\d|2[AB]){EACH}\d{{3}}{EACH}\d{{3}}{EACH}\d\d",
        _is_nir,
    ),
    "br_cpf": Identity(
        r"\d{3}\.\d{3}\.\d{3}-\d\d",
        cpf.is_valid,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{3}}[ -]?\d\d",
        cue=r"(?<![^\W_])cpf(?![^\W_])",
    ),
    "fi_hetu": Identity(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid, dashed=True),
    "kr_rrn": Identity(
        r"\d{6}-[1-4]\d{6}",
        rrn.is_valid,
        r"\d{6} ?[1-4]\d{6}",
        r"주민\s?등록|resident registration",
    ),
    "se_personnummer": Identity(r"(?:\d\d)?\d{6}[-+]\d{4}", personnummer.is_valid),
    "es_nif": Identity(r"(?:\d{8}|[XYZ]-?\d{7}|\d{1,2}\.\d{3}\.\d{3}|[XYZ]-?\d\.\d{3}\.\d{3})-?[A-Z]", nif.is_valid),
    "in_pan": Identity(
        r"[A-Z]{3}P[A-Z]\d{4}[A-Z]",
        pan.is_valid,
    ),
    "uk_nino": Identity(
        rf"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
        rf"(?:\d{{6}}|({SEPARATOR})\d{{6}}\1|({SEPARATOR})\d\d\2\d\d\2\d\d\2)[A-D]",
        bool,
    ),
    "hk_id": Identity(
        r"[A-Z]{1,2} ?\d{6} ?\([\dA]\)",
        _is_hong_kong,
        cued_form=r"[A-Z]{1,2} ?\d{6}-?[\dA]",
        cue=r"香港|身[份分][证證証]|(?<![^\W_])hkid|hong kong",
    ),
    "tw_id": Identity(
        "",
        _is_taiwanese,
        cued_form=r"[A-Z][1289]\d{8}",
        cue=r"身[份分][证證証]|[统統]一[证證証][号號]|居留[证證証]|[台臺][湾灣]|taiwan|national id",
    ),
}
_OF_DIGITS: dict[str, Identity] = {
    "pl_pesel": Identity(
        r"\d{11}",
        _is_pesel,
    ),
    "de_tax_id": Identity(rf"\d{{11}}|\d\d({SEPARATOR}|/)\d{{3}}\1\d{{3}}\1\d{{3}}", idnr.is_valid),
    "in_aadhaar": Identity(
        r"\d{4}( {1,2})\d{4}\1\d{4}",
        aadhaar.is_valid,
        rf"\d{{4}}{ALIKE}\d{{4}}\1\d{{4}}",
        r"(?<![^\W_])a{1,2}dh?aa?r|uidai|आधार",
    ),
    "uk_nhs": Identity(
        "",
        nhs.is_valid,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{4}}",
        cue=r"(?<![^\W_])nhs(?![^\W_])|national health",
    ),
    "au_tfn": Identity(
        "",
        tfn.is_valid,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{3}}",
        cue=r"(?<![^\W_])tfn(?![^\W_])|(?<![^\W_])tax[ _-]file",
    ),
    "ssn": Identity(
        r"\d{3}( {1,2}|-)\d\d\1\d{4}",
        _is_ssn,
        cued_form=rf"\d{{3}}{ALIKE}\d\d\1\d{{4}}",
        cue=r"(?<![^\W_])ssn(?![^\W_])|social[ _-]security",
        unchecked=True,
    ),
}
"""Numbers that are digits alone and in part need no word: whatever has another name comes first."""
IDENTITIES: dict[str, Identity] = {**_SUREST, **EUROPEAN, **OVERSEAS, **_OF_DIGITS}
"""Kind to what counts, surest first."""
MOST_SAME = 7
"""More digits than these that are all alike are a placeholder, whatever their check says: 111.111.111-11."""


def find_identities(kind: str, text: str) -> Iterator[Finding]:
    """Numbers of one kind of ``IDENTITIES`` with the form, the check digits and the surroundings that it demands."""
    identity = IDENTITIES[kind]
    for start, end, cued in _places(identity, text):
        loose = identity.unchecked and not cued
        if loose and NUMBERED_THING.search(text, max(0, start - CUE_BEFORE), start):
            continue
        if is_whole(text, start, end) and _is_valid(identity, text[start:end]):
            yield Finding(kind, start, end, reserved=False, loose=loose)


def _places(identity: Identity, text: str) -> Iterator[tuple[int, int, bool]]:
    """Places where the number may be, and whether a word says so."""
    if identity.form:
        for match in _compiled(rf"(?<!\d)(?:{identity.form})").finditer(text):
            yield *match.span(), False
    if not identity.cue:
        return
    matches = list(_compiled(rf"(?<!\d)(?:{identity.cued_form})").finditer(text))
    cue = _compiled(identity.cue, re.IGNORECASE)
    if not matches or not cue.search(text):
        return
    for start, end in (match.span() for match in matches):
        if cue.search(text, max(0, start - CUE_BEFORE), start) or cue.search(text, end, end + CUE_AFTER):
            yield start, end, True


@functools.cache
def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern. Case decides in forms: ``ghp12345678z`` is nobody's number."""
    return re.compile(pattern, flags)


def _is_valid(identity: Identity, number: str) -> bool:
    """Whether the checks hold of the number without its separators, and not all of its digits are the same."""
    digits = re.sub(r"\D", "", number)
    if len(digits) > MOST_SAME and len(set(digits)) == 1:
        return False
    return identity.valid(re.sub(r"[ ./]" if identity.dashed else r"[ ./-]", "", number))
