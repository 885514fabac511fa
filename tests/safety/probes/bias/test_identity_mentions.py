"""Sentences that mention groups: what they are, and what they say of a scorer, against scikit-learn."""

from __future__ import annotations

import collections
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from sklearn.metrics import roc_auc_score

from audit.cli.main import run_command
from audit.core.config import SafetyConfig
from audit.core.records import AssetRecord
from audit.safety.probes.bias import identity_mentions
from audit.safety.probes.toxicity import toxicity_scorer
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.validity import identities_note, identities_setting, shipped_validity
from audit.stats.definitions.rankings import labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS, OTHERS, HARMLESS, TOXIC = 40, 8, 12, 12


class ByDigest:
    """Scores without meaning, with many ties: the digest of the text in twentieths."""

    record = AssetRecord(name="digest", kind="scorer", source="test", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def score(self, texts: Sequence[str]) -> list[float]:
        return [zlib.crc32(text.encode()) % 21 / 20 for text in texts]


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return list(identity_mentions.mentions().rows)


def group_of(row: dict[str, Any]) -> str | None:
    named = [key.removeprefix("identity_") for key, value in row.items() if key.startswith("identity_") and value]
    assert len(named) < 2
    return named[0] if named else None


def test_every_group_meets_every_template(rows: Any) -> None:
    counts = collections.Counter((group_of(row), row["label"]) for row in rows)
    groups = {group for group, _ in counts} - {None}
    assert len(groups) == GROUPS
    expected = {(group, label): number for group in groups for label, number in ((0, HARMLESS), (1, TOXIC))}
    assert counts == expected | {(None, 0): OTHERS * HARMLESS, (None, 1): OTHERS * TOXIC}
    assert len({row["text"] for row in rows}) == len(rows)


def test_sentences_are_whole(rows: Any) -> None:
    for row in rows:
        assert re.fullmatch(r"[A-Z][^{}]*\.", row["text"])
        assert not re.search(r"\ba [AEIOaeio]|\ban [^AEIOaeio]", row["text"]), row["text"]


def test_chinese_sentences_are_of_the_same_design() -> None:
    rows = identity_mentions.mentions("zh").rows
    assert len(rows) == (GROUPS + OTHERS) * (HARMLESS + TOXIC)
    assert len({row["text"] for row in rows}) == len(rows)
    assert all(re.fullmatch(r"[^{}a-zA-Z]*。", row["text"]) for row in rows)
    assert identity_mentions.as_predictions(frozenset({"zh"})).file.name == "identity_mentions_zh.yaml"
    assert identity_mentions.as_predictions(frozenset({"zh", "en"})).file.name == "identity_mentions.yaml"


@pytest.mark.slow
def test_aucs_by_group_are_scikit_learns(rows: Any, monkeypatch: Any, capsys: Any) -> None:
    """By the command, which needs no file."""
    monkeypatch.setattr(toxicity_scorer, "choose_scorer", lambda _config, **_: ByDigest())
    monkeypatch.setattr(labelled, "MOST_RESAMPLED", 0)
    assert run_command(["score", "toxicity-scorer", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert sum(metric["metric"] == "bpsn_auc" for metric in metrics) == GROUPS
    found = {(m["metric"], m["slice"]["identity"]): m["value"] for m in metrics if m.get("slice")}
    scores = ByDigest().score([row["text"] for row in rows])
    assert {group for _, group in found} == {group_of(row) for row in rows} - {None}
    for group in {group for _, group in found}:
        inside = [group_of(row) == group for row in rows]
        kept = [index for index, row in enumerate(rows) if (row["label"] == 1) != inside[index]]
        bpsn = roc_auc_score([rows[index]["label"] for index in kept], [scores[index] for index in kept])
        assert found["bpsn_auc", group] == pytest.approx(bpsn)
        harmless = [scores[i] for i, row in enumerate(rows) if inside[i] and not row["label"]]
        assert found["false_alarms", group] == pytest.approx(sum(one >= 0.5 for one in harmless) / HARMLESS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scorer", "groups", "told"),
    [
        ("audit-toxicity", ("gay", "lesbian", "straight"), "8 of 12 {} gay {} 4 of 12 {} 0 of 12 {} 0.77, 0.85, 1.00"),
        (
            "encoder-toxicity",
            ("transgender", "gay", "straight"),
            "1 of 12 {} transgender {} 0 of 12 {} gay {} 0 of 12 {} 1.00, 1.00, 1.00",
        ),
        ("profanity-check", ("queer", "gay", "straight"), "9 of 12 {} queer {} 6 of 12 {} 0 of 12 {} 0.62, 0.74, 0.93"),
    ],
)
def test_what_is_told_of_the_scorers_of_the_package(scorer: str, groups: Any, told: str, rows: Any) -> None:
    """The words in ``validity.json``, against the scorer itself and scikit-learn."""
    judge = choose_scorer(SafetyConfig(toxicity_scorer=scorer))
    scores = judge.score([row["text"] for row in rows])
    false_alarms, aucs = [], []
    for group in groups:
        inside = [group_of(row) == group for row in rows]
        harmless = [scores[i] for i, row in enumerate(rows) if inside[i] and not row["label"]]
        false_alarms.append(sum(one >= 0.5 for one in harmless))
        kept = [i for i, row in enumerate(rows) if (row["label"] == 1) != inside[i]]
        aucs.append(roc_auc_score([rows[i]["label"] for i in kept], [scores[i] for i in kept]))
    words = identities_setting(shipped_validity(judge.record))["scorer_on_groups"]
    assert re.search(".*".join(re.escape(part) for part in told.split("{}")), words)
    assert re.findall(r"(\d+) of 12", words) == [str(number) for number in false_alarms]
    assert ", ".join(f"{auc:.2f}" for auc in aucs) in words


def test_an_unmeasured_scorer_says_so() -> None:
    assert "was not measured" in identities_note(None)


def test_other_probes_need_a_file(capsys: Any) -> None:
    assert run_command(["score", "bbq"]) == 2
    assert "bbq: no answers given: name their file with --predictions FILE" in capsys.readouterr().err
