"""From the folders of shards to one run: their journals united, and the run finished from them."""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, validate
from audit.core.errors import RunFolderError
from audit.core.filesystem import make_folder
from audit.core.formatting import counted
from audit.core.records import AssetRecord, RunCost
from audit.core.records.files.json_file import plain
from audit.core.run_folder import RunFolder, new_run_id
from audit.engine.workers.journals import unite
from audit.gate import evidence
from audit.pipeline import ratings as rated
from audit.pipeline.audit import audit
from audit.pipeline.manifest import device_type
from audit.pipeline.shards.agreement import check_agreement, missing_shards, shard_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.progress import Progress
    from audit.core.records import RunManifest


def merge(
    config: RunConfig,
    folders: Sequence[RunFolder],
    progress: Progress,
    *,
    computes: bool = True,
    database: str | None = None,
) -> RunFolder:
    """Join the shards of a run and finish it from their answers, as a run that is resumed is finished.

    The run's folder is named after its shards: a merge that was interrupted goes on when it is repeated.

    Args:
        config: Of the run, from :func:`merged_config`.
        folders: Of the shards, in any order; one may be there twice.
        progress: Listener of the work.
        computes: Whether the checkpoint is loaded for what no shard could know: requests that depend on answers,
            answers that journals do not keep, explanations. Otherwise these are missing, and so may shards be.
        database: URL of the ratings that choose what is explained; None is the file next to the run folders.

    Raises:
        EvidenceInvalid: Two shards have different answers to one request.
        Interrupted: Ctrl-C, or the budget is spent; it carries the run folder.
        RunFolderError: The folders are not shards of one run, or not all of them and ``computes``.
        UsageError: As for :func:`audit.pipeline.audit.audit`.
    """
    manifest = _merged(config, folders)
    absent = _absent(folders)
    if absent and computes:
        msg = f"{absent[0]}, or merge what there is with --no-compute"
        raise RunFolderError(msg)
    folder = RunFolder(config.out / manifest.run_id)
    if not folder.manifest_path.exists():
        make_folder(folder.path)
        progress.step(f"uniting the answers of {counted(len(folders), 'shard')}")
        unite([one.journal_path for one in folders], folder.journal_path)
        rated.keep(folder, rated.read(config, database))
        evidence.seal(folder, manifest)
    for line in absent:
        progress.say(line)
    return audit(config, progress, resume=folder, computes=computes)


def merged_config(folders: Sequence[RunFolder], out: Path) -> RunConfig:
    """The configuration of the merged run.

    Args:
        folders: Of the shards.
        out: Where the run folder goes.

    Raises:
        RunFolderError: The folders are not shards of one run, or one is still going on.
    """
    check_agreement(folders)
    first = folders[0]
    recorded = validate(RunConfig, first.read_manifest().config, str(first.manifest_path))
    devices = {str(folder.read_manifest().config.get("device")) for folder in folders}
    kind = device_type(first.read_manifest().model)
    device = kind if len(devices) > 1 and kind in {"cpu", "cuda"} else recorded.device
    return recorded.model_copy(update={"out": out, "device": device})


def _absent(folders: Sequence[RunFolder]) -> list[str]:
    """What no folder has, a line each: shards that are missing, and such as did not end."""
    of = shard_of(folders[0]).of
    lines = [f"shard {number} of {of} is missing: give its folder" for number in missing_shards(folders)]
    ended = {shard.number for shard in map(shard_of, folders) if shard.ended}
    for folder in folders:
        shard = shard_of(folder)
        if shard.number not in ended:
            resume = f"audit run --resume {quote(str(folder.path))}"
            lines.append(f"{folder.path}: {shard.name} has not ended: finish it with `{resume}`")
    return lines


def _merged(config: RunConfig, folders: Sequence[RunFolder]) -> RunManifest:
    """The manifest of the merged run, as of one that was interrupted before its first task."""
    manifests = sorted((folder.read_manifest() for folder in folders), key=lambda one: (one.started, one.run_id))
    first = manifests[0]
    ends = sorted((one.run_id, (one.finished or one.started).astimezone(UTC).isoformat()) for one in manifests)
    ends = list(dict.fromkeys(ends))
    last = max(one.finished or one.started for one in manifests)
    merged_from = list(dict.fromkeys(run_id for run_id, _ in ends))
    update: dict[str, Any] = {
        "run_id": new_run_id(last, first.model.name, {"shards": ends}),
        "config": plain(config),
        "assets": _assets(manifests),
        "shard": None,
        "merged_from": merged_from,
        "status": "partial",
        "interrupted": True,
        "finished": datetime.now(UTC),
        "spent": _spent(manifests),
        "not_run": [],
        "left_out": [],
        "warnings": [
            *dict.fromkeys(line for one in manifests for line in one.warnings),
            *_cards(manifests),
            *_divisions(manifests),
        ],
        "evidence": {},
    }
    return first.model_copy(update=update)


def _assets(manifests: Sequence[RunManifest]) -> list[AssetRecord]:
    """What all shards used."""
    known = {(asset.name, asset.sha256): asset for one in manifests for asset in one.assets}
    return [known[key] for key in sorted(known)]


def _spent(manifests: Sequence[RunManifest]) -> RunCost | None:
    """What all shards cost; None if that is unknown of one."""
    costs = {one.run_id: one.spent for one in manifests}.values()
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return RunCost(seconds=round(sum(cost.seconds for cost in known), 3), tokens=sum(cost.tokens for cost in known))


def _divisions(manifests: Sequence[RunManifest]) -> list[str]:
    """What a reader must know where shards divided the requests in several ways."""
    if len({one.shard.planning for one in manifests if one.shard}) < 2:
        return []
    said = "its shards divided the requests in different ways, as on unlike processors, or with little memory"
    return [f"{said}: what none of them answered was left to the merge"]


def _cards(manifests: Sequence[RunManifest]) -> list[str]:
    """What a reader must know where shards ran on several kinds of cards."""
    cards = sorted({one.model.device.partition(" ")[2] for one in manifests})
    if len(cards) < 2:
        return []
    return [f"its shards ran on {' and '.join(cards)}, which round differently: scores differ in their last digits"]
