"""Items of two runs paired by DuckDB, compared with the same paired one by one in Python."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Sample, SampledText
from audit.core.run_folder import RunFolder
from audit.core.sensitive import is_hidden
from audit.gate.comparison.changed import changed_items
from audit.reports.browsing.pair_index import CHANGES, PairIndex, PairSelection
from audit.reports.browsing.sample_index import SampleKey
from audit.stats.definitions import Mean, measured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Metric

TEXTS = ("The Fox ran.", "100 % of [it]_*", "O'Neil; --", "Ünïcode ÄÖ", "", "back\\slash")


def made(task: str, number: int, run: int, score: float | None, **more: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": f"{task}-{number:03}",
        "suite": "evals" if task in ("answers", "texts") else "safety",
        "task": task,
        "prompt": f"{TEXTS[number % 6]} Question {number}?",
        "output": TEXTS[(number + run * (number % 4)) % 6],
        "score": score,
        "slices": {"kind": str(number % 3), "o'k": "x"} if number % 2 else {},
        "error": "broke" if (number, run) == (11, 1) else None,
    }
    return Sample(**values | more)


def both(run: int) -> dict[str, list[Sample]]:
    """Right or wrong answers, texts with a score, findings of a probe, and gaps of which neither end is good."""
    answers = [made("answers", n, run, float((n + run * (n % 5 == 0)) % 3 > 0)) for n in range(run, 40)]
    texts = [made("texts", n, run, None if n == 4 + run else (n * (29 + 4 * run) % 31) / 31) for n in range(25)]
    harm = [made("harm", n, run, float((n + run * (n % 3)) % 4 == 0)) for n in range(16)]
    gaps = [made("gaps", n, run, (n * (5 + run)) % 7 - 3.0) for n in range(12 - run)]
    if run:
        gaps[3] = gaps[3].model_copy(update={"prompt": gaps[3].prompt + "!"})
        gaps[5] = gaps[5].model_copy(update={"prompt_sha256": "1" * 64})  # the earlier run did not store it
    found = {"answers": answers[::-1] if run else answers, "texts": texts, "harm": harm, "gaps": gaps}
    if run:
        found["answers"][3] = found["answers"][3].model_copy(
            update={"thinking": "Perhaps an okapi.", "completions": [SampledText(text="A zebu.")]}
        )
    return found | {f"only{run}": [made(f"only{run}", 0, run, 1.0)]}


def metrics_of(samples: dict[str, list[Sample]]) -> list[Metric]:
    directions: dict[str, dict[str, Any]] = {
        "answers": {"unit": "share", "higher_is_better": True},
        "texts": {"unit": "share", "higher_is_better": True},
        "harm": {"unit": "share", "higher_is_better": False},
        "gaps": {"unit": "points", "higher_is_better": None},
    }
    return [
        measured(Mean(seed=1), samples[name], metric="mean", primary=True, **given)
        for name, given in directions.items()
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    """Runs whose paths have the characters that patterns are made of, and look like Hive's partitions."""
    folders = []
    for run in (0, 1):
        folder = RunFolder(tmp_path_factory.mktemp("runs") / "output=a[b]*?c" / f"score={run}")
        for name, samples in both(run).items():
            folder.write_samples(samples[0].suite, name, samples)
        folders.append(folder)
    return folders[0], folders[1]


@pytest.fixture(scope="module")
def index(runs: tuple[RunFolder, RunFolder]) -> PairIndex:
    return PairIndex.read(*runs, metrics_of(both(1)))


def score(sample: Sample) -> float | None:
    return sample.score if sample.error is None and sample.score is not None and math.isfinite(sample.score) else None


def change_of(earlier: Sample, later: Sample) -> str:
    before, after = score(earlier), score(later)
    if earlier.prompt != later.prompt:
        return "other prompt"
    if before is None or after is None:
        return "same" if before is after else "one scored"
    if before == after:
        wrong = later.task == "answers" and after == 0 and earlier.output != later.output
        return "other answer" if wrong else "same"
    if later.task == "answers":
        return "fixed" if after > before else "broken"
    if later.task == "gaps":
        return "moved"
    return "better" if (after > before) == (later.task == "texts") else "worse"


