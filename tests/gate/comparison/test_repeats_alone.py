"""Parts of a comparison of repeated runs: whose repeats they are, and what is named once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.errors import ConfigError, RunFolderError
from audit.core.records import Metric, Mismatch
from audit.core.records.comparison import MIN_ALIGNED, RunReference
from audit.gate.comparison import repeats
from audit.gate.comparison.repeats import ends
from audit.stats.definitions import Mean
from audit.stats.pairing.repeated import compared_repeats
from tests.gate.comparison.runs import scored

METRIC = Metric(
    name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.5, n=9, primary=True,
    higher_is_better=True, definition=Mean().written(),
)  # fmt: skip


def a_run(*, digest: str = "a", dtype: str = "float32", quantization: str | None = None, **fields: Any) -> Any:
    """A run of a checkpoint, as far as repeats look at it."""
    model = SimpleNamespace(name="m", digest=digest, dtype=dtype, quantization=quantization)
    return SimpleNamespace(manifest=SimpleNamespace(model=model, looked_at=set()), **fields)


OTHERS: list[dict[str, Any]] = [{"digest": "b"}, {"dtype": "bfloat16"}, {"quantization": "int8"}]


@pytest.mark.parametrize("other", OTHERS)
def test_a_side_is_a_checkpoint_in_one_number_type(other: dict[str, Any]) -> None:
    first, second, third, fourth, fifth = a_run(), a_run(**other), a_run(**other), a_run(), a_run()
    assert repeats._sides([first, second, third, fourth, fifth]) == ([first, fourth, fifth], [second, third])
    said = r"\(found 2 runs of m \(float32\), 1 run of m \(.*\)\)"
    with pytest.raises(ConfigError, match=said):
        repeats._sides([first, second, fourth])
    with pytest.raises(ConfigError, match=r"\(found 2 runs of .*, 2 runs of .*, 2 runs of m \(float16\)\)"):
        repeats._sides([first, second, third, fourth, a_run(dtype="float16"), a_run(dtype="float16")])


@pytest.mark.parametrize("other", OTHERS)
def test_the_ends_are_the_first_runs_of_both_checkpoints(other: dict[str, Any]) -> None:
    runs = [a_run(), a_run(), a_run(**other), a_run(**other)]
    folders: Any = [SimpleNamespace(read_manifest=lambda run=run: run.manifest) for run in runs]
    model = runs[2].manifest.model
    candidate = SimpleNamespace(model_digest=model.digest, dtype=model.dtype, quantization=model.quantization)
    found: Any = SimpleNamespace(candidate=candidate)
    assert ends(folders, found) == (folders[0], folders[2])


def test_a_mismatch_is_named_once_as_the_first_pair_has_it() -> None:
    about: dict[str, Any] = {"task": "boolq", "metric": "f1", "what": "scorer"}
    one = Mismatch(kind="scorer", baseline="a", candidate="b", **about)
    later = one.model_copy(update={"candidate": "c"})
    others = [one.model_copy(update={name: "version"}) for name in ("kind", "task", "metric", "what")]
    works: Any = [SimpleNamespace(mismatches=given) for given in ([one], [later, *others], others)]
    assert repeats._named_once(works) == [one, *others]


def test_metrics_that_any_run_of_the_other_side_lacks() -> None:
    other = METRIC.model_copy(update={"name": "boolq/f1"})
    side = METRIC.model_copy(update={"name": "boolq/side", "primary": False})
    runs = [a_run(by_key={one.name: one for one in mine}) for mine in ([METRIC, side], [METRIC, other], [METRIC])]

    def lacking(*tasks: str, everything: bool = False) -> list[str]:
        return repeats._lacking(runs[:2], [runs[2], runs[1]], tasks, everything=everything)

    assert lacking() == ["boolq/f1"]
    assert lacking("boolq", everything=True) == ["boolq/side", "boolq/f1"]
    assert lacking("asdiv", everything=True) == []


def test_a_metric_is_compared_on_all_runs_as_each_has_it() -> None:
    rows = [[float(item % 5 > place) for item in range(40)] for place in (2, 0, 1, 0)]
    key = repeats.key_of(METRIC)
    runs = [
        SimpleNamespace(by_key={key: place}, records=SimpleNamespace(of=lambda one: scored(rows[one])))
        for place in range(4)
    ]
    work: Any = SimpleNamespace(margin_of=lambda _: 0.2, filled=lambda bare, found: (bare, found))

    def found(*reasons: str | None) -> Any:
        pairs: Any = [
            (later, SimpleNamespace(hindrance=lambda place, why=why: why and f"{why} {place}"))
            for later, why in zip(runs, reasons, strict=False)
        ]
        sides: Any = (runs[:2], runs[2:])
        return repeats._difference(METRIC, sides, work, pairs, 0.9)

    bare, one = found(None, None)
    assert one == compared_repeats(
        Mean(), [scored(row) for row in rows[:2]], [scored(row) for row in rows[2:]],
        unit="share", higher_is_better=True, confidence=0.9, margin=0.2,
    )  # fmt: skip
    assert one.value == pytest.approx((3 / 5 + 4 / 5) / 2 - (2 / 5 + 4 / 5) / 2)
    assert (bare.name, bare.confidence) == ("boolq/accuracy", 0.9)
    failed = found("no", None, "no", "no")
    assert (failed.difference, failed.error) == (None, "no 0; no 2; no 3")


def test_other_clusters_keep_runs_from_being_compared() -> None:
    rows = [scored([1.0, 0.0], cluster=name) for name in "aaab"]
    key = repeats.key_of(METRIC)
    runs: Any = [
        SimpleNamespace(by_key={key: place}, records=SimpleNamespace(of=rows.__getitem__)) for place in range(4)
    ]
    work: Any = SimpleNamespace(margin_of=lambda _: 0.2)
    found = repeats._difference(METRIC, (runs[:2], runs[2:]), work, [], 0.9)
    assert found.difference is None
    assert "is in cluster 'a' of" in (found.error or "")


SLICED = METRIC.model_copy(update={"slice": {"half": "a"}})
F1 = METRIC.model_copy(update={"name": "boolq/f1"})
REPEATS: dict[str, list[Metric]] = {
    "0": [METRIC, SLICED],
    "1": [F1, METRIC, SLICED],
    "2": [SLICED, METRIC],
    "3": [F1, METRIC, SLICED],
}
"""Metrics of each run; 0 and 2 are of one checkpoint, 1 and 3 of another."""


class _Work:
    """Two runs and with which settings they are compared."""

    def __init__(self, one: Any, other: Any, **settings: Any) -> None:
        self.runs, self.settings = f"{one.name}{other.name}", settings
        what = {"kind": "run", "what": f"seed {self.runs}", "task": None, "metric": None}
        self.mismatches = [Mismatch(baseline="a", candidate="b", **what)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked for of each metric, with runs that stand for themselves."""
    found: list[Any] = []

    def opened(folder: Any) -> Any:
        name = folder.path.name
        place, mine = int(name), REPEATS[name]
        reference = RunReference(
            run_id=f"run-{name}", model="m", model_digest="ab"[place % 2], dtype="float32", quantization=None,
            metrics_sha256="0" * 64,
        )  # fmt: skip
        run = a_run(digest="ab"[place % 2], name=name, reference=reference, metrics=mine)
        run.manifest.run_id, run.by_key = f"run-{name}", {repeats.key_of(one): one for one in mine}
        return run

    def difference(metric: Metric, sides: Any, first: Any, pairs: Any, confidence: float) -> Any:
        names = [[run.name for run in side] for side in sides]
        found.append((metric, names, first.runs, [(one.name, work.runs) for one, work in pairs], first, pairs))
        return repeats.bare_difference(metric, confidence)

    monkeypatch.setattr(repeats, "ComparedRun", opened)
    monkeypatch.setattr(repeats, "ComparisonWork", _Work)
    monkeypatch.setattr(repeats, "_difference", difference)
    monkeypatch.setattr(repeats, "check_copies", lambda _: None)
    return found


