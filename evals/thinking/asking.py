"""Asking behind cut traces: few-shot examples, stop strings, filters and scores stay those of the task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit.evals.harness import HarnessLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lm_eval.api.instance import Instance

    from audit.engine.engine import Engine
    from audit.engine.requests import Completion, GenerateRequest, Generation


class ForcingLM(HarnessLM):
    """Asks the engine to go on behind a prompt and a cut trace; lm-eval sees the task's own prompts.

    Args:
        engine: Answers the requests.
        prompts: Prompt, trace and opening of each document, in lm-eval's order.
        seed: See :class:`audit.evals.harness.HarnessLM`; decoding is greedy.
    """

    def __init__(self, engine: Engine, prompts: Sequence[str], *, seed: int = 0) -> None:
        super().__init__(engine, seed=seed)
        self._prompts = prompts
        self._breaks: dict[GenerateRequest, list[str]] = {}

    def asked(self, requests: Sequence[Instance]) -> list[tuple[GenerateRequest, list[str]]]:
        """The engine's requests, each behind its cut trace, and their stop strings.

        Those of white space alone (a blank line) are left to :meth:`completions`: a text may begin with them.
        """
        found = []
        for instance, (request, until) in zip(requests, super().asked(requests), strict=True):
            stops = tuple(stop for stop in request.stop if stop.strip())
            mine = replace(request, prompt=self._prompts[instance.doc_id], stop=stops)
            self._breaks[mine] = [stop for stop in request.stop if not stop.strip()]
            found.append((mine, until))
        return found

    def completions(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """The engine's answers, without the white space between trace, or opening, and answer."""
        answers = zip(requests, super().completions(requests), strict=True)
        return [
            replace(one, generations=tuple(_trimmed(text, self._breaks[request]) for text in one.generations))
            for request, one in answers
        ]


def _trimmed(generation: Generation, breaks: Sequence[str]) -> Generation:
    """A text without white space at its beginning; it ended where one of these strings follows, not at the limit."""
    text = generation.text.lstrip()
    ends = [text.index(one) for one in breaks if one in text]
    if not ends:
        return replace(generation, text=text)
    return replace(generation, text=text[: min(ends)], finish_reason="stop")
