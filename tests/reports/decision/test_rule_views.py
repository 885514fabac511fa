"""A verdict rule by rule: order, titles, commands apart from reasons, nothing that acts."""

from __future__ import annotations

from audit.core.records import Decision, Metric
from audit.core.records.metric import MetricWords
from audit.reports.decision.rule_views import advice, picture, rule_views
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_manifest
from tests.reports.decision.test_rule_axis import a_check

ADD = "audit run --extend '/tmp/my runs/a' --limit 93"


def test_commands_are_taken_out_of_reasons() -> None:
    cases = {
        f"0.3 to 0.7 spans the limit; the run has 20. Add items: {ADD}": (
            "0.3 to 0.7 spans the limit; the run has 20",
            (("Add items", ADD),),
        ),
        f"spans the margin. Add items: {ADD}; and of the baseline: audit run --extend b --limit 93": (
            "spans the margin",
            (("Add items", ADD), ("Add items to the baseline", "audit run --extend b --limit 93")),
        ),
        "96 % pair up. Add items to the baseline: audit run --extend b --limit all": (
            "96 % pair up",
            (("Add items to the baseline", "audit run --extend b --limit all"),),
        ),
        "status partial: it was killed: finish it with audit run --resume runs/a": (
            "status partial: it was killed",
            (("Finish the run", "audit run --resume runs/a"),),
        ),
        "0.3 violates the rule": ("0.3 violates the rule", ()),
    }
    for reason, expected in cases.items():
        assert advice(reason) == expected


def a_decision() -> Decision:
    bad = "<script>x</script> \u202e"
    return Decision(
        run_id="r", model_digest="0" * 64, policy="policy.yaml", policy_sha256="1" * 64, confidence=0.95,
        max_unscored=0.0, optional=[], metrics_sha256="2" * 64, verdict="FAIL",
        checks=[
            a_check(verdict="PASS", reason="0.4 to 0.65 fulfils the rule"),
            a_check(metric="run/status", rule="status complete", minimum=None, value=None, unit=None, verdict="PASS"),
            a_check(metric="t/m", verdict="FAIL", severity="warn", owner="Release team", reason=bad),
            a_check(reason=f"spans the limit. Add items: {ADD}"),
            a_check(metric=bad, verdict="FAIL", ci_low=None, ci_high=None, reason=bad),
        ],
    )  # fmt: skip


def test_what_blocks_comes_first_and_titles_stand_in_front() -> None:
    metric = Metric(
        name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.5, n=20,
        words=MetricWords(title="Right answers"),
    )  # fmt: skip
    rows = rule_views(a_decision(), a_manifest(), [metric])
    assert [(row.check.verdict, row.check.severity) for row in rows] == [
        ("FAIL", "block"), ("INCONCLUSIVE", "block"), ("FAIL", "warn"), ("PASS", "block"), ("PASS", "block"),
    ]  # fmt: skip
    assert (rows[1].title, rows[1].measured, rows[1].commands) == (
        "boolq: right answers", "0.500 (0.400 to 0.650)", (("Add items", ADD),),
    )  # fmt: skip
    assert rows[4].axis is None
    html = picture(a_decision(), a_manifest(), [metric], lambda task: f"samples?tasks={task}")
    assert '<a href="samples?tasks=evals/boolq">boolq: right answers</a>' in html
    assert "audit run --extend &#39;/tmp/my runs/a&#39; --limit 93</code>" in html
    assert "owner Release team" in html
    assert "warns only" in html
    assert "<script" not in html
    assert "\u202e" not in html


def test_no_interval_is_shown_where_looks_decided_the_number_of_items() -> None:
    looked_at = a_manifest().model_copy(update={"looks": looks(20, 100, "boolq")})
    decision = a_decision().model_copy(update={"checks": [a_check()]})
    (sound,), (narrow,) = (rule_views(decision, manifest, []) for manifest in (a_manifest(), looked_at))
    assert ("0.40" in sound.measured, "0.65" in sound.measured) == (True, True)
    assert ("0.40" in narrow.measured, "0.65" in narrow.measured) == (False, False)
    assert narrow.axis is not None
    assert narrow.axis.low is None
