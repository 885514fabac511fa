"""Files of waivers, and hostile ones, policies among them: each one line, exit code 2, and nothing is executed."""

from __future__ import annotations

import copy
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core.errors import ConfigError, ExitCode
from audit.core.records import Decision, JudgedWaiver
from audit.gate.policy import load_policy
from audit.gate.waivers.waiver_file import load_waivers, recorded, target
from tests.gate.waivers.conftest import WAIVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.gate.waivers.waiver_file import WaiverFile


def test_a_file_is_read_with_the_digest_of_its_bytes(make_waivers: Callable[..., WaiverFile], tmp_path: Path) -> None:
    found = make_waivers({}, {"id": "W-2", "slice": {"topic": "science"}})
    assert found.sha256 == hashlib.sha256((tmp_path / "waivers.yaml").read_bytes()).hexdigest()
    assert [target(waiver) for waiver in found.waivers] == ["boolq/accuracy", "boolq/accuracy [topic=science]"]


def test_days_may_be_written_with_or_without_quotes(tmp_path: Path) -> None:
    text = yaml.safe_dump({"waivers": [WAIVER]})
    (tmp_path / "quoted.yaml").write_text(text)
    (tmp_path / "plain.yaml").write_text(text.replace("'", ""))
    one, other = (load_waivers(tmp_path / name) for name in ("quoted.yaml", "plain.yaml"))
    assert "'2026-03-01'" in text
    assert one.waivers == other.waivers


def test_a_list_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("waivers: []\n")
    assert load_waivers(tmp_path / "w.yaml").waivers == ()


def test_ninety_days_are_allowed(make_waivers: Callable[..., WaiverFile]) -> None:
    assert make_waivers({"granted": "2026-01-01", "expires": "2026-04-01"}).waivers[0].id == "W-1"  # 31 + 28 + 31 days


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "empty": "",
    "null": "null\n",
    "text": "waivers\n",
    "list": "- 1\n",
    "bomb": BOMB,
    "bomb of merges": MERGE_BOMB,
    "anchor": "waivers: &all []\nrules: &all []\n",
    "alias of itself": "waivers: &a [*a]\nrules: []\n",
    "python object": "waivers: !!python/object/apply:os.system ['touch executed']\nrules: []\n",
    "python name": "waivers: !!python/name:os.system\nrules: []\n",
    "python module": "!!python/module:executed {}\n",
    "unknown tag": "waivers: !run ls\nrules: []\n",
    "empty integer": 'waivers: !!int ""\nrules: []\n',
    "timestamp of words": "waivers: !!timestamp never\nrules: []\n",
    "truth of words": "waivers: !!bool never\nrules: []\n",
    "a million digits": f"waivers: {'9' * 100_000}\nrules: []\n",
    "too deep": "[\n" * 25_000,  # PyYAML takes a second for as many in one line
    "two documents": "waivers: []\n---\nwaivers: []\n",
    "key twice": "waivers: []\nrules: []\nwaivers: []\n",
    "key of lists": "{[1]: 2}\n",
    "tab": "waivers:\n\t- id: W\n",
    "broken": "waivers: [\n",
    "nul": "waivers: []\0\n",
    "unknown key": "waivers: []\nrules: []\nsurprise: 1\n",
    "number": "waivers: 5\nrules: 5\n",
    "mapping": "waivers: {a: b}\nrules: {a: b}\n",
    "list of text": "waivers: [../../etc/passwd]\nrules: [../../etc/passwd]\n",
    "list of null": "waivers: [null]\nrules: [null]\n",
    "number as key": "1: 2\nwaivers: []\nrules: []\n",
    "set": "waivers: !!set {a, b}\nrules: !!set {a, b}\n",
    "binary": "waivers: !!binary aGVsbG8=\nrules: !!binary aGVsbG8=\n",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("load", [load_waivers, load_policy])
def test_a_hostile_file_is_one_line(
    load: Callable[[Path], object], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hostile.yaml"
    file.write_text(TEXTS[name], "utf-8")
    refused(load, file)
    assert os.listdir(tmp_path) == ["hostile.yaml"]  # noqa: PTH208 - nothing else was written


def refused(load: Callable[[Path], object], file: Path) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(ConfigError) as raised:
        load(file)
    line = str(raised.value)
    assert raised.value.exit_code == ExitCode.USAGE
    assert line.startswith(f"{file}:"), line
    assert "\n" not in line
    assert len(line) < 1000
    return line


VALUES: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id: must be 1 to 64 letters"),
    ({"id": "../../etc/passwd"}, "id: must be 1 to 64 letters"),
    ({"id": "W\u202e1"}, "id: must be 1 to 64 letters"),
    ({"id": "W 1\n\x1b[31m"}, "id: must be 1 to 64 letters"),
    ({"id": "W" * 65}, "id: must be 1 to 64 letters"),
    ({"id": 5}, "id: must be text"),
    ({"rule": ""}, "rule: must not be empty"),
    ({"rule": ["boolq/accuracy"]}, "rule: must be text"),
    ({"rule": "x" * 1001}, "rule: "),
    ({"slice": {"topic": 5}}, "slice.topic: must be text"),
    ({"slice": "science"}, "slice: must be a mapping"),
    ({"scope": {}}, "scope: name the checkpoint"),
    ({"scope": {"policy": "0" * 64}}, "scope: name the checkpoint"),
    ({"scope": None}, "scope: must be a mapping"),
    ({"scope": {"digest": "0123"}}, "scope.digest: must be a SHA-256"),
    ({"scope": {"digest": "G" * 64}}, "scope.digest: must be a SHA-256"),
    ({"scope": {"modle": "tiny-chat"}}, "unknown key 'scope.modle'"),
    ({"reason": "  "}, "reason: must not be empty"),
    ({"reason": None}, "reason: must be text"),
    ({"owner": "..."}, "owner: must name a person"),
    ({"owner": ["Ada"]}, "owner: must be text"),
    ({"approver": ""}, "approver: must name a person"),
    ({"approver": "x" * 201}, "approver: "),
    ({"expires": "2026-05-03"}, "expires 2026-05-03 is more than 90 days after granted 2026-02-01: 2026-05-02 at most"),
    ({"expires": "2026-01-31"}, "expires 2026-01-31 is before granted 2026-02-01"),
    ({"expires": "2026-02-30"}, "expires: 2026-02-30 is not a day of the calendar"),
    ({"expires": "2026-02-10T00:00:00+14:00"}, "expires: must be a day such as 2026-12-31, without a time"),
    ({"expires": "2026-02-10T00:00:00Z"}, "expires: must be a day"),
    ({"expires": "tomorrow"}, "expires: must be a day"),
    ({"expires": "\u0662026-02-10"}, "expires: must be a day"),
    ({"expires": 1_770_000_000}, "expires: must be a day"),
    ({"expires": True}, "expires: must be a day"),
    ({"expires": None}, "expires: must be a day"),
    ({"granted": 20260201}, "granted: must be a day"),
    ({"until": "2026-03-01"}, "unknown key 'until'"),
    ({"fault": None}, "unknown key 'fault'"),
]


