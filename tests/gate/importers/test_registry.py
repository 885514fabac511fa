"""Formats by name and by what files look like, those of other packages included."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.gate.importers import registry
from tests.gate.importers.conftest import LOGS


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (LOGS / "lm_eval", "lm-eval"),
        (LOGS / "inspect", "inspect"),
        (LOGS / "inspect" / "sums.json", "inspect"),
        (LOGS / "inspect" / "sums.eval", "inspect"),
        (Path("answers.CSV"), "table"),
        (Path("answers.jsonl"), "table"),
    ],
)
def test_the_format_is_detected(file: Path, name: str) -> None:
    assert name == registry.reader_for([file], None).NAME


def test_what_nobody_recognises_is_one_line_that_lists_the_formats(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("{}", "utf-8")
    with pytest.raises(UsageError, match=r"a\.json: format not recognised: .*lm-eval \(.*inspect \(.*table \("):
        registry.reader_for([file], None)
    with pytest.raises(UsageError, match=r"--from inspct: no such format: .*Did you mean 'inspect'\?"):
        registry.reader_for([file], "inspct")


def test_a_format_that_is_named_is_not_detected(tmp_path: Path) -> None:
    assert registry.reader_for([tmp_path / "a.csv"], "inspect") is registry.READERS[1]
    os.mkfifo(tmp_path / "pipe.csv")
    for name in (None, "table"):  # reading it would wait for ever
        with pytest.raises(UsageError, match=rf"^{tmp_path}/pipe\.csv: neither a file nor a folder$"):
            registry.reader_for([tmp_path / "a.csv", tmp_path / "pipe.csv"], name)


class Point:
    """An entry point of another package."""

    name, value = "mine", "package:READER"

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def load(self) -> Any:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


class Reader:
    """A reader of another package."""

    def __init__(self, name: str) -> None:
        self.NAME, self.ABOUT = name, "mine"

    def recognises(self, files: object) -> bool:
        return True


def test_readers_of_other_packages_come_last_and_replace_none(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [Point(mine := Reader("mine")), Point(Reader("table"))]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "audit.importers" else [])
    assert list(registry.readers()) == [
        "lm-eval", "inspect", "nemo", "evalscope", "helm", "opencompass", "table", "mine",
    ]  # fmt: skip
    assert registry.readers()["table"] is registry.READERS[-1]
    assert registry.reader_for([Path("a.xyz")], None) is mine


def test_one_that_cannot_be_imported_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point(ImportError("no module"))])
    with pytest.raises(UsageError, match=r"importer mine \(package:READER\) cannot be used: ImportError: no module"):
        registry.readers()
