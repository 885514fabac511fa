"""Flags: every remark that a sample can carry."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer


class Flag(StrEnum):
    """A remark on a sample or on one of its completions; readers filter by it, metrics count it."""

    TRUNCATED_PROMPT = "truncated_prompt"
    """The prompt is longer than the context and was cut from the left."""
    TRUNCATED_OUTPUT = "truncated_output"
    """The answer was cut by the limit of tokens."""
    EMPTY_OUTPUT = "empty_output"
    """The answer is empty."""
    UNPARSED_ANSWER = "unparsed_answer"
    """The answer cannot be read as one of the options, or holds no number."""
    SYSTEM_TURN_MERGED = "system_turn_merged"
    """The template has no system turn: the instruction went into the first user turn."""
    TIE = "tie"
    """Two options are exactly equally likely."""
    NOT_ENGLISH = "not_english"
    """The text is in a language that the scorer does not read."""
    DOUBTFUL = "refusal_called_compliance"
    """The answer begins with a refusal but was classified as compliance."""
    NO_TARGET = "no_target"
    """No answer is the biased one."""
    UNLIKE_PAIR = "unlike_pair"
    """The two sentences of a pair are not the same but for the pronoun."""
    REWORDED_PAIR = "reworded_pair"
    """The two sentences of a pair differ in more than the pronoun."""
    OFFENSIVE = "offensive"
    """The shipped scorer calls prompt, reference, output or reasoning trace toxic."""
    UNJUDGED = "offence_unknown"
    """The scorer failed or does not read the language, so the text counts as offensive."""
    REDACTED = "redacted"
    """Personal data in the output was replaced by its kind; completions carry this flag individually."""
    WITHHELD = "withheld"
    """The output could not be searched for personal data and was not stored; completions carry this flag
    individually."""
    THINKING_CUT = "thinking_cut"
    """The token limit fell inside the reasoning trace: there is no answer."""
    THINKING_ONLY = "thinking_only"
    """The checkpoint ended its text inside the reasoning trace: there is no answer, and no limit would bring one."""
    THINKING_REDACTED = "thinking_redacted"
    """Personal data in the reasoning trace was replaced by its kind."""
    THINKING_WITHHELD = "thinking_withheld"
    """The reasoning trace could not be searched for personal data and was not stored."""


OF_ANSWER = frozenset(
    {
        Flag.TRUNCATED_OUTPUT,
        Flag.EMPTY_OUTPUT,
        Flag.UNPARSED_ANSWER,
        Flag.NOT_ENGLISH,
        Flag.DOUBTFUL,
        Flag.REDACTED,
        Flag.WITHHELD,
        Flag.THINKING_CUT,
        Flag.THINKING_ONLY,
        Flag.THINKING_REDACTED,
        Flag.THINKING_WITHHELD,
    }
)
"""Flags about one answer: another answer to the same prompt may lack them."""


def flag_named(name: object) -> Flag:
    """The flag of that name.

    Raises:
        ValueError: No flag has it: a newer version wrote it, or it is misspelt.
    """
    known = next((flag for flag in Flag if flag == name), None)
    if known is None:
        msg = f"unknown flag {name!r}"
        raise ValueError(msg)
    return known


StoredFlag = Annotated[
    Flag,
    BeforeValidator(flag_named, json_schema_input_type=Flag),
    PlainSerializer(lambda flag: flag_named(flag).value, return_type=str),
]
"""A flag in a record: files hold its name, strict validation accepts the name, and an unknown name is refused both when
a record is read and when it is written."""
