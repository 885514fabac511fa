"""Identity numbers of further countries, by Faker or by the issuers' rules, and what they are called."""

from __future__ import annotations

import functools
import string
from typing import TYPE_CHECKING

from faker import Faker

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

LETTERS = string.ascii_uppercase
OF_CARDS = "CFGHJKLMNPRTVWXYZ"
"""Letters of German identity cards and passports: no vowels, and none that looks like a digit."""


@functools.cache
def faker_of(locale: str) -> Faker:
    """The one of a place, made when it is first asked for."""
    return Faker(locale)


def digits(draws: random.Random, count: int) -> str:
    return "".join(draws.choices(string.digits, k=count))


def weighted(number: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True))


def luhn(number: str) -> str:
    """The number with its check digit after ISO/IEC 7812-1; letters count from A = 10 on."""
    total = 0
    for place, character in enumerate(reversed(number)):
        value = int(character, 36) * (2 - place % 2)
        total += value - 9 if place % 2 == 0 and value > 9 else value
    return number + str(-total % 10)


def born(draws: random.Random) -> tuple[str, str, str]:
    """Day, month and year of a birth in the second half of the last century."""
    return f"{draws.randrange(1, 29):02}", f"{draws.randrange(1, 13):02}", str(draws.randrange(50, 97))


def kvnr(draws: random.Random) -> str:
    """SGB V, section 290: letter as two digits, eight digits, weights 1 and 2."""
    letter, body = draws.choice(LETTERS), digits(draws, 8)
    whole = f"{LETTERS.index(letter) + 1:02}{body}"
    total = sum(sum(divmod(int(one) * weight, 10)) for one, weight in zip(whole, (1, 2) * 5, strict=True))
    return f"{letter}{body}{total % 10}"


def rvnr(draws: random.Random) -> str:
    """VKVV, section 2: area, date of birth, letter, serial number, weights 2 1 2 5 7 1 2 1 2 1 2 1."""
    day, month, year = born(draws)
    letter, serial = draws.choice(LETTERS), digits(draws, 2)
    area = draws.choice(("12", "15", "53", "65"))
    whole = f"{area}{day}{month}{year}{LETTERS.index(letter) + 1:02}{serial}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    check = sum(sum(divmod(int(one) * weight, 10)) for one, weight in zip(whole, weights, strict=True)) % 10
    return draws.choice(
        (f"{area}{day}{month}{year}{letter}{serial}{check}", f"{area} {day}{month}{year} {letter} {serial}{check}")
    )


def icao_digit(field: str) -> str:
    """ICAO 9303, part 3: weights 7, 3, 1; letters from A = 10 on, a filler is 0."""
    values = [0 if one == "<" else int(one, 36) for one in field]
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def german_card(draws: random.Random) -> str:
    serial = draws.choice(OF_CARDS) + "".join(draws.choices(OF_CARDS + string.digits, k=7)) + digits(draws, 1)
    return serial + draws.choice(("", icao_digit(serial)))


def passport(draws: random.Random) -> str:
    """ICAO 9303, part 4: the second line of a passport."""
    number = (draws.choice("CLKX") + digits(draws, 7)).ljust(9, "<")
    day, month, year = born(draws)
    expiry = f"3{digits(draws, 1)}{month}{day}"
    optional = draws.choice(("", digits(draws, 9))).ljust(14, "<")
    fields = [number + icao_digit(number), f"{year}{month}{day}{icao_digit(year + month + day)}"]
    fields += [expiry + icao_digit(expiry), optional + (icao_digit(optional) if optional.strip("<") else "<")]
    nation = draws.choice(("D<<", "FRA", "ESP", "CHN"))
    return f"{fields[0]}{nation}{fields[1]}{draws.choice('MF')}{fields[2]}{fields[3]}{icao_digit(''.join(fields))}"


def nuss(draws: random.Random) -> str:
    """Two digits of the province, eight digits, and both modulo 97."""
    province, body = f"{draws.randrange(1, 53):02}", f"{draws.randrange(1, 10)}{digits(draws, 7)}"
    check = f"{int(province + body) % 97:02}"
    return draws.choice((f"{province}{body}{check}", f"{province}/{body}/{check}", f"{province} {body} {check}"))


def spi(draws: random.Random) -> str:
    """Ten digits, and their rest modulo 511."""
    body = draws.choice("0123") + digits(draws, 9)
    number = f"{body}{int(body) % 511:03}"
    return draws.choice((number, f"{number[:2]} {number[2:4]} {number[4:7]} {number[7:10]} {number[10:]}"))


def hungarian(draws: random.Random) -> str:
    while True:
        day, month, year = born(draws)
        body = f"{draws.choice('12')}{year}{month}{day}{digits(draws, 3)}"
        check = weighted(body, range(1, 11)) % 11
        if check < 10:
            return f"{body[0]}-{body[1:7]}-{body[7:]}{check}"


