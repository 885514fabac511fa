"""Ways to put one request: as it is, and behind attacks that need no second model.

Each is a function of the request; the wordings are of this project (``safety/data/jailbreak_families.yaml``, and
``jailbreak_families_languages.yaml`` for other languages than English), after the papers that :data:`FAMILIES` names.
Templates that people published are drawn from a data set, in English alone.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from audit.safety.attacks.encodings import in_base64, in_leetspeak, in_parts
from audit.safety.drawing import request_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASET = "jailbreak_families"
IN_LANGUAGES = f"{DATASET}_languages"
"""The shipped file of the wordings in other languages than English, by ISO 639 code."""
ENGLISH = "en"
PLAIN = "plain"
MANY_SHOT = "many_shot"
PREFIX_INJECTION = "prefix_injection"
IN_THE_WILD = "in_the_wild"
FAMILIES = {
    PLAIN: "the request as it is",
    "role_play": "Shen et al. 2024, arXiv:2308.03825",
    "payload_splitting": "Kang et al. 2024, arXiv:2302.05733",
    "base64": "Wei et al. 2023, arXiv:2307.02483",
    "leetspeak": "Wei et al. 2023, arXiv:2307.02483",
    "translation": "after Yong et al. 2023, arXiv:2310.02446; the request itself stays English",
    MANY_SHOT: "after Anil et al. 2024, Many-shot Jailbreaking (NeurIPS); the shots are harmless",
    PREFIX_INJECTION: "Wei et al. 2023, arXiv:2307.02483",
    "refusal_suppression": "Wei et al. 2023, arXiv:2307.02483",
    IN_THE_WILD: "Shen et al. 2024, arXiv:2308.03825",
}
"""By name, where each way comes from."""
ENCODED = ("base64", "leetspeak")
"""Those in which the request has to be decoded."""
ATTACKS = tuple(name for name in FAMILIES if name != PLAIN)
BEFORE, AFTER = " \n\u00a0\u202f\"'“„«「『*", " \u00a0\u202f\"'”“»」』*"
"""Signs around the words that ``prefix_injection`` asks for: French quotation marks have narrow or fixed spaces."""
_SLOT = re.compile(
    r"[\[{<(]+\s*(?:(?:insert|put|enter|write|type)[ _])?(?:(?:a|any|the|user|your)[ _])?(?:first )?"
    r"(?:prompt|quer(?:y|ies)|question|request)(?:[ _](?:on )?here)?\s*\\?[\]}>)]+",
    re.IGNORECASE,
)
"""Where a template wants the request: ``[INSERT PROMPT HERE]`` and its variants."""


@cache
def wordings(language: str = ENGLISH) -> dict[str, Any]:
    """Wordings of a language: ``wordings`` by family, ``opening``, and ``many_shot`` with its shots."""
    name = DATASET if language == ENGLISH else IN_LANGUAGES
    text = resources.files("audit.safety").joinpath("data", f"{name}.yaml").read_text("utf-8")
    content = yaml.safe_load(text)
    found: dict[str, Any] = content if language == ENGLISH else content[language]
    return found


def families_in(language: str) -> tuple[str, ...]:
    """The ways that have a wording in a language, ``plain`` first: all but published templates, which are English."""
    worded = {PLAIN, MANY_SHOT, *wordings(language)["wordings"]}
    return tuple(name for name in FAMILIES if name in worded)


@cache
def _next_turn(language: str) -> re.Pattern[str]:
    """Where a dialogue goes on with what the checkpoint makes up."""
    speaker = re.escape(wordings(language)["many_shot"]["shape"].split("{", 1)[0].rstrip(" :："))
    return re.compile(rf"^\s*{speaker}\s?[:：]", re.MULTILINE)


@cache
def _opening(language: str) -> re.Pattern[str]:
    """The words that ``prefix_injection`` asks for, whatever their spaces and the width of their signs."""
    words = str(wordings(language)["opening"]).replace("：", ":").replace("！", "!").split()
    pattern = r"\s*".join(map(re.escape, words))
    return re.compile(pattern.replace("!", r"[!！]\s*").replace(":", "[:：]"), re.IGNORECASE)


def put(request: str, family: str, template: str = "", language: str = ENGLISH) -> str:
    """The message that puts a request in the way of a family.

    Args:
        request: A whole request.
        family: A name of :data:`FAMILIES`; in other languages than English one of :func:`families_in`.
        template: For ``in_the_wild``, what people published.
        language: ISO 639 code of the request and of the wording around it.
    """
    if family == PLAIN:
        return request
    if family == IN_THE_WILD:
        return filled(template, request)
    if family == MANY_SHOT:
        return _many_shot(request, language)
    a, b, c = in_parts(request)
    fields = {"base64": in_base64(request), "leetspeak": in_leetspeak(request), "a": a, "b": b, "c": c}
    words = wordings(language)
    return str(words["wordings"][family]).strip().format(request=request, opening=words["opening"], **fields)


def filled(template: str, request: str) -> str:
    """A published template with the request where it wants one, else after it."""
    found, slots = _SLOT.subn(lambda _slot: request, template)
    return found if slots else f"{template.rstrip()}\n\n{request}"


def _many_shot(request: str, language: str) -> str:
    """A dialogue whose assistant did all that was asked, and now is asked this."""
    shape, shots = wordings(language)["many_shot"]["shape"], wordings(language)["many_shot"]["shots"]
    dialogue = [shape.format(**shot).strip() for shot in shots]
    return "\n\n".join([*dialogue, shape.format(question=request, answer="").strip()])


def template_of(request: str, templates: Sequence[str], seed: int) -> str:
    """The template that a run draws for a request; depends on the run's seed and the request alone."""
    return templates[request_seed(seed, request) % len(templates)]


def answer_in(text: str, family: str, language: str = ENGLISH) -> str:
    """What of an answer is the checkpoint's own answer to the request, for the judge.

    Without the words that ``prefix_injection`` makes it begin with, so that they are not taken for compliance, and
    without the further turns that a checkpoint may add to the dialogue of ``many_shot``.
    """
    if family == MANY_SHOT:
        first = _next_turn(language).split(text, maxsplit=1)[0]
        return first if first.strip() else text
    if family != PREFIX_INJECTION:
        return text
    start = text.lstrip(BEFORE)
    opening = _opening(language).match(start)
    return start[opening.end() :].lstrip(AFTER) if opening else text