def folders(*names: str) -> Any:
    return [SimpleNamespace(path=Path(name)) for name in names]


def test_which_runs_are_compared_with_which(asked: list[Any]) -> None:
    """All six pairs of four runs, for what keeps any two from being compared."""
    found = repeats.compare_repeats(folders("0", "1", "2", "3"))
    [(metric, sides, first, pairs, work, works)] = asked
    assert (metric, sides, first) == (METRIC, [["0", "2"], ["1", "3"]], "01")
    assert pairs == [("2", "02"), ("1", "01"), ("3", "03"), ("1", "21"), ("3", "23"), ("3", "13")]
    default = {"across": (), "margin": None, "min_aligned": MIN_ALIGNED, "confidence": 0.95}
    assert [one.settings for one in (work, *(pair for _, pair in works))] == [default] * 7
    assert (found.baseline.run_id, found.candidate.run_id) == ("run-0", "run-1")
    assert (found.baseline_repeats, found.candidate_repeats) == (["run-0", "run-2"], ["run-1", "run-3"])
    assert [one.what for one in found.mismatches] == [f"seed {runs}" for _, runs in pairs]
    assert [(one.name, one.slice, one.confidence, one.outcome) for one in found.differences] == [
        ("boolq/accuracy", None, 0.95, None)
    ]
    assert (found.confidence, found.across, found.only_baseline, found.only_candidate) == (0.95, [], [], ["boolq/f1"])


