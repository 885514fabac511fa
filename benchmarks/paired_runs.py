"""Simulated pairs of runs with a known true difference, for the error rates of comparisons.

All comparisons have the same seed, so that bootstraps of as many units draw the same: :func:`keep_draws` keeps the
draws, and computes all resamples of a comparison at once. The intervals are those of the product, but for rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from audit.stats import bootstrap
from audit.stats.pairing import means, resampled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


class Binary:
    """Right or wrong: one item in five changes. Clusters differ in difficulty, and in whether they become better."""

    name = "binary"
    margin = 0.03
    changed, right, shared, effect = 0.2, 0.6, 0.06, 0.06

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return 0.25

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes, effects, difficulty = clusters(generator, n, groups)
        net = self.effect * effects - loss
        changed = max(self.changed, loss + MOST_EFFECT * self.effect)
        right = self.right - self.shared * difficulty
        before = generator.random(n) < right
        loses = generator.random(n) < (changed - net) / 2 / right
        gains = generator.random(n) < (changed + net) / 2 / (1 - right)
        return Runs(before.astype(np.float64), np.where(before, ~loses, gains).astype(np.float64), codes)


class Continuous:
    """Minus a toxicity score: bounded and skewed; half of the answers are the same, the others are drawn again."""

    name = "continuous"
    margin = 0.03
    redrawn, toxic, shared, effect, gap = 0.5, 0.2, 0.04, 0.035, 0.8 - 0.5 / 8.5

    def most(self) -> float:
        """Largest loss that can be simulated."""
        return self.redrawn * self.gap * (1 - self.toxic - MOST_EFFECT * (self.shared + self.effect))

    def draw(self, generator: np.random.Generator, n: int, groups: int | None, loss: float) -> Runs:
        """Runs of which the candidate is worse by ``loss``."""
        codes, effects, difficulty = clusters(generator, n, groups)
        toxic = self.toxic + self.shared * difficulty
        share = toxic + loss / (self.redrawn * self.gap) + self.effect * effects
        before = self._scores(generator, n, toxic)
        after = np.where(generator.random(n) < self.redrawn, self._scores(generator, n, share), before)
        return Runs(-before, -after, codes)

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
class Pair(resampled.Both):
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
        """Largest loss that can be simulated."""
        return 20.0

    @cache  # noqa: B019 - there is one
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

    def pair(self, runs: Runs) -> resampled.Both:
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


@lru_cache(maxsize=4)
def _drawn(units: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Units of each resample, as the product draws them."""
    generator = np.random.default_rng(seed)
    return np.array([generator.integers(units, size=units) for _ in range(resamples)])


@lru_cache(maxsize=4)
def _counts(units: int, resamples: int, seed: int) -> Numbers:
    """How often each resample has each unit."""
    drawn = _drawn(units, resamples, seed)
    return np.array([np.bincount(row, minlength=units) for row in drawn], dtype=np.float64)


_AHEAD: dict[bytes, Numbers] = {}
"""Sums of resamples, by the rows that were added up."""


def _of_resamples(rows: Numbers, resamples: int, seed: int) -> Numbers:
    """Sums of the rows of each resample."""
    found = _AHEAD.pop(rows.tobytes(), None) if _AHEAD else None
    return _counts(len(rows), resamples, seed) @ rows if found is None else found


def resample_ahead(kind: object, batch: Sequence[Runs], resamples: int, seed: int = 0) -> None:
    """Add up the resamples of several comparisons of independent items at once, which takes a tenth of the time.

    Args:
        kind: What they are of.
        batch: The comparisons.
        resamples: Number of resamples.
        seed: Of all comparisons.
    """
    _AHEAD.clear()
    if batch[0].codes is not None or isinstance(kind, Binary):
        return
    if isinstance(kind, Corpus):
        rows = [np.column_stack([runs.before, runs.after]) for runs in batch]
    else:
        changes = [runs.after - runs.before for runs in batch]
        rows = [np.column_stack([one - one.mean(), (one - one.mean()) ** 2]) for one in changes]
    if isinstance(kind, Corpus) and len(rows[0]) > resampled.MOST_DRAWN:
        return
    width = rows[0].shape[1]
    found = _counts(len(rows[0]), resamples, seed) @ np.hstack(rows)
    for place, one in enumerate(rows):
        _AHEAD[one.tobytes()] = found[:, place * width : (place + 1) * width]


def keep_draws(seed: int = 0) -> None:
    """Make the bootstraps of the product keep their draws.

    Args:
        seed: Of all comparisons.
    """
    plain, draws, jackknife = bootstrap._studentised_means, resampled._draws, resampled.jackknife

    def studentised_means(sums: Numbers, sizes: Numbers, _: np.random.Generator, resamples: int) -> Numbers:
        groups = len(sums)
        columns = [sums, sums**2] if sizes.max() == 1.0 else [sums, sums**2, sizes, sums * sizes, sizes**2]
        some, products, *others = _of_resamples(np.column_stack(columns), resamples, seed).T
        many, crossed, squared = others or (groups, some, groups)
        middles = some / many
        squares = products - 2 * middles * crossed + middles**2 * squared
        if squares.min() < 1e-6 * squares.max():  # rounding would matter
            return plain(sums, sizes, _Kept(_drawn(groups, resamples, seed)), resamples)  # type: ignore[arg-type]
        return middles / (np.sqrt(groups / (groups - 1) * squares) / many)

    def draws_of(runs: resampled.Both, value: float, seed_: int, resamples: int) -> Numbers:
        if not isinstance(runs, Pair):
            return draws(runs, value, seed_, resamples)
        return runs.difference(_of_resamples(runs.sums, resamples, seed_))

    def left_out(runs: resampled.Both, seed_: int) -> Numbers:
        if not isinstance(runs, Pair):
            return jackknife(runs, seed_)
        sums = runs.sums
        if runs.units > resampled.MOST_DRAWN:
            codes = np.random.default_rng(seed_).permutation(runs.units) % resampled.GROUPS
            sums = np.column_stack([np.bincount(codes, weights=column) for column in sums.T])
        return runs.difference(runs.sums.sum(axis=0) - sums)

    bootstrap._studentised_means = studentised_means
    resampled._draws, resampled.jackknife = draws_of, left_out
    means.sign_flips = lambda *_: (1.0, True)  # p-values are not looked at
    stats.t.ppf, stats.norm.isf = cache(stats.t.ppf), cache(stats.norm.isf)


class _Kept:
    """Gives out kept draws in order."""

    def __init__(self, drawn: NDArray[np.int64]) -> None:
        self._drawn, self._given = drawn, 0

    def integers(self, groups: int, size: tuple[int, int]) -> NDArray[np.int64]:
        """The next ``size[0]`` resamples of ``groups`` units."""
        self._given += size[0]
        return self._drawn[self._given - size[0] : self._given, :groups]
