"""A run as JSON: nothing that the card hides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.records import Choice, Flag, SampledText
from audit.reports import contents
from audit.reports.render import json_report
from tests.reports.render.test_drivers import HOSTILE, some
from tests.sealing import sealed

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


@pytest.mark.slow
def test_the_json_report_leaves_hidden_texts_out(full_run: RunFolder) -> None:
    choice = Choice(options=["An offensive option.", "b"])
    vile = [
        SampledText(text="Vile text.", thinking="Vile thought.", flags=[Flag.OFFENSIVE]),
        SampledText(text="Fine text."),
    ]
    pairs = full_run.read_samples("safety", "crows_pairs")
    more = {"completions": vile, "choice": choice, "options": choice.options}
    full_run.write_samples("safety", "crows_pairs", [one.model_copy(update=more) for one in pairs])
    report = json_report.render(contents.read(sealed(full_run)))
    assert "ffensive option" not in report
    assert "Vile" not in report
    assert "Fine text." not in report
    samples = full_run.read_samples("evals", "boolq")
    full_run.write_samples("evals", "boolq", [one.model_copy(update={"completions": vile}) for one in samples])
    report = json_report.render(contents.read(sealed(full_run)))
    assert "Vile" not in report
    assert "Fine text." in report


@pytest.mark.slow
def test_json_leaves_hidden_words_out(full_run: RunFolder) -> None:
    assert json.loads(json_report.render(contents.read(sealed(full_run))))["drivers"] is None
    full_run.write_drivers(some())
    text = json_report.render(contents.read(sealed(full_run)))
    found = json.loads(text)["drivers"]
    assert [one["name"] for one in found["groups"][0]["tested"]] == ["nurse", HOSTILE, "chance", "question"]
    assert "vile" not in text