@pytest.mark.parametrize(("change", "fault"), VALUES)
def test_a_value_that_cannot_be_is_named_with_its_waiver(change: dict[str, Any], fault: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": [WAIVER | change]}, allow_unicode=True), "utf-8")
    line = refused(load_waivers, file)
    assert fault in line
    assert "waiver 1: " in line


@pytest.mark.parametrize(
    "written", ["2026-02-10 00:00:00", "2026-02-10T12:00:00+02:00", "2026-02-10T12:00:00Z", "2026-13-01", "1:30"]
)
def test_times_without_quotes_are_refused_too(written: str, tmp_path: Path) -> None:
    """YAML makes dates and numbers of them."""
    file = tmp_path / "waivers.yaml"
    text = yaml.safe_dump({"waivers": [WAIVER]}).replace("'2026-03-01'", written)
    assert written in text
    file.write_text(text, "utf-8")
    refused(load_waivers, file)


@pytest.mark.parametrize("missing", WAIVER)
def test_every_key_is_required(missing: str, tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": [{k: v for k, v in WAIVER.items() if k != missing}]}), "utf-8")
    assert refused(load_waivers, file).endswith(f"waiver 1: {missing}: this key is required")


def test_an_id_twice_is_refused_whatever_its_case(make_waivers: Callable[..., WaiverFile]) -> None:
    with pytest.raises(ConfigError, match="two waivers have the id W-1"):
        make_waivers({}, {"id": "w-1", "rule": "boolq/f1"})


@pytest.mark.parametrize("load", [load_waivers, load_policy])
def test_what_is_no_small_file_is_refused_unread(load: Callable[[Path], object], tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * 10_000_000)
    assert "larger than 256 KiB" in refused(load, large)
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in refused(load, tmp_path / "pipe")
    assert "not a file" in refused(load, tmp_path)
    assert "no such file" in refused(load, tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"waivers: [\xe9]\n")
    assert "not UTF-8" in refused(load, tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{}", "no waivers: list them under the key 'waivers'."),
        ("rules: []\nother: 1\n", "no waivers: list them under the key 'waivers'. Unknown key 'rules'."),
        ("waivers: []\nother: 1\n", "unknown key 'other'"),
        ("waivers: [1]\n", "waiver 1: must be a mapping (found 1)"),
    ],
)
def test_what_is_no_list_of_waivers_is_said(text: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(text, "utf-8")
    line = refused(load_waivers, file)
    assert line.startswith(f"{file}: {fault}")
    assert line.count(str(file)) == 1


def test_the_waiver_that_is_at_fault_is_counted_from_one(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    many = [copy.deepcopy(WAIVER) | {"id": f"W-{place}"} for place in range(12)]
    for place, change, fault in (
        (1, {"until": 1}, "waiver 2: unknown key 'until'"),
        (11, {"scope": {"modle": "x"}}, "waiver 12: unknown key 'scope.modle'"),
        (0, {"owner": "..."}, "waiver 1: owner: must name a person"),
    ):
        listed = [one | change if at == place else one for at, one in enumerate(many)]
        file.write_text(yaml.safe_dump({"waivers": listed}), "utf-8")
        assert refused(load_waivers, file).startswith(f"{file}: {fault}")


def test_the_waivers_of_a_decision_are_those_of_its_file(make_waivers: Callable[..., WaiverFile]) -> None:
    file = make_waivers({}, {"id": "W-2"})
    assert file.name == "waivers.yaml"
    judged = [JudgedWaiver(**one.model_dump(), fault="x") for one in file.waivers]
    held = Decision.model_construct(waiver_file=file.name, waivers_sha256=file.sha256, waivers=judged)
    assert recorded(held) == file
    for lost in ("waiver_file", "waivers_sha256"):
        assert recorded(held.model_copy(update={lost: None})) is None


def test_the_second_of_two_waivers_with_one_id_is_no_other(make_waivers: Callable[..., WaiverFile]) -> None:
    with pytest.raises(ConfigError, match=r"two waivers have the id w-1: ids are unique$"):
        make_waivers({"id": "w-0"}, {"id": "w-1"}, {"id": "W-1"})
