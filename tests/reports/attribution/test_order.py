"""Which explanation is shown first, and what to type where there is none."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.attribution.order import best_first, by_sample, of_samples
from audit.reports.render import card
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Attribution
    from audit.core.run_folder import RunFolder

    Records = dict[str, Callable[..., Any]]


def one(records: Records, method: str, verdict: str, gain: float | None, **more: Any) -> Attribution:
    sample = records["sample"]("boolq", more.pop("index", 0))
    found: Attribution = records["attribution"](sample)
    given = {"method": method, "verdict": verdict, "faithfulness": {"relative_gain": gain}, **more}
    return found.model_copy(update={"attribution_id": f"{sample.sample_id}-{method}", **given})


def test_the_best_verdict_comes_first_whatever_the_order(records: Records) -> None:
    made = [
        one(records, "a", "believable", 0.2),
        one(records, "b", "believable", 0.1),
        one(records, "c", "believable", None),
        one(records, "d", "weak", 0.9),
        one(records, "e", "do not believe", 0.9),
    ]
    for order in itertools.permutations(made):
        assert [found.method for found in best_first(order)] == ["a", "b", "c", "d", "e"]


def test_methods_of_a_sample_that_explain_the_same_stand_together(records: Records) -> None:
    """Methods without a contrast lie between the others in the folder."""
    made = [
        one(records, "occlusion", "weak", 0.1, against=" no"),
        one(records, "attention", "do not believe", 0.0, against=None),
        one(records, "shapley", "believable", 0.3, against=" no"),
        one(records, "occlusion", "weak", 0.1, index=1, against=None),
        one(records, "attention", "believable", 0.4, index=1, against=" no"),
    ]
    found = [[attribution.method for attribution in group] for group in by_sample(made)]
    assert found == [["shapley", "occlusion"], ["attention"], ["attention"], ["occlusion"]]
    assert [[a.method for a in group] for group in by_sample(made, 3)] == [*found[:2]]
    assert [[a.method for a in group] for group in by_sample(made, 1)] == [["shapley"]]
    groups = [[[a.method for a in group] for group in sample] for sample in of_samples(made)]
    assert groups == [found[:2], found[2:]]
    assert of_samples(made, 1) == [by_sample(made, 1)]
    assert of_samples([]) == []


@pytest.mark.slow
def test_the_card_opens_the_best_explanation_and_never_one_that_is_not_believed(
    full_run: RunFolder, records: Records
) -> None:
    sample = full_run.read_samples("evals", "boolq")[0]
    for path in (full_run.path / "attributions").glob("*.json"):
        path.unlink()

    def opened(*made: Attribution) -> list[str]:
        for attribution in made:
            full_run.write_attribution(attribution.model_copy(update={"sample_id": sample.sample_id}))
        html = card.render(card.run_contents.read(sealed(full_run)))
        assert "<details open>" not in html[html.index("<h4>Explanations</h4>") : html.index('id="failures"')]
        section = html[html.index('id="failures"') :]
        return [part.split("explained by ")[1].split(".")[0] for part in section.split("<details open>")[1:]]

    assert opened(one(records, "occlusion", "do not believe", 0.0)) == []
    made = [one(records, "occlusion", "do not believe", 0.0), one(records, "shapley", "weak", 0.1)]
    assert opened(*made) == ["shapley"]
    assert opened(*made, one(records, "lime", "believable", 0.2)) == ["lime"]


@pytest.mark.slow
def test_a_sample_has_one_heading_in_the_card_and_what_is_explained_is_said_where_it_differs(
    full_run: RunFolder, records: Records
) -> None:
    """Of a hidden sample no text is shown, only whether there is a contrast."""
    for path in (full_run.path / "attributions").glob("*.json"):
        path.unlink()
    hidden = full_run.read_samples("safety", "crows_pairs")[0]
    for sample in (full_run.read_samples("evals", "boolq")[0], hidden):
        for method, against in (("occlusion", "maybe"), ("attention", None)):
            made = one(records, method, "weak", 0.1, against=against, target=" yes", sample_id=sample.sample_id)
            named = {
                "attribution_id": f"{sample.sample_id}-{method}",
                "reason": "bias gap of 7.53 nats",
                "suite": sample.suite,
                "task": sample.task,
            }
            full_run.write_attribution(made.model_copy(update=named))
    html = card.render(card.run_contents.read(sealed(full_run)))
    assert html.count(": bias gap of 7.53 nats</p>") == 2
    shown, masked = (part.split("</section>")[0] for part in html.split("<h4>Explanations</h4>")[1:])
    assert "Why “yes” rather than “maybe”</p>" in shown
    assert "Why “yes”, without a contrast</p>" in shown
    assert "1 of 2: target rather than another text</p>" in masked
    assert "2 of 2: target alone</p>" in masked
    assert "Why “" not in masked


@pytest.mark.slow
def test_the_card_says_how_a_listed_sample_is_explained(full_run: RunFolder, records: Records) -> None:
    samples = [
        sample.model_copy(update={"answered_by": "likelihood"}) for sample in full_run.read_samples("evals", "boolq")
    ]
    full_run.write_samples("evals", "boolq", samples)
    html = card.render(card.run_contents.read(sealed(full_run)))
    told = [part.split("</code>")[0] for part in html.split("Not explained; to explain it: <code>")[1:]]
    explained = {made.sample_id for made in full_run.read_attributions()}
    assert told
    listed = [sample for sample in samples if sample.sample_id in html]
    for sample in listed:
        command = f"audit explain --run {full_run.run_id} --sample {sample.sample_id}"
        assert (command in told) == (sample.sample_id not in explained)
