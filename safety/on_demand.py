"""A table whose entries are made when they are first asked for, and whose names are known before.

The modules of all probes take a third of a second to import, and a run needs those of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import TypeVar

Entry = TypeVar("Entry")


class OnDemand(MutableMapping[str, Entry]):
    """Entries by name, in the order of the names; others can be added.

    Args:
        names: Of the entries that can be made.
        make: Makes the entry of one of these names.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str], Entry]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        """The entry, made now if it was not.

        Raises:
            KeyError: There is none of that name.
        """
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __setitem__(self, name: str, entry: Entry) -> None:
        """Add an entry, or replace one."""
        self._names[name] = None
        self._made[name] = entry

    def __delitem__(self, name: str) -> None:
        """Take an entry out.

        Raises:
            KeyError: There is none of that name.
        """
        del self._names[name]
        self._made.pop(name, None)

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name; none is made for this."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)
