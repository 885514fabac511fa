"""The manifest of a run: what is written when it begins, goes on and ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

from audit.core import provenance
from audit.core.errors import RunFolderError
from audit.core.records import NotRun, RunManifest, TaskResult, digest_of
from audit.core.records.files.json_file import plain
from audit.core.run_folder import RunFolder, new_run_id
from audit.gate.binding import kept_policy
from audit.pipeline.plugins import used

if TYPE_CHECKING:
    from audit.core.config import RunConfig, Section
    from audit.core.records import AssetRecord, ModelRecord, PluginRecord, RegisteredPolicy, ShardRecord, Status
    from audit.engine import Engine


DECIDING = ("evals", "safety", "explain", "thinking")
"""Sections of the configuration whose digest is in the signature."""


def first(
    config: RunConfig,
    engine: Engine,
    data: list[AssetRecord],
    policy: RegisteredPolicy | None = None,
    shard: ShardRecord | None = None,
) -> RunManifest:
    """The manifest of a new run, with the policy that it will be judged under, if one was registered.

    Args:
        config: As resolved.
        engine: The checkpoint.
        data: The data sets that are at hand.
        policy: That was registered.
        shard: The part of the run that this folder is to have; None is all of it.
    """
    started = datetime.now(UTC)
    on_gpu = engine.record.device.startswith("cuda")
    packages = provenance.package_versions()
    manifest = RunManifest(
        run_id="",
        model=engine.record,
        config=plain(config),
        assets=data,
        plugins=used(config),
        seeds={"run": config.seed},
        packages=packages,
        platform=provenance.platform_record(
            threads=torch.get_num_threads(),
            gpu=engine.record.device if on_gpu else None,
            gpu_driver=torch.version.cuda if on_gpu else None,
        ),
        git=provenance.git_state(),
        started=started,
        policy=policy,
        shard=shard,
        status="running",
        warnings=engine.record.remarks,
        signature=_signature(config, engine, packages),
    )
    run_id = new_run_id(started, engine.record.name, plain(manifest))
    return manifest.model_copy(update={"run_id": run_id})


def _signature(config: RunConfig, engine: Engine, packages: dict[str, str]) -> str:
    """Everything that decides the numbers, in one line, in the manner of sacreBLEU."""
    record = engine.record
    versions: dict[str, str] = {
        name: packages[name] for name in ("lm_eval", "transformers", "torch") if name in packages
    }
    plugins = "+".join(f"{plugin.name}@{plugin.sha256[:6]}" for plugin in used(config))
    parts: dict[str, str] = {
        "model": f"{record.name}@{record.digest[:12]}",
        "dtype": record.dtype,
        "quantization": record.quantization or "none",
        "profile": config.profile,
        "tasks": str(len(config.evals.tasks) + len(config.safety.tasks)),
        "chat": config.chat_template + (f"+{digest_of(chat)[:6]}" if (chat := config.chat_template_args) else ""),
        "seed": str(config.seed),
        "config": digest_of(*(deciding(getattr(config, part)) for part in DECIDING))[:12],
        "length": str(record.max_length),
        "device": record.device.split(":", maxsplit=1)[0],
        **versions,
        **({"plugins": plugins} if plugins else {}),
        "audit": packages.get("checkpoint-audit", "unknown"),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def deciding(section: Section) -> dict[str, Any]:
    """A section's values without the places of task files, which differ between machines."""
    return section.model_dump(mode="json", exclude={"include_path"})


def unchanged(folder: RunFolder, engine: Engine, data: list[AssetRecord], plugins: list[PluginRecord]) -> RunManifest:
    """The manifest of a run, after making sure that nothing that decides its numbers has changed since it began.

    Raises:
        RunFolderError: Checkpoint, device, packages, plug-ins or data sets are not those the run began with.
    """
    manifest = folder.read_manifest()
    changed = _changes(manifest, engine, data, plugins)
    if changed:
        msg = f"{folder.path.name}: {changed} changed since this run began: start a new run"
        raise RunFolderError(msg)
    return manifest


def reopen(folder: RunFolder, engine: Engine, data: list[AssetRecord], plugins: list[PluginRecord]) -> RunManifest:
    """The manifest of a run that goes on, written as that of one.

    Raises:
        RunFolderError: As :func:`unchanged`.
        WriteError: It cannot be written.
    """
    manifest = unchanged(folder, engine, data, plugins)
    unsealed: dict[str, Any] = {
        "status": "running",
        "finished": None,
        "interrupted": False,
        "broken": None,
        "spent": None,
        "evidence": {},
        "certificate": None,
    }
    manifest = manifest.model_copy(update=unsealed)
    folder.write_manifest(manifest)
    return manifest


