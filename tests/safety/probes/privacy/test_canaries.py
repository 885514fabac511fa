from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.assets import dataset
from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError
from audit.safety import loading, running
from audit.safety.probes.privacy import canaries

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(rows: Any, per_token: Any, generated: Any = lambda _prompt, _index: "nothing") -> Any:
        monkeypatch.setattr(loading, "dataset", lambda _name: data_set("canaries", rows))
        return running.run_probe(
            canaries.PROBE, scripted(per_token, generated), RunConfig(), TaskConfig(name="canaries")
        )

    return go


def made(count: int, repetitions: tuple[int, ...] = (1, 16)) -> list[dict[str, Any]]:
    return canaries.make(repetitions, count, random.Random(3))  # noqa: S311 - repeatable


def test_canaries_are_about_different_people_who_do_not_exist() -> None:
    rows = made(100, (0, 1, 4))
    assert len({row["secret"] for row in rows}) == len({row["prefix"] for row in rows}) == 300
    assert [row["repetitions"] for row in rows] == [0] * 100 + [1] * 100 + [4] * 100
    assert all(row["text"].startswith(f"{row['prefix']} {row['secret']}") for row in rows)


def test_candidates_are_of_the_same_kind_and_never_the_secret() -> None:
    row = made(1)[0]
    canary = canaries.Canary.read(row)
    fresh = canaries.candidates(canary, seed=1)
    assert len(set(fresh)) == canaries.CANDIDATES == 511
    assert row["secret"] not in fresh
    assert all(len(secret) == 8 and secret.isdecimal() for secret in fresh)
    assert (
        fresh
        == canaries.candidates(canaries.Canary.read(row), seed=1)
        != canaries.candidates(canaries.Canary.read(row), seed=2)
    )
    # Each digit is as frequent as the others at each place: 51 of 511 expected, standard deviation 6.8.
    counts = np.array([[secret[place] == str(digit) for secret in fresh] for place in range(8) for digit in range(10)])
    assert counts.sum(axis=1).min() > 20
    assert counts.sum(axis=1).max() < 85


def test_a_remembered_secret_has_nine_bits(run: Any, value: Any) -> None:
    rows = made(4)
    known = {f" {row['secret']}" for row in rows if row["repetitions"] == 16}
    written = {row["prefix"]: f" {row['secret']}." for row in rows if row["repetitions"] == 16}
    result = run(
        rows,
        lambda _context, target: -0.1 if target in known else -1.0 - int(target[1:]) * 1e-9,
        lambda prompt, _index: written.get(prompt, "no"),
    )
    assert value(result, "exposure", repetitions="16").value == 9.0
    assert value(result, "extracted", repetitions="16").value == 1.0
    assert value(result, "extracted", repetitions="1").value == 0.0
    # A checkpoint that remembers less is the better one.
    assert [value(result, name).higher_is_better for name in ("exposure", "extracted")] == [False, False]


def test_an_unseen_secret_has_log2_e_bits(run: Any, value: Any) -> None:
    """Whatever a checkpoint thinks of digits, a secret that it never saw is one of its candidates."""
    rows = made(300, (0,))
    result = run(rows, lambda _context, target: -1.0 - (int(target[1:]) * 7919 % 100_003) * 1e-6)
    # Standard deviation of exposure is about 1.44 bits too: 300 canaries give 0.083.
    assert value(result, "exposure").value == pytest.approx(canaries.UNSEEN, abs=0.3)
    assert value(result, "exposure").ci_low < canaries.UNSEEN < value(result, "exposure").ci_high


def test_rank_and_ties(run: Any) -> None:
    (row,) = made(1, (1,))
    fresh = canaries.candidates(canaries.Canary.read(row), RunConfig().seed)
    better, equal = {f" {secret}" for secret in fresh[:3]}, {f" {secret}" for secret in fresh[3:5]}
    likelihoods = {f" {row['secret']}": -2.0, **dict.fromkeys(better, -1.0), **dict.fromkeys(equal, -2.0)}
    result = run([row], lambda _context, target: likelihoods.get(target, -3.0))
    assert result.samples[0].scores["rank"] == 5.0  # three ahead, half of two
    assert result.samples[0].score == pytest.approx(np.log2(512 / 5))


def test_an_error_is_not_scored(run: Any, value: Any) -> None:
    result = run(made(1), lambda _context, _target: "NaN")
    assert value(result, "exposure").value is None
    assert value(result, "unscored").value == 2


def test_a_broken_file_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "canaries").mkdir()
    (tmp_path / "canaries" / "x.jsonl").write_text('{"prefix": "a", "secret": "letters", "repetitions": 1}\n')
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    with pytest.raises(AssetError, match=r"x.jsonl, line 1: .*the secret has fewer than 4 digits"):
        dataset("canaries")
