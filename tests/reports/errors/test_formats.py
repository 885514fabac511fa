"""Answers that could not be read: counted by hand, with Wilson's intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.reports.errors.formats import answer_formats
from audit.reports.errors.quantity import Quantity, quantity_of
from audit.reports.errors.words import format_lines

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def generated(records: Records, n: int = 32) -> list[Any]:
    """The first eight cannot be read, three of them empty and two cut; six of the others are right."""
    flags = [["empty_output"]] * 3 + [["unparsed_answer", "truncated_output"]] * 2 + [["unparsed_answer"]] * 3
    return [
        records["sample"](
            "asdiv",
            i,
            answered_by="generation",
            reference="9",
            score=float(8 <= i < 14),
            flags=flags[i] if i < 8 else ["truncated_output"],
        )
        for i in range(n)
    ]


def found(samples: list[Any]) -> Any:
    return answer_formats(samples, quantity_of("evals", samples, []), seed=1)


def test_unread_answers_are_apart_from_wrong_ones(records: Records) -> None:
    formats = found(generated(records))
    assert (formats.n, formats.unread, formats.read, formats.empty, formats.cut, formats.right) == (32, 8, 24, 3, 2, 6)
    for ends, count, n in ((formats.interval, 8, 32), (formats.of_all, 6, 32), (formats.of_read, 6, 24)):
        assert (ends.low, ends.high) == pytest.approx(proportion_confint(count, n, method="wilson"))
    first, second = format_lines(formats)
    assert first.startswith("From 8 of 32 generated texts no answer could be read: 0.250 (0.133 to 0.421); of these, 3")
    assert first.endswith("of these, 3 empty and 2 cut by the token limit.")
    assert second.startswith(
        "They count as wrong. Right answers: 0.188 (0.089 to 0.353) of all, 0.250 (0.120 to 0.449)"
    )
    assert second.endswith("of the 24 that could be read.")


def test_all_or_none_can_be_read(records: Records) -> None:
    samples = generated(records)
    assert format_lines(found(samples[8:])) == ["An answer could be read from all 24 generated texts."]
    none = found(samples[5:8])
    assert (none.of_read, none.right) == (None, 0)
    assert format_lines(none)[1].endswith(" — of the 0 that could be read.")


def test_answers_that_were_not_generated_or_not_to_be_read(records: Records) -> None:
    samples = generated(records)
    assert found([sample.model_copy(update={"answered_by": "likelihood"}) for sample in samples]) is None
    assert found([sample.model_copy(update={"reference": None}) for sample in samples]) is None
    scores = Quantity("mean score", "chrf", [1.0] * 24, -1)
    assert answer_formats(samples[8:], scores, seed=1) is None
    unread = answer_formats(samples, scores, seed=1)
    assert unread is not None
    assert (unread.unread, unread.right) == (8, None)
    assert len(format_lines(unread)) == 1
