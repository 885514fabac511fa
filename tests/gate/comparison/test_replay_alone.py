"""Parts of the comparison of a run with its replay, each by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Choice, FileDigest, Metric, Mismatch, PluginRecord, SampledText
from audit.core.records.sample import FindingRecord
from audit.gate.comparison import replay
from audit.gate.comparison.replay import Replay, ReplayedTask, _Item
from audit.stats.definitions import Mean, Members
from tests.reports.conftest import a_manifest, a_sample, an_attribution

if TYPE_CHECKING:
    from audit.core.records import RunManifest

FOUND = FindingRecord(kind="email", start=0, end=3, digest="d")
TEXT = SampledText(text="a", thinking="b", value=0.5, labels={"x": 0.1, "y": 0.2}, finish_reason="stop")
CHOICE = Choice(options=["yes", "no"], log_likelihoods=[-1.0, -2.0], chosen=0, gap=1.0)
SAMPLE = a_sample("boolq", 0, score=0.5, scores={"x": 0.1, "y": 0.2}, choice=CHOICE, completions=[TEXT])


def text(**changes: Any) -> dict[str, Any]:
    return {"completions": [TEXT.model_copy(update=changes)]}


def choice(**changes: Any) -> dict[str, Any]:
    return {"choice": CHOICE.model_copy(update=changes)}


def found(**changes: Any) -> dict[str, Any]:
    return {"findings": [FOUND.model_copy(update=changes)]}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *(("asked", {name: "other"}) for name in ("prompt", "prompt_sha256", "reference", "cluster", "pair")),
        ("asked", {"slices": {"half": "b"}}),
        ("asked", choice(options=["yes", "maybe"])),
        *(("answered", {name: "other"}) for name in ("output", "thinking", "error")),
        ("answered", {"flags": ["truncated_output"]}),
        ("answered", {"tokens_out": 5}),
        *(("answered", text(**{name: "other"})) for name in ("text", "thinking", "finish_reason", "error")),
        ("answered", text(flags=["truncated_output"])),
        ("answered", text(findings=[FOUND])),
        ("answered", found()),
        ("answered", choice(chosen=1)),
        ("numbers", {"score": 0.6}),
        ("numbers", {"confidence": 0.6}),
        ("numbers", {"scores": {"x": 0.1, "y": 0.3}}),
        ("numbers", text(value=0.6)),
        ("numbers", text(labels={"x": 0.1, "y": 0.3})),
        ("numbers", choice(gap=2.0)),
        ("numbers", choice(log_likelihoods=[-1.0, -3.0])),
        (None, {"scores": {"y": 0.2, "x": 0.1}}),
        (None, text(labels={"y": 0.2, "x": 0.1})),
        (None, {"seconds": 9.0}),
    ],
)  # fmt: skip
def test_what_is_compared_of_an_item(kind: str | None, changes: dict[str, Any]) -> None:
    one, other = replay._item(SAMPLE), replay._item(SAMPLE.model_copy(update=changes))
    parts = ("asked", "answered", "numbers")
    assert [name for name in parts if getattr(one, name) != getattr(other, name)] == ([kind] if kind else [])


@pytest.mark.parametrize("name", ["kind", "field", "start", "end", "digest"])
def test_what_is_compared_of_personal_data(name: str) -> None:
    """Where it is, and not its keyed digest: in the answer and in sampled texts."""
    other = FOUND.model_copy(update={name: 7 if name in {"start", "end"} else "other"})
    for before, after in (
        ({"findings": [one]} for one in (FOUND, other)),
        (text(findings=[one]) for one in (FOUND, other)),
    ):
        items = [replay._item(SAMPLE.model_copy(update=changes)).answered for changes in (before, after)]
        assert (items[0] == items[1]) is (name == "digest")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (None, None, True),
        (None, 0.0, False),
        (0.0, None, False),
        (0.0, 0.00009, True),
        (0.0, -0.00011, False),
        (1.0, 1.00009, True),
        (1.0, 1.00012, False),
        (20_000.0, 20_001.9, True),
        (20_000.0, 20_002.1, False),
    ],
)
def test_numbers_are_the_same_but_for_rounding(old: float | None, new: float | None, same: bool) -> None:
    assert replay._same(old, new) is same
    assert replay._same_numbers([1.0, old], [1.0, new]) is same
    assert not replay._same_numbers([1.0, old], [1.0])


def test_how_far_numbers_are_apart() -> None:
    assert replay._apart([1.0, None, 3.0, 5.0], [1.5, 2.0, None, 3.0, 9.0]) == 2.0
    assert replay._apart([1.0, None], [1.0, None]) == replay._apart([], []) == 0.0
    assert replay._apart([-math.inf], [-math.inf]) == 0.0


def test_a_task_item_by_item() -> None:
    """Items a to d are in both: three differ, one in two ways; e to g and h are in one."""
    before = {name: _Item(["q"], ["yes"], [1.0, None]) for name in "abcdefg"}
    after = {
        "h": _Item([], []),
        "d": _Item(["other"], ["no"], [1.0, None]),
        "c": _Item(["q"], ["no"], [1.00001, None]),
        "b": _Item(["q"], ["yes"], [0.75, 2.0]),
        "a": _Item(["q"], ["yes"], [1.0, None]),
    }
    one = replay._compared(("evals", "boolq"), before, after, every=True)
    assert (one.suite, one.task, one.recorded, one.replayed) == ("evals", "boolq", 7, 5)
    assert (one.missing, one.added, one.prompts, one.answers, one.scores) == (3, 1, 1, 2, 1)
    assert (one.largest, one.first) == (0.25, ["b", "c", "d", "e", "f"])
    part = replay._compared(("evals", "boolq"), before, after, every=False)
    assert (part.missing, part.first) == (0, ["b", "c", "d", "h"])
    assert replay._compared(("evals", "boolq"), before, {}, every=False).missing == 7
    nothing = replay._compared(("evals", "boolq"), {}, {}, every=True)
    assert (nothing.largest, nothing.first, nothing.equal) == (0.0, [], True)


@pytest.mark.parametrize("name", ["missing", "added", "prompts", "answers", "scores"])
def test_a_task_with_a_difference_is_not_equal(name: str) -> None:
    task = ReplayedTask(suite="evals", task="boolq", recorded=4, replayed=4, largest=0.00001)
    other = task.model_copy(update={name: 1})
    assert (task.equal, other.equal) == (True, False)
    whole = Replay(recorded="a", replayed="b", causes=["package"], tasks=[task, task], metrics=2, different=[])
    assert whole.equal
    assert not whole.model_copy(update={"tasks": [task, other]}).equal
    assert not whole.model_copy(update={"different": ["boolq/accuracy"]}).equal


def test_attributions_are_compared_by_method() -> None:
    one, two = (an_attribution(a_sample("boolq", place)) for place in range(2))
    lime = an_attribution(a_sample("boolq", 0), method="lime", attribution_id="l")
    values = [one.values[0] + 0.5, *one.values[1:]]
    after = [one.model_copy(update={"values": values}), two.model_copy(update={"verdict": "weak", "seconds": 9.0})]
    found = list(replay._methods([lime, one, two], after))
    assert [(task.suite, task.task, task.recorded, task.replayed, task.missing) for task in found] == [
        ("explain", "lime", 1, 0, 1), ("explain", "occlusion", 2, 2, 0),
    ]  # fmt: skip
    assert (found[1].answers, found[1].scores, found[1].prompts) == (1, 1, 0)
    assert found[1].largest == pytest.approx(0.5)
    [again] = replay._methods([], [lime])
    assert (again.task, again.added) == ("lime", 1)
    assert [task.missing for task in replay._methods([one, two], [one])] == [1]
    first = one.features[0]
    for other in (first.model_copy(update={"end": first.end + 1}), first.model_copy(update={"start": 1})):
        cut = one.model_copy(update={"features": [other, *one.features[1:]]})
        assert [task.prompts for task in replay._methods([one], [cut])] == [1]
    fewer = one.features[:-1]
    for changes in ({"prompt": "other"}, {"target": "other"}, {"against": "other"}, {"features": fewer}):
        [task] = replay._methods([one], [one.model_copy(update=changes)])
        assert (task.prompts, task.answers, task.scores) == (1, 0, 0)


METRIC = Metric(
    name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.5, n=8, ci_low=0.3, ci_high=0.7,
    ci_method="wilson", confidence=0.95, definition=Mean().written(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"value": 0.50001, "ci_low": 0.30001, "note": "other"}, None),
        ({"value": 0.6, "n": 9}, "value 0.5, replayed 0.6"),
        ({"value": None, "error": "broke"}, "value 0.5, replayed none"),
        ({"ci_low": 0.2, "unit": "nats"}, "ci_low 0.3, replayed 0.2"),
        ({"ci_high": 0.8}, "ci_high 0.7, replayed 0.8"),
        ({"n": 9, "unit": "nats"}, "n 8, replayed 9"),
        ({"error": "broke"}, "error None, replayed broke"),
        ({"unit": "nats"}, "unit share, replayed nats"),
    ],
)
def test_how_a_metric_differs(changes: dict[str, Any], said: str | None) -> None:
    lines = list(replay._in_metric(METRIC, METRIC.model_copy(update=changes)))
    assert lines == ([f"boolq/accuracy: {said}"] if said else [])


def test_a_metric_of_one_run_only_differs() -> None:
    assert list(replay._in_metric(METRIC, None)) == ["boolq/accuracy: the replay does not have it"]
    assert list(replay._in_metric(None, METRIC)) == ["boolq/accuracy: the recorded run does not have it"]


def test_metrics_of_a_part_are_compared_over_the_same_items() -> None:
    """A task with all items, one with fewer, one that was left out; a slice is found by its name."""
    fewer, gone = (METRIC.model_copy(update={"name": f"{task}/accuracy", "task": task}) for task in ("asdiv", "drop"))
    bare = METRIC.model_copy(update={"name": "boolq/f1", "definition": None})
    kind, other = ({"half": "a", "kind": "x"}, {"kind": "x", "half": "a"})
    half, safety = METRIC.model_copy(update={"slice": kind}), METRIC.model_copy(update={"suite": "safety"})
    before = [METRIC, fewer, gone, half, safety, bare]
    after = [one.model_copy(update={"value": 0.6}) for one in (METRIC, fewer, safety, bare)]
    after.append(half.model_copy(update={"slice": other}))
    sizes = {"boolq": (8, 8), "asdiv": (8, 4), "drop": (8, 0)}
    tasks = [ReplayedTask(suite="evals", task=name, recorded=a, replayed=b) for name, (a, b) in sizes.items()]
    count, lines = replay._metrics(before, after, tasks, part=True)
    assert (count, [line.partition(":")[0] for line in lines]) == (3, ["boolq/accuracy", "boolq/f1"])
    count, lines = replay._metrics(before, after, tasks, part=False)
    assert count == 6
    assert [line.partition(":")[0] for line in lines] == [
        "boolq/accuracy", "asdiv/accuracy", "drop/accuracy", "boolq/accuracy", "boolq/f1",
    ]  # fmt: skip
    assert replay._metrics([], [METRIC], tasks, part=False) == (
        1,
        ["boolq/accuracy: the recorded run does not have it"],
    )


@pytest.mark.parametrize(("members", "whole"), [(["boolq"], True), (["boolq", "asdiv"], False)])
def test_a_group_is_compared_where_all_items_of_its_tasks_are_there(members: list[str], whole: bool) -> None:
    definition = Members(members={name: Mean().written() for name in members}).written()
    group = METRIC.model_copy(update={"task": "group", "definition": definition})
    assert replay._is_whole(group, {("evals", "boolq")}) is whole
    bare = METRIC.model_copy(update={"task": members[-1], "definition": None})
    assert replay._is_whole(bare, {("evals", "boolq")}) is whole
    assert not replay._is_whole(None, {("evals", "boolq")})


def test_the_limits_of_the_tasks() -> None:
    tasks = {
        "evals": {"tasks": [{"name": "boolq", "limit": 40}, {"name": "asdiv"}]},
        "safety": {"tasks": [{"name": "x"}]},
    }
    assert replay._limits(a_manifest(config=tasks)) == {
        ("evals", "boolq"): 40, ("evals", "asdiv"): None, ("safety", "x"): None,
    }  # fmt: skip
    assert replay._limits(a_manifest(config={"evals": {}})) == {}


def of_files(digest: str, **files: str) -> RunManifest:
    """A run of a checkpoint with these digests."""
    base = a_manifest()
    given = [FileDigest(path=path, kind="weights", sha256=sha * 64, size=1) for path, sha in files.items()]
    return base.model_copy(update={"model": base.model.model_copy(update={"digest": digest * 64, "files": given})})


def test_another_checkpoint_is_named_with_its_files() -> None:
    """Those with another digest, or in one of both; at most five."""
    one = of_files("1", a="a", b="b", c="c")
    assert list(replay._weights(one, of_files("1", a="b"))) == []
    said = f"another checkpoint: digest {'1' * 16}, now {'2' * 16}"
    assert list(replay._weights(one, of_files("2", a="a", b="a", d="d"))) == [f"{said}: b, c, d"]
    assert list(replay._weights(one, of_files("2", a="a", b="b", c="c"))) == [said]
    many = of_files("2", **dict.fromkeys("abcdefg", "f"))
    assert list(replay._weights(one, many)) == [f"{said}: a, b, c, d, e"]


def test_plug_ins_that_were_not_used_again_are_named() -> None:
    def using(*plugins: tuple[str, str]) -> RunManifest:
        given = [PluginRecord(name=name, version="1", sha256=sha * 64, used=[]) for name, sha in plugins]
        return a_manifest(plugins=given)

    before, after = using(("b", "1"), ("a", "1"), ("c", "1")), using(("c", "1"), ("b", "2"), ("d", "1"))
    assert list(replay._plugins(before, after)) == [
        f"plug-in {name}: 1, digest {'1' * 16}, was not used again" for name in "ab"
    ]


def test_a_difference_is_one_line() -> None:
    one = Mismatch(kind="chat_template", what="digest", baseline="x" * 90)
    assert replay._text(one) == f"chat template digest: {'x' * 80}, now none"
