"""Whether what a configuration names for judging answers is there, looked up before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.assets.model_name import is_hub_id, nowhere
from audit.core.errors import AssetError, CheckpointError, UsageError
from audit.engine.checkpoint.hub import is_there, split_revision
from audit.engine.checkpoint.source import check_source

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.core.config import SafetyConfig


def check_there(config: SafetyConfig, loaded: Collection[str]) -> None:
    """Refuse a judge, scorer or program that is nowhere.

    Args:
        config: Names them.
        loaded: Names of the settings of which probes load what they name; others are not looked up.

    Raises:
        UsageError: There is no such folder, file, program or asset, and it cannot be a hub id.
    """
    for setting in ("answer_judge", "toxicity_scorer", "semgrep"):
        named = getattr(config, setting)
        if named is None or setting not in loaded:
            continue
        try:
            if setting == "semgrep":
                from audit.safety.code.semgrep import engine_of  # noqa: PLC0415 - few runs need it

                engine_of(named)
            else:
                _check_model(named)
        except (AssetError, CheckpointError) as error:
            msg = f"safety.{setting}: {error}"
            raise UsageError(msg) from error


def _check_model(named: str) -> None:
    """Look for the model of a judge or scorer; those that are not models are always there.

    Raises:
        CheckpointError: It is nowhere.
    """
    kind, _, model = named.partition(":")
    if not model:
        return
    if kind in {"judge", "guard"}:
        check_source(split_revision(model)[0] if kind == "guard" else model)
    elif kind in {"folder", "sequence"} and not _can_be_classifier(model, of_hub=kind == "sequence"):
        raise nowhere(model)


def _can_be_classifier(model: str, *, of_hub: bool) -> bool:
    """Whether a sequence classifier can be there: a folder, whose name may hold ``@``, or a hub id and a revision."""
    return is_there(model) or (of_hub and is_hub_id(model.partition("@")[0]))
