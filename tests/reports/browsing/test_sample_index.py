"""Samples found by DuckDB, compared with the same found one by one in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from audit.core.errors import RunFolderError
from audit.core.records import Flag, Sample, SampledText, Span
from audit.core.run_folder import RunFolder
from audit.core.sensitive import is_hidden
from audit.reports.browsing.sample_index import SampleIndex, neighbours
from audit.reports.browsing.selection import Selection
from audit.reports.errors.analysis import analyse
from audit.stats.definitions import Mean, measured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Metric

TEXTS = ("The Fox ran.", "100 % of [it]_*", "O'Neil; --", "Ünïcode ÄÖ", "", "back\\slash")


def made(task: str, number: int, score: float | None, **more: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": f"{task}-{number:03}",
        "suite": "safety" if task == "harm" else "evals",
        "task": task,
        "prompt": f"{TEXTS[number % 6]} Question {number}?",
        "output": TEXTS[(number + 1) % 6],
        "reference": None if number % 4 == 0 else TEXTS[(number + 2) % 6],
        "score": score,
        "confidence": None if number % 5 == 0 else (number * 37 % 100) / 100,
        "slices": {"kind": str(number % 3), "o'k": "x"} if number % 2 else {},
        "flags": [Flag.EMPTY_OUTPUT] if number % 7 == 0 else [Flag.TIE] if number % 7 == 1 else [],
        "error": "broke" if number == 11 else None,
        "tokens_in": number * 13 % 17,
    }
    return Sample(**values | more)


@pytest.fixture(scope="module")
def by_task() -> dict[str, list[Sample]]:
    """Right or wrong answers, a probe's findings on a scale, and generated texts with a score."""
    thought = {"thinking": "Perhaps an okapi.", "completions": [SampledText(text="A zebu.", flags=[Flag.REDACTED])]}
    return {
        "answers": [made("answers", n, float(n % 3 > 0), **(thought if n == 4 else {})) for n in range(30)],
        "texts": [made("texts", n, (n * 29 % 31) / 31) for n in range(25)],
        "harm": [made("harm", n, None if n == 3 else (n * 7 % 11) / 10) for n in range(12)],
    }


