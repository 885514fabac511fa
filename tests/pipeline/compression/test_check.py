"""Tasks and verdicts of the check, names of checkpoints, and distributions that do not exist."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.progress import Silent
from audit.gate.policy import load_policy
from audit.pipeline.compression import check as module
from audit.pipeline.compression.check import FILE_FULL, Asking, check
from audit.stats.multiplicity import benjamini_hochberg
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class StubEngine:
    """A vocabulary of four tokens; every distribution is the same."""

    max_length = 64

    def __init__(self, vocabulary: int, last: float) -> None:
        self.tokenizer = SimpleNamespace(get_vocab=lambda: {str(place): place for place in range(vocabulary)})
        head = SimpleNamespace(weight=np.zeros((vocabulary, 2)))
        self.model = SimpleNamespace(get_output_embeddings=lambda: head)
        self.row = np.array([0.0] * (vocabulary - 1) + [last], dtype=np.float32)

    def encode_pair(self, _prompt: str, _output: str) -> Any:
        from audit.engine.requests import ScoreRequest

        return ScoreRequest((1, 2), (3, 0))

    encode_answer = encode_pair

    def logits(self, requests: Any) -> Iterator[tuple[int, Any]]:
        for place, one in enumerate(requests):
            yield place, np.tile(self.row, (len(one.target_ids), 1))

    def score(self, _requests: Any) -> list[Any]:
        return []


ENGINES = {
    "r0": StubEngine(4, 0.0),
    "r1": StubEngine(4, 1.0),
    "r2": StubEngine(5, 0.0),
    "r3": StubEngine(4, np.nan),
}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs whose checkpoint was loaded, in order; the cache is the test's own."""
    loads: list[str] = []

    @contextmanager
    def loaded(manifest: Any, *_: object) -> Iterator[StubEngine]:
        loads.append(manifest.run_id)
        yield ENGINES[manifest.run_id]

    monkeypatch.setattr(module, "_loaded", loaded)
    monkeypatch.setattr(module, "texts_at_hand", lambda _: [])
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    return loads


@pytest.mark.slow
def test_a_check_of_stub_engines(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.pipeline.compression.kept_logits.MOST_BYTES", 4 * 4 * 2 * 30)  # 30 of 40 items
    before, after = [1.0] * 30 + [0.0] * 10, [1.0] * 15 + [0.0] * 25
    runs = [
        run_with(tmp_path, f"m{place}", scored(scores), run_id=f"r{place}", model={"digest": f"{place}" * 64})
        for place, scores in enumerate((before, after, before, after))
    ]
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, no_worse_than_baseline: {margin: 0.02}}]\n", "utf-8")
    asking = Asking(load_policy(policy), items=40)
    found = check(runs[0], runs[1:], asking, Silent())
    assert [one.decision.verdict for one in found.twins] == ["FAIL", "INCONCLUSIVE", "FAIL"]
    assert asked == ["r0", "r1", "r2", "r3"]
    assert len({one.label for one in found.twins}) == 3
    assert "no texts are on this machine" in (found.no_languages or "")
    one, other, broken = found.twins
    assert one.divergence is not None
    # P is uniform over four tokens; Q has e for the last of them: KL = ln((3 + e) / 4) - 1 / 4.
    assert one.divergence.kl_divergence.value == pytest.approx(np.log((3 + np.e) / 4) - 0.25)
    assert one.divergence.left_out == {FILE_FULL: 10}
    assert one.divergence.items == 30
    assert other.divergence is None
    assert "4 and 5 tokens" in (other.no_divergence or "")
    assert broken.divergence is None
    assert "not finite" in (broken.no_divergence or "")
    first = one.comparison.differences[0]
    assert (first.primary, first.lower, first.outcome) == (True, 15, "worse")
    assert first.p_adjusted == benjamini_hochberg([first.p_value or 0.0])[0]


@pytest.mark.slow
def test_what_was_measured_before_an_interruption_is_not_measured_again(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [
        run_with(tmp_path, f"m{place}", scored([1.0] * 20), run_id=f"r{place}", model={"digest": f"{place}" * 64})
        for place in range(3)
    ]
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.1}]\n", "utf-8")
    asking = Asking(load_policy(policy), items=20)
    whole = check(runs[0], runs[1:], asking, Silent())
    asked.clear()
    logits = StubEngine.logits

    def interrupted(engine: StubEngine, requests: Any) -> Any:
        if asked[-1] == "r2":
            raise KeyboardInterrupt
        return logits(engine, requests)

    monkeypatch.setitem(ENGINES, "r2", StubEngine(4, 2.0))
    with monkeypatch.context() as patched:
        patched.setattr(StubEngine, "logits", interrupted)
        with pytest.raises(KeyboardInterrupt):
            check(runs[0], runs[1:], asking, Silent())
    assert asked == ["r0", "r1", "r2"]
    asked.clear()
    again = check(runs[0], runs[1:], asking, Silent())
    assert asked == ["r0", "r2"]
    assert again.twins[0] == whole.twins[0]
    assert again.twins[1].divergence is not None
    assert [*(tmp_path / "cache" / "compression").iterdir()] == []
    asked.clear()
    check(runs[0], runs[1:], asking, Silent())
    assert asked == ["r0", "r1", "r2"]
