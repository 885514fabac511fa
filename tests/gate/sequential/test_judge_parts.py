"""Parts of judging rules on tasks that were looked at: claims, the last look, and the baseline's own value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.records import SequentialCheck
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule
from audit.gate.sequential.claims import Claim
from audit.gate.sequential.judge import SequentialJudge, _claim, _mean
from audit.gate.sequential.looked import Looked
from tests.gate.rules.conftest import metrics_of, samples
from tests.gate.sequential.conftest import in_clusters, in_units, looks, money_above, shares
from tests.reports.conftest import a_manifest

LOSS = {"no_worse_than_baseline": {"margin": 0.1}}


@pytest.mark.parametrize(
    ("asked", "better", "own", "claim"),
    [
        ({"better_than_baseline": True}, True, (None, None), Claim(0.0, 0.0, above=True)),
        ({"better_than_baseline": True}, False, (None, None), Claim(0.0, 0.0, above=False)),
        (LOSS, True, (None, None), Claim(-0.1, -0.1, above=True)),
        (LOSS, False, (None, None), Claim(0.1, 0.1, above=False)),
        # A quarter of a value from 0.5 to 1: what passes clears the smaller margin, what fails the larger one.
        ({"no_worse_than_baseline": {"relative": 0.25}}, True, (0.5, 1.0), Claim(-0.125, -0.25, above=True)),
        ({"no_worse_than_baseline": {"relative": 0.25}}, False, (0.5, 1.0), Claim(0.125, 0.25, above=False)),
        ({"no_worse_than_baseline": {"relative": 0.25}}, True, (0.0, 0.5), Claim(0.0, -0.125, above=True)),
    ],
)
def test_what_a_rule_on_the_baseline_claims(asked: dict[str, Any], better: bool, own: Any, claim: Claim) -> None:
    rule = Rule.model_validate({"metric": "boolq/accuracy", **asked})
    metric = metrics_of("boolq", samples([1.0]), higher_is_better=better)[0]
    assert _claim(rule, metric, own) == claim


def test_a_value_is_the_mean_of_the_items_means() -> None:
    assert _mean([[1.0, 0.0], [1.0, 1.0], [0.0]]) == 0.5


@pytest.mark.parametrize(
    ("task", "asked", "looked"),
    [("asdiv", {"min": 0.5}, False), ("boolq", {"max_gap": {"slice": "half", "value": 0.5}}, True)],
)
def test_the_last_look_is_told_whether_there_were_others(task: str, asked: dict[str, Any], looked: bool) -> None:
    rule = Rule.model_validate({"metric": "boolq/accuracy", **asked})
    metrics, given = metrics_of("boolq", samples([1.0] * 20)), []
    known = Looked(a_manifest(looks=looks(20, 20, task)), None)
    policy = Policy(rules=[rule])
    unread: Any = SimpleNamespace()
    judge: Any = SequentialJudge(known, Measured(metrics), unread, policy, None)
    judge._last = SimpleNamespace(check=lambda *of, looked: given.append((*of, looked)) or "judged")
    assert judge.check(rule, metrics[0], 3) == "judged"
    assert given == [(rule, metrics[0], 3, looked)]
    record = SequentialCheck(confidence=0.995, last=False, tests=1, items=20, needed=1234)
    for command, ending in (("", ""), ("audit run", ". Go on: audit run")):
        judge._command = command
        said = judge._made(rule, metrics[0], "INCONCLUSIVE", "why", record).reason
        assert said == f"why: about 1,234 items would decide it if the value stays{ending}"


def test_the_value_of_a_baseline_that_was_looked_at_has_an_interval_that_holds_at_all_looks() -> None:
    """800 is 2 / 0.0025; its cut answers may be wrong or right, and a cluster has up to five of its items."""
    theirs = in_clusters(samples(shares(160, 200), cut=[0, 1, 2, 3]), [1, 1, 4, 2])
    metrics = metrics_of("boolq", theirs)
    known = Looked(a_manifest(), a_manifest(looks=looks(200, 500, largest=5)))
    baseline: Any = SimpleNamespace(own=lambda metric: (metric, theirs), measured=Measured(metrics))
    unread: Any = SimpleNamespace()
    judge: Any = SequentialJudge(known, Measured([]), unread, unread, None)
    low, high = judge._own(metrics[0], baseline, 0.9975)
    assert None not in (low, high)
    values = [value or 0.0 for value in shares(160, 200)]
    least, most = [0.0] * 4 + values[4:], [1.0] * 4 + values[4:]
    below = [1 - value for value in most]
    assert money_above(in_units(least, [1, 1, 4, 2], low, 5), low, 0) == pytest.approx(800, rel=1e-6)
    assert money_above(in_units(below, [1, 1, 4, 2], 1 - high, 5), 1 - high, 0) == pytest.approx(800, rel=1e-6)
