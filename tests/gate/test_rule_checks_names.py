"""Rules on names that cannot be: metrics, slices and optional tasks, refused with what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.gate.decide import decide
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rule_checks import check_names, check_optional
from audit.stats.aggregate import failed_metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

Records = dict[str, "Callable[..., Any]"]


SLICES = ("age", "gender", "race")


def sliced(records: Records, **changes: Any) -> list[Metric]:
    """A metric by group; of one group no item was drawn."""
    metrics = [
        records["metric"](slice={"group": name}, primary=False, value=0.395, ci_low=0.30, ci_high=0.49, **changes)
        for name in SLICES
    ]
    none = {"value": None, "ci_low": None, "ci_high": None, "n": 0, "error": "no items have group = religion"}
    return [*metrics, records["metric"](slice={"group": "religion"}, primary=False, **none)]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"slice": {"group": "gendre"}}, "Did you mean 'gender'?"),
        ({"slice": {"group": "religon"}}, "Did you mean 'religion'?"),
        ({"slice": {"gruop": "gender"}}, "Did you mean 'group'?"),
        ({"slice": {"group": "gender", "kind": "a"}}, "has no slice 'kind'"),
    ],
)
@pytest.mark.parametrize("state", ["complete", "partial", "failed", "broken task", "null over all items"])
def test_a_misspelt_slice_is_refused_in_every_state_of_the_run(
    rule: dict[str, Any],
    message: str,
    state: str,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    metrics = [*sliced(records), records["unscored"]()]
    if state == "broken task":
        metrics.append(failed_metric("evals", "boolq", "macro_f1", "out of memory"))
    if state == "null over all items":
        nothing = {"value": None, "ci_low": None, "ci_high": None, "error": "NaN"}
        metrics.insert(0, records["metric"](**nothing))
    run = make_run(metrics, status=state if state in {"partial", "failed"} else "complete")
    with pytest.raises(ConfigError) as raised:
        decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5, **rule}))
    assert message in str(raised.value)


def test_two_slices_that_exist_apart_and_not_together_are_refused(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    other = records["metric"](slice={"kind": "a"}, primary=False)
    run = make_run([*sliced(records), other, records["unscored"]()])
    with pytest.raises(
        ConfigError, match="no slice group=age, kind=a: the run lists all that it measures by group, kind"
    ):
        decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5, "slice": {"group": "age", "kind": "a"}}))


def test_a_metric_of_slices_alone_needs_one(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([*sliced(records), records["unscored"]()])
    with pytest.raises(ConfigError, match="boolq/accuracy is measured on slices alone: name one by group"):
        decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5}))


def test_slices_of_a_task_that_broke_before_them_cannot_be_known(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([failed_metric("evals", "boolq", "accuracy", "out of memory", primary=True)], status="partial")
    check = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5, "slice": {"group": "age"}})).checks[1]
    assert (check.verdict, check.reason) == ("INCONCLUSIVE", "the task broke: out of memory")


@pytest.mark.parametrize(
    ("metric", "refused"),
    [("boolq/acuracy", True), ("boolq/accurracy", True), ("boolq/macro_f1", False), ("boolq/f1", False)],
)
def test_a_misspelling_of_what_a_broken_task_has_is_refused(
    metric: str,
    refused: bool,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([failed_metric("evals", "boolq", "accuracy", "the scorer broke"), records["unscored"]()])
    policy = make_policy({"metric": metric, "min": 0.5})
    if refused:
        with pytest.raises(ConfigError, match=r"Did you mean 'boolq/accuracy'\?"):
            decide(run, policy)
    else:
        assert decide(run, policy).checks[1].reason == "the task broke: the scorer broke"


def names_are_refused(metric: str, *metrics: Metric, **fields: Any) -> str:
    """Why a rule is refused; empty where it is not."""
    try:
        check_names(Rule(metric=metric, min=0.5, **fields), Measured(metrics))
    except ConfigError as error:
        return str(error)
    return ""


def test_of_a_task_that_did_not_break_only_its_metrics_can_be_meant(records: Records) -> None:
    whole = records["metric"]()
    lost = {"value": None, "ci_low": None, "ci_high": None, "error": "no items"}
    no_items = records["metric"](slice={"group": "age"}, **lost)
    assert names_are_refused("piqa/accuracy", whole) == ""
    assert names_are_refused("boolq/f1", whole) == "unknown metric 'boolq/f1'."
    assert names_are_refused("boolq/f1", whole, no_items) == "unknown metric 'boolq/f1'."
    assert names_are_refused("boolq/f1", no_items) == "unknown metric 'boolq/f1'."
    assert names_are_refused("boolq/f1", records["metric"](**lost)) == ""


@pytest.mark.parametrize(
    ("length", "common", "refused"),  # likeness: twice the characters in common of those of both
    [(5, 4, True), (29, 23, False), (10, 8, True), (10, 7, False)],
)
def test_a_broken_tasks_names_are_alike_from_four_fifths_on(
    length: int, common: int, refused: bool, records: Records
) -> None:
    name, asked = (f"t/{'m' * (common - 2)}{rest * (length - common)}" for rest in "xy")
    broken = records["failed"]("evals", "t", name[2:], "lost")
    assert (2 * common / (2 * length) >= 0.8) == refused
    assert bool(names_are_refused(asked, broken)) == refused


def test_slices_of_a_metric_are_named_in_order(records: Records) -> None:
    def sliced(**value: str) -> Metric:
        found: Metric = records["metric"](slice=value)
        return found

    measured = [sliced(kind="b"), sliced(kind="c"), sliced(kind="a"), sliced(group="x"), sliced(area="y")]
    assert names_are_refused("boolq/accuracy", *measured) == (
        "boolq/accuracy is measured on slices alone: name one by area, group, kind"
    )
    assert names_are_refused("boolq/accuracy", *measured, slice={"sort": "a"}) == (
        "boolq/accuracy has no slice 'sort': it has area, group, kind."
    )
    assert names_are_refused("boolq/accuracy", *measured, slice={"kind": "other"}) == (
        "boolq/accuracy has no slice kind=other: kind is one of a, b, c."
    )
    assert names_are_refused("boolq/accuracy", records["metric"](), slice={"kind": "a"}) == (
        "boolq/accuracy is measured on all items alone: leave out its slice"
    )


def test_an_optional_task_that_nobody_knows_is_refused_with_the_nearest_name() -> None:
    check_optional(["boolq"], ["boolq"])
    with pytest.raises(ConfigError, match=r"unknown task 'bolq' under optional\. Did you mean 'boolq'\?"):
        check_optional(["bolq"], ["boolq", "asdiv"])
