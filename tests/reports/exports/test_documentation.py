"""The form for technical documentation: filled where an audit knows, blank where it cannot, hostile names escaped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from audit.core.records import RegisteredPolicy
from audit.ratings import RatingSummary
from audit.reports.exports.documentation import BLANK, NOTICE, render
from audit.reports.exports.eu_annexes import ANNEXES
from tests.reports.conftest import a_manifest, a_metric
from tests.reports.exports.conftest import VILE, a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]


def section(text: str, heading: str) -> str:
    """The text of a section, up to the next heading."""
    start = text.index(f"{heading}\n")
    end = text.find("\n#", start + 1)
    return text[start:] if end == -1 else text[start:end]


def test_every_point_is_there_and_what_is_not_known_is_a_blank(make_contents: Contents) -> None:
    text = render(make_contents())
    assert NOTICE in text
    for annex in ANNEXES:
        assert f"# {annex.title}\n" in text
        with_parts = {point.number[0] for point in annex.points if "(" in point.number}
        for point in annex.points:
            found = section(text[text.index(f"# {annex.title}\n") :], f"## {point.number}. {point.heading}")
            blank = point.number not in with_parts and (not point.facts or bool(point.missing))
            assert (BLANK in found) is blank, point.number
    assert section(text, "## 8. A copy of the EU declaration of conformity referred to in Article 47").endswith(
        f"{BLANK}\n"
    )


def test_what_the_audit_knows_is_filled_in(make_contents: Contents) -> None:
    before = RegisteredPolicy(name="p.yaml", sha256="d" * 64, registered=datetime(2026, 1, 31, 11, 59, tzinfo=UTC))
    rating = RatingSummary(
        suite="evals", task="boolq", n_ratings=12, n_samples=6, n_raters=2, mean=3.5, ci_low=3.0, ci_high=4.0,
        ci_method="t",
    )  # fmt: skip
    part = a_metric(slice={"topic": "science"}, primary=False)
    decision = a_decision(a_check(owner="quality"))
    contents = make_contents(decision=decision, policy=before)
    task = replace(contents.tasks[0], slices=[part])
    text = render(replace(contents, tasks=[task], ratings=[rating]))
    manifest = a_manifest()
    assert manifest.model.digest in section(text, "## Checkpoint")
    assert manifest.model.files[0].sha256 in section(text, "## Checkpoint")
    assert "| torch | 2.13.0 |" in section(text, "## Software")
    assert manifest.assets[0].sha256 in section(text, "## Data sets and scorers")
    assert "| boolq/accuracy | 0.600 | 0.500 to 0.700 (95%) | 100 | share ↑ |" in section(text, "## Results")
    assert "science" in section(text, "## Results by group")
    assert "| boolq | 3.50 |" in section(text, "## Human ratings")
    decided = section(text, "## Release decision")
    for word in ("**PASS**", "b" * 64, "Registered before the run, 2026-01-31 11:59 UTC", "d" * 64, "quality"):
        assert word in decided
    assert "134,515,008" in section(text, "## 1(d). architecture and number of parameters")
    assert "Ratings of outputs by people: 12" in text


def test_what_a_run_lacks_is_said(make_contents: Contents) -> None:
    text = render(make_contents(assets=[]))
    assert "None is recorded." in section(text, "## Data sets and scorers")
    assert "No task has metrics by group." in section(text, "## Results by group")
    assert "No output of this run was rated by people." in section(text, "## Human ratings")
    assert "Not judged by a release policy." in section(text, "## Release decision")
    assert "Probes of injection and leakage of system prompts: none was run." in text
    assert "there is no verdict on these numbers" in section(text, "## Not assessed")


def test_the_intended_use_fills_what_it_answers_and_leaves_the_rest_open(make_contents: Contents) -> None:
    asked = (
        "## 1(a). intended purpose, name of the provider, version and its relation to previous versions",
        "## 1(a). tasks that the model is intended to perform, type and nature of systems that it can be part of",
    )
    use = "Tutoring in maths; <i>no</i> marks. " * 50
    stated, not_stated = (render(make_contents(config=config)) for config in ({"intended_use": use}, {}))
    whole = section(stated, "## Intended use")
    assert whole.count("Tutoring in maths; &lt;i&gt;no&lt;/i&gt; marks.") == 50
    provider, model = (section(stated, heading) for heading in asked)
    assert "see *Intended use*" in provider
    assert f"- {BLANK}: conditions of use, provider, relation to previous versions\n" in provider
    assert "see *Intended use*" in model
    assert f"- {BLANK}: type and nature of the systems\n" in model
    provider, model = (section(not_stated, heading) for heading in asked)
    assert "see *Intended use*" not in provider + model
    assert f"- {BLANK}: intended purpose, conditions of use, provider, relation to previous versions\n" in provider
    assert model.endswith(f"\n{BLANK}\n")
    assert "audit run --intended-use" in section(not_stated, "## Intended use")


def test_hostile_texts_make_no_markup(make_contents: Contents) -> None:
    model = a_manifest().model.model_copy(update={"name": VILE, "architecture": VILE, "device": VILE, "base": VILE})
    null = a_metric(f"boolq/{VILE}", value=None, ci_low=None, ci_high=None, error=VILE)
    decision = a_decision(a_check(reason=VILE, owner=VILE), policy=VILE)
    text = render(make_contents(null, model=model, packages={VILE: VILE}, warnings=[VILE], decision=decision))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<b>" not in html
    assert "\x1b" not in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == len([line for line in render(make_contents()).splitlines() if line.startswith("#")])
