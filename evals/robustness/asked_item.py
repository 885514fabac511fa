"""An item as it was asked, and what a perturbation makes of its prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.evals.prompt_parts import LETTERS
from audit.evals.robustness.edits import effective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Sample, Span
    from audit.evals.robustness.edits import Edit

QUESTION = "question"
"""Name of the field that is perturbed, unless the task says another."""
OPTION = "option "
"""What the names of options in a prompt begin with."""
NO_QUESTION = "the place of its question in the prompt is not known, or options are part of it"
LISTED = re.compile(r"(?:^|[\s(])(?P<name>[A-B1-2])[.):]\s")
"""The name of a first or second option within a text."""
SEVERAL_PROMPTS = "each of its options has its own prompt"
UNSCORED = "it could not be scored"


@dataclass(frozen=True, slots=True)
class PromptChange:
    """How a prompt is changed."""

    edits: Sequence[Edit]
    """Edits of the whole prompt, in order."""
    continuations: Mapping[str, str] = field(default_factory=dict)
    """What is scored instead of a continuation, where options changed places under their names."""
    shown: Sequence[int] = ()
    """Which option the prompt shows at each place, where they changed places."""


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item as it was asked."""

    sample: Sample
    """Its record."""
    field: str = QUESTION
    """Name of the field with its question."""

    @property
    def parts(self) -> list[Span]:
        """The fields of the item itself in its prompt."""
        return [span for span in self.sample.spans if span.kind == "field"]

    def questions(self) -> list[Span]:
        """Where the question lies, once for each time that the prompt shows it; empty where that is not known.

        It is the field that the task says, the field ``question``, or the only field that is no option. A field that
        lists options is none: they would be changed with it.
        """
        named = [span for span in self.parts if span.name == self.field]
        others = [span for span in self.parts if not span.name.startswith(OPTION)]
        alone = others if len({span.name for span in others}) == 1 else []
        found = named or alone
        texts = {self.text(span) for span in found}
        return found if len(texts) == 1 and _is_question(texts.pop()) else []

    def text(self, span: Span) -> str:
        """The text of a part of the prompt."""
        return self.sample.prompt[span.start : span.end]

    def options(self) -> list[Span]:
        """Where the options lie in the prompt, in order; empty where it does not show each of them once."""
        shown = [span for span in self.parts if span.name.startswith(OPTION)]
        choice = self.sample.choice
        count = len(choice.options) if choice is not None else 0
        wanted = [f"{OPTION}{LETTERS[i]}" for i in range(min(count, len(LETTERS)))]
        return shown if [span.name for span in shown] == wanted and count == len(wanted) else []

    def unusable(self) -> str | None:
        """Why no perturbation can apply; None where one may."""
        if self.sample.error is not None:
            return UNSCORED
        if self.sample.prompt_sha256 is not None:
            return SEVERAL_PROMPTS
        return None

    def of_question(self, edits: Sequence[Edit], lacks: str) -> PromptChange | str:
        """Edits of the question as a plan for the prompt; the reason where there are none.

        Args:
            edits: Of the text of the question.
            lacks: Why there are none.
        """
        found = self.questions()
        if not found:
            return NO_QUESTION
        moved = [edit.moved(span.start) for span in found for edit in edits]
        return PromptChange(effective(self.sample.prompt, moved)) if moved else lacks


def _is_question(text: str) -> bool:
    """Whether a text is more than white space and lists no options."""
    names = {found["name"] for found in LISTED.finditer(text)}
    return bool(text.strip()) and not ({"A", "B"} <= names or {"1", "2"} <= names)
