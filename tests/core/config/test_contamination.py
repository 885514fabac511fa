"""The section on contamination: typed on the command line, in a file, resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import load_config
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_off_unless_asked_for() -> None:
    found = load_config().evals.contamination
    assert (found.checks, found.corpus, found.twins) == ([], [], False)


def test_checks_are_known_by_name_and_paths_become_absolute(tmp_path: Path) -> None:
    given = {"evals": {"contamination": {"checks": ["order", "overlap"], "corpus": ["texts"], "twins": True}}}
    config = load_config(None, given)
    assert config.resolved(tmp_path).evals.contamination.corpus == [tmp_path / "texts"]
    given["evals"]["contamination"]["checks"] = ["ordr"]
    with pytest.raises(ConfigError, match=r"--contamination.*'order', 'min-k' or 'overlap'"):
        load_config(None, given)
