"""Values of each kind of personal data, made without the code that is to find them.

Faker makes those whose standard it follows; the others are computed here from the standards' text. All are random:
that one belongs to somebody is possible and cannot be told.
"""

from __future__ import annotations

import hashlib
import string
from typing import TYPE_CHECKING

from faker import Faker

from tests.safety.privacy.cases.personal_identity_values import IDENTITY_VALUES, digits, faker_of, of_faker
from tests.safety.privacy.cases.personal_key_values import ALPHANUMERIC, BECH32, api_key

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "pt_BR", "fi_FI", "sv_SE", "nl_NL", "en_IN")
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VERHOEFF_STEP = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
VERHOEFF_PLACE = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
MAIL_HOSTS = ("gmail.com", "web.de", "orange.fr", "libero.it", "wp.pl", "uol.com.br", "qq.com", "bt.co.uk", "elisa.fi")


def seed(number: int) -> None:
    """Make the values that follow repeatable."""
    Faker.seed(number)


def luhn_digit(number: str) -> str:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def email(draws: random.Random) -> str:
    person = faker_of(draws.choice(LOCALES))
    made = [
        person.ascii_company_email(),
        person.ascii_free_email(),
        f"{person.user_name()}+{person.random_lowercase_letter()}@{draws.choice(MAIL_HOSTS)}",
        f"{draws.choice('abcdefgh')}.{person.user_name()}@mail-{digits(draws, 2)}.{draws.choice(MAIL_HOSTS)}",
        f"O'{person.user_name().capitalize()}@{draws.choice(MAIL_HOSTS)}",
        f"{person.user_name()} [at] {draws.choice(MAIL_HOSTS).replace('.', ' [dot] ')}",
        f"{person.user_name()}(at){draws.choice(MAIL_HOSTS)}",
        f"{person.user_name()}%40{draws.choice(MAIL_HOSTS)}",
        f"{draws.choice(('müller', 'josé.núñez', 'zoë', 'андрей', 'łukasz'))}@{draws.choice(MAIL_HOSTS)}",
        f"{person.user_name()}@{draws.choice(('müller.de', 'señal.es', 'bücher.ch', 'почта.com'))}",
    ]
    return draws.choice(made)


def card(draws: random.Random) -> str:
    """Faker's issuers, the 2-series of Mastercard and numbers of 19 digits; in one piece or grouped as printed."""
    issuers = ("visa16", "visa19", "mastercard", "amex", "discover", "diners", "maestro")
    number = faker_of("en_US").credit_card_number(draws.choice(issuers))
    if draws.random() < 0.4:
        head, length = draws.choice(
            (("2221", 16), ("2350", 16), ("2720", 16), ("4", 19), ("6011", 19), ("3528", 16), ("62", 17))
        )
        number = head + digits(draws, length - len(head) - 1)
        number += luhn_digit(number)
    separator = draws.choice(("", " ", "-", ".", "  "))
    if len(number) == 15 or len(number) == 14:
        groups = [number[:4], number[4:10], number[10:]]
    else:
        groups = [number[place : place + 4] for place in range(0, len(number), 4)]
    return separator.join(groups) if len(groups) > 3 or len(number) in (14, 15) else number


def iban(draws: random.Random) -> str:
    """Countries whose account numbers have no check digits of their own that Faker would have to know."""
    number = faker_of(draws.choice(("en_GB", "de_DE", "fr_FR", "nl_NL", "pl_PL", "it_IT"))).iban()
    groups = [number[place : place + 4] for place in range(0, len(number), 4)]
    return draws.choice(("", " ", "-", ".", "  ")).join(groups)


def ip(draws: random.Random) -> str:
    """Version 4, or version 6 under 2000::/3, in full or shortened."""
    if draws.random() < 0.5:
        return faker_of("en_US").ipv4_public()
    groups = [f"{0x2000 + draws.randrange(0x1000):x}", *(f"{draws.randrange(1, 65536):x}" for _ in range(7))]
    keep = draws.choice((8, 5, 3))
    return ":".join(groups) if keep == 8 else f"{':'.join(groups[: keep - 1])}::{groups[-1]}"


