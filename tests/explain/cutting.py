"""Prompts cut into features, in fewer words than the tests would need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.explain.prompt.features import Cut, Features, featurize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine


def cut(
    engine: Engine,
    prompt: str,
    target: str,
    *,
    others: Sequence[str] = (),
    scored: bool = False,
    spans: Sequence[Any] = (),
    within: Sequence[str] = (),
    **how: Any,
) -> Features:
    """A prompt cut for a target; ``how`` are further fields of :class:`Cut`."""
    chosen = Cut(**how, spans=tuple(spans), within=tuple(within))
    return featurize(engine, prompt, [target, *others], chosen, scored=scored)
