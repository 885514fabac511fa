"""The code of the how-to on additions to the repository works where the page says that it goes."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

from jinja2 import DictLoader

from audit.core.records import Sample
from audit.reports.drawing.page import environment
from audit.stats import definitions
from tests.docs.conftest import ROOT
from tests.docs.test_code_blocks import blocks

if TYPE_CHECKING:
    import pytest

PAGE = ROOT / "docs" / "howto" / "extend_repository.md"
TABLE = ROOT / "docs" / "howto" / "extend.md"
NUMBERED = (0.0, 0.1, 0.2, 0.9, 4.0, 5.0, None)
"""Scores, one of them missing; the middle of the others is between 0.2 and 0.9."""


def test_the_definition_gives_the_middle_of_the_scores_and_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = [block.code for block in blocks(PAGE) if block.language == "python"]
    module = ModuleType("median")
    monkeypatch.setitem(sys.modules, "median", module)
    exec(compile(code, str(PAGE), "exec"), module.__dict__)  # noqa: S102 - our own page
    monkeypatch.setitem(definitions.KINDS, "median", module.Median)
    samples = [
        Sample(sample_id=f"{index:016x}", suite="evals", task="any", prompt="", score=score)
        for index, score in enumerate(NUMBERED)
    ]
    read = definitions.read({"name": "median", "seed": 1, "resamples": 200})
    found = read.estimate(samples, unit="score")
    assert (found.value, found.n) == ((0.2 + 0.9) / 2, 6)
    assert found.interval is not None
    assert found.interval.low < found.value < found.interval.high


def test_the_section_is_rendered_and_escapes_names() -> None:
    [template] = [block.code for block in blocks(PAGE) if block.language == "jinja"]
    made = environment()
    made = made.overlay(loader=DictLoader({"licences.j2": template}))  # the process keeps the one of the package
    manifest = SimpleNamespace(assets=[SimpleNamespace(name="<boolq>", licence="CC-BY-SA-3.0")])
    assert "<li>&lt;boolq&gt;: CC-BY-SA-3.0</li>" in made.get_template("licences.j2").render(manifest=manifest)


def test_every_file_that_the_table_names_is_there() -> None:
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| [")]
    named = [word for row in rows for word in row.rsplit("|", 2)[1].split("`")[1::2] if "/" in word]
    assert len(named) > len(rows)
    assert [word for word in named if not (ROOT / word).exists()] == []
