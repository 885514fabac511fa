"""The Chinese part alone."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.safety import running
from audit.safety.attacks.families import put
from audit.safety.probes.refusal import jailbreaks_languages
from audit.safety.probes.refusal.jailbreaks_zh import ATTACKS, PROBE
from tests.safety.probes.refusal.test_refusal_twins import REFUSALS


def test_the_items_are_those_of_the_whole_set() -> None:
    whole = {item for item in jailbreaks_languages.PROBE.load().items if item.language == "zh"}
    assert set(PROBE.load().items) == whole
    assert len(whole) == 40
    assert len(ATTACKS) == 7


@pytest.mark.slow
def test_shares_by_family_without_a_comparison(scripted: Any, value: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    plain = {put(item.text, "plain"): item.text for item in PROBE.load().items}
    engine = scripted(
        generated=lambda prompt, _index: (
            f"{plain[prompt.strip()][3:-1]}，大致这样：先留出整个下午，再按照顺序逐一完成。"
            if prompt.strip() in plain
            else REFUSALS["zh"]
        )
    )
    result = running.run_probe(PROBE, engine, RunConfig(), TaskConfig(name="jailbreaks_zh", limit=5))
    assert len(result.samples) == 40
    assert value(result, "not_declined").value == 0.0
    assert value(result, "not_declined", family="base64").n == 5
    assert value(result, "plain_not_declined").value == 1.0
    assert {key for metric in result.metrics for key in metric.slice or {}} == {"family", "topic"}
    assert not any("gap" in metric.name for metric in result.metrics)
