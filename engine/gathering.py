"""Texts of several tasks, generated in one call.

A task asks for its texts when it runs. A dozen texts decode at less than half the rate of a full batch, so that tasks
are *rehearsed*: each runs up to its first request on an engine that notes what texts are wanted and answers nothing.
All of them are generated in one call, just before the first of these tasks begins; each task then finds its own.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NoReturn, cast

from audit.core.errors import RAISED_BY_OTHERS, AuditError, EngineFault, TaskUnavailable
from audit.core.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from audit.engine.engine import Engine
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest

    Rehearsals = Mapping[str, Callable[[Engine], Iterable[object]]]

MOST_TEXTS = 2048
"""A task with more texts fills batches by itself, and its answers are not held with those of others."""
ONLY_NOTED = "a rehearsal answers nothing"


class _InFront:
    """Stands in front of an engine, and is it in all that is not its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the engine has
        return getattr(self._engine, name)


class _Noting(_InFront):
    """Notes what texts a task wants, and ends it as if the checkpoint could not answer."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.progress = Silent()
        self.wanted: list[GenerateRequest] = []

    def generate(self, requests: Sequence[GenerateRequest]) -> NoReturn:
        """Note them.

        Raises:
            TaskUnavailable: Always.
        """
        self.wanted += requests
        raise TaskUnavailable(ONLY_NOTED)

    @property
    def model(self) -> NoReturn:
        """Weights are not looked at in a rehearsal.

        Raises:
            TaskUnavailable: Always.
        """
        raise TaskUnavailable(ONLY_NOTED)

    def embed(self, _texts: Sequence[str]) -> NoReturn:
        """Hidden states are not computed in a rehearsal.

        Raises:
            TaskUnavailable: Always.
        """
        raise TaskUnavailable(ONLY_NOTED)

    def score(self, _requests: Sequence[ScoreRequest]) -> NoReturn:
        """Likelihoods are not gathered: their passes are full.

        Raises:
            TaskUnavailable: Always.
        """
        raise TaskUnavailable(ONLY_NOTED)

    def check_scoring(self) -> NoReturn:
        """A task of likelihoods ends here, before its prompts are made.

        Raises:
            TaskUnavailable: Always.
        """
        raise TaskUnavailable(ONLY_NOTED)


class Watched(_InFront):
    """Counts the calls on which an engine failed: a task ends with them as with any other reason.

    Args:
        engine: Answers.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.faults = 0

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """As the engine.

        Raises:
            EngineFault: As the engine.
        """
        with self._watching():
            return self._engine.score(requests)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """As the engine.

        Raises:
            EngineFault: As the engine.
        """
        with self._watching():
            return self._engine.generate(requests)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Count a fault, and let it go on."""
        try:
            yield
        except EngineFault:
            self.faults += 1
            raise


class Gathering(_InFront):
    """An engine whose tasks have their texts generated together.

    Args:
        engine: Answers.
        rehearsals: Runs a task on an engine, by the task's name, in the order in which tasks run.
        expect: Called once, before a line of progress that stands for no task.
    """

    def __init__(self, engine: Engine, rehearsals: Rehearsals, expect: Callable[[], None]) -> None:
        super().__init__(engine)
        self._rehearsals = dict(rehearsals)
        self._expect = expect
        self._answers: dict[GenerateRequest, Completion] = {}

    def before(self, task: str) -> None:
        """Before a task begins: if it wants texts, generate them together with those of the tasks behind it.

        Where that fails, each task asks by itself: the one at fault meets the error, others find what was answered in
        the journal.
        """
        wanted = self._rehearsed(task)
        if not wanted:
            return
        together = [wanted, *filter(None, map(self._rehearsed, list(self._rehearsals)))]
        if len(together) == 1:
            return
        requests = list(dict.fromkeys(request for texts in together for request in texts))
        self._expect()
        self._engine.progress.task("texts", f"of {len(together)} tasks")
        with contextlib.suppress(AuditError):
            self._answers = dict(zip(requests, self._engine.generate(requests), strict=True))

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests; each that was generated before is handed out once."""
        held = {one: self._answers.pop(one) for one in dict.fromkeys(requests) if one in self._answers}
        others = [one for one in requests if one not in held]
        count = len(requests) - len(others)
        if count:
            self._engine.progress.start(count)
            self._engine.progress.advance(count, 0)
        answers = iter(self._engine.generate(others) if others or not requests else [])
        return [held[one] if one in held else next(answers) for one in requests]

    def _rehearsed(self, task: str) -> list[GenerateRequest]:
        """The texts that a task wants; none where it has many, runs later than its first question, or fails."""
        rehearse = self._rehearsals.pop(task, None)
        if rehearse is None:
            return []
        noting = _Noting(self._engine)
        with contextlib.suppress(*RAISED_BY_OTHERS):  # the task itself says so when it runs
            for _ in rehearse(cast("Engine", noting)):
                pass
        return noting.wanted if sum(one.n for one in noting.wanted) <= MOST_TEXTS else []
