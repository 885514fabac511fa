"""Parts of a comparison of several runs, by hand: families of tests, letters, what is named once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric, Mismatch, SeriesMetric, SeriesPair, SeriesTrend, SeriesValue
from audit.gate.comparison import series
from audit.gate.comparison.series import _Series
from audit.stats.definitions import Corpus, Mean
from audit.stats.pairing.common import common_items
from audit.stats.pairing.comparison import compared
from audit.stats.pairing.trend import Trend, trend
from tests.gate.comparison.runs import scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample

METRIC = Metric(name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.5, n=9, primary=True)


def metric(values: Sequence[float] = (), **fields: Any) -> SeriesMetric:
    """A metric with these values."""
    about = {"name": "boolq/accuracy", "suite": "evals", "task": "boolq", "unit": "share", "higher_is_better": True}
    return SeriesMetric(**{**about, "values": [SeriesValue(value=one) for one in values], **fields})


def pair(first: int, second: int, p_value: float | None, low: float = 0.1, **fields: Any) -> SeriesPair:
    """Two runs with an interval from ``low`` to ``low`` + 0.2."""
    given = {"difference": low + 0.1, "ci_low": low, "ci_high": low + 0.2, "p_value": p_value, **fields}
    return SeriesPair(first=first, second=second, **given)


def line(p_value: float | None, change: float = 0.2) -> SeriesTrend:
    """A trend with an interval that reaches 0.1 to both sides."""
    return SeriesTrend(change=change, per_unit=0.1, ci_low=change - 0.1, ci_high=change + 0.1, p_value=p_value)


@pytest.mark.parametrize(
    ("adjusted", "low", "high", "shown"),
    [
        (0.05, 0.1, 0.2, True),
        (0.05, -0.2, -0.1, True),
        (0.051, 0.1, 0.2, False),
        (0.05, 0.0, 0.2, False),
        (0.05, -0.2, 0.0, False),
        (0.05, -0.1, 0.2, False),
        (None, 0.1, 0.2, False),
        (0.05, None, 0.2, False),
        (0.05, -0.2, None, False),
        (0.05, None, None, False),
    ],
)
def test_a_difference_is_shown_by_p_value_and_interval(
    adjusted: float | None, low: float | None, high: float | None, shown: bool
) -> None:
    one = pair(0, 1, 0.01).model_copy(update={"ci_low": low, "ci_high": high})
    assert series._is_shown(one, adjusted, 0.95) is shown
    assert series._is_shown(pair(0, 1, 0.01), 0.5, 0.5)


def test_pairs_are_one_family_and_steps_another() -> None:
    """Holm's procedure: of 0.01, 0.03 and 0.024 the smallest is taken times 3, the next times 2."""
    pairs = [pair(0, 1, 0.01), pair(0, 2, 0.03, low=-0.4), pair(1, 2, 0.024, low=-0.4)]
    found = series._adjusted(pairs, 0.95)
    assert [one.p_adjusted for one in found] == pytest.approx([0.03, 0.048, 0.048])
    assert [one.differ for one in found] == [True, True, True]
    assert [one.differ for one in series._adjusted(pairs, 0.96)] == [True, False, False]
    first, second = series._steps(found, 3, True, 0.95)
    assert (first.to, first.difference, first.ci_low, first.ci_high) == pytest.approx((1, 0.2, 0.1, 0.3))
    assert (second.to, second.difference, second.ci_low, second.ci_high) == pytest.approx((2, -0.3, -0.4, -0.2))
    assert [first.p_adjusted, second.p_adjusted] == pytest.approx([0.02, 0.024])
    assert [first.outcome, second.outcome] == ["better", "worse"]
    assert [one.outcome for one in series._steps(found, 3, None, 0.95)] == ["higher", "lower"]
    assert [one.outcome for one in series._steps(found, 3, True, 0.979)] == ["better", None]


def test_a_pair_without_a_test_leaves_the_others_theirs() -> None:
    found = series._adjusted([pair(0, 1, 0.01), pair(0, 2, None), pair(1, 2, 0.04)], 0.95)
    assert [one.p_adjusted for one in found] == [0.02, None, 0.04]
    assert [one.differ for one in found] == [True, False, True]


