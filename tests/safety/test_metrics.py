"""What the suite does for all probes: categories, counts, draws, identities and seeds."""

from __future__ import annotations

from typing import Any

from audit.core.records import Metric, Sample
from audit.safety.metrics import ProbeMetric, compute
from audit.stats.definitions import Mean


def sample(group: str, score: float | None) -> Sample:
    return Sample(
        sample_id=f"{group}{score}", suite="safety", task="t", prompt="", score=score, slices={"group": group}
    )


def computed(samples: list[Sample], *declared: ProbeMetric, note: str | None = None) -> list[Metric]:
    metrics = declared or (ProbeMetric("m", Mean(), "share", False, primary=True, on=("group",)),)
    return compute(metrics, samples, [], {"group": {"b", "a"}}, seed=1, settings={"threshold": 0.5}, note=note)


def test_every_category_is_told_and_a_category_without_items_is_null_with_a_reason() -> None:
    whole, unscored, a, b = computed([sample("a", 1.0), sample("a", 0.0)])
    assert [(m.slice, m.value, m.n) for m in (whole, a, b)] == [(None, 0.5, 2), ({"group": "a"}, 0.5, 2), (
        {"group": "b"}, None, 0,
    )]  # fmt: skip
    assert b.error == "no items have group = b"
    assert (b.unit, b.higher_is_better, b.ci_low, b.primary, whole.primary) == ("share", False, None, False, True)
    assert (unscored.metric, unscored.value, unscored.n) == ("unscored", 0.0, 2)
    assert {m.settings["threshold"] for m in (whole, unscored, a, b)} == {0.5}


def test_a_category_whose_items_all_failed_is_null_with_a_reason() -> None:
    whole, unscored, a, _ = computed([sample("a", None)])
    assert whole.value is a.value is None
    assert whole.error == a.error == "none of 1 items could be scored"
    assert unscored.value == 1.0


def test_what_has_nothing_to_measure_on_a_slice_is_left_out_there() -> None:
    def somewhere(samples: Any) -> bool:
        return any(one.score == 1.0 for one in samples)

    metrics = computed([sample("a", 1.0), sample("b", 0.0)], ProbeMetric("m", Mean(), "share", False, on=("group",), when=somewhere))  # fmt: skip  # noqa: E501
    assert [(m.metric, m.slice) for m in metrics] == [("m", None), ("unscored", None), ("m", {"group": "a"})]


def test_the_note_of_a_probe_is_on_every_metric_but_plain_counts() -> None:
    own = ProbeMetric("m", Mean(), "share", False, note="own")
    told, unscored = computed([sample("a", 1.0)], own, note="all")
    assert (told.note, unscored.note) == ("own; all", None)
