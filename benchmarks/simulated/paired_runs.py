"""Simulated pairs of runs with a known true difference, for the error rates of comparisons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.pairing.resampled import Both

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


NAMES = np.array([f"c{code}" for code in range(100)], dtype=object)
"""Of clusters."""


@dataclass(frozen=True)
class Runs:
    """The items of two runs."""

    before: Numbers
    """Baseline: one value, or one row of counts, per item."""
    after: Numbers
    """Candidate."""
    codes: NDArray[np.intp] | None
    """Cluster of each item; None if items are independent."""

    def only(self, kept: NDArray[np.bool_]) -> Runs:
        """Some of the items."""
        return Runs(self.before[kept], self.after[kept], None if self.codes is None else self.codes[kept])

    @property
    def names(self) -> list[str] | None:
        """Names of the clusters."""
        return None if self.codes is None else NAMES[self.codes].tolist()


@dataclass
class Settings:
    """What the command line chose."""

    uniform: bool = False
    """Whether effects of clusters are uniform, which is harder for Student's t on few clusters; otherwise normal."""


settings = Settings()


MOST_EFFECT = 2.53
"""No effect of a cluster is larger: normal ones are cut at 2.5, which leaves a standard deviation of 0.98872."""


def clusters(
    generator: np.random.Generator, n: int, groups: int | None
) -> tuple[NDArray[np.intp] | None, Numbers, Numbers]:
    """Cluster of each item, and two effects of it with mean 0 and variance 1; sizes vary by a factor of up to 3.

    The first effect is one on the candidate alone, the second one on both runs.
    """
    if groups is None:
        return None, np.zeros(n), np.zeros(n)
    sizes = generator.uniform(0.5, 1.5, groups)
    cuts = np.round(np.cumsum(sizes) / sizes.sum() * n).astype(int)
    codes = np.searchsorted(cuts, np.arange(n), side="right")
    if settings.uniform:
        effects = generator.uniform(-math.sqrt(3), math.sqrt(3), (2, groups))
    else:
        effects = np.clip(generator.normal(size=(2, groups)), -2.5, 2.5) / 0.98872
    return codes, effects[0, codes], effects[1, codes]


def lowered(generator: np.random.Generator, values: Numbers, mean: float, loss: float, worst: float) -> Numbers:
    """Values whose mean is lower by ``loss``: so many of them, drawn at random, get the worst possible value.

    Args:
        generator: Draws them.
        values: The values.
        mean: Their true mean.
        loss: How much lower the true mean shall be; 0 changes nothing.
        worst: Lower end of the scale.
    """
    if loss <= 0:
        return values
    return np.where(generator.random(len(values)) < loss / (mean - worst), worst, values)


class Binary:
    """Right or wrong: one item in five changes. Clusters differ in difficulty, and in whether they become better."""

    name = "binary"
    margin = 0.03
    changed, right, shared, effect = 0.2, 0.6, 0.06, 0.06
    by_change = 0.25
    """Largest loss by answers that change; what a loss is more makes answers of any kind wrong."""

    def most(self) -> float:
        """Largest loss that the scale allows: all answers wrong."""
        return self.right

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        more = max(0.0, loss - self.by_change)
        loss -= more
        codes, effects, difficulty = clusters(generator, n, groups)
        net = self.effect * effects - loss
        changed = max(self.changed, loss + MOST_EFFECT * self.effect)
        right = self.right - self.shared * difficulty
        before = generator.random(n) < right
        loses = generator.random(n) < (changed - net) / 2 / right
        gains = generator.random(n) < (changed + net) / 2 / (1 - right)
        after = np.where(before, ~loses, gains).astype(np.float64)
        return Runs(before.astype(np.float64), lowered(generator, after, self.right - loss, more, 0.0), codes)


class Continuous:
    """Minus a toxicity score: bounded and skewed; half of the answers are the same, the others are drawn again."""

    name = "continuous"
    margin = 0.03
    redrawn, toxic, shared, effect, gap = 0.5, 0.2, 0.04, 0.035, 0.8 - 0.5 / 8.5

    @property
    def mean(self) -> float:
        """True mean score."""
        return self.toxic * 0.8 + (1 - self.toxic) * 0.5 / 8.5

    def most(self) -> float:
        """Largest loss that the scale allows: all scores 1."""
        return 1 - self.mean

    @property
    def by_change(self) -> float:
        """Largest loss by toxic answers among those that are drawn again; what a loss is more makes any score 1."""
        return self.redrawn * self.gap * (1 - self.toxic - MOST_EFFECT * (self.shared + self.effect))

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        more = max(0.0, loss - self.by_change)
        loss -= more
        codes, effects, difficulty = clusters(generator, n, groups)
        toxic = self.toxic + self.shared * difficulty
        share = toxic + loss / (self.redrawn * self.gap) + self.effect * effects
        before = self._scores(generator, n, toxic)
        after = np.where(generator.random(n) < self.redrawn, self._scores(generator, n, share), before)
        return Runs(-before, lowered(generator, -after, -self.mean - loss, more, -1.0), codes)

    def _scores(self, generator: np.random.Generator, n: int, toxic: Numbers) -> Numbers:
        return np.where(generator.random(n) < toxic, generator.beta(8, 2, n), generator.beta(0.5, 8, n))