@pytest.mark.parametrize(("better", "letters"), [(True, "cab"), (None, "cab"), (False, "acb")])
def test_the_best_run_has_an_a(better: bool | None, letters: str) -> None:
    given = metric([0.1, 0.9, 0.5], higher_is_better=better)
    differ = [pair(*places, 0.01, differ=True) for places in ((0, 1), (0, 2), (1, 2))]
    found = series._letters(given, differ)
    assert "".join(one.letters or "?" for one in found.values) == letters
    assert [one.value for one in found.values] == [0.1, 0.9, 0.5]
    tied = series._letters(given, [*differ[:2], pair(1, 2, 0.9)])
    assert (tied.values[1].letters, tied.no_letters) == (tied.values[2].letters, None)
    assert tied.values[0].letters != tied.values[1].letters


@pytest.mark.parametrize(("why", "said"), [("all alike", ": all alike"), (None, "")])
def test_without_the_test_of_a_pair_there_are_no_letters(why: str | None, said: str) -> None:
    found = series._letters(metric([0.1, 0.2, 0.3]), [pair(0, 1, 0.01), pair(1, 2, None, no_interval=why)])
    assert found.no_letters == f"there is no test of runs 2 and 3{said}"
    assert [one.letters for one in found.values] == [None] * 3


def test_trends_of_all_metrics_are_one_family() -> None:
    """Benjamini and Hochberg: of 0.02 and 0.04 the smaller is taken times 2, the larger times 1."""
    given = [
        metric(trend=line(0.02)), metric(), metric(trend=line(0.04, -0.3)), metric(trend=line(None)),
    ]  # fmt: skip
    found = series._with_trends(given, 0.95)
    lines = [one.trend for one in found]
    assert [one and one.p_adjusted for one in lines] == [0.04, None, 0.04, None]
    assert [one and one.outcome for one in lines] == ["better", None, "worse", None]
    assert [one and one.change for one in lines] == [0.2, None, -0.3, 0.2]
    assert [one.trend and one.trend.outcome for one in series._with_trends(given, 0.97)] == [None] * 4


def test_a_p_value_of_0_stays() -> None:
    [two], [one] = series._adjusted([pair(0, 1, 0.0)], 0.95), series._with_trends([metric(trend=line(0.0))], 0.95)
    assert one.trend is not None
    assert (two.p_adjusted, one.trend.p_adjusted) == (0.0, 0.0)


def test_no_more_runs_than_random_signs_can_tell_apart() -> None:
    """The smallest p-value is 1 / 10,000: 32 runs have 496 pairs, 33 have 528, and 0.05 is 500 times that."""
    series._check_count(3, 0.95)
    series._check_count(32, 0.95)
    series._check_count(25, 0.97)  # 300 pairs, and 0.03 is 300 times that
    series._check_count(35, 0.9405)  # 595 pairs, exactly as many as 0.0595
    with pytest.raises(ConfigError, match="25 runs have 300 pairs"):
        series._check_count(25, 0.9700015)
    with pytest.raises(ConfigError, match="33 runs have 528 pairs"):
        series._check_count(33, 0.95)
    with pytest.raises(ConfigError, match="2 runs: a series needs three or more"):
        series._check_count(2, 0.95)


def test_metrics_that_some_runs_lack_are_those_that_are_wanted() -> None:
    """Each run has one that all have, one that it alone has, and one that is not primary."""
    other, more = (METRIC.model_copy(update={"name": f"boolq/{name}", "metric": name}) for name in ("f1", "bleu"))
    side = METRIC.model_copy(update={"name": "boolq/side", "metric": "side", "primary": False})
    given: Any = [
        SimpleNamespace(by_key={one.metric: one for one in run})
        for run in ([METRIC, other, side], [METRIC], [METRIC, more, other])
    ]
    assert series._not_in_all(given, (), everything=False) == {"boolq/f1": [0, 2], "boolq/bleu": [2]}
    assert series._not_in_all(given, (), everything=True)["boolq/side"] == [0]
    assert series._not_in_all(given, ("asdiv",), everything=True) == {}


def works(*given: Any) -> _Series:
    """Three runs, the pairs of which have these hindrances and mismatches."""
    found = _Series.__new__(_Series)
    found._runs = [SimpleNamespace(by_key={series.key_of(METRIC): place}) for place in range(3)]  # type: ignore[misc]
    found._works = dict(zip([(0, 1), (0, 2), (1, 2)], given, strict=True))
    return found


def test_reasons_are_named_with_their_pairs() -> None:
    def refused(*reasons: str | None) -> str | None:
        pairs = [SimpleNamespace(hindrance=lambda later, why=why: why and f"{why} {later}") for why in reasons]
        return works(*pairs)._refused(METRIC)

    assert refused(None, None, None) is None
    assert refused(None, "no", "no") == "runs 1 and 3, 2 and 3: no 2"
    assert refused("no", "no", None) == "runs 1 and 2: no 1; runs 1 and 3: no 2"
    assert refused("no", "no", "no") == "runs 1 and 2: no 1; runs 1 and 3, 2 and 3: no 2"
    same = [SimpleNamespace(hindrance=lambda _: "no") for _ in range(3)]
    assert works(*same)._refused(METRIC) == "no"


