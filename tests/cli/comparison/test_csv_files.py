"""CSV files of comparisons hold the fields of the record."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from audit.cli.comparison import csv_files
from audit.core.records import MetricDifference
from audit.gate.comparison.series import compare_series
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from pathlib import Path


def test_differences() -> None:
    bare = {"suite": "evals", "task": "boolq", "unit": "share"}
    ones = [
        MetricDifference(name="boolq/accuracy", slice={"half": "a"}, difference=0.25, p_value=0.5, **bare),
        MetricDifference(name="boolq/other", error='they differ, in "data"', **bare),
    ]  # fmt: skip
    rows = list(csv.DictReader(csv_files.of_differences(ones).splitlines()))
    assert list(rows[0]) == list(MetricDifference.model_fields)
    assert [rows[0][name] for name in ("name", "slice", "difference", "p_value", "ci_low")] == [
        "boolq/accuracy", "half=a", "0.25", "0.5", "",
    ]  # fmt: skip
    assert rows[1]["error"] == 'they differ, in "data"'
    assert csv_files.of_differences([]).splitlines() == [",".join(MetricDifference.model_fields)]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "a\u202eb", "a\nb", "a\x1b[31m"])
def test_names_of_other_peoples_logs_are_no_formulas_and_hold_no_control_characters(name: str) -> None:
    one = MetricDifference(name="t/m", suite="evals", task=name, unit="share", difference=-0.5)
    [row] = csv.DictReader(csv_files.of_differences([one]).splitlines())
    assert row["task"].isprintable()
    assert row["task"][0] in "'a"
    assert row["difference"] == "-0.5"


@pytest.mark.slow
def test_series_have_a_line_per_metric_and_run(tmp_path: Path) -> None:
    scores = ([0.0] * 20, [0.0] * 19 + [1.0], [1.0] * 20)
    runs = [run_with(tmp_path, f"m{place}", scored(one)) for place, one in enumerate(scores)]
    found = compare_series(runs, at=[1, 2, 4])
    failed = found.metrics[0].model_copy(update={"values": [], "steps": [], "trend": None, "error": "why"})
    found.metrics.append(failed)
    rows = list(csv.DictReader(csv_files.of_series(found).splitlines()))
    assert list(rows[0]) == csv_files.SERIES_COLUMNS
    assert [(row["label"], row["at"], row["value"], row["letters"]) for row in rows[:3]] == [
        ("m0", "1.0", "0.0", "b"), ("m1", "2.0", "0.05", "b"), ("m2", "4.0", "1.0", "a"),
    ]  # fmt: skip
    assert [row["step_outcome"] for row in rows[:3]] == ["", "no change shown", "better"]
    assert float(rows[2]["step_difference"]) == pytest.approx(0.95)
    trend = found.metrics[0].trend
    assert trend is not None
    assert {row["trend_change"] for row in rows[:3]} == {str(trend.change)}
    assert [(row["run"], row["value"], row["error"]) for row in rows[3:]] == [("", "", "why")]
