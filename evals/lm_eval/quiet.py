"""Limits on lm-eval around a task: little output, and no waiting for an unreachable hub."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGERS = ("lm_eval", "sacrebleu", "datasets")


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars or messages from lm-eval and its libraries; what tasks print goes to stderr."""
    import datasets  # noqa: PLC0415 - slow to import
    import lm_eval.api.task as lm_eval_task  # noqa: PLC0415 - slow to import

    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    bar, bars_shown = lm_eval_task.tqdm, not datasets.are_progress_bars_disabled()
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    lm_eval_task.tqdm = partial(bar, disable=True)  # lm-eval has no switch for this one
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        lm_eval_task.tqdm = bar
        if bars_shown:
            datasets.enable_progress_bars()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def hub(*, offline: bool) -> Iterator[None]:
    """Make hub clients only use their caches if the run is offline or the hub does not answer.

    Left to themselves they retry an unreachable hub for half a minute per file.
    """
    import datasets.config  # noqa: PLC0415 - slow to import
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    from audit.core.assets.hub import answers  # noqa: PLC0415 - imports the hub client

    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    silent = offline or before[0] or not answers()
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = silent
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
