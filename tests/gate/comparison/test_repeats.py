"""Repeated runs of two checkpoints: the numbers of the repeated comparison, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.core.errors import ConfigError, RunFolderError
from audit.core.run_folder import RunFolder
from audit.gate.comparison.repeats import compare_repeats, ends
from audit.stats.definitions import Mean
from audit.stats.pairing.repeated import compared_repeats
from tests.gate.comparison.runs import run_with, scored
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

pytestmark = pytest.mark.slow

N = 40


@pytest.fixture
def scores() -> list[list[float]]:
    """Two runs of one checkpoint, two of a better one, in turns."""
    draw = np.random.default_rng(5)
    difficulty = draw.random(N)
    return [list((draw.random(N) > difficulty - gain).astype(float)) for gain in (0.0, 0.3, 0.0, 0.3)]


def of(scores: list[list[float]], out: Path, **fields: Any) -> list[RunFolder]:
    return [
        run_with(
            out,
            f"m{place}",
            scored(one),
            run_id=f"run-{place}",
            seeds={"run": place},
            model={"name": "m", "digest": "ab"[place % 2] * 64},
            **fields,
        )
        for place, one in enumerate(scores)
    ]


def test_the_sides_are_the_checkpoints(scores: list[list[float]], tmp_path: Path) -> None:
    runs = of(scores, tmp_path)
    found = compare_repeats(runs)
    assert (found.baseline_repeats, found.candidate_repeats) == (["run-0", "run-2"], ["run-1", "run-3"])
    assert (found.baseline.run_id, found.candidate.run_id) == ("run-0", "run-1")
    assert ends(runs, found) == (runs[0], runs[1])
    [one] = found.differences
    by_hand = compared_repeats(
        Mean(), [scored(scores[0]), scored(scores[2])], [scored(scores[1]), scored(scores[3])],
        unit="share", higher_is_better=True,
    )  # fmt: skip
    means = np.mean(scores, axis=1)
    assert one.difference == pytest.approx((means[1] + means[3] - means[0] - means[2]) / 2)
    assert one.p_value == pytest.approx(by_hand.p_value)
    assert by_hand.interval is not None
    assert (one.ci_low, one.ci_high, one.test) == (by_hand.interval.low, by_hand.interval.high, "multiway_t")
    assert (one.n, one.margin) == (N, 0.05)
    assert [(named.kind, named.what) for named in found.mismatches] == [("run", "seed run")]
    assert found.looked_at == []
    assert compare_repeats(of(scores, tmp_path / "looked at", looks=looks(N, N))).looked_at == ["boolq"]


def test_items_that_one_run_lacks_are_missing(scores: list[list[float]], tmp_path: Path) -> None:
    scores[2] = scores[2][:30]
    [one] = compare_repeats(of(scores, tmp_path)).differences
    assert (one.n, one.aligned, one.difference) == (30, 0.75, None)
    assert one.error == "only 75 % of the items are scored in both runs: 10 not in the baseline"


def test_what_differs_between_any_two_runs_is_named(scores: list[list[float]], tmp_path: Path) -> None:
    runs = of(scores[:3], tmp_path)
    other = scored(scores[3], prompt_sha256="f" * 64)
    runs.append(run_with(tmp_path, "other", other, run_id="run-3", model={"name": "m", "digest": "b" * 64}))
    [one] = compare_repeats(runs).differences
    assert one.error == "the runs differ in prompts: 40 of 40 (compare all the same: --across prompts)"
    assert compare_repeats(runs, across=["prompts"]).differences[0].error is None


@pytest.mark.parametrize("place", range(4))
def test_every_run_has_to_have_the_same_settings(place: int, tmp_path: Path) -> None:
    """Shares of right answers, and of answers that are at least half right."""
    runs = [
        run_with(
            tmp_path,
            f"m{one}",
            scored([0.0, 0.5, 1.0, one / 3] * 5),
            definition=Mean(at_least=0.5) if one == place else None,
            run_id=f"run-{one}",
            seeds={"run": one},
            model={"name": "m", "digest": "ab"[one // 2] * 64},
        )
        for one in range(4)
    ]
    [one] = compare_repeats(runs).differences
    assert one.difference is None
    assert one.error == "the runs differ in settings: at_least (compare all the same: --across settings)"


def test_the_options_are_followed(scores: list[list[float]], tmp_path: Path) -> None:
    scores[2] = scores[2][:36]
    runs = of(scores, tmp_path)
    found = compare_repeats(
        runs, everything=True, margin=0.2, min_aligned=0.9, confidence=0.9, across=["prompts", "data"], tasks=["boolq"]
    )
    assert (found.confidence, found.across) == (0.9, ["data", "prompts"])
    assert [one.slice for one in found.differences] == [None, {"half": "a"}, {"half": "b"}]
    by_hand = compared_repeats(
        Mean(), [scored(scores[0]), scored(scores[2])], [scored(scores[1]), scored(scores[3])],
        unit="share", higher_is_better=True, slice={"half": "b"}, confidence=0.9, margin=0.2,
    )  # fmt: skip
    one = found.differences[2]
    assert by_hand.interval is not None
    assert (one.n, one.margin, one.confidence, one.error) == (18, 0.2, 0.9, None)
    assert (one.difference, one.ci_low, one.ci_high) == (by_hand.value, by_hand.interval.low, by_hand.interval.high)
    with pytest.raises(ConfigError, match="nope: no run has a metric of this task"):
        compare_repeats(runs, tasks=["nope"])
    with pytest.raises(ConfigError, match="prompt: no kind of mismatch"):
        compare_repeats(runs, across=["prompt"])
    with pytest.raises(ConfigError, match="margin"):
        compare_repeats(runs, margin=-1)
    with pytest.raises(RunFolderError, match="this run is given twice"):
        compare_repeats([*runs, runs[0]])


def test_metrics_that_a_run_lacks_are_named(scores: list[list[float]], tmp_path: Path) -> None:
    """Of one of the repeats only: of the baseline's, then of the candidate's."""
    for place, lacking in ((0, "only_candidate"), (2, "only_candidate"), (1, "only_baseline"), (3, "only_baseline")):
        runs = of(scores, tmp_path / str(place))
        runs[place].write_metrics([])
        sealed(runs[place])
        found = compare_repeats(runs)
        assert found.differences == []
        expected = {"only_baseline": [], "only_candidate": [], lacking: ["boolq/accuracy"]}
        assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("kept", [[0, 2], [0, 1, 2], [0, 1]])
def test_each_checkpoint_needs_two_runs(kept: list[int], scores: list[list[float]], tmp_path: Path) -> None:
    runs = of(scores, tmp_path)
    with pytest.raises(ConfigError, match=r"repeats need two or more runs of each of two checkpoints \(found .* of m"):
        compare_repeats([runs[place] for place in kept])


def test_a_copy_of_a_run_is_no_repeat(scores: list[list[float]], tmp_path: Path) -> None:
    runs = of(scores, tmp_path)
    copy = RunFolder(Path(shutil.copytree(runs[0].path, tmp_path / "copy")))
    with pytest.raises(RunFolderError, match=r"copy: it is the run .* again, which is no repeat of it"):
        compare_repeats([*runs, copy])


def test_a_definition_that_cannot_be_followed_is_not_compared(
    scores: list[list[float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = of(scores, tmp_path)

    def newer(*_: object, **__: object) -> None:
        msg = "of a newer version"
        raise TypeError(msg)

    monkeypatch.setattr("audit.gate.comparison.repeats.compared_repeats", newer)
    [one] = compare_repeats(runs).differences
    assert (one.difference, one.error) == (None, "of a newer version")
