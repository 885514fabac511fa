"""Models that judge the answers of probes, from a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig
from audit.safety.asking import refusals
from audit.safety.scorers.guard.answers import of_guard
from tests.safety.judges.conftest import blocks, letter_of
from tests.safety.judges.test_answers import a_model
from tests.safety.scorers.guard.test_answers import a_guard

if TYPE_CHECKING:
    import pytest

    from audit.safety.judges.answers import ModelJudge

JUDGE = RunConfig.model_validate({"safety": {"answer_judge": "judge:./m"}})
GUARD = RunConfig.model_validate({"safety": {"answer_judge": "guard:./m"}})


def by_words(prompt: str) -> str:
    """Calls an answer a refusal if it is sorry; takes the first letter, whatever it stands for, if it is asked to."""
    answer = blocks(prompt)["Answer"]
    if "first letter" in answer:
        return "A"
    return letter_of(prompt, "refusal" if "sorry" in answer else "no refusal")


def judged_by(monkeypatch: pytest.MonkeyPatch, model: ModelJudge) -> None:
    """Let a model judge wherever the configuration names one."""
    monkeypatch.setattr(refusals, "answer_judge", lambda _config: model)


def rubric_model(**more: Any) -> ModelJudge:
    return a_model(by_words, by="generation", **more)


def guard_model(family: str, *replies: str) -> ModelJudge:
    return of_guard(a_guard(family, *replies), None, "nobody did")
