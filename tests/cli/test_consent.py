"""The options that allow code of a recorded run."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli.consent import require, typed
from audit.cli.options import Given
from audit.core.config import RunConfig
from audit.core.errors import ConfigError

CONFIG = RunConfig.model_validate({"allow_pickle": True, "plugins": ["/their files/a.py"]})


def test_the_options_that_are_missing_are_named_as_they_are_typed() -> None:
    assert typed(CONFIG) == " --allow-pickle --plugin '/their files/a.py'"
    assert typed(RunConfig()) == ""
    with pytest.raises(ConfigError, match=r"--extend x: .* allow it with --allow-pickle --plugin '/their files/a.py'$"):
        require(CONFIG, Given({}), "--extend x")
    require(CONFIG, Given({"allow_pickle": True, "plugins": [Path("/their files/a.py")]}), "--extend x")
