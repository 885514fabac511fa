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


NUMBERED = (
    "version versions ver rev revision release releases build builds section sections sec chapter chapters clause"
    " clauses abschnitt kapitel chapitre sección capítulo sezione capitolo versión versione versão wersja версии"
    " версия версию"
)
SOMETIMES_NUMBERED = (
    "firmware,driver,patch,hotfix,article,articles,artikel,appendix,table,figure,fig,rule,control,upgrade,upgraded"
    ",upgrades,upgrading,downgrade,upgrade to,upgraded from,downgraded to"
)
PRODUCTS = (
    "chrome,chromium,firefox,edge,safari,opera,brave,vivaldi,electron,webview,webview2,mozilla,thunderbird,openssl"
    ",libressl,openssh,gnutls,windows,macos,ios,android,ubuntu,debian,fedora,kernel,linux,node,node.js,nodejs,python,java"
    ",jdk,jre,php,ruby,perl,golang,rust,nginx,apache,tomcat,iis,mysql,mariadb,postgres,postgresql,oracle,redis,mongodb"
    ",elasticsearch,sqlite,docker,kubernetes,jenkins,gitlab,wordpress,drupal,office,excel,word,outlook,teams,zoom,slack"
    ",acrobat,reader,flash,photoshop,visual studio,vscode,powershell,intellij,pycharm,eclipse,xcode,unity,unreal,vmware"
    ",esxi,vcenter,virtualbox,bios,uefi,cuda,cudnn,nvidia,tensorflow,pytorch,numpy,.net,dotnet,nuget,npm,pip,steam"
    ",minecraft,skype"
)


def test_four_numbers_behind_a_word_for_what_is_numbered_are_no_address() -> None:
    assert spans("the 120.10.30.99 of") == [("ip", "120.10.30.99")]
    assert [word for word in NUMBERED.split() if find(f"the {word} 120.10.30.99 of")] == []


def test_small_numbers_behind_a_name_are_a_version_and_large_ones_an_address() -> None:
    words = [*SOMETIMES_NUMBERED.split(","), *PRODUCTS.split(",")]
    assert [word for word in words if find(f"the {word} 4.2.1.7 of")] == []
    assert [word for word in words if not spans(f"the {word} 93.184.216.34 of")] == []


@pytest.mark.parametrize("sign", [" ", ": ", " #", "=", " (", " =(", ". ", " is ", " was ", " ist ", " est ", " es "])
def test_signs_between_the_word_and_the_version(sign: str) -> None:
    assert find(f"the version{sign}120.10.30.99") == []


@pytest.mark.parametrize(
    "before", ["§120.10.30.99", "§ 120.10.30.99", "(fig. 4.2.1.7", "rule #4.2.1.7", "rule: 4.2.1.7"]
)
def test_signs_for_a_section(before: str) -> None:
    assert find(f"see {before})") == []


@pytest.mark.parametrize("before", ["rule=", "rule (", "rule = ", "x~=", "x<=", "x>=", "x!= "])
def test_signs_between_a_name_and_small_numbers(before: str) -> None:
    assert find(f"see {before}4.2.1.7") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("version 2 runs on 120.10.30.99", "120.10.30.99"),
        ("nginx 4 at 4.2.1.7", "4.2.1.7"),
        ("the config 4.2.1.7", "4.2.1.7"),
        ("nginx 32.1.2.3", "32.1.2.3"),
        ("x= 4.2.1.7", "4.2.1.7"),
        ("it is 2A00:1450:4001:81B::200E", "2A00:1450:4001:81B::200E"),
        ("it is 2a00:1450:4001:81b:1:2:3::", "2a00:1450:4001:81b:1:2:3::"),
        ("it is 2abc:def::a", "2abc:def::a"),
        ("from [IPv6:2a00:1450:4001:81b::200e]", "2a00:1450:4001:81b::200e"),
        ("ip:2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::200e"),
        ("source:2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::200e"),
    ],
)
def test_addresses_that_look_like_something_else_are_found(text: str, address: str) -> None:
    assert spans(text) == [("ip", address)]


@pytest.mark.parametrize(
    "text",
    [
        *(f"{before}4.2.1.7" for before in ("lib-", "lib_", "LIB-", "com/", "COM/", "2/", "x.", "nginx v")),
        *(f"4.2.1.7{behind}" for behind in ("-amd64", "-AMD64", "x", ".1", "_")),
        "nginx 31.1.2.3",
        "feed::add",  # no digit: a name in a program
        "std::2a00:1450:4001:81b::200e",
        "a:2a00:1450:4001:81b::200e",
        "1.2a00:1450:4001:81b::200e",
        "2a00:1450:4001:81b::200e:",
        "2a00:1450:4001:81b::200e.5",
        "2a00:1450:4001:81b::200ex",
        "1:2:3:4:5:6:7:8:9",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert find(f"see {text} there") == []


RESOLVERS = (
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 9.9.9.9 9.9.9.10 9.9.9.11 9.9.9.12 149.112.112.112"
    " 149.112.112.9 149.112.112.10 149.112.112.11 208.67.222.222 208.67.220.220 208.67.222.220 208.67.220.222"
    " 208.67.222.123 208.67.220.123 94.140.14.14 94.140.15.15 94.140.14.15 94.140.15.16 4.2.2.1 4.2.2.2 4.2.2.3 4.2.2.4"
    " 4.2.2.5 4.2.2.6 76.76.2.0 76.76.10.0 64.6.64.6 64.6.65.6 8.26.56.26 8.20.247.20 84.200.69.80 84.200.70.40"
    " 185.228.168.9 185.228.169.9 77.88.8.8 77.88.8.1 114.114.114.114 114.114.115.115 223.5.5.5 223.6.6.6 119.29.29.29"
    " 180.76.76.76 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001"
    " 2606:4700:4700::1112 2606:4700:4700::1002 2606:4700:4700::1113 2606:4700:4700::1003 2606:4700:4700:0:0:0:0:1111"
    " 2620:fe::fe 2620:fe::9 2620:fe::10 2620:fe::11 2620:fe::fe:9 2620:fe::fe:10 2620:fe::fe:11 2620:119:35::35"
    " 2620:119:53::53 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff 2400:3200::1 2400:3200:baba::1 2402:4e00::"
)
"""As the operators publish them."""


@pytest.mark.parametrize(
    "address",
    [
        *RESOLVERS.split(),
        "240.1.2.3",  # RFC 1112, class E
        "224.0.1.1",  # RFC 5771, multicast
        "ff02::1:2",  # RFC 4291, multicast
        "FE80::1",
    ],
)
def test_what_serves_everybody_or_nobody_is_reserved(address: str) -> None:
    (finding,) = find(f"nameserver {address} is set")
    assert (finding.kind, finding.reserved) == ("ip", True)
