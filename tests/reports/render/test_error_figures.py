"""Charts of an error analysis: what was found, with its interval unless looks made it too narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit.reports import contents
from audit.reports.drawing.charts import NOT_DRAWN
from audit.reports.errors.calibrated import ConfidenceAnalysis, ReliabilityBin, RiskPoint
from audit.reports.errors.found import FoundGroup, GroupSearch
from audit.reports.render.error_figures import calibration_figures, error_figures
from audit.stats.intervals import Interval

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

ENDS = Interval(0.4, 0.9, "wilson", 0.99)


def test_found_groups_are_drawn_and_nothing_else(shared_run: RunFolder) -> None:
    (boolq,) = [task for task in contents.read(shared_run).tasks if task.task == "boolq"]
    assert boolq.analysis is not None
    assert error_figures(replace(boolq, analysis=None)) == []
    empty = replace(boolq.analysis, search=GroupSearch([]))
    assert error_figures(replace(boolq, analysis=empty)) == []
    group = FoundGroup("topic", "<b>", 12, 0.7, ENDS, 0.2, ENDS, 0.01)
    found = replace(boolq, analysis=replace(boolq.analysis, search=GroupSearch([group])))
    (figure,) = error_figures(found)
    assert figure.caption.startswith("Error rate of the groups that differ from the rest")
    assert figure.alternative == "error rate by group. topic: <b>: 0.700 (0.400 to 0.900)"
    assert "&lt;b>" in figure.svg or "&lt;b&gt;" in figure.svg
    (narrow,) = error_figures(found, {"boolq"})
    assert narrow.alternative.endswith(": 0.700")
    assert NOT_DRAWN in narrow.caption


def test_curves_of_calibration_say_their_numbers() -> None:
    refused = ConfidenceAnalysis(0, 40, "no confidence")
    assert calibration_figures(None, "evals") == calibration_figures(refused, "evals") == []
    bins, curve = [ReliabilityBin(12, 0.5, 0.25, ENDS)], [RiskPoint(1.0, 12, 0.75)]
    found = ConfidenceAnalysis(12, 12, right=0.25, bins=bins, curve=curve)
    reliability, risk = calibration_figures(found, "evals")
    assert reliability.alternative.endswith("0.500: 0.250 of 12")
    assert risk.alternative.endswith("100 %: 0.750")
    assert reliability.svg.startswith("<svg")
