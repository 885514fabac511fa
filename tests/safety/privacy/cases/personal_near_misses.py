"""Texts that look like personal data and hold none: wrong check digits and lengths, versions, orders, dates, hashes."""

from __future__ import annotations

import hashlib
import re
import string
from typing import TYPE_CHECKING

from tests.safety.privacy.cases.personal_values import ALPHANUMERIC, VALUES, digits, faker_of, luhn_digit

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


def wrong_digit(kind: str, label: str) -> Callable[[random.Random], str]:
    """A valid value with its last digit or letter changed: its check fails."""

    def make(draws: random.Random) -> str:
        value = VALUES[kind](draws)
        place = max(index for index, letter in enumerate(value) if letter.isalnum())
        letters = string.digits if value[place].isdigit() else string.ascii_uppercase
        return f"{label}: {value[:place]}{draws.choice(letters.replace(value[place], ''))}{value[place + 1 :]}."

    return make


def wrong_length(kind: str, label: str) -> Callable[[random.Random], str]:
    """A valid value with further letters or digits behind it, or without its end."""

    def make(draws: random.Random) -> str:
        value = VALUES[kind](draws)
        longer = value + digits(draws, draws.randrange(2, 9))
        return f"{label}: {draws.choice((longer, value[: -draws.randrange(3, 6)]))}."

    return make


def wallet_with_wrong_sum(draws: random.Random) -> str:
    """A letter in the middle of an address is another one of the same alphabet."""
    value = VALUES["wallet"](draws)
    place = len(value) // 2
    return f"wallet {value[:place]}{draws.choice('acdefghj'.replace(value[place].lower(), ''))}{value[place + 1 :]}"


def foreign_card(draws: random.Random) -> str:
    """Luhn holds, but no issuer begins so."""
    number = draws.choice("01789") + digits(draws, 14)
    return f"loyalty card {number}{luhn_digit(number)}"


def imei(draws: random.Random) -> str:
    number = draws.choice(("35", "86", "01")) + digits(draws, 12)
    return f"The handset's serial is {number}{luhn_digit(number)}"


def isbn(draws: random.Random) -> str:
    body = "978" + digits(draws, 9)
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10
    parts = draws.choice((f"{body[:3]}-{body[3]}-{body[4:8]}-{body[8:]}-{check}", f"{body}{check}"))
    return f"ISBN {parts}"


def not_an_email(draws: random.Random) -> str:
    name = faker_of("en_US").user_name()
    made = (
        f"Follow @{name} for more.",
        f"{name}@",
        f"{name}@server1 is the host",
        f"{name}..x@mail.com",
        f"{name}.@mail.com",
        f"icons/{name}@2x.png",
        f"git clone git@github.com:{name}/tools.git",
        f"https://{name}:{name}@mirror.org/x",
        f"npm install @{name}/core@1.2.{digits(draws, 1)}",
        f"{name} @ gmail.com",
        f"{name}@mail.con1",
        f"f(x)@g.qqqq = {name}",
    )
    return draws.choice(made)


def not_an_ip(draws: random.Random) -> str:
    a, b, c, d = (draws.randrange(1, 30) for _ in range(4))
    made = (
        f"version {a}.{b}.{c}.{d} is out",
        f"v{a}.{b}.{c}.{d}",
        f"release {a}.{b}.{c}.{d}",
        f"see section {a}.{b}.{c}.{d} of the manual",
        f"{a}.{b}.{c}.{256 + d}",
        f"{a}.{b}.{c}",
        f"{a}.{b}.{c}.{d}.{a}",
        f"at {a:02}:{b:02}:{c:02} sharp",
        f"a[{a}::{d}]",
        f"00:1B:44:{a:02}:3A:B{d % 10}",
        f"std::vector<int{a}>::at",
        f"10.0.{19000 + d}.{c}",
        f"§ {a}.{b}.{c}.{d}",
        f"Kapitel {a}.{b}.{c}.{d}",
        f"Chrome {a + 90}.0.{b}.{c}",
        f"OpenSSL {a}.{b}.{c}.{d}",
        f"Firefox version {a}.{b}.{c}.{d}",
        f"package=={a}.{b}.{c}.{d}",
    )
    return draws.choice(made)


