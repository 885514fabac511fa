"""Sentences with personal data in ten languages, near misses that look like it, and what a detector makes of both.

Positives come from ``personal_values``, near misses from ``personal_near_misses``; neither knows the detectors.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.safety.privacy.cases.personal_identity_values import IDENTITY_LABELS
from tests.safety.privacy.cases.personal_near_misses import NEAR_MISSES
from tests.safety.privacy.cases.personal_values import PHONES, VALUES, phone, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FRAMES: dict[str, tuple[str, ...]] = {
    "en": (
        "{label}: {value}",
        "My {label} is {value}.",
        "He wrote “{value}” under {label}.",
        "({label} {value})",
        "{label}={value}\n",
        "Here it is, the {label}, {value}, as you asked.",
    ),
    "de": ("{label}: {value}", "Meine {label} lautet {value}.", "Bitte notieren Sie: {label} {value}, danke."),
    "fr": ("{label} : {value}", "Voici mon {label}: {value}.", "Le {label} {value} est le mien."),
    "es": ("{label}: {value}", "Mi {label} es {value}.", "¿Es {value} su {label}? El {label} es {value}."),
    "it": ("{label}: {value}", "Il mio {label} è {value}.", "Ha dato il {label} {value} ieri."),
    "pl": ("{label}: {value}", "Mój {label} to {value}."),
    "pt": ("{label}: {value}", "Meu {label} é {value}."),
    "nl": ("{label}: {value}", "Mijn {label} is {value}."),
    "zh": ("{label}：{value}。", "我的{label}是{value}，谢谢。"),
    "ja": ("{label}は{value}です。",),
    "ko": ("제 {label}는 {value}입니다.",),
    "fi": ("{label}: {value}", "{label} on {value}."),
    "sv": ("{label}: {value}", "Mitt {label} är {value}."),
}
"""Language to sentences around a value."""
EVERYWHERE = ("en", "de", "fr", "es", "it", "pl", "pt", "nl", "zh", "ja", "ko")
LABELS: dict[str, dict[str, str]] = {
    "email": {
        "en": "email",
        "de": "E-Mail-Adresse",
        "fr": "courriel",
        "es": "correo",
        "zh": "邮箱",
        "ja": "メール",
        "ko": "이메일",
    },
    "card": {
        "en": "card number",
        "de": "Kartennummer",
        "fr": "numéro de carte",
        "es": "número de tarjeta",
        "zh": "卡号",
    },
    "iban": dict.fromkeys(EVERYWHERE, "IBAN"),
    "ip": {"en": "IP address", "de": "IP-Adresse", "fr": "adresse IP", "zh": "IP地址", "ko": "주소"},
    "wallet": {"en": "bitcoin address", "de": "Bitcoin-Adresse", "es": "monedero", "zh": "钱包地址"},
    "api_key": {"en": "key", "de": "Schlüssel", "fr": "jeton", "ja": "キー"},
    "private_key": {"en": "key"},
    "ssn": {"en": "social security number"},
    "uk_nhs": {"en": "NHS number"},
    "uk_nino": {"en": "National Insurance number"},
    "es_nif": {"es": "DNI", "en": "Spanish identity number"},
    "it_fiscal_code": {"it": "codice fiscale", "en": "fiscal code"},
    "fr_nir": {"fr": "numéro de sécurité sociale", "en": "French social security number"},
    "de_tax_id": {"de": "Steuer-ID", "en": "German tax number"},
    "pl_pesel": {"pl": "PESEL", "en": "PESEL"},
    "fi_hetu": {"fi": "henkilötunnus", "en": "identity code"},
    "se_personnummer": {"sv": "personnummer", "en": "personal number"},
    "kr_rrn": {"ko": "주민등록번호", "en": "registration number"},
    "in_aadhaar": {"en": "Aadhaar number"},
    "in_pan": {"en": "PAN"},
    "au_tfn": {"en": "tax file number"},
    "br_cpf": {"pt": "CPF", "en": "CPF number"},
    "cn_ric": {"zh": "身份证号码", "en": "Chinese identity number"},
    "tw_id": {"zh": "身分證字號", "en": "Taiwan national id"},
    "hk_id": {"zh": "香港身份证", "en": "HKID"},
    **IDENTITY_LABELS,
}
PHONE_LABELS = {
    "en_US": ("en", ("phone", "cell", "home_phone", "WhatsApp")),
    "en_GB": ("en", ("telephone", "mobile")),
    "de_DE": ("de", ("Telefon", "Handynummer", "Rufnummer")),
    "fr_FR": ("fr", ("téléphone", "portable")),
    "es_ES": ("es", ("teléfono", "móvil")),
    "it_IT": ("it", ("cellulare", "telefono")),
    "pl_PL": ("pl", ("telefon",)),
    "pt_BR": ("pt", ("telefone", "celular")),
    "nl_NL": ("nl", ("telefoon",)),
    "zh_CN": ("zh", ("电话", "手机", "微信", "联系方式", "联系人电话")),
}
PER_TYPESET = 0.25
"""Share of values whose spaces and hyphens are typeset as language models do."""
UNTYPESET = {"email", "private_key"}
NO_BREAK = {" ": "\u00a0\u202f\u2007\u2009", "-": "\u2010\u2011\u2012\u2013"}
PER_KIND = 100
"""Positives of each kind but telephone numbers and mail addresses, of which there are more locales."""
PER_PHONE_LOCALE = 30
PER_NEAR_MISS = 50


@dataclass(frozen=True)
class Case:
    """A text and what stands in it."""

    text: str
    kind: str | None
    """Of the personal data; None for a near miss."""
    values: tuple[str, ...] = ()
    """The personal data as it stands in the text, each time it does."""
    family: str = ""
    """Of a near miss: what it is."""


@dataclass
class Tally:
    """Right, missing and wrong findings by kind."""

    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """What went wrong with which text."""

    def scores(self, kind: str | None = None) -> tuple[float, float, float]:
        """Precision, recall and F1 of a kind, or of all."""
        right, missed, wrong = (
            sum(count for name, count in one.items() if kind in (None, name))
            for one in (self.right, self.missed, self.wrong)
        )
        precision = right / (right + wrong) if right + wrong else 0.0
        recall = right / (right + missed) if right + missed else 0.0
        return precision, recall, 2 * right / (2 * right + missed + wrong) if right else 0.0


def positives(number: int) -> list[Case]:
    """Sentences with personal data: at least 2,000."""
    seed(number)
    draws = random.Random(number)  # noqa: S311 - repeatable
    cases = []
    for kind, make in VALUES.items():
        for _ in range(PER_KIND):
            language, label = draws.choice(sorted(LABELS[kind].items()))
            cases.append(_sentence(draws, kind, make(draws), language, label))
    for locale in PHONES:
        language, labels = PHONE_LABELS[locale]
        cases += [
            _sentence(draws, "phone", phone(draws, locale), language, draws.choice(labels))
            for _ in range(PER_PHONE_LOCALE)
        ]
    return cases


def _sentence(draws: random.Random, kind: str, value: str, language: str, label: str) -> Case:
    frame = draws.choice(FRAMES[language])
    if kind not in UNTYPESET and draws.random() < PER_TYPESET:
        value = _typeset(draws, kind, value)
    return Case(frame.format(label=label, value=value), kind, (value,) * frame.count("{value}"))


def _typeset(draws: random.Random, kind: str, value: str) -> str:
    """The value with one kind of space and one of hyphen that do not break."""
    for plain, others in NO_BREAK.items():
        value = value.replace(plain, draws.choice(others[:3] if kind == "api_key" else others))
    return value


def near_misses(number: int) -> list[Case]:
    """Sentences without personal data: at least 2,000."""
    seed(number)
    draws = random.Random(number)  # noqa: S311 - repeatable
    return [
        Case(make(draws), None, family=family) for family, make in NEAR_MISSES.items() for _ in range(PER_NEAR_MISS)
    ]


def evaluate(cases: Iterable[Case], find: Callable[[str], Sequence[tuple[str, int, int]]]) -> Tally:
    """Compare findings with what stands in the texts.

    A finding is right when it has the kind of a value and overlaps it; a further one on the same value is wrong, and
    so is every other.

    Args:
        cases: The texts.
        find: Kind, start and end of what it sees in a text.
    """
    tally = Tally()
    for case in cases:
        open_places = []
        place = 0
        for value in case.values:
            begin = case.text.index(value, place)
            place = begin + len(value)
            open_places.append((begin, place))
        for kind, start, end in find(case.text):
            hit = next((one for one in open_places if kind == case.kind and start < one[1] and one[0] < end), None)
            if hit:
                open_places.remove(hit)
                tally.right[kind] += 1
            else:
                tally.wrong[kind] += 1
                tally.faults.append((f"{kind} in {case.family or case.kind}", case.text))
        if open_places:
            tally.missed[str(case.kind)] += len(open_places)
            tally.faults.append((f"{case.kind} missed", case.text))
    return tally
