"""From a probe's data to its typed items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from audit.core.assets import DataSet, dataset
from audit.core.errors import AssetError
from audit.safety.own_data.shipped import shipped as shipped_rows
from audit.safety.probe import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]
Item = TypeVar("Item")


def published(name: str, item_of: Callable[[Row], Item]) -> Callable[[], Population[Item]]:
    """A loader of a data set that is known by name.

    Args:
        name: Of the asset.
        item_of: Makes an item of a row.
    """
    return lambda: population(dataset(name), item_of)


def shipped(
    name: str, rows_of: Callable[[Any], Iterable[Row]], item_of: Callable[[Row], Item]
) -> Callable[[], Population[Item]]:
    """A loader of a data set that is part of the package.

    Args:
        name: Of its file.
        rows_of: Makes rows of the file's content.
        item_of: Makes an item of a row.
    """
    return lambda: population(shipped_rows(name, rows_of), item_of)


def population(data: DataSet, item_of: Callable[[Row], Item]) -> Population[Item]:
    """The items of one data set.

    Raises:
        AssetError: It has none.
    """
    if not data.rows:
        msg = f"data set {data.record.name} from {data.record.source} holds no items: replace its files"
        raise AssetError(msg)
    return Population((tuple(map(item_of, data.rows)),), (data.record,))
