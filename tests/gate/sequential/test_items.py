"""The values that items may have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Metric, SampledText
from audit.gate.sequential.items import NotEarlyError, of_flag, of_metric, of_pairs
from audit.stats import definitions
from audit.stats.definitions import CorrectedShare, Mean, MeanOfCompletions
from audit.stats.pairing.alignment import side
from tests.gate.rules.conftest import samples
from tests.gate.sequential.conftest import in_clusters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.gate.sequential.items import ItemValues
    from audit.stats.definitions import Definition


def metric(definition: Definition | None, unit: str = "share", **fields: Any) -> Metric:
    written = definition.written() if definition else None
    about = {"name": "boolq/accuracy", "suite": "evals", "task": "boolq", "metric": "accuracy"}
    return Metric(**{**about, "value": 0.5, "n": 4, "unit": unit, "definition": written, **fields})


def test_scores_are_scaled_and_unscored_items_may_be_anything() -> None:
    found = of_metric(metric(Mean(scale=100.0), "percent"), samples([1.0, 0.0, None, 0.5]), ())
    assert (found.low, found.high) == ([100.0, 0.0, 0.0, 50.0], [100.0, 0.0, 100.0, 50.0])
    assert (found.bounds, found.known, found.independent) == ((0, 100), 3, 4)


def test_an_unscored_item_may_belong_to_any_slice() -> None:
    found = of_metric(metric(Mean(), slice={"half": "a"}), samples([1.0, None, 0.0, 1.0]), ())
    assert (found.low, found.high) == ([1.0, 0.0, 0.0], [1.0, 0.0, 1.0])
    given = samples([1.0, None, None, 1.0, 0.5, 1.0])  # one in the slice, one in the other
    found = of_metric(metric(Mean(), slice={"half": "a"}), given, ())
    assert (found.low, found.high, found.known) == ([1.0, 0.0, 0.5, 0.0], [1.0, 1.0, 0.5, 1.0], 2)
    found = of_metric(metric(Mean(where={"half": "a"})), given, ())  # no slice: what its definition is about is known
    assert (found.low, found.high, found.known) == ([1.0, 0.0, 0.5], [1.0, 1.0, 0.5], 2)


def test_cut_answers_are_between_their_bounds() -> None:
    bounds = [metric(Mean(if_cut=value)) for value in (0.0, 1.0)]
    found = of_metric(metric(Mean()), samples([1.0, 0.0, 1.0], cut=[0, 1]), bounds)
    assert (found.low, found.high) == ([0.0, 0.0, 1.0], [1.0, 1.0, 1.0])


def test_items_in_clusters_wait_for_all_items() -> None:
    given = samples([1.0] * 4)
    clustered = [*given[:3], given[3].model_copy(update={"cluster": "c"})]
    for definition, items in ((Mean(), clustered), (Mean(cluster="half"), given)):
        with pytest.raises(NotEarlyError, match="its items are in clusters"):
            of_metric(metric(definition), items, ())
    with pytest.raises(NotEarlyError, match="its items are in clusters"):
        of_flag(clustered, "truncated_output")


def test_whole_clusters_are_units_of_their_items() -> None:
    given = in_clusters(samples([1.0, 0.0, None, 1.0, 0.5, 1.0]), [1, 3])
    for found in (of_metric(metric(Mean()), given, (), 3), of_flag(given, "truncated_output", 3)):
        assert (found.clusters, found.largest, found.independent) == (["c0", "c1", "c1", "c1", "c2", "c3"], 3, 4)
    found = of_metric(metric(Mean()), given, (), 4)
    lowest, highest = found.ends()  # the sum of a cluster over the 4 items of the largest
    assert sorted(zip(lowest.sizes * 4, lowest.sums * 4, lowest.counts, strict=True)) == [
        (1, 0.5, 1), (1, 1, 2), (3, 1, 1),
    ]  # fmt: skip
    assert sorted(zip(highest.sizes * 4, highest.sums * 4, highest.counts, strict=True)) == [
        (1, 0.5, 1), (1, 1, 2), (3, 2, 1),
    ]  # fmt: skip
    found = of_metric(metric(Mean(), slice={"half": "a"}), given, (), 3)
    assert found.clusters == ["c0", "c1", "c2"]
    with pytest.raises(ValueError, match="a cluster has 3 items, the largest should have 2"):
        of_metric(metric(Mean()), given, (), 2).ends()


def test_other_clusters_than_those_that_were_drawn_wait_for_all_items() -> None:
    given = in_clusters(samples([1.0] * 4), [2])
    loose = [given[0].model_copy(update={"cluster": None}), *given[1:]]
    for definition, items in ((Mean(cluster="half"), given), (Mean(), loose), (Mean(), samples([1.0] * 4))):
        with pytest.raises(NotEarlyError, match="its items are in clusters"):
            of_metric(metric(definition), items, (), 2)


def test_items_of_several_answers_count_with_their_mean() -> None:
    texts = [[SampledText(text="t", value=value) for value in values] for values in ((1.0, 0.0), (1.0, 1.0))]
    given = [one.model_copy(update={"completions": mine}) for one, mine in zip(samples([1.0, 1.0]), texts, strict=True)]
    found = of_metric(metric(MeanOfCompletions()), given, ())
    assert found.low == [0.5, 1.0]
    given[0].completions.append(SampledText(text="t", value=1.0))
    with pytest.raises(NotEarlyError, match="different numbers of answers"):
        of_metric(metric(MeanOfCompletions()), given, ())


def answered(*numbers: Sequence[float], **fields: Any) -> list[Sample]:
    """Samples with several answers."""
    texts = [[SampledText(text="t", value=value) for value in values] for values in numbers]
    given = samples([0.0 if not one else sum(one) / len(one) for one in numbers], **fields)
    return [one.model_copy(update={"completions": mine}) for one, mine in zip(given, texts, strict=True)]


def test_answers_without_a_value_wait_for_all_items() -> None:
    with pytest.raises(NotEarlyError, match=r"^answers without a value are not counted by item$"):
        of_metric(metric(MeanOfCompletions()), answered([1.0, 0.0], []), ())


def paired(
    before: list[Sample], after: list[Sample], given: Metric, cut: Sequence[str] = (), largest: int | None = None
) -> ItemValues:
    """The items of a run and its baseline, of which the answers of some were cut."""
    both = tuple(side(definitions.read(given.definition or {}), one, given.slice, "run") for one in (before, after))
    baseline: Any = SimpleNamespace(sides=lambda _: both, cut_items=lambda _: {*cut})
    return of_pairs(given, baseline, largest)


def test_pairs_are_differences_and_what_is_missing_may_be_any() -> None:
    before, after = samples([1.0, 0.0, None, 1.0]), samples([0.0, 0.5, 1.0, None, 1.0])
    found = paired(before, after, metric(Mean(scale=100.0), "percent"))
    assert found.low == [-100, 50, -100, -100, -100]
    assert found.high == [-100, 50, 100, 100, 100]
    assert (found.bounds, found.known) == ((-100, 100), 2)


def test_pairs_of_whole_clusters_are_units_with_what_the_baseline_lacks() -> None:
    after = in_clusters(samples([0.0, 0.5, 1.0, 1.0]), [1, 3])
    found = paired(after[:2], after, metric(Mean()), largest=3)
    assert (found.low, found.high) == ([0, 0, -1, -1], [0, 0, 1, 1])
    assert (found.clusters, found.known, found.independent) == (["c0", "c1", "c1", "c1"], 2, 2)
    assert found.largest == 3


def test_pairs_in_a_unit_that_begins_above_0_differ_by_its_width() -> None:
    found = paired(samples([1.0, None]), samples([4.0, 3.0]), metric(Mean(), "rating"))
    assert (found.low, found.high, found.bounds) == ([3, -4], [3, 4], (-4, 4))


def test_cut_answers_of_a_pair_may_differ_by_the_whole_unit() -> None:
    before, after = samples([1.0, 0.0, 0.5]), samples([0.5, 0.5, 0.75])
    found = paired(before, after, metric(Mean()), cut=[before[0].sample_id, before[2].sample_id])
    assert (found.low, found.high) == ([-1, 0.5, -0.75], [0.5, 0.5, 1])
    assert (found.bounds, found.known) == ((-1, 1), 3)


def test_pairs_that_cannot_be_counted_by_item_wait() -> None:
    given = samples([1.0, 0.0])
    other = [given[0], given[1].model_copy(update={"slices": {"half": "a"}})]
    with pytest.raises(NotEarlyError, match=r"^which items it covers depends on the answers$"):
        paired(given, other, metric(Mean(), slice={"half": "a"}))
    with pytest.raises(NotEarlyError, match=r"^its items have different numbers of answers with a value$"):
        paired(answered([1.0], [0.0]), answered([1.0, 0.0], [0.0, 0.0]), metric(MeanOfCompletions()))
    with pytest.raises(NotEarlyError, match="its items are in clusters"):
        paired(*([one.model_copy(update={"cluster": "c"}) for one in given] for _ in "ab"), metric(Mean()))


AGREEMENT = {"positives": 10, "true_positives": 9, "negatives": 10, "true_negatives": 8}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (metric(None), "no mean of one value per item"),
        (metric(CorrectedShare(at_least=0.5, agreement={"": AGREEMENT})), "no mean of one value per item"),
        (metric(Mean(), "nats"), "values in nats have no bounds"),
    ],
)
def test_other_metrics_wait_for_all_items(given: Metric, words: str) -> None:
    with pytest.raises(NotEarlyError, match=words):
        of_metric(given, samples([1.0]), ())


def test_a_value_beyond_its_unit_is_no_evidence() -> None:
    for value in (1.5, 1.00001, -0.00001):
        with pytest.raises(ValueError, match="values between 0 and 1 expected"):
            of_metric(metric(Mean()), samples([value]), ()).ends()
    assert of_metric(metric(Mean()), samples([-1e-12, 1.0 + 1e-12]), ()).high == [0.0, 1.0]
    assert of_metric(metric(Mean(scale=100.0), "percent"), samples([1.0 + 1e-12]), ()).low == [100.0]


def test_flags_are_counted_and_unscored_samples_may_have_them() -> None:
    found = of_flag(samples([1.0, 1.0, None, 0.0], cut=[1, 2]), "truncated_output")
    assert (found.low, found.high) == ([0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0])
    assert (found.bounds, found.known) == ((0, 1), 3)
    assert of_flag(samples([None, 1.0]), "truncated_output").high == [1.0, 0.0]
