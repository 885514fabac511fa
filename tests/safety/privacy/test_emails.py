"""Mail addresses, however they are written."""

from __future__ import annotations

import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.emails import find_emails


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


def found(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_emails(text) if not one.reserved]


AT_WORDS = "at @ ät arroba AT"
DOT_WORDS = "dot . punkt point punto ponto DOT"
BRACKETS = "[] () {} <>"


@pytest.mark.parametrize(("left", "right"), BRACKETS.split())
def test_the_sign_and_the_dot_may_be_words_in_brackets(left: str, right: str) -> None:
    for frame in ("{0}{2}{1}", " {0}{2}{1} ", "  {0} {2} {1}  ", " {0} {2}{1}", "{0}{2} {1} "):
        for word in AT_WORDS.split():
            address = f"jane{frame.format(left, right, word)}gmail.com"
            assert found(f"it is {address}, so") == [address]
        for word in DOT_WORDS.split():
            address = f"jane.doe@mail{frame.format(left, right, word)}org"
            assert found(f"it is {address}, so") == [address]
            address = f"jane{frame.format(left, right, word)}doe@mail.org"
            assert found(f"it is {address}, so") == [address]


@pytest.mark.parametrize("sign", ["%40", "&#64;", "&#0064;", "&#00064;", "&#x40;", "&#X0040;", "&commat;"])
def test_the_sign_may_be_encoded(sign: str) -> None:
    assert found(f"it is jane{sign}gmail.com, so") == [f"jane{sign}gmail.com"]


HOSTS = "gmail googlemail yahoo hotmail outlook icloud live aol gmx proton protonmail qq 163 yandex mail"
NO_HOSTS = "the this that these those a an any each every some our your my his her its their least most first last"
PLACES = (
    "us me him her them it you look looked looking looks visit visited visiting visits shop shopped "
    "shopping shops order online on available live lives living host hosted hosts find found site website "
    "page blog store shown based here there is are was were be up out work worked working works sell sold "
    "buy read more now today job jobs team people stop point pointed pointing points start started "
    "starting starts arrive arrived arrives arriving meet mail address addresses and or"
)


def test_at_as_a_word_is_the_sign_before_a_host_of_mail_and_a_dot() -> None:
    addresses = [f"jane.doe at {host} (dot) com" for host in HOSTS.split()]
    assert [one for one in addresses if found(f"it is {one}, so") != [one]] == []
    assert found("it is jane.doe at acme (dot) com, so") == []


def test_at_as_a_word_is_the_sign_before_a_name_dot_and_a_domain() -> None:
    assert found("it is jane at x-9 dot io, so") == ["jane at x-9 dot io"]
    assert found("it is jane at ab9 dot co dot uk, so") == ["jane at ab9 dot co dot uk"]
    assert [word for word in NO_HOSTS.split() if found(f"it was jane at {word} dot com boom")] == []
    assert [word for word in PLACES.split() if found(f"so, {word} at acme dot com")] == []
    assert found("us@acme.com, it@acme.com") == ["us@acme.com", "it@acme.com"]
    assert found("so, usain at acme dot com") == ["usain at acme dot com"]


@pytest.mark.parametrize(
    "domain",  # RFC 2606, RFC 6761, RFC 6762
    [
        "example.com",
        "example.net",
        "example.org",
        "mail.example",
        "host.test",
        "x.invalid",
        "localhost",
        "printer.local",
        "EXAMPLE.COM",
    ],
)
def test_domains_that_are_set_aside_belong_to_nobody(domain: str) -> None:
    ((start, end, reserved),) = [(one.start, one.end, one.reserved) for one in find_emails(f"jane@{domain}")]
    assert (start, end, reserved) == (0, 5 + len(domain), True)


@pytest.mark.parametrize(
    "domain", ["myexample.com", "example.de", "test.com", "invalid.org", "localhost.de", "local.io", "example.com.de"]
)
def test_domains_with_such_a_word_in_them_are_somebodys(domain: str) -> None:
    assert found(f"jane@{domain}") == [f"jane@{domain}"]


LONG = "a" * 62


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (f"{LONG}bc@mail.org", [f"{LONG}bc@mail.org"]),  # 64 characters
        (f"{LONG}bcd@mail.org", []),
        (f"{'a' * 40}.{'b' * 39}@mail.org", [f"{'a' * 40}.{'b' * 39}@mail.org"]),
        (f"{'a' * 40}.{'b' * 40}@mail.org", []),
        (f"jane@{LONG}b.org", [f"jane@{LONG}b.org"]),  # 63 characters
        (f"jane@{LONG}bc.org", []),
        (f"jane@{'a.' * 12}org", [f"jane@{'a.' * 12}org"]),
        (f"jane@{'a.' * 13}org", []),
        (f"{'a.' * 8}b@mail.org", [f"{'a.' * 8}b@mail.org"]),
        (f"{'a.' * 9}b@mail.org", []),
        ("张" * 16 + "@qq.com", ["张" * 16 + "@qq.com"]),
        ("张" * 17 + "@qq.com", ["张" * 16 + "@qq.com"]),
        ("见。张@qq.com", ["张@qq.com"]),
        ("a@b.org@c.org", ["a@b.org"]),
        ("jane@ mail.org", []),
        ("jane@co.uk", []),
        ("jane@acme.c", []),
        ("jane@acme.x7", []),
        ("jane@acme.nonesuch", []),
        ("jane@mail.org7", []),
        ("jane@mail.orgx", []),
        ("jane@mail.org-x", []),
        ("jane@mail.org-X", []),
        ("jane@mail.org-7", []),
        ("jane@-mail.org", []),
        ("jane@mail-.org", []),
        ("jane@my_mail.org", []),
        ("jane@mail.org_", ["jane@mail.org"]),
        ("jane@mail.org.Then on", ["jane@mail.org"]),
        ("jane@mail.org.Org", ["jane@mail.org.Org"]),
        ("+jane@mail.org", ["+jane@mail.org"]),
        ("'jane@mail.org'", ["jane@mail.org"]),
        ("jane%x@mail.org", ["jane%x@mail.org"]),
        ("o'jane-x+y@mail.org", ["o'jane-x+y@mail.org"]),
        (".jane@mail.org", []),
        ("...jane@mail.org", ["jane@mail.org"]),
        ("jane@日本.jp", ["jane@日本.jp"]),
        ("jane@日-本a1.jp", ["jane@日-本a1.jp"]),
        ("github@mail.org", ["github@mail.org"]),
        ("GIT@mail.org", []),
        ("://me:jane@mirror.org", []),
        (f"ssh://{'u' * 60}:j@mirror.org", []),
        ("see http://x.org/jane@mirror.org", ["jane@mirror.org"]),
        ("see http://x.org?jane@mirror.org", ["jane@mirror.org"]),
        ("see http://x.org#jane@mirror.org", ["jane@mirror.org"]),
        ("see http://x.org jane@mirror.org", ["jane@mirror.org"]),
        ("see http://jo@x.org:jane@mirror.org", ["jane@mirror.org"]),
    ],
)
def test_where_an_address_begins_and_ends(text: str, addresses: list[str]) -> None:
    assert found(text) == addresses
