from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.errors import ConfigError
from audit.gate.policy import (
    Gap,
    Loss,
    Policy,
    Rule,
    counted,
    load_policy,
    shipped_policies,
    shipped_policy,
)

AS_NUMBER = ": write it without quotes, and an exponent as in 1.0e+8"
OTHERS = "no_worse_than_baseline, better_than_baseline, max_gap, max_truncated"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("rules: []", "rules: must not be empty"),
        ("rules: 3", "list"),
        ("- 1", "expected keys and values"),
        ("rules: [", "not valid YAML"),
        ("rules: [{metric: a/b}]", "needs min, max or both"),
        ("rules: [{metric: a/b, min: 2, max: 1}]", "allows nothing"),
        ("rules: [{metric: a/b, min: true}]", "number"),
        ("rules: [{metric: a/b, min: '0.5'}]", "number"),
        ("rules: [{metric: a/b, min: .nan}]", "finite"),
        ("rules: [{metric: a/b, min: .inf}]", "finite"),
        ("rules: [{metric: a/b, mim: 1}]", "Did you mean 'min'?"),
        ("rules: [{metric: boolq, min: 1}]", "task/metric"),
        ("rules: [{metric: a/, min: 1}]", "task/metric"),
        ("rules: [{metric: a/b, min: 1, slice: [x]}]", "slice"),
        ("confidence: 95\nrules: [{metric: a/b, min: 1}]", "must be below 1 (found 95)"),
        ("rule: [{metric: a/b, min: 1}]", "Did you mean 'rules'?"),
    ],
)
def test_a_broken_policy_is_one_line_that_names_the_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_policy(file)
    assert message in str(raised.value)
    assert "broken.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_shipped_policy_covers_capability_bias_toxicity_and_leaks() -> None:
    file = load_policy()
    assert file.name == "default.yaml"
    tasks = {rule.metric.partition("/")[0] for rule in file.policy.rules}
    assert {"boolq", "crows_pairs", "stereoset", "toxicity", "personal_data"} <= tasks
    assert all(rule.why for rule in file.policy.rules)


def test_the_example_policy_loads() -> None:
    rules = load_policy(ROOT / "examples" / "policy.yaml").policy.rules
    assert {rule.text for rule in rules} == {"min 0.25", "max 0.6", "max 0.2", "min 30, max 70", "max 70"}
    assert rules[-1].target == "crows_pairs/pct_stereotype [bias_type=gender]"


def test_a_policy_says_the_version_of_its_format(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    rules = "rules: [{metric: a/b, min: 1}]"
    file.write_text(rules)
    assert load_policy(file).policy.policy_version == 1
    file.write_text(f"policy_version: 1\n{rules}")
    assert load_policy(file).policy.policy_version == 1


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2\nnew_key: 1", "policy_version 2, this program reads 1: upgrade checkpoint-audit"),
        ("0", "must be at least 1"),
        ("'1'", "policy_version"),
        ("true", "policy_version"),
        ("1.0", "policy_version"),
    ],
)
def test_a_newer_or_wrong_version_is_refused_with_the_name_of_the_file(
    version: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"policy_version: {version}\nrules: [{{metric: a/b, min: 1}}]")
    with pytest.raises(ConfigError) as raised:
        load_policy(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (1.0000000001, "max 1.0000000001"),
        (0.999999999, "max 0.999999999"),
        (1234567.0, "max 1234567"),
        (0.5, "max 0.5"),
        (1e6, "max 1e+06"),
        (-3.0, "max -3"),
        (4000.0, "max 4000"),
        (-0.1, "max -0.1"),
        (1e-7, "max 1e-07"),
        (0.1 + 0.2, "max 0.30000000000000004"),
    ],
)
def test_a_rule_in_words_has_all_digits(limit: float, text: str) -> None:
    assert Rule(metric="probe/rate", max=limit).text == text
    assert float(text.removeprefix("max ")) == limit


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("060", "060 is read as an octal number"),
        ("-017", "-017 is read as an octal number"),
        ("1:30", "1:30 is read as a base-60 number"),
        ("1:30.5", "1:30.5 is read as a base-60 number"),
    ],
)
def test_a_number_that_is_not_what_it_looks_like_is_refused(number: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"rules:\n  - {{metric: stereoset/icat, min: {number}}}\n", "utf-8")
    with pytest.raises(ConfigError, match=message) as raised:
        load_policy(file)
    assert "line 2, column " in str(raised.value)


