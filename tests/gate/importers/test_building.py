"""What all formats share: ids, clusters, digests, counts, and values that the samples must give."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Choice, Flag, SampledText, digest_of, sample_id
from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task
from audit.stats.definitions import Mean, Perplexity


def item(number: int, **fields: Any) -> ImportedItem:
    given = {"place": f"f: row {number}", "digest": f"d{number}", "prompt": f"p{number}", "score": float(number % 2)}
    return ImportedItem(**{**given, "scores": {"s": given["score"]}, **fields})


def task(*items: ImportedItem, **fields: Any) -> Task:
    stated = [Stated(metric="s", definition=Mean(of="scores.s"), unit="share", primary=True, higher_is_better=True)]
    return Task(**{"name": "t", "data": "d", "items": items, "file": Path("f: 1"), "stated": stated, **fields})


def test_ids_are_digests_of_task_data_and_content_and_copies_are_numbered() -> None:
    samples = samples_of(task(item(0), item(1), item(0)), ImportOptions())
    assert [one.sample_id for one in samples] == [sample_id("t", "d", name) for name in ("d0", "d1", "d0/1")]


def test_digests_of_prompts() -> None:
    one, none, several = samples_of(task(item(1), item(2, prompt=None), item(3, prompts=("a", "b"))), ImportOptions())
    assert one.prompt_sha256 == hashlib.sha256(b"p1").hexdigest()
    assert (none.prompt, none.prompt_sha256) == ("", None)
    assert several.prompt_sha256 == digest_of("a", "b")


def test_an_item_without_score_is_unscored_and_an_error_takes_its_scores() -> None:
    nothing = item(1, score=None, scores={"s": None})
    bare, broken = samples_of(task(nothing, item(2, error="it broke")), ImportOptions())
    assert (bare.error, broken.error) == ("the log has no score for it", "it broke")
    assert (broken.score, broken.scores) == (None, {})


def test_an_item_without_its_primary_score_counts_in_the_metrics_of_the_others() -> None:
    items = [item(n, scores={"s": n % 2, "other": n / 2}) for n in range(3)]
    items += [item(3, score=None, scores={"s": None, "other": 10.0}), item(4, scores={"s": 1.0, "other": None})]
    both = [*stated(), Stated(metric="other", definition=Mean(of="scores.other"))]
    whole = task(*items, stated=both)
    samples = samples_of(whole, ImportOptions())
    assert [(one.error, one.score) for one in samples[3:]] == [(None, None), (None, 0.0)]
    found = metrics(whole)
    assert (found["s"].value, found["s"].n, found["s"].missing) == (0.5, 4, 0)
    assert (found["other"].value, found["other"].n, found["other"].missing) == ((0 + 0.5 + 1 + 10) / 4, 4, 1)
    assert found["unscored"].value == 1


def test_clusters_and_slices_come_from_fields() -> None:
    items = [item(n, fields={"book": {"n": n // 2}, "kind": "x"}) for n in range(4)]
    samples = samples_of(task(*items), ImportOptions(cluster="book", slices=("kind", "book")))
    assert [one.cluster for one in samples] == [digest_of({"n": n // 2})[:16] for n in range(4)]
    assert samples[3].slices == {"kind": "x", "book": '{"n": 1}'}
    with pytest.raises(UsageError, match=r"f: row 0: no field 'bok'\. Did you mean 'book'\?"):
        samples_of(task(*items), ImportOptions(cluster="bok"))


@pytest.mark.slow
def test_a_field_with_too_many_values_is_no_slice() -> None:
    items = [item(n, fields={"id": str(n), "kind": str(n % 1000)}) for n in range(1001)]
    assert len(samples_of(task(*items), ImportOptions(slices=("kind",)))) == 1001
    with pytest.raises(UsageError, match=r"^f: 1: id has 1,001 values, .* at most 1,000: leave --slice id out$"):
        samples_of(task(*items), ImportOptions(slices=("id",)))
    with pytest.raises(UsageError, match=r"^t: id has 1,001 values"):
        samples_of(task(*items, file=None), ImportOptions(slices=("id",)))


def metrics(whole: Task, **options: Any) -> dict[str, Any]:
    found = metrics_of(whole, samples_of(whole, ImportOptions(**options)), ImportOptions(**options))
    return {metric.metric: metric for metric in found if metric.slice is None}


def stated(**fields: Any) -> list[Stated]:
    return [Stated(**{"metric": "s", "definition": Mean(of="scores.s"), "unit": "share", **fields})]


def test_an_equal_value_is_taken_and_another_contradicts() -> None:
    items = [item(n) for n in range(3)]
    assert metrics(task(*items, stated=stated(value=1 / 3 + 1e-12)))["s"].value == pytest.approx(1 / 3)
    with pytest.raises(
        EvidenceInvalid, match=r"^f: 1: evidence invalid: t/s: the log says 0\.5, the samples give 0\.333"
    ):
        metrics(task(*items, stated=stated(value=0.5)))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"value": 0.5, "certain": False}, "the log says 0.5, the samples give 0.3333333333 by the nearest definition"),
        ({"value": 0.5, "definition": None, "reason": "own"}, "own; the log says 0.5"),
        ({"definition": None}, "no definition is known that gives it from the samples; the log says nothing"),
    ],
)
def test_what_cannot_be_recomputed_is_null(fields: dict[str, Any], reason: str) -> None:
    found = metrics(task(*(item(n) for n in range(3)), stated=stated(**fields)))["s"]
    assert (found.value, found.definition, found.error) == (None, None, reason)


def test_metrics_of_an_incomplete_task_are_null_but_its_counts_are_not() -> None:
    found = metrics(task(item(1), item(2, score=None, scores={}), incomplete="2 of 9 items"))
    assert (found["s"].value, found["unscored"].value) == (None, 1)
    assert found["s"].error == "2 of 9 items; the log's value is nothing"


def test_cut_answers_leave_bounds_open() -> None:
    items = [item(1), item(3, flags=(Flag.TRUNCATED_OUTPUT,)), item(2), item(4)]
    found = metrics(task(*items))
    assert [found[name].value for name in ("s", "s_if_cut_wrong", "s_if_cut_right")] == [0.5, 0.25, 0.5]
    assert found["truncated_outputs"].value == 1
    lower = metrics(task(*items, stated=stated(higher_is_better=False)))
    assert (lower["s_if_cut_wrong"].value, lower["s_if_cut_right"].value) == (0.5, 0.25)


def test_settings_and_slices_are_those_of_the_task() -> None:
    items = [item(n, fields={"kind": "ab"[n % 2]}) for n in range(4)]
    whole, options = task(*items, settings={"shots": 5}), ImportOptions(slices=("kind",), seed=3)
    found = metrics_of(whole, samples_of(whole, options), options)
    assert all(metric.settings == {"shots": 5} for metric in found)
    assert {m.slice["kind"]: m.value for m in found if m.slice} == {"a": 0.0, "b": 1.0}
    assert found[0].definition is not None
    assert {m.definition["seed"] for m in found if m.definition and m.metric == "s"} == {3}


def test_every_field_of_an_item_is_in_its_sample() -> None:
    choice = Choice(options=["a", "b"], log_likelihoods=[-1.0, -2.0], chosen=0, right=1)
    given: dict[str, Any] = {
        "reference": "r", "output": "o", "thinking": "hm", "completions": [SampledText(text="x")], "choice": choice,
        "answered_by": "likelihood", "scores": {"s": 1.0, "t": None}, "tokens_in": 3, "tokens_out": 5,
    }  # fmt: skip
    [sample] = samples_of(task(item(1, **given)), ImportOptions())
    assert {name: getattr(sample, name) for name in given} == given
    assert (sample.suite, sample.task, sample.prompt, sample.score) == ("evals", "t", "p1", 1.0)
    assert (sample.cluster, sample.error, sample.flags, sample.slices) == (None, None, [], {})


@pytest.mark.parametrize(
    ("output", "error", "flags"),
    [
        (" \n", None, [Flag.TRUNCATED_OUTPUT, Flag.EMPTY_OUTPUT]),
        ("", None, [Flag.TRUNCATED_OUTPUT, Flag.EMPTY_OUTPUT]),
        ("x ", None, [Flag.TRUNCATED_OUTPUT]), (None, None, [Flag.TRUNCATED_OUTPUT]),
        ("", "it broke", [Flag.TRUNCATED_OUTPUT]),
    ],
)  # fmt: skip
def test_an_answer_of_white_space_is_empty(output: str | None, error: str | None, flags: list[Flag]) -> None:
    made = item(1, output=output, error=error, flags=(Flag.TRUNCATED_OUTPUT,))
    assert samples_of(task(made), ImportOptions())[0].flags == flags


def test_the_error_of_the_log_is_kept_and_one_prompt_of_all_options_is_the_prompt() -> None:
    [lost] = samples_of(task(item(1, score=None, scores={}, error="it broke", prompts=("p1",))), ImportOptions())
    assert (lost.error, lost.prompt_sha256) == ("it broke", hashlib.sha256(b"p1").hexdigest())


def test_the_fields_of_an_item_are_listed_where_one_is_missing() -> None:
    for fields, known in (({}, "none"), ({"b\n": 1, "a": 2}, "b⏎, a"), ({"k" * 300: 1}, "k" * 199 + "…")):
        with pytest.raises(UsageError) as caught:
            samples_of(task(item(0, fields=fields)), ImportOptions(cluster="xyz"))
        assert str(caught.value) == f"f: row 0: no field 'xyz'. Its fields: {known}"


def test_values_of_slices_are_json_with_sorted_keys_and_letters_as_they_are() -> None:
    [sample] = samples_of(task(item(0, fields={"x": {"b": "ü", "a": 1}})), ImportOptions(slices=("x",)))
    assert sample.slices == {"x": '{"a": 1, "b": "ü"}'}


def test_slices_are_sorted_and_never_primary_and_primary_metrics_come_first() -> None:
    items = [item(n, fields={"kind": "ba"[n % 2]}) for n in range(4)]
    other = Stated(metric="other", definition=Mean(of="scores.s"), unit="points")
    whole = task(*items, stated=[other, *stated(primary=True, higher_is_better=True)])
    options = ImportOptions(slices=("kind",))
    found = metrics_of(whole, samples_of(whole, options), options)
    assert [(one.metric, one.slice, one.primary) for one in found] == [
        ("s", None, True), ("other", None, False), ("other", {"kind": "a"}, False), ("other", {"kind": "b"}, False),
        ("s", {"kind": "a"}, False), ("s", {"kind": "b"}, False), ("unscored", None, False),
    ]  # fmt: skip
    assert [one.value for one in found] == [0.5, 0.5, 1.0, 0.0, 1.0, 0.0, 0]


def test_bounds_are_only_of_shares_with_cut_answers_and_never_primary() -> None:
    cut = (Flag.TRUNCATED_OUTPUT,)
    items = [item(1, flags=cut), item(2)]
    names = set(metrics(task(*items, stated=stated(primary=True, unit="points"))))
    assert names == {"s", "s_if_cut_wrong", "s_if_cut_right", "truncated_outputs", "unscored"}
    found = metrics(task(*items, stated=stated(primary=True, unit="points")))
    assert [(found[f"s_if_cut_{end}"].unit, found[f"s_if_cut_{end}"].primary) for end in ("wrong", "right")] == [
        ("share", False), ("share", False),
    ]  # fmt: skip
    assert (found["truncated_outputs"].higher_is_better, found["truncated_outputs"].task) == (False, "t")
    assert set(metrics(task(item(1), item(2)))) == {"s", "unscored"}
    points = item(1, flags=cut, score=0.5, scores={"s": 0.5})
    assert set(metrics(task(points, item(2)))) == {"s", "truncated_outputs", "unscored"}
    length = stated(definition=Perplexity(of="scores.s"))
    assert set(metrics(task(*items, stated=length))) == {"s", "truncated_outputs", "unscored"}


def test_a_metric_without_a_value_has_no_slices() -> None:
    lost = [item(n, score=None, scores={"s": None}, fields={"kind": "x"}) for n in range(2)]
    for fields in ({}, {"stated": stated(definition=None)}):
        whole, options = task(*lost, **fields), ImportOptions(slices=("kind",))
        found = metrics_of(whole, samples_of(whole, options), options)
        assert [(one.metric, one.slice) for one in found] == [("s", None), ("unscored", None)]


def test_a_null_metric_keeps_unit_direction_place_and_the_value_of_the_log() -> None:
    gone = stated(value=0.5, primary=True, unit="points", higher_is_better=False)
    found = metrics(task(item(1), item(2), incomplete="2 of 9 items", stated=gone))["s"]
    assert (found.unit, found.higher_is_better, found.primary, found.n) == ("points", False, True, 2)
    assert found.error == "2 of 9 items; the log's value is 0.5"
    unknown = metrics(task(item(1), stated=stated(definition=None)))["s"]
    unequal = metrics(task(item(1), stated=stated(value=0.5, certain=False)))["s"]
    assert (unknown.n, unequal.n) == (0, 0)


@pytest.mark.parametrize(
    ("value", "score", "equal"), [(1e6, 1e6 + 1e-4, True), (1e6, 1e6 + 1e-2, False), (0.0, 5e-10, True)]
)
def test_values_may_differ_by_a_billionth_of_themselves_or_of_one(value: float, score: float, equal: bool) -> None:
    whole = task(item(1, score=score, scores={"s": score}), stated=stated(value=value, unit="score"))
    if equal:
        assert metrics(whole)["s"].value == score
    else:
        with pytest.raises(EvidenceInvalid, match="the log was edited, or mixes two runs"):
            metrics(whole)


def test_a_value_of_a_task_that_no_item_gives_contradicts() -> None:
    with pytest.raises(
        EvidenceInvalid, match=r"^t: evidence invalid: t/s: the log says 0\.5, the samples give nothing"
    ):
        metrics(task(stated=stated(value=0.5), file=None))


def test_a_score_without_a_name_is_a_score() -> None:
    [sample] = samples_of(task(item(1, scores={})), ImportOptions())
    assert (sample.score, sample.error) == (1.0, None)
