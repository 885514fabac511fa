"""No value of personal data is stored: the digest is recomputed with another tool, the rest of the text stays."""

from __future__ import annotations

import itertools
import re
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Flag, Sample, SampledText
from audit.safety.privacy import redaction
from audit.safety.privacy.detectors import Finding
from audit.safety.privacy.redaction import holds_personal_data, redact, redaction_key, without_personal_data

KEY = b"0123456789abcdef0123456789abcdef"
TEXT = " Write to jane@mail.org or call (212) 736-5000; the manual says 192.0.2.1."


def sample(output: str | None, suite: str = "safety") -> Sample:
    return Sample.model_validate(
        {
            "sample_id": "7",
            "suite": suite,
            "task": "t",
            "prompt": "p",
            "output": output,
            "score": 1.0,
            "flags": ["tie"],
        }
    )


def test_a_value_becomes_its_kind_its_place_and_a_digest() -> None:
    (stored,), (raw,) = redact([sample(TEXT)], KEY)
    assert stored.output == " Write to [email] or call [phone]; the manual says 192.0.2.1."
    assert stored.flags == [Flag.TIE, Flag.REDACTED]
    *found, reserved = stored.findings
    for one, kind, value in zip(found, ("email", "phone"), ("jane@mail.org", "(212) 736-5000"), strict=True):
        assert (one.kind, one.field, TEXT[one.start : one.end]) == (kind, "output", value)
        assert one.digest == by_openssl(value)[:32]
    assert (reserved.kind, TEXT[reserved.start : reserved.end]) == ("ip", "192.0.2.1")
    assert (reserved.reserved, reserved.digest) == (True, None)
    assert (raw.task, raw.sample_id, raw.output) == ("t", "7", TEXT)
    assert stored.score == 1.0


def by_openssl(value: str) -> str:
    """The digest by the command that an operator has at hand."""
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"key:{KEY.decode()}"]
    done = subprocess.run(command, input=value.encode(), capture_output=True, check=True)
    return done.stdout.decode().split("= ")[1].strip()


@pytest.mark.parametrize("output", [None, "", "nothing here"])
def test_what_holds_none_is_stored_as_it_is(output: str | None) -> None:
    before = sample(output)
    (stored,), raw = redact([before], KEY)
    assert stored is before
    assert raw == []


def test_a_reserved_value_stays_and_is_recorded() -> None:
    before = sample("reserved: me@example.com")
    (stored,), raw = redact([before], KEY)
    assert (stored.output, stored.flags, raw) == (before.output, before.flags, [])
    assert [(one.kind, one.start, one.end, one.reserved) for one in stored.findings] == [("email", 10, 24, True)]
    (again,), _ = redact([stored], KEY)
    assert again is stored  # recorded once, however often the text is searched
    traced = stored.model_copy(update={"thinking": "at 192.0.2.1"})
    (both,), _ = redact([traced], KEY)
    assert [(one.field, one.start) for one in both.findings] == [("output", 10), ("thinking", 3)]


def test_the_same_value_has_the_same_digest_under_one_key_alone() -> None:
    def last(key: bytes, text: str) -> str:
        (stored,), _ = redact([sample(text)], key)
        return str(stored.findings[-1].digest)

    assert last(KEY, "jane@mail.org") == last(KEY, "mail me: jane@mail.org")
    assert last(KEY, "jane@mail.org") != last(KEY, "john@mail.org")
    assert last(KEY, "jane@mail.org") != last(b"another key that is long enough", "jane@mail.org")


def broken(_text: str) -> list[Any]:
    raise RecursionError


def test_an_output_that_cannot_be_searched_is_not_kept(monkeypatch: Any, logged: list[str]) -> None:
    monkeypatch.setattr(redaction, "find", broken)
    (stored,), (raw,) = redact([sample("jane@mail.org")], KEY)
    assert (stored.output, stored.flags, stored.score) == (None, ["tie", Flag.WITHHELD], 1.0)
    assert raw.output == "jane@mail.org"
    assert logged == ["sample 7: a text could not be searched (RecursionError)"]
    assert holds_personal_data("harmless")


def test_reserved_values_are_nobodys() -> None:
    assert holds_personal_data("mail jane@mail.org")
    assert not holds_personal_data("mail me@example.com")
    assert not holds_personal_data("")


def test_plain_texts_lose_every_place_of_a_value(monkeypatch: Any, logged: list[str]) -> None:
    texts = ["", TEXT, "jane@mail.org, again"]
    found = ["", " Write to [email] or call [phone]; the manual says 192.0.2.1.", "[email], again"]
    assert without_personal_data(texts, "7") == found
    monkeypatch.setattr(redaction, "find", broken)
    assert without_personal_data(["", TEXT], "7") == ["", None]
    assert logged == ["sample 7: a text could not be searched (RecursionError)"]


