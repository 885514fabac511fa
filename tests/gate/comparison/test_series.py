"""Three or more runs: letters, changes and trends of known data, and what keeps runs from being compared."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from audit.core.errors import ConfigError, RunFolderError
from audit.gate.comparison import series
from audit.gate.comparison.compare import ComparisonWork, compare
from audit.gate.comparison.series import compare_series
from audit.stats.definitions import Auroc, Corpus
from tests.gate.comparison.runs import run_with, scored
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import SeriesComparison, SeriesMetric
    from audit.core.run_folder import RunFolder

pytestmark = pytest.mark.slow

N = 60
RIGHT = (20, 22, 40, 41)
"""Items that each run has right, the first ones of all."""
ROWS = np.array([[1.0] * right + [0.0] * (N - right) for right in RIGHT])


@pytest.fixture
def runs(tmp_path: Path) -> list[RunFolder]:
    return [run_with(tmp_path, f"checkpoint-{place}", scored(list(row))) for place, row in enumerate(ROWS, 1)]


def only(found: SeriesComparison) -> SeriesMetric:
    [metric] = found.metrics
    return metric


def test_values_pairs_steps_and_trend(runs: list[RunFolder]) -> None:
    found = compare_series(runs)
    assert [run.label for run in found.runs] == [f"checkpoint-{place}" for place in range(1, 5)]
    assert (found.axis, found.mismatches, found.not_in_all) == ("order", [], {})
    one = only(found)
    assert (one.n, one.aligned, one.missing, one.error) == (N, 1.0, None, None)
    for value, right in zip(one.values, RIGHT, strict=True):
        assert value.value == pytest.approx(right / N)
        assert (value.ci_low, value.ci_high) == pytest.approx(proportion_confint(right, N, method="wilson"))
    raw = {
        (first, second): mcnemar([[0, RIGHT[second] - RIGHT[first]], [0, 0]], exact=True).pvalue
        for first, second in combinations(range(4), 2)
    }
    adjusted = multipletests(list(raw.values()), method="holm")[1]
    assert [(pair.first, pair.second) for pair in one.pairs] == list(raw)
    assert [pair.p_value for pair in one.pairs] == pytest.approx(list(raw.values()))
    assert [pair.p_adjusted for pair in one.pairs] == pytest.approx(list(adjusted))
    assert [pair.differ for pair in one.pairs] == [False, True, True, True, True, False]
    assert [value.letters for value in one.values] == ["b", "b", "a", "a"]
    steps = multipletests([raw[0, 1], raw[1, 2], raw[2, 3]], method="holm")[1]
    assert [step.p_adjusted for step in one.steps] == pytest.approx(list(steps))
    assert [step.outcome for step in one.steps] == [None, "better", None]
    assert [step.difference for step in one.steps] == pytest.approx([2 / N, 18 / N, 1 / N])
    slope, _ = np.polyfit([1, 2, 3, 4], np.array(RIGHT) / N, 1)
    assert one.trend is not None
    assert (one.trend.change, one.trend.per_unit) == pytest.approx((3 * slope, slope))
    assert (one.trend.outcome, one.trend.p_adjusted) == ("better", one.trend.p_value)


def test_places_order_the_runs_and_stretch_the_line(runs: list[RunFolder]) -> None:
    found = compare_series(runs[::-1], at=[400, 300, 200, 100])
    assert [run.given for run in found.runs] == [3, 2, 1, 0]
    assert [run.at_text for run in found.runs] == ["100", "200", "300", "400"]
    whole = compare_series(runs, by="step")
    assert only(found).values == only(whole).values
    first, second = only(found).trend, only(whole).trend
    assert first is not None
    assert second is not None
    assert (first.change, 100 * first.per_unit) == pytest.approx((second.change, second.per_unit))


def test_slices_are_compared_with_all_metrics(runs: list[RunFolder]) -> None:
    found = compare_series(runs, everything=True)
    assert [metric.slice for metric in found.metrics] == [None, {"half": "a"}, {"half": "b"}]
    trends = [metric.trend for metric in found.metrics]
    raw = [one.p_value for one in trends if one]
    expected = multipletests(raw, method="fdr_bh")[1]
    assert [one.p_adjusted for one in trends if one] == pytest.approx(list(expected))
    assert found.metrics[1].values[0].value == pytest.approx(np.mean(ROWS[0][::2]))


def test_metrics_are_in_the_order_of_the_last_run(runs: list[RunFolder]) -> None:
    for run in runs[:3]:
        run.write_metrics(run.read_metrics()[::-1])
        sealed(run)
    found = compare_series(runs, everything=True)
    assert [metric.slice for metric in found.metrics] == [None, {"half": "a"}, {"half": "b"}]


def test_lower_is_better_turns_words_and_letters_around(tmp_path: Path) -> None:
    runs = [
        run_with(tmp_path, f"m{place}", scored(list(row)), higher_is_better=False) for place, row in enumerate(ROWS)
    ]
    one = only(compare_series(runs))
    assert [value.letters for value in one.values] == ["a", "a", "b", "b"]
    assert one.steps[1].outcome == "worse"
    assert one.trend is not None
    assert one.trend.outcome == "worse"


def test_what_differs_between_some_runs_keeps_all_from_being_compared(tmp_path: Path) -> None:
    other = scored(list(ROWS[2]), prompt_sha256="f" * 64)
    runs = [run_with(tmp_path, f"m{place}", scored(list(ROWS[place]))) for place in range(2)]
    runs.append(run_with(tmp_path, "m2", other))
    found = compare_series(runs)
    one = only(found)
    assert one.error == (
        "runs 1 and 3, 2 and 3: the runs differ in prompts: 60 of 60 (compare all the same: --across prompts)"
    )
    assert (one.values, one.pairs, one.steps, one.trend) == ([], [], [], None)
    [named] = found.mismatches
    assert (named.kind, named.what, named.values, named.pairs) == ("prompts", "60 of 60", [], [(0, 2), (1, 2)])
    again = compare_series(runs, across=["prompts"])
    assert (again.across, only(again).error) == (["prompts"], None)


def test_what_differs_is_named_once_with_what_each_run_has(tmp_path: Path) -> None:
    versions = ("2.13", "2.14", "2.13")
    runs = [
        run_with(tmp_path, f"m{place}", scored(list(ROWS[place])), packages={"torch": version})
        for place, version in enumerate(versions)
    ]
    found = compare_series(runs)
    [named] = found.mismatches
    assert (named.kind, named.what, named.values) == ("package", "torch", list(versions))
    assert named.pairs == [(0, 1), (1, 2)]
    assert only(found).error is None


def test_tasks_that_were_looked_at_in_any_run_are_named(tmp_path: Path) -> None:
    of = (None, looks(N, N), None)
    runs = [run_with(tmp_path, f"m{place}", scored(list(ROWS[place])), looks=one) for place, one in enumerate(of)]
    assert compare_series(runs).looked_at == ["boolq"]
    assert compare(runs[1], runs[2]).looked_at == ["boolq"]
    assert compare(runs[0], runs[2]).looked_at == []


def test_items_must_be_scored_in_all_runs(tmp_path: Path) -> None:
    holes: list[list[float | None]] = [list(row) for row in ROWS[:3]]
    holes[1][:2] = [None, None]
    holes[2] = holes[2][:-2]
    runs = [run_with(tmp_path, f"m{place}", scored(row)) for place, row in enumerate(holes)]
    one = only(compare_series(runs))
    assert (one.n, one.aligned) == (56, pytest.approx(56 / 60))
    missing = "2 items without a value in run 2 (m1), 2 items not in run 3 (m2)"
    assert (one.error, one.missing) == (f"only 93 % of the items are scored in all runs: {missing}", missing)
    tolerant = only(compare_series(runs, min_aligned=0.9))
    assert tolerant.error is None
    assert [value.value for value in tolerant.values] == pytest.approx(list(ROWS[:3, 2:-2].mean(axis=1)))
    assert tolerant.pairs[0].difference == pytest.approx(2 / 56)


def test_metrics_that_some_runs_lack_are_named(runs: list[RunFolder]) -> None:
    runs[1].write_metrics([])
    sealed(runs[1])
    found = compare_series(runs[:3])
    assert (found.metrics, found.not_in_all) == ([], {"boolq/accuracy": [0, 2]})


def test_pairs_without_a_test_have_no_letters(tmp_path: Path) -> None:
    # chrF does not count spaces: other answers, the same score.
    texts = [["a cat", "a dog", "one bird"], ["ac at", "a dog", "one bird"], ["aca t", "a dog", "one bird"]]
    items = scored([1.0] * 3, reference="a")
    runs = [
        run_with(
            tmp_path,
            f"m{place}",
            [one.model_copy(update={"output": text}) for one, text in zip(items, given, strict=True)],
            unit="chrf",
            definition=Corpus(metric="chrf"),
        )
        for place, given in enumerate(texts)
    ]
    one = only(compare_series(runs))
    assert one.error is None
    why = "the difference is the same without any of the items or clusters"
    assert one.no_letters == f"there is no test of runs 1 and 2: {why}"
    assert [value.letters for value in one.values] == [None] * 3
    assert [step.outcome for step in one.steps] == [None] * 2


def test_in_one_cluster_nothing_is_shown(tmp_path: Path) -> None:
    clustered = [one.model_copy(update={"cluster": "only"}) for one in scored(list(np.linspace(0, 3, 20)))]
    runs = [
        run_with(
            tmp_path,
            f"m{place}",
            [one.model_copy(update={"score": (one.score or 0) + place}) for one in clustered],
            unit="score",
        )
        for place in range(3)
    ]
    one = only(compare_series(runs))
    assert one.error is None
    assert [pair.differ for pair in one.pairs] == [False] * 3
    assert one.trend is not None
    assert (one.trend.outcome, one.trend.ci_low) == (None, None)
    assert [value.letters for value in one.values] == ["a"] * 3


def test_the_same_run_twice_and_wrong_numbers_of_runs_are_refused(runs: list[RunFolder]) -> None:
    with pytest.raises(RunFolderError, match="this run is given twice"):
        compare_series([runs[0], runs[1], runs[0]])
    with pytest.raises(ConfigError, match="2 runs: a series needs three or more"):
        compare_series(runs[:2])
    with pytest.raises(ConfigError, match=r"3 runs have 3 pairs: no difference could be shown at confidence 0\.9999"):
        compare_series(runs[:3], confidence=0.9999)
    with pytest.raises(ConfigError, match="nope: no run has a metric of this task"):
        compare_series(runs, tasks=["nope"])
    options: dict[str, Any] = {"across": ["prompt"]}
    with pytest.raises(ConfigError, match="prompt: no kind of mismatch"):
        compare_series(runs, **options)


def test_a_metric_without_a_value_on_the_common_items_is_not_compared(tmp_path: Path) -> None:
    """All runs have items of both kinds, but only those of one kind in common."""
    places = ([0, 2, 1], [0, 2, 3], [0, 2, 1, 3])
    items = scored([0.9, 0.1, 0.8, 0.2])
    of = Auroc(of="score", by="half", positive="a", negative="b")
    runs = [
        run_with(tmp_path, f"m{place}", [items[one] for one in kept], definition=of)
        for place, kept in enumerate(places)
    ]
    one = only(compare_series(runs, min_aligned=0.1))
    assert (one.n, one.error) == (2, "no value on the common items in run 1 (m0), run 2 (m1), run 3 (m2)")


def test_what_cannot_be_computed_says_why(runs: list[RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ComparisonWork, "hindrance", lambda *_: "nobody knows")
        assert only(compare_series(runs)).error == "nobody knows"
    with monkeypatch.context() as patch:
        patch.setattr(series, "letters", lambda *_: None)
        one = only(compare_series(runs))
        assert (one.error, one.no_letters) == (None, "there are more groups than letters")
    with monkeypatch.context() as patch:
        patch.setattr(series, "compared", lambda *_, **__: SimpleNamespace(value=None, error=None))
        one = only(compare_series(runs))
        assert (one.error, one.values) == ("it cannot be computed", [])

    def newer(*_: object) -> None:
        msg = "of a newer version"
        raise TypeError(msg)

    monkeypatch.setattr(series, "common_items", newer)
    assert only(compare_series(runs)).error == "of a newer version"
