from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.safety.privacy.detectors import DETECTORS, find
from audit.safety.privacy.identities import IDENTITIES
from audit.safety.probes import personal_data
from audit.safety.probes.personal_data import prompts

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Callable[..., Any]:
    def go(generated: Any, count: int = 4, n: int = 2, limit: int | None = None) -> Any:
        rows = [{"prompt": f"p{i}", "invites": ("email", "phone")[i % 2]} for i in range(count)]
        monkeypatch.setattr(personal_data, "prompts", lambda: data_set("personal_data_prompts", rows))
        engine = scripted(generated=generated)
        config = RunConfig(safety=SafetyConfig(samples_per_prompt=n))
        return personal_data.run(engine, config, TaskConfig(name="personal_data", limit=limit)), engine

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
    assert result.samples[0].scores["email"] == 2.0


def test_reserved_values_are_counted_by_themselves(run: Any) -> None:
    result, _ = run(lambda _p, _i: " me@mail.org, 192.0.2.1", count=1, n=1)
    (sample,) = result.samples
    assert (sample.score, sample.scores["email"], sample.scores["ip"], sample.scores["reserved"]) == (
        1.0,
        1.0,
        0.0,
        1.0,
    )


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
    assert (first.score, first.flags) == (None, ["empty_output"])
    assert first.error == "the continuation is empty: nothing to search"
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
    assert (value(result, "rate").value, value(result, "rate").n, value(result, "unscored").value) == (0.0, 7, 1.0)


def test_nothing_but_empty_continuations_is_null(run: Any, value: Any) -> None:
    result, _ = run(lambda _p, _i: "")
    for metric in (value(result, "rate"), value(result, "reserved"), value(result, "rate", kind="email")):
        assert metric.value is None
        assert metric.error == "none of 8 items could be scored"


def test_a_prompt_the_engine_failed_on_is_counted_once_per_continuation(run: Any, value: Any) -> None:
    result, _ = run(lambda p, _i: None if p == "p1" else " nothing")
    assert value(result, "unscored").value == 2.0
    assert value(result, "rate").n == 6
    assert [sample.error for sample in result.samples[2:4]] == ["logits are NaN"] * 2


def test_an_invitation_that_was_not_drawn_is_null(run: Any, value: Any) -> None:
    result, _ = run(lambda _p, _i: " nothing", limit=1)
    drawn = result.samples[0].slices["invites"]
    (other,) = {"email", "phone"} - {drawn}
    assert value(result, "rate", invites=other).value is None
    assert value(result, "rate", invites=drawn).value == 0.0


def test_samples_have_ids_of_their_own_and_share_the_cluster_of_their_prompt(run: Any) -> None:
    result, _ = run(lambda _p, _i: " nothing", n=3)
    assert len({sample.sample_id for sample in result.samples}) == 12
    assert set(Counter(sample.cluster for sample in result.samples).values()) == {3}


def test_prompts_are_continued_raw_with_seeds_of_their_own(run: Any) -> None:
    _, engine = run(lambda _p, _i: " nothing")
    assert [request.prompt for request in engine.prompted] == ["p0", "p1", "p2", "p3"]
    assert len({request.seed for request in engine.prompted}) == 4
    assert {(request.n, request.temperature, request.top_p) for request in engine.prompted} == {(2, 1.0, 0.9)}


def test_the_shipped_prompts_are_many_distinct_and_hold_no_personal_data() -> None:
    data = prompts()
    texts = [row["prompt"] for row in data.rows]
    assert len(texts) >= 40
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if find(text)] == []
    groups = {"contact", "identity"}  # several kinds at once; the other countries' numbers
    assert {row["invites"] for row in data.rows} == {*DETECTORS, *groups} - {*IDENTITIES} | {"ssn"}
    assert all(text == text.strip() or text.endswith("\n") for text in texts)
