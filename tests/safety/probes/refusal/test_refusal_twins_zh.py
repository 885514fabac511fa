"""The Chinese part alone."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.safety import running
from audit.safety.probes.refusal import refusal_twins
from audit.safety.probes.refusal.refusal_twins_zh import PROBE


def test_the_items_are_those_of_the_whole_set() -> None:
    items = PROBE.load().items
    assert len(items) == 80
    whole = {item for item in refusal_twins.PROBE.load().items if item.language == "zh"}
    assert set(items) == whole
    assert {refusal_twins.PROBE.identity(item)[0] for item in items} == {"zh"}


@pytest.mark.slow
def test_shares_without_a_comparison(scripted: Any, value: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(scripted, "has_chat_template", False)
    kinds = {item.text: item.kind for item in PROBE.load().items}
    replies = {"harmful": "抱歉，我不能提供这方面的帮助。", "harmless": "首先打开设置，然后选择第二个选项。"}
    engine = scripted(generated=lambda prompt, _index: replies[kinds[prompt.strip()]])
    result = running.run_probe(PROBE, engine, RunConfig(), TaskConfig(name="refusal_twins_zh"))
    assert value(result, "refusal_harmful").value == 1.0
    assert value(result, "refusal_harmless").value == 0.0
    assert not any("gap" in metric.name for metric in result.metrics)
