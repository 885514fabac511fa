"""Numbers of people in Europe that need a word nearby, or whose notation speaks for itself.

Checks are python-stdnum's where it has them. Those of Germany's health and pension insurance and identity cards, of
Spain's social security, Hungary's personal number and Russia's SNILS are written here after the issuers' rules.
"""

from __future__ import annotations

import datetime as dt
import string

from stdnum.at import vnr
from stdnum.be import bis, nn
from stdnum.bg import egn
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.fr import nif as spi
from stdnum.gb import utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.is_ import kennitala
from stdnum.lt import asmens
from stdnum.lv import pvn
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pt import cc
from stdnum.pt import nif as contribuinte
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.si import emso
from stdnum.tr import tckimlik
from stdnum.ua import rntrc

from audit.safety.privacy.countries.identity import ALIKE, EACH, Identity, word


def _is_date(day: str, month: str, year: str) -> bool:
    """Whether a day exists, in a year of which two digits are known: 2000 and 1900 differ in one day alone."""
    try:
        dt.date(2000 + int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _cross_sum(number: int) -> int:
    return number // 10 + number % 10


def _in_digits(letter: str) -> str:
    """A letter's place in the alphabet, in two digits."""
    return f"{string.ascii_uppercase.index(letter) + 1:02}"


def _is_kvnr(number: str) -> bool:
    """Germany's health insurance (SGB V, section 290): weights 1 and 2 in turn over letter and eight digits, mod 10."""
    digits = _in_digits(number[0]) + number[1:9]
    total = sum(_cross_sum(int(digit) * (1 + place % 2)) for place, digit in enumerate(digits))
    return total % 10 == int(number[9])


_RVNR_WEIGHTS = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)


def _is_rvnr(number: str) -> bool:
    """Germany's pension insurance (VKVV, section 2): area, date of birth, initial, serial number, check digit."""
    digits = number[:8] + _in_digits(number[8]) + number[9:11]
    total = sum(_cross_sum(int(digit) * weight) for digit, weight in zip(digits, _RVNR_WEIGHTS, strict=True))
    return _is_date(number[2:4], number[4:6], number[6:8]) and total % 10 == int(number[11])


def _is_german_card(number: str) -> bool:
    """Serial number of an identity card or passport (ICAO 9303): weights 7, 3 and 1; the check digit may be missing."""
    values = [int(character, 36) * (7, 3, 1)[place % 3] for place, character in enumerate(number[:9])]
    return sum(values) % 10 == int(number[9]) if number[9:] else any(map(str.isdigit, number))


def _is_nuss(number: str) -> bool:
    """Spain's social security: province and eight digits modulo 97; a leading zero of the eight is left out."""
    province, body = number[:2], number[2:10]
    whole = f"{province}{body[1:] if body[0] == '0' else body}"
    return int(whole) % 97 == int(number[10:])


_HUNGARY_CHANGED = dt.date(1997, 1, 1)
_HUNGARY_CENTURY = {"1": 1900, "2": 1900, "3": 2000, "4": 2000}


def _is_hungarian(number: str) -> bool:
    """Hungary's personal number (Act XX of 1996): weights 1 to 10 modulo 11, 10 to 1 for those born since 1997."""
    try:
        born = dt.date(_HUNGARY_CENTURY[number[0]] + int(number[1:3]), int(number[3:5]), int(number[5:7]))
    except ValueError:
        return False
    weights = range(1, 11) if born < _HUNGARY_CHANGED else range(10, 0, -1)
    return sum(int(digit) * weight for digit, weight in zip(number[:10], weights, strict=True)) % 11 == int(number[10])


