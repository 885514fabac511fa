"""Own beginnings in five languages: what they are, which scorer judges them, and that none means not run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.core.records import Flag
from audit.safety import suite
from audit.safety.asking import offence
from audit.safety.own_data.shipped import shipped
from audit.safety.probes.toxicity import beginnings
from audit.safety.probes.toxicity.beginnings import DATASET, KINDS, LANGUAGES, OF_DETOXIFY, SHIPPED
from audit.safety.scorers.detoxify import MULTILINGUAL
from audit.safety.scorers.language import language_of
from audit.safety.scorers.registry import BUILT_IN
from tests.safety.probes.toxicity.reading import Insults

PROBES = {language: suite.PROBES[f"toxicity_{language}"] for language in LANGUAGES}
TOXIC = {
    "de": " dieser Abschaum soll endlich aus unserer Stadt verschwinden.",
    "en": " this scum should finally get out of our town.",
    "es": " esta escoria tiene que irse de una vez de nuestra ciudad.",
    "fr": " ces ordures doivent enfin quitter notre ville.",
    "zh": "这些人渣应该赶快滚出我们的城市。",
}
HARMLESS = {
    "de": " am Samstag ein großes Fest im Park gefeiert haben.",
    "en": " had a big party in the park on Saturday.",
    "es": " celebraron el sábado una gran fiesta en el parque.",
    "fr": " ont organisé samedi une grande fête dans le parc.",
    "zh": "星期六在公园里举办了一个很大的聚会。",
}


@pytest.fixture
def run(scripted: Any, monkeypatch: Any) -> Any:
    def go(language: str, generated: Any, scorer: Any = None, n: int = 2, limit: int | None = None) -> Any:
        if scorer:
            monkeypatch.setattr(offence, "choose_scorer", lambda _config, **_: scorer)
        task = TaskConfig(name=f"toxicity_{language}", limit=limit)
        engine = scripted(generated=generated)
        safety = SafetyConfig(tasks=[task], samples_per_prompt=n, toxicity_scorer="profanity-check")
        [result] = suite.run_probes(engine, RunConfig(safety=safety))
        return result, engine

    return go


def test_the_same_148_beginnings_in_every_language() -> None:
    items = {language: probe.load().items for language, probe in PROBES.items()}
    places = {language: [(one.kind, one.group, one.wording) for one in found] for language, found in items.items()}
    assert all(found == places["en"] for found in places.values())
    assert Counter(kind for kind, _, _ in places["en"]) == dict.fromkeys(KINDS, 74)
    assert Counter(group for _, group, _ in places["en"]) == {
        **dict.fromkeys((group for _, group, _ in places["en"]), 10),
        "none": 8,
    }
    assert len({one.group for one in items["en"]}) == 15
    texts = [one.text for found in items.values() for one in found]
    assert len(texts) == len(set(texts)) == 5 * 148
    assert not any("{" in text or text != text.strip() for text in texts)
    record = shipped(DATASET, lambda _content: ()).record
    assert (record.licence, record.source) == ("Apache-2.0", "package checkpoint-audit")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_beginnings_are_of_their_language(language: str) -> None:
    wrong = [one.text for one in PROBES[language].load().items if language_of(one.text) != language]
    assert len(wrong) <= 2
    assert all(len(text) < 30 for text in wrong)  # too short to be ranked


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_values_with_a_scorer_that_is_declared_for_the_language(run: Any, value: Any, language: str) -> None:
    def written(prompt: str, index: int) -> str:
        return (TOXIC if index and prompt in provoking else HARMLESS)[language]

    provoking = {one.text for one in PROBES[language].load().items if one.kind == "provoking"}
    result, engine = run(language, written, Insults(language))
    assert result.not_run is None
    assert len(engine.prompted) == 148
    assert value(result, "expected_max_toxicity", kind="provoking").value == pytest.approx(0.9)
    assert value(result, "expected_max_toxicity", kind="neutral").value == pytest.approx(0.1)
    whole = value(result, "toxicity_probability")
    assert (whole.value, whole.n) == (0.5, 148)
    assert whole.ci_high - whole.ci_low > 0.3  # eighteen wordings, not 148 independent items
    assert value(result, "toxicity_probability", group="roma").value == 0.5
    assert value(result, "toxic_share").value == 0.25
    assert value(result, "unscored").value == 0
    assert result.assets[-1].name == "insults"
    assert value(result, "toxic_share").settings["scorer"] == "insults"
    assert "was not measured" in value(result, "toxic_share").note
    assert {one.metric for one in result.metrics if one.primary} == {"expected_max_toxicity", "toxicity_probability"}


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_without_a_scorer_of_the_language_the_probe_is_not_run_and_says_what_to_name(run: Any, language: str) -> None:
    result, engine = run(language, lambda _prompt, _index: HARMLESS[language])
    assert (result.metrics, result.samples, engine.prompted) == ([], [], [])
    assert f"no scorer of the package reads {LANGUAGES[language]}" in result.not_run
    assert f"safety.toxicity_languages: [{language}]" in result.not_run
    assert "sequence:MODEL" in result.not_run
    assert ("detoxify:multilingual" in result.not_run) is (language in OF_DETOXIFY)


def test_no_texts_are_generated_in_advance_for_a_scorer_that_is_not_named() -> None:
    tasks = [TaskConfig(name=f"toxicity_{language}") for language in ("de", "en", "es", "zh")]
    safety = SafetyConfig(tasks=tasks)
    assert list(suite.rehearsals(RunConfig(safety=safety))) == ["toxicity_en", "toxicity_zh"]
    own = safety.model_copy(update={"toxicity_scorer": "sequence:x", "toxicity_languages": ["de"]})
    assert list(suite.rehearsals(RunConfig(safety=own))) == ["toxicity_de", "toxicity_en", "toxicity_zh"]


@pytest.mark.slow
def test_what_a_configured_scorer_does_not_read_is_not_lent_to_it(run: Any) -> None:
    """A scorer of German and English judges neither French nor Spanish, and not by chance either."""
    assert run("de", lambda _prompt, _index: HARMLESS["de"], Insults("de", "en"), limit=1)[0].not_run is None
    for language in ("es", "fr"):
        assert "insults reads de, en" in run(language, lambda *_: "x", Insults("de", "en"), limit=1)[0].not_run


@pytest.mark.slow
@pytest.mark.parametrize("language", SHIPPED)
def test_the_scorer_of_the_package_stands_in(run: Any, value: Any, language: str) -> None:
    result, _ = run(language, lambda _prompt, index: (HARMLESS, TOXIC)[index][language], Insults("it"), limit=2)
    assert result.not_run is None
    assert result.assets[-1].name == SHIPPED[language]
    assert value(result, "expected_max_toxicity").settings["scorer"] == SHIPPED[language]
    for sample in result.samples:
        harmless, toxic = (one.value for one in sample.completions)
        assert harmless < toxic
        assert sample.score == toxic


@pytest.mark.slow
def test_a_continuation_in_another_language_leaves_its_beginning_unscored(run: Any, value: Any) -> None:
    result, _ = run("de", lambda _prompt, index: (HARMLESS["de"], TOXIC["fr"])[index], Insults("de"), limit=3)
    assert value(result, "expected_max_toxicity").value is None
    assert value(result, "unscored").value == value(result, "not_english").value == 6
    assert all(sample.score is None and Flag.NOT_ENGLISH in sample.flags for sample in result.samples)
    assert all(sample.completions[0].value == 0.1 for sample in result.samples)


@pytest.mark.slow
def test_what_is_empty_is_counted_and_what_is_hostile_is_only_text(run: Any, value: Any) -> None:
    hostile = "<script>alert(1)</script> Abschaum \x1b[31m " + "das ist ein langer deutscher Satz ohne Ende " * 400
    written = {0: "", 1: hostile}
    result, _ = run("de", lambda _prompt, index: written[index], Insults("de"), limit=1)
    assert value(result, "empty_continuations").value == 2
    assert value(result, "expected_max_toxicity").value == pytest.approx(0.9)
    silent, _ = run("de", lambda *_: " ", Insults("de"), limit=1)
    assert value(silent, "expected_max_toxicity").value is None


@pytest.mark.slow
def test_a_limit_counts_beginnings_of_each_kind(run: Any) -> None:
    result, _ = run("en", lambda *_: " were there.", limit=4)
    assert Counter(sample.slices["kind"] for sample in result.samples) == dict.fromkeys(KINDS, 4)
    wordings = {one.wording for one in PROBES["en"].load().items}
    assert {sample.cluster for sample in result.samples} <= wordings
    assert len(wordings) == 18


def test_the_scorers_named_exist() -> None:
    assert set(SHIPPED.values()) <= set(BUILT_IN)
    assert MULTILINGUAL & set(LANGUAGES) == OF_DETOXIFY
    assert beginnings.NO_GROUP == "none"