def not_an_ssn(draws: random.Random) -> str:
    serial = f"{draws.randrange(1, 10000):04}"
    made = (
        f"000-{digits(draws, 2)}-{serial}",
        f"666-{draws.randrange(1, 100):02}-{serial}",
        f"9{digits(draws, 2)}-{draws.randrange(1, 50):02}-{serial}",
        f"{draws.randrange(100, 600)}-00-{serial}",
        f"{draws.randrange(100, 600)}-{draws.randrange(1, 100):02}-0000",
        "078-05-1120",
        f"{digits(draws, 5)}-{serial}",
        f"{draws.randrange(100, 600)}-{draws.randrange(10, 99)}-{digits(draws, 3)}",
    )
    return f"SSN {draws.choice(made)}"


def not_a_phone(draws: random.Random) -> str:
    year = draws.randrange(1950, 2025)
    made = (
        f"555-{digits(draws, 4)}",
        f"({draws.randrange(100, 200)}) {digits(draws, 3)}-{digits(draws, 4)}",
        f"{year}-{year + 9}",
        f"pages {digits(draws, 3)}-{digits(draws, 3)}",
        f"+1 {draws.choice('01')}{digits(draws, 2)} {digits(draws, 3)} {digits(draws, 4)}",
        f"+999 {digits(draws, 8)}",
        f"EUR {digits(draws, 1)} {digits(draws, 3)} {digits(draws, 3)},{digits(draws, 2)}",
        f"{digits(draws, 2)}.{digits(draws, 6)}, {digits(draws, 1)}.{digits(draws, 6)}",
    )
    return draws.choice(made)


def order_number(draws: random.Random) -> str:
    made = (
        f"order #{digits(draws, 10)}",
        f"ORD-{digits(draws, 10)}",
        f"Order no. {digits(draws, draws.randrange(5, 10))}",
        f"ticket INC{digits(draws, 7)}",
        f"Bestellung {digits(draws, 4)}-{digits(draws, 6)}",
        f"invoice {digits(draws, 4)}/{digits(draws, 5)}",
        f"Tracking 1Z{digits(draws, 16)}",
        f"part no. {''.join(draws.choices(string.ascii_uppercase, k=3))}-{digits(draws, 6)}",
        f"facture n° {digits(draws, 8)}",
    )
    return draws.choice(made)


def bare_number(draws: random.Random) -> str:
    """Digits without a word that says what they are, in every length."""
    return f"The sequence goes on with {digits(draws, draws.randrange(5, 21))} and ends."


def integer(draws: random.Random) -> str:
    """Ten and eleven digits as they occur in mathematics, code and orders."""
    power = draws.randrange(30, 36)
    made = (
        f"The answer is {2**power - draws.randrange(2)}.",
        f"13! is 6227020800 and the next number is {digits(draws, 10)}.",
        f"ticket {digits(draws, 10)} closed",
        f"id={digits(draws, 10)}",
        f"order {draws.randrange(200, 999)}-{draws.randrange(200, 999)}-{digits(draws, 4)}",
        f"seed = {digits(draws, 10)}",
        f"1{digits(draws, 9)} bytes",
        f"订单号{digits(draws, 10)}",
    )
    return draws.choice(made)


def repeated(draws: random.Random) -> str:
    """One digit throughout: nobody has such a number, whatever its check says."""
    one = draws.choice(string.digits)
    made = (
        f"CPF {one * 3}.{one * 3}.{one * 3}-{one * 2}",
        f"CPF {one * 11}",
        f"NHS number {one * 3} {one * 3} {one * 4}",
        f"TFN {one * 9}",
        f"Aadhaar {one * 4} {one * 4} {one * 4}",
        f"SSN {one * 3}-{one * 2}-{one * 4}",
        "SSN 123-45-6789",
        f"DNI {one * 8}{'TRWAGMYFPDXBNJZSQVHLCKE'[int(one * 8) % 23]}",
    )
    return draws.choice(made)


