"""The record of a judge: its error rates by class against counts by hand, and which judge a file is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.core.records.files import json_file
from audit.pipeline.judged.measuring import measurement
from audit.safety.judges.measured import differing, stored_measurement
from tests.pipeline.judged.test_measuring import labelled
from tests.safety.judges.conftest import SCALE, a_judge, by_word

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = [
    *[("GOOD", (3.0,))] * 6,
    *[("FAIR", (3.0,))] * 2,
    *[("FAIR", (1.0,))] * 5,
    *[("GOOD", (1.0,))] * 3,
    *[("BAD", (0.0,))] * 4,
]
"""What the judge says, and what people say: 8 good texts, 8 fair ones, 4 bad ones."""


@pytest.mark.slow
def test_rates_by_class_are_those_by_hand() -> None:
    found = measurement(a_judge(by_word), labelled(GIVEN), injected=1)
    assert found.classes == {
        "bad": {"sensitivity": 1, "texts": 4, "specificity": 1, "other_texts": 16},
        "fair": {"sensitivity": 5 / 8, "texts": 8, "specificity": 10 / 12, "other_texts": 12},
        "good": {"sensitivity": 6 / 8, "texts": 8, "specificity": 9 / 12, "other_texts": 12},
    }
    assert found.settings["judge_classes"] == found.classes
    both = found.agreement_on({"fair", "good"})
    assert both is not None
    assert (both.true_positives, both.positives, both.true_negatives, both.negatives) == (16, 16, 4, 4)


def test_a_class_that_no_text_or_every_text_has_has_no_rates() -> None:
    found = measurement(a_judge(by_word), labelled([("GOOD", (3.0,)), ("FAIR", (3.0,))]), injected=1)
    assert found.classes == {}
    assert found.agreement_on({"bad"}) is None


def test_a_record_is_of_one_judge(tmp_path: Path) -> None:
    judge, file = a_judge(by_word), tmp_path / "judge.json"
    json_file.write_record(file, measurement(judge, labelled(GIVEN), injected=1))
    found = stored_measurement(file)
    assert differing(found, judge.identity) == []
    other = a_judge(by_word, SCALE.model_copy(update={"criteria": "Style."}))
    assert differing(found, other.identity) == ["rubric_sha256"]
    file.write_text("{}")
    with pytest.raises(ConfigError, match="no measurement of `audit judge measure`"):
        stored_measurement(file)
