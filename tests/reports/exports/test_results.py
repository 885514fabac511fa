"""Which numbers may be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.reports.exports.results import require, results, verdict_on
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_metric, all_scored
from tests.reports.exports.conftest import a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric
    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]

COUNT: dict[str, Any] = {"unit": "count", "ci_low": None, "ci_high": None, "ci_method": None, "primary": False}


def test_a_number_without_doubts_is_published(make_contents: Contents) -> None:
    (result,), withheld = results(make_contents())
    assert (result.value, result.low, result.high, result.verdict) == (0.6, 0.5, 0.7, None)
    assert withheld == []


DOUBTS: list[tuple[list[Metric], dict[str, Any], str]] = [
    ([a_metric(value=None, ci_low=None, ci_high=None, error="lost"), all_scored()], {}, "not computed: lost"),
    (
        [a_metric(ci_low=None, ci_high=None, no_interval="one"), all_scored()],
        {},
        "no confidence interval: one",
    ),
    ([a_metric()], {}, "the number of unscored samples is unknown"),
    ([a_metric(), all_scored(unscored=None)], {}, "the number of unscored samples is unknown"),
    ([a_metric(), all_scored(unscored=3.0)], {}, "3 samples have no score"),
    ([a_metric(missing=2), all_scored()], {}, "2 samples have no score"),
    ([a_metric(), all_scored()], {"status": "running", "finished": None}, "the run did not end: status running"),
    ([a_metric(), all_scored()], {"status": "partial", "interrupted": True}, "the run did not end: status partial"),
    (
        [a_metric(), all_scored()],
        {"looks": looks(50, 100)},
        "looks at its results decided how many items there are, for which its interval is too narrow",
    ),
    ([a_metric(), all_scored()], {"broken": "it computes NaN"}, "the checkpoint is broken: it computes NaN"),
    (
        [a_metric(), all_scored(), a_metric("boolq/truncated_outputs", value=4.0, **COUNT)],
        {},
        "4 of 100 answers cut by the token limit",
    ),
]


@pytest.mark.parametrize(("metrics", "changes", "reason"), DOUBTS, ids=[doubt[2] for doubt in DOUBTS])
def test_a_number_in_doubt_is_not(
    metrics: list[Metric], changes: dict[str, Any], reason: str, make_contents: Contents
) -> None:
    contents = make_contents(*metrics, **changes)
    published, (withheld,) = results(contents)
    assert published == []
    assert (withheld.name, withheld.reason) == ("boolq/accuracy", reason)
    with pytest.raises(ConfigError, match="no number of this run may be published as a result, first boolq/accuracy"):
        require(published, [withheld], contents)


def test_an_open_rule_withholds_its_number(make_contents: Contents) -> None:
    decision = a_decision(a_check(verdict="FAIL"), a_check(verdict="INCONCLUSIVE"))
    published, (withheld,) = results(make_contents(decision=decision))
    assert published == []
    assert withheld.reason == "a rule on it is INCONCLUSIVE"


def test_the_number_of_a_scorer_that_people_correct_is_withheld(make_contents: Contents) -> None:
    decision = a_decision(a_check(verdict="PASS"), a_check(verdict="PASS", kind="corrected"))
    published, (withheld,) = results(make_contents(decision=decision))
    assert published == []
    assert withheld.reason == "the policy judges what people find, not the scorer"


def test_a_pass_within_the_tolerance_holds_whatever_the_unscored_were(make_contents: Contents) -> None:
    metrics = [a_metric(), all_scored(unscored=1.0)]
    for verdict, count in (("PASS", 1), ("FAIL", 0)):
        published, _ = results(make_contents(*metrics, decision=a_decision(a_check(verdict=verdict))))
        assert len(published) == count


def test_rules_on_slices_and_other_metrics_do_not_count() -> None:
    decision = a_decision(a_check("boolq/accuracy [a=b]", "INCONCLUSIVE"), a_check("boolq/f1", "FAIL"))
    assert verdict_on(a_metric(), decision) is None
    assert verdict_on(a_metric(), None) is None


def test_secondary_metrics_are_neither(make_contents: Contents) -> None:
    assert results(make_contents(a_metric(primary=False), all_scored())) == ([], [])


def test_a_task_that_was_not_looked_at_is_published_next_to_one_that_was(make_contents: Contents) -> None:
    contents = make_contents(looks=looks(50, 100, "asdiv"))
    assert [one.metric.name for one in results(contents)[0]] == ["boolq/accuracy"]
