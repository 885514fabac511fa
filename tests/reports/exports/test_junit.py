"""A verdict as JUnit XML, read by lxml, in the form that Jenkins' plug-in and Ant require."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from audit.core.errors import ConfigError
from audit.reports.exports import junit
from tests.reports.exports.conftest import VILE, a_check, a_decision, an_optional_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

FORM = {
    "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "disabled", "errors"}),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"},
    ),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, set()),
    "testcase": (
        {"skipped", "error", "failure", "system-out", "system-err"},
        {"name"},
        {"time", "classname", "group"},
    ),
    **dict.fromkeys(("failure", "error", "skipped"), (set(), set(), {"type", "message"})),
    **dict.fromkeys(("system-out", "system-err"), (set(), set(), set())),
}
"""By element: children, required and other attributes of the schema of Jenkins' xUnit plug-in (``junit-10.xsd``)."""
ANT = {"name", "hostname", "tests", "failures", "errors", "time", "package", "id"}
"""Attributes of a suite that Ant's schema requires beyond Jenkins', but ``timestamp``: equal runs give equal bytes."""


def read(text: str) -> etree._Element:
    """The document, which must satisfy the schema."""
    root = etree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        children, required, others = FORM[element.tag]
        assert {child.tag for child in element} <= children
        assert required <= set(element.attrib) <= required | others
    return root


def test_one_case_per_rule() -> None:
    checks = [a_check(), a_check("asdiv/score", "FAIL"), a_check("bold/rate", "INCONCLUSIVE")]
    root = read(junit.render_decision(a_decision(*checks, not_judged=[an_optional_rule()])))
    (suite,) = root
    found = [(case.get("name"), [child.tag for child in case]) for case in suite.iter("testcase")]
    assert found == [
        ("boolq/accuracy min 0.5", []),
        ("asdiv/score min 0.5", ["failure"]),
        ("bold/rate min 0.5", ["error"]),
        ("openbookqa/accuracy min 0.25", ["skipped"]),
    ]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}


def test_the_form_is_that_of_ant_too() -> None:
    """Its schema is a sequence: properties, cases, both outputs; the kinds of a case exclude each other."""
    (suite,) = read(junit.render_decision(a_decision(a_check(verdict="FAIL"))))
    assert set(suite.attrib) >= ANT
    assert [child.tag for child in suite] == ["properties", "testcase", "system-out", "system-err"]
    assert all(set(case.attrib) == {"name", "classname", "time"} and len(case) <= 1 for case in suite.iter("testcase"))
    assert all(child.get("type") for case in suite.iter("testcase") for child in case)


def test_hostile_text_is_no_markup_and_breaks_nothing() -> None:
    decision = a_decision(
        a_check(VILE, "FAIL", rule=VILE, reason=VILE), policy=VILE, run_id=VILE, warnings=[VILE], model_digest=VILE
    )
    root = read(junit.render_decision(decision))
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "system-out", "system-err",
    }  # fmt: skip
    assert "a<b>&" in root.find(".//failure").get("message")
    assert "\\x1b[2J" in root.find(".//failure").text


def test_a_run_without_verdict_has_no_tests(make_contents: Callable[..., RunContents]) -> None:
    with pytest.raises(ConfigError, match="it has no verdict: run audit gate"):
        junit.render(make_contents())
