"""Items that several runs have in common."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.errors import UsageError
from audit.core.records import SampledText
from audit.stats.definitions import Corpus, Mean, MeanOfCompletions
from audit.stats.pairing.common import common_items
from tests.stats.pairing.conftest import run_of

NAMES = ("run 1", "run 2", "run 3")


def test_only_items_with_a_value_in_every_run_are_kept() -> None:
    runs = [run_of([1.0, 0.0, 1.0, None]), run_of([0.0, None, 1.0, 1.0, 0.0]), run_of([1.0, 1.0, 0.0])]
    found = common_items(Mean(), runs, None, NAMES)
    assert found.kept == ("s0", "s2")
    assert found.left_out == {"s1", "s3", "s4"}
    assert found.share == 2 / 5
    assert found.missing(NAMES) == (
        "1 item not in run 1, 1 item without a value in run 1, 1 item without a value in run 2, 2 items not in run 3"
    )
    values = found.values()
    assert values is not None
    np.testing.assert_array_equal(values, [[1, 1], [0, 1], [1, 0]])
    assert [one.sample_id for one in found.chosen(1)] == ["s0", "s2"]
    assert [one.sample_id for one in found.comparable(1)] == ["s0", "s2"]


def test_no_item_in_common() -> None:
    found = common_items(Mean(), [run_of([1.0]), run_of([None]), run_of([])], None, NAMES)
    assert (found.kept, found.share, found.values()) == ((), 0.0, None)
    assert common_items(Mean(), [[], [], []], None, NAMES).share == 0.0


def test_a_condition_on_the_answer_leaves_no_value_per_item() -> None:
    slices = [[{"kind": "a"}] * 3, [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}], [{"kind": "a"}] * 3]
    runs = [run_of([1.0, 0.0, 1.0], slices=one) for one in slices]
    found = common_items(Mean(), runs, {"kind": "a"}, NAMES)
    assert found.kept == ("s0", "s1", "s2")
    assert found.values() is None
    assert [one.sample_id for one in found.chosen(1)] == ["s0", "s2"]
    assert [one.sample_id for one in found.comparable(1)] == ["s0", "s1", "s2"]


def test_other_numbers_of_answers_leave_no_value_per_item() -> None:
    texts = [[SampledText(text="t", value=1.0)] * count for count in (1, 2)]
    runs = [run_of([1.0, 1.0], completions=[one, one]) for one in (*texts, texts[0])]
    assert common_items(MeanOfCompletions(), runs, None, NAMES).values() is None
    assert common_items(MeanOfCompletions(), [runs[0]] * 3, None, NAMES).values() is not None


def test_the_value_of_an_item_is_the_mean_of_its_answers() -> None:
    right, wrong = (SampledText(text="t", value=value) for value in (1.0, 0.0))
    runs = [
        run_of([1.0, 1.0], completions=given) for given in ([[right, wrong, wrong]] * 2, [[right] * 3, [wrong] * 3])
    ]
    values = common_items(MeanOfCompletions(), [*runs, runs[0]], None, NAMES).values()
    assert values is not None
    np.testing.assert_array_equal(values, [[1 / 3, 1 / 3], [1, 0], [1 / 3, 1 / 3]])


def test_a_score_of_a_corpus_has_no_value_per_item() -> None:
    runs = [run_of([1.0, 1.0], output=["a b", "c"], reference=["a b", "c"]) for _ in NAMES]
    assert common_items(Corpus(metric="chrf"), runs, None, NAMES).values() is None


def test_other_clusters_and_ids_twice_are_refused() -> None:
    runs = [run_of([1.0, 0.0], cluster=["p", "q"]), run_of([1.0, 0.0], cluster=["p", "q"])]
    other = run_of([1.0, 0.0], cluster=["p", "r"])
    with pytest.raises(UsageError, match="item s1 is in cluster 'q' of run 1 and 'r' of run 3"):
        common_items(Mean(), [*runs, other], None, NAMES)
    with pytest.raises(UsageError, match="item s1 is in cluster 'q' of run 1 and 'r' of run 2"):
        common_items(Mean(), [runs[0], other, other], None, NAMES)
    with pytest.raises(UsageError, match="run 2: 1 sample ids occur more than once"):
        common_items(Mean(), [runs[0], [*runs[1], runs[1][0]], runs[1]], None, NAMES)