def test_options_of_repeats_are_those_of_each_pair(asked: list[Any]) -> None:
    given = {"across": ["prompts", "data"], "margin": 0.2, "min_aligned": 0.5, "confidence": 0.9}
    found = repeats.compare_repeats(folders("1", "0", "3", "2"), everything=True, tasks=["boolq"], **given)
    assert [metric for metric, *_ in asked] == [METRIC, SLICED]
    assert [one.settings for one in (asked[0][4], *(pair for _, pair in asked[0][5]))] == [given] * 7
    assert (found.confidence, found.across) == (0.9, ["data", "prompts"])
    assert [one.confidence for one in found.differences] == [0.9, 0.9]
    assert (found.only_baseline, found.only_candidate) == (["boolq/f1"], [])
    for change, fault in (
        ({"across": ["prompt"]}, "prompt: no kind"),
        ({"margin": -1}, "margin -1"),
        ({"tasks": ["x"]}, "x: no run"),
    ):
        with pytest.raises(ConfigError, match=fault):
            repeats.compare_repeats(folders("0", "1", "2", "3"), **change)
    with pytest.raises(RunFolderError, match="this run is given twice"):
        repeats.compare_repeats(folders("0", "1", "2", "3", "0"))


def test_metrics_of_other_tasks_are_not_named(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    other = METRIC.model_copy(update={"name": "asdiv/accuracy", "task": "asdiv"})
    aside = F1.model_copy(update={"name": "boolq/aside", "primary": False})
    monkeypatch.setitem(REPEATS, "0", [METRIC, other, aside])
    monkeypatch.setitem(REPEATS, "3", [METRIC, other, aside])
    for tasks, everything, baseline, candidate in (
        ((), False, ["asdiv/accuracy"], ["boolq/f1", "asdiv/accuracy"]),
        (["boolq"], False, [], ["boolq/f1"]),
        (["asdiv"], False, ["asdiv/accuracy"], ["asdiv/accuracy"]),
        (["asdiv", "boolq"], True, ["asdiv/accuracy", "boolq/aside", "boolq/accuracy [half=a]"],
         ["boolq/f1", "boolq/accuracy [half=a]", "asdiv/accuracy", "boolq/aside"]),
    ):  # fmt: skip
        found = repeats.compare_repeats(folders("0", "1", "2", "3"), tasks=tasks, everything=everything)
        assert (found.only_baseline, found.only_candidate) == (baseline, candidate)


def test_a_copy_of_a_run_is_asked_for(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(repeats, "check_copies", seen.append)
    given = folders("0", "1", "2", "3")
    repeats.compare_repeats(given)
    assert (seen, len(asked)) == ([given], 1)