PHONES: dict[str, tuple[str, ...]] = {
    "en_US": (
        "+1 212 {2}{6} {4}",
        "(415) {2}{2}{2}-{4}",
        "312-{2}{2}{2}-{4}",
        "+1-646-{2}{2}{2}-{4}",
        "202.{2}{2}{2}.{4}",
        "646{2}{2}{2}{4}",
    ),
    "en_GB": ("+44 20 7{3} {4}", "020 7{3} {4}", "07725 {3}{3}", "07725{3}{3}", "+44 161 {2}{2}{2} {4}"),
    "de_DE": ("+49 151 {4}{4}", "+49 30 {2}{4}{2}", "0151 {4}{4}", "0176 {4}{4}"),
    "fr_FR": ("+33 6 1{1} {2d} {2d} {2d}", "06 1{1} {2d} {2d} {2d}", "01 4{1} {2d} {2d} {2d}"),
    "es_ES": ("+34 6{2d} {2d}{1} {2d}{1}", "6{2d} {2d} {2d} {2d}"),
    "it_IT": ("+39 347 {3}{4}", "347 {3}{4}"),
    "pl_PL": ("+48 601 {3} {3}", "601 {3} {3}"),
    "pt_BR": ("+55 11 9{4}-{4}", "(11) 9{4}-{4}"),
    "nl_NL": ("+31 6 1{3}{4}", "06 2{3}{4}"),
    "zh_CN": ("+86 138 {4} {4}", "138{4}{4}", "139-{4}-{4}", "１３９{4}{4}"),
}
"""Locale to notations of its numbering plan.

{2} is one digit and {6} are two digits other than 0, 1 and 5; {1}, {2d}, {3} and {4} are so many digits.
"""


def phone(draws: random.Random, locale: str) -> str:
    """A number of the locale's plan; fiction's 555-01xx cannot come out: exchanges have no 5 in the second place."""
    made = draws.choice(PHONES[locale])
    fields = {"{1}": 1, "{2d}": 2, "{3}": 3, "{4}": 4}
    while "{" in made:
        begin = made.index("{")
        field = made[begin : made.index("}") + 1]
        if field == "{2}":
            filled = draws.choice("2346789")
        elif field == "{6}":
            filled = draws.choice("2346789") + draws.choice("2346789")
        else:
            filled = digits(draws, fields[field])
        made = made[:begin] + filled + made[begin + len(field) :]
    return made


def wallet(draws: random.Random) -> str:
    """P2PKH and P2SH (Base58Check), P2WPKH (Bech32, BIP 173) and P2TR (Bech32m, BIP 350)."""
    kind = draws.randrange(4)
    if kind < 2:
        payload = bytes([(0, 5)[kind]]) + draws.randbytes(20)
        whole = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
        number, text = int.from_bytes(whole, "big"), ""
        while number:
            number, rest = divmod(number, 58)
            text = BASE58[rest] + text
        return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + text
    version, size, constant = ((0, 32, 1), (1, 52, 0x2BC830A3))[kind - 2]
    # 20 bytes are 32 groups of five bits; 32 bytes are 52, of which the last four bits are filling.
    data = [version, *(draws.randrange(32) for _ in range(size))]
    if version:
        data[-1] &= 0b10000
    return "bc1" + "".join(BECH32[one] for one in data + _bech32_checksum(data, constant))


def _bech32_checksum(data: list[int], constant: int) -> list[int]:
    check = 1
    for value in [3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]:  # "bc", expanded
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator * (top >> bit & 1)
    check ^= constant
    return [check >> 5 * (5 - place) & 31 for place in range(6)]


def nhs(draws: random.Random) -> str:
    """NHS Data Dictionary: weights 10 to 2, 11 minus the rest; 10 is never issued."""
    while True:
        number = digits(draws, 9)
        check = -sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            number += str(check)
            return draws.choice(
                (number, f"{number[:3]} {number[3:6]} {number[6:]}", f"{number[:3]}-{number[3:6]}-{number[6:]}")
            )


def nino(draws: random.Random) -> str:
    """HMRC's manual NIM39110."""
    while True:
        prefix = draws.choice("ABCEGHJKLMNOPRSTWXYZ") + draws.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}:
            break
    number, suffix = digits(draws, 6), draws.choice("ABCD")
    return draws.choice((f"{prefix}{number}{suffix}", f"{prefix} {number[:2]} {number[2:4]} {number[4:]} {suffix}"))


def de_tax_id(draws: random.Random) -> str:
    """Ten digits of which one stands twice, and a check digit after ISO 7064 MOD 11,10."""
    chosen = draws.sample(string.digits, 9)
    body = [*chosen, draws.choice(chosen)]
    while True:
        draws.shuffle(body)
        if body[0] != "0":
            break
    product = 10
    for digit in body:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    number = "".join(body) + str((11 - product) % 10)
    return draws.choice((number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"))


def aadhaar(draws: random.Random) -> str:
    """Twelve digits, the first from 2 on, the last after Verhoeff 1969."""
    number = draws.choice("23456789") + digits(draws, 10)
    check = 0
    for place, digit in enumerate(reversed(number), start=1):
        check = int(VERHOEFF_STEP[check][int(VERHOEFF_PLACE[place % 8][int(digit)])])
    number += next(str(last) for last in range(10) if VERHOEFF_STEP[check][last] == "0")
    return draws.choice((number, f"{number[:4]} {number[4:8]} {number[8:]}"))


def pan(draws: random.Random) -> str:
    """Three letters, P for a person, the initial of the family name, four digits from 0001 on, a letter."""
    letters = "".join(draws.choices(string.ascii_uppercase, k=5))
    return f"{letters[:3]}P{letters[3]}{draws.randrange(1, 10000):04}{letters[4]}"


def tfn(draws: random.Random) -> str:
    """Nine digits whose weighted sum is divisible by 11."""
    while True:
        number = digits(draws, 9)
        if (
            sum(int(digit) * weight for digit, weight in zip(number, (1, 4, 3, 7, 5, 8, 6, 9, 10), strict=True)) % 11
            == 0
        ):
            return draws.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}"))


def rrn(draws: random.Random) -> str:
    """Birth date, sex and century, region, serial number, check digit: numbers given before October 2020."""
    number = f"{draws.randrange(40, 100)}{draws.randrange(1, 13):02}{draws.randrange(1, 29):02}"
    number += draws.choice("12") + f"{draws.randrange(96):02}" + digits(draws, 3)
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    check = (11 - sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True)) % 11) % 10
    return f"{number[:6]}-{number[6:]}{check}"