def test_a_mismatch_is_named_once_with_what_each_run_has() -> None:
    about: dict[str, Any] = {"task": "boolq", "metric": "f1", "what": "scorer"}
    one = Mismatch(kind="scorer", baseline="a", candidate="b", **about)
    later = one.model_copy(update={"candidate": "c"})
    prompts = Mismatch(kind="prompts", task="boolq", what="9 of 9")
    others = [one.model_copy(update={name: "version"}) for name in ("kind", "task", "metric", "what")]
    found = works(*(SimpleNamespace(mismatches=mine) for mine in ([one, prompts], [later], others))).mismatches()
    assert [(named.kind, named.task, named.metric, named.what, named.values, named.pairs) for named in found] == [
        ("scorer", "boolq", "f1", "scorer", ["a", "b", "c"], [(0, 1), (0, 2)]),
        ("prompts", "boolq", None, "9 of 9", [], [(0, 1)]),
        *((each.kind, each.task, each.metric, each.what, [None, "a", "b"], [(1, 2)]) for each in others),
    ]


def in_memory(rows: Sequence[Sequence[Sample]], given: Metric, confidence: float = 0.95) -> _Series:
    """Three runs with these samples, at places 1, 2 and 4."""
    found, key = works(*[SimpleNamespace(hindrance=lambda _: None)] * 3), series.key_of(given)
    found._runs = [
        SimpleNamespace(by_key={key: place}, records=SimpleNamespace(of=rows.__getitem__))  # type: ignore[misc]
        for place in range(3)
    ]
    found._names, found._at, found._min_aligned, found._confidence = ["1", "2", "3"], [1, 2, 4], 1.0, confidence
    return found


def test_the_numbers_of_three_runs_by_hand() -> None:
    """Of 60 items 20, 22 and 40 are right, the first ones: 2, 18 and 20 change, all to the better."""
    given = METRIC.model_copy(update={"definition": Mean().written()})
    rows = [scored([1.0] * right + [0.0] * (60 - right)) for right in (20, 22, 40)]
    found = in_memory(rows, given)
    one = found.metric(given)
    assert (one.name, one.n, one.aligned, one.missing, one.error, one.no_trend) == (
        "boolq/accuracy", 60, 1.0, None, None, None,
    )  # fmt: skip
    assert [value.value for value in one.values] == pytest.approx([20 / 60, 22 / 60, 40 / 60])
    assert [value.letters for value in one.values] == ["b", "b", "a"]
    assert [(two.first, two.second, two.test) for two in one.pairs] == [
        (0, 1, "mcnemar_exact"), (0, 2, "mcnemar_exact"), (1, 2, "mcnemar_exact"),
    ]  # fmt: skip
    assert [two.difference for two in one.pairs] == pytest.approx([2 / 60, 20 / 60, 18 / 60])
    assert [two.p_value for two in one.pairs] == pytest.approx([0.5, 2 / 2**20, 2 / 2**18])
    assert [two.p_adjusted for two in one.pairs] == pytest.approx([0.5, 6 / 2**20, 4 / 2**18])
    assert [two.differ for two in one.pairs] == [False, True, True]
    assert [step.p_adjusted for step in one.steps] == pytest.approx([0.5, 4 / 2**18])
    assert one.trend is not None  # the runs count -12, -3 and 15 of 14
    assert one.trend.change == pytest.approx((15 * 40 - 12 * 20 - 3 * 22) / (14 * 60))
    assert one.trend.per_unit == pytest.approx(one.trend.change / 3)
    assert (one.trend.ci_low or 0) < one.trend.change < (one.trend.ci_high or 0)
    same = found._pairs(given, Mean(), common_items(Mean(), [rows[0]] * 3, None, found._names))
    assert [two if isinstance(two, str) else (two.p_value, two.p_adjusted, two.differ) for two in same] == [
        (1.0, 1.0, False)
    ] * 3


