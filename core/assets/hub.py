"""Files of a data set repository on the Hugging Face hub: the last resort, and quick to give up."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import constants, get_session, hf_hub_download

from audit.core.errors import AssetMissing

if TYPE_CHECKING:
    from audit.core.assets.asset import HubSource

PROBE_SECONDS = 3.0
RETRY_SECONDS = 60.0


def fetch(source: HubSource) -> tuple[dict[str, Path], str]:
    """The files, from the hub's own cache if they are there, and the commit they come from.

    Raises:
        AssetMissing: The hub cannot be reached, is switched off (``HF_HUB_OFFLINE``), or does not have them.
    """
    cached = _download(source, local_files_only=True)
    if cached is None:
        _probe(source)
        cached = _download(source, local_files_only=False)
    if cached is None:
        msg = f"hub {source.repository}: cannot be downloaded"
        raise AssetMissing(msg)
    return cached, _commit(next(iter(cached.values())))


def _download(source: HubSource, *, local_files_only: bool) -> dict[str, Path] | None:
    try:
        return {
            name: Path(hf_hub_download(source.repository, name, repo_type="dataset", local_files_only=local_files_only))
            for name in source.files
        }
    except (OSError, ValueError):  # every error of the client is one of the two
        return None


def _probe(source: HubSource) -> None:
    """Give up within seconds if the hub cannot be reached: its client retries for half a minute."""
    if constants.HF_HUB_OFFLINE:
        msg = f"hub {source.repository}: skipped (HF_HUB_OFFLINE is set)"
        raise AssetMissing(msg)
    if not answers():
        msg = f"hub {source.repository}: cannot be reached"
        raise AssetMissing(msg)


def answers() -> bool:
    """Whether the hub answers one request within seconds, by its client's own session and proxies.

    The answer is kept for at most ``RETRY_SECONDS``: many tasks ask. ``_answers.cache_clear()`` forgets it.
    """
    return _answers(constants.ENDPOINT, int(time.monotonic() // RETRY_SECONDS))


@lru_cache(maxsize=1)
def _answers(endpoint: str, _period: int) -> bool:
    try:
        get_session().head(endpoint, timeout=PROBE_SECONDS)
    except Exception:  # noqa: BLE001 - what it raises depends on the HTTP library the hub client was built on
        return False
    return True


def _commit(file: Path) -> str:
    """The commit in ``…/snapshots/COMMIT/…``, the client's cache layout."""
    parts = file.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else "unknown"
