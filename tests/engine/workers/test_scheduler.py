"""The scheduler with a clock of its own: whatever dies, hangs or comes in any order, each request is answered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine.workers.scheduler import Limits, Order, Scheduler
from audit.engine.workers.units import WorkUnit, cut

if TYPE_CHECKING:
    from collections.abc import Collection


class Clock:
    """Time that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def units_of(*sizes: int) -> list[WorkUnit]:
    """Units of so many requests, each of cost 1."""
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [WorkUnit(tuple(range(start, start + size)), float(size)) for start, size in zip(starts, sizes, strict=True)]


def ready(units: list[WorkUnit], workers: int, limits: Limits | None = None) -> tuple[Scheduler, Clock]:
    """A scheduler whose workers are ready."""
    clock = Clock()
    scheduler = Scheduler(clock, limits or Limits())
    for name in range(workers):
        scheduler.starting(name)
        scheduler.joined(name)
    scheduler.begin(units)
    return scheduler, clock


def finish(scheduler: Scheduler, order: Order) -> None:
    """A worker answers all of its unit."""
    scheduler.answered(order.worker, order.indices)
    scheduler.done(order.worker, order.unit)


def test_each_worker_gets_a_unit_and_one_behind_it() -> None:
    scheduler, _ = ready(units_of(5, 4, 3, 2, 1), 2)
    assert [(order.worker, order.indices) for order in scheduler.orders()] == [
        (0, (0, 1, 2, 3, 4)),
        (1, (5, 6, 7, 8)),
        (0, (9, 10, 11)),
        (1, (12, 13)),
    ]
    assert list(scheduler.orders()) == []


def test_an_idle_worker_takes_what_waits_behind_another() -> None:
    scheduler, _ = ready(units_of(3, 2, 1), 2)
    first, second, behind = scheduler.orders()
    assert (behind.worker, behind.indices) == (0, (5,))
    finish(scheduler, second)
    assert [tuple(order) for order in scheduler.orders()] == [(0, behind.unit, ()), (1, behind.unit, (5,))]
    scheduler.answered(0, [5])  # it had begun all the same
    scheduler.done(0, behind.unit)
    assert scheduler.answered(1, [5]) == [], "the first answer counts"
    finish(scheduler, first)
    assert scheduler.finished
    assert list(scheduler.orders()) == []


def test_a_dead_worker_gives_back_what_it_has_not_answered() -> None:
    scheduler, _ = ready(units_of(4, 2), 1)
    order, _behind = scheduler.orders()
    assert scheduler.answered(0, [1, 3, 99, -1]) == [1, 3]
    assert scheduler.left(0), "it is started again"
    assert scheduler.alive == 0
    scheduler.starting(0)
    assert not scheduler.stranded
    assert list(scheduler.orders()) == []
    scheduler.joined(0)
    assert [order.indices for order in scheduler.orders()] == [(4, 5), (0, 2)], "what it had not begun comes first"
    assert order.indices == (0, 1, 2, 3)
    assert not scheduler.left(7), "nobody knows it"


def poisoned(size: int, bad: Collection[int], workers: int = 2) -> tuple[Scheduler, int]:
    """A unit in which some requests kill each worker that takes them; also the number of deaths."""
    scheduler, _ = ready(units_of(size), workers)
    deaths, steps = 0, 0
    orders: dict[int, list[Order]] = {name: [] for name in range(workers)}
    while not scheduler.finished and not scheduler.stranded:
        steps += 1
        assert steps < 10_000
        for order in scheduler.orders():
            orders[order.worker] = [one for one in orders[order.worker] if one.unit != order.unit]
            if order.indices:
                orders[order.worker].append(order)
        name = max(orders, key=lambda one: len(orders[one]))
        order = orders[name].pop(0)
        if bad & {*order.indices}:
            deaths += 1
            orders[name] = []
            if scheduler.left(name):
                scheduler.starting(name)
                scheduler.joined(name)
        else:
            finish(scheduler, order)
    return scheduler, deaths


def test_a_worker_that_dies_after_its_last_answer_leaves_no_work() -> None:
    """Before it could say that the unit is done: nobody gets a unit without requests."""
    scheduler, _ = ready(units_of(2, 1), 2)
    first, second = scheduler.orders()
    scheduler.answered(first.worker, first.indices)
    assert scheduler.left(first.worker)
    scheduler.starting(first.worker)
    scheduler.joined(first.worker)
    assert list(scheduler.orders()) == []
    finish(scheduler, second)
    assert (scheduler.finished, scheduler.poisoned) == (True, [])


