"""Texts of data sets and checkpoints on the card: harmless, folded where they may offend, completions addressed."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Flag, SampledText
from audit.reports.render.card import MAX_BYTES, write_card
from audit.stats import recount
from tests.reports.pages import HOSTILE, assert_inert, card_of, card_on_disk
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import playwright.sync_api

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture(autouse=True)
def _no_definition_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers next to hostile text are made up here, and follow from no sample."""
    monkeypatch.setattr(recount, "has_definitions", lambda _suite, _task: False)


def hostile_run(run: RunFolder, records: Records, text: str) -> RunFolder:
    """A run in which everything a checkpoint or a data set can say is hostile."""
    storable = text.replace("\ud800", "")  # neither JSON nor Parquet can hold a lone surrogate
    sample = records["boolq"](1)[0].model_copy(
        update={
            "prompt": storable,
            "output": storable,
            "reference": storable,
            "score": 0.0,
            "slices": {"topic": storable[:80]},
            "completions": [
                SampledText(text=storable, labels={storable[:80]: 1.0}, finish_reason=storable, error=storable),
            ],
            "scores": {storable[:80]: 1.0},
            "confidence": 0.9,
        }
    )
    broken = records["boolq"](2)[1].model_copy(update={"error": storable, "score": None})
    run.write_samples("evals", "boolq", [sample, broken])
    pairs = [
        one.model_copy(update={"suite": "safety", "task": "crows_pairs", "error": None}) for one in (sample, broken)
    ]
    run.write_samples("safety", "crows_pairs", [pair.model_copy(update={"score": 0.0}) for pair in pairs])
    run.write_attribution(records["attribution"](sample, attribution_id="hostile", note=storable, reason=storable))
    metrics = [
        metric.model_copy(
            update={
                "note": storable,
                "slice": {"bias_type": storable[:50] + value} if metric.slice else None,
                "n": 2,
                "value": 1.0 if metric.name == "boolq/unscored" else metric.value,
                "definition": None,
            }
        )
        for metric in run.read_metrics()
        for value in [(metric.slice or {}).get("bias_type", "")]
    ]
    run.write_metrics(metrics)
    manifest = run.read_manifest()
    model = manifest.model.model_copy(update={"name": storable, "source": storable})
    config = {"model": storable, "intended_use": storable}
    changes = {"model": model, "signature": storable, "warnings": [storable], "config": config}
    run.write_manifest(manifest.model_copy(update=changes))
    return sealed(run)


@pytest.mark.slow
def test_hostile_text_is_shown_and_does_nothing(full_run: RunFolder, records: Records) -> None:
    html, page = card_of(hostile_run(full_run, records, HOSTILE))
    assert_inert(page)
    assert "<script" not in html.lower()
    text = "".join(page.text)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    for hidden in "\x1b\x00\u202e\u2066\u200b":
        assert hidden not in html
        assert f"U+{ord(hidden):04X}" in text


@pytest.mark.slow
def test_a_megabyte_of_output_is_cut_and_says_so(full_run: RunFolder, records: Records) -> None:
    html, page = card_of(hostile_run(full_run, records, "<b>&\u202e" * 200_000))
    assert_inert(page)
    assert len(html.encode()) <= MAX_BYTES
    assert "998,200 characters left out" in "".join(page.text)


def test_safety_text_stays_folded(shared_run: RunFolder) -> None:
    html, _ = card_on_disk(shared_run)
    safety = html[html.index('id="safety"') : html.index('id="failures"')]
    for start in (match.start() for match in re.finditer("An offensive sentence", safety)):
        before = safety[:start]
        assert before.rfind('<details class="masked">') > before.rfind("</details>")
    assert "An offensive sentence" in safety
    assert "<details open" not in safety


@pytest.mark.slow
def test_flagged_text_of_a_benchmark_stays_folded(full_run: RunFolder) -> None:
    samples = full_run.read_samples("evals", "boolq")
    told = [s.model_copy(update={"output": f"Vile {i}.", "flags": ["offence_unknown"]}) for i, s in enumerate(samples)]
    full_run.write_samples("evals", "boolq", told)
    html, _ = card_of(full_run)
    starts = [match.start() for match in re.finditer(r"Vile \d+\.", html)]
    assert starts
    for start in starts:
        before = html[:start]
        assert before.rfind('<details class="masked">') > before.rfind("</details>")


def explained_run(run: RunFolder, records: Records, samples: list[Any]) -> RunFolder:
    """Each sample explained by four methods, with values per output token and heads."""
    for sample in samples:
        for number, method in enumerate(("occlusion", "shap", "lime", "attention")):
            pieces = [f"{word} " for word in sample.prompt.split()]
            made = records["matrix"](pieces, [" one", " two", " three"], heads=(30, 9) if number == 3 else (0, 0))
            place = {"sample_id": sample.sample_id, "suite": sample.suite, "task": sample.task, "method": method}
            run.write_attribution(made.model_copy(update={**place, "attribution_id": f"{sample.sample_id}{number}"}))
    return run


