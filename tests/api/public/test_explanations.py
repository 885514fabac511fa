"""Explanations from Python that cannot be made are one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import audit
from audit.pipeline import plugins

ROOT = Path(__file__).resolve().parents[3]

PROMPT = "The capital of France is"


def refused(call: Any, *given: object, **named: object) -> str:
    with pytest.raises(audit.UsageError) as raised:
        call(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "nope"}, "unknown features nope: use auto, tokens,"),
        ({"features": "word"}, "Did you mean 'words'?"),
        ({"max_features": 0}, "audit.explain: explain.max_features: must be at least 1"),
        ({"method": "integrated_gradients", "steps": 0}, "steps: 0 is not a whole number from 2"),
        ({"method": "shapley", "evaluations": -5}, "evaluations: -5 is not a whole number from 16"),
        ({"method": "shapley", "evaluations": True}, "evaluations: True is not a whole number from 16"),
        ({"steps": 8}, "steps has no effect on occlusion: name one of"),
        ({"seed": -1}, "audit.explain: seed: must be at least 0"),
        ({"options": " yes"}, "options are a list of texts"),
        ({"options": 7}, "audit.explain: options: 7 is no text"),
        ({"options": [" yes", 7]}, "audit.explain: options: 7 is no text"),
        ({"target": 7}, "audit.explain: 7 is no text"),
        ({"method": None}, "audit.explain: method: None is no text"),
        ({"method": ["occlusion", 7]}, "audit.explain: method: 7 is no text"),
        ({"method": []}, "audit.explain: no method is named"),
        ({"plugins": "/nowhere/mine.py"}, "plug-in /nowhere/mine.py: no such file: check the path"),
        ({"plugins": 7}, "audit.explain: plugins"),
        ({"options": [" yes"], "target": None}, "options: give at least two"),
        ({"options": [" yes", ""], "target": None}, "options: give at least two"),
    ],
)
def test_explanations_that_cannot_be_made(checkpoint: audit.Checkpoint, options: dict[str, Any], message: str) -> None:
    assert message in refused(audit.explain, checkpoint, PROMPT, progress=False, **{"target": " yes", **options})


def test_a_method_of_a_plug_in_file(checkpoint: audit.Checkpoint) -> None:
    file = ROOT / "examples" / "plugin" / "audit_example" / "method.py"
    given: dict[str, Any] = {"target": " yes", "method": ["leave_one_in", "occlusion"], "progress": False}
    try:
        explanation = audit.explain(checkpoint, PROMPT, plugins=file, **given)
    finally:
        plugins.unload(str(file))
    assert [one.method for one in explanation.attributions] == ["leave_one_in", "occlusion"]
    assert "unknown attribution method 'leave_one_in'" in refused(audit.explain, checkpoint, PROMPT, **given)
