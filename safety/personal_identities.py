"""Detectors of the numbers by which states and health services know people.

Presidio's recognisers propose, python-stdnum checks what they leave out (dates, holders, check characters), the form
here decides which notations count. Where every tenth number passes the check, a word nearby must say what it is.
A new one is one entry of ``IDENTITIES``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stdnum.au import tfn
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from audit.safety.personal_findings import Finding, is_whole
from audit.safety.presidio import proposals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CUE_BEFORE, CUE_AFTER = 48, 24
"""Characters before and after a number in which a word that says what it is counts."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What counts as one country's number."""

    form: str
    """Pattern of the notations that speak for themselves; empty when there is none."""
    valid: Callable[[str], bool]
    """Check digits, dates and whatever else the standard defines."""
    recognisers: tuple[tuple[str, ...], ...] = ()
    """Presidio's classes that propose places, each with the patterns it is limited to."""
    cued_form: str = ""
    """Pattern of the notations that need a cue."""
    cue: str = ""
    """Pattern of the words that say what the number is."""
    proposes: bool = False
    """Whether the form proposes places as well: where presidio has no class or does not know the notation."""


def _is_pesel(number: str) -> bool:
    """A right PESEL of somebody born from 1900 to 2099: other centuries are coded by months above 40."""
    return number[2] in "0123" and bool(pesel.is_valid(number))


def _is_nir(number: str) -> bool:
    """A right French number: months beyond 12 stand for certificates of birth that are incomplete."""
    month = int(nir.compact(number)[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and bool(nir.is_valid(number))


IDENTITIES: dict[str, Identity] = {
    "it_fiscal_code": Identity(
        r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        codicefiscale.is_valid,
        (("ItFiscalCodeRecognizer",),),
    ),
    "fr_nir": Identity(
        r"[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d",
        _is_nir,
        proposes=True,
    ),
    "br_cpf": Identity(r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf.is_valid, proposes=True),
    "fi_hetu": Identity(
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid, (("FiPersonalIdentityCodeRecognizer",),)
    ),
    "kr_rrn": Identity(r"\d{6}-[1-4]\d{6}", rrn.is_valid, (("KrRrnRecognizer",),)),
    "se_personnummer": Identity(r"(?:\d\d)?\d{6}[-+]\d{4}", personnummer.is_valid, (("SePersonnummerRecognizer",),)),
    "es_nif": Identity(r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]", nif.is_valid, (("EsNifRecognizer",), ("EsNieRecognizer",))),
    "in_pan": Identity(r"[A-Z]{3}P[A-Z]\d{4}[A-Z]", pan.is_valid, (("InPanRecognizer", "PAN (High)"),)),
    "uk_nino": Identity(
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:\d{6}| \d{6} | \d\d \d\d \d\d )[A-D]",
        bool,
        (("UkNinoRecognizer",),),
    ),
    "pl_pesel": Identity(r"\d{11}", _is_pesel, (("PlPeselRecognizer",),)),
    "de_tax_id": Identity(r"\d{11}|\d\d \d{3} \d{3} \d{3}", idnr.is_valid, (("DeTaxIdRecognizer",),), proposes=True),
    "in_aadhaar": Identity(
        r"\d{4} \d{4} \d{4}",
        aadhaar.is_valid,
        (("InAadhaarRecognizer",),),
        r"\d{12}|\d{4}-\d{4}-\d{4}",
        r"a{1,2}dh?aa?r|uidai|आधार",
    ),
    "uk_nhs": Identity(
        "",
        nhs.is_valid,
        (("NhsRecognizer",),),
        r"\d{3}([ -]?)\d{3}\1\d{4}",
        r"\bnhs\b|national health",
    ),
    "au_tfn": Identity("", tfn.is_valid, (("AuTfnRecognizer",),), r"\d{3}( ?)\d{3}\1\d{3}", r"\btfn\b|tax file"),
    "ssn": Identity(r"\d{3}([- ])\d\d\1\d{4}", ssn.is_valid, proposes=True),
}
"""Kind to what counts, surest first."""


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern; never matching where there is none. Case decides: ``ghp12345678z`` is nobody's number."""
    return re.compile(pattern or r"(?!)")


def _places(identity: Identity, text: str) -> Iterator[tuple[int, int]]:
    """Where the number may stand."""
    if identity.proposes:
        yield from (match.span() for match in _compiled(rf"(?<!\d)(?:{identity.form})").finditer(text))
    # Presidio takes seconds to import and proposes nothing that counts where no form occurs.
    if any(_compiled(form).search(text) for form in (identity.form, identity.cued_form)):
        for name, *patterns in identity.recognisers:
            yield from proposals(name, text, *patterns)


def _is_cued(identity: Identity, text: str, start: int, end: int) -> bool:
    """Whether a word nearby says what the number is."""
    nearby = f"{text[max(0, start - CUE_BEFORE) : start]}\n{text[end : end + CUE_AFTER]}"
    return bool(re.search(identity.cue, nearby, re.IGNORECASE))


def find_identities(kind: str, text: str) -> Iterator[Finding]:
    """Numbers of one kind of ``IDENTITIES`` with the form, the check digits and the surroundings that it demands."""
    identity = IDENTITIES[kind]
    for start, end in _places(identity, text):
        if _compiled(identity.form).fullmatch(text, start, end):
            accepted = True
        else:
            accepted = bool(_compiled(identity.cued_form).fullmatch(text, start, end)) and _is_cued(
                identity, text, start, end
            )
        if accepted and is_whole(text, start, end) and identity.valid(_plain(text[start:end])):
            yield Finding(kind, start, end, reserved=False)


def _plain(number: str) -> str:
    """Without spaces, which some checks of python-stdnum do not expect."""
    return number.replace(" ", "")
