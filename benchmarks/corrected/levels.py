"""How often the interval of ``powered_mean`` holds the true mean of levels, next to the normal interval of ppi-python.

Usage: ``python benchmarks/corrected/levels.py``; two minutes on one core.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from audit.stats.prediction_powered.tuned import LabelledSample, jackknife_variance, tuned

LEVELS, SHARES = np.array([0, 0.25, 0.5, 0.75, 1]), np.array([0.4, 0.2, 0.15, 0.15, 0.1])
OTHERS, DRAWS, TAIL = 400, 2_000, 0.95
FIRST = 200_000
"""Seed of the first draw."""


def drawn(seed: int, labels: int, noise: float) -> LabelledSample:
    """Outputs of five levels, and a judge that is 30 % too mild and noisy."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(LEVELS, labels + OTHERS, p=SHARES)
    judged = np.clip(np.round(4 * (0.7 * truth + generator.normal(0, noise, labels + OTHERS))) / 4, 0, 1)
    return LabelledSample(truth[:labels], judged[:labels], judged[labels:])


def main() -> None:
    """Print coverage of nominal 90 % and the ratio of widths."""
    true = float(SHARES @ LEVELS)
    for noise in (0.1, 0.2, 0.5):
        for labels in (30, 50, 100):
            held = normal = 0
            widths = np.zeros(2)
            for seed in range(FIRST, FIRST + DRAWS):
                sample = drawn(seed, labels, noise)
                found = tuned(sample)
                variance = max(found.variance, jackknife_variance(sample) + found.of_others)
                theirs = found.of_labels * (labels - 1) / labels + found.of_others * (OTHERS - 1) / OTHERS
                ours = stats.t.ppf(TAIL, labels - 1) * math.sqrt(variance)
                other = stats.norm.ppf(TAIL) * math.sqrt(theirs)
                held += abs(found.value - true) <= ours
                normal += abs(found.value - true) <= other
                widths += ours, other
            ratio = widths[0] / widths[1]
            print(f"noise {noise}, {labels} labels: {held / DRAWS:.4f}, {normal / DRAWS:.4f}, width {ratio:.3f}")


if __name__ == "__main__":
    main()
