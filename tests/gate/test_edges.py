"""What the gate says at the edges: nothing to judge by, files that cannot be read, verdicts that were made up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, EvidenceInvalid, RunFolderError
from audit.gate import evidence
from audit.gate.advice import MORE, Advisor
from audit.gate.decide import decide, verdict_line
from audit.gate.decisions import current
from audit.gate.judging import check, judge_rule
from audit.gate.measured import Measured
from audit.gate.metrics_file import read_metrics
from audit.gate.multiplicity import _p_value, _shrinking
from audit.gate.policy import Policy, Rule, load_policy
from audit.gate.rule_checks import check_optional
from audit.gate.settling import items_needed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]
RULE = Rule(metric="boolq/accuracy", min=0.6)


@pytest.fixture
def advised(make_run: Callable[..., RunFolder], records: Records) -> Callable[..., str]:
    """What is advised on a metric, with other settings of the run."""

    def advise(metric: dict[str, Any] | None = None, **config: Any) -> str:
        found = records["metric"](**(metric or {}))
        run = make_run([found, records["unscored"]()])
        manifest = run.read_manifest()
        manifest = manifest.model_copy(update={"config": {**manifest.config, **config}})
        return Advisor(run, manifest, Measured([found, records["unscored"]()])).on_interval(RULE, found)

    return advise


def test_an_interval_of_unknown_make_gives_no_number_of_items(advised: Callable[..., str]) -> None:
    assert advised({"ci_method": "bayes"}) == MORE


@pytest.mark.parametrize(
    "config",
    [
        {"evals": {"tasks": [{"name": "boolq", "limit": 9}], "samples": {"boolq": [1, 2]}}},
        {"evals": {"tasks": [{"name": "a_group", "limit": 9}]}},
    ],
)
def test_where_the_limit_is_not_known_no_command_is_named(config: dict[str, Any], advised: Callable[..., str]) -> None:
    told = advised({"value": 0.65}, **config)
    assert told.endswith("the run has 100")
    assert "--extend" not in told


@pytest.mark.parametrize("ends", [{"ci_low": None}, {"ci_high": None}])
def test_without_both_ends_no_items_are_counted(ends: dict[str, Any], records: Records) -> None:
    assert items_needed(records["metric"](value=0.55, **ends), 0.6, None) is None


def test_wilsons_interval_in_a_unit_without_an_end_counts_no_items(records: Records) -> None:
    metric = records["metric"](value=0.55, unit="nats")
    assert items_needed(metric, 0.6, None) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"value": 1.5, "ci_high": 1.6}, "not a possible value for a share, 0 to 1: 1.5, 0.5 to 1.6"),
        ({"ci_low": 1.1, "ci_high": 1.2}, "not a possible value for a share, 0 to 1: 0.6, 1.1 to 1.2"),
        ({"n": 0}, "the value is based on no items"),
        ({"ci_low": None}, "no confidence interval"),
        ({"ci_low": None, "no_interval": "one cluster"}, "no confidence interval: one cluster"),
        ({"ci_low": math.inf}, "not a usable interval: inf to 0.7"),
        ({"unit": "count", "ci_low": None, "ci_high": None, "n": 0}, "not a usable count: it covers no samples"),
    ],
)
def test_what_cannot_be_judged_says_why(fields: dict[str, Any], reason: str, records: Records) -> None:
    metric = records["metric"](**fields)
    made = judge_rule(RULE, metric, Measured([metric, records["unscored"]()]), Policy(rules=[RULE]))
    assert (made.verdict, made.reason) == ("INCONCLUSIVE", reason)


def test_an_optional_task_that_nobody_knows_is_refused_with_the_nearest_name() -> None:
    check_optional(["boolq"], ["boolq"])
    with pytest.raises(ConfigError, match=r"unknown task 'bolq' under optional\. Did you mean 'boolq'\?"):
        check_optional(["bolq"], ["boolq", "asdiv"])


def test_a_rule_without_an_interval_violates_nothing_by_chance(records: Records) -> None:
    metric = records["metric"]()
    bare = check(RULE, None, "INCONCLUSIVE", "absent")
    assert _p_value(RULE, None, bare) == 1.0
    assert _p_value(RULE, metric, check(RULE, metric, "PASS", "")) == 1.0


def test_a_value_on_the_limit_needs_infinitely_many_items() -> None:
    assert _shrinking(1.0, 1.0, 0.95) == math.inf
    assert _shrinking(0.05, 0.05, 0.95) == pytest.approx(1.0)


def test_a_decision_without_checks_has_a_line(make_run: Callable[..., RunFolder], records: Records) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    made = decide(run, load_policy(), lambda: ["boolq", "openbookqa", "mmlu", "crows_pairs", "stereoset", "toxicity",
                                               "personal_data"])  # fmt: skip
    assert verdict_line(made.model_copy(update={"checks": []})) == "no checks"


def test_a_manifest_that_contradicts_itself_is_invalid(make_run: Callable[..., RunFolder], records: Records) -> None:
    run = make_run([records["metric"]()])
    run.write_manifest(run.read_manifest().model_copy(update={"finished": None}))
    with pytest.raises(EvidenceInvalid, match=r"manifest\.json: evidence invalid"):
        evidence.check(run)


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"gone: cannot be read: No such file"):
        evidence._digest(tmp_path / "gone")


@pytest.fixture
def stored(make_run: Callable[..., RunFolder], records: Records, tmp_path: Path) -> Callable[..., str | None]:
    """Why a decision that was changed is not shown; None where it is, ``absent`` where the folder holds none."""
    file = tmp_path / "policy.yaml"
    file.write_text("rules: [{metric: boolq/accuracy, min: 0.4}]")
    run = make_run([records["metric"](), records["unscored"]()])

    def ask(text: str | None = None, **changes: Any) -> str | None:
        if text is not None:
            run.decision_path.write_text(text)
        elif changes:
            made = decide(run, load_policy(file))
            checks = [one.model_copy(update=changes.pop(one.metric, {})) for one in made.checks]
            run.write_decision(made.model_copy(update={"checks": checks, **changes}))
        manifest = run.read_manifest()
        found, why = current(run, manifest, *read_metrics(run, manifest))
        return why if found or why else "absent"

    return ask


def test_verdicts_that_were_made_up_are_not_shown(stored: Callable[..., str | None]) -> None:
    assert stored() == "absent"
    assert stored(warnings=[]) is None
    assert str(stored("{")).startswith("it cannot be read")
    assert stored(run_id="other") == "it was reached on another run, other"
    assert stored(model_digest="f" * 64) == f"it was reached on another checkpoint, {'f' * 16}"
    assert stored(metrics_sha256="0") == "it was reached on other metrics than these"
    assert stored(verdict="FAIL") == "its verdict does not follow from its checks"
    wrong = {"run/status": {"reason": "status partial"}}
    assert stored(**wrong) == "it does not judge the run as it is, status complete"
    value = {"boolq/accuracy": {"value": 0.9}}
    assert stored(**value) == "its value of boolq/accuracy is not the one that was measured"
    rule = {"boolq/accuracy": {"rule": "at least 0.4"}}
    assert stored(**rule) == "at least 0.4 on boolq/accuracy is not a rule"


def test_the_shipped_policy_is_judged_again(full_run: RunFolder) -> None:
    tasks = {rule.task for rule in load_policy().policy.rules}
    made = decide(full_run, load_policy(), lambda: tasks)
    manifest = full_run.read_manifest()
    known = read_metrics(full_run, manifest)
    full_run.write_decision(made)
    assert current(full_run, manifest, *known) == (made, None)
    full_run.write_decision(made.model_copy(update={"checks": made.checks[:-1]}))
    _, why = current(full_run, manifest, *known)
    assert why == "the gate reaches INCONCLUSIVE under the same policy, with other checks"
