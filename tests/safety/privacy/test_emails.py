"""Mail addresses, however they are written."""

from __future__ import annotations

import pytest

from audit.safety.privacy.detectors import find


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
