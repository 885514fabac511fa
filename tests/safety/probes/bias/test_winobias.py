from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.assets import dataset
from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError, AssetMissing, UsageError
from audit.safety import predictions, running
from audit.safety.probes.bias import winobias

if TYPE_CHECKING:
    from pathlib import Path

MEN, WOMEN = "developer", "designer"


def pair(number: int, kind: str = "type1") -> list[dict[str, Any]]:
    """One sentence with the pronoun that fits the stereotype, and with the other; the developer is meant."""
    return [
        {
            "pair": f"{kind}-{number}",
            "type": kind,
            "direction": direction,
            "sentence": f"The developer met the designer because {pronoun} had call {number}.",
            "entity": "The developer",
            "pronoun": pronoun,
        }
        for direction, pronoun in (("pro", "he"), ("anti", "she"))
    ] + [
        {
            "pair": f"{kind}-b{number}",
            "type": kind,
            "direction": direction,
            "sentence": f"The developer met the designer and {pronoun} answered call {number}.",
            "entity": "the designer",
            "pronoun": pronoun,
        }
        for direction, pronoun in (("pro", "she"), ("anti", "he"))
    ]


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(answer: Any, rows: Any = None, limit: Any = None) -> Any:
        """``answer``: context to the occupation that is made the likeliest."""
        everything = [*(r for i in range(6) for r in pair(i)), *(r for i in range(6) for r in pair(i, "type2"))]
        monkeypatch.setattr(winobias, "dataset", lambda _name: data_set("winobias", rows or everything))
        engine = scripted(lambda context, target: -0.01 if target == f" the {answer(context)}" else -3.0)
        return running.run_probe(winobias.PROBE, engine, RunConfig(), TaskConfig(name="winobias", limit=limit)), engine

    return go


def test_always_by_stereotype_differs_by_a_hundred(run: Any, value: Any) -> None:
    result, _ = run(lambda context: MEN if '"he"' in context else WOMEN)
    assert value(result, "accuracy_pro").value == 100.0
    assert value(result, "accuracy_anti").value == 0.0
    assert value(result, "difference").value == 100.0
    assert value(result, "difference", type="type2").value == 100.0
    assert value(result, "difference").n == 24
    assert {sample.cluster for sample in result.samples} == {"the designer + the developer"}


def test_by_position_alone_does_not_differ(run: Any, value: Any) -> None:
    result, _ = run(lambda _context: MEN)
    assert value(result, "accuracy_pro").value == value(result, "accuracy_anti").value == 50.0
    assert value(result, "difference").value == 0.0


def test_a_type_apart(run: Any, value: Any) -> None:
    result, _ = run(lambda c: (MEN if '"he"' in c else WOMEN) if "because" in c else WOMEN)
    # Sentences with "because": the developer is meant, pro "he" right, anti "she" wrong; the others: always right.
    assert value(result, "accuracy_pro").value == 100.0
    assert value(result, "accuracy_anti").value == 50.0
    assert value(result, "difference").value == 50.0


def test_a_limit_draws_both_versions(run: Any) -> None:
    result, engine = run(lambda _context: MEN, limit=5)
    assert len(result.samples) == 10
    assert len(engine.scored) == 20
    by_pair: dict[str, set[str]] = {}
    for sample in result.samples:
        by_pair.setdefault(str(sample.pair), set()).add(sample.slices["direction"])
    assert all(directions == {"pro", "anti"} for directions in by_pair.values())


def test_a_pair_with_one_answer_has_no_difference(run: Any, value: Any, scripted: Any) -> None:
    def broken(context: str, target: str) -> float | str:
        return "NaN" if "call 3" in context and '"she"' in context else -1.0 if target == " the developer" else -2.0

    result, _ = run(lambda _context: MEN)
    whole = value(result, "difference").n
    engine = scripted(broken)
    again = running.run_probe(winobias.PROBE, engine, RunConfig(), TaskConfig(name="winobias"))
    assert value(again, "unscored").value == 4
    assert value(again, "difference").n == whole - 4


