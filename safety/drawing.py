"""Which items a run looks at, what their samples are called, and the seeds of what is sampled for them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from audit.core.item_draw import choose, choose_clusters
from audit.core.records import digest_of, sample_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.config import TaskConfig

SEED_BITS = 2**32
Item = TypeVar("Item")


def draw(
    items: Sequence[Item],
    task: TaskConfig,
    seed: int,
    *,
    together: Callable[[Item], str] | None = None,
    stratum: Callable[[Item], str] | None = None,
    cluster: Callable[[Item], str] | None = None,
) -> list[Item]:
    """The items that a run looks at.

    Args:
        items: All there are.
        task: Name and limit.
        seed: Of the run.
        together: Names the group of an item: whole groups are drawn, and the limit counts groups.
        stratum: Names the stratum of an item: the limit counts items of each; the other arguments are then not used.
        cluster: Names the cluster of an item, where whole clusters are drawn and the limit counts items.
    """
    if stratum is not None and task.limit is not None:
        strata = _grouped(items, stratum)
        places = {name: choose(len(inside), task.limit, seed, f"{task.name}/{name}") for name, inside in strata.items()}
        return [inside[place] for name, inside in strata.items() for place in places[name]]
    if cluster is not None:
        names = [cluster(item) for item in items]
        return [items[place] for place in choose_clusters(names, task.limit, seed, task.name)]
    groups = list(_grouped(items, together).values()) if together else [[item] for item in items]
    return [item for place in choose(len(groups), task.limit, seed, task.name) for item in groups[place]]


def _grouped(items: Sequence[Item], key: Callable[[Item], str]) -> dict[str, list[Item]]:
    """Items by key, in the order in which keys appear."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def identities(task: str, dataset: str, items: Sequence[object]) -> list[str]:
    """Sample ids of some items. A data set may hold an item twice: its copies are numbered."""
    seen: Counter[str] = Counter()
    ids = []
    for item in items:
        identity = sample_id(task, dataset, item)
        seen[identity] += 1
        ids.append(identity if seen[identity] == 1 else sample_id(task, dataset, [item, seen[identity]]))
    return ids


def request_seed(seed: int, identity: str) -> int:
    """Seed of one item's sampling: depends on the run's seed and the item, on nothing else."""
    return int(digest_of(seed, identity), 16) % SEED_BITS
