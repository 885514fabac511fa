from __future__ import annotations

from audit.reports.errors.answers import AnswerRow, AnswerTable
from audit.reports.errors.found import FoundGroup, GroupSearch
from audit.reports.errors.words import answer_lines, group_label, p_text, search_lines
from audit.stats.intervals import Interval

GROUP = FoundGroup("bias_type", "age", 12, 0.5, None, 0.2, Interval(0.1, 0.5, "combined", 0.99), 0.01)


def test_a_search_says_what_was_found_and_what_was_not_searched() -> None:
    search = GroupSearch([GROUP], 0, 30, [f"kind_{i}" for i in range(10)], 50, 50, 3.25, ["languages: too many"])
    found, scope, left_out = search_lines(search, "mean score", "nats")
    assert found.startswith("1 group of samples differs from the rest in mean score.")
    assert scope.startswith("Compared: 30 groups of 50 samples, by kind 0, kind 1,")
    assert "kind 7 and 2 more. A group of a quarter" in scope
    assert scope.endswith("if it differs by 3.250.")
    assert left_out == "Not searched: languages: too many."
    two = search_lines(GroupSearch([GROUP, GROUP], n=50, of=50), "mean score", "nats")[0]
    assert two.startswith("2 groups of samples differ from the rest in mean score.")
    assert group_label(GROUP) == "bias type: age"


def test_a_dominating_answer_is_a_sentence() -> None:
    rows = [
        AnswerRow("no", 37, 17, 17, Interval(0.33, 0.67, "tango", 0.975), 0.0000038),
        AnswerRow("yes", 3, 23, 3, Interval(-0.67, -0.33, "tango", 0.975), 0.0000038),
    ]
    (line,) = answer_lines(AnswerTable("answer", 40, rows, [[17, 0], [20, 3]]))
    assert line.startswith(
        "37 of 40 answers are “no”, which is right for 17 of 40: given more often than right, by 0.500"
    )
    assert line.endswith("by 0.500 (0.330 to 0.670) of all answers; p < 0.001, adjusted for 2 answers.")
    assert answer_lines(AnswerTable("position of the option", 40, rows[1:], [[3]])) == [
        "No position is shown to be given more often than it is right (40 samples)."
    ]
    assert p_text(0.0312) == "p = 0.031"


def test_answers_that_are_never_right_are_no_answer_of_their_own_and_long_ones_are_cut() -> None:
    ends = Interval(0.1, 0.4, "tango", 0.98)
    rows = [AnswerRow("x" * 900, 30, 20, 20, ends, 0.01), AnswerRow("no", 0, 20, 0, None, 1.0)]
    other = AnswerRow("another answer", 10, 0, 0, ends, 0.02, is_other=True)
    long, rest = answer_lines(AnswerTable("answer", 40, [*rows, other], [[20, 0, 0], [10, 0, 10], [0, 0, 0]]))
    assert f"“{'x' * 59}…”, which is right for 20 of 40" in long
    assert rest == "10 of 40 answers are none of the 2 that are right for some sample."
