"""Simulated pairs of runs with a known true difference, for the error rates of comparisons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.definitions.base import Resampling, places_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Runs:
    """The items of two runs."""

    before: Numbers
    """Baseline: one value, or one row of counts, per item."""
    after: Numbers
    """Candidate."""
    codes: NDArray[np.intp] | None
    """Cluster of each item; None if items are independent."""


@dataclass
class Settings:
    """What the command line chose."""

    normal: bool = False
    """Whether effects of clusters are normal; otherwise uniform, which is harder for Student's t on few clusters."""


settings = Settings()


def clusters(generator: np.random.Generator, n: int, groups: int | None) -> tuple[NDArray[np.intp] | None, Numbers]:
    """Cluster of each item, and its effect, with mean 0 and variance 1; sizes vary by a factor of up to 3."""
    if groups is None:
        return None, np.zeros(n)
    sizes = generator.uniform(0.5, 1.5, groups)
    cuts = np.round(np.cumsum(sizes) / sizes.sum() * n).astype(int)
    codes = np.searchsorted(cuts, np.arange(n), side="right")
    if settings.normal:
        effects = np.clip(generator.normal(size=groups), -2.5, 2.5) / 0.98872  # its standard deviation when clipped
    else:
        effects = generator.uniform(-math.sqrt(3), math.sqrt(3), groups)
    return codes, effects[codes]


class Binary:
    """Right or wrong: one item in five changes, and clusters differ in whether for better or worse."""

    name = "binary"
    margin = 0.03
    changed, right, effect = 0.2, 0.6, 0.06

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return 0.35

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes, effects = clusters(generator, n, groups)
        net = self.effect * effects - loss
        changed = max(self.changed, loss + 2.6 * self.effect)
        before = generator.random(n) < self.right
        # So the cluster's effect is one on the candidate alone, and the runs' clusters are not negatively correlated.
        loses = generator.random(n) < (changed - net) / 2 / self.right
        gains = generator.random(n) < (changed + net) / 2 / (1 - self.right)
        return Runs(before.astype(np.float64), np.where(before, ~loses, gains).astype(np.float64), codes)


class Continuous:
    """Minus a toxicity score: bounded and skewed; half of the answers are the same, the others are drawn again."""

    name = "continuous"
    margin = 0.03
    redrawn, toxic, effect, gap = 0.5, 0.15, 0.05, 0.8 - 0.5 / 8.5

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return self.redrawn * self.gap * (1 - self.toxic - 2.6 * self.effect)

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes, effects = clusters(generator, n, groups)
        share = self.toxic + loss / (self.redrawn * self.gap) + self.effect * effects
        before = self._scores(generator, n, np.full(n, self.toxic))
        after = np.where(generator.random(n) < self.redrawn, self._scores(generator, n, share), before)
        return Runs(-before, -after, codes)

    def _scores(self, generator: np.random.Generator, n: int, toxic: Numbers) -> Numbers:
        return np.where(generator.random(n) < toxic, generator.beta(8, 2, n), generator.beta(0.5, 8, n))


class Corpus:
    """Like BLEU: the geometric mean of two precisions, each a ratio of sums; sentences have skewed lengths.

    A sentence has a level that both runs share; the candidate has a lower one by a factor that clusters differ in.
    """

    name = "corpus"
    margin = 2.0
    first, second, effect = 5.0, 4.0, 0.04
    """Of the Beta distribution of the level, and the standard deviation of a cluster's factor."""

    @property
    def moments(self) -> tuple[float, float]:
        """E[level] and E[level²]."""
        total = self.first + self.second
        return self.first / total, self.first * (self.first + 1) / (total * (total + 1))

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return 20.0

    def factor(self, loss: float, groups: int | None) -> float:
        """Mean factor of the candidate's levels that makes the true score lower by ``loss``."""
        from scipy import optimize

        one, two = self.moments
        spread = self.effect**2 if groups else 0.0
        base = 100 * math.sqrt(one * two)
        return float(
            optimize.brentq(lambda f: base - 100 * math.sqrt(one * f * two * (f**2 + spread)) - loss, 0.2, 1.2)
        )

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``. Rows: unigrams, bigrams, and how many of each match."""
        codes, effects = clusters(generator, n, groups)
        lengths = 3 + np.floor(generator.lognormal(2.5, 0.6, n)).astype(int)
        level = generator.beta(self.first, self.second, n)
        factors = self.factor(loss, groups) + self.effect * effects
        rows = []
        for share in (level, np.minimum(1, level * factors)):
            matches = generator.binomial(lengths, share), generator.binomial(lengths - 1, share**2)
            rows.append(np.column_stack([lengths, lengths - 1, *matches]).astype(np.float64))
        return Runs(rows[0], rows[1], codes)

    @staticmethod
    def score(sums: Numbers) -> float:
        """From sums over sentences."""
        return 100 * math.sqrt(sums[2] / sums[0] * sums[3] / sums[1])

    def resampling(self, rows: Numbers, clusters: Sequence[str] | None) -> Resampling:
        """As a definition gives it, with one unit per cluster, or per sentence without clusters."""
        units, of_row = places_of(clusters or [str(place) for place in range(len(rows))])
        return Resampling(units, lambda weights: self.score(weights[of_row] @ rows))

    def influence(self, rows: Numbers) -> Numbers:
        """First-order contribution of each sentence, for the unpaired test."""
        sums, n = rows.sum(axis=0), len(rows)
        return self.score(sums) * (
            1 + n / 2 * (rows[:, 2] / sums[2] + rows[:, 3] / sums[3] - rows[:, 0] / sums[0] - rows[:, 1] / sums[1])
        )


KINDS = {kind.name: kind for kind in (Binary(), Continuous(), Corpus())}
