"""Mail addresses however they are written, telephone numbers against integers, network addresses against versions."""

from __future__ import annotations

import random

import pytest

from audit.safety.privacy.detectors import find

ROUNDS = 3000


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Contact...jane.doe@gmail.com", "jane.doe@gmail.com"),
        ("Contact…jane.doe@gmail.com", "jane.doe@gmail.com"),
        ("Write to müller@gmail.com now", "müller@gmail.com"),
        ("Write to jane@müller.de now", "jane@müller.de"),
        ("Write to андрей@почта.com now", "андрей@почта.com"),
        ("邮箱：张伟@qq.com。", "张伟@qq.com"),
        ("邮箱是li@mail.cn。", "li@mail.cn"),
        ("jane＠gmail．com", "jane＠gmail．com"),
        ("jane@gm\u200bail.com", "jane@gm\u200bail.com"),
        ("jane\u2011doe@mail\u2011host.org", "jane\u2011doe@mail\u2011host.org"),
        ("/users/rater1%40gmail.com/edit", "rater1%40gmail.com"),
        ("https://rater1%40gmail.com:secret@host.org/", "rater1%40gmail.com"),
        ("it is jane [at] gmail [dot] com.", "jane [at] gmail [dot] com"),
        ("it is jane (at) gmail (dot) com.", "jane (at) gmail (dot) com"),
        ("it is jane(at)gmail.com.", "jane(at)gmail.com"),
        ("it is jane.doe{at}mail{dot}co{dot}uk!", "jane.doe{at}mail{dot}co{dot}uk"),
        ("it is jane.doe at gmail dot com", "jane.doe at gmail dot com"),
        ("it is jane at acme dot com", "jane at acme dot com"),
        ("it is jane.doe at acme dot co dot uk.", "jane.doe at acme dot co dot uk"),
        ("it is jane&#64;gmail.com.", "jane&#64;gmail.com"),
        ("it is jane&#x40;gmail.com.", "jane&#x40;gmail.com"),
        ("it is jane&commat;gmail.com.", "jane&commat;gmail.com"),
    ],
)
def test_addresses_are_found_however_they_are_written(text: str, address: str) -> None:
    assert spans(text) == [("email", address)]


@pytest.mark.parametrize(
    "text",
    [
        "a..b@x.com",
        "look at this dot com bubble",
        "visit us at acme dot com",
        "she works at booking dot com",
        "he laughed at the dot com boom",
        "the lecture (at) noon. today",
        "icon (at) 2x.png",
        "git@github.com:a/b.git",
        "https://me:secret@mirror.org/x",
        "format '%40s.com'",
        "name@server",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    "frame", ["The value is {}.", "{}", "id={}", "x = {}\ny", '{{"count": {}}}', "ticket {} closed"]
)
def test_ten_bare_digits_are_no_telephone_number(frame: str) -> None:
    draws = random.Random(frame)  # noqa: S311 - repeatable
    found = [kind for _ in range(ROUNDS // 6) for kind, _ in spans(frame.format(draws.randrange(10**9, 10**10)))]
    assert found == []


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


@pytest.mark.parametrize(
    "before",
    [
        "server ",
        "Server: ",
        "DNS server ",
        "nameserver ",
        "resolver ",
        "receiver ",
        "over ",
        "never ",
        "rebuild ",
        "The mail server is ",
        "subsection ",
        "knowledge ",
        "wordpress.example.org is ",
        "",
    ],
)
def test_addresses_behind_words_that_end_like_version_are_found(before: str) -> None:
    assert spans(f"{before}51.15.3.77") == [("ip", "51.15.3.77")]


@pytest.mark.parametrize(
    "before",
    [
        "version ",
        "ver. ",
        "Ver: ",
        "build ",
        "section ",
        "§ ",
        "Chrome ",
        "OpenSSL ",
        "Firefox version ",
        "Node.js ",
        "x==",
    ],
)
def test_versions_are_no_addresses(before: str) -> None:
    assert spans(f"{before}120.0.6.99 is out") == []


@pytest.mark.parametrize(
    "before",
    [
        "nginx ",
        "Linux: ",
        "Edge: ",
        "Zoom is ",
        "table ",
        "python ",
        "Table: ",
        "Firewall rule ",
        "ip.addr == ",
        "Redis=",
    ],
)
def test_addresses_behind_names_of_programs_are_found(before: str) -> None:
    assert spans(f"{before}93.184.216.34") == [("ip", "93.184.216.34")]


@pytest.mark.parametrize(
    "text", ["OpenSSL 1.1.1.1", "nginx v1.25.3.1", "driver: 4.2.1.7", "Table 3.2.1.4", "x==4.2.1.7"]
)
def test_small_numbers_behind_names_of_programs_are_versions(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "9.9.9.9", "208.67.222.222", "2001:4860:4860::8888", "2606:4700:4700:0:0:0:0:1111"],
)
def test_public_resolvers_belong_to_nobody(address: str) -> None:
    (finding,) = find(f"nameserver {address} is set")
    assert (finding.kind, finding.reserved) == ("ip", True)


@pytest.mark.parametrize(
    "text",
    [
        "CPF 111.111.111-11",
        "CPF 00000000000",
        "NHS 999 999 9999",
        "TFN 000 000 000",
        "Aadhaar 2222 2222 2222",
        "SSN 111-11-1111",
        "SSN 123-45-6789",
        "SSN 000-12-3456",
        "DNI 00000000T",
        "radar 234123412346",
    ],
)
def test_numbers_that_nobody_has(text: str) -> None:
    assert spans(text) == []
