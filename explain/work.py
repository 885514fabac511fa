"""Who caused which work: methods share most of what they ask, and each is booked with what it alone wanted."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Sized

    from numpy.typing import NDArray

SHARED = "shared by the methods"
"""Owner of what faithfulness is measured against (whole and empty prompt, random orders, held-out masks) and of masks
that several methods want."""
COUNTERFACTUALS = "counterfactuals"
"""Owner of the search for changes that change an answer."""


class Game(Protocol):
    """As much of :class:`audit.explain.prompt.game.MaskedPrompt` as work is booked for."""

    @property
    def evaluations(self) -> int:
        """Requests so far."""

    @property
    def features(self) -> Sized:
        """What a mask has a place for."""

    @property
    def continuations(self) -> Sized:
        """Continuations, each of which is a request of every mask."""

    def prefetch(self, masks: NDArray[np.bool_]) -> Sequence[bytes]:
        """Score masks; returns the key of each that was not known."""


@dataclass(slots=True)
class Spent:
    """What one owner took."""

    requests: int = 0
    """Requests to the engine: a mask is one for each continuation."""
    passes: int = 0
    """Passes of the model that were no request, with gradients or attentions."""
    seconds: float = 0.0
    """Wall-clock time."""


class Work:
    """A ledger of requests, passes and seconds by owner, in the order in which owners appear."""

    def __init__(self) -> None:
        self.by_owner: dict[str, Spent] = {}

    def add(self, owner: str, *, requests: int = 0, passes: int = 0, seconds: float = 0.0) -> None:
        """Book work.

        Args:
            owner: Name of a method, or what else caused it.
            requests: Requests to the engine.
            passes: Passes of the model that were no request.
            seconds: Wall-clock time.
        """
        spent = self.by_owner.setdefault(owner, Spent())
        spent.requests += requests
        spent.passes += passes
        spent.seconds += seconds

    @contextmanager
    def booked(self, owner: str, prompt: Game) -> Iterator[None]:
        """Book what a block of code takes, whether it succeeds or raises.

        Args:
            owner: Who caused it.
            prompt: The game that it plays.
        """
        started, rows = time.perf_counter(), prompt.evaluations
        try:
            yield
        finally:
            self.add(owner, requests=prompt.evaluations - rows, seconds=time.perf_counter() - started)

    def merge(self, other: Work) -> None:
        """Add all that is booked in another ledger."""
        for owner, spent in other.by_owner.items():
            self.add(owner, requests=spent.requests, passes=spent.passes, seconds=spent.seconds)

    def seconds(self, owner: str) -> float:
        """Seconds that an owner is booked with."""
        return self.by_owner[owner].seconds if owner in self.by_owner else 0.0

    def __str__(self) -> str:
        """The ledger in one line, for the log."""
        return "; ".join(
            f"{owner} {spent.requests:,} requests"
            + (f" and {spent.passes:,} passes" if spent.passes else "")
            + f", {spent.seconds:.0f} s"
            for owner, spent in self.by_owner.items()
        )


def prefetch(prompt: Game, wanted: Mapping[str, NDArray[np.bool_]], work: Work) -> None:
    """Score the masks of several owners in one call of the engine, and book each with its part.

    A mask that one owner wants is its own, one that several want is shared, and so is each that ``SHARED`` wants::

        wanted   SHARED: 111 000     occlusion: 111 011 101 110     surrogate: 011 100
        booked   SHARED: 111 000 011            occlusion: 101 110        surrogate: 100

    The seconds of the call are split in proportion to the requests.

    Args:
        prompt: The game; masks that it knows cost nothing.
        wanted: By owner: masks, shape (masks, features).
        work: Is added to.
    """
    started = time.perf_counter()
    owners: dict[bytes, str] = {}
    for owner, masks in wanted.items():
        for mask in masks:
            key = mask.tobytes()
            owners[key] = owner if owners.get(key, owner) == owner else SHARED
    everything = [np.zeros((0, len(prompt.features)), dtype=np.bool_), *wanted.values()]
    scored = Counter(owners[key] for key in prompt.prefetch(np.concatenate(everything)))
    seconds = time.perf_counter() - started
    for owner, count in scored.items():
        share = count / scored.total()
        work.add(owner, requests=count * len(prompt.continuations), seconds=seconds * share)
