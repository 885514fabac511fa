"""Hostile text in every field of a sample, on the pages that show samples."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.records import Choice, Sample, SampledText, Span
from audit.core.run_folder import RunFolder
from tests.app.conftest import OLDER
from tests.app.drawn import button, drawn, every_html, every_markdown, rows_tables, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    Open = Callable[..., AppTest]

BAD = "<img src=x onerror=alert(1)> [link](javascript:alert(1)) a[b]c `x` \x1b[31m \u202etxt \x00 \ud800 \\"
MARKUP = re.compile(r"(?<!\\)(<img|\]\(javascript|`x)")
"""Markup whose punctuation was left its meaning."""
HIDDEN = "\x1b\u202e\x00\ud800"


@pytest.fixture
def hostile(run: RunFolder) -> list[Sample]:
    """Three samples, all of whose texts are hostile; one is a megabyte long, one could not be scored."""
    given = {
        "suite": "evals",
        "task": "boolq",
        "prompt": f"{BAD} {BAD}",
        "spans": [
            Span(name="example 1", kind="example", start=0, end=3),
            Span(name=BAD, kind="field", start=9, end=40),
        ],
        "reference": BAD,
        "thinking": BAD,
        "cluster": BAD,
        "pair": BAD,
        "slices": {BAD: BAD},
        "scores": {BAD: 0.5},
    }
    samples = [
        Sample(sample_id=BAD, output=BAD, score=0.0, completions=[SampledText(text=BAD, labels={BAD: 1.0})], **given),
        Sample(
            sample_id="choice", output=BAD, score=0.0, choice=Choice(options=[BAD, BAD], chosen=0, right=1), **given
        ),
        Sample(sample_id="huge", output="\ud800\x00x" * 400_000, error=BAD, **given),
    ]
    run.write_samples("evals", "boolq", samples)
    return samples


def literal(test: AppTest) -> str:
    cells = [str(cell) for table in tables(test) for column in table.values() for cell in column]
    shown = [element.value for kind in (test.code, test.text) for element in kind]
    return "\n".join([*cells, *shown, every_markdown(test), every_html(test)])


@pytest.mark.slow
def test_every_page_of_samples_shows_it_literally(hostile: list[Sample], open_page: Open) -> None:
    test = open_page("samples", tasks="evals/boolq")
    assert len(tables(test)[0]["Question"]) == 3
    assert not any(character in literal(test) for character in HIDDEN)
    test = open_page("sample", tasks="evals/boolq")
    for place in range(3):
        assert not any(character in literal(test) for character in HIDDEN)
        assert not MARKUP.search(every_markdown(test))
        assert "<img" not in every_html(test)
        assert f"**{place + 1} of " in every_markdown(test)
        if place < 2:
            drawn(button(test, "Next").click().run())


@pytest.mark.slow
def test_hostile_addresses_find_nothing(run: RunFolder, open_page: Open) -> None:
    bad = BAD.replace("\ud800", "").replace("\x00", "")
    for page in ("samples", "sample"):
        test = open_page(page, task=bad, sample=bad, q=bad, tasks=bad, result=bad, slice=bad, sort=bad, page=bad)
        assert not any(character in literal(test) for character in HIDDEN)
        assert not MARKUP.search(every_markdown(test))
        assert "<img" not in every_html(test)


@pytest.mark.slow
def test_two_runs_with_it_are_compared_literally(hostile: list[Sample], run: RunFolder, open_page: Open) -> None:
    """Three items that the runs asked otherwise: one among options, and one of a megabyte that neither run scored."""
    other = RunFolder(shutil.copytree(run.path, run.path.with_name(OLDER)))
    other.write_manifest(run.read_manifest().model_copy(update={"run_id": OLDER, "evidence": {}}))
    changed = [one.model_copy(update={"output": f"other {BAD}", "prompt": f"{one.prompt} ?"}) for one in hostile]
    changed[0] = changed[0].model_copy(update={"score": 1.0})
    other.write_samples("evals", "boolq", changed)
    test = open_page("compare", run=run.path.name, **{"in": "boolq"})
    pages = [test]
    pages += [open_page("compare", run=run.path.name, item=one) for one in ("choice", "huge")]
    table = rows_tables(test)[0]
    assert len(table["rows"]) == 3
    for page in pages:
        assert not any(character in literal(page) for character in HIDDEN)
        assert not MARKUP.search(every_markdown(page))
        assert "<img" not in every_html(page)
    assert "Other prompt" in every_html(pages[1])
    assert "The prompts differ" in every_markdown(pages[1])
    assert "more characters" in every_html(pages[2])
