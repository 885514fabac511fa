"""Runs of the output folder that a sweep need not make again: of the same files, asked the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, validate
from audit.core.errors import AuditError, ConfigError
from audit.core.records import digest_of
from audit.core.records.files.json_file import plain
from audit.core.run_folder import RunFolder
from audit.engine.checkpoint.device import choose_device, choose_dtype
from audit.gate import evidence
from audit.pipeline.configuration import anchored
from audit.pipeline.manifest import changed_inputs, deciding
from audit.pipeline.plugins import used

if TYPE_CHECKING:
    from audit.core.records import AssetRecord, CheckpointState, RunManifest

UNDECIDING = {
    "model", "base", "revision", "intended_use", "profile", "device", "device_map", "dtype", "trust_remote_code",
    "allow_pickle", "threads", "batch_tokens", "offline", "data_dirs", "plugins", "out", "keep_raw", "budget", "server",
    "workers", "gpus_per_worker", "ray", "certificate",
}  # fmt: skip
"""Fields of the configuration that decide no number, or what is compared as it was found: the digest of the checkpoint,
number type and device, digests of plug-ins and data sets. The profile is in the sections that it filled."""


class Earlier:
    """The runs of a folder that were made with the settings of a sweep.

    Packages may be others: those of a series of months never are the same, and a comparison names them.

    Args:
        config: Of the sweep, with plug-ins.
        data: The data sets at hand.
    """

    def __init__(self, config: RunConfig, data: list[AssetRecord]) -> None:
        device = choose_device(config.device)
        dtype = str(choose_dtype(config.dtype, device)).removeprefix("torch.")
        self._wanted = _settings(anchored(config)), device.type, dtype
        self._out, self._data, self._plugins = config.out, data, used(config)
        self._read: dict[tuple[str, int, int], tuple[str, bool] | None] = {}

    @property
    def digest(self) -> str:
        """Of the settings."""
        return digest_of(self._wanted)

    def of(self, digest: str) -> list[RunFolder]:
        """Runs of a checkpoint with these settings, complete ones first, then the newest.

        Args:
            digest: Of the checkpoint's files.
        """
        found = [run for run in RunFolder.all(self._out) if self._of_sweep(run) == (digest, True)]
        return sorted(found, key=lambda run: state_of(run)[0] != "audited")

    def _of_sweep(self, run: RunFolder) -> tuple[str, bool] | None:
        """The digest of a run's checkpoint, and whether its settings are the sweep's; None where it cannot be read."""
        try:
            stat = run.manifest_path.stat()
        except OSError:  # somebody deletes the run at this moment
            return None
        key = (run.path.name, stat.st_mtime_ns, stat.st_size)
        if key not in self._read:
            try:
                manifest = run.read_manifest()
            except AuditError:
                self._read[key] = None
            else:
                self._read[key] = manifest.model.digest, self._is_same(manifest)
        return self._read[key]

    def _is_same(self, manifest: RunManifest) -> bool:
        try:
            config = validate(RunConfig, manifest.config, "manifest.json")
        except ConfigError:  # an imported log, or a run of another version
            return False
        if manifest.shard is not None:  # it has answers, and no results
            return False
        model = manifest.model
        if (_settings(config), model.device.split(":")[0], model.dtype) != self._wanted:
            return False
        return manifest.looks is None and changed_inputs(manifest, self._data, self._plugins) is None


def _settings(config: RunConfig) -> dict[str, Any]:
    """What a configuration decides of the numbers."""
    kept = {name: value for name, value in plain(config).items() if name not in UNDECIDING}
    return kept | {"evals": deciding(config.evals)}


def state_of(run: RunFolder) -> tuple[CheckpointState, str | None]:
    """How the audit of a run's checkpoint stands, and why it is not complete.

    Raises:
        AuditError: The folder cannot be read.
    """
    manifest = run.read_manifest()
    if manifest.broken is not None:
        return "broken", manifest.broken
    if manifest.status == "complete":
        return ("audited", None) if evidence.is_whole(run) else ("interrupted", "files of its run were changed or lost")
    if manifest.status == "partial" and not manifest.interrupted:
        return "partial", _lacking(manifest)
    if manifest.status == "failed":
        return "failed", "its run failed"
    stopped = manifest.spent.stopped_by if manifest.spent else None
    return "interrupted", f"the budget of {stopped} is spent" if stopped else "its run was interrupted"


def _lacking(manifest: RunManifest) -> str:
    """What a run that ended lacks."""
    if not manifest.not_run:
        return "a metric could not be computed"
    tasks = ", ".join(one.task for one in manifest.not_run)
    return f"not run: {tasks} ({manifest.not_run[0].reason})"
