"""Versions of written records are those that the exported schemas and the documentation state."""

from __future__ import annotations

import json
from pathlib import Path

from audit.core import versions
from audit.core.records import RunManifest

ROOT = Path(__file__).resolve().parents[2]


def test_the_exported_schema_of_a_run_has_the_version() -> None:
    files = [json.loads(file.read_text("utf-8")) for file in (ROOT / "docs" / "schemas").glob("*.json")]
    properties = [schema.get("properties", {}) for schema in files]
    fields = [one["schema_version"] for one in properties if "schema_version" in one]
    assert fields
    assert {field["default"] for field in fields} == {versions.SCHEMA_VERSION}
    assert RunManifest.model_fields["schema_version"].default == versions.SCHEMA_VERSION


def test_the_reference_of_policies_names_the_version_that_is_read() -> None:
    text = (ROOT / "docs" / "reference" / "gate.md").read_text("utf-8")
    assert f"| `policy_version` | version of this format; default {versions.POLICY_VERSION}." in text
