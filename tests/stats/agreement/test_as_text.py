"""Agreement as text: the interval decides the digits, and an end that differs from chance does not look equal to it."""

from __future__ import annotations

from audit.stats.agreement.as_text import coefficient_text, side_text, strength_text, with_interval
from audit.stats.agreement.bradley_terry import NO_INTERVAL, Strength
from audit.stats.agreement.estimate import Coefficient
from audit.stats.agreement.trust import RankCorrelation
from audit.stats.interval import Interval


def ends(low: float, high: float) -> Interval:
    return Interval(low, high, "t", 0.95)


def test_values_are_rounded_by_their_interval() -> None:
    cases = [
        (with_interval(0.5136, ends(0.4182, 0.6038)), "0.51 (0.42 to 0.60)"),
        (with_interval(0.5136, ends(0.0031, 0.8038)), "0.514 (0.003 to 0.804)"),  # 0.0 would be chance
        (with_interval(-0.8333, ends(-1.0794, -0.5872)), "−0.8 (−1.1 to −0.6)"),
        (with_interval(0.5136, None), "0.514"),
        (with_interval(None, None), "—"),
        (side_text(0.625, ends(0.42, 0.79)), "62 % (42 to 79 %)"),
        (side_text(0.625, ends(0.502, 0.79)), "62.5 % (50.2 to 79.0 %)"),  # 50 % would be half
        (strength_text(Strength("run", 1.2345, 0.21, 2.26, 12)), "1.2 (0.2 to 2.3)"),
    ]
    assert [shown for shown, _ in cases] == [expected for _, expected in cases]


def test_without_a_value_the_reason_is_shown() -> None:
    assert coefficient_text(Coefficient("cohen", None, None, 1, 2, "one item alone")) == "one item alone"
    assert coefficient_text(RankCorrelation(3, None, None, "3 rated outputs")) == "3 rated outputs"
    assert coefficient_text(RankCorrelation(30, 0.61, ends(0.33, 0.79))) == "0.61 (0.33 to 0.79)"
    assert strength_text(Strength("run", 1.2, None, None, 2)) == NO_INTERVAL