@pytest.mark.parametrize(("number", "value"), [("60", 60.0), ("0", 0.0), ("0.60", 0.6), ("-0.5", -0.5), ("1.5e+1", 15)])
def test_other_numbers_are_read_as_they_look(number: str, value: float, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"rules:\n  - {{metric: stereoset/icat, max: {number}}}\n", "utf-8")
    assert load_policy(file).policy.rules[0].max == value


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("{metric: a/b, max: 1e8}", f"rule 1: max: must be a number (found '1e8'){AS_NUMBER}"),
        ("{metric: a/b, min: '0.5'}", f"rule 1: min: must be a number (found '0.5'){AS_NUMBER}"),
        ("{metric: a/b, min: x}", "rule 1: min: must be a number (found 'x')"),
        ("{metric: a/b, min: 1}, {metric: a/b, mim: 1}", "rule 2: unknown key 'mim'. Did you mean 'min'?"),
        (
            "{metric: a/b, min: 1}, {metric: a/b}",
            f"rule 2: the rule on a/b needs min, max or both, or one of {OTHERS}",
        ),
        ("{metric: a/b, min: 1, slice: {a: 1}}", "rule 1: slice.a: must be text (found 1)"),
    ],
)
def test_rules_are_counted_from_one_after_the_path_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("pol/d.yaml")
    file.parent.mkdir()
    file.write_text(f"rules: [{rules}]")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert str(caught.value) == f"pol/d.yaml: {said}"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{rated_at_least: 4, labels: 29}", "rule 1: corrected.labels: "),
        ("{labels: 100}", "rule 1: corrected: give rated_at_least or rated_at_most, and only one of them"),
        ("{rated_at_least: 4, rated_at_most: 2, labels: 100}", "give rated_at_least or rated_at_most, and only one"),
        ("{rated_at_least: 1, labels: 100}", "rule 1: corrected: every rating lies between 1 and 5"),
        ("{rated_at_most: 5, labels: 100}", "rule 1: corrected: every rating lies between 1 and 5"),
        ("{rated_at_least: 6, labels: 100}", "rule 1: corrected.rated_at_least: "),
        ("{rated_at_least: 4.5, labels: 100}", "rule 1: corrected.rated_at_least: "),
        ("{rated_at_least: 4, labels: 100}, slice: {a: b}", "corrected is about all items"),
        ("{rated_at_least: 4, labels: 100}, min: null, max_truncated: 0", "corrected needs min, max or both"),
    ],
)
def test_corrections_that_cannot_be(rule: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    least = "" if "min:" in rule else "min: 0.5, "
    file.write_text(f"rules: [{{metric: a/b, {least}corrected: {rule}}}]")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert said in str(caught.value)


NO_WORSE = {"no_worse_than_baseline": {"margin": 2}}
GAP = {"max_gap": {"slice": "kind", "value": 0.25}}


def a_rule(**asked: Any) -> Rule:
    return Rule.model_validate({"metric": "a/b", **asked})


@pytest.mark.parametrize(
    ("section", "key", "given", "fine", "wrong"),
    [
        (Loss, "margin", {}, [1e-9, 1e9], [0, -1, float("inf"), float("nan"), "1", True]),
        (Loss, "relative", {}, [1e-9, 0.999999], [0, 1, -0.1, "0.1", True]),
        (Gap, "value", {"slice": "kind"}, [1e-9, 1e9], [0, -1, float("inf"), "1", True]),
        (Gap, "slice", {"value": 1}, ["k"], ["", 1]),
        (Rule, "min", {"metric": "a/b"}, [-1e9, 0, 1e9], [float("inf"), float("nan"), True]),
        (Rule, "max", {"metric": "a/b"}, [-1e9, 0, 1e9], [float("-inf"), float("nan"), True]),
        (Rule, "max_truncated", {"metric": "a/b"}, [0, 0.999999], [-1e-9, 1, "0", False]),
        (Rule, "max_unscored", {"metric": "a/b", "min": 1}, [0, 0.999999, None], [-1e-9, 1, "0", False]),
        (Rule, "confidence", {"metric": "a/b", "min": 1}, [1e-9, 0.999999, None], [0, 1, "0.9", True]),
        (Rule, "better_than_baseline", {"metric": "a/b", "min": 1}, [True, False], [1, "true", None]),
        (Rule, "severity", {"metric": "a/b", "min": 1}, ["block", "warn"], ["info", None]),
        (Policy, "confidence", {"rules": [{"metric": "a/b", "min": 1}]}, [1e-9, 0.999999], [0, 1, None]),
        (Policy, "max_unscored", {"rules": [{"metric": "a/b", "min": 1}]}, [0, 0.999999], [-1e-9, 1, None]),
        (Policy, "min_aligned", {"rules": [{"metric": "a/b", "min": 1}]}, [1e-9, 1], [0, 1.000001, None]),
        (Policy, "policy_version", {"rules": [{"metric": "a/b", "min": 1}]}, [1], [0, "1", True, None]),
        (Policy, "across", {"rules": [{"metric": "a/b", "min": 1}]}, [["prompts"], []], [["weights"], "prompts"]),
        (Policy, "share_error_over", {"rules": [{"metric": "a/b", "min": 1}]}, [1, 10_000], [0, 1.5, 10_001, True]),
        (Policy, "rules", {}, [[{"metric": "a/b", "min": 1}]], [[], None]),
    ],
)
def test_what_a_setting_may_be(
    section: Any, key: str, given: dict[str, Any], fine: list[Any], wrong: list[Any]
) -> None:
    for value in fine:
        section.model_validate({**given, key: value})
    for value in wrong:
        with pytest.raises(ValidationError):
            section.model_validate({**given, key: value})


def test_what_is_not_said_is_strict() -> None:
    policy = Policy.model_validate({"rules": [{"metric": "a/b", "min": 1}]})
    assert policy.model_dump(exclude={"rules"}) == {
        "policy_version": 1, "confidence": 0.95, "max_unscored": 0.0, "optional": [], "min_aligned": 0.95,
        "across": [], "budget": None, "share_error_over": 1,
    }  # fmt: skip
    assert policy.rules[0].model_dump(exclude_none=True) == {
        "metric": "a/b", "min": 1.0, "better_than_baseline": False, "severity": "block",
    }  # fmt: skip


ON_BASELINE = "no worse than the baseline, margin 2, better than the baseline"
REST = "largest gap by kind at most 0.25, share of cut answers at most 0.05"
EVERYTHING = {
    "min": 0.1, "max": 0.9, **NO_WORSE, "better_than_baseline": True, **GAP, "max_truncated": 0.05,
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "kinds", "text"),
    [
        ({"min": 0}, ["range"], "min 0"),
        ({"max": 0}, ["range"], "max 0"),
        ({"min": 45, "max": 65}, ["range"], "min 45, max 65"),
        (NO_WORSE, ["no_worse"], "no worse than the baseline, margin 2"),
        (
            {"no_worse_than_baseline": {"relative": 0.07}}, ["no_worse"],
            "no worse than the baseline, margin 7 % of it",
        ),
        (
            {"no_worse_than_baseline": {"relative": 0.0125}}, ["no_worse"],
            "no worse than the baseline, margin 1.25 % of it",
        ),
        ({"better_than_baseline": True}, ["better"], "better than the baseline"),
        (GAP, ["gap"], "largest gap by kind at most 0.25"),
        ({"max_truncated": 0}, ["truncated"], "share of cut answers at most 0"),
        (
            EVERYTHING, ["range", "no_worse", "better", "gap", "truncated"], f"min 0.1, max 0.9, {ON_BASELINE}, {REST}",
        ),
    ],
)  # fmt: skip
def test_what_a_rule_asks_for(asked: dict[str, Any], kinds: list[str], text: str) -> None:
    rule = a_rule(**asked)
    assert (rule.kinds, rule.kind, rule.text) == (kinds, kinds[0], text)
    assert rule.needs_baseline == any(kind in kinds for kind in ("no_worse", "better"))


