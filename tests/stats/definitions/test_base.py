"""What every definition has: arguments that are read strictly, and the samples that it is about."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar

import numpy as np
import pytest

from audit.core.records import Flag
from audit.stats.definitions import (
    Corpus,
    CorrectedShare,
    Count,
    Macro,
    Mean,
    Members,
    read,
)
from audit.stats.definitions.base import Estimate, _arguments, is_scored, none_scored, places_of, too_few
from audit.stats.definitions.registry import KINDS
from tests.stats.definitions.conftest import AGREEMENTS, a_sample


def test_what_is_written_is_read_again_and_leaves_out_what_is_not_set() -> None:
    mean = Mean(if_cut=0.0, where={"half": None}, columns=("half",), seed=7, cluster="passage")
    assert mean.written() == {
        "name": "mean", "where": {"half": None}, "columns": ["half"], "cluster": "passage", "seed": 7,
        "resamples": 10000, "of": "score", "if_cut": 0.0, "scale": 1.0,
    }  # fmt: skip
    for definition in (
        mean,
        Members(members={"sums": Mean().written()}),
        CorrectedShare(agreement={"": AGREEMENTS["a"]}),
        Count(flags=("redacted",)),
        Corpus(metric="bleu"),
    ):
        assert read(definition.written()) == definition


def test_value_and_interval_can_be_had_alone() -> None:
    scores = [((place * 37 + 11) % 101) / 101 for place in range(40)]
    samples = [a_sample(str(place), score=score) for place, score in enumerate(scores)]
    assert Mean().value(samples) == math.fsum(scores) / 40
    assert Mean().value([]) is None
    assert Mean().interval([], unit="share") is None
    own, other = (Mean().interval(samples, seed, unit="share") for seed in (None, 1))
    assert own is not None
    assert other is not None
    assert own == Mean(seed=0).interval(samples, unit="share") != other == Mean(seed=1).interval(samples, unit="share")
    wide = Mean().interval(samples, unit="share", confidence=0.99)
    assert wide is not None
    assert wide.low < own.low < sum(scores) / 40 < own.high < wide.high


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"name": "median"}, "no known function is called 'median'"),
        ({}, "no known function is called None"),
        ({"name": ["mean"]}, "no known function is called"),
        ({"name": "mean", "power": 2}, "power: unknown key"),
        ({"name": "mean", "scale": "2"}, "scale: must be a number"),
        ({"name": "mean", "key": 1}, "key: must be true or false"),
        ({"name": "mean", "seed": -1}, "seed: must be at least 0"),
        ({"name": "mean", "resamples": 99}, "resamples: must be at least 100"),
        ({"name": "mean", "resamples": 100_001}, "resamples: must be at most 100000"),
        ({"name": "count"}, "flags: this key is required"),
        ({"name": "mean", "where": {"a": 1}}, "where.a: must be text"),
    ],
)
def test_arguments_are_read_strictly(written: dict[str, Any], fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        read(written)
    assert read({"name": "mean", "resamples": 100_000, "seed": 0}) == Mean(resamples=100_000)


def test_the_samples_that_it_is_about() -> None:
    some = [a_sample(f"{kind}{half}", slices={"kind": kind, "half": half}) for kind in "ab" for half in "xy"]
    some.append(a_sample("c", slices={"kind": "a"}))

    def names(subset: dict[str, str] | None, **arguments: Any) -> list[str]:
        return [one.sample_id for one in Mean(**arguments).select(some, subset)]

    assert names(None) == ["ax", "ay", "bx", "by", "c"]
    assert names({"kind": "a"}) == ["ax", "ay", "c"]
    assert names({"kind": "a"}, where={"half": "x"}) == ["ax"]
    assert names({"kind": "a"}, where={"half": None}) == ["c"]
    assert names({"kind": "a", "half": "x"}, columns=("half",)) == ["ax", "ay", "c"]
    assert names({"kind": "a"}, where={"kind": "b"}) == ["bx", "by"]
    one = Mean(where={"half": None}, columns=("other",))
    for subset in (None, {}, {"kind": "a"}, {"kind": "b"}, {"other": "z"}, {"kind": "a", "other": "z"}):
        assert one.select(some, subset) == [sample for sample in some if one.is_about(sample, subset)]


def test_the_cluster_is_the_samples_or_a_slice() -> None:
    sample = a_sample("0", cluster="own", slices={"passage": "p1"})
    assert Mean().cluster_of(sample) == "own"
    assert Mean(cluster="passage").cluster_of(sample) == "p1"
    assert Mean(cluster="none").cluster_of(sample) is None
    assert [one.unit_of(sample) for one in (Mean(), Mean(cluster="none"))] == [
        "cluster own",
        f"item {sample.sample_id}",
    ]


def test_a_definition_is_about_its_own_task_and_the_same_on_slices() -> None:
    assert Mean().tasks("boolq") == ("boolq",)
    assert Mean(seed=3).for_slice({"kind": "a"}) == Mean(seed=3)


def test_why_none_could_be_scored() -> None:
    foreign = [a_sample("0", flags=[Flag.NOT_ENGLISH])]
    assert none_scored([], 3) == "none of 3 items could be scored"
    assert none_scored(foreign, 2, "texts") == "none of 2 texts could be scored: the judge does not read their language"
    assert none_scored([*foreign, a_sample("1")], 2) == "none of 2 items could be scored"


@pytest.mark.parametrize("fields", [{}, {"score": math.nan}, {"score": -math.inf}, {"score": 1.0, "error": "lost"}])
def test_a_scored_sample_has_a_finite_score_and_no_error(fields: dict[str, Any]) -> None:
    assert is_scored(a_sample("0", score=0.0))
    assert not is_scored(a_sample("0", **fields))


def test_an_estimate_misses_nothing_unless_it_says_so_and_a_definition_is_no_mean() -> None:
    assert Estimate(0.5, 3).missing == 0
    assert (Mean().is_count, Count(flags=()).is_count, Corpus.IS_COUNT) == (False, True, False)
    assert (Count.IS_MEAN, Count.COUNTS_COMPLETIONS, Count.OF_TEXTS) == (False, False, False)
    assert (Mean.IS_MEAN, Corpus.OF_TEXTS, Macro.OF_TEXTS) == (True, True, True)
    assert Count(flags=()).seed == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Floored(Mean):
    """A mean whose own fields have other defaults than null and false."""

    NAME: ClassVar[str] = "floored"

    absolute: bool = True
    floor: float | None = 0.0
    names: tuple[str, ...] | None = None


def test_a_field_is_left_out_only_where_it_is_the_default() -> None:
    usual = {"name": "floored", "seed": 0, "resamples": 10000, "of": "score", "scale": 1.0}
    assert Floored().written() == {**usual, "absolute": True, "floor": 0.0}
    assert Floored(absolute=False, floor=None).written() == {**usual, "absolute": False, "floor": None}
    for one in (Floored(), Floored(absolute=False, floor=None), Floored(floor=None, names=("a",), key=True)):
        written = {key: value for key, value in json.loads(json.dumps(one.written())).items() if key != "name"}
        assert Floored.read(written) == one


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh(Mean):
    """A kind whose arguments nobody has read before."""

    NAME: ClassVar[str] = "fresh"

    model_dump_to: str | None = None


@pytest.mark.parametrize(
    ("given", "fault"),
    [({"power": 2}, "power: "), ({"scale": "2"}, "scale: "), ({"seed": -1}, "seed: "), ({"key": 1}, "key: ")],
)
def test_arguments_of_another_kind_are_read_as_strictly(given: dict[str, Any], fault: str) -> None:
    _arguments.cache_clear()
    with pytest.raises(TypeError, match=f"^{fault}"):
        Fresh.read(given)
    assert Fresh.read({"model_dump_to": "m"}) == Fresh(model_dump_to="m")


def test_why_few_give_no_interval() -> None:
    assert too_few(3, "clusters", 5) == "only 3 clusters; an interval needs at least 5"


def test_rows_have_the_places_of_their_units() -> None:
    units, places = places_of(["b", "a", "b", "c"])
    assert (units, places.tolist()) == (("b", "a", "c"), [0, 1, 0, 2])
    units, places = places_of([])
    assert (units, np.ones(0)[places].tolist()) == ((), [])


def test_own_slice_values_and_own_conditions_select_without_the_metric_s_slice() -> None:
    given = [a_sample(str(i), slices={"half": "ab"[i % 2]}, scores={"x": 1.0} if i < 2 else {}) for i in range(4)]
    assert Mean(where={"half": "b"}).select(given, None) == given[1::2]
    assert Mean(of="scores.x", key=True).select(given, None) == given[:2]
    about = [Mean(where={"half": "b"}).is_about(one, None) for one in given]
    assert about == [False, True, False, True]
    assert [Mean().is_about(one, {"half": "a"}) for one in given] == [True, False, True, False]


def test_every_kind_gives_an_interval_of_95_percent_unless_asked_otherwise() -> None:
    for kind in KINDS.values():
        given = signature(kind.estimate).parameters
        assert (given["confidence"].default, given["interval"].default) == (0.95, True)
    seeded = {kind.__dataclass_fields__["seed"].default for kind in KINDS.values()}
    assert seeded == {Mean.read({"seed": 0}).seed} == {0}
