"""What each worker of this machine gets: GPUs of its own, or a share of the cores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch

from audit.core import provenance
from audit.core.errors import ConfigError
from audit.core.names import split_engine
from audit.engine.server_name import is_server

if TYPE_CHECKING:
    from audit.core.config import RunConfig

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOCAL = "local"
"""Address that stands for a Ray cluster of this machine alone, which ends with the run."""


def environments(config: RunConfig) -> list[dict[str, str]]:
    """Variables of each worker, which must be set before torch is imported: its GPUs and its threads.

    Raises:
        ConfigError: There are too few GPUs.
    """
    count = config.workers or 1
    threads = str(threads_each(config))
    common = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    groups = _groups(config, count)
    return [{**common, VISIBLE: ",".join(group)} if group else dict(common) for group in groups]


def refuse_server(config: RunConfig) -> None:
    """Refuse workers of a model that is behind a server, or that an inference engine of others computes.

    Raises:
        ConfigError: It is.
    """
    engine, _ = split_engine(config.model)
    if engine is not None:
        msg = f"--workers {config.workers}: {engine} spreads its work itself: leave out --workers, or {engine}:"
        raise ConfigError(msg)
    if is_server(config.model):
        msg = f"--workers {config.workers}: {config.model} computes on its server: leave out --workers"
        raise ConfigError(msg)


def threads_each(config: RunConfig) -> int:
    """CPU threads of one worker: the cores of this machine divided; on a cluster what was asked for, or one."""
    if config.ray not in {None, LOCAL}:
        return config.threads or 1
    return max(1, (config.threads or provenance.default_threads()) // (config.workers or 1))


def of_worker(config: RunConfig) -> RunConfig:
    """The configuration by which a worker loads the checkpoint."""
    return config.model_copy(update={**plain_loading(config), "threads": threads_each(config)})


def plain_loading(config: RunConfig) -> dict[str, object]:
    """Fields of a configuration by which one process loads the checkpoint as each worker does."""
    update: dict[str, object] = {"workers": None, "gpus_per_worker": None, "ray": None}
    if (config.gpus_per_worker or 1) > 1 and config.device_map is None:
        update |= {"device": "auto", "device_map": "auto"}
    return update


def _groups(config: RunConfig, count: int) -> list[list[str]]:
    """The GPUs of each worker; none on a CPU.

    Raises:
        ConfigError: There are too few, or one is named.
    """
    each = config.gpus_per_worker
    visible = [] if config.device == "cpu" else _visible()
    if not visible:
        if each is not None:
            msg = f"--gpus-per-worker {each}: torch sees no GPU here: leave it out, and the workers divide the cores"
            raise ConfigError(msg)
        return [[]] * count
    if config.device.startswith("cuda:"):
        msg = f"--workers {count}: each worker has GPUs of its own: leave out --device {config.device}"
        raise ConfigError(msg)
    wanted = count * (each or 1)
    if wanted > len(visible):
        msg = f"--workers {count} with {each or 1} GPU(s) each: torch sees {len(visible)}: ask for fewer workers"
        raise ConfigError(msg)
    return [visible[start : start + (each or 1)] for start in range(0, wanted, each or 1)]


def _visible() -> list[str]:
    """The GPUs that this process may use, as CUDA's variable names them."""
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]
