"""Limits on lm-eval around a task: little output, and no waiting for an unreachable hub."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, redirect_stdout
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE_SECONDS = 3.0
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

    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    silent = offline or before[0] or not _hub_answers()
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = silent
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


@cache
def _hub_answers() -> bool:
    """Whether the hub answers one request within seconds, by the hub client's own session and proxies."""
    from huggingface_hub import constants, get_session  # noqa: PLC0415 - slow to import

    try:
        get_session().head(constants.ENDPOINT, timeout=PROBE_SECONDS)
    except Exception:  # noqa: BLE001 - what it raises depends on the HTTP library the hub client was built on
        return False
    return True
