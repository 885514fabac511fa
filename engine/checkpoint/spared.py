"""What transformers does while it is imported, without what no audit needs.

It looks through the two thousand files of its models twice, for the same list of their classes, and it imports SciPy's
optimisers for training losses of object detectors. Both together take half a second of each start.

The modules concerned are found as ever and are what they were: the list is kept for the second time, and the one
function of SciPy is imported when it is called. A version of transformers without these functions is imported as it is.
"""

from __future__ import annotations

import functools
import os
import sys
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from importlib.machinery import ModuleSpec
    from types import ModuleType

LIST, LOSSES = "transformers.utils.import_utils", "transformers.loss."
"""The module that makes the list, and what the names of those with training losses begin with."""
MAKES_LIST, ASKS, ASSIGNS = "create_import_structure_from_path", "is_scipy_available", "linear_sum_assignment"
"""Functions there: what makes the list, whether SciPy is installed, and the one function of SciPy that is used."""


@contextmanager
def _list_kept(module: ModuleType) -> Iterator[None]:
    """The list of a folder is made once in a process; a file stands for its folder."""
    yield
    make = getattr(module, MAKES_LIST, None)
    if make is None:
        return
    kept: Callable[[str], Any] = functools.cache(make)

    @functools.wraps(make)
    def once(module_path: str | os.PathLike[str]) -> Any:  # noqa: ANN401 - nested dictionaries of transformers
        path = os.fspath(module_path)
        return kept(path if os.path.isdir(path) else os.path.dirname(path))  # noqa: PTH112, PTH120 - as it does itself

    setattr(module, MAKES_LIST, once)


@contextmanager
def _without_scipy(module: ModuleType) -> Iterator[None]:
    """SciPy is not there while the module is made, and its function is looked up when it is called."""
    utils = sys.modules["transformers.utils"]
    asked = getattr(utils, ASKS, None)
    if asked is None or not (asked is _no or asked()):  # one of these modules may import another
        yield
        return
    setattr(utils, ASKS, _no)
    try:
        yield
    finally:
        setattr(utils, ASKS, asked)
    setattr(module, ASSIGNS, _assigned)


def _no() -> bool:
    """What is answered while one of them is made."""
    return False


def _assigned(*costs: Any, **options: Any) -> Any:  # noqa: ANN401 - of SciPy's function
    """See :func:`scipy.optimize.linear_sum_assignment`."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - a third of a second to import

    return linear_sum_assignment(*costs, **options)


def _around(name: str) -> Callable[[ModuleType], AbstractContextManager[None]] | None:
    """The context in which a module is made; None for most."""
    if name.startswith(LOSSES):
        return _without_scipy
    return _list_kept if name == LIST else None


class _Around(Loader):
    """Makes a module as its own loader does, within a context.

    Args:
        loader: Its own.
        context: Of the module.
    """

    def __init__(self, loader: Loader, context: Callable[[ModuleType], AbstractContextManager[None]]) -> None:
        self._loader, self._context = loader, context

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As its own loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run its code within the context; from then on, its loader is its own."""
        module.__loader__ = module.__spec__.loader = self._loader  # type: ignore[union-attr] # it was made from one
        with self._context(module):
            self._loader.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules concerned where they are."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of one of them; none for any other."""
        context = _around(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if context else None
        if context and spec is not None and spec.loader is not None:
            spec.loader = _Around(spec.loader, context)
        return spec


def spare() -> None:
    """Have what is not needed left out from now on; what is imported already stays."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


spare()
