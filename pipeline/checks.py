"""Every mistake in a configuration that can be found before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.filesystem import make_folder
from audit.engine.checkpoint.source import check_source
from audit.evals.choice.checks import check as check_evals
from audit.evals.lm_eval.tasks import declared
from audit.explain.run import suite as explain
from audit.safety import suite as safety
from audit.safety.privacy.redaction import redaction_key

if TYPE_CHECKING:
    from audit.core.config import RunConfig


def check(config: RunConfig) -> None:
    """Find every mistake that can be found before anything is loaded.

    Raises:
        UsageError: An unknown task, probe, method or model, an output folder that cannot be written, or a key that is
            too short.
    """
    redaction_key()
    safety.check(config)
    check_evals(config, safety.TASKS.keys())
    _check_probe_names(config)
    explain.check(config)
    check_source(config.model)
    if config.base is not None:
        check_source(config.base)
    if config.certificate.weights is not None:
        check_source(config.certificate.weights)
    make_folder(config.out)


def _check_probe_names(config: RunConfig) -> None:
    """Refuse task files that declare a probe's name: the probe would run in their place.

    Raises:
        ConfigError: One does.
    """
    own_data = {task.name for task in config.evals.tasks if task.file is not None}
    taken = sorted(safety.TASKS.keys() & {*declared(config.evals.include_path), *own_data})
    if taken:
        msg = f"a task file declares {taken[0]}, the name of one of the audit's probes: rename it"
        raise ConfigError(msg)
