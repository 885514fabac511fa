"""Bradley–Terry strengths of what was compared in pairs.

Bradley and Terry 1952, Biometrika 39: P(i preferred to j) = exp(s_i) / (exp(s_i) + exp(s_j)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.stats.clusters import cluster_codes
from audit.stats.interval import critical

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

Ties = Literal["half", "drop"]
"""What a tie counts as: half a win for each, or nothing."""
NO_INTERVAL = "no interval: all comparisons are of one prompt, or all had the same result"
ITERATIONS = 100
LONGEST_STEP, TOLERANCE = 2.0, 1e-9
"""Of the difference between any two that were compared, on the logit scale."""


@dataclass(frozen=True, slots=True)
class Strength:
    """One competitor."""

    name: str
    """What was compared."""
    value: float
    """Strength on the logit scale; strengths sum to 0."""
    low: float | None
    """Lower end of the interval; None where there is none."""
    high: float | None
    """Upper end of the interval."""
    comparisons: int
    """Comparisons that it took part in and that count."""

    @property
    def why_none(self) -> str | None:
        """Why there is no interval, without which the strength says nothing; None where there is one."""
        return NO_INTERVAL if self.low is None or self.high is None else None


def bradley_terry(
    first: Sequence[str],
    second: Sequence[str],
    won: Sequence[float],
    *,
    clusters: Sequence[Hashable] | None = None,
    ties: Ties = "half",
    confidence: float = 0.95,
) -> list[Strength] | None:
    """Maximum-likelihood strengths, the highest first, with intervals.

    The intervals are Student's with the clustered ("sandwich") standard error of the estimate: comparisons of one item
    by several raters are no independent evidence.

    Args:
        first: One competitor of each comparison.
        second: The other one.
        won: 1 where the first was preferred, 0 where the second was, 0.5 for a tie.
        clusters: The item of each comparison; None where each stands alone.
        ties: What ties count as.
        confidence: Nominal coverage.

    Returns:
        None where no strengths exist: nothing was compared, or competitors can be split so that no one of the one part
        was ever preferred to one of the other (Ford 1957, American Mathematical Monthly 64). None, too, where the
        maximum is not found.

    Raises:
        ValueError: The lengths differ, somebody is compared with themselves, or an outcome is not 0, 0.5 or 1.
    """
    outcomes = np.array(won, dtype=np.float64)
    pairs = list(zip(first, second, outcomes, strict=True))
    if not np.isin(outcomes, (0.0, 0.5, 1.0)).all() or any(one == other for one, other, _ in pairs):
        msg = "a comparison is of two competitors, and its outcome is 0, 0.5 or 1"
        raise ValueError(msg)
    kept = np.array([ties == "half" or outcome != 0.5 for *_, outcome in pairs], dtype=bool)
    names = sorted({name for (one, other, _), keep in zip(pairs, kept, strict=True) if keep for name in (one, other)})
    place = {name: index for index, name in enumerate(names)}
    games = np.array(
        [[place[a], place[b]] for (a, b, _), keep in zip(pairs, kept, strict=True) if keep], dtype=np.intp
    ).reshape(-1, 2)
    results = outcomes[kept]
    if not _is_connected(games, results, len(names)):
        return None
    strengths = _fit(games, results, len(names))
    if strengths is None:
        return None
    groups = np.arange(len(pairs)) if clusters is None else cluster_codes(outcomes, clusters)
    errors, freedom = _errors(games, results, strengths, groups[kept])
    reach = _reach(errors, freedom, confidence)
    counts = np.bincount(games.ravel(), minlength=len(names))
    found = [
        Strength(name, float(s), *(_ends(float(s), far)), int(n))
        for name, s, far, n in zip(names, strengths, reach, counts, strict=True)
    ]
    return sorted(found, key=lambda one: -one.value)


def _is_connected(games: NDArray[np.intp], results: NDArray[np.float64], n: int) -> bool:
    """Whether from each competitor a chain of wins or ties leads to each other one."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - a second to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as above

    if n < 2:
        return False
    wins = games[results > 0].tolist() + games[results < 1][:, ::-1].tolist()
    rows, columns = np.array(wins).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    return int(connected_components(graph, directed=True, connection="strong")[0]) == 1


def _fit(games: NDArray[np.intp], results: NDArray[np.float64], n: int) -> NDArray[np.float64] | None:
    """Newton's method on the log-likelihood, which is concave; strengths sum to 0. None where it does not settle."""
    strengths = np.zeros(n)
    for _ in range(ITERATIONS):
        slope, information = _slope(games, results, strengths)
        step = np.linalg.solve(information + 1.0 / n, slope)
        moved = float(np.abs(step[games[:, 0]] - step[games[:, 1]]).max())
        # Far from the maximum a full step can overshoot.
        step *= LONGEST_STEP / max(moved, LONGEST_STEP)
        strengths = strengths + step
        if moved < TOLERANCE:
            return np.asarray(strengths - strengths.mean(), dtype=np.float64)
    return None


def _slope(
    games: NDArray[np.intp], results: NDArray[np.float64], strengths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient of the log-likelihood and Fisher's information."""
    n = len(strengths)
    chance = 1 / (1 + np.exp(strengths[games[:, 1]] - strengths[games[:, 0]]))
    rest, spread = results - chance, chance * (1 - chance)
    slope = np.zeros(n)
    np.add.at(slope, games[:, 0], rest)
    np.add.at(slope, games[:, 1], -rest)
    information = np.zeros((n, n))
    for column in (0, 1):
        np.add.at(information, (games[:, column], games[:, column]), spread)
    np.add.at(information, (games[:, 0], games[:, 1]), -spread)
    np.add.at(information, (games[:, 1], games[:, 0]), -spread)
    return slope, information


def _errors(
    games: NDArray[np.intp], results: NDArray[np.float64], strengths: NDArray[np.float64], groups: NDArray[np.intp]
) -> tuple[NDArray[np.float64], int]:
    """Clustered standard error of each strength, and the degrees of freedom: clusters less one."""
    n = len(strengths)
    chance = 1 / (1 + np.exp(strengths[games[:, 1]] - strengths[games[:, 0]]))
    rest = results - chance
    codes = np.unique(groups, return_inverse=True)[1]
    clusters = int(codes.max()) + 1
    scores = np.zeros((clusters, n))
    np.add.at(scores, (codes, games[:, 0]), rest)
    np.add.at(scores, (codes, games[:, 1]), -rest)
    bread = np.linalg.pinv(_slope(games, results, strengths)[1])
    if clusters < 2:
        return np.full(n, np.nan), 0
    meat = scores.T @ scores * clusters / (clusters - 1)
    return np.sqrt(np.clip(np.diag(bread @ meat @ bread), 0, None)), clusters - 1


def _reach(errors: NDArray[np.float64], freedom: int, confidence: float) -> list[float]:
    """Half-widths of the intervals; NaN where there is none."""
    if freedom < 1:
        return [math.nan] * len(errors)
    quantile = critical(confidence, freedom)
    return [quantile * float(error) if error > 0 else math.nan for error in errors]


def _ends(value: float, reach: float) -> tuple[float | None, float | None]:
    return (None, None) if math.isnan(reach) else (value - reach, value + reach)