def test_a_poisoned_request_is_isolated_by_bisection() -> None:
    for size, bad in ((1, 0), (2, 1), (64, 17), (64, 63), (1000, 500)):
        scheduler, deaths = poisoned(size, {bad})
        assert scheduler.finished
        assert scheduler.poisoned == [bad]
        # Two for the whole, one for each half down to two requests, two more for the lone one; three for a lone unit.
        halvings = (size - 1).bit_length()
        assert deaths <= 2 + halvings - 1 + 2
    assert deaths >= 10


def test_several_poisoned_requests_cost_themselves_alone() -> None:
    scheduler, _ = poisoned(64, {3, 40}, workers=3)
    assert sorted(scheduler.poisoned) == [3, 40]
    assert scheduler.finished


def test_a_worker_that_dies_again_and_again_is_given_up_and_the_call_is_stranded_without_one() -> None:
    scheduler, _ = ready(units_of(*[2] * 40), 2)
    list(scheduler.orders())
    again = [scheduler.left(0)]
    for _ in range(2):
        scheduler.starting(0)
        again.append(scheduler.left(0))  # while it loads
    assert again == [True, True, False]
    assert not scheduler.stranded
    starts = 1
    while scheduler.left(1):
        scheduler.starting(1)
        scheduler.joined(1)
        order = next(iter(scheduler.orders()))
        scheduler.answered(1, order.indices[:1])  # so it is not three times in a row
        starts += 1
    assert starts == 1 + Limits().restarts
    assert scheduler.stranded
    assert not scheduler.finished


def test_silent_slow_and_unready_workers_are_overdue() -> None:
    limits = Limits(silence=10, starting=100, floor=20, unmeasured=50, patience=2)
    scheduler, clock = ready(units_of(4, 4, 4, 4, 1), 3, limits)
    scheduler.starting(3)
    first, second, _third, *_ = scheduler.orders()
    clock.now = 5.0
    for name in (0, 1, 3):
        scheduler.heard(name)
    assert list(scheduler.overdue()) == []
    assert scheduler.wait == 5.0
    clock.now = 10.0
    assert list(scheduler.overdue()) == [(2, "no sign of life for 10 s")]
    scheduler.left(2)
    finish(scheduler, first)  # 10 s for a cost of 4
    for now in range(15, 61, 5):
        clock.now = float(now)
        for name in (0, 1, 3):
            scheduler.heard(name)
        late = list(scheduler.overdue())
        if late:
            break
    # Worker 0 began its second unit, of cost 4, at 10 s: 20 + 2 x 2.5 x 4 = 40 s. Worker 1 may take 50 s from 0 on.
    assert (clock.now, sorted(late)) == (50.0, [(0, "no answer in time"), (1, "no answer in time")])
    for name, _ in late:
        scheduler.left(name)
    scheduler.done(second.worker, second.unit)  # from the grave
    clock.now = 100.0
    scheduler.heard(3)
    assert list(scheduler.overdue()) == [(3, "the checkpoint was not loaded in time")]
    assert second.worker == 1


def test_a_worker_is_silent_while_it_imports_and_must_not_be_later() -> None:
    clock = Clock()
    scheduler = Scheduler(clock, Limits(silence=10, starting=100))
    scheduler.starting(0)
    scheduler.starting(1)
    clock.now = 15.0
    assert list(scheduler.overdue()) == []
    scheduler.joined(0)
    clock.now = 26.0
    assert list(scheduler.overdue()) == [(0, "no sign of life for 11 s")]
    clock.now = 100.0
    assert list(scheduler.overdue()) == [(1, "no sign of life for 100 s")]


def silent_owner(limits: Limits | None = None) -> tuple[Scheduler, Clock, Order, Order]:
    """Two workers, one of which falls silent with the first unit when the other has nothing left to do; its copy."""
    scheduler, clock = ready(units_of(4, 1), 2, limits or Limits(silence=60, doubt=10))
    first, second = scheduler.orders()
    scheduler.answered(first.worker, first.indices[:1])
    clock.now = 5.0
    finish(scheduler, second)
    assert list(scheduler.orders()) == [], "5 s are not long enough"
    clock.now = 10.0
    scheduler.heard(second.worker)
    (copy,) = scheduler.orders()
    assert tuple(copy) == (second.worker, first.unit, (1, 2, 3)), "what has no answer"
    clock.now = 20.0
    assert list(scheduler.orders()) == [], "a unit has one copy"
    return scheduler, clock, first, copy


def test_an_idle_worker_computes_the_unit_of_a_silent_one_too() -> None:
    scheduler, clock, first, copy = silent_owner()
    finish(scheduler, copy)
    assert scheduler.finished
    assert scheduler.answered(first.worker, [2]) == [], "it spoke again, too late"
    scheduler.done(first.worker, first.unit)
    clock.now = 100.0
    for worker in (first.worker, copy.worker):
        scheduler.heard(worker)
    scheduler.begin(units_of(1))
    assert [order.indices for order in scheduler.orders()] == [(0,)], "both have nothing else to do"


