"""Network addresses, against versions."""

from __future__ import annotations

import pytest

from audit.safety.privacy.detectors import find


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


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
