"""Which perturbations a configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RobustnessConfig, load_config, validate
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("given", "names"),
    [(["typos,case"], ["typos", "case"]), (["typos", "case, swap"], ["typos", "case", "swap"]), ([], [])],
)
def test_names_are_separated_by_commas(given: list[str], names: list[str]) -> None:
    assert validate(RobustnessConfig, {"perturbations": given}, "f").perturbations == names


@pytest.mark.parametrize("fields", [{"perturbations": "typos"}, {"perturbations": [1]}, {"limit": 0}, {"kinds": []}])
def test_other_values_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"f: .*{next(iter(fields))}"):
        validate(RobustnessConfig, fields, "f")


def test_off_by_default_and_the_file_is_a_path(tmp_path: Path) -> None:
    assert load_config().evals.robustness == RobustnessConfig()
    found = load_config(flags={"evals": {"robustness": {"paraphrases": "other.csv"}}}).resolved(tmp_path)
    assert found.evals.robustness.paraphrases == tmp_path / "other.csv"
