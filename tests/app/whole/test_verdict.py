"""The gate's verdict on the overview: values in their unit, what no rule judged, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from audit.core.records import NotJudged
from tests.app.drawn import tables

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder

SCRIPT = """
from audit.app.pages import overview
from audit.app.frame import framed
framed(overview.page)()
"""


@pytest.mark.slow
def test_the_verdict_has_intervals_and_what_it_leaves_out(
    run: RunFolder, settings: AppSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is made up: whether the gate would reach it is looked at elsewhere."""
    decision = run.read_decision()
    assert decision is not None
    check = decision.checks[0].model_copy(
        update={"value": 59.4, "ci_low": 50.0, "ci_high": 70.0, "unit": "percent", "higher_is_better": False}
    )
    left = [NotJudged(task=task, metric=f"{task}/accuracy", rule=None, reason=None) for task in ("mmlu", "piqa")]
    told = {"not_judged": left, "warnings": ["boolq/accuracy: did you mean min?"]}
    shown = decision.model_copy(update={**told, "checks": [check, *decision.checks[1:]]})
    monkeypatch.setattr("audit.gate.decisions.current", lambda *_, **__: (shown, None))
    test = AppTest.from_string(SCRIPT, default_timeout=300).run()
    assert [error.value for error in test.exception] == []
    verdict = next(table for table in tables(test) if "Verdict" in table)
    row = {name: column[0] for name, column in verdict.items()}
    assert row["Measured"] == "59.4 (50.0 to 70.0)"
    captions = [caption.value.replace("\\", "") for caption in test.caption]
    assert "Not judged: no rule is about mmlu/accuracy, piqa/accuracy" in captions
    assert "boolq/accuracy: did you mean min?" in [warning.value.replace("\\", "") for warning in test.warning]
