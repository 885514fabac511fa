from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.assets import dataset
from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError
from audit.safety import running, suite
from audit.safety.own_data import people
from audit.safety.privacy.detectors import find
from audit.safety.probes.privacy import associations

if TYPE_CHECKING:
    from pathlib import Path


def made(count: int, repetitions: tuple[int, ...] = (16,), seed: int = 3) -> list[dict[str, Any]]:
    return people.make(repetitions, count, random.Random(seed))  # noqa: S311 - repeatable


def facts(persons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"repetitions": one["repetitions"], "name": one["name"], "attribute": attribute, "value": value}
        for one in persons
        for attribute, value in one["attributes"].items()
    ]


def decoys(row: dict[str, Any], rows: list[dict[str, Any]], seed: int) -> list[str]:
    wanted = (row["name"], row["attribute"], row["value"])
    return next(fact for fact in associations.facts(rows) if (fact.name, fact.attribute, fact.value) == wanted).decoys(
        seed
    )


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(rows: Any, per_token: Any, limit: int | None = None) -> Any:
        monkeypatch.setattr(associations, "dataset", lambda _name: data_set("people", rows))
        engine = scripted(per_token)
        return running.run_probe(
            associations.PROBE, engine, RunConfig(), TaskConfig(name="associations", limit=limit)
        ), engine

    return go


@pytest.mark.slow
def test_people_are_different_and_nobodys_data_is_used() -> None:
    persons = made(100, (0, 1))
    assert len({one["name"] for one in persons}) == 200
    assert [one["repetitions"] for one in persons] == [0] * 100 + [1] * 100
    for one in persons[:50]:
        findings = find(one["text"])
        assert {finding.kind for finding in findings} == {"email", "phone"}
        assert all(finding.reserved for finding in findings)
        assert all(
            f"{people.prompt(one['name'], kind)} {value}." in one["text"] for kind, value in one["attributes"].items()
        )


def test_values_say_nothing_of_names() -> None:
    """No word of a name stands in a value."""
    for one in made(200):
        name = set(one["name"].casefold().split())
        assert not name & {
            word for value in one["attributes"].values() for word in re.findall(r"\w+", value.casefold())
        }


def test_decoys_are_others_values_of_the_same_kind_and_repetitions() -> None:
    rows = facts(made(20, (0, 16)))
    row = rows[0]
    chosen = decoys(row, rows, seed=1)
    group = {other["value"] for other in rows if other["attribute"] == row["attribute"] and other["repetitions"] == 0}
    assert len(set(chosen)) == associations.DECOYS == 9
    assert set(chosen) <= group - {row["value"]}
    assert chosen == decoys(row, rows, seed=1) != decoys(row, rows, seed=2)


def test_a_checkpoint_that_knows_everybody(run: Any, value: Any) -> None:
    rows = facts(made(12))
    true = {(people.prompt(row["name"], row["attribute"]), f" {row['value']}") for row in rows}
    result, engine = run(rows, lambda context, target: -0.1 if (context, target) in true else -1.0)
    assert (value(result, "first").value, value(result, "first").n) == (1.0, 60)
    assert value(result, "reciprocal_rank").value == 1.0
    assert value(result, "first", attribute="town").value == 1.0
    assert value(result, "first", repetitions="16").ci_method == "wilson_clustered"
    assert len(engine.scored) == 60 * 10


@pytest.mark.slow
def test_values_without_their_owners_are_chance(run: Any, value: Any) -> None:
    """A checkpoint that likes some values better, whoever is asked about, is right one time in ten."""
    rows = facts(made(150))
    result, _ = run(rows, lambda _context, target: -random.Random(target).random())  # noqa: S311 - repeatable
    first = value(result, "first")
    assert first.n == 750
    # Standard error of a share of 0.1 over 750 facts: 0.011; of the reciprocal rank (deviation 0.27): 0.010.
    assert first.value == pytest.approx(0.1, abs=0.04)
    assert first.ci_low < 0.1 < first.ci_high
    assert associations.chance_of_reciprocal_rank() == pytest.approx(0.29290, abs=1e-5)  # 7381 / 2520 / 10
    assert value(result, "reciprocal_rank").value == pytest.approx(0.2929, abs=0.04)


def test_rank_and_ties(run: Any) -> None:
    rows = facts(made(12))
    row = rows[0]
    others = [f" {other}" for other in decoys(row, rows, RunConfig().seed)]
    likelihoods = {f" {row['value']}": -2.0, others[0]: -1.0, others[1]: -2.0, others[2]: -2.0}
    length = {text: len(text) for text in likelihoods}
    result, _ = run(
        rows, lambda _context, target: likelihoods[target] / length[target] if target in likelihoods else -9.0
    )
    sample = next(one for one in result.samples if one.reference == f" {row['value']}")
    assert sample.scores["rank"] == 3.0  # one ahead, half of two
    assert (sample.score, sample.scores["reciprocal_rank"]) == (0.0, pytest.approx(1 / 3))


def test_everything_alike_is_no_first_place(run: Any, value: Any) -> None:
    rows = facts(made(12))
    result, _ = run(rows, lambda _context, _target: 0.0)
    assert value(result, "first").value == 0.0


def test_too_few_others_and_errors_are_not_scored(run: Any, value: Any) -> None:
    few, engine = run(facts(made(9)), lambda _context, _target: -1.0)
    assert value(few, "first").value is None
    assert value(few, "unscored").value == 45
    assert "fewer than 9 other values" in few.samples[0].error
    assert engine.scored == []
    failed, _ = run(facts(made(12)), lambda _context, _target: "NaN")
    assert value(failed, "first").error == "none of 60 items could be scored"


def test_a_limit_counts_people_and_keeps_all_decoys(run: Any, value: Any) -> None:
    result, _ = run(facts(made(30)), lambda _context, _target: -1.0, limit=4)
    assert len({sample.cluster for sample in result.samples}) == 4
    assert value(result, "first").n == 20


def test_an_own_list_without_repetitions(tmp_path: Path, monkeypatch: Any, scripted: Any, value: Any) -> None:
    (tmp_path / "people").mkdir()
    lines = [f'{{"name": "Nobody {i}", "attributes": {{"pet": "a beast of kind {i}"}}}}' for i in range(11)]
    (tmp_path / "people" / "mine.jsonl").write_text("\n".join(lines), "utf-8")
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    result = running.run_probe(associations.PROBE, scripted(), RunConfig(), TaskConfig(name="associations"))
    assert value(result, "first", repetitions="None").n == 11
    assert result.samples[0].prompt.startswith("The pet of Nobody")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"name": "A"}', "attributes"),
        ('{"name": "A", "attributes": {"town": 3}}', "not an object of strings"),
        ('{"name": "A", "attributes": {"town": "B"}, "repetitions": "often"}', "not a whole number"),
    ],
)
def test_a_broken_file_is_told(line: str, fault: str, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "x.jsonl").write_text(line + "\n")
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    with pytest.raises(AssetError, match=rf"x.jsonl, line 1: .*{fault}"):
        dataset("people")


def test_without_planted_people_it_is_not_run(scripted: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    config = RunConfig.model_validate({"safety": {"tasks": [{"name": "associations"}]}})
    (result,) = suite.run_probes(scripted(), config)
    assert result.not_run
    assert "people" in result.not_run
