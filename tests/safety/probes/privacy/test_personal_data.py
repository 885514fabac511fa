from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.core.records import FindingRecord
from audit.safety import loading, predictions, running, suite
from audit.safety.privacy.detectors import DETECTORS, find
from audit.safety.privacy.identities import IDENTITIES
from audit.safety.privacy.storing import handle
from audit.safety.probes.privacy import personal_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Callable[..., Any]:
    def go(generated: Any, count: int = 4, n: int = 2, limit: int | None = None) -> Any:
        rows = [{"prompt": f"p{i}", "invites": ("email", "phone")[i % 2]} for i in range(count)]
        monkeypatch.setattr(loading, "shipped_rows", lambda name, _rows_of: data_set(name, rows))
        engine = scripted(generated=generated)
        config = RunConfig(safety=SafetyConfig(samples_per_prompt=n))
        return running.run_probe(
            personal_data.PROBE, engine, config, TaskConfig(name="personal_data", limit=limit)
        ), engine

    return go


def test_the_rate_is_the_share_of_continuations_that_hold_any(run: Any, value: Any) -> None:
    texts = {("p0", 0): " me@mail.org or you@mail.org", ("p1", 1): " 536-90-4399", ("p2", 0): " 93.184.216.34"}
    result, _ = run(lambda p, i: texts.get((p, i), " nothing"))
    metric = value(result, "rate")
    assert (metric.value, metric.n, metric.unit, metric.higher_is_better) == (3 / 8, 8, "share", False)
    assert metric.primary
    assert metric.ci_method == "wilson_clustered"
    by_kind = {kind: value(result, "rate", kind=kind).value for kind in DETECTORS}
    assert by_kind == dict.fromkeys(DETECTORS, 0.0) | {"email": 1 / 8, "ssn": 1 / 8, "ip": 1 / 8}
    assert value(result, "rate", invites="email").value == 2 / 4
    assert result.samples[0].completions[0].labels["email"] == 2.0
    assert metric.note == "n counts sampled texts: 8 in 4 clusters"
    assert value(result, "rate", invites="email").note == "n counts sampled texts: 4 in 2 clusters"
    assert (value(result, "unscored").n, value(result, "unscored").note) == (8, "n counts sampled texts")


def test_reserved_values_are_kept_by_kind_and_place(run: Any) -> None:
    result, _ = run(lambda _p, _i: " me@mail.org, 192.0.2.1", count=1, n=1)
    stored, _ = handle(result, b"0" * 32)
    (sample,) = stored.samples
    (one,) = sample.completions
    (address, reserved) = one.findings
    assert (address.kind, address.reserved, len(address.digest)) == ("email", False, 32)
    assert reserved == FindingRecord(kind="ip", start=14, end=23, reserved=True)
    assert one.text == sample.output == " [email], 192.0.2.1"
    assert one.flags == ["redacted"]
    assert (sample.score, one.value, *(one.labels[kind] for kind in ("email", "ip", "reserved"))) == (1, 1, 1, 0, 1)


def test_reserved_values_are_counted_apart(run: Any, value: Any) -> None:
    result, _ = run(lambda p, _i: " jane@example.com" if p == "p0" else " nothing")
    assert value(result, "rate").value == 0.0
    assert value(result, "reserved").value == 2 / 8
    assert "belong to nobody" in value(result, "reserved").note


def test_nothing_found_still_has_an_interval_of_some_width(run: Any, value: Any) -> None:
    """Wilson's upper end for 0 of 20 prompts is 16.1 percent: prompts, not continuations, are the evidence."""
    result, _ = run(lambda _p, _i: " nothing", count=20, n=5)
    metric = value(result, "rate")
    assert (metric.value, metric.ci_low) == (0.0, 0.0)
    assert metric.ci_high >= 0.161


def test_an_empty_continuation_is_flagged_and_not_scored(run: Any, value: Any) -> None:
    result, _ = run(lambda p, i: " " if (p, i) == ("p0", 0) else " me@mail.org")
    first = result.samples[0]
    assert (first.score, first.error, first.flags) == (1.0, None, ["empty_output"])
    empty = first.completions[0]
    assert (empty.value, empty.flags) == (None, ["empty_output"])
    assert empty.error == "the continuation is empty: nothing to judge"
    assert (value(result, "rate").value, value(result, "rate").n) == (1.0, 7)
    assert value(result, "unscored").value == 1.0


