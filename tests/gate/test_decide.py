"""The verdict on a run: which one is the worst, what keeps a run from being complete, what is refused."""

from __future__ import annotations

import itertools
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import provenance
from audit.core.errors import ConfigError, EvidenceInvalid, RunFolderError
from audit.core.names import has_definitions
from audit.core.records import Decision, GateCheck, NotRun
from audit.engine.journal import Journal
from audit.gate.decide import RUN_CHECK, decide, exit_code, not_judged_lines, overall, verdict_line
from audit.gate.judging import check
from audit.stats import recount
from audit.stats.definitions import Mean, measured
from tests.gate.conftest import RULE, journal_open_elsewhere, the_check
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

Records = dict[str, "Callable[..., Any]"]


def test_overall_is_the_worst_and_nothing_judged_is_inconclusive() -> None:
    order = ["PASS", "INCONCLUSIVE", "FAIL"]
    for verdicts in itertools.product(order, repeat=3):
        assert overall(verdicts) == max(verdicts, key=order.index)  # type: ignore[arg-type]
    assert overall([]) == "INCONCLUSIVE"


@pytest.mark.parametrize("status", ["running", "partial", "failed"])
def test_an_incomplete_run_never_passes(
    status: str, make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status=status)
    decision = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert the_check(decision).verdict == "PASS"
    assert (decision.verdict, exit_code(decision)) == ("INCONCLUSIVE", 13)
    assert decision.checks[0].metric == RUN_CHECK
    assert status in decision.checks[0].reason
    failed = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.9}))
    assert (failed.verdict, exit_code(failed)) == ("FAIL", 10)


def test_the_line_counts_each_kind(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    rules = [{"metric": "boolq/accuracy", "min": floor} for floor in (0.1, 0.6, 0.9)]
    decision = decide(run, make_policy(*rules))
    assert verdict_line(decision) == "1 of 4 checks fail, 1 inconclusive, 2 pass"
    assert decision.decided is None  # equal inputs give equal bytes


@pytest.mark.slow
def test_the_bounds_of_cut_answers_that_a_verdict_rests_on_are_computed_again(
    full_run: RunFolder, make_policy: Callable[..., PolicyFile]
) -> None:
    run, manifest = full_run, full_run.read_manifest()
    config = {**manifest.config, "evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": []}}
    packages = manifest.packages | provenance.package_versions(recount.COMPUTING)
    run.write_manifest(manifest.model_copy(update={"config": config, "packages": packages, "not_run": []}))
    samples = [
        sample.model_copy(update={"score": float(i < 36), "flags": ["truncated_output"] if i < 8 else []})
        for i, sample in enumerate(run.read_samples("evals", "boolq"))
    ]
    run.write_samples("evals", "boolq", samples)
    kinds = {"accuracy": Mean(), "accuracy_if_cut_wrong": Mean(if_cut=0.0), "accuracy_if_cut_right": Mean(if_cut=1.0)}
    metrics = [
        measured(kind, samples, metric=name, unit="share", higher_is_better=True, primary=name == "accuracy")
        for name, kind in kinds.items()
    ]
    others = [metric for metric in run.read_metrics() if metric.metric == "unscored" or metric.task != "boolq"]

    def verdict(wrong: str = "", floor: float = 0.65, **changes: float) -> str:
        given = [one.model_copy(update=changes) if one.metric == wrong else one for one in metrics]
        run.write_metrics([*given, *others])
        return decide(sealed(run), make_policy({"metric": "boolq/accuracy", "min": floor})).verdict

    # 28 of 40 are right if the 8 that were cut are wrong: from 0.55 on, by Wilson's interval.
    assert verdict() == "INCONCLUSIVE"
    with pytest.raises(EvidenceInvalid, match=r"the interval of boolq/accuracy_if_cut_wrong is 0\.699"):
        verdict("accuracy_if_cut_wrong", ci_low=0.699)
    for name in kinds:
        with pytest.raises(EvidenceInvalid, match=rf"the interval of boolq/{name} is .* to 0\.987"):
            verdict(name, floor=0.1, ci_high=0.987)
    assert verdict(floor=0.999) == "FAIL"
    with pytest.raises(EvidenceInvalid, match=r"the interval of boolq/accuracy is .* to 0\.987"):
        verdict("accuracy", floor=0.999, ci_high=0.987)
    with pytest.raises(EvidenceInvalid, match=r"boolq/accuracy is 0\.91, the samples give 0\.9"):
        verdict("accuracy", floor=0.999, value=0.91)


