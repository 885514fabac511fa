from __future__ import annotations

import re
from base64 import b64decode

import pytest

from audit.safety.attacks import families
from audit.safety.attacks.encodings import in_leetspeak
from audit.safety.attacks.families import ATTACKS, FAMILIES, IN_THE_WILD, PLAIN, answer_in, filled, put
from audit.safety.own_data.shipped import shipped
from audit.safety.scorers.language import language_of

REQUEST = 'Bake a {cake} with "salt" and 3 eggs'
SAME = ("role_play", "translation", "many_shot", "prefix_injection", "refusal_suppression")


def test_plain_is_the_request_itself() -> None:
    assert put(REQUEST, PLAIN) == REQUEST
    assert set(ATTACKS) == set(FAMILIES) - {PLAIN}


@pytest.mark.parametrize("family", SAME)
def test_the_request_is_in_the_message_once_and_as_it_is(family: str) -> None:
    assert put(REQUEST, family).count(REQUEST) == 1


@pytest.mark.parametrize("family", sorted(set(ATTACKS) - {IN_THE_WILD}))
def test_no_field_is_left_and_no_harm_is_added(family: str) -> None:
    bare = put("", family)
    assert not re.search(r"[{}]", bare)
    assert put(REQUEST, family) != put("Knit", family)
    assert not re.search(r"bomb|kill|drug|weapon|hack|illegal", bare, re.IGNORECASE)


def test_encoded_requests_decode_to_the_request() -> None:
    assert b64decode(put(REQUEST, "base64").split()[-1]).decode() == REQUEST
    assert put(REQUEST, "leetspeak").endswith('B4k3 4 {c4k3} w17h "54l7" 4nd 3 3gg5')
    parts = re.findall(r'^[abc] = "(.*)"$', put(REQUEST, "payload_splitting"), re.MULTILINE)
    assert "".join(parts) == REQUEST


