"""What the suite does for all probes: categories, counts, draws, identities and seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audit.core.records import Flag, Metric, Sample, SampledText
from audit.safety.metrics import TRUNCATED, ProbeMetric, compute, foreseen, titled
from audit.stats.definitions import (
    ExpectedMaximum,
    Mean,
    MeanOfCompletions,
    SignFlip,
    UnscoredCompletions,
)


def sample(group: str, score: float | None) -> Sample:
    return Sample(
        sample_id=f"{group}{score}", suite="safety", task="t", prompt="", score=score, slices={"group": group}
    )


def computed(samples: list[Sample], *declared: ProbeMetric, note: str | None = None) -> list[Metric]:
    metrics = declared or (ProbeMetric("m", Mean(), "share", False, primary=True, on=("group",)),)
    of_all = {"seed": 1, "settings": {"threshold": 0.5}, "note": lambda one: note and f"{note} {one.name}"}
    return compute(metrics, samples, [], {"group": {"b", "a"}}, **of_all)


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


def test_a_category_without_items_is_asked_for_as_the_whole_is() -> None:
    """That nothing was drawn of it must not look as if it had nothing to measure; a slice that no item has is none."""
    given = ProbeMetric("m", Mean(), "share", False, on=("group", "kind"), when=any)
    assert [(one.slice, one.value, one.error) for one in computed([sample("a", 1.0)], given)[2:]] == [
        ({"group": "a"}, 1.0, None),
        ({"group": "b"}, None, "no items have group = b"),
    ]


def test_the_note_of_a_probe_is_on_every_metric_but_plain_counts() -> None:
    own = ProbeMetric("m", Mean(), "share", False, note="own")
    told, unscored = computed([sample("a", 1.0)], own, note="all")
    assert (told.note, unscored.note) == ("own; all m", None)


def test_a_probe_that_counts_what_is_unscored_itself_has_no_second_count() -> None:
    own = ProbeMetric("unscored", UnscoredCompletions(), "count", False)
    lost = sample("a", None).model_copy(update={"completions": [SampledText(text="x"), SampledText(text="y")]})
    other = ProbeMetric("m", Mean(), "share", False)
    assert [(one.metric, one.value) for one in computed([lost], other, own)] == [("m", None), ("unscored", 2.0)]


def test_notes_settings_and_directions_are_those_that_were_declared() -> None:
    def counted(inside: Any, items: Any) -> str:
        return f"{len(inside)} of {len(items)}"

    declared = ProbeMetric("m", Mean(), "score", None, note=counted, settings={"threshold": 0.7, "n": 2}, on=("group",))
    samples = [sample("a", 1.0), sample("a", 0.0), sample("b", 0.5)]
    found = compute([declared], samples, "items", {"group": "ba"}, seed=7, settings={"threshold": 0.5, "k": 1})
    assert [one.note for one in found] == ["3 of 5", None, "2 of 5", "1 of 5"]
    assert found[0].settings == found[2].settings == {"threshold": 0.7, "n": 2, "k": 1}
    assert found[1].settings == {"threshold": 0.5, "k": 1}
    assert [one.higher_is_better for one in found] == [None, False, None, None]
    assert [(one.definition or {})["seed"] for one in found] == [7] * 4
    assert [one.slice for one in found] == [None, None, {"group": "a"}, {"group": "b"}]


def test_words_and_references_are_those_that_were_declared_on_every_slice() -> None:
    words = titled("Leaks", "of attacks succeed")
    declared = ProbeMetric("m", Mean(), "share", False, on=("group",), words=words, ideal=0, chance=0.1)
    samples = [sample("a", 1.0), sample("b", 0.0)]
    measured = compute([declared], samples, [], {"group": "ab"}, seed=7, settings={})
    for found in (measured, foreseen([declared], {"group": {"a", "b"}}, "t")):
        mine = [one for one in found if one.metric == "m"]
        assert [(one.words, one.ideal, one.chance, one.chance_of) for one in mine] == [(words, 0, 0.1, None)] * 3
    by_samples = replace(declared, chance="options", ideal=None)
    assert [one.chance for one in compute([by_samples], samples, [], {}, seed=7, settings={})] == [None, None]
    assert [one.chance for one in foreseen([by_samples], {}, "t")] == [None, None]


def test_a_metric_is_repeated_within_the_categories_that_it_is_about() -> None:
    samples = [sample("a", 1.0), sample("b", 0.5)]
    other = {"within": {"kind": {"c"}}, "on": ("group", "kind")}
    metrics = compute(
        [
            ProbeMetric("some", Mean(), "share", False, on=("group",), within={"group": {"b"}}, whole=False),
            ProbeMetric("all", Mean(), "share", False, primary=True, **other),
        ],
        samples, [], {"group": {"a", "b"}, "kind": {"c", "d"}}, seed=1, settings={},
    )  # fmt: skip
    assert [(one.metric, one.slice, one.primary) for one in metrics] == [
        ("all", None, True),
        ("unscored", None, False),
        ("all", {"group": "a"}, False),
        ("some", {"group": "b"}, False),
        ("all", {"group": "b"}, False),
        ("all", {"kind": "c"}, False),
    ]


def test_what_is_known_before_the_run_is_what_is_measured_without_values() -> None:
    declared = [
        ProbeMetric("some", Mean(), "share", False, on=("group",), within={"group": {"b"}}, whole=False),
        ProbeMetric("all", Mean(scale=100), "percent", None, on=("group",)),
        ProbeMetric("one", Mean(), "score", True, slice={"kind": "c"}),
    ]
    metrics = foreseen(declared, {"group": {"a", "b"}}, "t")
    measured = compute(declared, [sample("a", 1.0)], [], {"group": {"a", "b"}}, seed=0, settings={})
    assert all(one.value is None and one.error == "not measured yet" for one in metrics)
    assert [(one.metric, one.slice, one.unit, one.higher_is_better) for one in metrics] == [
        ("all", None, "percent", None),
        ("one", {"kind": "c"}, "score", True),
        ("unscored", None, "count", False),
        ("all", {"group": "a"}, "percent", None),
        ("some", {"group": "b"}, "share", False),
        ("all", {"group": "b"}, "percent", None),
    ]
    assert [(one.name, one.slice, one.definition) for one in metrics] == [
        (one.name, one.slice, one.definition) for one in measured
    ]


def test_a_slice_of_the_value_over_all_items_is_no_category() -> None:
    """A label is measured on all items; a Holm-adjusted p-value is adjusted over the categories of its slice."""
    texts = [SampledText(text="x", value=0.5, labels={"rude": 0.25}), SampledText(text="y", value=0.75)]
    one = sample("a", 0.75).model_copy(update={"completions": texts})
    label = ProbeMetric(
        "label", ExpectedMaximum(of="labels.rude", columns=("label",)), "probability", False, slice={"label": "rude"}
    )
    found = computed([one], label)[0]
    assert (found.slice, found.value) == ({"label": "rude"}, 0.25)
    adjusted = ProbeMetric("p", SignFlip(), "probability", None, slice={"group": "a"}, on=("group",))
    whole, _, part, _ = computed([one], adjusted)
    assert (whole.slice, part.slice) == ({"group": "a"}, {"group": "a"})
    assert whole.definition == SignFlip(seed=1).written()
    assert part.definition == SignFlip(seed=1).for_slice({"group": "a"}).written() != whole.definition


def test_cut_answers_are_counted_where_something_was_written() -> None:
    cut = sample("a", 1.0).model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT], "tokens_out": 3})
    read = sample("b", 1.0)
    counted = computed([cut, read], TRUNCATED)[0]
    assert (counted.metric, counted.value) == ("truncated_outputs", 1.0)
    assert str(counted.note).startswith("Answers cut by the token limit; one that has begun is judged")
    assert [one.metric for one in computed([read], TRUNCATED)] == ["unscored"]


def test_what_n_counts_is_said_where_it_is_not_items() -> None:
    def with_texts(group: str, *values: float | None, cluster: str | None = None) -> Sample:
        texts = [SampledText(text="x", value=value) for value in values]
        return sample(group, 1.0).model_copy(
            update={"sample_id": str(values), "completions": texts, "cluster": cluster}
        )

    declared = ProbeMetric("m", MeanOfCompletions(), "share", False)

    def note(*samples: Sample) -> str | None:
        return computed(list(samples), declared)[0].note

    assert note(with_texts("a", 0.5, 0.25, None), with_texts("b", 1.0)) == "n counts sampled texts: 3 in 2 clusters"
    assert note(with_texts("a", 0.5, cluster="c"), with_texts("b", 1.0, cluster="c")) == (
        "n counts sampled texts: 2 in 1 cluster"
    )
    assert note(with_texts("a", None)) is None
