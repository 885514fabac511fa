"""The policy that a run is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.cli.options import Given
from audit.cli.policies import registered_policy, until_decided, with_bounds
from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.gate.policy import load_policy

if TYPE_CHECKING:
    from pathlib import Path

NO_ITEMS: dict[str, str | None] = {"--extend": None, "--samples": None}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text("rules: [{metric: boolq/accuracy, min: 0.5}]\n")
    return file


def test_either_option_registers_its_policy(policy: Path) -> None:
    assert registered_policy(None, None, None) is None
    for given in ((policy, None), (None, policy)):
        found = registered_policy(*given, None)
        assert found is not None
        assert found.sha256 == load_policy(policy).sha256
    with pytest.raises(ConfigError, match="--until-decided registers its policy: leave out --policy"):
        registered_policy(policy, policy, None)


def test_a_run_until_decided_has_a_policy_and_names_no_items(policy: Path, tmp_path: Path) -> None:
    given = Given({"out": tmp_path}, ())
    assert until_decided(given, None, None, NO_ITEMS) is None
    with pytest.raises(ConfigError, match="--baseline is the run that the rules of --until-decided compare with"):
        until_decided(given, None, "latest", NO_ITEMS)
    for option in NO_ITEMS:
        with pytest.raises(ConfigError, match=f"how many items are measured: leave out {option}"):
            until_decided(given, policy, None, NO_ITEMS | {option: "3"})
    found = until_decided(given, policy, None, NO_ITEMS)
    assert found is not None
    assert (found.policy.sha256, found.baseline) == (load_policy(policy).sha256, None)


def test_rules_that_a_new_run_leaves_open_are_said_on_stderr(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = RunConfig.model_validate({"evals": {"tasks": [{"name": "piqa"}]}, "safety": {"tasks": []}})
    assert registered_policy(policy, None, config) is not None
    line = f"{policy}: boolq/accuracy will not be measured: the run does not include boolq\n"
    assert capsys.readouterr().err == line


def test_the_certificates_bounds_are_those_of_the_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.5}]\ncertificate: {p99: 0.25}\n")
    config = RunConfig()
    assert with_bounds(config, policy).certificate.bounds.p99 == 0.25
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.5}]\n")
    assert with_bounds(config, policy) is config
    assert with_bounds(config, None) is config
