"""A verdict is put into a card that exists, or the card has to be rendered as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.gate import decisions
from audit.gate.binding.kept_policy import keep
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.reports.render.card import write_card
from audit.reports.render.card_verdict import BASELINE, PLUG_INS, STALE, show_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder


def decision(run: RunFolder, folder: Path, rule: str) -> Decision:
    policy = folder / "policy.yaml"
    policy.write_text(f"rules: [{{metric: boolq/accuracy, {rule}}}]\n")
    keep(run, load_policy(policy))
    return decide(run, load_policy(policy))


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "verdict"), [("min: 0.01", "INCONCLUSIVE"), ("max: 0.01", "FAIL")])
def test_it_is_the_card_rendered_with_the_verdict(full_run: RunFolder, tmp_path: Path, rule: str, verdict: str) -> None:
    write_card(full_run)
    made = decision(full_run, tmp_path, rule)
    assert made.verdict == verdict
    full_run.write_decision(made)
    assert show_verdict(full_run, made)
    updated = full_run.report_path.read_bytes()
    assert verdict.encode() in updated
    assert (b'href="#not-assessed"' in updated) == (b'id="not-assessed"' in updated)
    write_card(full_run)
    assert full_run.report_path.read_bytes() == updated


@pytest.mark.slow
def test_what_could_not_be_checked_is_said_as_in_a_card_rendered_anew(full_run: RunFolder, tmp_path: Path) -> None:
    write_card(full_run)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.01}]\n")
    made = decide(full_run, load_policy(policy))  # the policy is not kept in the run folder
    full_run.write_decision(made)
    assert show_verdict(full_run, made)
    updated = full_run.report_path.read_bytes()
    write_card(full_run)
    assert full_run.report_path.read_bytes() == updated
    assert decisions.NO_POLICY[1:40].encode() in updated


def of_other_metrics(run: RunFolder, made: Decision) -> Decision:
    return made.model_copy(update={"metrics_sha256": "0" * 64})


def out_of_date(run: RunFolder, made: Decision) -> Decision:
    run.report_path.write_text(run.report_path.read_text("utf-8") + STALE, "utf-8")
    return made


def next_to_a_baseline(run: RunFolder, made: Decision) -> Decision:
    run.report_path.write_text(run.report_path.read_text("utf-8") + BASELINE, "utf-8")
    return made


def with_a_plug_ins_section(run: RunFolder, made: Decision) -> Decision:
    run.report_path.write_text(run.report_path.read_text("utf-8") + PLUG_INS, "utf-8")
    return made


def of_another_version(run: RunFolder, made: Decision) -> Decision:
    run.report_path.write_text(f"<html>{made.metrics_sha256}</html>", "utf-8")
    return made


def not_there(run: RunFolder, made: Decision) -> Decision:
    run.report_path.unlink()
    return made


def a_pipe(run: RunFolder, made: Decision) -> Decision:
    run.report_path.unlink()
    os.mkfifo(run.report_path)
    return made


CHANGES = [
    of_other_metrics,
    out_of_date,
    next_to_a_baseline,
    with_a_plug_ins_section,
    of_another_version,
    not_there,
    a_pipe,
]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_any_other_card_is_left_as_it_is(full_run: RunFolder, tmp_path: Path, change: Any) -> None:
    write_card(full_run)
    made = change(full_run, decision(full_run, tmp_path, "min: 0.01"))
    path = full_run.report_path
    before = path.read_bytes() if path.is_file() else None
    assert not show_verdict(full_run, made)
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.slow
def test_nothing_is_written_out_of_the_run_folder(full_run: RunFolder, tmp_path: Path) -> None:
    write_card(full_run)
    (full_run.path / "report").rename(tmp_path / "elsewhere")
    (full_run.path / "report").symlink_to(tmp_path / "elsewhere")
    before = full_run.report_path.read_bytes()
    with pytest.raises(UsageError, match="points outside the run folder"):
        show_verdict(full_run, decision(full_run, tmp_path, "min: 0.01"))
    assert full_run.report_path.read_bytes() == before
