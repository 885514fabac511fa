"""What a second engine says about answers of the first, with every kind of fault."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.config import CertificateBounds
from audit.core.records import Certificate
from audit.engine import GenerateRequest, load
from audit.engine.foreign.second_answers import KeptAnswers, RepeatedAnswers, WeightsAnswers
from audit.engine.journal import Journal
from audit.engine.requests import Completion, Generation
from tests.engine.checkpoints import change_weights
from tests.engine.foreign.double import ForeignDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.engine import Engine

TEXTS = [f"Question: how many apples are in basket {number}?" for number in range(20)]


@pytest.fixture(scope="module")
def local(tiny_model: Path) -> Engine:
    return load(str(tiny_model))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.sqlite")
    yield made
    made.close()


def ask(engine: Engine) -> None:
    """A run: options are scored, texts written, with the chat template if there is one."""
    engine.score([engine.encode_pair(text, f" Answer: {option}") for text in TEXTS for option in ("Paris", "a dog")])
    prompts = [engine.apply_chat_template([{"role": "user", "content": text}]) for text in TEXTS]
    engine.generate([GenerateRequest(prompt, max_new_tokens=8, stop=("z",)) for prompt in prompts])


def certificate_of(again: WeightsAnswers) -> Certificate:
    found = Certificate(against="weights", source="x", seed=0, **again.tally.figures)
    return found.model_copy(update={"faults": CertificateBounds().faults(found)})


def certified(served: ForeignDouble, second: Engine, journal: Journal) -> Certificate:
    with served.at_work(served.progress, journal):
        ask(served)
    again = WeightsAnswers(served, second, journal)
    ask(again)
    return certificate_of(again)


def test_the_same_engine_is_certified_without_a_difference(local: Engine, journal: Journal) -> None:
    found = certified(ForeignDouble(local), local, journal)
    assert found.faults == []
    assert (found.requests, found.absent, found.failed) == (60, 0, 0)
    assert found.largest is not None
    assert found.largest < 1e-4
    assert found.places > 0
    assert found.text_tokens > 60
    assert found.flipped_places == found.flipped_text_tokens == 0


FAULTS = {
    "stale": "|Δ log p|",
    "shifted": "|Δ log p|",
    "truncated": "no answer",
    "missing": "no answer",
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.items())
def test_faults_of_an_engine_are_found(fault: str, words: str, local: Engine, journal: Journal) -> None:
    found = certified(ForeignDouble(local, fault), local, journal)
    assert words in "; ".join(found.faults)
    assert "DOES NOT HOLD" in found.line


def test_texts_that_end_early_are_found(local: Engine, journal: Journal) -> None:
    found = certified(ForeignDouble(local, "truncated"), local, journal)
    assert any("tokens of greedy texts" in fault for fault in found.faults)


def test_another_models_answers_are_found(local: Engine, tiny_model: Path, tmp_path: Path, journal: Journal) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "other")
    change_weights(folder, lambda weights: {name: tensor.flip(0).contiguous() for name, tensor in weights.items()})
    found = certified(ForeignDouble(load(str(folder))), local, journal)
    assert any("|Δ log p|" in fault for fault in found.faults)
    assert found.flipped_text_tokens > 0.05 * found.text_tokens


def test_another_chat_template_is_found(local: Engine, tiny_model: Path, tmp_path: Path, journal: Journal) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "other")
    for file in folder.glob("*.jinja"):
        file.write_text(file.read_text().replace("[assistant] ", "[model] "))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    if "chat_template" in settings:
        settings["chat_template"] = settings["chat_template"].replace("[assistant] ", "[model] ")
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    found = certified(ForeignDouble(load(str(folder))), local, journal)
    assert any("other prompts or tokens" in fault for fault in found.faults)


def test_a_chat_endpoint_is_read_behind_the_template_of_the_weights(local: Engine, journal: Journal) -> None:
    class Chatting(ForeignDouble):
        @property
        def applies_chat_template(self) -> bool:
            return True

        @property
        def has_chat_template(self) -> bool:
            return False

        def generate(self, requests):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            template = self.inner.apply_chat_template
            asked = [template([{"role": "user", "content": one.prompt}]) for one in requests]
            made = self.inner.generate([GenerateRequest(one, max_new_tokens=8) for one in asked])
            import dataclasses

            from audit.engine.answering import key_of

            rows = zip(requests, made, strict=True)
            self.journal.write(
                (key_of(self.identity("generate"), request), json.dumps(dataclasses.asdict(answer)))
                for request, answer in rows
            )
            return made

    served = Chatting(local)
    requests = [GenerateRequest(text, max_new_tokens=8) for text in TEXTS[:5]]
    with served.at_work(served.progress, journal):
        served.generate(requests)
    again = WeightsAnswers(served, local, journal)
    assert not again.has_chat_template
    again.generate(requests)
    assert again.tally.requests == 5
    assert again.tally.flipped_text_tokens == 0


def test_sampled_texts_are_those_of_the_run_and_not_compared(local: Engine, journal: Journal) -> None:
    served = ForeignDouble(local)
    requests = [GenerateRequest(text, max_new_tokens=4, temperature=1.0) for text in TEXTS[:3]]
    with served.at_work(served.progress, journal):
        texts = served.generate(requests)
    again = WeightsAnswers(served, local, journal)
    assert again.generate(requests) == texts
    assert (again.tally.not_compared, again.tally.requests) == (3, 0)
    assert "no request could be compared" in certificate_of(again).faults


def test_kept_answers_lack_what_the_run_was_not_asked(local: Engine, journal: Journal) -> None:
    served = ForeignDouble(local)
    kept = KeptAnswers(served, local, journal)
    request = local.encode_pair("one", " two")
    assert kept.score([request])[0].error
    assert kept.generate([GenerateRequest("one")])[0].error
    with served.at_work(served.progress, journal):
        (first,) = served.score([request])
    assert kept.score([request]) == [first]
    with pytest.raises(AssertionError):
        _ = kept.model


def test_a_repeat_asks_again_in_other_batches(local: Engine, journal: Journal) -> None:
    served = ForeignDouble(local)
    with served.at_work(served.progress, journal):
        ask(served)
    first, served.batches = served.batches, []
    again = RepeatedAnswers(served, journal, seed=1)
    ask(again)
    assert first == [40]
    assert served.batches == [14, 13, 13]
    found = certificate_of(again)
    assert found.faults == []
    assert found.requests == 60


@pytest.mark.parametrize("fault", ["stale", "missing"])
def test_a_repeat_finds_answers_that_depend_on_their_company(fault: str, local: Engine, journal: Journal) -> None:
    served = ForeignDouble(local, fault)
    with served.at_work(served.progress, journal):
        ask(served)
    again = RepeatedAnswers(served, journal, seed=1)
    ask(again)
    assert certificate_of(again).faults


def test_a_repeat_compares_texts_up_to_their_first_difference(local: Engine, journal: Journal) -> None:
    served = ForeignDouble(local)
    with served.at_work(served.progress, journal):
        ask(served)
    served.fault = "truncated"
    again = RepeatedAnswers(served, journal, seed=1)
    ask(again)
    assert 0 < again.tally.flipped_text_tokens <= 20


def test_an_empty_text_that_its_limit_cut_is_not_taken_as_read(local: Engine, journal: Journal) -> None:
    requests = [GenerateRequest(text, max_new_tokens=4) for text in TEXTS[:3]]
    empty = Completion((Generation("", finish_reason="length", token_count=4),))
    again = WeightsAnswers(ForeignDouble(local), local, journal)
    written = again._compare(requests, [empty] * 3)
    assert all(one is not None and one.generations[0].text for one in written)
    assert (again.tally.text_tokens, again.tally.flipped_text_tokens) == (3, 3)