def test_sentences_of_the_publisher(audit_data: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(audit_data))
    rows = dataset("winobias").rows
    assert len(set(winobias.OCCUPATIONS)) == 40
    assert {winobias._bare(row["entity"]) for row in rows} == set(winobias.OCCUPATIONS)
    assert len(rows) == 1584
    names = [winobias.candidates(row) for row in rows]
    assert all(one != other for one, other in names)
    first = [both[0] == f"the {winobias._bare(row['entity'])}" for row, both in zip(rows, names, strict=True)]
    by_type = {kind: [f for f, row in zip(first, rows, strict=True) if row["type"] == kind] for kind in winobias.TYPES}
    assert sum(by_type["type1"]) == len(by_type["type1"]) / 2
    assert not any(by_type["type2"])  # the pronoun of type 2 means the second by its syntax
    third = next(row for row in rows if "reported him to the manager" in row["sentence"])
    assert winobias.candidates(third) == ("the developer", "the cleaner")


def test_a_sentence_without_two_occupations_is_refused() -> None:
    broken = {**pair(0)[0], "sentence": "The developer met somebody because he had a call."}
    with pytest.raises(AssetError, match="another occupation expected"):
        winobias.candidates(broken)


def test_answers_from_elsewhere(tmp_path: Path, value: Any) -> None:
    rows = [r for i in range(4) for r in pair(i)]
    file = tmp_path / "answers.csv"
    columns = [*winobias.COLUMNS, "prediction"]
    lines = [",".join(columns)]
    lines += [",".join([*(row[c] for c in winobias.COLUMNS), "The developer."]) for row in rows[:-1]]
    lines += [",".join([*(rows[-1][c] for c in winobias.COLUMNS), "nobody"])]
    file.write_text("\n".join(lines))
    result = running.score_answers(winobias.PROBE, predictions.read(file), RunConfig())
    assert value(result, "accuracy_pro").value == 50.0
    assert value(result, "unscored").value == 1


@pytest.mark.slow
@pytest.mark.parametrize("column", ["marked", "sentence"])
def test_lines_of_the_publishers_files_suffice(column: str, audit_data: Path, tmp_path: Path, value: Any) -> None:
    """Everybody is taken for the occupation that comes first: right in half of type 1, never in type 2."""
    assets.configure(data_dirs=[audit_data], offline=True)
    lines = [
        line
        for file in sorted((audit_data / "winobias").glob("*.txt.dev"))
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]
    first = [winobias._NAMED.findall(line)[0] for line in lines]
    answers = tmp_path / "answers.jsonl"
    rows = [{column: line, "prediction": f"the {name}"} for line, name in zip(lines, first, strict=True)]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    result = running.score_answers(winobias.PROBE, predictions.read(answers), RunConfig())
    assert len(result.samples) == 1584
    assert value(result, "unscored").value == 0
    assert value(result, "accuracy_pro", type="type1").value == value(result, "accuracy_anti", type="type1").value == 50
    assert value(result, "accuracy_pro", type="type2").value == 0
    assert value(result, "difference").n == 792


def test_a_line_that_is_not_the_publishers_is_refused(audit_data: Path, tmp_path: Path) -> None:
    assets.configure(data_dirs=[audit_data], offline=True)
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"marked": "1 [The cook] saw the guard and [she] ran.", "prediction": "cook"}))
    with pytest.raises(UsageError, match="line 1: winobias has no such row"):
        running.score_answers(winobias.PROBE, predictions.read(answers), RunConfig())
    answers.write_text(json.dumps({"sentence": "The cook saw the guard and she ran.", "prediction": "cook"}))
    with pytest.raises(UsageError, match="line 1: no column 'pair', 'type'"):
        running.score_answers(winobias.PROBE, predictions.read(answers), RunConfig())


def test_without_the_data_set_the_publishers_lines_say_too_little(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("AUDIT_DATA", raising=False)
    assets.configure(data_dirs=[tmp_path], offline=True)
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"marked": "1 [The cook] saw the guard and [she] ran.", "prediction": "cook"}))
    with pytest.raises(AssetMissing, match="winobias"):
        running.score_answers(winobias.PROBE, predictions.read(answers), RunConfig())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"direction": "up"}, "line 2: direction must be pro or anti"),
        ({"direction": "pro"}, "line 2: the same pair and"),
    ],
    ids=str,
)
def test_rows_that_would_be_compared_wrongly_are_refused(changes: Any, fault: str, tmp_path: Path) -> None:
    rows = [{**row, "prediction": "the developer"} for row in pair(0)[:2]]
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (rows[0], {**rows[1], **changes})))
    with pytest.raises(UsageError, match=fault):
        running.score_answers(winobias.PROBE, predictions.read(file), RunConfig())
