"""What all formats share: ids, clusters, digests, counts, and values that the samples must give."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Flag, digest_of, sample_id
from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task
from audit.stats.definitions import Mean


def item(number: int, **fields: Any) -> ImportedItem:
    given = {"place": f"f: row {number}", "digest": f"d{number}", "prompt": f"p{number}", "score": float(number % 2)}
    return ImportedItem(**{**given, "scores": {"s": given["score"]}, **fields})


def task(*items: ImportedItem, **fields: Any) -> Task:
    stated = [Stated(metric="s", definition=Mean(of="scores.s"), unit="share", primary=True, higher_is_better=True)]
    return Task(**{"name": "t", "data": "d", "items": items, "stated": stated, **fields})


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


def test_a_field_with_too_many_values_is_no_slice() -> None:
    items = [item(n, fields={"id": str(n), "kind": str(n % 1000)}) for n in range(1001)]
    assert len(samples_of(task(*items), ImportOptions(slices=("kind",)))) == 1001
    with pytest.raises(UsageError, match=r"^f: id has 1,001 values, .* at most 1,000: leave --slice id out$"):
        samples_of(task(*items), ImportOptions(slices=("id",)))


def metrics(whole: Task, **options: Any) -> dict[str, Any]:
    found = metrics_of(whole, samples_of(whole, ImportOptions(**options)), ImportOptions(**options))
    return {metric.metric: metric for metric in found if metric.slice is None}


def stated(**fields: Any) -> list[Stated]:
    return [Stated(**{"metric": "s", "definition": Mean(of="scores.s"), "unit": "share", **fields})]


def test_an_equal_value_is_taken_and_another_contradicts() -> None:
    items = [item(n) for n in range(3)]
    assert metrics(task(*items, stated=stated(value=1 / 3 + 1e-12)))["s"].value == pytest.approx(1 / 3)
    with pytest.raises(EvidenceInvalid, match=r"f: evidence invalid: t/s: the log says 0\.5, the samples give 0\.333"):
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
    assert found[0].definition["seed"] == 3
