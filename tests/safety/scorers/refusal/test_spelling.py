"""Answers in plain spelling."""

from __future__ import annotations

from audit.safety.scorers.refusal.opening import opens_with_refusal
from audit.safety.scorers.refusal.spelling import unwrapped


def test_quotation_marks_around_all_of_it_are_not_somebody_elses() -> None:
    assert unwrapped(' "I can\'t help." ') == "I can't help."
    assert unwrapped('"No," he said. "Go."') == '"No," he said. "Go."'
    assert not opens_with_refusal('"I can\'t help you," she said. "Go home."')
