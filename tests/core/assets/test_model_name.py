"""Names of models that can be refused before a model library is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from audit.core.assets.model_name import refuse_unknown_path
from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path


def test_only_a_path_or_name_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny.gguf").touch()
    for known in (
        str(tmp_path / "tiny"),
        str(tmp_path / "tiny.gguf"),
        "smollm2-135m-instruct",
        "owner/name",
        "openai:http://127.0.0.1:8000#m",
        "vllm:m",
    ):
        refuse_unknown_path(known)
    for unknown in ("./owner/name", "~/owner", "owner/name.gguf", "smollm", "a/b/c"):
        with pytest.raises(CheckpointError, match=rf"^{re.escape(unknown)}: no such folder, file or asset: check"):
            refuse_unknown_path(unknown)
    with pytest.raises(CheckpointError, match="smollm2-135m-instruct"):
        refuse_unknown_path("smollm2-135m-instrct")
