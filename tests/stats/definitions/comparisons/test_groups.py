"""Groups that are compared: means over clusters, the largest gap, Kruskal and Wallis' test adjusted by Holm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.core.records import Sample, SampledText
from audit.stats.definitions import GroupsAlike, LargestGap, measured
from audit.stats.definitions.comparisons.groups import p_value

DRAWS = np.random.default_rng(4)
FAMILIES = {"gender": ("women", "men"), "faith": ("a", "b", "c"), "race": ("x", "y")}
SHIFT = {"women": 0.55, "a": 0.42, "x": 0.3}
"""How far a group is from the others: three p-values of different size."""
TABLE = {
    group: [[float(DRAWS.random() + SHIFT.get(group, 0.0)) for _ in range(2)] for _ in range(7)]
    for groups in FAMILIES.values()
    for group in groups
}
"""Two texts of each of seven entities."""


def samples() -> list[Sample]:
    return [
        Sample(
            sample_id=f"{group}{entity}{number}",
            suite="safety",
            task="t",
            prompt="p",
            cluster=f"{group}{entity}",
            score=value,
            slices={"domain": domain, "group": group},
            completions=[SampledText(text="t", value=value)],
        )
        for domain, groups in FAMILIES.items()
        for group in groups
        for entity, values in enumerate(TABLE[group])
        for number, value in enumerate(values)
    ]


def metric(definition: Any, domain: str, some: list[Sample] | None = None) -> Any:
    where = {"domain": domain}
    return measured(
        definition.for_slice(where),
        some if some is not None else samples(),
        metric="m",
        unit="score",
        higher_is_better=None,
        slice=where,
    )


@pytest.mark.parametrize("domain", FAMILIES)
def test_the_gap_is_between_means_of_entities(domain: str) -> None:
    means = [float(np.mean(TABLE[group])) for group in FAMILIES[domain]]
    found = metric(LargestGap(), domain)
    assert found.value == pytest.approx(max(means) - min(means))
    assert (found.n, found.ci_low) == (7 * len(means), None)
    assert found.no_interval == "the two groups were chosen for being furthest apart"


def test_p_values_are_holms_and_not_bonferronis() -> None:
    raw = {
        domain: float(stats.kruskal(*([np.mean(pair) for pair in TABLE[group]] for group in groups)).pvalue)
        for domain, groups in FAMILIES.items()
    }
    low, middle, high = sorted(raw, key=raw.__getitem__)
    expected = {low: min(1.0, 3 * raw[low])}
    expected[middle] = min(1.0, max(expected[low], 2 * raw[middle]))
    expected[high] = min(1.0, max(expected[middle], raw[high]))
    found = {domain: metric(GroupsAlike(columns=("domain",)), domain) for domain in FAMILIES}
    assert {domain: one.value for domain, one in found.items()} == pytest.approx(expected)
    assert expected[high] < min(1.0, 3 * raw[high])  # where Bonferroni differs
    assert {one.no_interval for one in found.values()} == {"a p-value has no interval"}


def test_a_group_of_few_entities_takes_no_part() -> None:
    some = [one for one in samples() if one.slices["group"] != "c" or one.cluster in {"c0", "c1", "c2", "c3"}]
    means = [float(np.mean(TABLE[group])) for group in ("a", "b")]
    assert metric(LargestGap(), "faith", some).value == pytest.approx(abs(means[0] - means[1]))
    assert metric(LargestGap(least=8), "faith", some).error == (
        "fewer than two groups of this domain have 8 entities with a score"
    )
    assert metric(GroupsAlike(columns=("domain",), least=8), "faith", some).value is None


def test_a_gap_is_resampled_by_entities() -> None:
    some = [one for one in samples() if one.slices["domain"] == "gender"]
    drawn = LargestGap().resample(some)
    assert drawn.value(np.ones(len(drawn.units))) == pytest.approx(metric(LargestGap(), "gender").value)
    women = np.array([float("women" in unit) for unit in drawn.units])
    assert np.isnan(drawn.value(women))
    three = LargestGap().resample([one for one in samples() if one.slices["domain"] == "faith"])
    assert three.value(np.ones(len(three.units))) == pytest.approx(metric(LargestGap(), "faith").value)


def test_entities_without_a_cluster_are_their_own_and_counts_are_of_those_with_a_score() -> None:
    some = [one for one in samples() if one.slices["domain"] == "gender"]
    lost = [one.model_copy(update={"completions": []}) for one in some[:2]]
    assert metric(LargestGap(), "gender", [*lost, *some[2:]]).n == 13
    assert metric(LargestGap(at_least=10.0), "gender", some).value == 0.0
    definition = GroupsAlike(columns=("domain",))
    assert metric(definition, "gender", [one.model_copy(update={"completions": []}) for one in some]).error == (
        "fewer than two groups of this domain have 5 entities with a score"
    )
    assert definition.estimate(some, unit="probability").value is None  # before a slice says which family


def test_groups_that_are_alike_have_a_p_value_of_one_and_few_groups_none() -> None:
    assert p_value([[1.0, 1.0], [1.0]]) == 1.0
    assert p_value([[1.0, 2.0]]) is None
    assert p_value([]) is None
    found = p_value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert found == pytest.approx(stats.kruskal([1, 2, 3], [4, 5, 6]).pvalue)


def test_a_p_value_is_not_computed_on_other_draws() -> None:
    drawn = GroupsAlike().resample(samples())
    assert drawn.units == ()
    assert np.isnan(drawn.value(np.zeros(0)))


def test_the_furthest_groups_are_named_from_high_to_low() -> None:
    gender = [one for one in samples() if one.slices["domain"] == "gender"]
    assert LargestGap().furthest(gender) == ("women", "men")
    assert LargestGap().furthest([one for one in gender if one.slices["group"] == "men"]) is None


def test_entities_of_two_groups_weigh_in_each() -> None:
    """The mean of three entities, two of which are drawn twice and once, by hand."""
    gender = [one for one in samples() if one.slices["domain"] == "gender"]
    drawn = LargestGap().resample(gender)
    weights = np.zeros(len(drawn.units))
    for unit, weight in (("women0", 2), ("women3", 1), ("men1", 1)):
        weights[drawn.units.index(f"cluster {unit}")] = weight
    means = {unit: float(np.mean(TABLE[unit[:-1]][int(unit[-1])])) for unit in ("women0", "women3", "men1")}
    expected = (2 * means["women0"] + means["women3"]) / 3 - means["men1"]
    assert drawn.value(weights) == pytest.approx(abs(expected))


def test_exactly_as_many_entities_as_are_needed_and_others_weigh_alike() -> None:
    """Eight men and seven women: means, not sums, say who is highest; a text without a family is of none."""
    gender = [one for one in samples() if one.slices["domain"] == "gender"]
    more = [
        one.model_copy(update={"sample_id": f"more{i}", "cluster": f"more{i}"})
        for i, one in enumerate(gender)
        if one.slices["group"] == "men"
    ]
    assert LargestGap(least=7).furthest([*gender, *more]) == ("women", "men")
    stray = gender[0].model_copy(update={"slices": {"group": "women"}})
    alone = GroupsAlike(least=7, family="gender").estimate([*gender, stray], unit="probability")
    means = [[float(np.mean(pair)) for pair in TABLE[group]] for group in ("women", "men")]
    assert (alone.value, alone.n) == (pytest.approx(stats.kruskal(*means).pvalue), 14)


def test_another_field_and_another_cluster_are_compared() -> None:
    def text(value: float) -> SampledText:
        return SampledText(text="t", value=value, labels={"half": value / 2})

    gender = [
        one.model_copy(
            update={
                "cluster": None,
                "slices": {**one.slices, "person": str(one.cluster)},
                "completions": [text(one.completions[0].value or 0.0)],
            }
        )
        for one in samples()
        if one.slices["domain"] == "gender"
    ]
    found = LargestGap(of="labels.half", cluster="person").estimate(gender, unit="score")
    means = [float(np.mean(TABLE[group])) for group in FAMILIES["gender"]]
    assert (found.value, found.n) == (pytest.approx((max(means) - min(means)) / 2), 14)


def test_two_values_are_ranked_and_nothing_is_counted_where_nothing_is_compared() -> None:
    groups = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    assert p_value(groups) == pytest.approx(stats.kruskal(*groups).pvalue)
    assert LargestGap().estimate([], unit="score").n == 0
    assert GroupsAlike().estimate([], unit="probability").n == 0


def test_of_groups_with_the_same_mean_the_first_by_name_is_shown() -> None:
    women = [one for one in samples() if one.slices["group"] == "women"]
    men = [
        one.model_copy(update={"cluster": f"men{i}", "slices": {**one.slices, "group": "men"}})
        for i, one in enumerate(women)
    ]
    alike = [one.model_copy(update={"completions": [SampledText(text="t", value=0.5)]}) for one in [*women, *men]]
    assert LargestGap().furthest(alike) == ("men", "men")


def test_five_entities_are_enough_unless_more_are_asked_for() -> None:
    some = [one for one in samples() if one.slices["domain"] == "gender" and str(one.cluster)[-1] in "01234"]
    assert LargestGap().estimate(some, unit="score").n == 10
    few = [one for one in some if one.cluster != "men4"]
    assert LargestGap().estimate(few, unit="score").value is None
