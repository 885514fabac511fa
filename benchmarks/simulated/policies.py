"""Whole policies of equal runs, judged as the gate judges all rules on the baseline together.

The records are those of the gate, and so are the functions that judge them; only files are left out.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from simulated.comparisons import CONFIDENCE, compare
from simulated.paired_runs import KINDS, Corpus

from audit.core.records import BaselineComparison, Metric
from audit.gate.comparison.compare import bare_difference
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.rules.differences import gain_of
from audit.gate.rules.family import Compared, holm
from audit.stats import bootstrap
from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import Interval, critical, score_interval
from audit.stats.pairing import resampled
from audit.stats.pairing.means import _bounded

if TYPE_CHECKING:
    from simulated.paired_runs import Runs

POLICIES = {5: 2_000, 20: 2_000, 50: 1_000}
"""Number of simulated policies, by the number of their rules."""
POLICY_ITEMS = 300
"""Of each task that a policy is about."""


@dataclass(frozen=True)
class Asked:
    """What a rule of a simulated policy is about."""

    kind: Any
    runs: Runs

    def compared(self, metric: Metric, confidence: float) -> BaselineComparison:
        """The record of the comparison, as the gate has it."""
        found = self._without_loss() if confidence == CONFIDENCE else None
        found = found or compare(self.kind, self.runs, bootstrap.RESAMPLES, confidence).interval
        fields = {"n": metric.n, "aligned": 1.0, "units": metric.n, "difference": 0.0}
        fields |= {"ci_low": found and found.low, "ci_high": found and found.high}
        bare = bare_difference(metric, confidence)
        return BaselineComparison(confidence=confidence, difference=bare.model_copy(update=fields))

    def _without_loss(self) -> Interval | None:
        """Student's interval, if it says that the product's, which has the outer ends of two, does not lie below 0.

        It spares most of the bootstraps: only a FAIL counts here.
        """
        if isinstance(self.kind, Corpus):
            pair = self.kind.pair(self.runs)
            left_out, value = resampled.jackknife(pair, 0), pair.value
            count = len(left_out)
            error = math.sqrt((count - 1) / count * float(np.sum((left_out - value) ** 2)))
        else:
            changes = self.runs.after - self.runs.before
            clusters = self.runs.names or list(range(len(changes)))
            value, count = float(changes.mean()), len(set(clusters))
            error = clustered_standard_error(changes, clusters)
            if self.kind.name == "continuous" and _bounded(changes, self.runs.names, 1.0, CONFIDENCE)[0].high < 0:
                return None  # the narrower one counts
            if self.kind.name == "binary" and self.runs.codes is None:
                return None  # no bootstrap
        reach = critical(CONFIDENCE, count - 1) * error
        return Interval(value - reach, value + reach, "t", CONFIDENCE) if error > 1e-9 and value + reach >= 0 else None


def policy_of_equal_runs(generator: np.random.Generator, rules: int, groups: int | None) -> list[Asked]:
    """What its rules are about: of five, a share, its two halves as slices, a mean and a score of a corpus.

    Every task has its own items; the runs do not differ.
    """
    asked: list[Asked] = []
    while len(asked) < rules:
        whole = KINDS["binary"].draw(generator, POLICY_ITEMS, groups, 0.0)
        halves = [whole.only(np.arange(POLICY_ITEMS) % 2 == half) for half in (0, 1)]
        asked += [Asked(KINDS["binary"], runs) for runs in (whole, *halves)]
        others = [KINDS["continuous"], KINDS["corpus"]]
        asked += [Asked(kind, kind.draw(generator, POLICY_ITEMS, groups, 0.0)) for kind in others]
    return asked[:rules]


def false_fails(asked: list[Asked]) -> tuple[bool, bool]:
    """Whether any rule FAILs by itself, and whether one does as the gate judges all of them together."""
    family: list[Compared] = []
    about: dict[str, Asked] = {}
    for place, one in enumerate(asked):
        rule = Rule(metric=f"t{place}/score", better_than_baseline=True)  # a loss is a FAIL, as with a margin of 0
        fields: dict[str, Any] = {"unit": "bleu" if isinstance(one.kind, Corpus) else "share", "higher_is_better": True}
        fields |= {"name": rule.metric, "task": rule.task, "value": 0.5, "n": len(one.runs.before)}
        metric = Metric(suite="evals", metric="score", **fields)
        found = one.compared(metric, CONFIDENCE)
        gain = gain_of(rule, found)
        checked = check(rule, metric, gain.verdict if gain else "INCONCLUSIVE", "")
        family.append(Compared(rule, metric, checked.model_copy(update={"baseline": found})))
        about[rule.metric] = one
    together = holm(family, lambda one, level: about[one.rule.metric].compared(one.metric, level), lambda *_: "")
    return any(one.check.verdict == "FAIL" for one in family), any(one.verdict == "FAIL" for one in together)


def simulate_policies(rules: int, groups: int | None, policies: int) -> dict[str, Any]:
    """One cell of the table of whole policies."""
    started, generator = time.process_time(), np.random.default_rng([rules, groups or 0, 3])
    alone, together = np.mean(
        [false_fails(policy_of_equal_runs(generator, rules, groups)) for _ in range(policies)], axis=0
    )
    return {
        "rules": rules,
        "clusters": groups,
        "policies": policies,
        "alone": float(alone),
        "together": float(together),
        "together_upper": score_interval(float(together), policies, 0.9, "wilson").high,
        "seconds": round(time.process_time() - started, 1),
    }
