"""Sentences against the Golden Rules of the Pragmatic Segmenter (MIT) and examples of many scripts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.reasoning.sentences import sentence_ends

# Each is one text, given as its sentences. Left out of the published rules: lists in one line without marks between
# their items, "Yahoo!" as a name, and two of ellipses and quotes.
GOLDEN = [
    ["Hello World.", "My name is Jonas."],
    ["What is your name?", "My name is Jonas."],
    ["There it is!", "I found it."],
    ["My name is Jonas E. Smith."],
    ["Please turn to p. 55."],
    ["Were Jane and co. at the party?"],
    ["They closed the deal with Pitt, Briggs & Co. at noon."],
    ["Let's ask Jane and co.", "They should know."],
    ["They closed the deal with Pitt, Briggs & Co.", "It closed yesterday."],
    ["I can see Mt. Fuji from here."],
    ["St. Michael's Church is on 5th st. near the light."],
    ["That is JFK Jr.'s book."],
    ["I visited the U.S.A. last year."],
    ["I live in the E.U.", "How about you?"],
    ["I live in the U.S.", "How about you?"],
    ["I work for the U.S. Government in Virginia."],
    ["I have lived in the U.S. for 20 years."],
    ["She has $100.00 in her bag."],
    ["She has $100.00.", "It is in her bag."],
    ["He teaches science (He previously worked for 5 years as an engineer.) at the local University."],
    ["Her email is Jane.Doe@example.com.", "I sent her an email."],
    ["The site is: https://www.example.50.com/new-site/awesome_content.html.", "Please check it out."],
    ["She turned to him, 'This is great.' she said."],
    ['She turned to him, "This is great." she said.'],
    ['She turned to him, "This is great."', "She held the book out to show him."],
    ["Hello!!", "Long time no see."],
    ["Hello??", "Who is there?"],
    ["Hello!?", "Is that you?"],
    ["Hello?!", "Is that you?"],
    ["1.) The first item.", "2.) The second item."],
    ["1) The first item.", "2) The second item."],
    ["1. The first item.", "2. The second item."],
    ["You can find it at N°. 1026.253.553.", "That is where the treasure is."],
    ["We make a good team, you and I.", "Did you see Albert I. Jones yesterday?"],
    ["Thoreau argues that by simplifying one’s life, “the laws of the universe will appear less complex. . . .”"],
    ["indicate the end of the sentence with a period . . . .", "Next sentence."],
    ["I never meant that....", "She left the store."],
    [
        "„Ich habe heute keine Zeit“, sagte die Frau und flüsterte leise: „Und auch keine Lust.“",
        "Wir haben 1.000.000 Euro.",
    ],
    ["Es gibt Maßnahmen, z. B. ist es sehr empfehlenswert, dass Du ihn liest."],
    ["Was sind die Konsequenzen der Abstimmung vom 12. Juni?"],
    ["„Lass uns jetzt essen gehen!“, sagte die Mutter zu ihrer Freundin, „am besten zum Italiener.“"],
    ["1. Dies ist eine Punkteliste."],
    ["Wir trafen Dr. med. Meyer in der Stadt."],
    ["Frau Prof. Schulze ist z. Z. nicht da."],
    ["Sie erhalten ein neues Bank-Statement bzw. ein neues Schreiben."],
    ["Das finden Sie auf S. 225."],
    ["Wir benötigen Zeitungen, Zeitschriften u. Ä. für unser Projekt."],
    ["Dies ist meine Adresse: Dr. Meier, Berliner Str. 5, 21234 Bremen."],
    [
        "• 3. Seien Sie achtsam bei der Auswahl der Nahrungsmittel!",
        "• 4. Nehmen Sie zusätzlich Folsäurepräparate und essen Sie Fisch!",
    ],
    ["Ce modèle permet d’afficher le texte « LL.AA.II.RR. »."],
    ["Les derniers ouvrages de Intercept Ltd. sont ici."],
    ["¿Cómo está hoy?", "Espero que muy bien."],
    ["Hola Srta. Ledesma.", "Buenos días, soy el Lic. Naser Pastoriza, y él es mi padre, el Dr. Naser."],
    ["¡La casa cuesta $170.500.000,00!", "¡Muy costosa!", "Se prevé una disminución del 12.5% para el próximo año."],
    ["«Ninguna mente extraordinaria está exenta de un toque de demencia.», dijo Aristóteles."],
    ["1 + 1 es 2.", "2 + 2 es 4.", "El auto es de color rojo."],
    ["El corredor No. 103 arrivó 4°."],
    ["我们明天一起去看《摔跤吧！爸爸》好吗？", "好！"],
    ["良かったね！", "すごい！"],
    [
        "自民党は、「引き下げ幅は３．２９％以上を目指すことになる」と指摘していて、盛り込むことにしています。",
        "２％台後半を目指す方向に入りました。",
    ],
    ["Маленькая девочка бежала и кричала: «Не видали маму?»."],
    ["Уважаемый проф. Семенов!", "Просьба до 20.10 сдать отчет на кафедру."],
    [
        'Л.Н. Толстой написал "Войну и мир".',
        "Кроме Волконских, Л. Н. Толстой состоял в близком родстве с некоторыми другими аристократическими родами.",
    ],
    ["Виктор съел пол-лимона и ушел по-английски из дома на ул. 1 Мая."],
]
SCRIPTS = {
    "Hindi": ["यह पहला वाक्य है। ", "यह दूसरा वाक्य है॥ ", "क्या यह तीसरा है? ", "हाँ।"],
    "Urdu": ["یہ پہلا جملہ ہے۔ ", "کیا یہ دوسرا ہے؟ ", "ہاں۔"],
    "Arabic": ["هذه جملة عربية. ", "أليس كذلك؟ ", "نعم!"],
    "Burmese": ["ဒါက ပထမ၊ ဝါကျ ဖြစ်တယ်။ ", "ဒါက ဒုတိယ။"],
    "Khmer": ["ខ្ញុំទៅផ្សារ។ ", "គាត់នៅផ្ទះ។"],
    "Amharic": ["ሰላም ነው። ", "እንዴት ነህ፧ ", "ደህና ነኝ።"],
    "Armenian": ["Առաջին նախադասություն։ ", "Երկրորդ։"],
    "Bengali": ["এটি প্রথম বাক্য। ", "এটি দ্বিতীয়।"],
    "Tibetan and lines": ["བོད་ཡིག།\n", "གཉིས་པ།"],
    "Chinese": [
        "请看这里。",
        "他走了。",
        '"这是对的。"',
        "他说。",
        "“对。”",
        "【注意！】",
        "（完。）",
        "〈好。〉",
        "好？！",
        "行。",
    ],
    "Chinese titles": ["我们去看《摔跤吧！爸爸》好吗？", "好！"],
    "Japanese": ["「六。」", "『行くぞ！』。", '彼は"はい。"', "３．２％です。", "次。"],
    "Korean": ["첫 문장입니다. ", "둘째 문장입니까? ", "네."],
    "Greek": ["Ο κ. Παπαδόπουλος ήρθε. ", "Έφυγε."],
    "French": ["« Bonjour ! » dit-il. ", "M. Dupont est là. ", "Qui\u00a0?\u00a0» ", "Oui."],
}


def sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text)]
    return [text[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize("expected", GOLDEN, ids=range(len(GOLDEN)))
def test_the_golden_rules(expected: list[str]) -> None:
    assert [one.strip() for one in sentences(" ".join(expected))] == expected


@pytest.mark.parametrize("expected", SCRIPTS.values(), ids=SCRIPTS)
def test_sentences_of_many_scripts(expected: list[str]) -> None:
    assert sentences("".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. Smith met Mr. Jones in the U.S. Senate. ", "He left at 5 p.m. on Jan. 3."],
        ["1. First item\n", "2. Second item\n", "A. apple\n", "iv. Last"],
        ["J. R. R. Tolkien wrote it. ", "See Fig. 3 and No. 5, e.g. this one, i.e. That. ", "No. ", "He left."],
        ["It cost 3.5 dollars in 1990. ", "Is it? ", "(Yes.) ", "[Sic.] ", "“Stop!” ", "He did."],
        ["We saw the sun. ", "Birds sang. ", "She sat. ", "Max laughed at Ed. ", "Mary left."],
        ["Am 3. Januar kam Dr. Müller z.B. nach Berlin. ", "Er blieb."],
        ["i went home. ", "then i slept."],  # without capitals nothing says that a sentence goes on
        ["We slept... and left. ", "We slept... ", "Then we left."],
    ],
)
def test_abbreviations_initials_numbers_and_closing_marks(expected: list[str]) -> None:
    assert sentences("".join(expected)) == expected


@given(st.text(alphabet=st.sampled_from("aB1 .!?…\"'”)»。！》《「」।۔\n\u0e01")))
def test_sentences_tile_any_text(text: str) -> None:
    assert "".join(sentences(text)) == text
    assert all(sentences(text))


@pytest.mark.parametrize("unit", ['。"', '."', "Dr. ", "a. ", "…)", "《", "。' ", "\n", "!"])
def test_long_runs_are_tiled(unit: str) -> None:
    """A search that goes back over the run would not end in any time that a reader waits."""
    text = unit * 30_000 + "x"
    assert "".join(sentences(text)) == text