@pytest.mark.slow
def test_explanations_of_a_sample_stand_together_with_their_agreement(full_run: RunFolder, records: Records) -> None:
    samples = full_run.read_samples("evals", "boolq")[1:3]
    html, page = card_of(explained_run(full_run, records, samples))
    assert_inert(page)
    assert len(html.encode()) <= MAX_BYTES
    text = "".join(page.text)
    assert text.count("4 methods compared") == 2
    assert text.count("Rank agreement of the methods") == 4  # each seen and, hidden, as the table's caption
    assert text.count("Attention heads") == 2
    assert html.count('class="waterfall"') == 9  # the run's own attribution has one, too
    assert text.count("Output tokens (rows) by features of the prompt") == 16


@pytest.mark.slow
def test_eight_samples_with_four_methods_fit_a_card(full_run: RunFolder, records: Records) -> None:
    """Three tasks' worth of the longest prompts that are explained word by word."""
    samples = [s.model_copy(update={"prompt": "word " * 48}) for s in full_run.read_samples("evals", "boolq")[:8]]
    run = explained_run(full_run, records, samples)
    html, page = card_of(run)
    assert len(html.encode()) <= MAX_BYTES / 2
    assert "".join(page.text).count("methods compared") == 3  # per task; the others are in the run's folder


@pytest.mark.slow
def test_pictures_of_flagged_samples_stay_folded(full_run: RunFolder, records: Records) -> None:
    samples = full_run.read_samples("evals", "boolq")
    told = [s.model_copy(update={"prompt": "vile " * 9, "flags": ["offence_unknown"]}) for s in samples]
    full_run.write_samples("evals", "boolq", told)
    html, _ = card_of(explained_run(full_run, records, told[1:2]))
    explanations = html[html.index("<h4>Explanations</h4>") :]
    end = explanations.index('<details class="panel task">')
    starts = [match.start() for match in re.finditer("vile|<svg|<table", explanations[:end])]
    assert len(starts) > 100
    for start in starts:
        before = explanations[:start]
        folds = re.findall(r"<details[^>]*>|</details>", before)
        open_folds: list[str] = []
        for fold in folds:
            open_folds.pop() if fold == "</details>" else open_folds.append(fold)
        assert '<details class="masked">' in open_folds


def listen(page: playwright.sync_api.Page, requests: list[str], complaints: list[str]) -> None:
    """Keep what a page asks for and what it complains of."""
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.mark.slow
def test_a_browser_loads_nothing_else_and_has_no_complaints(
    full_run: RunFolder, records: Records, chromium: str
) -> None:
    from playwright.sync_api import sync_playwright

    path: Path = write_card(hostile_run(full_run, records, HOSTILE))
    backgrounds = {"light": "rgb(244, 246, 248)", "dark": "rgb(15, 19, 24)"}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, timeout=300_000)
        for (scheme, background), width in itertools.product(backgrounds.items(), (1200, 400)):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type] # a literal
            page.set_default_timeout(300_000)
            requests: list[str] = []
            complaints: list[str] = []
            listen(page, requests, complaints)
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
            page.close()
            assert requests == [path.as_uri()]
            assert complaints == []
        page = browser.new_page(viewport={"width": 703, "height": 900})  # A4 less margins of 12 mm
        page.goto(path.as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        browser.close()


def with_completions(run: RunFolder, samples: list[Any]) -> tuple[str, str]:
    run.write_samples(samples[0].suite, samples[0].task, samples)
    html, page = card_of(run)
    return html, "".join(page.text)


@pytest.mark.slow
def test_the_most_telling_completion_is_shown_with_its_address_and_how_many_there_are(full_run: RunFolder) -> None:
    texts = [
        SampledText(text="mild", value=0.1),
        SampledText(text="The worst of all.", value=0.9, finish_reason="length"),
    ]
    samples = full_run.read_samples("safety", "crows_pairs")
    told = [one.model_copy(update={"completions": texts, "output": "mild"}) for one in samples]
    html, text = with_completions(full_run, told)
    listed = next(one for one in told if f"{one.sample_id}#1" in html)
    assert f"{listed.sample_id}#1 · score 1 · confidence" in text
    assert "most telling of 2 sampled texts" in text
    assert "Sampled text 2 of 2" in text
    assert "Text #1 · value 0.9 · ended by length" in text
    start = html.index("The worst of all.")
    assert html.rfind('<details class="masked">', 0, start) > html.rfind("</details>", 0, start)


@pytest.mark.slow
def test_an_offensive_completion_of_a_shown_sample_stays_folded(full_run: RunFolder) -> None:
    texts = [SampledText(text="Vile.", value=0.0, flags=[Flag.OFFENSIVE]), SampledText(text=" no", value=1.0)]
    samples = full_run.read_samples("evals", "boolq")
    html, _ = with_completions(full_run, [one.model_copy(update={"completions": texts}) for one in samples])
    starts = [match.start() for match in re.finditer(r"Vile\.", html)]
    assert starts
    for start in starts:
        assert html.rfind('<details class="masked">', 0, start) > html.rfind("</details>", 0, start)
