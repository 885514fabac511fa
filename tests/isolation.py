"""What a test changes for the whole process, and is taken back before the next one."""

from __future__ import annotations

import logging
import os
import sys

from audit.core import assets


def before_teardown() -> None:
    """The command line silences logging and remembers -q; fixtures that end and tests that follow want neither."""
    if logging.root.manager.disable:  # telling every logger takes a millisecond
        logging.disable(logging.NOTSET)
    verbosity = sys.modules.get("audit.cli.verbosity")
    if verbosity is not None:
        verbosity.chosen.quiet = verbosity.chosen.verbose = False


def after_teardown(*, of_file: bool) -> None:
    """After each test; after the last one of a file, loggers that a library has disabled are enabled, too."""
    assets.configure()
    _reset_threads()
    _reset_logging(of_file)


def _reset_threads() -> None:
    """A run in this process may have asked for more: every test after it would fight with the other processes."""
    torch = sys.modules.get("torch")
    if "PYTEST_XDIST_WORKER" in os.environ and torch is not None and torch.get_num_threads() > 1:
        torch.set_num_threads(1)


def _reset_logging(everywhere: bool) -> None:
    """A command may have set a level and a stream or turned logging off; a library may have disabled loggers."""
    manager, root = logging.root.manager, logging.root
    root.handlers.clear()
    if root.level != logging.WARNING:
        root.setLevel(logging.WARNING)
    if manager.disable:
        logging.disable(logging.NOTSET)
    if everywhere:
        for logger in manager.loggerDict.values():
            if isinstance(logger, logging.Logger):
                logger.disabled = False
