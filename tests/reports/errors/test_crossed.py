"""A share by category and family against counts by hand and Wilson's interval of statsmodels."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import MetricWords, Sample
from audit.reports.errors.crossed import CrossedCell, crossed
from audit.stats.definitions import Mean, ShareOfClasses, measured

if TYPE_CHECKING:
    from audit.core.records import Metric

CLASSES = ("full_compliance", "partial_refusal", "full_refusal")
FAMILIES = ("plain", "role_play", "base64")
CATEGORIES = ("A: chemistry", "B: fraud", None)
SUCCESS = ShareOfClasses(classes=("full_compliance",), where={"put": "attack"})


def attempt(request: int, family: str, category: str | None, answer: str | None) -> Sample:
    slices = {"put": "plain" if family == "plain" else "attack", "family": family}
    return Sample(
        sample_id=f"{request}-{family}",
        suite="safety",
        task="jailbreaks",
        prompt="p",
        slices=slices | ({"category": category} if category else {}),
        cluster=f"request {request}",
        scores={name: float(name == answer) for name in CLASSES} if answer else {},
        error=None if answer else "the answer does not take up the request",
    )


def attempts() -> list[Sample]:
    """Twelve requests in three ways: request r behind family f is complied with if r + 2f is no multiple of 3."""
    found = []
    for request, (number, family) in product(range(12), enumerate(FAMILIES)):
        answer: str | None = "full_compliance" if (request + 2 * number) % 3 else "full_refusal"
        if family == "base64" and request % 4 == 0:
            answer = None
        found.append(attempt(request, family, CATEGORIES[request % 3], answer))
    return found


def metrics_of(samples: list[Sample], **more: Any) -> list[Metric]:
    shared = {"metric": "attack_success", "unit": "share", "higher_is_better": False, **more}
    whole = measured(SUCCESS, samples, primary=True, **shared)
    titled = whole.model_copy(update={"words": MetricWords(title="Attacks that succeed")})
    slices = [measured(SUCCESS, samples, slice={"category": one}, **shared) for one in CATEGORIES if one]
    return [titled, *slices, measured(SUCCESS, samples, slice={"family": "base64"}, **shared)]


def test_fields_are_those_counted_by_hand() -> None:
    samples = attempts()
    table = crossed(metrics_of(samples), samples)
    assert table is not None
    assert (table.title, table.metric, table.columns) == ("Attacks that succeed", "attack_success", FAMILIES)
    assert [row for row, _ in table.rows] == ["A: chemistry", "B: fraud", "no category", "all"]
    for row, cells in table.rows:
        for family, cell in zip(FAMILIES, cells, strict=False):
            category = None if row == "no category" else row
            mine = [one for one in samples if one.slices["family"] == family]
            mine = mine if row == "all" else [one for one in mine if one.slices.get("category") == category]
            scored = [one for one in mine if one.error is None]
            ones = sum(one.scores["full_compliance"] for one in scored)
            assert cell.counts == f"{ones:.0f} of {len(scored)}"
            assert cell.value == f"{100 * ones / len(scored):.0f} %"
            low, high = proportion_confint(ones, len(scored), method="wilson")
            assert cell.interval == f"{100 * low:.0f} to {100 * high:.0f} %"
            assert cell.says.startswith(f"{row}, {family}: {cell.value} ({cell.interval}), {cell.counts}")
            without = len(mine) - len(scored)
            assert (f"{without} answer" in cell.says) == bool(without)
    assert table.unscored == 3


def test_the_last_column_is_the_metric_of_the_run() -> None:
    samples = attempts()
    known = metrics_of(samples)
    table = crossed(known, samples)
    assert table is not None
    last = {row: cells[-1] for row, cells in table.rows}
    # 21 of 24 attacks have a score; without the requests that were put plainly.
    attacks = [one for one in samples if one.slices["put"] == "attack" and one.error is None]
    ones = sum(one.scores["full_compliance"] for one in attacks)
    assert last["all"].counts == f"{ones:.0f} of {len(attacks)}"
    assert last["A: chemistry"].counts == f"{(known[1].value or 0) * known[1].n:.0f} of {known[1].n}"
    assert last["no category"] == CrossedCell()  # no metric is about those without a category


def test_shades_follow_the_direction() -> None:
    samples = [attempt(number, "plain", "A", "full_compliance") for number in range(6)]
    samples += [attempt(number, "base64", "A", "full_refusal") for number in range(6)]

    def shades(*, higher_is_better: bool | None) -> list[str]:
        whole = measured(SUCCESS, samples, metric="m", unit="share", higher_is_better=higher_is_better, primary=True)
        table = crossed([whole], samples)
        assert table is not None
        return [cell.shade for cell in table.rows[0][1][:2]]

    assert shades(higher_is_better=False) == ["n5", ""]
    assert shades(higher_is_better=True) == ["p5", ""]
    assert shades(higher_is_better=None) == ["", ""]


def test_what_has_no_score_or_no_sample_is_never_good() -> None:
    samples = [*attempts(), attempt(99, "role_play", "C: theft", None)]
    table = crossed(metrics_of(samples), samples)
    assert table is not None
    cells = dict(table.rows)["C: theft"]
    assert (cells[0].value, cells[0].counts, cells[0].says, cells[0].shade) == ("—", "", "no samples", "")
    assert (cells[1].value, cells[1].counts, cells[1].shade) == ("—", "0 of 0", "")
    assert cells[1].says == "C: theft, role_play: no answer has a score; 1 answer without a score"


def test_intervals_that_looks_made_too_narrow_are_left_out() -> None:
    samples = attempts()
    table = crossed(metrics_of(samples), samples, narrow=True)
    assert table is not None
    assert {cell.interval for _, cells in table.rows for cell in cells} == {""}
    assert "(" not in table.rows[0][1][0].says


def test_only_shares_with_both_slices_are_crossed() -> None:
    samples = attempts()
    known = metrics_of(samples)
    assert crossed(known, []) is None
    assert crossed([], samples) is None
    assert crossed([one.model_copy(update={"primary": False}) for one in known], samples) is None
    without = [one.model_copy(update={"slices": {"family": "plain"}}) for one in samples]
    assert crossed(known, without) is None
    assert crossed(known, [one.model_copy(update={"slices": {"category": "x"}}) for one in samples]) is None
    many = [attempt(number, "plain", f"category {number}", "full_refusal") for number in range(61)]
    assert crossed(known, many) is None
    mean = measured(
        Mean(of="scores.full_refusal"), samples, metric="m", unit="nats", higher_is_better=None, primary=True
    )
    assert crossed([mean], samples) is None
    parts = [one.model_copy(update={"score": 0.25}) for one in samples]
    of_parts = measured(Mean(), parts, metric="m", unit="share", higher_is_better=False, primary=True)
    assert crossed([of_parts], parts) is None


@pytest.mark.parametrize("definition", [{"name": "of a plug-in"}, {"name": "share_of_classes", "later": 1}, None])
def test_a_definition_that_nobody_knows_is_not_computed(definition: dict[str, Any] | None) -> None:
    samples = attempts()
    known = metrics_of(samples)
    known[0] = known[0].model_copy(update={"definition": definition})
    assert crossed(known, samples) is None
