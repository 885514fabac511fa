"""Limits that cannot be meant: refused with what was probably meant, or warned of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.core.units import UNITS
from audit.gate.decide import RUN_CHECK, decide, not_judged_lines
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rule_checks import check_limits, warnings
from audit.reports.render.markdown import render_decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

Records = dict[str, "Callable[..., Any]"]


def of_unit(records: Records, unit: str, **changes: Any) -> Metric:
    """A metric in the middle of its unit, with an interval."""
    whole = UNITS[unit].whole_range or (0.0, 10.0)
    low, high = (whole[0] + share * (whole[1] - whole[0]) for share in (0.4, 0.6))
    fields = {"value": (low + high) / 2, "ci_low": low, "ci_high": high, "unit": unit, "ci_method": "bca_bootstrap"}
    found: Metric = records["metric"]("probe/rate", **{**fields, **changes})
    return found


REFUSED = [
    # unit, rule, what the message must say
    ("share", {"max": 20}, "max 20 can never fail: probe/rate is a share, 0 to 1: did you mean 0.2?"),
    ("share", {"min": 50}, "min 50 can never pass: probe/rate is a share, 0 to 1: did you mean 0.5?"),
    ("share", {"min": 0.1, "max": 40}, "max 40 can never fail: probe/rate is a share, 0 to 1: did you mean 0.4?"),
    ("share", {"min": -0.1}, "min -0.1 can never fail: probe/rate is a share, 0 to 1"),
    ("share", {"max": -0.1}, "max -0.1 can never pass: probe/rate is a share, 0 to 1"),
    ("share", {"max": 4000}, "max 4000 can never fail: probe/rate is a share, 0 to 1"),
    ("share", {"max": 1}, "max 1 on probe/rate can never fail: it is a share, 0 to 1"),
    ("share", {"min": 0}, "min 0 on probe/rate can never fail"),
    ("share", {"min": 0, "max": 1}, "min 0, max 1 on probe/rate can never fail"),
    ("share", {"min": 1}, "min 1 on probe/rate can never pass"),
    ("share", {"max": 0}, "max 0 on probe/rate can never pass"),
    ("share", {"min": 0.5, "max": 0.5}, "min 0.5, max 0.5 on probe/rate can never pass"),
    ("probability", {"max": 40}, "probe/rate is a probability, 0 to 1: did you mean 0.4?"),
    ("percent", {"max": 100}, "max 100 on probe/rate can never fail: it is a percentage, 0 to 100"),
    (
        "percent",
        {"min": 0.55},
        "min 0.55 lets nearly everything pass: probe/rate is a percentage",
    ),
    ("percent", {"min": 0.3, "max": 70}, "probe/rate is a percentage, 0 to 100: did you mean 30?"),
    (
        "bleu",
        {"min": 0.25},
        "probe/rate is a BLEU score, 0 to 100: did you mean 25?",
    ),
    ("percent", {"max": 101}, "max 101 can never fail: probe/rate is a percentage, 0 to 100"),
    ("bleu", {"min": 0}, "min 0 on probe/rate can never fail: it is a BLEU score, 0 to 100"),
    ("chrf", {"min": 130}, "min 130 can never pass: probe/rate is a chrF score, 0 to 100"),
    ("correlation", {"min": -1}, "min -1 on probe/rate can never fail: it is a correlation, −1 to 1"),
    ("correlation", {"max": 60}, "did you mean 0.6?"),
    ("points", {"max": 150}, "probe/rate is a difference of percentages, −100 to 100"),
    ("tokens", {"min": 0}, "min 0 on probe/rate can never fail: it is a number of tokens, from 0"),
    ("squared_error", {"max": -1}, "max -1 can never pass: probe/rate is a squared error, from 0"),
]


@pytest.mark.parametrize(("unit", "rule", "message"), REFUSED)
def test_a_limit_that_no_value_breaks_or_reaches_is_refused(
    unit: str,
    rule: dict[str, float],
    message: str,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([of_unit(records, unit), records["unscored"]("probe")])
    with pytest.raises(ConfigError) as raised:
        decide(run, make_policy({"metric": "probe/rate", **rule}))
    assert message in str(raised.value)
    assert raised.value.exit_code == 2
    assert "did you mean" in str(raised.value) or "did you mean" not in message


@pytest.mark.parametrize(
    ("unit", "rule"),
    [
        ("share", {"min": 0, "max": 0.7}),
        ("share", {"min": 0.3, "max": 1}),
        ("percent", {"min": 0, "max": 99}),
        ("percent", {"min": 1}),
        ("share", {"min": 0.3}),
        ("points", {"min": -30}),
        ("nats", {"max": 1000}),
        ("score", {"max": 1000}),
        ("correlation", {"min": -0.5}),
    ],
)
def test_a_limit_that_some_value_breaks_is_judged(
    unit: str,
    rule: dict[str, float],
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([of_unit(records, unit), records["unscored"]("probe")])
    assert decide(run, make_policy({"metric": "probe/rate", **rule})).verdict == "PASS"


def test_a_count_of_what_was_seen_is_judged_as_it_is(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"](unscored=5.0)])
    for rule, verdict in (({"max": 5}, "PASS"), ({"max": 4}, "FAIL"), ({"max": 0}, "FAIL"), ({"min": 5}, "PASS")):
        decision = decide(run, make_policy({"metric": "boolq/unscored", **rule}))
        assert (decision.checks[1].verdict, decision.checks[1].unit) == (verdict, "count")
    with pytest.raises(ConfigError, match="min 0 on boolq/unscored can never fail: it is a count, from 0"):
        decide(run, make_policy({"metric": "boolq/unscored", "min": 0}))


@pytest.mark.parametrize(
    ("unit", "rule", "hint"),
    [
        ("share", {"max": 1.5}, ": did you mean 0.015?"),
        ("share", {"max": 100}, ": did you mean 1?"),
        ("share", {"max": 100.5}, ""),
        ("correlation", {"min": -60}, ": did you mean -0.6?"),
        ("share", {"min": -1}, ""),
        ("percent", {"max": 150}, ""),
        ("percent", {"min": -50}, ""),
        ("percent", {"max": 100.5}, ""),
    ],
)
def test_a_percentage_is_suggested_as_a_share_where_it_may_be_one(
    unit: str, rule: dict[str, float], hint: str, records: Records
) -> None:
    with pytest.raises(ConfigError) as raised:
        check_limits(Rule(metric="probe/rate", **rule), Measured([of_unit(records, unit)]))
    assert str(raised.value).endswith(f"probe/rate is {UNITS[unit].words}{hint}")


def test_limits_are_of_the_unit_of_what_was_measured(records: Records) -> None:
    """A metric that broke over all items has no unit that says anything."""
    broken = of_unit(records, "share", value=None, ci_low=None, ci_high=None, error="lost")
    measured = Measured([broken, of_unit(records, "percent", slice={"group": "age"})])
    check_limits(Rule(metric="probe/rate", max=40), measured)
    with pytest.raises(ConfigError, match="max 140 can never fail"):
        check_limits(Rule(metric="probe/rate", max=140), measured)


def test_warnings_are_of_ceilings_on_what_was_measured(records: Records) -> None:
    def warned(metric: Metric, **fields: Any) -> list[str]:
        return warnings([Rule(metric=metric.name, slice=metric.slice, **fields)], Measured([metric]))

    percent = of_unit(records, "percent", higher_is_better=None)
    assert len(warned(percent, max=0.5)) == 1
    assert warned(percent, min=0.5) == []
    part = of_unit(records, "percent", higher_is_better=None, slice={"group": "age"})
    assert warned(part, max=0.5)[0].startswith("probe/rate [group=age] is a percentage")
    assert warned(percent.model_copy(update={"value": None}), max=0.5) == []
    assert warned(of_unit(records, "score", higher_is_better=None, n=5), max=9) == []
    count = records["unscored"]().model_copy(update={"higher_is_better": None})
    assert len(warned(count, max=100)) == 1
    assert warned(count, min=100) == []


WARNED = [
    (True, [{"max": 0.9}], "higher is better, and max 0.9 lets every worse value pass: did you mean min?"),
    (False, [{"min": 0.1}], "lower is better, and min 0.1 lets every worse value pass: did you mean max?"),
    (True, [{"min": 0.2}], None),
    (True, [{"min": 0.2, "max": 0.9}], None),
    (True, [{"min": 0.2}, {"max": 0.9}], None),
    (False, [{"max": 0.9}], None),
    (None, [{"max": 0.9}], None),
]


@pytest.mark.parametrize(("better", "rules", "warning"), WARNED)
def test_a_bound_on_the_good_side_alone_is_warned_of(
    better: bool | None,
    rules: list[dict[str, float]],
    warning: str | None,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](higher_is_better=better), records["unscored"]()])
    decision = decide(run, make_policy(*({"metric": "boolq/accuracy", **rule} for rule in rules)))
    assert decision.verdict == "PASS"
    assert decision.warnings == ([f"boolq/accuracy: {warning}"] if warning else [])


def test_a_ceiling_that_looks_like_a_share_of_a_percentage_is_warned_of(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    """It may be meant, and lets less pass than what it may have been meant to be."""
    run = make_run([of_unit(records, "percent", higher_is_better=False), records["unscored"]("probe")])
    decision = decide(run, make_policy({"metric": "probe/rate", "max": 0.7}))
    assert decision.verdict == "FAIL"
    assert decision.warnings == [
        "probe/rate is a percentage, 0 to 100: max 0.7 is less than one of a hundred: did you mean 70?"
    ]
    assert "- warning: probe/rate is a percentage, 0 to 100" in render_decision(decision).replace("\\", "")
    assert decide(run, make_policy({"metric": "probe/rate", "max": 1})).warnings == []


def test_primary_metrics_without_a_rule_are_named(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    metrics = [
        records["metric"](),
        records["metric"]("boolq/macro_f1", primary=False),
        records["metric"]("toxicity/share", suite="safety"),
        records["metric"]("toxicity/share", suite="safety", slice={"class": "toxic"}),
        records["metric"]("mmlu/accuracy", value=None, ci_low=None, ci_high=None, error="none"),
        records["metric"]("occlusion/gain", suite="explain"),
    ]
    run = make_run([*metrics, records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert [one.metric for one in decision.not_judged] == ["toxicity/share", "mmlu/accuracy"]
    assert not_judged_lines(decision) == ["no rule is about toxicity/share, mmlu/accuracy"]
    assert "- not judged: no rule is about toxicity/share, mmlu/accuracy" in render_decision(decision)


def test_a_rule_on_a_slice_leaves_the_whole_not_judged(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    part = records["metric"](slice={"topic": "history"}, primary=False)
    run = make_run([records["metric"](), part, records["unscored"]()])
    on_slice = {"metric": "boolq/accuracy", "slice": {"topic": "history"}, "min": 0.1}
    assert [one.metric for one in decide(run, make_policy(on_slice)).not_judged] == ["boolq/accuracy"]
    assert decide(run, make_policy(on_slice, {"metric": "boolq/accuracy", "min": 0.1})).not_judged == []


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ({"max": 100}, "boolq/unscored: max 100 cannot fail on this run, whose task has 100 samples"),
        ({"max": 1000}, "boolq/unscored: max 1000 cannot fail on this run, whose task has 100 samples"),
        ({"max": 99}, None),
        ({"max": 0}, None),
    ],
)
def test_a_ceiling_on_a_count_that_all_samples_do_not_break_is_warned_of(
    rule: dict[str, float],
    warning: str | None,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/unscored", **rule}))
    assert decision.warnings == ([warning] if warning else [])


def test_a_limit_just_above_its_unit_is_refused_in_all_its_digits(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([of_unit(records, "share"), records["unscored"]("probe")])
    with pytest.raises(ConfigError, match=r"policy\.yaml: min 1\.0000000001 can never pass: probe/rate is a share"):
        decide(run, make_policy({"metric": "probe/rate", "min": 1.0000000001}))


@pytest.mark.slow
def test_hundreds_of_rules_are_judged(
    make_run: Callable[..., RunFolder],
    records: Records,
    make_policy: Callable[..., PolicyFile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each rule looks up its own metrics: it took 17 s when each looked at every metric of 4,000."""
    made = Counter[str]()

    class Walked(list["Metric"]):
        def __iter__(self) -> Iterator[Metric]:
            made["walk"] += 1
            return super().__iter__()

    class Counted(Measured):
        def __init__(self, metrics: Iterable[Metric]) -> None:
            super().__init__(metrics)
            self.all = Walked(self.all)

        def __getattribute__(self, name: str) -> Any:
            made["lookup"] += name in {"find", "named", "of_task"}
            return super().__getattribute__(name)

    monkeypatch.setattr("audit.gate.decide.Measured", Counted)
    names = [f"task{i}/accuracy" for i in range(300)]
    metrics = [metric for name in names for metric in (records["metric"](name), records["unscored"](name[:-9]))]
    run = make_run(metrics)
    policy = make_policy(*({"metric": name, "min": 0.1} for name in names))
    decision = decide(run, policy)
    assert [check.verdict for check in decision.checks] == ["PASS"] * 301
    assert decision.checks[0].metric == RUN_CHECK
    assert len(names) <= made["lookup"] <= 14 * len(names)
    assert 1 <= made["walk"] <= 5


def test_perfect_translations_pass(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    import sacrebleu

    best = sacrebleu.corpus_bleu(["the cat sat on the mat"], [["the cat sat on the mat"]]).score
    assert best > 100
    run = make_run([of_unit(records, "bleu", value=best, ci_low=99.0, ci_high=best), records["unscored"]("probe")])
    assert decide(run, make_policy({"metric": "probe/rate", "min": 90, "max": 100})).verdict == "PASS"
