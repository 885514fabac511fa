"""Copies of items, and how they are asked in place of what lm-eval made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lm_eval.api.instance import Instance

from audit.core.item_draw import choose
from audit.engine import ScoreRequest
from audit.evals.robustness.asking import PerturbingLM, copies
from audit.evals.robustness.given import Wordings
from audit.evals.robustness.option_order import NOT_SHOWN
from audit.evals.robustness.registry import PERTURBATIONS
from tests.evals.robustness.items import LETTERED, item, spans_of

if TYPE_CHECKING:
    from audit.evals.robustness.asking import Copy
    from tests.evals.conftest import Scripted

PLAIN = "Question: Which town?\nAnswer:"
SAMPLES = [item(sample_id="a"), item(PLAIN, sample_id="b", spans=spans_of(PLAIN, question="Which town?"))]
BOTH = [PERTURBATIONS["case"], PERTURBATIONS["option_order"]]


def test_copies_and_reasons() -> None:
    made = copies(SAMPLES, BOTH, Wordings(), task="towns", limit=None, seed=1)
    assert made.items == 2
    assert {name: [copy.place for copy in listed] for name, listed in made.made.items()} == {
        "case": [0, 1],
        "option_order": [0],
    }
    assert made.reasons == {"option_order": {NOT_SHOWN: 1}}
    second = made.made["case"][1]
    assert (second.before, second.prompt) == (PLAIN, "Question: which town?\nAnswer:")
    changed = [(span.name, second.prompt[span.start : span.end]) for span in second.spans if span.kind == "changed"]
    assert changed == [("Which", "which")]
    assert [span.name for span in second.spans if span.kind == "field"] == ["question"]


def test_a_limit_draws_items_and_a_larger_one_adds_to_them() -> None:
    many = [item(sample_id=str(i)) for i in range(9)]
    places = {}
    for limit in (2, 5):
        made = copies(many, BOTH[:1], Wordings(), task="towns", limit=limit, seed=3)
        places[limit] = [copy.place for copy in made.made["case"]]
        assert (made.items, places[limit]) == (limit, choose(9, limit, 3, "towns_perturbed"))
    assert {*places[2]} < {*places[5]}


def instances(prompt: str) -> list[Instance]:
    return [
        Instance(request_type="loglikelihood", doc={}, arguments=(prompt, option), idx=i, metadata=("towns", 0, 1))
        for i, option in enumerate((" A", " B", " C"))
    ]


def copy_of(name: str) -> Copy:
    return copies(SAMPLES[:1], [PERTURBATIONS[name]], Wordings(), task="towns", limit=None, seed=1).made[name][0]


def test_the_engine_is_asked_the_changed_prompt_and_the_moved_letters(scripted: Scripted) -> None:
    copy = copy_of("option_order")
    requests = instances(LETTERED)
    bare = Instance(request_type="loglikelihood", doc={}, arguments=("", " A"), idx=3, metadata=("towns", 0, 1))
    PerturbingLM(scripted, [copy]).loglikelihood([*requests, bare])
    letters = [copy.continuations[letter] for letter in (" A", " B", " C")]
    expected = [scripted.encode_pair(copy.prompt, letter, rule="exact") for letter in letters]
    assert scripted.asked[:3] == expected
    assert all(isinstance(request, ScoreRequest) for request in scripted.asked)
    assert [one.args for one in requests] == [(copy.prompt, letter) for letter in letters]  # what lm-eval will log
    assert bare.args == ("", letters[0])  # asked without its prompt: it has none to change


def test_a_prompt_that_is_another_one_now_is_not_asked_unchanged(scripted: Scripted) -> None:
    lm = PerturbingLM(scripted, [copy_of("case")])
    with pytest.raises(RuntimeError, match="another prompt of the same item each time"):
        lm.loglikelihood(instances(f"An example.\n\n{LETTERED}"))
    assert scripted.asked == []


def test_a_repeated_request_is_changed_once(scripted: Scripted) -> None:
    copy = copy_of("option_order")
    request = instances(LETTERED)[0]
    PerturbingLM(scripted, [copy]).loglikelihood([request, request])
    assert request.args == (copy.prompt, copy.continuations[" A"])


def test_generated_answers_follow_the_changed_prompt(scripted: Scripted) -> None:
    copy = copy_of("case")
    scripted.texts = [" Oslo"]
    request = Instance(
        request_type="generate_until", doc={}, arguments=(LETTERED, {"until": ["\n"]}), idx=0, metadata=("towns", 0, 1)
    )
    assert PerturbingLM(scripted, [copy]).generate_until([request]) == [" Oslo"]
    assert scripted.asked[0].prompt == copy.prompt == LETTERED.replace("Which", "which")
    assert request.args == (copy.prompt, {"until": ["\n"]})


def test_what_became_of_the_system_turn_is_known_of_copies_too(scripted: Scripted) -> None:
    copy = copy_of("case")
    lm = PerturbingLM(scripted, [copy])
    lm._system_merged.add(copy.before)
    lm.loglikelihood(instances(LETTERED))
    assert [remark.system_merged for remark in lm.remarks["towns", 0]] == [True] * 3
