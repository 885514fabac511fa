"""Files of a data set repository on the Hugging Face hub: the last resort, and quick to give up."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import constants, hf_hub_download

from audit.core.errors import AssetMissing

if TYPE_CHECKING:
    from audit.core.assets.asset import HubSource

PROBE_SECONDS = 3.0


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
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the user's own HF_ENDPOINT
    try:
        urllib.request.urlopen(request, timeout=PROBE_SECONDS).close()  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        error.close()  # it answered, that is all we ask
    except OSError as error:
        msg = f"hub {source.repository}: cannot be reached"
        raise AssetMissing(msg) from error


def _commit(file: Path) -> str:
    """The commit in ``…/snapshots/COMMIT/…``, the client's cache layout."""
    parts = file.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else "unknown"