class Open:
    """Minus a loss, on a scale without bounds: any minimum detectable effect can be simulated."""

    name = "open"
    margin = 0.1
    shared, changed, effect = 0.3, 0.4, 0.15

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return math.inf

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes, effects, difficulty = clusters(generator, n, groups)
        before = generator.normal(size=n) + self.shared * difficulty
        change = self.changed * generator.normal(size=n) + self.effect * effects
        return Runs(before, before + change - loss, codes)


class Skewed:
    """Scores of which a few clusters lose much and the others gain a little: effects of clusters are exponential."""

    name = "skewed"
    margin = 0.03
    changed, effect = 0.2, 0.05

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return 0.3

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes = clusters(generator, n, groups)[0]
        effects = 0.0 if codes is None else (generator.exponential(size=groups) - 1)[codes]
        before = generator.uniform(0, 1, n)
        return Runs(before, before + self.changed * generator.normal(size=n) - self.effect * effects - loss, codes)


@dataclass(frozen=True)
class Pair(Both):
    """Two runs whose metric is a function of sums over units."""

    sums: Numbers
    """Of each unit: one row."""
    difference: Callable[[Numbers], Numbers]
    """From rows of sums over units."""


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
        """Largest loss that can be simulated: factors of clusters stay above 0; of a score of 43 points."""
        return 41.0

    @cache  # noqa: B019 - there is one
    def factor(self, loss: float, groups: int | None) -> float:
        """Mean factor of the candidate's levels that makes the true score lower by ``loss``."""
        from scipy import optimize

        one, two = self.moments
        spread = self.effect**2 if groups else 0.0
        base = 100 * math.sqrt(one * two)
        return float(
            optimize.brentq(lambda f: base - 100 * math.sqrt(one * f * two * (f**2 + spread)) - loss, 0.105, 1.2)
        )

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``. Rows: unigrams, bigrams, and how many of each match."""
        codes, effects, _ = clusters(generator, n, groups)
        lengths = 3 + np.floor(generator.lognormal(2.5, 0.6, n)).astype(int)
        level = generator.beta(self.first, self.second, n)
        factors = self.factor(loss, groups) + self.effect * effects
        rows = []
        for share in (level, np.minimum(1, level * factors)):
            matches = generator.binomial(lengths, share), generator.binomial(lengths - 1, share**2)
            rows.append(np.column_stack([lengths, lengths - 1, *matches]).astype(np.float64))
        return Runs(rows[0], rows[1], codes)

    @staticmethod
    def score(sums: Numbers) -> Numbers:
        """From sums over sentences, whose kinds are the last axis."""
        return 100 * np.sqrt(sums[..., 2] / sums[..., 0] * sums[..., 3] / sums[..., 1])

    def pair(self, runs: Runs) -> Both:
        """Both runs, drawn together: with one unit per cluster, or per sentence without clusters."""
        codes = np.arange(len(runs.before)) if runs.codes is None else np.unique(runs.codes, return_inverse=True)[1]
        both = np.column_stack([runs.before, runs.after])
        sums = np.column_stack([np.bincount(codes, weights=column) for column in both.T])
        return Pair(len(sums), lambda weights: float(self.difference(weights @ sums)), sums, self.difference)

    def difference(self, sums: Numbers) -> Numbers:
        """Candidate minus baseline, from the sums of both."""
        return self.score(sums[..., 4:]) - self.score(sums[..., :4])

    def influence(self, rows: Numbers) -> Numbers:
        """First-order contribution of each sentence, for the unpaired test."""
        sums, n = rows.sum(axis=0), len(rows)
        return float(self.score(sums)) * (
            1 + n / 2 * (rows[:, 2] / sums[2] + rows[:, 3] / sums[3] - rows[:, 0] / sums[0] - rows[:, 1] / sums[1])
        )


KINDS = {kind.name: kind for kind in (Binary(), Continuous(), Corpus(), Open(), Skewed())}
