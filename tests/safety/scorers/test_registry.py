"""A scorer by the name that a configuration gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import SafetyConfig
from audit.core.errors import AssetMissing
from audit.safety.scorers.registry import choose_scorer

if TYPE_CHECKING:
    from pathlib import Path


def test_auto_without_detoxify_weights_is_the_scorer_of_the_package(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="auto"))
    assert (scorer.record.name, scorer.record.kind) == ("audit-toxicity", "scorer")


def test_detoxify_asked_for_without_weights_is_missing_and_says_where_to_put_them(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    with pytest.raises(AssetMissing, match=r"scorer detoxify: no weights .*put a \.ckpt file .*into detoxify/") as told:
        choose_scorer(SafetyConfig(toxicity_scorer="detoxify"))
    assert str(tmp_path / "detoxify") in str(told.value)


def test_the_shipped_scorers_read_english() -> None:
    for name in ("audit-toxicity", "profanity-check"):
        assert choose_scorer(SafetyConfig(toxicity_scorer=name)).languages == {"en"}
