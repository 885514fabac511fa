"""The largest gap between slices, against intervals computed slice by slice; and the share of cut answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.stats.interval import wilson
from tests.gate.rules.conftest import last, samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

SCORES = [1.0, 0.0] * 40 + [1.0, 1.0] * 60
"""Half ``a``: 100 of 100. Half ``b``: 60 of 100."""
A, B = wilson(100, 100, 0.975), wilson(60, 100, 0.975)
LOW, HIGH = A.low - B.high, A.high - B.low


def test_the_interval_of_the_gap_decides(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run = make("b", samples(SCORES))
    for limit, verdict in (
        (HIGH + 0.001, "PASS"), (HIGH - 0.001, "INCONCLUSIVE"), (LOW + 0.001, "INCONCLUSIVE"), (LOW - 0.001, "FAIL"),
    ):  # fmt: skip
        check = last(judge(run, None, {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": limit}}))
        assert (check.verdict, check.by, check.maximum) == (verdict, "half", limit)
        assert (check.value, check.ci_low, check.ci_high) == pytest.approx((0.4, LOW, HIGH))


def test_a_gap_needs_slices_and_scores(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run = make("b", samples(SCORES))
    with pytest.raises(ConfigError, match=r"no slices by 'halff': it has half. Did you mean 'half'"):
        judge(run, None, {"metric": "boolq/accuracy", "max_gap": {"slice": "halff", "value": 0.1}})
    with pytest.raises(ConfigError, match="max_gap 1 can never fail"):
        judge(run, None, {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 1}})
    lost = make("c", samples([*SCORES[:-1], None]))
    rule = {"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.9}}
    assert last(judge(lost, None, rule)).verdict == "INCONCLUSIVE"
    assert last(judge(lost, None, rule, max_unscored=0.01)).verdict == "PASS"


@pytest.mark.parametrize(("limit", "verdict"), [(0.02, "PASS"), (0.019, "FAIL")])
def test_the_share_of_cut_answers(
    limit: float, verdict: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run = make("b", samples(SCORES, cut=[0, 1, 2, 3]))
    check = last(judge(run, None, {"metric": "boolq/accuracy", "max_truncated": limit}))
    assert (check.metric, check.verdict, check.value) == ("boolq/truncated_outputs", verdict, 0.02)


def test_unscored_answers_may_have_been_cut(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    run = make("b", samples([*SCORES[:-2], None, None], cut=[0]))
    for limit, verdict in ((0.015, "PASS"), (0.014, "INCONCLUSIVE"), (0.004, "FAIL")):
        rule = {"metric": "boolq/accuracy", "max_truncated": limit}
        assert last(judge(run, None, rule, max_unscored=0.01)).verdict == verdict
        assert last(judge(run, None, rule)).verdict != "PASS"
