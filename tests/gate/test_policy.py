"""Files of policies: what is read, what is refused with one line, and the shipped ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.gate.policy import (
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
    assert load_policy(Path("mine")).policy.rules == [Rule(metric="a/b", min=1)]


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
