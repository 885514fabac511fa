from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import AuditError
from audit.core.records import NotRun
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.ratings import RatingSummary
from audit.reports import contents
from audit.reports.render.card import MAX_BYTES, render, write_card
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import playwright.sync_api

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]

VOID = {"meta", "link", "br", "wbr", "hr", "img", "input"}
LOADING_ATTRIBUTES = {"src", "srcset", "data", "poster", "background", "action", "formaction", "xlink:href", "ping"}
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)></pre></div></details>"
    "\"' onload=alert(1) {{ 7 * 7 }} **bold** [a](javascript:alert(1)) `c` | d "
    "\x1b[31mred\x1b[0m \x00 \u202egnp.exe \u2066x\u200b \ud800"
)


class Page(HTMLParser):
    """What a browser would see: tags in balance, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def card_of(run: RunFolder, **options: Any) -> tuple[str, Page]:
    html = render(contents.read(sealed(run), **options))
    page = Page(html)
    assert page.open == []
    return html, page


def card_on_disk(run: RunFolder) -> tuple[str, Page]:
    html = run.report_path.read_text("utf-8")
    page = Page(html)
    assert page.open == []
    return html, page


def assert_inert(page: Page) -> None:
    """No script, no handler, nothing that loads."""
    names = {name for name, _ in page.tags}
    assert not names & {"script", "iframe", "object", "embed", "form", "base", "img", "audio", "video", "foreignobject"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not LOADING_ATTRIBUTES & set(attributes), (tag, attributes)
        target = attributes.get("href") or ""
        assert tag == "a" or not target or target.startswith("data:"), (tag, target)
        assert not re.match(r"(?i)\s*(javascript|data|vbscript):", target) or tag == "link"
        assert "url(" not in (attributes.get("style") or "") + (attributes.get("fill") or "")


def test_the_card_is_inert_well_formed_and_self_contained(shared_run: RunFolder) -> None:
    html, page = card_on_disk(shared_run)
    assert_inert(page)
    assert "<script" not in html.lower()
    assert "@import" not in html
    assert "url(" not in html
    policies = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert len(html.encode()) <= MAX_BYTES


def test_the_card_shows_what_was_measured(shared_run: RunFolder) -> None:
    _, page = card_on_disk(shared_run)
    text = " ".join(" ".join(page.text).split())
    (accuracy,) = [m for m in shared_run.read_metrics() if m.name == "boolq/accuracy"]
    assert accuracy.value is not None
    assert accuracy.ci_low is not None
    assert accuracy.ci_high is not None
    for expected in (
        "tiny-chat",
        "complete",
        "NOT JUDGED",
        f"{accuracy.value:.3f}",
        f"{accuracy.ci_low:.3f} to {accuracy.ci_high:.3f}",
        "Most confident errors",
        "shortest quarter",
        "Content warning",
        "may not be a good indicator of bias",
        "deletion auc gain",
        "believable",
        "CC-BY-SA-3.0",
        "audit run --config config.yaml",
        "134.5 M",
        "91.7 MB",
        "4 min 12 s",
    ):
        assert expected in text, expected


def test_the_card_is_accessible_where_it_can_be_checked(shared_run: RunFolder) -> None:
    html, page = card_on_disk(shared_run)
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels)), levels
    assert len(page.all("table")) == len(page.all("caption")) > 5
    charts = [a for _, a in page.tags if a.get("role") == "img"]
    assert len(charts) == html.count('<svg class="chart"') > 3
    assert all(re.search(r"\d", chart["aria-label"] or "") for chart in charts)
    assert all(a.get("scope") for a in page.all("th"))
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    inside = {(a["href"] or "")[1:] for a in page.all("a") if (a.get("href") or "").startswith("#")}
    assert inside <= set(ids)


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
            "flags": [storable[:80]],
            "scores": {storable[:80]: 1.0, "confidence": 0.9},
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
    changes = {"model": model, "signature": storable, "warnings": [storable], "config": {"model": storable}}
    run.write_manifest(manifest.model_copy(update=changes))
    return sealed(run)


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


def test_a_megabyte_of_output_is_cut_and_says_so(full_run: RunFolder, records: Records) -> None:
    html, page = card_of(hostile_run(full_run, records, "<b>&\u202e" * 200_000))
    assert_inert(page)
    assert len(html.encode()) <= MAX_BYTES
    assert "998,200 characters left out" in "".join(page.text)


def test_safety_text_stays_folded(shared_run: RunFolder) -> None:
    html, _ = card_on_disk(shared_run)
    safety = html[html.index('id="safety"') :]
    for start in (match.start() for match in re.finditer("An offensive sentence", safety)):
        before = safety[:start]
        assert before.rfind('<details class="masked">') > before.rfind("</details>")
    assert "An offensive sentence" in safety
    assert "<details open" not in safety


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


def test_failures_are_prominent(make_run: Callable[..., RunFolder], records: Records) -> None:
    run = make_run(
        [
            records["failed"]("evals", "boolq", "accuracy", "the scorer broke", primary=True),
            records["unscored"]("mmlu", 3.0),
        ],
        status="partial",
        not_run=[NotRun(suite="evals", task="gsm8k", reason="no data set: use --data-dir")],
        warnings=["batch halved"],
    )
    html, page = card_of(run)
    problems = html[html.index('id="problems"') : html.index('id="measured"')]
    for expected in ("gsm8k", "no data set: use --data-dir", "the scorer broke", "3 of 100", "batch halved"):
        assert expected in problems
    assert "not computed" in "".join(page.text)


def test_a_run_killed_at_once_still_gets_a_card(make_run: Callable[..., RunFolder]) -> None:
    _, page = card_of(make_run(status="running", finished=None))
    text = "".join(page.text)
    assert "Nothing yet" in text
    assert "audit run --resume" in text


def test_the_verdict_is_shown_only_for_the_metrics_it_was_reached_on(full_run: RunFolder) -> None:
    full_run.write_decision(decide(full_run, load_policy(), lambda: TASKS))
    _, page = card_of(full_run)
    assert "INCONCLUSIVE" in "".join(page.text)
    full_run.write_metrics(full_run.read_metrics()[:-1])
    html, page = card_of(full_run)
    assert "NOT JUDGED" in "".join(page.text)
    assert "The verdict is out of date" in html


TASKS = ["openbookqa", "mmlu", "stereoset", "toxicity", "personal_data"]


def test_ratings_are_shown_with_their_interval(full_run: RunFolder) -> None:
    rating = RatingSummary(
        suite="evals",
        task="boolq",
        n_ratings=12,
        n_samples=8,
        n_raters=3,
        mean=3.4,
        ci_low=2.81,
        ci_high=4.02,
        ci_method="clustered_t",
    )
    _, page = card_of(full_run, ratings=[rating])
    text = " ".join(" ".join(page.text).split())
    assert "3.40 2.81 to 4.02 12 8 3 clustered_t" in text
    _, without = card_of(full_run)
    assert "Human ratings" not in "".join(without.text)


@pytest.mark.slow
def test_a_big_run_keeps_to_the_size_and_says_what_it_left_out(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    tasks = [f"task_{index}" for index in range(30)]
    counts = {task: records["unscored"](task).model_copy(update={"n": 8}) for task in tasks}
    metrics = [m for task in tasks for m in (records["metric"](f"{task}/accuracy", n=8), counts[task])]
    run = make_run(metrics)
    for task in tasks:
        samples = [records["sample"](task, i, prompt="\u202e" * 5000, score=0.0, output="&" * 5000) for i in range(8)]
        run.write_samples("evals", task, samples)
    read = contents.read(sealed(run))
    small = 400_000
    html = render(read, max_bytes=small)
    assert len(html.encode()) <= small < len(render(read).encode()) <= MAX_BYTES
    assert "left out" in Page(html).text[-1] or "left out" in html
    assert all(f"{task}/accuracy" in html for task in tasks)
    with pytest.raises(AuditError, match="exceeds"):
        render(read, max_bytes=1000)


def test_rendering_is_deterministic_and_written_into_the_run(full_run: RunFolder) -> None:
    path = write_card(full_run)
    first = path.read_bytes()
    assert path == full_run.path / "report" / "index.html"
    write_card(full_run)
    assert path.read_bytes() == first


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2 of a colour ``#rrggbb``."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_reaches_aa_in_light_and_dark(shared_run: RunFolder) -> None:
    html, _ = card_on_disk(shared_run)
    themes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    ]
    light, dark = themes[0], themes[1]
    for theme in (light, dark):
        pairs = [(ink, back) for ink in ("ink", "muted", "link") for back in ("page", "panel", "sunken")]
        pairs += [(name, "panel") for name in ("evals", "safety", "explain", "fail")]
        pairs += [(name, f"{name}-bg") for name in ("pass", "fail", "unsure", "none")]
        pairs += [("ink", f"{sign}{step}") for sign in "pn" for step in range(1, 6)]
        for text, back in pairs:
            assert contrast(theme[text], theme[back]) >= 4.5, (text, back)


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
        browser.close()


def explained_run(run: RunFolder, records: Records, samples: list[Any]) -> RunFolder:
    """Each sample explained by four methods, with values per output token and heads."""
    for sample in samples:
        for number, method in enumerate(("occlusion", "shap", "lime", "attention")):
            pieces = [f"{word} " for word in sample.prompt.split()]
            made = records["matrix"](pieces, [" one", " two", " three"], heads=(30, 9) if number == 3 else (0, 0))
            place = {"sample_id": sample.sample_id, "suite": sample.suite, "task": sample.task, "method": method}
            run.write_attribution(made.model_copy(update={**place, "attribution_id": f"{sample.sample_id}{number}"}))
    return run


def test_explanations_of_a_sample_stand_together_with_their_agreement(full_run: RunFolder, records: Records) -> None:
    samples = full_run.read_samples("evals", "boolq")[1:3]
    html, page = card_of(explained_run(full_run, records, samples))
    assert_inert(page)
    assert len(html.encode()) <= MAX_BYTES
    text = "".join(page.text)
    assert text.count("4 methods beside each other") == 2
    assert text.count("Rank agreement of the methods") == 4  # each seen and, hidden, as the table's caption
    assert text.count("Attention heads") == 2
    assert html.count('class="waterfall"') == 9  # the run's own attribution has one, too
    assert text.count("Output tokens (rows) by pieces of the prompt") == 16


def test_eight_samples_with_four_methods_fit_a_card(full_run: RunFolder, records: Records) -> None:
    """Three tasks' worth of the longest prompts that are explained word by word."""
    samples = [s.model_copy(update={"prompt": "word " * 48}) for s in full_run.read_samples("evals", "boolq")[:8]]
    run = explained_run(full_run, records, samples)
    html, page = card_of(run)
    assert len(html.encode()) <= MAX_BYTES / 2
    assert "".join(page.text).count("methods beside each other") == 3  # per task; the others are in the run's folder


def test_pictures_of_flagged_samples_stay_folded(full_run: RunFolder, records: Records) -> None:
    samples = full_run.read_samples("evals", "boolq")
    told = [s.model_copy(update={"prompt": "vile " * 9, "flags": ["offence_unknown"]}) for s in samples]
    full_run.write_samples("evals", "boolq", told)
    html, _ = card_of(explained_run(full_run, records, told[1:2]))
    explanations = html[html.index("<h4>Explanations</h4>") :]
    starts = [
        match.start() for match in re.finditer("vile|<svg|<table", explanations[: explanations.index("</section>")])
    ]
    assert len(starts) > 100
    for start in starts:
        before = explanations[:start]
        folds = re.findall(r"<details[^>]*>|</details>", before)
        open_folds: list[str] = []
        for fold in folds:
            open_folds.pop() if fold == "</details>" else open_folds.append(fold)
        assert '<details class="masked">' in open_folds