def pps(draws: random.Random) -> str:
    """Weights 8 to 2, and 9 for a second letter; the rest modulo 23 names the letter."""
    body, second = digits(draws, 7), draws.choice(("", "A", "B"))
    total = weighted(body, range(8, 1, -1)) + 9 * ("WABCDEFGHI".index(second) if second else 0)
    return f"{body}{'WABCDEFGHIJKLMNOPQRSTUV'[total % 23]}{second}"


def kennitala(draws: random.Random) -> str:
    while True:
        day, month, year = born(draws)
        body = f"{day}{month}{year}{draws.randrange(20, 100)}"
        check = -weighted(body, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            return f"{body[:6]}{draws.choice(('', '-'))}{body[6:]}{check}9"


def pt_nif(draws: random.Random) -> str:
    body = draws.choice("123") + digits(draws, 7)
    rest = weighted(body, range(9, 1, -1)) % 11
    number = body + str(0 if rest < 2 else 11 - rest)
    return draws.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}"))


def pt_cc(draws: random.Random) -> str:
    body, letters = digits(draws, 9), "".join(draws.choices(LETTERS, k=2))
    return f"{body[:8]} {body[8]} {luhn(body + letters)[9:]}"


def ru_inn(draws: random.Random) -> str:
    """Order of the tax service of 29 June 2012: twelve digits of a person, the last two are checks."""
    body = digits(draws, 10)
    body += str(weighted(body, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)
    return body + str(weighted(body, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)


def snils(draws: random.Random) -> str:
    body = str(draws.randrange(1, 10)) + digits(draws, 8)
    check = f"{weighted(body, range(9, 0, -1)) % 101 % 100:02}"
    return draws.choice((f"{body[:3]}-{body[3:6]}-{body[6:]} {check}", body + check))


def utr(draws: random.Random) -> str:
    """The first digit is the check: weights 6 7 8 9 10 5 4 3 2."""
    body = digits(draws, 9)
    return f"{'21987654321'[weighted(body, (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11]}{body}"


def my_nric(draws: random.Random) -> str:
    day, month, year = born(draws)
    return f"{year}{month}{day}-{draws.choice(('01', '07', '10', '14'))}-{digits(draws, 4)}"


def cnic(draws: random.Random) -> str:
    return f"{draws.choice(('34201', '42101', '61101'))}-{digits(draws, 7)}-{draws.randrange(1, 10)}"


def medicare(draws: random.Random) -> str:
    body = draws.choice("23456") + digits(draws, 7)
    check = weighted(body, (1, 3, 7, 9, 1, 3, 7, 9)) % 10
    issue = draws.randrange(1, 10)
    return draws.choice((f"{body}{check}{issue}", f"{body[:4]} {body[4:]}{check} {issue}"))


def do_cedula(draws: random.Random) -> str:
    number = luhn(f"{draws.choice(('001', '402', '031'))}{digits(draws, 7)}")
    return draws.choice((number, f"{number[:3]}-{number[3:10]}-{number[10]}"))


def ec_ci(draws: random.Random) -> str:
    """Province 01 to 24, third digit below 6, check digit as on cards."""
    return luhn(f"{draws.randrange(1, 25):02}{draws.randrange(6)}{digits(draws, 6)}")


def nik(draws: random.Random) -> str:
    """Place, day of birth (plus 40 of women), month, year, serial number."""
    day, month, year = born(draws)
    place = draws.choice(("317101", "327301", "357801", "517101"))
    return f"{place}{int(day) + draws.choice((0, 40)):02}{month}{year}{draws.randrange(1, 9999):04}"


def epic(draws: random.Random) -> str:
    return "".join(draws.choices(LETTERS, k=3)) + luhn(digits(draws, 6))


def my_number(draws: random.Random) -> str:
    """Ordinance 85 of the Ministry of Internal Affairs, 2014: weights by place from the right, modulo 11."""
    body = digits(draws, 11)
    weights = [(place + 1 if place <= 6 else place - 5) for place in range(11, 0, -1)]
    rest = weighted(body, weights) % 11
    number = body + str(0 if rest <= 1 else 11 - rest)
    return draws.choice((number, f"{number[:4]} {number[4:8]} {number[8:]}"))


def ird(draws: random.Random) -> str:
    """Inland Revenue's specification: weights 3 2 7 6 5 4 3 2, and 7 4 3 2 5 2 7 6 where the first gives 10."""
    while True:
        body = str(draws.randrange(10_000_00, 150_000_00))
        padded = body.rjust(8, "0")
        check = -weighted(padded, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        check = -weighted(padded, (7, 4, 3, 2, 5, 2, 7, 6)) % 11 if check == 10 else check
        number = f"{body}{check}"
        if check < 10 and 10_000_000 < int(number) < 150_000_000:
            return draws.choice((number, f"{number[:-6]}-{number[-6:-3]}-{number[-3:]}"))


def sg_nric(draws: random.Random) -> str:
    letter, body = draws.choice("STFGM"), digits(draws, 7)
    total = weighted(body, (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(letter, 0)
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(letter, "XWUTRQPNMLK")
    return f"{letter}{body}{table[total % 11]}"


def uy_ci(draws: random.Random) -> str:
    body = str(draws.randrange(1, 6)) + digits(draws, 6)
    check = -weighted(body, (2, 9, 8, 7, 6, 3, 4)) % 10
    return draws.choice((f"{body}-{check}", f"{body[0]}.{body[1:4]}.{body[4:]}-{check}"))


def za_id(draws: random.Random) -> str:
    day, month, year = born(draws)
    return luhn(f"{year}{month}{day}{digits(draws, 4)}{draws.choice('01')}8")


def egn(draws: random.Random) -> str:
    """Bulgaria's regulation of 1999: weights 2 4 8 5 10 9 7 3 6 modulo 11, 10 is written as 0."""
    day, month, year = born(draws)
    body = f"{year}{month}{day}{digits(draws, 3)}"
    return body + str(weighted(body, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10)


def czech(draws: random.Random) -> str:
    """Act 133/2000, section 13: ten digits that are divisible by 11; 50 is added to the month of women."""
    while True:
        day, month, year = born(draws)
        body = f"{year}{int(month) + draws.choice((0, 50)):02}{day}{digits(draws, 3)}"
        check = -int(body) * 10 % 11
        if check < 10:
            return f"{body[:6]}{draws.choice(('', '/'))}{body[6:]}{check}"


def cpr(draws: random.Random) -> str:
    day, month, year = born(draws)
    return f"{day}{month}{year}{draws.choice(('', '-', ' '))}{draws.randrange(4)}{digits(draws, 3)}"


def mx_rfc(draws: random.Random) -> str:
    """Anexo of the tax service: values of the table below times 13 to 2, modulo 11."""
    table = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
    day, month, year = born(draws)
    body = (
        f"{draws.choice(('GODE', 'PEMJ', 'LOXA', 'MUÑR'))}{year}{month}{day}{draws.choice('1A9')}{draws.choice('B7Z')}"
    )
    rest = -sum(table.index(one) * weight for one, weight in zip(body, range(13, 1, -1), strict=True)) % 11
    return f"{body}{'A' if rest == 10 else rest}"


def drawn_until(make: Callable[[random.Random], str], fits: Callable[[str], bool]) -> Callable[[random.Random], str]:
    """Values of a source that fit."""

    def draw(draws: random.Random) -> str:
        return next(value for value in iter(lambda: make(draws), None) if fits(value))

    return draw


def of_faker(locale: str, method: str) -> Callable[[random.Random], str]:
    return lambda _draws: str(getattr(faker_of(locale), method)())


def of_several(*locales: str) -> Callable[[random.Random], str]:
    return lambda draws: str(faker_of(draws.choice(locales)).ssn())


IDENTITY_VALUES: dict[str, Callable[[random.Random], str]] = {
    "ar_cuil": of_faker("es_AR", "cuil"),
    "ar_dni": of_faker("es_AR", "dni"),
    "at_svnr": of_faker("de_AT", "ssn"),
    "au_medicare": medicare,
    "be_nn": of_faker("nl_BE", "ssn"),
    "bg_egn": egn,
    "ca_sin": of_faker("en_CA", "ssn"),
    "ch_ahv": of_several("fr_CH", "de_CH"),
    "cl_rut": drawn_until(of_faker("es_CL", "person_rut"), lambda value: value.count(".") > 1),
    "cz_rc": czech,
    "de_id_card": german_card,
    "de_kvnr": kvnr,
    "de_rvnr": rvnr,
    "dk_cpr": cpr,
    "do_cedula": do_cedula,
    "ec_ci": ec_ci,
    "ee_ik": of_faker("et_EE", "ssn"),
    "es_nuss": nuss,
    "fr_spi": spi,
    "gr_amka": of_faker("el_GR", "ssn"),
    "hr_oib": of_faker("hr_HR", "ssn"),
    "hu_id": hungarian,
    "id_nik": nik,
    "ie_pps": pps,
    "il_id": of_faker("he_IL", "ssn"),
    "in_epic": epic,
    "is_kennitala": kennitala,
    "jmbg": of_several("sr_BA", "mk_MK"),
    "jp_my_number": my_number,
    "lt_asmens": of_faker("et_EE", "ssn"),
    "lv_pk": of_faker("lv_LV", "ssn"),
    # Faker calls Querétaro QO; RENAPO calls it QT.
    "mx_curp": drawn_until(of_faker("es_MX", "curp"), lambda value: value[11:13] != "QO"),
    "mx_rfc": mx_rfc,
    "my_nric": my_nric,
    "nl_bsn": of_faker("nl_NL", "ssn"),
    "no_fnr": of_faker("no_NO", "ssn"),
    "nz_ird": ird,
    "passport_mrz": passport,
    "pk_cnic": cnic,
    "pt_cc": pt_cc,
    "pt_nif": pt_nif,
    "ro_cnp": of_faker("ro_RO", "ssn"),
    "ru_inn": ru_inn,
    "ru_snils": snils,
    "sg_nric": sg_nric,
    "th_id": of_faker("th_TH", "ssn"),
    "tr_kimlik": of_faker("tr_TR", "ssn"),
    "ua_rnokpp": of_faker("uk_UA", "ssn"),
    "uk_utr": utr,
    "us_itin": of_faker("en_US", "itin"),
    "uy_ci": uy_ci,
    "ve_rif": drawn_until(of_faker("es_VE", "rif"), lambda value: value[0] in "VE"),
    "za_id": za_id,
}
"""Kind to the source of its values."""
IDENTITY_LABELS: dict[str, dict[str, str]] = {
    "ar_cuil": {"es": "CUIL", "en": "CUIL"},
    "ar_dni": {"es": "DNI", "en": "Documento Nacional de Identidad"},
    "at_svnr": {"de": "Sozialversicherungsnummer", "en": "Austrian insurance number"},
    "au_medicare": {"en": "Medicare number"},
    "be_nn": {"nl": "rijksregisternummer", "fr": "numéro de registre national", "en": "Belgian national number"},
    "bg_egn": {"en": "EGN"},
    "ca_sin": {"en": "social insurance number", "fr": "numéro d'assurance sociale"},
    "ch_ahv": {"de": "AHV-Nummer", "fr": "numéro AVS", "en": "Swiss insurance number"},
    "cl_rut": {"es": "RUT", "en": "RUT"},
    "cz_rc": {"en": "rodné číslo"},
    "de_id_card": {"de": "Ausweisnummer", "en": "German passport number"},
    "de_kvnr": {"de": "Krankenversichertennummer", "en": "German health insurance number"},
    "de_rvnr": {"de": "Rentenversicherungsnummer", "en": "German pension number"},
    "dk_cpr": {"en": "CPR-nummer"},
    "do_cedula": {"es": "cédula", "en": "Dominican identity number"},
    "ec_ci": {"es": "cédula", "en": "Ecuadorian identity number"},
    "ee_ik": {"en": "isikukood"},
    "es_nuss": {"es": "número de la Seguridad Social", "en": "NUSS"},
    "fr_spi": {"fr": "numéro fiscal", "en": "French tax number"},
    "gr_amka": {"en": "AMKA"},
    "hr_oib": {"en": "OIB"},
    "hu_id": {"en": "személyi szám"},
    "id_nik": {"en": "NIK"},
    "ie_pps": {"en": "PPS number"},
    "il_id": {"en": "תעודת זהות"},
    "in_epic": {"en": "voter ID"},
    "is_kennitala": {"en": "kennitala"},
    "jmbg": {"en": "JMBG"},
    "jp_my_number": {"ja": "マイナンバー", "en": "My Number"},
    "lt_asmens": {"en": "asmens kodas"},
    "lv_pk": {"en": "personas kods"},
    "mx_curp": {"es": "CURP", "en": "Mexican registration code"},
    "mx_rfc": {"es": "RFC", "en": "Mexican tax code"},
    "my_nric": {"en": "MyKad number"},
    "nl_bsn": {"nl": "BSN", "en": "Dutch citizen number"},
    "no_fnr": {"en": "fødselsnummer"},
    "nz_ird": {"en": "IRD number"},
    "passport_mrz": {"en": "passport", "de": "Reisepass"},
    "pk_cnic": {"en": "CNIC"},
    "pt_cc": {"pt": "cartão de cidadão", "en": "Portuguese citizen card"},
    "pt_nif": {"pt": "NIF", "en": "Portuguese tax number"},
    "ro_cnp": {"en": "CNP"},
    "ru_inn": {"en": "ИНН"},
    "ru_snils": {"en": "СНИЛС"},
    "sg_nric": {"en": "NRIC"},
    "th_id": {"en": "บัตรประชาชน"},
    "tr_kimlik": {"en": "TC kimlik no"},
    "ua_rnokpp": {"en": "РНОКПП"},
    "uk_utr": {"en": "UTR"},
    "us_itin": {"en": "ITIN"},
    "uy_ci": {"es": "cédula", "en": "Uruguayan identity number"},
    "ve_rif": {"es": "RIF", "en": "RIF"},
    "za_id": {"en": "South African ID number"},
}
"""What each is called, by language."""