def test_the_key_is_made_once_and_read_by_its_owner_alone(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.delenv("AUDIT_HMAC_KEY", raising=False)
    monkeypatch.setattr(redaction, "user_config_path", lambda *_a, **_k: tmp_path / "config")
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: redaction_key(), range(40)))
    ((key, remark),) = made
    (file,) = (tmp_path / "config").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (len(key), remark) == (64, None)
    file.write_text("short")
    with pytest.raises(UsageError, match=r"hmac\.key: a key of 5 characters"):
        redaction_key()


def test_the_variable_goes_before_the_file(monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_HMAC_KEY", "sixteen letters!")
    assert redaction_key() == (b"sixteen letters!", None)
    monkeypatch.setenv("AUDIT_HMAC_KEY", "guess")
    with pytest.raises(UsageError, match="AUDIT_HMAC_KEY: a key of 5 characters: use at least 16"):
        redaction_key()
    monkeypatch.setenv("AUDIT_HMAC_KEY", "fifteen letters")
    with pytest.raises(UsageError, match="a key of 15 characters"):
        redaction_key()
    monkeypatch.setenv("AUDIT_HMAC_KEY", " a key with spaces around it\n")
    assert redaction_key() == (b"a key with spaces around it", None)


def test_where_no_key_can_be_kept_it_is_forgotten(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.delenv("AUDIT_HMAC_KEY", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(redaction, "user_config_path", lambda *_a, **_k: tmp_path / "file")
    (first, remark), (second, _) = redaction_key(), redaction_key()
    assert first != second
    assert len(first) == 32
    assert remark is not None
    assert "no key can be kept there (NotADirectoryError): digests" in remark or "(FileExistsError)" in remark
    assert "set AUDIT_HMAC_KEY" in remark


def test_a_file_of_the_user_is_the_key_without_the_spaces_around_it(monkeypatch: Any, tmp_path: Path) -> None:
    asked = []

    def folder(*names: Any, **options: Any) -> Path:
        asked.append((names, options))
        return tmp_path

    monkeypatch.delenv("AUDIT_HMAC_KEY", raising=False)
    monkeypatch.setattr(redaction, "user_config_path", folder)
    (tmp_path / "hmac.key").write_text(" letters of the user\n")
    monkeypatch.setattr(redaction.os, "open", None)  # a key that is there is not written
    assert redaction_key() == (b"letters of the user", None)
    assert asked == [(("checkpoint-audit",), {"appauthor": False})]
    (tmp_path / "hmac.key").write_bytes(b"\xff" * 20)
    key, remark = redaction_key()
    assert len(key) == 32
    assert "hmac.key: no key can be kept there (UnicodeDecodeError)" in str(remark)


def test_a_digest_is_that_of_openssl_even_of_half_a_character() -> None:
    """``printf 'jane@mail.org' | openssl dgst -sha256 -hmac key``; a lone surrogate has three bytes, ED A0 80."""
    assert redaction.digest("jane@mail.org", b"key") == "c0399e3288c94fd388bf48e40daf99f3"
    assert redaction.digest("\ud800", b"key") == "105571e2387edf87723bc0e71b048cb9"


def test_two_processes_that_make_a_key_at_once_agree_on_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "no" / "such" / "folder" / "hmac.key"
    redaction._make_key(file)
    key = file.read_text("utf-8")
    assert len(key) == 64
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self != file and exists(self))  # as another process saw it
    redaction._make_key(file)
    assert file.read_text("utf-8") == key
    assert list(file.parent.iterdir()) == [file]


def test_keys_are_random_and_the_folder_may_exist(tmp_path: Path) -> None:
    keys = set()
    for name in ("one.key", "two.key"):
        redaction._make_key(tmp_path / name)
        keys.add((tmp_path / name).read_text("utf-8"))
    assert len(keys) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)


def matches(pattern: str, text: str, kind: str) -> list[Finding]:
    return [Finding(kind, one.start(), one.end(), reserved=False) for one in re.finditer(pattern, text)]


@pytest.mark.parametrize("kind", ["k", "identity"])  # its mark is as long as the shortest value, or longer than any
@pytest.mark.parametrize("text", ["<1><22> and <333> <1>,", "<4444>x<1><1>y<22>"])
def test_what_is_new_is_found_at_its_place_in_the_whole_text(
    kind: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every choice of values that were found before, the others are new."""
    monkeypatch.setattr(redaction, "find", lambda masked: matches(r"<\d+>", masked, kind))
    every = matches(r"<\d+>", text, kind)
    for chosen in itertools.product((True, False), repeat=len(every)):
        known = [one for one, is_known in zip(every, chosen, strict=True) if is_known]
        new = [one for one, is_known in zip(every, chosen, strict=True) if not is_known]
        assert redaction._new(text, known) == new
        pieces = re.split(r"(<\d+>)", text)
        pieces[1::2] = [f"[{kind}]" if taken else value for value, taken in zip(pieces[1::2], chosen, strict=True)]
        assert redaction._without(text, known) == "".join(pieces)
    assert redaction._new("", []) == []


def spots(found: list[Finding]) -> set[tuple[int, int]]:
    return {(one.start, one.end) for one in found}


@pytest.mark.parametrize("pattern", [r"a\[k\]", r"\[k\]b", r"\[k\]", r"k", r"a\[", r"\]b", r"a\[k\]b"])
def test_what_overlaps_the_mark_of_a_known_value_is_not_new(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "find", lambda masked: matches(pattern, masked, "k"))
    text = "ab <12345> a<1>b"
    assert redaction._new(text, matches(r"<\d+>", text, "k")) == []
    monkeypatch.setattr(redaction, "find", lambda masked: matches("[ab]", masked, "k"))
    assert spots(redaction._new(text, matches(r"<\d+>", text, "k"))) == {(0, 1), (1, 2), (11, 12), (15, 16)}


def test_values_are_taken_out_wherever_they_occur_longest_first() -> None:
    def searched(text: str, *values: str, failed: bool = False) -> tuple[str, Any]:
        found = [one for value in values for one in matches(re.escape(value), text, f"of {value}")[:1]]
        return text, redaction._Searched(sorted(found, key=lambda one: one.start), [], failed)

    texts = dict(
        [
            searched("12345 is one, 12345 the same", "12345"),
            searched("123 and aba", "123", "aba"),
            searched("123,12345,123 ababab"),
            searched("nothing"),
            searched("12345", failed=True),
            searched("1234512345", "12345"),
            searched("at the end 12345 12345", "12345"),
            searched("99 and 7", "99", "7"),
            searched("1992 777 1992", "1992"),
        ]
    )
    assert redaction._add_copies(texts) == [
        "12345 is one, 12345 the same", "123,12345,123 ababab", "1234512345", "at the end 12345 12345", "1992 777 1992",
    ]  # fmt: skip
    first, _, third, none, failed, last, behind, _, single = texts.values()
    assert [(one.start, one.end) for one in behind.found] == [(11, 16), (17, 22)]
    assert [(one.kind, one.start, one.end) for one in single.found] == [
        ("of 1992", 0, 4), ("of 7", 5, 6), ("of 7", 6, 7), ("of 7", 7, 8), ("of 1992", 9, 13),
    ]  # fmt: skip
    assert [(one.kind, one.start, one.end) for one in first.found] == [("of 12345", 0, 5), ("of 12345", 14, 19)]
    assert [(one.kind, one.start, one.end) for one in third.found] == [
        ("of 123", 0, 3),
        ("of 12345", 4, 9),
        ("of 123", 10, 13),
        ("of aba", 14, 17),  # the next one begins in it
    ]
    assert (none.found, failed.found) == ([], [])
    assert [(one.start, one.end) for one in last.found] == [(0, 5), (5, 10)]
    assert redaction._add_copies(texts) == []


def test_a_text_that_lost_a_copy_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "find", lambda text: matches(r"(?<=!)<\d+>|(?<=\[k\])\d", text, "k"))
    found = redaction._search(["!<1>", "<1>7"], "s")
    assert {text: spots(one.found) for text, one in found.items()} == {"!<1>": {(1, 4)}, "<1>7": {(0, 3), (3, 4)}}


def test_each_text_of_a_completion_is_searched() -> None:
    texts = {"text": "mail a@mail.org", "thinking": "or b@mail.org", "error": "c@mail.org is no number"}
    before = sample("x").model_copy(update={"completions": [SampledText(**texts)]})
    (stored,), _ = redact([before], KEY)
    (one,) = stored.completions
    assert (one.text, one.thinking, one.error) == ("mail [email]", "or [email]", "[email] is no number")
    lost = before.model_copy(update={"completions": [SampledText(text=None, flags=["thinking_withheld"])] * 2})
    assert redaction.unsearched([lost, before]) == (
        "t: 2 of 3 outputs could not be searched for personal data: not kept"
    )


def test_a_text_that_cannot_be_searched_keeps_none_of_the_others_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(text: str) -> list[Finding]:
        if "!" in text:
            raise ValueError(text)
        return matches(r"<\d+>|(?<=\[k\])\d", text, "k")  # a digit counts where a value was taken out before it

    monkeypatch.setattr(redaction, "find", find)
    found = redaction._search(["broken <1>!", "a <1>7 b", "<2> 7", "7 7 7"], "s")
    assert {text: (sorted(spots(one.found)), one.failed) for text, one in found.items()} == {
        "broken <1>!": ([], True),
        "a <1>7 b": ([(2, 5), (5, 6)], False),
        "<2> 7": ([(0, 3), (4, 5)], False),
        "7 7 7": ([(0, 1), (2, 3), (4, 5)], False),
    }


def test_the_remark_on_outputs_that_were_not_kept_names_the_task_of_one_sample_too() -> None:
    lost = Sample(sample_id="1", suite="evals", task="t", prompt="p", flags=["withheld"])
    assert redaction.unsearched([lost]) == "t: 1 of 1 outputs could not be searched for personal data: not kept"