def _is_snils(number: str) -> bool:
    """Russia's insurance number: weights 9 to 1 modulo 101, where 100 is written as 00; from 001-001-998 on."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:9], range(9, 0, -1), strict=True))
    return int(number[:9]) > 1001998 and total % 101 % 100 == int(number[9:])


def _is_belgian(number: str) -> bool:
    return bool(nn.is_valid(number) or bis.is_valid(number))


EUROPEAN: dict[str, Identity] = {
    "ch_ahv": Identity(rf"756{ALIKE}\d{{4}}\1\d{{4}}\1\d\d", ahv.is_valid),
    "be_nn": Identity(
        r"\d\d\.\d\d\.\d\d-\d{3}[.-]\d\d",
        _is_belgian,
        cued_form=rf"\d\d{EACH}\d\d{EACH}\d\d{EACH}\d{{3}}{EACH}\d\d",
        cue=r"rijksregister|registre national|nationalregister|"
        + word("insz|niss|nrn|national (?:register )?number|belgian?"),
    ),
    "no_fnr": Identity(r"\d{6} ?\d{5}", fodselsnummer.is_valid),
    "ru_snils": Identity(
        r"\d{3}-\d{3}-\d{3}[ -]\d\d",
        _is_snils,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{3}}[ -]?\d\d",
        cue=r"снилс|snils|страхов\w{2,4} номер",
    ),
    "de_rvnr": Identity(rf"\d\d{EACH}\d{{6}}{EACH}[A-Z]{EACH}\d{{3}}", _is_rvnr),
    "pt_cc": Identity(
        r"\d{8} \d [A-Z]{2}\d",
        cc.is_valid,
        cued_form=r"\d{8} ?\d ?[A-Z]{2}\d",
        cue=r"cart[ãa]o de cidad[ãa]o|citizen card|" + word("cc"),
    ),
    "at_svnr": Identity(
        "",
        vnr.is_valid,
        cued_form=r"\d{4}[ /-]?\d{6}",
        cue=r"sozialversicherung|versicherungsn(?:ummer|r)|" + word("sv-?n(?:ummer|r)|austrian?"),
    ),
    "bg_egn": Identity("", egn.is_valid, cued_form=r"\d{10}", cue=r"единен граждански|" + word("егн|egn|bulgarian?")),
    "cz_rc": Identity(
        "",
        rc.is_valid,
        cued_form=r"\d{6}/?\d{3,4}",
        cue=r"rodn[éeýy]\w{0,3} [čc][íi]s[le]|" + word(r"r\. ?[čc]|birth number|czech|slovak"),
    ),
    "de_kvnr": Identity(
        "",
        _is_kvnr,
        cued_form=r"[A-Z]\d{9}",
        cue=r"krankenversich|versichertennummer|gesundheitskarte|health insurance|german health|" + word("kvnr|egk"),
    ),
    "de_id_card": Identity(
        "",
        _is_german_card,
        cued_form=r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ\d]{8}\d?",
        cue=r"ausweisn|personalausweis|reisepass|passn(?:ummer|r)|german (?:id|passport)",
    ),
    "dk_cpr": Identity("", cpr.is_valid, cued_form=r"\d{6}[ -]?\d{4}", cue=word(r"cpr(?:-?n(?:ummer|r))?|danish")),
    "ee_ik": Identity("", ik.is_valid, cued_form=r"\d{11}", cue=r"isikukood|estonian?"),
    "es_nuss": Identity(
        "",
        _is_nuss,
        cued_form=r"\d\d[ /-]?\d{8}[ /-]?\d\d",
        cue=r"seguridad social|n[úu]mero de la segur|afiliaci[óo]n|" + word(r"nuss|nss|naf"),
    ),
    "fr_spi": Identity(
        "",
        spi.is_valid,
        cued_form=r"[0-3]\d ?\d\d ?\d{3} ?\d{3} ?\d{3}",
        cue=r"num[ée]ro fiscal|r[ée]f[ée]rence fiscale|french tax|" + word("spi|nif"),
    ),
    "gr_amka": Identity("", amka.is_valid, cued_form=r"\d{11}", cue=word("αμκα|α\\.μ\\.κ\\.α\\.?|amka|greek")),
    "hr_oib": Identity("", oib.is_valid, cued_form=r"\d{11}", cue=word("oib|croatian?")),
    "hu_id": Identity(
        "",
        _is_hungarian,
        cued_form=rf"[1-4]{EACH}\d{{6}}{EACH}\d{{4}}",
        cue=r"szem[ée]lyi sz[áa]m|szem[ée]lyi azonos|szem[ée]lyazonos|hungarian?",
    ),
    "ie_pps": Identity(
        "", pps.is_valid, cued_form=r"\d{7}[A-W][A-IW]?", cue=r"personal public service|" + word("pps[n]?|irish")
    ),
    "is_kennitala": Identity(
        "", kennitala.is_valid, cued_form=r"[0-3]\d{5}[ -]?\d{4}", cue=r"kennit[aö]l|icelandic|" + word("kt")
    ),
    "lt_asmens": Identity("", asmens.is_valid, cued_form=r"\d{11}", cue=r"asmens kod|lithuanian?"),
    "lv_pk": Identity(
        "", pvn.is_valid, cued_form=r"[0-3]\d{5}[ -]?\d{5}", cue=r"person[au]s? kod|latvian?|" + word(r"p\. ?k")
    ),
    "nl_bsn": Identity(
        "",
        bsn.is_valid,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{3}}|\d{{4}}[. ]\d\d[. ]\d{{3}}",
        cue=r"burgerservice|sofi-?nummer|citizen service|" + word("bsn|dutch"),
    ),
    "pt_nif": Identity(
        "",
        contribuinte.is_valid,
        cued_form=rf"(?:[123]\d|45)\d{ALIKE}\d{{3}}\1\d{{3}}",
        cue=r"contribuinte|identifica[çc][ãa]o fiscal|portuguese|" + word("nif"),
    ),
    "ro_cnp": Identity("", cnp.is_valid, cued_form=r"\d{13}", cue=r"cod numeric|romanian?|" + word("cnp")),
    "ru_inn": Identity("", inn.is_valid, cued_form=r"\d{12}", cue=word("инн|inn|russian?")),
    "tr_kimlik": Identity("", tckimlik.is_valid, cued_form=r"\d{11}", cue=r"kimlik|turkish id|" + word("tckn|tc no")),
    "ua_rnokpp": Identity("", rntrc.is_valid, cued_form=r"\d{10}", cue=word("рнокпп|іпн|інн|rnokpp|ipn|ukrainian?")),
    "uk_utr": Identity(
        "",
        utr.is_valid,
        cued_form=r"\d{5} ?\d{5}",
        cue=r"unique taxpayer|self[- ]assessment|" + word("utr"),
    ),
    "jmbg": Identity(
        "",
        emso.is_valid,
        cued_form=r"[0-3]\d{12}",
        cue=r"матич\w\w број|mati[čc]n[aoi]\w? (?:broj|[šs]tevilka)|" + word("jmbg|jmb|em[šs]o|embg|јмбг|јмб|ембг"),
    ),
}
"""Kind to what counts, notations that speak for themselves first. ``jmbg`` is that of Yugoslavia's successors."""