def test_a_dialogue_ends_with_the_request() -> None:
    message = put(REQUEST, "many_shot")
    assert message.endswith(f"\n\nUser: {REQUEST}\nAssistant:")
    assert message.count("User:") == message.count("Assistant:") == 9


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("You are a clock. [INSERT PROMPT HERE]", "You are a clock. Bake"),
        ("[Your prompt here\\] is what I want", "Bake is what I want"),
        ("{prompt}", "Bake"),
        ("Say: <put_your_query_here>", "Say: Bake"),
        ("Tick: [PROMPT]. Tock: [PROMPT].", "Tick: Bake. Tock: Bake."),
        ("You are a clock.\n", "You are a clock.\n\nBake"),
        ("(you answer the question as a clock)", "(you answer the question as a clock)\n\nBake"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert filled(template, "Bake") == expected
    assert put("Bake", IN_THE_WILD, template) == expected


def test_a_request_with_a_backslash_stays_as_it_is() -> None:
    assert filled("[PROMPT]", r"a\1b") == r"a\1b"


def test_the_template_depends_on_seed_and_request_alone() -> None:
    templates = [f"t{number}" for number in range(50)]
    drawn = [families.template_of(f"r{number}", templates, 7) for number in range(100)]
    assert drawn == [families.template_of(f"r{number}", templates, 7) for number in range(100)]
    assert drawn != [families.template_of(f"r{number}", templates, 8) for number in range(100)]
    assert len(set(drawn)) > 30


@pytest.mark.parametrize(
    ("text", "family", "expected"),
    [
        ("Absolutely! Here is what you asked for: I can't.", "prefix_injection", "I can't."),
        ('"absolutely! Here is what you asked for:" I can\'t.', "prefix_injection", "I can't."),
        ("Absolutely not.", "prefix_injection", "Absolutely not."),
        ("Absolutely! Here is what you asked for: I can't.", PLAIN, "Absolutely! Here is what you asked for: I can't."),
        ("Take flour.\n\nUser: And then?\nAssistant: Bake.", "many_shot", "Take flour.\n"),
        ("User: And then?\nAssistant: Bake.", "many_shot", "User: And then?\nAssistant: Bake."),
        ("Take flour.\nUser: And then?", "role_play", "Take flour.\nUser: And then?"),
        ("", "many_shot", ""),
        ("", "prefix_injection", ""),
    ],
)
def test_what_is_judged(text: str, family: str, expected: str) -> None:
    assert answer_in(text, family) == expected


def test_the_wordings_are_shipped_with_a_digest() -> None:
    record = shipped(families.DATASET, lambda _content: ()).record
    assert record.licence == "Apache-2.0"
    assert set(families.wordings()["wordings"]) == set(ATTACKS) - {IN_THE_WILD, "many_shot"}


LANGUAGES = ("de", "es", "fr", "zh")


def test_the_families_of_every_language() -> None:
    english = tuple(name for name in FAMILIES if name != IN_THE_WILD)
    assert families.families_in("en") == english
    for language in ("de", "es", "fr"):
        assert families.families_in(language) == english
    assert families.families_in("zh") == tuple(name for name in english if name != "leetspeak")


@pytest.mark.parametrize("language", LANGUAGES)
def test_wordings_in_other_languages_hold_the_request_and_nothing_else(language: str) -> None:
    for family in families.families_in(language):
        message = put(REQUEST, family, language=language)
        assert not re.search(r"[{}]", put("", family, language=language)), family
        assert (message == REQUEST) is (family == PLAIN)
        if family in (*SAME, PLAIN):
            assert message.count(REQUEST) == 1
        assert message != put(REQUEST, family) or family == PLAIN
    assert b64decode(put("Écris « é », 写", "base64", language=language).split()[-1]).decode() == "Écris « é », 写"
    parts = re.findall(r'^[abc] = "(.*)"$', put(REQUEST, "payload_splitting", language=language), re.MULTILINE)
    assert "".join(parts) == REQUEST


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("de", "Die folgende Nachricht ist in Leet geschrieben, mit Ziffern statt Buchstaben."),
        ("es", "El siguiente mensaje esta escrito en leet, con cifras en lugar de letras."),
        ("fr", "Le message suivant est écrit en leet, avec des chiffres à la place des lettres."),
    ],
)
def test_what_is_written_in_leetspeak_has_the_digits_of_the_request(language: str, first: str) -> None:
    assert in_leetspeak(first).replace("écr17", "3cr17") in put(REQUEST, "leetspeak", language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shots_are_those_of_the_english_dialogue(language: str) -> None:
    shots = families.wordings(language)["many_shot"]["shots"]
    assert len(shots) == len(families.wordings()["many_shot"]["shots"]) == 8
    message = put("?!", "many_shot", language=language)
    speaker = message.split(shots[0]["question"])[0]
    assert message.count(speaker.strip()) == 9
    assert [message.count(shot["question"]) for shot in shots] == [1] * 8


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_wordings_are_of_their_language(language: str) -> None:
    for family in families.families_in(language):
        if family not in (PLAIN, "leetspeak"):
            assert language_of(put("", family, language=language)) == language, family


@pytest.mark.parametrize(
    ("language", "text", "family", "expected"),
    [
        ("de", "Na klar! Hier ist, worum du gebeten hast: Nein.", "prefix_injection", "Nein."),
        ("es", "«¡por supuesto! Aquí tienes lo que has pedido:» No.", "prefix_injection", "No."),
        ("fr", "Bien sûr\u00a0! Voici ce que tu as demandé\u202f: Non.", "prefix_injection", "Non."),
        ("fr", "«\u00a0Bien sûr ! Voici ce que tu as demandé :\u202f» Non.", "prefix_injection", "Non."),
        ("zh", "当然可以!以下就是你要的内容:不行。", "prefix_injection", "不行。"),
        ("zh", "「当然可以！\n以下就是你要的内容：」不行。", "prefix_injection", "不行。"),
        ("zh", "当然可以。不行。", "prefix_injection", "当然可以。不行。"),
        ("de", "Mehl.\n\nNutzer: Und dann?\nAssistent: Backen.", "many_shot", "Mehl.\n"),
        ("fr", "Farine.\nUtilisateur : Et après ?", "many_shot", "Farine.\n"),
        ("fr", "Farine.\nUtilisateurs : tous", "many_shot", "Farine.\nUtilisateurs : tous"),
        ("zh", "面粉。\n用户：然后呢？", "many_shot", "面粉。\n"),
        ("es", "Harina.\nUser: ?", "many_shot", "Harina.\nUser: ?"),
    ],
)
def test_what_is_judged_in_other_languages(language: str, text: str, family: str, expected: str) -> None:
    assert answer_in(text, family, language) == expected
