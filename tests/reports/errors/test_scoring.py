"""The same questions by likelihood and by generation: counts by hand, McNemar's test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scipy import stats

from audit.reports.errors.scoring import ScoringAgreements
from audit.reports.errors.words import scoring_line

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def answered(records: Records, by: str | None, right: Callable[[int], bool], n: int = 40, **more: Any) -> list[Any]:
    return [
        records["sample"](
            f"task_{by}", i, prompt=f"Question {i}?", reference="x", answered_by=by, score=float(right(i)), **more
        )
        for i in range(n)
    ]


def test_equal_questions_are_paired(records: Records) -> None:
    """Of 40 questions the first 20 are right by likelihood, and the ten from 15 to 24 by generation."""
    tasks = ScoringAgreements()
    tasks.add("evals", "mmlu", answered(records, "likelihood", lambda i: i < 20), [])
    tasks.add("evals", "mmlu_generative", answered(records, "generation", lambda i: 15 <= i < 25, n=44)[::-1], [])
    (found,) = tasks.found(seed=1)
    assert (found.likelihood, found.generation, found.n) == ("mmlu", "mmlu_generative", 40)
    assert (found.both, found.only_likelihood, found.only_generation) == (5, 15, 5)
    assert found.agreed == 0.5
    assert found.p_value == pytest.approx(stats.binomtest(5, 20).pvalue)
    assert found.difference is not None
    assert found.difference.low < -0.25 < found.difference.high
    line = scoring_line(found)
    assert line.startswith("mmlu (by likelihood) and mmlu_generative (by generation) ask 40 equal questions.")
    assert "right or both wrong in 0.500 (0.352 to 0.648) of them." in line
    assert "Right by likelihood 0.500, by generation 0.250: difference −0.250" in line


def test_clusters_are_respected(records: Records) -> None:
    tasks = ScoringAgreements()
    for by, name in (("likelihood", "a"), ("generation", "b")):
        samples = answered(records, by, lambda _, by=by: by == "likelihood")  # type: ignore[misc]
        tasks.add("evals", name, [one.model_copy(update={"cluster": str(i // 4)}) for i, one in enumerate(samples)], [])
    (found,) = tasks.found(seed=1)
    assert found.p_value == pytest.approx(2 * 0.5**10)  # ten clusters, all one way


def test_what_is_not_compared(records: Records) -> None:
    tasks = ScoringAgreements()
    tasks.add("evals", "few", answered(records, "generation", lambda i: i < 5, n=19), [])
    tasks.add("evals", "likely", answered(records, "likelihood", lambda i: i < 5), [])
    tasks.add("safety", "other suite", answered(records, "generation", lambda i: i < 5), [])
    tasks.add("evals", "unknown", answered(records, None, lambda i: i < 5), [])
    mixed = answered(records, "generation", lambda i: i < 5)
    mixed[0] = mixed[0].model_copy(update={"answered_by": "likelihood"})
    tasks.add("evals", "mixed", mixed, [])
    scores = [one.model_copy(update={"score": 0.5}) for one in answered(records, "generation", lambda _: True)]
    tasks.add("evals", "scores", scores, [])
    tasks.add("evals", "empty", [], [])
    assert tasks.found(seed=1) == []
