"""What is said of two simulated runs: by the product, by an unpaired test, by NeMo Evaluator and by Student's t."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from simulated.paired_runs import Corpus

from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import critical
from audit.stats.pairing.means import of_means, of_shares
from audit.stats.pairing.resampled import of_resamples

if TYPE_CHECKING:
    from simulated.paired_runs import Runs

    from audit.stats.pairing.difference import Inference

try:
    from nemo_evaluator.engine.gate import _paired_delta_ci as nemo_interval
except ImportError:
    nemo_interval = None

CONFIDENCE = 0.95
NORMAL = critical(CONFIDENCE, math.inf)


@cache
def shares_of(better: int, worse: int, n: int, confidence: float) -> Inference:
    """What the product says of so many changes."""
    changes = np.repeat([1.0, -1.0, 0.0], [better, worse, n - better - worse])
    return of_shares(changes, None, confidence=confidence, seed=0)


def compare(kind: Any, runs: Runs, resamples: int, confidence: float = CONFIDENCE) -> Inference:
    """What the product says of two runs."""
    if isinstance(kind, Corpus):
        return of_resamples(kind.pair(runs), confidence=confidence, seed=0, resamples=resamples)
    names, changes = runs.names, runs.after - runs.before
    if kind.name == "binary" and names is None:
        return shares_of(int((changes > 0).sum()), int((changes < 0).sum()), len(changes), confidence)
    if kind.name == "binary":
        return of_shares(changes, names, confidence=confidence, seed=0)
    width = math.inf if kind.name == "open" else 1.0
    return of_means(changes, names, width=width, confidence=confidence, seed=0, resamples=resamples)


def unpaired(kind: Any, runs: Runs) -> tuple[float, float]:
    """The interval if both runs were of different items: the variances add up."""
    sides = [kind.influence(rows) if isinstance(kind, Corpus) else rows for rows in (runs.before, runs.after)]
    codes = range(len(sides[0])) if runs.codes is None else runs.codes.tolist()
    error = math.hypot(*(clustered_standard_error(side, codes) for side in sides))
    freedom = len(set(codes)) - 1
    middle, reach = float(sides[1].mean() - sides[0].mean()), critical(CONFIDENCE, freedom) * error
    return middle - reach, middle + reach


def of_nemo(runs: Runs, *, verified: bool) -> tuple[float, float]:
    """NeMo's interval; with clusters by its formula, which its own function adds up item by item in a millisecond.

    Args:
        runs: Two runs.
        verified: Whether its own function is asked, too.
    """
    changes = runs.after - runs.before
    if runs.codes is None:
        return nemo_interval(changes.tolist())
    mean, codes = float(changes.mean()), np.unique(runs.codes, return_inverse=True)[1]
    sums = np.bincount(codes, weights=changes - mean)
    reach = NORMAL * math.sqrt(len(sums) / (len(sums) - 1) * float(np.sum(sums**2))) / len(changes)
    ends = round(mean - reach, 6), round(mean + reach, 6)
    if verified and not np.allclose(ends, nemo_interval(changes.tolist(), clusters=runs.names), rtol=0, atol=2e-6):
        msg = f"{ends} is not what NeMo's function says"
        raise AssertionError(msg)
    return ends


def student(runs: Runs) -> tuple[float, float]:
    """Student's interval of the mean difference alone, without the bootstrap's ends."""
    changes = runs.after - runs.before
    codes = range(len(changes)) if runs.codes is None else runs.codes.tolist()
    reach = critical(CONFIDENCE, len(set(codes)) - 1) * clustered_standard_error(changes, codes)
    return float(changes.mean()) - reach, float(changes.mean()) + reach
