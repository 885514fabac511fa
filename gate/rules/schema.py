"""The JSON Schema of policy files.

``python -m audit.gate.rules.schema`` writes ``docs/schemas/policy.json``; a test fails when it is not what the models
say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from audit.core.filesystem import write_text
from audit.core.records.schemas import DIALECT
from audit.core.versions import POLICY_VERSION
from audit.gate.policy import Policy


def render() -> str:
    """The text of ``docs/schemas/policy.json``."""
    plain = Policy.model_json_schema()
    plain.pop("title")
    head = {"$schema": DIALECT, "title": "A policy of audit gate", "$comment": f"policy version {POLICY_VERSION}"}
    return json.dumps(head | plain, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas") / "policy.json", render())
