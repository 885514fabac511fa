"""A verdict as JUnit XML, which CI servers show as a list of tests: one test case per rule.

The form is that of Jenkins' ``junit-10.xsd`` (xUnit plug-in) and of Apache Ant's ``JUnit.xsd`` (Windy Road): what both
allow, with everything that either requires, but the time of a suite: equal decisions give equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from audit.core.text import printable
from audit.reports.exports.outcomes import outcomes
from audit.reports.exports.verdict import decision_of

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.reports.contents import RunContents
    from audit.reports.exports.outcomes import Outcome

ELEMENTS = {"failed": "failure", "undecided": "error", "skipped": "skipped"}
"""Element of a test case by result: JUnit's failure is an expectation that was not met, its error a test that came to
no result. A case that passed has none."""
SUITE = "audit gate"


def render(contents: RunContents) -> str:
    """The verdict as XML text.

    Raises:
        ConfigError: The run has no verdict on its numbers.
    """
    return render_decision(decision_of(contents))


def render_decision(decision: Decision) -> str:
    """A decision as XML text; no text in it can be markup, nor a character that XML cannot hold.

    :func:`audit.core.text.printable` has replaced control characters, surrogates and non-characters already.
    """
    cases = outcomes(decision)
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", _attributes(cases))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(decision).items():
        ET.SubElement(properties, "property", name=name, value=printable(value))
    for case in cases:
        _add(suite, case)
    ET.SubElement(suite, "system-out").text = "\n".join(map(printable, decision.warnings))
    ET.SubElement(suite, "system-err").text = ""
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _attributes(cases: list[Outcome]) -> dict[str, str]:
    results = [case.result for case in cases]
    return {
        "name": SUITE,
        "package": "audit",
        "id": "0",
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(results.count("failed")),
        "errors": str(results.count("undecided")),
        "skipped": str(results.count("skipped")),
        "time": "0",
    }


def _properties(decision: Decision) -> dict[str, str]:
    return {
        "verdict": decision.verdict,
        "run_id": decision.run_id,
        "model_digest": decision.model_digest,
        "policy": decision.policy,
        "policy_sha256": decision.policy_sha256,
        "metrics_sha256": decision.metrics_sha256,
        **({"baseline": decision.baseline.run_id} if decision.baseline else {}),
        **({"waivers_sha256": decision.waivers_sha256} if decision.waivers_sha256 else {}),
    }


def _add(suite: ET.Element, case: Outcome) -> None:
    element = ET.SubElement(suite, "testcase", name=case.name, classname=f"audit.{case.group}", time="0")
    if case.result in ELEMENTS:
        word, _, reason = case.message.partition(": ")
        ET.SubElement(element, ELEMENTS[case.result], message=case.message, type=word.split(" ")[0]).text = reason
