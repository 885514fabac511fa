"""Items are drawn from every task; positions are those that predict the first tokens of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records.flags import Flag
from audit.core.records.sample import FindingRecord
from audit.engine import load
from audit.pipeline.compression import positions as module
from audit.pipeline.compression.positions import asked_items, drawn_items
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class StubRun:
    """Two tasks of a run, and an explanation."""

    def tasks(self) -> list[tuple[str, str]]:
        return [("evals", "boolq"), ("safety", "crows_pairs"), ("explain", "occlusion")]

    def read_samples(self, _suite: str, task: str) -> list[Any]:
        return [a_sample(task, index) for index in range(5 if task == "boolq" else 2)]


def test_items_are_drawn_from_every_task() -> None:
    run: Any = StubRun()
    drawn = drawn_items(run, 6)
    assert [one.task for one in drawn] == ["boolq", "crows_pairs", "boolq", "crows_pairs", "boolq", "boolq"]
    assert drawn_items(run, 3) == drawn[:3]
    assert len(drawn_items(run, 99)) == 7


def test_positions_predict_the_answer(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(str(tiny_model), device="cpu")
    monkeypatch.setattr(module, "POSITIONS", 3)
    finding = FindingRecord(kind="email", start=0, end=1, digest="d")
    samples = [
        a_sample("boolq", 0, prompt="Is it? ", output="yes, it is", answered_by="generation", cluster="c"),
        a_sample("boolq", 1, prompt="Is it?", output=" no", answered_by="likelihood"),
        a_sample("boolq", 2, error="none"),
        a_sample("boolq", 3, output=None),
        a_sample("boolq", 4, thinking="hm"),
        a_sample("boolq", 5, findings=[finding]),
        a_sample("boolq", 6, flags=[Flag.TRUNCATED_PROMPT]),
        a_sample("boolq", 7, prompt="a long prompt " * 100),
    ]
    items, left_out = asked_items(engine, samples)
    assert [one.sample.sample_id for one in items] == [one.sample_id for one in samples[:2]]
    assert left_out == {
        "not scored": 1,
        "no answer": 1,
        "a reasoning trace before the answer, whose markers are not stored": 1,
        "personal data in the answer, which is not stored as it was written": 1,
        "longer than the context": 2,
    }
    first, second = (one.request for one in items)
    assert first.context_ids == tuple(engine.encode("Is it? "))  # the white space stays in the prompt
    assert first.target_ids == tuple(engine.encode("yes, it is", add_special_tokens=False)[:3])
    assert second.target_ids == tuple(engine.encode("Is it? no")[len(engine.encode("Is it?")) :][:3])
    assert [one.cluster for one in items] == ["evals/boolq/c", f"evals/boolq/{samples[1].sample_id}"]
