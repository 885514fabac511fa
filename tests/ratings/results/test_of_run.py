"""What reports show of people's answers about one run: only its own items, and no names."""

from __future__ import annotations

from audit.ratings.results.of_run import results_of_run
from audit.stats.agreement.krippendorff import krippendorff
from tests.ratings.projects.made import made_in


def test_agreement_of_a_run_names_nobody(database_url: str) -> None:
    assert results_of_run(database_url, "run-1") == []
    made = made_in(database_url, 3)
    assert results_of_run(database_url, "run-1") == []  # nobody has answered
    ratings = {item.id: given for item, given in zip(made.items, ((1, 2), (3, 3), (5, 5)), strict=True)}
    for place, name in enumerate(("Ann", "Bob")):
        while (item := made.next(name)) is not None:
            made.answer(name, item, rating=ratings[item][place])
    [found] = results_of_run(database_url, "run-1")
    assert (found.project, found.items, found.raters) == ("p", 3, 2)
    [question] = found.questions
    units = [[1, 2], [3, 3], [5, 5]]
    assert question.coefficients[0].value == krippendorff(units, "ordinal", seed=1).value
    (about, agreement), *_ = found.said
    assert about == "Agreement on rating"
    assert agreement
    assert "Ann" not in found.model_dump_json()
    assert results_of_run(database_url, "run-2") == []
