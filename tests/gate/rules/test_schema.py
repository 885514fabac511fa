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


@pytest.mark.parametrize("given", [["here"], []])
def test_the_command_writes_it(given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / (given[0] if given else "docs/schemas")
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["schema", *given])
    runpy.run_path(str(ROOT / "gate" / "rules" / "schema.py"), run_name="__main__")
    assert [file.name for file in tmp_path.rglob("*.*")] == ["policy.json"]
    assert (folder / "policy.json").read_text("utf-8") == render()
    runpy.run_path(str(ROOT / "gate" / "rules" / "schema.py"), run_name="imported")
    assert len(list(tmp_path.rglob("*.json"))) == 1
