"""Under xdist, a test file is imported by the process that runs it, when its turn comes.

Each process of xdist collects all tests by itself before the first one runs: it imports every test file, and makes
thousands of items of which it runs a share. Here it collects files that are not imported, one item for each;
``--dist loadfile`` hands them out, and what such an item does is to collect its file and run the tests that are in
it, by the same hooks and with the same marks, names and reports.
"""

from __future__ import annotations

import gc
import re
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

OTHERWISE = ("lf", "failedfirst", "newfirst", "stepwise", "collectonly", "usepdb", "keepduplicates")
"""Options that need all tests at once."""
LONGEST_FIRST = re.compile(r"mark\.slow\b|\b(embedded|thinker|postgresql|sandbox)\b")

MANY_MODULES = 100


def register_where_asked(config: pytest.Config) -> None:
    """Collect lazily with ``--lazily`` under ``-n N --dist loadfile``, if whole files or folders are to be run."""
    options = config.option
    if not options.lazily or any(getattr(options, name, False) for name in OTHERWISE):
        return
    if any("::" in argument for argument in config.args):
        return
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(), "lazily")
    elif getattr(options, "dist", "no") == "loadfile" and getattr(options, "tx", None):
        config.pluginmanager.register(Controller(), "lazily")


class File(pytest.Item):
    """A file of tests that is not imported before it runs."""

    imported: ClassVar = 0
    """Modules that there were when the collector was last told to leave alone what there is."""

    def __init__(self, *, module: pytest.Module, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.module: pytest.Module | None = module
        self.running = ""

    @property
    def nodeid(self) -> str:
        """The test that runs, if one does: xdist compares reports with what it has handed out."""
        return self.running or super().nodeid

    def runtest(self) -> None:
        raise NotImplementedError("run_all takes its place")

    def run_all(self, nextitem: pytest.Item | None) -> None:
        """Collect the tests and run those that are chosen."""
        module, self.module = self.module, None
        assert module is not None
        gc.disable()
        try:
            items = list(_collect(module))
            self.config.hook.pytest_collection_modifyitems(session=self.session, config=self.config, items=items)
        finally:
            gc.enable()
        if len(sys.modules) > File.imported + MANY_MODULES:  # the collector need not look at them again and again
            gc.collect()
            gc.freeze()
            File.imported = len(sys.modules)
        if not items:  # else the last of them does: what the next file does not need is over
            self.session._setupstate.teardown_exact(nextitem)
        for number, item in enumerate(items, 1):
            following = items[number] if number < len(items) else nextitem
            self.running = item.nodeid
            try:
                self.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                self.running = ""
            if self.session.shouldfail or self.session.shouldstop:
                break


def _collect(node: pytest.Item | pytest.Collector) -> Iterator[pytest.Item]:
    """What is below a node, as ``Session.genitems`` finds and reports it."""
    if isinstance(node, pytest.Item):
        node.ihook.pytest_itemcollected(item=node)
        yield node
        return
    node.ihook.pytest_collectstart(collector=node)
    report = node.ihook.pytest_make_collect_report(collector=node)
    report.__dict__.pop("call", None)  # an exception with its frames, for debuggers
    if report.passed:
        for child in report.result:
            yield from _collect(child)
    node.ihook.pytest_collectreport(report=report)


class Worker:
    """Hooks of the processes that run tests."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, parent: pytest.Collector) -> Generator[None, list[Any], list[Any]]:
        return [
            File.from_parent(parent, name=node.name, nodeid=node.nodeid, path=node.path, module=node)
            if isinstance(node, pytest.Module)
            else node
            for node in (yield)
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        files = [item for item in items if isinstance(item, File)]
        if files:  # no marks and no names yet by which -m and -k could choose
            others = [item for item in items if not isinstance(item, File)]
            items[:] = others
        yield
        if files:
            files.sort(key=lambda file: LONGEST_FIRST.search(file.path.read_text("utf-8")) is None)
            items[:0] = files

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if not isinstance(item, File):
            return None
        item.run_all(nextitem)
        return True


class Controller:
    """Hooks of the process that hands files out: it counts files where xdist counts tests."""

    def __init__(self) -> None:
        self.reports = 0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal._progress_nodeids_reported = _Files()  # or progress would be thousands of percent

    def pytest_runtest_logreport(self) -> None:
        self.reports += 1

    def pytest_handlecrashitem(self, crashitem: str, sched: Any) -> None:
        """The file of a process that died is not run again: xdist would wait for tests that nobody has left to run."""
        for name in [name for name, tests in sched.workqueue.items() if crashitem in tests]:
            del sched.workqueue[name]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.reports and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


class _Files(set[str]):
    """The files of the tests that are added."""

    def add(self, test: object) -> None:
        super().add(str(test).partition("::")[0])
