"""Items in a corpus: shares by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.evals.contamination.benchmark import read_benchmark
from audit.evals.contamination.overlap import check_overlap
from audit.stats.recompute import differences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evals.conftest import Scripted

WORDS = [letter * 2 for letter in "abcdefghijklmn"]


def test_shares_of_n_grams(scripted: Scripted, rows: dict[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    """14 words have seven 8-grams and two 13-grams; the corpus holds 13 and 12 of the words in a row."""
    texts = [" ".join(WORDS), " ".join(WORDS[::-1]), "too short", " ".join(WORDS[:9])]
    rows["truthfulqa"] = [{"question": text, "correct": []} for text in texts]
    (tmp_path / "a.txt").write_text(f"so AA, {' '.join(WORDS[1:13])}! and {' '.join(WORDS[::-1][:12])} end")
    contamination = {"checks": ["overlap"], "corpus": [tmp_path]}
    config = RunConfig.model_validate({"evals": {"contamination": contamination}}, strict=False)
    wanted = TaskConfig(name="truthfulqa.overlap")
    found = check_overlap(scripted, config, wanted, read_benchmark(config, "truthfulqa"))
    assert [one.score for one in found.samples] == [6 / 7, 5 / 7, None, 1.0]
    assert [one.scores.get("any_13_gram") for one in found.samples] == [1.0, 0.0, None, None]
    assert found.samples[0].scores["share_of_13_grams"] == 0.5
    assert found.samples[0].scores["share_of_8_grams_of_question"] == 6 / 7
    assert found.samples[2].error == "fewer than 8 words"
    metrics = {metric.metric: metric for metric in found.metrics}
    assert (metrics["contaminated"].value, metrics["contaminated"].n) == (1.0, 3)
    assert (metrics["any_13_gram"].value, metrics["any_13_gram"].n, metrics["any_13_gram"].missing) == (0.5, 2, 1)
    assert metrics["contaminated"].note == "28 words in 1 file of the corpus"
    assert [asset.name for asset in found.assets] == ["truthfulqa", "corpus"]
    assert scripted.asked == []
    assert [line for metric in found.metrics for line in differences(metric, found.samples, interval=True)] == []


def test_an_item_is_found_however_its_options_and_answers_are_written(
    scripted: Scripted, rows: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """With names of options, without options, and with another solution; a common ending alone is nothing."""
    question = "Which of these towns lies furthest to the north of all?"
    options = ["Rome in Italy", "Oslo in Norway", "Bonn in Germany"]
    problem = "How many apples are left if Ann eats two of ten?"
    rows["openbookqa"] = [{"question": question, "choices": options, "answer": 1}]
    rows["gsm8k"] = [{"question": problem, "answer": "She has 10-2=<<10-2=8>>8 apples left.\n#### 8", "number": 8.0}]
    lettered = f"Question: {question}\n" + "\n".join(f"{n}. {o}" for n, o in zip("ABC", options, strict=True))
    other = "How many does she eat? How many apples are left if Bo eats two of ten?"
    cases = [
        ("openbookqa", lettered, 1.0),
        ("openbookqa", lettered.replace("A. ", "(A) ").replace("B. ", "(B) ").replace("C. ", "(C) "), 1.0),
        ("openbookqa", question, 1.0),
        ("gsm8k", f"{problem} She has 10 - 2 = 8 apples.", 1.0),
        ("gsm8k", other, 0.0),
    ]
    for name, text, expected in cases:
        (tmp_path / "a.txt").write_text(text)
        contamination = {"checks": ["overlap"], "corpus": [tmp_path]}
        config = RunConfig.model_validate({"evals": {"contamination": contamination}}, strict=False)
        found = check_overlap(scripted, config, TaskConfig(name=f"{name}.overlap"), read_benchmark(config, name))
        assert [metric.value for metric in found.metrics if metric.metric == "contaminated"] == [expected], text


def test_a_corpus_without_words_shows_nothing(
    scripted: Scripted, rows: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    rows["truthfulqa"] = [{"question": " ".join(WORDS), "correct": []}]
    (tmp_path / "a.jsonl").write_text('{"text": null}\n{"text": "one two three four five six seven"}\n')
    config = RunConfig.model_validate(
        {"evals": {"contamination": {"checks": ["overlap"], "corpus": [tmp_path]}}}, strict=False
    )
    with pytest.raises(ConfigError, match=r"--corpus .*: holds 7 words: nothing can be found in it"):
        check_overlap(scripted, config, TaskConfig(name="truthfulqa.overlap"), read_benchmark(config, "truthfulqa"))
