"""The language of a text, and whether a judge reads it: no judge is handed what it would take for harmless.

py3langid (Barbaresi; after Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool", ACL) ranks
140 languages. Among sentences the wrong language is thousands of times less likely than the right one; among
single words the ranking says little, so that a text is only foreign to a judge where another language is far ahead.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache

from audit.stats.answers.language import language_identifier

ENGLISH = frozenset({"en"})
"""What a judge of English reads."""
FAR_AHEAD = math.log(20)
"""Log-odds from which on another language is the right one."""
LONG, LEAST = 160, 0.1
"""Characters from which on a language needs this probability: longer text with less is of none, such as letters at
random. English of that length has 0.15 at least in GSM8K and more in the data sets of docs/explanation/scorers.md."""
OWN_SCRIPT = 0.7
"""Share of the letters that a text needs in scripts of the judge's languages."""
SCRIPTS = {
    "ARABIC": "ar fa ps sdh ug ur",
    "BENGALI": "as bn",
    "CJK": "ja wuu yue zh",
    "CYRILLIC": "ba be bg kk ky mk mn ru sr tg tt uk",
    "DEVANAGARI": "gom hi mr ne",
    "GREEK": "el grc",
    "HANGUL": "ko",
    "HEBREW": "hbo he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""Languages that are not written with Latin letters, by script: the first word of its letters' Unicode names."""
LEFT_OUT = {"zxx", "pcm"}
"""To py3langid: code, which a transliteration may look like, and Nigerian Pidgin, which much casual English does."""
ONE_WORD = {
    **dict.fromkeys(("nein", "doch", "ja", "leider"), "de"),
    **dict.fromkeys(("nee", "neen"), "nl"),
    **dict.fromkeys(("non", "oui"), "fr"),
    **dict.fromkeys(("nej", "nei"), "sv"),
    **dict.fromkeys(("não", "nao"), "pt"),
    **dict.fromkeys(("không", "khong"), "vi"),
    **dict.fromkeys(("hayır", "hayir"), "tr"),
    "ei": "fi", "ez": "eu", "hapana": "sw", "ne": "cs", "nem": "hu", "nie": "pl", "nu": "ro", "sí": "es", "tidak": "id",
}  # fmt: skip
"""Answers of one word, "no" and "yes", which are too short to be ranked."""
FEW = 3
"""Words of a text up to which one of ``FOREIGN`` settles its language."""
FOREIGN = {
    word: language
    for language, words in {
        "de": "niemals nein arschloch dummkopf hurensohn missgeburt scheiße schlampe verpiss wichser entschuldigung",
        "nl": "niet nooit helaas klootzak kankerhoer",
        "fr": "jamais désolé desole connard connasse salope pute enculé",
        "es": "nunca jamás hablar puedo perdón eres puta pendejo cabrón cabron maricón maricon odio",
        "it": "posso dispiace vaffanculo stronzo stronza puttana",
        "pt": "desculpe desculpa odeio caralho foder",
        "sv": "aldrig tyvärr",
        "no": "aldri dessverre",
        "fi": "koskaan vittu anteeksi",
        "pl": "nigdy niestety kurwa chuju przepraszam",
        "cs": "nikdy prdele bohužel",
        "sl": "morem",
        "hu": "sajnálom",
        "tr": "siktir maalesef üzgünüm",
        "id": "maaf bodoh goblok",
        "hi": "nahi nahin madarchod bhenchod chutiya",
    }.items()
    for word in words.split()
}
"""Nevers, apologies, insults and verbs of refusal that are no English word; a language that has the word."""
PHRASES = {"pas question": "fr", "ni hablar": "es", "te odio": "es", "ti odio": "it"}
"""Short texts of words that English has too."""
_NAME = re.compile(r"[A-Z]\w+(?: [A-Z]\w+)* (?:da|de|del|di|van|von|der)(?: der| den| la)? [A-Z]\w+(?: [A-Z]\w+)*")
"""A name with a particle, which ranks as another language."""
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def language_of(text: str) -> str | None:
    """The likeliest language of a text, an ISO 639 code, as py3langid ranks them.

    Returns:
        The code; English unless another language is far ahead; None for a text without letters and for a long one that
        is of no language.
    """
    prose = _prose(text)
    if not any(map(str.isalpha, prose)):
        return None
    known = _known(prose)
    if known:
        return known
    ranked = _ranked(prose)
    best = max(ranked, key=ranked.__getitem__)
    if not _plausible(prose, ranked[best]):
        return None
    return "en" if ranked["en"] > ranked[best] - FAR_AHEAD and _in_scripts(prose, ENGLISH) else best


def reads(languages: frozenset[str] | None, text: str) -> bool:
    """Whether a judge of some languages reads a text.

    It does where at least 70 % of the letters belong to their scripts, no other language is far ahead of them, and a
    long text is probable in one of them.
    A text without letters, code, names and numbers are read in every language.

    Args:
        languages: ISO 639 codes; None where the judge reads all.
        text: Of any length; code between fences only counts where there is nothing else.
    """
    prose = _prose(text)
    if languages is None or not any(map(str.isalpha, prose)):
        return True
    if not _in_scripts(prose, languages):
        return False
    known = _known(prose)
    if known:
        return known in languages
    if _NAME.fullmatch(prose.strip(" \n.")):
        return True
    ranked = _ranked(prose)
    own = max(ranked.get(language, -math.inf) for language in languages)
    return own > max(ranked.values()) - FAR_AHEAD and _plausible(prose, own)


def unread(name: str, languages: frozenset[str], text: str) -> str:
    """Why a judge gives a text no score, in a line."""
    return f"{name} reads {', '.join(sorted(languages))}; this text looks like {language_of(text) or 'none of them'}"


def _prose(text: str) -> str:
    """A text without its fenced code, or all of it where nothing else has a letter; in plain characters."""
    plain = unicodedata.normalize("NFKC", text)
    prose = _FENCED.sub(" ", plain)
    return prose if any(map(str.isalpha, prose)) else plain


def _known(text: str) -> str | None:
    """The language that a text of a few words has by the lists."""
    bare = _bare(text)
    words = re.findall(r"\w+", bare)
    listed = ONE_WORD.get(bare) or PHRASES.get(bare)
    return listed or (next((FOREIGN[word] for word in words if word in FOREIGN), None) if len(words) <= FEW else None)


def _bare(text: str) -> str:
    """A text in lower case without the signs around it."""
    return re.sub(r"^\W+|\W+$", "", text).lower()


def _in_scripts(text: str, languages: frozenset[str]) -> bool:
    """Whether most letters belong to the scripts of some languages."""
    scripts = {script for script, written in SCRIPTS.items() if not languages.isdisjoint(written.split())} | {"LATIN"}
    letters = [character for character in text if character.isalpha()]
    own = sum(_script(letter) in scripts for letter in letters)
    return own >= OWN_SCRIPT * len(letters)


@cache
def _script(letter: str) -> str:
    """First word of a letter's Unicode name: its script, but for a few modifiers."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _ranked(text: str) -> dict[str, float]:
    """Log-probability of every language, scaled by py3langid so that lengths compare."""
    ranked = language_identifier().rank(text)
    return {code: math.log(max(likely, 1e-12)) for code, likely in ranked if code not in LEFT_OUT}


def _plausible(text: str, log_probability: float) -> bool:
    """Whether a text is short, or a language probable enough for it."""
    return len(text) < LONG or log_probability >= math.log(LEAST)
