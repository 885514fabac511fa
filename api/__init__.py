"""Audit a language-model checkpoint from Python.

>>> import audit
>>> run = audit.run("./checkpoint", tasks=["crows_pairs"], limit=20)  # doctest: +SKIP
>>> run.metrics  # doctest: +SKIP

:func:`run` audits, :func:`read_run` opens what an audit left, :func:`compare` says how runs differ, :func:`gate` judges
a run by a policy, :func:`merge` joins the shards of a run, :func:`load` asks a checkpoint single questions, and
:func:`explain` says which words of a prompt moved an answer. ``import audit`` loads none of the libraries behind them:
each name is imported when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.core.errors import AuditError, Interrupted, UsageError
    from audit.public.checkpoints import Checkpoint, load
    from audit.public.comparisons import RunComparison, compare
    from audit.public.decisions import Judgement, gate
    from audit.public.explanations import Explanation, explain
    from audit.public.merging import merge
    from audit.public.runs import Run, read_run, run
    from audit.public.series import RunSeries

_PLACES = {
    "AuditError": "audit.core.errors",
    "Checkpoint": "audit.public.checkpoints",
    "Explanation": "audit.public.explanations",
    "Interrupted": "audit.core.errors",
    "Judgement": "audit.public.decisions",
    "Run": "audit.public.runs",
    "RunComparison": "audit.public.comparisons",
    "RunSeries": "audit.public.series",
    "UsageError": "audit.core.errors",
    "compare": "audit.public.comparisons",
    "load": "audit.public.checkpoints",
    "merge": "audit.public.merging",
    "read_run": "audit.public.runs",
    "run": "audit.public.runs",
}
"""Module of each name."""

__all__ = [
    "AuditError",
    "Checkpoint",
    "Explanation",
    "Interrupted",
    "Judgement",
    "Run",
    "RunComparison",
    "RunSeries",
    "UsageError",
    "compare",
    "explain",
    "gate",
    "load",
    "merge",
    "read_run",
    "run",
]


_CALLED = {"explain": "audit.public.explanations", "gate": "audit.public.decisions"}
"""Sub-packages whose name is also that of a public function, and its module."""


class _CallablePackage(ModuleType):
    """A sub-package that can be called: a public function has its name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - of the public function
        """See :func:`audit.public.explanations.explain` and :func:`audit.public.decisions.gate`."""
        return self.__wrapped__(*arguments, **options)

    @property
    def __wrapped__(self) -> Any:  # noqa: ANN401 - a function; gives `inspect` its signature
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(_CALLED[name]), name)


class _Package(ModuleType):
    """The package ``audit``: makes sub-packages callable at the moment that they are imported."""

    def __setattr__(self, name: str, value: object) -> None:
        """As any module; the import system sets each sub-package this way."""
        if name in _CALLED and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has the name
    if name in _CALLED:
        return import_module(f"audit.{name}")
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    msg = f"module 'audit' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
