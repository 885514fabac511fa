"""Whether an answer follows an instruction, strictly or loosely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.evals.instructions.counts import COUNTS
from audit.evals.instructions.formats import FORMATS
from audit.evals.instructions.ifeval import IFEVAL
from audit.evals.instructions.kinds import NotCheckable
from audit.evals.instructions.requests import REQUESTS
from audit.evals.instructions.words import WORDS

if TYPE_CHECKING:
    from audit.evals.instructions.kinds import Arguments

CHECKERS = {**COUNTS, **WORDS, **FORMATS, **REQUESTS}
"""The checker of each instruction of IFBench."""
_ALL = {**CHECKERS, **IFEVAL}
"""Also those of IFEval; no name is in both."""
_NO_WORD = "-"
"""In place of a blank answer: were that one wrong where all others have no score, the mean would be too low."""


def follows(answer: str, instruction: str, arguments: Arguments) -> bool:
    """Whether an answer follows an instruction; a blank one follows none.

    Args:
        answer: What the checkpoint wrote.
        instruction: Name of the instruction, ``count:numbers``.
        arguments: Its arguments.

    Raises:
        NotCheckable: There is no such instruction, or its checker needs what is not available here.
    """
    if instruction not in _ALL:
        msg = "is no instruction that is known here"
        raise NotCheckable(msg)
    is_blank = not answer.strip()
    if is_blank and instruction in IFEVAL:
        IFEVAL[instruction](_NO_WORD, arguments)  # what cannot be checked of others cannot be checked of it
    return not is_blank and _ALL[instruction](answer, arguments)


def follows_loosely(answer: str, instruction: str, arguments: Arguments) -> bool:
    """Whether an answer, or one without its first line, its last line, both, or its asterisks, follows an instruction.

    Arguments and errors are those of :func:`follows`.
    """
    lines = answer.split("\n")
    variants = [answer, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    variants += [variant.replace("*", "") for variant in variants]
    return any(follows(variant, instruction, arguments) for variant in dict.fromkeys(variants))