def nir(draws: random.Random) -> str:
    """Sex, year, month, department, municipality, order, and 97 minus the rest."""
    body = f"{draws.choice('12')}{digits(draws, 2)}{draws.randrange(1, 13):02}{draws.randrange(1, 96):02}"
    body += digits(draws, 6)
    number = f"{body}{97 - int(body) % 97:02}"
    parts = (number[0], number[1:3], number[3:5], number[5:7], number[7:10], number[10:13], number[13:])
    return draws.choice((number, " ".join(parts)))


def es_nif(draws: random.Random) -> str:
    """Order INT/2058/2008: the number modulo 23 names the letter; X, Y and Z stand for 0, 1 and 2."""
    head = draws.choice(("", "X", "Y", "Z"))
    number = digits(draws, 7 if head else 8)
    value = int({"": "", "X": "0", "Y": "1", "Z": "2"}[head] + number)
    return f"{head}{number}{draws.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[value % 23]}"


def cn_ric(draws: random.Random) -> str:
    """GB 11643-1999: place, date of birth, order, check character after ISO 7064 MOD 11-2."""
    place = draws.choice(("110101", "310104", "440305", "510107", "330106", "420111", "320102", "610113"))
    body = (
        f"{place}{draws.randrange(1985, 2011)}{draws.randrange(1, 13):02}{draws.randrange(1, 29):02}{digits(draws, 3)}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return body + "10X98765432"[rest]


def tw_id(draws: random.Random) -> str:
    """Letter of the place, 1 or 2 for the sex, serial number, check digit."""
    codes = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
    letter = draws.choice(sorted(codes))
    body = draws.choice("12") + digits(draws, 7)
    total = codes[letter] // 10 + codes[letter] % 10 * 9
    total += sum(int(digit) * weight for digit, weight in zip(body, range(8, 0, -1), strict=True))
    return f"{letter}{body}{-total % 10}"


def hk_id(draws: random.Random) -> str:
    """One or two letters, six digits, check character in parentheses (Immigration Department)."""
    letters = "".join(draws.choices(string.ascii_uppercase, k=draws.choice((1, 1, 2))))
    body = letters + digits(draws, 6)
    values = [36] * (2 - len(letters)) + [int(character, 36) for character in body]
    check = -sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) % 11
    return f"{body}({'0123456789A'[check]})"


def private_key(draws: random.Random) -> str:
    """The outside of a PEM block; what is in it is no key."""
    name = draws.choice(("RSA ", "EC ", "OPENSSH ", "DSA ", ""))
    lines = ["".join(draws.choices(ALPHANUMERIC + "+/", k=64)) for _ in range(draws.randrange(2, 6))]
    return "\n".join([f"-----BEGIN {name}PRIVATE KEY-----", *lines, f"-----END {name}PRIVATE KEY-----"])


def br_cpf(draws: random.Random) -> str:
    number = str(faker_of("pt_BR").cpf())
    return draws.choice((number, number.replace(".", "").replace("-", "")))


VALUES: dict[str, Callable[[random.Random], str]] = {
    "email": email,
    "card": card,
    "iban": iban,
    "ip": ip,
    "wallet": wallet,
    "api_key": api_key,
    "private_key": private_key,
    "ssn": of_faker("en_US", "ssn"),
    "uk_nhs": nhs,
    "uk_nino": nino,
    "es_nif": es_nif,
    "it_fiscal_code": of_faker("it_IT", "ssn"),
    "fr_nir": nir,
    "de_tax_id": de_tax_id,
    "pl_pesel": of_faker("pl_PL", "pesel"),
    "fi_hetu": of_faker("fi_FI", "ssn"),
    "se_personnummer": of_faker("sv_SE", "ssn"),
    "kr_rrn": rrn,
    "in_aadhaar": aadhaar,
    "in_pan": pan,
    "au_tfn": tfn,
    "br_cpf": br_cpf,
    "cn_ric": cn_ric,
    "tw_id": tw_id,
    "hk_id": hk_id,
    **IDENTITY_VALUES,
}
"""Kind to the source of its values; ``phone`` is by locale."""
