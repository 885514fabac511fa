"""The policy next to a decision: an edit of what only the policy says is found; without the file that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, EvidenceInvalid
from audit.gate import decisions
from audit.gate.binding.kept_policy import keep, path_in, policy_of
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from tests.gate.waivers.test_judging import FAILS, PASSES, why_not

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

OWNED = {**PASSES, "owner": "quality", "max_unscored": 0.01}
WARNS = {**FAILS, "metric": "boolq/accuracy", "max": 0.9}


@pytest.fixture
def judged(a_run: Callable[..., Any], make_policy: Callable[..., Any]) -> tuple[RunFolder, Decision]:
    """A run that fails one of two rules, and its decision, with its policy kept."""
    run, policy = a_run(), make_policy(OWNED, WARNS)
    keep(run, policy)
    return run, decide(run, policy)


def edited(decision: Decision, place: int, **changes: Any) -> Decision:
    """The decision with a check changed, its verdict as it follows from that."""
    checks = list(decision.checks)
    checks[place] = checks[place].model_copy(update=changes)
    blocks = any(check.blocking == "FAIL" for check in checks)
    return decision.model_copy(update={"checks": checks, "verdict": "FAIL" if blocks else "PASS"})


def test_what_its_policy_gives_to_the_last_word_is_compared_once(
    judged: tuple[RunFolder, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    def compared_again(*_: object) -> None:
        pytest.fail("each check is made again")

    monkeypatch.setattr(decisions, "_beyond_ranges", compared_again)
    assert why_not(*judged) is None
    path_in(judged[0]).unlink()
    with pytest.raises(pytest.fail.Exception):
        why_not(*judged)


def test_the_file_is_kept_byte_for_byte(a_run: Callable[..., Any], make_policy: Callable[..., Any]) -> None:
    run, policy = a_run(), make_policy(PASSES)
    keep(run, policy)
    assert path_in(run).read_bytes() == policy.data
    found = policy_of(run, decide(run, policy))
    assert found is not None
    assert (found.policy, found.name, found.sha256) == (policy.policy, "policy.yaml", policy.sha256)


def test_a_shipped_policy_is_at_hand_without_a_file(a_run: Callable[..., Any], make_policy: Callable[..., Any]) -> None:
    run = a_run()
    decision = decide(run, make_policy(PASSES))
    assert policy_of(run, decision) is None
    shipped = load_policy()
    found = policy_of(run, decision.model_copy(update={"policy_sha256": shipped.sha256}))
    assert found == shipped


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (2, {"severity": "warn"}),
        (1, {"owner": "nobody"}),
        (1, {"max_unscored": 0.5}),
        (1, {"why": "made up"}),
        (1, {"confidence": 0.9}),
    ],
)
def test_an_edit_of_what_only_the_policy_says_is_found(
    judged: tuple[RunFolder, Decision], place: int, changes: dict[str, Any]
) -> None:
    run, decision = judged
    assert decision.verdict == "FAIL"
    assert why_not(run, decision) is None
    assert decisions.unchecked(run, decision) is None
    forged = edited(decision, place, **changes)
    assert "the gate reaches FAIL under the same policy" in (why_not(run, forged) or "")
    path_in(run).unlink()
    assert why_not(run, forged) is None  # nothing contradicts it
    assert decisions.unchecked(run, forged) == decisions.NO_POLICY


def test_another_policy_in_its_place_is_found(
    judged: tuple[RunFolder, Decision], make_policy: Callable[..., Any]
) -> None:
    run, decision = judged
    keep(run, make_policy(OWNED))
    digest = decision.policy_sha256[:16]
    with pytest.raises(EvidenceInvalid) as raised:
        policy_of(run, decision)
    said = f"evidence invalid: it is not the policy of the decision, policy.yaml, digest {digest}"
    assert str(raised.value).startswith(f"{path_in(run)}: {said}: ")
    assert "it is not the policy of the decision" in (why_not(run, decision) or "")
    path_in(run).write_text("rules: [")
    with pytest.raises(ConfigError):
        policy_of(run, decision)
    assert "decision.policy.yaml" in (why_not(run, decision) or "")
