"""A plug-in of pytest: the cases of a parametrised function are one test.

Most cases take microseconds. What pytest and xdist do for a test takes two milliseconds: three reports, each of which
a third process reads. Every case still has its own fixtures and the same resets before the next one, and all cases
run, whichever fail: the test then fails, with the names of all of them and what pytest shows of the first.

Tests that are slow stay apart, so do those with other marks than :data:`MARKS`, those of Hypothesis and those in
classes; ``--apart`` keeps all of them apart, and a case that is chosen alone runs alone. ``--lf`` runs all cases of a
test that failed.
"""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING

import pytest

from tests import isolation

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterator

MARKS = {"parametrize", "data", "gpu", "network"}
"""Marks that say nothing about how a case runs, or the same of all cases."""
SHOWN = 10
"""How many failures are shown whole; of the others the name is."""
OF_FAILED = pytest.StashKey["set[Hashable]"]()
"""Ids of the cases of tests that failed."""


class Cases(pytest.Item):
    """The cases of one parametrised function."""

    cases: list[pytest.Function]

    @classmethod
    def of(cls, cases: list[pytest.Function]) -> Cases:
        """All have the function, its file and their marks in common."""
        made: Cases = cls.from_parent(cases[0].parent, name=cases[0].originalname)
        made.cases = cases
        made.own_markers.extend(cases[0].own_markers)
        made.keywords.update((mark.name, mark) for mark in made.own_markers)
        for case in cases:
            case.parent = made  # fixtures of the file stay while this test runs, those of a case end with it
        return made

    def reportinfo(self) -> tuple[object, int | None, str]:  # type: ignore[override]
        path, line, _ = self.cases[0].reportinfo()
        return path, line, self.name

    def runtest(self) -> None:
        failed: dict[str, str] = {}
        skipped: dict[str, str] = {}
        for case in self.cases:
            for error in self._errors(case):
                if isinstance(error.value, pytest.skip.Exception):
                    skipped[case.name] = str(error.value)
                else:
                    failed[case.name] = f"{failed.get(case.name, '')}{case.repr_failure(error)}\n"
        if failed:
            pytest.fail(self._said(failed), pytrace=False)
        if skipped:
            reasons = ", ".join(sorted(set(skipped.values())))
            pytest.skip(f"{len(skipped)} of {len(self.cases)} cases: {reasons}")

    def _errors(self, case: pytest.Function) -> Iterator[pytest.ExceptionInfo[BaseException]]:
        """What setting up a case, calling it and tearing it down raised."""
        state = self.session._setupstate
        with warnings.catch_warnings():
            yield from _raised(lambda: (state.setup(case), case.runtest()))
            isolation.before_teardown()
            yield from _raised(lambda: state.teardown_exact(self))
        case._initrequest()  # values of its fixtures are not kept
        isolation.after_teardown(of_file=False)

    def _said(self, failed: dict[str, str]) -> str:
        shown = (f"____ {name} ____\n{text}" for name, text in itertools.islice(failed.items(), SHOWN))
        return "\n".join([f"{len(failed)} of {len(self.cases)} cases failed: {', '.join(failed)}", *shown])


def _raised(step: Callable[[], object]) -> list[pytest.ExceptionInfo[BaseException]]:
    try:
        step()
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException:  # noqa: BLE001 - SystemExit and what pytest raises, too
        return [pytest.ExceptionInfo.from_current()]
    return []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--apart", action="store_true", help="each case of a parametrised function is a test of its own")


@pytest.hookimpl(wrapper=True, trylast=True)  # before --lf leaves out what it does not know as failed
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    failed = _failed(collector.config)
    if failed and isinstance(collector, pytest.File):
        names = {str(one) for one in failed}
        for item in report.result:
            if isinstance(item, pytest.Function) and f"{collector.nodeid}::{item.originalname}" in names:
                collector.config.stash.setdefault(OF_FAILED, set()).add(_id(item))
                failed[_id(item)] = True
    return report


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("apart"):
        items[:] = together(items)
    for one in config.stash.get(OF_FAILED, set()) - set(map(_id, items)):
        _failed(config).pop(one)  # it is part of a test now, or will not run


def _failed(config: pytest.Config) -> dict[Hashable, bool]:
    """What ``--lf`` knows as failed, by its id; nothing where that is not asked for."""
    chooser = config.pluginmanager.get_plugin("lfplugin-collwrapper")
    return chooser.lfplugin.lastfailed if chooser else {}


def _id(item: pytest.Item) -> Hashable:
    """By which ``--lf`` knows it: an object since pytest 9.1, a text before."""
    return getattr(item, "id", item.nodeid)


def together(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """The items in their order; those of one function that follow each other become one."""
    seen: set[tuple[object, str]] = set()
    marks_of_file: dict[object, frozenset[str]] = {}

    def function(item: pytest.Item) -> tuple[object, str, frozenset[str]] | None:
        """What items have in common that may run as one test; None where it runs alone."""
        if not isinstance(item, pytest.Function) or not hasattr(item, "callspec") or item.cls is not None:
            return None
        outer = marks_of_file.get(item.parent)
        if outer is None:
            outer = marks_of_file[item.parent] = frozenset(mark.name for mark in item.parent.iter_markers())
        marks = outer.union(mark.name for mark in item.own_markers)
        if not marks <= MARKS or hasattr(item.obj, "hypothesis"):
            return None
        return item.parent, item.originalname, marks

    for key, group in itertools.groupby(list(items), function):
        cases = list(group)
        if key and len(cases) > 1 and key[:2] not in seen:  # two tests of one name would be confused
            seen.add(key[:2])
            yield Cases.of([case for case in cases if isinstance(case, pytest.Function)])
        else:
            yield from cases
