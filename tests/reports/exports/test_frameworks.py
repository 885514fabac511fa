"""The table of other frameworks: their own numbers and names, and what a run has of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.reports.contents import TaskContents
from audit.reports.exports.frameworks import MAPPED, NO_STATEMENT, NOT_TOUCHED, mapping_lines
from tests.reports.conftest import a_metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]

RISKS = {
    "CBRN Information or Capabilities", "Confabulation", "Dangerous, Violent, or Hateful Content", "Data Privacy",
    "Environmental Impacts", "Harmful Bias or Homogenization", "Human-AI Configuration", "Information Integrity",
    "Information Security", "Intellectual Property", "Obscene, Degrading, and/or Abusive Content",
    "Value Chain and Component Integration",
}  # fmt: skip
"""NIST AI 600-1, section 2: all twelve."""
SUBCATEGORIES = {
    "GOVERN 1": 7, "GOVERN 6": 2, "MAP 4": 2, "MANAGE 1": 4, "MEASURE 1": 3, "MEASURE 2": 13, "MEASURE 3": 3,
}  # fmt: skip
"""NIST AI 100-1, tables 1 to 4: number of subcategories of the categories that are named."""
CONTROLS = {"A.4": 6, "A.5": 5, "A.6.2": 8, "A.7": 6, "A.8": 5}
"""ISO/IEC 42001:2023, Annex A: last number of the controls of an objective; they begin with 2."""


def test_risks_are_those_of_the_profile() -> None:
    named = {re.sub(r" \(.*\)", "", risk) for one in MAPPED for risk in one.risks.split("; ")}
    assert named - {"all that were measured"} <= RISKS
    assert set(NOT_TOUCHED) <= RISKS - named
    assert RISKS - named == set(NOT_TOUCHED)


def test_subcategories_and_controls_exist() -> None:
    for one in MAPPED:
        for name in one.functions.split(", "):
            category, _, number = name.rpartition(".")
            assert 1 <= int(number) <= SUBCATEGORIES[category], name
        for control in one.controls.split("; "):
            objective, _, number = control.partition(" ")[0].rpartition(".")
            assert 2 <= int(number) <= CONTROLS[objective], control


@pytest.mark.parametrize(("task", "part"), [("bbq", "Bias probes"), ("toxicity", "Toxicity"), ("xstest", "Refusal")])
def test_a_part_that_the_run_lacks_is_said(make_contents: Contents, task: str, part: str) -> None:
    def row(contents: RunContents) -> str:
        return next(line for line in mapping_lines(contents) if line.startswith(f"| {part}"))

    without = make_contents()
    assert "| **no** |" in row(without)
    probe = TaskContents("safety", task, [a_metric(f"{task}/score")], [], None, None, [], frozenset())
    assert "| yes |" in row(replace(make_contents(), tasks=[probe]))


def test_the_table_is_no_statement_of_compliance(make_contents: Contents) -> None:
    assert mapping_lines(make_contents())[0] == NO_STATEMENT
    assert "no statement of compliance" in NO_STATEMENT
