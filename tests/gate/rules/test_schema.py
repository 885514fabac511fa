"""The published schema is that of the models, and accepts the shipped policies."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import jsonschema
import pytest
import yaml

from audit.gate.policy import shipped_policies
from audit.gate.rules.schema import render

ROOT = Path(__file__).resolve().parents[3]


def test_the_published_schema_is_current() -> None:
    written = (ROOT / "docs" / "schemas" / "policy.json").read_text("utf-8")
    assert written == render(), "run python -m audit.gate.rules.schema"


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_satisfy_it(name: str) -> None:
    policy = yaml.safe_load((ROOT / "gate" / "policies" / f"{name}.yaml").read_text("utf-8"))
    jsonschema.validate(policy, json.loads(render()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(policy | {"ruls": []}, json.loads(render()))


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["schema", str(tmp_path)])
    runpy.run_path(str(ROOT / "gate" / "rules" / "schema.py"), run_name="__main__")
    assert (tmp_path / "policy.json").read_text("utf-8") == render()
