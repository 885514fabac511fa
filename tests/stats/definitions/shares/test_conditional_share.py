"""Precision, recall and the like, against scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from audit.stats.definitions import (
    ConditionalShare,
)
from audit.stats.intervals import wilson
from tests.stats.definitions.conftest import metric, scored

if TYPE_CHECKING:
    from audit.core.records import Sample


@pytest.fixture
def draws() -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(2)
    scores = generator.integers(0, 11, 120) / 10
    labels = generator.random(120) * 0.5 + scores * 0.5
    return scores, labels, generator.random(120) < 0.4


def labelled(pairs: Any, groups: Any) -> list[Sample]:
    return [
        scored(number, {"label": float(label)}, score=score, slices={"mentions x": "yes"} if groups[number] else {})
        for number, (score, label) in enumerate(pairs)
    ]


def test_decisions_are_those_of_scikit_learn(draws: Any) -> None:
    scores, labels, groups = draws
    samples, toxic, called = labelled(zip(scores, labels, strict=True), groups), labels >= 0.5, scores >= 0.5
    label = "scores.label"
    wanted = {
        precision_score(toxic, called): ConditionalShare(of=label, at_least=0.5, given="score", given_at_least=0.5),
        recall_score(toxic, called): ConditionalShare(of="score", at_least=0.5, given=label, given_at_least=0.5),
        recall_score(~toxic, ~called): ConditionalShare(of="score", below=0.5, given=label, given_below=0.5),
        float(np.mean(called[~toxic & groups])): ConditionalShare(
            of="score", at_least=0.5, given=label, given_below=0.5, where={"mentions x": "yes"}
        ),
    }
    assert len(wanted) == 4
    for value, definition in wanted.items():
        found = metric(definition, samples, "share")
        expected = wilson(round(value * found.n), found.n)
        assert (found.value, found.ci_low) == (pytest.approx(value), pytest.approx(expected.low))
        assert found.missing == 0
    nobody = metric(ConditionalShare(of="score", at_least=0.5, given=label, given_at_least=2), samples, "share")
    assert (nobody.value, nobody.error) == (None, "no item has a “label” from 2 on")


def test_both_limits_of_the_condition_and_of_the_share() -> None:
    some = [scored(number, {"given": float(number), "of": float(number % 3)}) for number in range(8)]
    some += [scored(8, {"of": 1.0}), scored(9, {"given": 3.0}), scored(10, {"given": 3.0, "of": 1.0}, error="lost")]

    def share(**limits: Any) -> Any:
        return metric(ConditionalShare(of="scores.of", given="scores.given", **limits), some)

    # Given from 2 on and below 6: the numbers 2 to 5 have the values 2, 0, 1, 2; 9 has no value, 10 an error.
    inside = {"given_at_least": 2.0, "given_below": 6.0}
    above, below = share(at_least=2.0, **inside), share(below=2.0, **inside)
    assert (above.value, above.n, above.missing) == (0.5, 4, 1)
    assert (below.value, below.n) == (0.5, 4)
    assert share(at_least=1.0, given_below=2.0).value == 0.5
    assert share(at_least=1.0, given_below=0.0).error == "no item has a “given” below 0"
    assert share(below=1.0, given_at_least=7.5).error == "no item has a “given” from 7.5 on"


def test_why_there_is_nothing_to_take_a_share_of_is_said_in_words() -> None:
    known = [scored(0, {"un_known": 1.0, "of": 0.0})]
    unknown = [scored(0, {"un_known": 0.0, "of": 0.0})]

    def why(samples: Any, **limits: Any) -> Any:
        return metric(ConditionalShare(of="scores.of", given="scores.un_known", **limits), samples).error

    assert why(known, given_below=0.5) == "no item that has a value counts as anything but “un known”"
    assert why(unknown, given_at_least=0.5) == "no item counts as “un known”"
    empty = metric(
        ConditionalShare(of="scores.of", given="score", given_at_least=0.5), [scored(0, {"of": 1.0}, score=0)]
    )
    assert empty.error == "no item has a “score” from 0.5 on"


def test_the_condition_comes_on_top_of_the_slice() -> None:
    some = [scored(n, {"given": 1.0, "of": float(n)}, slices={"kind": "ab"[n % 2]}) for n in range(2)]
    share = ConditionalShare(of="scores.of", given="scores.given", at_least=1.0, given_at_least=1.0)
    assert [one.sample_id for one in share.select(some, {"kind": "b"})] == ["s1"]


def test_it_is_about_items_whose_answer_has_an_error() -> None:
    """The condition was measured on them: they are items that have no value, not items of another kind."""
    broken = scored(0, {"given": 1.0, "of": 1.0}, error="lost")
    share = ConditionalShare(of="scores.of", given="scores.given", at_least=1.0, given_at_least=1.0)
    assert share.select([broken], None) == [broken]
    assert share.of_sample(broken) is None


def test_the_interval_is_of_the_confidence_that_is_asked_for() -> None:
    some = [scored(number, {"given": 1.0, "of": float(number % 4 == 0)}) for number in range(12)]
    share = ConditionalShare(of="scores.of", given="scores.given", at_least=1.0, given_at_least=1.0)
    assert share.estimate(some, unit="share", confidence=0.8).interval == wilson(3, 12, 0.8)
    assert share.estimate(some, unit="share", interval=False).interval is None
    unscored = [scored(0, {"given": 1.0})]
    assert share.estimate(unscored, unit="share").error == "none of 1 items could be scored"


def test_an_item_outside_the_metric_s_slice_is_not_covered() -> None:
    one = scored(0, {"given": 1.0}, slices={"part": "a"})
    definition = ConditionalShare(of="score", at_least=0.5, given="scores.given", given_at_least=1)
    assert [definition.is_about(one, {"part": part}) for part in "ab"] == [True, False]
