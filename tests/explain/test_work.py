"""Whose work it is: requests counted at the engine, and owners found by sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import ScorerError
from audit.explain.attempt import Failed
from audit.explain.attribute import How, attribute_all, prepare
from audit.explain.counterfactual import smallest_removal
from audit.explain.faithfulness.plan import plan
from audit.explain.methods.perturbation import occlusion, surrogate
from audit.explain.methods.registry import METHODS, Method
from audit.explain.work import COUNTERFACTUALS, SHARED, Work, prefetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WORDS = "one two three four five six seven eight nine ten"


def masks(*rows: str) -> NDArray[np.bool_]:
    return np.array([[letter == "1" for letter in row] for row in rows])


def requests(work: Work) -> dict[str, int]:
    return {owner: spent.requests for owner, spent in work.by_owner.items()}


def test_a_mask_is_booked_on_who_alone_wants_it(linear: Any) -> None:
    """The example of the documentation, with a contrast: two continuations, two requests for a mask."""
    prompt = prepare(linear, "one two three", " x", against=" y", max_features=9)
    linear.calls.clear()
    work = Work()
    wanted = {
        SHARED: masks("111", "000"),
        "occlusion": masks("111", "011", "101", "110"),
        "surrogate": masks("011", "100", "100"),
    }
    prefetch(prompt, wanted, work)
    assert requests(work) == {SHARED: 6, "occlusion": 4, "surrogate": 2}
    assert linear.calls == [12]
    seconds = [work.seconds(owner) for owner in wanted]
    assert seconds == pytest.approx([sum(seconds) * part for part in (6 / 12, 4 / 12, 2 / 12)])
    prefetch(prompt, wanted, work)
    assert (sum(requests(work).values()), linear.calls) == (12, [12]), "what is known costs nothing"


def keys(rows: NDArray[np.bool_]) -> set[bytes]:
    return {row.tobytes() for row in rows}


def test_all_requests_are_booked_each_on_its_owner(linear: Any) -> None:
    prompt = prepare(linear, WORDS, " x", max_features=48)
    count = len(prompt.features)
    linear.calls.clear()
    made = attribute_all(prompt, [METHODS["occlusion"], METHODS["surrogate"]], How(seed=3, stability=False))
    booked = requests(prompt.work)
    assert sum(booked.values()) == sum(linear.calls) == prompt.evaluations
    compared = plan(count, 3)
    common, left_out, drawn = map(keys, (compared.masks, occlusion.design(count, 3), surrogate.design(count, 3)))
    curves = [keys(compared.own(np.array(one.values))) for one in made if not isinstance(one, Failed)]
    known = common | left_out | drawn
    shared = common | (left_out & drawn) | ((curves[0] & curves[1]) - known)
    assert booked[SHARED] == len(shared)
    assert booked["occlusion"] == len((left_out | (curves[0] - known)) - shared)
    assert booked["surrogate"] == len((drawn | (curves[1] - known)) - shared)
    seconds = [one.seconds for one in made if not isinstance(one, Failed)]
    assert sum(seconds) == pytest.approx(sum(prompt.work.seconds(owner) for owner in booked))


def test_what_failed_and_what_was_no_request_is_booked_too(linear: Any) -> None:
    def fail(prompt: Any, seed: int) -> Any:
        prompt(masks("0101"))
        msg = "it broke"
        raise ScorerError(msg)

    def look(prompt: Any, seed: int) -> Any:
        found = METHODS["occlusion"].attribute(prompt, seed)
        return type(found)(found.values, evaluations=7)

    prompt = prepare(linear, "one two three four", " x", max_features=9)
    prompt.prefetch(masks("1111"))
    methods = [Method("failing", "", "", fail), Method("looking", "", "", look)]
    failed, _ = attribute_all(prompt, methods, How(seed=1, stability=False))
    assert isinstance(failed, Failed)
    assert requests(prompt.work) == {SHARED: 15, "failing": 0, "looking": 0}, "of four features all masks are shared"
    assert [prompt.work.by_owner[name].passes for name in ("failing", "looking")] == [0, 7]
    assert "looking 0 requests and 7 passes, 0 s" in str(prompt.work)


def test_a_search_is_booked_as_what_it_is(linear: Any) -> None:
    prompt = prepare(linear, "one two three", " x", against=" y", max_features=9)
    linear.calls.clear()
    with prompt.work.booked(COUNTERFACTUALS, prompt):
        smallest_removal(prompt)
    assert requests(prompt.work) == {COUNTERFACTUALS: sum(linear.calls)}


def test_ledgers_are_added_up() -> None:
    total = Work()
    parts: Sequence[Work] = [Work(), Work()]
    for index, part in enumerate(parts, 1):
        part.add("lime", requests=500 * index, seconds=1.5)
        total.merge(part)
    total.add("attention", passes=1)
    assert str(total) == "lime 1,500 requests, 3 s; attention 0 requests and 1 passes, 0 s"
