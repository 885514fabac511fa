"""Which item a rater gets next: a slot of it is leased, so that no item is rated more often than wanted."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, or_, select, update

from audit.ratings.tables import EventRow, ItemRow, SlotRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection

    from audit.ratings.projects.project import Project

FIRST_PART = 50
"""Items that are looked at first for a free slot; then twice as many again and again."""
KEPT_ORDERS = 100
"""Raters whose order of items is kept."""
_orders: dict[tuple[str, int, datetime, int, str], list[tuple[int, str]]] = {}


OVER = ("answered", "flagged", "answers_seen")
"""After which a rater gets an item no more."""


def current(connection: Connection, project_id: int, who: str) -> int | None:
    """The item that a rater has leased and not answered; also after the lease has ended, while nobody took the slot."""
    mine = (SlotRow.project_id == project_id) & (SlotRow.person == who) & SlotRow.done.is_(False)
    return connection.execute(select(SlotRow.item_id).where(mine).order_by(SlotRow.item_id)).scalars().first()


def candidates(connection: Connection, project: Project, who: str) -> Iterator[int]:
    """Items that a rater may get, in the rater's own order; by the time one is taken, others may have leased it.

    Calibration items come first, skipped ones last. Nobody gets an item again that they answered or flagged, or whose
    answers they have seen, and nobody one that was excluded. Read in parts: a rater wants the first few.
    """
    over, skipped = _left_out(connection, project.id, who)
    order = [one for one in _order(connection, project, who) if one[0] not in over]
    order.sort(key=lambda one: one[0] in skipped)
    start, size = 0, FIRST_PART
    while start < len(order):
        part = order[start : start + size]
        free = _free(connection, [item for item, _ in part])
        yield from (item for item, kind in part if kind != "regular" or item in free)
        start, size = start + size, 2 * size


def lock(connection: Connection, item_id: int) -> None:
    """Let no other transaction that locks the item write about it until this one ends.

    What is read afterwards is what counts: PostgreSQL shows each statement what was committed before it. SQLite's
    writers wait for each other anyway.
    """
    connection.execute(select(ItemRow.id).where(ItemRow.id == item_id).with_for_update(key_share=True))


def lease(connection: Connection, project: Project, who: str, item_id: int, kind: str) -> datetime | None:
    """Lease a slot of an item, or renew one's own, inside a transaction that writes.

    Returns:
        When the lease ends, UTC; None where no slot is free any more, or the item was excluded or the rater has
        answered it, flagged it or seen the answers to it in the meantime.
    """
    # One after the other, so that two raters never make the same slot, and one rater in two windows never takes two.
    lock(connection, item_id)
    if _is_over(connection, project.id, who, item_id):
        release(connection, item_id, who)
        return None
    until = datetime.now(UTC) + timedelta(seconds=project.lease_seconds)
    own = (SlotRow.item_id == item_id) & (SlotRow.person == who) & SlotRow.done.is_(False)
    if connection.execute(update(SlotRow).where(own).values(until=until)).rowcount:
        return until
    if has_filled(connection, item_id, who):  # meanwhile, in another window
        return None
    first = select(func.min(SlotRow.slot)).where(SlotRow.item_id == item_id, _is_free()).scalar_subquery()
    taken = update(SlotRow).where(SlotRow.item_id == item_id, SlotRow.slot == first, _is_free())
    if connection.execute(taken.values(person=who, until=until)).rowcount:
        return until
    if kind == "regular":
        return None
    last = select(func.coalesce(func.max(SlotRow.slot), 0)).where(SlotRow.item_id == item_id)
    slot = connection.execute(last).scalar_one() + 1
    values = {"item_id": item_id, "slot": slot, "project_id": project.id, "person": who, "until": until, "done": False}
    connection.execute(insert(SlotRow).values(**values))
    return until


def fill(connection: Connection, item_id: int, who: str) -> bool:
    """Mark the slot that a rater holds as answered; false where the rater holds none."""
    own = (SlotRow.item_id == item_id) & (SlotRow.person == who) & SlotRow.done.is_(False)
    return connection.execute(update(SlotRow).where(own).values(done=True, until=None)).rowcount == 1


def release(connection: Connection, item_id: int, who: str) -> bool:
    """Give back the slot that a rater holds; false where the rater holds none."""
    own = (SlotRow.item_id == item_id) & (SlotRow.person == who) & SlotRow.done.is_(False)
    return connection.execute(update(SlotRow).where(own).values(person=None, until=None)).rowcount == 1


def release_all(connection: Connection, item_id: int) -> None:
    """Take an item from whoever holds it."""
    held = (SlotRow.item_id == item_id) & SlotRow.done.is_(False)
    connection.execute(update(SlotRow).where(held).values(person=None, until=None))


def has_filled(connection: Connection, item_id: int, who: str) -> bool:
    """Whether a rater has answered an item."""
    own = (SlotRow.item_id == item_id) & (SlotRow.person == who) & SlotRow.done.is_(True)
    return connection.execute(select(SlotRow.slot).where(own)).first() is not None


def _is_free() -> ColumnElement[bool]:
    return SlotRow.done.is_(False) & or_(SlotRow.person.is_(None), SlotRow.until < datetime.now(UTC))


def _free(connection: Connection, items: list[int]) -> set[int]:
    """Those of the items that have a free slot."""
    free = select(SlotRow.item_id).where(SlotRow.item_id.in_(items), _is_free()).distinct()
    return set(connection.execute(free).scalars().all())


def _left_out(connection: Connection, project_id: int, who: str) -> tuple[set[int], set[int]]:
    """Items that a rater does not get any more, and those that the rater has skipped."""
    mine = (EventRow.person == who) & EventRow.kind.in_([*OVER, "skipped"])
    wanted = select(EventRow.kind, EventRow.item_id).where(
        EventRow.project_id == project_id, mine | (EventRow.kind == "excluded")
    )
    over: set[int] = set()
    skipped: set[int] = set()
    for kind, item in connection.execute(wanted).all():
        if item is not None:
            (skipped if kind == "skipped" else over).add(item)
    return over, skipped


def _is_over(connection: Connection, project_id: int, who: str, item_id: int) -> bool:
    """Whether an item was excluded, or the rater is done with it."""
    mine = EventRow.kind.in_(OVER) & (EventRow.person == who)
    about = (EventRow.project_id == project_id) & (EventRow.item_id == item_id)
    wanted = select(EventRow.id).where(about & or_(EventRow.kind == "excluded", mine)).limit(1)
    return connection.execute(wanted).first() is not None


def _order(connection: Connection, project: Project, who: str) -> list[tuple[int, str]]:
    """All items of a project with their kinds, in a rater's own order, which stays as it is when items are added.

    Kept for the raters of the moment. Items are added and never change, so that an order is complete
    while their number is the same.
    """
    of_project = ItemRow.project_id == project.id
    count = connection.execute(select(func.count()).where(of_project)).scalar_one()
    key = (str(connection.engine.url), project.id, project.created, count, who)
    if key not in _orders:
        while len(_orders) >= KEPT_ORDERS:
            _orders.pop(next(iter(_orders)), None)
        rows = connection.execute(select(ItemRow.id, ItemRow.kind).where(of_project)).all()
        _orders[key] = _ordered([(row.id, row.kind) for row in rows], project.seed, who)
    return _orders[key]


def _ordered(items: list[tuple[int, str]], seed: int, who: str) -> list[tuple[int, str]]:
    """Calibration items first, each group in the order of a digest."""
    words = f"{seed}:{who}".encode("utf-8", "surrogatepass")

    def place(item: tuple[int, str]) -> tuple[bool, bytes]:
        return item[1] != "calibration", hashlib.blake2b(b"%d:%b" % (item[0], words), digest_size=8).digest()

    return sorted(items, key=place)
