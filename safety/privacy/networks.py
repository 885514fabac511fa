"""Detector of network addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from audit.safety.privacy.findings import LETTER, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

IPV4 = re.compile(
    rf"(?<!{LETTER}|\.)(?<![A-Za-z]-)(?<![A-Za-z0-9]/)"  # files and paths have versions
    rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!{LETTER}|\.\d|-[A-Za-z])"
)
IPV6 = re.compile(
    rf"(?<!{LETTER})(?:(?<![:.])|(?<=[G-Zg-z]:)|(?<=[G-Zg-z]\w:)|(?<=[G-Zg-z]\w\w:))"  # [IPv6:2a00::1] of RFC 5321
    rf"(?=[0-9A-Fa-f:]{{0,45}}\d)"
    rf"[0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,8}}(?!{LETTER}|:|\.\d)"
)
NUMBERED = (
    r"versions?|ver|rev(?:ision)?|releases?|builds?|sections?|sec|chapters?|clauses?|abschnitt|kapitel|chapitre|sección"
    r"|capítulo|sezione|capitolo|versión|versione|versão|wersja|верси[июя]"
)
SOMETIMES_NUMBERED = (
    r"firmware|driver|patch|hotfix|articles?|artikel|appendix|table|figure|fig|rule|control"
    r"|(?:up|down)grad(?:e|ed|es|ing)(?: (?:to|from))?"
)
PRODUCTS = (
    r"chrom(?:e|ium)|firefox|edge|safari|opera|brave|vivaldi|electron|webview2?|mozilla|thunderbird|openssl|libressl|openssh"
    r"|gnutls|windows|macos|ios|android|ubuntu|debian|fedora|kernel|linux|node(?:\.?js)?|python|java|jdk|jre|php|ruby|perl"
    r"|golang|rust|nginx|apache|tomcat|iis|mysql|mariadb|postgres(?:ql)?|oracle|redis|mongodb|elasticsearch|sqlite|docker"
    r"|kubernetes|jenkins|gitlab|wordpress|drupal|office|excel|word|outlook|teams|zoom|slack|acrobat|reader|flash"
    r"|photoshop|visual studio|vscode|powershell|intellij|pycharm|eclipse|xcode|unity|unreal|vmware|esxi|vcenter"
    r"|virtualbox|bios|uefi|cuda|cudnn|nvidia|tensorflow|pytorch|numpy|\.net|dotnet|nuget|npm|pip|steam|minecraft|skype"
)
VERSION = re.compile(rf"(?:(?<!\w)(?:{NUMBERED})\.?(?: (?:is|was|ist|est|es))?|§)[ :#=(]{{0,3}}\Z", re.IGNORECASE)
"""What comes before the number of a version or a section, which may have four parts as an address has."""
MAYBE_VERSION = re.compile(
    rf"(?:(?<!\w)(?:(?:{SOMETIMES_NUMBERED})\.?[ :#=(]{{1,3}}|(?:{PRODUCTS}) )|[=~<>!]= ?)\Z", re.IGNORECASE
)
"""What comes before versions and addresses alike: ``nginx 1.25.3.1``, ``nginx 93.184.216.34``."""
LARGEST_PART = 31
"""Numbers of versions mostly have small parts, or a zero among them as ``120.0.6.99`` has."""
RESOLVERS = frozenset(
    ipaddress.ip_address(address)
    for operator in (
        "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844",  # Google
        "1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 2606:4700:4700::1111 2606:4700:4700::1001",  # Cloudflare
        "2606:4700:4700::1112 2606:4700:4700::1002 2606:4700:4700::1113 2606:4700:4700::1003",
        "9.9.9.9 9.9.9.10 9.9.9.11 9.9.9.12 149.112.112.112 149.112.112.9 149.112.112.10 149.112.112.11",  # Quad9
        "2620:fe::fe 2620:fe::9 2620:fe::10 2620:fe::11 2620:fe::fe:9 2620:fe::fe:10 2620:fe::fe:11",
        "208.67.222.222 208.67.220.220 208.67.222.220 208.67.220.222 208.67.222.123 208.67.220.123",  # OpenDNS
        "2620:119:35::35 2620:119:53::53",
        "94.140.14.14 94.140.15.15 94.140.14.15 94.140.15.16 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff",  # AdGuard
        "4.2.2.1 4.2.2.2 4.2.2.3 4.2.2.4 4.2.2.5 4.2.2.6",  # Level 3
        "76.76.2.0 76.76.10.0 64.6.64.6 64.6.65.6 8.26.56.26 8.20.247.20",  # Control D, Verisign, Comodo
        "84.200.69.80 84.200.70.40 185.228.168.9 185.228.169.9 77.88.8.8 77.88.8.1",  # DNS.Watch, CleanBrowsing, Yandex
        "114.114.114.114 114.114.115.115 223.5.5.5 223.6.6.6 119.29.29.29 180.76.76.76",  # in China
        "2400:3200::1 2400:3200:baba::1 2402:4e00::",
    )
    for address in operator.split()
)
"""Resolvers of names that serve everybody, as their operators publish them: they belong to no person."""


def find_ips(text: str) -> Iterator[Finding]:
    """IPv4 and IPv6 addresses; those that are not globally reachable (IANA's registries) or serve all are reserved.

    Numbers of versions and sections are not taken, nor what IPv6 does not allot (``1::2`` of a program).
    """
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            if address.version == 6 and address.is_reserved and not address.is_loopback:
                continue
            if not _is_version(text, match):
                nobodys = not address.is_global or address.is_multicast or address in RESOLVERS
                yield Finding("ip", *match.span(), reserved=nobodys)


def _is_version(text: str, match: re.Match[str]) -> bool:
    """Whether what comes before an address, and its parts where that is not enough, make it a version or a section."""
    before = max(0, match.start() - 32), match.start()
    if VERSION.search(text, *before):
        return True
    parts = [int(part) for part in match.group().split(".")] if "." in match.group() else []
    small = 0 in parts or (bool(parts) and max(parts) <= LARGEST_PART)
    return small and bool(MAYBE_VERSION.search(text, *before))