def test_a_unit_with_a_copy_is_queued_again_when_both_workers_are_dead() -> None:
    for gone in ((0, 1), (1, 0)):
        scheduler, _, first, copy = silent_owner(Limits(doubt=10, attempts=9))
        assert {first.worker, copy.worker} == {0, 1}
        assert scheduler.left(gone[0])
        scheduler.starting(gone[0])
        scheduler.joined(gone[0])
        scheduler.heard(gone[1])
        assert list(scheduler.orders()) == [], "the other one computes it"
        assert scheduler.left(gone[1])
        (again,) = scheduler.orders()
        assert (again.worker, again.indices) == (gone[0], (1, 2, 3))
        finish(scheduler, again)
        assert scheduler.finished


def test_a_request_that_kills_whoever_computes_it_is_given_up_although_it_was_copied() -> None:
    scheduler, clock = ready(units_of(1), 2, Limits(silence=60, doubt=10))
    deaths = 0
    while not scheduler.finished:
        at_work = [order.worker for order in scheduler.orders()]
        clock.now += 11.0
        at_work += [order.worker for order in scheduler.orders()]
        assert at_work
        for name in at_work:
            deaths += 1
            scheduler.left(name)
            scheduler.starting(name)
            scheduler.joined(name)
    assert scheduler.poisoned == [0]
    assert deaths in {Limits().lone_attempts, Limits().lone_attempts + 1}


def test_a_request_that_silences_its_worker_and_kills_those_that_copy_it_costs_no_more_than_alone() -> None:
    scheduler, clock = ready(units_of(1), 10, Limits(silence=60, doubt=10))
    (first,) = scheduler.orders()
    lost = 0
    for _ in range(5):
        clock.now += 11.0
        for name in range(10):
            if name != first.worker:
                scheduler.heard(name)
        for copy in list(scheduler.orders()):
            lost += 1
            scheduler.left(copy.worker)
            scheduler.starting(copy.worker)
            scheduler.joined(copy.worker)
    assert lost == Limits().attempts
    scheduler.left(first.worker)
    assert scheduler.poisoned == [0]
    assert scheduler.finished


def test_what_is_left_of_a_call_is_dropped_by_the_next() -> None:
    scheduler, _ = ready(units_of(4, 4), 1)
    old = list(scheduler.orders())
    scheduler.begin(units_of(2), "generate")
    (new,) = scheduler.orders()
    assert scheduler.answered(0, [3]) == [], "of the call before"
    scheduler.done(0, old[0].unit)
    assert not scheduler.finished
    finish(scheduler, new)
    assert scheduler.finished
    scheduler.begin([])
    assert scheduler.finished
    assert Scheduler(Clock()).wait is None


def test_a_unit_that_was_not_answered_whole_goes_round_again() -> None:
    scheduler, _ = ready(units_of(3), 1)
    (order,) = scheduler.orders()
    scheduler.answered(0, [0])
    scheduler.done(0, order.unit)
    assert [one.indices for one in scheduler.orders()] == [(1, 2)]


@pytest.mark.slow
@given(st.data(), st.integers(1, 5), st.lists(st.floats(0, 9), min_size=1, max_size=40))
def test_every_request_is_answered_once_whatever_happens(data: st.DataObject, workers: int, costs: list[float]) -> None:
    units = cut([((place,), cost) for place, cost in enumerate(costs)], workers)
    scheduler, clock = ready(units, workers, Limits(restarts=100, strikes=100))
    at_work: dict[int, list[Order]] = {name: [] for name in range(workers)}
    found: list[int] = []
    for _ in range(2000):
        for order in scheduler.orders():
            if order.indices or data.draw(st.booleans()):  # else it has begun before the word arrives
                at_work[order.worker] = [one for one in at_work[order.worker] if one.unit != order.unit]
            if order.indices:
                at_work[order.worker].append(order)
        if scheduler.finished:
            break
        clock.now += 1.0
        name = data.draw(st.sampled_from([one for one in at_work if at_work[one]]))
        order, event = at_work[name][0], data.draw(st.sampled_from(["answer", "part", "answer", "die"]))
        if event == "die":
            at_work[name] = []
            assert scheduler.left(name)
            scheduler.starting(name)
            scheduler.joined(name)
            continue
        part = order.indices if event == "answer" else order.indices[:: data.draw(st.integers(1, 3))]
        found += scheduler.answered(name, part)
        if event == "answer":
            at_work[name].pop(0)
            scheduler.done(name, order.unit)
    assert scheduler.finished
    assert sorted([*found, *scheduler.poisoned]) == list(range(len(costs)))
