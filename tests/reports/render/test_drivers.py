"""What drives answers, as rows and sentences, on the card and in JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import DrivenAnswers, Driver, Drivers
from audit.reports import contents as run_contents
from audit.reports.render.card import render
from audit.reports.render.drivers import rows, sentences
from tests.sealing import sealed

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

HOSTILE = "<script>\x1b[31m\u202e"


def a_driver(name: str, q: float = 0.04, **fields: Any) -> Driver:
    given = {"kind": "word", "samples": 7, "mean_value": 0.5, "mean_rank": 0.8, "p": q / 2, **fields}
    return Driver(name=name, q=q, **given)


def some() -> Drivers:
    """One group with everything, the others each with another reason why nothing was found."""
    found = [
        a_driver("nurse", 0.0001, mean_value=1.25),
        a_driver(HOSTILE),
        a_driver("vile", hidden=True),
        a_driver("chance", 0.2),
        a_driver("question", 0.1, kind="part"),
    ]
    return Drivers(
        method="occlusion",
        asked=20,
        groups=[
            DrivenAnswers(answers="error", samples=20, tested=found, failures=["evals/boolq/1: too long"]),
            DrivenAnswers(answers="right answer", samples=9, tested=[]),
            DrivenAnswers(answers="bias gap", samples=4, tested=[]),
            DrivenAnswers(answers="harmful output", samples=0, tested=[]),
        ],
    )


def test_each_kind_of_answer_has_its_sentence() -> None:
    assert sentences(some()) == [
        "Errors: 20 samples; 4 words and 1 part tested, 4 found to drive them; 1 sample could not be explained.",
        "Right answers: 9 samples; no word or part occurs in 5 of them.",
        "Bias gaps: 4 samples, too few: it takes 5 samples to test a word or part.",
        "Harmful outputs: no sample to explain.",
    ]
    none = DrivenAnswers(answers="error", samples=20, tested=[a_driver("chance", 0.2)])
    assert sentences(Drivers(method="occlusion", asked=20, groups=[none])) == [
        "Errors: 20 samples; 1 word tested, none found to drive them."
    ]


def test_rows_are_what_was_found_and_hidden_words_apart() -> None:
    shown = rows(some(), hidden=False)
    assert [(row.name, row.kind, row.q) for row in shown] == [
        ("nurse", "word", "< 0.001"),
        (HOSTILE, "word", "0.040"),
        ("question", "part", "0.100"),
    ]
    assert (shown[0].answers, shown[0].samples, shown[0].value) == ("errors", 7, "1.250")
    assert [row.name for row in rows(some(), hidden=True)] == ["vile"]


@pytest.mark.slow
def test_the_card_shows_them_with_hidden_words_folded(full_run: RunFolder) -> None:
    assert 'id="drivers"' not in render(run_contents.read(sealed(full_run)))
    full_run.write_drivers(some())
    html = render(run_contents.read(sealed(full_run)))
    assert '<a href="#drivers">' in html
    section = html[html.index('<section class="panel" id="drivers"') :]
    section = section[: section.index("</section>")]
    for text in ("Right answers: 9 samples", "nurse", "1.250", "&lt; 0.001", "question", "nats"):
        assert text in section, text
    assert "chance<" not in section
    assert "<script" not in section
    assert not {"\x1b", "\u202e"} & set(section)
    [start] = [match.start() for match in re.finditer("vile", section)]
    assert section[:start].rfind('<details class="masked">') > section[:start].rfind("</details>")
    assert html.count("vile") == 1


@pytest.mark.slow
def test_the_card_tells_what_would_change_a_choice(full_run: RunFolder) -> None:
    from audit.core.records import Counterfactual, CounterfactualSearch

    [made] = full_run.read_attributions()
    change = Counterfactual(change="removal", features=(0,), after=" maybe", proof="smallest", context_ids=(1, 2))
    search = CounterfactualSearch(answer=made.target, found=[change], complete=0, evaluations=9)
    full_run.write_attribution(made.model_copy(update={"counterfactual": search}))
    assert full_run.read_attributions()[0].counterfactual == search
    html = render(run_contents.read(sealed(full_run)))
    assert f"Without “{made.features[0].text.strip()}” it would choose “maybe” instead of" in html
