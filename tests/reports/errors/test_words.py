from __future__ import annotations

from audit.reports.errors.found import FoundGroup, GroupSearch
from audit.reports.errors.words import group_label, search_lines
from audit.stats.intervals import Interval

GROUP = FoundGroup("bias_type", "age", 12, 0.5, None, 0.2, Interval(0.1, 0.5, "combined", 0.99), 0.01)


def test_a_search_says_what_was_found_and_what_was_not_searched() -> None:
    search = GroupSearch([GROUP], 0, 30, [f"kind_{i}" for i in range(10)], 50, 50, 3.25, ["languages: too many"])
    found, scope, left_out = search_lines(search, "mean score", "nats")
    assert found.startswith("1 group of samples has another mean score than the rest.")
    assert scope.startswith("Compared: 30 groups of 50 samples, by kind 0, kind 1,")
    assert "kind 7 and 2 more. A group of a quarter" in scope
    assert scope.endswith("if it differs by 3.250.")
    assert left_out == "Not searched: languages: too many."
    two = search_lines(GroupSearch([GROUP, GROUP], n=50, of=50), "mean score", "nats")[0]
    assert two.startswith("2 groups of samples have another mean score")
    assert group_label(GROUP) == "bias type: age"
