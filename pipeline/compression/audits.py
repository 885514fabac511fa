"""The runs that are compared: those that are named, and audits of checkpoints that have none yet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.assets.model_name import refuse_unknown_path
from audit.core.config import BudgetConfig, ExplainConfig, RunConfig, validate
from audit.core.errors import ConfigError
from audit.core.latest import LATEST
from audit.core.run_folder import RunFolder
from audit.engine.checkpoint.device import choose_device
from audit.engine.checkpoint.source import check_source, find
from audit.engine.configured import recorded_config
from audit.engine.server_name import is_server
from audit.gate.progress import is_going_on
from audit.pipeline import audit as pipeline
from audit.pipeline.configuration import anchored
from audit.pipeline.consent import require_consent
from audit.pipeline.manifest import device_type
from audit.pipeline.plugins import with_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.progress import Progress
    from audit.core.records import RunManifest

DECIDING = (
    "limit", "seed", "quantization", "chat_template", "chat_template_args", "thinking", "max_length", "evals", "safety",
)  # fmt: skip
"""Fields of the configuration that decide what is measured; a run that has others is no audit of the same kind."""


@dataclass(frozen=True)
class Auditing:
    """How a checkpoint without a run gets one."""

    out: Path
    """Folder of the runs."""
    progress: Progress
    """Hears of the work."""

    def refuse_unknown(self, names: Sequence[str]) -> None:
        """Refuse names that are neither a run nor a checkpoint, before anything is audited.

        Raises:
            UsageError: There is nothing of that name.
        """
        for name in names:
            if self._named(name) is None:
                refuse_unknown_path(name)
                check_source(name)

    def run_of_original(self, name: str, config: RunConfig) -> RunFolder:
        """The run that is named, or an audit of the checkpoint.

        Args:
            name: A run folder, a run-id, ``latest``, or a checkpoint.
            config: How a checkpoint is audited.

        Raises:
            UsageError: There is nothing of that name, or it cannot be audited.
        """
        return self._named(name) or self._audited(_prepared(config.model_copy(update={"model": name, "out": self.out})))

    def run_of_twin(self, name: str, original: RunFolder) -> RunFolder:
        """The run that is named, or an audit of the checkpoint as the original was audited.

        Args:
            name: A run folder, a run-id, ``latest``, or a checkpoint.
            original: The run of the original.

        Raises:
            UsageError: There is nothing of that name, it cannot be audited, or the original's run may load code.
        """
        named = self._named(name)
        if named is not None:
            return named
        manifest = original.read_manifest()
        config = recorded_config(manifest, str(original.manifest_path))
        require_consent(config, {}, f"{name}: to be audited as {manifest.run_id} was", _by_hand)
        mine = {"model": name, "base": None, "revision": None, "tokenizer": None, "out": self.out}
        return self._audited(_prepared(config.model_copy(update={**mine, "budget": BudgetConfig()})))

    def _named(self, name: str) -> RunFolder | None:
        """The run of that name; None if it can only be a checkpoint."""
        is_run = any(os.path.isfile(path / "manifest.json") for path in (Path(name), self.out / name))  # noqa: PTH113 - no error for a long name
        return RunFolder.resolve(name, self.out) if is_run or name == LATEST else None

    def _audited(self, config: RunConfig) -> RunFolder:
        """A run of this checkpoint and configuration: one that is there, one that goes on, or a new one."""
        digest = _digest(config)
        for folder, manifest in self._like(config, digest):
            if manifest.status == "complete":
                return folder
            if manifest.interrupted or (manifest.status == "running" and not is_going_on(folder)):
                own = validate(RunConfig, manifest.config, str(folder.manifest_path))
                return pipeline.audit(own.model_copy(update={"out": config.out}), self.progress, resume=folder)
        return pipeline.audit(config, self.progress)

    def _like(self, config: RunConfig, digest: str) -> Iterator[tuple[RunFolder, RunManifest]]:
        """Runs of the checkpoint that measure the same, the newest first."""
        for folder in RunFolder.all(self.out):
            manifest = folder.read_manifest()
            if manifest.model.digest != digest or (config.dtype not in ("auto", manifest.model.dtype)):
                continue
            if manifest.shard is not None or device_type(manifest.model) != choose_device(config.device).type:
                continue
            if _work(validate(RunConfig, manifest.config, str(folder.manifest_path))) == _work(config):
                yield folder, manifest


def _prepared(config: RunConfig) -> RunConfig:
    """The configuration as a manifest has it, without explanations: they are of each checkpoint's own answers.

    Raises:
        ConfigError: The checkpoint is on a server: its weights are not here, so that nothing could be compared.
    """
    if is_server(config.model):
        msg = f"{config.model}: whole next-token distributions need a local checkpoint: name its folder, or two runs"
        raise ConfigError(msg)
    unexplained = ExplainConfig.model_validate({**config.explain.model_dump(), "methods": [], "drivers": 0})
    return anchored(with_plugins(config.model_copy(update={"explain": unexplained})))


def _digest(config: RunConfig) -> str:
    """Digest of the checkpoint's files, as a run of it records."""
    return find(
        config.model,
        base=config.base,
        revision=config.revision,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
    ).digest


def _work(config: RunConfig) -> dict[str, Any]:
    """What a configuration measures."""
    return config.model_dump(mode="json", include=set(DECIDING))


def _by_hand(field: str, path: str | None) -> str:
    """What the user does about code that the original's run may load."""
    named = f"its {field.replace('_', ' ')}{f' {path}' if path else ''}"
    return f"an `audit run` of your own with {named}, and name the run here"
