"""Published worked examples, the forward equation, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stats.prevalence import Agreement, corrected_interval, rogan_gladen

PROBABILITY = st.floats(0, 1)


@pytest.mark.parametrize(
    ("positive", "tested", "sensitivity", "specificity", "percent"),
    [
        # Examples of epi.prev in the manual of epiR (Stevenson and Sergeant).
        (23, 150, 0.96, 0.89, 5.1),
        (6, 151, 0.964, 0.927, 0.0),
        (8, 210, 0.60, 0.90, 0.0),
        (12, 189, 0.65, 0.95, 2.25),
        (7, 124, 0.70, 0.99, 6.73),
    ],
)
def test_published_examples(positive: int, tested: int, sensitivity: float, specificity: float, percent: float) -> None:
    found = rogan_gladen(positive / tested, sensitivity, specificity)
    digits = 0.051 if percent == 5.1 else 0.0051
    assert found is not None
    assert 100 * found == pytest.approx(percent, abs=digits)


@given(PROBABILITY, st.floats(0.55, 1), st.floats(0.55, 1))
def test_what_a_test_would_show_of_a_prevalence_is_turned_back_into_it(
    prevalence: float, sensitivity: float, specificity: float
) -> None:
    shown = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    assert rogan_gladen(min(1.0, shown), sensitivity, specificity) == pytest.approx(prevalence, abs=1e-6)


@given(PROBABILITY, PROBABILITY, PROBABILITY)
def test_it_is_a_share_or_nothing(share: float, sensitivity: float, specificity: float) -> None:
    found = rogan_gladen(share, sensitivity, specificity)
    assert (found is None) == (sensitivity + specificity - 1 < 1e-9)
    assert found is None or 0 <= found <= 1


def test_a_test_without_information_gives_no_prevalence() -> None:
    assert rogan_gladen(0.3, 0.3, 0.7) is None
    assert rogan_gladen(0.3, 0.2, 0.7) is None
    assert corrected_interval(0.3, 100, Agreement(20, 100, 70, 100)) is None
    assert corrected_interval(0.3, 0, Agreement(90, 100, 95, 100)) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((-0.1, 0.9, 0.9), r"share must be between 0 and 1, got -0\.1"),
        ((0.1, 1.1, 0.9), r"sensitivity must be between 0 and 1, got 1\.1"),
        ((0.1, 0.9, math.nan), "specificity must be between 0 and 1, got nan"),
    ],
)
def test_what_is_no_share_is_refused(arguments: tuple[float, float, float], said: str) -> None:
    with pytest.raises(ValueError, match=rf"\A{said}\Z"):
        rogan_gladen(*arguments)


@pytest.mark.parametrize("counts", [(11, 10, 5, 10), (5, 10, -1, 10), (0, 0, 5, 10), (5, 10, 0, 0)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"right answers|both kinds"):
        Agreement(*counts)


@pytest.mark.parametrize(
    ("prevalence", "sensitivity", "specificity"), [(0.02, 0.8, 0.97), (0.2, 0.7, 0.9), (0.5, 0.9, 0.95)]
)
def test_the_interval_covers_the_prevalence_when_all_three_samples_vary(
    prevalence: float, sensitivity: float, specificity: float
) -> None:
    rng = np.random.default_rng(7)
    draws, tested, positives, negatives = 1000, 300, 120, 200
    apparent = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    samples = zip(
        rng.binomial(tested, apparent, draws) / tested,
        rng.binomial(positives, sensitivity, draws),
        rng.binomial(negatives, specificity, draws),
        strict=True,
    )
    hits = 0
    for share, found, left in samples:
        interval = corrected_interval(share, tested, Agreement(int(found), positives, int(left), negatives))
        hits += interval is not None and interval.low <= prevalence <= interval.high
    # Lang and Reiczigel report coverage close to the nominal level; 0.93 is three standard errors below.
    assert hits / draws > 0.93


def test_fewer_labelled_items_widen_the_interval() -> None:
    few = corrected_interval(0.2, 500, Agreement(40, 50, 45, 50))
    many = corrected_interval(0.2, 500, Agreement(4000, 5000, 4500, 5000))
    assert few is not None
    assert many is not None
    assert few.high - few.low > 1.5 * (many.high - many.low)
    assert (few.method, few.confidence) == ("lang_reiczigel", 0.95)


def test_a_perfect_scorer_that_was_counted_long_leaves_the_agresti_coull_interval() -> None:
    from statsmodels.stats.proportion import proportion_confint

    interval = corrected_interval(0.1, 400, Agreement(10**9, 10**9, 10**9, 10**9))
    low, high = proportion_confint(40, 400, method="agresti_coull")
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@given(st.integers(1, 299), st.integers(60, 119), st.integers(120, 199))
def test_the_interval_of_the_healthy_is_the_mirror_image(positive: int, found: int, left: int) -> None:
    """Who is not ill is found by the same test with its two error rates exchanged: the shift changes sides with it."""
    ill = corrected_interval(positive / 300, 300, Agreement(found, 120, left, 200), clip=False)
    well = corrected_interval(1 - positive / 300, 300, Agreement(left, 200, found, 120), clip=False)
    assert ill is not None
    assert well is not None
    assert (ill.low, ill.high) == (pytest.approx(1 - well.high), pytest.approx(1 - well.low))


def test_the_interval_is_the_published_formula_step_by_step() -> None:
    """Lang and Reiczigel 2014, section 2: 90 of 300 positive; 70 of 120 found, 180 of 200 left alone."""
    z2 = 1.959963984540054**2
    apparent, sensitivity, specificity = (90 + z2 / 2) / (300 + z2), 71 / 122, 181 / 202
    youden = sensitivity + specificity - 1
    centre = (apparent + specificity - 1) / youden
    spread = [sensitivity * (1 - sensitivity) / 122, specificity * (1 - specificity) / 202]
    shift = 2 * z2 * (centre * spread[0] - (1 - centre) * spread[1])
    variance = apparent * (1 - apparent) / (300 + z2) + centre**2 * spread[0] + (1 - centre) ** 2 * spread[1]
    reach = (z2 * variance) ** 0.5 / youden
    found = corrected_interval(0.3, 300, Agreement(70, 120, 180, 200))
    assert found is not None
    assert shift == pytest.approx(0.0045, abs=5e-4)  # it is no rounding error
    assert (found.low, found.high) == (pytest.approx(centre + shift - reach), pytest.approx(centre + shift + reach))


def test_added_observations_may_leave_a_test_without_information() -> None:
    """Two of three and one of two: 0.17 better than guessing as counted, worse with the added observations."""
    assert corrected_interval(0.5, 10, Agreement(1, 1, 1, 99)) is None


def test_a_sum_is_clipped_once_at_its_end() -> None:
    """Fewer are picked out than false alarms alone would be: below 0, unless clipped."""
    assert rogan_gladen(0.0, 0.8, 0.9) == 0.0
    assert rogan_gladen(0.0, 0.8, 0.9, clip=False) == pytest.approx(-0.1 / 0.7)
    assert rogan_gladen(1.0, 0.8, 0.9, clip=False) == pytest.approx(0.9 / 0.7)
    agreement = Agreement(80, 100, 90, 100)
    for share in (0.0, 1.0):
        wide = corrected_interval(share, 50, agreement, clip=False)
        assert wide is not None
        assert not 0 <= wide.low <= wide.high <= 1
        clipped = corrected_interval(share, 50, agreement)
        assert clipped is not None
        assert (clipped.low, clipped.high) == (min(1, max(0, wide.low)), min(1, max(0, wide.high)))


def test_less_than_one_item_still_has_an_interval() -> None:
    """An effective number of clustered items may be below 1."""
    assert corrected_interval(0.3, 0.5, Agreement(80, 100, 90, 100)) is not None


def test_a_test_that_is_worse_than_guessing_is_not_mended_by_the_added_observations() -> None:
    """It found none of one and left 95 of 100 alone; 1 of 3 and 96 of 102 would look like information."""
    assert 1 / 3 + 96 / 102 > 1
    assert corrected_interval(0.3, 100, Agreement(0, 1, 95, 100)) is None


def test_a_scorer_may_be_wrong_every_time() -> None:
    agreement = Agreement(0, 10, 0, 5)
    assert (agreement.sensitivity, agreement.specificity) == (0.0, 0.0)


def test_sensitivity_and_specificity_are_shares_of_the_items_of_their_kind() -> None:
    found = Agreement(80, 100, 190, 200)
    assert (found.sensitivity, found.specificity) == (0.8, 0.95)