def paired() -> list[tuple[Sample, Sample]]:
    """By hand: tasks of both runs, items of both, each with its twin."""
    earlier, later = both(0), both(1)
    return [
        (one, other)
        for task in ("answers", "texts", "gaps", "harm")
        for other in later[task]
        for one in earlier[task]
        if one.sample_id == other.sample_id
    ]


def holds(sample: Sample, text: str) -> bool:
    texts = [sample.prompt, sample.output, sample.reference, sample.thinking, *(c.text for c in sample.completions)]
    return not is_hidden(sample) and any(text.lower() in (one or "").lower() for one in texts)


def either_holds(one: Sample, other: Sample, text: str) -> bool:
    return holds(one, text) or holds(other, text)


def ids(index: PairIndex, selection: PairSelection) -> list[str]:
    found = index.find(selection)
    return [facts.sample_id for facts in index.facts([found[place] for place in range(len(found))])]


FILTERS: list[tuple[PairSelection, Callable[[Sample, Sample, str], bool]]] = [
    (PairSelection(), lambda a, b, change: change != "same"),
    *((PairSelection(change=kind), lambda a, b, change, kind=kind: change == kind) for kind in CHANGES),
    (PairSelection(task="evals/answers"), lambda a, b, change: change != "same" and b.task == "answers"),
    (PairSelection(slice="kind = 2"), lambda a, b, change: change != "same" and b.slices.get("kind") == "2"),
    (PairSelection(slice="o'k = x", change="same"), lambda a, b, change: change == "same" and "o'k" in b.slices),
    *(
        (
            PairSelection(text=text),
            lambda a, b, change, text=text: change != "same" and (holds(a, text) or holds(b, text)),
        )
        for text in ("fox", "% of [", "'", "*", "ÄÖ", "\\", "okapi", "ZEBU")
    ),
    (PairSelection(text="nowhere"), lambda a, b, change: False),
    (PairSelection(task="evals/none"), lambda a, b, change: False),
]


@pytest.mark.slow
def test_changes_and_filters_are_those_of_a_look_at_each_pair(index: PairIndex) -> None:
    every = [(one, other, change_of(one, other)) for one, other in paired()]
    assert {change for _, _, change in every} == {*CHANGES}, "the made-up runs have every kind of change"
    for selection, fits in FILTERS:
        expected = {other.sample_id for one, other, change in every if fits(one, other, change)}
        listed = ids(index, selection)
        assert sorted(listed) == sorted(expected), selection
    counted = index.changes(PairSelection(change="broken", task="evals/answers"))
    assert counted == {
        kind: n for kind in CHANGES if (n := sum(c == kind and b.task == "answers" for _, b, c in every))
    }


def test_losses_come_first_as_the_gate_sorts_them(index: PairIndex) -> None:
    """Of each kind of change, the order of :func:`changed_items` but for ties, which it leaves in the file's order."""
    earlier, later = both(0), both(1)
    for name, suite, upwards in (("answers", "evals", True), ("texts", "evals", True), ("harm", "safety", False)):
        items = changed_items(earlier[name], later[name], higher_is_better=upwards)
        losses = [item for item in items if (item.change < 0) == upwards]
        listed = index.find(PairSelection(task=f"{suite}/{name}"))
        facts = index.facts(listed.page(1, len(losses)))
        assert [one.moved for one in facts] == [item.change for item in losses]
        assert all(change in ("broken", "worse") for change in (one.change for one in facts))
    everything = index.find(PairSelection())
    kinds = [one.change for one in index.facts([everything[place] for place in range(len(everything))])]
    group = {
        "broken": 0,
        "worse": 0,
        "moved": 0,
        "other prompt": 1,
        "other answer": 1,
        "one scored": 2,
        "fixed": 3,
        "better": 3,
    }
    assert [key for key, _ in groupby(group[kind] for kind in kinds)] == [0, 1, 2, 3]


def test_pairs_are_the_samples_themselves(index: PairIndex) -> None:
    listed = index.find(PairSelection(change="fixed"))
    keys = [listed[place] for place in range(len(listed))][::-1]
    twins = {other.sample_id: (one, other) for one, other in paired()}
    assert index.pairs(keys) == [twins[facts.sample_id] for facts in index.facts(keys)]
    key = index.key("evals/texts", "texts-003")
    assert key is not None
    assert listed.place(key) is None
    assert index.key("evals/answers", "texts-003") is None
    assert index.key(None, "answers-000") is None, "only the earlier run has it"
    assert index.facts([SampleKey(0, 10_000)]) == []
    assert index.find(PairSelection()) is index.find(PairSelection())