def restated(folder: RunFolder, manifest: RunManifest, config: RunConfig, engine: Engine) -> RunManifest:
    """The manifest of a run that gets more items, with its new configuration.

    What rests on the former items goes: the gate's verdict and the explanations, which are chosen again.
    """
    of_gate = folder.decision_path, kept_policy.path_in(folder)
    for stale in (*of_gate, folder.drivers_path, *(folder.path / "attributions").glob("*.json")):
        stale.unlink(missing_ok=True)
    update = {"config": plain(config), "signature": _signature(config, engine, manifest.packages)}
    manifest = manifest.model_copy(update=update)
    folder.write_manifest(manifest)
    return manifest


def device_type(model: ModelRecord) -> str:
    """Where a checkpoint runs, whichever card it is: ``cpu``, ``cuda`` or ``server``."""
    return model.device.partition(":")[0]


def _changes(manifest: RunManifest, engine: Engine, data: list[AssetRecord], plugins: list[PluginRecord]) -> str | None:
    """What decides numbers and is not what it was when the run began; None when all is the same."""
    then, now = manifest.model, engine.record
    if then.digest != now.digest:
        return "the checkpoint's files have"
    for name in ("dtype", "quantization", "max_length"):
        if getattr(then, name) != getattr(now, name):
            return f"{name} ({getattr(then, name)}, now {getattr(now, name)}) has"
    if then.ways != now.ways:  # answers of both would be mixed
        ways, may = then.recorded_ways, "has" if "ways" in then.model_fields_set else "may have"
        return f"the way of computing log-probabilities ({ways}, now {', '.join(now.ways) or 'none'}) {may}"
    # The answers of shards were computed on several cards: a further one may finish the run.
    same = device_type(then) == device_type(now) if manifest.merged_from else then.device == now.device
    if not same:
        return f"device ({then.device}, now {now.device}) has"
    packages = provenance.package_versions()
    package = next((name for name, version in manifest.packages.items() if packages.get(name) != version), None)
    if package:
        return f"package {package} ({manifest.packages[package]}, now {packages.get(package)}) has"
    return changed_inputs(manifest, data, plugins)


def changed_inputs(manifest: RunManifest, data: list[AssetRecord], plugins: list[PluginRecord]) -> str | None:
    """A plug-in or data set that is not what it was when the run began, and "has"; None when all are the same."""
    loaded = {(plugin.name, plugin.sha256) for plugin in plugins}  # two files may have one name
    other = next((one.name for one in manifest.plugins if (one.name, one.sha256) not in loaded), None)
    if other:
        return f"plug-in {other} has"
    before, after = ({asset.name: asset.sha256 for asset in found} for found in (manifest.assets, data))
    moved = next((name for name in sorted(before.keys() & after.keys()) if before[name] != after[name]), None)
    return f"data set {moved} has" if moved else None


def finished(
    manifest: RunManifest,
    results: list[TaskResult],
    warnings: list[str],
    status: Status,
    optional: set[str],
    *,
    interrupted: bool = False,
) -> RunManifest:
    """The manifest as it is when the run ends, however it ends."""
    absent = [
        NotRun(suite=r.suite, task=r.task, reason=r.not_run, optional=r.optional, taken=r.taken)
        for r in results
        if r.not_run
    ]
    used = [*manifest.assets, *(asset for result in results for asset in result.assets)]
    known = {(asset.name, asset.sha256): asset for asset in used}
    return manifest.model_copy(
        update={
            "assets": [known[key] for key in sorted(known)],
            "tasks": {result.task: result.settings for result in results if result.settings},
            "words": {result.task: result.words for result in results if result.words},
            "task_assets": {r.task: sorted({asset.name for asset in r.assets}) for r in results if r.assets},
            "items_available": {r.task: r.items_available for r in results if r.items_available is not None},
            "finished": datetime.now(UTC),
            "status": status,
            "interrupted": interrupted,
            "not_run": [one for one in absent if one.task not in optional],
            "left_out": [one for one in absent if one.task in optional],
            "warnings": list(dict.fromkeys([*manifest.warnings, *warnings])),
        }
    )
