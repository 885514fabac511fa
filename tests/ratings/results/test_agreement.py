"""Agreement of a project's raters equals the statistics on the answers themselves."""

from __future__ import annotations

import pytest

from audit.ratings.projects.adjudicating import adjudicate
from audit.ratings.projects.rating import next_item
from audit.ratings.projects.roles import NotAllowed
from audit.ratings.results.agreement import agreement
from audit.stats.agreement.krippendorff import krippendorff
from tests.ratings.projects.made import Made, made_in

POINTS = {"Ann": [1, 2, 3, 4, 5, 3], "Bob": [1, 2, 4, 4, 5, 2], "Cem": [2, 3, 3, 5, 5, 3]}


def rate(made: Made, points: dict[str, list[int]]) -> None:
    for who, given in points.items():
        while (item := made.next(who)) is not None:
            made.answer(who, item, rating=given[item - 1])


@pytest.mark.slow
def test_alpha_is_of_the_raters_own_answers(any_database: str) -> None:
    made = made_in(any_database, 6, raters=3)
    rate(made, POINTS)
    adjudicate(any_database, "p", "Judge", 1, {"rating": 5})
    (found,) = agreement(any_database, "p", "Vera").questions
    units = [list(unit) for unit in zip(*POINTS.values(), strict=True)]
    by_name = {one.name: one for one in found.coefficients}
    assert set(by_name) == {f"krippendorff ({scale})" for scale in ("ordinal", "interval", "nominal")} | {"fleiss"}
    for scale in ("ordinal", "interval", "nominal"):
        expected = krippendorff(units, scale, seed=1).value  # type: ignore[arg-type]
        assert by_name[f"krippendorff ({scale})"].value == pytest.approx(expected)
    bias = {one.rater: one.bias for one in found.biases}
    # Cem against the mean of Ann and Bob: +1, +1, -0.5, +1, 0, +0.5.
    assert bias["Cem"] == pytest.approx(0.5)


@pytest.mark.slow
def test_two_raters_have_cohens_kappa(database_url: str) -> None:
    from sklearn.metrics import cohen_kappa_score

    made = made_in(database_url, 6)
    two = {who: POINTS[who] for who in ("Ann", "Bob")}
    rate(made, two)
    (found,) = agreement(database_url, "p", "Vera").questions
    (kappa,) = [one for one in found.coefficients if one.name.startswith("cohen")]
    assert kappa.name == "cohen (quadratic weights)"
    assert kappa.value == pytest.approx(cohen_kappa_score(*two.values(), weights="quadratic", labels=range(1, 6)))


@pytest.mark.slow
def test_preferences_give_strengths_of_the_runs(database_url: str) -> None:
    """Nine of twelve prefer the first run: strengths are ± half the log odds."""
    from math import log

    made = made_in(database_url, 12, raters=1, pairs=True)
    while (seen := next_item(database_url, "p", "Ann")) is not None:
        wanted = made.items[seen.item_id - 1].outputs[seen.item_id > 9].text
        side = next(side for side, text in seen.outputs.items() if text == wanted)
        made.answer("Ann", seen.item_id, preference=side)
    (found,) = agreement(database_url, "p", "Root").questions
    assert [one.name for one in found.strengths] == ["run-1", "run-2"]
    assert found.strengths[0].value == pytest.approx(log(9 / 3) / 2)
    (side_of_ann,) = found.sides
    assert side_of_ann.preferences == 12
    assert found.coefficients[0].value is None


def test_raters_see_no_agreement(database_url: str) -> None:
    made_in(database_url, 1)
    with pytest.raises(NotAllowed, match="Ann does not have the role viewer or adjudicator or admin"):
        agreement(database_url, "p", "Ann")
