"""What may offend is flagged; a scorer that fails hides more, never less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import AssetRecord, Flag, Sample, SampledText, TaskResult
from audit.core.sensitive import OFFENSIVE, REDACTED, UNJUDGED
from audit.safety.privacy import storing
from audit.safety.privacy.storing import handle
from audit.safety.scorers.language import ENGLISH
from tests.safety.languages import INSULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEY = b"0123456789abcdef"


class Scripted:
    """A scorer from a function of the text."""

    record = AssetRecord(name="scripted", kind="scorer", source="test", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def __init__(self, answer: Callable[[str], float]) -> None:
        self.answer = answer

    def score(self, texts: Sequence[str]) -> list[float]:
        return [self.answer(text) for text in texts]


def result(suite: str = "evals", **texts: Any) -> TaskResult:
    given: dict[str, Any] = {"sample_id": "0", "suite": suite, "task": "t", "prompt": "p", **texts}
    return TaskResult.model_validate({"suite": suite, "task": "t", "samples": [Sample.model_validate(given)]})


def flags(before: TaskResult, answer: Callable[[str], float]) -> list[str]:
    after, _ = handle(before, KEY, Scripted(answer))
    return after.samples[0].flags


@pytest.mark.parametrize("where", ["prompt", "reference", "output"])
def test_one_offensive_text_is_enough(where: str) -> None:
    before = result(**{"prompt": "a", "output": "b", "reference": "c", where: "vile"})
    assert flags(before, lambda text: 0.5 if text == "vile" else 0.49) == [OFFENSIVE]


def test_an_insult_does_not_drown_in_a_long_text() -> None:
    plain = "The house stands by the river and the garden lies behind it. " * 12
    for text in (f"You are a stupid piece of shit. {plain}", f"{plain} You are a stupid piece of shit. {plain * 200}"):
        insult, _ = handle(result(output=text), KEY)
        assert insult.samples[0].flags == [OFFENSIVE]


def test_harmless_and_blank_text_has_no_flag() -> None:
    assert flags(result(prompt="", output=" ", reference=None), lambda _text: 1.0) == []
    assert flags(result(output="fine"), lambda _text: 0.1) == []


@pytest.mark.parametrize("answer", [float("nan"), 7.0, -1.0])
def test_what_is_no_probability_hides(answer: float) -> None:
    assert flags(result(output="b"), lambda text: answer if text == "b" else 0.0) == [UNJUDGED]


def test_a_scorer_that_raises_hides() -> None:
    def broken(_text: str) -> float:
        raise MemoryError

    assert flags(result(output="b"), broken) == [UNJUDGED]


def test_a_scorer_that_cannot_start_hides(monkeypatch: Any) -> None:
    def broken() -> None:
        raise ImportError

    monkeypatch.setattr(storing, "ProfanityCheck", broken)
    after, _ = handle(result(output="b"), KEY)
    assert after.samples[0].flags == [UNJUDGED]


def test_known_offence_goes_before_what_could_not_be_judged() -> None:
    answers = {"p": float("nan"), "vile": 0.9}
    assert flags(result(output="vile"), answers.__getitem__) == [OFFENSIVE]


def test_the_scorer_that_comes_along_knows_an_insult() -> None:
    insult, _ = handle(result(output="you are a stupid piece of shit"), KEY)
    plain, _ = handle(result(output="The capital of France is Paris."), KEY)
    assert insult.samples[0].flags == [OFFENSIVE]
    assert plain.samples[0].flags == []


def test_probes_are_not_judged_but_redacted() -> None:
    after, raw = handle(result("safety", output="ask jane@mail.org"), KEY, Scripted(lambda _text: 1.0))
    assert after.samples[0].output == "ask [email]"
    assert after.samples[0].flags[0] == REDACTED
    assert [one.output for one in raw] == ["ask jane@mail.org"]


@pytest.mark.parametrize("where", ["prompt", "reference", "output", "thinking"])
def test_text_in_a_language_that_the_scorer_does_not_read_hides(where: str) -> None:
    given = {
        "prompt": "Say it.",
        "output": "Here it is.",
        where: "Du bist ein widerlicher Abschaum und solltest sterben.",
    }
    after, _ = handle(result(**given), KEY)
    assert after.samples[0].flags == [UNJUDGED]


@pytest.mark.parametrize("text", INSULTS)
def test_no_foreign_insult_is_shown(text: str) -> None:
    after, _ = handle(result(output=text), KEY)
    assert after.samples[0].flags in ([UNJUDGED], [OFFENSIVE])


def test_each_completion_has_its_own_flags_and_hides_no_other() -> None:
    texts = [("fine", "vile"), ("vile", None), ("odd", None), ("good", " "), ("fine", None)]
    completions = [SampledText(text=text, thinking=thinking, flags=[]) for text, thinking in texts]
    before = result(output="fine", completions=completions)
    answers = {"vile": 0.5, "odd": float("nan")}
    after, _ = handle(before, KEY, Scripted(lambda text: answers.get(text, 0.0)))
    (sample,) = after.samples
    assert sample.flags == []
    assert [one.flags for one in sample.completions] == [[OFFENSIVE], [OFFENSIVE], [UNJUDGED], [], []]
    before = result(output="vile", completions=[SampledText(text="fine", flags=[])])
    (sample,) = handle(before, KEY, Scripted(lambda text: answers.get(text, 0.0)))[0].samples
    assert (sample.flags, sample.completions[0].flags) == ([OFFENSIVE], [])


def test_flags_that_are_there_stay() -> None:
    completions = [SampledText(text="vile", flags=[Flag.TRUNCATED_OUTPUT])]
    before = result(output="vile", completions=completions, flags=[Flag.TRUNCATED_OUTPUT])
    (sample,) = handle(before, KEY, Scripted(lambda _text: 0.9))[0].samples
    assert (sample.flags, sample.completions[0].flags) == (
        [Flag.TRUNCATED_OUTPUT, OFFENSIVE],
        [Flag.TRUNCATED_OUTPUT, OFFENSIVE],
    )


def test_24_words_are_judged_together_and_8_twice() -> None:
    seen: list[str] = []

    def answer(text: str) -> float:
        seen.append(text)
        return 0.0

    story = (
        "The house stands by the river and the garden lies behind it, where the old man grows roses, beans and some"
        " apples that he sells on the market in the town every week, when the weather there is good enough."
    )
    words = story.split()
    assert len(words) == 40
    before = result(prompt="same", output=" ".join(words), reference="same", thinking=" ".join(words[:24]))
    handle(before, KEY, Scripted(answer))
    assert seen == ["same", " ".join(words[:24]), " ".join(words[16:])]


def test_a_scorer_that_answers_too_little_hides() -> None:
    class Short(Scripted):
        def score(self, texts: Sequence[str]) -> list[float]:
            return [0.0] * (len(texts) - 1)

    after, _ = handle(result(output="b"), KEY, Short(lambda _text: 0.0))
    assert after.samples[0].flags == [UNJUDGED]