def test_the_name_of_a_slice_is_shown_on_one_line() -> None:
    text = a_rule(max_gap={"slice": "k\n" * 100, "value": 1}).text
    assert text.startswith("largest gap by k")
    assert "\n" not in text
    assert len(text) < 120
    whole, longer = (a_rule(max_gap={"slice": "k" * count, "value": 1}).text for count in (80, 81))
    assert ("k" * 80 in whole, "k" * 80 in longer) == (True, False)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"metric": "b", "min": 1}, "metric 'b' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "/b", "min": 1}, "metric '/b' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "a/", "min": 1}, "metric 'a/' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "a/b?", "min": 1}, "metric 'a/b?': only the task may hold * or ?, e.g. mmlu_*/accuracy"),
        ({"metric": "a/*", "min": 1}, "metric 'a/*': only the task may hold * or ?, e.g. mmlu_*/accuracy"),
        ({}, f"the rule on a/b needs min, max or both, or one of {OTHERS}"),
        (
            {**GAP, "slice": {"c": "d"}},
            "the rule on a/b: max_gap is about all items: put the slice into a rule of its own",
        ),
        (
            {"max_truncated": 0, "slice": {"c": "d"}},
            "the rule on a/b: max_truncated is about all items: put the slice into a rule of its own",
        ),
        ({"min": 0.5, "max": 0.25}, "the rule on a/b allows nothing: min 0.5 is above max 0.25"),
        ({"no_worse_than_baseline": {}}, "give margin or relative, and only one of them, e.g. {margin: 0.02}"),
    ],
)
def test_rules_that_ask_for_nothing_possible(asked: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as raised:
        a_rule(**asked)
    assert f"Value error, {fault} [" in str(raised.value)


def test_rules_at_the_edge_of_what_is_possible() -> None:
    assert a_rule(min=0.5, max=0.5).text == "min 0.5, max 0.5"
    assert a_rule(max_truncated=0.5, slice={}).slice == {}
    assert a_rule(**NO_WORSE, slice={"c": "d"}).target == "a/b [c=d]"
    assert a_rule(metric="set/p*/b", min=1).is_pattern
    nested = a_rule(metric="set/part/b", min=1)
    assert (nested.task, nested.target, nested.is_pattern) == ("set/part", "set/part/b", False)


@pytest.mark.parametrize(
    ("task", "covered", "others"),
    [
        ("mmlu_*", ["mmlu_law", "mmlu_", "mmlu_a/b"], ["mmlu", "MMLU_law", "x_mmlu_law"]),
        ("a?c", ["abc", "a[c"], ["ac", "abbc"]),
        ("a[b]*", ["a[b]", "a[b]c"], ["ab", "abc"]),
        ("a[b]", ["a[b]"], ["ab"]),
    ],
)
def test_which_tasks_a_pattern_covers(task: str, covered: list[str], others: list[str]) -> None:
    rule = a_rule(metric=f"{task}/b", min=1)
    assert rule.is_pattern == any(sign in task for sign in "*?")
    assert [name for name in covered + others if rule.covers(name)] == covered


def test_shipped_policies_are_read_by_name_and_found_by_digest(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    files = {file.stem: file for file in (ROOT / "gate" / "policies").glob("*.yaml")}
    assert shipped_policies() == sorted(files)
    for name, file in files.items():
        read, sha256 = load_policy(Path(name)), hashlib.sha256(file.read_bytes()).hexdigest()
        assert (read.name, read.sha256) == (f"{name}.yaml", sha256)
        assert shipped_policy(sha256) == read
    assert shipped_policy("0" * 64) is None
    assert load_policy() == load_policy(Path("default"))


def test_a_name_is_a_file_a_shipped_policy_or_neither(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    known = ", ".join(shipped_policies())
    with pytest.raises(ConfigError) as raised:
        load_policy(Path("defalt"))
    assert str(raised.value) == f"defalt: no such file, and no shipped policy: {known}. Did you mean 'default'?"
    for name in ("defalt.yaml", "x/defalt"):
        with pytest.raises(ConfigError) as raised:
            load_policy(Path(name))
        assert str(raised.value).startswith(f"{name}: no such file")
        assert "shipped" not in str(raised.value)
    Path("mine").write_text("rules: [{metric: a/b, min: 1}]")
    assert load_policy(Path("mine")).policy.rules == [a_rule(min=1)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("rules.0.min: must be a number", "rule 1: min: must be a number"),
        ("rules.10: needs min", "rule 11: needs min"),
        ("unknown key 'rules.1.mim'. Did you mean 'min'?", "rule 2: unknown key 'mim'. Did you mean 'min'?"),
        ("rules: must be a list", "rules: must be a list"),
        ("my.rules.0.min: x", "my.rules.0.min: x"),
        ("rules.x.min: x", "rules.x.min: x"),
    ],
)
def test_items_of_a_list_are_counted_from_one(fault: str, said: str) -> None:
    assert counted(fault, "rules", "rule") == said


def test_a_policy_decides_something(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    for text, fault in (
        ("", "the policy is empty: give at least one rule under 'rules'"),
        ("rules: [{metric: a/b, min: 1, severity: warn}]",
         "rules: every rule is of severity warn, so that anything would pass: at least one rule must block"),
        ("rules: [{metric: a/b, min: 1}]\nbudget: {}", "the budget limits nothing: give wall_time, tokens or both"),
        ("policy_version: 2\nrulez: 1", "policy_version 2, this program reads 1: upgrade checkpoint-audit"),
    ):  # fmt: skip
        file.write_text(text)
        with pytest.raises(ConfigError) as raised:
            load_policy(file)
        assert str(raised.value) == f"{file}: {fault}"
    file.write_text("rules: [{metric: a/b, min: 1, severity: warn}, {metric: a/c, min: 1}]\nbudget: {tokens: 1}")
    read = load_policy(file)
    assert (read.policy.budget and read.policy.budget.tokens, len(read.policy.rules)) == (1, 2)
    assert (read.name, read.where) == ("p.yaml", str(file))
    assert read.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