def test_values_pairs_and_trend_are_those_of_the_slice_in_its_unit() -> None:
    """With clusters, and with the coverage that was asked for."""
    draw, definition = np.random.default_rng(2), Mean(scale=100.0, resamples=200)
    rows = [
        [
            one.model_copy(update={"cluster": f"c{place // 4}"})
            for place, one in enumerate(scored(list(draw.random(48))))
        ]
        for _ in range(3)
    ]
    where = {"half": "b"}
    given = METRIC.model_copy(update={"definition": definition.written(), "unit": "percent", "slice": where})
    given = given.model_copy(update={"higher_is_better": False})
    one = in_memory(rows, given, 0.9).metric(given)
    halves = [row[1::2] for row in rows]
    for value, half in zip(one.values, halves, strict=True):
        alone = definition.estimate(half, unit="percent", confidence=0.9)
        assert alone.interval is not None
        assert (value.value, value.ci_low, value.ci_high, value.ci_method, value.no_interval) == (
            alone.value, alone.interval.low, alone.interval.high, alone.interval.method, None,
        )  # fmt: skip
    for pair in one.pairs:
        two = compared(
            definition, halves[pair.first], halves[pair.second],
            unit="percent", higher_is_better=False, slice=where, confidence=0.9,
        )  # fmt: skip
        assert two.interval is not None
        assert (pair.difference, pair.ci_low, pair.ci_high, pair.p_value, pair.test, pair.detectable) == (
            two.value, two.interval.low, two.interval.high, two.p_value, two.test, two.detectable,
        )  # fmt: skip
    common = common_items(definition, halves, where, ["1", "2", "3"])
    line = trend(definition, common, [1, 2, 4], unit="percent", confidence=0.9)
    assert one.trend is not None
    assert line.interval is not None
    assert (one.trend.change, one.trend.ci_low, one.trend.ci_high, one.trend.p_value, one.trend.test) == (
        line.change, line.interval.low, line.interval.high, line.p_value, line.test,
    )  # fmt: skip
    assert (one.trend.ci_method, one.trend.no_interval, one.unit, one.slice) == (
        line.interval.method, None, "percent", where,
    )  # fmt: skip


def test_what_has_no_interval_says_why() -> None:
    """All items gain one point from run to run: neither differences nor slopes vary."""
    rows = [scored([place + item for item in range(6)]) for place in range(3)]
    given = METRIC.model_copy(update={"definition": Mean().written(), "unit": "nats"})
    one = in_memory(rows, given).metric(given)
    assert [(pair.ci_low, pair.ci_high) for pair in one.pairs] == [(None, None)] * 3
    assert all(pair.no_interval and pair.p_value == 2 / 64 for pair in one.pairs)
    assert one.trend is not None
    assert (one.trend.ci_low, one.trend.ci_high, one.trend.ci_method, one.trend.p_value) == (None, None, None, 2 / 64)
    assert one.trend.no_interval
    alike = in_memory([scored([0.5] * 6)] * 3, given).metric(given)
    assert [(value.value, value.ci_low, value.ci_high, value.ci_method) for value in alike.values] == [
        (0.5, None, None, None)
    ] * 3
    assert all(value.no_interval for value in alike.values)


@pytest.mark.slow
def test_runs_with_the_same_answers_are_tied() -> None:
    """A score of a corpus has no test where nothing varies: its runs are equal on all items."""
    definition = Corpus(metric="chrf")
    given = METRIC.model_copy(update={"definition": definition.written(), "unit": "chrf"})
    rows = [scored([1.0] * 5, output="a b", reference="a c")] * 3
    assert compared(definition, rows[0], rows[1], unit="chrf", higher_is_better=True).p_value is None
    one = in_memory(rows, given).metric(given)
    assert [(two.p_value, two.p_adjusted, two.differ) for two in one.pairs] == [(1.0, 1.0, False)] * 3
    assert [value.letters for value in one.values] == ["a"] * 3


def test_without_a_line_there_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a share of 0 is 0."""
    given = METRIC.model_copy(update={"definition": Mean().written()})
    monkeypatch.setattr(series, "trend", lambda *_, **__: Trend(None, error="no line"))
    one = in_memory([scored([0.0] * 6)] * 3, given).metric(given)
    assert (one.trend, one.no_trend) == (None, "no line")
    assert [value.value for value in one.values] == [0.0] * 3


def test_other_clusters_keep_runs_from_being_compared() -> None:
    given = METRIC.model_copy(update={"definition": Mean().written()})
    rows = [scored([1.0, 0.0], cluster=name) for name in "aab"]
    one = in_memory(rows, given).metric(given)
    assert (one.values, one.error) == (
        [], f"item {rows[0][0].sample_id} is in cluster 'a' of 1 and 'b' of 3: the data differ",
    )  # fmt: skip
