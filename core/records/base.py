"""What all records share: their base class, their version, the names of the suites."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.core import versions

SCHEMA_VERSION: int = versions.SCHEMA_VERSION
"""Version of all records."""

Suite = Literal["evals", "safety", "explain"]
Share = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """Base of all records: unknown fields are errors, docstrings become descriptions."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def digest_of(*parts: object) -> str:
    """SHA-256 over the canonical JSON of ``parts``, in hexadecimal."""
    canonical = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
