"""The exported JSON Schemas are current, valid, and describe what is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from audit.core.config import PROFILES, read_profile
from audit.core.records import Metric, schemas

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "schemas"


@pytest.mark.parametrize("name", schemas.FILES)
def test_the_exported_schema_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == schemas.render(name), (
        "run: python -m audit.core.records.schemas"
    )


def test_nothing_else_is_exported() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*schemas.FILES, "policy"}  # the policy is the gate's


@pytest.mark.parametrize("name", schemas.FILES)
def test_the_schema_is_valid_and_every_field_is_described(name: str) -> None:
    schema = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    objects = [schema, *schema.get("$defs", {}).values()]
    for one in objects:
        for field, content in one.get("properties", {}).items():
            # A field whose words are those of its model has them there.
            assert content.get("description") or "$ref" in content, f"{name}: {field}"


def test_a_written_metric_fits_and_a_changed_one_does_not() -> None:
    validator = jsonschema.Draft202012Validator(schemas.schema("metrics"))
    metric = Metric(name="a/b", suite="evals", task="a", metric="b", value=None, n=0, error="why").model_dump(
        mode="json"
    )
    assert list(validator.iter_errors([metric])) == []
    assert list(validator.iter_errors([metric | {"value": "0.5"}]))
    assert list(validator.iter_errors([metric | {"extra": 1}]))
    assert list(validator.iter_errors([{key: metric[key] for key in metric if key != "value"}]))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_profiles_fit_the_schema_of_the_configuration(profile: str) -> None:
    values = json.loads(json.dumps(read_profile(profile)))
    jsonschema.validate(values, schemas.schema("config"), cls=jsonschema.Draft202012Validator)


@pytest.mark.slow
def test_the_module_writes_the_files_it_names(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "audit.core.records.schemas", str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(str(path) for path in (tmp_path / "new").iterdir())
    assert {path.read_text() for path in (tmp_path / "new").iterdir()} == {schemas.render(n) for n in schemas.FILES}
    assert yaml.safe_load((tmp_path / "new" / "decision.json").read_text())["title"] == "decision.json of a run folder"
