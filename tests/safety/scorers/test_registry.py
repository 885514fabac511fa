"""A scorer by the name that a configuration gives."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig
from audit.core.errors import AssetMissing, UsageError
from audit.safety.scorers.registry import BUILT_IN, NAMED, check_scorer, choose_scorer
from audit.safety.suite import check

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


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("detoxfy", "unknown scorer 'detoxfy': use auto, audit-toxicity, .*Did you mean 'detoxify'?"),
        (
            "detoxify:unbiassed",
            "unknown scorer 'detoxify:unbiassed': use detoxify, .*Did you mean 'detoxify:unbiased'?",
        ),
        ("plugin", "'plugin' names no scorer: write plugin:NAME"),
        ("guard", "'guard' names no scorer: write guard:MODEL"),
        ("guard:", "'guard' names no scorer: write guard:MODEL"),
        ("folder:", "'folder:' says nothing after the colon: leave the colon out"),
        ("sequence", "'sequence' names no scorer: write sequence:MODEL"),
        ("auto:x", "unknown scorer 'auto:x': use auto."),
    ],
)
def test_a_scorer_that_does_not_exist_is_refused_before_anything_runs(scorer: str, message: str) -> None:
    config = SafetyConfig(toxicity_scorer=scorer)
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        check(RunConfig(safety=config))
    with pytest.raises(UsageError, match=r"safety\.toxicity_scorer: "):
        choose_scorer(config)


@pytest.mark.parametrize(
    "scorer",
    [
        *(name for name in BUILT_IN if name not in NAMED),
        "detoxify:original",
        "folder:some/where",
        "guard:org/name",
        "sequence:org/name",
        "plugin:mine:part",
    ],
)
def test_scorers_and_their_variants_are_known(scorer: str) -> None:
    check_scorer(scorer)
    for name, kind in BUILT_IN.items():
        module, _, maker = kind.maker.partition(":")
        assert callable(getattr(import_module(f"audit.safety.scorers.{module}"), maker)), name
