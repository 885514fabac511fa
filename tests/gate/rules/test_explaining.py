"""Every sentence in which a policy is explained, for every kind of rule and every shipped policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.gate.policy import Policy, PolicyFile, exact, load_policy, shipped_policies
from audit.gate.rules.explaining import sentences

ONE = {"metric": "boolq/accuracy", "min": 0.5}
PAIRED = "(95 % interval of the paired difference)"
SIMULTANEOUS = "(simultaneous 95 % intervals)"
FLOOR = "The 95 % interval of the m of t must lie at or above 1."
GENERAL = [
    "An interval must have a coverage of at least 95 %, unless a rule says otherwise.",
    "No sample may be unscored, unless a rule says otherwise.",
]


def explained(*rules: dict[str, Any], **policy: Any) -> list[str]:
    """The sentences of a policy."""
    made = Policy.model_validate({**policy, "rules": list(rules)})
    return list(sentences(PolicyFile("p.yaml", "p.yaml", "0" * 64, made)))


def one_rule(**rule: Any) -> list[str]:
    """The sentences of a rule, in a policy with another that blocks."""
    return [line for line in explained(ONE, rule) if line.startswith("2. ")]


def test_a_policy_as_a_whole() -> None:
    begins = "Policy p.yaml: 1 rule. The checkpoint passes if every blocking rule passes."
    rule = "1. The 95 % interval of the accuracy of boolq must lie at or above 0.5."
    assert explained(ONE) == [begins, *GENERAL, rule]
    assert explained(ONE, ONE)[0].startswith("Policy p.yaml: 2 rules. ")


def test_the_settings_of_a_policy() -> None:
    lines = explained(
        ONE,
        confidence=0.999,
        max_unscored=0.015,
        optional=["asdiv", "bold"],
        budget={"wall_time": "30m", "tokens": 2_000_000},
    )
    assert lines[1:] == [
        "An interval must have a coverage of at least 99.9 %, unless a rule says otherwise.",
        "At most 1.5 % of a task's samples may be unscored, unless a rule says otherwise.",
        "The release can do without asdiv, bold.",
        "The audit must stay within its budget: wall time 30m, tokens 2,000,000.",
        "1. The 99.9 % interval of the accuracy of boolq must lie at or above 0.5.",
    ]


def test_what_the_runs_must_have_in_common_is_said_where_they_are_compared() -> None:
    settings: dict[str, Any] = {"min_aligned": 0.98, "across": ["chat_template", "prompts"]}
    better = {"metric": "asdiv/exact_match", "better_than_baseline": True}
    assert explained(ONE, better, **settings)[3:5] == [
        "Candidate and baseline must both have scored at least 98 % of the items of either.",
        "They may differ in: chat template, prompts.",
    ]
    assert not any("differ in" in line for line in explained(better))
    assert not any("baseline" in line or "differ in" in line for line in explained(ONE, **settings))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"min": 45, "max": 65.5}, "The 95 % interval of the m of t must lie between 45 and 65.5."),
        ({"max": 0}, "The 95 % interval of the m of t must lie at or below 0."),
        ({"min": 0}, "The 95 % interval of the m of t must lie at or above 0."),
        ({"min": -1e-9, "confidence": 0.9}, "The 90 % interval of the m of t must lie at or above -1e-09."),
        (
            {"max": 1, "slice": {"bias_type": "gender", "kind": "x"}},
            "The 95 % interval of the m of t for bias_type=gender, kind=x must lie at or below 1.",
        ),
        (
            {"no_worse_than_baseline": {"margin": 0.02}},
            f"Compared with the baseline, the m of t may be worse by less than 0.02 {PAIRED}.",
        ),
        (
            {"no_worse_than_baseline": {"relative": 0.07}},
            f"Compared with the baseline, the m of t may be worse by less than 7 % of the baseline's value {PAIRED}.",
        ),
        (
            {"better_than_baseline": True, "confidence": 0.975},
            "Compared with the baseline, the m of t must be better (97.5 % interval of the paired difference).",
        ),
        (
            {"max_gap": {"slice": "bias_type", "value": 10}},
            f"The largest gap of the m of t between slices by bias_type must be at most 10 {SIMULTANEOUS}.",
        ),
        ({"max_truncated": 0.05}, "At most 5 % of the answers of t may be cut by the token limit."),
        ({"max_truncated": 0}, "At most 0 % of the answers of t may be cut by the token limit."),
    ],
)
def test_each_kind_of_rule(rule: dict[str, Any], sentence: str) -> None:
    assert one_rule(metric="t/m", **rule) == [f"2. {sentence}"]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"severity": "warn"}, "Only a warning: the 95 % interval of the m of t must lie at or above 1."),
        ({"owner": "QA"}, "The 95 % interval of the m of t must lie at or above 1. Owner: QA."),
        ({"why": "As\n  agreed."}, "The 95 % interval of the m of t must lie at or above 1. Reason: As agreed."),
        (
            {"max_unscored": 0.1, "owner": "QA", "why": "As agreed."},
            f"{FLOOR} At most 10 % of a task's samples may be unscored. Owner: QA. Reason: As agreed.",
        ),
        ({"max_unscored": 0}, "The 95 % interval of the m of t must lie at or above 1. No sample may be unscored."),
    ],
)
def test_what_goes_with_a_rule(rule: dict[str, Any], sentence: str) -> None:
    assert one_rule(metric="t/m", min=1, **rule) == [f"2. {sentence}"]


def test_a_corrected_metric_names_its_ratings() -> None:
    start = "2. The 95 % interval of the m of t must lie at or"
    end = "after it was corrected by the ratings of 100 drawn outputs"
    good, bad = {"rated_at_least": 4, "labels": 100}, {"rated_at_most": 2, "labels": 100}
    assert one_rule(metric="t/m", min=0.6, corrected=good) == [f"{start} above 0.6 {end} (4 or more counts as 1)."]
    assert one_rule(metric="t/m", max=0.1, corrected=bad) == [f"{start} below 0.1 {end} (2 or less counts as 1)."]


def test_a_shared_error_is_said() -> None:
    rule = {"metric": "t/m", "better_than_baseline": True}
    said = "100 decisions share one error: the chance that any of them wrongly FAILs is that of a single one."
    assert said in explained(rule, share_error_over=100)
    assert not any("share one error" in line for line in explained(rule))


def test_a_task_may_be_part_of_another() -> None:
    assert one_rule(metric="set/part/m", min=1) == [f"2. {FLOOR.replace('of t must', 'of set/part must')}"]


def test_a_pattern_is_about_every_task_that_matches() -> None:
    start = "2. Only a warning:"
    assert one_rule(metric="mmlu_*/accuracy", min=0.3, max_truncated=0.1, severity="warn") == [
        f"{start} the 95 % interval of the accuracy of every task that matches mmlu_* must lie at or above 0.3.",
        f"{start} at most 10 % of the answers of every task that matches mmlu_* may be cut by the token limit.",
    ]


def test_a_rule_that_asks_for_everything_has_a_sentence_for_each() -> None:
    lines = one_rule(
        metric="t/m", min=0.1, no_worse_than_baseline={"margin": 0.1}, better_than_baseline=True,
        max_gap={"slice": "half", "value": 0.2}, max_truncated=0.1, why="Because.",
    )  # fmt: skip
    assert [line.endswith("Reason: Because.") for line in lines] == [True] * 5
    starts = ["The 95 % interval", *["Compared with the baseline"] * 2, "The largest gap", "At most 10 %"]
    assert all(line.startswith(f"2. {start}") for line, start in zip(lines, starts, strict=True))


def test_text_of_a_policy_cannot_control_the_terminal() -> None:
    lines = explained({**ONE, "owner": "a\x1b[2Jb", "why": "c\x07d"}, optional=["e\x1b[2Jf"])
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_give_every_limit_and_a_reason_for_each_rule(name: str) -> None:
    file = load_policy(Path(name))
    assert all(rule.why for rule in file.policy.rules)
    lines = list(sentences(file))
    for place, rule in enumerate(file.policy.rules, 1):
        mine = [line for line in lines if line.startswith(f"{place}. ")]
        assert len(mine) == len(rule.kinds)
        task, _, metric = rule.metric.rpartition("/")
        text = " ".join(mine)
        assert f"{metric} of " in text
        assert task in text
        words = [word.rstrip(".") for word in text.split()]
        loss = rule.no_worse_than_baseline
        limits = [rule.min, rule.max, loss.margin if loss else None]
        assert all(exact(limit) in words for limit in limits if limit is not None)
        assert all(line.endswith(f"Reason: {' '.join((rule.why or '').split())}") for line in mine)
        assert ("Only a warning: " in text) == (rule.severity == "warn")


def test_the_default_policy_begins_with_chance() -> None:
    lines = list(sentences(load_policy()))
    assert "1. The 95 % interval of the accuracy of boolq must lie at or above 0.5. Reason: Chance is 0.5." in lines


def test_a_sentence_has_a_thousand_characters_at_most() -> None:
    lines = explained({**ONE, "why": "x" * 2000}, optional=["y" * 2000])
    assert [len(line) for line in lines if "xx" in line or "yy" in line] == [1000, 1000]