def test_slices_are_counted(index: PairIndex) -> None:
    of_task = [(one, other) for one, other in paired() if other.task == "answers" and score(other) is not None]
    for row in index.by_slice("evals/answers"):
        name, value = row.name.split(" = ")
        moved = [(score(b) or 0.0) - (score(a) or 0.0) for a, b in of_task if b.slices.get(name) == value]
        assert (row.n, row.higher, row.lower) == (len(moved), sum(m > 0 for m in moved), sum(m < 0 for m in moved))
        assert row.moved == pytest.approx(sum(moved) / len(moved))
    assert {row.name for row in index.by_slice("evals/answers")} == {"kind = 0", "kind = 1", "kind = 2", "o'k = x"}
    assert index.by_slice("evals/none") == []


@pytest.mark.slow
def test_files_with_and_without_escapes_are_paired(tmp_path: Path) -> None:
    r"""A file with half a character holds ``\\`` for a backslash; the other run's file does not."""
    folders = []
    for run, output in enumerate(("half \ud83d", "whole")):
        folder = RunFolder(tmp_path / str(run))
        samples = [
            made("answers", 0, run, 0.0, sample_id="a\\b", output="back\\slash"),
            made("answers", 1, run, 0.0, output=output),
        ]
        folder.write_samples("evals", "answers", samples)
        folders.append(folder)
    for pair in (folders, folders[::-1]):
        index = PairIndex.read(*pair, [])
        assert ids(index, PairSelection()) == ["answers-001"]
        assert index.changes(PairSelection()) == {"same": 1, "other answer": 1}
        same = index.pairs([index.find(PairSelection(change="same"))[0]])[0]
        assert [one.sample_id for one in same] == ["a\\b", "a\\b"]
        assert len(index.find(PairSelection(text="k\\s", change="same"))) == 1


def test_samples_of_one_id_are_paired_in_their_order(tmp_path: Path) -> None:
    folders = [RunFolder(tmp_path / str(run)) for run in (0, 1)]
    for run, folder in enumerate(folders):
        scores = (1.0, 0.0, 1.0) if run == 0 else (0.0, 1.0)
        twins = [made("answers", n, run, one, sample_id="twin") for n, one in enumerate(scores)]
        folder.write_samples("evals", "answers", twins)
    index = PairIndex.read(folders[0], folders[1], [])
    assert [one.change for one in index.facts([*index.find(PairSelection()).page(1, 9)])] == ["broken", "fixed"]


def test_another_prompt_is_neither_a_loss_nor_a_gain(tmp_path: Path) -> None:
    """By the digests where both runs have them, which texts that were changed before storing do not tell."""
    folders = [RunFolder(tmp_path / str(run)) for run in (0, 1)]
    for run, folder in enumerate(folders):
        asked: list[dict[str, Any]] = [
            {"prompt": "back\\slash", "output": "half \ud83d"},
            {"prompt": f"[{run}]"},
            {"prompt_sha256": f"{run}" * 64},
            {"prompt": f"[{run}]", "prompt_sha256": "2" * 64},
        ]
        samples = [made("answers", n, 0, 1.0 - run, **more) for n, more in enumerate(asked)]
        folder.write_samples(
            "evals", "answers", samples if run else [samples[0].model_copy(update={"output": ""}), *samples[1:]]
        )
    index = PairIndex.read(folders[0], folders[1], [])
    listed = {one.sample_id[-1]: one.change for one in index.facts(index.find(PairSelection()).page(1, 9))}
    assert listed == {"0": "broken", "1": "other prompt", "2": "other prompt", "3": "broken"}
    assert [(row.name, row.n, row.lower) for row in index.by_slice("evals/answers")] == [
        ("kind = 0", 1, 1),
        ("o'k = x", 1, 1),
    ]


def test_a_broken_file_is_left_out_with_its_fault(runs: tuple[RunFolder, RunFolder], tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    for name in ("answers", "texts"):
        folder.write_samples("evals", name, both(0)[name])
    folder.samples_path("evals", "texts").write_bytes(b"PAR1 no PAR1")
    index = PairIndex.read(folder, runs[1], [])
    assert [file.name for file in index.files] == ["evals/answers"]
    assert list(index.faults) == ["evals/texts"]
