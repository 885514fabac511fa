"""Whether judges, scorers and programs that a configuration names are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import SafetyConfig
from audit.core.errors import UsageError
from audit.safety.scorers.there import check_there

if TYPE_CHECKING:
    from pathlib import Path

ALL = ("answer_judge", "toxicity_scorer", "semgrep")


def config(**chosen: Any) -> SafetyConfig:
    return SafetyConfig.model_validate(chosen)


@pytest.mark.parametrize("name", ["./nowhere", "/dev/null"])
def test_a_program_without_its_engine_is_nowhere(name: str) -> None:
    with pytest.raises(UsageError, match=r"^safety\.semgrep: .*: no semgrep with its semgrep-core: install semgrep"):
        check_there(config(semgrep=name), ALL)


def test_a_program_that_is_there(tmp_path: Path) -> None:
    engine = tmp_path / "semgrep-core"
    engine.write_text("")
    check_there(config(semgrep=engine), ALL)


@pytest.mark.parametrize("setting", ["answer_judge", "toxicity_scorer"])
def test_a_model_that_is_nowhere(setting: str) -> None:
    with pytest.raises(UsageError, match=rf"^safety\.{setting}: \./nowhere: no such folder, file or asset"):
        check_there(config(**{setting: "guard:./nowhere"}), ALL)


def test_what_no_probe_loads_is_not_looked_up() -> None:
    named = config(answer_judge="guard:./nowhere", toxicity_scorer="folder:./nowhere", semgrep="./nowhere")
    check_there(named, ())


def test_what_comes_with_the_package_is_there() -> None:
    check_there(config(), ALL)
