"""Tasks on the user's own questions: asked as they are written, scored as by hand, with records like any other task."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import pytest
from sklearn.metrics import f1_score

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.engine import Score
from audit.evals import suite
from audit.evals.choice.checks import check
from audit.evals.own_data.task import number_score, plain, text_score

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import TaskResult
    from audit.engine import Engine
    from tests.evals.conftest import Scripted

CAPITALS = """question,a,b,c,answer,region,country
Capital of France?,Lyon,Paris,Nice,Paris,west,France
Former capital of France?,Lyon,Vichy,Nice,Vichy,west,France
Capital of Poland?,Warsaw,Cracow,Lodz,Warsaw,east,Poland
Capital of Spain?,Bilbao,Seville,Madrid,Madrid,west,Spain
"""


def run(engine: Engine, file: Path, text: str, **said: Any) -> TaskResult:
    file.write_text(text, "utf-8")
    task = TaskConfig(name="mine", file=file, **said)
    config = RunConfig(evals=EvalsConfig(tasks=[task], bootstrap_resamples=100), offline=True, chat_template="off")
    (result,) = suite.run_tasks(engine, config)
    assert result.not_run is None
    return result


def choosing(scripted: Scripted, *chosen: int, options: int) -> None:
    """Let the engine prefer one option of each question, by its position."""
    for position in chosen:
        scripted.scores += [Score((-1.0 if one == position else -9.0,), (False,)) for one in range(options)]


def values(result: TaskResult) -> dict[tuple[str, str], float | None]:
    """Values by metric and slice."""
    return {(m.metric, "" if m.slice is None else str(m.slice["region"])): m.value for m in result.metrics}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mine.csv", "renamed.csv"])
def test_multiple_choice_is_scored_as_by_hand(scripted: Scripted, tmp_path: Path, name: str) -> None:
    """Three of four right; every option's text is one written score, so that likelihood and its mean agree."""
    choosing(scripted, 1, 1, 2, 2, options=3)
    result = run(scripted, tmp_path / name, CAPITALS, slices=["region"], cluster="country")
    assert [sample.score for sample in result.samples] == [1.0, 1.0, 0.0, 1.0]
    (primary,) = [m for m in result.metrics if m.metric == "accuracy" and m.slice is None]
    assert (primary.value, primary.n, primary.primary, primary.unit) == (0.75, 4, True, "share")
    first = result.samples[0]
    assert (first.prompt, first.reference, first.output) == (
        "Question: Capital of France?\nAnswer:",
        " Paris",
        " Paris",
    )
    assert [sample.slices for sample in result.samples] == [{"region": r} for r in ("west", "west", "east", "west")]
    assert {key: value for key, value in values(result).items() if key[0] == "accuracy"} == {
        ("accuracy", ""): 3 / 4,
        ("accuracy", "east"): 0.0,
        ("accuracy", "west"): 1.0,
    }
    (west,) = [m for m in result.metrics if m.metric == "accuracy" and m.slice == {"region": "west"}]
    assert (west.n, west.primary, west.unit, west.definition is None) == (3, False, "share", False)
    clusters = [sample.cluster for sample in result.samples]
    assert clusters[0] == clusters[1]
    assert len(set(clusters)) == 3
    assert first.choice is not None
    assert first.choice.options == [" Lyon", " Paris", " Nice"]
    assert [span.name for span in first.spans] == ["question"]
    (asset,) = result.assets
    assert (asset.name, asset.sha256) == (name, hashlib.sha256(CAPITALS.encode()).hexdigest())
    assert (asset.licence, asset.kind) == ("LicenseRef-yours", "dataset")


def test_ids_do_not_depend_on_the_files_name(scripted: Scripted, tmp_path: Path) -> None:
    one = run(scripted, tmp_path / "one.csv", CAPITALS)
    other = run(scripted, tmp_path / "other.csv", CAPITALS)
    assert [s.sample_id for s in one.samples] == [s.sample_id for s in other.samples]


def test_columns_that_nothing_needs_are_not_kept(scripted: Scripted, tmp_path: Path) -> None:
    """A note next to the questions reaches no record, and changes no id."""
    plain = run(scripted, tmp_path / "mine.csv", CAPITALS, prompt="{{question}} ({{region}})")
    lines = CAPITALS.splitlines()
    noted = "\n".join([lines[0] + ",note", *(line + ",secret" for line in lines[1:])])
    result = run(scripted, tmp_path / "mine.csv", noted, prompt="{{question}} ({{region}})")
    assert [s.sample_id for s in result.samples] == [s.sample_id for s in plain.samples]
    assert result.samples[0].prompt == "Capital of France? (west)"
    assert "secret" not in result.model_dump_json()
    whole = run(scripted, tmp_path / "mine.csv", noted, prompt="{{question}} {{row['note']}}")
    assert whole.samples[0].prompt == "Capital of France? secret"


def test_classes_have_macro_scores(scripted: Scripted, tmp_path: Path) -> None:
    rows = "text,label\n" + "".join(f"Film {n}.,{label}\n" for n, label in enumerate([0, 1, 1, 0, 1]))
    choosing(scripted, 0, 0, 1, 1, 1, options=2)
    result = run(scripted, tmp_path / "films.csv", rows, classes=["negative", "positive"], prompt="{{text}} This is")
    found = {metric.metric: metric.value for metric in result.metrics}
    assert found["macro_f1"] == pytest.approx(f1_score([0, 1, 1, 0, 1], [0, 0, 1, 1, 1], average="macro"))
    assert found["accuracy"] == 3 / 5
    assert "normalised_accuracy" not in found
    assert result.samples[0].prompt == "Film 0. This is"
    assert [span.name for span in result.samples[0].spans] == ["text"]


