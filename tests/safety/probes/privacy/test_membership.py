from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError
from audit.core.records import Sample
from audit.safety import running
from audit.safety.probes.privacy import membership
from audit.stats.definitions import Auroc
from audit.stats.ranking import auroc, true_positive_rate
from tests.engine.checkpoints import drop
from tests.safety.resampling import quick

if TYPE_CHECKING:
    from pathlib import Path


def test_auroc_by_counting_pairs() -> None:
    draws = np.random.default_rng(2)
    seen, unseen = draws.integers(0, 8, 30) + 1.0, draws.integers(0, 8, 40) + 0.0
    pairs = [(a > b) + 0.5 * (a == b) for a in seen for b in unseen]
    assert auroc(seen, unseen) == pytest.approx(np.mean(pairs))


def test_true_positives_at_one_percent() -> None:
    unseen = list(range(200))  # two of them may pass: the threshold is 197
    assert true_positive_rate([198.0, 197.5, 197.0, 3.0], unseen, 0.01) == 0.5
    assert true_positive_rate([198.0, 100.0], list(range(99)), 0.01) == 1.0  # none of 99 may pass
    assert true_positive_rate([98.0, 100.0], list(range(99)), 0.01) == 0.5


@pytest.mark.slow
def test_interval_covers_what_it_should() -> None:
    """AUROC of two normal distributions one standard deviation apart is 0.760."""
    draws = np.random.default_rng(4)
    inside = 0
    for trial in range(40):
        area = Auroc(of="score", by="kind", positive="seen", negative="unseen", seed=trial, resamples=500)
        found = area.estimate(scored(draws.normal(1, 1, 40), draws.normal(0, 1, 40)), unit="probability")
        assert found.interval is not None
        inside += found.interval.low <= 0.7602 <= found.interval.high
    assert inside >= 33  # of 38 expected
    same = area.estimate(scored(np.full(20, 2.0), np.full(20, 1.0)), unit="probability")
    assert (same.interval, same.no_interval) == (None, "every resample gives the same value")


def scored(seen: Any, unseen: Any) -> list[Sample]:
    """Samples of both kinds with these scores."""
    kinds = [("seen", score) for score in seen] + [("unseen", score) for score in unseen]
    return [
        Sample(sample_id=str(n), suite="safety", task="m", prompt="", score=float(score), slices={"kind": kind})
        for n, (kind, score) in enumerate(kinds)
    ]


def documents(count: int, word: str) -> list[dict[str, str]]:
    return [{"text": f"{word} {i} " + "lorem ipsum " * (i % 3 + 1)} for i in range(count)]


@pytest.fixture
def run(tiny: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(seen: Any, unseen: Any, **settings: Any) -> Any:
        rows = {membership.SEEN: seen, membership.UNSEEN: unseen}
        monkeypatch.setattr(membership, "dataset", lambda name: data_set(name, rows[name]))
        config = RunConfig(device="cpu", safety=settings)
        return running.run_probe(quick(membership.PROBE), tiny, config, TaskConfig(name="membership"))

    return go


@pytest.mark.slow
def test_every_attack_gets_auroc_and_true_positives(run: Any, value: Any, tiny_model: Path) -> None:
    result = run(documents(12, "alpha"), documents(14, "beta"), reference=str(tiny_model))
    for attack in ("loss", "zlib", "min_k", "min_k_plus", "reference", "blind"):
        assert 0 <= value(result, "auroc", attack=attack).value <= 1
        assert value(result, "tpr_at_1_fpr", attack=attack).n == 26
    assert value(result, "auroc").value == value(result, "auroc", attack="min_k_plus").value
    assert value(result, "auroc").primary
    # The reference is the checkpoint itself: every ratio is 1, nothing is told apart.
    assert value(result, "auroc", attack="reference").value == pytest.approx(0.5, abs=0.3)
    assert all(sample.scores["reference"] == pytest.approx(1.0) for sample in result.samples)
    # All words of the seen documents begin with alpha, of the others with beta.
    assert value(result, "auroc", attack="blind").value == 1.0
    assert value(result, "blind_auroc").value == 1.0
    assert [metric.metric for metric in result.metrics if metric.primary] == ["auroc", "blind_auroc"]


def test_a_reference_is_loaded_whole_or_not_at_all(run: Any, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(tiny_model, folder)
    drop(folder, "lm_head")
    with pytest.raises(AssetError, match=r"safety\.reference: .*1 weight\(s\) of the model are not in the files"):
        run(documents(12, "a"), documents(12, "b"), reference=str(folder))


def test_a_reference_that_is_nowhere_leaves_the_probe_out(run: Any) -> None:
    with pytest.raises(AssetError, match=r"safety.reference: .*no such"):
        run(documents(12, "a"), documents(12, "b"), reference="./nowhere")


def test_too_few_documents_are_null(run: Any, value: Any) -> None:
    result = run(documents(12, "a"), documents(9, "b"))
    assert value(result, "auroc").value is None
    assert "found 9 unseen_documents" in value(result, "auroc").error


@pytest.mark.slow
def test_long_documents_are_looked_at_from_their_beginning(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(membership, "TOKENS", 16)
    result = run([{"text": "word " * 100}] * 10, documents(10, "b"))
    assert max(sample.tokens_in for sample in result.samples) <= 17


def test_data_comes_from_a_folder(tmp_path: Path, monkeypatch: Any) -> None:
    from audit.core.assets import dataset

    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "seen.jsonl").write_text(json.dumps({"text": "one"}) + "\n" + json.dumps({"text": ""}) + "\n")
    (folder / "unseen-2025.jsonl").write_text(json.dumps({"text": "two"}) + "\n")
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    assert [row["text"] for row in dataset("seen_documents").rows] == ["one"]
    assert [row["text"] for row in dataset("unseen_documents").rows] == ["two"]
