"""The table that ``audit run`` ends with."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from rich.table import Column
from rich.text import Text

from audit.cli.results_table import TitledTable, draw_lines, results_table
from audit.core.records import Looks, Metric, RunManifest, TaskWords

WORDS = TaskWords(title="Yes/no questions (BoolQ)", question="Does it answer yes or no correctly?")


def metric(task: str, name: str, **more: Any) -> Metric:
    fields = {"name": f"{task}/{name}", "suite": "evals", "task": task, "metric": name, "n": 1200, "primary": True}
    return Metric(**{**fields, "value": 0.5, "ci_low": 0.47, "ci_high": 0.53, "unit": "share", **more})


ACCURACY = metric("boolq", "accuracy", higher_is_better=True, chance=0.5, words={"title": "Right answers"})
TOXIC = metric("toxicity", "rate", suite="safety", higher_is_better=False, ideal=0)
BARE = metric("mine", "score", ci_low=None, ci_high=None, no_interval="all in one cluster", unit="score", value=3.2)
BROKEN = metric("gone", "score", value=None, ci_low=None, ci_high=None, error="none of 3 items could be scored", n=3)


def printed(*metrics: Metric, width: int, **fields: Any) -> list[str]:
    manifest = RunManifest.model_construct(run_id="run-1", words={"boolq": WORDS}, **{"looks": None, **fields})
    stream = io.StringIO()
    Console(file=stream, width=width).print(results_table(manifest, metrics, width))
    return [" ".join(line.replace("│", " ").split()) for line in stream.getvalue().splitlines()]


def test_a_wide_terminal_shows_a_sentence_and_the_name_stays() -> None:
    lines = printed(ACCURACY, TOXIC, BARE, BROKEN, width=160)
    row = next(at for at, line in enumerate(lines) if "right answers" in line)
    assert lines[row].startswith("Yes/no questions (BoolQ): right answers 50 % 47 to 53 % 1,200 Not shown to be better")
    assert lines[row + 1].startswith("boolq/accuracy")
    text = " ".join(lines)
    assert "50 %." in text
    assert "none: all in one cluster" in text
    assert "Not computed: none of 3 items could be scored." in text


def test_several_answers_get_a_line_each() -> None:
    drawn = {"settings": {"samples_per_item": 4}}
    vote = metric("asdiv", "majority_vote", value=0.5, primary=False, **drawn)
    mean = metric("asdiv", "exact_match", **drawn)
    (line,) = draw_lines([mean, ACCURACY], [mean, ACCURACY, vote])
    assert line == "answers asdiv/exact_match: 4 answers to each item: majority vote 50 % (47 to 53 %)"


def test_a_narrow_terminal_shows_direction_and_reference_in_words() -> None:
    text = " ".join(printed(ACCURACY, TOXIC, BARE, width=80))
    assert "Not shown" not in text
    for part in ("boolq/accuracy", "toxicity/rate", "mine/score", "higher;", "guessing", "lower; ideal"):
        assert part in text


def test_an_interval_that_is_too_narrow_is_not_shown() -> None:
    looks = Looks(policy="p", policy_sha256="0", baseline=None, looks=3, decided=True, tasks={"boolq": {"limit": 9}})
    text = " ".join(printed(ACCURACY, width=160, looks=looks))
    assert "47 to 53 %" not in text
    assert "the interval is too narrow to rely on" in text


def titled(width: int, *, lead: bool = False) -> list[str]:
    table = TitledTable(
        [Column("value", no_wrap=True), Column("outcome", min_width=16)],
        lead="verdict" if lead else None,
        caption="the key",
    )
    name = "a_task_with_a_long_name/expected_maximum"
    for title in ("A long title of a task: what the metric measures in words", ""):
        table.add(title, name, ["0.500", "too few items to tell (1,200 would)"], Text("INCONCLUSIVE") if lead else None)
    table.add("", "", ["0.250", ""])
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    console.print(table.fitted(console))
    return stream.getvalue().splitlines()


def test_a_narrow_terminal_gets_paragraphs_without_a_broken_word() -> None:
    for lead in (False, True):
        lines = titled(60, lead=lead)
        text = " ".join(" ".join(lines).split())
        assert not any(mark in text for mark in "│┃…")
        assert max(map(len, lines)) <= 60
        assert text.count("a_task_with_a_long_name/expected_maximum") == 2
        assert (
            text.index("A long title") < text.index("a_task_with") < text.index("value 0.500") < text.index("too few")
        )
        assert "value 0.250" in text
        assert "the key" in text
        assert text.startswith("INCONCLUSIVE" if lead else "A long title")


def test_a_path_is_folded_not_cut() -> None:
    path = "/data/" + "long-name-of-a-folder-" * 8 + "end"
    for width in (60, 120):
        table = TitledTable([Column("value"), Column("reason", overflow="fold", min_width=16)], lead="verdict")
        table.add("", "t/m", ["1", f"see {path}"], Text("FAIL"))
        stream = io.StringIO()
        console = Console(file=stream, width=width)
        console.print(table.fitted(console))
        lines = stream.getvalue().splitlines()
        assert path in "".join(line.rstrip(" │").rpartition("│")[2].strip() for line in lines)


def test_a_wide_terminal_gets_one_table_with_whole_names() -> None:
    lines = titled(120, lead=True)
    assert "┃ verdict" in lines[1]
    assert sum("a_task_with_a_long_name/expected_maximum" in line for line in lines) == 2
