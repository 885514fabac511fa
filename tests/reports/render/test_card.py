from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import AuditError
from audit.core.records import MetricWords, NotRun, TaskWords
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.ratings import RatingSummary
from audit.reports import contents
from audit.reports.errors.words import LOOKED_AT
from audit.reports.render.card import MAX_BYTES, render, write_card
from tests.gate.sequential.conftest import looks
from tests.reports.pages import Page, assert_inert, card_of, card_on_disk
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


@pytest.mark.slow
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


@pytest.mark.slow
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
        f"{100 * accuracy.value:.0f} %",
        f"{100 * accuracy.ci_low:.0f} to {100 * accuracy.ci_high:.0f} %",
        "Most confident errors",
        "Where errors gather",
        "Compared: ",
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
    assert len(charts) == html.count('<svg class="chart"') > 2
    assert all(re.search(r"\d", chart["aria-label"] or "") for chart in charts)
    assert all(a.get("scope") for a in page.all("th"))
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    inside = {(a["href"] or "")[1:] for a in page.all("a") if (a.get("href") or "").startswith("#")}
    assert inside <= set(ids)


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
    problems = html[html.index('id="problems"') : html.index('id="run"')]
    for expected in ("gsm8k", "no data set: use --data-dir", "the scorer broke", "3 of 100", "batch halved"):
        assert expected in problems
    assert "not computed" in "".join(page.text)


def test_slices_that_one_fault_cost_are_one_line(make_run: Callable[..., RunFolder], records: Records) -> None:
    lost = {"value": None, "ci_low": None, "ci_high": None, "error": "the scorer broke", "primary": False}
    slices = [records["metric"](slice={"topic": f"topic {number}"}, **lost) for number in range(30)]
    html, _ = card_of(make_run([records["metric"](), *slices, records["unscored"]()]))
    problems = html[html.index('id="problems"') : html.index('id="run"')]
    assert "Metrics that could not be computed (30)" in problems
    assert problems.count("the scorer broke") == 1
    assert "boolq/accuracy on 30 slices" in problems


def test_words_of_the_run_are_shown_and_names_stand_behind(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    words = MetricWords(title="Right answers", of="of questions are answered right")
    accuracy = records["metric"](words=words, chance=0.25, missing=2)
    declared = TaskWords(title="Yes/no (BoolQ)", question="Does it answer yes or no?", good="Higher is better.")
    bare = records["metric"]("mine/score", unit="score")
    _, page = card_of(make_run([accuracy, bare, records["unscored"]("boolq", 3.0)], words={"boolq": declared}))
    text = " ".join("".join(page.text).split())
    shows = "Better than guessing: 60 % (50 to 70 %), where guessing gives 25 %."
    assert text.count(shows) == 3  # in the head of the page, in its line of the summary and at the head of the task
    for part in (
        "Yes/no (BoolQ): right answers",
        "boolq/accuracy",
        "Does it answer yes or no?",
        "Higher is better.",
        f"{shows} 3 of 100 samples could not be scored. 2 of 102 scored items have no value here.",
        "higher is better; guessing 25 %",
        "mine: score",
        "score: 0.60 (0.50 to 0.70); higher is better.",
    ):
        assert part in text


@pytest.mark.slow
def test_intervals_of_a_run_that_was_looked_at_are_called_too_narrow(full_run: RunFolder) -> None:
    note = "too narrow: see Warnings"
    assert note not in card_of(full_run)[0]
    full_run.write_manifest(full_run.read_manifest().model_copy(update={"looks": looks(50, 100, "boolq")}))
    html = card_of(full_run)[0]
    assert note in html
    assert html.count(LOOKED_AT) == 1  # above the errors of boolq
    without = [one.model_copy(update={"ci_low": None, "ci_high": None}) for one in full_run.read_metrics()]
    full_run.write_metrics(without)
    assert note not in card_of(full_run)[0]


def test_a_run_killed_at_once_still_gets_a_card(make_run: Callable[..., RunFolder]) -> None:
    _, page = card_of(make_run(status="running", finished=None))
    text = "".join(page.text)
    assert "No metric has been measured yet" in text
    assert "audit run --resume" in text


@pytest.mark.slow
def test_the_verdict_is_shown_only_for_the_metrics_it_was_reached_on(full_run: RunFolder) -> None:
    full_run.write_decision(decide(full_run, load_policy()))
    _, page = card_of(full_run)
    assert "INCONCLUSIVE" in "".join(page.text)
    full_run.write_metrics(full_run.read_metrics()[:-1])
    html, page = card_of(full_run)
    assert "NOT JUDGED" in "".join(page.text)
    assert "The verdict is out of date" in html


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_missing_interval_says_why_and_settings_are_fields(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    bare = {"ci_low": None, "ci_high": None, "ci_method": None, "no_interval": "every answer is the same"}
    shared = {"scorer": "detoxify", "samples_per_prompt": 25}
    first = records["metric"]("boolq/accuracy", settings={**shared, "shots": 0}, **bare)
    second = records["metric"]("boolq/f1", primary=False, settings=shared)
    html, page = card_of(make_run([first, second, records["unscored"]()]))
    text = " ".join("".join(page.text).split())
    assert "—every answer is the same" in text
    assert "samples per prompt25" in text
    assert "scorerdetoxify" in text
    assert "shots (accuracy)0" in text
    assert 'title="share (0 to 1); higher means a larger share; higher is better"' in html


@pytest.mark.slow
def test_a_slice_without_items_is_no_alarm(make_run: Callable[..., RunFolder], records: Records) -> None:
    empty = {"value": None, "n": 0, "ci_low": None, "ci_high": None, "error": "no item was drawn", "primary": False}
    nothing = records["metric"](slice={"topic": "rare"}, **empty)
    broken = records["metric"]("mmlu/accuracy", **{**empty, "error": "the scorer broke"}, slice={"topic": "rare"})
    html, _ = card_of(make_run([records["metric"](), nothing, records["unscored"]()]))
    assert 'id="problems"' not in html
    html, _ = card_of(make_run([broken, records["unscored"]("mmlu", 3.0)], run_id="20260131T120000Z-tiny-chat-0a1b2d"))
    problems = html[html.index('id="problems"') : html.index('id="run"')]
    assert "the scorer broke" in problems
