from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import TaskUnavailable
from audit.evals import suite
from audit.evals.generated import long_context
from audit.evals.generated.long_context import HOPS, KINDS, NEEDLES, NEW_TOKENS, load, stated
from audit.evals.generated.making import Making, making

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted

ROOM = 1024


@pytest.fixture
def roomy(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A checkpoint with a context of 1,024 tokens; one item of each kind and depth."""
    scripted.record = scripted.record.model_copy(update={"max_length": ROOM})
    monkeypatch.setattr(long_context, "PER_KIND", 5)
    return scripted


def rows(engine: Any, tokens: int = ROOM, **settings: Any) -> list[dict[str, Any]]:
    with making(engine, RunConfig(**settings)):
        return [dict(row) for row in load(tokens=tokens)["test"]]


@pytest.mark.slow
def test_prompts_fill_the_length_by_the_checkpoints_tokenizer(roomy: Scripted) -> None:
    for settings in (
        {"chat_template": "off"},
        {"chat_template": "on"},
        {"evals": {"system_instruction": "Be brief. " * 9}},
    ):
        config = RunConfig.model_validate(settings)
        made = Making(config.seed, roomy, config.chat_template, config.evals.system_instruction)
        for row in rows(roomy, **settings):
            left = ROOM - NEW_TOKENS - made.count(row["text"])
            assert 0 <= left <= 120, (row["kind"], left)


@pytest.mark.slow
def test_what_is_asked_for_is_in_the_text(roomy: Scripted) -> None:
    made = rows(roomy)
    assert Counter(row["kind"] for row in made) == dict.fromkeys(KINDS, 5)
    by_kind = {kind: [row for row in made if row["kind"] == kind] for kind in KINDS}
    assert [row["depth"] for row in by_kind["needle"]] == ["0 %", "25 %", "50 %", "75 %", "100 %"]
    shares = []
    for row in by_kind["needle"]:
        [number] = row["answers"]
        [key, hidden] = re.findall(r"numbers for (\S+) is: (\d+)\.", row["text"])[0]
        assert hidden == number
        assert row["text"].endswith(
            f"What is the special magic number for {key} mentioned in the provided text?\nAnswer:"
        )
        shares.append(row["text"].index(number) / len(row["text"]))
    assert shares == sorted(shares)
    for row in by_kind["needles"]:
        facts = dict(re.findall(r"numbers for (\S+) is: (\d+)\.", row["text"]))
        assert sorted(facts.values()) == sorted(row["answers"])
        assert len(facts) == NEEDLES
        assert all(row["text"].count(key) == 2 for key in facts)
    for row in by_kind["variables"]:
        chain = re.findall(r"VAR (\w+) = (?:VAR )?(\w+)\.", row["text"])
        assert [name for name, _ in chain] == row["answers"]
        assert [value for _, value in chain[1:]] == row["answers"][:-1]
        assert f"assigned the value {chain[0][1]} in" in row["text"]
        assert len(chain) == HOPS + 1
    for row in by_kind["frequent words"]:
        counts = Counter(row["text"].split("\n\n")[1].split())
        del counts["..."]
        assert [word for word, _ in counts.most_common(3)] == row["answers"]
        assert sorted(counts.values())[-4:] == sorted(set(counts.values()))[-4:]
        assert {*counts} <= {*row["answers"], *row["others"]}


@pytest.mark.slow
def test_items_depend_on_seed_and_length_alone(roomy: Scripted) -> None:
    first = rows(roomy, seed=3)
    assert first == rows(roomy, seed=3)
    others = rows(roomy, seed=4)
    assert {tuple(row["answers"]) for row in first}.isdisjoint(tuple(row["answers"]) for row in others)


@pytest.mark.slow
def test_a_length_without_room_is_not_run(roomy: Scripted) -> None:
    names = ["long_context_2k", "long_context_128k"]
    config = RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name=name) for name in names]))
    assert [result.not_run for result in suite.run_tasks(roomy, config)] == [
        "the checkpoint's context of 1,024 tokens has no room for 2,048",
        "the checkpoint's context of 1,024 tokens has no room for 131,072",
    ]


def test_a_tokenizer_that_needs_more_for_the_question_alone(roomy: Scripted) -> None:
    with pytest.raises(TaskUnavailable, match="160 tokens are too few"):
        rows(roomy, tokens=160)


def test_without_a_checkpoint_words_count() -> None:
    made = [dict(row) for row in load(tokens=ROOM)["test"]]
    assert [row["kind"] for row in made] == list(KINDS)
    assert all(len(row["text"].split()) <= ROOM - NEW_TOKENS for row in made)


@pytest.mark.parametrize(
    ("text", "recall", "exact"),
    [
        ("abc, def and ghi", 1.0, 1.0),
        ("ABC. Def; **ghi**", 1.0, 1.0),
        ("abc def ghi xyz", 1.0, 0.0),
        ("abc def", 2 / 3, 0.0),
        ("abcdef ghi", 1 / 3, 0.0),
        ("", 0.0, 0.0),
        ("ab c 你好", 0.0, 0.0),
        ("(" * 100_000, 0.0, 0.0),
    ],
)
def test_wanted_words_are_stated_and_no_other_candidate(text: str, recall: float, exact: float) -> None:
    doc = {"answers": ["abc", "def", "ghi"], "others": ["xyz"]}
    assert stated(doc, [text]) == {"exact_match": exact, "recall": pytest.approx(recall)}


def test_a_number_is_not_part_of_a_longer_one() -> None:
    doc = {"answers": ["1234567"], "others": []}
    assert stated(doc, ["12345678"])["recall"] == 0.0
    assert stated(doc, ["It is 1234567."]) == {"exact_match": 1.0, "recall": 1.0}


@pytest.mark.slow
def test_a_run_measures_by_kind_and_depth(roomy: Scripted) -> None:
    roomy.texts = [", ".join(row["answers"]) for row in rows(roomy, chat_template="off")]
    tasks = [TaskConfig(name="long_context_1k", limit="all")]
    config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), chat_template="off")
    [result] = suite.run_tasks(roomy, config)
    assert {metric.metric: metric.value for metric in result.metrics if metric.primary} == {
        "exact_match": 1.0,
        "recall": 1.0,
    }
    assert Counter(sample.slices["kind"] for sample in result.samples) == dict.fromkeys(KINDS, 5)
    assert all(sample.prompt.endswith("\nAnswer:") for sample in result.samples)
    assert [asset.source for asset in result.assets] == ["generated by checkpoint-audit"]
