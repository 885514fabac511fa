"""Numbers of people outside Europe that need a word nearby, or whose notation speaks for itself.

Checks are python-stdnum's where it has them. Those of Australia's Medicare, Singapore's and Uruguay's identity cards
and of machine-readable passports (ICAO 9303) are written here after the issuers' rules.
"""

from __future__ import annotations

from stdnum.ar import cuit, dni
from stdnum.ca import sin
from stdnum.cl import rut
from stdnum.do import cedula
from stdnum.ec import ci
from stdnum.id import nik
from stdnum.il import idnr as teudat
from stdnum.in_ import epic
from stdnum.jp import in_ as my_number
from stdnum.mx import curp, rfc
from stdnum.my import nric
from stdnum.nz import ird
from stdnum.pk import cnic
from stdnum.th import pin
from stdnum.us import itin
from stdnum.ve import rif
from stdnum.za import idnr as south_african

from audit.safety.privacy.countries.identity import ALIKE, Identity, word


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Sum of digits times weights, as far as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_medicare(number: str) -> bool:
    """Australia (Services Australia): weights 1, 3, 7, 9 over eight digits modulo 10, an issue number behind."""
    return _weighted(number, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(number[8]) and number[9] != "0"


_SINGAPORE = {"S": (0, "JZIHGFEDCBA"), "T": (4, "JZIHGFEDCBA"), "F": (0, "XWUTRQPNMLK"), "G": (4, "XWUTRQPNMLK")}
"""First letter to what is added to the sum and the letters by the rest modulo 11."""


def _is_singaporean(number: str) -> bool:
    """Singapore's NRIC and FIN: weights 2, 7, 6, 5, 4, 3, 2 modulo 11 name the last letter; series M since 2022."""
    total = _weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2))
    if number[0] == "M":
        return "XWUTRQPNJLK"[(total + 3) % 11] == number[8]
    added, letters = _SINGAPORE[number[0]]
    return letters[(total + added) % 11] == number[8]


def _is_uruguayan(number: str) -> bool:
    """Uruguay's identity card: weights 2, 9, 8, 7, 6, 3, 4 modulo 10."""
    return -_weighted(number, (2, 9, 8, 7, 6, 3, 4)) % 10 == int(number[7])


def _mrz_digit(field: str) -> int:
    """Check digit of a field of a machine-readable zone: weights 7, 3, 1; letters from A = 10 on, a filler is 0."""
    return sum((0 if one == "<" else int(one, 36)) * (7, 3, 1)[place % 3] for place, one in enumerate(field)) % 10


def _is_passport(line: str) -> bool:
    """Second line of a passport's machine-readable zone: number, birth, expiry, optional data and all of them."""
    fields = ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27]))
    whole = line[:10] + line[13:20] + line[21:43]
    own = line[28:42].strip("<")
    optional = line[42] in {"<", "0"} if not own else _mrz_digit(line[28:42]) == int(line[42].replace("<", "0"))
    return optional and all(_mrz_digit(field) == int(digit) for field, digit in (*fields, (whole, line[43])))


def _is_rfc(number: str) -> bool:
    """Mexico's tax number with a right check digit."""
    return bool(rfc.is_valid(number, validate_check_digits=True))