def test_text_that_is_generated_is_compared(scripted: Scripted, tmp_path: Path) -> None:
    scripted.texts = [" paris.", " London", "", " The  Hague "]
    rows = "question,answer\n1?,Paris\n2?,Rome\n3?,Oslo\n4?,The Hague.\n"
    result = run(scripted, tmp_path / "mine.csv", rows)
    assert [sample.score for sample in result.samples] == [1.0, 0.0, 0.0, 1.0]
    assert [sample.reference for sample in result.samples] == ["Paris", "Rome", "Oslo", "The Hague."]
    assert result.settings["generation"]["until"] == ["\n"]
    assert "empty_output" in result.samples[2].flags


def test_numbers_that_are_generated_are_compared(scripted: Scripted, tmp_path: Path) -> None:
    scripted.texts = [" 3 + 4 = 7.", " It is 1.234", " many"]
    result = run(scripted, tmp_path / "mine.csv", "question,answer\n1?,7\n2?,1234\n3?,5\n", match="number_de")
    assert [sample.score for sample in result.samples] == [1.0, 1.0, 0.0]
    found = {metric.metric: metric.value for metric in result.metrics}
    assert (found["exact_match"], found["unparsed_answers"]) == (2 / 3, 1.0)


@pytest.mark.parametrize(
    ("answer", "right", "same"),
    [
        ("Paris", "paris", True), ("  Paris . ", "Paris", True), ("caf\u0065\u0301", "café", True),
        ("Paris, I think", "Paris", False), ("-5", "5", False), ("C++", "C", False), ("", ".", False), (".", ".", True),
        ("Paris..", "Paris", False), ("not Paris", "Paris", False),
    ],
)  # fmt: skip
def test_what_makes_a_text_another_answer(answer: str, right: str, same: bool) -> None:
    assert (plain(answer) == plain(right)) is same
    assert text_score({"_answers": ["x", right]}, [answer]) == {"exact_match": float(same)}


@pytest.mark.parametrize(
    ("match", "answer", "value"),
    [
        ("number", "1,234", 1234.0),
        ("number_de", "1.234", 1234.0),
        ("number_fr", "1,5", 1.5),
        ("number_zh", "三十", 30.0),
    ],
)
def test_numbers_are_read_by_their_language(match: str, answer: str, value: float) -> None:
    assert number_score(match)({"_answers": [str(value)]}, [answer]) == {"exact_match": 1.0, "unparsed_answer": 0.0}
    assert number_score(match)({"_answers": [str(value + 1)]}, [answer])["exact_match"] == 0.0
    assert math.isfinite(value)


@pytest.mark.parametrize("name", ["boolq", "hellaswag"])
def test_names_of_other_tasks_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(CAPITALS)
    config = RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name=name, file=file)]))
    with pytest.raises(ConfigError, match=f"a task named {name} already exists"):
        check(config)


def test_more_examples_than_there_are_is_a_reason(scripted: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(CAPITALS)
    evals = EvalsConfig(tasks=[TaskConfig(name="mine", file=file)], num_fewshot=3)
    (result,) = suite.run_tasks(scripted, RunConfig(evals=evals, offline=True))
    more = "a task file can show more: docs/reference/lm_eval.md"
    assert result.not_run == f"mine has no examples, but 3 were requested: {more}"


def test_items_are_drawn_like_those_of_any_task(scripted: Scripted, tmp_path: Path) -> None:
    rows = "question,answer\n" + "".join(f"{n}?,{n}\n" for n in range(30))
    scripted.texts = ["1"] * 60
    few = run(scripted, tmp_path / "mine.csv", rows, limit=5)
    more = run(scripted, tmp_path / "mine.csv", rows, limit=9)
    assert len(few.samples) == 5
    assert {s.sample_id for s in few.samples} < {s.sample_id for s in more.samples}
    assert few.items_available == 30


TASK_FILE = """
task: theirs
dataset_path: csv
dataset_kwargs: {data_files: {test: mine.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{[a, b, c]}}"
doc_to_target: answer
"""


@pytest.mark.slow
def test_a_table_has_the_values_of_lm_evals_task_file(
    tiny: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same table, once as it is and once by a task file, which lm-eval itself reads."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [f"Which is {n}?,the {n}th,a {n * n},no {n + 3} of them,{n * 7 % 3}" for n in range(23)]
    ours = run(tiny, tmp_path / "mine.csv", "question,a,b,c,answer\n" + "\n".join(rows))
    (tmp_path / "theirs.yaml").write_text(TASK_FILE)
    evals = EvalsConfig(tasks=[TaskConfig(name="theirs")], bootstrap_resamples=100, include_path=[tmp_path])
    (theirs,) = suite.run_tasks(tiny, RunConfig(evals=evals, offline=True, chat_template="off"))
    assert [s.prompt for s in ours.samples] == [s.prompt for s in theirs.samples]
    assert [s.scores for s in ours.samples] == [s.scores for s in theirs.samples]
    found = [{m.metric: (m.value, m.ci_low, m.ci_high, m.n) for m in one.metrics} for one in (ours, theirs)]
    assert found[0] == found[1]
    assert found[0]["accuracy"][0] not in {0.0, 1.0}