def test_the_line_names_the_worst_first_and_leaves_out_what_does_not_occur() -> None:
    def line(*verdicts: Any) -> str:
        return verdict_line(a_decision([check(RULE, None, verdict, "") for verdict in verdicts]))

    assert line() == "no checks"
    assert line("PASS", "PASS") == "2 of 2 checks pass"
    assert line("PASS", "INCONCLUSIVE") == "1 of 2 checks inconclusive, 1 pass"
    assert line("PASS", "FAIL", "PASS") == "1 of 3 checks fail, 2 pass"


def a_decision(checks: list[GateCheck], **fields: Any) -> Decision:
    return Decision(
        run_id="r", model_digest="m", policy="p", policy_sha256="", metrics_sha256="", verdict="PASS", checks=checks,
        confidence=0.95, max_unscored=0, optional=[], decided=datetime.now(UTC), **fields,
    )  # fmt: skip


def test_what_no_rule_judged_is_a_line_for_each_rule_and_one_for_all_metrics() -> None:
    without_rule = [{"task": name[0], "metric": name, "rule": None, "reason": None} for name in ("a/b", "e/f")]
    left_out = {"task": "c", "metric": "c/d", "rule": "min 3", "reason": "no data"}
    named = a_decision([], not_judged=[without_rule[0], left_out, without_rule[1]])
    assert not_judged_lines(named) == ["c/d min 3: optional, no data", "no rule is about a/b, e/f"]
    assert not_judged_lines(a_decision([])) == []


def test_every_metric_of_an_own_task_has_a_definition(
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A value whose definition was deleted is not believed, though the folder was sealed again."""
    run = make_run([records["metric"](), records["unscored"]()])
    policy = make_policy({"metric": "boolq/accuracy", "min": 0.1})
    assert decide(run, policy).verdict == "PASS"
    monkeypatch.setattr(recount, "has_definitions", has_definitions)
    with pytest.raises(
        EvidenceInvalid, match=r"metrics\.json: evidence invalid: boolq/accuracy has no definition"
    ) as raised:
        decide(run, policy)
    assert raised.value.exit_code == 12


def test_a_run_that_is_going_on_is_not_judged(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status="running")
    policy = make_policy({"metric": "boolq/accuracy", "min": 0.1})
    with (
        journal_open_elsewhere(run),
        pytest.raises(RunFolderError, match="going on, or its journal is open elsewhere: judge it when") as raised,
    ):
        decide(run, policy)
    assert raised.value.exit_code == 2
    ended = make_run([records["metric"](), records["unscored"]()], run_id="20260131T120000Z-ended-0a1b2c")
    with closing(Journal(ended.journal_path)):  # somebody reads what was answered
        assert decide(ended, policy).verdict == "PASS"
    killed = decide(run, policy)
    assert (killed.verdict, exit_code(killed)) == ("INCONCLUSIVE", 13)
    assert killed.checks[0].reason == f"status running: it was killed: finish it with audit run --resume {run.path}"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"not_run": [NotRun(suite="evals", task="mmlu", reason="no data")]}, "1 not run, first mmlu (no data)"),
        ({"interrupted": True}, "interrupted: finish it with audit run --resume "),
        (
            {"config": {"evals": {"tasks": [{"name": "boolq"}, {"name": "piqa"}]}}},
            "1 left no metric, first piqa: finish it",
        ),
        ({}, "1 not computed, first boolq/f1 (lost)"),
        ({"status": "failed"}, "1 not computed, first boolq/f1 (lost)"),
    ],
)
def test_an_incomplete_run_says_what_is_missing(
    manifest: dict[str, Any],
    reason: str,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    lost = records["failed"]("evals", "boolq", "f1", "lost")
    run = make_run([records["metric"](), lost, records["unscored"]()], **{"status": "partial", **manifest})
    status = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1})).checks[0]
    assert (status.verdict, status.rule, status.value) == ("INCONCLUSIVE", "status complete", None)
    assert status.reason.startswith(f"status {manifest.get('status', 'partial')}: {reason}")


def test_a_run_of_which_everything_was_measured_may_have_ended_early(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status="failed")
    status = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1})).checks[0]
    assert status.reason.startswith("status failed: it ended early: finish it with")


def test_a_broken_checkpoint_fails_whatever_the_rules_are(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile]
) -> None:
    decision = decide(
        make_run([], status="failed", broken="it computes NaN"), make_policy({"metric": "a/b", "min": 0.1})
    )
    assert (decision.verdict, decision.checks[0].reason) == ("FAIL", "status failed: it computes NaN")
    assert decision.checks[1].reason == "nothing was measured: the checkpoint is broken"


def test_an_error_in_a_policy_begins_with_its_file(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    with pytest.raises(ConfigError, match=r"/policy\.yaml: unknown metric 'boolq/acuracy'") as caught:
        decide(run, policy := make_policy({"metric": "boolq/acuracy", "min": 0.1}))
    assert str(caught.value).startswith(f"{policy.where}: ")