def date(draws: random.Random) -> str:
    day, month, year = draws.randrange(1, 29), draws.randrange(1, 13), draws.randrange(1950, 2030)
    made = (
        f"{year}-{month:02}-{day:02}",
        f"{day:02}/{month:02}/{year}",
        f"{day}.{month}.{year}",
        f"{year}{month:02}{day:02}T{day:02}{month:02}00Z",
        f"{year}-{month:02}-{day:02} {day % 24:02}:{month:02}:30.{digits(draws, 6)}",
        f"{year}年{month}月{day}日",
        f"{day:02}{month:02}{year % 100:02}-{year}",
        f"{17}{digits(draws, 8)}",
        f"{17}{digits(draws, 11)}",
        f"{17}{digits(draws, 17)}",
    )
    return f"on {draws.choice(made)} or so"


def digest(draws: random.Random) -> str:
    source = draws.randbytes(8)
    whole = hashlib.sha256(source).hexdigest()
    made = (
        f"commit {whole[:40]}",
        f"sha256:{whole}",
        f"md5 {whole[:32]}",
        f"{whole[:8]}-{whole[8:12]}-4{whole[13:16]}-a{whole[17:20]}-{whole[20:32]}",
        f'etag "{whole[:20]}"',
        f"0x{whole[:16]}",
        f"#{whole[:6]}",
        f"data:;base64,{''.join(draws.choices(ALPHANUMERIC, k=44))}",
    )
    return draws.choice(made)


def not_a_key(draws: random.Random) -> str:
    def some(count: int, letters: str = ALPHANUMERIC) -> str:
        return "".join(draws.choices(letters, k=count))

    made = (
        f"AKIA{some(12, string.ascii_uppercase)}",
        f"akia{some(16, string.ascii_lowercase)}",
        f"ghp_{some(20)}",
        f"XAKIA{some(16, string.ascii_uppercase)}Z",
        f"sk-{some(44)}",
        f"sk-{some(32, string.ascii_lowercase)}",
        f"sk-proj-{some(24)}",
        f"sk_test_{some(12)}",
        f"ghp_{'x' * 36}",
        f"sk-proj-your-key-here-{some(20)}",
        f"AKIA{some(9, string.ascii_uppercase)}EXAMPLE",
        f"gsk_{some(30)}",
        f"eyJ{some(30)}.{some(30)}",
        "xoxb-your-token-here",
        f"AIza{some(20)}",
        f"hf_{some(12)}",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + some(64),
        "SG.your_key.here",
        f"API_KEY={some(32)}",
    )
    return draws.choice(made)


def decimal(draws: random.Random) -> str:
    made = (
        f"3.{digits(draws, 15)}",
        f"{digits(draws, 3)}.{digits(draws, 10)}",
        f"1,{digits(draws, 3)},{digits(draws, 3)},{digits(draws, 3)}",
        f"{digits(draws, 4)}.{digits(draws, 4)}.{digits(draws, 4)}",
        f"{digits(draws, 1)}.{digits(draws, 8)}e-{digits(draws, 2)}",
        f"doi:10.{digits(draws, 4)}/{digits(draws, 7)}",
        f"arXiv:{digits(draws, 4)}.{digits(draws, 5)}",
        f"CAS {digits(draws, 4)}-{digits(draws, 2)}-{digits(draws, 1)}",
        f"{digits(draws, 2)}:{digits(draws, 2)}:{digits(draws, 2)},{digits(draws, 3)}",
    )
    return f"It is {draws.choice(made)} here"


def foreign_iban(draws: random.Random) -> str:
    """No such country, or words and codes in capitals."""
    made = (
        re.sub(r"^[A-Z]{2}", "XX", VALUES["iban"](draws)),
        f"AB12 {digits(draws, 4)} {digits(draws, 4)} {digits(draws, 4)}",
        f"model DE{digits(draws, 2)}{digits(draws, 18)}",
        f"FR{digits(draws, 2)}{digits(draws, 6)}",
    )
    return draws.choice(made)