OVERSEAS: dict[str, Identity] = {
    "passport_mrz": Identity(r"[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[0-9<]\d", _is_passport),
    "mx_curp": Identity(r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d", curp.is_valid),
    "mx_rfc": Identity(r"[A-Z&Ñ]{4}[ -]?\d{6}[ -]?[0-9A-Z]{2}[0-9A]", _is_rfc),
    "ar_cuil": Identity(
        r"2[0347]-\d{8}-\d", cuit.is_valid, cued_form=r"2[0347][ -]?\d{8}[ -]?\d", cue=word("cuil|cuit")
    ),
    "cl_rut": Identity(
        r"\d{1,2}\.\d{3}\.\d{3}-[\dK]",
        rut.is_valid,
        cued_form=r"\d{1,2}(\.?)\d{3}\1\d{3}-?[\dKk]",
        cue=r"rol [úu]nico|" + word("rut|r\\.u\\.t\\.?|chilen[oa]|chilean"),
    ),
    "th_id": Identity(
        r"\d-\d{4}-\d{5}-\d\d-\d",
        pin.is_valid,
        cued_form=r"\d([ -]?)\d{4}\1\d{5}\1\d\d\1\d",
        cue=r"ประชาชน|thai (?:national )?id",
    ),
    "us_itin": Identity(
        r"9\d\d-\d\d-\d{4}",
        itin.is_valid,
        cued_form=rf"9\d\d{ALIKE}\d\d\1\d{{4}}",
        cue=r"individual taxpayer|" + word("itin"),
        unchecked=True,
    ),
    "my_nric": Identity(
        r"\d{6}-\d\d-\d{4}",
        nric.is_valid,
        cued_form=r"\d{6}([ -]?)\d\d\1\d{4}",
        cue=r"mykad|kad pengenalan|malaysian?|" + word("nric|no\\.? ?kp"),
        unchecked=True,
    ),
    "pk_cnic": Identity(
        r"[1-7]\d{4}-\d{7}-\d",
        cnic.is_valid,
        cued_form=r"[1-7]\d{4}([ -]?)\d{7}\1\d",
        cue=r"شناختی|" + word("cnic|nicop|nadra"),
        unchecked=True,
    ),
    "ar_dni": Identity(
        "",
        dni.is_valid,
        cued_form=r"\d{1,2}\.\d{3}\.\d{3}(?!-)|\d{7,8}",
        cue=r"documento nac|" + word("dni|d\\.n\\.i\\.?"),
    ),
    "au_medicare": Identity(
        "", _is_medicare, cued_form=r"[2-6]\d{3}([ -]?)\d{5}\1[1-9](?:[ /-]?[1-9])?", cue=r"medicare"
    ),
    "ca_sin": Identity(
        "",
        sin.is_valid,
        cued_form=rf"\d{{3}}{ALIKE}\d{{3}}\1\d{{3}}",
        cue=r"social insurance|assurance sociale|canadian?|" + word("(?-i:SIN|NAS)"),
    ),
    "do_cedula": Identity("", cedula.is_valid, cued_form=r"\d{3}(-?)\d{7}\1\d", cue=r"c[ée]dula|dominican[oa]?"),
    "ec_ci": Identity("", ci.is_valid, cued_form=r"\d{9}-?\d", cue=r"c[ée]dula|ecuadorian|ecuatorian[oa]"),
    "id_nik": Identity(
        "", nik.is_valid, cued_form=r"\d{16}", cue=r"kependudukan|kartu tanda|indonesian?|" + word("nik|ktp|e-ktp")
    ),
    "il_id": Identity(
        "",
        teudat.is_valid,
        cued_form=r"\d{8}-?\d",
        cue=r"תעודת זהות|מספר זהות|teudat zehut|israeli id|" + word('ת"ז|ת\\.ז\\.?'),
    ),
    "in_epic": Identity("", epic.is_valid, cued_form=r"[A-Z]{3}\d{7}", cue=r"voter|elector|" + word("epic")),
    "jp_my_number": Identity(
        "",
        my_number.is_valid,
        cued_form=rf"\d{{4}}{ALIKE}\d{{4}}\1\d{{4}}",
        cue=r"マイナンバー|個人番号|my number|mynumber",
    ),
    "nz_ird": Identity(
        "", ird.is_valid, cued_form=rf"\d{{2,3}}{ALIKE}\d{{3}}\1\d{{3}}", cue=r"inland revenue|" + word("ird")
    ),
    "sg_nric": Identity(
        "", _is_singaporean, cued_form=r"[STFGM]\d{7}[A-Z]", cue=r"singapore|" + word("nric|fin|ic no\\.?|ic number")
    ),
    "uy_ci": Identity(
        "",
        _is_uruguayan,
        cued_form=r"[1-9](\.?)\d{3}\1\d{3}-?\d",
        cue=r"c[ée]dula|uruguay|" + word("c\\.i\\.?|ci"),
    ),
    "ve_rif": Identity("", rif.is_valid, cued_form=r"[VE]-?\d{8}-?\d", cue=r"venezolan[oa]|venezuelan?|" + word("rif")),
    "za_id": Identity(
        "",
        south_african.is_valid,
        cued_form=r"\d{6} ?\d{4} ?\d{3}|\d{6} \d{4} \d\d \d",
        cue=r"south african?|identity (?:number|document)|"
        + word("(?:rsa |sa )?id (?:number|no\\.?|nr)|identiteitsnommer"),
    ),
}
"""Kind to what counts, notations that speak for themselves first."""