@pytest.fixture(scope="module")
def metrics(by_task: dict[str, list[Sample]]) -> list[Metric]:
    return [
        measured(Mean(seed=1), samples, metric="mean", unit="share", higher_is_better=name != "harm", primary=True)
        for name, samples in by_task.items()
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, by_task: dict[str, list[Sample]]) -> RunFolder:
    """A run whose path has the characters that patterns are made of, and looks like Hive's partitions."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "output=a[b]*?c {d}" / "score=1")
    for name, samples in by_task.items():
        folder.write_samples(samples[0].suite, name, samples)
    return folder


@pytest.fixture(scope="module")
def index(run: RunFolder, metrics: list[Metric]) -> SampleIndex:
    return SampleIndex.read(run, metrics, {("answers", "answers-002"), ("texts", "answers-003")})


def found(index: SampleIndex, selection: Selection) -> list[str]:
    listed = index.find(selection)
    return [sample.sample_id for sample in index.samples([listed[place] for place in range(len(listed))])]


def holds(sample: Sample, text: str) -> bool:
    texts = [sample.prompt, sample.output, sample.reference, sample.thinking, *(c.text for c in sample.completions)]
    return not is_hidden(sample) and any(text.lower() in (one or "").lower() for one in texts)


def is_scored(sample: Sample) -> bool:
    return sample.error is None and sample.score is not None


FILTERS: list[tuple[Selection, Callable[[Sample], bool]]] = [
    (Selection(), lambda s: True),
    *((Selection(text=text), lambda s, text=text: holds(s, text)) for text in ("fox", "% of [", "'", "*", "ÄÖ", "\\")),
    (Selection(text="okapi"), lambda s: s.sample_id == "answers-004"),
    (Selection(text="ZEBU"), lambda s: s.sample_id == "answers-004"),
    (Selection(suites=("safety",)), lambda s: s.suite == "safety"),
    (Selection(tasks=("evals/texts", "safety/harm")), lambda s: s.task != "answers"),
    (Selection(result="wrong"), lambda s: s.task == "answers" and is_scored(s) and s.score == 0),
    (Selection(result="right"), lambda s: s.task == "answers" and is_scored(s) and s.score == 1),
    (Selection(result="not scored"), lambda s: not is_scored(s)),
    (Selection(marks=("flagged",)), lambda s: bool(s.all_flags)),
    (Selection(marks=("explained",)), lambda s: s.sample_id == "answers-002"),
    (Selection(marks=("unreadable answer",)), lambda s: Flag.EMPTY_OUTPUT in s.all_flags),
    (Selection(flags=("tie", "redacted")), lambda s: bool({Flag.TIE, Flag.REDACTED} & s.all_flags)),
    (Selection(flags=("(no flag)", "tie")), lambda s: not s.all_flags or Flag.TIE in s.all_flags),
    (Selection(slices=("kind = 2", "kind = 0")), lambda s: s.slices.get("kind") in ("0", "2")),
    (Selection(slices=("o'k = x",)), lambda s: "o'k" in s.slices),
    (Selection(low=0.3, high=0.8), lambda s: is_scored(s) and 0.3 <= (s.score or 0) <= 0.8),
    (
        Selection(text="fox", result="wrong"),
        lambda s: holds(s, "fox") and s.task == "answers" and s.score == 0 and is_scored(s),
    ),
]


@pytest.mark.slow
def test_filters_find_what_a_look_at_each_sample_finds(index: SampleIndex, by_task: dict[str, list[Sample]]) -> None:
    every = [sample for name in ("answers", "texts", "harm") for sample in by_task[name]]
    for selection, fits in FILTERS:
        assert found(index, selection) == [sample.sample_id for sample in every if fits(sample)], selection
    assert sum(index.results(Selection(result="wrong")).values()) == index.total() == len(every)
    assert index.results(Selection()) == {"right": 19, "wrong": 10, "not scored": 4, "scored": 34}


def test_worst_first_is_the_order_of_the_error_analysis(
    index: SampleIndex, by_task: dict[str, list[Sample]], metrics: list[Metric]
) -> None:
    for name, suite in (("answers", "evals"), ("texts", "evals"), ("harm", "safety")):
        mine = [metric for metric in metrics if metric.task == name]
        listed = analyse(suite, name, by_task[name], mine, seed=1, listed=8).listed  # type: ignore[arg-type] # a suite
        ours = found(index, Selection(tasks=(f"{suite}/{name}",), sort="worst"))
        assert ours[:8] == [sample.sample_id for sample in listed]
    # Of several tasks, the worst of each in turn.
    assert [one.split("-")[0] for one in found(index, Selection(sort="worst"))[:6]] == ["answers", "texts", "harm"] * 2


@pytest.mark.parametrize("descending", [False, True])
def test_sorting_puts_missing_values_last(
    index: SampleIndex, by_task: dict[str, list[Sample]], descending: bool
) -> None:
    every = [sample for name in ("answers", "texts", "harm") for sample in by_task[name]]
    keys: dict[str, Callable[[Sample], Any]] = {
        "score": lambda s: s.score if is_scored(s) else None,
        "confidence": lambda s: s.confidence,
        "reference": lambda s: None if s.reference is None or is_hidden(s) else s.reference.lower(),
        "tokens": lambda s: s.tokens_in,
    }
    for name, key in keys.items():
        there = [sample for sample in every if key(sample) is not None]
        ordered = sorted(there, key=key, reverse=descending)
        ours = index.samples(index.find(Selection(sort=name, descending=descending)).page(1, 67))
        assert [key(sample) for sample in ours] == [*map(key, ordered), *[None] * (67 - len(there))], name
    assert index.find(Selection(sort="worst")) is index.find(Selection(sort="worst", page=7))


def test_places_pages_and_neighbours(index: SampleIndex) -> None:
    listed = index.find(Selection(result="wrong"))
    assert (len(listed), listed.pages(4), listed.pages(5)) == (10, 3, 2)
    assert [len(listed.page(number, 4)) for number in (1, 2, 3, 99)] == [4, 4, 2, 2]
    third = listed[2]
    assert listed.place(third) == 2
    assert list(neighbours(listed, 0)) == [None, listed[1]]
    assert list(neighbours(listed, 9)) == [listed[8], None]
    other = index.key("evals/answers", "answers-001")
    assert other is not None
    assert listed.place(other) is None
    assert index.key("evals/texts", "answers-001") is None
    assert index.key(None, "texts-002") == index.key("evals/texts", "texts-002")
    assert index.facts([third]) == [("answers-006", "wrong", False)]
    assert index.key_of(str(third)) == third


def test_what_the_boxes_offer(index: SampleIndex) -> None:
    assert index.flags(Selection()) == ["empty_output", "redacted", "tie"]
    assert index.slices(Selection(tasks=("safety/harm",))) == (["kind = 0", "kind = 1", "kind = 2", "o'k = x"], 4)
    assert index.score_range(Selection(tasks=("evals/texts",))) == (0.0, 30 / 31)
    assert index.score_range(Selection(tasks=("none",))) is None


def test_the_question_is_what_is_sorted_by(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    asked = ["b?", "c?", "a?"]
    spans = [Span(name="passage", kind="field", start=0, end=9), Span(name="question", kind="field", start=11, end=13)]
    samples = [made("t", n, 1.0, prompt=f"Passage {n}. {text}", spans=spans) for n, text in enumerate(asked)]
    run.write_samples("evals", "t", samples)
    index = SampleIndex.read(run, [], set())
    assert found(index, Selection(sort="question")) == ["t-002", "t-000", "t-001"]


def test_hidden_text_is_neither_found_nor_sorted_by(tmp_path: Path) -> None:
    """Whether it is found, and where it stands, would say what it says."""
    run = RunFolder(tmp_path / "run")
    flags = [[], [Flag.OFFENSIVE], [Flag.UNJUDGED], [Flag.TIE]]
    samples = [made("t", n, 1.0, output=f"vile {9 - n}", flags=flag) for n, flag in enumerate(flags)]
    samples[0] = samples[0].model_copy(
        update={"completions": [SampledText(text="viler", flags=[Flag.OFFENSIVE]), SampledText(text="milder")]}
    )
    run.write_samples("evals", "t", samples)
    run.write_samples("safety", "harm", [made("harm", 0, 1.0, output="vile")])
    index = SampleIndex.read(run, [], set())
    for text, there in {"VILE": ["t-000", "t-003"], "viler": [], "milder": ["t-000"]}.items():
        assert found(index, Selection(text=text)) == there
    for name in ("output", "question"):
        listed = found(index, Selection(sort=name, descending=True))
        assert listed[2:] == ["t-001", "t-002", "harm-000"]


def test_a_file_with_surrogates_is_searched_and_read(tmp_path: Path) -> None:
    r"""Such a file holds ``\ud800`` for half a character and ``\\`` for a backslash."""
    run = RunFolder(tmp_path / "run")
    samples = [made("t", 0, 1.0, output="half \ud83d", slices={"a\\b": "c"}), made("t", 1, 0.0, output="back\\slash")]
    run.write_samples("evals", "t", samples)
    index = SampleIndex.read(run, [], {("t", "t-001")})
    assert found(index, Selection(text="k\\s")) == ["t-001"]
    assert found(index, Selection(marks=("explained",))) == ["t-001"]
    assert index.samples([index.find(Selection())[0]])[0].output == "half \ud83d"


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Its samples have no counted thinking."""
    run = RunFolder(tmp_path / "run")
    run.write_samples("evals", "t", [made("t", 0, 1.0, thinking="Hm.", thinking_tokens=3)])
    path = run.samples_path("evals", "t")
    pq.write_table(pq.read_table(path).drop_columns(["thinking_tokens"]), path)
    index = SampleIndex.read(run, [], set())
    (sample,) = index.samples([index.find(Selection())[0]])
    assert (sample.sample_id, sample.thinking, sample.thinking_tokens) == ("t-000", "Hm.", None)


def test_a_broken_file_is_left_out_with_its_fault(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    for task in ("cut", "gone", "whole"):
        run.write_samples("evals", task, [made(task, n, 1.0) for n in range(3)])
    path = run.samples_path("evals", "cut")
    path.write_bytes(path.read_bytes()[:300])
    index = SampleIndex.read(run, [], set())
    assert list(index.faults) == ["evals/cut"]
    assert "cut.parquet: broken samples file" in index.faults["evals/cut"]
    assert index.total() == 6
    run.samples_path("evals", "gone").unlink()
    with pytest.raises(RunFolderError, match=r"gone\.parquet: broken samples file"):
        index.samples([index.find(Selection(tasks=("evals/gone",)))[0]])
    with pytest.raises(RunFolderError, match="cannot be searched"):
        index.find(Selection(text="fox"))