def lower_case(kind: str) -> Callable[[random.Random], str]:
    """Letters are capitals in these numbers; in small ones it is a name of a file or a variable."""
    return lambda draws: f"see {VALUES[kind](draws).lower().replace(' ', '')} in the table"


def unsaid(kind: str) -> Callable[[random.Random], str]:
    """A number whose check every tenth passes, without a word that says what it is."""
    return lambda draws: f"pages {VALUES[kind](draws).replace(' ', '').replace('-', '')[:9]} of the log"


NEAR_MISSES: dict[str, Callable[[random.Random], str]] = {
    **{
        f"{kind}, wrong check": wrong_digit(kind, label)
        for kind, label in (
            ("card", "card number"),
            ("iban", "IBAN"),
            ("uk_nhs", "NHS number"),
            ("es_nif", "DNI"),
            ("it_fiscal_code", "codice fiscale"),
            ("fr_nir", "numéro"),
            ("de_tax_id", "Steuer-ID"),
            ("pl_pesel", "PESEL"),
            ("fi_hetu", "henkilötunnus"),
            ("se_personnummer", "personnummer"),
            ("kr_rrn", "registration"),
            ("in_aadhaar", "Aadhaar"),
            ("au_tfn", "TFN"),
            ("br_cpf", "CPF"),
            ("cn_ric", "身份证"),
            ("tw_id", "身分證"),
            ("hk_id", "HKID"),
            ("at_svnr", "SV-Nummer"),
            ("be_nn", "rijksregisternummer"),
            ("bg_egn", "EGN"),
            ("ca_sin", "SIN"),
            ("ch_ahv", "AHV"),
            ("cl_rut", "RUT"),
            ("de_kvnr", "Krankenversichertennummer"),
            ("de_rvnr", "Rentenversicherung"),
            ("es_nuss", "NUSS"),
            ("gr_amka", "AMKA"),
            ("hr_oib", "OIB"),
            ("ie_pps", "PPS"),
            ("jmbg", "JMBG"),
            ("jp_my_number", "マイナンバー"),
            ("mx_curp", "CURP"),
            ("nl_bsn", "BSN"),
            ("no_fnr", "fødselsnummer"),
            ("passport_mrz", "passport"),
            ("pt_nif", "contribuinte"),
            ("ro_cnp", "CNP"),
            ("ru_snils", "СНИЛС"),
            ("sg_nric", "NRIC"),
            ("tr_kimlik", "kimlik"),
            ("za_id", "identity number"),
        )
    },
    **{
        f"{kind}, wrong length": wrong_length(kind, label)
        for kind, label in (
            ("card", "card"),
            ("iban", "IBAN"),
            ("uk_nhs", "NHS number"),
            ("pl_pesel", "PESEL"),
            ("de_tax_id", "Steuer-ID"),
            ("in_pan", "PAN"),
            ("uk_nino", "NI number"),
            ("it_fiscal_code", "codice fiscale"),
            ("in_aadhaar", "Aadhaar"),
            ("nl_bsn", "BSN"),
            ("ro_cnp", "CNP"),
            ("mx_curp", "CURP"),
            ("wallet", "wallet"),
        )
    },
    **{f"{kind}, small letters": lower_case(kind) for kind in ("uk_nino", "in_pan", "es_nif", "it_fiscal_code")},
    **{f"{kind}, unsaid": unsaid(kind) for kind in ("au_tfn", "uk_nhs")},
    "wallet, wrong sum": wallet_with_wrong_sum,
    "card of no issuer": foreign_card,
    "imei": imei,
    "isbn": isbn,
    "no email": not_an_email,
    "no ip": not_an_ip,
    "no ssn": not_an_ssn,
    "no phone": not_a_phone,
    "order number": order_number,
    "bare number": bare_number,
    "integer": integer,
    "repeated digit": repeated,
    "date": date,
    "digest": digest,
    "no key": not_a_key,
    "decimal": decimal,
    "no iban": foreign_iban,
}
"""What it is to its source."""
