"""Telephone numbers, against integers and numbers of other things."""

from __future__ import annotations

import itertools
import random
import re

import phonenumbers
import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.phones import OTHERWISE, PHONE_CUE, RESERVED_PHONES, find_phones

ROUNDS = 3000


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


@pytest.mark.slow
@pytest.mark.parametrize(
    "frame", ["The value is {}.", "{}", "id={}", "x = {}\ny", '{{"count": {}}}', "ticket {} closed"]
)
def test_ten_bare_digits_are_no_telephone_number(frame: str) -> None:
    draws = random.Random(frame)  # noqa: S311 - repeatable
    found = [kind for _ in range(ROUNDS // 6) for kind, _ in spans(frame.format(draws.randrange(10**9, 10**10)))]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("middle", [10, 100])
@pytest.mark.parametrize("frame", ["Scores: {} {} {}", "pages {}\u2013{}\u2013{}", "{}  {}  {}", "1 {} {} {}"])
def test_integers_in_a_row_are_nobodys_number(frame: str, middle: int) -> None:
    draws = random.Random(frame)  # noqa: S311 - repeatable
    bounds = (100, middle, 1000)
    rows = [[draws.randrange(bound, 10 * bound) for bound in bounds] for _ in range(ROUNDS // 6)]
    assert [kind for row in rows for kind, _ in spans(frame.format(*row))] == []


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 2147483647.",
        "2**33 is 8589934592",
        "13! = 6227020800",
        "P: 2127365000",
        "F(47) = 4807526976",
        "Avogadro 6022140760",
        "order 415-555-2671",
        "Order #415-555-2671",
        "call about ticket 415-555-2671",
        "17145552671 bytes",
        "订单号13800138000",
        "the excellent 912 34 56 78",
        "Halifax 912 34 56 78",
        "call it a threat of 0.2757031",
        "xylophone 912 34 56 78",
        "automobile 912 34 56 78",
        "ruffle 912 34 56 78",
        "dialogue 912 34 56 78",
        "Quito 912 34 56 78",
    ],
)
def test_numbers_of_other_things_are_no_telephone_numbers(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call me at 4155552671.", "4155552671"),
        ("my number is 4155552671", "4155552671"),
        ("home_phone=4155552671", "4155552671"),
        ("userPhone: 4155552671", "4155552671"),
        ("To order: 650-253-0000", "650-253-0000"),
        ("Contact: 2127365000", "2127365000"),
        ("You can contact Jo at 2127365000", "2127365000"),
        ("Reach me at 2127365000", "2127365000"),
        ("Ph. 2127365000", "2127365000"),
        ("T: 212 736 5000", "212 736 5000"),
        ("wa.me/12127365000", "12127365000"),
        ("https://wa.me/4930901820", "4930901820"),
        ("https://api.whatsapp.com/send?phone=12127365000", "12127365000"),
        ("Order: +1 650 253 0000", "+1 650 253 0000"),
        ("In order, (650) 253-0000", "(650) 253-0000"),
        ("Diensttelefon 030 901820", "030 901820"),
        ("Handynummer 0151 23456789", "0151 23456789"),
        ("请拨打13800138000", "13800138000"),
        ("致电 138-0013-8000", "138-0013-8000"),
        ("微信13800138000", "13800138000"),
        ("联系人：张伟 13912345678", "13912345678"),
        ("联系方式：139-1234-5678", "139-1234-5678"),
        ("手机１３８００１３８０００", "１３８００１３８０００"),
        ("電話 ０３－３２７０－２６７１", "０３－３２７０－２６７１"),
        ("Телефон: 8 (916) 123-45-67", "8 (916) 123-45-67"),
    ],
)
def test_telephone_numbers_are_found_near_their_words(text: str, number: str) -> None:
    assert spans(text) == [("phone", number)]


WORDS = (
    "telefon,telefón,5tel,tel5,tel_,telephon,telefono,teléfono,telefoon,telfon,téléfon,telefonnummer,telephone,téléphone,telephones,userPhone,myMobile"
    ",homeFax,workTel,TEL,tel,tél,phone,phones,phonenumber,smartphone,smartphones,cellphone,cellphones,iphone,iphones"
    ",ph.,ph:,cel,cell,cellular,cellulares,celular,celulares,mob,mobil,mobile,mobiel,fax,whatsapp,viber,call,calls,called"
    ",calling,ring,dial,dials,dialed,dialled,dialing,dialling,sms,hotline,voicemail,landline,text me,text us,text him"
    ",text her,text them,contact,contacte,contacto,kontakt,reach me,reach us,reach him,reach her,reach them,my number"
    ",his number,her number,our number,your number,their number,my new number,my work number,my home number"
    ",my private number,my direct number,mobilnummer,mobilnr,handynummer,handynr,rufnummer,rufnr,handy,handys,ruf,rufe"
    ",rufen,ruft,anruf,anrufen,angerufen,festnetz,festnetznr,durchwahl,portable,appel,appele,appeler,appelez,appelle"
    ",appelles,movil,móvil,llama,llame,llámame,cellulare,chiama,chiami,chiamo,zadzwoń,komorka,komórka,komorki,bel,bellen"
    ",belt,mobielnummer,ligue,ligar,telemovel,telemóvel"
    ",电话,電話,手机,手機,致电,致電,拨打,撥打,拨通,撥通,来电,來電,热线,熱線,微信,联系,联络,聯絡,联繫,座机,座機,传真,傳真,短信,簡訊"
    ",携帯,スマホ,連絡先,お問い合わせ,お問合わせ,お問い合せ,ファックス,전화,휴대폰,핸드폰,연락,팩스,फ़ोन,फोन,मोबाइल,संपर्क"
    ",телефон,тел,моб,звони,звоню,звоня,факс,ватсап,вотсап"
)
NO_WORDS = (
    "elephant,telex,xtel,telx,xphone,phonex,userphone,xcall,callx,mobx,faxes,ph,phi,numbers,her numbers,the number"
    ",text it,reach it,телега,telefn,xруф,xтел,xмоб,话,机,电,联"
)
"""Words that contain one of a telephone, or a part of one."""


def values(text: str) -> list[str]:
    return list(dict.fromkeys(text[one.start : one.end] for one in find_phones(text)))


def test_each_word_for_telephone_is_one() -> None:
    assert [word for word in WORDS.split(",") if not PHONE_CUE.search(f"it: {word} then")] == []
    assert [word for word in NO_WORDS.split(",") if PHONE_CUE.search(f"it: {word} then")] == []


@pytest.mark.parametrize(("word", "nearest"), [("call", 44), ("whatsapp", 40)])
def test_a_word_counts_48_characters_before_and_24_after(word: str, nearest: int) -> None:
    assert values(f"{word}{' ' * nearest}4155552671") == ["4155552671"]
    assert values(f"{word}{' ' * (nearest + 1)}4155552671") == []
    assert values(f"4155552671{' ' * (nearest - 24)}{word}") == ["4155552671"]
    assert values(f"4155552671{' ' * (nearest - 23)}{word}") == []


OTHER_THINGS = (
    "bestellnummer,rechnungsnummer,auftragsnummer,kontonummer,kartennummer,seriennummer,numéro de commande"
    ",numero de commande,numéro de compte,numéro de carte,número de pedido,número de cuenta,número de tarjeta,isbn,issn"
    ",ean,iban,nhs,nino,ssn,tfn,aadhaar,adhaar,aadhar,adhar,dni,nif,nie,pesel,cpf,qq,steuer-id,steuerid"
    ",steuer-identifikationsnummer,codice fiscale,henkilötunnus,personnummer"
    ",订单,訂單,单号,單號,编号,編號,身份证,身分證,身份証,账号,帐号,帳號,卡号,卡號,学号"
    ",注文番号,会員番号,주문번호,주문 번호,송장번호,송장 번호,주민등록"
)
NUMBERED = (
    "order,invoice,ticket,tracking,serial,reference,case,account,card,policy,passport,social security"
    ",national insurance,tax,tax file"
)


def test_groups_behind_a_word_for_another_number_are_none() -> None:
    names = [*OTHER_THINGS.split(","), *(f"{one} number" for one in NUMBERED.split(","))]
    names += [f"case{sign}{word}" for sign in ("", " ", "-", " #") for word in ("number", "no", "nr", "id")]
    names += ["_iban", "adaar"]
    for between in (" ", ": ", " of our firm is ", f"{'.' * 20}"):
        assert [name for name in names if not OTHERWISE.search(f"so {name}{between}")] == []
    assert [name for name in names if OTHERWISE.search(f"so {name}{'.' * 21}")] == []
    assert OTHERWISE.search("so 订单")
    others = (
        "dhar ",
        "ibanx ",
        "niex ",
        "qqx ",
        "card nox ",
        "briban ",
        "iban 5, ",
        "iban\n",
        "card   number ",
        "cardnumbers ",
    )
    assert [name for name in others if OTHERWISE.search(f"so {name}")] == []
    assert values("so 650-253-0000 is") == ["650-253-0000"]
    assert values("so iban 650-253-0000 is") == values("so 订单 650-253-0000 is") == []


def test_international_notation_says_more_than_one_word() -> None:
    assert values("order +1 650 253 0000") == ["+1 650 253 0000"]
    assert values("order number +1 650 253 0000") == []
    assert values("order number or phone: +1 650 253 0000") == ["+1 650 253 0000"]


FICTION = (
    "1134960 1144960 1154960 1164960 1174960 1184960 1214960 1314960 1414960 1514960 1614960 1914980 1632960 2079460"
    " 2896496 2920180 3069990 7700900 8081570 9098790"
)
"""Ofcom, telephone numbers for use in TV and radio drama: all but the last three digits."""


def test_numbers_for_fiction_are_those_of_the_regulators() -> None:
    prefixes = FICTION.split()
    for prefix in prefixes:
        assert RESERVED_PHONES[44].fullmatch(f"{prefix}123")
        assert not RESERVED_PHONES[44].fullmatch(f"{prefix}12")
        assert not RESERVED_PHONES[44].fullmatch(f"{prefix}1234")
        for place, digit in itertools.product(range(7), "0123456789"):
            other = prefix[:place] + digit + prefix[place + 1 :]
            assert bool(RESERVED_PHONES[44].fullmatch(f"{other}123")) == (other in prefixes)
    for place, digit in itertools.product(range(3, 8), "0123456789"):
        number = "2125550123"[:place] + digit + "2125550123"[place + 1 :]
        assert bool(RESERVED_PHONES[1].fullmatch(number)) == (number[3:8] == "55501")
    assert not RESERVED_PHONES[1].fullmatch("21255501234")


@pytest.mark.parametrize(("text", "reserved"), [("+44 161 496 0123", True), ("+44 7725 123456", False)])
def test_numbers_for_fiction_are_reserved_in_their_country(text: str, reserved: bool) -> None:
    assert {one.reserved for one in find_phones(text)} == {reserved}
    assert {one.reserved for one in find_phones("wa.me/" + re.sub(r"\D", "", text))} == {reserved}


def national(region: str, kind: int) -> str:
    number = phonenumbers.example_number_for_type(region, kind)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


REGIONS = "DE FR ES IT PL NL BR IN CN JP KR"


@pytest.mark.parametrize("kind", [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
def test_national_notation_of_further_regions_needs_a_word(kind: int) -> None:
    for region in REGIONS.split():
        number = national(region, kind)
        assert number in values(f"phone {number} then"), region
        assert find(f"xx {number} then") == [], region
    for regions, word, other in (("TW HK", "电话", "phone"), ("RU", "тел.", "phone")):
        for region in regions.split():
            number = national(region, kind)
            assert number in values(f"{word} {number} then"), region
            if kind == phonenumbers.PhoneNumberType.MOBILE:
                assert find(f"{other} {number} then") == [], region


def test_numbers_that_no_other_region_would_take_for_its_own_are_found() -> None:
    assert values("so 01206 812415 then") == ["01206 812415"]  # Colchester
    assert values("phone 311 719 5364 then") == ["311 719 5364"]  # a mobile in Italy


def test_an_underscore_ends_the_name_of_another_number() -> None:
    assert find("my ssn_: 650-253-0000, so") == []
    assert values("my ssn1: 650-253-0000, so") == ["650-253-0000"]


def loose(text: str) -> set[bool]:
    return {one.loose for one in find_phones(text)}


@pytest.mark.parametrize("separator", [" ", "  "])
def test_groups_that_only_spaces_part_need_a_letter_or_a_word(separator: str) -> None:
    for groups in ("650 253 0000", "1 650 253 0000"):
        number = groups.replace(" ", separator)
        assert loose(f"so {number} is") == {True}
        assert loose(f"call {number} now") == {False}
        for letter in ("T:", "T.", "P: ", "M:  ", "F. "):
            assert loose(f"so {letter}{number} is") == {False}, letter
        for letter in ("X:", "T;", "BAT: ", "T:   ", "T: so "):
            assert loose(f"so {letter}{number} is") == {True}, letter
    for number in ("650-253-0000", "(650) 253 0000", "650 253-0000", "1-650-253-0000"):
        assert loose(f"so {number} is") == {False}, number


@pytest.mark.parametrize(
    "link",
    ["wa.me/{}", "WA.me/{}", "wa.me/+{}", "api.whatsapp.com/send?phone={}", "whatsapp.com/send/?phone={}&text=a"],
)
def test_links_to_a_chat_hold_a_number(link: str) -> None:
    for number in ("12127365000", "6837012", "4915112345678"):  # seven digits: Niue
        expected = f"+{number}" if "+" in link else number
        assert values(link.format(number)) == [expected]
    for wrong in (
        ()
        if "phone=" in link
        else ("02127365000", "12127365000x", "11111111111", "1212736", "683701", "1212736500012345")
    ):
        assert values(link.format(wrong)) == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("call 0.6502530000 now", []),
        ("call 65.02530000 now", ["65.02530000"]),
        ("call 1.650.253.0000 now", ["1.650.253.0000"]),
        ("call (650-253-0000 now", ["650-253-0000"]),
        ("(call (650) 253-0000)", ["(650) 253-0000"]),
        ("a\nb\ncall 650-253-0000\nc\nd 202-456-1111\n", ["650-253-0000", "202-456-1111"]),
        ("12345\ncall 650-253-0000", ["650-253-0000"]),
        ("650-253-0000,650-253-0001", ["650-253-0000", "650-253-0001"]),
        ("call 4155552671,94110", []),
        ("call x4155552671", []),
        ("+1 650 253 0000", ["+1 650 253 0000"]),
        ("+1 65 025 3 0000", ["+1 65 025 3 0000"]),
        ("+1 111 111 1111", []),
    ],
)
def test_where_a_number_begins_and_ends(text: str, numbers: list[str]) -> None:
    assert [text[one.start : one.end] for one in find(text)] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "Jane Doe, BSN, RN 415-555-2671",
        "Jane Doe, BSN (415) 555-2671",
        "CPR trainer: 415-555-2671",
        "Medicare 415-555-2671",
        "Call Medicare at 415-555-2671 today.",
        "Medicare: +1 650-253-0000",
        "BSN +31 20 794 0800",
    ],
)
def test_words_that_also_mean_other_things_hide_no_telephone_number(text: str) -> None:
    assert [one.kind for one in find_phones(text)][:1] == ["phone"]


@pytest.mark.parametrize("name", ["BSN: ", "CPR nr. ", "Medicare card ", "RUT is "])
def test_they_name_a_number_directly_before_it(name: str) -> None:
    assert [one.kind for one in find_phones("so 020 7930 4832")] == ["phone"]
    assert list(find_phones(f"{name}020 7930 4832")) == []
