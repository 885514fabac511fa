"""Calibration of a task: refused where there is none, numbers by hand, and the words for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import Choice
from audit.reports.errors.calibrated import confidence_analysis
from audit.reports.errors.quantity import Quantity, quantity_of
from audit.reports.errors.words import calibration_lines, calibration_rows

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def answers(records: Records, confidences: list[float | None], right: list[float], **more: Any) -> list[Any]:
    pairs = zip(confidences, right, strict=True)
    return [
        records["sample"]("boolq", i, confidence=confidence, score=score, **more)
        for i, (confidence, score) in enumerate(pairs)
    ]


def analysed(samples: list[Any]) -> Any:
    return confidence_analysis(samples, quantity_of("evals", samples, []), seed=1)


def test_what_is_refused(records: Records) -> None:
    none = analysed(answers(records, [None] * 40, [0.0, 1.0] * 20))
    assert calibration_lines(none) == [
        "Not computed: the answers have no confidence, because they were not chosen among options by likelihood."
    ]
    few = analysed(answers(records, [0.5] * 29, [0.0] * 29))
    assert few.refused == "only 29 answers have a confidence; at least 30 are needed"
    samples = answers(records, [0.5] * 40, [0.0] * 40)
    assert confidence_analysis(samples, Quantity("mean score", "score", [0.0] * 40, 1), seed=1) is None


def test_an_overconfident_checkpoint(records: Records) -> None:
    """60 answers with 0.9, half of them right; 40 with 0.5, 30 of them right."""
    choice = Choice(options=["a", "b"], normalised="characters")
    confidences, right = [0.9] * 60 + [0.5] * 40, [1.0] * 30 + [0.0] * 30 + [1.0] * 30 + [0.0] * 10
    samples = answers(records, [*confidences, None], [*right, 1.0], choice=choice)
    found = analysed(samples)
    assert (found.n, found.of, found.confidence, found.right) == (100, 101, pytest.approx(0.74), 0.6)
    assert found.error.value == pytest.approx(0.6 * 0.4 + 0.4 * 0.25)
    assert found.adaptive_error.value == pytest.approx(found.error.value)
    assert found.error.p_value == pytest.approx(1 / 1001)
    assert found.error.expected < 0.15
    assert found.brier == pytest.approx((30 * 0.01 + 30 * 0.81 + 40 * 0.25) / 100)
    assert found.parts["within"] == pytest.approx(0, abs=1e-12)
    assert [(one.n, one.confidence, one.right) for one in found.bins] == [
        (40, pytest.approx(0.5), 0.75),
        (60, pytest.approx(0.9), 0.5),
    ]
    low, high = proportion_confint(30, 40, method="wilson")
    assert (found.bins[0].interval.low, found.bins[0].interval.high) == pytest.approx((low, high))
    assert [point.n for point in found.curve] == list(range(5, 101, 5))
    assert found.curve[0].risk == pytest.approx(0.5)
    assert found.curve[-1].risk == pytest.approx(0.4)
    first, meaning = calibration_lines(found)
    assert first.startswith("It is overconfident. On average it gives its answers a probability of 74 %, and is")
    assert first.endswith("Its confident answers have more errors than the others.")
    others = sum((30 + k / 4) / (60 + k) for k in range(1, 41))
    assert 1 - found.right - found.area == pytest.approx(0.4 - (0.5 * 60 + others) / 100)
    assert meaning == (
        "Confidence here is the likelihood of the chosen option per character, divided by the sum over all options of"
        " the item. 1 of 101 scored answers have none."
    )
    rows = {row.measure: row for row in calibration_rows(found)}
    assert rows["Expected calibration error (ECE), bins of equal width"].value == "0.340"
    assert rows["Expected calibration error (ECE), bins of equal width"].compared.endswith(
        "if perfectly calibrated; p < 0.001"
    )
    assert rows["Brier score"].compared == "0.240 if every confidence were the share of right answers"


@pytest.mark.slow
def test_calibrated_confidences_are_not_shown_to_be_wrong(records: Records) -> None:
    generator = np.random.default_rng(5)
    confidences = generator.uniform(0.3, 1, 200)
    right = (generator.random(200) < confidences).astype(float)
    found = analysed(answers(records, confidences.tolist(), right.tolist()))
    first, _ = calibration_lines(found)
    assert first.startswith("Its confidences are not shown to be wrong.")
    assert first.endswith("Its confident answers have fewer errors.")
    assert found.area < 1 - found.right
    assert found.area_best < found.area
    under = analysed(answers(records, (confidences / 3).tolist(), right.tolist()))
    assert calibration_lines(under)[0].startswith("It is underconfident.")


def test_confidences_that_are_wrong_in_both_directions(records: Records) -> None:
    found = analysed(answers(records, [0.8] * 50 + [0.4] * 50, [1.0, 0.0] * 25 + [1.0, 1.0, 1.0, 0.0, 1.0] * 10))
    assert calibration_lines(found)[0].startswith("It is neither over- nor underconfident on average, but")
