"""What engines of others have in common: their numbers are certified by a second engine."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from audit.engine.answering import decode_completion, decode_score, read_answers
from audit.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.journal import Journal
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest


class ForeignEngine(Engine):
    """An engine whose forward pass is not ours: a server, vLLM, SGLang."""

    @property
    def applies_chat_template(self) -> bool:
        """Whether it puts each prompt into its own chat template."""
        return False

    @property
    @abstractmethod
    def weights(self) -> str:
        """The name under which the weights may lie on this machine."""

    def identity(self, kind: Literal["score", "generate"]) -> tuple[str, ...]:
        """What decides answers, apart from the request."""
        thinking = self.thinking.identity if kind == "generate" else ()
        return (*self._identity(kind), *thinking)

    @abstractmethod
    def _identity(self, kind: str) -> tuple[str, ...]:
        """The same without what is known of reasoning traces."""

    def kept_scores(self, requests: Sequence[ScoreRequest], journal: Journal) -> list[Score | None]:
        """Answers that the journal holds; None where it holds none.

        Raises:
            RunFolderError: The journal is damaged.
        """
        return read_answers(self.identity("score"), requests, journal, decode_score)

    def kept_completions(self, requests: Sequence[GenerateRequest], journal: Journal) -> list[Completion | None]:
        """Answers that the journal holds; None where it holds none.

        Raises:
            RunFolderError: The journal is damaged.
        """
        return read_answers(self.identity("generate"), requests, journal, decode_completion)

    def release(self) -> None:
        """Give back the memory that the model takes: nothing is asked afterwards."""

    def forget(self) -> None:
        """Empty the caches from which answers could come."""
