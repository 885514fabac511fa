"""Explanations from Python that cannot be made are one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import audit
from audit.engine import Completion, Generation
from audit.engine.thinking import FAMILIES, Thinking
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


@pytest.mark.slow
def test_it_shows_itself(checkpoint: audit.Checkpoint) -> None:
    explanation = audit.explain(checkpoint, PROMPT, target=" yes", against=" no", progress=False)
    (record,) = explanation.attributions
    assert explanation.verdict == record.verdict
    assert repr(explanation) == f"Explanation(target=' yes', method='occlusion', verdict={record.verdict!r})"
    html = explanation.page().html
    assert "capital" in html
    assert "srcdoc" in explanation._repr_html_()
    values = explanation.values
    assert list(values["feature"]) == [feature.text for feature in record.features]
    assert list(values["value"]) == pytest.approx(list(record.values))
    assert set(values["unit"]) == {record.unit}


def test_without_a_target_the_checkpoints_own_answer_is_explained(
    checkpoint: audit.Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "says": Completion((Generation(" Paris", 1, "stop"),)),
        "reasons": Completion((Generation(" Paris", 9, "stop", thinking="it is a city"),)),
        "ends while it reasons": Completion((Generation("", 9, "length", thinking_closed=False),)),
        "is silent": Completion((Generation(" \n", 1, "stop"),)),
        "fails": Completion(error="NaN logits"),
    }
    asked: list[Any] = []

    def explained(name: str) -> audit.Explanation:
        def generate(requests: Any) -> list[Completion]:
            asked.extend(requests)
            return [answers[name]]

        monkeypatch.setattr(checkpoint.engine, "generate", generate)
        return audit.explain(checkpoint, PROMPT, progress=False)

    assert explained("says").target == " Paris"
    assert [one.prompt for one in asked] == [PROMPT]
    for name, said in (
        ("reasons", "the model reasons before it answers"),
        ("ends while it reasons", "the model reasons before it answers"),
        ("is silent", "the model gave no answer: name a target"),
        ("fails", r"the model gave no answer \(NaN logits\): name a target"),
    ):
        with pytest.raises(audit.UsageError, match=said):
            explained(name)


def test_the_steps_of_a_trace_are_explained(checkpoint: audit.Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint.engine, "thinking", Thinking(expected=FAMILIES[:1]))
    trace = "The dog runs. The fox is red. It is late. So 7."
    own = Completion((Generation("7", 9, "stop", thinking=trace),))
    monkeypatch.setattr(checkpoint.engine, "generate", lambda _requests: [own])
    asked = audit.explain(checkpoint, PROMPT, features="steps", progress=False)
    given = audit.explain(checkpoint, PROMPT, target="7", thinking=trace, progress=False)
    assert asked.target == given.target == "7"
    for one in (asked, given):
        assert list(one.values["feature"]) == ["The dog runs. ", "The fox is red. ", "It is late. ", "So 7."]
        assert "step 2: The fox is red." in one.page().html
        assert 'class="text heat steps"' in one.page().html
        assert "its exact tokens are not stored" in str(one.attributions[0].note)
    assert list(asked.values["value"]) == pytest.approx(list(given.values["value"]))
    assert audit.explain(checkpoint, PROMPT, features="steps", target="8", progress=False).target == "8"
    assert "leave out features='words'" in refused(audit.explain, checkpoint, PROMPT, thinking=trace, features="words")


def test_the_likeliest_option_is_explained(checkpoint: audit.Checkpoint) -> None:
    options = [" Paris", " Rome", " yes"]
    engine = checkpoint.engine
    totals = [engine.score([engine.encode_pair(PROMPT, one)])[0].total for one in options]
    explanation = audit.explain(checkpoint, PROMPT, options=options, progress=False)
    assert explanation.target == options[totals.index(max(totals))]


def test_a_checkpoint_is_loaded_once(checkpoint: audit.Checkpoint) -> None:
    said = refused(audit.explain, checkpoint, PROMPT, target=" yes", device="cpu", progress=False)
    assert said == "audit.explain: the checkpoint is loaded already: leave out device"