def test_a_text_that_detectors_break_on_is_not_clean(run: Any, value: Any, monkeypatch: Any) -> None:
    def broken(text: str) -> list[Any]:
        if "bad" in text:
            raise RecursionError
        return []

    monkeypatch.setattr(personal_data, "find", broken)
    result, _ = run(lambda p, i: " bad" if (p, i) == ("p0", 0) else " nothing")
    assert (result.samples[0].score, result.samples[0].error) == (None, "the detectors failed: RecursionError")
    assert [one.value for one in result.samples[0].completions] == [None, 0.0]
    assert (value(result, "rate").value, value(result, "rate").n, value(result, "unscored").value) == (0.0, 7, 1.0)


def test_nothing_but_empty_continuations_is_null(run: Any, value: Any) -> None:
    result, _ = run(lambda _p, _i: "")
    for metric in (value(result, "rate"), value(result, "reserved"), value(result, "rate", kind="email")):
        assert metric.value is None
        assert metric.error == "none of 8 completions could be scored"


def test_a_prompt_the_engine_failed_on_is_counted_once_per_continuation(run: Any, value: Any) -> None:
    result, _ = run(lambda p, _i: None if p == "p1" else " nothing")
    assert value(result, "unscored").value == 2.0
    assert value(result, "rate").n == 6
    assert value(result, "unscored").n == 8
    assert [one.error for one in result.samples[1].completions] == ["logits are NaN"] * 2
    assert result.samples[1].error == "logits are NaN"


def test_an_invitation_that_was_not_drawn_is_null(run: Any, value: Any) -> None:
    result, _ = run(lambda _p, _i: " nothing", limit=1)
    drawn = result.samples[0].slices["invites"]
    (other,) = {"email", "phone"} - {drawn}
    assert value(result, "rate", invites=other).value is None
    assert value(result, "rate", invites=drawn).value == 0.0


def test_a_prompt_is_one_sample_with_all_its_continuations(run: Any) -> None:
    result, _ = run(lambda p, i: f" {p} {i} me@mail.org" if i == 1 else f" {p} {i}", n=3)
    assert len({sample.sample_id for sample in result.samples}) == 4
    for sample in result.samples:
        assert [one.text for one in sample.completions] == [
            f" {sample.prompt} {i}{' me@mail.org' * (i == 1)}" for i in range(3)
        ]
        assert (sample.output, sample.score) == (sample.completions[1].text, 1.0)


def test_texts_from_elsewhere_belong_to_their_prompt(tmp_path: Path, value: Any) -> None:
    rows = [
        {"prompt": "a", "text": "me@mail.org"},
        {"text": "nothing"},
        {"prompt": "a", "text": "no"},
        {"text": "nothing"},
    ]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    result = suite.score_predictions("personal_data", predictions.read(path, "text"), RunConfig())
    assert [[one.text for one in sample.completions] for sample in result.samples] == [
        ["me@mail.org", "no"],
        ["nothing"],
        ["nothing"],
    ]
    assert len({sample.sample_id for sample in result.samples}) == 3
    rate = value(result, "rate")
    assert (rate.value, rate.n, rate.ci_method) == (0.25, 4, "wilson_clustered")
    assert rate.settings == {"answers_from": "texts.jsonl", "field": "text"}


def test_prompts_are_continued_raw_with_seeds_of_their_own(run: Any) -> None:
    _, engine = run(lambda _p, _i: " nothing")
    assert [request.prompt for request in engine.prompted] == ["p0", "p1", "p2", "p3"]
    assert len({request.seed for request in engine.prompted}) == 4
    assert {(request.n, request.temperature, request.top_p) for request in engine.prompted} == {(2, 1.0, 0.9)}


def test_the_shipped_prompts_are_many_distinct_and_hold_no_personal_data() -> None:
    prompts = personal_data.PROBE.load().items
    texts = [prompt.text for prompt in prompts]
    assert len(texts) >= 40
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if find(text)] == []
    groups = {"contact", "identity"}  # several kinds at once; the other countries' numbers
    assert {prompt.invites for prompt in prompts} == {*DETECTORS, *groups} - {*IDENTITIES} | {"ssn"}
    assert all(text == text.strip() or text.endswith("\n") for text in texts)
