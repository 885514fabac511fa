"""A run that spent its budget ends in order, and resumed it is the run that it would have been."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.progress import Meter
from tests.cli.whole.test_resume import _samples, undisturbed, words
from tests.cli.whole.words import only_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

__all__ = ["undisturbed", "words"]


def manifest_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((only_run(out) / "manifest.json").read_text())
    return found


@pytest.mark.slow
def test_a_run_goes_on_where_its_budget_ended(
    audit: Audit, words: list[object], undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads((undisturbed / "manifest.json").read_text())["spent"]
    code, _, error = audit(*words, "--out", tmp_path, "--token-budget", whole["tokens"] // 3)
    line = error.splitlines()[-1]
    assert code == 13
    limit = f"{whole['tokens'] // 3:,} tokens"
    assert line == (
        f"stopped: the budget of {limit} is spent: finish the run with `audit run --resume {only_run(tmp_path)}`"
    )
    first = manifest_of(tmp_path)
    assert (first["status"], first["interrupted"], first["spent"]["stopped_by"]) == ("partial", True, limit)
    assert whole["tokens"] // 3 <= first["spent"]["tokens"] < whole["tokens"]
    with monkeypatch.context() as patch:  # an hour passes at once
        patch.setattr(Meter, "check", _late(Meter.check))
        assert audit("run", "--resume", "latest", "--out", tmp_path, "--budget", "1h")[0] == 13
    second = manifest_of(tmp_path)["spent"]
    assert second["stopped_by"] == "1h"
    assert second["tokens"] > first["spent"]["tokens"]
    code, _, error = audit("run", "--resume", "latest", "--out", tmp_path)
    assert code == 0, error
    assert (only_run(tmp_path) / "metrics.json").read_bytes() == (undisturbed / "metrics.json").read_bytes()
    assert _samples(only_run(tmp_path)) == _samples(undisturbed)
    last = manifest_of(tmp_path)
    assert (last["status"], last["spent"]["stopped_by"], last["warnings"]) == ("complete", None, [])
    assert last["spent"]["tokens"] >= whole["tokens"]
    _judged(audit, only_run(tmp_path), last["spent"]["tokens"])


def _late(check: Callable[[Meter], None]) -> Callable[[Meter], None]:
    """The check of a meter that began an hour ago."""

    def checked(meter: Meter) -> None:
        meter._began -= 3600
        check(meter)

    return checked


def _judged(audit: Audit, folder: Path, tokens: int) -> None:
    """The gate judges what all sittings cost together."""
    policy = folder.parent / "policy.yaml"
    rule = "rules: [{metric: crows_pairs/pct_stereotype, max: 99.9, max_unscored: 0.5}]"
    for limit, expected in ((tokens, {0, 11}), (tokens - 1, {13})):
        policy.write_text(f"{rule}\nbudget: {{tokens: {limit}}}\n")
        code, shown, error = audit("gate", folder, "--policy", policy)
        assert code in expected, shown + error
        assert "policy/budget" in shown


def test_a_budget_that_is_none_is_one_line(audit: Audit, tmp_path: Path) -> None:
    for option, value in (("--budget", "soon"), ("--budget", "0s"), ("--token-budget", "0")):
        code, _, error = audit("run", option, value, "--out", tmp_path / "runs")
        assert code == 2
        assert len(error.strip().splitlines()) == 1, error
    assert not (tmp_path / "runs").exists()
